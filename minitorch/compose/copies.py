"""Movements into memory of their own, splits that may be written, and shapes undone: `view_copy`, `unsafe_split`, ...

Each `..._copy` is the movement of its name and then a copy; the pieces of an `unsafe_` split are views that may be
written in place. https://docs.pytorch.org/docs/stable/torch.html#indexing-slicing-joining-mutating-ops
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..ops import shape as ops
from ..ops.arithmetic import cast, clone
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.reduce import sum as sum_
from ..ops.rounding import floor_divide, remainder
from . import complexes, shapes, slices


def _copies(pieces: Any) -> Any:
    return tuple(clone(piece) for piece in pieces)


def _writable(pieces: Any) -> Any:
    """Views made together, each of which may be written in place."""
    for piece in pieces:
        if piece._view is not None:
            piece._view.refusal = None
    return pieces


# ---- copies of views -----------------------------------------------------------------------------------------------
@public("(input, *, out=None)", method=False)
def alias_copy(input: Any) -> Any:
    """A copy of the tensor."""
    return clone(input)


@public("(input, *, out=None)", method=False)
def detach_copy(input: Any) -> Any:
    """A copy of the tensor, on the tape."""
    return clone(input)


@public("(input, offset=0, dim1=0, dim2=1, *, out=None)", method=False)
def diagonal_copy(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of a diagonal."""
    return clone(shapes.diagonal(input, offset, dim1, dim2))


@public("(input, size, *, implicit=False, out=None)", method=False)
def expand_copy(input: Any, size: Any, *, implicit: bool = False) -> Any:
    """A tensor repeated along dimensions of size 1, in memory of its own."""
    return clone(ops.expand(input, shape=tuple(size)))


@public("(input, dim, start, length, *, out=None)")
def narrow_copy(input: Any, dim: int, start: Any, length: int) -> Any:
    """A copy of `length` consecutive slices of a dimension."""
    if input._data.ndim and dim >= input._data.ndim:
        raise RuntimeError("Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.  (Could this "
                           "error message be improved?  If so, please report an enhancement request to PyTorch.)")  # fmt: skip
    if length < 0 and -input._data.ndim <= dim < input._data.ndim:
        raise RuntimeError(f"start ({int(start)}) + length ({length}) exceeds dimension size ({input._data.shape[dim]}).")
    return clone(slices.narrow(input, dim, start, length))


@public("(input, dims, *, out=None)", method=False)
def permute_copy(input: Any, dims: Any) -> Any:
    """A copy with its dimensions in another order."""
    if isinstance(dims, int):
        raise TypeError("permute_copy(): argument 'dims' (position 2) must be tuple of ints, not int")
    return clone(ops.permute(input, dims=tuple(dims)))


@public("(input, dim, index: int, *, out=None)", method=False)
def select_copy(input: Any, dim: int, index: Any) -> Any:
    """A copy of one slice of a dimension."""
    return clone(slices.select(input, dim, index))


