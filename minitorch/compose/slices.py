"""Parts of a tensor along one dimension, as views: slices, splits, single indices."""

from __future__ import annotations

from typing import Any

from ..ops import shape as ops
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.record import View
from ..tracked import Tracked

_FULL = slice(None)


def piece(input: Any, axis: int, start: int, stop: int, maker: str) -> Any:
    """A range of one dimension, marked as one of several views made together."""
    out = ops.select(input, key=(*[_FULL] * axis, slice(start, stop)))
    _refuse_writes(out, maker)
    return out


def _refuse_writes(out: Any, maker: str) -> None:
    view: View | None = out._view
    if view is not None and maker and view.refusal is None:
        view.refusal = maker


def _sizes(given: Any) -> Any:
    """A size, or a list of them.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(given, int) or (isinstance(given, Tracked) and not given._data.ndim and given._data.dtype.kind in "iu"):
        return int(given.__index__())  # type: ignore[union-attr]
    asked = "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints"
    if not isinstance(given, tuple | list):
        raise TypeError(f"{asked}, not {type(given).__name__}")
    for place, size in enumerate(given):
        if not hasattr(size, "__index__") or isinstance(size, bool):
            raise TypeError(f"{asked}, but found element of type {type(size).__name__} at pos {place}")
    return [size.__index__() for size in given]


@public("(tensor, split_size_or_sections, dim=0)")
def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> Any:
    """Consecutive pieces of one size (the last may be smaller), or of the given sizes."""
    if not tensor._data.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = one_dim(dim, tensor._data.ndim)
    size = tensor._data.shape[axis]
    split_size_or_sections = _sizes(split_size_or_sections)
    if isinstance(split_size_or_sections, int):
        each = split_size_or_sections
        if each < 0 or (each == 0 and size):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={each}" if each < 0 else
                               f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}")  # fmt: skip
        count = max(-(-size // each), 1) if each else 1
        return tuple(piece(tensor, axis, i * each, min((i + 1) * each, size), "SplitBackward0") for i in range(count))
    sizes = split_size_or_sections
    if min(sizes, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}"
        )
    if sum(sizes) != size:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension {axis}), "
            f"but got split_sizes={sizes}"
        )
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return tuple(piece(tensor, axis, s, s + n, "SplitWithSizesBackward0") for s, n in zip(starts, sizes, strict=True))


@public("(input, chunks, dim=0)")
def chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """At most `chunks` consecutive pieces of equal size."""
    if not input._data.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError("chunk expects `chunks` to be greater than 0, got: " + str(chunks))
    size = input._data.shape[one_dim(dim, input._data.ndim)]
    each = -(-size // chunks)
    if size == 0:
        return split(input, [0] * chunks, dim)
    return split(input, each, dim)


@public("(input, dim=0)")
def unbind(input: Any, dim: int = 0) -> Any:
    """The slices along a dimension, which goes."""
    if not input._data.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = one_dim(dim, input._data.ndim)
    slices = tuple(ops.select(input, key=(*[_FULL] * axis, i)) for i in range(input._data.shape[axis]))
    for out in slices:
        _refuse_writes(out, "UnbindBackward0")
    return slices


@public("(input, dim, start, length)")
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """`length` consecutive slices of a dimension, as a view."""
    if not input._data.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = one_dim(dim, input._data.ndim)
    size = input._data.shape[axis]
    if isinstance(start, Tracked) and (start._data.ndim or start._data.dtype.kind not in "iu"):
        raise RuntimeError(f"start must be an 0-dim integral Tensor. (this one is {start._data.dtype} of shape "
                           f"{list(start._data.shape)})")  # fmt: skip
    begin = int(start)
    if not -size <= begin <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {begin})")
    begin = begin + size if begin < 0 else begin
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if begin + length > size:
        raise RuntimeError(f"start ({begin}) + length ({length}) exceeds dimension size ({size}).")
    return ops.select(input, key=(*[_FULL] * axis, slice(begin, begin + length)))


@public("(input, dim, index: int)")
def select(input: Any, dim: int, index: Any) -> Any:
    """One slice of a dimension, which goes, as a view."""
    if not input._data.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = one_dim(dim, input._data.ndim)
    size = input._data.shape[axis]
    place = int(index)
    if not -size <= place < size:
        raise IndexError(
            f"select(): index {place} out of range for tensor of size {list(input._data.shape)} at dimension {axis}"
        )
    return ops.select(input, key=(*[_FULL] * axis, place % size))
