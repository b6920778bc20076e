"""Factors of a matrix, over the last two dimensions: eigenvectors, singular vectors, QR, Cholesky.

The rules are those of M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), with PyTorch's conventions for symmetric and complex matrices. Factors are not
holomorphic functions of a matrix, so the rules give J^H g themselves. A factor that is unique only up to a sign or a
phase has a derivative for those losses that do not depend on it.
"""

from __future__ import annotations

from .arithmetic import cast
from .complex import complex_, conj, imag, real
from .contraction import matmul
from .create import full
from .families import factorization
from .shape import diagonal, place, place_diagonal, reshape, select, triangle, turned
from .solving import LinAlgError, failing, is_complex, solve, substitute


def adjoint(x):
    """The conjugate transpose of the last two dimensions."""
    return conj(turned(x)) if is_complex(x) else turned(x)


def diagonal_matrix(x):
    """The matrices with x on the diagonal."""
    n = len(x.shape)
    return place_diagonal(x, offset=0, dim1=n - 1, dim2=n, shape=(*x.shape, x.shape[-1]))


def diagonal_of(x):
    """The diagonals of the last two dimensions."""
    n = len(x.shape)
    return diagonal(x, offset=0, dim1=n - 2, dim2=n - 1)


def as_row(x):
    """One more dimension, before the last."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def as_column(x):
    """One more dimension, the last."""
    return reshape(x, shape=(*x.shape, 1))


def in_dtype_of(x, model):
    """Real numbers beside complex ones as complex ones."""
    raw, like = getattr(x, "_data", x), getattr(model, "_data", model)
    return x if raw.dtype == like.dtype else cast(x, dtype=like.dtype)


def _turn(x):
    """A real x as i x."""
    return complex_(x * 0, x)


def _gaps(values):
    """values_j - values_i, and 1 on the diagonal, where it is divided by."""
    return as_row(values) - as_column(values) + diagonal_matrix(full(values, shape=values.shape, value=1))


def _off_diagonal(x):
    return x - diagonal_matrix(diagonal_of(x))


def _check_phase(one, other, who, what, where):
    """Raise unless turning each vector by e^{i phi} leaves the loss alone: then these diagonals agree, to a hundredth.

    The numbers are looked at, so on a device this waits, as it does in PyTorch.
    """
    one, other = (getattr(x, "_data", x).imag for x in (one, other))
    if not bool((abs(one - other) <= 0.01 + 0.01 * abs(other)).all()):
        raise RuntimeError(
            f"{who}: The {what} in the complex case are specified up to multiplication by e^{{i phi}}. The specified loss "
            f"function depends on this {where}. Use their absolute values, or products in which the phases cancel."
        )


def _check_eigenvectors(along, who):
    if is_complex(along):
        _check_phase(along, along * 0, who, "eigenvectors", "quantity, so it is ill-defined")


# ---- eigenvectors --------------------------------------------------------------------------------------------------
def _square(datas, params):
    x = datas[0]
    if x.ndim < 2:
        raise RuntimeError(
            "linalg.eigh: The input tensor A must have at least 2 dimensions. "
            f"(got shape {list(x.shape)})"
        )
    if x.shape[-1] != x.shape[-2]:
        raise RuntimeError(
            f"linalg.eigh: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
    return params


@factorization(results="values vectors", holomorphic=False, check=_square)
def eigh(xp, x, *, uplo="L"):
    """Eigenvalues (ascending) and eigenvectors of a symmetric or Hermitian matrix, of which one triangle is read."""
    try:
        values, vectors = xp.linalg.eigh(x, uplo)
    except ValueError:
        place, _ = failing(lambda one: xp.linalg.eigh(one, uplo), x)
        raise LinAlgError(
            f"linalg.eigh: {place}The algorithm failed to converge because the input matrix is ill-conditioned or has "
            "too many repeated eigenvalues."
        ) from None
    return values, vectors


def _eigh_rule(g_values, g_vectors, values, vectors):
    if g_vectors is None:
        inner = diagonal_matrix(g_values)
    else:
        turn = matmul(adjoint(vectors), g_vectors)
        _check_eigenvectors(diagonal_of(turn), "linalg_eigh_backward")
        inner = _off_diagonal((turn - adjoint(turn)) / _gaps(values)) * 0.5  # Hermitian, as the matrix is
        if g_values is not None:
            inner = inner + diagonal_matrix(g_values)
    return matmul(matmul(vectors, in_dtype_of(inner, vectors)), adjoint(vectors))


def _eigh_tangent(t, values, vectors):
    inner = matmul(matmul(adjoint(vectors), t), vectors)
    along = diagonal_of(inner)
    turn = _off_diagonal(inner) / _gaps(values)
    return real(along) if is_complex(along) else along, matmul(vectors, turn)


eigh.vjp(x=_eigh_rule).jvp(x=_eigh_tangent)


@factorization(results="values vectors", holomorphic=False)
def eig(xp, x):
    """Eigenvalues and eigenvectors (columns of length 1) of a square matrix; complex, also of a real one."""
    kind = x.dtype if x.dtype.kind == "c" else ("complex64" if x.dtype == "float32" else "complex128")
    try:
        values, vectors = xp.linalg.eig(x)
    except ValueError as reason:
        if "infs or NaNs" in str(reason):
            raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.") from None
        place, _ = failing(xp.linalg.eig, x)
        raise LinAlgError(
            f"linalg.eig: {place}The algorithm failed to converge because the input matrix is ill-conditioned or has "
            "too many repeated eigenvalues."
        ) from None
    return values.astype(kind), vectors.astype(kind)


def _eig_rule(g_values, g_vectors, values, vectors):
    turned_back = adjoint(vectors)
    if g_vectors is None:
        inner = diagonal_matrix(g_values)
    else:
        inner = matmul(turned_back, g_vectors)
        _check_eigenvectors(diagonal_of(inner), "linalg_eig_backward")
        along = in_dtype_of(real(diagonal_of(inner)), vectors)  # a column keeps its length
        inner = _off_diagonal((inner - matmul(turned_back, vectors) * as_row(along)) / conj(_gaps(values)))
        if g_values is not None:
            inner = inner + diagonal_matrix(g_values)
    return solve(turned_back, matmul(inner, turned_back))


def _eig_tangent(t, values, vectors):
    inner = solve(vectors, matmul(in_dtype_of(t, vectors), vectors))
    moved = matmul(vectors, _off_diagonal(inner) / _gaps(values))
    along = in_dtype_of(real(diagonal_of(matmul(adjoint(vectors), moved))), vectors)
    return diagonal_of(inner), moved - vectors * as_row(along)


eig.vjp(x=_eig_rule).jvp(x=_eig_tangent)


# ---- singular vectors ----------------------------------------------------------------------------------------------
@factorization(results="u values vh", holomorphic=False)
def svd(xp, x, *, complete=False):
    """x = u diag(values) vh, the values descending; `complete` adds vectors until u and vh are square.

    The added vectors are any basis of what is left, so their gradients are not looked at (as in PyTorch).
    """
    try:
        u, values, vh = xp.linalg.svd(x, full_matrices=complete)
    except ValueError:
        place, _ = failing(lambda one: xp.linalg.svd(one, full_matrices=False), x)
        why = "contained non-finite values" if not bool(xp.isfinite(x).all()) else (
            "is ill-conditioned or has too many repeated singular values")  # fmt: skip
        raise LinAlgError(
            f"linalg.svd: {place}The algorithm failed to converge because the input matrix {why}."
        ) from None
    return u, values, vh


def _columns(x, count):
    return x if x is None or x.shape[-1] == count else select(x, key=(Ellipsis, slice(0, count)))


def _rows(x, count):
    return x if x is None or x.shape[-2] == count else select(x, key=(Ellipsis, slice(0, count), slice(None)))


def _check_singular_vectors(g_u, g_vh, u, vh):
    """A phase turns a column of u one way and its row of vh the other."""
    if g_u is None and g_vh is None:
        return
    on_u = 0 if g_u is None else diagonal_of(matmul(adjoint(u), g_u)) * 2
    on_vh = on_u * 0 if g_vh is None else diagonal_of(matmul(g_vh, adjoint(vh))) * 2
    _check_phase(on_vh * 0 if g_u is None else on_u, on_vh, "svd_backward",
                 "singular vectors", "phase term, making it ill-defined")  # fmt: skip


def _svd_rule(g_u, g_values, g_vh, u, values, vh):
    k = values.shape[-1]
    u, g_u, vh, g_vh = _columns(u, k), _columns(g_u, k), _rows(vh, k), _rows(g_vh, k)
    inner = None if g_values is None else in_dtype_of(diagonal_matrix(g_values), u)
    rest = None
    if is_complex(u):
        _check_singular_vectors(g_u, g_vh, u, vh)
    if g_u is not None or g_vh is not None:
        squares = in_dtype_of(_gaps(values * values), u)
        row, column = in_dtype_of(as_row(values), u), in_dtype_of(as_column(values), u)
        if g_u is not None:
            turn = matmul(adjoint(u), g_u)
            skew = turn - adjoint(turn)
            term = _off_diagonal(skew / squares) * row
            inner = term if inner is None else inner + term
            if is_complex(u):
                inner = inner + diagonal_matrix(_turn(imag(diagonal_of(skew)) / (values * 2)))
            if u.shape[-2] > k:
                rest = matmul((g_u - matmul(u, turn)) / row, vh)
        if g_vh is not None:
            turn = matmul(g_vh, adjoint(vh))
            skew = adjoint(turn) - turn
            term = _off_diagonal(skew / squares) * column
            inner = term if inner is None else inner + term
            if vh.shape[-1] > k:
                more = matmul(u, (g_vh - matmul(turn, vh)) / column)
                rest = more if rest is None else rest + more
    found = matmul(matmul(u, inner), vh)
    return found if rest is None else found + rest


def _svd_tangent(t, u, values, vh):
    k = values.shape[-1]
    all_u, all_vh = u, vh
    u, vh = _columns(u, k), _rows(vh, k)
    row, column = in_dtype_of(as_row(values), u), in_dtype_of(as_column(values), u)
    right, left = matmul(t, adjoint(vh)), matmul(adjoint(u), t)
    inner = matmul(adjoint(u), right)
    along = diagonal_of(inner)
    squares = in_dtype_of(_gaps(values * values), u)
    one, two = inner * row, inner * column
    turn_u = _off_diagonal((one + adjoint(one)) / squares)
    turn_v = _off_diagonal((two + adjoint(two)) / squares)
    if is_complex(u):
        turn_u = turn_u + diagonal_matrix(_turn(imag(along) / values))
        along = real(along)
    moved_u, moved_vh = matmul(u, turn_u), matmul(adjoint(turn_v), vh)
    if u.shape[-2] > k:
        moved_u = moved_u + (right - matmul(u, inner)) / row
    if vh.shape[-1] > k:
        moved_vh = moved_vh + (left - matmul(inner, vh)) / column
    return _widened(moved_u, all_u, False), along, _widened(moved_vh, all_vh, True)


def _widened(x, model, rows):
    """x with zeros for the vectors that were added."""
    if x.shape == model.shape:
        return x
    k = x.shape[-2] if rows else x.shape[-1]
    key = (Ellipsis, slice(0, k), slice(None)) if rows else (Ellipsis, slice(0, k))
    return place(x, key=key, shape=model.shape)


svd.vjp(x=_svd_rule).jvp(x=_svd_tangent)


# ---- triangles -----------------------------------------------------------------------------------------------------
@factorization(results="q r", holomorphic=False)
def qr(xp, x):
    """x = q r with orthonormal columns in q and r upper triangular, of a matrix at least as high as wide."""
    if not x.size:
        return xp.zeros(x.shape, dtype=x.dtype), xp.zeros((*x.shape[:-2], x.shape[-1], x.shape[-1]), dtype=x.dtype)
    q, r = xp.linalg.qr(x)
    return q, r


def _hermitian(x):
    """The Hermitian matrix with the upper triangle of x."""
    x = triangle(x, diagonal=0, upper=True)
    along = diagonal_of(x)
    return x + adjoint(x) - diagonal_matrix(in_dtype_of(real(along), x) if is_complex(x) else along)


def _qr_rule(g_q, g_r, q, r):
    inner = None if g_r is None else matmul(g_r, adjoint(r))
    if g_q is not None:
        turn = matmul(adjoint(q), g_q)
        inner = -turn if inner is None else inner - turn
    found = matmul(q, _hermitian(inner))
    if g_q is not None:
        found = found + g_q
    return adjoint(substitute(r, adjoint(found), upper=True, unit=False))


def _qr_tangent(t, q, r):
    scaled = turned(substitute(turned(r), turned(t), upper=False, unit=False))
    turn = matmul(adjoint(q), scaled)
    both = turn + adjoint(turn)
    along = diagonal_of(both) * 0.5
    upper = triangle(both, diagonal=1, upper=True) + diagonal_matrix(along)
    return scaled - matmul(q, upper), matmul(upper, r)


qr.vjp(x=_qr_rule).jvp(x=_qr_tangent)


@factorization(results="q r", holomorphic=False)
def complete_qr(xp, x):
    """x = q r with a square q, of a matrix higher than wide; the columns that this adds to q have no derivative."""
    if not x.size:
        q = xp.zeros((*x.shape[:-1], x.shape[-2]), dtype=x.dtype)
        q[...] = xp.eye(x.shape[-2], dtype=x.dtype)
        return q, xp.zeros(x.shape, dtype=x.dtype)
    q, r = xp.linalg.qr(x, mode="complete")
    return q, r


def _no_complete_rule(g_q, g_r):
    raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols")


complete_qr.vjp(x=_no_complete_rule).jvp(x=lambda t: _no_complete_rule(t, t))


@factorization(holomorphic=False)
def cholesky(xp, x, *, name="linalg.cholesky"):
    """The lower triangular factor of a symmetric or Hermitian positive-definite matrix, of which that triangle is read.

    The gradient is Hermitian, as in PyTorch: the matrix is taken to stay so. Without a name to complain under, a
    matrix that is not positive-definite gives nan.
    """
    try:
        return triangle.forward(xp, xp.linalg.cholesky(x), diagonal=0, upper=False)
    except ValueError:
        place, one = failing(xp.linalg.cholesky, x)
    if name is None:
        found = xp.full(x.shape, xp.nan, dtype=x.dtype)
        for key in xp.ndindex(x.shape[:-2]):
            try:
                found[key] = xp.linalg.cholesky(x[key])
            except ValueError:
                pass
        return found
    raise LinAlgError(
        f"{name}: {place}The factorization could not be completed because the input is not positive-definite (the "
        f"leading minor of order {bad_minor(xp, one)} is not positive-definite)."
    )


def bad_minor(xp, x):
    """The order of the first leading minor of a matrix that is not positive-definite; 0 where all are."""
    for order in range(1, x.shape[-1] + 1):
        try:
            if bool(xp.isfinite(xp.linalg.cholesky(x[:order, :order])).all()):
                continue
        except ValueError:
            pass
        return order
    return 0


def _halved(x):
    """The lower triangle of x with half its diagonal."""
    return triangle(x, diagonal=-1, upper=False) + diagonal_matrix(diagonal_of(x) * 0.5)


def _cholesky_rule(g, out):
    inner = _halved(matmul(adjoint(out), g))
    inner = (inner + adjoint(inner)) * 0.5
    first = substitute(adjoint(out), inner, upper=True, unit=False)
    return adjoint(substitute(adjoint(out), adjoint(first), upper=True, unit=False))


def _cholesky_tangent(t, out):
    first = substitute(out, t, upper=False, unit=False)
    both = adjoint(substitute(out, adjoint(first), upper=False, unit=False))
    return matmul(out, _halved(both))


cholesky.vjp(x=_cholesky_rule).jvp(x=_cholesky_tangent)
