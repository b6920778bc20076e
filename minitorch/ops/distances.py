"""Euclidean distances between all rows of one matrix and all rows of another, without the differences in memory.

|x - y|^2 = |x|^2 + |y|^2 - 2 x.y makes one matrix product of it. The gradient is two more, of g / distance, which is 0
where the distance is 0; and since the rule is made of ops that have rules, so is every further derivative.
"""

from __future__ import annotations

from .arithmetic import where
from .contraction import matmul, matmul_tn
from .families import contraction
from .reduce import sum as total
from .shape import reshape


@contraction(multilinear=False, holomorphic=False)
def distance(xp, x, y, *, exact=False):
    """The Euclidean distance of each row of x from each row of y; `exact`: from their differences."""
    if exact:
        return xp.sqrt(((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(axis=-1))
    mine, yours = (x * x).sum(axis=-1)[..., :, None], (y * y).sum(axis=-1)[..., None, :]
    return xp.sqrt(xp.maximum(mine + yours - 2 * (x @ xp.swapaxes(y, -1, -2)), xp.zero(x.dtype)))


def _weights(g, out):
    return where(out == 0, 0, g / where(out == 0, 1, out))


def _sums(x, axis):
    n = len(x.shape)
    return total(x, dim=(n + axis,))


def _to_x(g, x, y, out):
    weights = _weights(g, out)
    rows = _sums(weights, -1)
    return reshape(rows, shape=(*rows.shape, 1)) * x - matmul(weights, y)


def _to_y(g, x, y, out):
    weights = _weights(g, out)
    columns = _sums(weights, -2)
    return reshape(columns, shape=(*columns.shape, 1)) * y - matmul_tn(weights, x)


def _along(t, mine, other, out, turn):
    """The change of the distances when `mine` moves by t."""
    from .contraction import matmul_nt
    from .shape import turned

    own = _sums(t * mine, -1)
    change = reshape(own, shape=(*own.shape, 1)) - matmul_nt(t, other)
    return _weights(turned(change) if turn else change, out)


distance.vjp(x=_to_x, y=_to_y).jvp(
    x=lambda t, x, y, out: _along(t, x, y, out, False), y=lambda t, x, y, out: _along(t, y, x, out, True))  # fmt: skip
