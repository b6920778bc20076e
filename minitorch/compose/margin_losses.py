"""Losses that keep pairs, triplets and classes apart by a margin, and the soft ones that have none.

What is below the margin counts for nothing and has no gradient; at the margin itself the gradient is PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..ops.activations import logsigmoid
from ..ops.arithmetic import NEGATION, cast, clamp, minimum, where
from ..ops.front import public
from ..ops.index import gather, one_of, scatter
from ..ops.kinds import EXPECTED, agreeing, lacking
from ..ops.lookup import lookup
from ..ops.mutation import check_fits
from ..ops.promotion import as_dtype
from ..ops.reduce import sum
from ..ops.shape import reshape, select
from ..ops.transcendental import exp, log1p, relu, sqrt
from .losses import chosen, reduced
from .similarities import pairwise_distance

#: What PyTorch adds to a squared length before its root.
TINY = 1e-12


def _beyond(x: Any) -> Any:
    """x where positive, else 0; the gradient at 0 is 1, as that of PyTorch's clamp."""
    return clamp(x, min=0, max=None)


# ---- pairs and triplets --------------------------------------------------------------------------------------------
@public("(input1: tensor, input2: tensor, target, margin=0, size_average=None, reduce=None, reduction='mean')",
        namespace="nn.functional")  # fmt: skip
def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None,
                        reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """max(0, margin - target * (input1 - input2)): target 1 ranks the first higher, -1 the second.

    Raises:
        RuntimeError: for tensors of different numbers of dimensions.
    """
    reduction = chosen(reduction, size_average, reduce)
    if not input1._data.ndim == input2._data.ndim == target._data.ndim:
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: {input1.size()}, "
            f"input2: {input2.size()}, target: {target.size()} "
        )
    gap = input1 - input2
    return reduced(_beyond(-target * gap + float(margin)), reduction)


@public("(input, target, margin=1.0, size_average=None, reduce=None, reduction='mean')", namespace="nn.functional")
def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, size_average: Any = None, reduce: Any = None,
                         reduction: str = "mean") -> Any:  # fmt: skip
    """A distance itself where target is 1; where it is -1, what it lacks of the margin."""
    reduction = chosen(reduction, size_average, reduce)
    kind = input._data.dtype
    if kind.kind == "b":
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
                           "`logical_xor()` operator instead.")  # fmt: skip
    lack = margin - input
    lack = lack if lack._data.dtype == kind else cast(lack, dtype=kind)
    near = where(target != -1, input, 0)
    return reduced(where(target != 1, _beyond(lack), 0) + near, reduction)


@public("(input1: tensor, input2: tensor, target, margin=0, size_average=None, reduce=None, reduction='mean')",
        namespace="nn.functional")  # fmt: skip
def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None,
                          reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """1 - cos of two vectors where target is 1, max(0, cos - margin) where it is -1.

    Args:
        input1, input2: (N, D) with a target (N), or (D) with a target ().

    Raises:
        RuntimeError: for shapes that do not go together.
    """
    reduction = chosen(reduction, size_average, reduce)
    axis = target._data.ndim
    if axis > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1._data.ndim == input2._data.ndim == axis + 1:
        raise RuntimeError(f"{axis}D target tensor expects {axis + 1}D input tensors, but found inputs with sizes "
                           f"{list(input1._data.shape)} and {list(input2._data.shape)}.")  # fmt: skip
    one, other = (sum(x * x, dim=(axis,)) + TINY for x in (input1, input2))
    cosine = sum(input1 * input2, dim=(axis,)) / sqrt(one * other)
    apart = where(target == -1, _beyond(cosine - margin), 0)
    return reduced(where(target == 1, 1 - cosine, 0) + apart, reduction)


def _triplet(near: Any, far: Any, margin: float, reduction: str) -> Any:
    return reduced(_beyond(margin + near - far), reduction)


@public("(anchor: tensor, positive: tensor, negative: tensor, margin=1.0, p=2, eps=1e-06, swap=False, size_average=None, "
        "reduce=None, reduction='mean')", namespace="nn.functional")  # fmt: skip
def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
                        swap: bool = False, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
                        ) -> Any:  # fmt: skip
    """max(0, margin + |anchor - positive| - |anchor - negative|), of p-distances.

    Args:
        swap: measure the negative from the positive where that is nearer to it. Source: Balntas et al. (2016).

    Raises:
        ValueError, RuntimeError: for a margin that is not positive; for different numbers of dimensions.
    """
    reduction = chosen(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    _check_triplet(anchor, positive, negative)
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return _triplet(near, far, margin, reduction)


def _check_triplet(anchor: Any, positive: Any, negative: Any) -> None:
    a, p, n = (x._data.ndim for x in (anchor, positive, negative))
    if not a == p == n:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {a}D, positive {p}D, and negative {n}D inputs"
        )


@public("(anchor: tensor, positive: tensor, negative: tensor, *, distance_function=None, margin=1.0, swap=False, "
        "reduction='mean')", namespace="nn.functional")  # fmt: skip
