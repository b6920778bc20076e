"""Repeating, stacking, splitting and turning: rearrangements made of the movement ops."""

from __future__ import annotations

import itertools
from typing import Any

from ..backend.namespace import backend_of
from ..ops import shape as ops
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.kinds import agreeing, lacking
from ..ops.lookup import lookup
from ..ops.shapes import common_shape
from ..tracked import Tracked
from .matrices import size_of
from .shapes import cat, check_tensors, sizes_of, unsqueeze
from .slices import piece

_FULL = slice(None)


@public("(input, *repeats)", functional=False)
def repeat(input: Any, *repeats: Any) -> Any:
    """The tensor repeated `repeats` times along each dimension (new ones in front)."""
    times = sizes_of(repeats)
    shape = input._data.shape
    lead = len(times) - len(shape)
    if lead < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    if any(t < 0 for t in times):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(times)}: {list(times)}")
    full = (1,) * lead + shape
    parted = ops.reshape(input, shape=tuple(n for size in full for n in (1, size)))
    wide = ops.expand(parted, shape=tuple(n for t, size in zip(times, full, strict=True) for n in (t, size)))
    return ops.reshape(wide, shape=tuple(t * size for t, size in zip(times, full, strict=True)))


@public("(input, *dims)")
def tile(input: Any, *dims: Any) -> Any:
    """`repeat`, with missing counts taken as 1 from the left."""
    times = sizes_of(dims)
    return repeat(input, (1,) * (input._data.ndim - len(times)) + times)


def _counts(repeats: Any) -> list[int]:
    """How often each is repeated, as a list on the host."""
    lacking("repeat_interleave_cpu", "b f c uint8 int8 int16", repeats)
    listed: list[int] = backend_of(repeats._data).to_host(repeats._data).reshape(-1).tolist()
    if min(listed, default=0) < 0:
        raise RuntimeError("repeats can not be negative")
    return listed


@public("(input, repeats, dim=None, *, output_size=None)", "(repeats, *, output_size=None)")
def repeat_interleave(input: Any, repeats: Any = None, dim: Any = None, output_size: Any = None) -> Any:
    """Each slice of `dim` repeated, by one count or a count each; of counts alone, the positions."""
    if repeats is None:
        counts = input._data
        if counts.ndim != 1:
            raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
        xp = backend_of(counts)
        listed = _counts(input)
        return input._wrap(xp.repeat(xp.arange(counts.shape[0], dtype=counts.dtype), listed))
    if dim is None:
        input, dim = ops.reshape(input, shape=(-1,)), 0
    axis = one_dim(dim, input._data.ndim)
    size = size_of(input, axis)
    xp = backend_of(input._data)
    if isinstance(repeats, Tracked):
        host = repeats._data
        if host.ndim > 1:
            raise RuntimeError("repeat_interleave only accept 0-dim or 1-dim tensor as repeat")
        if host.size not in (1, size):
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {host.size} and "
                f"input.size({axis}) = {size}"
            )
        listed = _counts(repeats) * (size if host.size == 1 else 1)
        return lookup(input, input._wrap(xp.repeat(xp.arange(size), listed)), dim=axis)
    if repeats < 0:
        raise RuntimeError("repeats can not be negative")
    shape = input._data.shape
    parted = ops.reshape(input, shape=(*shape[: axis + 1], 1, *shape[axis + 1 :]))
    wide = ops.expand(parted, shape=(*shape[: axis + 1], repeats, *shape[axis + 1 :]))
    return ops.reshape(wide, shape=(*shape[:axis], size * repeats, *shape[axis + 1 :]))


@public("(input, shifts, dims=None)")
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Elements moved along dimensions, those pushed out coming back at the other end."""
    many = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or dims == ():
        if len(many) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(many)}, dims:0")
        return ops.reshape(_rolled(ops.reshape(input, shape=(-1,)), many[0], 0), shape=input._data.shape)
    axes = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(axes) != len(many):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(many)}, dims:{len(axes)}")
    for shift, dim in zip(many, axes, strict=True):
        size_of(input, dim)
        input = _rolled(input, shift, one_dim(dim, input._data.ndim))
    return input


def _rolled(x: Any, shift: int, axis: int) -> Any:
    size = x._data.shape[axis] if x._data.ndim else 0
    if not size or not shift % size:
        return x.clone()
    cut = size - shift % size
    lead = [_FULL] * axis
    return ops.cat(ops.select(x, key=(*lead, slice(cut, size))), ops.select(x, key=(*lead, slice(0, cut))), dim=axis)


@public("(input)")
def fliplr(input: Any) -> Any:
    """The columns in reverse order."""
    if input._data.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return ops.flip(input, dims=(1,))


@public("(input)")
def flipud(input: Any) -> Any:
    """The rows in reverse order."""
    if input._data.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return ops.flip(input, dims=(0,))


@public("(input, k=1, dims=(0, 1))")
def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """k quarter turns in the plane of two dimensions, from the first towards the second."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input._data.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input._data.ndim}")
    one, other = (one_dim(d, input._data.ndim) for d in dims)
    if one == other:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    order = list(range(input._data.ndim))
    order[one], order[other] = order[other], order[one]
    turns = k % 4
    if turns == 0:
        return input.clone()
    if turns == 2:
        return ops.flip(input, dims=(one, other))
    if turns == 1:
        return ops.permute(ops.flip(input, dims=(other,)), dims=tuple(order)).contiguous()
    return ops.flip(ops.permute(input, dims=tuple(order)), dims=(other,))


