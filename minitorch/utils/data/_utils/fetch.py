"""Fetchers: from the indices of a batch to the batch, for datasets by index and for streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["IterableFetcher", "MapFetcher"]


class MapFetcher:
    """Samples by index, all at once where the dataset has `__getitems__`."""

    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn

    def fetch(self, index: Any) -> Any:
        """The samples at a list of indices, collated; without batches, the sample at one index."""
        dataset = self.dataset
        if not self.auto_collation:
            return self.collate_fn(dataset[index])
        if hasattr(dataset, "__getitems__") and dataset.__getitems__:
            return self.collate_fn(dataset.__getitems__(index))
        return self.collate_fn([dataset[place] for place in index])


class IterableFetcher:
    """The next samples of a stream; the indices only say how many."""

    def __init__(self, dataset: Any, auto_collation: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self.stream = iter(dataset)
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.ended = False

    def fetch(self, index: Any) -> Any:
        """The next batch, the last one shorter or left out; StopIteration after it."""
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self.collate_fn(next(self.stream))
        samples = []
        for _ in index:
            try:
                samples.append(next(self.stream))
            except StopIteration:
                self.ended = True
                break
        if not samples or (self.drop_last and len(samples) < len(index)):
            raise StopIteration
        return self.collate_fn(samples)
