"""Strategies for tensors: numbers of a coarse grid, in any memory order, one by one or as the operands of one call."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import note
from hypothesis import strategies as st
from numpy.typing import NDArray

from .._tensor import Tensor
from .case import laid_out
from .grid import MOST, STEP, away, fitting, simplest_first, spread
from .operands import LAYOUTS
from .strategies_shapes import Shape, broadcastable, by_name, gufunc, shapes

Array = NDArray[Any]


def points(dtype: Any, bounds: Any = None, avoid: Sequence[float] = (), gap: float | None = None,
           extra: Sequence[float] = (), count: int = 0, shift: float = 0.0) -> Array:  # fmt: skip
    """Different real numbers that the dtype holds, within the bounds and away from some points.

    With `count`, at least so many, which lie `gap` apart if that is given.

    Raises:
        ValueError: where there are not so many.
    """
    dtype = by_name(dtype)
    low, high = bounds if bounds is not None else (0, 5) if dtype.name.startswith("uint") else (-2, 2)
    if dtype.name == "bool":
        found = np.array([False, True])
    elif dtype.is_floating_point or dtype.is_complex:
        found = np.unique((fitting(low, high, avoid, STEP if gap is None else gap, count) + shift).astype(dtype.to_real().numpy))
    else:
        whole = range(math.ceil(low), math.ceil(high))
        found = np.array(whole[:: 1 + len(whole) // MOST]).astype(dtype.numpy)
    found = away(found, avoid, STEP if gap is None else gap)
    if count and gap is not None:
        found = spread(found, gap)
    if len(found) < max(count, 1):
        raise ValueError(f"{dtype} has fewer than {max(count, 1)} numbers in [{low}, {high}) at a distance of {gap or STEP} from "
                         f"{list(avoid)}")  # fmt: skip
    return np.append(found, np.array(extra, found.dtype)) if len(extra) else found


@st.composite
def numbers(draw: Any, points: Array, shape: Shape, unique: bool = False) -> Array:
    """Arrays of this shape with entries from `points`; shrinks to the simplest ones (0, 1, -1, -2, 0.5)."""
    ordered = points[simplest_first(points)]
    places = hnp.arrays(np.int64, shape, elements=st.integers(0, len(points) - 1), unique=unique, fill=st.nothing())
    return np.asarray(ordered[draw(places)])


def layouts(layout: Any = "any", distinct: bool = False) -> list[str]:
    """The memory orders to choose from, dense first.

    Raises:
        ValueError: for one that is not known, and for "expanded" of distinct numbers.
    """
    known = ("dense", *(name for name in LAYOUTS if not distinct or name != "expanded"))
    chosen = known if layout == "any" else (layout,) if isinstance(layout, str) else tuple(layout)
    if not chosen or set(chosen) - set(known):
        raise ValueError(f"layout must be 'any' or some of {', '.join(known)}, but got {layout!r}")
    return list(chosen)


@st.composite
def arrays(draw: Any, shape: Shape, dtype: Any, *, bounds: Any = None, avoid: Sequence[float] = (), gap: float | None = None,
           extra: Sequence[float] = (), distinct: bool = False, layout: Any = "any", shift: float = 0.0) -> Array:  # fmt: skip
    """NumPy arrays; the arguments are those of `tensors`."""
    real = points(dtype, bounds, avoid, gap, extra, math.prod(shape) if distinct else 0, shift)
    array = draw(numbers(real, shape, distinct))
    if dtype.is_complex:
        array = np.asarray(array + 1j * draw(numbers(points(dtype, bounds), shape)), dtype.numpy)
    chosen = draw(st.sampled_from(layouts(layout, distinct)))
    found: Array = laid_out(array, chosen)  # type: ignore[no-untyped-call]
    if found.strides != array.strides:
        note(f"memory of {found.shape}: {chosen}, strides {tuple(step // found.itemsize for step in found.strides)}")
    return found


@st.composite
def tensors(draw: Any, shape: Any = None, dtype: Any = "float64", *, bounds: Any = None, avoid: Sequence[float] = (),
            gap: float | None = None, extra: Sequence[float] = (), distinct: bool = False, layout: Any = "any",
            requires_grad: bool = False, shift: float = 0.0) -> Tensor:  # fmt: skip
    """Tensors on the CPU with numbers of a coarse grid, each a leaf of its own.

    Args:
        shape: sizes, or a strategy of them (`shapes()`, which is also meant by None).
        dtype: a dtype, its name, or a strategy (`dtypes("fc")`). Gradients are checked in float64.
        bounds: (low, high), the latter exclusive: (-2, 2) by default, (0, 5) of unsigned integers. The numbers are
            multiples of 1/16, or of another power of two where the range is too wide or too narrow for that. Both parts of a
            complex number lie within.
        avoid: points to keep away from, such as kinks; of a complex number they concern the real part.
        gap: by so much (1/16); if given, the numbers of a distinct tensor lie so far apart too.
        extra: further values, such as inf and nan.
        distinct: whether no two numbers of a tensor are equal (of complex ones, no two real parts).
        layout: "any" memory order, or some of "dense", "turned" (transposed), "reversed" (negative strides), "expanded"
            (the first row repeated by a stride of 0) and "strided" (every second number of a larger array).
        requires_grad: of floating and complex tensors.
        shift: added to every number, so that two operands are never tied.

    Raises:
        ValueError: where the bounds leave too few numbers; for an unknown layout.
    """
    shape = draw(shapes()) if shape is None else draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    dtype = by_name(draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype)
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    array = draw(arrays(sizes, dtype, bounds=bounds, avoid=avoid, gap=gap, extra=extra, distinct=distinct, layout=layout,
                        shift=shift))  # fmt: skip
    return wrapped(array, requires_grad)


def wrapped(array: Array, requires_grad: bool) -> Tensor:
    """A leaf on this very array; integers and bools require no gradient."""
    tensor = Tensor._wrap(array)
    return tensor.requires_grad_() if requires_grad and (tensor.dtype.is_floating_point or tensor.dtype.is_complex) else tensor


@st.composite
def operands(draw: Any, /, fit: Any = 2, dtype: Any = "float64", *, same: bool = True, apart: bool = False, **values: Any
             ) -> tuple[Tensor, ...]:  # fmt: skip
    """The operands of one call: tensors whose shapes fit together, sometimes one tensor in every place.

    Args:
        fit: how many that broadcast; or a signature such as "(m,k),(k,n)->(m,n)"; or shapes, or a strategy of them.
        dtype: of all of them; as in `tensors`.
        same: whether f(x, x) is tried, where the shapes allow it.
        apart: whether no number of one operand may equal one of another (a tie is a kink of `maximum`): the second lies
            1/64 above the grid, the third 2/64. Then f(x, x) is not tried.
        values: what else `tensors` takes.
    """
    dtype = by_name(draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype)
    once = same and not apart and draw(st.sampled_from([False, False, False, True]))
    if isinstance(fit, int):
        fitting_shapes: Any = [draw(shapes())] * fit if once else draw(broadcastable(fit))
    elif isinstance(fit, str):
        fitting_shapes = draw(gufunc(fit))
    else:
        fitting_shapes = draw(fit) if isinstance(fit, st.SearchStrategy) else fit
    fitting_shapes = [tuple(shape) for shape in fitting_shapes]
    shifts = [place % 4 / 64 if apart else 0.0 for place in range(len(fitting_shapes))]
    drawn = tuple(draw(tensors(shape, dtype, shift=shift, **values)) for shape, shift in zip(fitting_shapes, shifts, strict=True))
    if once and len(set(fitting_shapes)) == 1 and len(fitting_shapes) > 1:  # drawn all the same: or this would look simpler
        note("one tensor in every place")
        return drawn[:1] * len(drawn)
    return drawn
