"""A function as differences see it: from a list of moving tensors to a list of results.

`problem_of` finds the tensors of a call that move, wherever they hang, gives them their names, and copies them in
float64; everything else is handed on as it is. `Problem.derivative` is the problem one order up: from the inputs and
cotangents to the gradients. A call that draws random numbers draws the same ones every time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import settings
from .._tensor import Tensor
from ..backend import dtype as dt
from ..backend.generator import default_generator
from ..graph.modes import enable_grad
from ..ops.backward import gradients
from ..ops.record import node_of
from ..trees import mapped
from .arrays import Function, draw_like, leaf, on_host, results, twin, widen, wider
from .naming import argument_names, arguments_of, described, path_name
from .nests import is_number, leaves


# ---- a problem -----------------------------------------------------------------------------------------------------
class Problem:
    """What is differentiated, and where.

    Attributes:
        call: from the moving tensors to the results that are floating or complex.
        tensors: where; leaves that require grad, in float64 or complex128.
        names: of the tensors.
        output_names: of the results.
        order: which derivative this is; 1 for the function itself.
        root: the problem of order 1.
        label, source: the function's name, and the file and line that define it.
        low: the dtype each tensor had where that was less than float64, else None.
        least: the size that a result is taken to have at least: where a gradient is 0 by cancellation, what was rounded
            is not its value.
        with_floats: makes `call` anew, with this done to the arrays of the floating tensors that do not move.
    """

    def __init__(self, call: Function, tensors: Sequence[Tensor], names: Sequence[str]) -> None:
        self.call = call
        self.tensors = list(tensors)
        self.names = list(names)
        self.order = 1
        self.root: Problem = self
        self.label, self.source = "the function", ""
        self.low: list[Any] = [None] * len(self.tensors)
        self.with_floats: Callable[[Callable[[Any], Any]], Function] | None = None
        self.output_names: list[str] = []
        self.output_places: list[int] | None = None
        self.least = 0.0
        self._outputs: list[Tensor] | None = None

    @property
    def outputs(self) -> list[Tensor]:
        """The results at the point, recorded."""
        if self._outputs is None:
            self._outputs = self.run(self.tensors)
            if len(self.output_names) != len(self._outputs):
                self.output_names = [f"output {place}" for place in range(len(self._outputs))]
        return self._outputs

    def run(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The results there, recorded."""
        with enable_grad():
            return results(self.call, tensors)

    def without_unrecorded(self) -> int:
        """Leave out the results that require no grad, unless none does; how many these are."""
        kept = [place for place, output in enumerate(self.outputs) if node_of(output) is not None]
        left = len(self.outputs) - len(kept)
        if not kept or not left:
            return 0

        def chosen(call: Function) -> Function:
            def some(*tensors: Tensor) -> list[Tensor]:
                found = results(call, tensors)
                return [found[place] for place in kept]

            some.draws = getattr(call, "draws", [])  # type: ignore[attr-defined]
            return some

        make = self.with_floats
        self.call = chosen(self.call)
        self.with_floats = None if make is None else lambda floats: chosen(make(floats))
        self._outputs = None
        self.output_places = kept
        return left

    def fresh(self) -> list[Tensor]:
        """The inputs again, as leaves around copies."""
        return [leaf(twin(tensor._data)) for tensor in self.tensors]

    def derivative(self, seed: int) -> Problem:
        """The problem one order up, its cotangents drawn by `seed`."""
        pulled, points = gradient_function(self.call, self.tensors, seed)
        made = Problem(pulled, [leaf(tensor._data) for tensor in points], self.names)
        extra = range(len(points) - len(self.names))
        made.names += [f"cotangent {place} of order {self.order}" for place in extra]
        made.output_names = [f"gradient of {name}" for name in self.names]
        made.order, made.root = self.order + 1, self.root
        made.label, made.source = self.label, self.source
        made.least = max([self.least, *[float(np.abs(on_host(o._data)).max(initial=0.0)) for o in self.outputs]])
        made.low = [*self.low, *[None] * len(extra)]
        return made

    @property
    def random(self) -> bool:
        """Whether a call of it draws random numbers."""
        return any(getattr(self.root.call, "draws", ()))

    @property
    def widened(self) -> bool:
        """Whether it was given less than float64."""
        return any(dtype is not None for dtype in self.low)

    def narrowed(self, dtypes: Sequence[Any]) -> Problem:
        """The same problem in other dtypes, what does not move included."""
        real = next((dtype for dtype in dtypes if dtype.kind != "c"), np.dtype(np.float32))
        assert self.with_floats is not None

        def change(raw: Any) -> Any:
            return raw if raw.dtype.kind == "c" or raw.dtype.itemsize <= real.itemsize else raw.astype(real)

        tensors = [leaf(tensor._data.astype(dtype)) for tensor, dtype in zip(self.tensors, dtypes, strict=True)]
        made = Problem(self.with_floats(change), tensors, self.names)
        made.label, made.source = self.label, self.source
        return made


