"""Reductions with PyTorch's overloads: sums, products and means, extremes with their positions, truth, logsumexp.

A front settles names; here the dtype is settled and the empty case refused; then one op of ops/reduce.py does the work.
Where a position comes with a value, the position is found off the tape and the value gathered by it, so that the first
of equal ones takes the whole gradient.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops import reduce as ops
from ..ops.arithmetic import cast, maximum, minimum, where
from ..ops.comparison import isnan, logical_not, ne
from ..ops.families import many_dims, one_dim
from ..ops.front import public
from ..ops.index import one_of
from ..ops.shape import reshape
from ..tracked import Tracked
from . import return_types as returns

REDUCE = "(input, dim=None, keepdim=False, *, dtype=None, out=None)"


def as_dtype(input: Any, dtype: Any) -> Any:
    """`input` in the dtype asked for, if one was."""
    return input if dtype is None or input._data.dtype == dtype.numpy else cast(input, dtype=dtype.numpy)


def ordered(raw: Any) -> Any:
    """An array that array libraries can compare and sort: half precision as float32, in the same order."""
    return raw.astype("float32") if raw.itemsize == 2 and raw.dtype.kind in "fV" else raw


def refuse_kind(input: Any, kernel: str, kinds: str = "c") -> None:
    """Refuse a dtype that PyTorch has no kernel for.

    Raises:
        NotImplementedError: in PyTorch's words.
    """
    if input._data.dtype.kind in kinds:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dt.scalar_type(input._data.dtype)}'")


def refuse_empty(input: Any, dim: Any, name: str) -> None:
    """Refuse to find one element among none.

    Raises:
        RuntimeError, IndexError: in PyTorch's words, for all elements and for a dimension.
    """
    array = input._data
    if array.size:
        return
    if dim is None or dim == () or dim == []:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    for axis in many_dims(dim, array.ndim):
        if not array.shape[axis]:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


# ---- sums and products ---------------------------------------------------------------------------------------------
@public(REDUCE)
def sum(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum over `dim` (None: all); integers sum to int64."""
    if dtype is None:
        return ops.sum.one(input, {"dim": dim, "keepdim": keepdim})
    return ops.sum(as_dtype(input, dtype), dim=dim, keepdim=keepdim)


