"""Embeddings: rows of a table by number, one by one or summed up in bags, and numbers as rows of zeros with a one.

A bag is a row of a sparse matrix, so that its sum and its mean are one product with the table; its maximum is found off
the tape and the row gathered by it. With `sparse=True` the gradient of the table is a sparse tensor.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..backend.dtype import scalar_type
from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..ops.arithmetic import cast, where
from ..ops.front import public
from ..ops.index import one_of
from ..ops.kinds import lacking
from ..ops.lookup import lookup
from ..ops.promotion import as_dtype, common_dtype
from ..ops.shape import reshape
from ..ops.sparse_products import spmm
from ..ops.tables import embedding_rows
from .lengths import vector_norm


def _check_numbers(input: Any, place: int, name: str) -> None:
    """Row numbers are int64 or int32.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    kind = input._data.dtype
    if kind.kind != "i" or kind.itemsize < 4:
        said = "CPUBoolType" if kind.kind == "b" else f"torch.{scalar_type(kind)}Tensor"
        raise RuntimeError(
            f"Expected tensor for argument #{place} 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{said} instead (while checking arguments for {name})"
        )


def _check_rows(index: Any, rows: int, describe: Any) -> None:
    """Every row number is one of a row; a device is not asked.

    Raises:
        describe(number, position): otherwise.
    """
    xp = backend_of(index)
    if xp.name != "cpu" or not index.size:
        return
    if not (index.view("uint64" if index.itemsize == 8 else "uint32").max() < rows):
        bad = xp.argwhere((index < 0) | (index >= rows))[0]
        raise describe(int(index[tuple(bad)]), [int(i) for i in bad])


