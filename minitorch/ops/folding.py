"""Sliding blocks of images as columns, and columns added back into images: a linear pair, each the other's adjoint.

Block l of an image (C, H, W) is column l of the matrix (C * prod(kernel), L): what convolution multiplies.
"""

from __future__ import annotations

from .families import window
from .sliding import add_columns, out_size, product, windowed


def _sizes(shape, kernel, stride, padding, dilation):
    return tuple(map(out_size, shape[2:], kernel, stride, padding, dilation))


@window(linear=True)
def blocks(xp, x, *, kernel, stride, padding, dilation):
    """The windows of x (N, C, *S) as columns (N, C * prod(kernel), L)."""
    sizes = _sizes(x.shape, kernel, stride, padding, dilation)
    view = windowed(xp, x, kernel, sizes, stride, padding, dilation)
    return view.copy().reshape(x.shape[0], x.shape[1] * product(kernel), product(sizes))


@window(linear=True)
def unblocks(xp, g, *, kernel, stride, padding, dilation, shape):
    """Columns added back to where they come from in an array of `shape`; the adjoint of blocks."""
    sizes = _sizes(shape, kernel, stride, padding, dilation)
    out = xp.zeros(shape, dtype=g.dtype)
    add_columns(xp, out, g.reshape(*shape[:2], *kernel, *sizes), stride, padding, dilation)
    return out


blocks.vjp(x=lambda g, x_shape, kernel, stride, padding, dilation: unblocks(
    g, kernel=kernel, stride=stride, padding=padding, dilation=dilation, shape=x_shape))  # fmt: skip
unblocks.vjp(g=lambda g, kernel, stride, padding, dilation: blocks(
    g, kernel=kernel, stride=stride, padding=padding, dilation=dilation))  # fmt: skip
