"""Dense linear algebra on the last two dimensions.

The rules are those of M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), with PyTorch's conventions for symmetric and complex matrices.
"""

from __future__ import annotations

from .complex import conj
from .contraction import matmul
from .create import full
from .families import factorization
from .shape import diagonal, place_diagonal, reshape, turned


def adjoint(x):
    """The conjugate transpose of the last two dimensions."""
    raw = getattr(x, "_data", x)
    return conj(turned(x)) if raw.dtype.kind == "c" else turned(x)


def diagonal_matrix(x):
    """The matrices with x on the diagonal."""
    n = len(x.shape)
    return place_diagonal(x, offset=0, dim1=n - 1, dim2=n, shape=(*x.shape, x.shape[-1]))


def _lower(datas, params):
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


@factorization(results="values vectors", holomorphic=False, check=_lower)
def eigh(xp, x, *, uplo="L"):
    """Eigenvalues (ascending) and eigenvectors of a symmetric or Hermitian matrix, of which one triangle is read."""
    values, vectors = xp.linalg.eigh(x, uplo)
    return values, vectors


def _eigh_rule(g_values, g_vectors, values, vectors):
    n = len(values.shape)
    if g_vectors is None:
        inner = diagonal_matrix(g_values)
    else:
        rows, columns = (*values.shape, 1), (*values.shape[:-1], 1, values.shape[-1])
        gaps = reshape(values, shape=columns) - reshape(values, shape=rows)
        ones = full(values, shape=values.shape, value=1)
        gaps = gaps + diagonal_matrix(ones)
        inner = matmul(adjoint(vectors), g_vectors) / gaps
        inner = inner - diagonal_matrix(diagonal(inner, offset=0, dim1=n - 1, dim2=n))
        if g_values is not None:
            inner = inner + diagonal_matrix(g_values)
    raw, basis = getattr(inner, "_data", inner), getattr(vectors, "_data", vectors)
    if raw.dtype != basis.dtype:
        from .arithmetic import cast

        inner = cast(inner, dtype=basis.dtype)
    return matmul(matmul(vectors, inner), adjoint(vectors))


def _eigh_tangent(t, values, vectors):
    n = len(values.shape)
    rows, columns = (*values.shape, 1), (*values.shape[:-1], 1, values.shape[-1])
    gaps = reshape(values, shape=columns) - reshape(values, shape=rows)
    gaps = gaps + diagonal_matrix(full(values, shape=values.shape, value=1))
    inner = matmul(matmul(adjoint(vectors), t), vectors)
    along = diagonal(inner, offset=0, dim1=n - 1, dim2=n)
    turn = (inner - diagonal_matrix(along)) / gaps
    raw = getattr(along, "_data", along)
    if raw.dtype.kind == "c":
        from .complex import real

        along = real(along)
    return along, matmul(vectors, turn)


eigh.vjp(x=_eigh_rule).jvp(x=_eigh_tangent)
