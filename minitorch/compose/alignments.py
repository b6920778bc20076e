"""The loss of a sequence of labels under log-probabilities at each step of a longer one (CTC).

The labels, with blanks around them, pick what stands at each place of a path; summing over all paths is one op
(ops/fused_alignment.py). https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
"""

from __future__ import annotations

from typing import Any

from ..backend.namespace import backend_of
from ..ops.arithmetic import cast, where
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.fused_alignment import alignment
from ..ops.index import gather
from ..ops.kinds import lacking
from ..ops.reduce import sum
from ..ops.shape import reshape, select
from ..ops.transcendental import exp
from ..tracked import Tracked
from .losses import chosen, reduced

SAID = "(while checking arguments for ctc_loss_allocate_outputs)"


def _lengths(given: Any, name: str, batched: bool) -> list[int]:
    """Lengths as Python ints; a tensor of a device is waited for, as in PyTorch.

    Raises:
        RuntimeError: for numbers that are not whole.
    """
    if not isinstance(given, Tracked):
        return [int(n) for n in given]
    raw = given._data
    if raw.dtype.kind not in "iu":
        raise RuntimeError(f"{name} must be integral")
    if batched and raw.ndim != 1:
        raise RuntimeError(f"{name} must be of size batch_size")
    found: list[int] = backend_of(raw).to_host(raw).reshape(-1).tolist()
    return found


def _check(log_probs: Any, targets: Any, steps: list[int], sizes: list[int], blank: int) -> None:
    """Shapes and lengths that go together.

    Raises:
        RuntimeError: otherwise, in PyTorch's words.
    """
    shape, t = log_probs._data.shape, targets._data
    if not log_probs._data.size:
        raise RuntimeError("log_probs tensor must not be empty")
    if len(shape) != 3:
        raise RuntimeError(f"Expected 3-dimensional tensor, but got {len(shape)}-dimensional tensor for argument #1 "
                           f"'log_probs' {SAID}")  # fmt: skip
    if not 1 <= t.ndim <= 2:
        raise RuntimeError(f"Expected 1 to 2 dimensions, but got {t.ndim}-dimensional tensor for argument #2 'targets' {SAID}")
    length, batch, classes = shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    if len(steps) != batch:
        raise RuntimeError("input_lengths must be of size batch_size")
    if len(sizes) != batch:
        raise RuntimeError("target_lengths must be of size batch_size")
    for size in sizes:
        if size < 0:
            raise RuntimeError(f"Expected target_lengths to have value at least 0, but got value {size} {SAID}")
    most = max(sizes, default=0)
    total = 0
    for size in sizes:
        total += size
    want = total if t.ndim == 1 else batch
    if t.shape[0] != want:
        raise RuntimeError(f"Expected tensor to have size {want} at dimension 0, but got size {t.shape[0]} for argument #2 "
                           f"'targets' {SAID}")  # fmt: skip
    if t.ndim == 2 and t.shape[1] < most:
        raise RuntimeError(f"Expected tensor to have size at least {most} at dimension 1, but got size {t.shape[1]} for "
                           f"argument #2 'targets' {SAID}")  # fmt: skip
    for count in steps:
        if count < 0:
            raise RuntimeError(f"Expected input_lengths to have value at least 0, but got value {count} {SAID}")
        if count > length:
            raise RuntimeError(f"Expected input_lengths to have value at most {length}, but got value {count} {SAID}")


def _labels(xp: Any, t: Any, sizes: Any, most: int, classes: int, blank: int) -> Any:
    """The labels as (N, most), with the blank where there is none.

    Raises:
        RuntimeError: for a label that is no class; a device is not asked.
    """
    place = xp.arange(most)
    inside = place < sizes[:, None]
    if t.ndim == 1:
        starts = xp.cumsum(sizes) - sizes
        t = t.take(xp.minimum(starts[:, None] + place, max(t.size - 1, 0))) if t.size else xp.zeros(inside.shape, dtype="int64")
    labels = xp.where(inside, t[:, :most].astype("int64"), blank)
    if xp.name == "cpu" and labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise RuntimeError(f"Expected targets to be labels from 0 to {classes - 1}, but got {labels.min()} to {labels.max()}")
    return labels


@public("(log_probs: tensor, targets: tensor, input_lengths, target_lengths, blank=0, reduction='mean', "
        "zero_infinity=False)", namespace="nn.functional")  # fmt: skip
def ctc_loss(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0,
             reduction: str = "mean", zero_infinity: bool = False) -> Any:  # fmt: skip
    """Minus the log-probability of labels, summed over all ways to align them with the steps.

    The gradient is PyTorch's: that of log-probabilities which stay normalised (of `log_softmax`'s input, so to speak).

    Args:
        log_probs: (T, N, C), or (T, C): the logarithms of probabilities, from `log_softmax`.
        targets: (N, S), or the labels of all samples in a row.
        input_lengths, target_lengths: (N) how many steps and labels each sample has.
        reduction: "mean" divides by the lengths of the targets first.
        zero_infinity: give 0, with gradient 0, where there are too few steps for the labels.

    Raises:
        RuntimeError: for shapes and lengths that do not go together.
    """
    reduction = chosen(reduction)
    batched = log_probs._data.ndim == 3
    steps, sizes = _lengths(input_lengths, "input_lengths", batched), _lengths(target_lengths, "target_lengths", batched)
    lacking("ctc_loss_cpu", "b i c", log_probs)
    if not batched:
        shape = log_probs._data.shape
        if not shape:
            one_dim(1, 0)
        log_probs = reshape(log_probs, shape=(*shape[:1], 1, *shape[1:]))
    _check(log_probs, targets, steps, sizes, blank)
    kind = log_probs._data.dtype
    x = cast(log_probs, dtype="float32") if kind.itemsize == 2 else log_probs
    length, batch, classes = x._data.shape
    xp = backend_of(x._data)
    wrap, most = x._wrap, max(sizes)
    counts, spans = xp.asarray(steps), xp.asarray(sizes)
    labels = _labels(xp, targets._data, spans, most, classes, blank)
    path = xp.full((batch, 2 * most + 1), blank, dtype="int64")
    path[:, 1::2] = labels
    skip = xp.zeros(path.shape, dtype=bool)
    skip[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    each = gather(x, wrap(xp.broadcast_to(path, (length, *path.shape))), dim=2)
    loss = alignment(each, wrap(skip), wrap(counts), wrap(2 * spans), zero=bool(zero_infinity))
    if x._node is not None:
        inside = xp.arange(length)[:, None] < counts
        if zero_infinity:
            feasible = alignment(each.detach(), wrap(skip), wrap(counts), wrap(2 * spans), zero=False)._data != xp.inf
            inside = inside & feasible
        mass = sum(where(wrap(inside[:, :, None]), exp(x), 0), dim=(0, 2))
        loss = loss + (mass - mass.detach())  # 0, for the sake of the gradient
    if kind.itemsize == 2:
        loss = cast(loss, dtype=kind)
    if reduction == "mean":
        return reduced(loss / wrap(xp.maximum(spans, 1).astype(kind)), "mean")
    return reduced(loss if batched or reduction == "sum" else select(loss, key=(0,)), reduction)
