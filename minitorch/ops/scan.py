"""Running sums, products and recurrences along one dimension.

The derivative of a running product, or of a running logsumexp, is a linear recurrence h_k = b_k + a_k h_(k-1) run from
the other end, and the derivative of a recurrence is a recurrence: one op, `recur`, closes the family, is right where
elements are 0, and divides by nothing. Where an array library cannot accumulate, neighbours 1, 2, 4, ... apart are
combined in turn.
"""

from __future__ import annotations

from .create import full
from .families import checked_dim, declare, movement
from .shape import cat, flip, place, select
from .transcendental import exp


def scan(**declared):
    """An op that runs along `dim`."""
    return declare("scan", (), **{"check": checked_dim, "widens": True} | declared)


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


def accumulated(xp, x, dim, name):
    """The running `name` (a ufunc, such as "maximum") along a dimension."""
    function = getattr(xp, name)
    return function.accumulate(x, axis=dim) if xp.name == "cpu" else running(xp, x, dim, function)


@movement(check=checked_dim)
def cumsum(xp, x, *, dim):
    """Running sums along one dimension."""
    return xp.cumsum(x, axis=dim, dtype="int64" if x.dtype.kind in "bui" else None)


cumsum.widens, cumsum.silent = True, False
cumsum.vjp(x=lambda g, dim: flip(cumsum(flip(g, dims=(dim,)), dim=dim), dims=(dim,)))


@scan()
def recur(xp, a, b, *, dim, reverse):
    """h_k = b_k + a_k h_(k-1) along one dimension, from h_0 = b_0; in reverse h_k = b_k + a_k h_(k+1)."""
    if reverse:
        a, b = xp.flip(a, axis=dim), xp.flip(b, axis=dim)
    a, b, step, count = a.copy(), b.copy(), 1, b.shape[dim]
    a[_part(a.ndim, dim, 0, 1)] = 0
    while step < count:
        later, earlier = _part(a.ndim, dim, step, count), _part(a.ndim, dim, 0, count - step)
        b[later] = b[later] + a[later] * b[earlier]
        a[later] = a[later] * a[earlier]
        step *= 2
    return xp.ascontiguousarray(xp.flip(b, axis=dim)) if reverse else b


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
    return xp.cumprod(x, axis=dim, dtype="int64" if x.dtype.kind in "bui" else None)


cumprod.vjp(x=lambda g, x, out, dim: _back(g, x, dim, False) * _before(out, dim, False, first=1)).jvp(
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


logcumsumexp.vjp(x=lambda g, x, out, dim: exp(x - out) * recur(_decay(out, dim, True), g, dim=dim, reverse=True)).jvp(
    x=lambda t, x, out, dim: recur(_decay(out, dim, False), exp(x - out) * t, dim=dim, reverse=False))  # fmt: skip