# ---- at least so many dimensions -----------------------------------------------------------------------------------
def _at_least(tensors: Any, grow: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Tracked):
        return grow(tensors[0])
    listed = tensors[0] if len(tensors) == 1 else tensors
    return tuple(grow(tensor) for tensor in listed)


@public("(*tensors)", method=False)
def atleast_1d(*tensors: Any) -> Any:
    """0-d tensors as one element in one dimension."""
    return _at_least(tensors, lambda x: x if x._data.ndim else ops.reshape(x, shape=(1,)))


@public("(*tensors)", method=False)
def atleast_2d(*tensors: Any) -> Any:
    """Fewer than two dimensions as a row."""
    return _at_least(tensors, lambda x: x if x._data.ndim > 1 else ops.reshape(x, shape=(1, x._data.size)))


def _three(x: Any) -> Any:
    n = x._data.ndim
    if n > 2:
        return x
    return unsqueeze(x, -1) if n == 2 else ops.reshape(x, shape=(1, x._data.size, 1))


@public("(*tensors)", method=False)
def atleast_3d(*tensors: Any) -> Any:
    """Fewer than three dimensions as a block one deep."""
    return _at_least(tensors, _three)


def _some(tensors: Any, name: str) -> list[Any]:
    """Tensors to be joined, at least one."""
    listed = check_tensors(tensors, name)
    if not listed:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return listed


@public("(tensors, *, out=None)", method=False)
def hstack(tensors: Any) -> Any:
    """Tensors joined side by side."""
    grown = [atleast_1d(tensor) for tensor in _some(tensors, "hstack")]
    return cat(grown, 0 if grown[0]._data.ndim == 1 else 1)


@public("(tensors, *, out=None)", method=False, aliases=("row_stack",))
def vstack(tensors: Any) -> Any:
    """Tensors joined on top of one another."""
    return cat([atleast_2d(tensor) for tensor in _some(tensors, "vstack")], 0)


@public("(tensors, *, out=None)", method=False)
def dstack(tensors: Any) -> Any:
    """Tensors joined in depth."""
    return cat([atleast_3d(tensor) for tensor in _some(tensors, "dstack")], 2)


@public("(tensors, *, out=None)", method=False)
def column_stack(tensors: Any) -> Any:
    """Vectors as columns, joined with matrices side by side."""
    return cat([x if x._data.ndim > 1 else ops.reshape(x, shape=(x._data.size, 1))
                for x in _some(tensors, "column_stack")], 1)  # fmt: skip


@public("(input, indices_or_sections, dim=0)")
def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> Any:
    """Pieces of a dimension: nearly equal ones, or cut before the given positions."""
    if not input._data.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    axis = one_dim(dim, input._data.ndim)
    size = input._data.shape[axis]
    if isinstance(indices_or_sections, Tracked):
        given: Any = indices_or_sections
        listed = given.tolist()
    else:
        listed = indices_or_sections
    if isinstance(listed, int):
        if listed <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {listed}")
        each, more = divmod(size, listed)
        cuts = [0]
        for i in range(listed):
            cuts.append(cuts[-1] + each + (i < more))
        bounds = list(itertools.pairwise(cuts))
    else:
        ends = [slice(None, int(cut)).indices(size)[1] for cut in listed]
        bounds = [(a, max(a, b)) for a, b in zip([0, *ends], [*ends, size], strict=True)]
    return tuple(piece(input, axis, start, stop, "") for start, stop in bounds)


def _parts(input: Any, how: Any, dim: int, name: str, least: int) -> Any:
    if input._data.ndim < least:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with "
            f"{input._data.ndim} dimensions!"
        )
    if isinstance(how, int) and (how == 0 or input._data.shape[dim] % how):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
            f"{input._data.shape[dim]} is not divisible by the split_size {how}!"
        )
    return tensor_split(input, how, dim)


