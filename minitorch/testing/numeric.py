"""Gradients against finite differences, in float64 and never below.

A function of tensors is differenced one real component at a time by the five-point stencil, and its backward is asked
for one row of the Jacobian at a time. A complex number counts as two real ones: the gradient of L = Re(conj(g) f) is
dL/dRe + i dL/dIm, PyTorch's J^H g, so one comparison of real matrices serves both. The tolerance is relative to the
largest entry of a block (one output, one input): a gradient that is 5 % wrong fails, however small it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tensor import Tensor
from ..graph.modes import enable_grad
from ..ops.backward import gradients
from ..ops.record import node_of

Function = Callable[..., Any]
Real = NDArray[np.float64]

#: Steps of the stencil, tried in turn. At the first, truncation and rounding are both near 1e-12 of a smooth function of
#: order 1; where the function bends too fast for it, a smaller one still tells right from wrong.
STEPS = (1e-3, 1e-4)
TOLERANCE = 1e-6
#: 100 roundings: what a difference of numbers of size 1 cannot see, times the step.
ROUNDING = 2.3e-14
#: A gradient this small beside the function is what cancellation leaves of 0.
NOISE = 1e2 * ROUNDING
#: The size that a function is taken to have at least: where it is 0, what is rounded is not its value.
LEAST = 1e-2


class GradientError(AssertionError):
    """A backward that disagrees with finite differences, or that they cannot resolve."""


def check_gradients(function: Function, inputs: Sequence[Tensor], *, order: int = 1, tolerance: float = TOLERANCE,
                    seed: int = 0) -> None:  # fmt: skip
    """Compare the `order`-th derivative by the tape with finite differences of the one below it.

    One random projection is compared first; only where it disagrees are the Jacobians compared entry by entry.

    Args:
        function: takes the inputs; returns a tensor or a tuple of them. Results without floating numbers are ignored.
        inputs: float64 or complex128 tensors; no two of them may share memory.
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
    for level in range(1, order):
        function, inputs = gradient_function(function, inputs, seed + level)
        names += [f"cotangent {place} of order {level}" for place in range(len(inputs) - len(names))]
    inputs = [leaf(tensor._data) for tensor in inputs]
    outputs = results(function, inputs)
    if not sum(map(_count, inputs)) or not sum(map(_count, outputs)):
        return
    if _projections_agree(function, inputs, outputs, tolerance / 100, np.random.default_rng(seed)):
        return
    by_tape = tape_jacobian(outputs, inputs)
    scale = [LEAST + float(np.abs(output._data).max(initial=0.0)) for output in outputs]
    problem = None
    for step in STEPS:
        by_difference = difference_jacobian(function, inputs, step)
        try:
            for out, rows in enumerate(_blocks(outputs)):
                for place, columns in enumerate(_blocks(inputs)):
                    _compare(by_tape[rows, columns], by_difference[rows, columns], tolerance, scale[out], step,
                             f"output {out}, {names[place]}", inputs[place])  # fmt: skip
            return
        except GradientError as error:
            problem = problem or error
    assert problem is not None
    raise problem


