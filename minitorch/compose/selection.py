"""Picking and placing by index tensors and masks."""

from __future__ import annotations

from typing import Any

from ..backend.namespace import backend_of
from ..ops import index as ops
from ..ops.arithmetic import where
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.shape import expand
from ..tracked import Tracked

_FULL = slice(None)


def check_positions(index: Any, size: int, name: str, dim: int) -> None:
    """Refuse an index outside [0, size) (on a host; a device is not waited for)."""
    raw = index._data
    xp = backend_of(raw)
    if xp.name == "cpu" and raw.size and (int(raw.max()) >= size or int(raw.min()) < 0):
        bad = int(raw.max()) if int(raw.max()) >= size else int(raw.min())
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {size} (in {name})")


def _check_along(input: Any, index: Any, dim: int, name: str) -> int:
    if index._data.dtype.kind not in "iu":
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if index._data.ndim != input._data.ndim and index._data.ndim and input._data.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    axis = one_dim(dim, input._data.ndim)
    for d, (n, m) in enumerate(zip(index._data.shape, input._data.shape, strict=False)):
        if d != axis and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index._data.shape)} to be no larger than "
                f"self {list(input._data.shape)} apart from dimension {axis}"
            )
    check_positions(index, input._data.shape[axis] if input._data.ndim else 1, name, axis)
    return axis


@public("(input, dim, index, *, sparse_grad=False, out=None)")
def gather(input: Any, dim: int, index: Any, sparse_grad: bool = False) -> Any:
    """The elements at `index` along `dim`, in the index's shape."""
    return ops.gather(input, index, dim=_check_along(input, index, dim, "gather"))


@public("(input, dim, index, src)", inplace=True)
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """input with src added at `index` along `dim`, duplicates counting."""
    return ops.scatter_add(input, src, index, dim=_check_along(input, index, dim, "scatter_add"))


@public("(input, dim, index, *, out=None)")
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices of `dim` at the positions of a 1-d index."""
    axis = one_dim(dim, input._data.ndim)
    if index._data.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index._data.dtype.kind not in "iu":
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    size = input._data.shape[axis] if input._data.ndim else 1
    raw = index._data
    backend_of(raw).check_index(raw, size, lambda bad, place: IndexError(
        f"index out of range in self: index {bad} at position {list(place)}, size {size}"))  # fmt: skip
    return ops.pick(input, index, key=(*[_FULL] * axis, ops.HOLE))


@public("(input, mask, value)", inplace=True)
def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """input with value where the mask holds."""
    if mask._data.dtype != bool:
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype " + str(mask.dtype))
    if isinstance(value, Tracked) and value._data.ndim:
        raise RuntimeError(
            f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {value._data.ndim} "
            "dimension(s)."
        )
    if isinstance(value, Tracked) and value._data.dtype != input._data.dtype:
        value = value.to(input.dtype)
    elif not isinstance(value, Tracked):
        from ..ops.promotion import number_as

        value = input.new_tensor(number_as(value, input.dtype))
    return where(mask, value, input)


@public("(input, mask, *, out=None)")
def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask holds, in one dimension."""
    if mask._data.dtype != bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    xp = backend_of(input._data)
    shape = xp.broadcast(input._data, mask._data).shape
    wide = expand(input, shape=shape)
    return ops.pick(wide, *xp.nonzero(xp.broadcast_to(mask._data, shape)), key=(ops.HOLE,) * len(shape)) if shape else \
        ops.pick(wide.reshape(1), xp.nonzero(mask._data.reshape(1))[0], key=(ops.HOLE,))  # fmt: skip


@public("(input, *, out=None, as_tuple=False)")
def nonzero(input: Any, as_tuple: bool = False) -> Any:
    """The positions of the nonzero elements, a row each, or a tuple of index vectors. Waits for a device."""
    xp = backend_of(input._data)
    raw = input._data
    if not raw.ndim:
        found = xp.nonzero(raw.reshape(1))
        return (input._wrap(found[0]),) if as_tuple else input._wrap(xp.zeros((int(found[0].size), 0), dtype="int64"))
    found = xp.nonzero(raw)
    return tuple(input._wrap(f) for f in found) if as_tuple else input._wrap(xp.stack(found, axis=1))
