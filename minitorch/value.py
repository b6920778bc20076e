"""Value: a Tracked holding one float -- the micrograd chapter.

The same ops, nodes and walk as Tensor, one number at a time (after A. Karpathy's micrograd). Every Value has a node and
asks for its gradient; `.grad` starts at 0.0 and is kept on every node, so that an expression can be looked at whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .backend.scalar import SCALAR
from .graph.modes import modes, recording, walking
from .graph.node import NOTHING, Node
from .graph.reverse import reverse
from .graph.walk import newest_first
from .ops.edge import Dresser
from .ops.op import TABLE, Op
from .tracked import Tracked

_NO_CELLS: tuple[Any, ...] = ()


class ValueNode(Node):
    """A node that also holds its number and its gradient."""

    __slots__ = ("data", "grad", "label")

    def __init__(self, data: float, op: Any, parents: tuple[Any, ...], saved: Any) -> None:
        super().__init__(op, _NO_PARAMS, parents, saved, _NO_CELLS, 0, (), float)
        self.hooks = NOTHING  # a Value's gradient is always looked at
        self.data = data
        self.grad: Any = 0.0
        self.label = ""

    parked = False


_NO_PARAMS: dict[str, Any] = {}


class Value(Tracked):
    """One number that remembers how it was made.

    >>> x = Value(3.0)
    >>> y = x * x + 1
    >>> y.backward()
    >>> x.grad
    6.0
    """

    __slots__ = ()
    _view = None

    def __init__(self, data: float, _children: tuple[Value, ...] = (), _op: str = "", label: str = "") -> None:
        data = data if data.__class__ is float else float(data)
        self._data = data
        self._node = ValueNode(data, None, (), ())
        self._node.label = label or _op
        self._cell = None

    # ---- what the engine calls -------------------------------------------------------------------------------------
    @staticmethod
    def _wrap(data: float, node: Any = None, version: Any = None) -> Value:
        value: Value = Value.__new__(Value)
        value._data = data
        value._cell = None
        value._node = ValueNode(data, None, (), ()) if node is None else node
        return value

    @staticmethod
    def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if op.family not in ("elementwise", "comparison"):
            raise TypeError(f"a Value is one number: {op.name!r} needs tensors")
        datas = [arg._data if isinstance(arg, Value) else arg for arg in args]
        out = op.forward(SCALAR, *datas, **params)
        if not op.differentiable:
            return out
        outs = out if op.hidden else (out,)
        parents = tuple([arg._node if isinstance(arg, Value) else None for arg in args])
        saved, _ = op.save(datas, datas, outs, (None,) * len(outs), parents)
        node = ValueNode(float(outs[0]), op, parents, saved)
        node.params = params
        if recording:
            node.note = recording[-1](node, args, node.data)
        return Value._wrap(node.data, node)

    # ---- the number and its gradient -------------------------------------------------------------------------------
    @property
    def data(self) -> float:
        """The number; may be assigned (`p.data -= 0.1 * p.grad`)."""
        return self._data  # type: ignore[no-any-return]

    @data.setter
    def data(self, number: float) -> None:
        self._data = self._node.data = float(number)

    @property
    def grad(self) -> Any:
        """The gradient accumulated by `backward`; 0.0 before."""
        return self._node.grad

    @grad.setter
    def grad(self, gradient: Any) -> None:
        self._node.grad = gradient

    @property
    def label(self) -> str:
        """A name for pictures."""
        return str(self._node.label)

    @label.setter
    def label(self, text: str) -> None:
        self._node.label = text

    @property
    def _prev(self) -> set[Value]:
        return {Value._wrap(parent.data, parent) for parent in self._node.parents if parent is not None}

    @property
    def _op(self) -> str:
        return "" if self._node.op is None else str(self._node.op.symbol)

    def backward(self, create_graph: bool = False) -> None:
        """Add d(self)/d(node) to `.grad` of every node below. With `create_graph` the gradients are Values."""
        run([self], [Value(1.0) if create_graph else 1.0], create_graph, _add_to_grad)

    def item(self) -> float:
        """The number."""
        return float(self._data)

    def __float__(self) -> float:
        return float(self._data)

    def __hash__(self) -> int:
        return id(self._node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and other._node is self._node

    def __lt__(self, other: Any) -> bool:
        return bool(self._data < _number(other))

    def __le__(self, other: Any) -> bool:
        return bool(self._data <= _number(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self._data > _number(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self._data >= _number(other))

    def __repr__(self) -> str:
        grad = self.grad
        return f"Value(data={self._data}, grad={grad._data if isinstance(grad, Value) else grad})"


def _number(other: Any) -> Any:
    return other._data if isinstance(other, Value) else other


def _add_to_grad(node: Any, g: Any) -> Any:
    before = node.grad
    node.grad = g if before.__class__ is float and before == 0.0 else before + g
    return g


def run(roots: list[Value], seeds: list[Any], create_graph: bool, visit: Callable[[Any, Any], Any]) -> None:
    """The same reverse walk as a tensor's; every node is visited, and saved floats are kept."""
    grads: dict[Any, Any] = {root._node: seed for root, seed in zip(roots, seeds, strict=True)}
    order = newest_first(grads)
    dress = Dresser(Value._wrap) if create_graph else None
    before, modes.grad = modes.grad, create_graph
    try:
        walk = walking[-1] if walking else reverse
        walk(order, grads, visit=visit, settle=None, dress=dress, keep=True)
    finally:
        modes.grad = before


