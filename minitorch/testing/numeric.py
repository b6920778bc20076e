"""Gradients against finite differences, in float64 and never below: the quick check that runs by the thousand.

One random combination of the results is differenced along one random direction per input; only where that disagrees
with the tape is the whole Jacobian compared, entry by entry, and the finding put in words. The differences are those of
slopes.py. A gradient that is 5 % wrong fails, however small it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._tensor import Tensor
from .arrays import Function, components, count, draw_like, leaf, results
from .findings import settle
from .plans import along, full, projected
from .problem import Problem, gradient_function
from .report import GradientError, Report
from .slopes import ROUNDING, STEPS, difference
from .verdicts import NOISE, TOLERANCE, judge

__all__ = ["GradientError", "check_gradients", "components", "draw_like", "gradient_function", "leaf", "results"]


def check_gradients(function: Function, inputs: Sequence[Tensor], *, order: int = 1, tolerance: float = TOLERANCE,
                    seed: int = 0) -> None:  # fmt: skip
    """Compare the `order`-th derivative by the tape with finite differences of the one below it.

    Args:
        function: takes the inputs; returns a tensor or a tuple of them. Results without floating numbers are ignored.
        inputs: float64 or complex128 tensors; no two of them may share memory. Points away from kinks.
        order: 1 checks the gradient; 2 the gradient of the gradient, also with respect to the cotangent; and so on.
        tolerance: the largest error, relative to the largest entry of the block.
        seed: for the cotangents of the orders above 1, and for the projection.

    Raises:
        GradientError: saying which block and entry, both numbers and their ratio.
        TypeError: for an input of another dtype.
    """
    for tensor in inputs:
        if tensor._data.dtype not in (np.float64, np.complex128):
            raise TypeError(f"differences need float64 or complex128 inputs, but got {tensor.dtype}")
    names = [f"input {place}" for place in range(len(inputs))]
    problem = Problem(function, [leaf(tensor._data) for tensor in inputs], names)
    for level in range(1, order):
        problem = problem.derivative(seed + level)
    if not sum(map(count, problem.tensors)) or not sum(map(count, problem.outputs)):
        return
    if agrees(problem, tolerance / 100, seed):
        return
    found = settle(Report(), judge(full(problem), tolerance, kinks="off"), "error")
    if found:
        raise GradientError(found[0].sentence)


def agrees(problem: Problem, tolerance: float, seed: int = 0) -> bool:
    """Whether the slope of one random combination of the results, along one random direction per input, is right."""
    random = np.random.default_rng(seed + 7919)
    weights, found = projected(problem, seed)
    plan = along(problem, weights, found, random)
    for column, direction in enumerate(plan.directions):
        slope = difference(plan.values, direction, "five_point", STEPS["five_point"][0])
        size, floor = float(plan.sizes[column]), float(slope.floor[0])
        resolved = size > 1e3 * floor or size <= NOISE * floor * slope.step / ROUNDING
        if not resolved or not abs(float(plan.tape[0, column]) - float(slope.value[0])) <= tolerance * size + floor:
            return False
    return True
