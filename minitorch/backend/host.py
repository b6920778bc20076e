"""NumPy and scipy.special as a namespace.

Every attribute is NumPy's own function; the verbs below are those that NumPy lacks or spells differently from CuPy.
scipy is imported by the first function that needs it, so that `import minitorch` stays as light as NumPy.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .host_rows import dense, total
from .host_select import LARGE, select
from .namespace import Backend, register

ndarray, asarray = np.ndarray, np.asarray
F32, F64 = np.dtype("float32"), np.dtype("float64")


class Late:
    """A module of scipy, imported at the first look-up."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        value = getattr(importlib.import_module(self._module), name)
        self.__dict__[name] = value
        return value


class Host(Backend):
    """The CPU: arrays are numpy.ndarray."""

    name = "cpu"
    library = np
    array = np.ndarray
    special = Late("scipy.special")
    fft = Late("scipy.fft")  # twice as fast as numpy.fft, and ten times over the first of several dimensions

    asarray = staticmethod(np.asarray)
    total = staticmethod(total)  # type: ignore[assignment]
    ascontiguousarray = staticmethod(dense)
    strided = staticmethod(np.lib.stride_tricks.as_strided)

    @staticmethod
    def broadcast_to(array: Any, shape: tuple[int, ...]) -> Any:
        """numpy.broadcast_to for shapes that are known to fit, at a fraction of its overhead."""
        have = array.shape
        if have == shape:
            return array
        lead = len(shape) - len(have)
        steps = (*[0] * lead, *[0 if n != m else s for n, m, s in zip(have, shape[lead:], array.strides, strict=True)])
        if not array.flags.c_contiguous:
            return np.lib.stride_tricks.as_strided(array, shape, steps)
        return ndarray(shape, array.dtype, array, 0, steps)

    def spread(self, array: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
        """The generic spread in one construction, where the array is plain."""
        if array.__class__ is not ndarray or not array.flags.c_contiguous:
            return super().spread(asarray(array), shape, dims)
        steps, strides = iter(array.strides), []
        kept = array.ndim == len(shape)
        for axis in range(len(shape)):
            if axis in dims:
                strides.append(0)
                if kept:
                    next(steps)
            else:
                strides.append(next(steps))
        return ndarray(shape, array.dtype, array, 0, tuple(strides))

    @staticmethod
    def to_host(array: Any) -> np.ndarray:
        """The same numbers as a NumPy array; on a device this waits for it."""
        return np.asarray(array)

    @staticmethod
    def scatter_add(target: Any, index: Any, values: Any) -> None:
        """`target[index] += values`, counting duplicates, in place.

        Rows picked by one index vector, the common case, are summed in sorted runs (or just written, where no row is
        picked twice): `np.add.at` walks element by element.
        """
        rows = index[0] if len(index) == 1 else None
        if rows is None or rows.ndim != 1 or target.ndim < 2 or not rows.size or rows.dtype.kind != "i":
            np.add.at(target, index, values)
            return
        try:
            times = np.bincount(rows)
        except ValueError:  # positions counted from the end
            rows = rows % target.shape[0]
            times = np.bincount(rows)
        if np.count_nonzero(times) == len(rows):
            target[rows] += values
            return
        order = rows.argsort(kind="stable")
        present = times.nonzero()[0]
        starts = times[present].cumsum()
        starts[1:] = starts[:-1]
        starts[0] = 0
        target[present] += np.add.reduceat(values[order], starts, axis=0)

    @staticmethod
    def spmm(row: Any, column: Any, values: Any, dense: Any, rows: int) -> Any:
        """The matrix of `rows` rows with the values at (row, column) times a dense one, equal places counting."""
        from scipy.sparse import coo_array

        return coo_array((values, (row, column)), shape=(rows, dense.shape[0])) @ dense

    @staticmethod
    def where(condition: Any, *choices: Any) -> Any:
        """numpy.where; for a large mask, without a branch per element."""
        if condition.__class__ is ndarray and condition.size >= LARGE and choices:
            return select(condition, *choices)
        return np.where(condition, *choices)

    @staticmethod
    def shares_memory(one: Any, other: Any) -> bool:
        """Whether the two arrays overlap in memory (by their bounds)."""
        return bool(np.may_share_memory(one, other))

    @staticmethod
    def pointer(array: Any) -> int:
        """The address of the first element."""
        return int(array.__array_interface__["data"][0])

    @staticmethod
    def check_index(index: Any, size: int, describe: Any) -> None:
        """Raise `describe(bad_index, position)` unless every index lies in [-size, size)."""
        if index.size and (int(index.max()) >= size or int(index.min()) < -size):
            bad = np.argwhere((index >= size) | (index < -size))[0]
            raise describe(int(index[tuple(bad)]), tuple(int(i) for i in bad))


HOST = Host()
register(HOST, np.ndarray, *(np.dtype(code).type for code in "?bhilqBHILQefdFD"))
