"""Sequences of different lengths for recurrent networks: padded side by side, or packed without padding.

https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self

from ..._tensor import Tensor
from ...backend import dtype as dtypes
from ...backend.dtype import dtype
from ...compose.packing import pack_padded, pad_all, pad_packed
from ...create import as_tensor, tensor
from ...create_ranges import arange

__all__ = ["PackedSequence", "invert_permutation", "pack_padded_sequence", "pad_packed_sequence", "pad_sequence",
           "unpad_sequence", "pack_sequence", "unpack_sequence"]  # fmt: skip


class PackedSequence_(NamedTuple):
    """The four tensors of a packed sequence."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequence_):
    """Sequences of different lengths, step by step without padding; made by `pack_padded_sequence` and `pack_sequence`.

    Attributes:
        data: the rows of all steps, one step after the other, (sum of lengths, *).
        batch_sizes: how many sequences are running at each step; int64, always on the host.
        sorted_indices: which sequence of the batch stands first, second, ... by length; None where they came sorted.
        unsorted_indices: where each sequence of the batch stands, the inverse of that.
    """

    def __new__(cls, data: Any, batch_sizes: Tensor | None = None, sorted_indices: Tensor | None = None,
                unsorted_indices: Tensor | None = None) -> Self:  # fmt: skip
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:  # PackedSequence((data, batch_sizes))
            if not (isinstance(data, list | tuple) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. They should "
                "be instantiated by functions like pack_sequence and pack_padded_sequences in nn.utils.rnn. "
                "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, data: Tensor, change: Callable[[Tensor], Tensor]) -> Self:
        indices = [None if held is None else change(held) for held in (self.sorted_indices, self.unsorted_indices)]
        return type(self)(data, self.batch_sizes, *indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """The data in another dtype or on another device, as `Tensor.to` takes them; itself where nothing changes."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._with(data, lambda held: held.to(data.device))

    def _on(self, kind: str, args: Any, kwargs: Any) -> Self:
        there = tensor((), dtype=self.data.dtype, device=self.data.device).to(*args, **kwargs)
        return self.to(*args, **(kwargs if there.device.type == kind else kwargs | {"device": kind}))

    def cuda(self, *args: Any, **kwargs: Any) -> Self:
        """On a device."""
        return self._on("cuda", args, kwargs)

    def cpu(self, *args: Any, **kwargs: Any) -> Self:
        """On the host."""
        return self._on("cpu", args, kwargs)

    def pin_memory(self) -> Self:
        """In memory that a device copies from faster."""
        return self._with(self.data.pin_memory(), lambda held: held.pin_memory())

    def double(self) -> Self:
        """The data in float64."""
        return self._of(dtypes.float64)

    def float(self) -> Self:
        """The data in float32."""
        return self._of(dtypes.float32)

    def half(self) -> Self:
        """The data in float16."""
        return self._of(dtypes.float16)

    def long(self) -> Self:
        """The data in int64."""
        return self._of(dtypes.int64)

    def int(self) -> Self:
        """The data in int32."""
        return self._of(dtypes.int32)

    def short(self) -> Self:
        """The data in int16."""
        return self._of(dtypes.int16)

    def char(self) -> Self:
        """The data in int8."""
        return self._of(dtypes.int8)

    def byte(self) -> Self:
        """The data in uint8."""
        return self._of(dtypes.uint8)

    def _of(self, wanted: dtype) -> Self:
        return self.to(dtype=wanted)

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a device."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the data is in pinned memory."""
        return bool(self.data.is_pinned())


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Where each number of a permutation stands, which is its inverse; None of None."""
    if permutation is None:
        return None
    places = arange(0, permutation.numel(), device=permutation.device)
    inverse: Tensor = places.new_empty(permutation.shape, dtype=permutation.dtype).scatter_(0, permutation, places)
    return inverse


def pack_padded_sequence(input: Tensor, lengths: Tensor | list[int], batch_first: bool = False,
                         enforce_sorted: bool = True) -> PackedSequence:  # fmt: skip
    """Padded sequences packed; `pad_packed_sequence` is the inverse.

    Args:
        input: (T, N, *), or (N, T, *) with `batch_first`.
        lengths: of each sequence, at most T; a tensor must be on the host.
        enforce_sorted: the sequences come longest first; where they need not, False sorts them.

    Raises:
        RuntimeError: for lengths that do not go with the input.
    """
    running: Tensor = lengths.to(dtype=dtypes.int64) if isinstance(lengths, Tensor) else as_tensor(
        lengths, dtype=dtypes.int64, device="cpu")  # fmt: skip
    order = None
    if not isinstance(input, Tensor):
        raise TypeError(f"_pack_padded_sequence(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    if not enforce_sorted:
        running, order = running.sort(descending=True)
        order = order.to(input.device)
        input = input.index_select(0 if batch_first else 1, order)
    data, sizes = pack_padded(input, running, batch_first)
    return PackedSequence(data, tensor(sizes, dtype=dtypes.int64), order)


def pad_packed_sequence(sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0,
                        total_length: int | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    """A packed sequence padded, in the order in which its sequences came -> (padded, lengths).

    Args:
        batch_first: (N, T, *), else (T, N, *).
        padding_value: what stands behind the end of a sequence.
        total_length: T; by default the length of the longest.

    Raises:
        ValueError: for a total length below that of the longest sequence.
    """
    longest = sequence.batch_sizes.size(0)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    if not isinstance(padding_value, bool | int | float):
        raise TypeError(
            f"_pad_packed_sequence(): argument 'padding_value' (position 4) must be Number, not {type(padding_value).__name__}"
        )
    order = sequence.unsorted_indices
    padded, lengths = pad_packed(sequence.data, sequence.batch_sizes, batch_first, padding_value, total_length or longest)
    if order is not None:
        padded = padded.index_select(0 if batch_first else 1, order)
        return padded, tensor(lengths, dtype=dtypes.int64)[order.cpu()]
    return padded, tensor(lengths, dtype=dtypes.int64)


def pad_sequence(sequences: Tensor | Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0,
                 padding_side: str = "right") -> Tensor:  # fmt: skip
    """Sequences (L, *) of different lengths side by side, padded to the longest: (T, N, *).

    Args:
        batch_first: (N, T, *) instead.
        padding_side: "right", behind the end, or "left", before the beginning.

    Raises:
        RuntimeError: for none at all, or sizes beyond the first that differ.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    given = tuple(sequences)
    for place, sequence in enumerate(given):
        if not isinstance(sequence, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(sequence).__name__}")
    padded: Tensor = pad_all(given, batch_first, padding_value, padding_side)
    return padded


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each with its own length; `pad_sequence` is the inverse."""
    columns = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    places = arange(columns.shape[1], device=lengths.device)
    return [column[places < length] for column, length in zip(columns, lengths, strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences (L, *) of different lengths packed; see `pack_padded_sequence`."""
    lengths = tensor([sequence.size(0) for sequence in sequences], dtype=dtypes.int64)
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed batch; `pack_sequence` is the inverse."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
