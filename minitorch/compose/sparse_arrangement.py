"""Sums over dimensions and rearrangements where the operand is sparse: PyTorch's names, arguments and refusals.

Entered as the sparse forms of the public functions, as in compose/sparse_functions.py. What would need elements where
there are none is refused.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..ops.arithmetic import cast
from ..ops.families import many_dims, one_dim
from ..ops.front import PUBLIC
from ..ops.shape import select
from . import sparse_parts as parts
from .norms import log_softmax as dense_log_softmax
from .norms import softmax as dense_softmax
from .sparse_functions import answers, coalesce, is_sparse, refused


# ---- along dimensions ----------------------------------------------------------------------------------------------
@answers("sum")
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over some dimensions: dense where no sparse dimension is left."""
    shape = input._sizes
    if dim is not None and isinstance(dim, tuple | list) and not dim:
        dims: tuple[int, ...] = ()
    else:
        dims = many_dims(dim, len(shape))
    values = input._held
    kind = dtype.numpy if dtype is not None else "int64" if values._data.dtype.kind in "biu" else values._data.dtype
    if values._data.dtype != kind:
        values = cast(values, dtype=dt.of(kind).numpy)
    places, values = parts.summed(input._places, values, shape, dims)
    if places is None:
        kept = [axis for axis in range(len(shape)) if axis not in dims]
        return values.reshape([1 if axis in dims else shape[axis] for axis in range(len(shape))] if keepdim else
                              [shape[axis] for axis in kept])  # fmt: skip
    found = input._with(places, values, tuple(n for axis, n in enumerate(shape) if axis not in dims), True)
    if keepdim:
        for axis in sorted(dims):
            found = unsqueeze(found, axis)
    return found


def softmax(input: Any, dim: int, logarithm: bool, dtype: Any = None) -> Any:
    """Softmax along a dimension, of the elements that there are; those that are not count as -inf."""
    name = "log_softmax" if logarithm else "softmax"
    if not is_sparse(input):
        raise NotImplementedError(f"Could not run 'aten::_sparse_{name}' with arguments from the 'CPU' backend: it takes a "
                                  f"sparse tensor. Hint: torch.{name} takes dense ones.")  # fmt: skip
    dim = one_dim(dim, len(input._sizes))
    if dtype is not None:
        input = input.to(dtype)
    if not input.is_floating_point():
        raise NotImplementedError(f"\"{name}\" not implemented for '{dt.scalar_type(input.dtype.numpy)}'")
    input = coalesce(input)
    sparse = input.sparse_dim()
    if dim < sparse:
        values = parts.softmax_along(input._places, input._held, input._sizes, dim, logarithm)
    else:
        values = (dense_log_softmax if logarithm else dense_softmax)(input._held, dim - sparse + 1)
    return input._with(input._places, values, input._sizes, True)


@answers("norm")
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The norm of all elements."""
    if dim is not None and set(many_dims(dim, len(input._sizes))) != set(range(len(input._sizes))):
        raise RuntimeError("norm_sparse currently only supports full reductions, so 'dim' must either be empty or contain "
                           "all dimensions of the input")  # fmt: skip
    return PUBLIC[""]["norm"].function(coalesce(input)._held.reshape(-1), p, dtype=dtype)


# ---- arrangement ---------------------------------------------------------------------------------------------------
@answers("permute")
def permute(input: Any, dims: Any) -> Any:
    """The dimensions in another order, sparse ones among themselves and dense ones among themselves."""
    count, sparse = len(input._sizes), input.sparse_dim()
    order = tuple(one_dim(d, count) for d in dims)
    if len(order) != count:
        raise RuntimeError(f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of "
                           f"the desired ordering of dimensions i.e. input.dim() = {count} is not equal to len(dims) = "
                           f"{len(order)}")  # fmt: skip
    if len(set(order)) != count:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    if any(d >= sparse for d in order[:sparse]):
        raise RuntimeError("permute(sparse_coo): transpositions between sparse and dense dimensions are not allowed.")
    rows, inner = order[:sparse], tuple(d - sparse + 1 for d in order[sparse:])
    moved = rows != tuple(range(sparse))
    places = parts.reordered(input._places, rows) if moved else input._places
    values = input._held if inner == tuple(range(1, len(inner) + 1)) else input._held.permute((0, *inner))
    return input._with(places, values, tuple(input._sizes[d] for d in order), input._sorted and not moved)


@answers("transpose", "swapaxes", "swapdims")
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two sparse dimensions exchanged."""
    count, sparse = len(input._sizes), input.sparse_dim()
    one, other = one_dim(dim0, count), one_dim(dim1, count)
    if max(one, other) >= sparse and one != other:
        raise RuntimeError(f"sparse transpose: transposed dimensions must be sparse Got sparse_dim: {sparse}, d0: {one}, "
                           f"d1: {other}")  # fmt: skip
    order = list(range(count))
    order[one], order[other] = other, one
    return permute(input, order)


