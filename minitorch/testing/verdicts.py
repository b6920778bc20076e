"""Slopes by the tape against slopes by differences: which agree, which are wrong, and which nobody can tell.

All columns are differenced once. A column with an entry that disagrees, or that this step is too coarse for, is
differenced again with the other steps, smaller and larger, until one is good enough to say. What is left is a kink, or
wrong, or cannot be resolved, which is not a pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Real
from .kinks import kink_at
from .plans import Plan
from .slopes import ROUNDING, Slope, difference, ladder

Mask = NDArray[np.bool_]

TOLERANCE = 1e-6
#: A difference that may be off by more than this part of the largest entry says nothing.
COARSEST = 1e-3
#: An entry that a difference tells a hundred times better may not be off by this part of itself, if it is not what is left
#: of the roundings of the largest entry.
DENIED, SMALLEST = 1e-2, 1e-9
#: A gradient this small beside the function is what cancellation leaves of 0.
NOISE = 5e-14


#: What cancels between the point and its neighbours, as in x - tanh(x) at 0, has this part of the step at least.
UNSEEN = 2e-2


@dataclass
class Verdict:
    """What became of each entry of a plan.

    Attributes:
        plan: with the slopes by the tape.
        difference, error, step: the best slopes by differences, how far off they may be, and the step of each column.
        largest: what the error of each entry is measured against.
        wrong, kinks, unresolved: masks; what is in none of them agrees.
    """

    plan: Plan
    difference: Real
    error: Real
    step: Real
    largest: Real
    wrong: Mask
    kinks: Mask
    unresolved: Mask
    low: Real
    high: Real


def judge(plan: Plan, tolerance: float = TOLERANCE, method: str = "five_point", kinks: str = "skip") -> Verdict:
    """Compare every entry of a plan."""
    tape = plan.tape
    shape = tape.shape
    if method != "complex":
        plan.values.measure_noise()
    ladders = [ladder(plan.values, direction, method) for direction in plan.directions]
    slopes = [difference(plan.values, direction, method, steps[0]) for direction, steps in zip(plan.directions, ladders)]
    value, error = _stacked([s.value for s in slopes], shape), _stacked([s.error for s in slopes], shape)
    floor = _stacked([s.floor for s in slopes], shape)
    step = np.array([s.step for s in slopes])
    finite = np.isfinite(tape)
    largest, scale = _sizes(plan, value, error, floor, step)
    with np.errstate(all="ignore"):
        small = np.maximum(np.abs(tape), plan.sizes) <= NOISE * scale
        blank = _blockwise(plan, small, np.logical_and) & finite  # 0 as far as anybody can tell
        good = _agree(tape, value, error, largest, tolerance) | (blank & (value == tape) & (error <= 21 * floor))
        tame = np.zeros(shape, bool)
        denied = np.zeros(shape, bool)
        for column, slope in enumerate(slopes):
            _look_at_blank(slope, tape[:, column], tame[:, column], denied[:, column], plan.problem.least)
    jumps = np.zeros(shape, bool)
    for column in map(int, np.flatnonzero(~good.all(axis=0))):
        if not finite[:, column].all():
            continue
        seen = {slopes[column].step: slopes[column]}
        for other in ladders[column][1:]:
            found = seen[other] = difference(plan.values, plan.directions[column], method, other)
            _take(found, column, tape, value, error, step, good, largest, tolerance)
            _look_at_blank(found, tape[:, column], tame[:, column], denied[:, column], plan.problem.least)
            if good[:, column].all():
                break
        else:
            steady = _steady(seen)
            slack = np.where(blank[:, column] & ~steady, ROUNDING * UNSEEN, 0.0)
            good[:, column] |= _tends(seen, tape[:, column], largest[:, column], slack)
            jumps[:, column] = _jumps(seen)
            denied[:, column] |= steady
    good |= blank & tame & ~denied
    bad = ~good
    with np.errstate(all="ignore"):
        told = error <= COARSEST * largest
        clear = told | (np.abs(tape - value) > 10 * error)
    kink = bad & jumps & (kinks != "off")
    low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
    if kinks != "off" and method != "complex":
        for column in map(int, np.flatnonzero((bad & finite & ~told & ~kink).any(axis=0))):
            found_kink = kink_at(plan.problem, plan.values, plan.directions[column])
            here = found_kink.mask & bad[:, column] & finite[:, column] & ~told[:, column] & ~kink[:, column]
            low[here, column], high[here, column] = found_kink.low[here], found_kink.high[here]
            kink[:, column] |= here
    wrong = bad & ((~kink & clear & np.isfinite(error)) | ~finite)
    return Verdict(plan, value, error, step, largest, wrong, kink, bad & ~kink & ~wrong, low, high)


def beyond_subgradients(verdict: Verdict) -> Mask:
    """The entries at kinks that lie outside the two slopes there; of a sum of several results none can be told."""
    if verdict.plan.values.weights is not None:
        return np.zeros_like(verdict.kinks)
    with np.errstate(all="ignore"):
        slack = 1e-3 * (verdict.high - verdict.low) + 1e-6 * verdict.largest
        tape = verdict.plan.tape
        return verdict.kinks & ~((tape >= verdict.low - slack) & (tape <= verdict.high + slack))


def _take(found: Slope, column: int, tape: Real, value: Real, error: Real, step: Real, good: Mask, largest: Real,
          tolerance: float) -> None:  # fmt: skip
    """Use what another step says of a column where it settles an entry, or says more of one that is open."""
    agreed = _agree(tape[:, column], found.value, found.error, largest[:, column], tolerance)
    denied = _plainly_wrong(tape[:, column], value[:, column], error[:, column], largest[:, column], tolerance)
    agreed &= ~(denied & (found.error > 3 * error[:, column]))  # a coarser one does not take it back
    with np.errstate(invalid="ignore"):
        take = (agreed | (found.error < error[:, column])) & ~good[:, column]
    value[take, column], error[take, column] = found.value[take], found.error[take]
    if take.any():
        step[column] = found.step
    good[:, column] |= agreed


def _agree(tape: Real, value: Real, error: Real, largest: Real, tolerance: float) -> Mask:
    with np.errstate(all="ignore"):
        far = np.abs(tape - value)
        found: Mask = (error <= COARSEST * largest) & (far <= tolerance * largest + error)
    return found & ~_plainly_wrong(tape, value, error, largest, tolerance)


def _plainly_wrong(tape: Real, value: Real, error: Real, largest: Real, tolerance: float) -> Mask:
    """What may be small beside the other entries, and is yet told clearly."""
    with np.errstate(all="ignore"):
        own = max(DENIED, tolerance) * np.maximum(np.abs(tape), np.abs(value))
        found: Mask = np.abs(tape - value) > np.maximum.reduce([own, 100 * error, SMALLEST * largest])
    return found


def _look_at_blank(found: Slope, tape: Real, tame: Mask, denied: Mask, least: float) -> None:
    """Whether a slope says no more of a blank entry than roundings do, or that it is none."""
    floor = np.maximum(found.floor, ROUNDING * max(least, UNSEEN * found.step) / found.step)
    with np.errstate(all="ignore"):
        within = np.abs(tape - found.value) <= found.bend + floor
    tame |= (found.bend <= 20 * floor) & within
    denied |= (found.bend <= 20 * floor) & ~within


def _decades(seen: dict[float, Slope]) -> list[Slope]:
    """What three steps said, each a tenth of the one before or less."""
    steps = sorted((step for step in seen if 1e-5 <= step <= 1e-3), reverse=True)
    return [seen[step] for step in (steps[0], steps[1], steps[-1])] if len(steps) > 2 else []


def _tends(seen: dict[float, Slope], tape: Real, largest: Real, slack: Real) -> Mask:
    """Whether the differences tend to the slope by the tape as the step shrinks, where none of them gets there: as for
    x**5 at 0, of which every difference is larger than 0 by far more than its rounding."""
    slopes = _decades(seen)
    if not slopes:
        return np.zeros(tape.shape, bool)
    with np.errstate(all="ignore"):
        far = [np.abs(tape - slope.value) for slope in slopes]
        smooth = slopes[2].bend <= 0.5 * slopes[0].bend + 20 * slack
        shrinks = [far[k] <= 0.2 * far[k - 1] + np.maximum(slopes[k].floor, slack) for k in (1, 2)]
        found: Mask = smooth & shrinks[0] & shrinks[1] & (far[2] <= COARSEST * largest)
    return found


def _steady(seen: dict[float, Slope]) -> Mask:
    """Whether three steps agree on a slope that is not 0, however small: no noise does."""
    slopes = _decades(seen)
    if not slopes:
        return np.zeros(next(iter(seen.values())).value.shape, bool)
    with np.errstate(all="ignore"):
        one, two, three = (slope.value for slope in slopes)
        found: Mask = (np.abs(one - two) < 1e-2 * np.abs(one)) & (np.abs(two - three) < 1e-2 * np.abs(two))
    return found


def _jumps(seen: dict[float, Slope]) -> Any:
    """Whether the slope grows as the step shrinks: the point is in the middle of a jump."""
    slopes = _decades(seen)
    if not slopes:
        return False
    with np.errstate(all="ignore"):
        one, two, three = (np.abs(slope.value) for slope in slopes)
        clear = (one > 10 * slopes[0].floor) & (three > 10 * slopes[2].floor)
        return clear & (np.abs(two / one - 10) < 1) & (np.abs(three / two - 10) < 1)


def _sizes(plan: Plan, value: Real, error: Real, floor: Real, step: Real) -> tuple[Real, Real]:
    """The largest entry of each entry's block, by the tape or by a difference to be relied on; and of its results."""
    largest, scale = np.zeros(plan.tape.shape), np.zeros(plan.tape.shape)
    with np.errstate(all="ignore"):
        relied = np.where(error <= 1e-2 * np.abs(value), np.abs(value), 0.0)
        told = np.where(np.isfinite(plan.tape), np.abs(plan.tape), 0.0)
        sizes = np.where(np.isfinite(floor), floor, 0.0) * step / ROUNDING
    for _, rows in plan.rows:
        for _, columns in plan.columns:
            block = np.s_[rows, columns]
            largest[block] = max(relied[block].max(initial=0.0), told[block].max(initial=0.0),
                                 plan.sizes[columns].max(initial=0.0))  # fmt: skip
            scale[block] = max(sizes[block].max(initial=0.0), plan.problem.least)
    return largest, scale


def _blockwise(plan: Plan, mask: Mask, combine: np.ufunc) -> Mask:
    """Whether all entries of each entry's block are in the mask."""
    found = np.zeros_like(mask)
    for _, rows in plan.rows:
        for _, columns in plan.columns:
            found[rows, columns] = combine.reduce(mask[rows, columns], axis=None)
    return found


def _stacked(columns: list[Real], shape: tuple[int, ...]) -> Real:
    return np.stack(columns, axis=1) if columns else np.zeros(shape)
