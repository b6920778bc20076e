"""ExponentialFamily: entropy from the log normaliser, by Bregman divergence.

https://docs.pytorch.org/docs/stable/distributions.html#exponentialfamily
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..autograd.gradients import grad
from .distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Densities exp(<t(x), theta> - F(theta) + k(x)); a subclass that gives theta, F and the mean of k has an entropy.

    Source: https://www.hec.ca/en/cms/cams/nielsen-nock.pdf
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> float:
        raise NotImplementedError

    def entropy(self) -> Tensor:
        result: Any = -self._mean_carrier_measure
        params = [param.detach().requires_grad_() for param in self._natural_params]
        normalizer = self._log_normalizer(*params)
        gradients = grad(normalizer.sum(), params, create_graph=True)
        result = result + normalizer
        for param, gradient in zip(params, gradients):
            result = result - (param * gradient).reshape((*self._batch_shape, -1)).sum(-1)
        return result