@public("(input, indices_or_sections)")
def hsplit(input: Any, indices_or_sections: Any) -> Any:
    """Pieces side by side."""
    return _parts(input, indices_or_sections, 0 if input._data.ndim == 1 else 1, "hsplit", 1)


@public("(input, indices_or_sections)")
def vsplit(input: Any, indices_or_sections: Any) -> Any:
    """Pieces on top of one another."""
    return _parts(input, indices_or_sections, 0, "vsplit", 2)


@public("(input, indices_or_sections)")
def dsplit(input: Any, indices_or_sections: Any) -> Any:
    """Pieces in depth."""
    return _parts(input, indices_or_sections, 2, "dsplit", 3)


# ---- diagonals, grids, blocks --------------------------------------------------------------------------------------
@public("(input, offset=0, dim1=-2, dim2=-1)")
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The last dimension on a diagonal of two new dimensions, zeros elsewhere."""
    ndim = input._data.ndim + 1
    one, other = one_dim(dim1, ndim), one_dim(dim2, ndim)
    if one == other:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    if one > other:  # the op counts the offset from the first to the second
        one, other, offset = other, one, -offset
    size = input._data.shape[-1] + abs(offset)
    shape = list(input._data.shape[:-1])
    shape.insert(one, size)
    shape.insert(other, size)
    return ops.place_diagonal(input, offset=offset, dim1=one, dim2=other, shape=tuple(shape))


@public("(input, diagonal=0, *, out=None)")
def diag(input: Any, diagonal: int = 0) -> Any:
    """A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector."""
    if input._data.ndim == 1:
        return diag_embed(input, diagonal)
    if input._data.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._data.ndim}D")
    return ops.diagonal(input, offset=diagonal, dim1=0, dim2=1).clone()


@public("(input, offset=0)")
def diagflat(input: Any, offset: int = 0) -> Any:
    """All elements on the diagonal of a matrix."""
    return diag_embed(ops.reshape(input, shape=(-1,)), offset)


@public("(*tensors, indexing=None)", method=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> Any:
    """Grids of coordinates: the i-th result repeats the i-th vector along all other dimensions."""
    listed = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tracked) else tensors
    if indexing is None:
        import warnings

        warnings.warn("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
                      UserWarning, stacklevel=3)  # fmt: skip
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(
            f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    listed = [x if x._data.ndim else ops.reshape(x, shape=(1,)) for x in check_tensors(list(listed), "meshgrid")]
    if any(x._data.ndim != 1 for x in listed):
        raise RuntimeError("torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: more")
    agreeing("meshgrid expects all tensors to have the same dtype: {0} and {1}", *listed)
    swap = indexing == "xy" and len(listed) > 1
    if swap:
        listed[:2] = listed[1::-1]
    shape = tuple(x._data.size for x in listed)
    count = len(listed)
    grids = [
        ops.expand(ops.reshape(x, shape=(1,) * i + (-1,) + (1,) * (count - i - 1)), shape=shape)
        for i, x in enumerate(listed)
    ]
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


@public("(*tensors)", method=False)
def broadcast_tensors(*tensors: Any) -> Any:
    """The tensors expanded to their common shape."""
    listed = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tracked) else tensors
    shape = common_shape([x._data.shape for x in listed])
    return tuple(ops.expand(x, shape=shape) for x in listed)


@public("(*tensors)", method=False)
def block_diag(*tensors: Any) -> Any:
    """Matrices along the diagonal of one, zeros elsewhere."""
    for place, x in enumerate(tensors):
        if x._data.ndim > 2:
            raise RuntimeError("torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                               f"{place} has {x._data.ndim} dimensions")  # fmt: skip
    grown = [x if x._data.ndim == 2 else ops.reshape(x, shape=(1, -1)) for x in tensors]
    width = sum(x._data.shape[1] for x in grown)
    rows, start = [], 0
    for x in grown:
        height, count = x._data.shape
        rows.append(ops.place(x, key=(_FULL, slice(start, start + count)), shape=(height, width)))
        start += count
    return cat(rows, 0)


@public("(*tensors)", method=False)
def cartesian_prod(*tensors: Any) -> Any:
    """Every choice of one element from each vector, a row each."""
    for x in tensors:
        if x._data.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x._data.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    return cat([ops.reshape(grid, shape=(-1, 1)) for grid in grids], 1)


@public("(input, r=2, with_replacement=False)", method=False)
def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """Every choice of r elements of a vector, in order, a row each."""
    if input._data.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input._data.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    xp = backend_of(input._data)
    chosen = list(choose(range(input._data.size), r))
    if not chosen or not r:
        return lookup(input, input._wrap(xp.zeros((0,), dtype="int64")), dim=0).reshape(0, r) if r else input[:0]
    return lookup(input, input._wrap(xp.asarray(chosen, dtype="int64")), dim=0)

