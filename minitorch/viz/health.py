"""How the numbers are: the gradient of each node, and where the first one went bad.

Gradients come from the backwards that were recorded; where none was, and the tape is still whole, from a rehearsal of it
that changes nothing; else from the `.grad` that leaves and `retain_grad` have kept.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import prod
from typing import Any

from ..backend.host import HOST
from ..backend.namespace import backend_of
from ..ops.rows import Rows
from .document import Entry
from .stats import Stats, measure
from .trace import Trace, of_gradient, rehearse

__all__ = ["Gradients", "mark_first_bad"]


class Gradients:
    """The gradients of a tape's nodes, and the backward they come from.

    Args:
        order: the tape, newest first.
        measured: whether arrays may be looked at.
        rehearsed: whether a backward may be rehearsed.
        wanted: the nodes that a backward sends to (None: all).
    """

    def __init__(self, order: list[Any], roots: list[Any], scalar: bool, measured: bool, wanted: Any,
                 rehearsed: bool = True) -> None:  # fmt: skip
        self.scalar, self.measured = scalar, measured
        self.traces = _recorded(roots)
        seeds = None if self.traces or not (measured and rehearsed) else _seeds(roots, order)
        if seeds is not None:
            trace = rehearse(seeds, order, wanted, scalar)
            self.traces = [] if trace is None else [trace]
        #: A Value keeps the gradient of every node; all 0 means that no backward has run.
        self.kept = scalar and any(_number(node.grad) for node in order)
        self.found: dict[int, Stats | None] = {}
        self.several: set[int] = set()  # leaves, mostly, that more than one backward came to
        for trace in self.traces:
            self.several.update(step.stamp for step in trace.steps if step.stamp in self.found)
            self.found.update((step.stamp, step.gradient) for step in trace.steps)

    def of(self, node: Any) -> Stats | None:
        """The statistics of the gradient of a node; None where nothing is known.

        Where several backwards came to a node, what they have made of its `.grad`, or else what the last one brought.
        """
        if self.kept:
            return measure(_number(node.grad))
        if node.stamp in self.found:
            stored = _stored(node) if node.stamp in self.several and self.measured and not self.scalar else None
            return self.found[node.stamp] if stored is None else of_gradient(stored)
        return of_gradient(_stored(node)) if self.measured and not self.scalar else None

    def steps(self, ids: dict[Any, int]) -> list[dict[str, Any]]:
        """The backwards as far as they went through these nodes, in the engine's order, one after the other."""
        known = {node.stamp: number for node, number in ids.items()}
        return [
            {"node": known[step.stamp], "gradient": step.gradient,
             "sends": [{"to": known[send.to], "operand": send.operand, "gradient": send.gradient, "adds": send.adds}
                       for send in step.sends if send.to in known]}
            for trace in self.traces for step in trace.steps if step.stamp in known
        ]  # fmt: skip


def _number(grad: Any) -> float:
    """A Value's gradient, which is a Value under create_graph."""
    return float(getattr(grad, "_data", grad))


def _recorded(roots: list[Any]) -> list[Trace]:
    """The backwards that came through the roots, each once, in the order in which they ran."""
    found = {root.note.trace.number: root.note.trace for root in roots if root.note is not None and root.note.trace is not None}
    return [found[number] for number in sorted(found)]


def _seeds(roots: list[Any], order: list[Any]) -> dict[Any, Any] | None:
    """A cotangent of 1 for each root, where all of them are single real numbers."""
    seeds: dict[Any, Any] = {}
    for root in roots:
        if hasattr(root, "data"):
            seeds[root] = 1.0
            continue
        if root.shape is None or prod(root.shape) != 1 or root.dtype is None or root.dtype.kind not in "fV":
            return None
        xp = _backend(root, order)
        seeds[root] = xp.ones(root.shape, dtype=root.dtype)
    return seeds


def _backend(root: Any, order: list[Any]) -> Any:
    """The namespace of the arrays on this tape: of the first that is found near the root, the host's where none is."""
    for node in (root, *order):
        tensor = node.tensor() if node.op is None and hasattr(node, "tensor") else None
        candidates = [tensor] if tensor is not None else node.saved if isinstance(node.saved, tuple) else ()
        for candidate in candidates:
            try:
                found = backend_of(getattr(candidate, "_data", candidate))
            except (TypeError, RuntimeError):
                continue
            if found.name != "scalar":
                return found
    return HOST


def _stored(node: Any) -> Any:
    """The array, or the rows, that `.grad` holds, of a leaf or of a tensor that retains its gradient."""
    holder = None
    if node.op is None:
        holder = node.tensor()
    elif node.hooks and getattr(node.hooks, "retain", None) is not None:
        holder = node.hooks.retain()
    grad: Any = getattr(holder, "_grad", None)
    try:
        return getattr(grad, "_data", None)
    except RuntimeError:  # a sparse gradient has no one array
        return Rows(grad._indices()._data[0], grad._values()._data, tuple(grad.shape)) if grad.sparse_dim() == 1 else None


# ---- the first bad one ---------------------------------------------------------------------------------------------
def mark_first_bad(entries: Sequence[Entry], backward: Sequence[dict[str, Any]], given_inf: Container[int] = ()) -> None:
    """Set `first_bad` on the first node in forward order whose value has nan or inf that it was not given.

    An infinity that was asked for (a mask filled with -inf) does not count, and neither does what merely passes one on.
    `given_inf`: the nodes with an operand outside the tape that has one.
    Where all values are fine, it is the node whose rule first sent a gradient that is not finite.
    """
    first = next((entry for entry in entries if _spoils(entry, entries, entry.id in given_inf)), None)
    if first is None:
        spoiled = next(
            (step for step in backward
             if not _bad(step["gradient"]) and any(_bad(send["gradient"]) for send in step["sends"])), None)  # fmt: skip
        first = entries[spoiled["node"]] if spoiled is not None else None
    if first is not None:
        first.first_bad = True


def _spoils(entry: Entry, entries: Sequence[Entry], given_inf: bool) -> bool:
    stats = entry.value
    if not _bad(stats) or stats is None:
        return False
    if stats["nan"]:
        return True
    if entry.kind == "constant":
        return False
    given = [entries[parent].value for parent in entry.parents if parent is not None]
    asked = given_inf or any(text in ("inf", "-inf") for _, text in entry.params)
    return not asked and not any(value is not None and value["inf"] for value in given)


def _bad(stats: Stats | None) -> bool:
    return stats is not None and bool(stats["nan"] or stats["inf"])
