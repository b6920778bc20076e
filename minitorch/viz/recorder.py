"""Notes on the nodes: which call of which module and which line of the user's program made each.

Nothing is noted unless somebody asks. Inside `with record():` every new node gets a Note: the module call it was made
in, the file and line outside minitorch that led to it, the statistics of its value, the operands that are not on the
tape, the time it took. A backward inside the block is written down as well. A picture of such a tape shows all of it.
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..graph.modes import recording, walkers_below, walking
from ..ops.front import PUBLIC
from ..tracked import Tracked
from .operands import Operand, operand_of
from .profile import timed
from .stats import measure
from .storage import pieces_of, saved_arrays
from .trace import Trace, follow

__all__ = ["Call", "Note", "Recorder", "record"]

PACKAGE = str(Path(__file__).parents[1])


class Call:
    """One call of a module, in words: holds no tensor, and the module only weakly.

    `module` answers `collapse=`; `words` is the class and, of common layers, the sizes: "Linear 64 -> 3".
    """

    __slots__ = ("detail", "failed", "inputs", "module", "name", "number", "outputs", "parameters", "parent", "path",
                 "words")  # fmt: skip

    def __init__(self, number: int, path: str, words: str, module: Any, parent: Call | None) -> None:
        self.number, self.path, self.words, self.parent = number, path, words, parent
        self.module = weakref.ref(module)
        self.name = type(module).__name__
        self.detail = ""
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.parameters = 0
        self.failed = True  # until it returns


class Note:
    """What was known when a node was made; `trace` is the last backward that came through while recording."""

    __slots__ = ("call", "file", "function", "line", "operands", "saved", "time", "trace", "value")

    def __init__(self) -> None:
        self.call: Call | None = None
        self.file, self.line = "", 0
        self.function = ""  # the public function that ran the op, where the op is no function itself
        self.operands: dict[int, Operand] = {}
        self.saved: tuple[tuple[Any, int], ...] = ()  # what was held for backward: pieces of memory and their bytes
        self.time: float | None = None
        self.trace: Trace | None = None
        self.value: Any = None  # Stats, or a list of them where an op has several results

    @property
    def module(self) -> str:
        """Path and words of the module: "encoder.0 (Linear 64 -> 3)", or ""."""
        if self.call is None:
            return ""
        return f"{self.call.path} ({self.call.words})" if self.call.path else self.call.words

    @property
    def source(self) -> str:
        """ "train.py:12", or ""."""
        return f"{os.path.basename(self.file)}:{self.line}" if self.file else ""

    @property
    def text(self) -> str:
        """The text of that line."""
        return linecache.getline(self.file, self.line).strip() if self.file else ""


class _Here(threading.local):
    """Per thread: the module calls under way."""

    def __init__(self) -> None:
        self.calls: list[Call] = []


class Recorder:
    """Writes the note of each new node.

    Args:
        values: also the statistics of values and what the operands outside the tape are; without, only where.
    """

    def __init__(self, values: bool = False) -> None:
        self.values = values
        self.calls: list[Call] = []
        self.nodes: list[weakref.ref[Any]] | None = None  # filled where a forward is drawn that may fail
        self.newest: Any = None  # the last of them: held, since a result that is no float lets go of what led to it
        self.budget: int | None = None  # how many bytes of values may still be looked at; None: all
        self.took: Any = None  # the time of the op that ran last, where it is measured
        self._here = _Here()
        self._operands: dict[int, Operand] = {}

    def __call__(self, node: Any, args: tuple[Any, ...] = (), out: Any = None) -> Note:
        """The note for `node`, which an op has made of `args`, with the result `out`."""
        note = Note()
        calls = self._here.calls
        note.call = calls[-1] if calls else None
        note.file, note.line, note.function = _caller(str(node.op.name))
        if self.values:
            note.saved = pieces_of(saved_arrays(node))
            note.value = [self._measured(one) for one in out] if isinstance(out, tuple) else self._measured(out)
            for place, arg in enumerate(args):
                if arg is not None and (node.parents[place] if place < len(node.parents) else None) is None:
                    operand = operand_of(arg, self._operands)
                    if operand is not None:
                        note.operands[place] = operand
        if self.took is not None:
            note.time = self.took()
        if self.nodes is not None:
            self.nodes.append(weakref.ref(node))
            self.newest = node
        return note

    def _measured(self, out: Any) -> Any:
        """The statistics of a result, as long as there is time to look at it."""
        if self.budget is not None:
            self.budget -= getattr(getattr(out, "_data", out), "nbytes", 8)
            if self.budget < 0:
                return None
        return measure(out)

    # ---- what a module's call says ---------------------------------------------------------------------------------
    def enter(self, module: Any, path: str, words: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """A module call begins."""
        calls = self._here.calls
        call = Call(len(self.calls), path, words, module, calls[-1] if calls else None)
        calls.append(call)
        if self.values:
            self.calls.append(call)
            call.inputs = _described((*args, *kwargs.values()))
        return call

    def leave(self, call: Call) -> None:
        """A module call ends, by returning or by an error."""
        calls = self._here.calls
        while calls and calls.pop() is not call:
            pass
        if self.values:
            self._describe(call)

    def returned(self, call: Call, result: Any) -> None:
        """A module call has come to its result."""
        call.failed = False
        if self.values:
            call.outputs = _described((result,))

    def _describe(self, call: Call) -> None:
        """What a module tells of itself, once it has been called: a lazy one is made by then."""
        module: Any = call.module()
        try:
            call.parameters = sum(parameter.numel() for parameter in module.parameters())
            call.detail = str(module.extra_repr())
        except Exception:  # a user's text about a half-made module is no reason to stop
            return

    # ---- what a backward says --------------------------------------------------------------------------------------
    def walk(self, order: list[Any], grads: Any, **how: Any) -> None:
        """A backward, written down and left with the notes of the nodes that it starts from or comes through."""
        trace = Trace()
        roots = set(grads)
        try:
            follow(order, grads, walkers_below(self.walk), trace, **how)
        finally:
            for node in order:
                if node.note is None and node in roots:
                    node.note = Note()
                if node.note is not None:
                    node.note.trace = trace


@contextmanager
def record(*, values: bool = True, time: bool = False) -> Iterator[Recorder]:
    """Notes module, source line and statistics on every node made inside the block, and writes a backward down.

    Args:
        values: the statistics of every value, and the operands that are not on the tape. Costs a pass over each array.
        time: the seconds that each op's forward took, in this thread; a device is waited for.

    >>> with viz.record():                                                                  # doctest: +SKIP
    ...     loss = model(x).sum()
    ...     loss.backward()
    >>> viz.graph(loss)                                                                     # doctest: +SKIP
    """
    recorder = Recorder(values)
    recording.append(recorder)
    walk = recorder.walk
    walking.insert(0, walk)  # another walker goes first and hands its gradients down to this one
    try:
        if time:
            with timed(recorder):
                yield recorder
        else:
            yield recorder
    finally:
        recording.remove(recorder)
        walking.remove(walk)


def _described(things: Any) -> list[str]:
    """The shapes and dtypes of the tensors in nested lists, tuples and dicts."""
    return [f"{list(map(int, thing.shape))} {str(thing.dtype).rpartition('.')[2]}" for thing in tensors_in(things)]


def tensors_in(things: Any) -> list[Any]:
    """The tracked values in nested lists, tuples, dicts and objects with fields, in order."""
    found: list[Any] = []
    stack, seen = [things], set()
    while stack:
        thing = stack.pop()
        if isinstance(thing, Tracked):
            found.append(thing)
            continue
        inside: list[Any] = []
        if isinstance(thing, dict):
            inside = list(thing.values())
        elif isinstance(thing, list | tuple | set | frozenset):
            inside = list(thing)
        elif hasattr(thing, "__dataclass_fields__"):
            inside = [getattr(thing, name, None) for name in thing.__dataclass_fields__]
        if inside and id(thing) not in seen:
            seen.add(id(thing))
            stack.extend(reversed(inside))
    return found


def _caller(op: str) -> tuple[str, int, str]:
    """File and line of the innermost frame that is not minitorch's own (nor code it generated), and, for an op without a
    public name, the innermost public function on the way there: "cross_entropy" for "class_entropy"."""
    frame = sys._getframe(1)
    function, wanted = "", not _is_public(op)
    while frame is not None:
        code = frame.f_code
        # Code that minitorch writes at run time has no module; a user's `python -c` or notebook cell has one.
        generated = code.co_filename.startswith("<") and "__name__" not in frame.f_globals
        if not generated and not code.co_filename.startswith(PACKAGE):
            return code.co_filename, frame.f_lineno, function
        if wanted and _is_public(code.co_name, None if generated else code):
            function, wanted = code.co_name, False
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "", 0, function


def _is_public(name: str, code: Any = None) -> bool:
    """Whether there is a public function of that name, and with that code where it is given."""
    found = [names[name].target for names in PUBLIC.values() if name in names]
    return bool(found) if code is None else any(getattr(target, "__code__", None) is code for target in found)
