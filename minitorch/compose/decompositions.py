"""Eigenvectors, singular vectors, QR, Cholesky and what is made of them: rank, condition, pseudoinverse, least squares.

A wide matrix's QR is that of its first columns, and the rest follows from it, so that the op is asked only for matrices
it has a rule for. Ranks are counted off the tape.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops import determinants, solving
from ..ops import factorization as ops
from ..ops.arithmetic import abs_, cast
from ..ops.contraction import matmul
from ..ops.create import full
from ..ops.front import public
from ..ops.kinds import agreeing, lacking
from ..ops.reduce import sum as total
from ..ops.shape import cat, reshape, select, triangle
from ..tracked import Tracked
from . import return_types as returns
from .deprecated import instead
from .solvers import adjoint, checked, floating, identity_like

_ALL = slice(None)


# ---- eigenvalues ---------------------------------------------------------------------------------------------------
def _eigh(A: Any, UPLO: str) -> Any:
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    checked(A, "linalg.eigh")
    return ops.eigh(A, uplo=UPLO.upper())


@public("(input, UPLO='L', *, out=None)", namespace="linalg")
def eigh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues (ascending, real) and eigenvectors of a symmetric or Hermitian matrix, of which one triangle is read."""
    return returns.linalg_eigh(*_eigh(A, UPLO))


@public("(input, UPLO='L', *, out=None)", namespace="linalg")
def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues (ascending, real) of a symmetric or Hermitian matrix."""
    return _eigh(A, UPLO)[0]


@public("(input, *, out=None)", namespace="linalg")
def eig(A: Any) -> Any:
    """Eigenvalues and eigenvectors of a square matrix, complex also where it is real."""
    return returns.linalg_eig(*ops.eig(checked(A, "linalg.eig")))


@public("(input, *, out=None)", namespace="linalg")
def eigvals(A: Any) -> Any:
    """The eigenvalues of a square matrix, complex also where it is real."""
    return ops.eig(checked(A, "linalg.eigvals"))[0]


# ---- singular values -----------------------------------------------------------------------------------------------
def _svd(A: Any, complete: bool) -> Any:
    return ops.svd(checked(A, "linalg.svd", square=False), complete=complete)


@public("(A: tensor, full_matrices=True, *, driver=None, out=None)", namespace="linalg", name="svd")
def singular(A: Any, full_matrices: bool = True, *, driver: Any = None) -> Any:
    """U, S, Vh with A = U diag(S) Vh, the singular values descending.

    Raises:
        RuntimeError: for a driver, which only CUDA has in PyTorch.
    """
    _no_driver(driver)
    return returns.linalg_svd(*_svd(A, full_matrices))


def _no_driver(driver: Any) -> None:
    if driver is not None:
        raise RuntimeError("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
                           "backend.")  # fmt: skip


@public("(A: tensor, *, driver=None, out=None)", namespace="linalg")
def svdvals(A: Any, *, driver: Any = None) -> Any:
    """The singular values, descending."""
    _no_driver(driver)
    return _svd(A, False)[1]


@public("(input, some=True, compute_uv=True, *, out=None)")
def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """U, S, V with input = U diag(S) V^H; zeros for U and V without `compute_uv`."""
    u, values, vh = ops.svd(checked(input, "linalg.svd", square=False), complete=not some)
    if compute_uv:
        return returns.svd(u, values, adjoint(vh))
    m, n = input._data.shape[-2:]
    lead = input._data.shape[:-2]
    return returns.svd(full(input, shape=(*lead, m, m), value=0), values, full(input, shape=(*lead, n, n), value=0))


def _tolerances(x: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """(atol, rtol) as numbers or raw arrays; where neither is given, PyTorch's: max(m, n) eps of the largest value."""
    given = [t._data if isinstance(t, Tracked) else t for t in (atol, rtol)]
    if given[1] is None:
        kind = dt.of(x._data.dtype).to_real()
        eps = float(backend_of(x._data).finfo(kind.numpy).eps)
        standard = eps * max(x._data.shape[-2:])
        if given[0] is None:
            given[1] = standard
        else:
            low = given[0]
            given[1] = 0.0 if getattr(low, "ndim", None) is None and low > 0 else _unless(low, standard)
    return 0.0 if given[0] is None else given[0], given[1]


def _unless(low: Any, standard: float) -> Any:
    if getattr(low, "ndim", None) is None:
        return standard
    return backend_of(low).where(low > 0, low * 0.0, low * 0.0 + standard)


def _hermitian(x: Any) -> Any:
    """The Hermitian matrix with the lower triangle of x."""
    low = triangle(x, diagonal=-1, upper=False)
    return triangle(x, diagonal=0, upper=False) + adjoint(low)


