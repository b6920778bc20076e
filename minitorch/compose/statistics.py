"""Statistics: variance and deviation, medians and quantiles, the mode, covariance and correlation.

Variance and deviation are ops. Medians, modes and quantiles find positions off the tape and gather; covariance is
composed of products and sums.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops import reduce as ops
from ..ops.arithmetic import clamp, lerp, where
from ..ops.complex import complex_, conj, imag, real
from ..ops.contraction import matmul
from ..ops.families import many_dims, one_dim
from ..ops.front import public
from ..ops.index import gather
from ..ops.scan import accumulated
from ..ops.shape import diagonal, permute, reshape
from ..ops.transcendental import sqrt
from ..tracked import Tracked
from . import return_types as returns
from .reductions import gather_at, ordered, refuse_empty, refuse_kind
from .sorting import order_of

SPREAD = "(input, dim=None, unbiased=True, keepdim=False, *, correction=None, out=None)"


# ---- spread --------------------------------------------------------------------------------------------------------
def _settled(name: str, input: Any, dim: Any, unbiased: Any, keepdim: Any, correction: Any) -> dict[str, Any]:
    """The parameters of var and std from PyTorch's overloads, with its warning where nothing is left to divide by."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    array = input._data
    if array.dtype.kind not in "fcV":
        both = "std and var" if "_" not in name else name
        raise RuntimeError(f"{both} only support floating point and complex dtypes")
    if correction is None:
        correction = 1 if unbiased else 0
    dims = many_dims(dim, array.ndim)
    count = ops.count_of(array.shape, dims)
    if count <= correction and all(n for axis, n in enumerate(array.shape) if axis not in dims):
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            f"(input numel divided by output numel). (correction {correction}, reduction factor {count})",
            UserWarning, stacklevel=4)  # fmt: skip
    return {"dim": dims, "keepdim": bool(keepdim), "correction": correction}


@public(SPREAD)
def var(input: Any, dim: Any = None, unbiased: Any = True, keepdim: Any = False, correction: Any = None) -> Any:
    """The variance: squared distances from the mean, over count - correction."""
    return ops.var.one(input, _settled("var", input, dim, unbiased, keepdim, correction))


@public(SPREAD)
def std(input: Any, dim: Any = None, unbiased: Any = True, keepdim: Any = False, correction: Any = None) -> Any:
    """The standard deviation; its gradient where all elements are equal is 0, as in PyTorch."""
    return ops.std.one(input, _settled("std", input, dim, unbiased, keepdim, correction))


@public(SPREAD, method=False)
def var_mean(input: Any, dim: Any = None, unbiased: Any = True, keepdim: Any = False, correction: Any = None
             ) -> tuple[Any, Any]:  # fmt: skip
    """(variance, mean)."""
    params = _settled("var_mean", input, dim, unbiased, keepdim, correction)
    return ops.var.one(input, params), ops.mean(input, dim=params["dim"], keepdim=params["keepdim"])


@public(SPREAD, method=False)
def std_mean(input: Any, dim: Any = None, unbiased: Any = True, keepdim: Any = False, correction: Any = None
             ) -> tuple[Any, Any]:  # fmt: skip
    """(standard deviation, mean)."""
    params = _settled("std_mean", input, dim, unbiased, keepdim, correction)
    return ops.std.one(input, params), ops.mean(input, dim=params["dim"], keepdim=params["keepdim"])


# ---- the middle and the commonest ----------------------------------------------------------------------------------
MIDDLE = "(input, dim=None, keepdim=False, *, out=None)"


