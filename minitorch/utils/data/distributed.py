"""The sampler that gives each of several processes its share of the indices."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...create_random import Generator, randperm
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index from `rank` on, out of an order that all processes shuffle alike.

    There is no process group here to ask, so the number of processes and the place among them have to be given.
    Call `set_epoch` before each epoch, else every epoch has the same order.

    Args:
        dataset: anything with a length.
        num_replicas, rank: how many processes there are, and which one this is.
        shuffle: by a generator seeded with `seed` + epoch.
        drop_last: leave out the last few indices where the processes do not share evenly; else the first ones are
            given out again.

    Raises:
        ValueError: for a rank outside [0, num_replicas - 1], or where one of the two is not given.
    """

    def __init__(self, dataset: Any, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True,
                 seed: int = 0, drop_last: bool = False) -> None:  # fmt: skip
        if num_replicas is None or rank is None:
            raise ValueError("Default process group has not been initialized, please make sure to call init_process_group. "
                             "There are no process groups here: give num_replicas and rank.")  # fmt: skip
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        count = len(dataset)
        if drop_last and count % num_replicas != 0:
            count -= num_replicas
        self.num_samples = math.ceil(count / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            source = Generator().manual_seed(self.seed + self.epoch)
            indices = randperm(len(self.dataset), generator=source).tolist()
        else:
            indices = list(range(len(self.dataset)))
        if not self.drop_last:
            missing = self.total_size - len(indices)
            indices += (indices * math.ceil(missing / len(indices)))[:missing] if missing else []
        shared = indices[: self.total_size]
        return iter(shared[self.rank :: self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Shuffle as for this epoch from the next pass on."""
        self.epoch = epoch
