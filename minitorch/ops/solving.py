"""Systems of equations and what is made of inverses: inverse, solve, LU, determinant, pseudoinverse, exponential.

All but the pseudoinverse and the sign of a determinant are holomorphic, so their rules are plain transposes and the
edge does the rest. Each rule is made of the same few ops, so every order of derivative is there. What cannot be solved
raises LinAlgError in PyTorch's words, or gives nan where nobody is named to complain (`name=None`).
"""

from __future__ import annotations

import math

from .contraction import matmul, matmul_nt, matmul_tn
from .create import full
from .families import factorization
from .index import gather, scatter_add
from .shape import cat, expand, place_diagonal, reshape, select, triangle, turned


class LinAlgError(RuntimeError):
    """A matrix that has no inverse, no Cholesky factor or whose decomposition did not converge."""


LinAlgError.__module__ = "minitorch.linalg"


def is_complex(x):
    """Whether a raw array or tensor is complex."""
    return getattr(x, "_data", x).dtype.kind == "c"


def stacked(x):
    """A batch of matrices with one batch dimension."""
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def failing(attempt, x):
    """(how PyTorch names its place, the matrix) of the first matrix for which `attempt` raises."""
    for place, one in enumerate(stacked(x)):
        try:
            attempt(one)
        except ValueError:  # the array libraries' LinAlgError
            return (f"(Batch element {place}): " if x.ndim > 2 else ""), one
    return "", stacked(x)[0]


def one_by_one(xp, attempt, x, shape):
    """`attempt(key)` for each matrix of a batch, nan where it raises."""
    found = xp.full(shape, xp.nan, dtype=x.dtype)
    for key in xp.ndindex(x.shape[:-2]):
        try:
            found[key] = attempt(key)
        except ValueError:
            pass
    return found


# ---- inverse and solve ---------------------------------------------------------------------------------------------
@factorization()
def inverse(xp, x, *, name="linalg.inv"):
    """The inverse of a square matrix."""
    try:
        return xp.linalg.inv(x)
    except ValueError:
        if name is None:
            return one_by_one(xp, lambda key: xp.linalg.inv(x[key]), x, x.shape)
    place, one = failing(xp.linalg.inv, x)
    raise LinAlgError(
        f"{name}: {place}The diagonal element {zero_pivot(xp, one)} is zero, the inversion could not be completed "
        "because the input matrix is singular."
    )


inverse.vjp(x=lambda g, out: -matmul_nt(matmul_tn(out, g), out)).jvp(x=lambda t, out: -matmul(matmul(out, t), out))


def _together(xp, x, y):
    """Both with all batch dimensions, which not every library's solver broadcasts."""
    lead = xp.broadcast_shapes(x.shape[:-2], y.shape[:-2]) if x.shape[:-2] != y.shape[:-2] else x.shape[:-2]
    return xp.broadcast_to(x, (*lead, *x.shape[-2:])), xp.broadcast_to(y, (*lead, *y.shape[-2:]))


@factorization()
def solve(xp, x, y, *, name="torch.linalg.solve"):
    """The matrix z with x z = y, the leading dimensions broadcast."""
    x, y = _together(xp, x, y)
    if not y.size:
        return xp.zeros(y.shape, dtype=y.dtype)
    try:
        return xp.linalg.solve(x, y)
    except ValueError:
        if name is None:
            return one_by_one(xp, lambda key: xp.linalg.solve(x[key], y[key]), x, y.shape)
    place, _ = failing(xp.linalg.inv, x)
    raise LinAlgError(f"{name}: {place}The solver failed because the input matrix is singular.")


solve.vjp(x=lambda g, x, out: -matmul_nt(solve(turned(x), g), out), y=lambda g, x: solve(turned(x), g)).jvp(
    x=lambda t, x, out: -solve(x, matmul(t, out)), y=lambda t, x: solve(x, t))  # fmt: skip


@factorization(widens=True)
def substitute(xp, x, y, *, upper, unit):
    """The matrix z with x z = y for a triangular x, of which only that triangle is read (`unit`: its diagonal is 1)."""
    x, y = _together(xp, x, y)
    if not y.size:
        return xp.zeros(y.shape, dtype=y.dtype)
    x = triangle.forward(xp, x, diagonal=(1 if upper else -1) if unit else 0, upper=upper)
    if unit:
        x = x + xp.eye(x.shape[-1], dtype=x.dtype)
    return solve.forward(xp, x, y, name=None)


