"""Convolution in any number of dimensions, as the three partials of one trilinear form.

conv, conv_input and conv_weight are the gradients of <y, conv(x, w)> with respect to y, x and w. Each one's rules are
the other two, so three ops and six one-line rules are closed under every order of derivative; transposed convolution
is conv_input. The generic forward gathers windows into columns and multiplies matrices.
"""

from __future__ import annotations

from .families import window
from .shape import select


def out_size(size, kernel, stride, padding, dilation):
    """The number of window positions along one dimension."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def padded(xp, x, padding):
    """x with zeros around its spatial dimensions."""
    if not any(padding):
        return x
    shape = (*x.shape[:2], *(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True)))
    out = xp.zeros(shape, dtype=x.dtype)
    out[(slice(None), slice(None), *(slice(p, p + n) for n, p in zip(x.shape[2:], padding, strict=True)))] = x
    return out


def columns(xp, x, kernel, sizes, stride, padding, dilation, groups):
    """The windows of x as (N, groups, C/groups * prod(kernel), prod(sizes)), one copy."""
    x = padded(xp, x, padding)
    count, channels = x.shape[:2]
    steps = x.strides[2:]
    shape = (count, channels, *kernel, *sizes)
    strides = (*x.strides[:2], *(s * d for s, d in zip(steps, dilation, strict=True)),
               *(s * t for s, t in zip(steps, stride, strict=True)))  # fmt: skip
    view = xp.strided(x, shape, strides)
    return view.reshape(count, groups, _product(kernel) * channels // groups, _product(sizes))


def _product(sizes):
    product = 1
    for size in sizes:
        product *= size
    return product


@window(multilinear=True)
def conv(xp, x, w, *, stride, padding, dilation, groups):
    """The cross-correlation of x (N, C, *S) with w (O, C/groups, *K)."""
    kernel = w.shape[2:]
    sizes = tuple(map(out_size, x.shape[2:], kernel, stride, padding, dilation))
    cols = columns(xp, x, kernel, sizes, stride, padding, dilation, groups)
    out = xp.matmul(w.reshape(1, groups, w.shape[0] // groups, cols.shape[2]), cols)
    return out.reshape(x.shape[0], w.shape[0], *sizes)


@window(multilinear=True)
def conv_input(xp, y, w, *, shape, stride, padding, dilation, groups):
    """The gradient of <y, conv(x, w)> with respect to x, of `shape`."""
    kernel, sizes = w.shape[2:], y.shape[2:]
    count, channels = shape[:2]
    out = xp.zeros((count, channels, *(n + 2 * p for n, p in zip(shape[2:], padding, strict=True))), dtype=y.dtype)
    weights = w.reshape(1, groups, w.shape[0] // groups, _product(w.shape[1:]))
    cols = xp.matmul(weights.swapaxes(-1, -2), y.reshape(count, groups, w.shape[0] // groups, _product(sizes)))
    cols = cols.reshape(count, channels, *kernel, *sizes)
    for offset in xp.ndindex(*kernel):
        key = tuple(
            slice(o * d, o * d + s * (n - 1) + 1 if n else o * d, s)
            for o, d, s, n in zip(offset, dilation, stride, sizes, strict=True)
        )
        out[(slice(None), slice(None), *key)] += cols[(slice(None), slice(None), *offset)]
    inner = tuple(slice(p, p + n) for n, p in zip(shape[2:], padding, strict=True))
    return out[(slice(None), slice(None), *inner)] if any(padding) else out


@window(multilinear=True)
def conv_weight(xp, x, y, *, shape, stride, padding, dilation, groups):
    """The gradient of <y, conv(x, w)> with respect to w, of `shape`."""
    kernel, sizes = shape[2:], y.shape[2:]
    cols = columns(xp, x, kernel, sizes, stride, padding, dilation, groups)
    outs = y.reshape(y.shape[0], groups, shape[0] // groups, _product(sizes))
    return xp.matmul(outs, cols.swapaxes(-1, -2)).sum(axis=0).reshape(shape)


def _first(out, shape):
    """The windows that y has, where the space has room for more of them."""
    return out if out.shape == shape else select(out, key=tuple(slice(0, n) for n in shape))


conv.vjp(
    x=lambda g, w, x_shape, stride, padding, dilation, groups: conv_input(
        g, w, shape=x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
    w=lambda g, x, w_shape, stride, padding, dilation, groups: conv_weight(
        x, g, shape=w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
)  # fmt: skip
conv_input.vjp(
    y=lambda g, w, y_shape, stride, padding, dilation, groups: _first(conv(
        g, w, stride=stride, padding=padding, dilation=dilation, groups=groups), y_shape),
    w=lambda g, y, w_shape, stride, padding, dilation, groups: conv_weight(
        g, y, shape=w_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
)  # fmt: skip
conv_weight.vjp(
    x=lambda g, y, x_shape, stride, padding, dilation, groups: conv_input(
        y, g, shape=x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups),
    y=lambda g, x, y_shape, stride, padding, dilation, groups: _first(conv(
        x, g, stride=stride, padding=padding, dilation=dilation, groups=groups), y_shape),
)  # fmt: skip
