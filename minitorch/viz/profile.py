"""How long each op's forward takes, measured where the engine runs it.

Ops run through `modes.run`; while they are timed, that of this thread keeps the clock. Ops that only move numbers go
there too as long as somebody measures. A device is waited for before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..ops.op import TABLE

__all__ = ["timed"]


@contextmanager
def timed(recorder: Any) -> Iterator[None]:
    """Let `recorder.took()` say how long the op took that ran last in this thread."""
    run = modes.run
    last: list[float] = []

    def measured(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        start = perf_counter()
        result = run(function, *args, **kwargs)
        _wait_for(result)
        last[:] = [perf_counter() - start]
        return result

    silent = [op for op in TABLE.values() if op.silent]
    modes.run = measured
    recorder.took = lambda: last.pop() if last else None
    for op in silent:
        op.silent = False
    try:
        yield
    finally:
        modes.run = run
        recorder.took = None
        for op in silent:
            op.silent = True


def _wait_for(result: Any) -> None:
    """Until a device has computed the result; nothing on the host."""
    raw = result[0] if isinstance(result, tuple) and result else result
    try:
        backend = backend_of(raw)
    except TypeError:
        return
    if backend.name == "cuda":
        backend.library.cuda.Device(backend.device_of(raw).index).synchronize()
