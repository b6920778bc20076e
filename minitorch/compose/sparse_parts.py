"""The mathematics of sparse tensors, on their parts: places, values and shape.

The places are an int64 tensor of shape (sparse dims, n), the values a tensor of shape (n, *dense dims); `shape` is that
of the whole. Where elements stand is worked out off the tape; the values go through lookups, deposits (which add up what
meets in one place) and the two products of ops/sparse_products.py, and so have derivatives of every order.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend.namespace import backend_of
from ..ops.arithmetic import where
from ..ops.index import index_add, scatter_extreme
from ..ops.lookup import deposit, lookup
from ..ops.reduce import sum as total
from ..ops.shape import cat, permute, reshape, select
from ..ops.sparse_products import spmm
from ..ops.transcendental import exp, log

Shape = tuple[int, ...]


# ---- places --------------------------------------------------------------------------------------------------------
def flat_places(places: Any, sizes: Shape) -> Any:
    """Each element's place in the flattened sparse dimensions, as a raw array."""
    raw = places._data
    xp = backend_of(raw)
    found = xp.zeros(raw.shape[1], dtype="int64")
    for row, size in zip(raw, sizes, strict=True):
        found = found * size + row
    return found


def _unravelled(flat: Any, sizes: Shape) -> Any:
    """The inverse of `flat_places`, as a raw array."""
    xp = backend_of(flat)
    rows = []
    for size in reversed(sizes):
        rows.append(flat % size)
        flat = flat // size
    return xp.stack(rows[::-1]) if rows else xp.zeros((0, flat.size), dtype="int64")


def split(places: Any, shape: Shape) -> tuple[Shape, Shape]:
    """The sizes of the sparse and of the dense dimensions."""
    sparse = int(places._data.shape[0])
    return shape[:sparse], shape[sparse:]


def in_order(places: Any, shape: Shape) -> bool:
    """Whether the places are sorted and all different."""
    flat = flat_places(places, split(places, shape)[0])
    return bool((flat[1:] > flat[:-1]).all())


def merged(places: Any, values: Any, shape: Shape) -> tuple[Any, Any]:
    """The places sorted, each once, and the sums of the values that meet there."""
    sizes, rest = split(places, shape)
    flat = flat_places(places, sizes)
    if bool((flat[1:] > flat[:-1]).all()):
        return places, values
    xp = backend_of(flat)
    found, group = xp.unique(flat, return_inverse=True)
    group = places._wrap(group.reshape(-1).astype("int64", copy=False))
    values = deposit(values, group, dim=0, shape=(found.size, *rest))
    return places._wrap(_unravelled(found, sizes)), values


def first_of_each(places: Any, values: Any, shape: Shape) -> tuple[Any, Any]:
    """The places sorted, each once, and of the values that meet there one: for values that are known to agree."""
    flat = flat_places(places, split(places, shape)[0])
    _, first = backend_of(flat).unique(flat, return_index=True)
    first = places._wrap(first.astype("int64", copy=False))
    return lookup(places, first, dim=1), lookup(values, first, dim=0)


def pairs(ours: Any, theirs: Any) -> tuple[Any, Any]:
    """All (i, j) with ours[i] == theirs[j], as two raw arrays, in the order of i. Their number makes a device wait."""
    xp = backend_of(ours)
    order = xp.argsort(theirs, kind="stable")
    ordered = theirs[order]
    start = xp.searchsorted(ordered, ours, side="left")
    count = xp.searchsorted(ordered, ours, side="right") - start
    ends = xp.cumsum(count)
    number = int(ends[-1]) if ours.size else 0
    place = xp.arange(number)
    i = xp.searchsorted(ends, place, side="right")
    return i, order[start[i] + place - (ends - count)[i]]


def found_in(flat: Any, where_to_look: Any) -> tuple[Any, Any]:
    """For each of `flat` its position in a sorted array, and whether it is there."""
    xp = backend_of(flat)
    if not where_to_look.size:
        return xp.zeros(flat.shape, dtype="int64"), xp.zeros(flat.shape, dtype=bool)
    position = xp.minimum(xp.searchsorted(where_to_look, flat), where_to_look.size - 1)
    return position, where_to_look[position] == flat


# ---- dense and sparse ----------------------------------------------------------------------------------------------
def dense_of(places: Any, values: Any, shape: Shape) -> Any:
    """The dense tensor: zeros with the values added at their places."""
    sizes, rest = split(places, shape)
    flat = places._wrap(flat_places(places, sizes))
    return reshape(deposit(values, flat, dim=0, shape=(math.prod(sizes), *rest)), shape=shape)


def values_at(dense: Any, places: Any, shape: Shape) -> Any:
    """The elements of a dense tensor of this shape at the places."""
    sizes, rest = split(places, shape)
    flat = places._wrap(flat_places(places, sizes))
    return lookup(reshape(dense, shape=(math.prod(sizes), *rest)), flat, dim=0)