# ---- operators -----------------------------------------------------------------------------------------------------
_TWO = """
def method(self, other):
    y = other._data if other.__class__ is Value else other if other.__class__ in numbers else number(other)
    if y is NotImplemented: return y
    x = self._data
    out = forward(SCALAR, {xy})
    nx = self._node
    ny = other._node if other.__class__ is Value else None
    v = new(Value); v._data = out; v._cell = None
    v._node = node = ValueNode(out, op, {parents}, ({saved}))
    if recording: node.note = recording[-1](node, {args}, out)
    return v
"""
_ONE = """
def method(self):
    x = self._data
    out = forward(SCALAR, x)
    nx = self._node
    v = new(Value); v._data = out; v._cell = None
    v._node = node = ValueNode(out, op, (nx,), ({saved}))
    if recording: node.note = recording[-1](node, (self,), out)
    return v
"""
NUMBERS = frozenset((float, int, bool))


def _plain(other: Any) -> Any:
    return float(other) if hasattr(other, "__float__") else NotImplemented


def _method(op: Op, reflected: bool = False) -> Callable[..., Any]:
    """An operator written out for one op: forward on floats, then its node."""
    swap = {"x": "y", "y": "x"} if reflected else {"x": "x", "y": "y"}
    saved = []
    for kind, key, users in op.keeps:
        name = swap["xy"[key]] if kind == "in" else "out"
        needed = " or ".join(f"n{swap['xy'[u]]} is not None" for u in sorted(users))
        saved.append(f"{name} if {needed} else None, " if kind in ("in", "out") else "(), ")
    text = _TWO if len(op.inputs) == 2 else _ONE
    source = text.format(saved="".join(saved), xy="y, x" if reflected else "x, y",
                         parents="(ny, nx)" if reflected else "(nx, ny)",
                         args="(other, self)" if reflected else "(self, other)")  # fmt: skip
    scope: dict[str, Any] = {"Value": Value, "ValueNode": ValueNode, "forward": op.forward, "SCALAR": SCALAR,
                             "op": op, "new": Value.__new__, "numbers": NUMBERS, "number": _plain,
                             "recording": recording}  # fmt: skip
    exec(source, scope)
    function: Callable[..., Any] = scope["method"]
    function.__name__ = function.__qualname__ = op.name
    function.__doc__ = op.doc
    return function


class _LazyOperator:
    """An operator of Value that is written out when first touched."""

    def __init__(self, name: str, op: Op, reflected: bool = False) -> None:
        self.name, self.op, self.reflected = name, op, reflected

    def __get__(self, instance: Any, owner: Any) -> Any:
        function = _method(self.op, self.reflected)
        setattr(Value, self.name, function)
        return function if instance is None else function.__get__(instance, owner)


def _equip() -> None:
    for dunder, name in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("truediv", "div"), ("pow", "pow")):
        setattr(Value, f"__{dunder}__", _LazyOperator(f"__{dunder}__", TABLE[name]))
        setattr(Value, f"__r{dunder}__", _LazyOperator(f"__r{dunder}__", TABLE[name], reflected=True))
    for dunder in ("neg", "abs"):
        setattr(Value, f"__{dunder}__", _LazyOperator(f"__{dunder}__", TABLE[dunder]))
    for name, op in TABLE.items():
        if op.family == "elementwise" and not op.param_names and len(op.inputs) in (1, 2) and not hasattr(Value, name):
            setattr(Value, name, _LazyOperator(name, op))


_equip()
