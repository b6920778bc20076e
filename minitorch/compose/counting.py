"""Counting: distinct elements, occurrences of integers, histograms.

The numbers decide the shape of what comes out, so all of these wait for a device. Distinct values are picked from the
input, and weights are added up by an op, so that gradients go through where there are any.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend import dtype as dt
from ..backend.limits import C_NAMES, quiet
from ..backend.namespace import backend_of
from ..backend.stepping import evenly
from ..ops.arithmetic import cast
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.index import HOLE, pick, put_add
from ..ops.kinds import agreeing, c_name
from ..ops.shape import reshape
from ..tracked import Tracked
from . import return_types as returns
from .reductions import ordered, refuse_kind
from .sorting import order_of


# ---- distinct elements ---------------------------------------------------------------------------------------------
def _rows(input: Any, dim: Any) -> tuple[Any, int | None]:
    """What is compared, as the rows of a matrix (raw), and the dimension that they come from."""
    raw = ordered(input._data)
    if dim is None:
        return raw.reshape(-1, 1), None
    if not raw.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = one_dim(dim, raw.ndim)
    if (not raw.size and raw.shape[axis]) or 0 in raw.shape[:axis] + raw.shape[axis + 1 :]:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    others = [d for d in range(raw.ndim) if d != axis]
    return raw.transpose(axis, *others).reshape(raw.shape[axis], math.prod(raw.shape[d] for d in others)), axis


def _distinct(input: Any, dim: Any, order: bool, inverse: bool, counts: bool) -> Any:
    """Runs of equal rows, in sorted order or as they come: one representative each, taken from the input."""
    xp = backend_of(input._data)
    rows, axis = _rows(input, dim)
    count = rows.shape[0]
    if order and rows.shape[1] == 1:
        places = order_of(rows[:, 0], 0, stable=input.requires_grad)
    elif order and rows.shape[1]:
        places = xp.lexsort(xp.ascontiguousarray(xp.flip(rows.T, axis=0)))
    else:
        places = xp.arange(count)
    listed = rows[places]
    fresh = xp.concatenate([xp.ones(min(count, 1), dtype=bool), (listed[1:] != listed[:-1]).any(axis=1)])
    first = xp.nonzero(fresh)[0]
    index = input._wrap(places[first])
    if axis is None:
        values = pick(reshape(input, shape=(-1,)), index, key=(HOLE,))
    else:
        values = pick(input, index, key=(*[slice(None)] * axis, HOLE))
    found = [values]
    if inverse:
        group = xp.zeros(count, dtype="int64")
        group[places] = xp.cumsum(fresh, dtype="int64") - 1
        found.append(input._wrap(group.reshape(input._data.shape) if axis is None else group))
    if counts:
        ends = xp.concatenate([first, xp.full(1, count, dtype=first.dtype)])
        found.append(input._wrap((ends[1:] - ends[:-1]).astype("int64")))
    return found[0] if len(found) == 1 else tuple(found)


@public("(input, sorted=True, return_inverse=False, return_counts=False, dim=None)")
def unique(input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
           dim: Any = None) -> Any:  # fmt: skip
    """The distinct elements (or slices of `dim`), always sorted; then where each went, and how often each occurs.

    NaN is equal to nothing. The gradient of a value goes to its first occurrence.
    """
    refuse_kind(input, "unique" if dim is None else "unique_dim")
    return _distinct(input, dim, True, return_inverse, return_counts)


@public("(input, return_inverse=False, return_counts=False, dim=None)")
def unique_consecutive(input: Any, return_inverse: bool = False, return_counts: bool = False, dim: Any = None) -> Any:
    """One element (or slice of `dim`) for each run of equal ones; then where each went, and how long each run is."""
    refuse_kind(input, "unique")
    return _distinct(input, dim, False, return_inverse, return_counts)


# ---- occurrences ---------------------------------------------------------------------------------------------------
@public("(input, weights=None, minlength=0)")
def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2, ... occurs, or the sum of its weights.

    Raises:
        RuntimeError: for anything but non-negative integers in one dimension.
    """
    refuse_kind(input, "bincount_cpu", "bfcV")
    raw = input._data
    xp = backend_of(raw)
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if raw.ndim != 1 or (raw.size and int(raw.min()) < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if not raw.size:
        weights = None
    if weights is not None and weights._data.shape != raw.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    count = max(int(raw.max()) + 1 if raw.size else 0, int(minlength))
    if weights is None:
        found = xp.bincount(raw.astype("int64"), minlength=count) if raw.size else xp.zeros(count, dtype="int64")
        return input._wrap(found.astype("int64"))
    if weights._data.dtype != "float32":
        weights = cast(weights, dtype=dt.float64.numpy)
    return put_add(weights, input, key=(HOLE,), shape=(count,))


def _width(dtype: Any, low: float, high: float) -> float:
    """high - low as the dtype has it."""
    with quiet():
        return float(dtype.type(high) - dtype.type(low))


def _finite_range(raw: Any, low: float, high: float, describe: str) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{describe} range of [{low:g}, {high:g}] is not finite")


def _check_bins(bins: Any, place: int = 0) -> int:
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension {place}")
    return int(bins)


@public("(input, bins=100, min=0, max=0, *, out=None)")
def histc(input: Any, bins: int = 100, min: Any = 0, max: Any = 0) -> Any:
    """How many elements fall into each of `bins` equal bins between min and max (both 0: of the input).

    Raises:
        RuntimeError: for integers, no bin, a range that is none.
    """
    refuse_kind(input, "aminmax_cpu")
    refuse_kind(input, "histogram_cpu", "biu")
    bins = _check_bins(bins)
    raw = ordered(input._data).reshape(-1)
    xp = backend_of(raw)
    low, high = float(min), float(max)
    if low == high and raw.size:
        low, high = float(raw.min()), float(raw.max())
    if low == high:
        low, high = low - 1, high + 1
    _finite_range(raw, low, high, "torch.histc:")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    inside = raw[(raw >= low) & (raw <= high)]
    place = xp.minimum(((inside - low) * bins / _width(raw.dtype, low, high)).astype("int64"), bins - 1)
    found = xp.bincount(place, minlength=bins) if place.size else xp.zeros(bins, dtype="int64")
    return input._wrap(found.astype(input._data.dtype))


# ---- histograms ----------------------------------------------------------------------------------------------------
def _edges(input: Any, columns: Any, bins: Any, limits: Any, name: str) -> list[Any]:
    """The raw bin edges of each dimension, given or worked out."""
    xp = backend_of(columns)
    dims = columns.shape[1]
    found = []
    for place in range(dims):
        given = bins[place]
        if isinstance(given, Tracked):
            if given._data.ndim != 1:
                raise RuntimeError(
                    f"{name}: bins tensor should have one dimension, but got {given._data.ndim} dimensions in the bins "
                    f"tensor for dimension {place}"
                )
            if given._data.dtype != input._data.dtype:
                raise RuntimeError(
                    f"{name}: input tensor and bins tensors should have the same dtype, but got input with dtype "
                    f"{C_NAMES[input.dtype.name]} and bins for dimension {place} with dtype "
                    f"{C_NAMES[given._data.dtype.name]}"
                )
            found.append(given._data)
            continue
        count = _check_bins(given, place)
        if limits is not None:
            low, high = float(limits[2 * place]), float(limits[2 * place + 1])
        elif columns.shape[0]:
            low, high = float(columns[:, place].min()), float(columns[:, place].max())
        else:
            low, high = 0.0, 1.0
        if not (math.isfinite(low) and math.isfinite(high)):
            raise RuntimeError(f"{name}: dimension {place}'s range [{low:g}, {high:g}] is not finite")
        if low > high:
            raise RuntimeError(
                f"{name}: min should not exceed max, but got min {low:g} max {high:g} for dimension {place}"
            )
        if low == high:
            low, high = low - 0.5, high + 0.5
        found.append(evenly(xp, low, high, count + 1, columns.dtype))
    return found


def _counted(input: Any, columns: Any, edges: list[Any], weight: Any, density: bool) -> Any:
    """The (weighted) number of rows in each cell; the last cell of a dimension holds its right edge too."""
    xp = backend_of(columns)
    flat: Any = xp.zeros(columns.shape[0], dtype="int64")
    inside = xp.ones(columns.shape[0], dtype=bool)
    shape = tuple(edge.shape[0] - 1 for edge in edges)
    for place, edge in enumerate(edges):
        column = xp.ascontiguousarray(columns[:, place])
        inside = inside & (column >= edge[0]) & (column <= edge[-1])
        at = xp.searchsorted(edge, column, side="right") - 1
        flat = flat * shape[place] + xp.minimum(at, shape[place] - 1)
    flat = flat[inside]
    size = math.prod(shape)
    found = xp.zeros(size, dtype=columns.dtype)
    added = xp.ones(flat.shape, dtype=columns.dtype) if weight is None else weight._data.reshape(-1)[inside]
    xp.scatter_add(found, (flat,), added)
    found = found.reshape(shape)
    if density:
        with quiet():
            found = found / found.sum()
            for place, edge in enumerate(edges):
                found = found / (edge[1:] - edge[:-1]).reshape((-1,) + (1,) * (len(shape) - place - 1))
    return _as_drawn(input, found)


def _as_drawn(input: Any, found: Any) -> Any:
    """A result in the input's dtype: half precision is counted in float32."""
    return input._wrap(found.astype(input._data.dtype, copy=False))


def _check_weight(input: Any, columns: Any, weight: Any) -> None:
    if weight is None:
        return
    if weight._data.dtype != input._data.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same "
            f"dtype, but got input({C_NAMES[input.dtype.name]}), and weight({C_NAMES[weight.dtype.name]})"
        )
    if weight._data.size != columns.shape[0]:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension, but got input with shape {list(columns.shape)} and weight with shape "
            f"{list(weight._data.shape)}"
        )


