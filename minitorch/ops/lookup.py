"""Rows by number: one index array along one dimension, and its accumulating adjoint.

The commonest advanced index (x[i], index_select, embedding) has a pair of its own, several times faster than the
general pick. Out-of-range positions are noticed by the host's own bounds check; a device does not look.
"""

from __future__ import annotations

from ..backend.host_rows import placed
from .families import indexing

#: From so many rows on, a sparse matrix of ones sums them faster on the host.
MANY = 64


@indexing(linear=True)
def lookup(xp, x, index, *, dim):
    """x at the positions `index` of one dimension, in whose place the index's dimensions stand."""
    try:
        return x.take(index, dim)
    except IndexError:
        bad = index[(index >= x.shape[dim]) | (index < -x.shape[dim])].flat[0]
        where = xp.argwhere(index == bad)[0].tolist()
        raise IndexError(
            f"index {bad} is out of bounds for dimension {dim} with size {x.shape[dim]} (at position {where} of the "
            "index)"
        ) from None


@indexing(linear=True, widens=True, silent=False)
def deposit(xp, g, index, *, dim, shape):
    """Zeros of `shape` with g added at the positions `index` of one dimension; the adjoint of lookup."""
    flat = index.reshape(-1)
    if dim and xp.name == "cpu" and flat.size and flat.dtype.kind == "i" and flat.min() >= 0:
        return placed(g.reshape(*shape[:dim], flat.size, *shape[dim + 1 :]), flat, dim, shape)
    if dim == 0 and xp.name == "cpu" and flat.size >= MANY and g.size and flat.dtype.kind == "i" and len(shape) > 1:
        if flat.min() < 0:
            flat = flat % shape[0]
        ones = xp.ones(flat.size, dtype=g.dtype)
        return xp.spmm(flat, xp.arange(flat.size), ones, g.reshape(flat.size, -1), shape[0]).reshape(shape)
    out = xp.zeros(shape, dtype=g.dtype)
    if dim == 0:
        xp.scatter_add(out, (flat,), g.reshape(flat.size, *shape[1:]))
        return out
    last = dim + index.ndim
    rows = g.reshape(*shape[:dim], flat.size, *g.shape[last:])
    xp.scatter_add(xp.moveaxis(out, dim, 0), (flat,), xp.moveaxis(rows, dim, 0))
    return out


lookup.vjp(x=lambda g, x_shape, index, dim: deposit(g, index, dim=dim, shape=x_shape), index=None)
deposit.vjp(g=lambda g, index, dim: lookup(g, index, dim=dim), index=None)
