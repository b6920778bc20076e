"""Reductions, and the pair that undoes broadcasting: sum_to and expand are each other's adjoint.

A reduction's rule puts the reduced dimensions back with size 1 and expands. Sums of integers are int64; half precision
is summed in float32. What picks one element (max, median) shares the gradient among equal ones. A quantity that has no
derivative at 0 (a length, a deviation) is given the derivative 0 there, as in PyTorch.
"""

from __future__ import annotations

from ..backend.host import F32 as FLOAT32
from ..backend.host import ndarray
from ..backend.host_rows import SMALL, product, serves
from .arithmetic import abs_, cast, pow_, sgn, where
from .comparison import isnan
from .create import full
from .families import movement, reduced_dims, reduction
from .shape import cat, expand, flip, in_order, reshape, select
from .transcendental import exp


def kept(shape, dim):
    """The shape with the reduced dimensions kept as 1."""
    return tuple([1 if i in dim else size for i, size in enumerate(shape)])


def count_of(shape, dim):
    """How many elements each result was made of."""
    count = 1
    for d in dim:
        count *= shape[d]
    return count


def widened(*values):
    """Half-precision arrays as float32, so that what a rule makes of them is rounded once, when it arrives."""
    if values[0].dtype.itemsize != 2:
        return values
    return [cast(value, dtype=FLOAT32) for value in values]


@reduction(linear=True)
def sum_to(xp, x, *, shape):
    """The sum over the dimensions that broadcasting `shape` to x's shape had added or stretched."""
    have = x.shape
    lead = len(have) - len(shape)
    axes = [i + lead for i, n in enumerate(shape) if n != have[i + lead]]
    if not lead:
        return xp.total(x, tuple(axes), True) if axes else x
    return xp.total(x, (*range(lead), *axes)).reshape(shape)


sum_to.vjp(x=lambda g, x_shape: expand(g, shape=x_shape))
sum_to.check = None


@movement(check=None)
def spread(xp, g, *, shape, dim):
    """A reduced result back over the dimensions that were reduced; the adjoint of sum."""
    return xp.spread(g, shape, dim)


@reduction(linear=True)
def sum(xp, x, *, dim=None, keepdim=False):
    """The sum over some dimensions."""
    if x.dtype.kind in "bui":
        return in_order(xp, x.sum(axis=dim, keepdims=keepdim, dtype="int64"))
    return xp.total(x, dim, keepdim)


sum.vjp(x=lambda g, x_shape, dim: spread(g, shape=x_shape, dim=dim))
spread.vjp(g=lambda g, g_shape, dim: reshape(sum(g, dim=dim), shape=g_shape))


@reduction(linear=True)
def mean(xp, x, *, dim=None, keepdim=False):
    """The mean over some dimensions; of nothing, NaN."""
    total = xp.total(x, dim, keepdim)
    count = x.size // total.size if total.size else 1
    return total / count if count else total * xp.nan


mean.vjp(x=lambda g, x_shape, dim: spread(g / (count_of(x_shape, dim) or 1), shape=x_shape, dim=dim)).jvp(
    x=lambda t, x_shape, dim, keepdim: sum(t, dim=dim, keepdim=keepdim) / (count_of(x_shape, dim) or 1))  # fmt: skip


@reduction()
def prod(xp, x, *, dim=None, keepdim=False):
    """The product over one dimension or all; where elements are 0 the gradient is that of the others' product."""
    if serves(xp, x, SMALL) and (dim is None or len(dim) == 1 or len(dim) == x.ndim):
        out = product(x, dim[0]) if dim is not None and len(dim) == 1 else product(x.reshape(-1), 0)
        return out.reshape(kept(x.shape, range(x.ndim) if dim is None else dim)) if keepdim else out
    return in_order(xp, x.prod(axis=dim, keepdims=keepdim, dtype="int64" if x.dtype.kind in "bui" else None))


