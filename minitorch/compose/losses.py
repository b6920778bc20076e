"""Losses of one number against another, with PyTorch's reductions, weights and warnings.

What `reduction`, and its two predecessors, ask for is said here for all losses: `chosen` reads the words, `reduced` does
it. A loss that is one kernel in PyTorch is one op here; the others are expressions.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend import dtype as dt
from ..backend.dtype import scalar_type
from ..backend.namespace import backend_of
from ..ops.activations import logsigmoid
from ..ops.arithmetic import abs_
from ..ops.front import public
from ..ops.fused_loss import bernoulli_entropy, logit_entropy, logit_loss, penalty
from ..ops.kinds import agreeing, lacking
from ..ops.promotion import as_dtype, common_dtype
from ..ops.reduce import sum
from ..ops.shape import expanded_shape
from ..ops.shapes import common_shape
from .reductions import mean

LOSS = "(input, target, size_average=None, reduce=None, reduction='mean')"


def chosen(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction asked for: "none", "mean" or "sum"; the old pair of flags goes before the word.

    Raises:
        ValueError: for another word.
    """
    if size_average is not None or reduce is not None:
        means, reduces = size_average is None or bool(size_average), reduce is None or bool(reduce)
        reduction = "none" if not reduces else "mean" if means else "sum"
        warnings.warn(f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
                      UserWarning, stacklevel=4)  # fmt: skip
    elif reduction == "elementwise_mean":
        warnings.warn("reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", UserWarning,
                      stacklevel=4)  # fmt: skip
        return "mean"
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(loss: Any, reduction: str) -> Any:
    """The loss reduced as `chosen` says."""
    return mean(loss) if reduction == "mean" else sum(loss) if reduction == "sum" else loss


def warn_broadcast(input: Any, target: Any) -> None:
    """(N,) against (N, 1) makes (N, N) without a word; say it, with both shapes."""
    if input._data.shape != target._data.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            UserWarning, stacklevel=4)  # fmt: skip


def is_floating(tensor: Any) -> bool:
    """Whether a tensor holds real floating-point numbers."""
    return tensor._data.dtype.kind in "fV"


# ---- differences ---------------------------------------------------------------------------------------------------
def _difference(input: Any, target: Any, weight: Any, reduction: str, kind: str, knee: float, by_weight: bool = True) -> Any:
    """A difference weighed; with a weight per element the mean is taken by weight, or (by_weight=False) by number.

    Raises:
        ValueError: for a weight of another shape.
    """
    if weight is None:
        if input._data.dtype != target._data.dtype:
            common = common_dtype((input, target))
            input, target = as_dtype(input, common), as_dtype(target, common)
        if input._data.shape != target._data.shape:
            common_shape([input._data.shape, target._data.shape])
        return penalty(input, target, kind=kind, knee=knee, reduction=reduction)
    if weight._data.shape != input._data.shape:
        raise ValueError(f"Weights and input must have the same size. (weight {list(weight._data.shape)}, input "
                         f"{list(input._data.shape)})")  # fmt: skip
    loss = penalty(input, target, kind=kind, knee=knee, reduction="none") * weight
    return sum(loss) / sum(weight) if reduction == "mean" and by_weight else reduced(loss, reduction)


@public("(input, target, size_average=None, reduce=None, reduction='mean', weight=None)", namespace="nn.functional")
def mse_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
             weight: Any = None) -> Any:  # fmt: skip
    """The squared difference."""
    warn_broadcast(input, target)
    reduction = chosen(reduction, size_average, reduce)
    if not (is_floating(input) and is_floating(target)):
        common = common_dtype((input, target))
        if weight is not None:
            gap = input - target
            loss = gap * gap * weight
            return sum(loss) / sum(weight) if reduction == "mean" else reduced(loss, reduction)
        lacking("mse_cpu", "b i c", as_dtype(input, common))
    return _difference(input, target, weight, reduction, "square", 0)


