"""The way back: from the nodes and arrays of a file of `save` (describing.py) to the object.

Nodes refer only to nodes before them, so that one pass makes everything and nothing can contain itself. The text of a
file is checked like any stranger's: every node has its form, every window lies inside its array.
"""

from __future__ import annotations

import base64
import json
import math
from collections import Counter, OrderedDict
from typing import Any

import numpy as np

from .. import _tensor_constants as constants
from .._tensor import Tensor
from ..backend import dtype as dt
from ..backend.device import Device
from ..size import Size
from .placing import Placer, window
from .refusal import DEEPEST, CheckpointError, Keys, check_window, shown, whole

#: What the format calls the dtypes; complex numbers are stored as pairs.
FORMATS = {"F64": dt.float64, "F32": dt.float32, "F16": dt.float16, "BF16": dt.bfloat16, "I64": dt.int64, "I32": dt.int32,
           "I16": dt.int16, "I8": dt.int8, "U64": dt.uint64, "U32": dt.uint32, "U16": dt.uint16, "U8": dt.uint8,
           "BOOL": dt.bool_, "C64": dt.complex64, "C128": dt.complex128}  # fmt: skip
_DTYPES = {kind.name: kind for kind in dt.ALL}
_CONSTANTS = {str(found): found for found in vars(constants).values() if isinstance(found, constants.Constant)}


