"""Losses of log-probabilities and logits against classes: by number, or as a probability for each.

The cross entropy of class numbers is one op (ops/fused_loss.py); weights that want a gradient themselves, and targets
that are probabilities, are composed. Class numbers are looked at on the host; a device is not asked.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend.dtype import scalar_type
from ..backend.namespace import backend_of
from ..ops.arithmetic import cast, where
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.fused_linear import linear
from ..ops.fused_loss import class_entropy
from ..ops.index import one_of
from ..ops.kinds import EXPECTED, agreeing, lacking
from ..ops.lookup import lookup
from ..ops.reduce import sum
from ..ops.shape import reshape
from .losses import chosen, reduced
from .norms import log_softmax


def _check_classes(input: Any, target: Any, weight: Any) -> tuple[int, Any]:
    """The dimension of the classes, and the target in the shape of the loss.

    Raises:
        ValueError, RuntimeError: in PyTorch's words, for shapes or dtypes that do not go together.
    """
    x, t = input._data, target._data
    if not x.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if x.ndim > 1 and (t.ndim == 0 or t.shape[0] != x.shape[0]):
        raise ValueError(
            f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({t.shape[0] if t.ndim else 0}). "
            f"(input {list(x.shape)}, target {list(t.shape)})"
        )
    axis = 0 if x.ndim == 1 else 1
    if x.ndim < 3 and t.ndim > 1:
        raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported (got {list(t.shape)})")
    if x.ndim == 1 and t.ndim == 1:
        if t.shape[0] != 1:
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {t.shape[0]}")
        target, t = reshape(target, shape=()), t[0]
    kind = scalar_type(t.dtype)
    if t.dtype not in ("int64", "uint8"):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {kind}")
    if x.ndim > 2 and kind == "Byte":
        raise RuntimeError("expected scalar type Long but found Byte")
    if t.shape != x.shape[:axis] + x.shape[axis + 1 :]:
        raise RuntimeError(
            f"Expected target size {list(x.shape[:axis] + x.shape[axis + 1 :])}, got {list(t.shape)}"
        )
    lacking("nll_loss_out_frame", "b i c", x)
    check_weight(weight, x, axis)
    if x.ndim > 2 and t.size and not x.shape[axis]:
        raise RuntimeError(f"size mismatch (got input: {list(x.shape)} , target: {list(t.shape)})")
    return axis, target if kind == "Long" else cast(target, dtype="int64")


def check_weight(weight: Any, x: Any, axis: int) -> None:
    """The classes' weights: one each, in the input's dtype.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    if weight is not None:
        if weight._data.shape != x.shape[axis : axis + 1]:
            raise RuntimeError(
                f"weight tensor should be defined either for all {x.shape[axis]} classes or no classes but got weight "
                f"tensor of shape: {list(weight._data.shape)}"
            )
        agreeing(EXPECTED, x, weight)


def _is_plain(t: Any, classes: int, ignored: int) -> bool:
    """Whether every class number is one of a class, and none is ignored. A device is not asked.

    Raises:
        IndexError: for a number that is neither.
    """
    xp = backend_of(t)
    if xp.name != "cpu":
        return False
    if not t.size or t.view("uint64").max() < classes:
        return not 0 <= ignored < classes or not (t == ignored).any()
    bad = ((t < 0) | (t >= classes)) & (t != ignored)
    if bad.any():
        place = [int(i) for i in xp.argwhere(bad)[0]]
        raise IndexError(f"Target {int(t[tuple(place)])} is out of bounds. (target {place}, {classes} classes)")
    return False


@public("(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean')",
        namespace="nn.functional")  # fmt: skip