@public("(input, dim=0, start=None, end: int=None, step=1, *, out=None)", method=False)
def slice_copy(input: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    """A copy of every `step`-th slice from `start` to before `end`."""
    if not input._data.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    axis = one_dim(dim, input._data.ndim)
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    return clone(ops.select(input, key=(*[slice(None)] * axis, slice(start, end, step))))


@public("(input, split_size, dim=0, *, out=None)", method=False)
def split_copy(input: Any, split_size: int, dim: int = 0) -> Any:
    """Copies of consecutive pieces of one size."""
    return _copies(slices.split(input, split_size, dim))


@public("(input, split_sizes, dim=0, *, out=None)", method=False)
def split_with_sizes_copy(input: Any, split_sizes: Any, dim: int = 0) -> Any:
    """Copies of consecutive pieces of the given sizes."""
    return _copies(slices.split(input, split_sizes, dim))


@public("(input, *, out=None)", "(input, dim, *, out=None)", method=False)
def squeeze_copy(input: Any, dim: Any = None) -> Any:
    """A copy without dimensions of size 1."""
    return clone(shapes.squeeze(input, dim))


@public("(input, *, out=None)", method=False)
def t_copy(input: Any) -> Any:
    """A copy of a matrix, transposed."""
    return clone(shapes.t(input))


@public("(input, dim0, dim1, *, out=None)", method=False)
def transpose_copy(input: Any, dim0: int, dim1: int) -> Any:
    """A copy with two dimensions exchanged."""
    return clone(shapes.transpose(input, dim0, dim1))


@public("(input, dim=0, *, out=None)", method=False)
def unbind_copy(input: Any, dim: int = 0) -> Any:
    """Copies of the slices along a dimension."""
    return _copies(slices.unbind(input, dim))


@public("(input, dimension, size, step, *, out=None)", method=False)
def unfold_copy(input: Any, dimension: int, size: int, step: int) -> Any:
    """A copy of all windows of one size along a dimension."""
    return clone(shapes.unfold(input, dimension, size, step))


@public("(input, dim, *, out=None)", method=False)
def unsqueeze_copy(input: Any, dim: int) -> Any:
    """A copy with one more dimension, of size 1."""
    return clone(shapes.unsqueeze(input, dim))


@public("(input, size, *, out=None)", method=False)
def view_copy(input: Any, size: Any) -> Any:
    """A copy in another shape, or of the same bytes read as another dtype."""
    return clone(ops.reshape(input, shape=tuple(size)) if isinstance(size, tuple | list) else shapes.view(input, size))


@public("(input, *, out=None)", method=False)
def view_as_real_copy(input: Any) -> Any:
    """A copy of complex numbers as pairs of reals."""
    return clone(complexes.view_as_real(input))


@public("(input, *, out=None)", method=False)
def view_as_complex_copy(input: Any) -> Any:
    """A copy of pairs of reals as complex numbers."""
    return clone(complexes.view_as_complex(input))


# ---- splits --------------------------------------------------------------------------------------------------------
@public("(input, split_sizes, dim=0)")
def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> Any:
    """Consecutive pieces of the given sizes."""
    return slices.split(input, split_sizes, dim)


@public("(input, split_size, dim=0)")
def unsafe_split(input: Any, split_size: int, dim: int = 0) -> Any:
    """`split`, whose pieces may be written in place."""
    return _writable(slices.split(input, split_size, dim))


@public("(input, split_sizes, dim=0)")
def unsafe_split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> Any:
    """`split_with_sizes`, whose pieces may be written in place."""
    return _writable(slices.split(input, split_sizes, dim))


@public("(input, chunks, dim=0)")
def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """`chunk`, whose pieces may be written in place."""
    return _writable(slices.chunk(input, chunks, dim))


# ---- shapes undone -------------------------------------------------------------------------------------------------
@public("(input, *size)", functional=False)
def sum_to_size(input: Any, *size: Any) -> Any:
    """The sum over what broadcasting to this tensor's shape would have repeated.

    Raises:
        RuntimeError: where `size` does not broadcast to the tensor's shape.
    """
    want, have = shapes.sizes_of(size), input._data.shape
    ahead = len(have) - len(want)
    if ahead < 0 or any(w not in (1, h) for w, h in zip(want, have[ahead:], strict=True)):
        raise RuntimeError(f"size {{{list(want)}}} is not expandable to size {{{list(have)}}}.")
    dims = (*range(ahead), *(i for i, h in enumerate(have) if i >= ahead and h != 1 and want[i - ahead] == 1))
    return ops.reshape(sum_(input, dim=dims, keepdim=True), shape=want) if dims or not want else input


@public("(indices: tensor, shape)", method=False)
def unravel_index(indices: Any, shape: Any) -> Any:
    """The coordinates, one tensor per dimension, of flat positions in an array of this shape.

    Raises:
        TypeError: for sizes or indices that are no integers.
        ValueError: for a negative size.
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if indices._data.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    odd = next((size for size in sizes if not isinstance(size, int)), None)
    if odd is not None:
        raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(odd)}")
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    found, step = [], 1
    indices = cast(indices, dtype=dt.int64.numpy)
    for size in reversed(sizes):
        found.append(remainder(floor_divide(indices, step), size))
        step *= size
    return tuple(reversed(found))
