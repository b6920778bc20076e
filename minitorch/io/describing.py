"""What `save` writes: the nesting as a flat list of JSON nodes, the numbers as named arrays.

A node refers to those before it by number (`[3]`); strings, bools, None, small integers and finite floats stand for
themselves. So nothing in the file is nested, what is shared stays shared, and reading is one pass.

Tensors that overlap in memory are stored as one array, and each is a window on it (sizes, strides, offset); a tensor that
overlaps with none is stored with its shape, so that other readers of safetensors files find it under its name.
"""

from __future__ import annotations

import base64
import math
from collections import Counter, OrderedDict
from typing import Any

import numpy as np

from .._tensor import Tensor
from .._tensor_constants import Constant
from ..backend import dtype as dt
from ..backend.device import Device
from ..backend.namespace import backend_of
from ..size import Size
from ..tracked import Tracked
from .refusal import DEEPEST, CheckpointError, Keys

_SMALL = 2**53
_SEQUENCES: dict[type, str] = {list: "list", tuple: "tuple", Size: "size", set: "set", frozenset: "frozenset"}
_MAPPINGS: dict[type, str] = {dict: "dict", OrderedDict: "ordered", Counter: "counter"}


def dense_order(array: Any) -> list[int] | None:
    """The dimensions from the slowest to the fastest in memory, if the array fills its memory; None if it does not."""
    order = sorted(range(array.ndim), key=lambda d: -array.strides[d])
    step = array.itemsize
    for d in reversed(order):
        if array.shape[d] != 1 and array.strides[d] != step:
            return None
        step *= max(array.shape[d], 1)
    return order


def _extent(array: Any) -> tuple[int, int]:
    """Addresses of the first byte and after the last."""
    pointer = int(backend_of(array).pointer(array))
    low = sum(step * (size - 1) for step, size in zip(array.strides, array.shape) if step < 0)
    high = sum(step * (size - 1) for step, size in zip(array.strides, array.shape) if step > 0)
    return pointer + low, pointer + high + array.itemsize


