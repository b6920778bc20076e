"""Hang methods and operators from the tables onto a Tracked class.

`equip(cls)` gives a class one lazy method per public entry (compiled at first touch) and the operator dunders. Two-operand
and one-operand elementwise calls on float arrays get a short path of generated code: no promotion can be needed there,
so it goes straight from the arrays to the node.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from .backend.host import HOST
from .compose import arithmetic as composed
from .compose.special import polygamma
from .graph.modes import modes, packing, recording
from .graph.node import Node
from .ops.front import PUBLIC, Entry
from .ops.generated import version_cell
from .ops.layouts import OtherLayout, answer
from .ops.op import TABLE, Op
from .ops.record import current_node, record
from .ops.shapes import explain

F32, F64 = np.dtype("float32"), np.dtype("float64")

#: Operator -> op, for both operand orders. In-place operators follow PyTorch: `x += y` is `x.add_(y)`.
BINARY = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder",
          "pow": "pow", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
          "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift", "eq": "eq", "ne": "ne", "lt": "lt",
          "le": "le", "gt": "gt", "ge": "ge"}  # fmt: skip
COMPARISONS = frozenset(("eq", "ne", "lt", "le", "gt", "ge"))
#: Operators that refuse or settle something before their op runs.
LONG = {"sub": composed.sub, "pow": composed.pow}


class LazyMethod:
    """A method that is compiled when first touched, and then replaces itself on the class."""

    __slots__ = ("entry", "inplace", "name")

    def __init__(self, name: str, entry: Entry, inplace: bool) -> None:
        self.name, self.entry, self.inplace = name, entry, inplace

    def __get__(self, instance: Any, owner: Any) -> Any:
        name = self.name
        function = self.entry.twin(name[:-1]) if self.inplace else self.entry.named(name, True)
        home = next(cls for cls in owner.__mro__ if self.name in cls.__dict__)
        setattr(home, self.name, function)
        return function if instance is None else function.__get__(instance, owner)


def equip(cls: Any, more: dict[str, Any]) -> None:
    """Give a tensor class its methods: those of the tables, and `more` (name -> function)."""
    for name, function in more.items():
        setattr(cls, name, function)
    for name, entry in PUBLIC[""].items():
        if entry.method and not hasattr(cls, name):
            setattr(cls, name, LazyMethod(name, entry, False))
        if entry.inplace and not hasattr(cls, f"{name}_"):
            setattr(cls, f"{name}_", LazyMethod(f"{name}_", entry, True))


NODE = "nx = self._node if self._view is None else current_node(self)"
OTHER_NODE = "ny = other._node if other._view is None else current_node(other)"

_TWO = """
def short(self, other):
    if other.__class__ in tensors:
        x = self._data; y = other._data; d = x.dtype
        if d is y.dtype and (d is F32 or d is F64) and x.__class__ is ndarray and y.__class__ is ndarray:
            {nodes}
            {check}
            try: out = modes.run(forward, HOST, x, y)
            except ValueError as error: raise explain(op, (x, y), error) from None
            if out.__class__ is not ndarray: out = asarray(out)
            t = new(Tensor); t._data = out; t._view = None; t._grad = None
            {version}
            if {wanted} and modes.grad:
                v = t._cell
                {cells}
                t._node = node = Node(op, EMPTY, (nx, ny), ({saved}), ({cell_list}), {mark}, out.shape, d)
                if recording: node.note = recording[-1](node, (self, other), out)
                if packing: packing[-1](node, (self, other))
            else:
                t._node = None
                if modes.inference: t._cell = None
            return t
    elif takes_numbers and (other.__class__ is float or other.__class__ is int):
        x = self._data; d = x.dtype
        if (d is F32 or d is F64) and x.__class__ is ndarray:
            {node}
            y = other
            out = modes.run(forward, HOST, x, y)
            if out.__class__ is not ndarray: out = asarray(out)
            t = new(Tensor); t._data = out; t._view = None; t._grad = None
            {version}
            if {wanted_one} and modes.grad:
                v = t._cell; ny = None
                {number_cells}
                t._node = node = Node(op, EMPTY, (nx, None), ({number_saved}), ({number_cell_list}), {number_mark},
                                      out.shape, d)
                if recording: node.note = recording[-1](node, (self, other), out)
                if packing: packing[-1](node, (self, other))
            else:
                t._node = None
                if modes.inference: t._cell = None
            return t
    return fallback(self, other)
