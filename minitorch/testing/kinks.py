"""Kinks: points where a function has one slope behind and another ahead.

The one-sided slopes of a smooth function at a step h differ by h times its curvature, so at h/2 by half as much. Where
the disagreement does not shrink there is a kink (or a jump, where it grows), and no difference can say what the
derivative is. Any number between the two slopes is a subgradient and right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import Real
from .problem import Problem
from .slopes import Direction, Values, one_sided

#: The larger of the two steps. Kinks that are further away than the smallest step of a difference do not disturb it.
STEP = 1e-5
#: A smooth disagreement halves with the step; one that keeps more than this of its size is a kink.
SHRINKS = 0.75
#: The smallest disagreement beside the slopes that counts.
LEAST = 1e-5


@dataclass
class Kink:
    """Which results have a kink along a direction, and the two slopes there."""

    mask: NDArray[np.bool_]
    low: Real
    high: Real


def kink_at(problem: Problem, values: Values, direction: Direction) -> Kink:
    """Look for kinks of each value at the point, along a direction; also in the units of what moves."""
    found = _at_step(values, direction, STEP)
    reach = direction.reach(problem)
    if 0 < reach < 1e-2 or reach > 1e2:
        own = _at_step(values, direction, STEP * reach)
        found.low = np.where(found.mask, found.low, own.low)
        found.high = np.where(found.mask, found.high, own.high)
        found.mask |= own.mask
    return found


def _at_step(values: Values, direction: Direction, step: float) -> Kink:
    behind, ahead, _ = one_sided(values, direction, step)
    closer_behind, closer_ahead, floor = one_sided(values, direction, step / 2)
    with np.errstate(all="ignore"):
        before, after = np.abs(ahead - behind), np.abs(closer_ahead - closer_behind)
        size = np.maximum(np.abs(closer_behind), np.abs(closer_ahead))
        mask = np.isfinite(after) & (after > SHRINKS * before) & (after > LEAST * size) & (after > 100 * floor)
    return Kink(mask, np.minimum(closer_behind, closer_ahead), np.maximum(closer_behind, closer_ahead))