class Description:
    """The nodes and the arrays of one object.

    Raises:
        CheckpointError: for what is not saved, or contains itself.
    """

    def __init__(self, thing: Any) -> None:
        self.nodes: list[Any] = []
        self.arrays: dict[str, Any] = {}
        self._numbers: dict[int, int] = {}  # id of a thing -> its node
        self._alive: list[Any] = []  # so that no id is used twice
        self._tensors: list[tuple[Tensor, dict[str, Any], str]] = []
        self._keys = Keys()
        self.root = self._walk(thing)
        self._store()

    # ---- the nesting -----------------------------------------------------------------------------------------------
    def _walk(self, thing: Any) -> Any:
        """Depth first with a stack of our own: a thing gets its node after its parts got theirs."""
        open_, stack = set(), [(thing, "", False)]
        while stack:
            thing, path, entered = stack.pop()
            if entered:
                open_.discard(id(thing))
                self._add(thing, self._node(thing, path))
                continue
            if self._plain(thing) or id(thing) in self._numbers:
                continue
            if id(thing) in open_:
                raise CheckpointError(f"{path or 'the object'} contains itself, and cannot be saved")
            open_.add(id(thing))
            if len(open_) > DEEPEST:
                raise CheckpointError(f"{path[:80]}... lies more than {DEEPEST} deep")
            stack.append((thing, path, True))
            stack += [(part, f"{path}.{name}" if path else name, False) for name, part in reversed(self._parts(thing))]
        return self._child(thing)

    @staticmethod
    def _plain(thing: Any) -> bool:
        kind = thing.__class__
        return (thing is None or kind is bool or kind is str or (kind is int and -_SMALL < thing < _SMALL)
                or (kind is float and math.isfinite(thing)))  # fmt: skip

    def _parts(self, thing: Any) -> list[tuple[str, Any]]:
        kind = thing.__class__
        if kind in _MAPPINGS:
            parts = []
            for key, value in thing.items():
                self._keys.checked(key)
                parts += [("key", key), (key if key.__class__ is str else repr(key), value)]
            return parts + [("__dict__", vars(thing))] if getattr(thing, "__dict__", None) else parts
        if kind in _SEQUENCES:
            return [(str(place), item) for place, item in enumerate(thing)]
        if isinstance(thing, Tensor) and thing.__dict__:
            return [("__dict__", thing.__dict__)]
        return []

    def _add(self, thing: Any, node: Any) -> None:
        self._numbers[id(thing)] = len(self.nodes)
        self._alive.append(thing)
        self.nodes.append(node)

    def _child(self, thing: Any) -> Any:
        return thing if self._plain(thing) else [self._numbers[id(thing)]]

    def _node(self, thing: Any, path: str) -> list[Any]:
        kind = thing.__class__
        if kind in _MAPPINGS:
            pairs = [[self._child(key), self._child(value)] for key, value in thing.items()]
            more = getattr(thing, "__dict__", None)
            return [_MAPPINGS[kind], pairs] + ([self._child(more)] if more else [])
        if kind in _SEQUENCES:
            if kind in (set, frozenset):
                for item in thing:
                    self._keys.checked(item)
            return [_SEQUENCES[kind], [self._child(item) for item in thing]]
        if kind is int:
            return ["int", hex(thing)]
        if kind is float:
            return ["float", repr(thing)]
        if kind is complex:
            return ["complex", repr(thing.real), repr(thing.imag)]
        if kind in (bytes, bytearray):
            return [kind.__name__, base64.b64encode(thing).decode()]
        if kind is dt.dtype:
            return ["dtype", thing.name]
        if kind is Device:
            return ["device", str(thing)]
        if isinstance(thing, Constant):
            return ["constant", str(thing)]
        if isinstance(thing, Tracked):
            return self._tensor(thing, path)
        raise CheckpointError(f"{path or 'the object'} is {_named(kind)}, which is not saved{_hint(thing)}")

    def _tensor(self, tensor: Any, path: str) -> list[Any]:
        kinds = {"Tensor": "tensor", "Parameter": "parameter", "Buffer": "buffer"}
        name = tensor.__class__.__name__
        if name not in kinds or not tensor.__class__.__module__.startswith("minitorch.") or not isinstance(tensor, Tensor):
            hint = "give it its shape first, by a first forward" if name.startswith("Uninit") else (
                "save its indices and values, or to_dense()" if hasattr(tensor, "to_dense") and "parse" in name else
                "save x.detach().as_subclass(minitorch.Tensor)")  # fmt: skip
            raise CheckpointError(f"{path or 'the object'} is {_named(tensor.__class__)}, which is not saved. Hint: {hint}")
        told: dict[str, Any] = {"class": kinds[name]}
        if tensor.requires_grad:
            told["requires_grad"] = True
        if tensor.device.type != "cpu":
            told["device"] = str(tensor.device)
        if tensor.__dict__:
            told["attributes"] = self._child(tensor.__dict__)
        self._tensors.append((tensor, told, path))
        return ["tensor", told]

    # ---- the numbers -----------------------------------------------------------------------------------------------
    def _store(self) -> None:
        """Group what overlaps, and store each group once."""
        spans = sorted(((str(tensor.device), *_extent(tensor._data)), place)
                       for place, (tensor, _, _) in enumerate(self._tensors) if tensor._data.size)  # fmt: skip
        groups: list[list[int]] = [[place] for place, (tensor, _, _) in enumerate(self._tensors) if not tensor._data.size]
        device, end = "", 0
        for (where, low, high), place in spans:
            if where == device and low < end:
                groups[-1].append(place)
                end = max(end, high)
            else:
                groups.append([place])
                device, end = where, high
        for group in sorted(groups, key=min):
            self._store_group([self._tensors[place] for place in sorted(group)])

    def _store_group(self, group: list[tuple[Tensor, dict[str, Any], str]]) -> None:
        kinds = {tensor._data.dtype for tensor, _, _ in group}
        if len(kinds) > 1:
            names = " and ".join(path or "the object" for _, _, path in group[:2])
            raise CheckpointError(f"Cannot save multiple tensors or storages that view the same data as different types: {names}")
        if len(group) == 1:
            tensor, told, path = group[0]
            self._store_alone(tensor._data, told, path)
            return
        spans = [_extent(tensor._data) for tensor, _, _ in group]
        low, high = min(span[0] for span in spans), max(span[1] for span in spans)
        size = group[0][0]._data.itemsize
        whole = next((place for place, (tensor, _, _) in enumerate(group)
                      if spans[place] == (low, high) and tensor._data.flags.c_contiguous), None)  # fmt: skip
        if whole is None:  # no one spans them all: their memory, flat
            lowest = group[spans.index(min(spans))][0]._data
            first = lowest[tuple(slice(n - 1, n) if step < 0 else slice(0, 1) for n, step in zip(lowest.shape, lowest.strides))]
            array = backend_of(lowest).strided(first.reshape(-1), ((high - low) // size,), (size,))
            name = self._named(f"{group[0][2]}.storage")
        else:
            array, name = group[whole][0]._data, self._named(group[whole][2])
        self._put(name, array, [told for _, told, _ in group])
        for place, (tensor, told, _) in enumerate(group):
            if place != whole:
                raw = tensor._data
                told["shape"] = list(raw.shape)
                told["strides"] = [step // size for step in raw.strides]
                told["offset"] = (int(backend_of(raw).pointer(raw)) - low) // size

    def _store_alone(self, raw: Any, told: dict[str, Any], path: str) -> None:
        name, order = self._named(path), dense_order(raw)
        if raw.size and 0 in [step for step, size in zip(raw.strides, raw.shape) if size > 1]:  # expanded: once each
            part = raw[tuple(slice(0, 1) if not step else slice(None) for step in raw.strides)]
            told["shape"] = list(raw.shape)
            steps = np.cumprod([1, *part.shape[:0:-1]])[::-1].tolist()
            told["strides"] = [0 if not given else step for given, step in zip(raw.strides, steps)]
            raw = part
        elif order is not None and not raw.flags.c_contiguous:
            told["order"] = order
        self._put(name, raw, [told])

    def _named(self, path: str) -> str:
        name = path or "tensor"
        if name == "__metadata__" or name in self.arrays:
            name = next(found for n in range(2, len(self.arrays) + 4) if (found := f"{name}#{n}") not in self.arrays)
        return name.encode("utf-8", "backslashreplace").decode()

    def _put(self, name: str, raw: Any, told: list[dict[str, Any]]) -> None:
        array = np.ascontiguousarray(backend_of(raw).to_host(raw)).reshape(raw.shape)
        for one in told:
            one["array"] = name
        if array.dtype.kind == "c":  # the format has no complex numbers: pairs
            array = array.reshape(-1).view(array.real.dtype).reshape(*raw.shape, 2)
            for one in told:
                one["complex"] = True
        self.arrays[name] = array


def _named(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _hint(thing: Any) -> str:
    if hasattr(thing, "state_dict"):
        return ". Hint: save its state_dict()"
    if isinstance(thing, np.ndarray):
        return ". Hint: minitorch.from_numpy(array)"
    if isinstance(thing, np.generic):
        return ". Hint: number.item()"
    for kind in (dict, list, tuple, str, int, float):
        if isinstance(thing, kind):
            return f". Hint: {kind.__name__}(...) of it"
    return ": numbers, strings, dicts, lists, tuples, sets, tensors, sizes, dtypes and devices are"