def read_nodes(text: str, arrays: dict[str, Any], place: Placer) -> Any:
    """The object that a description and its arrays stand for.

    Args:
        text: the JSON text that `save` wrote.
        arrays: name -> array of the stored shape.
        place: sends arrays to their device.

    Raises:
        CheckpointError: for a text that `save` does not write.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise CheckpointError(f"the description of the file is no JSON: {reason}") from None
    if not isinstance(told, dict) or told.get("version") != 1 or not isinstance(told.get("nodes"), list):
        version = shown(told.get("version")) if isinstance(told, dict) else "missing"
        raise CheckpointError(f"the description of the file has another form or version ({version}, and 1 is read)")
    return Restoration(arrays, place).run(told["nodes"], told.get("root"))


class Restoration:
    """One pass over the nodes."""

    def __init__(self, arrays: dict[str, Any], place: Placer) -> None:
        self.arrays, self.place = arrays, place
        self.things: list[Any] = []
        self.depths: list[int] = []
        self.keys = Keys()
        self._deep = 0
        self._turned: set[str] = set()
        self._placed: dict[tuple[str, str, bool], Any] = {}

    def run(self, nodes: list[Any], root: Any) -> Any:
        for number, node in enumerate(nodes):
            self._deep = 0
            try:
                thing = self._make(node)
            except CheckpointError as reason:
                raise CheckpointError(f"node {number} of the description: {reason}") from None
            if self._deep >= DEEPEST:
                raise CheckpointError(f"node {number} of the description lies more than {DEEPEST} deep")
            self.things.append(thing)
            self.depths.append(self._deep + 1)
        return self._child(root)

    def _child(self, child: Any) -> Any:
        if child.__class__ is list:
            number = child[0] if len(child) == 1 else None
            if number.__class__ is not int or not 0 <= number < len(self.things):
                raise CheckpointError(f"it refers to a node that is not before it: {shown(number)}")
            self._deep = max(self._deep, self.depths[number])
            return self.things[number]
        if child is None or child.__class__ in (str, bool, int, float):
            return child
        raise CheckpointError(f"a value {shown(child)} is not taken")

    def _make(self, node: Any) -> Any:
        if node.__class__ is not list or not 2 <= len(node) <= 3 or node[0].__class__ is not str:
            raise CheckpointError("it is not [kind, content]")
        kind, content = node[0], node[1]
        if kind in ("dict", "ordered", "counter"):
            return self._mapping(kind, content, node[2] if len(node) == 3 else None)
        if kind in ("list", "tuple", "size", "set", "frozenset"):
            return self._sequence(kind, content)
        if kind == "complex" and len(node) == 3:
            return complex(_number(content), _number(node[2]))
        if kind == "tensor" and content.__class__ is dict:
            return self._tensor(content)
        if content.__class__ is not str:
            raise CheckpointError(f"its kind is {shown(kind)}, its content {shown(content)}")
        return self._scalar(kind, content)

    def _mapping(self, kind: str, pairs: Any, more: Any) -> Any:
        if pairs.__class__ is not list or not all(pair.__class__ is list and len(pair) == 2 for pair in pairs):
            raise CheckpointError("a dict must be a list of [key, value]")
        found: Any = {"dict": dict, "ordered": OrderedDict, "counter": Counter}[kind]()
        for key, value in pairs:
            found[self.keys.checked(self._child(key))] = self._child(value)
        if more is not None:
            extra = self._child(more)
            if kind != "ordered" or extra.__class__ is not dict or set(extra) - {"_metadata"}:
                raise CheckpointError("an OrderedDict may carry the attribute '_metadata' and no other")
            vars(found).update(extra)
        return found

    def _sequence(self, kind: str, items: Any) -> Any:
        if items.__class__ is not list:
            raise CheckpointError(f"a {kind} must be a list")
        made = [self._child(item) for item in items]
        if kind in ("set", "frozenset"):
            made = [self.keys.checked(item) for item in made]
        if kind == "size":
            return Size([whole(size, "a size") for size in made])
        return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](made)

    @staticmethod
    def _scalar(kind: str, text: str) -> Any:
        try:
            if kind == "int":
                return int(text, 16)
            if kind == "float":
                return _number(text)
            if kind in ("bytes", "bytearray"):
                found = base64.b64decode(text, validate=True)
                return found if kind == "bytes" else bytearray(found)
            if kind == "device":
                return Device(text)
        except (ValueError, RuntimeError) as reason:
            raise CheckpointError(f"{kind} {shown(text)}: {reason}") from None
        tables: dict[str, dict[str, Any]] = {"dtype": _DTYPES, "constant": _CONSTANTS}
        table = tables.get(kind, {})
        if text not in table:
            raise CheckpointError(f"there is no {shown(kind)} {shown(text)}")
        return table[text]

    # ---- tensors ---------------------------------------------------------------------------------------------------
    def _tensor(self, told: dict[str, Any]) -> Any:
        name = told.get("array")
        if name.__class__ is not str or name not in self.arrays:
            raise CheckpointError(f"the file has no array {shown(name)}")
        where, location = f"the tensor {shown(name)}", told.get("device", "cpu")
        if location.__class__ is not str:
            raise CheckpointError(f"{where}: its device is {shown(location)}")
        flat, shape = self._flat(name, location, told.get("complex") is True)
        if "strides" in told:
            tensor = window(flat, told.get("shape"), told["strides"], told.get("offset", 0), where)
        else:
            if "order" in told:
                if name in self._turned:  # each time is a copy
                    raise CheckpointError(f"{where} is laid out anew twice")
                self._turned.add(name)
            tensor = self._ordered(flat, shape, told["order"], where) if "order" in told else Tensor._wrap(flat.reshape(shape))
        return self._dressed(tensor, told, where)

    def _flat(self, name: str, location: str, paired: bool) -> tuple[Any, tuple[int, ...]]:
        array = self.arrays[name]
        if paired:
            if array.dtype not in (np.float32, np.float64) or array.shape[-1:] != (2,):
                raise CheckpointError(f"the array {shown(name)} does not hold pairs")
            array = array.reshape(-1).view(f"c{2 * array.itemsize}").reshape(array.shape[:-1])
        key = name, location, paired
        if key not in self._placed:
            self._placed[key] = self.place(array.reshape(-1), location)
        return self._placed[key], array.shape

    @staticmethod
    def _ordered(flat: Any, shape: tuple[int, ...], order: Any, where: str) -> Tensor:
        """The numbers anew, with the dimensions in the order in memory that they had."""
        if order.__class__ is not list or not all(d.__class__ is int for d in order) or sorted(order) != [*range(len(shape))]:
            raise CheckpointError(f"{where}: the order of its dimensions is {shown(order)}")
        back = [order.index(d) for d in range(len(order))]
        return Tensor._wrap(flat.reshape(shape).transpose(order).copy().transpose(back))

    def _dressed(self, tensor: Tensor, told: dict[str, Any], where: str) -> Tensor:
        kind, wanted = told.get("class"), told.get("requires_grad") is True
        extra = self._child(told["attributes"]) if "attributes" in told else {}
        return dressed(tensor, kind, wanted, extra, where)


def dressed(tensor: Tensor, kind: Any, requires_grad: bool, extra: Any, where: str) -> Tensor:
    """The tensor as what it was: of its class, with its flag and its attributes.

    Raises:
        CheckpointError: for another class, attributes that are hidden, or a gradient of integers.
    """
    from ..nn.parameter import Buffer, Parameter

    classes: dict[Any, Any] = {"tensor": None, "parameter": Parameter, "buffer": Buffer}
    if kind.__class__ is not str or kind not in classes:
        raise CheckpointError(f"{where}: it is {shown(kind)}, and not a tensor, a parameter or a buffer")
    if extra.__class__ not in (dict, OrderedDict) or not all(
        key.__class__ is str and not key.startswith("__") and not hasattr(Tensor, key) for key in extra
    ):
        raise CheckpointError(f"{where}: attributes must have names of their own")
    if requires_grad and not (tensor.is_floating_point() or tensor.is_complex()):
        raise CheckpointError(f"{where}: numbers of {tensor.dtype} have no gradient")
    memory = getattr(tensor, "_memory", None)
    if kind == "parameter":
        tensor = Parameter(tensor, requires_grad)
    elif kind == "buffer":
        tensor = Buffer(tensor)
    if memory is not None:
        tensor._memory = memory
    vars(tensor).update(extra)
    return tensor.requires_grad_() if requires_grad else tensor


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        raise CheckpointError(f"a float {shown(text)} is none") from None


def stored_array(entry: dict[str, Any], name: str) -> Any:
    """One entry of the format's directory as an array, on the bytes of the entry.

    Raises:
        CheckpointError: for a dtype that tensors do not have, or sizes that do not fit.
    """
    from .placing import typed

    kind = FORMATS.get(entry["dtype"])
    if kind is None:
        raise CheckpointError(f"the array {shown(name)} has the dtype {shown(entry['dtype'])}, which tensors do not have here")
    raw, shape = np.frombuffer(entry["data"], dtype=np.uint8), tuple(entry["shape"])
    if math.prod(shape) * kind.itemsize != raw.size:
        raise CheckpointError(f"the array {shown(name)} of shape {shape} has {raw.size} bytes")
    check_window(shape, [0] * len(shape), 0, 1, kind.itemsize, f"the array {shown(name)}")
    return typed(raw, kind).reshape(shape)
