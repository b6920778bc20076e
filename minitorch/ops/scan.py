"""Running sums, products and recurrences along one dimension.

The derivative of a running product, or of a running logsumexp, is a linear recurrence h_k = b_k + a_k h_(k-1) run from
the other end, and the derivative of a recurrence is a recurrence: one op, `recur`, closes the family, is right where
elements are 0, and divides by nothing. Where an array library cannot accumulate, neighbours 1, 2, 4, ... apart are
combined in turn.
"""

from __future__ import annotations

from ..backend.host_rows import BLOCK, SMALL, recurrence, serves
from ..backend.host_rows import running as stretched
from .create import full
from .families import checked_dim, scan
from .reduce import widened
from .shape import cat, in_order, place, select
from .transcendental import exp


def _part(ndim, dim, start, stop):
    """The key of a range of one dimension."""
    return (*[slice(None)] * dim, slice(start, stop), *[slice(None)] * (ndim - dim - 1))


def running(xp, x, dim, combine):
    """combine(combine(x_0, x_1), x_2), ... along a dimension, for an associative `combine(earlier, later)`."""
    out, step, count = x.copy(), 1, x.shape[dim]
    while step < count:
        later = _part(x.ndim, dim, step, count)
        out[later] = combine(out[_part(x.ndim, dim, 0, count - step)], out[later])
        step *= 2
    return out


def _turned(x, dim):
    """One dimension in reverse order, as a view."""
    return x[(*[slice(None)] * dim, slice(None, None, -1))]


def accumulated(xp, x, dim, name):
    """The running `name` (a ufunc, such as "maximum") along a dimension."""
    function = getattr(xp, name)
    return in_order(xp, function.accumulate(x, axis=dim)) if xp.name == "cpu" else running(xp, x, dim, function)


def _wide(x, dim):
    """What a running sum or product is kept in: int64, and for a long float32 run float64, as in PyTorch."""
    if x.dtype.kind in "bui":
        return "int64"
    if x.shape[dim] <= LONG:
        return None
    return {"float32": "float64", "complex64": "complex128"}.get(x.dtype.name)


#: A float32 run of this length may be summed in float32.
LONG = 128


def _whole(datas, params):
    params = checked_dim(datas, params)
    return params if "reverse" in params else {"reverse": False} | params


@scan(linear=True, check=_whole)
def cumsum(xp, x, *, dim, reverse=False):
    """Running sums along one dimension, from its start or, in reverse, from its end."""
    wide = _wide(x, dim)
    if wide == "float64" and dim == x.ndim - 1 and x.shape[dim] % BLOCK == 0 and serves(xp, x, SMALL):
        return stretched(x, xp.add, reverse)
    if reverse:
        x = _turned(x, dim)
    out = in_order(xp, x.cumsum(axis=dim, dtype=wide))
    if wide is not None and wide != "int64":
        out = out.astype(x.dtype)
    return _turned(out, dim) if reverse else out


cumsum.vjp(x=lambda g, dim, reverse: cumsum(g, dim=dim, reverse=not reverse))


@scan(check=_whole)
def recur(xp, a, b, *, dim, reverse=False):
    """h_k = b_k + a_k h_(k-1) along one dimension, from h_0 = b_0; in reverse h_k = b_k + a_k h_(k+1).

    A factor 0 starts anew, whatever came before (an inf, a NaN).
    """
    if reverse:
        a, b = _turned(a, dim), _turned(b, dim)
    count = b.shape[dim]
    if dim == b.ndim - 1 and count % BLOCK == 0 and b.size >= SMALL and xp.name == "cpu" and a.dtype == b.dtype and (
            b.dtype.kind == "f" and a.shape == b.shape and a[..., 1:].all()):  # fmt: skip
        out = xp.empty(b.shape, dtype=b.dtype)
        recurrence(a, b, _turned(out, dim) if reverse else out)
        return out
    a, b, step = a.copy(), b.copy(), 1
    zeros = xp.name != "cpu" or not a[_part(a.ndim, dim, 1, count)].all()
    while step < count:
        later, earlier = _part(a.ndim, dim, step, count), _part(a.ndim, dim, 0, count - step)
        sent, factor = a[later] * b[earlier], a[later] * a[earlier]
        if zeros:
            ends, nothing = a[later] == 0, xp.zero(a.dtype)
            sent, factor = xp.where(ends, nothing, sent), xp.where(ends, nothing, factor)
        b[later] = b[later] + sent
        a[later] = factor
        step *= 2
    return xp.ascontiguousarray(_turned(b, dim)) if reverse else b


