"""Picking by computed positions, and putting back: each picking op and its accumulating adjoint.

Integer positions are inputs without a derivative, so that the tape watches their versions. Duplicates accumulate in the
adjoint; assignment with duplicates is last-write-wins (on a device, any write may win).
"""

from __future__ import annotations

from .arithmetic import cast
from .create import full
from .families import checked_dim, indexing
from .lookup import lookup
from .reduce import sum_to
from .shape import in_order, place, select


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
    return in_order(xp, x[full_key(key, indices)])


@indexing(linear=True, widens=True, silent=False)
def put_add(xp, g, *indices, key, shape):
    """Zeros of `shape` with g added at the key, duplicates counting; the adjoint of pick."""
    out = xp.zeros(shape, dtype=g.dtype)
    add_at(xp, out, full_key(key, indices), g, wraps=True)
    return out


def flat_positions(key, shape):
    """The positions of a full index tuple in the flattened array."""
    found = key[0]
    for index, size in zip(key[1:], shape[1:]):
        found = found * size + index
    return found


#: Below this many elements NumPy's index tuple is faster than the flat positions.
FEW = 512


def add_at(xp, out, key, value, wraps=False):
    """`out[key] += value` in place, duplicates counting; by flat positions where the key has one array per dimension,
    which array libraries do many times faster. `wraps`: there may be positions counted from the end."""
    many = out.ndim > 1 and len(key) == out.ndim and value.size >= FEW
    if many and all(part.__class__ is xp.array for part in key):
        flat = flat_positions([part % n for part, n in zip(key, out.shape)] if wraps else key, out.shape)
        value = value if value.shape == flat.shape else xp.broadcast_to(value, flat.shape)
        out, key, value = out.reshape(-1), (flat.reshape(-1),), value.reshape(-1)
    xp.scatter_add(out, key, value)


pick.vjp(x=lambda g, x_shape, indices, key: put_add(g, *indices, key=key, shape=x_shape), indices=None)
put_add.vjp(g=lambda g, indices, key: pick(g, *indices, key=key), indices=None)


@indexing(linear=True)
def put(xp, x, value, *indices, key):
    """x with value written at the key (last write wins among duplicates)."""
    out = x.copy()
    out[full_key(key, indices)] = value
    return out


put.vjp(
    x=lambda g, indices, key: put(g, 0, *indices, key=key),
    value=lambda g, value_shape, indices, key: _written(g, value_shape, indices, key),
    indices=None,
)


def _written(g, value_shape, indices, key):
    part = pick(g, *indices, key=key) * lasting(g, *indices, key=key)
    return part if part.shape == value_shape else sum_to(part, shape=value_shape)


@indexing(differentiable=False)
def lasting(xp, g, *indices, key):
    """1 where a write at the key stays, 0 where a later one among duplicates takes its place."""
    where = full_key(key, indices)
    writers = xp.zeros(g.shape, dtype="int64")
    found = writers[where]
    order = xp.arange(found.size).reshape(found.shape)
    writers[where] = order
    return (writers[where] == order).astype(g.dtype)


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
    if not x.ndim:
        return x.reshape(1)[index * 0]
    key = along(xp, index, dim)
    if index.size < FEW or not x.flags.c_contiguous:
        return x[key]
    return x.reshape(-1).take(flat_positions(key, x.shape))


@indexing(linear=True, widens=True, check=checked_dim, silent=False)
def scatter_add(xp, x, src, index, *, dim):
    """x with src added at `index` along one dimension, duplicates counting."""
    out = x.copy()
    if not x.ndim:
        return out + src.sum(dtype=src.dtype)
    add_at(xp, out, along(xp, index, dim), src[tuple(slice(0, n) for n in index.shape)])
    return out


def _gathered(g, x_shape, index, dim):
    return scatter_add(full(g, shape=x_shape, value=0), g, index, dim=dim)


gather.vjp(x=_gathered, index=None)
scatter_add.vjp(x=lambda g: g, src=lambda g, src_shape, index, dim: _source(g, src_shape, index, dim), index=None)


def _source(g, src_shape, index, dim):
    """The gradient of a source of which `index` took the leading part."""
    return _part_of(gather(g, index, dim=dim), src_shape)


def _part_of(part, src_shape):
    """The gradient of a part as that of the whole (of a number, 0-d, that went everywhere: the sum)."""
    if part.shape == src_shape:
        return part
    if not src_shape:
        return sum_to(part, shape=())
    return place(part, key=tuple([slice(0, n) for n in part.shape]), shape=src_shape)


# ---- one of each line ----------------------------------------------------------------------------------------------
def _line_key(xp, index, dim):
    """The index tuple that leads to one element of each line along `dim`."""
    key = [xp.arange(n).reshape((-1,) + (1,) * (index.ndim - axis - 1)) for axis, n in enumerate(index.shape)]
    return (*key[:dim], index, *key[dim:])


@indexing(linear=True)
def one_of(xp, x, index, *, dim):
    """One element of each line along a dimension, which goes: the one at `index`."""
    return x[_line_key(xp, index, dim)]


@indexing(linear=True)
def back_to(xp, g, index, *, dim, size):
    """Lines of zeros of `size` along a new dimension with g at `index`; the adjoint of one_of."""
    out = xp.zeros((*g.shape[:dim], size, *g.shape[dim:]), dtype=g.dtype)
    out[_line_key(xp, index, dim)] = g
    return out


one_of.vjp(x=lambda g, x_shape, index, dim: back_to(g, index, dim=dim, size=x_shape[dim]), index=None)
back_to.vjp(g=lambda g, index, dim: one_of(g, index, dim=dim), index=None)


