"""The half-Cauchy distribution. https://docs.pytorch.org/docs/stable/distributions.html#halfcauchy"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math

from .. import create
from .._tensor import Tensor
from .cauchy import Cauchy
from .half_normal import Folded
from .transforms import AbsTransform

__all__ = ["HalfCauchy"]


class HalfCauchy(Folded):
    """The distribution of |x| for a Cauchy x of median 0 and half width `scale`."""

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return create.full_like(self.scale, math.inf)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance
