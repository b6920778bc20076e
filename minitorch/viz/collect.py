"""Walks the tape and writes down what it finds.

Starts from the nodes of the given tensors, Values or nodes and takes everything they depend on in the order of the
clock: a node is younger than its parents, so that order is topological and the ids are the same on every run. Operands
outside the tape join just before the op that first uses them. The tape is only read.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..graph.walk import leading_to, newest_first
from ..tracked import Tracked
from .document import Document, Entry, ModuleCall
from .failure import Failure
from .fold import count_times
from .health import Gradients, mark_first_bad
from .modules import calls_of, module_calls, owners
from .naming import Names, node_behind, pairs
from .operands import Operand, array_facts, operand_of, saved_operand, saved_values
from .rules import rules_of
from .stats import measure
from .storage import pieces_of, saved_arrays

__all__ = ["Origin", "collect"]

LONGEST_PARAM = 40
ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # differs from run to run
#: Above so many nodes, or bytes, statistics are taken only where the caller asks for them.
MOST_MEASURED = 20_000
MOST_BYTES = 1 << 30


@dataclass
class Origin:
    """Where a tape comes from, beyond its roots.

    `ran`: a model or a function was run for it. `calls`: every module call of a run, also of modules that left nothing on
    the tape. `untrained`: nodes that stand for inputs and frozen parameters, to which the engine would send no gradient.
    `failure`: what stopped the run.
    """

    ran: bool = False
    calls: list[Any] | None = None
    untrained: frozenset[Any] = frozenset()
    failure: Failure | None = None


def collect(things: object, names: Names, *, everything: bool = False, values: bool | None = None,
            collapse: Callable[[Any], bool] | None = None, origin: Origin | None = None) -> Document:  # fmt: skip
    """The Document of every node reachable from `things`, oldest first, so that a parent's id is below its child's.

    Args:
        things: an object on the tape, a node, or a list, tuple or dict of these.
        everything: also operands outside the tape that are large and have no name.
        values: take statistics of values and gradients (None: unless the tape is very large).
        collapse: says of a module whether its calls are drawn closed.

    Raises:
        TypeError: for an object that cannot be on a tape; for Values together with tensors.
        ValueError: where nothing given was recorded.
    """
    origin = origin or Origin()
    if things is None or (hasattr(things, "nbytes") and not isinstance(things, Tracked)):  # an array would be gone through
        raise TypeError(f"graph() takes tensors, Values or nodes of the tape, not {type(things).__name__}")
    roots: list[Any] = []
    for name, thing in pairs(things):
        node = node_behind(thing)
        if node is None:
            if not hasattr(thing, "_node"):
                raise TypeError(f"graph() takes tensors, Values or nodes of the tape, not {type(thing).__name__}")
            continue
        roots.append(node)
        names.add(name, thing)
    if not roots and origin.failure is None:
        raise ValueError(
            "nothing to draw: what was run has left no op on the tape (is all of it under no_grad, on integers, or none of ours?)"
            if origin.ran else "nothing to draw: no tensor given here requires grad or was computed from one that does"
        )  # fmt: skip
    order = newest_first(roots)
    if len({hasattr(node, "data") for node in order}) > 1:
        raise TypeError("graph() draws Values or tensors, but both were given")
    with _uncollected():
        return _Collector(order, roots, names, everything, values, origin).document(collapse)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which finds none here and would take as long as all the rest."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Collector:
    def __init__(self, order: list[Any], roots: list[Any], names: Names, everything: bool, values: bool | None,
                 origin: Origin) -> None:  # fmt: skip
        self.order, self.roots, self.names, self.everything, self.origin = order, roots, names, everything, origin
        self.scalar = any(hasattr(node, "data") for node in order)
        self.measured = len(order) <= MOST_MEASURED if values is None else values
        self.budget = self.budget_at_first = MOST_BYTES if values is None else 1 << 62
        self.entries: list[Entry] = []
        self.ids: dict[Any, int] = {}
        self.calls = calls_of(order[::-1], origin.calls)
        found = owners(self.calls)
        #: Where there are several models, a path says whose it is.
        self.prefixes = {id(module): names.modules.get(id(module), "") for _, module in found} if len(found) > 1 else {}
        for prefix, module in found:
            names.add_module(module, prefix)
        self.call_ids = {call: number for number, call in enumerate(self.calls)}
        self.known: dict[int, Operand] = {}
        self.known_ids: dict[Operand, int] = {}
        self.values: dict[Any, Any] = {}  # what a younger node has saved of an older one's value
        self.outside: dict[Any, dict[int, Any]] = {}  # what a node has saved of its operands outside the tape
        self.counted: set[Any] = set()
        self.given_inf: set[Any] = set()  # nodes with an infinite operand outside the tape
        self.dtypes: dict[Any, str] = {}  # NumPy spells a dtype's name anew each time

    def document(self, collapse: Callable[[Any], bool] | None) -> Document:
        for node in self.order:
            for owner, place, value in saved_values(node):
                if owner is not None:
                    self.values.setdefault(owner, value)
                elif place is not None:
                    self.outside.setdefault(node, {})[place] = value
        for node in reversed(self.order):
            self.add(node)
        if self.origin.failure is not None:
            self.add_failure(self.origin.failure)
        wanted = None
        if self.origin.untrained:
            trained = [node for node in self.order if node.op is None and node not in self.origin.untrained]
            wanted = leading_to(self.order, trained) if trained else None
        results = sum(self.entries[number].bytes for number in self.ids.values())
        gradients = Gradients(self.order, self.roots, self.scalar, self.measured, wanted, results <= 2 * self.budget_at_first)
        for node, number in self.ids.items():
            self.entries[number].gradient = gradients.of(node)
        modules: list[ModuleCall] = module_calls(self.calls, self.entries, collapse, self.prefixes)
        backward = gradients.steps(self.ids)
        mark_first_bad(self.entries, backward, {self.ids[node] for node in self.given_inf})
        document = Document("value" if self.scalar else "tensor", self.entries, modules, backward)
        if modules:
            count_times(document)
        return document

    # ---- nodes -----------------------------------------------------------------------------------------------------
    def add(self, node: Any) -> None:
        """The entry of a node, and before it those of its operands outside the tape."""
        note = node.note
        outside = {} if node.op is None else self.operands(node, note)
        parents: list[int | None] = []
        for place, parent in enumerate(node.parents):
            parents.append(outside.get(place) if parent is None else self.ids[parent])
        parents += [None] * (max(outside, default=-1) + 1 - len(parents))
        for place in range(len(node.parents), len(parents)):
            parents[place] = outside.get(place)
        self.ids[node] = number = len(self.entries)
        entry = Entry(number, "op", parents=tuple(parents))
        self.entries.append(entry)
        if node.op is None or node.op.family == "input":
            entry.name, entry.kind = self.names.of_leaf(node)
        else:
            self.describe_op(entry, node)
        shape = node.shape
        entry.shape = None if shape is None else tuple(map(int, shape))
        raw = self.raw_of(node)
        if hasattr(node, "data"):
            entry.dtype, entry.bytes = "float", 8
            entry.value = measure(node.data)
            return
        entry.dtype = self.dtypes.get(node.dtype)
        if entry.dtype is None and node.dtype is not None:
            entry.dtype = self.dtypes[node.dtype] = str(getattr(node.dtype, "name", node.dtype))
        if shape is not None and node.dtype is not None:
            entry.bytes = prod(shape) * int(getattr(node.dtype, "itemsize", 0))
        entry.device = self.device_of(entry, raw)
        entry.value = self.value_of(node, note, raw)

    def describe_op(self, entry: Entry, node: Any) -> None:
        op, note = node.op, node.note
        entry.op, entry.symbol, entry.family = str(op.name), str(op.symbol or ""), str(op.family or "")
        if hasattr(op, "index") and hasattr(op, "results"):  # one of several results
            entry.op = entry.symbol = f"{op.name}.{op.results[op.index]}"
        entry.name = self.names.names.get(node) or getattr(node, "label", None) or None
        entry.params = tuple((str(key), subscript(value) if key == "key" else short(value))
                             for key, value in (node.params or {}).items())  # fmt: skip
        names = getattr(getattr(op, "base", op), "inputs", ())
        absent = {name for name, parent in zip(names, node.parents, strict=False) if parent is None}
        entry.rules = tuple((name, text) for name, text in rules_of(op) if name not in absent)
        for number, size in (pieces_of(saved_arrays(node)) if node.saved else ()) or (() if note is None else note.saved):
            if number not in self.counted:
                self.counted.add(number)
                entry.saved += size
        if note is not None:
            entry.module = self.call_ids.get(note.call)
            entry.source, entry.line, entry.time = note.source or None, note.text or None, note.time
            if note.function:
                entry.op, entry.symbol = note.function, ""
                if hasattr(op, "index") and hasattr(op, "results"):
                    entry.op = entry.symbol = f"{note.function}.{op.results[op.index]}"

    def raw_of(self, node: Any) -> Any:
        """The array of a node, where the tape still holds it."""
        if node.op is None and hasattr(node, "tensor"):
            try:
                return getattr(node.tensor(), "_data", None)
            except RuntimeError:  # a layout without one array
                return None
        return self.values.get(node)

    def device_of(self, entry: Entry, raw: Any) -> str:
        if raw is not None and hasattr(raw, "shape"):
            return array_facts(raw)[2] or "cpu"
        for parent in entry.parents:
            if parent is not None and (device := self.entries[parent].device) is not None:
                return device
        return "cpu"

    def value_of(self, node: Any, note: Any, raw: Any) -> Any:
        """The statistics of a node's value, from its note or from the array."""
        found = None if note is None else note.value
        if isinstance(found, list):
            index = getattr(node.op, "index", 0)
            found = found[index] if index < len(found) and (len(found) == 1 or hasattr(node.op, "index")) else None
        if found is None and raw is not None and self.measured and self.spend(raw):
            found = measure(raw)
        return found

    def spend(self, raw: Any) -> bool:
        """Whether there is time left to look at an array."""
        self.budget -= getattr(raw, "nbytes", 0)
        return self.budget >= 0

    # ---- operands outside the tape ---------------------------------------------------------------------------------
    def operands(self, node: Any, note: Any) -> dict[int, int]:
        """The ids of the operands of a node that are not on the tape, by place."""
        found: dict[int, Operand] = {} if note is None else dict(note.operands)
        for place, value in self.outside.get(node, {}).items():
            if place not in found:
                key = id(value)
                operand = self.known.get(key) or saved_operand(value)
                if operand is not None:
                    found[place] = operand
                    if hasattr(value, "shape"):
                        self.known[key] = operand
        if any(operand.value is not None and operand.value["inf"] for operand in found.values()):
            self.given_inf.add(node)
        return {place: number for place in sorted(found) if (number := self.add_operand(found[place])) is not None}

    def add_operand(self, operand: Operand, always: bool = False) -> int | None:
        """The id of an operand outside the tape; None where it is left out of the picture."""
        if operand in self.known_ids:
            return self.known_ids[operand]
        name, kind = self.names.of_operand(operand)
        bad = operand.value is not None and operand.value["nan"]
        if not (always or self.everything or operand.small or bad or name or kind != "constant"):
            return None
        number = len(self.entries)
        self.entries.append(
            Entry(number, kind, name=name, shape=operand.shape, dtype=operand.dtype, device=operand.device,
                  bytes=operand.bytes, value=operand.value))  # fmt: skip
        if not operand.is_number:
            self.known_ids[operand] = number
        return number

    def add_failure(self, failure: Failure) -> None:
        """The op that raised, with its operands as far as they are known."""
        parents: list[int | None] = []
        for thing in failure.operands:
            node = node_behind(thing)
            if node is not None and node in self.ids:
                parents.append(self.ids[node])
                continue
            operand = operand_of(thing, self.known)
            parents.append(None if operand is None else self.add_operand(operand, always=True))
        self.entries.append(
            Entry(len(self.entries), "failed", op=failure.op, parents=tuple(parents), family="failed",
                  module=self.call_ids.get(failure.call), source=failure.source or None, line=failure.line or None,
                  error=failure.message))  # fmt: skip


def subscript(key: object) -> str:
    """A subscript as it is written: "[..., 0:16]"."""
    parts = []
    for item in key if isinstance(key, tuple) else (key,):
        if isinstance(item, slice):
            ends = ["" if end is None else str(end) for end in (item.start, item.stop, item.step)]
            parts.append(":".join(ends if item.step is not None else ends[:2]))
        else:
            parts.append("..." if item is Ellipsis else short(item))
    text = f"[{', '.join(parts)}]"
    return text if len(text) <= LONGEST_PARAM else text[: LONGEST_PARAM - 1] + "…"


def short(value: object) -> str:
    """A parameter in at most LONGEST_PARAM characters; an array (an index, a mask) only by its shape."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"array{list(shape)}"
    if isinstance(value, tuple | list):
        inside = ", ".join(short(item) for item in value[:9]) + (", …" if len(value) > 9 else "")
        text = f"({inside},)" if len(value) == 1 else f"({inside})"
    elif callable(value):
        text = str(getattr(value, "__name__", getattr(value, "name", type(value).__name__)))
    elif isinstance(value, np.dtype):
        text = value.name
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = ADDRESS.sub("", repr(value))
    return text if len(text) <= LONGEST_PARAM else text[: LONGEST_PARAM - 1] + "…"
