"""From Python data to a host array: numbers, nested sequences, NumPy arrays and tensors.

The shape is read off the first elements and every row is held to it; the dtype is PyTorch's inference over all leaves;
a number that the dtype cannot hold is refused. What arrives is an array of its own, ready to be put on a device and
into a Tensor.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .backend import dtype as dt
from .backend.limits import C_TYPES, cast, refuse_number
from .backend.namespace import backend_of
from .graph.modes import modes
from .tracked import Tracked

Array = np.ndarray[Any, Any]
_NUMBERS = frozenset((bool, int, float, complex))
_PYTHON_TYPES: dict[Any, dt.dtype] = {bool: dt.bool_, int: dt.int64, complex: dt.complex128}


# ---- numbers into dtypes -------------------------------------------------------------------------------------------
def fitted(value: Any, dtype: dt.dtype) -> Any:
    """A Python number as one that `dtype` holds: truncated to an integer, negative ones wrapped where unsigned.

    Raises:
        RuntimeError: where it would overflow or lose an imaginary part.
    """
    kind = dtype.category
    if kind == dt.COMPLEX:
        return complex(value)
    if isinstance(value, complex):
        if value.imag and kind != dt.BOOL:
            refuse_number(C_TYPES[dtype.name])
        value = value if kind == dt.BOOL else value.real
    if kind == dt.BOOL:
        return bool(value)
    if kind == dt.FLOATING:
        info = _largest(dtype)
        if math.isfinite(value) and abs(value) > info:
            refuse_number(C_TYPES[dtype.name])
        return float(value)
    return _integer(value, dtype, C_TYPES[dtype.name])


def _integer(value: Any, dtype: dt.dtype, name: str) -> int:
    bits = 8 * dtype.itemsize
    if value.__class__ is not int:
        if not math.isfinite(value) or (value < 0 and not dtype.is_signed):
            refuse_number(name)
        value = int(value)
    if dtype.is_signed:
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            refuse_number(name)
        return value  # type: ignore[no-any-return]
    if not -(1 << bits) < value < 1 << bits:
        refuse_number(name)
    return value & ((1 << bits) - 1)  # type: ignore[no-any-return]


def _largest(dtype: dt.dtype) -> float:
    return 3.3895313892515355e38 if dtype is dt.bfloat16 else float(np.finfo(dtype.numpy).max)


def convert(raw: Any, target: Any) -> Any:
    """An array in another raw dtype, converted as C does, in silence but for a lost imaginary part."""
    if raw.dtype == target:
        return raw
    if raw.dtype.kind == "c" and target.kind not in "cb":
        warnings.warn("Casting complex values to real discards the imaginary part", UserWarning, stacklevel=4)
        raw = raw.real
    return cast(raw, target) if backend_of(raw).name == "cpu" else modes.run(raw.astype, target)


# ---- data ----------------------------------------------------------------------------------------------------------
def array_of(data: Any, dtype: dt.dtype | None = None) -> Array:
    """Numbers, nested sequences or a NumPy array as a fresh host array; without `dtype`, in the one they imply.

    Raises:
        ValueError: rows of unequal length, or an integer beyond 64 bits.
        TypeError, RuntimeError: something that is no number, or does not fit into `dtype`.
    """
    kind = data.__class__
    if kind in _NUMBERS:
        return _from_numbers([data], {kind}, dtype).reshape(())
    if kind is list or kind is tuple:
        return _from_sequence(data, dtype)
    if isinstance(data, np.ndarray):
        raw = np.array(checked(data), copy=True, subok=False)
        return raw if dtype is None else np.asarray(convert(raw, dtype.numpy))
    if isinstance(data, Tracked):
        raw = np.array(backend_of(data._data).to_host(data._data))
        return raw if dtype is None else np.asarray(convert(raw, dtype.numpy))
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{kind.__name__}'")
    if _is_sequence(data):
        return _from_sequence(data, dtype)
    return _from_numbers([data], {kind}, dtype).reshape(())


def checked(array: Array) -> Array:
    """A NumPy array whose dtype tensors have.

    Raises:
        ValueError: for a foreign byte order.
        TypeError: for strings, objects, dates.
    """
    if not array.dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order. Conversion between "
                         "byte orders is currently not supported.")  # fmt: skip
    dt.of(array.dtype)
    return array


def _is_sequence(value: Any) -> bool:
    if isinstance(value, list | tuple | np.ndarray):
        return not isinstance(value, np.ndarray) or value.ndim > 0
    if isinstance(value, str | bytes | dict | Tracked):
        return False
    return isinstance(value, Sequence | memoryview) or (hasattr(value, "__len__") and hasattr(value, "__getitem__"))


def _from_sequence(data: Any, dtype: dt.dtype | None) -> Array:
    shape = [len(data)]
    leaves: Any = data
    kinds = set(map(type, leaves))
    while leaves and not kinds <= _NUMBERS:  # one level down
        if not any(map(_is_sequence, leaves)):
            break
        if kinds == {np.ndarray}:
            return _from_arrays(leaves, shape, dtype)
        if not _is_sequence(leaves[0]):
            odd = next(leaf for leaf in leaves if _is_sequence(leaf))
            raise TypeError(f"'{type(odd).__name__}' object cannot be interpreted as an integer (at dim {len(shape)})")
        length = len(leaves[0])
        for row in leaves:
            if not _is_sequence(row):
                raise TypeError(f"not a sequence: {type(row).__name__}, expected one of length {length} at dim "
                                f"{len(shape)}")  # fmt: skip
            if len(row) != length:
                raise ValueError(f"expected sequence of length {length} at dim {len(shape)} (got {len(row)})")
        shape.append(length)
        leaves = [item for row in leaves for item in row]
        kinds = set(map(type, leaves))
    return _from_numbers(leaves, kinds, dtype).reshape(shape)


def _from_arrays(arrays: Any, shape: list[int], dtype: dt.dtype | None) -> Array:
    first = arrays[0].shape
    for array in arrays:
        for offset, (have, want) in enumerate(zip(array.shape, first)):
            if have != want:
                raise ValueError(f"expected sequence of length {want} at dim {len(shape) + offset} (got {have})")
        if array.ndim != len(first):
            raise ValueError(f"expected sequences of {len(first)} dimensions at dim {len(shape)} (got {array.ndim})")
    common = dtype or functools.reduce(dt.promote_types, (dt.of(checked(array).dtype) for array in arrays))
    raw = np.stack([np.asarray(convert(np.asarray(array), common.numpy)) for array in arrays])
    return raw.reshape(*shape, *first)


def _from_numbers(leaves: Any, kinds: set[type], dtype: dt.dtype | None) -> Array:
    """A flat array of the leaves of nested data."""
    if dtype is None:
        dtype = _implied(leaves, kinds)
    if not kinds <= _NUMBERS:
        leaves = [_plain(leaf, dtype) for leaf in leaves]
        kinds = set(map(type, leaves))
    if dtype.category == dt.INTEGER:
        return _integers(leaves, kinds, dtype)
    if complex in kinds and dtype.category == dt.FLOATING:
        raise TypeError("must be real number, not complex")
    if dtype.category != dt.FLOATING or dtype.itemsize > 2:
        return modes.run(np.array, leaves, dtype.numpy)  # type: ignore[no-any-return]
    return cast(np.array(leaves, np.float64), dtype.numpy)


def _integers(leaves: Any, kinds: set[type], dtype: dt.dtype) -> Array:
    if complex in kinds:
        raise TypeError("'complex' object cannot be interpreted as an integer")
    if float not in kinds:
        try:
            wide = np.array(leaves, np.uint64 if dtype is dt.uint64 else np.int64)
        except OverflowError as error:
            if dtype is dt.uint64:
                raise
            raise ValueError("Overflow when unpacking long long") from error
        if dtype.itemsize == 8 or not wide.size:
            return wide.astype(dtype.numpy, copy=False)
        for value in (int(wide.min()), int(wide.max())):
            _integer(value, dtype, dtype.name)
        return wide.astype(dtype.numpy)
    return np.array([_integer(value, dtype, dtype.name) for value in leaves], dtype.numpy)


def _plain(leaf: Any, dtype: dt.dtype) -> Any:
    """A leaf as a Python number."""
    if leaf.__class__ in _NUMBERS:
        return leaf
    if isinstance(leaf, Tracked):
        if leaf._data.size != 1:
            if leaf._data.dtype.kind in "iub":
                raise TypeError("only integer tensors of a single element can be converted to an index")
            raise ValueError("only one element tensors can be converted to Python scalars")
        return leaf._data.item()
    if isinstance(leaf, np.generic | np.ndarray):
        return leaf.item()
    if isinstance(leaf, str | bytes):
        _refuse_text(type(leaf))
    if not (hasattr(leaf, "__index__") or hasattr(leaf, "__float__")):  # bool() would take anything
        raise TypeError(f"'{type(leaf).__name__}' object cannot be interpreted as a number")
    return (bool, int, float, complex)[dtype.category](leaf)


def _implied(leaves: Any, kinds: set[type]) -> dt.dtype:
    """The dtype of numbers of several kinds together."""
    if len(kinds) == 1 and float in kinds:
        return dt.default()
    found = set()
    for kind in kinds:
        if kind is float:
            found.add(dt.default())
        elif kind in _NUMBERS:
            found.add(dt.default().to_complex() if kind is complex else _PYTHON_TYPES[kind])
        elif issubclass(kind, np.generic):
            found.add(dt.of(np.dtype(kind)))
        elif issubclass(kind, Tracked | np.ndarray):
            found |= {dt.of((leaf._data if isinstance(leaf, Tracked) else leaf).dtype) for leaf in leaves
                      if isinstance(leaf, kind)}  # fmt: skip
        elif issubclass(kind, str | bytes):
            _refuse_text(kind)
        elif issubclass(kind, int):  # an enumeration
            found.add(dt.int64)
        elif issubclass(kind, float):
            found.add(dt.default())
        else:
            raise RuntimeError(f"Could not infer dtype of {kind.__name__}")
    return functools.reduce(dt.promote_types, found) if found else dt.default()


def _refuse_text(kind: type) -> None:
    if issubclass(kind, str):
        raise ValueError(f"too many dimensions '{kind.__name__}'")
    raise TypeError(f"new(): invalid data type '{kind.__name__}'")
