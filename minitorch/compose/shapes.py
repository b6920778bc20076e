"""Shapes as PyTorch spells them: every one comes down to reshape, permute, expand, select or cat."""

from __future__ import annotations

from typing import Any

from ..backend.dtype import scalar_type
from ..ops import shape as ops
from ..ops.families import many_dims, one_dim
from ..ops.front import public
from ..ops.record import memory_of, offset_of
from ..tracked import Tracked
from .slices import chunk, narrow, piece, select, split, unbind  # noqa: F401

_FULL = slice(None)


def sizes_of(shape: Any) -> tuple[int, ...]:
    """Sizes given one by one, or as one tuple or list."""
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else tuple(shape)


@public("(input, *shape)", functional=False)
def view(input: Any, *shape: Any) -> Any:
    """A view in another shape.

    Raises:
        RuntimeError: where the memory order does not allow it; `reshape` copies then.
    """
    if len(shape) == 1 and not isinstance(shape[0], int | tuple | list) and not hasattr(shape[0], "__index__"):
        return reinterpret(input, shape[0])
    out = ops.reshape(input, shape=sizes_of(shape))
    if out._view is None and input._data.size:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return out


def reinterpret(input: Any, dtype: Any) -> Any:
    """The same bytes read as another dtype, off the tape.

    Raises:
        RuntimeError: for another element size where the last dimension does not come out whole.
    """
    raw, target = input._data, dtype.numpy
    item, wanted = raw.itemsize, target.itemsize
    memory = memory_of(input)
    if item != wanted:
        what = f"to view {scalar_type(raw.dtype)} as {scalar_type(target)} (different element sizes)"
        if not raw.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 {what}")
        times, steps = wanted // item, [step // item for step in raw.strides]
        if times > 1 and raw.shape[-1] % times:
            raise RuntimeError(f"self.size(-1) must be divisible by {times} {what}, but got {raw.shape[-1]}")
        if steps[-1] != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 {what}, but got {steps[-1]}")
        if times > 1 and offset_of(raw, memory) % times:
            raise RuntimeError(f"self.storage_offset() must be divisible by {times} {what}, but got "
                               f"{offset_of(raw, memory)}")  # fmt: skip
        for axis, (n, step) in enumerate(zip(raw.shape[:-1], steps[:-1], strict=True)):
            if times > 1 and n != 1 and step % times:
                raise RuntimeError(f"self.stride({axis}) must be divisible by {times} {what}, but got {step}")
    out = input._wrap(raw.view(target), None, input._cell)
    out._memory = memory
    return out


@public("(input, other)", functional=False)
def view_as(input: Any, other: Any) -> Any:
    """A view in the shape of another tensor."""
    return view(input, *other._data.shape)


@public("(input, other)", functional=False)
def reshape_as(input: Any, other: Any) -> Any:
    """The elements in the shape of another tensor."""
    return ops.reshape(input, shape=other._data.shape)


@public("(input, start_dim=0, end_dim=-1)")
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from start_dim to end_dim as one."""
    shape = input._data.shape
    first, last = one_dim(start_dim, len(shape)), one_dim(end_dim, len(shape))
    if not shape:
        return ops.reshape(input, shape=(1,))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    count = 1
    for size in shape[first : last + 1]:
        count *= size
    return input if first == last else ops.reshape(input, shape=(*shape[:first], count, *shape[last + 1 :]))


@public("(input)")
def ravel(input: Any) -> Any:
    """All elements in one dimension: a view of a contiguous tensor, else a copy."""
    return ops.reshape(input.contiguous(), shape=(input._data.size,))


@public("(input, dim, sizes)")
def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension as several."""
    shape = input._data.shape
    if not shape:
        raise RuntimeError("unflatten got an unexpected error:\nDimension specified as "
                           f"{dim} but tensor has no dimensions")  # fmt: skip
    axis = one_dim(dim, len(shape))
    inner = list(sizes)
    known = 1
    for size in inner:
        known *= size if size != -1 else 1
    if (-1 in inner and (known == 0 or shape[axis] % known)) or (-1 not in inner and known != shape[axis]):
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {axis} ({shape[axis]}) in "
            "the input tensor"
        )
    inner = [shape[axis] // known if size == -1 else size for size in inner]
    return ops.reshape(input, shape=(*shape[:axis], *inner, *shape[axis + 1 :]))


@public("(input)", "(input, dim)", inplace=True)
def squeeze(input: Any, dim: Any = None) -> Any:
    """Dimensions of size 1 taken away: all, one or several."""
    shape = input._data.shape
    dims = many_dims(dim, len(shape)) if dim is None or dim != () else ()
    return ops.reshape(input, shape=tuple(n for i, n in enumerate(shape) if n != 1 or i not in dims))


@public("(input, dim)", inplace=True)
def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1 at `dim`."""
    shape = input._data.shape
    axis = one_dim(dim, len(shape) + 1)
    return ops.select(input, key=(*[_FULL] * axis, None))


@public("(input, dim0, dim1)", aliases=("swapaxes", "swapdims"), inplace=True)
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged, as a view."""
    ndim = input._data.ndim
    one, other = one_dim(dim0, ndim), one_dim(dim1, ndim)
    if not ndim:
        return ops.select(input, key=(Ellipsis,))
    dims = list(range(ndim))
    dims[one], dims[other] = dims[other], dims[one]
    return ops.permute(input, dims=tuple(dims))


@public("(input)", inplace=True)
def t(input: Any) -> Any:
    """The transpose of a matrix, as a view."""
    if input._data.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._data.ndim}D")
    return ops.permute(input, dims=tuple(reversed(range(input._data.ndim))))


