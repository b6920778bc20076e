"""Distances between rows, and the norms of matrices.

Gradients at distance 0 are 0, at every order, as PyTorch's first one is.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops import reduce as ops
from ..ops.arithmetic import abs_, cast, where
from ..ops.create import full
from ..ops.distances import distance
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.index import HOLE, pick
from ..ops.kinds import EXPECTED, agreeing, lacking
from ..ops.shape import expand, permute, reshape, select
from ..ops.shapes import common_shape
from ..tracked import Tracked
from .decompositions import svdvals
from .lengths import vector_norm as length
from .solvers import checked, inv, solve

INF = float("inf")
MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
#: From so many rows on, PyTorch computes distances by a matrix product.
MANY = 25


def _need_number(p: Any) -> None:
    if not isinstance(p, int | float | Tracked):
        raise TypeError(f"cdist(): argument 'p' (position 3) must be float, not {type(p).__name__}")


@public("(x1: tensor, x2: tensor, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary')", method=False)
def cdist(x1: Any, x2: Any, p: Any = 2.0, compute_mode: Any = MODES[0]) -> Any:
    """The p-distance of each row of x1, (..., P, M), from each row of x2, (..., R, M): (..., P, R)."""
    mode = MODES[0] if compute_mode is None else compute_mode
    _need_number(p)
    if mode not in MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for name, x in (("X1", x1), ("X2", x2)):
        if x._data.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x._data.ndim}D")
    for name, x in (("X1", x1), ("X2", x2)):
        if dt.of(x._data.dtype).category != dt.FLOATING:
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {dt.scalar_type(x._data.dtype)}")
    one, other = x1._data.shape, x2._data.shape
    if one[-1] != other[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {one[-1]} X2: {other[-1]}")
    if not p >= 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if p != 2 or mode != MODES[1]:
        lacking("cdist", "float16 bfloat16", x1)
    agreeing(EXPECTED, x1, x2)
    lead = common_shape([one[:-2], other[:-2]])
    shape = (*lead, one[-2], other[-2])
    if not one[-1] or 0 in shape:
        return full(x1, shape=shape, value=0) + 0 * (ops.sum(x1) + ops.sum(x2))
    if p == 2:
        x, y = (expand(t, shape=(*lead, *t._data.shape[-2:])) for t in (x1, x2))
        by_product = mode == MODES[1] or (mode == MODES[0] and max(one[-2], other[-2]) > MANY)
        return distance(x, y, exact=not by_product)
    apart = select(x1, key=(Ellipsis, None, slice(None))) - select(x2, key=(Ellipsis, None, slice(None), slice(None)))
    return length(apart, p, -1, False)


@public("(input, p=2)", namespaces=("", "nn.functional"), method=False)
def pdist(input: Any, p: float = 2) -> Any:
    """The p-distances between the rows of a matrix, of each pair once: (0, 1), (0, 2), ..., (1, 2), ..."""
    raw = input._data
    if raw.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {raw.ndim}D")
    if dt.of(raw.dtype).category != dt.FLOATING:
        raise RuntimeError("pdist only supports floating-point dtypes")
    lacking("pdist", "float16 bfloat16", input)
    if not p >= 0:
        raise RuntimeError("pdist only supports non-negative p values")
    xp = backend_of(raw)
    pairs = xp.triu_indices(raw.shape[0], 1)
    ones, others = (pick(input, input._wrap(index), key=(HOLE,)) for index in pairs)
    if not ones._data.size:
        return ops.sum(ones - others, dim=(1,))
    return length(ones - others, p, -1, False)


# ---- norms ---------------------------------------------------------------------------------------------------------
@public("(input, ord=2, dim=None, keepdim=False, *, dtype=None, out=None)", namespace="linalg")
def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """(sum |x|^ord)^(1/ord) over `dim` (None: of all elements)."""
    return length(x, ord, dim, keepdim, dtype)


@public("(input, ord='fro', dim=(-2, -1), keepdim=False, *, dtype=None, out=None)", namespace="linalg")
def matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    """A matrix's norm: "fro", "nuc" (the sum of singular values), 2 and -2 (the largest, the least), 1, -1, inf, -inf.

    Raises:
        RuntimeError: for another order, for dimensions that are not two different ones, for integers.
    """
    name, raw = "linalg.matrix_norm", A._data
    checked(A, name, square=False, low=ord not in ("fro", 1, -1, INF, -INF))
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dims) != 2:
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {' '.join(map(str, dims))}")
    row, column = (one_dim(d, raw.ndim) for d in dims)
    if row == column:
        raise RuntimeError(f"{name}: dims must be different. Got ({dims[0]}, {dims[1]})")
    if ord not in ("fro", "nuc") and not (not isinstance(ord, str) and abs(ord) in (1, 2, INF)):
        raise RuntimeError(f"{name}: Order {ord} not supported.")
    if ord == "fro":
        return length(A, 2, (row, column), keepdim, dtype)
    if dtype is not None:
        A = cast(A, dtype=dtype.numpy)
    if ord == "nuc" or abs(ord) == 2:
        others = tuple(d for d in range(raw.ndim) if d not in (row, column))
        values = svdvals(permute(A, dims=(*others, row, column)))
        last = (values._data.ndim - 1,)
        if ord == "nuc":
            found = ops.sum(values, dim=last)
        elif not values._data.shape[-1] and ord < 0:
            raise IndexError("amin(): Expected reduction dim -1 to have non-zero size.")
        elif not values._data.shape[-1]:
            found = ops.sum(values, dim=last)
        else:
            found = (ops.amax if ord > 0 else ops.amin)(values, dim=last)
        if keepdim:
            shape = tuple(1 if d in (row, column) else n for d, n in enumerate(raw.shape))
            found = reshape(found, shape=shape)
        return found
    summed, extreme = (row, column) if abs(ord) == 1 else (column, row)
    sums = ops.sum(abs_(A), dim=(summed,), keepdim=True)
    found = (ops.amax if ord > 0 else ops.amin)(sums, dim=(extreme,), keepdim=True) if raw.shape[extreme] else (
        ops.sum(sums, dim=(extreme,), keepdim=True))  # fmt: skip
    return found if keepdim else reshape(
        found, shape=tuple(n for d, n in enumerate(raw.shape) if d not in (row, column)))  # fmt: skip


@public("(input, ord=None, dim=None, keepdim=False, *, dtype=None, out=None)", namespace="linalg")
def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """A vector's norm where there is one dimension (or no order), a matrix's where there are two."""
    ndim = A._data.ndim
    dims = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if dims is not None and (not dims or (ord is not None and len(dims) > 2)):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    if ord is None:
        return length(A, 2, dims, keepdim, dtype)
    if dims is None and ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D."
        )
    if isinstance(ord, str) or (len(dims) if dims is not None else ndim) == 2:
        return matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    return length(A, ord, dims, keepdim, dtype)


@public("(input, p=None, *, out=None)", namespace="linalg")
def cond(A: Any, p: Any = None) -> Any:
    """The condition number: the norm times that of the inverse; inf for a singular matrix."""
    raw = A._data
    if raw.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p is None or (not isinstance(p, str) and abs(p) == 2):
        values = svdvals(A)
        if not raw.size:
            return full(values, shape=raw.shape[:-2], value=0)
        top, low = (select(values, key=(Ellipsis, place)) for place in (0, -1))
        return top / low if p is None or p > 0 else low / top
    if isinstance(p, str) and p not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if not isinstance(p, str) and abs(p) not in (1, INF):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    checked(A, f"linalg.cond(ord={p})")
    if not raw.size:
        return full(cast(A, dtype=dt.of(raw.dtype).to_real().numpy), shape=raw.shape[:-2], value=0)
    from ..ops.solving import inverse

    inverted = inverse(A, name=None)
    found = matrix_norm(A, p)
    if p == "nuc" and not bool(backend_of(raw).isfinite(inverted._data).all()):
        return found * INF
    other = matrix_norm(inverted, p)
    return where((other != other) & (found == found), INF, found * other)


# ---- tensors as matrices -------------------------------------------------------------------------------------------
@public("(input, ind=2, *, out=None)", namespace="linalg")
def tensorinv(A: Any, ind: int = 2) -> Any:
    """The inverse of tensordot with A: its first `ind` dimensions are the rows of a square matrix."""
    shape = A._data.shape
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{columns} != {rows}"
        )
    return reshape(inv(reshape(A, shape=(rows, columns))), shape=(*shape[ind:], *shape[:ind]))


@public("(input, other: tensor, dims=None, *, out=None)", namespace="linalg")
def tensorsolve(A: Any, B: Any, dims: Any = None) -> Any:
    """X with tensordot(A, X, X.ndim) = B; the dimensions `dims` of A are moved to its end first."""
    if dims is not None:
        moved = [one_dim(d, A._data.ndim) for d in dims]
        A = permute(A, dims=(*(d for d in range(A._data.ndim) if d not in moved), *moved))
    shape, ndim = A._data.shape, B._data.ndim
    rows, columns = B._data.size, math.prod(shape[ndim:])
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {columns} != {rows}"
        )
    return reshape(solve(reshape(A, shape=(rows, columns)), reshape(B, shape=(-1,))), shape=shape[ndim:])
