"""Dropout layers: in training, zero some of the input and scale up the rest; in evaluation, do nothing.

Dropout draws per element, Dropout1d to 3d and FeatureAlphaDropout per channel; the alpha kinds keep mean and variance
of a SELU network. https://docs.pytorch.org/docs/stable/nn.html#dropout-layers
"""

from __future__ import annotations

from .._tensor import Tensor
from . import functional as F
from .module import Module


class _Dropout(Module):
    """What all of them share.

    Args:
        p: the probability of zeroing, 0 to 1.
        inplace: write into the input.

    Raises:
        ValueError: for a p that is no probability.
    """

    __constants__ = ["p", "inplace"]
    p: float
    inplace: bool

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Zeroes each element with probability p and divides the others by 1 - p. Any shape.

    Source: https://arxiv.org/abs/1207.0580
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Zeroes whole channels of (N, C, L) or (C, L)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Zeroes whole channels of (N, C, H, W). Source: https://arxiv.org/abs/1411.4280"""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Zeroes whole channels of (N, C, D, H, W) or (C, D, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Sets elements to SELU's negative saturation and keeps mean and variance. Source: https://arxiv.org/abs/1706.02515"""

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels."""

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training)
