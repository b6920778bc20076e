"""An op: a function of raw arrays plus its derivative.

`@declare(...)` above a forward makes an Op; `.vjp(...)` gives it one rule per input. What a rule's parameters are called
says what is saved for it: an input, `out`, an input's shape, a parameter. That is read from `__code__` once, and turned
into two small generated functions: `save` picks what to keep when a call is recorded, `pull` runs the rules. Called on
raw arrays an op just runs its forward, so the same rule text serves backward (raw) and double backward (tracked).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.host import F32, F64, HOST, ndarray
from ..backend.namespace import backend_among
from ..graph.modes import modes
from ..graph.node import Node
from ..graph.reverse import reverse
from ..graph.walk import newest_first
from ..tracked import Tracked

#: Every declared op by name: the one table that all else is generated from.
TABLE: dict[str, Op] = {}


class Op:
    """One row of the table: forward, rules, and what the other readers of the table need to know."""

    def __init__(self, forward: Callable[..., Any], name: str, family: str, signatures: tuple[str, ...],
                 **declared: Any) -> None:  # fmt: skip
        code = forward.__code__
        names, fixed, keyword = code.co_varnames, code.co_argcount, code.co_kwonlyargcount
        self.forward, self.name, self.family, self.signatures = forward, name, family, signatures
        self.inputs: tuple[str, ...] = names[1:fixed]
        self.param_names: tuple[str, ...] = names[fixed : fixed + keyword]
        self.star: str | None = names[fixed + keyword] if code.co_flags & 0x04 else None
        self.results: tuple[str, ...] = tuple(declared.pop("results", "out").split())
        self.hidden: tuple[str, ...] = tuple(declared.pop("hidden", "").split())
        self.symbol: str = declared.pop("symbol", None) or name
        self.linear: bool = declared.pop("linear", False)
        self.multilinear: bool = declared.pop("multilinear", False)
        self.holomorphic: bool = declared.pop("holomorphic", True)
        self.view: bool = declared.pop("view", False)
        #: Moves numbers only, so that no floating-point warning can arise.
        self.silent: bool = declared.pop("silent", family in ("movement", "indexing"))
        #: How operands come to one dtype: None (leave), "same", "float" (integers become floating).
        self.promotes: str | None = declared.pop("promotes", None)
        self.promoted: tuple[int, ...] | None = declared.pop("promoted", None)
        #: Half-precision operands are computed in float32 and rounded once.
        self.widens: bool = declared.pop("widens", False)
        #: Brings parameters to one form before a tracked call: `check(datas, params) -> params`.
        self.check: Callable[..., Any] | None = declared.pop("check", None)
        self.differentiable: bool = declared.pop("differentiable", True)
        self.public: dict[str, Any] = declared
        self.doc = (forward.__doc__ or "").strip()
        self.rules: dict[str, Callable[..., Any] | None] = {}
        self.jvps: dict[str, Callable[..., Any]] = {}
        self.joint: Callable[..., Any] | None = None
        self.definition: Callable[..., Any] | None = None
        self.fast: list[tuple[str, Callable[..., Any], Callable[..., bool]]] = []
        self.base: Op = self
        #: On host arrays of float32 or float64 the forward may be called without further ado.
        self.plain: bool = not self.hidden
        #: One tensor in, one result out: `record_one` serves it.
        self.single: bool = len(self.inputs) == 1 and not self.star and len(self.results) == 1 and not self.hidden
        #: The generated short path, hung here by operators.py.
        self.short: Callable[..., Any] | None = None
        self.classes: Any = ()
        self.keeps: list[tuple[str, Any, set[Any]]] = []
        self.save: Callable[..., Any] = _nothing_saved
        #: Whether a backward uses up what a node saved: shapes are no arrays and stay.
        self.frees = True
        self.save_one: Callable[..., Any] = _nothing_saved_one
        self._conjugated: Op | None = None

    # ---- declaring -------------------------------------------------------------------------------------------------
    def vjp(self, **rules: Callable[..., Any] | None) -> Op:
        """One rule per input (by its name): the gradient of that input, given `g`. None: it has no derivative."""
        self.rules = rules
        compile_rules(self)
        return self

    def jvp(self, **rules: Callable[..., Any]) -> Op:
        """A forward-mode rule for an input (`t` the tangent) where neither linearity nor the vjp rule gives it."""
        self.jvps = rules
        return self

    def fused(self, joint: Callable[..., Any], definition: Callable[..., Any]) -> Op:
        """The fast first derivative of all inputs at once, and the same function composed of other ops."""
        self.joint, self.definition = joint, definition
        self.rules = dict.fromkeys(self.inputs, joint)
        compile_joint(self)
        return self

    def on(self, backend: str, supports: Callable[..., bool]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a faster forward for one backend, used where `supports(*arrays, **params)` says so."""

        def register(forward: Callable[..., Any]) -> Callable[..., Any]:
            self.fast.insert(0, (backend, forward, supports))
            self.plain = False
            return forward

        return register

    # ---- calling ---------------------------------------------------------------------------------------------------
    def __call__(self, *args: Any, **params: Any) -> Any:
        """On raw arrays, the forward's result; on tracked values, a tracked one with its node. Parameters may follow
        the inputs by position."""
        if self.single and len(args) == 1:
            source = args[0]
            if source.__class__ is not ndarray and isinstance(source, Tracked):
                return source._apply(self, args, params)
        elif self.star is None and len(args) > len(self.inputs):
            arity = len(self.inputs)
            params = dict(zip(self.param_names, args[arity:], strict=False)) | params
            args = args[:arity]
        for value in args:
            if value.__class__ is not ndarray and isinstance(value, Tracked):
                return value._apply(self, args, params)
        first = args[0]
        if first.__class__ is ndarray and self.plain and (first.dtype is F32 or first.dtype is F64):
            return self.forward(HOST, *args, **params)
        out = self.compute(backend_among(args), args, params)
        return out[0] if self.hidden else out

    def compute(self, xp: Any, datas: Any, params: dict[str, Any]) -> Any:
        """Run the forward for this backend on raw arrays; hidden saved arrays included."""
        if self.fast:
            for name, forward, supports in self.fast:
                if name == xp.name and supports(*datas, **params):
                    return forward(xp, *datas, **params)
        if self.widens:
            for data in datas:
                if data is not None and getattr(data, "itemsize", 0) == 2 and data.dtype.kind in "fV":
                    return _widened(self, xp, datas, params)
        return self.forward(xp, *datas, **params)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    # ---- reading the tape ------------------------------------------------------------------------------------------
    def pull(self, node: Any, g: Any, parents: Any) -> Any:
        """The gradients of the inputs (None where the parent is None), given that of the result."""
        raise NotImplementedError(f"{self.name} declares no derivative")

    def push(self, view: Any, tangents: list[Any], wrap: Any) -> Any:
        """The tangent of the result (of each, for several), given those of the inputs (None for none)."""
        from .forward_rules import push

        return push(self, view, tangents, wrap)

    @property
    def conjugated(self) -> Op:
        """This op as recorded for complex numbers: every rule between two conjugations (PyTorch's J^H g)."""
        if self._conjugated is None:
            from .complex_edge import conjugated

            self._conjugated = conjugated(self)
        return self._conjugated

    def describe_change(self, node: Any) -> str:
        """Which saved array of `node` was written afterwards, for the error message."""
        for (kind, key, _), cell, value in zip(self.keeps, node.cells, node.saved, strict=False):
            if cell is not None and hasattr(value, "shape"):
                what = "its result" if kind == "out" else f"its input {self.inputs[key]!r}" if kind == "in" else "it"
                if node.mark != sum(c[0] for c in node.cells if c is not None):
                    return (
                        f"[{value.dtype} tensor of shape {list(value.shape)}], saved by {self.name!r} as {what}, "
                        f"is at version {cell[0]}"
                    )
        return f"an array saved by {self.name!r}"


