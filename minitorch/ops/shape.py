"""Movement: new shapes on the same elements. Linear all of them, and mostly views.

They come as linear pairs, each the other's adjoint: expand and sum_to, reshape and reshape, permute and its inverse,
a basic slice and its placement into zeros.
"""

from __future__ import annotations

from ..backend.dtype import scalar_type
from .families import movement, one_dim


def in_order(xp, out):
    """A result in the order of its dimensions, where PyTorch's is so whatever the operands' order: `view` asks for it."""
    return out if out.flags.c_contiguous else xp.ascontiguousarray(out)


def resolve_shape(shape, size):
    """A target shape with its -1 worked out.

    Raises:
        RuntimeError: in PyTorch's words, where `size` elements do not fit.
    """
    shape = tuple([s.__index__() if s.__class__ is not int else s for s in shape])
    if min(shape, default=0) < -1:
        raise RuntimeError(f"invalid shape dimension {min(shape)}")
    known = 1
    for s in shape:
        if s != -1:
            known *= s
    unknown = shape.count(-1)
    if unknown > 1:
        raise RuntimeError("only one dimension can be inferred")
    if unknown:
        if known == 0:
            if size == 0:
                raise RuntimeError(f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                                   "unspecified dimension size -1 can be any value and is ambiguous")  # fmt: skip
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
        if size % known:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
        return tuple([size // known if s == -1 else s for s in shape])
    if known != size:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return shape


def _resolved(datas, params):
    shape, have = params["shape"], datas[0].size
    if shape == (-1,) and shape[0].__class__ is int:
        return {"shape": (have,)}
    count = 1
    for size in shape:
        if size.__class__ is not int or size < 0:
            break
        count *= size
    else:
        if count == have and shape.__class__ is tuple:
            return params
    return {"shape": resolve_shape(shape, have)}


@movement("(input, *shape)", view=True, check=_resolved)
def reshape(xp, x, *, shape):
    """The same elements in another shape; -1 stands for what is left. A view where the memory allows."""
    return x.reshape(shape)


reshape.vjp(x=lambda g, x_shape: g.reshape(x_shape))  # the method is the op, on raw arrays and tensors alike


def expanded_shape(have, want, kind="Float"):
    """The shape to which expanding to `want` comes: -1 keeps a size.

    Raises:
        RuntimeError: in PyTorch's words, where `have` does not expand so.
    """
    want = tuple([w.__index__() for w in want])
    lead = len(want) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.{kind}Tensor{{{list(have)}}}, size={list(want)}): the number of sizes provided "
            f"({len(want)}) must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    full = []
    for i, w in enumerate(want):
        h = have[i - lead] if i >= lead else None
        if w == -1:
            if h is None:
                raise RuntimeError(
                    f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {i}"
                )
            w = h
        elif h is not None and h != w and h != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({w}) must match the existing size ({h}) at non-singleton dimension "
                f"{i}.  Target sizes: {list(want)}.  Tensor sizes: {list(have)}"
            )
        elif w < 0:
            raise RuntimeError(f"numel: integer multiplication overflow (a negative size in {list(want)})")
        full.append(w)
    return tuple(full)


def _expanded(datas, params):
    return {"shape": expanded_shape(datas[0].shape, params["shape"], scalar_type(datas[0].dtype))}


@movement(view=True, check=_expanded)
def expand(xp, x, *, shape):
    """The elements repeated along new or size-1 dimensions, without copying."""
    return xp.broadcast_to(x, shape)


def _sum_to(g, x_shape):
    from .reduce import sum_to

    return sum_to(g, shape=x_shape)


expand.vjp(x=lambda g, x_shape: _sum_to(g, x_shape))