def triplet_margin_with_distance_loss(anchor: Any, positive: Any, negative: Any, *,
                                      distance_function: Callable[[Any, Any], Any] | None = None, margin: float = 1.0,
                                      swap: bool = False, reduction: str = "mean") -> Any:  # fmt: skip
    """`triplet_margin_loss` with a distance of one's own; by default the Euclidean."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    _check_triplet(anchor, positive, negative)
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return _triplet(near, far, margin, reduction)


# ---- classes -------------------------------------------------------------------------------------------------------
def _matrix(input: Any, target: Any) -> tuple[int, int]:
    """(samples, classes) of a vector or a matrix.

    Raises:
        RuntimeError: for no classes, or more dimensions.
    """
    shape = input._data.shape
    if len(shape) > 2 or (shape and not shape[-1]):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(shape)}")
    return (shape[0], shape[1]) if len(shape) == 2 else (1, shape[0] if shape else 1)


def _in_range(raw: Any, low: int, high: int, said: str = "target out of range") -> None:
    """Class numbers are at least `low` and below `high`; a device is not asked."""
    if backend_of(raw).name == "cpu" and raw.size and not low <= raw.min() <= raw.max() < high:
        raise RuntimeError(f"{said} (allowed are {low} to {high - 1}, the targets are {raw.min()} to {raw.max()})")


@public("(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction='mean')",
        namespace="nn.functional")  # fmt: skip
def multi_margin_loss(input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, size_average: Any = None,
                      reduce: Any = None, reduction: str = "mean") -> Any:  # fmt: skip
    """By how much each other class comes within the margin of the target's, to the power p; summed over C.

    Args:
        input: (N, C) with a target (N), or (C) with a target ().
        weight: a factor per target class.

    Raises:
        ValueError, RuntimeError: for another p, and shapes that do not go together.
    """
    reduction = chosen(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight._data.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    samples, classes = _matrix(input, target)
    t = target._data
    if t.ndim > 1 or t.size != samples:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
            f"Expected target size [{samples}], but got {list(t.shape)}. Input has shape {list(input._data.shape)}."
        )
    if weight is not None and weight._data.size != classes:
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight._data.shape)}")
    lacking("multi_margin_loss_cpu_kernel", "b i c", input)
    if t.dtype != "int64":
        agreeing(EXPECTED.format("Long", "{1}"), input._wrap(t.astype("int64")), target)
    if weight is not None and weight._data.dtype != input._data.dtype:
        lacking("multi_margin_loss_cpu_kernel", "float16 bfloat16", input)
        agreeing(EXPECTED, input, weight)
    _in_range(t, 0, classes)
    x, index = reshape(input, shape=(samples, classes)), reshape(target, shape=(samples,))
    own = reshape(one_of(x, index, dim=1), shape=(samples, 1))
    lack = relu(margin - own + x)
    if p == 2:
        lack = lack * lack
    lack = scatter(lack, 0, reshape(index, shape=(samples, 1)), dim=1)
    loss = sum(lack, dim=(1,)) / classes
    if weight is not None:
        loss = loss * lookup(weight, index, dim=0)
    return _as_target(reduced(loss, reduction), reduction, t.ndim > 0)


def _as_target(loss: Any, reduction: str, several: bool) -> Any:
    return loss if reduction != "none" or several else reshape(loss, shape=())


@public("(input, target, size_average=None, reduce=None, reduction='mean')", namespace="nn.functional")
def multilabel_margin_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
                           ) -> Any:  # fmt: skip
    """By how much each class that is no target comes within 1 of each that is; summed over C.

    Args:
        input: (N, C) or (C).
        target: class numbers in the same shape; those before the first -1 of a row count.

    Raises:
        RuntimeError: for shapes that do not go together, and numbers of no class.
    """
    reduction = chosen(reduction, size_average, reduce)
    samples, classes = _matrix(input, target)
    t, shape = target._data, input._data.shape
    if (t.ndim > 1 or t.size != classes) if len(shape) < 2 else t.shape != shape:
        raise RuntimeError(f"inconsistent target size: {list(t.shape)} for input of size: {list(shape)}")
    lacking("multilabel_margin_loss_forward_out_frame", "b i c", input)
    lacking("min_all", "c", target)
    if t.dtype != "int64":
        agreeing(EXPECTED.format("Long", "{1}"), input._wrap(t.astype("int64")), target)
    _in_range(t, -1, classes, "argument #2 'target' is out of range")
    xp = backend_of(t)
    numbers = t.reshape(samples, classes)
    counts = xp.cumsum(numbers < 0, axis=1) == 0
    listed = xp.where(counts, numbers, 0)
    hit = xp.zeros((samples, classes), dtype="int32")
    rows = xp.broadcast_to(xp.arange(samples)[:, None], listed.shape)
    xp.scatter_add(hit, (rows, listed), counts.astype("int32"))
    x = reshape(input, shape=(samples, classes))
    place = input._wrap(listed)
    own = select(gather(x, place, dim=1), key=(slice(None), slice(None), None))
    lack = relu(1 - own + reshape(x, shape=(samples, 1, classes)))
    pairs = counts[:, :, None] & (hit == 0)[:, None, :]
    loss = sum(where(input._wrap(pairs), lack, 0), dim=(1, 2)) / classes
    return _as_target(reduced(loss, reduction), reduction, t.ndim > 1)


@public("(input, target, weight=None, size_average=None, reduce=None, reduction='mean')", namespace="nn.functional")
def multilabel_soft_margin_loss(input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
                                reduction: str = "mean") -> Any:  # fmt: skip
    """The binary cross entropy of sigmoid(input), averaged over the classes, the last dimension."""
    if size_average is not None or reduce is not None:
        reduction = chosen(reduction, size_average, reduce)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    axis = input._data.ndim - 1
    loss = sum(loss, dim=axis) / input.size(axis)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not valid")
    return reduced(loss, reduction)


@public("(input, target, size_average=None, reduce=None, reduction='mean')", namespace="nn.functional")
def soft_margin_loss(input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> Any:
    """log(1 + exp(-target * input)), without overflow; targets are 1 and -1."""
    reduction = chosen(reduction, size_average, reduce)
    if input._data.dtype.kind == "b":
        raise RuntimeError(NEGATION)
    product = input * target
    loss = -logsigmoid(product) if product._data.dtype.kind in "fV" else log1p(exp(-product))
    check_fits(input, loss, "soft_margin_loss")
    return reduced(as_dtype(loss, dt.of(input._data.dtype)), reduction)
