"""Divergences between normal distributions of which one or both have a covariance of low rank plus a diagonal."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import Any

from ..compose.arrangement import diag_embed
from ..compose.solvers import solve_triangular
from ..settings import broadcast_shapes
from .kl import register_kl
from .lowrank_multivariate_normal import LowRankMultivariateNormal, low_rank_distance
from .multivariate_normal import MultivariateNormal, squared_distance


def _need_one_size(p: Any, q: Any, what: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(f"KL-divergence between two {what} with different event shapes cannot be computed")


def _squares(matrix: Any) -> Any:
    """The trace of M M^T."""
    return matrix.pow(2).sum((-2, -1))


def _within(q: Any) -> Any:
    """The matrix A for which the inverse of q's covariance is D^-1 - A^T A."""
    inner = q._unbroadcasted_cov_factor.mT / q._unbroadcasted_cov_diag.unsqueeze(-2)
    return solve_triangular(q._capacitance_tril, inner, upper=False)


def _distance(p: Any, q: Any) -> Any:
    return low_rank_distance(q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag, q.loc - p.loc, q._capacitance_tril)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _both(p: Any, q: Any) -> Any:
    _need_one_size(p, q, "Low Rank Multivariate Normals")
    factor, diagonal, within = p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag, _within(q)
    trace = ((diagonal / q._unbroadcasted_cov_diag).sum(-1)
             + _squares(factor * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1))
             - _squares(within * diagonal.sqrt().unsqueeze(-2)) - _squares(within.matmul(factor)))  # fmt: skip
    return 0.5 * (q._log_det() - p._log_det() + trace + _distance(p, q) - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _from_full(p: Any, q: Any) -> Any:
    _need_one_size(p, q, "(Low Rank) Multivariate Normals")
    factor = p._unbroadcasted_scale_tril
    trace = _squares(factor * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1)) - _squares(_within(q).matmul(factor))
    return 0.5 * (q._log_det() - 2 * p.half_log_det + trace + _distance(p, q) - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _to_full(p: Any, q: Any) -> Any:
    _need_one_size(p, q, "(Low Rank) Multivariate Normals")
    n, factor, theirs = p.event_shape[0], p._unbroadcasted_cov_factor, q._unbroadcasted_scale_tril
    batch = broadcast_shapes(theirs.shape[:-2], factor.shape[:-2])
    theirs = theirs.expand((*batch, n, n))
    root = diag_embed(p._unbroadcasted_cov_diag.sqrt()).expand((*batch, n, n))
    trace = sum(
        _squares(solve_triangular(theirs, part, upper=False)) for part in (factor.expand((*batch, n, factor.shape[-1])), root)
    )
    distance = squared_distance(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return 0.5 * (2 * q.half_log_det - p._log_det() + trace + distance - n)
