"""Losses that are one node each, and one whose rule is not the derivative of its text.

A difference weighed (squared, absolute, or squared as far as a knee), the entropy of one bit from its logit, and the
cross entropy of class numbers: the commonest losses of all, reduced on the spot. `bernoulli_entropy` holds logarithms
and divisors away from 0, as PyTorch does.
"""

from __future__ import annotations

import math

from ..backend.host_rows import CHUNK, SMALL, serves, shares
from .arithmetic import abs_, clamp, where
from .create import full
from .families import elementwise, fused
from .index import _line_key, one_of
from .lookup import lookup
from .reduce import mean, sum
from .shape import reshape
from .transcendental import log, sigmoid


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


@elementwise()
def logit_entropy(xp, x, y):
    """-(y log s + (1 - y) log(1 - s)) with s = sigmoid(x), without overflow."""
    return xp.maximum(x, 0) - x * y + xp.log1p(xp.exp(-xp.absolute(x)))


logit_entropy.vjp(x=lambda g, x, y: g * (sigmoid(x) - y), y=lambda g, x: -(g * x))


def _reduced(xp, reduction, weigh, *arrays):
    """`weigh` of the arrays, an element each, reduced; of large dense ones a stretch at a time, which stays in the cache."""
    if reduction == "none":
        return weigh(*arrays)
    first = arrays[0]
    if all(serves(xp, array, SMALL) and array.shape == first.shape for array in arrays):
        flat = [array.reshape(-1) for array in arrays]
        parts = [[array[at : at + CHUNK] for array in flat] for at in range(0, first.size, CHUNK)]
        total = first.dtype.type(math.fsum(float(xp.total(weigh(*part), None)) for part in parts))
    else:
        total = xp.total(weigh(*arrays), None)
    return total / (first.size or xp.nan) if reduction == "mean" else total


def _defined(each, reduction):
    dims = tuple(range(len(each.shape)))
    return each if reduction == "none" else mean(each, dim=dims) if reduction == "mean" else sum(each, dim=dims)


def _share(g, x, reduction):
    """The gradient of each element of the loss, where all elements of x are one."""
    return g / (x.size or 1) if reduction == "mean" else g


@fused()
def logit_loss(xp, x, y, *, reduction):
    """`logit_entropy` of two arrays of one shape, reduced."""
    return _reduced(xp, reduction, lambda x, y: logit_entropy.forward(xp, x, y), x, y)


def _logit_joint(xp, g, x, y, reduction, needs):
    each, gx = _share(g, x, reduction), None
    if needs[0]:  # sigmoid(x) - y, in one buffer
        gx = xp.asarray(-x if x.dtype.itemsize > 2 else -x.astype("float32"))
        xp.exp(gx, out=gx)
        gx += 1
        xp.reciprocal(gx, out=gx)
        gx -= y
        gx *= each
    return gx, x * -each if needs[1] else None


logit_loss.fused(_logit_joint, lambda x, y, *, reduction: _defined(logit_entropy(x, y), reduction))
logit_loss.grad_name = "BinaryCrossEntropyWithLogitsBackward0"  # type: ignore[attr-defined]


# ---- differences ---------------------------------------------------------------------------------------------------
def _weighed(xp, gap, kind, knee):
    if kind == "square":
        return gap * gap
    each = xp.absolute(gap)
    if kind == "bent":
        inner = xp.minimum(each, knee)
        each -= 0.5 * inner
        each *= inner
    return each


@fused(hidden="saved_gap")
def penalty(xp, x, y, *, kind, knee, reduction):
    """The difference of x and y, by `kind` its "square", its "size", or "bent": half its square up to a size of `knee`,
    and from there on the tangent; the mean, the sum or none."""
    gap = x - y
    return _reduced(xp, reduction, lambda gap: _weighed(xp, gap, kind, knee), gap), gap


def _penalty_joint(xp, g, saved_gap, kind, knee, reduction, needs):
    each = _share(g, saved_gap, reduction)
    if kind == "square":
        slope = saved_gap * (each * 2)
    else:
        slope = xp.sign(saved_gap) if kind == "size" else xp.clip(saved_gap, -knee, knee)
        slope *= each
    return slope if needs[0] else None, -slope if needs[1] else None


def _penalty_definition(x, y, *, kind, knee, reduction):
    gap = x - y
    if kind == "square":
        return _defined(gap * gap, reduction)
    if kind == "size":
        return _defined(abs_(gap), reduction)
    inner = clamp(gap, min=-knee, max=knee)
    return _defined(inner * (gap - 0.5 * inner), reduction)


penalty.fused(_penalty_joint, _penalty_definition)
#: What PyTorch's absolute difference ends in.
LAST = {"mean": "Mean", "sum": "Sum", "none": "Abs"}
penalty.grad_name = lambda params: {  # type: ignore[attr-defined]
    "square": "MseLoss", "bent": "SmoothL1Loss", "size": LAST[params["reduction"]]}[params["kind"]] + "Backward0"  # fmt: skip


