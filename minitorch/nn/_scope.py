"""Where in the model a call is: the dotted path and a short description of the module, for errors and recordings.

Nothing is kept while modules run. When an error passes, the chain of modules is read off the call stack. While somebody
records (`graph.modes.recording`), `recorded_call` keeps the chain of its thread and leaves the path with the recorder,
which writes it onto the nodes made meanwhile.
"""

from __future__ import annotations

import threading
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

from ..graph.modes import recording

PREFIX = "in module "


def describe(module: Any) -> str:
    """`Linear 64 -> 3`: the class, and the sizes where the module has them."""
    name: str = module._get_name()
    for entering, leaving in (("in_features", "out_features"), ("in_channels", "out_channels")):
        if entering in module.__dict__ and leaving in module.__dict__:
            return f"{name} {module.__dict__[entering]} -> {module.__dict__[leaving]}"
    return name


def path_of(chain: list[Any]) -> str:
    """`encoder.0 (Linear 64 -> 3)`: the way from the first module of a chain of calls to the last."""
    names = []
    for parent, child in pairwise(chain):
        if child is not parent:
            # A module that its caller does not own is called by its class.
            names.append(next((name for name, found in parent.named_modules() if found is child), child._get_name()))
    path = ".".join(names)
    return f"{path} ({describe(chain[-1])})" if path else describe(chain[-1])


def note_on(error: Exception, frame: FrameType | None, call: CodeType) -> None:
    """Add `in module encoder.0 (Linear 64 -> 3)` to an error, unless it has such a note.

    Args:
        frame: the innermost call of a module; the calls around it are found by `call`, the code of `Module.__call__`.
    """
    if any(str(note).startswith(PREFIX) for note in getattr(error, "__notes__", ())):
        return
    chain = []
    while frame is not None:
        if frame.f_code is call:
            chain.append(frame.f_locals["self"])
        frame = frame.f_back
    error.add_note(PREFIX + path_of(chain[::-1]))


class _Chain(threading.local):
    def __init__(self) -> None:
        self.modules: list[Any] = []


_chain = _Chain()


def recorded_call(module: Any, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run `call` while the recorder (the last of `graph.modes.recording`) has the path of the module in `.module`."""
    recorder = recording[-1]
    before = getattr(recorder, "module", None)
    _chain.modules.append(module)
    try:
        recorder.module = path_of(_chain.modules)
        return call(*args, **kwargs)
    finally:
        recorder.module = before
        _chain.modules.pop()