def _hold(weight: Any, input: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up, in place, down to a norm of `max_norm`."""
    raw, index = weight._data, input._data
    _check_numbers(input, 2, "embedding_renorm_")
    if raw.ndim != 2:
        raise RuntimeError(f"Expected 2-dimensional tensor, but got {raw.ndim}-dimensional tensor for argument #1 'self' "
                           "(while checking arguments for embedding_renorm_)")  # fmt: skip
    _check_rows(index, len(raw), lambda bad, place: IndexError(
        f"select(): index {bad} out of range for tensor of size {list(raw.shape)} at dimension 0"))  # fmt: skip
    if raw.dtype.kind in "biu":
        raise RuntimeError("norm(): input dtype should be either floating point or complex. Got "
                           f"{scalar_type(raw.dtype)} instead.")  # fmt: skip
    xp = backend_of(raw)
    picked = weight.detach()
    if xp.name == "cpu":
        rows = xp.unique(index)
        picked = lookup(picked, weight._wrap(rows), dim=0)
    size = vector_norm(picked, norm_type, 1, True)
    scale = where(size > max_norm, max_norm / (size + 1e-7), 1.0)
    if xp.name == "cpu":
        raw[rows] = (picked * scale)._data
    else:  # all rows: how many are looked up would have to be waited for
        used = xp.zeros(len(raw), dtype="int32")
        xp.scatter_add(used, (index.reshape(-1),), xp.ones(index.size, dtype="int32"))
        raw *= xp.where(used[:, None] > 0, scale._data, xp.zero(raw.dtype) + 1)
    if weight._cell is not None:
        weight._cell[0] += 1


def _padding_row(padding_idx: int | None, rows: int) -> int:
    """The number of the row used for padding, or -1.

    Raises:
        AssertionError: for none of the rows.
    """
    if padding_idx is None:
        return -1
    if not -rows <= padding_idx < max(rows, 1):
        raise AssertionError(f"Padding_idx must be within num_embeddings (got {padding_idx}, there are {rows})")
    return padding_idx % rows if rows else 0


@public(
    "(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False)",
    namespace="nn.functional",
)
def embedding(input: Any, weight: Any, padding_idx: int | None = None, max_norm: float | None = None,
              norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:  # fmt: skip
    """The rows of `weight`, (V, D), at `input`, any shape (*): (*, D).

    Args:
        padding_idx: a row that gets no gradient.
        max_norm, norm_type: rows looked up that are longer are first scaled down, in place.
        scale_grad_by_freq: divide a row's gradient by how often it is looked up.
        sparse: the gradient of `weight` is a sparse tensor of the rows looked up, each as often as it was.

    Raises:
        IndexError: for a number that is no row's; on a device it is not looked at.
        RuntimeError: in the backward of a sparse gradient that is to be scaled.
    """
    table, index = weight._data, input._data
    if padding_idx is not None and not table.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions: 'weight' must be 2-D")
    padding = _padding_row(padding_idx, len(table) if table.ndim else 0)
    if max_norm is not None:
        _hold(weight, input, max_norm, norm_type)
    if table.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D (got shape {list(table.shape)})")
    _check_numbers(input, 1, "embedding")
    if not len(table) and index.size:
        raise RuntimeError("index_select(): self indexing axis dim should be positive: the table has no rows")
    _check_rows(index, len(table), lambda bad, place: IndexError(
        f"index out of range in self: {bad} at position {place} of the input; the table has {len(table)} rows"))  # fmt: skip
    if sparse and table.dtype.kind == "c" and modes.grad and weight.requires_grad:
        raise RuntimeError("embedding does not support automatic differentiation for outputs with complex dtype.")
    if padding < 0 and not scale_grad_by_freq and not sparse:
        return lookup(weight, input, dim=0)
    return embedding_rows(weight, input, padding=padding, by_frequency=bool(scale_grad_by_freq), sparse=bool(sparse))


# ---- bags ----------------------------------------------------------------------------------------------------------
def _starts(input: Any, offsets: Any, last: bool, psw: Any) -> tuple[Any, Any, Any]:
    """The numbers in a row, where each bag starts among them, and their factors.

    Raises:
        ValueError, RuntimeError: for offsets that do not go with the numbers.
    """
    ndim = input._data.ndim
    if ndim == 2:
        if offsets is not None:
            raise ValueError("if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed "
                             f"length sequences. However, found offsets of type {type(offsets)}")  # fmt: skip
        count, length = input._data.shape
        if not length:
            raise RuntimeError("step must be nonzero: the bags have no room for any number")
        xp = backend_of(input._data)
        starts = xp.arange(0, count * length, length)
        return reshape(input, shape=(-1,)), starts, None if psw is None else reshape(psw, shape=(-1,))
    if ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {ndim}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets._data.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    starts = offsets._data.astype("int64") if offsets._data.dtype.kind in "bu" else offsets._data
    if last and not starts.size:
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    if backend_of(starts).name == "cpu" and starts.size and starts.dtype.kind in "iu":
        if starts[0] != 0:
            raise RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                               f"position 0. However, got {int(starts[0])}")  # fmt: skip
        if starts[-1] > input._data.size:
            raise RuntimeError(f"offsets[-1] can not be greater than input's length {input._data.size} but got offsets[-1] "
                               f"of {int(starts[-1])}")  # fmt: skip
    return input, starts[:-1] if last else starts, psw


MODES = ("sum", "mean", "max")


@public(
    "(input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode='mean', sparse=False, "
    "per_sample_weights=None, include_last_offset=False, padding_idx=None)",
    namespace="nn.functional",
)
def embedding_bag(input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None, norm_type: float = 2,
                  scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False,
                  per_sample_weights: Any = None, include_last_offset: bool = False, padding_idx: int | None = None
                  ) -> Any:  # fmt: skip
    """Sums, means or maxima of bags of rows of `weight`, (V, D): (bags, D).

    Args:
        input: row numbers: (bags, n), or all in one row, (N,), with `offsets`, where each bag starts.
        include_last_offset: the last offset is not a start but the end.
        sparse: the gradient of `weight` is a sparse tensor, as with `embedding`; not with mode "max".
        per_sample_weights: a factor for each number, with mode "sum".
        padding_idx: numbers that do not count.

    Raises:
        ValueError, RuntimeError, NotImplementedError: in PyTorch's words.
    """
    if weight._data.dtype == "int64" and input._data.dtype.kind in "fV":
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.", stacklevel=4)  # fmt: skip
        weight, input = input, weight
    psw = per_sample_weights
    if psw is not None and input._data.shape != psw._data.shape:
        raise ValueError(f"embedding_bag: If per_sample_weights ({psw.shape}) is not None, then it must have the same shape "
                         f"as the input ({input.shape})")  # fmt: skip
    if weight._data.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight._data.ndim}")
    if input._data.ndim == 1 and offsets is not None:  # the wider of their dtypes is what counts
        common = common_dtype((input, offsets))
        _check_numbers(as_dtype(input, common), 1, "embedding_bag")
    elif input._data.ndim == 2:
        lacking("arange_cpu", "b c", input)
        _check_numbers(input, 1, "embedding_bag")
    input, starts, psw = _starts(input, offsets, include_last_offset, psw)
    if input._data.dtype.kind != "i" or input._data.itemsize < 4:
        input = cast(input, dtype="int64")
    if mode not in MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if max_norm is not None:
        _hold(weight, input, max_norm, norm_type)
    if psw is not None and mode != "sum":
        raise NotImplementedError("embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for "
                                  f"mode='sum' (got mode='{mode}'). Please open a feature request on GitHub.")  # fmt: skip
    _check_bags(input, weight, psw, padding_idx)
    rows = len(weight._data)
    padding = -1 if padding_idx is None else padding_idx % rows
    if mode == "max":
        return _tops(input, weight, starts, padding)
    return _sums(input, weight, starts, padding, psw, mode == "mean", bool(scale_grad_by_freq), bool(sparse))


def _check_bags(input: Any, weight: Any, psw: Any, padding_idx: int | None) -> None:
    table, index = weight._data, input._data
    if table.dtype.kind not in "fV":
        said = f"CPU{scalar_type(table.dtype)}Type" if table.dtype.kind in "cb" else f"torch.{scalar_type(table.dtype)}Tensor"
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, Float, "
            f"Double; but got {said} instead (while checking arguments for embedding_bag)"
        )
    if psw is not None and psw._data.dtype != table.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 'per_sample_weights'; "
            f"but type torch.{scalar_type(table.dtype)}Tensor does not equal torch.{scalar_type(psw._data.dtype)}Tensor "
            "(while checking arguments for embedding_bag)"
        )
    rows = len(table)
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but got "
                           f"{padding_idx}")  # fmt: skip
    _check_rows(index, rows, lambda bad, place: RuntimeError(
        f"Index {place[0]} of input takes value {bad} which is not in the valid range [0, {rows})"))  # fmt: skip


def _bag_of_each(starts: Any, count: int) -> Any:
    """The bag that each of `count` numbers is in."""
    xp = backend_of(starts)
    return xp.searchsorted(starts, xp.arange(count), side="right") - 1


def _sums(input: Any, weight: Any, starts: Any, padding: int, psw: Any, averaged: bool, by_frequency: bool, sparse: bool = False
          ) -> Any:  # fmt: skip
    index, table = input._data, weight._data
    xp = backend_of(table)
    if not starts.size:
        return embedding_rows(weight, weight._wrap(starts), padding=padding, by_frequency=by_frequency, sparse=sparse)
    bag = _bag_of_each(starts, index.size)
    factors = xp.ones(index.shape, dtype=table.dtype)
    if padding >= 0:
        factors = (index != padding).astype(table.dtype)
    if averaged:
        sizes = xp.zeros(starts.shape, dtype="float32")
        xp.scatter_add(sizes, (bag,), factors.astype("float32"))
        factors = factors / xp.maximum(sizes, 1).take(bag).astype(table.dtype)
    values = weight._wrap(factors) if psw is None else psw if padding < 0 else psw * weight._wrap(factors)
    bags = weight._wrap(bag)
    if by_frequency or sparse:
        picked = embedding_rows(weight, input, padding=padding, by_frequency=by_frequency, sparse=sparse)
        return spmm(values, picked, bags, weight._wrap(xp.arange(index.size)), rows=starts.size)
    return spmm(values, weight, bags, input, rows=starts.size)


def _tops(input: Any, weight: Any, starts: Any, padding: int) -> Any:
    """The maxima: of the numbers of each bag side by side; the first of equal ones takes the gradient."""
    index, table = input._data, weight._data
    xp = backend_of(table)
    if not starts.size or not index.size:
        return _sums(input, weight, starts, padding, None, False, False)
    ends = xp.concatenate([starts[1:], xp.full(1, index.size, dtype=starts.dtype)])
    places = starts[:, None] + xp.arange(max(int((ends - starts).max()), 1))
    counts = places < ends[:, None]
    numbers = index.take(xp.minimum(places, index.size - 1))
    if padding >= 0:
        counts = counts & (numbers != padding)
    rows = lookup(weight, weight._wrap(numbers), dim=0)
    seen = rows._data.astype("float32") if rows._data.itemsize == 2 else rows._data
    best = xp.where(counts[:, :, None], seen, -math.inf).argmax(axis=1)
    found = one_of(rows, weight._wrap(best), dim=1)
    some = counts.any(axis=1)
    return where(weight._wrap(some[:, None]), found, 0)


# ---- numbers as rows -----------------------------------------------------------------------------------------------
@public("(input, num_classes=-1)", namespace="nn.functional")
def one_hot(input: Any, num_classes: int = -1) -> Any:
    """int64 (*) class numbers as (*, classes): 1 at the number, 0 elsewhere.

    Args:
        num_classes: -1 for one more than the largest number, which a device is asked for.

    Raises:
        RuntimeError: for other dtypes, and for a number below 0 or beyond the classes (a device does not look).
    """
    index = input._data
    if index.dtype != "int64":
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    xp = backend_of(index)
    if not index.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    elif xp.name == "cpu":
        if index.min() < 0:
            raise RuntimeError(f"Class values must be non-negative. (the least is {int(index.min())})")
        if num_classes != -1 and index.max() >= num_classes:
            raise RuntimeError(f"Class values must be smaller than num_classes. ({int(index.max())} of {num_classes})")
    if num_classes == -1:
        num_classes = int(index.max()) + 1
    numbers = input._wrap(xp.ascontiguousarray(index).reshape(*index.shape, 1))
    return cast(numbers == input._wrap(xp.arange(num_classes)), dtype="int64")
