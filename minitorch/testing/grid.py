"""The coarse grid that test numbers lie on, so that a failure shrinks to 1.0 and not to 1e-308.

Multiples of 1/16 are exact in every floating dtype, sums and products of a few of them are exact in float64, and no two
are nearly tied. A kink is left out with its neighbourhood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEP = 1 / 16
#: So many points a range has at least, and at most; the step is doubled or halved until it has.
FEWEST, MOST = 16, 4096

Array = NDArray[Any]


def grid(low: float, high: float, avoid: Sequence[float] = (), gap: float = STEP, step: float = STEP, shift: float = 0.0
         ) -> Array:  # fmt: skip
    """The multiples of `step` in [low, high), moved by `shift`, without those nearer than `gap` to a point of `avoid`."""
    return away(np.arange(math.ceil(low / step), math.floor(high / step)) * step + shift, avoid, gap)


def away(points: Array, avoid: Sequence[float], gap: float) -> Array:
    """The points that are not nearer than `gap` to one of `avoid`."""
    for point in avoid:
        points = points[np.abs(points - point) >= gap]
    return points


def spread(points: Array, gap: float) -> Array:
    """As many of the ascending points as lie `gap` apart, from the lowest on."""
    kept: list[int] = []
    for place in range(len(points)):
        if not kept or points[place] - points[kept[-1]] >= gap:
            kept.append(place)
    return points[kept]


def fitting(low: float, high: float, avoid: Sequence[float] = (), gap: float = STEP, count: int = 0) -> Array:
    """A grid of at least `count` points whose step suits the range: 1/16, or finer or coarser by powers of two.

    Raises:
        ValueError: where the bounds leave fewer.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"bounds must be finite and in order, but got [{low}, {high})")
    step, wanted = STEP, max(FEWEST, count)
    while high / step - low / step > MOST:
        step *= 2
    while high / step - low / step < wanted or len(grid(low, high, avoid, gap, step)) < max(count, 1):
        step /= 2
        if high / step - low / step > 64 * max(MOST, count) or step < 2.0**-1070:
            raise ValueError(f"fewer than {max(count, 1)} numbers of [{low}, {high}) keep a distance of {gap} from {list(avoid)}")
    return grid(low, high, avoid, gap, step)


def simplest_first(points: Array) -> Array:
    """The order in which a failure should prefer them: 0, 1, -1, -2, then halves, quarters, and so on; inf and nan last."""
    values = points.astype(np.float64)
    finite = np.isfinite(values)
    fraction, exponent = np.frexp(np.where(finite, values, 0.0))
    mantissa = (np.ldexp(np.abs(fraction), 53)).astype(np.int64)
    trailing = np.log2(np.maximum(mantissa & -mantissa, 1)).astype(np.int64)
    places = np.where(mantissa == 0, 0, np.maximum(53 - exponent - trailing, 0))  # binary places behind the point
    return np.lexsort((np.abs(values), np.signbit(values), places, np.isnan(values), ~finite))