@public("(input, bins=100, *, range=None, weight=None, density=False, out=None)")
def histogram(input: Any, bins: Any = 100, *, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    """(hist, bin_edges) of all elements; `bins` is their number, or the edges.

    Raises:
        RuntimeError: for integers, no bin, a range or edges or weights that do not fit.
    """
    refuse_kind(input, "histogramdd", "biuc")
    columns = ordered(input._data).reshape(-1, 1)
    if range is not None and len(range) != 2:
        raise RuntimeError(
            f"torch.histogramdd: for a 1-dimensional histogram range should have 2 elements, but got {len(range)}"
        )
    edges = _edges(input, columns, [bins], range, "torch.histogramdd")
    _check_weight(input, columns, weight)
    return returns.histogram(_counted(input, columns, edges, weight, density), _as_drawn(input, edges[0].copy()))


@public("(input, bins, *, range=None, weight=None, density=False)", method=False)
def histogramdd(input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False) -> Any:
    """(hist, bin_edges) of points, whose coordinates are the last dimension.

    Raises:
        RuntimeError: as `histogram`.
    """
    refuse_kind(input, "histogramdd", "biuc")
    raw = input._data
    if raw.ndim < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    listed = [bins] * raw.shape[-1] if isinstance(bins, int) else list(bins)
    if not listed or len(listed) != raw.shape[-1]:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    if weight is not None:
        agreeing("torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, "
                 "but got input({}), and weight({})", input, weight, name=c_name)  # fmt: skip
    if weight is not None and weight._data.shape != raw.shape[:-1]:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding "
            f"its innermost dimension, but got input with shape {list(raw.shape)} and weight with shape "
            f"{list(weight._data.shape)}"
        )
    columns = ordered(raw).reshape(-1, raw.shape[-1])
    edges = _edges(input, columns, listed, range, "torch.histogramdd")
    _check_weight(input, columns, weight)
    return returns.histogramdd(_counted(input, columns, edges, weight, density),
                               tuple(_as_drawn(input, edge) for edge in edges))  # fmt: skip
