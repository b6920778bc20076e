"""Rows for products and factors of matrices.

Most decompositions are taken of matrices that are kept away from where they have no derivative: symmetric, with separate
eigenvalues or singular values, by a `through`; of factors that are unique up to a phase only, what does not depend on it
is differentiated.
"""

import numpy as np

from ..._tensor import Tensor
from ...backend.dtype import int32
from ...backend.generator import manual_seed
from ..domains import NONZERO, between, call, constant, index, literal, rule, spec, whole


def ladder(rows, columns, step=8.0):
    """Large numbers, all different, on the diagonal."""
    return np.eye(rows, columns) * (min(rows, columns) + np.arange(columns)) * step


def apart(f, x, *args, **params):
    """f of a matrix with separate eigenvalues and singular values."""
    return f(x * 0.25 + constant(x, ladder(*x.shape[-2:])), *args, **params)


def of_either_sign(f, x, *args, **params):
    """f of such matrices, of which every second one has a row turned round: a determinant below 0."""
    turn = np.ones(x.shape)
    (turn[1::2] if len(x.shape) > 2 else turn)[..., :1, :] = -1
    return apart(lambda matrix, *rest, **more: f(matrix * constant(x, turn), *rest, **more), x, *args, **params)


def pushed(f, x, *args, **params):
    """f of a matrix whose columns have something below the diagonal, where a reflection has a derivative."""
    low = np.tril(np.full(x.shape[-2:], 2.0), -1)
    return f(x * 0.25 + constant(x, ladder(*x.shape[-2:]) + low), *args, **params)


def of_rectangle(f, x, *args, **params):
    """f of a vector as it is, of a matrix with separate singular values and sums."""
    return f(x, *args, **params) if len(x.shape) < 2 else pushed(f, x, *args, **params)


def hermitian(x, step=8.0):
    """A positive-definite matrix with separate eigenvalues."""
    return (x + x.transpose(-2, -1).conj()) * 0.125 + constant(x, ladder(x.shape[-2], x.shape[-1], step))


def of_positive(f, x, *args, **params):
    """f of a Hermitian positive-definite matrix."""
    return f(hermitian(x), *args, **params)


def sizes(z):
    """What of columns of vectors does not depend on their phase, nor on their sign."""
    return (z * z.conj()).real


def mixed(f, x, *args, **params):
    """f of a matrix of which no element is near 0, where eigenvalues would come in another order."""
    full = 2.0 - 2.0 * np.eye(x.shape[-1])
    return f(x * 0.25 + constant(x, ladder(*x.shape[-2:]) + full), *args, **params)


def of_vectors(f, x, *args, **params):
    """Values, and the sizes of vectors' elements."""
    values, vectors = mixed(f, x, *args, **params)
    return values, sizes(vectors)


def of_hermitian_vectors(f, x, *args, **params):
    values, vectors = f(hermitian(x), *args, **params)
    return values, sizes(vectors)


def of_svd(f, x, *args, **params):
    u, values, vh = apart(f, x, *args, **params)
    k = values.shape[-1]
    u, vh = u[..., :k], vh[..., :k, :]
    return sizes(u), values, sizes(vh), u @ vh


def of_old_svd(f, x, *args, **params):
    u, values, v = apart(f, x, *args, **params)
    k = values.shape[-1]
    return sizes(u[..., :k]), values, sizes(v[..., :k])


def of_low_rank(f, x, *args, **params):
    """`of_old_svd` with the random directions drawn anew, as many as there are singular values."""

    def drawn(x, *args, **params):
        if isinstance(x, Tensor):
            manual_seed(0)
        else:
            import torch

            torch.manual_seed(0)
        return f(x, *args, q=min(x.shape[-2:]), **params)

    return of_old_svd(drawn, x, *args, **params)


def second_apart(f, y, x, *args, **params):
    """The coefficients come second."""
    return f(y, x * 0.25 + constant(x, ladder(*x.shape[-2:])), *args, **params)


def in_order(x, pivots):
    """Row exchanges as int32: with so many rows below, which for 0 are none."""
    own = pivots + constant(pivots, np.arange(pivots.shape[-1])) + 1
    return own.to(int32 if isinstance(x, Tensor) else own.new_empty(0).int().dtype)


def of_pivots(f, x, pivots, *args, **params):
    return f(x * 0.25 + constant(x, ladder(*x.shape[-2:])), in_order(x, pivots), *args, **params)


def of_pivots_last(f, y, x, pivots, **params):
    return f(y, x * 0.25 + constant(x, ladder(*x.shape[-2:])), in_order(x, pivots), **params)


