"""Sequences of different lengths: padded to one array, or packed step by step without padding.

Padded is (T, N, *), a column per sequence. Packed is the rows of the first step of all sequences, then of the second,
and so on: of sequences sorted by length, so that those still running come first. Either is the other's rows looked up
by number; where there is none, a row of padding is.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import numpy as np

from ..backend.dtype import scalar_type
from ..backend.namespace import backend_of
from ..ops.arithmetic import cast
from ..ops.lookup import lookup
from ..ops.shape import cat, expand, reshape
from ..ops.shapes import common_shape
from .matrices import size_of

FLAT = "'lengths' argument should be a 1D CPU int64 tensor, but got {}D {} {} tensor"


def counted(lengths: Any) -> list[int]:
    """Numbers of a one-dimensional int64 tensor on the host.

    Raises:
        RuntimeError: for another one.
    """
    raw = lengths._data
    if raw.ndim != 1 or raw.dtype != "int64" or backend_of(raw).name != "cpu":
        raise RuntimeError(FLAT.format(raw.ndim, lengths.device, scalar_type(raw.dtype)))
    return raw.tolist()  # type: ignore[no-any-return]


def _rows(x: Any, index: Any, padding: Any = None) -> Any:
    """The rows of x by number; number -1 is a row of the number `padding`."""
    xp = backend_of(x._data)
    if padding is not None:
        row = x._wrap(xp.full((1,) * x._data.ndim, padding, dtype=x._data.dtype))
        x = cat(x, expand(row, shape=(1, *x._data.shape[1:])), dim=0)
        index = np.where(index < 0, x._data.shape[0] - 1, index)
    return lookup(x, x._wrap(xp.asarray(index)), dim=0)


def pack_padded(input: Any, lengths: Any, batch_first: bool) -> tuple[Any, list[int]]:
    """(T, N, *), or (N, T, *), packed -> (rows, how many sequences are running at each step).

    Args:
        lengths: of the sequences, int64 on the host, longest first.

    Raises:
        RuntimeError: for lengths that are not as many as sequences, not sorted, not above 0, or above T.
    """
    running = counted(lengths)
    if not input._data.size:
        raise RuntimeError("Cannot pack empty tensors.")
    batch, steps = size_of(input, int(not batch_first)), size_of(input, int(batch_first))
    if len(running) != batch:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(running)} (batch_size={batch})")
    if min(running) <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if any(after > before for before, after in pairwise(running)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not "
            "need ONNX exportability."
        )
    if running[0] > steps:
        raise RuntimeError(f"start ({steps}) + length (1) exceeds dimension size ({steps}): a sequence has length {running[0]}")
    step, sequence = np.nonzero(np.arange(running[0])[:, None] < np.asarray(running))
    sizes = np.bincount(step).tolist()
    index = sequence * steps + step if batch_first else step * batch + sequence
    return _rows(reshape(input, shape=(steps * batch, *input._data.shape[2:])), index), sizes


def pad_packed(data: Any, batch_sizes: Any, batch_first: bool, padding_value: float,
               total_length: int) -> tuple[Any, list[int]]:  # fmt: skip
    """Packed rows as (T, N, *), or (N, T, *) -> (padded, the length of each sequence).

    Args:
        batch_sizes: how many sequences are running at each step, int64 on the host.
        total_length: T, at least the number of steps.

    Raises:
        RuntimeError: for batch sizes that grow, or that ask for more rows than there are.
    """
    sizes = counted(batch_sizes)
    if not sizes:
        raise RuntimeError("batch_sizes can not be empty")
    if any(after > before for before, after in pairwise(sizes)):
        raise RuntimeError(f"batch_sizes must not grow from one step to the next (got {sizes})")
    _enough(data._data, sizes)
    starts = np.cumsum([0, *sizes[:-1]])
    sequences = np.arange(sizes[0])
    running = sequences < np.asarray(sizes)[:, None]
    index = np.full((total_length, sizes[0]), -1)
    index[: len(sizes)] = np.where(running, starts[:, None] + sequences, -1)
    return _rows(data, index.T if batch_first else index, padding_value), running.sum(axis=0).tolist()


def _enough(array: Any, sizes: list[int]) -> None:
    """Refuse batch sizes that ask for more rows than there are."""
    start, rows = 0, array.shape[0] if array.ndim else 0
    for size, several in groupby(sizes):  # PyTorch looks at steps of one size together
        steps = len(list(several))
        start += steps * size
        if start > rows:
            left = rows - start + steps * size
            raise RuntimeError(f"shape '{[steps, size, *array.shape[1:]]}' is invalid for input of size {left * array[:1].size}")


def pad_all(sequences: tuple[Any, ...], batch_first: bool, padding_value: float, padding_side: str) -> Any:
    """Sequences (L, *) of different lengths L side by side: (T, N, *), or (N, T, *), of the first one's dtype.

    Raises:
        RuntimeError: for none at all, another word for the side, or sizes beyond the first that differ.
    """
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    first = sequences[0]
    tail, kind = first._data.shape[1:], first._data.dtype
    pieces, counts = [], []
    for piece in sequences:
        counts.append(size_of(piece, 0))
        if piece._data.shape[1:] != tail:
            wanted = (counts[-1], *tail)
            shape = common_shape((wanted, piece._data.shape))
            if shape != wanted:
                raise RuntimeError(f"output with shape {list(wanted)} doesn't match the broadcast shape {list(shape)}")
            piece = expand(piece, shape=wanted)
        pieces.append(piece if piece._data.dtype == kind else cast(piece, dtype=kind))
    longest, lengths = max(counts), np.asarray(counts)
    places = np.arange(longest)[:, None] - (longest - lengths if padding_side == "left" else 0)
    index = np.where((places >= 0) & (places < lengths), places + np.cumsum([0, *counts[:-1]]), -1)
    return _rows(cat(*pieces, dim=0), index.T if batch_first else index, padding_value)
