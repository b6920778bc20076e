"""Losses that are minus a log-likelihood, up to a constant: Kullback-Leibler, Gauss, Poisson."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..ops.arithmetic import where
from ..ops.comparison import lt
from ..ops.front import public
from ..ops.kinds import c_name
from ..ops.reduce import any_
from ..ops.shape import select
from ..ops.special import xlogy
from ..ops.transcendental import exp, log
from .losses import chosen, reduced


@public("(input, target, size_average=None, reduce=None, reduction='mean', log_target=False)", namespace="nn.functional")
def kl_div(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
           log_target: bool = False) -> Any:  # fmt: skip
    """target * (log(target) - input): the divergence of log-probabilities from the target's probabilities.

    Args:
        reduction: also "batchmean", the sum over the size of the first dimension, which is the mathematical one.
        log_target: whether the target is logarithms too.

    Raises:
        RuntimeError: for complex or whole numbers.
    """
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only "
            "by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as "
            "'batchmean' in the next major release.", UserWarning, stacklevel=3)  # fmt: skip
    how = chosen("sum" if reduction == "batchmean" else reduction, size_average, reduce)
    kinds = input._data.dtype.kind, target._data.dtype.kind
    if "c" in kinds:
        raise RuntimeError("kl_div: Complex inputs not supported")
    if any(kind in "biu" for kind in kinds):
        raise RuntimeError("kl_div: Integral inputs not supported")
    loss = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    out = reduced(loss, how)
    return out / len(input._data) if reduction == "batchmean" and input._data.ndim else out


@public("(input, target, log_input=True, full=False, size_average=None, eps=1e-08, reduce=None, reduction='mean')",
        namespace="nn.functional")  # fmt: skip
def poisson_nll_loss(input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: Any = None,
                     eps: float = 1e-8, reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """rate - target * log(rate), of counts from a Poisson distribution.

    Args:
        log_input: the input is the logarithm of the rate; otherwise the rate, to which `eps` is added in the logarithm.
        full: add Stirling's approximation of log(target!), where the target is above 1.
    """
    reduction = chosen(reduction, size_average, reduce)
    loss = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        stirling = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        loss = loss + where(target <= 1, 0, stirling)
    return reduced(loss, reduction)


@public("(input, target, var, full=False, eps=1e-06, reduction='mean')", namespace="nn.functional")
def gaussian_nll_loss(input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
                      ) -> Any:  # fmt: skip
    """(log(var) + (input - target)^2 / var) / 2, of numbers from a normal distribution.

    Args:
        var: the variance: a number, or a tensor in the shape of the input, or one that is 1 in (or lacks) its last
            dimension. It counts as at least `eps`, which its gradient does not notice.
        full: add the constant log(2 pi) / 2.

    Raises:
        ValueError: for a negative variance (asking a device for it waits), or one of another shape.
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * input.new_ones(input.shape)
    elif bool(any_(lt(var, 0))):
        raise ValueError("var has negative entry/entries")
    shape, own = input._data.shape, var._data.shape
    if own != shape:
        if shape[:-1] == own:
            var = select(var, key=(Ellipsis, None))
        elif len(shape) != len(own) or _lost(shape, own) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    raw = var.detach()
    if raw._data.dtype.kind not in "fVc":
        raise RuntimeError(f"result type Float can't be cast to the desired output type {c_name(raw._data.dtype)}")
    var = var + where(raw < eps, eps - raw, 0)
    gap = input - target
    loss = 0.5 * (log(var) + gap * gap / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


def _lost(shape: tuple[int, ...], own: tuple[int, ...]) -> int:
    """The sum of the sizes of `own` that differ from those of `shape`."""
    total = 0
    for n, m in zip(shape, own, strict=True):
        total += m if n != m else 0
    return total
