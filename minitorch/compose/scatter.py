"""Placing by index tensors along one dimension; each function has an in-place twin.

A front checks index, source and dtype in PyTorch's words, and one op of ops/index.py writes, or adds. Reductions other
than the sum come as ops (extremes) or as compositions: a mean is a sum over a count, a product is a recurrence over the
source sorted by place, which is right also where elements are 0.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend import dtype as dt
from ..backend.limits import C_TYPES, largest_of, refuse_number
from ..backend.namespace import backend_of
from ..ops import index as ops
from ..ops.arithmetic import cast, where
from ..ops.create import full
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.promotion import number_as, real
from ..ops.rounding import floor_quotient
from ..ops.scan import recur
from ..ops.shape import expand, reshape, select
from ..tracked import Tracked
from .reductions import refuse_kind
from .selection import check_kind, check_positions, check_reach, out_of_bounds, out_of_self, refuse_non_long, sizes

BOOL = dt.bool_.numpy


def fitting(value: Any, dtype: dt.dtype) -> Any:
    """A number as one of this dtype.

    Raises:
        RuntimeError: where the dtype cannot hold it.
    """
    if dtype is not dt.bool_ and not dtype.is_complex:
        value = real(value, dtype)
        if dtype.category == dt.INTEGER:
            bits = 8 * dtype.itemsize - dtype.is_signed
            held = abs(value) < float("inf") and -(1 << bits) - 1 < value < 1 << bits
        else:
            held = abs(value) == float("inf") or value != value or abs(value) <= largest_of(dtype.numpy)
        if not held:
            refuse_number(C_TYPES[dtype.name])
    return number_as(value, dtype)


def filler(input: Any, value: Any, name: str) -> Any:
    """A number that the input's dtype holds, or a 0-dim tensor of that dtype.

    Raises:
        RuntimeError: for a tensor with dimensions, a number that the dtype cannot hold.
    """
    if not isinstance(value, Tracked):
        return fitting(value, input.dtype)
    if value._data.ndim:
        raise RuntimeError(
            f"{name} only supports a 0-dimensional value tensor, but got tensor with {value._data.ndim} dimension(s)."
        )
    raw = value._data
    if raw.dtype == input._data.dtype:
        return value
    lost = raw.dtype.kind == "c" and input._data.dtype.kind != "c"
    if lost and name == "index_fill_":
        raise RuntimeError(f"{name}(): Converting complex Scalar to non-complex type is not supported")
    if lost or backend_of(raw).name == "cpu":  # on a device, its number would have to be waited for
        fitting(raw.item(), input.dtype)
    return cast(value, dtype=input._data.dtype)


# ---- along one dimension, element by element -----------------------------------------------------------------------
def _check_scatter(input: Any, dim: int, index: Any, src: Any, name: str) -> int:
    check_kind(index, name)
    axis = one_dim(dim, input._data.ndim)
    if not index._data.size:
        return axis
    if src is not None and src._data.dtype != input._data.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    for tensor, what in ((input, "self"), (src, "src")):
        if tensor is not None and len(sizes(index)) != len(sizes(tensor)):
            raise RuntimeError(f"Index tensor must have the same number of dimensions as {what} tensor")
    check_reach(input, index, axis, src)
    size = sizes(input)[axis]
    check_positions(index, size, out_of_bounds(axis, size))
    return axis


def _lined(*tensors: Any) -> Any:
    """0-dim tensors as vectors of one element."""
    return [tensor if tensor._data.ndim else reshape(tensor, shape=(1,)) for tensor in tensors]


@public("(input, dim, index, src, *, reduce=None, out=None)", "(input, dim, index, value, *, reduce=None, out=None)",
        inplace=True)  # fmt: skip
def scatter(input: Any, dim: int, index: Any, src: Any, reduce: Any = None) -> Any:
    """input with src (a tensor or a number) written at `index` along `dim`, or with `reduce` added or multiplied.

    Raises:
        RuntimeError: for an index that does not fit the input and the source, or another dtype.
    """
    given = src
    if not isinstance(given, Tracked):
        axis = _check_scatter(input, dim, index, None, "scatter")
        number = filler(input, given, "scatter")
        if reduce is None:
            return ops.scatter(input, number, index, dim=axis)
        given = full(input.detach(), shape=index._data.shape, value=number)
    elif reduce is not None:
        warnings.warn(
            "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a future "
            "PyTorch release. Use torch.scatter_reduce instead for more reduction options.",
            UserWarning, stacklevel=3)  # fmt: skip
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise RuntimeError("reduce argument must be either add or multiply.")
        return scatter_reduce(input, dim, index, given, "sum" if reduce == "add" else "prod")
    axis = _check_scatter(input, dim, index, given, "scatter")
    if not index._data.size:
        return input.clone()
    return ops.scatter(input, *_lined(given), index, dim=axis)


@public("(input, dim, index, src, *, out=None)", inplace=True)
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """input with src added at `index` along `dim`, duplicates counting.

    Raises:
        RuntimeError: as `scatter`.
    """
    axis = _check_scatter(input, dim, index, src, "scatter")
    return ops.scatter_add(input, src, index, dim=axis) if index._data.size else input.clone()


@public("(input, dim, index, src, reduce, *, include_self=True, out=None)", inplace=True)
def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    """input with what src brings to each place reduced: "sum", "prod", "mean", "amax" or "amin", with the input's own
    element or without.

    Raises:
        RuntimeError: as `scatter`, and for a reduction that is none.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    axis = _check_scatter(input, dim, index, src, "scatter")
    if not index._data.size:
        return input.clone()
    found = _reduced(input, index, src, axis, reduce, include_self)
    return found if found._data.dtype == input._data.dtype else cast(found, dtype=input._data.dtype)  # bools counted


