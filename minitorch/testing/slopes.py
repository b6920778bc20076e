"""The one way to difference: how the results change as one input moves along a line.

A Direction says which input moves, and along what: one of its real components, or an array. `difference` evaluates the
function at a few points of that line, in float64, and returns the slope of each result with what it is good for. A
complex number counts as two real ones: the gradient of L = Re(conj(g) f) is dL/dRe + i dL/dIm, PyTorch's J^H g, so
that one comparison of real numbers serves both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..graph.modes import enable_grad, no_grad
from ..graph.walk import newest_first
from ..ops.record import node_of
from .arrays import Real, components, joined, leaf, on_host, placed, results, slices
from .problem import Problem

#: Steps of each method, tried in turn. At the first, truncation and rounding of a smooth function of order 1 are both far
#: below what is asked; where it bends too fast or lives on a smaller scale the later ones still tell right from wrong,
#: and the larger ones resolve what is small beside the function.
STEPS = {
    "five_point": (1e-3, 1e-4, 1e-5, 1e-2, 1e-6, 1e-1),
    "central": (6e-6, 1e-4, 6e-7, 1e-3),
    "complex": (1e-20,),
}
MANY_KINKS = (1e-5, 1e-6, 1e-4, 1e-3, 1e-7, 1e-2)
#: Roundings that the numbers of a result may be wrong by, in units of its largest.
ROUNDING = 50 * float(np.finfo(np.float64).eps)
#: Evaluations next to the point, to see the noise of a function.
NUDGES = 3
#: More than this beside 1 and the results is no noise but a jump.
JUMP = 1e-10
METHODS = ("auto", *STEPS)


@dataclass(frozen=True)
class Direction:
    """A line through the point: input `place` moves along one real component of it, or along an array."""

    place: int
    component: int | None = None
    array: Any = None

    def moved(self, problem: Problem, distance: float | complex) -> list[Tensor]:
        """The inputs, this one a distance along the line; leaves."""
        arrays = [tensor._data for tensor in problem.tensors]
        start = np.array(on_host(arrays[self.place]), order="C")
        if isinstance(distance, complex):
            start = start.astype(np.complex128)
        if self.component is None:
            start = start + distance * on_host(self.array)
        elif isinstance(distance, complex):
            start.reshape(-1)[self.component] += distance
        else:
            start.reshape(-1).view(np.float64)[self.component] += distance
        return [leaf(placed(start, array) if place == self.place else array) for place, array in enumerate(arrays)]

    def reach(self, problem: Problem) -> float:
        """The size of what moves: of the component, or the largest of the array."""
        array = problem.tensors[self.place]._data
        if self.component is not None:
            return abs(float(components(array)[self.component]))
        return float(np.abs(on_host(array)).max(initial=0.0))


@dataclass
class Slope:
    """The slope of each result along a direction.

    Attributes:
        value: the slopes.
        bend: how far they may be off for the function's own bending (and roundings that show): inf where not finite.
        floor: how far for the rounding of the results alone.
        step: what it was found with.
    """

    value: Real
    bend: Real
    floor: Real
    step: float

    @property
    def error(self) -> Real:
        """How far off the slopes may be."""
        return self.bend + self.floor


class Values:
    """The results of a problem along lines: as they are, or one weighted sum of them."""

    def __init__(self, problem: Problem, weights: Real | None = None) -> None:
        self.problem, self.weights = problem, weights
        self.parts = slices(problem.outputs)
        self.here = self._of(problem.outputs)[0]
        self.noise = np.zeros_like(self.here)
        self.refusal = ""
        self.quiet = weights is not None and self._same_off_the_tape()

    def _of(self, outputs: Sequence[Tensor]) -> tuple[Real, Real]:
        """The numbers, and for each the size of what was rounded in it."""
        flat = joined(outputs)
        if self.weights is not None:
            terms = self.weights * flat
            return np.array([terms.sum()]), np.array([np.abs(terms).sum()])
        sizes = np.empty_like(flat)
        for part in self.parts:
            sizes[part] = np.abs(flat[part]).max(initial=0.0)
        return flat, sizes

    def measure_noise(self) -> None:
        """Find how far the numbers move when the inputs move by a rounding or two: more than the roundings of the results
        themselves where large numbers cancelled on the way."""
        random = np.random.default_rng(0)
        for _ in range(NUDGES):
            moved = []
            for tensor in self.problem.tensors:
                array = np.asarray(on_host(tensor._data))
                nudged = array * (1 + random.choice((-2.0, -1.0, 1.0, 2.0), array.shape) * np.finfo(np.float64).eps)
                moved.append(leaf(placed(nudged, tensor._data)))
            try:
                found = results(self.problem.call, moved)
            except Exception as error:
                self.refusal = f"{type(error).__name__}: {error}"
                continue
            if [t._data.shape for t in found] == [t._data.shape for t in self.problem.outputs]:
                with np.errstate(all="ignore"):
                    far = np.abs(self._of(found)[0] - self.here)
                most = JUMP * max(1.0, float(np.nan_to_num(np.abs(self.here)).max(initial=0.0)))
                self.noise = np.maximum(self.noise, np.where(np.isfinite(far), np.minimum(far, most), 0.0))

    def rounded(self, sizes: Real) -> Real:
        """How far off the numbers may be, those they were made of having these sizes."""
        found: Real = np.maximum(ROUNDING * sizes, 8 * self.noise)
        return found

    def _same_off_the_tape(self) -> bool:
        """Whether the function gives the same without recording; one that differentiates inside does not."""
        try:
            with no_grad():
                return np.array_equal(joined(results(self.problem.call, self.problem.fresh())), joined(self.problem.outputs))
        except Exception:
            return False

    def at(self, direction: Direction, distance: float) -> tuple[Real, Real]:
        """The numbers and their sizes at a distance along the line; NaN where the function refuses to go there."""
        try:
            with no_grad() if self.quiet else enable_grad():
                found = results(self.problem.call, direction.moved(self.problem, distance))
        except Exception as error:  # a matrix is singular there, a root is negative: a smaller step may do
            self.refusal = f"{type(error).__name__}: {error}"
            return np.full_like(self.here, np.nan), np.zeros_like(self.here)
        if len(found) != len(self.problem.outputs):
            raise ValueError(f"{self.problem.label} returns {len(self.problem.outputs)} floating results at one point and "
                             f"{len(found)} at another")  # fmt: skip
        return self._of(found)

    def into_the_complex(self, direction: Direction, step: float) -> Real:
        """The imaginary parts a step i along the line.

        Raises:
            TypeError: where the function does not carry complex numbers through, or a result is complex anyway.
        """
        problem = self.problem
        if any(t._data.dtype.kind == "c" for t in (*problem.tensors, *problem.outputs)):
            raise TypeError("the complex step is for real inputs and results; use method='five_point'")
        hint = "an analytic function that takes complex numbers; use method='five_point'"
        try:
            with no_grad():
                found = results(problem.call, direction.moved(problem, 1j * step))
        except Exception as error:
            raise TypeError(f"the complex step needs {hint} ({type(error).__name__}: {error})") from error
        shapes = [t._data.shape for t in problem.outputs]
        if [t._data.shape for t in found] != shapes or (any(t._data.dtype.kind != "c" for t in found) and
                                                        _depends(problem, direction)):  # fmt: skip
            raise TypeError(f"the complex step needs {hint}: a result came out real")
        flat = np.concatenate([np.asarray(on_host(t._data).imag).reshape(-1) for t in found]) if found else np.zeros(0)
        for out, here in zip(found, problem.outputs, strict=True):
            if not np.allclose(on_host(out._data).real, on_host(here._data), rtol=1e-9, atol=1e-300, equal_nan=True):
                raise TypeError(f"the complex step needs {hint}: of a complex number it is not what it is of a real one")
        return flat if self.weights is None else np.array([(self.weights * flat).sum()])


def _depends(problem: Problem, direction: Direction) -> bool:
    roots = [node for node in map(node_of, problem.outputs) if node is not None]
    return node_of(problem.tensors[direction.place]) in newest_first(roots)


def difference(values: Values, direction: Direction, method: str = "five_point", step: float | None = None) -> Slope:
    """The slope of each value along a direction, found with this step."""
    step = STEPS[method][0] if step is None else step
    with np.errstate(all="ignore"):
        if method == "complex":
            slope = values.into_the_complex(direction, step) / step
            still = np.zeros_like(slope)
            return Slope(slope, np.where(np.isfinite(slope), still, np.inf), 2 * ROUNDING * np.abs(slope), step)
        points = [values.at(direction, k * step) for k in (-2, -1, 1, 2)]
        far, near, ahead, beyond = (numbers for numbers, _ in points)
        size = np.maximum.reduce([sizes for _, sizes in points])
        one, two = (ahead - near) / (2 * step), (beyond - far) / (4 * step)
        if method == "central":
            slope, bend = one, np.abs(one - two)
        else:
            slope = (8 * (ahead - near) - (beyond - far)) / (12 * step)  # 0 of what does not move
            bend = np.abs(far - 4 * near + 6 * values.here - 4 * ahead + beyond) / step
        return Slope(slope, np.where(np.isfinite(slope + bend), bend, np.inf), values.rounded(size) / step, step)


def ladder(values: Values, direction: Direction, method: str) -> list[float]:
    """The steps to try one after the other; for what is itself much smaller or larger than 1, also in its own units. Of a
    weighted sum, the smaller ones first: a large model has a kink within any larger step."""
    problem = values.problem
    if values.weights is not None and method == "five_point":
        return list(MANY_KINKS)
    steps = list(STEPS[method])
    reach = direction.reach(problem)
    if method != "complex" and 0 < reach and not 1e-2 <= reach <= 1e2 and np.isfinite(reach):
        steps[1:1] = [steps[0] * reach]
    return steps


def one_sided(values: Values, direction: Direction, step: float) -> tuple[Real, Real, Real]:
    """The slopes behind and ahead of the point, and how far rounding may have moved them."""
    with np.errstate(all="ignore"):
        (before, small), (after, large) = values.at(direction, -step), values.at(direction, step)
        floor = values.rounded(np.maximum(small, large)) / step
        return (values.here - before) / step, (after - values.here) / step, floor
