"""What a wrong block of a Jacobian looks like: the sentence that says what kind of mistake it is.

A constant factor, a sign, a transpose, a broadcast that was not summed, a block of zeros: most wrong rules are one of
these, and the numbers show which.
"""

from __future__ import annotations

from itertools import permutations
from math import prod

import numpy as np
from numpy.typing import NDArray

from .arrays import Real

#: How well a pattern must explain the block, relative to its largest entry.
FIT = 1e-4
#: Axes up to which every order is tried.
AXES = 4


def pattern(tape: Real, difference: Real, wrong: NDArray[np.bool_], output: tuple[int, ...], given: tuple[int, ...],
            parts: tuple[int, int] = (1, 1)) -> str:  # fmt: skip
    """Say how the entries by the tape are related to those by differences.

    Args:
        tape, difference: one block, rows are components of the output.
        wrong: which entries disagree.
        output, given: the shapes of the output and the input; `()` for both where rows are no entries of the output.
        parts: real numbers per entry of the output and of the input.
    """
    if not np.isfinite(tape).all():
        return "the gradient is not finite"
    if not np.isfinite(difference[wrong]).all():
        return "in no pattern"
    if not tape.any():
        return "all of them zero by the tape"
    if _unsummed(tape, difference, wrong, output, given, parts):
        return "a broadcast not summed: for some entries of the output the gradient is missing"
    if wrong.sum() > 1 or wrong.size == 1:
        factor = _factor(tape, difference)
        if factor is not None:
            return _factor_text(factor, output, given)
    if parts[1] == 2 and (_alike(_conjugated(tape), difference) or _alike(_transposed_cells(tape, parts), difference)):
        return "a conjugation is missing: the imaginary part has the wrong sign"
    turned = _turned(tape, difference, output, given, parts)
    if turned:
        return turned
    if not tape[wrong].any():
        return "zero where they should not be"
    if wrong.sum() > 2:
        factor = _factor(tape[wrong], difference[wrong])
        if factor is not None:
            return f"these by {_factor_text(factor, output, given)}"
    return "in no pattern"


def _alike(one: Real, other: Real) -> bool:
    if one.shape != other.shape or not one.size:
        return False
    return bool(np.abs(one - other).max() <= FIT * max(np.abs(one).max(), np.abs(other).max()))


def _factor(tape: Real, difference: Real) -> float | None:
    """The number that all differences are multiplied by, if there is one."""
    below = float((difference * difference).sum())
    if not below:
        return None
    factor = float((tape * difference).sum()) / below
    return factor if factor and np.abs(tape - factor * difference).max() <= FIT * np.abs(tape).max() else None


def _factor_text(factor: float, output: tuple[int, ...], given: tuple[int, ...]) -> str:
    if abs(factor + 1) < 1e-3:
        return "the wrong sign"
    text = f"a constant factor of {factor:.6g}"
    if output == given:
        return text
    for size in sorted({*output, *given, prod(output), prod(given)} - {0, 1}):
        if abs(factor * size - 1) < 1e-3:
            return f"{text}, 1/{size}: a mean where the sum belongs, or a broadcast not summed"
        if abs(factor / size - 1) < 1e-3:
            return f"{text}, a size: a sum where the mean belongs, or summed twice"
    return text


def _conjugated(tape: Real) -> Real:
    signs = np.ones(tape.shape[1])
    signs[1::2] = -1
    found: Real = tape * signs
    return found


def _transposed_cells(tape: Real, parts: tuple[int, int]) -> Real:
    """The gradient with g h' in the place of g conj(h'): each 2 x 2 cell of a complex number by another is transposed."""
    if parts != (2, 2):
        return np.zeros((0, 0))
    cells = tape.reshape(tape.shape[0] // 2, 2, tape.shape[1] // 2, 2)
    found: Real = cells.transpose(0, 3, 2, 1).reshape(tape.shape)
    return found


def _turned(tape: Real, difference: Real, output: tuple[int, ...], given: tuple[int, ...], parts: tuple[int, int]) -> str:
    """Whether the axes of the gradient are in the wrong order, or one of them runs backwards."""
    if tape.shape[0] == tape.shape[1] and _alike(tape.T, difference) and not _alike(tape.T, tape):
        return "the transposed Jacobian"
    if parts[1] != 1 or not 1 <= len(given) <= AXES or prod(given) != tape.shape[1]:
        return ""
    expected = difference.reshape(-1, *given)
    for axis, size in enumerate(given):
        if size > 1 and _alike(np.flip(tape.reshape(-1, *given), axis + 1), expected):
            return f"the gradient runs backwards along dim {axis}"
        for shift in (1, -1) if size > 2 else ():
            if _alike(np.roll(tape.reshape(-1, *given), -shift, axis + 1), expected):
                return f"the gradient is shifted by {shift} along dim {axis}"
    for order in permutations(range(len(given))):
        if order == tuple(range(len(given))):
            continue
        moved = tape.reshape(-1, *[given[axis] for axis in order])
        back = np.moveaxis(moved, range(1, len(given) + 1), [axis + 1 for axis in order])
        if _alike(back, expected):
            same = all(given[axis] == size for axis, size in zip(order, given))
            return "the gradient is transposed" if same else "the gradient is reshaped where it should be transposed"
    return ""


def _unsummed(tape: Real, difference: Real, wrong: NDArray[np.bool_], output: tuple[int, ...], given: tuple[int, ...],
              parts: tuple[int, int]) -> bool:  # fmt: skip
    """Whether the input was broadcast, and only some of the places it went to send their gradient back."""
    lead = len(output) - len(given)
    if lead < 0 or parts != (1, 1) or tape.shape != (prod(output), prod(given)):
        return False
    if any(n not in (m, 1) for n, m in zip(given, output[lead:], strict=True)) or prod(given) == prod(output):
        return False
    return not tape[wrong].any() and bool(tape[~wrong].any())