@public(MIDDLE)
def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The median, of an even number the lower one, NaN where there is any; with `dim`, (values, indices)."""
    if dim is None:
        refuse_kind(input, "median_cpu", "bc")
        return ops.median(input)
    refuse_kind(input, "median_out", "bc")
    axis = one_dim(dim, input._data.ndim)
    refuse_empty(input, axis, "median")
    raw, xp = ordered(input._data), backend_of(input._data)
    if not raw.ndim:
        return returns.median(*gather_at(input, xp.zeros((), dtype="int64"), 0, keepdim))
    middle = (raw.shape[axis] - 1) // 2
    found = xp.argpartition(raw, middle, axis=axis)[(*[slice(None)] * axis, middle)]
    if raw.dtype.kind == "f":
        nans = xp.isnan(raw)
        found = xp.where(nans.any(axis=axis), nans.argmax(axis=axis), found)
    return returns.median(*gather_at(input, found, axis, keepdim))


@public(MIDDLE)
def nanmedian(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The median of the elements that are not NaN; with `dim`, (values, indices)."""
    if dim is None:
        refuse_kind(input, "median_cpu", "bc")
        return ops.nanmedian(input)
    refuse_kind(input, "median_out", "bc")
    axis = one_dim(dim, input._data.ndim)
    refuse_empty(input, axis, "nanmedian")
    raw, xp = ordered(input._data), backend_of(input._data)
    if not raw.ndim:
        return returns.nanmedian(*gather_at(input, xp.zeros((), dtype="int64"), 0, keepdim))
    count = (raw == raw).sum(axis=axis, keepdims=True)
    found = xp.take_along_axis(order_of(raw, axis), xp.maximum((count - 1) // 2, 0), axis)
    return returns.nanmedian(*gather_at(input, found.squeeze(axis), axis, keepdim))


@public("(input, dim=-1, keepdim=False, *, out=None)")
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """(values, indices) of the commonest number along `dim`; of several the smallest, at its last place."""
    refuse_kind(input, "mode_cpu")
    axis = one_dim(dim, input._data.ndim)
    refuse_empty(input, axis, "mode")
    raw, xp = ordered(input._data), backend_of(input._data)
    if not raw.ndim:
        return returns.mode(*gather_at(input, xp.zeros((), dtype="int64"), 0, keepdim))
    order = order_of(raw, axis, stable=True)
    values = xp.take_along_axis(raw, order, axis)
    every = (slice(None),) * axis
    fresh = values[(*every, slice(1, None))] != values[(*every, slice(0, -1))]
    places = xp.arange(raw.shape[axis]).reshape((-1,) + (1,) * (raw.ndim - axis - 1))
    starts = xp.zeros(raw.shape, dtype="int64")
    starts[(*every, slice(1, None))] = fresh * places[1:]
    run = places - accumulated(xp, starts, axis, "maximum")
    found = xp.take_along_axis(order, xp.expand_dims(run.argmax(axis=axis), axis), axis)
    return returns.mode(*gather_at(input, found.squeeze(axis), axis, keepdim))


# ---- quantiles -----------------------------------------------------------------------------------------------------
QUANTILE = "(input, q: operand, dim=None, keepdim=False, *, interpolation='linear', out=None)"


@public(QUANTILE)
def quantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Any:
    """The q-quantiles (a number, or a vector, whose results come first) along `dim`; NaN where there is any.

    Raises:
        RuntimeError: for a q outside [0, 1], another dtype than the input's, nothing to take a quantile of.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@public(QUANTILE)
def nanquantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Any:
    """The q-quantiles of the elements that are not NaN.

    Raises:
        RuntimeError: as `quantile`.
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _check_quantile(name: str, input: Any, q: Any, interpolation: str) -> None:
    array = input._data
    if not array.size:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if array.dtype not in ("float32", "float64"):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if not isinstance(q, Tracked):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q}")
        return
    raw = q._data
    if raw.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if raw.dtype != array.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if backend_of(raw).name == "cpu" and not ((raw >= 0) & (raw <= 1)).all():
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")


def _quantile(name: str, input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str) -> Any:
    _check_quantile(name, input, q, interpolation)
    ndim = input._data.ndim
    kept = (1,) * ndim
    if dim is None or not ndim:
        if dim is not None:
            one_dim(dim, ndim)
        x = reshape(input, shape=(-1,))
    else:
        axis = one_dim(dim, ndim)
        kept = (*input._data.shape[:axis], 1, *input._data.shape[axis + 1 :])
        x = permute(input, dims=(*[d for d in range(ndim) if d != axis], axis))
    found = _at_ranks(x, q, name == "nanquantile", interpolation)
    several = isinstance(q, Tracked) and q._data.ndim == 1
    if several:  # the vector's results come first
        found = permute(found, dims=(found._data.ndim - 1, *range(found._data.ndim - 1)))
    lead = found._data.shape[:1] if several else ()
    if keepdim:
        return reshape(found, shape=(*lead, *kept))
    return found if several else reshape(found, shape=found._data.shape[:-1])


def _at_ranks(x: Any, q: Any, skip_nans: bool, interpolation: str) -> Any:
    """The numbers at the ranks q (count - 1) of the last dimension, in order; the last dimension is q's."""
    raw = x._data
    xp, last = backend_of(raw), raw.ndim - 1
    order = order_of(raw, last)
    nans = xp.isnan(raw)
    vector = reshape(q, shape=(-1,)) if isinstance(q, Tracked) else x._wrap(xp.full(1, float(q), dtype=raw.dtype))
    if skip_nans:
        top = xp.maximum((~nans).sum(axis=last, keepdims=True) - 1, 0).astype(raw.dtype)
        ranks = vector * x._wrap(top)
    else:
        top = raw.shape[last] - 1
        ranks = where(x._wrap(nans.any(axis=last, keepdims=True)), float(top), vector * top)
    at = ranks._data
    rounded = {"lower": xp.floor, "higher": xp.ceil, "nearest": xp.rint}.get(interpolation)
    if rounded is not None:
        return _ranked(x, order, rounded(at))
    below, above = _ranked(x, order, xp.floor(at)), _ranked(x, order, xp.ceil(at))
    if interpolation == "midpoint":
        return lerp(below, above, 0.5)
    return lerp(below, above, ranks - x._wrap(xp.floor(at)))


def _ranked(x: Any, order: Any, ranks: Any) -> Any:
    """The numbers of these ranks along the last dimension."""
    xp = backend_of(order)
    last = order.ndim - 1
    place = xp.broadcast_to(ranks.astype("int64"), (*order.shape[:-1], ranks.shape[-1]))
    return gather(x, x._wrap(xp.take_along_axis(order, place, last)), dim=last)


# ---- covariance ----------------------------------------------------------------------------------------------------
def _weights(input: Any, weights: Any, name: str, kinds: str, wanted: str, count: int) -> None:
    """Check the weights of observations.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    raw = weights._data
    if raw.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {raw.ndim} dimensions"
        )
    if raw.dtype.kind not in kinds:
        raise RuntimeError(
            f"cov(): expected {name} to have {wanted} dtype but got {name} with {dt.scalar_type(raw.dtype)} dtype"
        )
    if raw.size != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got {raw.size} "
            f"!= {count}"
        )
    if raw.size and bool((raw < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")


@public("(input, *, correction=1, fweights=None, aweights=None)")
def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariances of variables (rows) over observations (columns), weighted by counts or by importance.

    Raises:
        RuntimeError: for more than two dimensions, a bool input, weights that do not fit.
    """
    array = input._data
    if array.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {array.ndim} dimensions"
        )
    if array.dtype == bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if array.ndim == 2 else reshape(input, shape=(1, -1))
    count = x._data.shape[1]
    weights = None
    if fweights is not None:
        _weights(input, fweights, "fweights", "iu", "integral", count)
        weights = fweights
    if aweights is not None:
        _weights(input, aweights, "aweights", "fV", "floating point", count)
        weights = aweights if weights is None else weights * aweights
    if weights is None:
        mean = ops.sum(x, dim=1, keepdim=True) / count
        room: Any = count - correction
    else:
        total = ops.sum(weights)
        if count and not float(total._data):
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        mean = ops.sum(x * weights, dim=1, keepdim=True) / total
        share = ops.sum(weights * aweights) / total if aweights is not None and correction else 1
        room = total - correction * share
    if float(room if weights is None else room._data) <= 0:
        warnings.warn("cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of "
                      "observations.", UserWarning, stacklevel=3)  # fmt: skip
        room = 0
    apart = x - mean
    other = apart if weights is None else apart * weights
    turned = permute(other, dims=(1, 0))
    found = matmul(apart, conj(turned) if turned._data.dtype.kind == "c" else turned) / room
    shape = found._data.shape
    return reshape(found, shape=()) if shape == (1, 1) else found


@public("(input)")
def corrcoef(input: Any) -> Any:
    """The correlations of variables (rows) over observations (columns).

    Raises:
        RuntimeError: for more than two dimensions.
    """
    if input._data.ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input._data.ndim} dimensions"
        )
    found = cov(input)
    if not found._data.ndim:
        return found / found
    own = diagonal(found, offset=0, dim1=0, dim2=1)
    spread = sqrt(real(own) if own._data.dtype.kind == "c" else own)
    found = found / reshape(spread, shape=(-1, 1)) / reshape(spread, shape=(1, -1))
    if found._data.dtype.kind == "c":
        return complex_(clamp(real(found), min=-1.0, max=1.0), clamp(imag(found), min=-1.0, max=1.0))
    return clamp(found, min=-1.0, max=1.0)
