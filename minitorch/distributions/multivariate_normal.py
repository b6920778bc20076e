"""The multivariate normal distribution.

https://docs.pytorch.org/docs/stable/distributions.html#multivariatenormal
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import create
from .._tensor import Tensor
from ..compose.solvers import solve_triangular
from ..linalg import cholesky
from ..settings import broadcast_shapes
from . import constraints
from .distribution import Distribution
from .utils import lazy_property, standard_normal

__all__ = ["MultivariateNormal"]

_FORMS = ("covariance_matrix", "precision_matrix", "scale_tril")


def squared_distance(scale_tril: Any, difference: Any) -> Any:
    """x^T (L L^T)^-1 x over batches: matrices (*, n, n) against vectors (*, n), the vectors' batch the larger one."""
    n = difference.size(-1)
    outer = difference.dim() - 1 - (scale_tril.dim() - 2)
    # Vectors that share a matrix become the columns of one system: each batch size splits into (repeats, matrix's size).
    both = zip(difference.shape[outer:-1], scale_tril.shape[:-2])
    split = [size for vectors, matrices in both for size in (vectors // matrices, matrices)]
    pairs = len(split) // 2
    repeats, own = [outer + 2 * i for i in range(pairs)], [outer + 2 * i + 1 for i in range(pairs)]
    order = [*own, outer + 2 * pairs, *range(outer), *repeats]
    spread = difference.reshape((*difference.shape[:outer], *split, n)).permute(order)
    columns = spread.reshape((*spread.shape[: pairs + 1], -1))
    solved = solve_triangular(scale_tril, columns, upper=False).pow(2).sum(-2)
    solved = solved.reshape((*spread.shape[:pairs], *spread.shape[pairs + 1 :]))
    back = [*range(pairs, pairs + outer), *(axis for i in range(pairs) for axis in (pairs + outer + i, i))]
    return solved.permute(back).reshape(difference.shape[:-1])


def _from_precision(matrix: Any) -> Any:
    """The Cholesky factor of the inverse: that of the matrix read backwards, inverted.

    Source: https://nbviewer.org/gist/fehiepsi/5ef8e09e61604f10607380467eb82006
    """
    factor = cholesky(matrix.flip((-2, -1))).flip((-2, -1)).mT
    unit = create.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    return solve_triangular(factor, unit, upper=False)


class MultivariateNormal(Distribution):
    """The normal distribution of vectors (*, n) of mean `loc`, with one of three matrices (*, n, n).

    Args:
        loc: the mean.
        covariance_matrix: the positive definite covariance matrix.
        precision_matrix: its inverse.
        scale_tril: its lower Cholesky factor; computed from the others where they are given.

    Raises:
        ValueError: for none or several of the matrices, or too few dimensions.
    """

    arg_constraints = {"loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
                       "precision_matrix": constraints.positive_definite,
                       "scale_tril": constraints.lower_cholesky}  # fmt: skip
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, covariance_matrix: Tensor | None = None, precision_matrix: Tensor | None = None,
                 scale_tril: Tensor | None = None, validate_args: bool | None = None) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {name: matrix for name, matrix in zip(_FORMS, (covariance_matrix, precision_matrix, scale_tril))
                 if matrix is not None}  # fmt: skip
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(f"{what} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        self.loc: Tensor = loc.expand((*batch_shape, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        factors = {"scale_tril": lambda m: m, "covariance_matrix": cholesky, "precision_matrix": _from_precision}
        self._unbroadcasted_scale_tril: Any = factors[name](matrix)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        new = self._get_checked_instance(MultivariateNormal, _instance)
        new.loc = self.loc.expand((*batch_shape, *self.event_shape))
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        for name in _FORMS:
            if name in self.__dict__:
                setattr(new, name, self.__dict__[name].expand((*batch_shape, *self.event_shape, *self.event_shape)))
        return self._finish_expansion(new, batch_shape)

    def _broadcast(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._broadcast(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance matrix."""
        factor = self._unbroadcasted_scale_tril
        return self._broadcast(factor.matmul(factor.mT))

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        return self._broadcast(self._unbroadcasted_scale_tril.cholesky_inverse())

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        spread = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return spread.expand((*self._batch_shape, *self._event_shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        eps = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + self._unbroadcasted_scale_tril.matmul(eps.unsqueeze(-1)).squeeze(-1)

    @property
    def half_log_det(self) -> Any:
        """Half the logarithm of the determinant of the covariance."""
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = squared_distance(self._unbroadcasted_scale_tril, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - self.half_log_det

    def entropy(self) -> Tensor:
        found = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self.half_log_det
        return found.expand(self._batch_shape) if self._batch_shape else found