def _permuted(datas, params):
    dims, ndim = tuple(params["dims"]), datas[0].ndim
    if ndim == 2 and dims == (1, 0) and dims[0].__class__ is dims[1].__class__ is int:  # the commonest: the transpose
        return {"dims": (1, 0)}
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    dims = tuple([one_dim(d, ndim) for d in dims])
    if len(set(dims)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return {"dims": dims}


@movement("(input, *dims)", view=True, check=_permuted)
def permute(xp, x, *, dims):
    """The dimensions in another order, as a view."""
    return x.transpose(dims)


def inverse(dims):
    """The permutation that undoes `dims`."""
    found = [0] * len(dims)
    for i, d in enumerate(dims):
        found[d] = i
    return tuple(found)


permute.vjp(x=lambda g, dims: permute(g, dims=inverse(dims)))


@movement(view=True)
def turned(xp, x):
    """The last two dimensions exchanged, as a view."""
    return x.swapaxes(-1, -2)


turned.vjp(x=lambda g: turned(g))


@movement(view=True)
def select(xp, x, *, key):
    """Basic indexing: ints, slices, None and Ellipsis, as a view."""
    out = x[key]
    return out if out.__class__ is xp.array else x[(*key, ...)]  # all ints: NumPy would copy the number out


@movement()
def place(xp, g, *, key, shape):
    """Zeros of `shape` with g written where `key` selects; the adjoint of select."""
    out = xp.zeros(shape, dtype=g.dtype)
    out[key] = g
    return out


select.vjp(x=lambda g, x_shape, key: place(g, key=key, shape=x_shape))
place.vjp(g=lambda g, key: select(g, key=key))


def _same_dtype(datas, params):
    return params


@movement(name="_ordered")
def ordered(xp, x, *, axes=None):
    """A copy in index order, or with the dimensions in memory in the order of `axes`."""
    if axes is None:
        return x.copy() if x.flags.c_contiguous else xp.ascontiguousarray(x)
    return x.transpose(axes).copy(order="C").transpose(inverse(axes))


ordered.vjp(x=lambda g: g)


def dense(x):
    """x itself where its elements lie in index order, else a copy that does."""
    return x if x._data.flags.c_contiguous else ordered(x, axes=None)


@movement(promotes="same")
def cat(xp, *xs, dim):
    """Arrays joined along one dimension."""
    return in_order(xp, xp.concatenate(xs, axis=dim))


def _piece(g, i, xs_shapes, dim):
    start = 0
    for shape in xs_shapes[:i]:
        start += shape[dim]
    key = (slice(None),) * dim + (slice(start, start + xs_shapes[i][dim]),)
    return select(g, key=key)


cat.vjp(xs=_piece)


@movement(promotes="same")
def stack(xp, *xs, dim):
    """Arrays of one shape joined along a new dimension."""
    key = (slice(None),) * dim + (None,)
    return in_order(xp, xp.concatenate([x[key] for x in xs], axis=dim))


stack.vjp(xs=lambda g, i, xs_shapes, dim: select(g, key=(slice(None),) * dim + (i,)))


@movement()
def flip(xp, x, *, dims):
    """The order along some dimensions reversed; a copy, as in PyTorch."""
    return xp.flip(x, axis=dims).copy()  # also where nothing moves: a result is no alias


flip.vjp(x=lambda g, dims: flip(g, dims=dims))


@movement()
def triangle(xp, x, *, diagonal, upper):
    """The upper or lower triangle of the last two dimensions, zeros elsewhere."""
    rows = xp.arange(x.shape[-2])[:, None]
    columns = xp.arange(x.shape[-1])[None, :]
    keep = columns - rows >= diagonal if upper else columns - rows <= diagonal
    return in_order(xp, xp.where(keep, x, xp.zeros((), dtype=x.dtype)))


triangle.vjp(x=lambda g, diagonal, upper: triangle(g, diagonal=diagonal, upper=upper))


@movement(view=True)
def diagonal(xp, x, *, offset, dim1, dim2):
    """The diagonal of two dimensions as the last one, as a view."""
    rest = tuple([d for d in range(x.ndim) if d not in (dim1, dim2)])
    row, column = max(-offset, 0), max(offset, 0)
    count = max(0, min(x.shape[dim1] - row, x.shape[dim2] - column))
    start = x.transpose((dim1, dim2, *rest))[row:, column:]  # NumPy's own diagonal may not be written to
    steps = x.strides
    return xp.strided(start, (*[x.shape[d] for d in rest], count), (*[steps[d] for d in rest], steps[dim1] + steps[dim2]))


@movement()
def place_diagonal(xp, g, *, offset, dim1, dim2, shape):
    """Zeros of `shape` with g on a diagonal; the adjoint of diagonal."""
    out = xp.zeros(shape, dtype=g.dtype)
    count, rows = g.shape[-1], xp.arange(g.shape[-1])
    turned = xp.moveaxis(out, (dim1, dim2), (-2, -1))
    turned[..., rows + max(-offset, 0), rows + max(offset, 0)] = g[..., :count]
    return out


diagonal.vjp(x=lambda g, x_shape, offset, dim1, dim2: place_diagonal(
    g, offset=offset, dim1=dim1, dim2=dim2, shape=x_shape))  # fmt: skip
place_diagonal.vjp(g=lambda g, offset, dim1, dim2: diagonal(g, offset=offset, dim1=dim1, dim2=dim2))


@movement(view=True)
def windows(xp, x, *, dim, size, step):
    """Sliding windows of one dimension as a new last dimension, as a view (`Tensor.unfold`)."""
    count = (x.shape[dim] - size) // step + 1
    shape = (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
    strides = (*x.strides[:dim], x.strides[dim] * step, *x.strides[dim + 1 :], x.strides[dim])
    return xp.strided(x, shape, strides)


@movement(silent=False)
def place_windows(xp, g, *, dim, size, step, shape):
    """Overlapping windows summed back into an array of `shape`; the adjoint of windows."""
    count, lead = g.shape[dim], (slice(None),) * dim
    rounds = -(-size // step)  # of windows that do not overlap: step elements of each at a time
    rows = max(count + rounds, -(-shape[dim] // step))
    out = xp.zeros((*shape[:dim], rows, step, *shape[dim + 1 :]), dtype=g.dtype)
    g = xp.moveaxis(g, -1, dim + 1)
    for turn in range(rounds):
        part = g[(*lead, slice(None), slice(turn * step, min((turn + 1) * step, size)))]
        out[(*lead, slice(turn, turn + count), slice(0, part.shape[dim + 1]))] += part
    line = out.reshape(*shape[:dim], rows * step, *shape[dim + 1 :])
    return xp.ascontiguousarray(line[(*lead, slice(0, shape[dim]))])


windows.vjp(x=lambda g, x_shape, dim, size, step: place_windows(g, dim=dim, size=size, step=step, shape=x_shape))
place_windows.vjp(g=lambda g, dim, size, step: windows(g, dim=dim, size=size, step=step))
