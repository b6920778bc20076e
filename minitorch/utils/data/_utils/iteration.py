"""One pass over a loader, in the process that asked for it."""

from __future__ import annotations

import warnings
from typing import Any

from ....cuda import is_available
from ..sampler import draw_seed
from .fetch import IterableFetcher, MapFetcher

__all__ = ["BaseIterator", "SingleProcessIterator"]


class BaseIterator:
    """What a pass has in common, whoever fetches: the order, the seed of the workers, the count of batches.

    Every pass draws one number from the generator, for the seed, whether or not there are workers; so the order of
    the passes that follow does not depend on them.
    """

    def __init__(self, loader: Any) -> None:
        self._dataset = loader.dataset
        self._is_stream = loader._dataset_kind == 1
        self._reported_length = loader._IterableDataset_len_called
        self._auto_collation = loader._auto_collation
        self._drop_last = loader.drop_last
        self._index_sampler = loader._index_sampler
        self._num_workers = loader.num_workers
        if loader.pin_memory and loader.pin_memory_device:
            warnings.warn("pin_memory_device is deprecated, the current accelerator will be used as the device,"
                          f"ignore pin_memory_device='{loader.pin_memory_device}'.", stacklevel=5)  # fmt: skip
        if loader.pin_memory and not is_available():
            warnings.warn("'pin_memory' argument is set as true but no accelerator is found, then device pinned memory "
                          "won't be used.", stacklevel=5)  # fmt: skip
        self._timeout = loader.timeout
        self._collate_fn = loader.collate_fn
        self._order = iter(self._index_sampler)
        self._base_seed = draw_seed(loader.generator)
        self._num_yielded = 0

    def __iter__(self) -> Any:
        return self

    def _reset(self, loader: Any) -> None:
        self._order = iter(self._index_sampler)
        self._num_yielded = 0
        self._reported_length = loader._IterableDataset_len_called

    def _next_data(self) -> Any:
        raise NotImplementedError

    def __next__(self) -> Any:
        data = self._next_data()
        self._num_yielded += 1
        if self._is_stream and self._reported_length is not None and self._num_yielded > self._reported_length:
            text = (f"Length of IterableDataset {self._dataset} was reported to be {self._reported_length}"
                    f"(when accessing len(dataloader)), but {self._num_yielded} samples have been fetched. ")  # fmt: skip
            if self._num_workers > 0:
                text += ("For multiprocessing data-loading, this could be caused by not properly configuring the "
                         "IterableDataset replica at each worker. Please see "
                         "https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset for examples.")  # fmt: skip
            warnings.warn(text, stacklevel=2)
        return data

    def __len__(self) -> int:
        return len(self._index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError("{} cannot be pickled", self.__class__.__name__)


def make_fetcher(kind: int, auto_collation: bool, collate_fn: Any, drop_last: bool, dataset: Any) -> Any:
    """A fetcher for a dataset; the dataset last, as each worker has its own copy."""
    fetcher = MapFetcher if kind == 0 else IterableFetcher
    return fetcher(dataset, auto_collation, collate_fn, drop_last)


class SingleProcessIterator(BaseIterator):
    """Fetches each batch when it is asked for."""

    def __init__(self, loader: Any) -> None:
        super().__init__(loader)
        if self._timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._fetcher = make_fetcher(loader._dataset_kind, self._auto_collation, self._collate_fn, self._drop_last,
                                     self._dataset)  # fmt: skip

    def _next_data(self) -> Any:
        return self._fetcher.fetch(next(self._order))
