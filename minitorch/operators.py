"""Hang methods and operators from the tables onto a Tracked class.

`equip(cls)` gives a class one lazy method per public entry (compiled at first touch) and the operator dunders. Two-operand
and one-operand elementwise calls on float arrays get a short path of generated code: no promotion can be needed there,
so it goes straight from the arrays to the node.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend.host import HOST
from .graph.modes import modes, recording
from .graph.node import Node
from .ops.front import PUBLIC, Entry
from .ops.op import TABLE, Op, version_cell
from .ops.record import current_node, record

F32, F64 = np.dtype("float32"), np.dtype("float64")

#: Operator -> op, for both operand orders. In-place operators follow PyTorch: `x += y` is `x.add_(y)`.
BINARY = {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow", "eq": "eq", "ne": "ne", "lt": "lt",
          "le": "le", "gt": "gt", "ge": "ge"}  # fmt: skip
REFLECTED = {"add", "sub", "mul", "truediv", "pow"}


class LazyMethod:
    """A method that is compiled when first touched, and then replaces itself on the class."""

    __slots__ = ("entry", "inplace", "name")

    def __init__(self, name: str, entry: Entry, inplace: bool) -> None:
        self.name, self.entry, self.inplace = name, entry, inplace

    def __get__(self, instance: Any, owner: Any) -> Any:
        function = self.entry.inplace_function if self.inplace else self.entry.function
        home = next(cls for cls in owner.__mro__ if self.name in cls.__dict__)
        setattr(home, self.name, function)
        return function if instance is None else function.__get__(instance, owner)


def equip(cls: Any) -> None:
    """Give a tensor class its methods."""
    for name, entry in PUBLIC[""].items():
        if entry.method and not hasattr(cls, name):
            setattr(cls, name, LazyMethod(name, entry, False))
        if entry.inplace and not hasattr(cls, f"{name}_"):
            setattr(cls, f"{name}_", LazyMethod(f"{name}_", entry, True))


_TWO = """
def short(self, other):
    if other.__class__ in tensors:
        x = self._data; y = other._data; d = x.dtype
        if d is y.dtype and (d is F32 or d is F64) and x.__class__ is ndarray and y.__class__ is ndarray:
            nx = self._node if self._view is None else current_node(self)
            ny = other._node if other._view is None else current_node(other)
            {check}
            out = modes.run(forward, HOST, x, y)
            if out.__class__ is not ndarray: out = asarray(out)
            t = new(Tensor); t._data = out; t._view = None; t._grad = None
            {version}
            if (nx is not None or ny is not None) and modes.grad:
                v = t._version
                {cells}
                t._node = node = Node(op, EMPTY, (nx, ny), ({saved}), ({cell_list}), {mark}, out.shape, d)
                if recording: node.note = recording[-1](op)
            else:
                t._node = None
                if modes.inference: t._version = None
            return t
    elif takes_numbers and (other.__class__ is float or other.__class__ is int):
        x = self._data; d = x.dtype
        if (d is F32 or d is F64) and x.__class__ is ndarray:
            nx = self._node if self._view is None else current_node(self)
            y = other
            out = modes.run(forward, HOST, x, y)
            if out.__class__ is not ndarray: out = asarray(out)
            t = new(Tensor); t._data = out; t._view = None; t._grad = None
            {version}
            if nx is not None and modes.grad:
                v = t._version; ny = None
                {number_cells}
                t._node = node = Node(op, EMPTY, (nx, None), ({number_saved}), ({number_cell_list}), {number_mark}, out.shape, d)
                if recording: node.note = recording[-1](op)
            else:
                t._node = None
                if modes.inference: t._version = None
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
            v = t._version
            {cells}
            t._node = node = Node(op, EMPTY, (nx,), ({saved}), ({cell_list}), {mark}, out.shape, d)
            if recording: node.note = recording[-1](op)
        else:
            t._node = None
            if modes.inference: t._version = None
        return t
    return fallback(self)