@answers("t")
def t(input: Any) -> Any:
    """The transpose of a matrix."""
    if input.sparse_dim() > 2 or input.dense_dim():
        raise RuntimeError(f"t() expects a tensor with <= 2 sparse and 0 dense dimensions, but got {input.sparse_dim()} "
                           f"sparse and {input.dense_dim()} dense dimensions")  # fmt: skip
    return input if len(input._sizes) < 2 else transpose(input, 0, 1)


@answers("unsqueeze")
def unsqueeze(input: Any, dim: int) -> Any:
    """A new dimension of size 1; up to the last sparse one it is sparse."""
    dim = one_dim(dim, len(input._sizes) + 1)
    shape = (*input._sizes[:dim], 1, *input._sizes[dim:])
    return input._with(*parts.with_dim(input._places, input._held, dim), shape, False)


@answers("select")
def select_(input: Any, dim: int, index: int) -> Any:
    """The part at one position of a dimension, which goes; dense where that was the last sparse one."""
    dim = one_dim(dim, len(input._sizes))
    size, sparse = input._sizes[dim], input.sparse_dim()
    if not -size <= index < size:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(input._sizes)} at dimension {dim}")
    shape = input._sizes[:dim] + input._sizes[dim + 1 :]
    if dim >= sparse:
        values = select(input._held, key=(slice(None),) * (dim - sparse + 1) + (int(index),))
        return input._with(input._places, values, shape, input._sorted)
    places, values = parts.chosen(input._places, input._held, dim, int(index) % size)
    return values if places is None else input._with(places, values, shape, input._sorted)


@answers("index_select")
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The parts at several positions of a dimension."""
    from .selection import index_select as dense_index_select

    dim = one_dim(dim, len(input._sizes))
    if index.ndim > 1 or index._data.dtype.kind not in "iu":
        raise IndexError("index_select(): Index is supposed to be a vector of integers")
    places, values, sparse = input._places, input._held, input.sparse_dim()
    wanted = index._data.reshape(-1)
    shape = (*input._sizes[:dim], int(wanted.size), *input._sizes[dim + 1 :])
    if dim >= sparse:
        return input._with(places, dense_index_select(values, dim - sparse + 1, index), shape, input._sorted)
    parts.check_range(wanted, input._sizes[dim], "index_select()")
    return input._with(*parts.rearranged(places, values, dim, wanted), shape, False)


@answers("cat", "concat", "concatenate")
def cat(tensors: Any, dim: int = 0) -> Any:
    """Sparse tensors one behind the other along a sparse dimension."""
    tensors = list(tensors)
    for place, tensor in enumerate(tensors):
        if not is_sparse(tensor):
            raise RuntimeError(f"Concatenating sparse tensors, but a dense tensor was found at position {place}.")
    first = tensors[0]
    dim = one_dim(dim, len(first._sizes))
    for place, tensor in enumerate(tensors):
        same = [n for axis, n in enumerate(tensor._sizes) if axis != dim]
        if tensor.sparse_dim() != first.sparse_dim() or same != [n for a, n in enumerate(first._sizes) if a != dim]:
            raise RuntimeError(f"All tensors must have the same shape: {list(first._sizes)} (except in the concatenating "
                               f"dimension) and the same number of sparse dimensions, but found shape: "
                               f"{list(tensor._sizes)} at position {place}.")  # fmt: skip
    if dim >= first.sparse_dim():
        raise refused("cat", "only sparse dimensions can be joined; convert the tensors first, x.to_dense()")
    offsets, end = [], 0
    for tensor in tensors:
        offsets.append(end)
        end += tensor._sizes[dim]
    joined = parts.joined([(tensor._places, tensor._held) for tensor in tensors], dim, offsets)
    return first._with(*joined, (*first._sizes[:dim], end, *first._sizes[dim + 1 :]), False)


@answers("stack")
def stack(tensors: Any, dim: int = 0) -> Any:
    """Sparse tensors of one shape, stacked along a new sparse dimension."""
    tensors = list(tensors)
    for place, tensor in enumerate(tensors):
        if not is_sparse(tensor):
            raise RuntimeError(f"Concatenating sparse tensors, but a dense tensor was found at position {place}.")
    dim = one_dim(dim, len(tensors[0]._sizes) + 1)
    return cat([unsqueeze(tensor, dim) for tensor in tensors], dim)
