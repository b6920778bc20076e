"""Reductions with PyTorch's overloads: sums and means, extremes with their positions, spread."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops import reduce as ops
from ..ops.arithmetic import cast, maximum, minimum
from ..ops.families import many_dims, one_dim
from ..ops.front import public
from ..ops.index import gather
from ..ops.shape import cumsum as cumsum_op
from ..ops.shape import reshape
from ..ops.transcendental import sqrt
from ..tracked import Tracked

REDUCE = "(input, dim=None, keepdim=False, *, dtype=None, out=None)"


class Extremes(NamedTuple):
    """What `max(dim)` returns."""

    values: Any
    indices: Any


def _as(input: Any, dtype: Any) -> Any:
    return input if dtype is None or input._data.dtype == dtype.numpy else cast(input, dtype=dtype.numpy)


@public(REDUCE)
def sum(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum over `dim` (None: all); integers sum to int64."""
    if dtype is None:
        return ops.sum.one(input, {"dim": dim, "keepdim": keepdim})
    return ops.sum(_as(input, dtype), dim=dim, keepdim=keepdim)


@public(REDUCE)
def mean(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The mean over `dim` (None: all) of a floating tensor."""
    input = _as(input, dtype)
    if input._data.dtype.kind in "biu":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {dt.scalar_type(input._data.dtype)}"
        )
    return ops.mean(input, dim=dim, keepdim=keepdim)


@public("(input, dim=(), keepdim=False, *, out=None)")
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The largest over `dim`; equal ones share the gradient."""
    _refuse_empty(input, dim, "amax")
    return ops.amax(input, dim=dim, keepdim=keepdim)


@public("(input, dim=(), keepdim=False, *, out=None)")
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The smallest over `dim`; equal ones share the gradient."""
    _refuse_empty(input, dim, "amin")
    return ops.amin(input, dim=dim, keepdim=keepdim)


def _refuse_empty(input: Any, dim: Any, name: str) -> None:
    array = input._data
    if not array.size and any(array.shape[d] == 0 for d in many_dims(dim, array.ndim)):
        if dim is None or dim == ():
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        raise IndexError(
            f"{name}(): Expected reduction dim {dim if isinstance(dim, int) else dim[0]} to have non-zero size."
        )


EXTREME = ("(input, *, out=None)", "(input, dim, keepdim=False, *, out=None)", "(input, other, *, out=None)")


@public(*EXTREME)
def max(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; with `dim`, (values, indices) of the first largest; with a tensor, `maximum`."""
    if isinstance(dim, Tracked):
        return maximum(input, dim)
    if dim is None:
        _refuse_empty(input, None, "max")
        return ops.amax(input)
    return _extreme(input, dim, keepdim, "max")


@public(*EXTREME)
def min(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest element; with `dim`, (values, indices) of the first smallest; with a tensor, `minimum`."""
    if isinstance(dim, Tracked):
        return minimum(input, dim)
    if dim is None:
        _refuse_empty(input, None, "min")
        return ops.amin(input)
    return _extreme(input, dim, keepdim, "min")


def _extreme(input: Any, dim: int, keepdim: bool, name: str) -> Extremes:
    """The position is found off the tape, and the value gathered by it."""
    array = input._data
    axis = one_dim(dim, array.ndim)
    _refuse_empty(input, axis, name)
    xp = backend_of(array)
    if not array.ndim:
        return Extremes(input.clone(), input._wrap(xp.zeros((), dtype="int64")))
    found = xp.expand_dims((xp.argmax if name == "max" else xp.argmin)(array, axis), axis)
    values = gather(input, input._wrap(found), dim=axis)
    if not keepdim:
        shape = array.shape[:axis] + array.shape[axis + 1 :]
        return Extremes(reshape(values, shape=shape), input._wrap(found.reshape(shape)))
    return Extremes(values, input._wrap(found))


def _position(input: Any, dim: Any, keepdim: bool, name: str) -> Any:
    array = input._data
    if array.dtype == bool:
        raise RuntimeError(f'"{name}_cpu" not implemented for \'Bool\'')
    xp = backend_of(array)
    function = getattr(xp, name)
    if dim is None:
        if not array.size:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        found = xp.asarray(function(array))
        return input._wrap(found.reshape((1,) * array.ndim) if keepdim else found)
    axis = one_dim(dim, array.ndim)
    _refuse_empty(input, axis, name)
    if not array.ndim:
        return input._wrap(xp.zeros((), dtype="int64"))
    found = xp.asarray(function(array, axis))
    return input._wrap(xp.expand_dims(found, axis) if keepdim else found)


@public("(input, dim=None, keepdim=False, *, out=None)")
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The position of the first largest element, along `dim` or in the flattened tensor."""
    return _position(input, dim, keepdim, "argmax")


@public("(input, dim=None, keepdim=False, *, out=None)")
def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The position of the first smallest element, along `dim` or in the flattened tensor."""
    return _position(input, dim, keepdim, "argmin")


SPREAD = ("(input, dim=None, *, correction=1, keepdim=False, out=None)",
          "(input, dim, unbiased=True, keepdim=False, *, out=None)", "(input, unbiased=True)")  # fmt: skip


@public(*SPREAD)
def var(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None) -> Any:
    """The variance: squared distances from the mean, over count - correction."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    array = input._data
    if array.dtype.kind not in "fcV":
        raise RuntimeError("std and var only support floating point and complex dtypes")
    less = correction if correction is not None else int(unbiased)
    dims = many_dims(dim, array.ndim)
    count = ops.count_of(array.shape, dims)
    centred = input - ops.mean(input, dim=dims, keepdim=True)
    squares = centred * centred if array.dtype.kind != "c" else (centred * centred.conj()).real
    total = ops.sum(squares, dim=dims, keepdim=keepdim)
    room = count - less
    if room <= 0:
        _warn_freedom(less, count)
        return total / 0.0
    return total / room


def _warn_freedom(correction: Any, count: int) -> None:
    import warnings

    warnings.warn(
        f"var(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
        f"divided by output numel). (correction {correction}, {count} elements)", UserWarning, stacklevel=4)  # fmt: skip


@public(*SPREAD)
def std(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, correction: Any = None) -> Any:
    """The standard deviation; its gradient where all elements are equal is 0, as in PyTorch."""
    spread = var(input, dim, unbiased, keepdim, correction)
    return root(spread)


def root(x: Any) -> Any:
    """The square root, with gradient 0 where x is 0."""
    from ..ops.arithmetic import where

    flat = x == 0
    return where(flat, 0.0, sqrt(where(flat, 1.0, x)))


@public("(input, dim, *, dtype=None, out=None)", inplace=True)
def cumsum(input: Any, dim: int, dtype: Any = None) -> Any:
    """Running sums along `dim`."""
    input = _as(input, dtype)
    return cumsum_op(input, dim=dim) if input._data.ndim else input.clone()


@public("(input, dim, keepdim=False, *, out=None)")
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log(sum(exp(input))) over `dim`, without overflow."""
    from ..ops.arithmetic import where
    from ..ops.comparison import isfinite
    from ..ops.transcendental import exp, log

    if input._data.dtype.kind in "biu":
        input = cast(input, dtype=dt.default().numpy)
    dims = many_dims(dim, input._data.ndim)
    top = ops.amax(input.detach(), dim=dims, keepdim=True) if input._data.size else ops.sum(
        input.detach(), dim=dims, keepdim=True)  # fmt: skip
    top = where(isfinite(top), top, 0)
    total = log(ops.sum(exp(input - top), dim=dims, keepdim=True)) + top
    if keepdim:
        return total
    return reshape(total, shape=tuple(n for i, n in enumerate(input._data.shape) if i not in dims))
