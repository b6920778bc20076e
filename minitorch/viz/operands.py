"""Operands that are not on the tape: numbers, data, masks, buffers, frozen parameters.

While recording, the note of a node says what they were. Otherwise what a node has saved for its rules tells of some.
"""

from __future__ import annotations

import weakref
from typing import Any

from ..backend.namespace import backend_of
from ..graph.node import FREED
from ..tracked import Tracked
from .stats import Stats, measure

__all__ = ["Operand", "array_facts", "operand_of", "saved_operand", "saved_values"]

NUMBERS = (bool, int, float, complex)


class Operand:
    """One such operand in words and numbers; `holder` is a weak reference to its tensor, to find its name by."""

    __slots__ = ("bytes", "device", "dtype", "holder", "shape", "value", "version")

    def __init__(self, raw: Any, holder: Any = None, version: int = 0) -> None:
        self.shape, self.dtype, self.device, self.bytes = array_facts(raw)
        self.value: Stats | None = measure(raw)
        self.holder = holder
        self.version = version

    @property
    def small(self) -> bool:
        """Whether its numbers fit into a picture."""
        return self.value is not None and self.value["values"] is not None

    @property
    def is_number(self) -> bool:
        """Whether it is a Python number and no array."""
        return self.device is None


def array_facts(raw: Any) -> tuple[tuple[int, ...], str, str | None, int]:
    """Shape, dtype, device and bytes of an array or a Python number."""
    if isinstance(raw, NUMBERS):
        return (), type(raw).__name__, None, 0
    try:
        device = str(backend_of(raw).device_of(raw))
    except Exception:  # an array of a library that is not known
        device = "cpu"
    return tuple(map(int, raw.shape)), str(getattr(raw.dtype, "name", raw.dtype)), device, int(getattr(raw, "nbytes", 0))


def operand_of(arg: Any, known: dict[int, Operand]) -> Operand | None:
    """What an argument is that is not on the tape; the same object for the same tensor as long as it lives unwritten."""
    if isinstance(arg, NUMBERS):
        return Operand(arg)
    raw = getattr(arg, "_data", None) if isinstance(arg, Tracked) else arg
    if not isinstance(getattr(raw, "shape", None), tuple):
        return Operand(raw) if isinstance(raw, NUMBERS) else None
    try:
        holder = weakref.ref(arg)
    except TypeError:
        return Operand(raw)
    cell = getattr(arg, "_cell", None)
    version = cell[0] if cell else 0
    found = known.get(id(arg))
    if found is not None and found.holder() is arg and found.version == version:
        return found
    known[id(arg)] = made = Operand(raw, holder, version)
    return made


def saved_values(node: Any) -> list[tuple[Any, int | None, Any]]:
    """What a node has saved: (the node it is the value of or None, the operand it came in as or None, the value)."""
    saved = node.saved
    keeps = getattr(node.op, "keeps", ())
    if saved is FREED or not saved or not keeps:
        return []
    if node.mark != sum(cell[0] for cell in node.cells if cell is not None):
        return []  # written since: these are not the numbers that were computed with
    parents = node.parents
    last = len(keeps) - 1
    found: list[tuple[Any, int | None, Any]] = []
    for place, value in enumerate(saved):
        kind, key, _ = keeps[min(place, last)]
        if value is None or kind not in ("out", "in", "star"):
            continue
        if kind == "out":
            if len(node.op.results) == 1:
                found.append((node, None, value))
            continue
        operand = key if kind == "in" else len(node.op.inputs) + place - last
        if operand < len(parents):
            found.append((parents[operand], operand, value))
    return found


def saved_operand(value: Any) -> Operand | None:
    """What a saved value tells of an operand that is not on the tape."""
    return Operand(value) if isinstance(value, NUMBERS) or isinstance(getattr(value, "shape", None), tuple) else None
