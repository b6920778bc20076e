"""Placing anywhere: at flat positions, where a mask holds, over a slice or a diagonal; with in-place twins.

Positions go to the ops of ops/index.py; a slice or a diagonal is a path of movement ops, and `overwrite` replaces what
the path leads to, as an assignment through a view would.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.limits import C_NAMES
from ..backend.namespace import backend_of
from ..ops import index as ops
from ..ops.arithmetic import cast, where
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.mutation import in_place, overwrite
from ..ops.shape import dense, diagonal, expand, reshape, select
from ..ops.shapes import common_shape
from ..tracked import Tracked
from .scatter import filler, fitting
from .selection import check_positions, out_of_bounds, out_of_range, refuse_non_long


# ---- at positions ---------------------------------------------------------------------------------------------------
@public("(input, index, source, accumulate=False)", inplace=True)
def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """input with source written to (or added at) these positions of the flattened tensor.

    Raises:
        RuntimeError, IndexError: for an index or a source that does not fit.
    """
    refuse_non_long(index, "put_")
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{dt.scalar_type(input._data.dtype)} and source.dtype = {dt.scalar_type(source._data.dtype)}"
        )
    if source._data.size != index._data.size:
        raise IndexError(
            f"put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source._data.size}, index.numel() = {index._data.size}"
        )
    count = input._data.size
    check_positions(index, count, out_of_range(count), negative=True)
    line, part, vector = (reshape(tensor, shape=(-1,)) for tensor in (input, source, index))
    if accumulate:
        found = ops.index_add(line, part, vector, dim=0)
    else:
        found = ops.put(line, part, vector, key=(ops.HOLE,))
    return reshape(found, shape=input._data.shape)


@public("(input, indices, values, accumulate=False)", inplace=True)
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """input with values (broadcast) written to, or added at, `input[indices]`; a mask stands for its positions.

    Raises:
        TypeError, IndexError, RuntimeError: for indices or values that do not fit.
    """
    if not isinstance(indices, tuple | list):
        raise TypeError(
            f"index_put(): argument 'indices' (position 1) must be tuple of Tensors, not {type(indices).__name__}"
        )
    found = _positions(input, indices)
    one_mask = len(indices) == 1 and indices[0]._data.dtype in ("bool", "uint8")
    if values._data.dtype != input._data.dtype and one_mask and values._data.size == 1 and not accumulate:
        values = filler(input, reshape(values, shape=()), "masked_fill_")
    if values._data.dtype != input._data.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{dt.scalar_type(input._data.dtype)} for the destination and {dt.scalar_type(values._data.dtype)} for the "
            "source."
        )
    shape = (*common_shape([index._data.shape for index in found]), *input._data.shape[len(found) :])
    have = values._data.shape
    lead = len(have) - len(shape)
    if lead > 0 or any(n not in (1, m) for n, m in zip(have, shape[-lead if lead < 0 else 0 :], strict=True)):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(have)} cannot be broadcast to indexing result of shape "
            f"{list(shape)}"
        )
    for axis, index in enumerate(found):
        size = input._data.shape[axis]
        check_positions(index, size, out_of_bounds(axis, size, IndexError), negative=True)
    key = (ops.HOLE,) * len(found)
    if accumulate and input._data.dtype == bool:  # counted, and looked at where it is not 0
        return cast(index_put(cast(input, dtype="int64"), indices, cast(values, dtype="int64"), True), dtype=bool)
    if accumulate:
        return input + ops.put_add(expand(values, shape=shape), *found, key=key, shape=input._data.shape)
    return ops.put(input, values, *found, key=key)


def _differing(one: Any, other: Any) -> int:
    """The first place where two shapes differ."""
    return next((place for place, (n, m) in enumerate(zip(one, other, strict=False)) if n != m), len(other))


def _positions(input: Any, indices: Any) -> list[Any]:
    """The index tensors of `index_put`, masks as the positions where they hold."""
    xp = backend_of(input._data)
    found: list[Any] = []
    for place, index in enumerate(indices):
        if not isinstance(index, Tracked):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(index).__name__}")
        raw = index._data
        if raw.dtype.name not in ("int64", "int32", "uint8", "bool"):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if raw.dtype in ("bool", "uint8"):
            room = input._data.shape[len(found) : len(found) + raw.ndim]
            if raw.shape != room:
                raise IndexError(
                    f"The shape of the mask {list(raw.shape)} at index {_differing(raw.shape, room)} does not match the "
                    f"shape of the indexed tensor {list(input._data.shape)} at index {len(found)}"
                )
            found += [input._wrap(part) for part in xp.nonzero(raw)]
        else:
            found.append(index)
    if len(found) > input._data.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input._data.ndim} (got {len(found)})")
    try:
        common_shape([index._data.shape for index in found])
    except RuntimeError:
        shapes = ", ".join(str(list(index._data.shape)) for index in found)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}") from None
    return found


# ---- where a mask holds --------------------------------------------------------------------------------------------
@public("(input, mask, value)", inplace=True)
def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """input with a number (or a 0-dim tensor) where the mask, broadcast, holds.

    Raises:
        RuntimeError: for a mask that is not bool, a value with dimensions, a number that the dtype cannot hold.
    """
    if mask._data.dtype != bool:
        kind = mask._data.dtype.name
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {C_NAMES.get(kind, kind)}"
        )
    common_shape([mask._data.shape, input._data.shape])
    return dense(where(mask, filler(input, value, "masked_fill_"), input))


@public("(input, mask, source)", inplace=True)
def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """input with the elements of source, in order, where the mask, broadcast, holds.

    Raises:
        RuntimeError: for a mask that is not bool, another dtype, too few elements.
    """
    if mask._data.dtype != bool:
        raise RuntimeError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {dt.scalar_type(mask._data.dtype)}"
        )
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got"
            f"{dt.scalar_type(input._data.dtype)} and {dt.scalar_type(source._data.dtype)}"
        )
    shape = common_shape([mask._data.shape, input._data.shape])
    xp = backend_of(mask._data)
    found = xp.nonzero(xp.broadcast_to(mask._data, shape).reshape(-1))[0]
    if found.size > source._data.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    line = reshape(expand(input, shape=shape), shape=(-1,))
    part = select(reshape(source, shape=(-1,)), key=(slice(0, int(found.size)),))
    return reshape(ops.put(line, part, input._wrap(found), key=(ops.HOLE,)), shape=shape)


# ---- over a slice --------------------------------------------------------------------------------------------------
def _overwritten(input: Any, src: Any, op: Any, params: dict[str, Any]) -> Any:
    """input with what one movement op leads to replaced by src.

    Raises:
        RuntimeError: for a src of another shape.
    """
    shape = op(input.detach(), **params)._data.shape
    if src._data.shape != shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src._data.shape)}, slice size = "
            f"{list(shape)}"
        )
    if src._data.dtype != input._data.dtype:
        src = cast(src, dtype=input._data.dtype)
    return overwrite(input, src, path=((op, params),))


@public("(input, src, dim, index: int)")
def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """input with one slice of `dim` replaced by src.

    Raises:
        IndexError, RuntimeError: out of range, or a src of another shape.
    """
    if not input._data.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = one_dim(dim, input._data.ndim)
    size = input._data.shape[axis]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._data.shape)} at dimension {axis}"
        )
    return _overwritten(input, src, select, {"key": (*[slice(None)] * axis, index % size)})


@public("(input, src, dim=0, start=None, end=None, step=1, *, out=None)")
def slice_scatter(input: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    """input with the slices start:end:step of `dim` replaced by src.

    Raises:
        RuntimeError: for a step that is not positive, a src of another shape.
    """
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    if not input._data.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    axis = one_dim(dim, input._data.ndim)
    return _overwritten(input, src, select, {"key": (*[slice(None)] * axis, slice(start, end, step))})


@public("(input, src, offset=0, dim1=0, dim2=1)")
def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """input with a diagonal replaced by src.

    Raises:
        RuntimeError: for one dimension twice, a src of another shape.
    """
    one, other = one_dim(dim1, input._data.ndim), one_dim(dim2, input._data.ndim)
    if one == other:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return _overwritten(input, src, diagonal, {"offset": offset, "dim1": one, "dim2": other})


@public("(input, fill_value, wrap=False)", name="fill_diagonal_", functional=False)
def fill_diagonal_(input: Any, fill_value: Any, wrap: bool = False) -> Any:
    """A number along the main diagonal, in place; with `wrap` the diagonal of a tall matrix starts anew below.

    Raises:
        RuntimeError: for fewer than two dimensions, or more of different sizes.
    """
    return in_place(_with_diagonal, input, (fill_value, wrap), {}, None)


def _with_diagonal(input: Any, fill_value: Any, wrap: bool) -> Any:
    shape = input._data.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = 1
    for size in shape[:0:-1]:
        step = step * size + 1
    xp = backend_of(input._data)
    stop = input._data.size if wrap and len(shape) == 2 else min(shape) * step
    places = input._wrap(xp.arange(0, stop, step))
    number = filler(input, fitting(fill_value, input.dtype), "fill_diagonal_")
    return reshape(ops.put(reshape(input, shape=(-1,)), number, places, key=(ops.HOLE,)), shape=shape)
