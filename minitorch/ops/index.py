"""Picking by computed positions, and putting back: each picking op and its accumulating adjoint.

Integer positions are inputs without a derivative, so that the tape watches their versions. Duplicates accumulate in the
adjoint; assignment with duplicates is last-write-wins.
"""

from __future__ import annotations

from .families import checked_dim, indexing


def full_key(key, indices):
    """The index tuple, with each `Ellipsis`-free placeholder `...` of the pattern replaced by its array."""
    arrays = iter(indices)
    return tuple([next(arrays) if part is HOLE else part for part in key])


class Hole:
    """Marks, in an index pattern, where the next index array goes."""

    def __repr__(self):
        return "<index>"

    def __deepcopy__(self, memo):
        return self


HOLE = Hole()


@indexing(linear=True)
def pick(xp, x, *indices, key):
    """Advanced indexing: x[key] with the index arrays in the pattern's holes."""
    return x[full_key(key, indices)]


@indexing(linear=True)
def put_add(xp, g, *indices, key, shape):
    """Zeros of `shape` with g added at the key, duplicates counting; the adjoint of pick."""
    out = xp.zeros(shape, dtype=g.dtype)
    xp.scatter_add(out, full_key(key, indices), g)
    return out


pick.vjp(x=lambda g, x_shape, indices, key: put_add(g, *indices, key=key, shape=x_shape), indices=None)
put_add.vjp(g=lambda g, indices, key: pick(g, *indices, key=key), indices=None)


@indexing(linear=True)
def put(xp, x, value, *indices, key):
    """x with value written at the key (last write wins among duplicates)."""
    out = x.copy()
    out[full_key(key, indices)] = value
    return out


def _around(g, indices, key):
    from .create import full

    return put(g, full(g, shape=(), value=0), *indices, key=key)


put.vjp(
    x=lambda g, indices, key: _around(g, indices, key),
    value=lambda g, value_shape, indices, key: _written(g, value_shape, indices, key),
    indices=None,
)


def _written(g, value_shape, indices, key):
    from .reduce import sum_to

    part = pick(g, *indices, key=key)
    return part if part.shape == value_shape else sum_to(part, shape=value_shape)


def along(xp, index, dim):
    """The index tuple that runs along `dim` and stays in place elsewhere."""
    key = []
    for axis, size in enumerate(index.shape):
        if axis == dim:
            key.append(index)
        else:
            key.append(xp.arange(size).reshape((1,) * axis + (size,) + (1,) * (index.ndim - axis - 1)))
    return tuple(key)


@indexing(linear=True, check=checked_dim)
def gather(xp, x, index, *, dim):
    """The elements of x at `index` along one dimension."""
    return x[along(xp, index, dim)] if x.ndim else x[index * 0] if index.ndim else x.copy()


@indexing(linear=True, check=checked_dim)
def scatter_add(xp, x, src, index, *, dim):
    """x with src added at `index` along one dimension, duplicates counting."""
    out = x.copy()
    if not x.ndim:
        return out + src.sum()
    part = src[tuple(slice(0, n) for n in index.shape)]
    xp.scatter_add(out, along(xp, index, dim), part)
    return out


def _gathered(g, x_shape, index, dim):
    from .create import full

    return scatter_add(full(g, shape=x_shape, value=0), g, index, dim=dim)


gather.vjp(x=_gathered, index=None)
scatter_add.vjp(x=lambda g: g, src=lambda g, src_shape, index, dim: _source(g, src_shape, index, dim), index=None)


def _source(g, src_shape, index, dim):
    from .shape import place

    part = gather(g, index, dim=dim)
    if part.shape == src_shape:
        return part
    return place(part, key=tuple(slice(0, n) for n in part.shape), shape=src_shape)
