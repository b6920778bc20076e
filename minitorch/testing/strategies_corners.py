"""Explicit examples: operands that random search rarely finds, made anew for every test that runs.

No dimensions, no elements, sizes of 1 that broadcast, every memory order, and one tensor in every place.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import hypothesis
import numpy as np

from .._tensor import Tensor
from .case import laid_out
from .operands import LAYOUTS, SHAPES, Fixed
from .strategies_shapes import Shape, by_name
from .strategies_tensors import points, wrapped


@dataclass(frozen=True, eq=False)
class Corner:
    """The operands of one call: `tensors()` makes them, with the same numbers each time."""

    label: str
    shapes: tuple[Shape, ...]
    layouts: tuple[str, ...]
    same: bool
    dtype: Any
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return self.label

    def tensors(self) -> tuple[Tensor, ...]:
        """Fresh leaves; one tensor in every place where `same`."""
        if self.same:
            return (self._tensor(0),) * len(self.shapes)
        return tuple(self._tensor(place) for place in range(len(self.shapes)))

    def _tensor(self, place: int) -> Tensor:
        shape, options = self.shapes[place], dict(self.values)
        distinct, requires_grad = options.pop("distinct", False), options.pop("requires_grad", False)
        shift = place % 4 / 64 if options.pop("apart", False) else 0.0
        count = int(np.prod(shape)) if distinct else 0
        source: Any = Fixed(place, None)  # type: ignore[no-untyped-call]
        array = np.asarray(source.numbers(points(self.dtype, count=count, shift=shift, **options), shape))
        if self.dtype.is_complex:
            array = np.asarray(array + 1j * source.numbers(points(self.dtype, options.get("bounds")), shape), self.dtype.numpy)
        return wrapped(laid_out(array, self.layouts[place]), requires_grad)  # type: ignore[no-untyped-call]


def corners(fit: int | str = 2, dtype: Any = "float64", *, same: bool = True, **values: Any) -> list[Corner]:
    """The operands that random search rarely finds; `corner.tensors()` makes them.

    Args:
        fit: how many operands that broadcast, or a signature such as "(m,k),(k,n)->(m,n)".
        dtype: of all of them.
        same: whether f(x, x) is among them.
        values: `bounds`, `avoid`, `gap`, `extra`, `distinct`, `apart` and `requires_grad`, as `operands` takes them.
    """
    known = {"bounds", "avoid", "gap", "extra", "distinct", "apart", "requires_grad"}
    if set(values) - known:
        raise TypeError(f"corners() got unexpected keyword arguments {sorted(set(values) - known)}; it takes {sorted(known)}")
    dtype = by_name(dtype)
    every, full, equal = _broadcast(fit) if isinstance(fit, int) else _fitted(fit)
    count = len(full)
    found = [(shapes, ("dense",) * count, False) for shapes in every]
    allowed = [name for name in LAYOUTS if name != "expanded" or not values.get("distinct")]
    for start in range(len(allowed)):
        found.append((full, tuple(allowed[(start + place) % len(allowed)] for place in range(count)), False))
    if same and count > 1 and len(set(equal)) == 1 and not values.get("apart"):
        found.append((equal, ("dense",) * count, True))
    return [Corner(_label(*case), *case, dtype, values) for case in found]


def _label(shapes: tuple[Shape, ...], layouts: tuple[str, ...], same: bool) -> str:
    text = ", ".join(f"{shape} {layout}".replace(" dense", "") for shape, layout in zip(shapes, layouts, strict=True))
    return f"{text}, one tensor" if same else text


def _broadcast(count: int) -> tuple[list[tuple[Shape, ...]], tuple[Shape, ...], tuple[Shape, ...]]:
    """Shapes of so many operands that broadcast; then some to lay out, and some that are all equal."""
    every = [tuple(shapes[place % len(shapes)] for place in range(count)) for shapes in SHAPES]
    return list(dict.fromkeys(every)), ((2, 3),) * count, ((3,),) * count


def _fitted(signature: str) -> tuple[list[tuple[Shape, ...]], tuple[Shape, ...], tuple[Shape, ...]]:
    """Shapes that fit a signature: all sizes 1, all different, each letter 0 in turn, and with batch dimensions."""
    operands = [re.findall(r"\w+", part) for part in re.findall(r"\(([^)]*)\)", signature.split("->")[0])]
    if not operands:
        raise ValueError(f"a signature looks like '(m,k),(k,n)->(m,n)', but got {signature!r}")
    letters = sorted({name for names in operands for name in names if not name.isdigit()})

    def shapes(sizes: Mapping[str, int]) -> tuple[Shape, ...]:
        return tuple(tuple(int(name) if name.isdigit() else sizes[name] for name in names) for names in operands)

    different = shapes({name: place + 2 for place, name in enumerate(letters)})
    every = [shapes(dict.fromkeys(letters, 1)), different]
    every += [shapes({other: 0 if other == name else 2 for other in letters}) for name in letters]
    batches = ((2, 1), (3,), ())
    every.append(tuple((*batches[place % 3], *shape) for place, shape in enumerate(different)))
    return list(dict.fromkeys(every)), different, shapes(dict.fromkeys(letters, 2))


class Stand:
    """Stands for one operand of a corner, or for all, until the test runs: a tensor may be used only once."""

    def __init__(self, corner: Corner, place: int | None) -> None:
        self.corner, self.place = corner, place

    def __repr__(self) -> str:
        return repr(self.of(self.corner.tensors()))

    def of(self, made: tuple[Tensor, ...]) -> Any:
        return made if self.place is None else made[self.place]


def examples(*names: str, fit: int | str | None = None, dtype: Any = "float64", others: Mapping[str, Any] | None = None,
             **values: Any) -> Callable[[Any], Any]:  # fmt: skip
    """Decorate a test under `@given` (or above it), so that it runs for every corner before anything is drawn.

    Args:
        names: the test's parameters that take the operands; a single name takes the tuple of them where there are several.
        fit: as in `corners`; by default as many operands as there are names.
        dtype: of the operands.
        others: values for the test's further parameters.
        values: what else `corners` takes.
    """
    chosen = corners(len(names) if fit is None else fit, dtype, **values)

    def decorate(test: Any) -> Any:
        given = hasattr(test, "hypothesis")
        inner = test.hypothesis.inner_test if given else test

        @functools.wraps(inner)
        def run(*args: Any, **kwargs: Any) -> Any:
            made: dict[Corner, tuple[Tensor, ...]] = {}

            def fresh(value: Any) -> Any:
                if not isinstance(value, Stand):
                    return value
                if value.corner not in made:
                    hypothesis.note(f"operands: {value.corner}")
                    made[value.corner] = value.corner.tensors()
                return value.of(made[value.corner])

            return inner(*map(fresh, args), **{name: fresh(value) for name, value in kwargs.items()})

        if given:
            test.hypothesis.inner_test = run
        else:
            test = run
        for corner in reversed(chosen):
            every = len(names) == 1 and len(corner.shapes) > 1
            stands = {name: Stand(corner, None if every else place) for place, name in enumerate(names)}
            test = hypothesis.example(**stands, **(others or {}))(test)
        return test

    return decorate