@public("(input, source: int, destination)", aliases=("moveaxis",))
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Dimensions moved to other places, the rest in order."""
    ndim = input._data.ndim
    sides = {"source": _listed(source), "destination": _listed(destination)}
    if len(sides["source"]) != len(sides["destination"]):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({sides['source']} dims) should contain the same number "
            f"of dims as destination ({sides['destination']} dims)"
        )
    whence, whither = ([one_dim(d, ndim) for d in side] for side in sides.values())
    for name, dims in (("source", whence), ("destination", whither)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({sides[name]})")
    order = [d for d in range(ndim) if d not in whence]
    for place, d in sorted(zip(whither, whence, strict=True)):
        order.insert(place, d)
    return ops.permute(input, dims=tuple(order[:ndim]))  # of a number, the dimension 0 that it has not


def _listed(dims: Any) -> list[Any]:
    return list(dims) if isinstance(dims, tuple | list) else [dims]


@public("(input, *size)", functional=False)
def expand(input: Any, *size: Any) -> Any:
    """Dimensions of size 1 repeated without copying; -1 keeps a size."""
    return ops.expand(input, shape=sizes_of(size))


@public("(input, other)", functional=False)
def expand_as(input: Any, other: Any) -> Any:
    """Expanded to the shape of another tensor."""
    return ops.expand(input, shape=other._data.shape)


@public("(input, size)")
def broadcast_to(input: Any, size: Any) -> Any:
    """Expanded to a shape."""
    return ops.expand(input, shape=tuple(size))


def check_tensors(tensors: Any, name: str) -> list[Any]:
    """A tuple or list of tensors as a list.

    Raises:
        TypeError: for anything else, in PyTorch's words.
    """
    if isinstance(tensors, Tracked) or not isinstance(tensors, tuple | list):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    for place, tensor in enumerate(tensors):
        if not isinstance(tensor, Tracked):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, but got {type(tensor).__name__}"
            )
    return list(tensors)


@public("(tensors, dim=0, *, out=None)", method=False, aliases=("concat", "concatenate"))
def cat(tensors: Any, dim: int = 0) -> Any:
    """Tensors joined along `dim`; empty 1-d tensors are left out, as in PyTorch."""
    listed = check_tensors(tensors, "cat")
    if not listed:
        raise ValueError("cat(): expected a non-empty list of Tensors")
    for place, tensor in enumerate(listed):
        if not tensor._data.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {place}) cannot be concatenated")
    kept = [tensor for tensor in listed if tensor._data.shape != (0,)] or listed[:1]
    first = kept[0]._data
    axis = one_dim(dim, first.ndim)
    for place, tensor in enumerate(kept):
        shape = tensor._data.shape
        if shape == first.shape:
            continue
        if len(shape) != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {len(shape)}"
            )
        for d, (a, b) in enumerate(zip(first.shape, shape, strict=True)):
            if d != axis and a != b:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {a} but got size {b} for "
                    f"tensor number {place} in the list."
                )
    return ops.cat(*kept, dim=axis)


@public("(tensors, dim=0, *, out=None)", method=False)
def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape joined along a new dimension."""
    listed = check_tensors(tensors, "stack")
    if not listed:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = listed[0]._data.shape
    for place, tensor in enumerate(listed):
        if tensor._data.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(tensor._data.shape)} at entry {place}"
            )
    axis = one_dim(dim, len(shape) + 1)
    return ops.stack(*listed, dim=axis)


@public("(input, *dims)")
def flip(input: Any, *dims: Any) -> Any:
    """The order along some dimensions reversed (a copy)."""
    listed = sizes_of(dims)
    return ops.flip(input, dims=many_dims(listed, input._data.ndim) if listed else ())


@public("(input, diagonal=0, *, out=None)", inplace=True)
def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle of the last two dimensions, zeros above."""
    return ops.triangle(_matrix(input, "tril"), diagonal=diagonal, upper=False)


@public("(input, diagonal=0, *, out=None)", inplace=True)
def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle of the last two dimensions, zeros below."""
    return ops.triangle(_matrix(input, "triu"), diagonal=diagonal, upper=True)


def _matrix(input: Any, name: str) -> Any:
    if input._data.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return input


@public("(input, offset=0, dim1=0, dim2=1)")
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of two dimensions as the last one, as a view."""
    ndim = input._data.ndim
    one, other = one_dim(dim1, ndim), one_dim(dim2, ndim)
    if one == other:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return ops.diagonal(input, offset=offset, dim1=one, dim2=other)


@public("(input, dimension, size, step)", functional=False)
def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """Sliding windows of one dimension as a new last one, as a view."""
    axis = one_dim(dimension, input._data.ndim)
    if not input._data.ndim:
        input = ops.reshape(input, shape=(1,))
        return ops.windows(input, dim=0, size=size, step=step)[0] if size in (0, 1) and step > 0 else input.unfold(
            0, size, step)  # fmt: skip
    length = input._data.shape[axis]
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > length:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {length} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    return ops.windows(input, dim=axis, size=size, step=step)