@public(REDUCE)
def mean(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The mean over `dim` (None: all) of a floating tensor."""
    input = as_dtype(input, dtype)
    if input._data.dtype.kind in "biu":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {dt.scalar_type(input._data.dtype)}"
        )
    return ops.mean.one(input, {"dim": dim, "keepdim": keepdim})


@public("(input, dim=None, keepdim=False, *, dtype=None, out=None)")
def prod(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The product over one dimension, or of all elements; integers multiply to int64."""
    if isinstance(dim, tuple | list):
        raise TypeError(
            f"prod() received an invalid combination of arguments - got ({type(dim).__name__}), but expected one of:\n"
            " * (*, torch.dtype dtype = None)\n * (int dim, bool keepdim = False, *, torch.dtype dtype = None)"
        )
    return ops.prod(as_dtype(input, dtype), dim=dim, keepdim=keepdim)


@public(REDUCE)
def nansum(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum over `dim` with NaN counted as 0."""
    kind = input._data.dtype.kind
    if kind == "c":
        raise RuntimeError("nansum on CPU does not support complex inputs")
    if kind in "fV":
        if dtype is not None and dtype.is_complex:
            raise NotImplementedError(f"\"nansum_cpu\" not implemented for '{dt.SCALAR_TYPES[dtype.name]}'")
        input = where(isnan(input), 0, input)
    return sum(input, dim, keepdim, dtype)


@public(REDUCE)
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The mean over `dim` of the elements that are not NaN."""
    if input._data.dtype.kind in "biu":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{dt.scalar_type(input._data.dtype)}"
        )
    if dtype is not None and dtype.category < dt.FLOATING:
        raise RuntimeError(
            "nanmean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. "
            f"Got: {dt.SCALAR_TYPES[dtype.name]}"
        )
    count = ops.sum(logical_not(isnan(input)), dim=dim, keepdim=keepdim)
    return nansum(input, dim, keepdim, dtype) / count


# ---- extremes ------------------------------------------------------------------------------------------------------
@public("(input, dim=(), keepdim=False, *, out=None)")
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The largest over `dim`; equal ones share the gradient."""
    refuse_kind(input, "max_values_cpu")
    refuse_empty(input, dim, "amax")
    return ops.amax.one(input, {"dim": dim, "keepdim": keepdim})


@public("(input, dim=(), keepdim=False, *, out=None)")
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The smallest over `dim`; equal ones share the gradient."""
    refuse_kind(input, "min_values_cpu")
    refuse_empty(input, dim, "amin")
    return ops.amin.one(input, {"dim": dim, "keepdim": keepdim})


@public("(input, *, dim=None, keepdim=False, out=None)")
def aminmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest and the largest over one dimension, or of all, as (min, max)."""
    refuse_kind(input, "aminmax_cpu")
    if dim is None and not input._data.size:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if dim is not None and not input._data.size and not input._data.shape[one_dim(dim, input._data.ndim)]:
        raise IndexError(f"aminmax: Expected reduction dim {dim} to have non-zero size.")
    return returns.aminmax(ops.amin(input, dim=dim, keepdim=keepdim), ops.amax(input, dim=dim, keepdim=keepdim))


EXTREME = ("(input, *, out=None)", "(input, dim, keepdim=False, *, out=None)", "(input, other, *, out=None)")


@public(*EXTREME)
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with `dim`, (values, indices) of the first largest; with a tensor, `maximum`."""
    if other is not None or isinstance(dim, Tracked):
        return maximum(input, dim if other is None else other)
    if dim is not None:
        return returns.max(*_extreme(input, dim, keepdim, "max"))
    refuse_kind(input, "max_all")
    refuse_empty(input, None, "max")
    return ops.max_.one(input, {"dim": None, "keepdim": False})


@public(*EXTREME)
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; with `dim`, (values, indices) of the first smallest; with a tensor, `minimum`."""
    if other is not None or isinstance(dim, Tracked):
        return minimum(input, dim if other is None else other)
    if dim is not None:
        return returns.min(*_extreme(input, dim, keepdim, "min"))
    refuse_kind(input, "min_all")
    refuse_empty(input, None, "min")
    return ops.min_.one(input, {"dim": None, "keepdim": False})


def _extreme(input: Any, dim: Any, keepdim: bool, name: str) -> Any:
    array = input._data
    axis = one_dim(dim, array.ndim)
    if array.dtype.kind == "c":
        raise RuntimeError(f"{name}(): does not support complex input")
    refuse_empty(input, axis, name)
    xp = backend_of(array)
    if not array.ndim:
        return gather_at(input, xp.zeros((), dtype="int64"), 0, keepdim)
    found = (xp.argmax if name == "max" else xp.argmin)(ordered(array), axis)
    return gather_at(input, found, axis, keepdim)


def gather_at(input: Any, found: Any, axis: int, keepdim: bool) -> tuple[Any, Any]:
    """(values, indices) for raw positions along a dimension that was reduced away."""
    xp = backend_of(input._data)
    if not input._data.ndim:
        return input.clone(), input._wrap(xp.asarray(found))
    index = input._wrap(found if found.__class__ is xp.array else xp.asarray(found))
    values = one_of(input, index, dim=axis)
    if not keepdim:
        return values, index
    kept = (*input._data.shape[:axis], 1, *input._data.shape[axis + 1 :])
    return reshape(values, shape=kept), input._wrap(index._data.reshape(kept))


def _position(input: Any, dim: Any, keepdim: bool, name: str) -> Any:
    array = input._data
    if array.dtype.kind in "bc":
        raise RuntimeError(f"{name}(): does not support {'bool' if array.dtype.kind == 'b' else 'complex'} input")
    xp = backend_of(array)
    function = getattr(xp, name)
    if dim is None:
        if not array.size:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        found = xp.asarray(function(ordered(array)))
        return input._wrap(found.reshape((1,) * array.ndim) if keepdim else found)
    axis = one_dim(dim, array.ndim)
    refuse_empty(input, axis, name)
    if not array.ndim:
        return input._wrap(xp.zeros((), dtype="int64"))
    found = xp.asarray(function(ordered(array), axis))
    return input._wrap(xp.expand_dims(found, axis) if keepdim else found)


@public("(input, dim=None, keepdim=False, *, out=None)")
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The position of the first largest element, along `dim` or in the flattened tensor."""
    return _position(input, dim, keepdim, "argmax")


@public("(input, dim=None, keepdim=False, *, out=None)")
def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The position of the first smallest element, along `dim` or in the flattened tensor."""
    return _position(input, dim, keepdim, "argmin")


# ---- truth ---------------------------------------------------------------------------------------------------------
def _truth(op: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    if dim == () or dim == []:  # here alone, no dimension means none
        found = ne(input, 0)
        return cast(found, dtype=input._data.dtype) if input._data.dtype == "uint8" else found
    return op(input, dim=dim, keepdim=keepdim)


@public("(input, dim=None, keepdim=False, *, out=None)")
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether every element over `dim` (None: of all) is nonzero."""
    return _truth(ops.all_, input, dim, keepdim)


@public("(input, dim=None, keepdim=False, *, out=None)")
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether some element over `dim` (None: of all) is nonzero."""
    return _truth(ops.any_, input, dim, keepdim)


@public("(input, dim=None)")
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements over `dim` (None: of all) are nonzero."""
    return ops.sum(ne(input, 0), dim=dim)


@public("(input, dim, keepdim=False, *, out=None)", namespaces=("", "special"))
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log(sum(exp(input))) over `dim`, without overflow; -inf of nothing."""
    if input._data.dtype.kind in "biu":
        input = cast(input, dtype=dt.default().numpy)
    return ops.logsumexp(input, dim=dim, keepdim=keepdim)
