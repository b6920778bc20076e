"""The tables of resampling: for each new position along one dimension, which old elements it is made of.

Positions are computed in the precision of the numbers that are resampled, as PyTorch computes them, so that the same
elements are met. The tables are small and are made on the host; the last ones made are kept.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from ..backend.host import HOST
from ..ops.resampling import Taps

xp: Any = HOST
F32 = HOST.dtype("float32")


@lru_cache(maxsize=64)
def mean_of(first: tuple[int, ...], lengths: tuple[int, ...], size: int) -> Taps:
    """All elements of windows, with one weight."""
    longest = xp.arange(max(lengths, default=1)).reshape(-1, 1)
    begin, length = xp.asarray(first, dtype="int64"), xp.asarray(lengths, dtype="int64")
    return Taps(xp.minimum(begin + longest, size - 1), xp.where(longest < length, 1 / xp.maximum(length, 1), 0), size)


def step(size: int, count: int, align: bool, factor: float | None, kind: Any) -> Any:
    """How far apart the new positions are, in old elements."""
    if align:
        return kind.type((size - 1) / (count - 1) if count > 1 else 0)
    return kind.type(1 / factor if factor is not None and factor > 0 else size / count)


def centres(size: int, count: int, align: bool, factor: float | None, kind: Any) -> Any:
    """Where among the old elements the new positions are."""
    found = xp.arange(count, dtype="float64")
    apart = float(step(size, count, align, factor, kind))
    return (found * apart if align else (found + 0.5) * apart - 0.5).astype(kind)  # rounded once, as PyTorch's fused steps


@lru_cache(maxsize=64)
def nearest(size: int, count: int, factor: float | None, exact: bool, kind: Any, small: bool) -> Taps:
    """One: the element nearest to each new position: of their centres with `exact`, else of their left edges.

    PyTorch computes the places in small images in another way than those in large ones, in signals and in volumes.
    """
    if small:
        apart = float(step(size, count, False, factor, F32))
        times = {size: 1.0, 2 * size: 0.5}.get(count, apart)
        where = (xp.arange(count) + 0.5) * apart if exact else xp.arange(count) * times
    elif exact:
        where = xp.maximum(centres(size, count, False, factor, kind), 0) + kind.type(0.5)
    else:
        where = xp.arange(count, dtype=kind) * step(size, count, False, factor, kind)
    index = xp.minimum(xp.floor(where.astype("float32")).astype("int64"), size - 1)[None]
    return Taps(index, xp.ones(index.shape, dtype=kind), size)


@lru_cache(maxsize=64)
def linear(size: int, count: int, align: bool, factor: float | None, kind: Any) -> Taps:
    """Two neighbours."""
    where = xp.maximum(centres(size, count, align, factor, kind), 0) if size != count else xp.arange(count, dtype=kind)
    left = xp.minimum(where.astype("int64"), size - 1)
    share = xp.clip(where - left.astype(kind), 0, 1)
    return Taps(xp.stack([left, xp.minimum(left + 1, size - 1)]), xp.stack([1 - share, share]), size)


def whole(table: Taps) -> tuple[Any, Any, int]:
    """A table with whole weights, which fit into 16 bits, and by how many bits they are too large: for whole numbers.
    Neighbours that are one element come together first."""
    index, weights = table.index, table.weights.copy()
    for tap in range(1, len(index)):
        same = index[tap] == index[tap - 1]
        weights[tap] += same * weights[tap - 1]
        weights[tap - 1] *= ~same
    bits = 0
    while bits < 22 and int(0.5 + weights.max() * (1 << bits + 1)) < 1 << 15:
        bits += 1
    return index, xp.trunc(weights * (1 << bits) + xp.copysign(0.5, weights)).astype("int32"), bits


def _near(x: Any, a: float) -> Any:
    return ((a + 2) * x - (a + 3)) * x * x + 1


def _far(x: Any, a: float) -> Any:
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def cubic_weights(share: Any, a: float = -0.75) -> list[Any]:
    """The weights of the four neighbours of a point, by its distance from the second; R. Keys (1981),
    https://doi.org/10.1109/TASSP.1981.1163711. Of arrays or tensors."""
    rest = 1 - share
    return [_far(share + 1, a), _near(share, a), _near(rest, a), _far(rest + 1, a)]


@lru_cache(maxsize=64)
def cubic(size: int, count: int, align: bool, factor: float | None, kind: Any) -> Taps:
    """Four neighbours; beyond the edge the edge."""
    where = centres(size, count, align, factor, kind)
    left = xp.minimum(xp.floor(where).astype("int64"), size - 1)
    share = xp.clip(where - left.astype(kind), 0, 1)
    places = xp.stack([left + offset for offset in (-1, 0, 1, 2)])
    return Taps(xp.clip(places, 0, size - 1), xp.stack(cubic_weights(share)).astype(kind), size)


def _tent(x: Any) -> Any:
    return xp.maximum(1 - abs(x), 0)


def _keys(x: Any) -> Any:
    x = abs(x)
    return xp.where(x < 1, _near(x, -0.5), xp.where(x < 2, _far(x, -0.5), 0))


def _lanczos(x: Any) -> Any:
    return xp.where(abs(x) < 3, xp.sinc(x) * xp.sinc(x / 3), 0)


#: The filters of antialiased resampling and how far they reach.
FILTERS = {"bilinear": (_tent, 1), "bicubic": (_keys, 2), "lanczos": (_lanczos, 3)}


@lru_cache(maxsize=64)
def smooth(mode: str, size: int, count: int, align: bool, factor: float | None, kind: Any) -> Taps:
    """All elements under a filter, which is as wide as the new positions are apart."""
    filter_, reach = FILTERS[mode]
    apart = step(size, count, align, factor, kind)
    wide = max(apart, kind.type(1))
    support = reach * wide
    middle = (xp.arange(count, dtype=kind) + kind.type(0.5)) * apart
    first = xp.maximum((middle - support + kind.type(0.5)).astype("int64"), 0)
    last = xp.minimum((middle + support + kind.type(0.5)).astype("int64"), size)
    taps = min(math.ceil(support) * 2 + 1, max(int((last - first).max()), 1))
    places = first + xp.arange(taps).reshape(-1, 1)
    weights = xp.where(places < last, filter_((places - middle + kind.type(0.5)) / wide), 0).astype(kind)
    total = weights.sum(axis=0)
    weights /= xp.where(total != 0, total, 1)
    return Taps(xp.minimum(places, xp.maximum(last - 1, 0)), weights, size)
