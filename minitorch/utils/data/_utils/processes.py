"""One pass over a loader whose batches are fetched by worker processes.

Batches are numbered as the sampler gives them and dealt to the workers in turn, a few ahead of the reader. What comes
early is kept until its turn, so that order does not depend on who is quick.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import weakref
from typing import Any

from .crew import Crew
from .failure import ExceptionWrapper
from .iteration import BaseIterator, make_fetcher
from .worker import StreamEnd, worker_loop

__all__ = ["MultiProcessIterator"]


class MultiProcessIterator(BaseIterator):
    """Asks workers for batches `prefetch_factor` each in advance; with persistent workers, for several passes."""

    def __init__(self, loader: Any) -> None:
        super().__init__(loader)
        self._ahead = loader.prefetch_factor * self._num_workers
        if self._ahead <= 0:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        fetcher = functools.partial(make_fetcher, loader._dataset_kind, self._auto_collation, self._collate_fn,
                                    self._drop_last)  # fmt: skip
        context = loader.multiprocessing_context or multiprocessing.get_context()
        self._crew = Crew(context, self._num_workers, worker_loop,
                          (self._dataset, fetcher, self._is_stream, loader.worker_init_fn, self._base_seed))  # fmt: skip
        # At exit `multiprocessing` terminates its children itself; waiting for their last batch would only delay it.
        weakref.finalize(self, self._crew.stop).atexit = False
        self._epoch = 0
        self._begin(loader)

    @property
    def broken(self) -> bool:
        """Whether the workers are gone."""
        return self._crew.stopped

    def _begin(self, loader: Any) -> None:
        super()._reset(loader)
        self._epoch += 1
        self._sent = 0  # the number of the next batch to ask for
        self._read = 0  # the number of the next batch to return
        self._owners: dict[int, int] = {}  # batches asked for and not returned, and who fetches them
        self._early: dict[int, Any] = {}  # batches that arrived before their turn
        self._active = [True] * self._num_workers  # whose stream has not ended
        self._load = [0] * self._num_workers  # how many batches each one owns
        self._turns = itertools.cycle(range(self._num_workers))
        for _ in range(self._ahead):
            self._ask()

    def _reset(self, loader: Any) -> None:
        self._begin(loader)

    def _ask(self) -> None:
        """Let a worker fetch the next batch, if there is one left and a worker for it."""
        try:
            index = next(self._order)
        except StopIteration:
            return
        most = self._ahead // max(sum(self._active), 1)
        for worker_id in itertools.islice(self._turns, self._num_workers):
            if self._active[worker_id] and (self._in_order or self._load[worker_id] < most):
                break
        else:
            return
        self._crew.send(worker_id, (self._epoch, self._sent, index))
        self._owners[self._sent] = worker_id
        self._load[worker_id] += 1
        self._sent += 1

    def _next_data(self) -> Any:
        while True:
            # Batches asked of a worker whose stream has ended since will never come.
            while self._read < self._sent and self._read not in self._early:
                owner = self._owners.get(self._read)
                if owner is not None and self._active[owner]:
                    break
                self._owners.pop(self._read, None)
                self._read += 1
            if self._read == self._sent:
                if not self._persistent:
                    self._crew.stop()
                raise StopIteration
            if self._read in self._early:
                return self._deliver(self._read, self._early.pop(self._read))
            number, data = self._receive()
            if isinstance(data, StreamEnd):
                self._active[data.worker_id] = False
                self._ask()
            elif number == self._read or not self._in_order:
                return self._deliver(number, data)
            else:
                self._early[number] = data

    def _receive(self) -> tuple[int, Any]:
        """The number of a batch of this pass, and the batch."""
        while True:
            if self.broken:
                raise RuntimeError("DataLoader workers have exited; call iter() on the loader to start new ones")
            answer = self._crew.receive(self._timeout if self._timeout > 0 else None)
            if answer is None:
                raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
            epoch, number, data = answer
            if epoch == self._epoch:
                return number, data

    def _deliver(self, number: int, data: Any) -> Any:
        self._load[self._owners.pop(number)] -= 1
        if number == self._read:
            self._read += 1
        self._ask()
        if isinstance(data, ExceptionWrapper):
            data.reraise()
        return data
