"""Sorting and searching: the order is found off the tape, and the values are gathered by it.

NaN counts as the largest number. The derivative of a sorted value is that of the element it came from, at every order.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend import dtype as dt
from ..backend.host_rows import leaders
from ..backend.namespace import backend_of
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.index import gather
from ..ops.kinds import lacking
from ..ops.promotion import common_dtype, number_as
from ..tracked import Tracked
from . import return_types as returns
from .reductions import gather_at, ordered, refuse_empty, refuse_kind

#: Below this size a stable sort is as fast as any.
LARGE = 4096


def order_of(raw: Any, axis: int, descending: bool = False, stable: bool = False) -> Any:
    """The positions that sort an array along an axis, NaN as the largest; `stable`: equal numbers in their order."""
    xp, raw = backend_of(raw), ordered(raw)
    turned = (*[slice(None)] * axis, slice(None, None, -1))
    if not stable and raw.size >= LARGE:
        found = xp.argsort(raw, axis=axis)
        return found[turned] if descending else found
    if descending:
        found = xp.argsort(raw[turned], axis=axis, kind="stable")
        return raw.shape[axis] - 1 - found[turned]
    return xp.argsort(raw, axis=axis, kind="stable")


def _refuse(input: Any, name: str, kinds: str) -> None:
    kind = input._data.dtype.kind
    if kind in kinds:
        raise RuntimeError(f"{name} does not support {'complex' if kind == 'c' else 'bool'} dtypes on CPU")


@public("(input, dim=-1, descending=False, *, stable=False, out=None)")
def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """(values, indices) in ascending or descending order along `dim`; `stable` keeps equal numbers in their order."""
    axis = one_dim(dim, input._data.ndim)
    _refuse(input, " Sort", "c")
    if not input._data.ndim:
        return returns.sort(*gather_at(input, backend_of(input._data).zeros((), dtype="int64"), 0, False))
    index = input._wrap(order_of(input._data, axis, bool(descending), bool(stable)))
    return returns.sort(gather(input, index, dim=axis), index)


@public("(input, dim=-1, descending=False, *, stable=False, out=None)")
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The positions that sort along `dim`; `stable` keeps equal numbers in their order."""
    axis = one_dim(dim, input._data.ndim)
    _refuse(input, " Sort", "c")
    if not input._data.ndim:
        return input._wrap(backend_of(input._data).zeros((), dtype="int64"))
    return input._wrap(order_of(input._data, axis, bool(descending), bool(stable)))


@public("(input, *, out=None)")
def msort(input: Any) -> Any:
    """Sorted in ascending order along the first dimension."""
    return sort(input, 0).values


def _count(k: Any, name: str) -> int:
    """k as an int.

    Raises:
        TypeError: for anything but a whole number.
    """
    if not hasattr(k, "__index__"):
        raise TypeError(f"{name}(): argument 'k' (position 1) must be int, not {type(k).__name__}")
    return int(k.__index__())


def _ends(xp: Any, raw: Any, k: int, axis: int, largest: bool) -> Any:
    """Positions of the k largest or smallest along an axis, in order."""
    size = raw.shape[axis]
    every = (slice(None),) * axis
    if size <= SHORT or k == size:
        return order_of(raw, axis, largest)[(*every, slice(0, k))]
    if largest and k <= FEW and axis == raw.ndim - 1 and raw.dtype.kind == "f" and xp.name == "cpu":
        best = leaders(raw.reshape(-1, size), k)
        if best is not None:
            return best.reshape(*raw.shape[:-1], k)
    if largest:
        found = xp.argpartition(raw, size - k, axis=axis)[(*every, slice(size - k, size))]
    else:
        found = xp.argpartition(raw, max(k - 1, 0), axis=axis)[(*every, slice(0, k))]
    return xp.take_along_axis(found, order_of(xp.take_along_axis(raw, found, axis), axis, largest), axis)


#: So few largest ones are found one after another.
FEW = 8
#: Up to this length a whole sort is as fast as a partition.
SHORT = 64


