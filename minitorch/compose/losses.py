"""Losses, with PyTorch's reductions, weights and warnings."""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.dtype import scalar_type
from ..backend.namespace import backend_of
from ..ops.activations import logsigmoid
from ..ops.arithmetic import abs_, where
from ..ops.front import public
from ..ops.fused_loss import bernoulli_entropy, class_entropy
from ..ops.index import gather
from ..ops.kinds import EXPECTED, agreeing, lacking
from ..ops.promotion import as_dtype, common_dtype
from ..ops.reduce import sum
from ..ops.shape import expanded_shape, reshape
from .norms import log_softmax
from .reductions import mean

LOSS = "(input, target, size_average=None, reduce=None, reduction='mean')"


def reduced(loss: Any, reduction: str, size_average: Any = None, reduce: Any = None) -> Any:
    """The loss as asked for: "none", "mean" or "sum".

    Raises:
        ValueError: for another word.
    """
    if size_average is not None or reduce is not None:
        import warnings

        reduction = legacy(size_average, reduce)
        warnings.warn(f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
                      UserWarning, stacklevel=4)  # fmt: skip
    if reduction == "mean":
        return mean(loss)
    if reduction == "sum":
        return sum(loss)
    if reduction == "none":
        return loss
    raise ValueError(f"{reduction} is not a valid value for reduction")


def legacy(size_average: Any, reduce: Any) -> str:
    """PyTorch's old pair of flags as a reduction."""
    if reduce is not None and not reduce:
        return "none"
    return "sum" if size_average is not None and not size_average else "mean"


def warn_broadcast(input: Any, target: Any) -> None:
    """(N,) against (N, 1) makes (N, N) without a word; say it, with both shapes."""
    if input._data.shape != target._data.shape:
        import warnings

        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            UserWarning, stacklevel=4)  # fmt: skip


@public("(input, target, size_average=None, reduce=None, reduction='mean', weight=None)", namespace="nn.functional")
def mse_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
             weight: Any = None) -> Any:  # fmt: skip
    """The squared difference."""
    warn_broadcast(input, target)
    common = common_dtype((input, target))
    if common.is_complex or common.category < dt.FLOATING:
        lacking("mse_cpu", "b i c", as_dtype(input, common))
    gap = as_dtype(input, common) - as_dtype(target, common)
    return _weighted(gap * gap, input, weight, reduction, size_average, reduce)


@public("(input, target, size_average=None, reduce=None, reduction='mean', weight=None)", namespace="nn.functional")
def l1_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
            weight: Any = None) -> Any:  # fmt: skip
    """The absolute difference."""
    warn_broadcast(input, target)
    return _weighted(abs_(input - target), input, weight, reduction, size_average, reduce)


def _weighted(loss: Any, input: Any, weight: Any, reduction: str, size_average: Any, reduce: Any) -> Any:
    """A loss with a weight per element, whose mean is taken by weight."""
    if weight is None:
        return reduced(loss, reduction, size_average, reduce)
    if weight._data.shape != input._data.shape:
        raise ValueError("Weights and input must have the same size.")
    if size_average is not None or reduce is not None:
        reduction = legacy(size_average, reduce)
    return sum(loss * weight) / sum(weight) if reduction == "mean" else reduced(loss * weight, reduction)


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
    return axis, target


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


@public("(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean')",
        namespace="nn.functional")  # fmt: skip
