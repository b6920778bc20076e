"""Rows of table.py for products and factors of matrices.

Most decompositions are taken of matrices that are kept away from where they have no derivative: symmetric, with separate
eigenvalues or singular values, by a `through`; of factors that are unique up to a phase only, what does not depend on it
is differentiated.
"""

import numpy as np

import minitorch as mt

from .operands import NONZERO, between, call, index, literal, rule, spec


def constant(like, array):
    """A constant for an expression that runs on minitorch and on PyTorch."""
    if isinstance(like, mt.Tensor):
        return mt.Tensor._wrap(np.asarray(array, dtype=like._data.real.dtype)).to(like.device)
    import torch

    return torch.from_numpy(np.asarray(array))


def ladder(rows, columns, step=8.0):
    """Large numbers, all different, on the diagonal."""
    return np.eye(rows, columns) * (min(rows, columns) + np.arange(columns)) * step


def apart(f, x, *args, **params):
    """f of a matrix with separate eigenvalues and singular values."""
    return f(x * 0.25 + constant(x, ladder(*x.shape[-2:])), *args, **params)


def hermitian(x, step=8.0):
    """A positive-definite matrix with separate eigenvalues."""
    return (x + x.transpose(-2, -1).conj()) * 0.125 + constant(x, ladder(*x.shape[-2:], step))


def of_positive(f, x, *args, **params):
    """f of a Hermitian positive-definite matrix."""
    return f(hermitian(x), *args, **params)


def sizes(z):
    """What of columns of vectors does not depend on their phase, nor on their sign."""
    return (z * z.conj()).real


def of_vectors(f, x, *args, **params):
    """Values, and the sizes of vectors' elements."""
    values, vectors = apart(f, x, *args, **params)
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


def second_apart(f, y, x, *args, **params):
    """The coefficients come second."""
    return f(y, x * 0.25 + constant(x, ladder(*x.shape[-2:])), *args, **params)


SQUARE = (call((3, 3)), call((2, 2, 2)), call((1, 1)))
TALL = (call((3, 2)), call((2, 2, 2)), call((1, 1)), call((2, 4, 3)))
SIDES = (call((3, 3)), call((2, 3, 2)), call((2, 3)), call((1, 1)))

OPS = {
    "inverse": rule(*SQUARE, call((0, 0)), through=apart, nasty=False),
    "solve": rule(call((3, 3), (3, 2)), call((2, 1, 2, 2), (3, 2, 1)), call((2, 2), (2, 0)), through=apart, nasty=False),
    "substitute": rule(
        call((3, 3), (3, 2), upper=True, unit=False), call((2, 2, 2), (2, 1), upper=False, unit=False),
        call((3, 3), (2, 3, 2), upper=True, unit=True), call((2, 2), (2, 2), upper=False, unit=True), through=apart, nasty=False,
    ),
    "lu": rule(*SIDES, call((0, 2)), through=apart, nasty=False),
    "row_order": rule(call(index((2,), 2), rows=3), complex=False, through=lambda f, x, **params: f((x + 1).to(mt.int32), **params), nasty=False),
    "det": rule(*SQUARE, call((0, 0)), nasty=False),
    "cofactor": rule(*SQUARE, through=apart, nasty=False),
    "cofactor_slope": rule(call((3, 3), (3, 3)), call((2, 2, 2), (2, 2, 2)), call((1, 1), (1, 1)), through=apart, nasty=False),
    "slogdet": rule(*SQUARE, call((0, 0)), through=apart, nasty=False),
    "pinv": rule(
        call((3, 3), literal(0.0), literal(1e-12)), call((2, 3, 2), literal(0.0), literal(1e-12)), call((2, 3), literal(1e-9), literal(0.0)),
        through=apart, nasty=False,
    ),
    "matrix_exp": rule(*SQUARE, call((0, 0)), nasty=False),
    "eig": rule(*SQUARE, through=of_vectors, nasty=False),
    "svd": rule(*SIDES, call((3, 2), complete=True), call((2, 3), complete=True), through=of_svd, nasty=False),
    "qr": rule(*TALL, call((0, 0)), through=apart, nasty=False),
    "complete_qr": rule(call((3, 2)), call((2, 0)), smooth=False, nasty=False),
    "cholesky": rule(*SQUARE, call((0, 0)), through=of_positive, nasty=False),
}  # fmt: skip

PUBLIC = {}
