"""When the host would wait for the device: what was asked for, and by which line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = f"{Path(__file__).parent}{os.sep}"
#: Files whose lines say nothing of why somebody waits, beside those of this folder.
THROUGH = ("gpu.py", "_tensor_numpy.py")
#: What the host has waited for since the process started: "get at minitorch/ops/edge.py:12".
WAITS: list[str] = []


def wait(what: str) -> None:
    """Note that the host waits here."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code.co_filename.startswith(HERE) or Path(frame.f_code.co_filename).name in THROUGH
    ):
        frame = frame.f_back
    WAITS.append(f"{what} at {frame.f_code.co_filename}:{frame.f_lineno}")


@contextlib.contextmanager
def waits() -> Iterator[list[str]]:
    """The host synchronisations of the block, as a list that is filled when it ends."""
    start = len(WAITS)
    seen: list[str] = []
    try:
        yield seen
    finally:
        seen.extend(WAITS[start:])