def nll_loss(input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
             reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """Minus the log-probability of the target class; the mean is weighted by the classes' weights."""
    if size_average is not None or reduce is not None:
        reduction = legacy(size_average, reduce)
    axis, target = _check_classes(input, target, weight)
    classes = input._data.shape[axis]
    kept = target != ignore_index
    safe = where(kept, target, 0)
    raw = safe._data
    backend_of(raw).check_index(raw.reshape(-1), classes, lambda bad, place: IndexError(
        f"Target {bad} is out of bounds. (target {list(place)}, {classes} classes)"))  # fmt: skip
    if raw.size and backend_of(raw).name == "cpu" and int(raw.min()) < 0:
        raise IndexError(f"Target {int(raw.min())} is out of bounds. ({classes} classes)")
    shape = target._data.shape
    picked = gather(input, reshape(safe, shape=(*shape[:axis], 1, *shape[axis:])), dim=axis)
    loss = -reshape(picked, shape=shape)
    factor = None
    if weight is not None:
        factor = reshape(gather(weight, reshape(safe, shape=(-1,)), dim=0), shape=shape)
        loss = loss * factor
    loss = where(kept, loss, 0)
    if reduction == "mean":
        if factor is not None:
            return sum(loss) / sum(where(kept, factor, 0))
        return sum(loss) / sum(kept) if ignore_index >= 0 or not _all(kept) else mean(loss)
    return reduced(loss, reduction)


def _all(kept: Any) -> bool:
    """Whether nothing is ignored; on a device that is not asked, since it would have to wait."""
    raw = kept._data
    return backend_of(raw).name == "cpu" and bool(raw.all())


@public("(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction='mean', "
        "label_smoothing=0.0)", namespace="nn.functional")  # fmt: skip
def cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
                  reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0) -> Any:  # fmt: skip
    """Minus the log-softmax of the target class (indices) or its mean under target probabilities."""
    if size_average is not None or reduce is not None:
        reduction = legacy(size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    axis = 0 if input._data.ndim == 1 else 1
    if not input._data.ndim and not target._data.ndim and target._data.dtype.kind in "biu":
        raise RuntimeError("Expected floating point type for target with class probabilities, got "
                           + scalar_type(target._data.dtype))  # fmt: skip
    if weight is None and not label_smoothing and _is_plain(input._data, target._data, ignore_index, reduction):
        return class_entropy(input, target, reduction=reduction)
    logs = log_softmax(input, axis)
    if input._data.shape == target._data.shape and target._data.dtype.kind in "fV":
        check_weight(weight, input._data, axis)
        return _soft_targets(logs, target, weight, axis, reduction, label_smoothing)
    hard = nll_loss(logs, target, weight, None, ignore_index, None, reduction)
    if label_smoothing == 0:
        return hard
    kept = target != ignore_index
    classes = input._data.shape[axis]
    if weight is not None:
        logs = logs * _per_class(weight, logs, axis)
    spread = where(kept, -sum(logs, dim=axis), 0)
    if reduction == "mean":
        if weight is None:
            smooth = sum(spread) / sum(kept)
        else:
            shape = target._data.shape
            safe = reshape(where(kept, target, 0), shape=(-1,))
            smooth = sum(spread) / sum(where(kept, reshape(gather(weight, safe, dim=0), shape=shape), 0))
    else:
        smooth = reduced(spread, reduction)
    return hard * (1 - label_smoothing) + smooth * (label_smoothing / classes)


def _is_plain(x: Any, t: Any, ignored: int, reduction: str) -> bool:
    """Whether there is one class number per row, none out of range and none ignored. A device is not asked."""
    return (
        x.ndim == 2 and t.ndim == 1 and x.dtype.kind in "fV" and t.dtype == "int64" and t.size == x.shape[0] > 0
        and reduction in ("mean", "sum", "none") and backend_of(x).name == "cpu" and backend_of(t).name == "cpu"
        and not 0 <= ignored < x.shape[1] and bool(t.view("uint64").max() < x.shape[1])
    )  # fmt: skip


def _per_class(weight: Any, logs: Any, axis: int) -> Any:
    return reshape(weight, shape=(-1,) + (1,) * (logs._data.ndim - axis - 1))


def _soft_targets(logs: Any, target: Any, weight: Any, axis: int, reduction: str, smoothing: float) -> Any:
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / logs._data.shape[axis]
    terms = logs * target
    if weight is not None:
        terms = terms * _per_class(weight, logs, axis)
    loss = -sum(terms, dim=axis)
    if reduction == "mean":
        return sum(loss) / max(loss._data.size, 1)
    return reduced(loss, reduction)


def _uncast(have: Any, hold: Any) -> None:
    raise RuntimeError(f"result type {scalar_type(have._data.dtype)} can't be cast to the desired output type "
                       f"{scalar_type(hold._data.dtype)}")  # fmt: skip


@public("(input, target, weight=None, size_average=None, reduce=None, reduction='mean', pos_weight=None)",
        namespace="nn.functional")  # fmt: skip
def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, size_average: Any = None,
                                     reduce: Any = None, reduction: str = "mean", pos_weight: Any = None) -> Any:  # fmt: skip
    """The cross entropy of sigmoid(input), without overflow."""
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
    soft = -logsigmoid(input)
    if pos_weight is None:
        loss = (1 - target) * input + soft
    else:
        loss = (1 - target) * input + ((pos_weight - 1) * target + 1) * soft
    return reduced(loss if weight is None else loss * weight, reduction, size_average, reduce)


@public("(input, target, weight=None, size_average=None, reduce=None, reduction='mean')", namespace="nn.functional")
def binary_cross_entropy(input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
                         reduction: str = "mean") -> Any:  # fmt: skip
    """The cross entropy of probabilities; logarithms are held above -100, as in PyTorch."""
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
    return reduced(loss if weight is None else loss * weight, reduction, size_average, reduce)