@public("(input, target, size_average=None, reduce=None, reduction='mean', weight=None)", namespace="nn.functional")
def l1_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
            weight: Any = None) -> Any:  # fmt: skip
    """The absolute difference."""
    warn_broadcast(input, target)
    reduction = chosen(reduction, size_average, reduce)
    if is_floating(input) and is_floating(target):
        return _difference(input, target, weight, reduction, "size", 0)
    loss = abs_(input - target)
    if weight is not None:
        loss = loss * weight
        return sum(loss) / sum(weight) if reduction == "mean" else reduced(loss, reduction)
    return reduced(loss, reduction)


@public("(input, target, size_average=None, reduce=None, reduction='mean', beta=1.0)", namespace="nn.functional")
def smooth_l1_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
                   beta: float = 1.0) -> Any:  # fmt: skip
    """The absolute difference from `beta` on, less beta / 2; below, its square over 2 beta."""
    warn_broadcast(input, target)
    reduction = chosen(reduction, size_average, reduce)
    if beta == 0:
        if is_floating(input) and is_floating(target):
            return _difference(input, target, None, reduction, "size", 0)
        return reduced(abs_(input - target), reduction)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta. (got {beta})")
    lacking("smooth_l1_cpu", "b i c", as_dtype(input, common_dtype((input, target))))
    loss = _difference(input, target, None, reduction, "bent", beta)
    return loss if beta == 1 else loss / beta


@public("(input, target, reduction='mean', delta=1.0, weight=None)", namespace="nn.functional")
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """Half the squared difference up to a size of `delta`, and from there on the tangent."""
    warn_broadcast(input, target)
    reduction = chosen(reduction)
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta. (got {delta})")
    common = common_dtype((input, target))
    lacking("huber_cpu", "b i c", as_dtype(input, common))
    if not is_floating(input):
        _uncast(as_dtype(target, common), input)
    loss = _difference(input, target, weight, reduction, "bent", delta, by_weight=False)
    return loss if weight is not None else as_dtype(loss, dt.of(input._data.dtype))


# ---- entropies of one bit ------------------------------------------------------------------------------------------
def _uncast(have: Any, hold: Any) -> None:
    raise RuntimeError(f"result type {scalar_type(have._data.dtype)} can't be cast to the desired output type "
                       f"{scalar_type(hold._data.dtype)}")  # fmt: skip


@public("(input, target, weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None)",
        namespace="nn.functional")  # fmt: skip
def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, size_average: Any = None,
                                     reduce: Any = None, reduction: str = "mean", pos_weight: Any = None) -> Any:  # fmt: skip
    """The cross entropy of sigmoid(input), without overflow."""
    reduction = chosen(reduction, size_average, reduce)
    if target._data.shape != input._data.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    lacking("log_sigmoid_cpu", "b i c", input)
    if dt.of(target._data.dtype).category < dt.FLOATING:
        _uncast(input, target)
    if pos_weight is not None:
        expanded_shape(pos_weight._data.shape, input._data.shape)
    for other in (target, weight, pos_weight):
        if other is not None and other._data.dtype.kind == "c":
            _uncast(other, input)
    if pos_weight is None and weight is None:
        common = common_dtype((input, target))
        return logit_loss(as_dtype(input, common), as_dtype(target, common), reduction=reduction)
    if pos_weight is None:
        loss = logit_entropy(input, target)
    else:
        loss = (1 - target) * input - ((pos_weight - 1) * target + 1) * logsigmoid(input)
    return reduced(loss if weight is None else loss * weight, reduction)


@public("(input, target, weight=None, size_average=None, reduce=None, reduction='mean')", namespace="nn.functional")
def binary_cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
                         reduction: str = "mean") -> Any:  # fmt: skip
    """The cross entropy of probabilities; logarithms are held above -100, as in PyTorch."""
    reduction = chosen(reduction, size_average, reduce)
    if target._data.shape != input._data.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    lacking("binary_cross_entropy", "b i c", input)
    agreeing("Found dtype {1} but expected {0}", input, target)
    if weight is not None and weight._data.dtype.kind == "c":
        _uncast(weight, input)
    raw = input._data
    if backend_of(raw).name == "cpu" and raw.size and not (raw.min() >= 0 and raw.max() <= 1):
        raise RuntimeError("all elements of input should be between 0 and 1")
    loss = bernoulli_entropy(input, target)
    return reduced(loss if weight is None else loss * weight, reduction)
