"""The generalised Pareto distribution. https://docs.pytorch.org/docs/stable/distributions.html#generalizedpareto"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import create_random
from .._tensor import Tensor
from ..compose.choosing import where
from . import constraints
from .distribution import Parametrised

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Parametrised):
    """The distribution above `loc` of survival function (1 + concentration (x - loc) / scale)^(-1 / concentration).

    A concentration of 0 makes it exponential, one below 0 bounds it from above.
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True
    _names = ("loc", "scale", "concentration")
    loc: Tensor
    scale: Tensor
    concentration: Tensor

    def __init__(self, loc: Tensor | float, scale: Tensor | float, concentration: Tensor | float,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._set_parameters(validate_args, loc=loc, scale=scale, concentration=concentration)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        upper = where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, upper)

    def _exponential(self) -> tuple[Any, Any]:
        """Where the concentration is 0, and the concentration with a 1 there."""
        zero = self.concentration.isclose(self.concentration.new_zeros(self.concentration.shape))
        return zero, where(zero, self.concentration.new_ones(self.concentration.shape), self.concentration)

    def _bounded(self, below: float, other: float) -> tuple[Any, Any]:
        """Where a moment exists, and the concentration with a harmless number elsewhere."""
        valid = self.concentration < below
        return valid, where(valid, self.concentration, other)

    @property
    def mean(self) -> Tensor:
        valid, concentration = self._bounded(1, 0.5)
        return where(valid, self.loc + self.scale / (1 - concentration), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        valid, concentration = self._bounded(0.5, 0.25)
        return where(valid, self.scale**2 / ((1 - concentration) ** 2 * (1 - 2 * concentration)), math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(create_random.rand(tuple(shape), dtype=self.loc.dtype, device=self.loc.device))

    def _z(self, value: Any) -> Any:
        return (value - self.loc) / self.scale

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, concentration = self._exponential()
        y = 1 / concentration + z.new_ones(z.shape)
        tail = where(y == 0, y, y * (concentration * z).log1p())
        return -self.scale.log() - where(zero, z, tail)

    def log_survival_function(self, value: Any) -> Tensor:
        """The logarithm of the probability of a sample above `value`."""
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, concentration = self._exponential()
        return where(zero, -z, -(concentration * z).log1p() / concentration)

    def log_cdf(self, value: Any) -> Tensor:
        """The logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Any) -> Tensor:
        zero, concentration = self._exponential()
        survival = (-value).log1p()
        tail = self.loc + self.scale / concentration * (-concentration * survival).expm1()
        return where(zero, self.loc - self.scale * survival, tail)

    def entropy(self) -> Tensor:
        return (self.scale.log() + self.concentration + 1).expand(self._batch_shape)
