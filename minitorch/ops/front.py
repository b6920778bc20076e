"""The front of a public function, made from PyTorch's signature string.

`(input, dim=None, keepdim=False, *, dtype=None)` becomes a Python function with just those parameters, so that Python
itself binds them. Around the call it adds what every public function shares: the refusal of what PyTorch refuses, sizes
given as `f(2, 3)` or `f((2, 3))`, `out=`, and the in-place twin. Fronts are compiled on first use: in compiling.py, and
here what PyTorch has written in Python. `PUBLIC` is the table of them; methods, stubs and the front door read it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tracked import Tracked
from .layouts import SCOPE, clause
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

    __slots__ = ("default", "keyword", "kind", "name", "named", "star")

    def __init__(self, name: str, default: str | None, keyword: bool, star: bool, kind: str = "") -> None:
        self.name, self.default, self.keyword, self.star = name, default, keyword, star
        self.named = False  # a positional one that the target is given by name
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

    __slots__ = ("_compiled", "aliases", "doc", "functional", "inplace", "method", "name", "namespace", "signatures",
                 "target")  # fmt: skip

    def __init__(self, name: str, target: Any, signatures: tuple[str, ...], *, namespace: str = "", method: bool = True,
                 functional: bool = True, inplace: bool = False, aliases: tuple[str, ...] = (),
                 doc: str = "") -> None:  # fmt: skip
        self.name, self.target, self.signatures, self.namespace = name, target, signatures, namespace
        self.method, self.functional, self.inplace, self.aliases, self.doc = method, functional, inplace, aliases, doc
        self._compiled: dict[Any, Callable[..., Any]] = {}

    def named(self, name: str, method: bool = False) -> Callable[..., Any]:
        """The function or method under one of its names, compiled on first use."""
        function = self._compiled.get((name, method))
        if function is None:
            from .compiling import compile_front

            function = self._compiled[name, method] = compile_front(self, name, method)
        return function

    @property
    def function(self) -> Callable[..., Any]:
        """The function under its first name."""
        return self.named(self.name, not self.functional)

    def twin(self, name: str) -> Callable[..., Any]:
        """The in-place twin under one of its names: `add_` of `add`."""
        function = self._compiled.get(f"{name}_")
        if function is None:
            function = self._compiled[f"{name}_"] = compile_inplace(self, name)
        return function

    @property
    def inplace_function(self) -> Callable[..., Any]:
        """The in-place twin under its first name."""
        return self.twin(self.name)


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
def python_front(entry: Entry, parameters: list[Parameter], name: str) -> Callable[..., Any]:
    """The front of what is a Python function in PyTorch too: Python binds its arguments and words the errors."""
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
    for place, p in enumerate(parameters):
        if p.star:
            body.append(f"    {p.name} = _unpack({p.name})")
        elif p.kind == "tensor" and p.default is None:
            body.append(f"    if not isinstance({p.name}, Tracked): _refuse({name!r}, {p.name!r}, {place}, {p.name})")
        elif p.kind == "tensor" or (p.kind == "operand" and p.default is None):
            body.append(f"    if {p.name}.__class__ not in _plain and not isinstance({p.name}, Tracked): "
                        f"{p.name} = _number({name!r}, {p.name!r}, {place}, {p.name})")  # fmt: skip
    has_out = any(p.name == "out" for p in parameters)
    starred = next((p.name for p in parameters if p.star), None)
    body += [f"    try: {'_result =' if has_out else 'return'} {call_of(target, parameters)}", f"    {clause(parameters)}"]
    if has_out:
        body.append("    return _result if out is None else _into(out, _result, _tensors(locals()), _address)")
    source = f"def {entry.name}({', '.join([*spelled, '**_alias'])}):\n"
    source += f"    if _alias: return _again(_alias, {starred!r}, locals(), _self[0], {name!r})\n"
    own: list[Any] = [None]
    scope: dict[str, Any] = {"_target": target, "Tracked": Tracked, "_refuse": refuse, "_unpack": unpack,
                             "_number": number, "_again": again, "_into": into, "_tensors": tensors_in, "_self": own,
                             "_address": address_of(entry), **SCOPE,
                             "_plain": frozenset((int, float, complex, bool, type(None))),
                             "inf": float("inf")}  # fmt: skip
    exec(source + "\n".join(body) + "\n", scope)
    function: Callable[..., Any] = scope[entry.name]
    own[0] = function
    return dressed(function, entry)


def dressed(function: Callable[..., Any], entry: Entry) -> Callable[..., Any]:
    """A compiled function with its documentation and address."""
    function.__doc__ = entry.doc
    function.__qualname__ = entry.name
    function.__module__ = "minitorch" + (f".{entry.namespace}" if entry.namespace else "")
    return function


def call_of(target: Any, parameters: list[Parameter]) -> str:
    """The call of the target, spelled."""
    plain = [p for p in parameters if p.name != "out"]
    if not isinstance(target, Op):
        spelled = [f"*{p.name}" if p.star else f"{p.name}={p.name}" if p.keyword or p.named else p.name for p in plain]
        return f"_target({', '.join(spelled)})"
    inputs = len(target.inputs)
    if target.single and target.family != "elementwise":
        return f"_target.one({plain[0].name}, {{{', '.join(f'{p.name!r}: {p.name}' for p in plain[inputs:])}}})"
    return f"_target({', '.join([*(p.name for p in plain[:inputs]), *(f'{p.name}={p.name}' for p in plain[inputs:])])})"


def unpack(values: tuple[Any, ...]) -> Any:
    """Sizes or dims given one by one, or as one tuple, list or Size."""
    if len(values) == 1:
        first = values[0]
        if first.__class__ is not int and isinstance(first, tuple | list):
            return tuple(first)
    return values


def tensors_in(values: dict[str, Any]) -> list[Any]:
    """The tensors among the arguments, but for `out`."""
    given = [v for k, v in values.items() if k[0] != "_" and k != "out"]
    given += [v for several in given if isinstance(several, tuple | list) for v in several]
    return [v for v in given if isinstance(v, Tracked)]


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


def address_of(entry: Entry) -> str:
    """The name of a function with its namespace."""
    return f"{entry.namespace}.{entry.name}" if entry.namespace else entry.name


def into(out: Any, result: Any, given: Any, name: str = "") -> Any:
    """Write a result, made from the `given` tensors, into the tensor given as `out=`.

    Raises:
        RuntimeError: where a gradient would be lost, or the dtype does not fit.
    """
    from .mutation import write_out

    if isinstance(result, tuple):
        for held, value in zip(out, result, strict=True):
            write_out(held, value, given, name)
        return result.__class__(*out) if hasattr(result, "_fields") else tuple(out)
    return write_out(out, result, given, name)


def compile_inplace(entry: Entry, name: str) -> Callable[..., Any]:
    """The in-place twin of an entry."""
    from .compiling import compile_front
    from .mutation import in_place

    front = compile_front(entry, name, True, f"{name}_")
    target = entry.target if isinstance(entry.target, Op) else None

    def twin(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tracked):
            refuse(f"{name}_", "input", 0, input)
        return in_place(front, input, args, kwargs, target)

    twin.__name__ = twin.__qualname__ = f"{name}_"
    twin.__doc__ = f"In-place version of `{entry.name}`."
    return twin
