"""Picking by index tensors and masks.

A front checks the index in PyTorch's words (on a host; a device is not waited for), and one op of ops/index.py or
ops/lookup.py picks. Where a mask or the numbers decide the shape, a device is waited for.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops import index as ops
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.lookup import lookup
from ..ops.shape import expand, reshape
from ..ops.shapes import common_shape


# ---- checking an index ---------------------------------------------------------------------------------------------
def check_positions(index: Any, size: int, refuse: Any, negative: bool = False) -> None:
    """Raise `refuse(bad index)` unless every position lies in [0, size), or in [-size, size)."""
    raw = index._data
    if not raw.size or backend_of(raw).name != "cpu":
        return
    if raw.size <= FEW:  # a short list is looked through before a NumPy reduction has begun
        listed = raw.ravel().tolist()
        if min(listed) >= 0 and max(listed) < size:
            return
    if not negative and raw.view(UNSIGNED[raw.itemsize]).max() < size:  # a negative one would be a very large one
        return
    low, high = int(raw.min()), int(raw.max())
    if high >= size or low < (-size if negative else 0):
        bad = high if high >= size else low
        error = refuse(bad)
        place = backend_of(raw).argwhere(raw == bad)[0].tolist()
        raise type(error)(f"{error} (at position {place} of the index)")


#: So many positions are looked at in Python.
FEW = 32
UNSIGNED = {4: "uint32", 8: "uint64"}


def out_of_bounds(dim: int, size: int, kind: type[Exception] = RuntimeError, name: str = "") -> Any:
    """PyTorch's refusal of one position of a dimension."""
    return lambda bad: kind(f"{name}index {bad} is out of bounds for dimension {dim} with size {size}")


def out_of_self(size: int) -> Any:
    """PyTorch's refusal of one position of a dimension, from the kernels that name neither."""
    return lambda bad: IndexError(f"index out of range in self: index {bad}, size {size}")


def check_kind(index: Any, name: str, wanted: str = "int32/int64", end: str = "") -> None:
    """Refuse an index that is neither int32 nor int64."""
    dtype = index._data.dtype
    if dtype.kind != "i" or dtype.itemsize < 4:
        raise RuntimeError(f"{name}(): Expected dtype {wanted} for index{end}")


def refuse_non_long(index: Any, name: str) -> None:
    """Refuse an index that is not int64."""
    if index._data.dtype != "int64":
        raise RuntimeError(
            f"{name}(): Expected a long tensor for index, but got {dt.scalar_type(index._data.dtype)}"
        )


def sizes(tensor: Any) -> tuple[int, ...]:
    """The shape, a single element counted as one dimension."""
    return tensor._data.shape or (1,)


def check_reach(input: Any, index: Any, axis: int, src: Any = None) -> None:
    """The index must stay inside the input (and the source) in every dimension but the one it runs along."""
    have, mine = sizes(index), sizes(input)
    if have == mine and (src is None or have == sizes(src)):
        return
    beyond = [d for d in range(len(have)) if d != axis and have[d] > mine[d]]
    if src is None and not beyond:
        return
    shape, room = list(index._data.shape), list(input._data.shape)
    if src is None:
        d = beyond[0]
        raise RuntimeError(
            f"Size does not match at dimension {d} expected index {shape} to be no larger than self {room} apart from "
            f"dimension {axis}"
        )
    if beyond or any(n > m for n, m in zip(have, sizes(src), strict=True)):
        raise RuntimeError(
            f"Expected index {shape} to be no larger than self {room} apart from dimension {axis} and to be no larger "
            f"size than src {list(src._data.shape)}"
        )


# ---- picking -------------------------------------------------------------------------------------------------------
@public("(input, dim, index, *, sparse_grad=False, out=None)")
def gather(input: Any, dim: int, index: Any, sparse_grad: bool = False) -> Any:
    """The elements at `index` along `dim`, in the index's shape.

    Raises:
        RuntimeError: for an index of another kind, number of dimensions or reach, or out of bounds.
    """
    axis = one_dim(dim, input._data.ndim)
    if index._data.size:
        check_kind(index, "gather")
        if len(sizes(index)) != len(sizes(input)):
            raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
        check_reach(input, index, axis)
        check_positions(index, sizes(input)[axis], out_of_bounds(axis, sizes(input)[axis]))
    elif index._data.ndim != input._data.ndim:
        return lookup(reshape(input, shape=(-1,)), index, dim=0)
    return ops.gather(input, index, dim=axis)