def gradient_function(function: Function, inputs: Sequence[Tensor], seed: int = 0) -> tuple[Function, list[Tensor]]:
    """The function from inputs and cotangents to the gradients of `function`, and a point to evaluate it at."""
    random = np.random.default_rng(seed)
    total = len(inputs)
    outputs = results(function, [leaf(tensor._data) for tensor in inputs])
    cotangents = [leaf(draw_like(output._data, random)) for output in outputs]

    def pulled(*values: Tensor) -> tuple[Tensor, ...]:
        with enable_grad():
            chosen = list(values[:total])
            recorded, seeds = [], []
            for output, cotangent in zip(results(function, chosen), values[total:], strict=True):
                if node_of(output) is not None:
                    recorded.append(output)
                    seeds.append(cotangent)
            if not recorded:
                return tuple(leaf(value._data * 0) for value in chosen)
            return gradients(recorded, chosen, seeds, create_graph=True, materialize_grads=True)

    return pulled, [*inputs, *cotangents]


def problem_of(function: Function, inputs: Any, *, names: Any = None, chosen: Callable[[str, Tensor], bool] | None = None
               ) -> Problem:  # fmt: skip
    """The problem of a call.

    Args:
        inputs: one tensor, the tuple or list of the arguments, or the dict of keyword arguments. The tensors among them
            that require grad move; where none does, all that are floating or complex.
        names: of the arguments, in the place of those that the signature gives.
        chosen: says of a path and a tensor whether it moves, in the place of the above.

    Raises:
        TypeError: where no tensor can move.
    """
    args, kwargs = arguments_of(inputs)
    listed = list(leaves([*args], "")) + list(leaves(kwargs, ""))
    found = [place for place, (_, value) in enumerate(listed) if is_number(value)]
    asking = [place for place in found if listed[place][1].requires_grad]
    moving = asking or found
    if chosen is not None:
        moving = [place for place in found if chosen(*listed[place])]
    if not moving:
        raise TypeError("there is nothing to differentiate by: no input is a tensor of floating or complex numbers")
    labels = argument_names(function, args, kwargs, names)
    tensors = [listed[place][1] for place in moving]
    low = [None if t._data.dtype in (np.float64, np.complex128) else t._data.dtype for t in tensors]

    def called(floats: Callable[[Any], Any]) -> Function:
        """The function of the moving tensors alone; widened, what it makes of Python numbers is float64 too."""

        def filled(*values: Tensor) -> Any:
            given = dict(zip(moving, values, strict=True))
            numbers = iter(range(len(listed)))

            def change(value: Any) -> Any:
                place = next(numbers)
                if place in given:
                    return given[place]
                if not isinstance(value, Tensor) or not hasattr(value, "_cell") or getattr(value, "is_sparse", False):
                    return value
                return Tensor._wrap(twin(floats(value._data) if is_number(value) else value._data))

            new = mapped(change, list(args))
            before = settings.get_default_dtype()
            if floats is widen:
                settings.set_default_dtype(dt.float64)
            try:
                return function(*new, **mapped(change, kwargs))
            finally:
                settings.set_default_dtype(before)

        return repeated(filled)

    points = [leaf(twin(t._data) if dtype is None else t._data.astype(wider(dtype))) for t, dtype in zip(tensors, low)]
    widened = any(dtype is not None for dtype in low)
    named = [path_name(labels, listed[place][0]) for place in moving]
    problem = Problem(called(widen if widened else lambda raw: raw), points, named)
    problem.label, problem.source = described(function)
    problem.low = low
    problem.with_floats = called
    return problem


# ---- random numbers ------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def same_stream() -> Iterator[None]:
    """A block after which the default stream of random numbers goes on as if nothing had been drawn in it."""
    state = default_generator.get_state()
    try:
        yield
    finally:
        default_generator.set_state(state)


def repeated(function: Function) -> Function:
    """The function, drawing the same random numbers at each call: those that its first call would have drawn."""
    state = default_generator.get_state()
    draws: list[bool] = []

    def again(*args: Any, **kwargs: Any) -> Any:
        if not draws or draws[0]:
            default_generator.set_state(state)
        found = function(*args, **kwargs)
        if not draws:
            draws.append(bool((default_generator.get_state() != state).any()))
        return found

    again.draws = draws  # type: ignore[attr-defined]
    return again
