"""Where in the model a call is: the dotted path and a short description of the module, for errors and recordings.

Nothing is kept while modules run. When an error passes, the chain of modules is read off the call stack. While somebody
records (`graph.modes.recording`), `recorded_call` keeps the chain of its thread and tells the recorder of each call,
which writes it onto the nodes made meanwhile.
"""

from __future__ import annotations

import itertools
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
    names = [name_in(parent, child) for parent, child in pairwise(chain) if child is not parent]
    path = ".".join(names)
    return f"{path} ({describe(chain[-1])})" if path else describe(chain[-1])


def name_in(parent: Any, child: Any) -> str:
    """The dotted name of a module in the module that calls it; of one that its caller does not own, the class."""
    own = ((name, found) for name, found in parent._modules.items() if found is child)
    deeper = ((name, found) for name, found in parent.named_modules() if found is child)
    return str(next((name for name, _ in itertools.chain(own, deeper)), child._get_name()))


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
    """The module calls under way while somebody records: (module, its dotted path)."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, str]] = []


_chain = _Chain()


def recorded_call(module: Any, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run `call` while the recorder (the last of `graph.modes.recording`) knows that the module is under way."""
    recorder, calls = recording[-1], _chain.calls
    path = ""
    if calls:
        parent, path = calls[-1]
        if parent is not module:
            path = f"{path}.{name_in(parent, module)}" if path else name_in(parent, module)
    calls.append((module, path))
    entered = recorder.enter(module, path, describe(module), args, kwargs)
    try:
        result = call(*args, **kwargs)
        recorder.returned(entered, result)
        return result
    finally:
        recorder.leave(entered)
        calls.pop()
