"""An elementwise update in pieces: real, at least float32, and small enough to stay in the cache.

An update rule is written once, for aligned arrays of one shape. `pieces` hands it those arrays a block at a time, so
that the temporaries of a large parameter never leave the cache; a complex parameter as its real and its imaginary part;
a half-precision one as float32 copies that are rounded once, at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..backend.host import HOST
from ..backend.namespace import Backend

Array = Any


class Stand:
    """What stands for an array while a step is recorded: see _recording.py."""

    __slots__ = ()


#: Elements per block on the host. A megabyte of float32 per array costs few calls and leaves the last-level cache room
#: for all arrays of an update; Adam on 16 M elements takes 0.6 of the time that whole arrays take.
BLOCK = 1 << 18


def pieces(xp: Backend, written: list[Array], read: list[Array]) -> Iterator[list[Array]]:
    """Aligned pieces of all the arrays, those that the rule writes to first.

    Args:
        written: arrays of one shape that the rule changes in place.
        read: further arrays of that shape; never to be changed by the rule.
    """
    first = written[0]
    if isinstance(first, Stand):
        yield from first.pieces(written, read)  # type: ignore[attr-defined]
    elif first.dtype.kind == "c":
        yield from pieces(xp, [a.real for a in written], [a.real for a in read])
        yield from pieces(xp, [a.imag for a in written], [a.imag for a in read])
    elif first.itemsize == 2:
        wide = [a.astype("float32") for a in written]
        yield from pieces(xp, wide, [a.astype("float32") for a in read])
        for array, result in zip(written, wide, strict=True):
            array[...] = result.astype(array.dtype)
    elif first.ndim == 0:
        # As one-element vectors: the ufuncs make scalars of 0-d arrays, which cannot be written to.
        yield [a.reshape(1) for a in (*written, *read)]
    elif first.size <= BLOCK or xp is not HOST:
        yield [*written, *read]
    else:
        yield from _blocks([*written, *read])


def _blocks(arrays: list[Array]) -> Iterator[list[Array]]:
    if all(a.flags.c_contiguous for a in arrays):
        arrays = [a.reshape(-1) for a in arrays]
    elif all(a.flags.f_contiguous for a in arrays):
        arrays = [a.T.reshape(-1) for a in arrays]
    rows = len(arrays[0])
    step = max(1, BLOCK * rows // arrays[0].size)
    for start in range(0, rows, step):
        yield [a[start : start + step] for a in arrays]