def _reduced(input: Any, index: Any, src: Any, axis: int, reduce: str, include_self: bool) -> Any:
    if reduce in ("amax", "amin"):
        refuse_kind(input, f"scatter_gather_tensor_cpu_reduce_{reduce}")
    if not input._data.ndim:
        line, places, part = _lined(input, index, src)
        return reshape(_reduced(line, places, part, 0, reduce, include_self), shape=())
    if reduce in ("amax", "amin"):
        return ops.scatter_extreme(input, src, index, dim=axis, largest=reduce == "amax", include_self=include_self)
    if reduce == "sum" and include_self:
        return ops.scatter_add(input, src, index, dim=axis)
    if reduce == "mean":
        lacking("scatter_gather_tensor_cpu_reduce_mean", "b", input)
    hits = _hits(input, index, axis)
    if reduce == "prod":
        return _product(input, index, src, axis, hits, include_self)
    start = input if include_self else where(hits > 0, 0, input)
    total = ops.scatter_add(start, src, index, dim=axis)
    if reduce == "sum":
        return total
    count = hits + 1 if include_self else hits.clamp(min=1)
    count = cast(count, dtype=input._data.dtype)
    return floor_quotient(total, count) if input._data.dtype.kind in "biu" else total / count


def _hits(input: Any, index: Any, axis: int) -> Any:
    """How often `index` leads to each place."""
    counter = full(input.detach(), shape=input._data.shape, value=0, dtype="int64")
    return ops.scatter_add(counter, full(counter, shape=index._data.shape, value=1), index, dim=axis)


def _product(input: Any, index: Any, src: Any, axis: int, hits: Any, include_self: bool) -> Any:
    """Products by place: the source sorted by place, multiplied along each run, each run's last product put back."""
    xp = backend_of(input._data)
    shape = index._data.shape
    target = ops.flat_positions(ops.along(xp, index._data, axis), input._data.shape).reshape(-1)
    order = xp.argsort(target, kind="stable")
    target = target[order]
    other, edge = target[1:] != target[:-1], xp.ones(1, dtype=bool)
    starts, ends = (input._wrap(xp.concatenate(parts)) for parts in ([edge, other], [other, edge]))
    part = src if src._data.shape == shape else select(src, key=tuple(slice(0, n) for n in shape))
    line = ops.pick(reshape(part, shape=(-1,)), input._wrap(order), key=(ops.HOLE,))
    runs = recur(where(starts, 0, line), where(starts, line, 0), dim=0)
    count = input._data.size
    products = ops.put_add(where(ends, runs, 0), input._wrap(target), key=(ops.HOLE,), shape=(count,))
    products = reshape(products, shape=input._data.shape)
    if not include_self:
        return where(hits > 0, products, input)
    return input * where(hits > 0, products, 1)


# ---- slices of one dimension ---------------------------------------------------------------------------------------
def _index_vector(input: Any, dim: int, index: Any, source: Any, name: str) -> tuple[int, Any]:
    """The checked dimension, and the index as a vector, for `index_add_` and `index_reduce_`."""
    raw = index._data
    if raw.ndim > 1:
        raise IndexError(
            f"{name}(): Index is supposed to be a vector, but got dim: {raw.ndim} with type: "
            f"{dt.scalar_type(raw.dtype)} and size: {list(raw.shape)}"
        )
    check_kind(index, name, end=f" but got: {dt.scalar_type(raw.dtype)}")
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"{name}(): self ({dt.scalar_type(input._data.dtype)}) and source ({dt.scalar_type(source._data.dtype)}) "
            "must have the same scalar type"
        )
    axis = one_dim(dim, input._data.ndim)
    have, mine = source._data.shape, input._data.shape
    if len(mine) and not have:
        if axis:
            raise RuntimeError(f"{name}(): Indexing dim {axis} is out of bounds of the source tensor with dim 0")
        raise IndexError(f"Dimension specified as {axis} but tensor has no dimensions")
    count = have[axis] if axis < len(have) else 1
    if raw.size != count:
        raise RuntimeError(
            f"{name}(): Number of indices ({raw.size}) should be equal to source.size(dim): ({count}), for dim: {axis}"
        )
    if len(have) != len(mine) or any(d != axis and n != m for d, (n, m) in enumerate(zip(have, mine, strict=True))):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(mine)} source.shape = {list(have)}"
        )
    return axis, index if raw.ndim else reshape(index, shape=(1,))