@public("(input, *, atol=None, rtol=None, hermitian=False, tol=None, out=None)", namespace="linalg")
def matrix_rank(A: Any, *, atol: Any = None, rtol: Any = None, hermitian: bool = False, tol: Any = None) -> Any:
    """How many singular values exceed max(atol, rtol * the largest) (int64)."""
    if A._data.ndim < 2:
        raise RuntimeError("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    x = A.detach()
    if not x._data.size:
        return full(x, shape=x._data.shape[:-2], value=0, dtype=dt.int64.numpy)
    if hermitian:
        checked(A, "linalg.eigh", low=False)
    values = _svd(_hermitian(x) if hermitian else x, False)[1]._data
    low: Any
    part: Any
    low, part = (tol._data if isinstance(tol, Tracked) else tol, 0.0) if tol is not None else _tolerances(x, atol, rtol)
    low, part = (b[..., None] if getattr(b, "ndim", 0) else b for b in (low, part))
    xp = backend_of(values)
    least = xp.maximum(xp.zero(values.dtype) + low, values.max(axis=-1, keepdims=True) * part)
    return A._wrap(xp.asarray((values > least).sum(axis=-1)).astype("int64"))


@public("(input, *, atol=None, rtol=None, hermitian=False, out=None)",
        "(input, rcond, hermitian=False, *, out=None)", namespace="linalg")
def pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """The Moore-Penrose pseudoinverse; singular values up to max(atol, rtol * the largest) count as 0."""
    raw = A._data
    if raw.ndim < 2 or raw.dtype.kind not in "fc" or raw.dtype.itemsize == 2:
        raise RuntimeError(
            f"linalg.pinv({dt.scalar_type(raw.dtype)}{{{list(raw.shape)}}}): expected a tensor with 2 or more dimensions "
            "of float, double, cfloat or cdouble types"
        )
    if hermitian:
        A = _hermitian(checked(A, "linalg.pinv"))
    low, part = (0.0, rcond._data if isinstance(rcond, Tracked) else rcond) if rcond is not None else _tolerances(
        A, atol, rtol)  # fmt: skip
    return determinants.pinv(A, low, part)


@public("(input, rcond=1e-15)")
def pinverse(input: Any, rcond: Any = 1e-15) -> Any:
    """The Moore-Penrose pseudoinverse; singular values up to rcond times the largest count as 0."""
    return pinv(input, rcond)


# ---- QR and Cholesky -----------------------------------------------------------------------------------------------
def _qr(A: Any, complete: bool) -> tuple[Any, Any]:
    m, n = A._data.shape[-2:]
    if m < n:
        q, r = ops.qr(select(A, key=(Ellipsis, slice(0, m))))
        rest = matmul(adjoint(q), select(A, key=(Ellipsis, slice(m, None))))
        return q, cat(r, rest, dim=A._data.ndim - 1)
    q, r = ops.complete_qr(A) if complete and m > n else ops.qr(A)
    return q, r


@public("(A: tensor, mode='reduced', *, out=None)", namespace="linalg", name="qr")
def orthogonal(A: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and an upper triangular R, A = Q R; Q is empty for mode "r", square for "complete".

    Raises:
        RuntimeError: for another mode; in a backward through the complete Q of a matrix higher than wide.
    """
    checked(A, "linalg.qr", square=False)
    if mode not in ("reduced", "r", "complete"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    q, r = _qr(A, mode == "complete")
    return returns.linalg_qr(full(A, shape=(0,), value=0) if mode == "r" else q, r)


@public("(input, some=True, *, out=None)")
@instead("qr", "torch.linalg.qr", "\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')")
def qr(input: Any, some: bool = True) -> Any:
    """Q and R with input = Q R; `some=False` makes Q square."""
    return returns.qr(*_qr(checked(input, "linalg.qr", square=False), not some))


def _cholesky(A: Any, upper: bool, name: Any) -> Any:
    checked(A, "linalg.cholesky" if name is None else name)
    return adjoint(ops.cholesky(adjoint(A), name=name)) if upper else ops.cholesky(A, name=name)


@public("(input, *, upper=False, out=None)", namespace="linalg", name="cholesky")
def positive_factor(A: Any, *, upper: bool = False) -> Any:
    """The lower triangular L with A = L L^H of a positive-definite matrix (or L^H), of which that triangle is read.

    Raises:
        LinAlgError: where A is not positive-definite.
    """
    return _cholesky(A, upper, "linalg.cholesky")


@public("(input, upper=False, *, out=None)")
@instead("cholesky", "torch.linalg.cholesky", "\nL = torch.linalg.cholesky(A)\nU = torch.linalg.cholesky(A).mH")
def cholesky(input: Any, upper: bool = False) -> Any:
    """The lower triangular L with input = L L^H of a positive-definite matrix (or L^H)."""
    return _cholesky(input, upper, "cholesky")


@public("(input, *, upper=False, check_errors=False, out=None)", namespace="linalg")
def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """The Cholesky factor and, for each matrix, the order of the first minor that is not positive-definite, or 0."""
    found = _cholesky(A, upper, "linalg.cholesky" if check_errors else None)
    xp = backend_of(A._data)
    info = xp.zeros(A._data.shape[:-2], dtype="int32")
    for key in xp.ndindex(info.shape):
        info[key] = ops.bad_minor(xp, A._data[key])
    return returns.linalg_cholesky_ex(found, A._wrap(xp.asarray(info)))


@public("(input, input2: tensor, upper=False, *, out=None)")
def cholesky_solve(input: Any, L: Any, upper: bool = False) -> Any:
    """X with A X = input, for the A whose Cholesky factor is L."""
    for name, x in (("b", input), ("u", L)):
        if x._data.ndim < 2:
            raise RuntimeError(f"{name} should have at least 2 dimensions, but has {x._data.ndim} dimensions instead")
    one, other = L._data.shape, input._data.shape
    if one[-1] != one[-2]:
        checked(L, "cholesky_solve")
    if one[-1] != other[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {one[-1]} by {one[-1]} but each b matrix is "
            f"{other[-2]} by {other[-1]}"
        )
    agreeing("Expected b and A to have the same dtype, but found b of type {} and A of type {} instead.", input, L)
    lacking("cholesky_solve_cpu", "b i float16 bfloat16", input)
    low = adjoint(L) if upper else L
    step = solving.substitute(low, input, upper=False, unit=False)
    return solving.substitute(adjoint(low), step, upper=True, unit=False)


@public("(input, upper=False, *, out=None)")
def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """The inverse of the A whose Cholesky factor is L."""
    checked(L, "cholesky_inverse")
    shape = L._data.shape
    return cholesky_solve(identity_like(L, shape[-1], shape[:-2]), L, upper)


# ---- least squares -------------------------------------------------------------------------------------------------
DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@public("(input, b: tensor, rcond=None, *, driver=None, out=None)", namespace="linalg")
def lstsq(input: Any, B: Any, rcond: Any = None, *, driver: Any = None) -> Any:
    """The X of least |A X - B|, by the pseudoinverse; of several, the smallest.

    Residuals are there for matrices of full rank higher than wide (but not for the driver gelsy, the default), singular
    values for the drivers gelsd and gelss.
    """
    a, b = input._data, B._data
    if a.ndim < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if b.ndim < 1:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if a.dtype != b.dtype:
        raise RuntimeError(f"torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's dtype "
                           f"{dt.scalar_type(a.dtype)} and other's dtype {dt.scalar_type(b.dtype)}")  # fmt: skip
    floating(input, "torch.linalg.lstsq")
    if not 0 <= a.ndim - b.ndim <= 1:
        raise RuntimeError("torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and (input.dim() - "
                           "other.dim()) <= 1")  # fmt: skip
    vector = b.ndim == 1 or (a.ndim - 1 == b.ndim and b.shape == a.shape[:-1])
    if b.shape[-1 if vector else -2] != a.shape[-2]:
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({-1 if vector else -2})")
    driver = driver or "gelsy"
    if driver not in DRIVERS:
        raise RuntimeError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    other = select(B, key=(Ellipsis, None)) if vector else B
    xp = backend_of(a)
    part = float(xp.finfo(a.dtype).eps) * max(a.shape[-2:]) if rcond is None else rcond
    part = part._data if isinstance(part, Tracked) else part
    found = matmul(determinants.pinv(input, 0.0, 0.0 if driver == "gels" else part), other)
    detached = input.detach()
    ranks = matrix_rank(detached, rtol=detached._wrap(part) if hasattr(part, "ndim") else part)
    residuals = select(reshape(abs_(found), shape=(-1,)), key=(slice(0, 0),))
    if driver != "gelsy" and a.shape[-2] > a.shape[-1] and bool((ranks._data == a.shape[-1]).all()):
        away = abs_(matmul(input, found) - other)
        residuals = total(away * away, dim=(away._data.ndim - 2,))
    rank = full(detached, shape=(0,), value=0, dtype=dt.int64.numpy) if driver == "gels" else ranks
    values = svdvals(detached) if driver in ("gelsd", "gelss") else full(
        cast(detached, dtype=dt.of(a.dtype).to_real().numpy), shape=(0,), value=0)  # fmt: skip
    return returns.linalg_lstsq(select(found, key=(Ellipsis, 0)) if vector else found, residuals, rank, values)