def _projections_agree(function: Function, inputs: Sequence[Tensor], outputs: Sequence[Tensor], tolerance: float,
                       random: np.random.Generator) -> bool:  # fmt: skip
    """Whether the slope of one random combination of the outputs, along one random direction per input, is right."""
    recorded = [output for output in outputs if node_of(output) is not None]
    seeds = [draw_like(output._data, random) for output in outputs]
    weights = _joined([Tensor._wrap(seed) for seed in seeds])
    chosen = [Tensor._wrap(seed) for seed, output in zip(seeds, outputs, strict=True) if node_of(output) is not None]
    if recorded:
        found = gradients(recorded, list(inputs), chosen, retain_graph=True, materialize_grads=True)
    else:
        found = tuple(Tensor._wrap(tensor._data * 0) for tensor in inputs)
    scale = LEAST + float(np.abs(weights * _joined(outputs)).sum())
    for place, (tensor, gradient) in enumerate(zip(inputs, found, strict=True)):
        direction = draw_like(tensor._data, random)
        arrays = [other._data for other in inputs]

        def value(step: float, arrays: Any = arrays, place: int = place, direction: Any = direction) -> float:
            moved = [*arrays[:place], arrays[place] + step * direction, *arrays[place + 1 :]]
            return float(weights @ _joined(results(function, [leaf(array) for array in moved])))

        terms = components(gradient._data) * components(direction)
        slope, size = float(terms.sum()), float(np.abs(terms).sum())
        step = STEPS[0]
        difference = (value(-2 * step) - 8 * value(-step) + 8 * value(step) - value(2 * step)) / (12 * step)
        resolution = ROUNDING * scale / step
        resolved = size > 1e3 * resolution or size <= NOISE * scale
        if not resolved or not abs(slope - difference) <= tolerance * size + resolution:
            return False
    return True


def gradient_function(function: Function, inputs: Sequence[Tensor], seed: int = 0) -> tuple[Function, list[Tensor]]:
    """The function from inputs and cotangents to the gradients of `function`, and a point to evaluate it at."""
    random = np.random.default_rng(seed)
    count = len(inputs)
    outputs = results(function, [leaf(tensor._data) for tensor in inputs])
    cotangents = [leaf(draw_like(output._data, random)) for output in outputs]

    def pulled(*values: Tensor) -> tuple[Tensor, ...]:
        with enable_grad():
            chosen = list(values[:count])
            recorded, seeds = [], []
            for output, cotangent in zip(results(function, chosen), values[count:], strict=True):
                if node_of(output) is not None:
                    recorded.append(output)
                    seeds.append(cotangent)
            if not recorded:
                return tuple(leaf(value._data * 0) for value in chosen)
            return gradients(recorded, chosen, seeds, create_graph=True, materialize_grads=True)

    return pulled, [*inputs, *cotangents]