@substitute.on("cpu", supports=lambda x, y, upper, unit: x.dtype == y.dtype and x.dtype.char in "fdFD")
def _substitute_on_the_host(xp, x, y, *, upper, unit):
    """By BLAS, which knows that half of x is 0, and divides by what is there."""
    from scipy.linalg.blas import get_blas_funcs

    x, y = _together(xp, x, y)
    found = xp.empty(y.shape, dtype=y.dtype)
    if not found.size:
        return found
    trsm = get_blas_funcs("trsm", (x, y))
    for key in xp.ndindex(y.shape[:-2]):
        found[key] = trsm(1.0, x[key], y[key], lower=not upper, diag=int(unit))
    return found


def _of_triangle(x, upper, unit):
    return triangle(x, diagonal=(1 if upper else -1) if unit else 0, upper=upper)


substitute.vjp(
    x=lambda g, x, out, upper, unit: -_of_triangle(
        matmul_nt(substitute(turned(x), g, upper=not upper, unit=unit), out), upper, unit),
    y=lambda g, x, upper, unit: substitute(turned(x), g, upper=not upper, unit=unit),
).jvp(
    x=lambda t, x, out, upper, unit: -substitute(x, matmul(_of_triangle(t, upper, unit), out), upper=upper, unit=unit),
    y=lambda t, x, upper, unit: substitute(x, t, upper=upper, unit=unit),
)  # fmt: skip


# ---- LU ------------------------------------------------------------------------------------------------------------
def eliminated(xp, x):
    """(L and U in one matrix, pivots counted from 1) by Gaussian elimination with row exchanges, a batch at a time."""
    m, n = x.shape[-2:]
    packed = stacked(x).copy()
    every = xp.arange(len(packed))
    pivots = xp.zeros((len(packed), min(m, n)), dtype="int32")
    for j in range(min(m, n)):
        column = packed[:, j:, j]
        size = abs(column.real) + abs(column.imag) if x.dtype.kind == "c" else abs(column)
        best = size.argmax(axis=1) + j
        pivots[:, j] = best + 1
        top, chosen = packed[every, j], packed[every, best]
        packed[every, best] = top
        packed[every, j] = chosen
        pivot = packed[:, j, j]
        packed[:, j + 1 :, j] /= xp.where(pivot == 0, xp.ones((), dtype=x.dtype), pivot)[:, None]
        packed[:, j + 1 :, j + 1 :] -= packed[:, j + 1 :, j, None] * packed[:, j, None, j + 1 :]
    return packed.reshape(x.shape), pivots.reshape(*x.shape[:-2], min(m, n))


def _rows_after(xp, pivots, m):
    """Which row of x each row of L U is."""
    lead = pivots.shape[:-1]
    pivots = pivots.reshape(math.prod(lead), pivots.shape[-1])
    order = xp.zeros((len(pivots), m), dtype="int64")
    order[...] = xp.arange(m)
    every = xp.arange(len(pivots))
    for j in range(pivots.shape[-1]):
        other = pivots[:, j] - 1
        mine, yours = order[every, j], order[every, other]
        order[every, other] = mine
        order[every, j] = yours
    return order.reshape(*lead, m)


def zero_pivot(xp, x):
    """The first diagonal element of U that is 0, counted from 1; 0 where none is."""
    packed, _ = eliminated(xp, x)
    zeros = [place for place, value in enumerate(xp.to_host(xp.diagonal(packed))) if value == 0]
    return zeros[0] + 1 if zeros else 0


@factorization(differentiable=False)
def row_order(xp, pivots, *, rows):
    """The order of rows that a list of exchanges (pivots, counted from 1) leads to."""
    return _rows_after(xp, pivots, rows)


@factorization(results="packed pivots order", widens=True)
def lu(xp, x):
    """x[order] = L U with both in one matrix, the row exchanges (counted from 1) and the order of rows."""
    packed, pivots = eliminated(xp, x)
    return packed, pivots, _rows_after(xp, pivots, x.shape[-2])


@lu.on("cpu", supports=lambda x: x.dtype.char in "fdFD" and x.ndim == 2 and x.size > 0)
def _lu_on_the_host(xp, x):
    from scipy.linalg.lapack import get_lapack_funcs

    packed, pivots, _ = get_lapack_funcs("getrf", (x,))(x)
    pivots = (pivots + 1).astype("int32")
    return xp.ascontiguousarray(packed), pivots, _rows_after(xp, pivots, x.shape[-2])


