"""Losses whose rule is not the derivative of their text: PyTorch holds logarithms and divisors away from 0.

And the cross entropy of class numbers, one node for the commonest loss of all.
"""

from __future__ import annotations

from ..backend.host_rows import SMALL, serves, shares
from .arithmetic import clamp
from .families import elementwise, fused
from .index import one_of
from .reduce import mean, sum
from .transcendental import log


@elementwise()
def bernoulli_entropy(xp, x, y):
    """-(y log x + (1 - y) log(1 - x)), each logarithm at least -100."""
    return (y - 1) * xp.maximum(xp.log1p(-x), -100) - y * xp.maximum(xp.log(x), -100)


def _held_log(x):
    return clamp(log(x), min=-100.0, max=None)


bernoulli_entropy.vjp(
    x=lambda g, x, y: g * (x - y) / clamp((1 - x) * x, min=1e-12, max=None),
    y=lambda g, x: g * (_held_log(1 - x) - _held_log(x)),
)


# ---- cross entropy -------------------------------------------------------------------------------------------------
@fused(hidden="saved_share")
def class_entropy(xp, x, target, *, reduction):
    """Minus the log-softmax of each row of x (N, C), N > 0, at its class in `target` (N,): the mean, the sum or none."""
    if serves(xp, x, SMALL):
        share, logs = shares(x)
    else:
        top = x.max(axis=1, keepdims=True)
        share = xp.exp(x - top)
        total = share.sum(axis=1, keepdims=True)
        share /= total
        logs = (xp.log(total) + top)[:, 0]
    logs -= x[xp.arange(len(x)), target]
    if reduction == "none":
        return logs, share
    out = logs.sum()
    return out / len(x) if reduction == "mean" else out, share


def _class_joint(xp, g, target, saved_share, reduction):
    each = g[:, None] if reduction == "none" else g / len(saved_share) if reduction == "mean" else g
    gx = saved_share * each
    gx[xp.arange(len(gx)), target] -= each[:, 0] if reduction == "none" else each
    return gx, None


def _class_definition(x, target, *, reduction):
    from .fused_linear import log_softmax

    loss = -one_of(log_softmax(x, dim=1), target, dim=1)
    return loss if reduction == "none" else mean(loss, dim=(0,)) if reduction == "mean" else sum(loss, dim=(0,))


class_entropy.fused(_class_joint, _class_definition)