def _nothing_saved(*_: Any) -> tuple[tuple[()], tuple[()]]:
    return (), ()


def _widened(op: Op, xp: Any, datas: Any, params: dict[str, Any]) -> Any:
    """Half precision computed in float32 and rounded once."""
    half = next(d.dtype for d in datas if hasattr(d, "dtype") and d.dtype.itemsize == 2 and d.dtype.kind in "fV")
    wide = [d.astype("float32") if getattr(d, "dtype", None) == half else d for d in datas]
    out = op.forward(xp, *wide, **params)

    def narrow(result: Any) -> Any:
        return result.astype(half) if getattr(result, "dtype", None) == "float32" else result

    if op.hidden:  # hidden arrays stay wide: only the joint rule sees them
        return (narrow(out[0]), *out[1:])
    return tuple(map(narrow, out)) if isinstance(out, tuple) else narrow(out)


# ---- from rules to code --------------------------------------------------------------------------------------------
def _places(op: Op, users: dict[str, set[Any]]) -> tuple[list[tuple[str, Any, set[Any]]], dict[str, str]]:
    """What to keep (kind, key, for whose sake), and how generated code spells each name a rule may ask for."""
    keeps: list[tuple[str, Any, set[Any]]] = []
    spelled = {name: f"q[{name!r}]" for name in op.param_names}
    for index, name in enumerate(op.inputs):
        for wanted, kind in ((name, "in"), (f"{name}_shape", "shape"), (f"{name}_dtype", "dtype")):
            if wanted in users:
                spelled[wanted] = f"s[{len(keeps)}]"
                keeps.append((kind, index, users[wanted]))
    for index, name in enumerate(op.results):
        if name in users:
            spelled[name] = f"s[{len(keeps)}]"
            keeps.append(("out", index, users[name]))
    for index, name in enumerate(op.hidden):
        if name in users:
            spelled[name] = f"s[{len(keeps)}]"
            keeps.append(("hidden", index, users[name]))
    if op.star and f"{op.star}_shapes" in users:
        spelled[f"{op.star}_shapes"] = f"s[{len(keeps)}]"
        keeps.append(("shapes", None, users[f"{op.star}_shapes"]))
    if op.star and op.star in users:
        spelled[op.star] = f"s[{len(keeps)}:]"
        keeps.append(("star", None, users[op.star]))
    for index, name in enumerate(op.results):
        spelled["g" if len(op.results) == 1 else f"g_{name}"] = "g" if len(op.results) == 1 else f"g.items[{index}]"
    return keeps, spelled