def _product_of_others(x, dim):
    """For each element the product of the others along the reduced dimension, without dividing."""
    from .scan import cumprod

    line = x if len(dim) == 1 else reshape(x, shape=(-1,))
    axis = dim[0] if len(dim) == 1 else 0
    count = line.shape[axis]
    if not count:
        return x
    every = (slice(None),) * axis
    one = full(x, shape=(*line.shape[:axis], 1, *line.shape[axis + 1 :]), value=1)
    before = cumprod(cat(one, select(line, key=(*every, slice(0, count - 1))), dim=axis), dim=axis)
    behind = flip(select(line, key=(*every, slice(1, count))), dims=(axis,))
    after = flip(cumprod(cat(one, behind, dim=axis), dim=axis), dims=(axis,))
    return reshape(before * after, shape=x.shape)


def _divides(out):
    """Whether products may be divided by their factors: none is 0, inf or NaN. A device is not waited for."""
    raw = getattr(out, "_data", out)
    if raw.__class__ is not ndarray or not raw.size:
        return False
    size = abs_(raw)
    return size.min() > 0 and size.max() < _INF


def _product_rule(g, x, out, dim):
    g, x, out = widened(g, x, out)
    if _divides(out):
        return spread(g * out, shape=x.shape, dim=dim) / x
    return spread(g, shape=x.shape, dim=dim) * _product_of_others(x, dim)


prod.vjp(x=_product_rule).jvp(
    x=lambda t, x, dim, keepdim: sum(t * _product_of_others(x, dim), dim=dim, keepdim=keepdim))  # fmt: skip


# ---- one element of many: equal ones share the gradient ------------------------------------------------------------
@reduction()
def amax(xp, x, *, dim=None, keepdim=False):
    """The largest element; equal ones share the gradient, and a NaN makes it NaN, as in PyTorch."""
    return in_order(xp, x.max(axis=dim, keepdims=keepdim))


@reduction()
def amin(xp, x, *, dim=None, keepdim=False):
    """The smallest element; equal ones share the gradient, and a NaN makes it NaN, as in PyTorch."""
    return in_order(xp, x.min(axis=dim, keepdims=keepdim))


@reduction(name="max")
def max_(xp, x, *, dim=None, keepdim=False):
    """The largest element of all; equal ones share the gradient, and so do the NaNs where it is NaN."""
    return x.max(axis=dim, keepdims=keepdim)


@reduction(name="min")
def min_(xp, x, *, dim=None, keepdim=False):
    """The smallest element of all; equal ones share the gradient, and so do the NaNs where it is NaN."""
    return x.min(axis=dim, keepdims=keepdim)


