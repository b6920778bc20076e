"""Weighted sums of elements along one dimension: what resizing an image is, dimension by dimension.

Each new position has the same number of taps, (which element, its weight). Turned around, the same table says which new
positions an element went to: the adjoint is the op itself with the turned table.
"""

from __future__ import annotations

from functools import cached_property

from ..backend.host import HOST
from .families import window


class Taps:
    """Which elements of a line of `size` the new positions are made of.

    Attributes:
        index, weights: host arrays (taps, positions).
        size: how many elements there are to take from.
        even: whether every weight is 1.
        absent: for each tap the positions that do without it: their weight is 0.
    """

    def __init__(self, index, weights, size):
        self.index, self.weights, self.size = index, weights, size
        self.even = bool((weights == 1).all())
        self.absent = [HOST.flatnonzero(row == 0) for row in weights]

    def __repr__(self):
        return f"<{self.index.shape[0]} taps, {self.size} -> {self.index.shape[1]}>"

    @cached_property
    def turned(self):
        """The table of the adjoint: for each element the new positions that it is in. What has fewer than others
        is filled up with weights of 0."""
        xp = HOST
        count = self.index.shape[1]
        found = xp.flatnonzero(self.weights.reshape(-1) != 0)
        element, position = self.index.reshape(-1)[found], found % max(count, 1)
        order = xp.argsort(element, kind="stable")
        element, position = element[order], position[order]
        times = xp.bincount(element, minlength=self.size)
        begins = xp.cumsum(times) - times
        turn = xp.arange(len(element)) - begins[element]
        most = max(int(times.max(initial=0)), 1)
        one = position[xp.minimum(begins, len(position) - 1)] if len(position) else begins
        index = xp.broadcast_to(one, (most, self.size)).copy()
        weights = xp.zeros((most, self.size), dtype=self.weights.dtype)
        index[turn, element] = position
        weights[turn, element] = self.weights.reshape(-1)[found][order]
        return Taps(index, weights, count)


@window(linear=True)
def resample(xp, x, *, taps, dim):
    """x along one dimension at new positions, each the sum of its taps times their weights. A weight of 0 hides an
    infinity."""
    index = xp.asarray(taps.index)
    if taps.even:
        out = x.take(index[0], dim)
        for places in index[1:]:
            out += x.take(places, dim)
        return out
    shape = (-1, taps.index.shape[1]) + (1,) * (x.ndim - dim - 1)
    weights = xp.asarray(taps.weights.astype(x.dtype)).reshape(shape)
    out = None
    for tap, absent in enumerate(taps.absent):
        part = x.take(index[tap], dim)
        part *= weights[tap]
        if absent.size:
            part[(slice(None),) * dim + (xp.asarray(absent),)] = 0
        out = part if out is None else xp.add(out, part, out=out)
    return out


resample.vjp(x=lambda g, taps, dim: resample(g, taps=taps.turned, dim=dim))
