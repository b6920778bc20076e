"""Windows that slide over space: where they lie, what they meet, and how many samples of a batch to take at a time.

An element of the result belongs to a window, an element of the kernel to a place in the window. The functions here work
on raw arrays; convolution, pooling and folding are made of them.
"""

from __future__ import annotations

#: How many bytes of windows are gathered at a time on the host: they are used while they are in the cache.
ROOM = 1 << 21


def product(sizes):
    """How many elements there are."""
    count = 1
    for size in sizes:
        count *= size
    return count


def parts(xp, count, size):
    """Slices of a batch that take about ROOM bytes, at `size` bytes for a sample; on a device the whole batch."""
    step = max(1, ROOM // max(size, 1)) if xp.name == "cpu" else max(count, 1)
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def out_size(size, kernel, stride, padding, dilation):
    """The number of window positions along one dimension."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def padded(xp, x, padding):
    """x (N, C, *S) with zeros around its spatial dimensions."""
    if not any(padding):
        return x
    shape = (*x.shape[:2], *[n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True)])
    out = xp.zeros(shape, dtype=x.dtype)
    out[(slice(None), slice(None), *[slice(p, p + n) for n, p in zip(x.shape[2:], padding, strict=True)])] = x
    return out


def windowed(xp, x, kernel, sizes, stride, padding, dilation):
    """The windows of x (N, C, *S) as a view (N, C, *kernel, *sizes) of x with zeros around it."""
    x = padded(xp, x, padding)
    steps = x.strides[2:]
    strides = (*x.strides[:2], *[s * d for s, d in zip(steps, dilation, strict=True)],
               *[s * t for s, t in zip(steps, stride, strict=True)])  # fmt: skip
    return xp.strided(x, (*x.shape[:2], *kernel, *sizes), strides)


def met(place, size, count, stride, padding, dilation):
    """Along one dimension: which of `count` windows have an element of the input at `place`, and which elements those
    are: two slices."""
    shift = place * dilation - padding
    first = max(0, -(shift // stride))
    last = max(min(count, (size - 1 - shift) // stride + 1), first)
    begin = max(first * stride + shift, 0)
    return slice(first, last), slice(begin, begin + (last - first - 1) * stride + 1 if last > first else begin, stride)


def places(xp, kernel, space, sizes, stride, padding, dilation):
    """For each place in the kernel: (its indices, the windows that have an element there, those elements)."""
    axes = [[met(place, *rest) for place in range(k)]
            for k, *rest in zip(kernel, space, sizes, stride, padding, dilation, strict=True)]  # fmt: skip
    for offset in xp.ndindex(*kernel):
        found = [axis[place] for axis, place in zip(axes, offset, strict=True)]
        yield offset, tuple([windows for windows, _ in found]), tuple([elements for _, elements in found])


def add_columns(xp, out, cols, stride, padding, dilation):
    """What windows hold (N, C, *kernel, *sizes) added to the elements of `out` (N, C, *S) that they hold it of."""
    space = out.ndim - 2
    kernel, sizes = cols.shape[2 : 2 + space], cols.shape[2 + space :]
    for offset, windows, elements in places(xp, kernel, out.shape[2:], sizes, stride, padding, dilation):
        out[(slice(None), slice(None), *elements)] += cols[(slice(None), slice(None), *offset, *windows)]