def results(function: Function, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The floating and complex results of a call, as a list."""
    found = function(*inputs)
    listed = found if isinstance(found, tuple | list) else (found,)
    return [result for result in listed if isinstance(result, Tensor) and result._data.dtype.kind in "fc"]


def leaf(array: Any) -> Tensor:
    """A tensor around this very array that requires grad."""
    return Tensor._wrap(np.asarray(array)).requires_grad_()


def draw_like(array: Any, random: np.random.Generator) -> Any:
    """Numbers of the same shape and dtype with a size between 1/2 and 3/2, of either sign."""

    def real() -> Any:
        return random.uniform(0.5, 1.5, array.shape) * random.choice((-1.0, 1.0), array.shape)

    drawn = real() + 1j * real() if array.dtype.kind == "c" else real()
    return np.asarray(drawn, dtype=array.dtype)


def components(array: Any) -> Real:
    """The real numbers that an array is made of, in one dimension; a copy."""
    dense = np.array(array, order="C").reshape(-1)
    return dense.view(np.float64) if dense.dtype.kind == "c" else dense.astype(np.float64)


def _count(tensor: Tensor) -> int:
    return int(tensor._data.size) * (2 if tensor._data.dtype.kind == "c" else 1)


def _blocks(tensors: Sequence[Tensor]) -> Iterator[slice]:
    """Where the components of each tensor lie when all are joined."""
    start = 0
    for tensor in tensors:
        yield slice(start, start + _count(tensor))
        start += _count(tensor)


def _joined(tensors: Sequence[Tensor]) -> Real:
    return np.concatenate([components(tensor._data) for tensor in tensors]) if tensors else np.zeros(0)


def tape_jacobian(outputs: Sequence[Tensor], inputs: Sequence[Tensor]) -> Real:
    """The Jacobian between real components, one backward for each component of the outputs."""
    jacobian = np.zeros((sum(map(_count, outputs)), sum(map(_count, inputs))))
    row = 0
    for output in outputs:
        units = (1.0, 1.0j) if output._data.dtype.kind == "c" else (1.0,)
        for place in range(int(output._data.size)):
            for unit in units:
                if node_of(output) is not None:
                    seed = np.zeros(output._data.shape, output._data.dtype)
                    seed.reshape(-1)[place] = unit
                    found = gradients([output], list(inputs), [Tensor._wrap(seed)], retain_graph=True,
                                      materialize_grads=True)  # fmt: skip
                    jacobian[row] = _joined(found)
                row += 1
    return jacobian


def difference_jacobian(function: Function, inputs: Sequence[Tensor], step: float = STEPS[0]) -> Real:
    """The Jacobian between real components by the five-point stencil; inputs are moved as dense copies."""
    arrays = [np.array(tensor._data, order="C") for tensor in inputs]

    def value() -> Real:
        return _joined(results(function, [leaf(array) for array in arrays]))

    columns = []
    for array in arrays:
        numbers = array.reshape(-1).view(np.float64)
        for place in range(numbers.size):
            before = numbers[place]
            values = []
            for steps in (-2, -1, 1, 2):
                numbers[place] = before + steps * step
                values.append(value())
            numbers[place] = before
            columns.append((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step))
    return np.stack(columns, axis=1) if columns else np.zeros((value().size, 0))


def _compare(tape: Real, difference: Real, tolerance: float, scale: float, step: float, where: str, tensor: Tensor
             ) -> None:  # fmt: skip
    """One block of the Jacobian of an output of size `scale`.

    Raises:
        GradientError: where they disagree, or where the difference is too coarse to tell.
    """
    if not tape.size:
        return
    resolution = ROUNDING * scale / step  # below it a difference says nothing
    largest = max(float(np.abs(tape).max()), float(np.abs(difference).max()))
    if not np.isfinite(largest):
        raise GradientError(f"{where}: the derivative is not finite: by the tape {tape}, by differences {difference}")
    if largest <= resolution:
        if float(np.abs(tape).max()) > NOISE * scale:
            raise GradientError(
                f"{where}: differences cannot resolve a gradient of size {largest:.1e} (below {resolution:.1e})"
            )
        return
    error = np.abs(tape - difference)
    wrong = error > tolerance * largest + resolution
    if not wrong.any():
        return
    row, column = (int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    element = column // 2 if tensor._data.dtype.kind == "c" else column
    index = tuple(int(i) for i in np.unravel_index(element, tensor._data.shape)) if tensor._data.ndim else ()
    part = ("", "", " (real part)", " (imaginary part)")[2 + column % 2 if tensor._data.dtype.kind == "c" else 0]
    raise GradientError(
        f"{where}: {int(wrong.sum())} of {wrong.size} entries are wrong, {_pattern(tape, difference, tolerance)}. "
        f"The worst, at index {list(index)}{part} of the input and component {row} of the output: "
        f"{tape[row, column]:.10g} by the tape, {difference[row, column]:.10g} by differences, ratio "
        f"{tape[row, column] / difference[row, column] if difference[row, column] else np.inf:.6g}"
    )


def _pattern(tape: Real, difference: Real, tolerance: float) -> str:
    """What the error looks like, for the message."""
    if not tape.any():
        return "all of them zero by the tape"
    factor = float((tape * difference).sum() / (difference * difference).sum()) if difference.any() else 0.0
    if np.abs(tape - factor * difference).max() <= 10 * tolerance * np.abs(tape).max():
        return "the wrong sign" if abs(factor + 1) < 1e-3 else f"a constant factor of {factor:.6g}"
    if tape.shape[0] == tape.shape[1] and np.abs(tape.T - difference).max() <= 10 * tolerance * np.abs(tape).max():
        return "the transposed Jacobian"
    return "in no pattern"
