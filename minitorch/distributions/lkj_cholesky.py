"""The LKJ distribution of correlation matrices, by their Cholesky factors.

https://docs.pytorch.org/docs/stable/distributions.html#lkjcholesky
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import create
from .._tensor import Tensor
from ..compose.arrangement import diag_embed
from ..compose.shapes import cat
from ..graph.modes import no_grad
from ..settings import finfo
from ..size import Size
from ..special import multigammaln
from . import constraints
from .beta import Beta
from .distribution import Distribution
from .utils import broadcast_all, standard_normal

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """The distribution of lower Cholesky factors L for which det(L L^T)^(concentration - 1) is the density of L L^T.

    Args:
        dim: size of the matrices, at least 2.
        concentration: 1 for a uniform distribution of the correlation matrices; above, they are nearer to I.

    Raises:
        ValueError: for a size below 2.

    Source: Lewandowski, Kurowicka and Joe, https://doi.org/10.1016/j.jmva.2009.04.008
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Tensor | float = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        marginal = self.concentration + 0.5 * (dim - 2)
        offset = create.arange(dim - 1, dtype=marginal.dtype, device=marginal.device)
        offset = cat([offset.new_zeros((1,)), offset])
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        new = self._get_checked_instance(LKJCholesky, _instance)
        new.dim = self.dim
        new.concentration = self.concentration.expand(tuple(batch_shape))
        new._beta = self._beta.expand((*batch_shape, self.dim))
        return self._finish_expansion(new, batch_shape)

    @no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        y = self._beta.sample(sample_shape).unsqueeze(-1)
        normal = standard_normal(self._extended_shape(sample_shape), y).tril(-1)
        sphere = normal / normal.norm(dim=-1, keepdim=True)
        sphere[..., 0, :] = 0.0  # 0 / 0
        w = y.sqrt() * sphere
        return w + diag_embed((1 - (w**2).sum(-1)).clamp(min=finfo(w.dtype).tiny).sqrt())

    def log_prob(self, value: Any) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = create.arange(2, self.dim + 1, device=self.concentration.device)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - order
        rest = self.dim - 1
        alpha = self.concentration + 0.5 * rest
        normalizer = 0.5 * rest * math.log(math.pi) + multigammaln(alpha - 0.5, rest) - alpha.lgamma() * rest
        return (order * diagonal.log()).sum(-1) - normalizer