def _argument_names(rule: Callable[..., Any]) -> tuple[str, ...]:
    code = rule.__code__
    return code.co_varnames[: code.co_argcount]


def _compile_save(op: Op) -> Callable[..., Any]:
    """`save(args, datas, outs, cells_of_outs, parents)` -> (saved, cells), only what some needed rule names."""
    first = len(op.inputs)
    values, cells = [], []
    for kind, key, users in op.keeps:
        needed = " or ".join(
            f"any(x is not None for x in p[{first}:])" if user == "*" else f"p[{user}] is not None"
            for user in sorted(users, key=str)
        )
        value, cell = {
            "in": (f"d[{key}]", f"cell(a[{key}])"),
            "shape": (f"d[{key}].shape" if op.single else f"shape(d[{key}])", "None"),
            "dtype": (f"d[{key}].dtype", "None"),
            "out": (f"o[{key}]", f"v[{key}]"),
            "hidden": (f"o[{len(op.results) + (key or 0)}]", "None"),
            "shapes": (f"tuple([shape(x) for x in d[{first}:]])", "None"),
            "star": (f"*d[{first}:]", f"*[cell(x) for x in a[{first}:]]"),
        }[kind]
        if kind == "star":
            values.append(f"*(d[{first}:] if {needed} else ())")
            cells.append(f"*([cell(x) for x in a[{first}:]] if {needed} else ())")
        else:
            values.append(f"{value} if {needed} else None")
            cells.append(f"{cell} if {needed} else None" if cell != "None" else cell)
    if op.single and not any(kind == "hidden" for kind, *_ in op.keeps):
        op.save_one = _compile_save_one(op)
    joined, cells_joined = "".join(f"{v}, " for v in values), "".join(f"{c}, " for c in cells)
    source = f"lambda a, d, o, v, p: (({joined}), ({cells_joined}))"
    saver: Callable[..., Any] = eval(source, {"cell": version_cell, "shape": _shape})
    return saver


