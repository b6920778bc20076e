"""Sums and maxima over sliding windows in any number of dimensions.

Sums work along one dimension after the other, and have an adjoint: a linear pair. A maximum remembers in a byte at which
place of its window it stood; that place is taken off the tape, and picking by it and putting back are a linear pair too.
"""

from __future__ import annotations

from .families import fused, window
from .sliding import met, parts, places, product


def _along(axis, ndim, key):
    return (slice(None),) * axis + (key,) + (slice(None),) * (ndim - axis - 1)


@window(linear=True)
def window_sum(xp, x, *, kernel, stride, padding, sizes):
    """The sum of x (N, C, *S) over windows of zero-padded space, as many positions as `sizes` says."""
    for axis, (k, s, p, m) in enumerate(zip(kernel, stride, padding, sizes, strict=True), 2):
        out = xp.zeros((*x.shape[:axis], m, *x.shape[axis + 1 :]), dtype=x.dtype)
        for place in range(k):
            windows, elements = met(place, x.shape[axis], m, s, p, 1)
            out[_along(axis, x.ndim, windows)] += x[_along(axis, x.ndim, elements)]
        x = out
    return x


@window(linear=True)
def window_spread(xp, g, *, kernel, stride, padding, shape):
    """Each window's number added to all of its places in an array of `shape`; the adjoint of window_sum."""
    for axis, (k, s, p) in reversed(list(enumerate(zip(kernel, stride, padding, strict=True), 2))):
        out = xp.zeros((*g.shape[:axis], shape[axis], *g.shape[axis + 1 :]), dtype=g.dtype)
        for place in range(k):
            windows, elements = met(place, shape[axis], g.shape[axis], s, p, 1)
            out[_along(axis, g.ndim, elements)] += g[_along(axis, g.ndim, windows)]
        g = out
    return g


window_sum.vjp(x=lambda g, x_shape, kernel, stride, padding: window_spread(
    g, kernel=kernel, stride=stride, padding=padding, shape=x_shape))  # fmt: skip
window_spread.vjp(g=lambda g, g_shape, kernel, stride, padding: window_sum(
    g, kernel=kernel, stride=stride, padding=padding, sizes=g_shape[2:]))  # fmt: skip


# ---- maxima --------------------------------------------------------------------------------------------------------
def _numbers(xp, kernel):
    """The places of a kernel, counted."""
    count = product(kernel)
    return xp.arange(count).astype("uint8" if count <= 256 else "int32")


def search(xp, x, kernel, stride, padding, dilation, sizes):
    """The largest element of each window, and the number of its place; of several the first, NaN wins, padding never.

    A later place has a larger number, so that of those at which a larger element was met the largest number counts.
    """
    numbers = _numbers(xp, kernel)
    out = xp.empty((*x.shape[:2], *sizes), dtype=x.dtype)
    where = xp.zeros(out.shape, dtype=numbers.dtype)
    met_at = list(places(xp, kernel, x.shape[2:], sizes, stride, padding, dilation))
    whole = all(windows == tuple([slice(0, m) for m in sizes]) for _, windows, _ in met_at)
    lowest = -xp.inf if x.dtype.kind in "fV" else xp.iinfo(x.dtype).min
    seen = xp.empty(sizes, dtype="bool")  # windows that have an element already: the first is taken whatever it is
    for part in parts(xp, x.shape[0], x.shape[1] * product(sizes) * 3 * x.itemsize):
        if not whole:
            out[part] = lowest
            seen[...] = False
        for number, (_, windows, elements) in enumerate(met_at):
            key = (part, slice(None), *windows)
            value, best = xp.ascontiguousarray(x[(part, slice(None), *elements)]), out[key]
            if whole and not number:
                best[...] = value
                continue
            better = (value > best) | (value != value)
            if not whole:
                better |= ~seen[windows]
                seen[windows] = True
            xp.maximum(best, value, out=best)
            at = where[key]
            xp.maximum(at, better.astype(numbers.dtype) * numbers[number], out=at)
    return out, where