def factor(x, upper):
    x = (x * 0.25).triu() if upper else (x * 0.25).tril()
    x = x * constant(x, 1 - np.eye(x.shape[-1]))
    return x + constant(x, ladder(*x.shape[-2:]))


def of_factor(f, x, upper=False):
    return f(factor(x, upper), upper=upper)


def of_factor_last(f, y, x, upper=False):
    return f(y, factor(x, upper), upper=upper)


def as_square(f, x, *args, **params):
    """f of a tensor that is an invertible matrix."""
    n = x.shape[-1]
    return f(x * 0.25 + constant(x, ladder(n, n).reshape(x.shape)), *args, **params)


SQUARE = (call((3, 3)), call((2, 2, 2)), call((1, 1)))
TALL = (call((3, 2)), call((2, 2, 2)), call((1, 1)), call((2, 4, 3)))
SIDES = (call((3, 3)), call((2, 3, 2)), call((2, 3)), call((1, 1)))

OPS = {
    "inverse": rule(*SQUARE, call((0, 0)), through=apart, nasty=False),
    "solve": rule(call((3, 3), (3, 2)), call((2, 1, 2, 2), (3, 2, 1)), call((2, 2), (2, 0)), through=apart, nasty=False),
    "substitute": rule(
        call((3, 3), (3, 2), upper=True, unit=False),
        call((2, 2, 2), (2, 1), upper=False, unit=False),
        call((3, 3), (2, 3, 2), upper=True, unit=True),
        call((2, 2), (2, 2), upper=False, unit=True),
        through=apart,
        nasty=False,
    ),
    "lu": rule(*SIDES, call((0, 2)), through=apart, nasty=False),
    "row_order": rule(
        call(spec((2,), whole(1, 4)), rows=3), call(spec((1,), whole(1, 4)), rows=3), call(spec((2, 3), whole(1, 4)), rows=3),
        call(spec((4,), whole(1, 3)), rows=4), complex=False, nasty=False,
    ),
    "det": rule(*SQUARE, call((0, 0)), nasty=False),
    "cofactor": rule(*SQUARE, call((1, 2, 2)), through=apart, nasty=False),
    "cofactor_slope": rule(
        call((3, 3), (3, 3)), call((2, 2, 2), (2, 2, 2)), call((1, 1), (1, 1)), call((1, 4, 4), (1, 4, 4)), through=apart, nasty=False
    ),
    "slogdet": rule(*SQUARE, call((0, 0)), through=of_either_sign, nasty=False),
    "pinv": rule(
        call((3, 3), literal(0.0), literal(1e-12)),
        call((2, 3, 2), literal(0.0), literal(1e-12)),
        call((2, 3), literal(1e-9), literal(0.0)),
        through=apart,
        nasty=False,
    ),
    "matrix_exp": rule(*SQUARE, call((0, 0)), nasty=False),
    "eig": rule(*SQUARE, through=of_vectors, nasty=False),
    "svd": rule(*SIDES, call((3, 2), complete=True), call((2, 3), complete=True), through=of_svd, nasty=False),
    "qr": rule(*TALL, call((0, 0)), through=pushed, nasty=False),
    "complete_qr": rule(
        call((3, 2)), call((2, 0)), call((3, 1)), call(spec((3, 2), between(1, 1.25))), still=("x",), nasty=False,
    ),
    "cholesky": rule(*SQUARE, call((0, 0)), through=of_positive, nasty=False),
    "distance": rule(call((3, 2), (2, 2)), call((2, 2, 3), (2, 1, 3)), call((3, 2), (2, 2), exact=True), complex=False),
}

SYSTEMS = (call((3, 3), (3, 2)), call((3, 3), (3,)), call((2, 2, 2), (2, 2)), call((2, 1, 2, 2), (3, 2, 1)))
ADDED = {
    "addmv": rule(call((2,), (2, 3), (3,)), call((), (2, 3), (3,), beta=2, alpha=0.5), call((2,), (2, 3), (3,), beta=0)),
    "addr": rule(call((2, 3), (2,), (3,)), call((3,), (2,), (3,), beta=2, alpha=0.5), call((), (2,), (0,), beta=0)),
    "baddbmm": rule(
        call((2, 2, 2), (2, 2, 3), (2, 3, 2)),
        call((2,), (2, 2, 3), (2, 3, 2), beta=2, alpha=0.5),
        call((1, 2, 1), (2, 2, 1), (2, 1, 2), beta=0),
    ),
    "addbmm": rule(call((2, 2), (2, 2, 3), (2, 3, 2)), call((2,), (2, 2, 3), (2, 3, 2), beta=2, alpha=0.5)),
}

