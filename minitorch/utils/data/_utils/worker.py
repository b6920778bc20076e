"""A worker: a process that fetches batches for a loader.

It reads tasks from one pipe and writes results into another. The first one's end means that the loader is done, or dead:
either way the worker leaves. Results are written by a thread of their own, so that the next batch need not wait until
the loader reads the last one.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import queue
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ....backend.generator import manual_seed
from ....settings import set_num_threads
from .failure import ExceptionWrapper

__all__ = ["StreamEnd", "WorkerInfo", "get_worker_info", "worker_loop"]

PATIENCE = 5.0  # seconds between two looks whether the loader is still there, should its pipe not have told


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker may know about itself: its number, of how many, the seed of its random streams, its dataset copy."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = "multiprocessing"


@dataclasses.dataclass(frozen=True, slots=True)
class StreamEnd:
    """In place of a batch: this worker's stream has none left."""

    worker_id: int


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a loader, what it is to know about itself; None elsewhere."""
    return _worker_info


def seed_everything(base_seed: int, worker_id: int) -> int:
    """Seed the library's stream, Python's and NumPy's for one worker as PyTorch does, and return the first seed.

    NumPy's is not the same number: equal seeds would give its stream and Python's equal words.
    """
    seed = base_seed + worker_id
    random.seed(seed)
    manual_seed(seed)
    entropy = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
    return seed


class Outbox:
    """Sends results in order, from a thread that may wait for the reader."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._send, daemon=True).start()

    def _send(self) -> None:
        try:
            while True:
                self._waiting.get().send(self._connection)
        except OSError:
            pass  # nobody reads any more, and the other pipe says so too

    def put(self, parcel: Any) -> None:
        """Send this as soon as what came before it is sent."""
        self._waiting.put(parcel)


def worker_loop(inbox: Any, outbox: Any, dataset: Any, make_fetcher: Callable[[Any], Any], is_stream: bool,
                init_fn: Callable[[int], None] | None, base_seed: int, worker_id: int,
                num_workers: int) -> None:  # fmt: skip
    """Be worker `worker_id`: answer tasks (epoch, number, indices) with (epoch, number, batch) until the inbox ends.

    Args:
        inbox, outbox: the reading end of one pipe, the writing end of another.
        make_fetcher: from the dataset to a fetcher; called anew each epoch.
        is_stream: StopIteration then means the end of the stream, else a failure.
    """
    from .parcels import Parcel

    global _worker_info
    where = f"in DataLoader worker process {worker_id}"
    try:
        set_num_threads(1)
        seed = seed_everything(base_seed, worker_id)
        _worker_info = WorkerInfo(worker_id, num_workers, seed, dataset)
        results = Outbox(outbox)
        failed: ExceptionWrapper | None = None
        if init_fn is not None:
            try:
                init_fn(worker_id)
            except Exception:
                failed = ExceptionWrapper(where=where)
        epoch, ended, fetcher = -1, False, None
        for task_epoch, number, index in _tasks(inbox):
            batch: Any = failed
            try:
                if failed is None and task_epoch != epoch:
                    epoch, ended, fetcher = task_epoch, False, None
                    fetcher = make_fetcher(dataset)
                if failed is None:
                    if ended:
                        continue
                    assert fetcher is not None, "the stream of this epoch could not be opened"
                    batch = fetcher.fetch(index)
            except Exception as error:
                ended = is_stream and isinstance(error, StopIteration)
                batch = StreamEnd(worker_id) if ended else ExceptionWrapper(where=where)
            try:
                parcel = Parcel((task_epoch, number, batch))
            except Exception:
                parcel = Parcel((task_epoch, number, ExceptionWrapper(where=where)))
            results.put(parcel)
            del batch, parcel
    except (KeyboardInterrupt, EOFError, ConnectionError):
        pass  # the loader's process has the same interrupt to tell of, or is gone


def _tasks(inbox: Any) -> Any:
    """The tasks, as long as there is somebody to set them; those of an epoch that was given up are left out."""
    parent = os.getppid()
    waiting: collections.deque[tuple[int, int, Any]] = collections.deque()
    while True:
        while not waiting and not inbox.poll(PATIENCE):
            if os.getppid() != parent:
                return
        while inbox.poll(0):
            waiting.append(inbox.recv())
        task = waiting.popleft()
        if not waiting or waiting[-1][0] == task[0]:
            yield task