# ---- cross entropy -------------------------------------------------------------------------------------------------
def _softmax(xp, x, axis):
    """The softmax of x along an axis, and log(sum(exp(x))), without that axis."""
    if axis == x.ndim - 1 and serves(xp, x, SMALL):
        share, logs = shares(x.reshape(-1, x.shape[-1]))
        return share.reshape(x.shape), logs.reshape(x.shape[:-1])
    top = x.max(axis=axis, keepdims=True)
    share = xp.exp(x - top)
    total = xp.total(share, (axis,), True)
    share /= total
    return share, (xp.log(total) + top).reshape(x.shape[:axis] + x.shape[axis + 1 :])


def _along(values, axis, ndim):
    """One number per class, to be multiplied with (N, C, *)."""
    return values.reshape((1,) * axis + (-1,) + (1,) * (ndim - axis - 1))


@fused(hidden="saved_share saved_each saved_even")
def class_entropy(xp, x, target, weight=None, *, axis, ignored, plain, reduction, smoothing):
    """Minus the log-softmax of x along `axis`, which is not empty, at the class in `target`, or at `smoothing` of all.

    `plain`: no target is `ignored`. `weight`: a factor per class; the mean is taken by those of the targets.
    """
    share, logs = _softmax(xp, x, axis)
    kept = each = None
    safe, even = target, 1.0
    if not plain:
        kept = target != ignored
        safe, each = xp.where(kept, target, 0), kept.astype(x.dtype)
    loss = logs - x[_line_key(xp, safe, axis)]
    if smoothing:
        apart = xp.expand_dims(logs, axis) - x
        if weight is not None:
            apart *= _along(weight, axis, x.ndim)
        even = smoothing / x.shape[axis]
        around = apart.sum(axis=axis) * even
    if weight is not None:
        each = weight.take(safe) if plain else weight.take(safe) * each
        loss = loss * each
    if smoothing:
        loss = loss * (1 - smoothing) + around
    if kept is not None:
        loss = xp.where(kept, loss, xp.zero(x.dtype))
        even = even * kept.astype(x.dtype)
    if each is None:
        each = 1.0
    if reduction == "none":
        return loss, share, each, even
    out = xp.total(loss, None)
    if reduction == "mean":
        count = (loss.size or xp.nan) if each.__class__ is float else xp.total(each, None)
        out, each, even = out / count, each / count, even / count
    return out, share, each, even


def _counted(xp, g, factor, kept):
    """The gradient of each sample's loss: 0, whatever g, where it is ignored."""
    each = g * factor
    return each if kept is None else xp.where(kept, each, xp.zero(each.dtype))


def _class_joint(xp, g, target, weight, saved_share, saved_each, saved_even, axis, ignored, plain, smoothing, needs):
    kept = None if plain else target != ignored
    safe = target if plain else xp.where(kept, target, 0)
    each = _counted(xp, g, saved_each, kept)
    if not smoothing:
        scale = xp.expand_dims(each, axis) if each.ndim else each
        gx = saved_share * scale
    else:
        each = each * (1 - smoothing)
        even = _counted(xp, g, saved_even, kept)
        even = xp.expand_dims(even, axis) if even.ndim else even
        scale = xp.expand_dims(each, axis) if each.ndim else each
        if weight is None:
            gx = saved_share * (scale + even * saved_share.shape[axis]) - even
        else:
            gx = saved_share * (scale + even * weight.sum()) - even * _along(weight, axis, saved_share.ndim)
    gx[_line_key(xp, safe, axis)] -= each
    return gx, None, None


def _class_definition(x, target, weight=None, *, axis, ignored, plain, reduction, smoothing):
    from .fused_linear import log_softmax

    logs = log_softmax(x, dim=axis)
    kept = target != ignored
    safe = target if plain else where(kept, target, 0)
    loss = -one_of(logs, safe, dim=axis)
    each = full(loss, shape=loss.shape, value=1) if weight is None else lookup(weight, safe, dim=0)
    if not plain:
        each = where(kept, each, 0)
    loss = loss * each if plain else where(kept, loss * each, 0)
    if smoothing:
        if weight is not None:
            logs = logs * reshape(weight, shape=(1,) * axis + (-1,) + (1,) * (len(x.shape) - axis - 1))
        around = -sum(logs, dim=(axis,))
        around = around if plain else where(kept, around, 0)
        loss = loss * (1 - smoothing) + around * (smoothing / x.shape[axis])
    if reduction == "none":
        return loss
    dims = tuple(range(len(loss.shape)))
    out = sum(loss, dim=dims)
    return out / sum(each, dim=dims) if reduction == "mean" else out


class_entropy.fused(_class_joint, _class_definition)
class_entropy.grad_name = lambda params: "AddBackward0" if params["smoothing"] else "NllLossBackward0"  # type: ignore[attr-defined]
