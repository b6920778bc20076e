"""Distances and similarities of pairs as layers.

https://docs.pytorch.org/docs/stable/nn.html#distance-functions
"""

from __future__ import annotations

from .._tensor import Tensor
from . import functional as F
from .module import Module


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last dimension.

    Shape:
        (N, D) and (N, D), or (D) and (D) -> (N), or (); with `keepdim` (N, 1), or (1).

    Attributes:
        norm: p.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
    """

    __constants__ = ["norm", "eps", "keepdim"]
    norm: float
    eps: float
    keepdim: bool

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        out: Tensor = F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
        return out


class CosineSimilarity(Module):
    """The cosine of the angle between x1 and x2 along `dim`; no vector counts as shorter than `eps`.

    Shape:
        (*, D, *) and (*, D, *), D at `dim` -> (*, *).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
    """

    __constants__ = ["dim", "eps"]
    dim: int
    eps: float

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        out: Tensor = F.cosine_similarity(x1, x2, self.dim, self.eps)
        return out