PUBLIC = ADDED | {
    "vdot": rule(call((3,), (3,)), call((0,), (0,))),
    "inner": rule(call((3,), (3,)), call((2, 3), (3,)), call((2, 3), (2, 2, 3)), call((), (2,)), call((2, 0), (0,))),
    "linalg.vecdot": rule(call((3,), (3,)), call((2, 3), (3,)), call((2, 3), (2, 3), dim=0), call((0,), (0,))),
    "tensordot": rule(
        call((2, 3), (2, 3)),
        call((2, 3), (3, 2), dims=1),
        call((2, 3, 2), (3, 2, 2), dims=((1, 2), (0, 1))),
        call((2,), (3,), dims=0),
        call((2, 0), (0, 2), dims=1),
    ),
    "kron": rule(call((2, 2), (3, 2)), call((2,), (2, 3)), call((), (2,)), call((0,), (2,))),
    "linalg.multi_dot": rule(
        call([(2, 3), (3, 4), (4, 2)]), call([(3,), (3, 2), (2,)]), call([(2, 3), (3,)]), call([(2, 0), (0, 2)])
    ),
    "chain_matmul": rule(call((2, 3), (3, 1), (1, 2)), call((2, 2))),
    "linalg.diagonal": rule(call((3, 3)), call((2, 2, 3), offset=1), call((2, 3, 2), dim1=0, dim2=1)),
    "linalg.matmul": rule(call((2, 3), (3, 4)), call((3,), (3,)), call((3,), (2, 3, 2))),
    "linalg.cross": rule(call((3,), (3,)), call((2, 3), (1, 3)), call((3, 2), (3, 2), dim=0), call((0, 3), (0, 3))),
    "cross": rule(call((2, 3), (2, 3)), call((3, 3), (3, 3), dim=-1)),
    "linalg.vander": rule(call((3,)), call((2, 2), N=3)),
    "vander": rule(call((3,)), call((2,), literal(4)), call((3,), increasing=True), call((2,), literal(0))),
    "linalg.householder_product": rule(call((3, 2), (2,)), call((2, 3, 3), (2, 2)), call((3, 2), (0,))),
    # solving
    "inverse": rule(*SQUARE, through=apart, nasty=False),
    "linalg.inv": rule(*SQUARE, call((0, 0)), through=apart, nasty=False),
    "linalg.inv_ex": rule(*SQUARE, through=apart, nasty=False),
    "linalg.solve": rule(*SYSTEMS, call((3, 3), (2, 3), left=False), through=apart, nasty=False),
    "linalg.solve_ex": rule(*SYSTEMS, through=apart, nasty=False),
    "linalg.solve_triangular": rule(
        call((3, 3), (3, 2), upper=True),
        call((2, 2, 2), (2, 1), upper=False),
        call((3, 3), (2, 3), upper=True, left=False),
        call((2, 2), (2, 2), upper=False, unitriangular=True),
        through=apart,
        nasty=False,
    ),
    "triangular_solve": rule(
        call((3, 2), (3, 3)),
        call((2, 1), (2, 2), upper=False),
        call((3, 2), (3, 3), transpose=True),
        call((2, 2), (2, 2), unitriangular=True),
        through=second_apart,
        nasty=False,
    ),
    "lu": rule(*SIDES, through=apart, nasty=False, referee=False),
    "linalg.lu": rule(*SIDES, through=apart, nasty=False),
    "linalg.lu_factor": rule(*SIDES, through=apart, nasty=False),
    "linalg.lu_factor_ex": rule(*SIDES, through=apart, nasty=False),
    "lu_unpack": rule(
        call((3, 3), index((3,), 1)), call((3, 2), index((2,), 1)), call((4, 3), index((3,), 2)), call((3, 2), index((2,), 2)),
        call((2, 1), index((1,), 2)), through=of_pivots, nasty=False,
    ),
    "lu_solve": rule(call((3, 2), (3, 3), index((3,), 1)), through=of_pivots_last, nasty=False),
    "linalg.lu_solve": rule(
        call((3, 3), index((3,), 1), (3, 2)),
        call((2, 2), index((2,), 1), (2, 2, 2), adjoint=True),
        call((2, 2), index((2,), 1), (3, 2), left=False),
        through=of_pivots,
        nasty=False,
    ),
    "det": rule(*SQUARE, call((0, 0)), nasty=False),
    "slogdet": rule(*SQUARE, call((0, 0)), through=of_either_sign, nasty=False),
    "logdet": rule(*SQUARE, through=apart, nasty=False),
    "matrix_power": rule(
        call((3, 3), literal(3)),
        call((2, 2, 2), literal(-2)),
        call((2, 2), literal(1)),
        call((2, 2), literal(0)),
        through=apart,
        nasty=False,
    ),
    "matrix_exp": rule(*SQUARE, call((0, 0)), nasty=False),
    # factors
    "linalg.eigh": rule(*SQUARE, call((2, 2), literal("U")), through=of_hermitian_vectors, nasty=False),
    "linalg.eigvalsh": rule(*SQUARE, through=of_positive, nasty=False),
    "linalg.eig": rule(*SQUARE, through=of_vectors, nasty=False),
    "linalg.eigvals": rule(*SQUARE, through=mixed, nasty=False),
    "linalg.svd": rule(*SIDES, call((3, 2), full_matrices=False), through=of_svd, nasty=False),
    "linalg.svdvals": rule(*SIDES, through=apart, nasty=False),
    "svd": rule(*SIDES, call((3, 2), some=False), through=of_old_svd, nasty=False),
    "svd_lowrank": rule(call((3, 2)), call((2, 3), niter=1), through=of_low_rank, nasty=False),
    "pca_lowrank": rule(call((3, 2), center=False), call((4, 2)), through=of_low_rank, nasty=False),
    "linalg.qr": rule(*TALL, call((2, 3)), through=pushed, nasty=False),
    "qr": rule(
        call((3, 2), some=False), call((3, 1), some=False), call(spec((3, 2), between(1, 1.25)), some=False), call((2, 2), some=False),
        still=("input",), nasty=False,
    ),
    "linalg.cholesky": rule(*SQUARE, call((2, 2), upper=True), through=of_positive, nasty=False),
    "linalg.cholesky_ex": rule(*SQUARE, through=of_positive, nasty=False),
    "cholesky": rule(*SQUARE, call((2, 2), upper=True), through=of_positive, nasty=False),
    "cholesky_solve": rule(call((3, 2), (3, 3)), call((2, 1), (2, 2), upper=True), through=of_factor_last, nasty=False),
    "cholesky_inverse": rule(call((3, 3)), call((2, 2), upper=True), through=of_factor, nasty=False),
    "linalg.matrix_rank": rule(
        call((3, 3)), call((2, 3, 2)), call((2, 2), hermitian=True), through=apart, nasty=False, smooth=False
    ),
    "linalg.pinv": rule(*SIDES, through=apart, nasty=False),
    "pinverse": rule(*SIDES, through=apart, nasty=False),
    "linalg.lstsq": rule(call((3, 2), (3, 2)), call((2, 3), (2, 1)), call((2, 2), (2, 2)), through=apart, nasty=False),
    "linalg.cond": rule(
        call((3, 3)),
        call((3, 2), literal(-2)),
        call((3, 3), literal("fro")),
        call((2, 2), literal(1)),
        through=apart,
        searched=False,  # a singular matrix has none
        nasty=False,
    ),
    # norms and distances
    "linalg.vector_norm": rule(
        call((3,)),
        call((2, 3), literal(3), dim=1),
        call((2, 3), literal(1), keepdim=True),
        call((2, 3), literal(np.inf), dim=0),
        x=NONZERO,
        distinct=True,
    ),
    "linalg.norm": rule(
        call((2, 3)),
        call((3,), literal(3)),
        call((2, 3), literal("nuc")),
        call((2, 3), literal(2), dim=1),
        through=of_rectangle,
        searched=False,  # zeros are a kink
        nasty=False,
    ),
    "linalg.matrix_norm": rule(
        call((2, 3)),
        call((3, 2), literal("nuc")),
        call((2, 2, 3), literal(2), keepdim=True),
        call((3, 3), literal(-2)),
        call((3, 2), literal(1)),
        call((2, 3, 2), literal(-np.inf), literal((0, 1))),
        call((3, 3), literal(-1), keepdim=True),
        through=of_rectangle,
        searched=False,  # zeros are a kink
        nasty=False,
    ),
    "cdist": rule(
        call((3, 2), (2, 2)),
        call((2, 2, 3), (1, 3, 3)),
        call((3, 2), (2, 2), p=1.0),
        call((3, 2), (2, 2), p=3.0),
        call((2, 2), (2, 2), p=np.inf),
        call((0, 2), (2, 2)),
        call((2, 0), (3, 0)),
        call((2, 2), (2, 2), compute_mode="use_mm_for_euclid_dist"),
        complex=False,
    ),
    "pdist": rule(
        call((3, 2)), call((4, 2), literal(3.0)), call((3, 2), literal(1.0)), call((1, 2)), complex=False, distinct=True
    ),
    "linalg.tensorinv": rule(call((2, 2, 4)), call((3, 3), ind=1), through=as_square, nasty=False),
    "linalg.tensorsolve": rule(call((2, 2, 4), (2, 2)), call((2, 2), (2,)), through=as_square, nasty=False),
}