@public("(input, k, dim=-1, largest=True, sorted=True, *, out=None)")
def topk(input: Any, k: Any, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """(values, indices) of the k largest or smallest along `dim`, always in order; which of equal ones is unspecified.

    Raises:
        RuntimeError: for a k above the size of the dimension.
    """
    array, k = input._data, _count(k, "topk")
    axis = one_dim(dim, array.ndim)
    if not 0 <= k <= (array.shape[axis] if array.ndim else 1):
        raise RuntimeError("selected index k out of range")
    _refuse(input, "topk", "b")
    _refuse(input, " topk", "c")
    xp = backend_of(array)
    if not array.ndim:
        return returns.topk(*gather_at(input, xp.zeros((), dtype="int64"), 0, False))
    index = input._wrap(xp.ascontiguousarray(_ends(xp, ordered(array), k, axis, bool(largest))))
    return returns.topk(gather(input, index, dim=axis), index)


@public("(input, k, dim=-1, keepdim=False, *, out=None)")
def kthvalue(input: Any, k: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """(values, indices) of the k-th smallest along `dim`, counted from 1.

    Raises:
        RuntimeError: for a k outside [1, size].
    """
    array, k = input._data, _count(k, "kthvalue")
    axis = one_dim(dim, array.ndim)
    refuse_empty(input, axis, "kthvalue")
    if not 1 <= k <= (array.shape[axis] if array.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    if array.ndim:
        refuse_kind(input, "kthvalue_cpu", "bc")
    xp = backend_of(array)
    if not array.ndim:
        return returns.kthvalue(*gather_at(input, xp.zeros((), dtype="int64"), 0, False))
    order = xp.argpartition(ordered(array), k - 1, axis=axis)
    return returns.kthvalue(*gather_at(input, order[(*[slice(None)] * axis, k - 1)], axis, keepdim))


# ---- searching -----------------------------------------------------------------------------------------------------
def _search(xp: Any, edges: Any, values: Any, right: bool) -> Any:
    """Row by row, where the values would be inserted: a binary search, all rows and values at once."""
    shape = values.shape
    lead = math.prod(shape[:-1])
    rows, edges = values.reshape(lead, shape[-1]), edges.reshape(lead, edges.shape[-1])
    if not edges.size:
        return xp.zeros(shape, dtype="int64")
    low = xp.zeros(rows.shape, dtype="int64")
    high = low + edges.shape[-1]
    for _ in range(edges.shape[-1].bit_length()):
        middle = (low + high) // 2
        met = xp.take_along_axis(edges, xp.minimum(middle, edges.shape[-1] - 1), 1)
        onward = (low < high) & ~(met > rows if right else met >= rows)
        low, high = xp.where(onward, middle + 1, low), xp.where(onward, high, xp.maximum(middle, low))
    return low.reshape(shape)


@public("(sorted_sequence, input: operand, *, out_int32=False, right=False, side=None, sorter=None, out=None)", method=False)
def searchsorted(sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False,
                 side: str | None = None, sorter: Any = None) -> Any:  # fmt: skip
    """Where in the (last dimension of the) sorted sequence each number would be inserted to keep the order.

    Raises:
        RuntimeError: for shapes that do not go together, a side that is none, a sorter that does not fit.
    """
    name = "torch.searchsorted()"
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(f"{name}: side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(f"{name}: side and right can't be set to opposites, got side of left while right was True")
    edges = sorted_sequence._data
    if not edges.ndim:
        raise RuntimeError(f"{name}: boundaries tensor should have positive dimension, but got 0 dimension")
    xp = backend_of(edges)
    values = _values(sorted_sequence, input)
    if values.dtype == edges.dtype:
        lacking("searchsorted_out_cpu", "b", sorted_sequence)
    if not values.ndim and edges.ndim != 1:
        raise RuntimeError(
            f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries "
            f"tensor dim({edges.ndim}) and input value's dim(0) numel(1)"
        )
    if edges.ndim != 1 and edges.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and "
            f"input value tensor must match, but we got boundaries tensor {list(edges.shape)} and input value tensor "
            f"{list(values.shape)}"
        )
    if edges.dtype.kind == "c" or values.dtype.kind == "c":
        refuse_kind(sorted_sequence if edges.dtype.kind == "c" else input, "searchsorted_out_cpu")
    if sorter is not None:
        edges = _sorted_by(xp, edges, sorter, name)
    wide = dt.promote_types(dt.of(edges.dtype), dt.of(values.dtype)).numpy
    edges, values = ordered(edges.astype(wide)), ordered(values.astype(wide))
    if edges.ndim == 1:
        found = xp.searchsorted(edges, values, side="right" if right or side == "right" else "left")
    else:
        found = _search(xp, edges, values, right or side == "right")
    return sorted_sequence._wrap(xp.asarray(found).astype("int32" if out_int32 else "int64"))


def _values(like: Any, value: Any) -> Any:
    """What to look for, as a raw array: a number takes the dtype it would promote to."""
    if isinstance(value, Tracked):
        return value._data
    common = common_dtype((like, value))
    return backend_of(like._data).full((), number_as(value, common), dtype=common.numpy)


def _sorted_by(xp: Any, edges: Any, sorter: Any, name: str) -> Any:
    raw = sorter._data
    if raw.shape != edges.shape:
        raise RuntimeError(
            f"{name}: boundary and sorter must have the same size, but got boundary tensor {list(edges.shape)}and got "
            f"sorter tensor {list(raw.shape)}"
        )
    if raw.dtype != "int64":
        raise RuntimeError(f"{name}: sorter must be a tensor of long dtype but got dtype {dt.scalar_type(raw.dtype)}")
    if xp.name == "cpu" and raw.size and (int(raw.min()) < 0 or int(raw.max()) >= edges.shape[-1]):
        raise RuntimeError(f"{name}: sorter index out of range")
    return xp.take_along_axis(edges, raw, edges.ndim - 1)


@public("(input: operand, boundaries, *, out_int32=False, right=False, out=None)", method=False)
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The bucket that each number falls in, between boundaries in ascending order."""
    if boundaries._data.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries._data.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@public("(elements, test_elements, *, assume_unique=False, invert=False, out=None)", method=False)
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element is one of the test elements; NaN never is."""
    like: Any = elements if isinstance(elements, Tracked) else test_elements
    if not hasattr(like, "_data"):
        raise TypeError(
            f"isin() received an invalid combination of arguments - got ({type(elements).__name__}, "
            f"{type(test_elements).__name__}), but expected one of:\n * (Tensor elements, Tensor test_elements)\n"
            " * (Number element, Tensor test_elements)\n * (Tensor elements, Number test_element)"
        )
    xp = backend_of(like._data)
    raws = [ordered(_values(like, value)) for value in (elements, test_elements)]
    for raw in raws:
        if raw.dtype.kind in "bc":
            raise RuntimeError(f"Unsupported input type encountered for isin(): {dt.scalar_type(raw.dtype)}")
    wide = dt.promote_types(*(dt.of(raw.dtype) for raw in raws)).numpy
    sought, known = (ordered(raw.astype(wide)) for raw in raws)
    known = xp.sort(known.reshape(-1))
    if not known.size:
        found = xp.zeros(sought.shape, dtype=bool)
    else:
        place = xp.minimum(xp.searchsorted(known, sought), known.size - 1)
        found = xp.take(known, place) == sought
    return like._wrap(xp.asarray(~found if invert else found))
