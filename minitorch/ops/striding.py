"""Windows on memory: `as_strided` and its adjoint.

A tensor is thought of as lying on a line of memory: element (i, j, ...) at i * layout[0] + j * layout[1] + ...; the
result reads that line at offset + i * stride[0] + ... . An array that does lie so is read in place, as a view; any other
(a cotangent, a tangent, a copy) is first laid out on a line of its own. Where several elements lie on one place, its
number is their mean, as in PyTorch; where none lies, it is 0.
"""

from __future__ import annotations

from .families import movement


def reach(size, steps):
    """The lowest and the highest position of an array that starts at 0."""
    if 0 in size:
        return 0, -1
    low = high = 0
    for n, step in zip(size, steps, strict=True):
        if step < 0:
            low += step * (n - 1)
        else:
            high += step * (n - 1)
    return low, high


def overlaps(size, steps):
    """Whether two elements lie on one place: expanded dimensions, overlapping windows."""
    if 0 in size:
        return False
    far = 1
    for step, n in sorted((abs(step), n) for step, n in zip(steps, size, strict=True)):
        if n > 1:
            if step < far:
                return not step or _collides(size, steps)
            far += step * (n - 1)
    return False


def _collides(size, steps):
    """The same, by counting the places: strides such as (3, 2) interleave without a collision."""
    places, count = {0}, 1
    for n, step in zip(size, steps, strict=True):
        places = {place + i * step for place in places for i in range(n)}
        count *= n
        if len(places) < count:
            return True
    return False


def dense(x):
    """Whether a raw array lies on its memory without gaps and without overlap, in whatever order."""
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return True
    steps = layout_of(x)
    low, high = reach(x.shape, steps)
    return high - low + 1 == x.size and not overlaps(x.shape, steps)


def meeting(xp, one, other):
    """How two raw arrays share memory, as far as that is easily seen: "full", "partial", or not at all ("")."""
    if one is other:
        return "full"
    if one.__class__ is not other.__class__ or (one.base is None and other.base is None):
        return ""  # on two devices, or each on memory of its own
    if not xp.shares_memory(one, other) or not (dense(one) and dense(other)):
        return ""
    same = one.nbytes == other.nbytes and one.ndim == other.ndim and xp.pointer(one) == xp.pointer(other)
    steps = zip(one.shape, one.strides, other.shape, other.strides, strict=same)
    return "full" if same and all(n == m and (n == 1 or a == b) for n, a, m, b in steps) else "partial"


def layout_of(x):
    """The strides of a raw array, in elements."""
    return tuple([step // x.itemsize for step in x.strides])


def _lies(x, layout):
    """Whether the array lies on memory just so, without gaps and without overlap."""
    steps = layout_of(x)
    if steps != layout and any(n > 1 and a != b for n, a, b in zip(x.shape, steps, layout, strict=True)):
        return False
    low, high = reach(x.shape, steps)
    return high - low + 1 == x.size and not low and not overlaps(x.shape, steps)


def window(xp, x, size, stride, offset):
    """The memory around an array, in place, `offset` elements from its first element."""
    item = x.itemsize
    if offset:  # two elements, the other of which is where the window begins
        x = xp.strided(x, (2,), (offset * item,))[1:]
    return xp.strided(x, size, tuple([step * item for step in stride]))


def _positions(xp, size, steps, first):
    found = xp.arange(first, first + 1)
    for n, step in zip(size, steps, strict=True):
        found = found[..., None] + xp.arange(n) * step
    return found.reshape(-1)


def _laid(xp, x, steps, first, length, mean):
    """A line of `length` zeros with the array laid out (and where it overlaps itself, added up) from `first` on."""
    line = xp.zeros((length,), dtype=x.dtype)
    if not x.size:
        return line
    if x.dtype.kind in "fcV" and overlaps(x.shape, steps):
        places = (_positions(xp, x.shape, steps, first),)
        xp.scatter_add(line, places, x.reshape(-1))
        if mean:
            times = xp.zeros((length,), dtype=line.real.dtype)
            xp.scatter_add(times, places, xp.ones(x.size, dtype=times.dtype))
            line = line / xp.maximum(times, xp.ones_like(times))
    else:
        xp.strided(line[first:], x.shape, tuple([step * x.itemsize for step in steps]))[...] = x
    return line


def _span(size, stride, offset, layout, shape):
    """Where the first elements of the tensor and of the window are on one line that holds both, and its length."""
    low, high = reach(shape, layout)
    bottom, top = reach(size, stride)
    if 0 not in size:
        low, high = min(low, bottom + offset), max(high, top + offset)
    return -low, offset - low, max(high - low + 1, 0)


@movement(view=True)
def as_strided(xp, x, *, size, stride, offset, layout):
    """The line of memory that the tensor lies on, read in another shape and with other strides, as a view."""
    if _lies(x, layout):
        return window(xp, x, size, stride, offset)
    return relaid.forward(xp, x, size=size, stride=stride, offset=offset, layout=layout)


@movement()
def relaid(xp, x, *, size, stride, offset, layout):
    """`as_strided` of a tangent or cotangent, laid out on a line of its own: where the window reaches beyond the tensor that it
    belongs to, it is 0, whatever lies there in memory."""
    own, first, length = _span(size, stride, offset, layout, x.shape)
    if 0 in size:
        return xp.zeros(size, dtype=x.dtype)
    return window(xp, _laid(xp, x, layout, own, length, True)[first:], size, stride, 0)


def write_laid(xp, array, params, write):
    """Let `write` change the window on an array that does not lie as its layout says, and copy that back."""
    size, stride, layout = params["size"], params["stride"], params["layout"]
    own, first, length = _span(size, stride, params["offset"], layout, array.shape)
    line = _laid(xp, array, layout, own, length, True)
    write(window(xp, line[first:], size, stride, 0))
    array[...] = window(xp, line[own:], array.shape, layout, 0)


@movement(silent=False, widens=True)
def place_strided(xp, g, *, size, stride, offset, layout, shape):
    """What lies in the windows added up into a tensor of `shape`, zeros elsewhere; the adjoint of as_strided."""
    if not g.size:
        return xp.zeros(shape, dtype=g.dtype)
    own, first, length = _span(size, stride, offset, layout, shape)
    line = _laid(xp, g, stride, first, length, False)
    if overlaps(shape, layout):
        times = _laid(xp, xp.ones(shape, dtype=line.real.dtype), layout, own, length, False)
        line = line / xp.maximum(times, xp.ones_like(times))
    return window(xp, line[own:], shape, layout, 0).copy() if 0 not in shape else xp.zeros(shape, dtype=g.dtype)


def _back(g, x_shape, size, stride, offset, layout):
    return place_strided(g, size=size, stride=stride, offset=offset, layout=layout, shape=x_shape)


def _again(t, size, stride, offset, layout):
    return relaid(t, size=size, stride=stride, offset=offset, layout=layout)


as_strided.vjp(x=_back).jvp(x=_again)
relaid.vjp(x=_back)
place_strided.vjp(g=lambda g, size, stride, offset, layout: _again(g, size, stride, offset, layout))
