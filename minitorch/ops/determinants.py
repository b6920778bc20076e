"""Determinants, the pseudoinverse and the exponential of a matrix.

The determinant is a polynomial, so it has all derivatives at singular matrices too, where det(x) inverse(x) is 0 times
infinity: the first two come from the singular values instead. The exponential's derivative is a block of a larger
exponential (Mathias, 1996, doi:10.1137/S0895479895283409).
"""

from __future__ import annotations

import math

from .complex import complex_, conj, imag, real
from .contraction import matmul, matmul_tn
from .create import full
from .families import factorization
from .reduce import sum as total
from .shape import cat, diagonal, reshape, select, turned
from .solving import inverse, is_complex


def _over_matrices(x):
    return reshape(x, shape=(*x.shape, 1, 1))


def trace_of(x):
    """The sums of the diagonals."""
    n = len(x.shape)
    return total(diagonal(x, offset=0, dim1=n - 2, dim2=n - 1), dim=(n - 2,))


@factorization()
def det(xp, x):
    """The determinant of a square matrix."""
    return xp.linalg.det(x)


def _parts(xp, x):
    """The singular vectors, values, and det(u) det(vh)."""
    u, values, vh = xp.linalg.svd(x)
    return u, values, vh, (xp.linalg.det(u) * xp.linalg.det(vh))[..., None, None]


@factorization()
def cofactor(xp, x):
    """The matrix of cofactors, det(x) times the transposed inverse of x where there is one: the derivative of det."""
    if not x.size or not _finite(xp, x):
        return xp.full(x.shape, xp.nan, dtype=x.dtype)
    u, values, vh, unit = _parts(xp, x)
    n = values.shape[-1]
    others = xp.where(xp.eye(n, dtype=bool), xp.ones((), dtype=values.dtype), values[..., None, :]).prod(axis=-1)
    return unit * xp.conj((u * others[..., None, :]) @ vh)


@factorization()
def cofactor_slope(xp, x, way):
    """How the cofactors of x change along `way`; linear in it, and its own transpose."""
    if not x.size or not _finite(xp, x):
        return xp.full(x.shape, xp.nan, dtype=x.dtype)
    u, values, vh, unit = _parts(xp, x)
    n = values.shape[-1]
    same = xp.eye(n, dtype=bool)
    one = xp.ones((), dtype=values.dtype)
    gone = same[:, None, :] | same[None, :, :]
    pairs = xp.where(gone, one, values[..., None, None, :]).prod(axis=-1) * xp.where(same, 0 * one, one)
    inner = xp.conj(xp.swapaxes(u, -1, -2)) @ way @ xp.conj(xp.swapaxes(vh, -1, -2))
    along = (pairs @ xp.diagonal(inner, axis1=-2, axis2=-1)[..., None])[..., 0]
    inner = along[..., None] * same - pairs * xp.swapaxes(inner, -1, -2)
    return unit * (xp.conj(u) @ inner @ xp.conj(vh))


def _finite(xp, x):
    return bool(xp.isfinite(x).all())


def _third(x, t, s):
    """The third derivative of det at x in the directions t and s; above 3 x 3, of an invertible x."""
    if x.shape[-1] < 3:  # a polynomial of degree n
        return x * 0
    if x.shape[-1] == 3:  # cofactors are quadratic, so this is their bilinear form, at singular matrices too
        return cofactor_slope(t, s)
    b = inverse(x, name="linalg.det")
    bt, bs = matmul(b, t), matmul(b, s)
    one, two, both = trace_of(bt), trace_of(bs), matmul(bt, bs)
    inner = _over_matrices(one * two - trace_of(both)) * b
    inner = inner - _over_matrices(two) * matmul(bt, b) - _over_matrices(one) * matmul(bs, b)
    inner = inner + matmul(both, b) + matmul(matmul(bs, bt), b)
    return turned(inner * _over_matrices(det(x)))


det.vjp(x=lambda g, x: _over_matrices(g) * cofactor(x)).jvp(x=lambda t, x: trace_of(matmul_tn(cofactor(x), t)))
cofactor.vjp(x=lambda g, x: cofactor_slope(x, g)).jvp(x=lambda t, x: cofactor_slope(x, t))
cofactor_slope.vjp(x=lambda g, x, way: _third(x, way, g), way=lambda g, x: cofactor_slope(x, g)).jvp(
    x=lambda t, x, way: _third(x, way, t), way=lambda t, x: cofactor_slope(x, t))  # fmt: skip


@factorization(results="sign logabsdet", holomorphic=False)
def slogdet(xp, x):
    """The sign (for complex numbers the phase) of the determinant and the logarithm of its size."""
    sign, size = xp.linalg.slogdet(x)
    return sign, size


