"""A line search under the strong Wolfe conditions: far enough down, and where the slope is no longer steep.

First the steps grow until a minimum is bracketed, then the bracket shrinks; both by the minimum of a cubic through two
points. Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6; the safeguards are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._tensor import Tensor

Number = float | np.float64


class Point(NamedTuple):
    """A place on the line: how far, the value there, the gradient, and its slope along the line."""

    t: Number
    value: np.float64
    gradient: Tensor
    slope: np.float64


def strong_wolfe(
    at: Callable[[float], Point],
    start: Point,
    t: float,
    length: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
    max_ls: int = 25,
) -> tuple[Point, int]:
    """A point that will do, and how often the function was asked.

    Args:
        at: the point at a distance.
        start: the point at distance 0.
        t: the first distance to try.
        length: the greatest number in the direction.
        c1, c2: how far down, and how much flatter.
        tolerance_change: a bracket shorter than this is not searched.
        max_ls: how often to try.
    """
    new, before = at(t), start
    asked, tries, done = 1, 0, False
    bracket = [start, new]
    while tries < max_ls:
        if new.value > start.value + c1 * new.t * start.slope or (tries > 1 and new.value >= before.value):
            bracket = [before, new]
            break
        if abs(new.slope) <= -c2 * start.slope:
            bracket, done = [new], True
            break
        if new.slope >= 0:
            bracket = [before, new]
            break
        t = _cubic_minimum(before, new, (new.t + 0.01 * (new.t - before.t), new.t * 10))
        before, new = new, at(t)
        asked += 1
        tries += 1
    if tries == max_ls:
        bracket = [start, new]
    low, high = _order(bracket)
    stuck = False
    while not done and tries < max_ls:
        left, right = sorted((bracket[0].t, bracket[1].t))
        if (right - left) * length < tolerance_change:
            break
        t = _cubic_minimum(bracket[0], bracket[1], (left, right))
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:  # too near an end: the second time in a row, move away from it
            if stuck or t >= right or t <= left:
                t = float(right - margin if abs(t - right) < abs(t - left) else left + margin)
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = at(t)
        asked += 1
        tries += 1
        if new.value > start.value + c1 * t * start.slope or new.value >= bracket[low].value:
            bracket[high] = new
            low, high = _order(bracket)
        else:
            if abs(new.slope) <= -c2 * start.slope:
                done = True
            elif new.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = new
    return bracket[low], asked


def _order(bracket: list[Point]) -> tuple[int, int]:
    """The places of the lower and of the higher end."""
    return (0, 1) if bracket[0].value <= bracket[-1].value else (1, 0)


def _cubic_minimum(a: Point, b: Point, bounds: tuple[Number, Number]) -> float:
    """Where the cubic through two points with their slopes is least, inside the bounds."""
    if a.t > b.t:
        a, b = b, a
    with np.errstate(all="ignore"):
        mean = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
        squared = mean**2 - a.slope * b.slope
        if not squared >= 0:
            return float((bounds[0] + bounds[1]) / 2.0)
        root = np.sqrt(squared)
        place = b.t - (b.t - a.t) * ((b.slope + root - mean) / (b.slope - a.slope + 2 * root))
    return float(min(max(place, bounds[0]), bounds[1]))