def nonzero_places(dense: Any, sparse: int) -> Any:
    """Where a dense tensor is not zero in its first `sparse` dimensions."""
    raw = dense._data
    xp = backend_of(raw)
    held = raw != 0
    if raw.ndim > sparse:
        held = held.any(tuple(range(sparse, raw.ndim)))
    if sparse == 0:
        return dense._wrap(xp.zeros((0, int(held)), dtype="int64"))
    return dense._wrap(xp.stack(xp.nonzero(held)).astype("int64", copy=False))


def added_to(dense: Any, places: Any, values: Any) -> Any:
    """A dense tensor with the values added at their places."""
    shape = dense._data.shape
    sizes, rest = split(places, shape)
    flat = places._wrap(flat_places(places, sizes))
    lines = reshape(dense, shape=(math.prod(sizes), *rest))
    return reshape(index_add(lines, values, flat, dim=0), shape=shape)


def broadcast_at(dense: Any, places: Any, shape: Shape) -> Any:
    """The elements at the places of a dense tensor that broadcasts to `shape`, without spreading it out."""
    dense = reshape(dense, shape=(1,) * (len(shape) - dense._data.ndim) + dense._data.shape)
    sparse, sizes = places._data.shape[0], dense._data.shape
    kept = [axis for axis in range(sparse) if sizes[axis] == shape[axis] != 1]
    some = places._wrap(backend_of(places._data).stack([places._data[axis] for axis in kept])) if kept else \
        select(places, key=(slice(0, 0),))  # fmt: skip
    return values_at(reshape(dense, shape=tuple(sizes[axis] for axis in kept) + sizes[sparse:]), some,
                     tuple(sizes[axis] for axis in kept) + sizes[sparse:])  # fmt: skip


# ---- products ------------------------------------------------------------------------------------------------------
def times_matrix(places: Any, values: Any, shape: Shape, dense: Any) -> Any:
    """A sparse matrix times a dense one."""
    row, column = select(places, key=(0,)), select(places, key=(1,))
    return spmm(values, dense, row, column, rows=shape[0])


def matrix_times(dense: Any, places: Any, values: Any, shape: Shape) -> Any:
    """A dense matrix times a sparse one."""
    row, column = select(places, key=(0,)), select(places, key=(1,))
    return permute(spmm(values, permute(dense, dims=(1, 0)), column, row, rows=shape[1]), dims=(1, 0))


def times_batch(places: Any, values: Any, shape: Shape, dense: Any) -> Any:
    """A batch of sparse matrices times one of dense matrices, as one product of a block-diagonal matrix."""
    batch, rows, columns = shape
    raw = places._data
    row, column = (places._wrap(raw[0] * size + raw[axis]) for axis, size in ((1, rows), (2, columns)))
    width = dense._data.shape[2]
    found = spmm(values, reshape(dense, shape=(batch * columns, width)), row, column, rows=batch * rows)
    return reshape(found, shape=(batch, rows, width))


def times_sparse(places: Any, values: Any, shape: Shape, other_places: Any, other_values: Any, other_shape: Shape
                 ) -> tuple[Any, Any]:  # fmt: skip
    """The product of two sparse matrices, sorted and each place once."""
    i, j = pairs(places._data[1], other_places._data[0])
    xp = backend_of(i)
    found = xp.stack([places._data[0][i], other_places._data[1][j]])
    product = lookup(values, places._wrap(i), dim=0) * lookup(other_values, places._wrap(j), dim=0)
    return merged(places._wrap(found), product, (shape[0], other_shape[1]))


def common(places: Any, values: Any, other_places: Any, other_values: Any, shape: Shape) -> tuple[Any, Any]:
    """The products of the values that two tensors have in the same places; the other's are sorted, each once."""
    sizes, _ = split(places, shape)
    position, held = found_in(flat_places(places, sizes), flat_places(other_places, sizes))
    kept = backend_of(held).nonzero(held)[0]
    mine, theirs = places._wrap(kept), places._wrap(position[kept])
    product = lookup(values, mine, dim=0) * lookup(other_values, theirs, dim=0)
    return lookup(places, mine, dim=1), product


def at_places_of(places: Any, values: Any, mask: Any, shape: Shape) -> Any:
    """The values of a tensor with sorted places at those of another, 0 where it has none."""
    sizes, rest = split(places, shape)
    position, held = found_in(flat_places(mask, sizes), flat_places(places, sizes))
    if not values._data.shape[0]:
        return values._wrap(backend_of(values._data).zeros((position.size, *rest), dtype=values._data.dtype))
    taken = lookup(values, places._wrap(position), dim=0)
    return where(places._wrap(held.reshape(-1, *[1] * len(rest))), taken, 0)


