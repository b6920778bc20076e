"""Losses that keep pairs, triplets and classes apart by a margin, as layers.

https://docs.pytorch.org/docs/stable/nn.html#loss-functions
"""

from __future__ import annotations

from collections.abc import Callable

from .._tensor import Tensor
from . import functional as F
from .distance import PairwiseDistance
from .loss import _Loss, _WeightedLoss


class _MarginLoss(_Loss):
    """What the losses with a margin of 0 share."""

    __constants__ = ["margin", "reduction"]
    margin: float

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class HingeEmbeddingLoss(_Loss):
    """A distance itself where the target is 1; where it is -1, what it lacks of the margin."""

    __constants__ = ["margin", "reduction"]
    margin: float

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)
        return out


class MultiLabelMarginLoss(_Loss):
    """By how much each class that is no target comes within 1 of each that is; targets end at the first -1."""

    __constants__ = ["reduction"]

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.multilabel_margin_loss(input, target, reduction=self.reduction)
        return out


class SoftMarginLoss(_Loss):
    """log(1 + exp(-y x)), with targets y of 1 and -1."""

    __constants__ = ["reduction"]

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.soft_margin_loss(input, target, reduction=self.reduction)
        return out


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The binary cross entropy of sigmoid(x), averaged over the classes.

    Args:
        weight: one factor per class.
    """

    __constants__ = ["reduction"]

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.multilabel_soft_margin_loss(input, target, weight=self.weight, reduction=self.reduction)
        return out


class CosineEmbeddingLoss(_MarginLoss):
    """1 - cos of two vectors where the target is 1, max(0, cos - margin) where it is -1."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)
        return out


class MarginRankingLoss(_MarginLoss):
    """max(0, margin - y (x1 - x2)): a target y of 1 ranks the first higher, -1 the second."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)
        return out


class MultiMarginLoss(_WeightedLoss):
    """By how much each other class comes within the margin of the target's, to the power p.

    Args:
        p: 1 or 2.
        weight: one factor per class.
    """

    __constants__ = ["p", "margin", "reduction"]
    margin: float
    p: int

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.multi_margin_loss(input, target, p=self.p, margin=self.margin, weight=self.weight,
                                          reduction=self.reduction)  # fmt: skip
        return out


class TripletMarginLoss(_Loss):
    """max(0, margin + |anchor - positive| - |anchor - negative|), of p-distances.

    Args:
        swap: measure the negative from the positive where that is nearer to it.
    """

    __constants__ = ["margin", "p", "eps", "swap", "reduction"]
    margin: float
    p: float
    eps: float
    swap: bool

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        out: Tensor = F.triplet_margin_loss(anchor, positive, negative, margin=self.margin, p=self.p, eps=self.eps,
                                            swap=self.swap, reduction=self.reduction)  # fmt: skip
        return out


class TripletMarginWithDistanceLoss(_Loss):
    """TripletMarginLoss with a distance of one's own, a function of two tensors or a layer."""

    __constants__ = ["margin", "swap", "reduction"]
    margin: float
    swap: bool

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average=None, reduce=None, reduction=reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.distance_function = distance_function if distance_function is not None else PairwiseDistance()
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        out: Tensor = F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function, margin=self.margin, swap=self.swap,
            reduction=self.reduction)  # fmt: skip
        return out