@public("(input, indices, dim=None, *, out=None)")
def take_along_dim(input: Any, indices: Any, dim: Any = None) -> Any:
    """The elements at `indices` along `dim`, both broadcast elsewhere; without `dim`, of the flattened input.

    Raises:
        RuntimeError: for an index of another kind or number of dimensions, or out of bounds.
    """
    name = "torch.take_along_dim()"
    if dim is None:
        return gather(reshape(input, shape=(-1,)), 0, reshape(indices, shape=(-1,)))
    if indices._data.dtype != "int64":
        raise RuntimeError(
            f"{name}: dtype of indices should be Long but got {dt.scalar_type(indices._data.dtype)}"
        )
    if not input._data.ndim and not indices._data.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    if indices._data.ndim != input._data.ndim:
        raise RuntimeError(
            f"{name}: input and indices should have the same number of dimensions, but got {input._data.ndim} "
            f"dimensions for input, and {indices._data.ndim} dimensions for indices"
        )
    axis = one_dim(dim, input._data.ndim)
    size = input._data.shape[axis]
    check_positions(indices, size, out_of_bounds(axis, size), negative=True)

    def without(shape: Any) -> tuple[int, ...]:
        return (*shape[:axis], 1, *shape[axis + 1 :])

    shape = common_shape([without(input._data.shape), without(indices._data.shape)])
    count = indices._data.shape[axis]
    xp = backend_of(indices._data)
    index = xp.broadcast_to(indices._data % max(size, 1), (*shape[:axis], count, *shape[axis + 1 :]))
    wide = expand(input, shape=(*shape[:axis], size, *shape[axis + 1 :]))
    return ops.gather(wide, indices._wrap(index), dim=axis)


@public("(input, index, *, out=None)")
def take(input: Any, index: Any) -> Any:
    """The elements at these positions of the flattened input, in the index's shape.

    Raises:
        IndexError: out of range.
    """
    refuse_non_long(index, "take")
    count = input._data.size
    if not count and index._data.size:
        raise IndexError("take(): tried to take from an empty tensor")
    check_positions(index, count, out_of_range(count), negative=True)
    return lookup(reshape(input, shape=(-1,)), index, dim=0)


def out_of_range(count: int) -> Any:
    """PyTorch's refusal of one position of a flattened tensor."""
    return lambda bad: IndexError(f"out of range: tried to access index {bad} on a tensor of {count} elements.")


@public("(input, dim, index, *, out=None)")
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices of `dim` at the positions of a 1-d index.

    Raises:
        IndexError: for an index that is no vector, or out of range.
    """
    axis = one_dim(dim, input._data.ndim)
    raw = index._data
    if raw.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    check_kind(index, "index_select", "int32 or int64")
    if not input._data.ndim:
        if raw.size != 1:
            raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {raw.size} value(s)")
        check_positions(index, 1, lambda bad: IndexError(f"index out of range in self: index {bad}, size 1"))
        return input.clone()
    size = input._data.shape[axis]
    if not size and raw.size:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    check_positions(index, size, lambda bad: IndexError(
        f"index out of range in self: index {bad} for dimension {axis} of size {size}"))  # fmt: skip
    return lookup(input, reshape(index, shape=(-1,)) if not raw.ndim else index, dim=axis)


@public("(input, mask, *, out=None)")
def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask holds, in one dimension."""
    if mask._data.dtype != bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    xp = backend_of(input._data)
    shape = common_shape([sizes(mask), sizes(input)])
    wide = expand(input, shape=shape)
    found = xp.nonzero(xp.broadcast_to(mask._data, shape))
    return ops.pick(wide, *map(input._wrap, found), key=(ops.HOLE,) * len(shape))


@public("(input, *, out=None, as_tuple=False)")
def nonzero(input: Any, as_tuple: bool = False) -> Any:
    """The positions of the nonzero elements, a row each, or a tuple of index vectors. Waits for a device."""
    xp = backend_of(input._data)
    raw = input._data
    if not raw.ndim:
        found = xp.nonzero(raw.reshape(1))
        return (input._wrap(found[0]),) if as_tuple else input._wrap(xp.zeros((int(found[0].size), 0), dtype="int64"))
    found = xp.nonzero(raw)
    return tuple(input._wrap(f) for f in found) if as_tuple else input._wrap(xp.stack(found).T)  # laid out as in PyTorch


@public("(input)")
def argwhere(input: Any) -> Any:
    """The positions of the nonzero elements, a row each."""
    return nonzero(input)


@public("(input, *, size, fill_value=-1, out=None)")
def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """The positions of the first `size` nonzero elements, a row each, filled up with `fill_value`."""
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    xp = backend_of(input._data)
    found = nonzero(input)._data[:size]
    rest = xp.full((size - found.shape[0], found.shape[1]), fill_value, dtype="int64")
    return input._wrap(xp.concatenate([found, rest]))
