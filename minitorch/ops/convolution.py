"""Convolution in any number of dimensions, as the three partials of one trilinear form.

conv, conv_input and conv_weight are the gradients of <y, conv(x, w)> with respect to y, x and w. Each one's rules are
the other two, so three ops and six one-line rules are closed under every order of derivative; transposed convolution
is conv_input. Windows are gathered into columns, a few samples at a time, so that they are still in the cache when
matrices are multiplied.
"""

from __future__ import annotations

from .families import window
from .shape import select
from .sliding import add_columns, out_size, parts, product, windowed

#: Below this many numbers of a gradient, one pass through `conv` is less work than adding columns up place by place.
FEW = 4096


@window(multilinear=True)
def conv(xp, x, w, *, stride, padding, dilation, groups):
    """The cross-correlation of x (N, C, *S) with w (O, C/groups, *K)."""
    kernel, count = w.shape[2:], x.shape[0]
    sizes = tuple(map(out_size, x.shape[2:], kernel, stride, padding, dilation))
    view = windowed(xp, xp.ascontiguousarray(x), kernel, sizes, stride, padding, dilation)
    rows, cells, results = w.shape[1] * product(kernel), product(sizes), w.shape[0] // groups
    weights = xp.ascontiguousarray(w).reshape(groups, results, rows)
    out = xp.empty((count, groups, results, cells), dtype=x.dtype)
    for part in parts(xp, count, groups * rows * cells * x.itemsize):
        xp.matmul(weights, view[part].reshape(part.stop - part.start, groups, rows, cells), out=out[part])
    return out.reshape(count, w.shape[0], *sizes)


@window(multilinear=True)
def conv_input(xp, y, w, *, shape, stride, padding, dilation, groups):
    """The gradient of <y, conv(x, w)> with respect to x, of `shape`."""
    kernel, sizes, count = w.shape[2:], y.shape[2:], shape[0]
    rows, cells, results = w.shape[1] * product(kernel), product(sizes), w.shape[0] // groups
    weights = xp.ascontiguousarray(w).reshape(groups, results, rows).swapaxes(-1, -2)
    y = xp.ascontiguousarray(y).reshape(count, groups, results, cells)
    if _pointwise(kernel, stride, padding):
        return xp.matmul(weights, y).reshape(shape)
    if set(stride) == {1} and (w.shape[0] <= shape[1] or y.size < FEW):  # a convolution itself: fewer columns to gather
        around = [d * (k - 1) - p for d, k, p in zip(dilation, kernel, padding, strict=True)]
        if min(around) >= 0 and shape[2:] == tuple(n + a - p for n, a, p in zip(sizes, around, padding, strict=True)):
            return conv.forward(xp, y.reshape(count, w.shape[0], *sizes), _turned(w, groups), stride=stride,
                                padding=around, dilation=dilation, groups=groups)  # fmt: skip
    out = xp.zeros(shape, dtype=y.dtype)
    for part in parts(xp, count, groups * rows * cells * y.itemsize):
        cols = xp.matmul(weights, y[part]).reshape(part.stop - part.start, shape[1], *kernel, *sizes)
        add_columns(xp, out[part], cols, stride, padding, dilation)
    return out


@window(multilinear=True)
def conv_weight(xp, x, y, *, shape, stride, padding, dilation, groups):
    """The gradient of <y, conv(x, w)> with respect to w, of `shape`."""
    kernel, sizes, count = shape[2:], y.shape[2:], x.shape[0]
    view = windowed(xp, xp.ascontiguousarray(x), kernel, sizes, stride, padding, dilation)
    rows, cells, results = shape[1] * product(kernel), product(sizes), shape[0] // groups
    y = xp.ascontiguousarray(y).reshape(count, groups, results, cells)
    out = xp.zeros((groups, results, rows), dtype=x.dtype)
    axes = len(kernel)
    view = view.reshape(count, groups, shape[1], *kernel, *sizes)
    order = (1, 2, *range(3, 3 + axes), 0, *range(3 + axes, 3 + 2 * axes))
    apart = groups > 1 or _pointwise(kernel, stride, padding)
    for part in parts(xp, count, groups * rows * cells * x.itemsize):
        if apart and results * rows < (results + rows) * cells:
            cols = view[part].reshape(part.stop - part.start, groups, rows, cells)
            out += xp.matmul(y[part], cols.swapaxes(-1, -2)).sum(axis=0)
            continue
        # the columns of several samples side by side: one product over all of them
        length = (part.stop - part.start) * cells
        cols = view[part].transpose(order).reshape(groups, rows, length)
        out += xp.matmul(y[part].transpose(1, 2, 0, 3).reshape(groups, results, length), cols.swapaxes(-1, -2))
    return out.reshape(shape)


def _pointwise(kernel, stride, padding):
    """Whether each window is one element, and each element a window: the columns are the images themselves."""
    return set(kernel) == {1} and set(stride) == {1} and not any(padding)


def _turned(w, groups):
    """The weights (C, O/groups, *K) of the way back: inputs and results exchanged, and each kernel turned around."""
    results, channels, *kernel = w.shape
    turned = w.reshape(groups, results // groups, channels, *kernel).swapaxes(1, 2)
    back = (slice(None, None, -1),) * len(kernel)
    return turned[(..., *back)].reshape(groups * channels, results // groups, *kernel)


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
