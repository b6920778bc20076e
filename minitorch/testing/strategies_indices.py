"""A strategy for everything that may stand between the brackets of `x[...]`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .._tensor import Tensor
from .strategies_shapes import broadcastable


@st.composite
def indices(draw: Any, shape: Sequence[int], *, kinds: str = "basic advanced", newaxis: bool = True) -> Any:
    """Indices that fit a tensor of this shape, none out of range.

    Basic ones are ints, slices with a positive step, None and Ellipsis. An advanced one has, besides, one mask over some
    dimensions, or int64 tensors (or a list) for some, whose shapes broadcast together; it gives a copy.

    Args:
        shape: of what is indexed.
        kinds: of "basic advanced". A shape without elements in every dimension, or without dimensions, has basic ones only.
        newaxis: whether None may stand among them.
    """
    allowed = [kind for kind in ("basic", "advanced") if kind in kinds]
    if not allowed:
        raise ValueError(f"kinds must name some of 'basic advanced', but got {kinds!r}")
    shape = tuple(shape)
    # the dimensions named before an Ellipsis (or the end), and those after it
    front = draw(st.integers(0, len(shape)))
    back = draw(st.integers(0, len(shape) - front))
    named = [*range(front), *range(len(shape) - back, len(shape))]
    kind = draw(st.sampled_from(allowed))
    if kind == "advanced" and not named and shape:
        named, front = [0], 1
    parts: dict[int, Any] = {axis: draw(_basic(shape[axis])) for axis in named}
    gone: set[int] = set()
    if kind == "advanced" and named:
        if draw(st.booleans()) and any(shape[axis] for axis in named):
            _put_tensors(draw, shape, parts)
        else:
            gone = _put_mask(draw, shape, parts, front)
    index = [part for axis, part in parts.items() if axis < front and axis not in gone]
    after = [part for axis, part in parts.items() if axis >= front and axis not in gone]
    if back or draw(st.booleans()):
        index.append(...)
    index += after
    if newaxis and draw(st.sampled_from([False, False, True])):
        index.insert(draw(st.integers(0, len(index))), None)
    return index[0] if len(index) == 1 and draw(st.booleans()) else tuple(index)


def _basic(size: int) -> Any:
    bounds = st.none() | st.integers(-size - 1, size + 1)
    slices = st.builds(slice, bounds, bounds, st.none() | st.integers(1, 3))
    return st.integers(-size, size - 1) | slices if size else slices


def _put_tensors(draw: Any, shape: tuple[int, ...], parts: dict[int, Any]) -> None:
    """Put integers, whose shapes broadcast, in place of some parts."""
    places = [axis for axis in parts if shape[axis]]
    chosen = draw(st.lists(st.sampled_from(places), min_size=1, unique=True))
    for axis, wanted in zip(sorted(chosen), draw(broadcastable(len(chosen), max_dims=2)), strict=True):
        count = int(np.prod(wanted))
        drawn = draw(st.lists(st.integers(-shape[axis], shape[axis] - 1), min_size=count, max_size=count))
        as_list = len(wanted) == 1 and count and draw(st.booleans())
        parts[axis] = drawn if as_list else Tensor._wrap(np.array(drawn, np.int64).reshape(wanted))


def _put_mask(draw: Any, shape: tuple[int, ...], parts: dict[int, Any], front: int) -> set[int]:
    """Put a mask in place of some neighbouring parts; returns those that it covers besides its first."""
    first = draw(st.sampled_from(list(parts)))
    end = front if first < front else len(shape)
    last = draw(st.integers(first, end - 1))
    covered = shape[first : last + 1]
    count = int(np.prod(covered))
    drawn = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    parts[first] = Tensor._wrap(np.array(drawn, np.bool_).reshape(covered))
    return set(range(first + 1, last + 1))