# ---- writing along one dimension -----------------------------------------------------------------------------------
@indexing(linear=True, check=checked_dim)
def scatter(xp, x, src, index, *, dim):
    """x with src (or one number) written at `index` along one dimension; last write wins among duplicates."""
    out = x.copy()
    part = src if not getattr(src, "ndim", 0) else src[tuple(slice(0, n) for n in index.shape)]
    if x.ndim:
        out[along(xp, index, dim)] = part
        return out
    return xp.full((), part[-1] if getattr(part, "ndim", 0) else part, dtype=x.dtype) if index.size else out


def _taken(g, src_shape, index, dim):
    part = gather(g, index, dim=dim)
    return _part_of(part * lasting_along(g, index, dim=dim) if part.shape else part, src_shape)


scatter.vjp(
    x=lambda g, index, dim: scatter(g, 0, index, dim=dim),
    src=_taken,
    index=None,
)


@indexing(differentiable=False, check=checked_dim)
def lasting_along(xp, g, index, *, dim):
    """`lasting` for a write at `index` along one dimension."""
    flat = flat_positions(along(xp, index, dim), g.shape).reshape(-1)
    order, writers = xp.arange(flat.size), xp.zeros(g.size, dtype="int64")
    writers[flat] = order
    return (writers[flat] == order).reshape(index.shape).astype(g.dtype)


@indexing(linear=True, widens=True, check=checked_dim, silent=False)
def index_add(xp, x, src, index, *, dim):
    """x with the slices of src added at the positions `index` (a vector) of one dimension, duplicates counting."""
    out = x.copy()
    xp.scatter_add(xp.moveaxis(out, dim, 0), (index,), xp.moveaxis(src, dim, 0))
    return out


index_add.vjp(x=lambda g: g, src=lambda g, index, dim: lookup(g, index, dim=dim), index=None)


@indexing(silent=False, widens=True, check=checked_dim)
def scatter_extreme(xp, x, src, index, *, dim, largest, include_self):
    """x where `index` does not lead; elsewhere the largest (or smallest) of what src brings there, and of x itself.

    Equal ones share the gradient. NaN wins. This general forward sorts; atomics for it are few, and wrong on NaN.
    """
    part = src[tuple(slice(0, n) for n in index.shape)].reshape(-1)
    target = flat_positions(along(xp, index, dim), x.shape).reshape(-1)
    order = xp.argsort(part, kind="stable")
    order = order[xp.argsort(target[order], kind="stable")]
    target, part = target[order], part[order]
    other, edge = target[1:] != target[:-1], xp.ones(min(1, part.size), dtype=bool)
    chosen = xp.concatenate([other, edge] if largest else [edge, other])
    found, hits, nans = (xp.zeros(x.size, dtype=kind) for kind in (x.dtype, "int32", "int32"))
    xp.scatter_add(found, (target,), xp.where(chosen, part, xp.zero(x.dtype)))
    xp.scatter_add(hits, (target,), xp.ones(part.shape, dtype="int32"))
    xp.scatter_add(nans, (target,), (part != part).astype("int32"))
    if x.dtype.kind == "f":
        found = xp.where(nans > 0, xp.nan, found).astype(x.dtype)
    found = found.reshape(x.shape)
    if include_self:
        found = (xp.maximum if largest else xp.minimum)(x, found)
    return xp.where(hits.reshape(x.shape) > 0, found, x)


@scatter_extreme.on("cpu", supports=lambda *arrays, **params: True)
def _extreme_on_the_host(xp, x, src, index, *, dim, largest, include_self):
    out, key = x.copy(), along(xp, index, dim)
    part = src[tuple(slice(0, n) for n in index.shape)]
    if not include_self:
        out[key] = part
    (xp.maximum if largest else xp.minimum).at(out, key, part)
    return out


def _who(x, src, index, out, dim, include_self):
    """Where x is the extreme, and where src is, as numbers; and how many share each place."""
    dtype = getattr(x, "_data", x).dtype
    if include_self:
        mine = cast(x == out, dtype=dtype)
    else:
        ones = full(x, shape=index.shape, value=1)
        mine = cast(scatter_add(full(x, shape=x.shape, value=0), ones, index, dim=dim) == 0, dtype=dtype)
    part = src if src.shape == index.shape else select(src, key=tuple([slice(0, n) for n in index.shape]))
    theirs = cast(part == gather(out, index, dim=dim), dtype=dtype)
    return mine, theirs, scatter_add(mine, theirs, index, dim=dim)


def _to_self(g, x, src, index, out, dim, include_self):
    mine, _, share = _who(x, src, index, out, dim, include_self)
    return g / share * mine


def _to_source(g, x, src, index, out, dim, include_self):
    _, theirs, share = _who(x, src, index, out, dim, include_self)
    return _part_of(gather(g / share, index, dim=dim) * theirs, src.shape)


def _self_tangent(t, x, src, index, out, dim, include_self):
    mine, _, share = _who(x, src, index, out, dim, include_self)
    return t * mine / share


def _source_tangent(t, x, src, index, out, dim, include_self):
    _, theirs, share = _who(x, src, index, out, dim, include_self)
    part = t if t.shape == index.shape else select(t, key=tuple([slice(0, n) for n in index.shape]))
    return scatter_add(full(x, shape=x.shape, value=0), part * theirs, index, dim=dim) / share


scatter_extreme.vjp(x=_to_self, src=_to_source, index=None).jvp(x=_self_tangent, src=_source_tangent)