"""

_BEFORE = """
def short(self, other):
    if other.__class__ is float or other.__class__ is int:
        y = self._data; d = y.dtype
        if (d is F32 or d is F64) and y.__class__ is ndarray:
            ny = self._node if self._view is None else current_node(self)
            x = other
            out = modes.run(forward, HOST, x, y)
            if out.__class__ is not ndarray: out = asarray(out)
            t = new(Tensor); t._data = out; t._view = None; t._grad = None
            {version}
            if ny is not None and modes.grad:
                v = t._cell; nx = None
                {number_cells}
                t._node = node = Node(op, EMPTY, (None, ny), ({number_saved}), ({number_cell_list}), {number_mark},
                                      out.shape, d)
                if recording: node.note = recording[-1](node, (other, self), out)
                if packing: packing[-1](node, (other, self))
            else:
                t._node = None
                if modes.inference: t._cell = None
            return t
    return fallback(self, other)
"""

_ONE = """
def short(self):
    x = self._data; d = x.dtype
    if (d is F32 or d is F64) and x.__class__ is ndarray:
        nx = self._node if self._view is None else current_node(self)
        out = modes.run(forward, HOST, x)
        if out.__class__ is not ndarray: out = asarray(out)
        t = new(Tensor); t._data = out; t._view = None; t._grad = None
        {version}
        if nx is not None and modes.grad:
            v = t._cell
            {cells}
            t._node = node = Node(op, EMPTY, (nx,), ({saved}), ({cell_list}), {mark}, out.shape, d)
            if recording: node.note = recording[-1](node, (self,), out)
            if packing: packing[-1](node, (self,))
        else:
            t._node = None
            if modes.inference: t._cell = None
        return t
    return fallback(self)
"""


def short_path(op: Op, tensor: Any, tensors: Any, fallback: Any, before: bool = False) -> Any:
    """The generated short path of an elementwise op with one or two operands and no parameters.

    `before`: of a number before a tensor, as in 1 - x.
    """
    two = len(op.inputs) == 2

    def spell(number: int | None) -> tuple[str, str, str, str]:
        saved, cells, marks, setup = "", "", [], []
        for kind, key, users in op.keeps:
            needed = " or ".join(f"n{'xy'[u]} is not None" for u in sorted(users))
            if kind == "in":
                name, cell = "xy"[key], f"c{key}"
                if key == number:
                    saved += f"{name} if {needed} else None, "
                    cells += "None, "
                    continue
                owner = "self" if number == 0 else ("self", "other")[key]
                setup.append(f"{cell} = ({owner}._cell or guard({owner})) if {needed} else None")
                saved += f"{name} if {cell} is not None else None, "
                cells += f"{cell}, "
                marks.append(f"(0 if {cell} is None else {cell}[0])")
            elif kind == "out":
                saved += f"out if {needed} else None, "
                cells += f"v if {needed} else None, "
            else:  # a shape or a dtype
                saved += f"{'xy'[key]}.{kind}, " if key != number else "(), "
                cells += "None, "
        return saved, cells, " + ".join(marks) or "0", "; ".join(setup) or "pass"

    saved, cells, mark, setup = spell(None)
    number_saved, number_cells, number_mark, number_setup = spell(0 if before else 1)
    filled = (_BEFORE if before else _TWO if two else _ONE).format(
        version="t._cell = [0]", saved=saved, cell_list=cells, mark=mark, cells=setup,
        check="check((x, y), EMPTY)" if op.check and not getattr(op.check, "passes_floats", False) else "",
        node=NODE if op.differentiable else "", nodes=f"{NODE}; {OTHER_NODE}" if op.differentiable else "",
        wanted="(nx is not None or ny is not None)" if op.differentiable else "False",
        wanted_one="nx is not None" if op.differentiable else "False",
        number_saved=number_saved, number_cell_list=number_cells, number_mark=number_mark, number_cells=number_setup,
    )  # fmt: skip
    scope: dict[str, Any] = {
        "tensors": tensors, "Tensor": tensor, "F32": F32, "F64": F64, "ndarray": np.ndarray, "modes": modes,
        "forward": op.forward if not op.fast else lambda xp, *datas: op.compute(xp, datas, {}), "HOST": HOST,
        "asarray": np.asarray, "new": tensor.__new__, "Node": Node, "op": op,
        "EMPTY": {}, "current_node": current_node, "recording": recording, "packing": packing, "fallback": fallback,
        "guard": _guard, "explain": explain,
        "check": op.check, "takes_numbers": op.family in ("elementwise", "comparison"),
    }  # fmt: skip
    exec(filled, scope)
    function = scope["short"]
    function.__name__ = function.__qualname__ = op.name
    return function


def _guard(tensor: Any) -> Any:
    """The version cell of an operand that a rule saves; an inference tensor has none and is refused."""
    cell = tensor._cell
    return cell if cell is not None else version_cell(tensor)


def equip_operators(tensor: Any, tensors: Any) -> None:
    """The operators of a tensor class, with short paths where they pay, and the methods that take `self` elsewhere."""
    for dunder, name in BINARY.items():
        op = TABLE[name]
        long = _answered(name, LONG[name]) if name in LONG else _recorded(op)
        fallback = operator(tensor, long)
        forward = fallback
        if op.family == "elementwise" or dunder in COMPARISONS:
            forward = LazyShort(partial(short_path, op, tensor, tensors, fallback), tensor, f"__{dunder}__")
            # of `-` and `**` the op itself is what the long way comes to
            shorten(op, tensor, tensors, _recorded(op) if name in LONG else fallback)
        hang(tensor, f"__{dunder}__", forward)
        if dunder not in COMPARISONS:
            commutes = op.symbol in ("+", "*")
            reflected = _reflected(tensor, long, f"__{dunder}__" if commutes else None)
            if op.family == "elementwise" and not commutes:
                turned = partial(short_path, op, tensor, tensors, reflected, before=True)
                reflected = LazyShort(turned, tensor, f"__r{dunder}__")
            hang(tensor, f"__r{dunder}__", reflected)
            hang(tensor, f"__i{dunder}__", operator(tensor, _in_place(PUBLIC[""][name])))
    shorten(TABLE["matmul"], tensor, tensors, _recorded(TABLE["matmul"]))
    shorten(TABLE["neg"], tensor, tensors, _recorded(TABLE["neg"]), "__neg__")
    hang(tensor, "__pos__", lambda self: composed.positive(self))
    hang(tensor, "__abs__", _recorded(TABLE["abs"]))
    hang(tensor, "__invert__", _invert)
    hang(tensor, "where", lambda self, condition, other: PUBLIC[""]["where"].function(condition, self, other))
    hang(tensor, "polygamma", lambda self, n: polygamma(n, self))
    hang(tensor, "polygamma_", lambda self, n: _polygamma_in_place(self, n))
    for name, op in TABLE.items():  # one operand, no parameters: the method itself is the short path
        if op.family == "elementwise" and len(op.inputs) == 1 and not op.param_names and op.signatures:
            entry = PUBLIC[""].get(name)
            if entry is not None and entry.target is op:
                shorten(op, tensor, tensors, _recorded(op), name)


class LazyShort:
    """A short path that is generated when first touched, and then replaces itself on the class."""

    def __init__(self, make: Callable[[], Any], home: Any, name: str) -> None:
        self.make, self.home, self.name = make, home, name

    def __get__(self, instance: Any, owner: Any) -> Any:
        function = self.make()
        hang(self.home, self.name, function)
        return function if instance is None else function.__get__(instance, owner)


def shorten(op: Op, tensor: Any, tensors: Any, fallback: Any, *names: str) -> None:
    """Give an op its short path, generated on first need, and hang it on the class under some names."""
    op.classes = tensors
    op.make_short = lambda: short_path(op, tensor, tensors, fallback)
    op.__dict__.pop("short", None)
    for name in names:
        setattr(tensor, name, LazyShort(lambda: op.short, tensor, name))


def hang(tensor: Any, name: str, method: Any) -> None:
    """Put a method on a class under its own name."""
    if isinstance(method, FunctionType):
        method.__name__ = method.__qualname__ = name
    setattr(tensor, name, method)


def operator(tensor: Any, run: Any) -> Any:
    """The long path behind a dunder: operands that are neither tensor nor number are somebody else's."""

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, tensor | int | float | complex):
            return run(self, other)
        other = tensor._from_operand(other)
        return NotImplemented if other is None else run(self, other)

    return method


