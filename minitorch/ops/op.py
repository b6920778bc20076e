"""An op: a function of raw arrays plus its derivative.

`@declare(...)` above a forward makes an Op; `.vjp(...)` gives it one rule per input. What a rule's parameters are called
says what is saved for it: an input, `out`, an input's shape, a parameter. That is read from `__code__` once, and turned
into small generated functions (generated.py) when first needed. Called on
raw arrays an op just runs its forward, so the same rule text serves backward (raw) and double backward (tracked).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..backend.host import F32, F64, HOST, ndarray
from ..backend.namespace import backend_among
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
        self.defaults: dict[str, Any] = forward.__kwdefaults__ or {}
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
        #: The classes that the short path takes; operators.py says how the path is made.
        self.classes: Any = ()
        self.make_short: Callable[..., Any] | None = None
        self._conjugated: Op | None = None

    # ---- declaring -------------------------------------------------------------------------------------------------
    def vjp(self, **rules: Callable[..., Any] | None) -> Op:
        """One rule per input (by its name): the gradient of that input, given `g`. None: it has no derivative."""
        self.rules = rules
        return self

    def jvp(self, **rules: Callable[..., Any]) -> Op:
        """A forward-mode rule for an input (`t` the tangent) where neither linearity nor the vjp rule gives it."""
        self.jvps = rules
        return self

    def fused(self, joint: Callable[..., Any], definition: Callable[..., Any]) -> Op:
        """The fast first derivative of all inputs at once, and the same function composed of other ops."""
        self.joint, self.definition = joint, definition
        self.rules = dict.fromkeys(self.inputs, joint)
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
                return source._apply(self, args, params if len(params) == len(self.param_names) else self.defaults | params)
        elif self.star is None and len(args) > len(self.inputs):
            arity = len(self.inputs)
            params = dict(zip(self.param_names, args[arity:], strict=False)) | params
            args = args[:arity]
        for value in args:
            if value.__class__ is not ndarray and isinstance(value, Tracked):
                return value._apply(self, args, params if len(params) == len(self.param_names) else self.defaults | params)
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
    if TYPE_CHECKING:  # generated on first need: see __getattr__
        #: What a node keeps, in order: (kind, which, for the sake of which inputs).
        keeps: list[tuple[str, Any, set[Any]]]
        #: Whether a backward uses up what a node saved: shapes are no arrays and stay.
        frees: bool
        #: `save(args, datas, outs, cells_of_outs, parents)` -> (saved, cells).
        save: Callable[..., Any]
        #: `save_one(x, data, out, cell_of_out)` -> (saved, cells, mark), where one tensor comes in and one goes out.
        save_one: Callable[..., Any]
        #: `pull(node, g, parents)`: the gradients of the inputs (None where the parent is None).
        pull: Callable[..., Any]
        #: The short path of the operator, or None.
        short: Callable[..., Any] | None

    def __getattr__(self, name: str) -> Any:
        if name == "short":
            self.short = None
            if self.make_short is not None:
                self.short = self.make_short()
        elif name in ("keeps", "save", "save_one", "pull", "frees"):
            from .generated import compile_op

            compile_op(self)
        else:
            raise AttributeError(f"an op has no {name!r}")
        return self.__dict__[name]

    def push(self, view: Any, tangents: list[Any], wrap: Any) -> Any:
        """The tangent of the result (of each, for several), given those of the inputs (None for none)."""
        from .forward_rules import push

        return push(self.base, view, tangents, wrap)

    @property
    def conjugated(self) -> Op:
        """This op as recorded for complex numbers: every rule between two conjugations (PyTorch's J^H g)."""
        if self._conjugated is None:
            from .complex_edge import conjugated

            self._conjugated = conjugated(self)
        return self._conjugated

    def describe_change(self, node: Any) -> str:
        """Which saved array of `node` was written afterwards, for the error message."""
        found = []
        for place, (cell, value) in enumerate(zip(node.cells, node.saved, strict=True)):
            kind, key, _ = self.keeps[min(place, len(self.keeps) - 1)]
            if cell is not None and cell[0]:  # at version 0 it was never written
                what = "its result" if kind == "out" else f"its input {self.inputs[key] if kind == 'in' else self.star!r}"
                found.append(f"[{value.dtype} tensor of shape {list(value.shape)}], saved by {self.name!r} as {what}, is "
                             f"at version {cell[0]}")  # fmt: skip
        return " or ".join(found) or f"an array saved by {self.name!r}"


def _widened(op: Op, xp: Any, datas: Any, params: dict[str, Any]) -> Any:
    """Half precision computed in float32 and rounded once."""
    half = next(d.dtype for d in datas if hasattr(d, "dtype") and d.dtype.itemsize == 2 and d.dtype.kind in "fV")
    wide = [d.astype("float32") if getattr(d, "dtype", None) == half else d for d in datas]
    out = op.forward(xp, *wide, **params)

    def narrow(result: Any) -> Any:
        return result.astype(half) if getattr(result, "dtype", None) == "float32" else result

    if op.hidden:  # hidden arrays stay wide: only the joint rule sees them
        return (*map(narrow, out[: len(op.results)]), *out[len(op.results) :])
    return tuple(map(narrow, out)) if isinstance(out, tuple) else narrow(out)
