"""The front of a public function, made from PyTorch's signature string.

`(input, dim=None, keepdim=False, *, dtype=None)` becomes a Python function with just those parameters, so that Python
itself binds them. Around the call it adds what every public function shares: NumPy's spellings (`axis`, `keepdims`),
the refusal of anything that is no tensor, sizes given as `f(2, 3)` or `f((2, 3))`, `out=`, and the in-place twin.
Fronts are compiled on first use. `PUBLIC` is the table of them; methods, stubs and the front door are read from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tracked import Tracked
from .op import Op

#: Public names: namespace ("" is the package itself, "linalg", "nn.functional", ...) -> name -> Entry.
PUBLIC: dict[str, dict[str, Entry]] = {}
#: NumPy's names for PyTorch's parameters.
ALIASES = {"axis": "dim", "axes": "dim", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other",
           "a": "input", "self": "input"}  # fmt: skip
#: Parameters that take a tensor and nothing else.
TENSORS = frozenset("input tensor mat1 mat2 batch1 batch2 vec1 vec2 vec mat src index source mask weight condition "
                    "boundaries sorted_sequence target grid theta query key tensor1 tensor2 x1_ x2_".split())  # fmt: skip
#: Parameters that take a tensor or a number.
OPERANDS = frozenset("other exponent end min max".split())


class Parameter:
    """One parameter of a signature string.

    Its kind follows from its name, by PyTorch's habits (`input` is a tensor, `dim` an int); where a name is used
    otherwise, the string says so: `index: int`.
    """

    __slots__ = ("default", "keyword", "kind", "name", "star")

    def __init__(self, name: str, default: str | None, keyword: bool, star: bool, kind: str = "") -> None:
        self.name, self.default, self.keyword, self.star = name, default, keyword, star
        self.kind = kind or ("tensor" if name in TENSORS else "operand" if name in OPERANDS else "")


def parse(signature: str) -> list[Parameter]:
    """Split `(input, dim=None, *, out=None)` into its parameters."""
    found: list[Parameter] = []
    keyword = False
    depth, start, body = 0, 0, signature.strip()[1:-1] + ","
    for place, letter in enumerate(body):
        depth += (letter in "([") - (letter in ")]")
        if letter != "," or depth:
            continue
        text = body[start:place].strip()
        start = place + 1
        if not text:
            continue
        if text == "*":
            keyword = True
            continue
        name, _, default = (part.strip() for part in text.partition("="))
        name, _, kind = (part.strip() for part in name.partition(":"))
        star = name.startswith("*")
        found.append(Parameter(name.lstrip("*"), default or None, keyword, star, kind))
        keyword = keyword or star
    return found


class Entry:
    """One public function: its signatures, what it runs, and where it appears."""

    __slots__ = ("_function", "_inplace", "aliases", "doc", "functional", "inplace", "method", "name", "namespace",
                 "signatures", "target")  # fmt: skip

    def __init__(self, name: str, target: Any, signatures: tuple[str, ...], *, namespace: str = "", method: bool = True,
                 functional: bool = True, inplace: bool = False, aliases: tuple[str, ...] = (),
                 doc: str = "") -> None:  # fmt: skip
        self.name, self.target, self.signatures, self.namespace = name, target, signatures, namespace
        self.method, self.functional, self.inplace, self.aliases, self.doc = method, functional, inplace, aliases, doc
        self._function: Callable[..., Any] | None = None
        self._inplace: Callable[..., Any] | None = None

    @property
    def function(self) -> Callable[..., Any]:
        """The front, compiled on first use."""
        if self._function is None:
            self._function = compile_front(self)
        return self._function

    @property
    def inplace_function(self) -> Callable[..., Any]:
        """The in-place twin: `add_` of `add`."""
        if self._inplace is None:
            self._inplace = compile_inplace(self)
        return self._inplace


def enter(entry: Entry) -> None:
    """Put an entry, and its aliases, into the table."""
    names = PUBLIC.setdefault(entry.namespace, {})
    for name in (entry.name, *entry.aliases):
        if name in names:
            raise ValueError(f"{entry.namespace or 'minitorch'}.{name} is declared twice")
        names[name] = entry


def public(*signatures: str, name: str = "", **where: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a composition public under its own name. The function itself is returned, for calls from inside."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        own = name or function.__name__.rstrip("_")
        spaces = where.pop("namespaces", None) or (where.pop("namespace", ""),)
        for space in spaces:
            method = where.get("method", space in ("",))
            enter(Entry(own, function, signatures, namespace=space, doc=(function.__doc__ or "").strip(),
                        **{**where, "method": method and space == spaces[0]}))  # fmt: skip
        return function

    return decorate


def enter_op(op: Op) -> None:
    """Make an op with signatures public."""
    declared = dict(op.public)
    if op.signatures:
        declared.setdefault("inplace", op.family == "elementwise")
        spaces = declared.pop("namespaces", ("",))
        enter(Entry(op.name, op, op.signatures, doc=op.doc, namespace=spaces[0], **declared))
        for space in spaces[1:]:
            enter(Entry(op.name, op, op.signatures, doc=op.doc, namespace=space, **declared | {"method": False}))


# ---- compiling -----------------------------------------------------------------------------------------------------
def compile_front(entry: Entry) -> Callable[..., Any]:
    """The public function of an entry with one signature, or the chooser among several."""
    if len(entry.signatures) == 1:
        return _compile_one(entry, entry.signatures[0])
    candidates = [_compile_one(entry, signature) for signature in entry.signatures]
    kinds = [[(p, _kind_of(p)) for p in parse(signature)] for signature in entry.signatures]

    def choose(*args: Any, **kwargs: Any) -> Any:
        kwargs = {ALIASES.get(name, name) if name not in ("x", "a") else name: v for name, v in kwargs.items()}
        for function, parameters in zip(candidates, kinds, strict=True):
            if _fits(parameters, args, kwargs):
                return function(*args, **kwargs)
        raise TypeError(
            f"{entry.name}() received an invalid combination of arguments - got ({_describe(args, kwargs)}), but "
            "expected one of:\n" + "\n".join(f" * {signature}" for signature in entry.signatures)
        )

    choose.__name__ = choose.__qualname__ = entry.name
    choose.__doc__ = entry.doc
    return choose


def _describe(args: Any, kwargs: Any) -> str:
    kinds = [type(a).__name__ for a in args] + [f"{k}={type(v).__name__}" for k, v in kwargs.items()]
    return ", ".join(kinds)


def _kind_of(parameter: Parameter) -> Callable[[Any], bool]:
    name = parameter.name
    optional = parameter.default == "None"
    if parameter.kind == "tensor":
        return lambda v: isinstance(v, Tracked) or (optional and v is None)
    if parameter.kind == "operand":
        return lambda v: isinstance(v, Tracked | int | float | complex) or hasattr(v, "__float__") or (
            optional and v is None)  # fmt: skip
    if name == "dim":
        return lambda v: (isinstance(v, int | tuple | list) or hasattr(v, "__index__") or (optional and v is None)) \
            and not isinstance(v, bool) and not (isinstance(v, Tracked) and v._data.ndim)  # fmt: skip
    if name in ("keepdim", "unbiased", "descending", "stable", "largest", "sorted"):
        return lambda v: isinstance(v, bool) or not isinstance(v, Tracked | int | float)
    return lambda v: True


def _fits(parameters: Any, args: Any, kwargs: Any) -> bool:
    """Whether a call binds to one of several signatures: by number, names and kinds."""
    left = dict(kwargs)
    place = 0
    for parameter, accepts in parameters:
        if parameter.star:
            place = len(args)
            left.pop(parameter.name, None)
            continue
        if place < len(args) and not parameter.keyword:
            if not accepts(args[place]):
                return False
            place += 1
        elif parameter.name in left:
            if not accepts(left.pop(parameter.name)):
                return False
        elif parameter.default is None:
            return False
    return place == len(args) and not left


def _compile_one(entry: Entry, signature: str) -> Callable[..., Any]:
    parameters = parse(signature)
    name = entry.name
    target = entry.target
    spelled, seen_star = [], False
    for p in parameters:
        if p.keyword and not seen_star and not p.star:
            spelled.append("*")
            seen_star = True
        if p.star:
            spelled.append(f"*{p.name}")
            seen_star = True
        else:
            spelled.append(p.name if p.default is None else f"{p.name}={p.default}")
    body = []
    if isinstance(target, Op) and target.short is not None and len(parameters) == 2 and parameters[1].name == "out":
        body.append(f"    if out is None and {parameters[0].name}.__class__ in _target.classes: "
                    f"return _target.short({parameters[0].name})")  # fmt: skip
    for place, p in enumerate(parameters):
        if p.star:
            body.append(f"    {p.name} = _unpack({p.name})")
        elif p.kind == "tensor" and p.default is None:
            body.append(f"    if not isinstance({p.name}, Tracked): _refuse({name!r}, {p.name!r}, {place}, {p.name})")
        elif p.kind == "tensor" or (p.kind == "operand" and p.default is None):
            body.append(f"    if {p.name}.__class__ not in _plain and not isinstance({p.name}, Tracked): "
                        f"{p.name} = _number({name!r}, {p.name!r}, {place}, {p.name})")  # fmt: skip
    plain = [p for p in parameters if p.name != "out"]
    if isinstance(target, Op):
        inputs = len(target.inputs)
        one = target.single and target.family != "elementwise"
        pairs = ", ".join(f"{p.name!r}: {p.name}" for p in plain[inputs:])
        if one:
            call = f"{plain[0].name}, {{{pairs}}}"
        else:
            call = ", ".join([*(p.name for p in plain[:inputs]), *(f"{p.name}={p.name}" for p in plain[inputs:])])
    else:
        call = ", ".join(
            f"*{p.name}" if p.star else f"{p.name}={p.name}" if p.keyword else p.name for p in plain
        )
    has_out = any(p.name == "out" for p in parameters)
    starred = next((p.name for p in parameters if p.star), None)
    run = "_target.one" if isinstance(target, Op) and one else "_target"
    body.append(f"    {'_result =' if has_out else 'return'} {run}({call})")
    if has_out:
        body.append("    return _result if out is None else _into(out, _result, _any(locals()))")
    source = f"def {name}({', '.join([*spelled, '**_alias'])}):\n"
    source += f"    if _alias: return _again(_alias, {starred!r}, locals(), _self[0], {name!r})\n"
    own: list[Any] = [None]
    scope: dict[str, Any] = {"_target": target, "Tracked": Tracked, "_refuse": refuse, "_unpack": unpack,
                             "_number": number, "_again": again, "_into": into, "_any": any_tracked, "_self": own,
                             "_plain": frozenset((int, float, complex, bool, type(None))),
                             "inf": float("inf")}  # fmt: skip
    exec(source + "\n".join(body) + "\n", scope)
    function: Callable[..., Any] = scope[name]
    own[0] = function
    function.__doc__ = entry.doc
    function.__qualname__ = name
    function.__module__ = "minitorch" + (f".{entry.namespace}" if entry.namespace else "")
    return function


def unpack(values: tuple[Any, ...]) -> Any:
    """Sizes or dims given one by one, or as one tuple, list or Size."""
    if len(values) == 1:
        first = values[0]
        if first.__class__ is not int and isinstance(first, tuple | list):
            return tuple(first)
    return values


def any_tracked(values: dict[str, Any]) -> bool:
    """Whether a tensor among the arguments would be recorded."""
    given = [v for k, v in values.items() if k[0] != "_"]
    given += [v for several in given if isinstance(several, tuple | list) for v in several]
    return any(isinstance(v, Tracked) and v._node is not None for v in given)


def refuse(function: str, parameter: str, place: int, value: Any) -> None:
    """Anything but a tensor where a tensor belongs.

    Raises:
        TypeError: in PyTorch's words.
    """
    hint = " Hint: wrap it with from_numpy() or tensor()." if hasattr(value, "__array__") else ""
    raise TypeError(
        f"{function}(): argument '{parameter}' (position {place + 1}) must be Tensor, not {type(value).__name__}{hint}"
    )


def number(function: str, parameter: str, place: int, value: Any) -> Any:
    """A NumPy number as a Python number; anything else that is neither number nor tensor is refused."""
    if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0 and hasattr(value, "item"):
        return value.item()
    if isinstance(value, int | float | complex):  # subclasses of numbers (enums, np.float64)
        return value
    refuse(function, parameter, place, value)


def again(alias: dict[str, Any], starred: str | None, given: dict[str, Any], function: Any, name: str) -> Any:
    """Call once more with NumPy's spellings replaced, and a starred list given by its name."""
    arguments = {k: v for k, v in given.items() if k != "_alias"}
    for key, value in alias.items():
        real = key if key == starred else ALIASES.get(key)
        if key in ("size", "dims", "sizes", "shape", "repeats", "shifts", "tensors") and starred:
            real = starred
        if real is None or (real not in arguments):
            raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
        arguments[real] = value
    if starred:
        star = arguments.pop(starred)
        code = function.__code__
        before = [arguments.pop(n) for n in code.co_varnames[: code.co_argcount]]
        listed = star if isinstance(star, tuple | list) else (star,)
        return function(*before, *listed, **arguments)
    return function(**arguments)


def into(out: Any, result: Any, recorded: bool) -> Any:
    """Write a result into the tensor given as `out=`.

    Raises:
        RuntimeError: where a gradient would be lost, or the dtype does not fit.
    """
    from .mutation import write_out

    if isinstance(result, tuple):
        for held, value in zip(out, result, strict=True):
            write_out(held, value, recorded)
        return result.__class__(*out) if hasattr(result, "_fields") else tuple(out)
    return write_out(out, result, recorded)


def compile_inplace(entry: Entry) -> Callable[..., Any]:
    """The in-place twin of an entry."""
    from .mutation import in_place

    front = entry.function
    target = entry.target if isinstance(entry.target, Op) else None

    def twin(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tracked):
            refuse(f"{entry.name}_", "input", 0, input)
        return in_place(front, input, args, kwargs, target)

    twin.__name__ = twin.__qualname__ = f"{entry.name}_"
    twin.__doc__ = f"In-place version of `{entry.name}`."
    return twin
