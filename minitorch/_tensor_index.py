"""Indexing and assignment: `x[...]` and `x[...] = v`.

The key is split as PyTorch does: first the basic part (ints, slices, None, Ellipsis, bools), a view; then, where the
key holds lists, arrays or tensors, one advanced pick on that view. Masks become positions, which on a device waits for
it. Assignment writes through the same two steps, so that one recorded write serves every form.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ._tensor_data import fitted
from .backend import dtype as dt
from .backend.namespace import backend_of
from .ops.arithmetic import cast, warn_of_lost_part
from .ops.front import PUBLIC
from .ops.index import HOLE, pick, put
from .ops.lookup import lookup
from .ops.mutation import assign, refuse_meeting, refuse_write, store, writes_history
from .ops.shape import expand, reshape, select
from .tracked import Tracked

_FULL = slice(None)


_INDEX_DTYPES = frozenset(map(np.dtype, ("int64", "int32", "uint8", "bool")))


def getitem(tensor: Any, key: Any) -> Any:
    """x[key]."""
    array = tensor._data
    kind = key.__class__
    if kind is int:
        if array.ndim and -array.shape[0] <= key < array.shape[0]:
            return select.one(tensor, {"key": (key,) if key >= 0 else (key + array.shape[0],)})
        _refuse_int(array, key, 0)
    if kind is slice and array.ndim:
        key = (key,)
    if key.__class__ is tuple and len(key) <= array.ndim:
        for part, size in zip(key, array.shape, strict=False):
            if part.__class__ is slice:
                if part.step is not None and not (part.step.__class__ is int and part.step > 0):
                    break
            elif part.__class__ is not int or not -size <= part < size:
                break
        else:
            return select.one(tensor, {"key": key})
    if isinstance(key, Tracked) and key._data.ndim and key._data.dtype.kind == "i" and array.ndim:
        return lookup(tensor, _normalised(key, backend_of(array)), dim=0)
    if isinstance(key, Tracked) and key._data.dtype == bool and key._data.shape == array.shape != () and (
            key._data.__class__ is array.__class__):  # fmt: skip
        return pick(tensor, *backend_of(array).nonzero(key._data), key=(HOLE,) * array.ndim)
    basic, indices, pattern = split_key(tensor, key)
    part = tensor if not basic else select(tensor, key=basic)
    if indices:
        part = pick(part, *indices, key=pattern)
    elif not basic:
        part = select(tensor, key=(Ellipsis,))
    return part


def setitem(tensor: Any, key: Any, value: Any) -> None:
    """x[key] = value."""
    basic, indices, pattern = split_key(tensor, key if key.__class__ is not int else (key,))
    if key.__class__ is int and not (tensor._data.ndim and -tensor._data.shape[0] <= key < tensor._data.shape[0]):
        _refuse_int(tensor._data, key, 0)
    value = _as_value(tensor, value)
    if not indices and value._data.__class__ is not tensor._data.__class__:
        value = value.to(device=tensor.device)
    part = select(tensor, key=basic or (Ellipsis,))
    if indices and value._data.dtype != tensor._data.dtype:
        value = _of_its_dtype(tensor, key, value)
    elif value._data.dtype.kind == "c":
        warn_of_lost_part(tensor._data.dtype)
    recorded = writes_history(tensor, value)
    refuse_write(part if part._view is not None else tensor, recorded)
    refuse_meeting(part, (value,))
    if not recorded:
        if indices:
            target = part._data
            where = tuple(_raw(i) if p is HOLE else p for p, i in _fill(pattern, indices))
            target[where] = _fit(value, target[where].shape, True)
            if tensor._cell is not None:
                tensor._cell[0] += 1
        else:
            store(part, _fit(value, part._data.shape, False))
        return
    if indices:
        shape = pick(part, *indices, key=pattern)._data.shape
        assign(part, put(part, _shaped(value, shape, True), *indices, key=pattern))
    else:
        assign(part, expand(_shaped(value, part._data.shape, False), shape=part._data.shape))


def _of_its_dtype(tensor: Any, key: Any, value: Any) -> Any:
    """A value of another dtype that fills where one mask holds, in the dtype of the tensor.

    Raises:
        RuntimeError: for a value that goes to index tensors, or has several elements.
    """
    parts = [part for part in (key if isinstance(key, tuple) else (key,)) if isinstance(part, Tracked | np.ndarray | list)]
    kinds = [part._data.dtype if isinstance(part, Tracked) else np.asarray(part).dtype for part in parts]
    if value._data.size != 1 or len(kinds) != 1 or kinds[0] not in (bool, "uint8"):
        have, given = (dt.scalar_type(t._data.dtype) for t in (tensor, value))
        raise RuntimeError(f"Index put requires the source and destination dtypes match, got {have} for the destination and "
                           f"{given} for the source.")  # fmt: skip
    if value._data.dtype.kind == "c" and tensor._data.dtype.kind != "c":
        fitted(value.item(), tensor.dtype)
    return cast(value, dtype=tensor._data.dtype)


def _fill(pattern: Any, indices: Any) -> list[tuple[Any, Any]]:
    arrays = iter(indices)
    return [(p, next(arrays) if p is HOLE else None) for p in pattern]


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, Tracked) else value


def _as_value(tensor: Any, value: Any) -> Any:
    from .create import tensor_from

    if isinstance(value, Tracked):
        if value._data.ndim == 0 and backend_of(value._data) is not backend_of(tensor._data):
            number: Any = value
            return tensor_from(number.item(), number.dtype, tensor.device)
        return value
    if isinstance(value, np.number):
        value = value.item()
    if not isinstance(value, bool | int | float | complex):
        kind = type(value)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        raise TypeError(f"can't assign a {name} to a {tensor.type()}. Hint: torch.tensor(value) makes a tensor of it.")
    return tensor_from(fitted(value, tensor.dtype), tensor.dtype, tensor.device)


def _fit(value: Any, shape: Any, picked: bool) -> Any:
    raw = value._data
    lead = raw.ndim - len(shape)
    if lead > 0 and all(n == 1 for n in raw.shape[:lead]):
        raw = raw.reshape(raw.shape[lead:])
    if raw.shape != shape:
        _check_broadcast(value, raw.shape, shape, picked)
    return raw


def _shaped(value: Any, shape: Any, picked: bool) -> Any:
    """A value with superfluous leading dimensions of size 1 dropped, checked to broadcast to `shape`."""
    lead = value._data.ndim - len(shape)
    if lead > 0 and all(n == 1 for n in value._data.shape[:lead]):
        value = reshape(value, shape=value._data.shape[lead:])
    if value._data.shape != tuple(shape):
        _check_broadcast(value, value._data.shape, shape, picked)
    return value


def _check_broadcast(value: Any, have: Any, want: Any, picked: bool) -> None:
    try:
        fits = np.broadcast_shapes(have, want) == tuple(want)
    except ValueError:
        fits = False
    if fits:
        return
    if not picked:
        PUBLIC[""]["expand"].function(value, want)  # says what is wrong
    raise RuntimeError(
        f"shape mismatch: value tensor of shape {list(have)} cannot be broadcast to indexing result of shape "
        f"{list(want)}"
    )


def _refuse_int(array: Any, key: int, axis: int) -> None:
    if not array.ndim:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
            "0-dim tensor to a number"
        )
    raise IndexError(f"index {key} is out of bounds for dimension {axis} with size {array.shape[axis]}")


def _is_sequence_of_parts(key: Any) -> bool:
    """A list is a tuple of parts if it holds a slice, a tensor, an Ellipsis, None or a sequence of them."""
    return isinstance(key, list) and any(
        isinstance(part, slice | Tracked) or part is None or part is Ellipsis for part in key
    )


def split_key(tensor: Any, key: Any) -> tuple[tuple[Any, ...], list[Any], tuple[Any, ...]]:
    """The basic key, the index arrays, and the pattern that says where they go in what the basic key leaves."""
    array = tensor._data
    if _is_sequence_of_parts(key):
        key = tuple(key)
    parts = list(key) if isinstance(key, tuple) else [key]
    xp = backend_of(array)
    parts = [_normalised(part, xp) for part in parts]
    used = sum(_consumed(part) for part in parts)
    if used > array.ndim:
        if not array.ndim and any(isinstance(p, int) and not isinstance(p, bool) for p in parts):
            _refuse_int(array, 0, 0)
        if not array.ndim and len(parts) == 1 and isinstance(parts[0], slice):
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        raise IndexError(f"too many indices for tensor of dimension {array.ndim}")
    while sum(part is Ellipsis for part in parts) > 1 and parts[-1] is Ellipsis:
        parts.pop()
    if sum(part is Ellipsis for part in parts) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    place = next(i for i, part in enumerate(parts) if part is Ellipsis)
    parts[place : place + 1] = [_FULL] * (array.ndim - used)
    basic: list[Any] = []
    pattern: list[Any] = []
    indices: list[Any] = []
    axis = 0
    for part in parts:
        if part is None:
            basic.append(None)
            pattern.append(_FULL)
        elif part.__class__ is bool:
            basic.append(None)
            indices.append(xp.zeros(1 if part else 0, dtype="int64"))
            pattern.append(HOLE)
        elif part.__class__ is int:
            size = array.shape[axis]
            if not -size <= part < size:
                _refuse_int(array, part, axis)
            basic.append(part % size)
            axis += 1
        elif part.__class__ is slice:
            if part.step is not None and part.step <= 0:
                raise ValueError("step must be greater than zero" if part.step else "slice step cannot be zero")
            basic.append(part)
            pattern.append(_FULL)
            axis += 1
        else:
            raw = _raw(part)
            if raw.dtype == bool:
                _check_mask(raw, array, axis)
                found = xp.nonzero(raw)
                indices.extend(found)
                pattern.extend([HOLE] * raw.ndim)
                basic.extend([_FULL] * raw.ndim)
                axis += raw.ndim
            else:
                _check_positions(xp, raw, array.shape[axis], axis)
                indices.append(part)
                pattern.append(HOLE)
                basic.append(_FULL)
                axis += 1
    if all(part == _FULL for part in basic if not isinstance(part, int)) and len(basic) == array.ndim and not any(
            isinstance(part, int) or part is None for part in basic):  # fmt: skip
        basic = []
    if len(indices) > 1:
        _check_fit_together([_raw(index).shape for index in indices])
    while pattern and pattern[-1] == _FULL:
        pattern.pop()
    return tuple(basic), indices, tuple(pattern)


def _normalised(part: Any, xp: Any) -> Any:
    """One part of a key: int, slice, None, Ellipsis, bool, or an index array on the tensor's device."""
    kind = part.__class__
    if kind is int or part is None or part is Ellipsis or kind is bool:
        return part
    if kind is slice:
        if any(hasattr(end, "__index__") and end.__class__ is not int for end in (part.start, part.stop, part.step)):
            return slice(*(None if end is None else end.__index__() for end in (part.start, part.stop, part.step)))
        return part
    if isinstance(part, Tracked):
        raw = part._data
        if raw.ndim == 0 and raw.dtype.kind in "iub":
            return bool(raw) if raw.dtype == bool else int(raw)
        if raw.dtype.kind not in "iub":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if raw.dtype not in _INDEX_DTYPES:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors. Hint: index.long().")
        if raw.dtype == np.uint8:
            warnings.warn("indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                          UserWarning, stacklevel=5)  # fmt: skip
            return raw.astype(bool)
        if backend_of(raw) is not xp:
            return xp.asarray(backend_of(raw).to_host(raw))
        return part
    if isinstance(part, np.bool_):
        return bool(part)
    if hasattr(part, "__index__") and not isinstance(part, np.ndarray):
        return part.__index__()
    if isinstance(part, list | tuple | range | np.ndarray):
        if isinstance(part, list | tuple) and any(isinstance(p, Tracked) for p in part):
            part = [_raw(p) if getattr(_raw(p), "ndim", 0) else backend_of(_raw(p)).to_host(_raw(p)).item()
                    if isinstance(p, Tracked) else p for p in part]  # fmt: skip
        raw = np.asarray(part)
        if raw.size == 0 and raw.dtype.kind == "f":
            raw = raw.astype("int64")
        if raw.dtype.kind not in "iub":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if raw.ndim == 0:
            return bool(raw) if raw.dtype == bool else int(raw)
        return xp.asarray(raw if raw.dtype == bool else raw.astype("int64"))
    if isinstance(part, str):
        raise TypeError("new(): invalid data type 'str'")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
        f"{type(part).__name__})"
    )


def _consumed(part: Any) -> int:
    if part is None or part is Ellipsis or part.__class__ is bool:
        return 0
    if part.__class__ in (int, slice):
        return 1
    raw = _raw(part)
    return int(raw.ndim) if raw.dtype == bool else 1


def _check_fit_together(shapes: list[Any]) -> None:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(str(list(shape)) for shape in shapes)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}"
        ) from None


def _check_mask(mask: Any, array: Any, axis: int) -> None:
    for offset, size in enumerate(mask.shape):
        if size != array.shape[axis + offset]:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {offset} does not match the shape of the indexed "
                f"tensor {list(array.shape)} at index {axis + offset}"
            )


def _check_positions(xp: Any, raw: Any, size: int, axis: int) -> None:
    xp.check_index(raw, size, lambda bad, place: IndexError(
        f"index {bad} is out of bounds for dimension {axis} with size {size} (at position {list(place)} of the index)"
    ))  # fmt: skip
