"""The processes of one loader, and the pipes to them.

Each worker has two pipes of its own: one tells it what to do, by the other it answers. No lock is shared, so a worker
that is killed takes nothing with it, and the end of its pipe tells at once that it is gone. That needs every end of a
pipe to be open in one process only; so a forked process closes those it inherits and does not own.
"""

from __future__ import annotations

import os
import pickle
import signal
import time
import warnings
import weakref
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any, NoReturn

from .parcels import SHARED, receive, unpack

__all__ = ["Crew"]

INTERVAL = 5.0  # seconds between two looks at workers that say nothing, and for which a worker may finish its batch
_ALL: weakref.WeakSet[Crew] = weakref.WeakSet()


class Crew:
    """Workers that have been started.

    Args:
        context: of `multiprocessing`.
        count: how many workers.
        work: what worker i runs: `work(inbox, outbox, *arguments, i, count)`.
    """

    def __init__(self, context: Any, count: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self._owner = os.getpid()
        self.stopped = False
        self.processes: list[Any] = []
        self._tasks: list[Any] = []  # the ends that are written to
        self._answers: list[Any] = []  # the ends that are read from
        _ALL.add(self)
        try:
            for worker_id in range(count):
                inbox, task = context.Pipe(duplex=False)
                answer, outbox = context.Pipe(duplex=SHARED)  # files are sent through sockets only
                self._tasks.append(task)
                self._answers.append(answer)
                process = context.Process(target=work, args=(inbox, outbox, *arguments, worker_id, count), daemon=True)
                try:
                    process.start()
                finally:
                    inbox.close()
                    outbox.close()
                self.processes.append(process)
        except BaseException as error:
            self.stop()
            if isinstance(error, TypeError | AttributeError | pickle.PicklingError):
                warnings.warn("Got pickle error when attempting to start a worker Process. This might be because the worker "
                              "Process arguments are not picklable. Python 3.14+ changed the multiprocessing start method "
                              "in non-Mac POSIX platforms to 'forkserver', which requires the worker Process arguments to "
                              "be picklable. You can also try multiprocessing.set_start_method('fork').",
                              stacklevel=5)  # fmt: skip
            raise

    def send(self, worker_id: int, task: Any) -> None:
        """Give a worker something to do.

        Raises:
            RuntimeError: where it is gone.
        """
        try:
            self._tasks[worker_id].send(task)
        except OSError:
            self._fail([worker_id])
        except KeyboardInterrupt:
            self.stop()  # half a message may have been written
            raise

    def receive(self, seconds: float | None) -> Any:
        """The next answer of any worker; None where there was none in the given time.

        Raises:
            RuntimeError: where a worker is gone without a word.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = INTERVAL if deadline is None else min(INTERVAL, deadline - time.monotonic())
            for ready in wait(self._answers, max(left, 0.0)):
                try:
                    parcel = receive(ready)
                except (EOFError, OSError):
                    self._fail([self._answers.index(ready)])
                except KeyboardInterrupt:
                    self.stop()  # half a message may have been read
                    raise
                return unpack(*parcel)
            gone = [place for place, process in enumerate(self.processes) if not process.is_alive()]
            if gone and not wait(self._answers, 0.0):
                self._fail(gone)
            if deadline is not None and time.monotonic() >= deadline:
                return None

    def _fail(self, gone: list[int]) -> NoReturn:
        processes = [self.processes[place] for place in gone]
        for process in processes:
            process.join(1.0)
        reasons = ", ".join(_reason(process.exitcode) for process in processes)
        pids = ", ".join(str(process.pid) for process in processes)
        self.stop()
        raise RuntimeError(f"DataLoader worker (pid(s) {pids}) exited unexpectedly: {reasons}")

    def stop(self) -> None:
        """End all workers: each finishes the batch it is at, or is terminated when that takes too long."""
        if self.stopped or os.getpid() != self._owner:
            return
        self.stopped = True
        self.hang_up()
        for patience, end in ((INTERVAL, "terminate"), (1.0, "kill"), (1.0, "")):
            deadline = time.monotonic() + patience
            for process in self.processes:
                process.join(max(deadline - time.monotonic(), 0.0))
            alive = [process for process in self.processes if process.is_alive()]
            if not alive or not end:
                break
            for process in alive:
                getattr(process, end)()

    def hang_up(self) -> None:
        """Close this process's ends of the pipes."""
        for connection in (*self._tasks, *self._answers):
            connection.close()


def _reason(exitcode: int | None) -> str:
    if exitcode is None:
        return "it closed its pipe"
    if exitcode < 0:
        return f"killed by signal {signal.Signals(-exitcode).name}"
    return f"exit code {exitcode}"


def _hang_up_all() -> None:
    """In a forked process: what it inherited is not its own."""
    for crew in list(_ALL):
        crew.hang_up()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_hang_up_all)