def nll_loss(input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
             reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """Minus the log-probability of the target class; the mean is weighted by the classes' weights."""
    reduction = chosen(reduction, size_average, reduce)
    axis, target = _check_classes(input, target, weight)
    plain = _is_plain(target._data, input._data.shape[axis], ignore_index)
    if plain:
        loss = -one_of(input, target, dim=axis)
        if weight is None:
            return reduced(loss, reduction)
        factor = lookup(weight, target, dim=0)
        loss = loss * factor
    else:
        kept = target != ignore_index
        safe = where(kept, target, 0)
        factor = where(kept, 1.0, 0.0) if weight is None else where(kept, lookup(weight, safe, dim=0), 0)
        factor = factor if factor._data.dtype == input._data.dtype else cast(factor, dtype=input._data.dtype)
        loss = where(kept, -one_of(input, safe, dim=axis) * factor, 0)
    return sum(loss) / sum(factor) if reduction == "mean" else reduced(loss, reduction)


@public("(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0)", namespace="nn.functional")  # fmt: skip
def cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
                  reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0) -> Any:  # fmt: skip
    """Minus the log-softmax of the target class (indices) or its mean under target probabilities.

    Args:
        input: (N, C, *) logits, or (C).
        target: (N, *) class numbers, or probabilities in the shape of the input.
        weight: a factor per class, by which the mean is weighted where the target is numbers.
        label_smoothing: the part of the target that is spread evenly over all classes.
    """
    reduction = chosen(reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    x, t = input._data, target._data
    if x.shape == t.shape:
        if t.dtype.kind not in "fV":
            raise RuntimeError("Expected floating point type for target with class probabilities, got "
                               + scalar_type(t.dtype))  # fmt: skip
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
    axis = 0 if x.ndim == 1 else 1
    if not x.ndim:
        one_dim(axis, 0)
    if x.shape == t.shape:
        logs = log_softmax(input, axis)
        check_weight(weight, x, axis)
        return _soft_targets(logs, target, weight, axis, reduction, label_smoothing)
    lacking("log_softmax_lastdim_kernel_impl", "b i c", input)
    if weight is not None or x.ndim != 2 or t.ndim != 1 or t.dtype != "int64" or len(t) != len(x):
        axis, target = _check_classes(input, target, weight)
        t = target._data
    plain = _is_plain(t, x.shape[axis], ignore_index)
    if x.size and (weight is None or weight._node is None):
        return class_entropy(input, target, weight, axis=axis, ignored=ignore_index, plain=plain, reduction=reduction,
                             smoothing=label_smoothing)  # fmt: skip
    return class_entropy.definition(input, target, weight, axis=axis, ignored=ignore_index, plain=plain,  # type: ignore[misc]
                                    reduction=reduction, smoothing=label_smoothing)  # fmt: skip


def _soft_targets(logs: Any, target: Any, weight: Any, axis: int, reduction: str, smoothing: float) -> Any:
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / logs._data.shape[axis]
    terms = logs * target
    if weight is not None:
        terms = terms * reshape(weight, shape=(-1,) + (1,) * (logs._data.ndim - axis - 1))
    loss = -sum(terms, dim=axis)
    if reduction == "mean":
        return sum(loss) / max(loss._data.size, 1)
    return reduced(loss, reduction)


@public("(input, linear_weight: tensor, target, *, linear_bias=None, weight=None, reduction='mean', ignore_index=None, "
        "label_smoothing=0.0, options=None)", namespace="nn.functional")  # fmt: skip
def linear_cross_entropy(input: Any, linear_weight: Any, target: Any, *, linear_bias: Any = None, weight: Any = None,
                         reduction: str = "mean", ignore_index: int | None = None, label_smoothing: float = 0.0,
                         options: Any = None) -> Any:  # fmt: skip
    """The cross entropy of the logits linear(input, linear_weight, linear_bias).

    Args:
        input: (N, in_features), or (in_features).
        linear_weight: (classes, *, in_features), where * are further dimensions of the logits, (N, classes, *).
        linear_bias: (classes, *).
        options: how PyTorch is to work through it in pieces; the numbers are the same.

    Raises:
        RuntimeError: for shapes that do not go together.
    """
    x, w, t = input._data.shape, linear_weight._data.shape, target._data
    if not 1 <= len(x) <= 2:
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {len(x)}")
    if len(w) < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {len(w)}")
    if x[-1] != w[-1]:
        raise RuntimeError("expected equal input and linear_weight last dimensions (in_features), got "
                           f"{x[-1]} and {w[-1]}, respectively")  # fmt: skip
    if linear_bias is not None and linear_bias._data.shape != w[:-1]:
        raise RuntimeError(f"expected linear_bias shape {w[:-1]}, got {linear_bias._data.shape}")
    if len(w) > 2 and len(x) == 1:
        raise RuntimeError(f"K-dimensional loss defined by linear_weight shape {w} requires batched input, (N, {x[-1]}), got "
                           f"unbatched input with shape {x}")  # fmt: skip
    shape = (*x[:-1], *w[:-1])
    if t.shape == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if options is not None and (len(w) > 2 or reduction not in ("mean", "sum", "none") or label_smoothing or t.dtype != "int64"):
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
            "label_smoothing == 0, target.dtype == int64, out_features == (). Got "
            f"reduction={reduction!r}, label_smoothing={label_smoothing}, target.dtype={target.dtype}, "
            f"out_features={w[1:-1]}.", stacklevel=3)  # fmt: skip
    if len(w) > 2:
        linear_weight = reshape(linear_weight, shape=(-1, w[-1]))
        linear_bias = None if linear_bias is None else reshape(linear_bias, shape=(-1,))
    logits = linear(input, linear_weight, linear_bias)
    logits = logits if len(w) == 2 else reshape(logits, shape=shape)
    return cross_entropy(logits, target, weight, None, -100 if ignore_index is None else ignore_index, None, reduction,
                         label_smoothing)  # fmt: skip
