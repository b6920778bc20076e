"""The multivariate normal distribution whose covariance is a matrix of low rank plus a diagonal.

https://docs.pytorch.org/docs/stable/distributions.html#lowrankmultivariatenormal
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import create
from .._tensor import Tensor
from ..compose.arrangement import broadcast_tensors, diag_embed
from ..compose.solvers import solve_triangular
from ..linalg import cholesky
from . import constraints
from .distribution import Distribution
from .multivariate_normal import squared_distance
from .utils import lazy_property, standard_normal

__all__ = ["LowRankMultivariateNormal"]


def _factor_of_one_plus(matrix: Any) -> Any:
    """The Cholesky factor of I + matrix."""
    return cholesky(matrix + create.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device))


def log_determinant(diagonal: Any, capacitance: Any) -> Any:
    """log |W W^T + D|, from the factor of I + W^T D^-1 W: the matrix determinant lemma."""
    return 2 * capacitance.diagonal(dim1=-2, dim2=-1).log().sum(-1) + diagonal.log().sum(-1)


def low_rank_distance(factor: Any, diagonal: Any, x: Any, capacitance: Any) -> Any:
    """x^T (W W^T + D)^-1 x, from the factor of I + W^T D^-1 W: Woodbury's identity."""
    inner = (factor.mT / diagonal.unsqueeze(-2)).matmul(x.unsqueeze(-1)).squeeze(-1)
    return (x.pow(2) / diagonal).sum(-1) - squared_distance(capacitance, inner)


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors (*, n) of covariance W W^T + D; nothing of size n x n is factorised.

    Args:
        loc: the mean (*, n).
        cov_factor: W, matrices (*, n, rank).
        cov_diag: the diagonal of D, positive, (*, n).

    Raises:
        ValueError: for shapes that do not fit.
    """

    arg_constraints = {"loc": constraints.real_vector, "cov_factor": constraints.independent(constraints.real, 2),
                       "cov_diag": constraints.independent(constraints.positive, 1)}  # fmt: skip
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError("cov_factor must be at least two-dimensional, with optional leading batch dimensions")
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m")
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            wide, self.cov_factor, diagonal = broadcast_tensors(loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1))
        except RuntimeError as error:
            raise ValueError(f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, cov_diag "
                             f"{cov_diag.shape}") from error  # fmt: skip
        self.loc: Tensor = wide[..., 0]
        self.cov_diag: Tensor = diagonal[..., 0]
        self._unbroadcasted_cov_factor: Any = cov_factor
        self._unbroadcasted_cov_diag: Any = cov_diag
        self._capacitance_tril: Any = _factor_of_one_plus((cov_factor.mT / cov_diag.unsqueeze(-2)).matmul(cov_factor))
        super().__init__(self.loc.shape[:-1], event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        new = self._get_checked_instance(LowRankMultivariateNormal, _instance)
        shape = (*batch_shape, *self.event_shape)
        new.loc, new.cov_diag = self.loc.expand(shape), self.cov_diag.expand(shape)
        new.cov_factor = self.cov_factor.expand((*shape, self.cov_factor.shape[-1]))
        for name in ("_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril"):
            setattr(new, name, getattr(self, name))
        return self._finish_expansion(new, batch_shape)

    def _broadcast(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Tensor:
        """The diagonal of the covariance."""
        spread = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return spread.expand((*self._batch_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance, by that of I + D^-1/2 W W^T D^-1/2, which is never near singular."""
        root = self._unbroadcasted_cov_diag.sqrt().unsqueeze(-1)
        scaled = self._unbroadcasted_cov_factor / root
        return self._broadcast(root * _factor_of_one_plus(scaled.matmul(scaled.mT)))

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance matrix."""
        factor = self._unbroadcasted_cov_factor
        return self._broadcast(factor.matmul(factor.mT) + diag_embed(self._unbroadcasted_cov_diag))

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        inner = self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)
        solved = solve_triangular(self._capacitance_tril, inner, upper=False)
        return self._broadcast(diag_embed(self._unbroadcasted_cov_diag.reciprocal()) - solved.mT @ solved)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        of_factor = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc)
        of_diagonal = standard_normal(shape, self.loc)
        return (self.loc + self._unbroadcasted_cov_factor.matmul(of_factor.unsqueeze(-1)).squeeze(-1)
                + self._unbroadcasted_cov_diag.sqrt() * of_diagonal)  # fmt: skip

    def _log_det(self) -> Any:
        return log_determinant(self._unbroadcasted_cov_diag, self._capacitance_tril)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = low_rank_distance(self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag, value - self.loc,
                                     self._capacitance_tril)  # fmt: skip
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + self._log_det() + distance)

    def entropy(self) -> Tensor:
        found = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det())
        return found.expand(self._batch_shape) if self._batch_shape else found