def _compile_save_one(op: Op) -> Callable[..., Any]:
    """`save_one(x, data, out, cell_of_out)` -> (saved, cells, mark) of an op with one input and one result."""
    value = {"in": "data", "shape": "data.shape", "dtype": "data.dtype", "out": "out"}
    cell = {"in": "cell", "out": "made"}
    saved = "".join(f"{value[kind]}, " for kind, *_ in op.keeps)
    cells = "".join(f"{cell.get(kind, 'None')}, " for kind, *_ in op.keeps)
    watched = {cell[kind] for kind, *_ in op.keeps if kind in cell}
    source = (
        "def save_one(x, data, out, made):\n"
        + ("    cell = x._version or version_cell(x)\n" if "cell" in watched else "")
        + f"    return ({saved}), ({cells}), {' + '.join(f'{name}[0]' for name in sorted(watched)) or '0'}\n"
    )
    scope: dict[str, Any] = {"version_cell": version_cell}
    exec(source, scope)
    function: Callable[..., Any] = scope["save_one"]
    return function


def _nothing_saved_one(*_: Any) -> tuple[tuple[()], tuple[()], int]:
    return (), (), 0


def _shape(value: Any) -> Any:
    return getattr(value, "shape", ())


def version_cell(value: Any) -> Any:
    """The version cell to watch for a saved argument.

    Raises:
        RuntimeError: for an inference tensor, which has none.
    """
    if isinstance(value, Tracked):
        if value._version is None:
            raise RuntimeError(
                "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
                "in computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
                "and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
            )
        return value._version
    return None


def compile_rules(op: Op) -> None:
    """Generate `op.save` and `op.pull` from the rules' parameter names."""
    users: dict[str, set[Any]] = {}
    for name, rule in op.rules.items():
        if rule is not None:
            for asked in _argument_names(rule):
                users.setdefault(asked, set()).add("*" if name == op.star else op.inputs.index(name))
    op.keeps, spelled = _places(op, users)
    op.frees = any(kind not in ("shape", "dtype", "shapes") for kind, *_ in op.keeps)
    if op.keeps:
        op.save = _compile_save(op)
    calls = []
    scope: dict[str, Any] = {}
    for index, name in enumerate(op.inputs):
        rule = op.rules.get(name)
        if rule is None:
            calls.append("None")
            continue
        scope[f"rule_{name}"] = rule
        arguments = ", ".join(spelled[asked] for asked in _argument_names(rule))
        calls.append(f"rule_{name}({arguments}) if p[{index}] is not None else None")
    listed = "(" + "".join(f"{call}, " for call in calls) + ")"
    if op.star:
        rule = op.rules.get(op.star)
        if rule is not None:
            scope["rule_star"] = rule
            arguments = ", ".join("i" if asked == "i" else spelled[asked] for asked in _argument_names(rule))
            first = len(op.inputs)
            listed = f"[*{listed}, *[rule_star({arguments}) if x is not None else None " \
                     f"for i, x in enumerate(p[{first}:])]]"  # fmt: skip
    uses_saved = "s[" in listed
    uses_params = "q[" in listed
    source = (
        "def pull(n, g, p):\n"
        + ("    s = n.saved\n" if uses_saved else "")
        + ("    q = n.params\n" if uses_params else "")
        + f"    return {listed}\n"
    )
    exec(source, scope)
    op.pull = scope["pull"]  # type: ignore[method-assign]


