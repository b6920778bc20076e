"""Samplers: iterables of indices. After the same seed they give PyTorch's.

https://docs.pytorch.org/docs/stable/data.html#data-loading-order-and-sampler
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from ...backend.dtype import float64, int64
from ...create import as_tensor
from ...create_random import Generator, default_generator, multinomial, randint, randperm

__all__ = ["BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler"]

T_co = TypeVar("T_co", covariant=True)
AT_A_TIME = 32  # indices that sampling with replacement draws in one go: a shared generator is that far ahead


def draw_seed(generator: Any = None) -> int:
    """An int64 from a generator, by default the library's own: what seeds private generators and workers."""
    found: int = (default_generator if generator is None else generator).random64() % (1 << 63)
    return found


class Sampler(Generic[T_co]):
    """Anything that iterates over indices, or over lists of them (batches); `__len__` is wanted, not needed."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ... up to the length of `data_source`."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices of `data_source` in random order.

    Without a generator each pass draws one seed from the default one and shuffles with a generator of its own.

    Args:
        data_source: anything with a length.
        replacement: draw each index anew.
        num_samples: how many, by default the length; beyond it, without replacement, order follows order.
        generator: what to draw from. It is left one permutation further than was used, as in PyTorch.

    Raises:
        TypeError: for a `replacement` that is no bool.
        ValueError: for a `num_samples` that is no positive int.
    """

    def __init__(self, data_source: Sized, replacement: bool = False, num_samples: int | None = None,
                 generator: Any = None) -> None:  # fmt: skip
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(self.replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={self.replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives; the dataset may have grown since the last."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n = len(self.data_source)
        source = Generator().manual_seed(draw_seed()) if self.generator is None else self.generator
        if self.replacement:
            for _ in range(self.num_samples // AT_A_TIME):
                yield from randint(n, (AT_A_TIME,), dtype=int64, generator=source).tolist()
            yield from randint(n, (self.num_samples % AT_A_TIME,), dtype=int64, generator=source).tolist()
        else:
            for _ in range(self.num_samples // n):
                yield from randperm(n, generator=source).tolist()
            yield from randperm(n, generator=source).tolist()[: self.num_samples % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order."""

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for place in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices in proportion to their weights (which need not sum to one), with replacement or without.

    Raises:
        ValueError: for a `num_samples` that is no positive int, a `replacement` that is no bool, or weights that are
            not one-dimensional.
    """

    def __init__(self, weights: Sequence[float], num_samples: int, replacement: bool = True,
                 generator: Any = None) -> None:  # fmt: skip
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        as_weights = as_tensor(weights, dtype=float64)
        if len(as_weights.shape) != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(as_weights.shape)}")
        self.weights = as_weights
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler, the last one shorter, or left out for `drop_last`.

    Raises:
        ValueError: for a `batch_size` that is no positive int, or a `drop_last` that is no bool.
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
