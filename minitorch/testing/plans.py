"""What is compared: a table of slopes by the tape, one row per result and one column per direction.

`full` asks the tape for the whole Jacobian, one backward per real component of the results. `sampled` asks for one
gradient, of a random combination of the results, and compares it along one random direction per input and at some of
its components; `directional` along the directions only. A large model is proved by these in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..ops.record import node_of
from .arrays import Real, components, count, dense_gradients, draw_like, joined, on_host, placed, slices
from .problem import Problem
from .slopes import Direction, Values

MODES = ("full", "directional", "sampled")
#: How many components of each input `sampled` looks at, at most, and of all inputs together (at least one of each).
SAMPLES, ALL_SAMPLES = 8, 64


@dataclass
class Plan:
    """The slopes by the tape, and how to find them by differences.

    Attributes:
        tape: rows are results (or one combination of them), columns are directions.
        sizes: of each column, what an error is measured against besides the block's entries; 0 for none.
        rows, columns: which of them belong to each output (None: to all) and each input.
    """

    problem: Problem
    values: Values
    directions: list[Direction]
    tape: Real
    sizes: Real
    rows: list[tuple[int | None, slice]]
    columns: list[tuple[int, slice]]


def plan(problem: Problem, mode: str, seed: int) -> list[Plan]:
    """The tables to compare for a mode."""
    if mode == "full":
        return [full(problem)]
    weights, found = projected(problem, seed)
    random = np.random.default_rng(seed + 1)
    plans = [along(problem, weights, found, random)]
    if mode == "sampled":
        plans.append(at_samples(problem, weights, found, random))
    return plans


def full(problem: Problem) -> Plan:
    """Every entry of the Jacobian."""
    tape = tape_jacobian(problem.outputs, problem.tensors)
    columns = list(enumerate(slices(problem.tensors)))
    directions = [Direction(place, column) for place, t in enumerate(problem.tensors) for column in range(count(t))]
    rows: list[tuple[int | None, slice]] = list(enumerate(slices(problem.outputs)))
    return Plan(problem, Values(problem), directions, tape, np.zeros(len(directions)), rows, columns)


def projected(problem: Problem, seed: int) -> tuple[Real, list[Any]]:
    """Random weights for the results, and the gradient of their weighted sum: an array per input."""
    random = np.random.default_rng(seed)
    seeds = [draw_like(output._data, random) for output in problem.outputs]
    pairs = [(output, Tensor._wrap(seed)) for output, seed in zip(problem.outputs, seeds) if node_of(output) is not None]
    if pairs:
        found = dense_gradients([output for output, _ in pairs], problem.tensors, [seed for _, seed in pairs], keep=True)
    else:
        found = [Tensor._wrap(t._data * 0) for t in problem.tensors]
    return joined([Tensor._wrap(seed) for seed in seeds]), [tensor._data for tensor in found]


def along(problem: Problem, weights: Real, found: Sequence[Any], random: np.random.Generator) -> Plan:
    """The weighted sum along one random direction per input."""
    directions: list[Direction] = []
    slopes, sizes = [], []
    for place, (tensor, gradient) in enumerate(zip(problem.tensors, found, strict=True)):
        if not count(tensor):
            continue
        array = on_host(draw_like(np.asarray(on_host(tensor._data)), random))
        terms = components(gradient) * components(array)
        directions.append(Direction(place, array=array))
        slopes.append(float(terms.sum()))
        sizes.append(float(np.abs(terms).sum()))
    columns = [(direction.place, slice(k, k + 1)) for k, direction in enumerate(directions)]
    return Plan(problem, Values(problem, weights), directions, np.array([slopes]).reshape(1, -1), np.array(sizes),
                [(None, slice(0, 1))], columns)  # fmt: skip


def at_samples(problem: Problem, weights: Real, found: Sequence[Any], random: np.random.Generator) -> Plan:
    """The weighted sum at some components of each input, its largest among them."""
    directions: list[Direction] = []
    slopes, sizes, columns = [], [], []
    most = max(1, min(SAMPLES, ALL_SAMPLES // max(1, len(problem.tensors))))
    for place, gradient in enumerate(found):
        numbers = components(gradient)
        if not numbers.size:
            continue
        largest = float(np.abs(numbers).max())
        chosen = {int(np.abs(numbers).argmax()), *map(int, random.choice(numbers.size, min(most, numbers.size), False))}
        columns.append((place, slice(len(directions), len(directions) + len(chosen))))
        for component in sorted(chosen):
            directions.append(Direction(place, component))
            slopes.append(float(numbers[component]))
            sizes.append(largest)
    return Plan(problem, Values(problem, weights), directions, np.array([slopes]).reshape(1, -1), np.array(sizes),
                [(None, slice(0, 1))], columns)  # fmt: skip


def tape_jacobian(outputs: Sequence[Tensor], inputs: Sequence[Tensor]) -> Real:
    """The Jacobian between real components, one backward for each component of the outputs."""
    jacobian = np.zeros((sum(map(count, outputs)), sum(map(count, inputs))))
    row = 0
    for output in outputs:
        units = (1.0, 1.0j) if output._data.dtype.kind == "c" else (1.0,)
        for place in range(int(output._data.size)):
            for unit in units:
                if node_of(output) is not None:
                    seed = np.zeros(output._data.shape, output._data.dtype)
                    seed.reshape(-1)[place] = unit
                    found = dense_gradients([output], inputs, [Tensor._wrap(placed(seed, output._data))], keep=True)
                    jacobian[row] = joined(found)
                row += 1
    return jacobian