def flat_places(xp, where, space, kernel, stride, padding, dilation):
    """The flat positions in the input of places in windows."""
    sizes = where.shape[2:]
    table, begins = xp.zeros((1,), dtype="int64"), xp.zeros((1,) * len(sizes), dtype="int64")
    step = product(space)
    for axis, (n, k, s, p, d, m) in enumerate(zip(space, kernel, stride, padding, dilation, sizes, strict=True)):
        step //= max(n, 1)
        table = (table[:, None] + xp.arange(k) * (d * step)).reshape(-1)
        begins = begins + ((xp.arange(m) * s - p) * step).reshape((-1,) + (1,) * (len(sizes) - axis - 1))
    return table.take(where.astype("int64")) + begins


@window(linear=True)
def window_pick(xp, x, where, *, kernel, stride, padding, dilation):
    """The element of each window at the place that `where` says."""
    numbers, sizes = _numbers(xp, kernel), where.shape[2:]
    out = xp.zeros(where.shape, dtype=x.dtype)
    for part in parts(xp, x.shape[0], x.shape[1] * product(sizes) * 4 * x.itemsize):
        met_at = places(xp, kernel, x.shape[2:], sizes, stride, padding, dilation)
        for number, (_, windows, elements) in enumerate(met_at):
            key = (part, slice(None), *windows)
            out[key] = xp.where(where[key] == numbers[number], x[(part, slice(None), *elements)], out[key])
    return out


@window(linear=True)
def window_put(xp, g, where, *, kernel, stride, padding, dilation, shape):
    """Each window's number added to the place that `where` says in an array of `shape`; the adjoint of window_pick."""
    numbers, sizes = _numbers(xp, kernel), where.shape[2:]
    out = xp.zeros(shape, dtype=g.dtype)
    apart = all(s > d * (k - 1) for k, s, d in zip(kernel, stride, dilation, strict=True))
    nothing = xp.zeros((), dtype=g.dtype)
    for part in parts(xp, shape[0], shape[1] * product(sizes) * 4 * g.itemsize):
        met_at = places(xp, kernel, shape[2:], sizes, stride, padding, dilation)
        for number, (_, windows, elements) in enumerate(met_at):
            key = (part, slice(None), *windows)
            found = xp.where(where[key] == numbers[number], g[key], nothing)
            if apart:
                out[(part, slice(None), *elements)] = found
            else:
                out[(part, slice(None), *elements)] += found
    return out


window_pick.vjp(x=lambda g, x_shape, where, kernel, stride, padding, dilation: window_put(
    g, where, kernel=kernel, stride=stride, padding=padding, dilation=dilation, shape=x_shape), where=None)  # fmt: skip
window_put.vjp(g=lambda g, where, kernel, stride, padding, dilation: window_pick(
    g, where, kernel=kernel, stride=stride, padding=padding, dilation=dilation), where=None)  # fmt: skip


@fused(hidden="saved_where")
def window_max(xp, x, *, kernel, stride, padding, dilation, sizes):
    """The largest element of each window of x (N, C, *S)."""
    return search(xp, x, kernel, stride, padding, dilation, sizes)


@window(differentiable=False)
def window_where(xp, x, *, kernel, stride, padding, dilation, sizes):
    """The number of the place of each window's largest element."""
    return search(xp, x, kernel, stride, padding, dilation, sizes)[1]


def _max_joint(xp, g, x_shape, saved_where, kernel, stride, padding, dilation):
    return (window_put(g, saved_where, kernel=kernel, stride=stride, padding=padding, dilation=dilation, shape=x_shape),)


def _max_definition(x, *, kernel, stride, padding, dilation, sizes):
    where = window_where(x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, sizes=sizes)
    return window_pick(x, where, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


window_max.fused(_max_joint, _max_definition)