@reduction()
def median(xp, x, *, dim=None, keepdim=False):
    """The middle element of all, of an even number the lower one; NaN where there is any. Equal ones share the
    gradient, and so do the NaNs where it is NaN."""
    if not x.size:
        return xp.full((1,) * x.ndim if keepdim else (), xp.nan if x.dtype.kind in "fcV" else 0, dtype=x.dtype)
    middle = xp.partition(x.reshape(-1), (x.size - 1) // 2)[(x.size - 1) // 2]
    if x.dtype.kind in "fV":
        middle = xp.where(xp.isnan(x).any(), xp.nan, middle).astype(x.dtype)
    return middle.reshape((1,) * x.ndim if keepdim else ())


@reduction()
def nanmedian(xp, x, *, dim=None, keepdim=False):
    """The middle one of the elements that are not NaN, of an even number the lower one."""
    if not x.size or x.dtype.kind not in "fV":
        return median.forward(xp, x, dim=dim, keepdim=keepdim)
    count = x.size - xp.isnan(x).sum()
    middle = xp.take(xp.sort(x.reshape(-1)), xp.maximum((count - 1) // 2, 0))
    return middle.reshape((1,) * x.ndim if keepdim else ())


def _at(x, out, dim, nans):
    """Where x is the reduced value, as numbers of x's dtype."""
    at = x == reshape(out, shape=kept(x.shape, dim))
    if nans:  # the value is NaN only where every candidate is: x != x finds them
        at = where(isnan(reshape(out, shape=kept(x.shape, dim))), isnan(x), at)
    return cast(at, dtype=getattr(x, "_data", x).dtype)


def _shares(op, nans):
    """Give an op that picks one element its rules."""

    def rule(g, x, out, dim):
        mask = _at(x, out, dim, nans)
        share = reshape(g, shape=kept(x.shape, dim)) / sum(mask, dim=dim, keepdim=True)
        return share * mask

    def tangent(t, x, out, dim, keepdim):
        mask = _at(x, out, dim, nans)
        return sum(t * mask, dim=dim, keepdim=keepdim) / sum(mask, dim=dim, keepdim=keepdim)

    op.vjp(x=rule).jvp(x=tangent)


_shares(amax, nans=False)
_shares(amin, nans=False)
_shares(max_, nans=True)
_shares(min_, nans=True)
_shares(median, nans=True)
_shares(nanmedian, nans=True)


# ---- spread and size -----------------------------------------------------------------------------------------------
def _corrected(datas, params):
    return {"correction": 1} | reduced_dims(datas, params)


@reduction(holomorphic=False, check=_corrected)
def var(xp, x, *, dim=None, keepdim=False, correction=1):
    """The variance: squared distances from the mean, over count - correction (never below 0)."""
    total = xp.total(x, dim, True)
    count = x.size // total.size if total.size else 1
    apart = x - (total / count if count else total)
    squares = apart * apart if x.dtype.kind != "c" else apart.real**2 + apart.imag**2
    return xp.true_divide(xp.total(squares, dim, keepdim), max(float(count - correction), 0.0))


def _apart(x, dim, correction):
    """The derivative of var: each distance from the mean, times 2 / (count - correction)."""
    room = count_of(x.shape, dim) - correction
    return (x - mean(x, dim=dim, keepdim=True)) * (2 / room if room else _INF)


def _var_tangent(t, x, dim, keepdim, correction):
    apart = _apart(x, dim, correction)
    moved = t * apart
    if getattr(x, "_data", x).dtype.kind == "c":
        from .complex import conj, real

        moved = real(t * conj(apart))
    return sum(moved, dim=dim, keepdim=keepdim)


_INF = float("inf")
def _var_rule(g, x, dim, correction):
    g, x = widened(g, x)
    return spread(g, shape=x.shape, dim=dim) * _apart(x, dim, correction)


var.vjp(x=_var_rule).jvp(x=_var_tangent)


@reduction(holomorphic=False, check=_corrected)
def std(xp, x, *, dim=None, keepdim=False, correction=1):
    """The standard deviation; its gradient is 0 where all elements are equal."""
    return xp.sqrt(var.forward(xp, x, dim=dim, keepdim=keepdim, correction=correction))


def _slope(out):
    """The factor that the derivative of a square root puts before that of what is under it; 0 at 0."""
    return 0.5 / where(out == 0, _INF, out)


def _std_rule(g, x, out, dim, correction):
    g, x, out = widened(g, x, out)
    return spread(g * _slope(out), shape=x.shape, dim=dim) * _apart(x, dim, correction)


std.vjp(x=_std_rule).jvp(
    x=lambda t, x, out, dim, keepdim, correction: _var_tangent(t, x, dim, keepdim, correction) * _slope(out))  # fmt: skip


@reduction(holomorphic=False)
def length(xp, x, *, dim=None, keepdim=False):
    """The Euclidean norm; its gradient at 0 is 0."""
    squares = x * x if x.dtype.kind != "c" else x.real**2 + x.imag**2
    return xp.sqrt(xp.total(squares, dim, keepdim))


def _length_tangent(t, x, out, dim, keepdim):
    along = x * t
    if getattr(x, "_data", x).dtype.kind == "c":
        from .complex import conj, real

        along = real(conj(x) * t)
    return sum(along, dim=dim, keepdim=keepdim) / where(out == 0, _INF, out)


def _length_rule(g, x, out, dim):
    g, x, out = widened(g, x, out)
    return x * spread(g / where(out == 0, _INF, out), shape=x.shape, dim=dim)


length.vjp(x=_length_rule).jvp(x=_length_tangent)


@reduction(holomorphic=False)
def p_norm(xp, x, *, p, dim=None, keepdim=False):
    """The p-norm (sum |x|^p)^(1/p) for p other than 1, 2 and infinity (for 0, how many are not 0); where x is 0 its
    gradient is 0."""
    if p == 0:
        return in_order(xp, (x != 0).sum(axis=dim, keepdims=keepdim)).astype(x.real.dtype)
    return in_order(xp, (xp.absolute(x) ** p).sum(axis=dim, keepdims=keepdim)) ** (1 / p)


def _p_slope(x, out, dim, p):
    """The derivative of p_norm: sgn(x) (|x| / norm)^(p - 1), 0 where either is 0."""
    if p == 0:
        return full(x, shape=x.shape, value=0)
    norm = reshape(out, shape=kept(x.shape, dim))
    none = (x == 0) | (norm == 0)
    size = where(none, 1, abs_(x)) / where(norm == 0, 1, norm)
    return sgn(x) * where(none, 0, pow_(where(none, 1, size), p - 1))


def _p_tangent(t, x, out, dim, keepdim, p):
    along = t * _p_slope(x, out, dim, p)
    if getattr(x, "_data", x).dtype.kind == "c":
        from .complex import conj, real

        along = real(conj(_p_slope(x, out, dim, p)) * t)
    return sum(along, dim=dim, keepdim=keepdim)


def _p_rule(g, x, out, dim, p):
    g, x, out = widened(g, x, out)
    return spread(g, shape=x.shape, dim=dim) * _p_slope(x, out, dim, p)


p_norm.vjp(x=_p_rule).jvp(x=_p_tangent)


@reduction()
def logsumexp(xp, x, *, dim=None, keepdim=False):
    """log(sum(exp(x))), without overflow; -inf of nothing."""
    if not x.size:
        return xp.log(xp.exp(x).sum(axis=dim, keepdims=keepdim))
    top = (x if x.dtype.kind != "c" else x.real).max(axis=dim, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zero(top.dtype))
    out = xp.log(xp.total(xp.exp(x - top), dim, True)) + top
    return out if keepdim else out.reshape(tuple([n for i, n in enumerate(x.shape) if i not in dim]))


def _share(x, out, dim):
    """The softmax that is the derivative of logsumexp."""
    return exp(x - reshape(out, shape=kept(x.shape, dim)))


def _logsumexp_rule(g, x, out, dim):
    half = x.dtype.itemsize == 2
    g, x, out = widened(g, x, out)
    share = _share(x, out, dim)
    if half:  # the result that was rounded to half precision is off by as much for all
        share = share / sum(share, dim=dim, keepdim=True)
    return spread(g, shape=x.shape, dim=dim) * share


logsumexp.vjp(x=_logsumexp_rule).jvp(
    x=lambda t, x, out, dim, keepdim: sum(t * _share(x, out, dim), dim=dim, keepdim=keepdim))  # fmt: skip


# ---- predicates ----------------------------------------------------------------------------------------------------
def _truth(xp, x, found):
    """PyTorch answers in bool, but for uint8 in uint8."""
    return found.astype("uint8") if x.dtype == "uint8" else found


@reduction(name="all", differentiable=False, widens=False)
def all_(xp, x, *, dim=None, keepdim=False):
    """Whether every element is nonzero."""
    return _truth(xp, x, in_order(xp, xp.all(x, axis=dim, keepdims=keepdim)))


@reduction(name="any", differentiable=False, widens=False)
def any_(xp, x, *, dim=None, keepdim=False):
    """Whether some element is nonzero."""
    return _truth(xp, x, in_order(xp, xp.any(x, axis=dim, keepdims=keepdim)))