def _before(x, dim, reverse, first=0):
    """Each element's predecessor in the running order, `first` for the first."""
    ndim, count = len(x.shape), x.shape[dim]
    if not count:
        return x
    rest = select(x, key=_part(ndim, dim, 1, count) if reverse else _part(ndim, dim, 0, count - 1))
    if not first:
        return place(rest, key=_part(ndim, dim, 0, count - 1) if reverse else _part(ndim, dim, 1, count), shape=x.shape)
    one = full(x, shape=(*x.shape[:dim], 1, *x.shape[dim + 1 :]), value=first)
    return cat(rest, one, dim=dim) if reverse else cat(one, rest, dim=dim)


def _back(g, a, dim, reverse):
    """What arrives at each step: its own cotangent and what the later steps send through their factors."""
    return recur(_before(a, dim, not reverse), g, dim=dim, reverse=not reverse)


recur.vjp(
    a=lambda g, a, out, dim, reverse: _back(g, a, dim, reverse) * _before(out, dim, reverse),
    b=lambda g, a, dim, reverse: _back(g, a, dim, reverse),
)
recur.jvp(
    a=lambda t, a, out, dim, reverse: recur(a, t * _before(out, dim, reverse), dim=dim, reverse=reverse),
    b=lambda t, a, dim, reverse: recur(a, t, dim=dim, reverse=reverse),
)


@scan()
def cumprod(xp, x, *, dim):
    """Running products along one dimension."""
    wide = _wide(x, dim)
    if wide == "float64" and dim == x.ndim - 1 and x.shape[dim] % BLOCK == 0 and serves(xp, x, SMALL):
        return stretched(x, xp.multiply)
    out = in_order(xp, x.cumprod(axis=dim, dtype=wide))
    return out if wide is None or wide == "int64" else out.astype(x.dtype)


def _product_rule(g, x, out, dim):
    g, x, out = widened(g, x, out)
    return _back(g, x, dim, False) * _before(out, dim, False, first=1)


cumprod.vjp(x=_product_rule).jvp(
    x=lambda t, x, out, dim: recur(x, t * _before(out, dim, False, first=1), dim=dim, reverse=False))  # fmt: skip


@scan()
def logcumsumexp(xp, x, *, dim):
    """Running logsumexps along one dimension, without overflow."""
    if x.dtype.kind == "c":
        return running(xp, x, dim, lambda one, other: _log_of_two(xp, one, other))
    return accumulated(xp, x, dim, "logaddexp")


def _log_of_two(xp, one, other):
    """log(exp(one) + exp(other)) of complex numbers."""
    top = xp.maximum(one.real, other.real)
    top = xp.where(xp.isfinite(top), top, xp.zero(top.dtype))
    return xp.log(xp.exp(one - top) + xp.exp(other - top)) + top


def _decay(out, dim, reverse):
    """exp(out_(k-1) - out_k) at k; in reverse, at k - 1: how much of an earlier sum a later one is."""
    ndim, count = len(out.shape), out.shape[dim]
    if not count:
        return out
    earlier, later = _part(ndim, dim, 0, count - 1), _part(ndim, dim, 1, count)
    ratio = exp(select(out, key=earlier) - select(out, key=later))
    return place(ratio, key=earlier if reverse else later, shape=out.shape)


def _logcumsumexp_rule(g, x, out, dim):
    g, x, out = widened(g, x, out)
    return exp(x - out) * recur(_decay(out, dim, True), g, dim=dim, reverse=True)


logcumsumexp.vjp(x=_logcumsumexp_rule).jvp(
    x=lambda t, x, out, dim: recur(_decay(out, dim, False), exp(x - out) * t, dim=dim, reverse=False))  # fmt: skip
