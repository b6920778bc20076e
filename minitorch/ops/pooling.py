"""Sums over sliding windows in any number of dimensions, and their adjoint: the linear pair under average pooling.

Max pooling needs no op: the positions are found off the tape and the values gathered by them.
"""

from __future__ import annotations

from .convolution import padded
from .families import window


def window_slices(xp, kernel, stride, dilation, sizes):
    """For each place in the kernel, the slice of the padded input that it meets."""
    for offset in xp.ndindex(*kernel):
        yield tuple(
            slice(o * d, o * d + s * (n - 1) + 1 if n else o * d, s)
            for o, d, s, n in zip(offset, dilation, stride, sizes, strict=True)
        )


@window(linear=True)
def window_sum(xp, x, *, kernel, stride, padding, sizes):
    """The sum of x (N, C, *S) over windows of zero-padded space, as many positions as `sizes` says."""
    grown = tuple(
        max(0, s * (n - 1) + k - m - 2 * p)
        for s, n, k, m, p in zip(stride, sizes, kernel, x.shape[2:], padding, strict=True)
    )
    x = padded(xp, x, padding)
    if any(grown):  # ceil_mode: the last windows hang over the edge
        wide = xp.zeros((*x.shape[:2], *(n + e for n, e in zip(x.shape[2:], grown, strict=True))), dtype=x.dtype)
        wide[(..., *(slice(0, n) for n in x.shape[2:]))] = x
        x = wide
    out = xp.zeros((*x.shape[:2], *sizes), dtype=x.dtype)
    for key in window_slices(xp, kernel, stride, (1,) * len(kernel), sizes):
        out += x[(..., *key)]
    return out


@window(linear=True)
def window_spread(xp, g, *, kernel, stride, padding, shape):
    """Each window's number added to all of its places in an array of `shape`; the adjoint of window_sum."""
    sizes = g.shape[2:]
    wide = tuple(
        max(n + 2 * p, s * (m - 1) + k)
        for n, p, s, m, k in zip(shape[2:], padding, stride, sizes, kernel, strict=True)
    )
    out = xp.zeros((*shape[:2], *wide), dtype=g.dtype)
    for key in window_slices(xp, kernel, stride, (1,) * len(kernel), sizes):
        out[(..., *key)] += g
    return out[(..., *(slice(p, p + n) for p, n in zip(padding, shape[2:], strict=True)))]


window_sum.vjp(x=lambda g, x_shape, kernel, stride, padding: window_spread(
    g, kernel=kernel, stride=stride, padding=padding, shape=x_shape))  # fmt: skip
window_spread.vjp(g=lambda g, g_shape, kernel, stride, padding: window_sum(
    g, kernel=kernel, stride=stride, padding=padding, sizes=g_shape[2:]))  # fmt: skip
