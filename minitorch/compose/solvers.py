"""Systems of equations, inverses, determinants, LU and the exponential, with PyTorch's checks around the ops.

What is no square matrix, or of no floating dtype, is refused before anything is computed. Functions with `_ex` never
raise for a singular matrix: they return how far they came as `info`.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops import determinants, solving
from ..ops.arithmetic import where
from ..ops.complex import conj
from ..ops.contraction import matmul
from ..ops.create import full
from ..ops.front import public
from ..ops.kinds import kind_of, lacking
from ..ops.shape import expand, place_diagonal, select, triangle, turned
from ..ops.solving import in_order, is_complex
from ..ops.transcendental import log
from . import return_types as returns
from .deprecated import instead

MATRIX = "(A: tensor, *, out=None)"
#: PyTorch's names of the kernels that find out only when they run that they lack half precision.
KERNELS = {
    "linalg.lu": "lu_cpu", "torch.lu_factor": "lu_cpu", "linalg.solve": "lu_cpu", "linalg.det": "lu_cpu",
    "linalg.svd": "linalg_svd_cpu", "linalg.qr": "geqrf_cpu", "linalg.eig": "linalg_eig_out_cpu",
    "linalg.eigvals": "linalg_eig_out_cpu", "linalg.cholesky": "cholesky_cpu", "linalg.eigh": "linalg_eigh_cpu",
    "cholesky_inverse": "cholesky_inverse_out_cpu",
    "linalg.solve_triangular": "triangular_solve_cpu", "triangular_solve": "triangular_solve_cpu",
}  # fmt: skip
#: Those that lack integers and bools too.
WITHOUT_WHOLE = frozenset(
    "cholesky_inverse linalg.lu torch.lu_factor linalg.eigh linalg.solve_triangular triangular_solve".split())
_NEW_LAST = (Ellipsis, None)
_NO_LAST = (Ellipsis, 0)


# ---- checks --------------------------------------------------------------------------------------------------------
def checked(x: Any, name: str, square: bool = True, low: bool = True, what: str = "A") -> Any:
    """A tensor that is a matrix, or a batch of them, in a dtype that can be solved.

    Raises:
        RuntimeError: for fewer dimensions, for integers, for matrices that are not square.
        NotImplementedError: for half precision, as PyTorch has no kernel for it.
    """
    raw = x._data
    if raw.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {what} must have at least 2 dimensions.")
    if square and raw.shape[-1] != raw.shape[-2]:
        raise RuntimeError(
            f"{name}: {what} must be batches of square matrices, but they are {raw.shape[-2]} by {raw.shape[-1]} matrices"
        )
    floating(x, name, low)
    return x


def floating(x: Any, name: str, low: bool = True) -> None:
    """Refuse what is neither floating nor complex, and half precision.

    Raises:
        RuntimeError: for integers and bools.
        NotImplementedError: for half precision.
    """
    kind = dt.scalar_type(x._data.dtype)
    if name in WITHOUT_WHOLE:
        lacking(KERNELS[name], "b i float16 bfloat16", x)
    if dt.of(x._data.dtype).category < dt.FLOATING:
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {kind}")
    if low and x._data.dtype.itemsize == 2:
        if name in KERNELS:
            lacking(KERNELS[name], kind_of(x), x)
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {kind}")


def adjoint(x: Any) -> Any:
    """The conjugate transpose of the last two dimensions."""
    return conj(turned(x)) if is_complex(x) else turned(x)


def identity_like(x: Any, size: int, lead: tuple[int, ...] = ()) -> Any:
    """The identity of a size, in the dtype of x and on its device, once for each of the leading dimensions."""
    ones = full(x, shape=(*lead, size), value=1)
    n = len(lead)
    return place_diagonal(ones, offset=0, dim1=n, dim2=n + 1, shape=(*lead, size, size))


def hung_on(constant: Any, x: Any) -> Any:
    """A constant as a function of x whose derivative is 0 (PyTorch's, too, requires grad then)."""
    return where(full(x, shape=(), value=True, dtype="bool"), constant, x)


# ---- inverse and solve ---------------------------------------------------------------------------------------------
@public("(input, *, out=None)", name="inverse")
@public(MATRIX, namespace="linalg", method=False)
def inv(A: Any) -> Any:
    """The inverse of a square matrix.

    Raises:
        LinAlgError: for a singular matrix.
    """
    return solving.inverse(checked(A, "linalg.inv"))


@public("(A: tensor, *, check_errors=False, out=None)", namespace="linalg")
def inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """The inverse and, for each matrix, 0 or (where it is singular) the diagonal element of U that is 0."""
    checked(A, "linalg.inv")
    found = solving.inverse(A, name="linalg.inv" if check_errors else None)
    return returns.linalg_inv_ex(found, pivot_info(A))


def pivot_info(x: Any) -> Any:
    """Which diagonal element of U is 0, counted from 1, and 0 where none is; int32, one per matrix."""
    raw = x._data
    xp = backend_of(raw)
    packed = solving.eliminated(xp, raw)[0]
    zero = xp.diagonal(packed, axis1=-2, axis2=-1) == 0
    first = zero.argmax(axis=-1) + 1 if zero.shape[-1] else xp.zeros(raw.shape[:-2], dtype="int32")
    return x._wrap(xp.asarray(xp.where(zero.any(axis=-1), first, xp.zero(first.dtype))).astype("int32"))


def _system(a: Any, b: Any, left: bool, name: str) -> None:
    """Refuse two matrices of which one cannot be solved for the other.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    checked(a, name)
    if a._data.dtype != b._data.dtype:
        kinds = [dt.scalar_type(t._data.dtype) for t in (a, b)]
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type {kinds[0]} and B of type {kinds[1]} "
            "instead"
        )
    if b._data.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    n = a._data.shape[-1]
    if b._data.shape[-2 if left else -1] != n:
        shapes = " and ".join(f"{s[-2]}x{s[-1]}" for s in (a._data.shape, b._data.shape))
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B ({shapes})"
        )


def _solved(A: Any, B: Any, left: bool, name: Any) -> Any:
    checked(A, "linalg.solve")
    vector = B._data.ndim == 1 or (
        A._data.ndim - 1 == B._data.ndim and B._data.shape == A._data.shape[:-1])  # fmt: skip
    if vector and not left:
        raise RuntimeError("linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In "
                           "this case linalg.solve is equivalent to B / A.squeeze(-1)")  # fmt: skip
    b = select(B, key=_NEW_LAST) if vector else B
    _system(A, b, left, "linalg.solve")
    if left:
        found = solving.solve(A, b, name=name)
    else:
        found = turned(solving.solve(turned(A), turned(b), name=name))
    return select(found, key=_NO_LAST) if vector else found


@public("(A: tensor, B: tensor, *, left=True, out=None)", namespace="linalg")
def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """X with A X = B (or X A = B for `left=False`); B is a vector, a matrix, or a batch of either.

    Raises:
        LinAlgError: for a singular A.
    """
    return _solved(A, B, left, "torch.linalg.solve")


@public("(A: tensor, B: tensor, *, left=True, check_errors=False, out=None)", namespace="linalg")
def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    """X with A X = B and, for each matrix, 0 or (where it is singular) the diagonal element of U that is 0."""
    return returns.linalg_solve_ex(_solved(A, B, left, "torch.linalg.solve_ex" if check_errors else None), pivot_info(A))


@public("(input, B: tensor, *, upper, left=True, unitriangular=False, out=None)", namespace="linalg")
def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """X with A X = B (or X A = B) for a triangular A, of which only that triangle is read."""
    _system(A, B, left, "linalg.solve_triangular")
    if left:
        return solving.substitute(A, B, upper=upper, unit=unitriangular)
    return turned(solving.substitute(turned(A), turned(B), upper=not upper, unit=unitriangular))


@public("(input, A: tensor, upper=True, transpose=False, unitriangular=False, *, out=None)")
@instead("triangular_solve", "torch.linalg.solve_triangular", "\nX = torch.linalg.solve_triangular(A, B, upper=True)")
def triangular_solve(input: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> Any:
    """X with A X = input for a triangular A, and a copy of A."""
    _system(A, input, True, "triangular_solve")
    matrix = turned(A) if transpose else A
    found = solving.substitute(matrix, input, upper=upper != transpose, unit=unitriangular)
    shape = found._data.shape[:-2]
    return returns.triangular_solve(found, expand(A, shape=(*shape, *A._data.shape[-2:])).clone())


# ---- LU ------------------------------------------------------------------------------------------------------------
def _pivoted(pivot: bool, name: str) -> None:
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")


def _factored(A: Any, name: str) -> Any:
    if A._data.ndim < 2:
        raise RuntimeError(
            f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(A._data.shape)} instead"
        )
    floating(A, name)
    return solving.lu(A)


@public("(A: tensor, *, pivot=True, out=None)", namespace="linalg")
def lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """L and U in one matrix, and the row exchanges counted from 1.

    Raises:
        RuntimeError: where U has a 0 on the diagonal.
    """
    _pivoted(pivot, "linalg.lu_factor")
    found = lu_factor_ex(A, check_errors=True)
    return returns.linalg_lu_factor(found.LU, found.pivots)


@public("(A: tensor, *, pivot=True, check_errors=False, out=None)", namespace="linalg")
def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """L and U in one matrix, the row exchanges, and which diagonal element of U is 0 (0: none), for each matrix."""
    _pivoted(pivot, "linalg.lu_factor")
    packed, pivots, _ = _factored(A, "torch.lu_factor")
    info = _zeros_of(packed)
    if check_errors:
        flat = backend_of(info._data).to_host(info._data).reshape(-1)
        for place, k in enumerate(flat.tolist()):
            if k:
                where_ = f"(Batch element {place}): " if info._data.ndim else ""
                raise RuntimeError(
                    f"torch.linalg.lu_factor: {where_}U[{k},{k}] is zero and using it on lu_solve would result in a "
                    "division by zero. If you still want to perform the factorization, consider calling "
                    "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
                )
    return returns.linalg_lu_factor_ex(packed, pivots, info)


def _zeros_of(packed: Any) -> Any:
    raw = packed._data
    xp = backend_of(raw)
    zero = xp.diagonal(raw, axis1=-2, axis2=-1) == 0
    first = zero.argmax(axis=-1) + 1 if zero.shape[-1] else xp.zeros(raw.shape[:-2], dtype="int64")
    return packed._wrap(xp.asarray(xp.where(zero.any(axis=-1), first, xp.zero("int64"))).astype("int32"))


@public("(input, pivot=True, get_infos=False, *, out=None)")
@instead("lu", "torch.linalg.lu_factor / torch.linalg.lu_factor_ex", "\nLU, pivots = torch.linalg.lu_factor(A, pivot)")
def lu(input: Any, pivot: bool = True, get_infos: bool = False) -> Any:
    """L and U in one matrix and the row exchanges counted from 1; with `get_infos`, also what `lu_factor_ex` tells."""
    if get_infos:
        found = lu_factor_ex(input, pivot=pivot)
        return returns._lu_with_info(*found)
    return tuple(lu_factor(input, pivot=pivot))


def _exchanges(order: Any, model: Any, rows: int) -> Any:
    """The matrix P with (P x)[order] = x."""
    lead = order._data.shape[:-1]
    return turned(in_order(identity_like(model, rows, lead), order))


@public("(A: tensor, *, pivot=True, out=None)", namespace="linalg", name="lu")
def permuted_lu(A: Any, *, pivot: bool = True) -> Any:
    """P, L and U with A = P L U: a permutation, a lower triangle with ones on its diagonal, an upper triangle."""
    _pivoted(pivot, "linalg.lu")
    checked(A, "linalg.lu", square=False)
    packed, _, order = solving.lu(A)
    low, up = _unpacked(packed)
    return returns.linalg_lu(_exchanges(order, packed.detach(), A._data.shape[-2]), low, up)


def _unpacked(packed: Any) -> tuple[Any, Any]:
    m, n = packed._data.shape[-2:]
    k = min(m, n)
    low = triangle(select(packed, key=(Ellipsis, slice(0, k))), diagonal=-1, upper=False)
    shape = low._data.shape
    ones = full(low, shape=(*shape[:-2], k), value=1)
    axis = len(shape) - 2
    low = low + place_diagonal(ones, offset=0, dim1=axis, dim2=axis + 1, shape=shape)
    return low, triangle(select(packed, key=(Ellipsis, slice(0, k), slice(None))), diagonal=0, upper=True)


@public("(LU_data: tensor, LU_pivots: tensor, unpack_data=True, unpack_pivots=True, *, out=None)", method=False)
def lu_unpack(LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """P, L and U out of what `lu_factor` returns; what is not asked for is empty."""
    _check_pivots(LU_pivots, "torch.lu_unpack")
    nothing = full(LU_data, shape=(0,), value=0)
    low, up = _unpacked(LU_data) if unpack_data else (nothing, nothing)
    if not unpack_pivots:
        return returns.lu_unpack(nothing, low, up)
    rows = LU_data._data.shape[-2]
    order = solving.row_order(LU_pivots, rows=rows)
    return returns.lu_unpack(_exchanges(order, LU_data.detach(), rows), low, up)


def _check_pivots(pivots: Any, name: str) -> None:
    if pivots._data.dtype != "int32":
        raise RuntimeError(f"{name}: pivots should be a Tensor of scalar type torch.int32")


@public("(LU: tensor, pivots: tensor, B: tensor, *, left=True, adjoint=False, out=None)", namespace="linalg",
        name="lu_solve")  # fmt: skip
def solve_factored(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """X with A X = B, for the A whose `lu_factor` is (LU, pivots); `adjoint`: A's conjugate transpose, `left=False`: X A."""
    _check_pivots(pivots, "linalg.lu_solve")
    _system(LU, B, left, "linalg.lu_solve")
    if not left:
        return _h(solve_factored(LU, pivots, _h(B), adjoint=not adjoint))
    lead = backend_of(B._data).broadcast_shapes(LU._data.shape[:-2], B._data.shape[:-2])
    b = expand(B, shape=(*lead, *B._data.shape[-2:]))
    rows = LU._data.shape[-1]
    order = expand(solving.row_order(pivots, rows=rows), shape=(*lead, rows))
    if adjoint:
        step = solving.substitute(_h(LU), b, upper=False, unit=False)
        return solving.back_in_order(solving.substitute(_h(LU), step, upper=True, unit=True), order)
    step = solving.substitute(LU, in_order(b, order), upper=False, unit=True)
    return solving.substitute(LU, step, upper=True, unit=False)


_h = adjoint


@public("(input, LU_data: tensor, LU_pivots: tensor, *, out=None)")
@instead("lu_solve", "torch.linalg.lu_solve", "\nX = torch.linalg.lu_solve(LU, pivots, B)")
def lu_solve(input: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """X with A X = input, for the A whose `lu_factor` is (LU_data, LU_pivots)."""
    return solve_factored(LU_data, LU_pivots, input)


# ---- determinants --------------------------------------------------------------------------------------------------
@public("(input, *, out=None)")
@public(MATRIX, namespace="linalg", method=False)
def det(A: Any) -> Any:
    """The determinant of a square matrix."""
    return determinants.det(checked(A, "linalg.det"))


@public("(input, *, out=None)")
@public(MATRIX, namespace="linalg", method=False)
def slogdet(A: Any) -> Any:
    """The sign (for complex numbers the phase) of the determinant, and the logarithm of its absolute value."""
    return returns.linalg_slogdet(*determinants.slogdet(checked(A, "linalg.slogdet")))


@public("(input)")
def logdet(input: Any) -> Any:
    """The logarithm of the determinant; nan where it is negative, -inf where it is 0."""
    sign, size = determinants.slogdet(checked(input, "logdet"))
    if is_complex(sign):
        return log(sign) + size
    return where(sign == -1, float("nan"), size)


# ---- powers --------------------------------------------------------------------------------------------------------
@public("(input, n, *, out=None)")
@public("(input, n, *, out=None)", namespace="linalg", method=False)
def matrix_power(A: Any, n: int) -> Any:
    """The n-th power of a square matrix, by repeated squaring; of its inverse for a negative n."""
    shape = A._data.shape
    if len(shape) < 2 or shape[-1] != shape[-2]:
        checked(A, "linalg.matrix_power")
    if n < 0:
        A, n = inv(A), -n
    if n == 0:
        return hung_on(identity_like(A, shape[-1], shape[:-2]), A)
    found: Any = None
    while True:
        if n & 1:
            found = A if found is None else matmul(found, A)
        n >>= 1
        if not n:
            return found if found is not A else A.clone()
        A = matmul(A, A)


@public("(input)")
@public("(input, *, out=None)", namespace="linalg", method=False)
def matrix_exp(A: Any) -> Any:
    """The exponential of a square matrix."""
    return determinants.matrix_exp(checked(A, "linalg.matrix_exp", low=False))
