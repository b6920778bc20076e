"""Notes on the nodes: which module and which line of the user's program made each.

Nothing is noted unless somebody asks: inside `with record():` every new node gets a Note with the dotted path of the
module being called and the file and line outside minitorch that led to it. A picture of such a tape shows both.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..graph.modes import recording

__all__ = ["Note", "Recorder", "record"]

PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True, slots=True)
class Note:
    """Where a node was made: "encoder.0 (Linear 64 -> 3)" or "", and "train.py:12"."""

    module: str
    source: str


class Recorder(threading.local):
    """Writes the note of each new node; a module call keeps the path of the module in `module`, per thread."""

    module: str | None = None

    def __call__(self, op: Any) -> Note:
        """The note for a node that `op` is writing."""
        return Note(self.module or "", _line_outside())


@contextmanager
def record() -> Iterator[Recorder]:
    """Notes module path and source line on every node made inside the `with` block."""
    recorder = Recorder()
    recording.append(recorder)
    try:
        yield recorder
    finally:
        recording.remove(recorder)


def _line_outside() -> str:
    """File and line of the innermost frame that is not minitorch's own (nor code it generated)."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((PACKAGE, "<")):
            return f"{Path(file).name}:{frame.f_lineno}"
        if frame.f_back is None:
            break
        frame = frame.f_back
    return ""
