"""Singular values of a matrix of low rank, found on random directions.

N. Halko, P. Martinsson, J. Tropp, "Finding structure with randomness: probabilistic algorithms for constructing
approximate matrix decompositions" (2009), https://arxiv.org/abs/0909.4061, algorithms 4.4 and 5.1. The directions are
drawn on the host from PyTorch's stream.
"""

from __future__ import annotations

from typing import Any

from ..backend.generator import default_generator
from ..backend.namespace import backend_of
from ..ops.front import public
from ..ops.kinds import lacking
from .decompositions import _qr, singular
from .matrices import matmul
from .solvers import adjoint


def _basis(A: Any, q: int, niter: int) -> Any:
    """An orthonormal basis of what A makes of `q` random directions, sharpened by `niter` powers of A A^H."""
    data = A._data
    R = A._wrap(backend_of(data).asarray(default_generator.normal((data.shape[-1], q), data.dtype)))
    Q = _qr(matmul(A, R), False)[0]
    for _ in range(niter):
        Q = _qr(matmul(adjoint(A), Q), False)[0]
        Q = _qr(matmul(A, Q), False)[0]
    return Q


@public("(A: tensor, q=6, niter=2, M: tensor=None)", method=False)
def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> Any:
    """U, S, V of a matrix (or a batch, or the difference A - M) of rank about `q`: A is close to U diag(S) V^H.

    As in https://docs.pytorch.org/docs/stable/generated/torch.svd_lowrank.html, with `niter` powers for sharpness.
    """
    lacking("geqrf_cpu", "float16 bfloat16", A)
    A = A if M is None else A - M
    m, n = A._data.shape[-2:]
    wide = m < n
    A = adjoint(A) if wide else A
    Q = _basis(A, 6 if q is None else q, 2 if niter is None else niter)
    U, S, Vh = singular(matmul(adjoint(Q), A), full_matrices=False)
    U, V = matmul(Q, U), adjoint(Vh)
    return (V, S, U) if wide else (U, S, V)


@public("(A: tensor, q=None, center=True, niter=2)", method=False)
def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """U, S, V of the rows of a matrix, less their mean: the columns of V are its first `q` principal directions.

    https://docs.pytorch.org/docs/stable/generated/torch.pca_lowrank.html

    Raises:
        ValueError: for `q` beyond the sizes of A, or a negative `niter`.
    """
    m, n = A._data.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