# ---- fused ops -----------------------------------------------------------------------------------------------------
def compile_joint(op: Op) -> None:
    """Generate `op.save` and `op.pull` of a fused op: the joint rule on raw arrays, else the definition."""
    joint = op.joint
    assert joint is not None
    everyone: set[Any] = set(range(len(op.inputs))) | ({"*"} if op.star else set())
    asked = [name for name in _argument_names(joint) if name not in ("xp", "needs")]
    users = {name: everyone for name in asked}
    for name in (*op.inputs, *([op.star] if op.star else [])):
        users[name] = everyone
    op.keeps, spelled = _places(op, users)
    op.save = _compile_save(op)
    spelled |= {"xp": "backend(g if g.__class__ is not Cotangents else [x for x in g.items if x is not None][0])",
                "needs": "[x is not None for x in p]"}  # fmt: skip
    arguments = ", ".join(spelled[name] for name in _argument_names(joint))
    from ..backend.namespace import backend_of
    from ..graph.node import Cotangents

    scope = {"rule": joint, "backend": backend_of, "Cotangents": Cotangents, "Node": Node, "op": op,
             "through": through_definition}  # fmt: skip
    exec(
        "def pull(n, g, p):\n"
        "    if n.__class__ is not Node:\n"
        "        return through(op, n, g, p)\n"
        "    s = n.saved; q = n.params\n"
        f"    return rule({arguments})\n",
        scope,
    )
    op.pull = scope["pull"]  # type: ignore[assignment, method-assign]


class Identity:
    """The pseudo-op of a stand-in: passes the gradient on unchanged."""

    name = symbol = "alias"
    family = "port"

    @staticmethod
    def pull(node: Any, g: Any, parents: Any) -> tuple[Any]:
        return (g,)

    @staticmethod
    def push(view: Any, tangents: Any, wrap: Any) -> Any:
        return tangents[0]


def stand_in(value: Any) -> Any:
    """The same tensor behind a node of its own, where partial gradients can be collected."""
    node = value._node
    return value._wrap(value._data, Node(Identity, {}, (node,), (), (), 0, value._data.shape, value._data.dtype),
                       value._version)  # fmt: skip


def run_definition(op: Op, view: Any, chosen: Any) -> tuple[Any, Any]:
    """Run a fused op's definition on its saved inputs, with stand-ins for the chosen ones. -> (inputs, results)."""
    count = len(op.inputs)
    saved = list(view.saved[:count])
    if op.star:
        start = next(i for i, keep in enumerate(op.keeps) if keep[0] == "star")
        saved += view.saved[start:]
    inputs = [
        stand_in(value) if index in chosen and isinstance(value, Tracked) else value
        for index, value in enumerate(saved)
    ]
    before, modes.grad = modes.grad, True
    try:
        assert op.definition is not None
        out = op.definition(*inputs, **view.params)
    finally:
        modes.grad = before
    return inputs, out if isinstance(out, tuple) else (out,)


def through_definition(op: Op, view: Any, g: Any, parents: Any) -> list[Any]:
    """The recorded gradients of a fused op's inputs: differentiate its definition, which records itself."""
    chosen = {index for index, parent in enumerate(parents) if parent is not None}
    inputs, results = run_definition(op, view, chosen)
    seeds = g.items if len(op.results) > 1 else (g,)
    nodes = {index: inputs[index]._node for index in chosen}
    grads = {result._node: seed for result, seed in zip(results, seeds, strict=True)
             if seed is not None and result._node is not None}  # fmt: skip
    since = min(node.stamp for node in nodes.values())
    order = [node for node in newest_first(grads, since)]
    found: dict[Any, Any] = {}

    def collect(node: Any, gradient: Any) -> Any:
        found[node] = gradient
        return gradient

    reverse(order, grads, visit=collect, settle=view.settle, dress=view.dress, keep=True, wanted=set(order),
            watched=set(nodes.values()))  # fmt: skip
    return [found.get(nodes[index]) if index in nodes else None for index in range(len(parents))]