"""


def short_path(op: Op, tensor: Any, tensors: Any, fallback: Any) -> Any:
    """The generated short path of an elementwise op with one or two operands and no parameters."""
    two = len(op.inputs) == 2

    def spell(number: bool) -> tuple[str, str, str, str]:
        saved, cells, marks, setup = "", "", [], []
        for kind, key, users in op.keeps:
            needed = " or ".join(f"n{'xy'[u]} is not None" for u in sorted(users))
            if kind == "in":
                name, cell = "xy"[key], f"c{key}"
                if number and key == 1:
                    saved += f"{name} if {needed} else None, "
                    cells += "None, "
                    continue
                owner = ("self", "other")[key]
                setup.append(f"{cell} = ({owner}._version or guard({owner})) if {needed} else None")
                saved += f"{name} if {cell} is not None else None, "
                cells += f"{cell}, "
                marks.append(f"(0 if {cell} is None else {cell}[0])")
            elif kind == "out":
                saved += "out, "
                cells += "v, "
            else:  # a shape or a dtype
                saved += f"{'xy'[key]}.{kind}, " if not (number and key == 1) else "(), "
                cells += "None, "
        return saved, cells, " + ".join(marks) or "0", "; ".join(setup) or "pass"

    saved, cells, mark, setup = spell(False)
    number_saved, number_cells, number_mark, number_setup = spell(True)
    filled = (_TWO if two else _ONE).format(
        version="t._version = [0]", check="check((x, y), EMPTY)" if op.check is not None else "", saved=saved, cell_list=cells, mark=mark, cells=setup,
        number_saved=number_saved, number_cell_list=number_cells, number_mark=number_mark, number_cells=number_setup,
    )  # fmt: skip
    scope: dict[str, Any] = {
        "tensors": tensors, "Tensor": tensor, "F32": F32, "F64": F64, "ndarray": np.ndarray, "modes": modes,
        "forward": op.forward, "HOST": HOST, "asarray": np.asarray, "new": tensor.__new__, "Node": Node, "op": op,
        "EMPTY": {}, "current_node": current_node, "recording": recording, "fallback": fallback, "guard": _guard,
        "check": op.check, "takes_numbers": op.family == "elementwise",
    }  # fmt: skip
    exec(filled, scope)
    function = scope["short"]
    function.__name__ = function.__qualname__ = op.name
    op.short, op.classes = function, tensors
    return function


def _guard(tensor: Any) -> Any:
    """The version cell of an operand that a rule saves; an inference tensor has none and is refused."""
    cell = tensor._version
    return cell if cell is not None else version_cell(tensor)


def numbers_and_tensors(op: Op, tensor: Any) -> Any:
    """The long path behind a dunder: operands that are neither tensor nor number are somebody else's."""

    def fallback(self: Any, other: Any) -> Any:
        if isinstance(other, tensor | int | float | complex):
            return record(op, (self, other), {})
        other = tensor._from_operand(other)
        return NotImplemented if other is None else record(op, (self, other), {})

    return fallback


def equip_operators(tensor: Any, tensors: Any) -> None:
    """The arithmetic and comparison dunders of a tensor class, with short paths where they pay."""
    for dunder, name in BINARY.items():
        op = TABLE[name]
        fallback = numbers_and_tensors(op, tensor)
        if op.family == "elementwise":
            forward = short_path(op, tensor, tensors, fallback)
        else:
            forward = fallback
        forward.__name__ = f"__{dunder}__"
        setattr(tensor, f"__{dunder}__", forward)
        if dunder in REFLECTED:
            setattr(tensor, f"__r{dunder}__", _reflected(op, tensor))
    short_path(TABLE["matmul"], tensor, tensors, lambda x, y: record(TABLE["matmul"], (x, y), {}))
    tensor.__neg__ = short_path(TABLE["neg"], tensor, tensors, lambda self: record(TABLE["neg"], (self,), {}))
    tensor.__abs__ = lambda self: record(TABLE["abs"], (self,), {})
    for name, op in TABLE.items():  # one operand, no parameters: the method itself is the short path
        if op.family == "elementwise" and len(op.inputs) == 1 and not op.param_names and op.signatures:
            entry = PUBLIC[""].get(name)
            if entry is not None and entry.target is op:
                setattr(tensor, name, _with_out(op, entry, short_path(op, tensor, tensors, _long(op))))


def _long(op: Op) -> Any:
    return lambda self: record(op, (self,), {})


def _with_out(op: Op, entry: Entry, short: Any) -> Any:
    """A unary method: `x.exp()` goes the short way, `x.exp(out=y)` by the front."""
    return short


def _reflected(op: Op, tensor: Any) -> Any:
    name = op.name

    def reflected(self: Any, other: Any) -> Any:
        if name in ("add", "mul") and other.__class__ in (int, float):
            return getattr(self, f"__{name}__")(other)
        if isinstance(other, int | float | complex):
            return record(op, (other, self), {})
        other = tensor._from_operand(other)
        return NotImplemented if other is None else record(op, (other, self), {})

    return reflected
