"""The negative binomial distribution. https://docs.pytorch.org/docs/stable/distributions.html#negativebinomial"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import create
from .._tensor import Tensor
from ..graph.modes import no_grad
from ..nn import functional as F
from . import constraints
from .bernoulli import ByOdds
from .gamma import Gamma
from .utils import broadcast_all

__all__ = ["NegativeBinomial"]


class NegativeBinomial(ByOdds):
    """The number of successes, of probability `probs`, before `total_count` failures; the count may be any number >= 0."""

    arg_constraints = {"total_count": constraints.greater_than_eq(0), "probs": constraints.half_open_interval(0.0, 1.0),
                       "logits": constraints.real}  # fmt: skip
    support = constraints.nonnegative_integer
    _names = ("total_count", "probs", "logits")
    total_count: Tensor

    def __init__(self, total_count: Any, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        if (given := logits if probs is None else probs) is not None:
            counts, like = broadcast_all(total_count, given)
            total_count = counts.type_as(like)
        self._set_odds(probs, logits, validate_args, total_count=total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            rates = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
            return create.poisson(rates.sample(sample_shape))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        odds = self.total_count * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        total = self.total_count + value
        ways = total.lgamma() - (1.0 + value).lgamma() - self.total_count.lgamma()
        return odds + ways.masked_fill(total == 0.0, 0.0)