def _recorded(op: Op) -> Any:
    def run(*operands: Any) -> Any:
        try:
            return record(op, operands, {})
        except OtherLayout as refusal:
            return answer(refusal, op.name, *operands)

    return run


def _answered(name: str, run: Any) -> Any:
    """The same, or its sparse form where an operand is sparse."""

    def method(*operands: Any) -> Any:
        try:
            return run(*operands)
        except OtherLayout as refusal:
            return answer(refusal, name, *operands)

    return method


def _in_place(entry: Entry) -> Any:
    return lambda self, other: entry.inplace_function(self, other)


def _reflected(tensor: Any, run: Any, same: Any) -> Any:
    """`number op tensor`; `same` names the operator itself where it commutes."""

    def reflected(self: Any, other: Any) -> Any:
        if same is not None and other.__class__ in (int, float):
            return getattr(self, same)(other)
        if isinstance(other, int | float | complex):
            return run(other, self)
        other = other if isinstance(other, tensor) else tensor._from_operand(other)
        return NotImplemented if other is None else run(other, self)

    return reflected


def _invert(self: Any) -> Any:
    if self._data.dtype.kind not in "biu":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return record(TABLE["bitwise_not"], (self,), {})


def _polygamma_in_place(self: Any, n: int) -> Any:
    from .ops.mutation import in_place

    def function(input: Any) -> Any:
        return polygamma(n, input)

    return in_place(function, self, (), {}, None)
