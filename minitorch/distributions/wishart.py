"""The Wishart distribution of positive definite matrices.

https://docs.pytorch.org/docs/stable/distributions.html#wishart
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from .. import create
from .._tensor import Tensor
from ..compose.arrangement import diag_embed
from ..linalg import cholesky, slogdet
from ..settings import broadcast_shapes, finfo
from ..size import Size
from ..special import multigammaln
from . import constraints
from .chi2 import Chi2
from .exp_family import ExponentialFamily
from .multivariate_normal import _FORMS, _from_precision
from .utils import lazy_property, standard_normal, vec_to_tril_matrix

__all__ = ["Wishart"]

_LOG_2 = math.log(2)


def _digamma_of_dimension(x: Any, p: int) -> Any:
    """The derivative of multigammaln(x, p) by x."""
    return (x.unsqueeze(-1) - create.arange(p, dtype=x.dtype, device=x.device).div(2).expand((*x.shape, -1))).digamma().sum(-1)


class Wishart(ExponentialFamily):
    """The distribution of X X^T for `df` columns of X, each normal with the covariance given, in one of three forms.

    Args:
        df: degrees of freedom, above p - 1 for matrices of p x p.
        covariance_matrix: the positive definite covariance matrix (*, p, p).
        precision_matrix: its inverse.
        scale_tril: its lower Cholesky factor; computed from the others where they are given.

    Raises:
        AssertionError: for none or several of the matrices.
        ValueError: for too few dimensions or degrees of freedom.

    Source: Odell and Feiveson, https://doi.org/10.1080/01621459.1966.10502018
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure: Any = 0

    @property
    def arg_constraints(self) -> Any:
        """Those of the matrices, and of df, whose bound is a matter of the size."""
        return {"covariance_matrix": constraints.positive_definite, "precision_matrix": constraints.positive_definite,
                "scale_tril": constraints.lower_cholesky,
                "df": constraints.greater_than(self.event_shape[-1] - 1)}  # fmt: skip

    def __init__(self, df: Tensor | float, covariance_matrix: Tensor | None = None, precision_matrix: Tensor | None = None,
                 scale_tril: Tensor | None = None, validate_args: bool | None = None) -> None:  # fmt: skip
        given = {name: matrix for name, matrix in zip(_FORMS, (covariance_matrix, precision_matrix, scale_tril))
                 if matrix is not None}  # fmt: skip
        if len(given) != 1:
            raise AssertionError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape: Any = matrix.shape[:-2]
        if isinstance(df, Tensor):
            batch_shape = broadcast_shapes(batch_shape, df.shape)
            self.df: Tensor = df.expand(batch_shape)
        else:
            self.df = create.tensor(df, dtype=matrix.dtype, device=matrix.device)
        event_shape = matrix.shape[-2:]
        if self.df.le(event_shape[-1] - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {event_shape[-1] - 1}.")
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        if self.df.lt(event_shape[-1]).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.", stacklevel=2
            )
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        factors = {"scale_tril": lambda m: m, "covariance_matrix": cholesky, "precision_matrix": _from_precision}
        self._unbroadcasted_scale_tril: Any = factors[name](matrix)
        self._dist_chi2 = self._of_diagonal()

    def _of_diagonal(self) -> Chi2:
        """The squares of Bartlett's diagonal: each place has one degree of freedom less than the one before."""
        factor, batch = self._unbroadcasted_scale_tril, self._batch_shape
        places = create.arange(self._event_shape[-1], dtype=factor.dtype, device=factor.device)
        return Chi2(self.df.unsqueeze(-1) - places.expand((*batch, -1)))

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        new = self._get_checked_instance(Wishart, _instance)
        shape = (*batch_shape, *self.event_shape)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril.expand(shape)
        new.df = self.df.expand(tuple(batch_shape))
        for name in _FORMS:
            if name in self.__dict__:
                setattr(new, name, self.__dict__[name].expand(shape))
        self._finish_expansion(new, batch_shape)
        new._dist_chi2 = new._of_diagonal()
        return new

    def _broadcast(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *self._event_shape))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower Cholesky factor of the covariance."""
        return self._broadcast(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance matrix."""
        return self._broadcast(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        factor = self._unbroadcasted_scale_tril
        unit = create.eye(self._event_shape[-1], dtype=factor.dtype, device=factor.device)
        return self._broadcast(unit.cholesky_solve(factor))

    def _over_matrices(self, numbers: Any) -> Any:
        return numbers.view((*self._batch_shape, 1, 1))

    @property
    def mean(self) -> Tensor:
        return self._over_matrices(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        return self._over_matrices(factor.masked_fill(factor <= 0, math.nan)) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        matrix = self.covariance_matrix
        diagonal = matrix.diagonal(dim1=-2, dim2=-1)
        return self._over_matrices(self.df) * (matrix.pow(2) + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))

    def _bartlett(self, sample_shape: Sequence[int]) -> Any:
        """A draw by Bartlett's decomposition: chi on the diagonal, normal below it."""
        p = self._event_shape[-1]
        root = self._dist_chi2.rsample(sample_shape).sqrt()
        diagonal = diag_embed(root.clamp(min=finfo(root.dtype).eps))
        below = standard_normal((*sample_shape, *self._batch_shape, p * (p - 1) // 2), root)
        factor = self._unbroadcasted_scale_tril @ (diagonal + vec_to_tril_matrix(below, diag=-1))
        return factor @ factor.mT

    def _of_draws(self, checks: Any) -> Any:
        return checks.amax([-(place + 1) for place in range(len(self._batch_shape))]) if self._batch_shape else checks

    def rsample(self, sample_shape: Sequence[int] = (), max_try_correction: int | None = None) -> Tensor:
        """Draws of shape `sample_shape + batch_shape + (p, p)`; PyTorch's: it draws again what is positive definite at first,
        and warns that a sample is singular."""
        tries = 10 if max_try_correction is None else max_try_correction
        sample = self._bartlett(Size(sample_shape))
        again = self._of_draws(self.support.check(sample))
        if again.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(tries):
                fresh = self._bartlett(again[again].shape)
                sample[again] = fresh
                before, again = again, again.clone()  # the tape keeps the one it has written by
                again[before] = self._of_draws(~self.support.check(fresh))
                if not again.any():
                    break
        return sample

    @property
    def _half_log_det(self) -> Any:
        p = self._event_shape[-1]
        return p * _LOG_2 / 2 + self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        nu, p = self.df, self._event_shape[-1]
        trace = value.cholesky_solve(self._unbroadcasted_scale_tril).diagonal(dim1=-2, dim2=-1).sum(dim=-1)
        return (-nu * self._half_log_det - multigammaln(nu / 2, p) + (nu - p - 1) / 2 * slogdet(value).logabsdet
                - trace / 2)  # fmt: skip

    def entropy(self) -> Tensor:
        nu, p = self.df, self._event_shape[-1]
        return ((p + 1) * self._half_log_det + multigammaln(nu / 2, p) - (nu - p - 1) / 2 * _digamma_of_dimension(nu / 2, p)
                + nu * p / 2)  # fmt: skip

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, *natural_params: Any) -> Any:
        x, y = natural_params
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (-slogdet(-2 * x).logabsdet + _LOG_2 * p) + multigammaln(half, p)
