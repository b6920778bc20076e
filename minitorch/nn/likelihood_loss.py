"""Losses that are minus a log-likelihood, and the loss of alignments, as layers.

https://docs.pytorch.org/docs/stable/nn.html#loss-functions
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from .._tensor import Tensor
from . import functional as F
from .linear import Linear
from .loss import NLLLoss, _Loss, _WeightedLoss


class NLLLoss2d(NLLLoss):
    """NLLLoss under its name of old."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in replacement and see "
            "https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more details.", FutureWarning, stacklevel=2)  # fmt: skip
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


class PoissonNLLLoss(_Loss):
    """rate - y log(rate), of counts y from a Poisson distribution.

    Args:
        log_input: the input is the logarithm of the rate; otherwise the rate.
        full: add Stirling's approximation of log(y!).
        eps: added to the rate in its logarithm.
    """

    __constants__ = ["log_input", "full", "eps", "reduction"]
    log_input: bool
    full: bool
    eps: float

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.poisson_nll_loss(log_input, target, log_input=self.log_input, full=self.full, eps=self.eps,
                                         reduction=self.reduction)  # fmt: skip
        return out


class GaussianNLLLoss(_Loss):
    """(log(var) + (x - y)^2 / var) / 2, of numbers from a normal distribution.

    Args:
        full: add the constant log(2 pi) / 2.
        eps: the least variance that counts.
    """

    __constants__ = ["full", "eps", "reduction"]
    full: bool
    eps: float

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        out: Tensor = F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)
        return out


class KLDivLoss(_Loss):
    """The divergence of log-probabilities from the target's probabilities; `reduction` may be "batchmean" too.

    Args:
        log_target: whether the target is logarithms too.
    """

    __constants__ = ["reduction"]
    log_target: bool

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
        return out


class SmoothL1Loss(_Loss):
    """|x - y| - beta / 2 from a difference of `beta` on; below, its square over 2 beta."""

    __constants__ = ["reduction"]
    beta: float

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)
        return out


class HuberLoss(_Loss):
    """Half the squared difference up to a size of `delta`, and from there on the tangent."""

    __constants__ = ["reduction", "delta"]
    delta: float

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, float | int):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        out: Tensor = F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)
        return out


class CTCLoss(_Loss):
    """Minus the log-probability of a sequence of labels, over all ways to align it with a longer one.

    Args:
        blank: the class that stands for no label.
        zero_infinity: give 0, with gradient 0, where the sequence is too short for its labels.

    Shape:
        (T, N, C) log-probabilities, (N, S) or (sum of lengths) labels, (N) lengths of both -> (), or (N).
    """

    __constants__ = ["blank", "reduction"]
    blank: int
    zero_infinity: bool

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor) -> Tensor:
        out: Tensor = F.ctc_loss(log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
                                 self.zero_infinity)  # fmt: skip
        return out


class LinearCrossEntropyLoss(_WeightedLoss):
    """A linear layer and the cross entropy of what it gives.

    Args:
        in_features, num_classes: sizes of one sample before, and of its logits.
        out_features: further sizes of the logits, (num_classes, *out_features).
        bias: whether the linear layer has one.
        weight, ignore_index, label_smoothing: as in CrossEntropyLoss.
        options: how PyTorch is to work through it in pieces; the numbers are the same.

    Attributes:
        linear: the layer, with num_classes * prod(out_features) rows.

    Shape:
        (N, in_features), with (N, *out_features) class numbers or (N, num_classes, *out_features) probabilities -> ().
    """

    __constants__ = ["num_classes", "out_features", "reduction", "ignore_index", "label_smoothing"]
    num_classes: int
    out_features: tuple[int, ...]
    ignore_index: int | None
    label_smoothing: float

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if label_smoothing < 0 or label_smoothing > 1.0:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight=weight, size_average=None, reduce=None, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        rows = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, rows, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        shape = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        out: Tensor = F.linear_cross_entropy(
            input, self.linear.weight.reshape((*shape, self.linear.in_features)), target,
            linear_bias=None if bias is None else bias.reshape(shape), weight=self.weight, reduction=self.reduction,
            ignore_index=self.ignore_index, label_smoothing=self.label_smoothing, options=self.options)  # fmt: skip
        return out

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