def _slogdet_rule(g_sign, g_logabsdet, sign, x):
    weight = g_logabsdet
    if is_complex(x):
        weight = complex_(weight, weight * 0) if weight is not None else None
        if g_sign is not None:
            turn = imag(conj(g_sign) * sign)
            turn = complex_(turn * 0, -turn)
            weight = turn if weight is None else weight + turn
        return _over_matrices(weight) * conj(turned(inverse(x, name=None)))
    if weight is None:  # the sign of a real determinant stays
        weight = g_sign * 0
    return _over_matrices(weight) * turned(inverse(x, name=None))


def _slogdet_tangent(t, x, sign):
    change = trace_of(matmul(inverse(x, name=None), t))
    if is_complex(x):
        turn = imag(change)
        return sign * complex_(turn * 0, turn), real(change)
    return sign * 0, change


slogdet.vjp(x=_slogdet_rule).jvp(x=_slogdet_tangent)


# ---- pseudoinverse -------------------------------------------------------------------------------------------------
@factorization(holomorphic=False)
def pinv(xp, x, atol, rtol):
    """The Moore-Penrose pseudoinverse; singular values up to max(atol, rtol * the largest) count as 0."""
    if not x.size:
        return xp.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), dtype=x.dtype)
    u, values, vh = xp.linalg.svd(x, full_matrices=False)
    top = values.max(axis=-1, keepdims=True)
    low, part = (b[..., None] if getattr(b, "ndim", 0) else b for b in (atol, rtol))
    keep = values > xp.maximum(xp.zeros((), dtype=values.dtype) + low, top * part)
    inverted = xp.where(keep, 1 / xp.where(keep, values, xp.ones((), dtype=values.dtype)), xp.zero(values.dtype))
    return xp.conj(xp.swapaxes((u * inverted[..., None, :].astype(values.dtype)) @ vh, -1, -2))


def _h(x):
    return conj(turned(x)) if is_complex(x) else turned(x)


def _pinv_rule(g, x, out):
    back = _h(g)
    if x.shape[-2] <= x.shape[-1]:
        k = matmul(back, out)
        far = matmul(k, _h(out))
        return (far - _h(matmul(out, k)) - matmul(matmul(x, out), far)
                + matmul(matmul(_h(out), out), back - matmul(k, x)))  # fmt: skip
    k = matmul(out, back)
    far = matmul(_h(out), k)
    return (far - _h(matmul(k, out)) - matmul(matmul(far, out), x)
            + matmul(matmul(back - matmul(x, k), out), _h(out)))  # fmt: skip


def _pinv_tangent(t, x, out):
    back = _h(t)
    one, two = matmul(matmul(out, _h(out)), back), matmul(matmul(back, _h(out)), out)
    return -matmul(matmul(out, t), out) + one - matmul(matmul(one, x), out) + two - matmul(out, matmul(x, two))


pinv.vjp(x=_pinv_rule, atol=None, rtol=None).jvp(x=_pinv_tangent)


# ---- exponential ---------------------------------------------------------------------------------------------------
#: The [13/13] Pade approximant of exp and how large a matrix it takes: N. Higham, 2005, doi:10.1137/04061101X.
PADE = (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
        670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)  # fmt: skip
LARGEST = 5.371920351148152


@factorization(widens=True)
def matrix_exp(xp, x):
    """The exponential of a square matrix, by scaling, a rational approximation and squaring."""
    if not x.size:
        return x.copy()
    size = float(abs(x).sum(axis=-2).max())
    if not math.isfinite(size):
        return xp.full(x.shape, xp.nan, dtype=x.dtype)
    times = max(0, math.ceil(math.log2(size / LARGEST))) if size else 0
    x = x / 2**times
    b, one = PADE, xp.eye(x.shape[-1], dtype=x.dtype)
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    odd = x @ (x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one)
    even = x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
    found = xp.linalg.solve(even - odd, even + odd)
    for _ in range(times):
        found = found @ found
    return found


def _exp_slope(x, t):
    """The corner of exp([[x, t], [0, x]]) above the diagonal: the derivative of exp at x in the direction t."""
    n, axis = x.shape[-1], len(x.shape)
    nothing = full(x, shape=x.shape, value=0)
    block = cat(cat(x, t, dim=axis - 1), cat(nothing, x, dim=axis - 1), dim=axis - 2)
    return select(matrix_exp(block), key=(Ellipsis, slice(0, n), slice(n, None)))


matrix_exp.vjp(x=lambda g, x: _exp_slope(turned(x), g)).jvp(x=lambda t, x: _exp_slope(x, t))
