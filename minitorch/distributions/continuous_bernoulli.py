"""The continuous Bernoulli distribution. https://docs.pytorch.org/docs/stable/distributions.html#continuousbernoulli"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import create_random
from .._tensor import Tensor
from ..compose.choosing import where
from ..nn import functional as F
from ..size import Size
from . import constraints
from .exp_family import ExponentialFamily
from .utils import all_numbers, broadcast_all, clamp_probs, lazy_property, logits_to_probs, probs_to_logits

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(ExponentialFamily):
    """The distribution on [0, 1] of density proportional to probs^x (1 - probs)^(1 - x), by `probs` or by `logits`.

    Args:
        probs: between 0 and 1; no probability of an event.
        logits: log(probs / (1 - probs)).
        lims: between these, around 1/2, a Taylor polynomial stands for quotients that are 0 / 0 there.

    Raises:
        ValueError: for both or none of probs and logits.

    Source: Loaiza-Ganem and Cunningham, https://arxiv.org/abs/1907.06845
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure: Any = 0

    def __init__(self, probs: Any = None, logits: Any = None, lims: tuple[float, float] = (0.499, 0.501),
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if probs is not None:
            (found,) = broadcast_all(probs)
            # before it is clamped, which nothing outside [0, 1] would survive
            if validate_args is not None and not self.arg_constraints["probs"].check(found).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = self._param = clamp_probs(found)
        else:
            (self.logits,) = broadcast_all(logits)
            self._param = self.logits
        self._lims = lims
        alone = all_numbers(logits if probs is None else probs)
        super().__init__(Size(()) if alone else self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        new = self._get_checked_instance(ContinuousBernoulli, _instance)
        new._lims = self._lims
        for name in ("probs", "logits"):
            if name in self.__dict__:
                setattr(new, name, self.__dict__[name].expand(tuple(batch_shape)))
                new._param = getattr(new, name)
        return self._finish_expansion(new, batch_shape)

    @lazy_property
    def logits(self) -> Tensor:
        """log(probs / (1 - probs))."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Tensor:
        """The base of the density."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        return self._param.size()

    # ---- the quotients, and what stands for them around 1/2 --------------------------------------------------------
    def _outside(self) -> Any:
        """Where probs is outside the limits."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _cut_probs(self) -> Any:
        """probs, moved to the lower limit where a polynomial is taken."""
        return where(self._outside(), self.probs, self._lims[0] * self.probs.new_ones(self.probs.shape))

    def _cont_bern_log_norm(self) -> Any:
        """The logarithm of the normalising constant."""
        cut = self._cut_probs()
        below, above = where(cut <= 0.5, cut, 0.0), where(cut >= 0.5, cut, 1.0)
        quotient = ((-cut).log1p() - cut.log()).abs().log() - where(
            cut <= 0.5, (-2.0 * below).log1p(), (2.0 * above - 1.0).log())  # fmt: skip
        x = (self.probs - 0.5).pow(2)
        return where(self._outside(), quotient, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Tensor:
        cut, x = self._cut_probs(), self.probs - 0.5
        quotient = cut / (2.0 * cut - 1.0) + 1.0 / ((-cut).log1p() - cut.log())
        return where(self._outside(), quotient, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x)

    @property
    def variance(self) -> Tensor:
        cut, x = self._cut_probs(), (self.probs - 0.5).pow(2)
        quotient = cut * (cut - 1.0) / (1.0 - 2.0 * cut).pow(2) + 1.0 / ((-cut).log1p() - cut.log()).pow(2)
        return where(self._outside(), quotient, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    # ---- draws and values ------------------------------------------------------------------------------------------
    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(create_random.rand(tuple(shape), dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none") + self._cont_bern_log_norm()

    def cdf(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        cut = self._cut_probs()
        quotient = (cut**value * (1.0 - cut) ** (1.0 - value) + cut - 1.0) / (2.0 * cut - 1.0)
        inside = where(self._outside(), quotient, value)
        zeros, ones = value.new_zeros(value.shape), value.new_ones(value.shape)
        return where(value <= 0.0, zeros, where(value >= 1.0, ones, inside))

    def icdf(self, value: Any) -> Tensor:
        cut = self._cut_probs()
        rest = (-cut).log1p()
        quotient = ((-cut + value * (2.0 * cut - 1.0)).log1p() - rest) / (cut.log() - rest)
        return where(self._outside(), quotient, value)

    def entropy(self) -> Tensor:
        zeros, ones = (-self.probs).log1p(), self.probs.log()
        return self.mean * (zeros - ones) - self._cont_bern_log_norm() - zeros

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, *natural_params: Any) -> Any:
        (x,) = natural_params
        outside = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = where(outside, x, (self._lims[0] - 0.5) * x.new_ones(x.shape))
        quotient = cut.expm1().abs().log() - cut.abs().log()
        return where(outside, quotient, 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0)