def _index(order, x):
    return expand(reshape(order, shape=(*order.shape, 1)), shape=x.shape)


def in_order(x, order):
    """The rows of matrices in another order, one per matrix."""
    return gather(x, _index(order, x), dim=len(x.shape) - 2)


def back_in_order(x, order):
    """The rows where `in_order` took them from."""
    return scatter_add(full(x, shape=x.shape, value=0), x, _index(order, x), dim=len(x.shape) - 2)


_LEFT, _RIGHT = (lambda k: (Ellipsis, slice(0, k))), (lambda k: (Ellipsis, slice(k, None)))
_TOP, _BELOW = (lambda k: (Ellipsis, slice(0, k), slice(None))), (lambda k: (Ellipsis, slice(k, None), slice(None)))


def _lower(x, y):
    return substitute(x, y, upper=False, unit=True)


def _upper_t(x, y):
    """y times the inverse transpose of the upper triangle of x."""
    return turned(substitute(x, turned(y), upper=True, unit=False))


def _lower_t(x, y):
    """The inverse transpose of the lower triangle of x times y."""
    return substitute(turned(x), y, upper=True, unit=True)


def _unit_lower(x):
    """The lower triangle with ones on the diagonal."""
    n = x.shape[-1]
    low = triangle(x, diagonal=-1, upper=False)
    ones = full(x, shape=x.shape[:-1], value=1)
    d = len(x.shape)
    return low + place_diagonal(ones, offset=0, dim1=d - 2, dim2=d - 1, shape=(*x.shape[:-1], n))


def _lu_rule(g_packed, packed, order):
    m, n = packed.shape[-2:]
    k = min(m, n)
    axis = len(packed.shape)
    core, g = select(packed, key=_TOP(k)), select(g_packed, key=_TOP(k))
    core, g = select(core, key=_LEFT(k)), select(g, key=_LEFT(k))
    g_low, g_up = triangle(g, diagonal=-1, upper=False), triangle(g, diagonal=0, upper=True)
    rest = None
    if n > k:
        wide = select(packed, key=_RIGHT(k))
        rest = _lower_t(core, select(g_packed, key=_RIGHT(k)))
        g_low = g_low - triangle(matmul_nt(rest, wide), diagonal=-1, upper=False)
    elif m > k:
        tall = select(packed, key=_BELOW(k))
        rest = _upper_t(core, select(g_packed, key=_BELOW(k)))
        g_up = g_up - triangle(matmul_tn(tall, rest), diagonal=0, upper=True)
    low, up = _unit_lower(core), triangle(core, diagonal=0, upper=True)
    inner = triangle(matmul_tn(low, g_low), diagonal=-1, upper=False) + triangle(
        matmul_nt(g_up, up), diagonal=0, upper=True)  # fmt: skip
    found = _upper_t(core, _lower_t(core, inner))
    if rest is not None:
        found = cat(found, rest, dim=axis - 1 if n > k else axis - 2)
    return back_in_order(found, order)


def _lu_tangent(t, packed, order):
    m, n = packed.shape[-2:]
    k = min(m, n)
    axis = len(packed.shape)
    t = in_order(t, order)
    core, mine = select(select(packed, key=_TOP(k)), key=_LEFT(k)), select(select(t, key=_TOP(k)), key=_LEFT(k))
    low, up = _unit_lower(core), triangle(core, diagonal=0, upper=True)

    def over_upper(y):
        return turned(substitute(turned(core), turned(y), upper=False, unit=False))

    inner = over_upper(_lower(core, mine))
    t_low = matmul(low, triangle(inner, diagonal=-1, upper=False))
    t_up = matmul(triangle(inner, diagonal=0, upper=True), up)
    moved = t_low + t_up
    if n > k:
        more = _lower(core, select(t, key=_RIGHT(k)) - matmul(t_low, select(packed, key=_RIGHT(k))))
        moved = cat(moved, more, dim=axis - 1)
    elif m > k:
        more = over_upper(select(t, key=_BELOW(k)) - matmul(select(packed, key=_BELOW(k)), t_up))
        moved = cat(moved, more, dim=axis - 2)
    return moved, None, None


lu.vjp(x=_lu_rule).jvp(x=_lu_tangent)