@public("(input, dim, index, source, *, alpha=1, out=None)", inplace=True)
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """input with alpha times the slices of source added at the positions of `dim`, duplicates counting.

    Raises:
        RuntimeError, IndexError: for an index or a source that does not fit.
    """
    axis, vector = _index_vector(input, dim, index, source, "index_add_")
    size = sizes(input)[axis]
    ends = alpha.__class__ is int and alpha == 1 and input._data.ndim > 1 and axis in (0, input._data.ndim - 1)
    check_positions(vector, size, out_of_bounds(axis, size) if ends else out_of_self(size))  # PyTorch's two kernels
    if input._data.dtype == bool:
        return cast(index_add(cast(input, dtype=dt.int64.numpy), dim, index, cast(source, dtype=dt.int64.numpy)), dtype=BOOL)
    part = source if alpha.__class__ is int and alpha == 1 else source * number_as(alpha, input.dtype)
    if not input._data.ndim:
        return input + part
    return ops.index_add(input, part, vector, dim=axis)


@public("(input, dim, index, source, reduce, *, include_self=True, out=None)", inplace=True)
def index_reduce(input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True) -> Any:
    """input with what source brings to each slice of `dim` reduced: "prod", "mean", "amax" or "amin".

    Raises:
        RuntimeError, IndexError: as `index_add`, and for a reduction that is none.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
        )
    axis, vector = _index_vector(input, dim, index, source, "index_reduce_")
    size = sizes(input)[axis]
    check_positions(vector, size, out_of_self(size))
    kinds = "b c" if not include_self else {"mean": "b", "prod": ""}.get(reduce, "c")
    lacking("index_reduce_func", kinds, input)
    if not vector._data.size:
        return input.clone()
    ndim = max(input._data.ndim, 1)
    line = reshape(vector, shape=(1,) * axis + (-1,) + (1,) * (ndim - axis - 1))
    wide = expand(line, shape=sizes(source)).contiguous()
    found = _reduced(input, wide, source, axis, reduce, include_self)
    return found if found._data.dtype == input._data.dtype else cast(found, dtype=input._data.dtype)


@public("(input, dim, index, source, *, out=None)", inplace=True)
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """input with the slices of source written at the positions of `dim`.

    Raises:
        RuntimeError, IndexError: for an index or a source that does not fit.
    """
    name, raw = "index_copy_()", index._data
    if raw.ndim > 1:
        raise IndexError(f"{name}: Index should have dimension 1 or 0 (got {raw.ndim})")
    refuse_non_long(index, "index_copy_")
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"{name}: self and source expected to have the same dtype, but got (self) "
            f"{dt.scalar_type(input._data.dtype)} and (source) {dt.scalar_type(source._data.dtype)}"
        )
    have, mine = source._data.shape, input._data.shape
    if have and mine and len(have) != len(mine):
        raise IndexError(
            f"{name}: When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({len(have)}), destination dimensionality ({len(mine)})"
        )
    axis = one_dim(dim, len(mine))
    count = have[axis] if have else 1
    others, ours = (shape[:axis] + shape[axis + 1 :] for shape in (have, mine))
    if not have and raw.size != 1:
        raise IndexError(f"{name}: When source is scalar, index should have one element (got {raw.size})")
    if others != ours:
        raise RuntimeError(
            f"{name}: Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, ours))} at dimension {axis} and source slice shape: {' '.join(map(str, others))} at "
            f"dimension {axis}."
        )
    if raw.size != count:
        raise IndexError(f"{name}: Number of indices ({raw.size}) should be equal to source.size(dim) ({count})")
    size = sizes(input)[axis]
    check_positions(index, size, out_of_bounds(axis, size, IndexError, f"{name}: "))
    target, part, vector = _lined(input, source, index)
    found = ops.put(target, part, vector, key=(*[slice(None)] * axis, ops.HOLE))
    return found if mine else reshape(found, shape=())


@public("(input, dim, index, value)", inplace=True)
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """input with a number (or a 0-dim tensor) in the slices at the positions of `dim`.

    Raises:
        RuntimeError, IndexError: for an index that does not fit.
    """
    raw = index._data
    if raw.dtype != "int64":
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if raw.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    if isinstance(value, complex) and not input.is_complex():
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    axis = one_dim(dim, input._data.ndim)
    size = sizes(input)[axis]
    check_positions(index, size, out_of_bounds(axis, size, IndexError), negative=True)
    target, vector = _lined(input, index)
    found = ops.put(target, filler(input, value, "index_fill_"), vector, key=(*[slice(None)] * axis, ops.HOLE))
    return found if input._data.ndim else reshape(found, shape=())