# ---- along dimensions ----------------------------------------------------------------------------------------------
def summed(places: Any, values: Any, shape: Shape, dims: Shape) -> tuple[Any, Any]:
    """The sums over some dimensions: (places, values), the places None where no sparse dimension is left."""
    sparse = places._data.shape[0]
    inner = tuple(axis - sparse + 1 for axis in dims if axis >= sparse)
    left = [axis for axis in range(sparse) if axis not in dims]
    if not left and dims:
        return None, total(values, dim=(0, *inner))
    if inner:
        values = total(values, dim=inner)
    shape = tuple(size for axis, size in enumerate(shape) if axis not in dims)
    if len(left) < sparse:
        places = places._wrap(backend_of(places._data).stack([places._data[axis] for axis in left]))
    return merged(places, values, shape)


def softmax_along(places: Any, values: Any, shape: Shape, dim: int, logarithm: bool) -> Any:
    """Softmax (or its logarithm) over a sparse dimension, of the elements that there are; the others count as -inf."""
    sizes, rest = split(places, shape)
    raw = places._data
    xp = backend_of(raw)
    others = [axis for axis in range(len(sizes)) if axis != dim]
    flat = xp.zeros(raw.shape[1], dtype="int64")
    for axis in others:
        flat = flat * sizes[axis] + raw[axis]
    found, group = xp.unique(flat, return_inverse=True)
    lines = (found.size, *rest)
    line = places._wrap(group.reshape(-1).astype("int64", copy=False))
    loose = values._data
    wide = xp.broadcast_to(line._data.reshape(-1, *[1] * len(rest)), loose.shape)
    lowest = xp.full(lines, -math.inf, dtype=loose.dtype)
    highest = scatter_extreme(lowest, loose, wide, dim=0, largest=True, include_self=True)
    shifted = values - lookup(values._wrap(highest), line, dim=0)
    powers = exp(shifted)
    whole = lookup(deposit(powers, line, dim=0, shape=lines), line, dim=0)
    return shifted - log(whole) if logarithm else powers / whole


def chosen(places: Any, values: Any, dim: int, index: int) -> tuple[Any, Any]:
    """The elements at one position of a sparse dimension, which goes (None for the places of the last one)."""
    raw = places._data
    xp = backend_of(raw)
    kept = xp.nonzero(raw[dim] == index)[0]
    values = lookup(values, places._wrap(kept), dim=0)
    left = [raw[axis][kept] for axis in range(raw.shape[0]) if axis != dim]
    return (places._wrap(xp.stack(left)), values) if left else (None, total(values, dim=0))


def rearranged(places: Any, values: Any, dim: int, index: Any) -> tuple[Any, Any]:
    """The elements at several positions of a sparse dimension, which become 0, 1, ..."""
    raw = places._data
    i, j = pairs(raw[dim], index)
    rows = [j if axis == dim else raw[axis][i] for axis in range(raw.shape[0])]
    return places._wrap(backend_of(raw).stack(rows)), lookup(values, places._wrap(i), dim=0)


def joined(parts: list[tuple[Any, Any]], dim: int, offsets: list[int]) -> tuple[Any, Any]:
    """Several tensors one behind the other along a sparse dimension, each at its offset."""
    moved = []
    for (places, _), offset in zip(parts, offsets, strict=True):
        raw = places._data
        xp = backend_of(raw)
        moved.append(xp.stack([raw[axis] + offset if axis == dim else raw[axis] for axis in range(raw.shape[0])]))
    found = parts[0][0]._wrap(backend_of(moved[0]).concatenate(moved, axis=1))
    return found, cat(*[values for _, values in parts], dim=0)


def with_dim(places: Any, values: Any, dim: int) -> tuple[Any, Any]:
    """A new dimension of size 1: a row of zeros among the places, or one more of the values' own."""
    raw = places._data
    if dim > raw.shape[0]:
        return places, select(values, key=(slice(None),) * (dim - raw.shape[0] + 1) + (None,))
    xp = backend_of(raw)
    row = xp.zeros((1, raw.shape[1]), dtype="int64")
    return places._wrap(xp.concatenate([raw[:dim], row, raw[dim:]])), values


def reordered(places: Any, order: Shape) -> Any:
    """The sparse dimensions in another order."""
    raw = places._data
    return places._wrap(backend_of(raw).stack([raw[axis] for axis in order]))


def check_range(index: Any, size: int, function: str) -> None:
    """On the host, refuse positions outside a dimension.

    Raises:
        IndexError: naming the position.
    """
    if backend_of(index).name == "cpu" and index.size and not 0 <= index.min() <= index.max() < size:
        bad = int(index[(index < 0) | (index >= size)][0])
        raise IndexError(f"{function}: index contains {bad} that is out of range for tensor of size {size}")
