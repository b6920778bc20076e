"""Divergences from and to the continuous Bernoulli distribution."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from typing import Any

from .beta import Beta
from .continuous_bernoulli import ContinuousBernoulli
from .exponential import Exponential
from .gamma import Gamma
from .gumbel import Gumbel
from .kl import register_kl
from .kl_cross import infinite
from .laplace import Laplace
from .normal import Normal
from .pareto import Pareto
from .uniform import Uniform

register_kl(ContinuousBernoulli, Pareto)(infinite("probs"))
for _p, _attribute in ((Exponential, "rate"), (Gamma, "concentration"), (Gumbel, "loc"), (Laplace, "loc"), (Normal, "loc"),
                       (Pareto, "scale")):  # fmt: skip
    register_kl(_p, ContinuousBernoulli)(infinite(_attribute))


def _to(p: Any, q: Any) -> Any:
    """For p inside [0, 1]."""
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


register_kl(Beta, ContinuousBernoulli)(_to)


@register_kl(Uniform, ContinuousBernoulli)
def _from_uniform(p: Any, q: Any) -> Any:
    return _to(p, q).masked_fill((p.high >= 1.0) | (p.low <= 0.0), math.inf)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _both(p: Any, q: Any) -> Any:
    first = p.mean * (p.logits - q.logits)
    return first + (p._cont_bern_log_norm() + (-p.probs).log1p()) + (-q._cont_bern_log_norm() - (-q.probs).log1p())


@register_kl(ContinuousBernoulli, Exponential)
def _to_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _to_normal(p: Any, q: Any) -> Any:
    constant = 0.5 * (math.log(2.0 * math.pi) + (q.loc / q.scale).square()) + q.scale.log()
    return -p.entropy() + constant + (p.variance + p.mean.square() - 2.0 * q.loc * p.mean) / (2.0 * q.scale.square())


@register_kl(ContinuousBernoulli, Uniform)
def _to_uniform(p: Any, q: Any) -> Any:
    found = -p.entropy() + (q.high - q.low).log()
    return found.masked_fill((q.low >= 0.0) | (q.high <= 1.0), math.inf)
