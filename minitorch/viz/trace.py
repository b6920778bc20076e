"""A backward, written down while it runs: each gradient that arrives, and what is sent on to whom.

`follow` runs the engine's own walk on a dict that looks at every gradient which passes through it, so that the order is
the engine's and not a second opinion. Nodes are named by their stamps; the trace holds no node and no array.
`rehearse` walks a tape that nobody has walked yet, keeping what it saved, filling no `.grad` and running no hook.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..graph.node import FREED, Cotangents
from ..graph.reverse import reverse
from ..graph.watching import Watched
from ..ops.edge import settle
from ..ops.rows import Rows
from .stats import Stats, measure

__all__ = ["Send", "Step", "Trace", "follow", "of_gradient", "rehearse"]


#: Rows of so large a whole are added up among themselves.
MOST_SPREAD = 1 << 16


@dataclass(slots=True)
class Send:
    """One gradient on its way to one operand; `adds` where an earlier one has arrived there."""

    to: int
    operand: int
    gradient: Stats | None
    adds: bool


@dataclass(slots=True)
class Step:
    """One node's turn: the gradient it was found with, and what it sent."""

    stamp: int
    gradient: Stats | None
    sends: list[Send] = field(default_factory=list)


@dataclass(slots=True)
class Trace:
    """The steps of one backward, in the order they were taken; a later backward has a higher number."""

    steps: list[Step] = field(default_factory=list)
    number: int = field(default_factory=itertools.count().__next__)


def follow(order: list[Any], grads: Any, below: Callable[..., Any], trace: Trace, **how: Any) -> None:
    """`below(order, grads, **how)`, a walk such as `graph.reverse.reverse`, written into `trace`."""
    below(order, _Watched(grads, trace), **how)


class _Watched(Watched):
    """The gradients of a backward, written into a trace as they pass."""

    def __init__(self, grads: Any, trace: Trace) -> None:
        super().__init__(grads)
        self.trace = trace
        self.alone: dict[Any, Stats | None] = {}  # statistics of gradients that nothing was added to

    def taken(self, node: Any, g: Any) -> None:
        """A step of the backward."""
        stats = self.alone.pop(node) if node in self.alone else of_gradient(g)
        self.trace.steps.append(Step(node.stamp, stats))

    def sent(self, parent: Any, g: Any) -> None:
        """What the step sends, and whether it adds to what was there."""
        adds = parent in self.grads
        stats = of_gradient(g)
        self.trace.steps[-1].sends.append(Send(parent.stamp, self.place, stats, adds))
        if adds:
            self.alone.pop(parent, None)
        else:
            self.alone[parent] = stats


def of_gradient(g: Any) -> Stats | None:
    """The statistics of a gradient: of an array, a tensor, rows, or of the gradients of several results together."""
    if g.__class__ is Cotangents:
        items = [item for item in g.items if item is not None]
        found = [stats for item in items if (stats := of_gradient(item)) is not None]
        return found[0] if len(found) == 1 else _together(found)
    return of_rows(g) if g.__class__ is Rows else measure(g)


def of_rows(g: Rows) -> Stats | None:
    """The statistics of the whole whose rows these are; what is large is not spread out."""
    values = getattr(g.values, "_data", g.values)
    whole = prod(g.sizes)
    if whole <= MOST_SPREAD or not values.size:
        return measure(Rows(g.index, values, g.sizes).dense())
    numbers, places = backend_of(g.index).unique(g.index, return_inverse=True)
    sizes = (int(numbers.size), *g.sizes[1:])
    stats = measure(Rows(places.reshape(-1).astype("int64"), values, sizes).dense())
    if stats is not None:
        share = prod(sizes) / whole
        stats |= {"mean": stats["mean"] * share, "zeros": 1 - (1 - stats["zeros"]) * share, "values": None}
    return stats


def _together(found: list[Stats]) -> Stats | None:
    if not found:
        return None
    count = len(found)
    return {
        "norm": math.hypot(*(stats["norm"] for stats in found)),
        "mean": sum(stats["mean"] for stats in found) / count,
        "max": max(stats["max"] for stats in found),
        "zeros": sum(stats["zeros"] for stats in found) / count,
        "nan": sum(stats["nan"] for stats in found),
        "inf": sum(stats["inf"] for stats in found),
        "values": None,
    }


def rehearse(seeds: dict[Any, Any], order: list[Any], wanted: set[Any] | None, scalar: bool) -> Trace | None:
    """The trace of a backward that leaves everything as it was; None where the tape is freed, packed, stale or refuses.

    Args:
        seeds: the cotangents by node.
        order: the tape, newest first.
        wanted: send gradients only to these nodes (None: to all).
        scalar: the tape is one of Values, whose numbers have no shape to settle.
    """
    for node in order:
        if node.saved is FREED or (isinstance(node.saved, tuple) and any(hasattr(one, "unpack") for one in node.saved)):
            return None  # what hooks have packed only they can unpack, and looking runs none
    trace = Trace()
    before, modes.grad = modes.grad, False
    try:
        with np.errstate(all="ignore"):
            follow(order, seeds, reverse, trace, visit=_passing, settle=None if scalar else settle, keep=True, wanted=wanted)
    except Exception:  # a rule that refuses, an array written since: then there is no gradient to show
        return None
    finally:
        modes.grad = before
    return trace


def _passing(node: Any, g: Any) -> Any:
    return g.dense() if node.op is not None and g.__class__ is Rows else g
