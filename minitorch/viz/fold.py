"""Finds what repeats: equal siblings in a row, and the steps of a recurrence.

Each level of a tape (what one module calls, in order) is a sequence of ops and module calls. Two items are equal when the
class and the whole inner structure agree, or the op, its parameters and its shape. A stretch of such a sequence that
repeats with any period, each turn wired to the one before (a chain, a recurrence) or to what came first (parallel), is a
Run: drawn once, every later turn stands behind the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .document import Document, Entry

__all__ = ["DIGITS", "PLACES", "Levels", "Run", "find_runs", "stand_ins"]

LONGEST_PERIOD = 64
#: So many operands of an item are looked at first.
QUICK = 3
#: Parameters that say where to look: the steps of a recurrence read one place after the other.
PLACES = ("key", "index", "start", "offset")
DIGITS = re.compile(r"\d+")
#: An item of a level: ("n", id of an op) or ("m", id of a module call).
Item = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """`times` turns of `period` items, the first turn starting at `start` of its level."""

    start: int
    period: int
    times: int


class Levels:
    """The items of each level in order, and the ops below each module call. Level None is the outermost."""

    def __init__(self, document: Document) -> None:
        self.entries, self.modules = document.nodes, document.modules
        self.chains: list[tuple[int, ...]] = []  # of each module call: the calls around it, outermost first, itself last
        for module in self.modules:
            above = () if module.parent is None else self.chains[module.parent]
            self.chains.append((*above, module.id))
        self.ops: dict[int, list[int]] = {module.id: [] for module in self.modules}
        self.items: dict[int | None, list[Item]] = {}
        #: Where a value comes from: one of several results, unless it has a name, is drawn as the op that made it.
        self.sources = [entry.id for entry in self.entries]
        seen: set[int] = set()
        for entry in self.entries:
            if not entry.made:
                continue
            if entry.family == "port" and entry.name is None and entry.parents and entry.parents[0] is not None:
                self.sources[entry.id] = self.sources[entry.parents[0]]
                continue
            chain = () if entry.module is None else self.chains[entry.module]
            for call in chain:
                self.ops[call].append(entry.id)
                if call not in seen:
                    seen.add(call)
                    self.items.setdefault(self.modules[call].parent, []).append(("m", call))
            self.items.setdefault(entry.module, []).append(("n", entry.id))

    def ops_of(self, item: Item) -> list[int]:
        """The ids of the ops in an item, oldest first."""
        return [item[1]] if item[0] == "n" else self.ops[item[1]]

    def signature(self, item: Item) -> Any:
        """What two items must share to be equal; their wiring to others is left to `find_runs`."""
        ops = self.ops_of(item)
        if item[0] == "n":
            return self._op(self.entries[item[1]])
        level = len(self.chains[item[1]])
        places = {number: place for place, number in enumerate(ops)}
        parts = []
        for number in ops:
            entry = self.entries[number]
            inside = () if entry.module is None else self.chains[entry.module][level - 1 :]
            classes = tuple((self.modules[call].name, self.modules[call].detail) for call in inside)
            wiring = tuple("outside" if parent is None else self._port(parent, places) for parent in entry.parents)
            parts.append((self._op(entry), classes, wiring))
        return ("module", self.modules[item[1]].name, tuple(parts))

    def _op(self, entry: Entry) -> Any:
        given = (self.entries[parent] for parent in entry.parents if parent is not None)
        bad = entry.first_bad or any(leaf.first_bad for leaf in given if not leaf.made)
        unlike = entry.id if entry.kind == "failed" or bad else None
        params = tuple((name, DIGITS.sub("#", value) if name in PLACES else value) for name, value in entry.params)
        return ("op", entry.op, params, entry.shape, entry.dtype, len(entry.parents), unlike)

    def _port(self, parent: int, places: dict[int, int]) -> Any:
        """Where an operand comes from, as seen from inside of an item."""
        entry = self.entries[parent]
        place = places.get(self.sources[parent])
        if place is not None:
            return (place, entry.op)
        return entry.shape if entry.kind == "parameter" else "outside"


def find_runs(levels: Levels, level: int | None) -> list[Run]:
    """The runs of one level, from left to right, none overlapping."""
    items = levels.items.get(level, [])
    count = len(items)
    if count < 2:
        return []
    numbers: dict[Any, int] = {}
    given = [numbers.setdefault(levels.signature(item), len(numbers)) for item in items]
    if len(numbers) == count or (count < 6 and all(one != two for one, two in pairwise(given))):
        return []  # most levels are short
    signs = np.array(given)
    reach = _reaches(signs)
    wiring = _wiring(levels, items)
    alike = list(range(count))  # for each place the one that is drawn for it, as far as is known
    modules = np.array([item[0] == "m" for item in items])
    fewest_alone = np.where(modules, 2, 4)
    worth = [row // period + 1 >= (fewest_alone[: len(row)] if period == 1 else 3) for period, row in enumerate(reach, 1)]
    for period, fits in enumerate(_fitting(wiring, len(worth)), 1):
        worth[period - 1] &= fits[: len(worth[period - 1])] | (modules[: len(worth[period - 1])] if period == 1 else False)
    begins = np.flatnonzero(np.any([np.pad(row, (0, count - len(row))) for row in worth], axis=0))
    found: list[Run] = []
    place = 0
    while (following := int(np.searchsorted(begins, place))) < len(begins):
        place = int(begins[following])
        best: Run | None = None
        for period in range(1, len(reach) + 1):
            if place + period >= count:
                break
            if not worth[period - 1][place]:
                continue
            times = int(reach[period - 1][place]) // period + 1
            fewest = 3 if period > 1 else int(fewest_alone[place])
            if best is not None and times * period <= best.times * best.period:
                continue
            times = _wired_alike(wiring, place, period, times, None if any(modules[place : place + period]) else alike)
            if times >= fewest and (best is None or times * period > best.times * best.period):
                best = Run(place, period, times)
                if place + times * period >= count:
                    break
        if best is None:
            place += 1
            continue
        found.append(best)
        for later in range(best.start, best.start + best.times * best.period):
            alike[later] = best.start + (later - best.start) % best.period
        place += best.times * best.period
    return found


def _reaches(signs: Any) -> list[Any]:
    """For each period and place: how many items in a row equal the one a period later."""
    reaches = []
    for period in range(1, min(LONGEST_PERIOD, len(signs) - 1) + 1):
        equal = signs[:-period] == signs[period:]
        ends = np.flatnonzero(~equal)
        places = np.arange(len(equal))
        after = np.searchsorted(ends, places)
        ends = np.append(ends, len(equal))
        reaches.append(ends[after] - places)
    return reaches


def _wiring(levels: Levels, items: Sequence[Item]) -> list[list[int | None]]:
    """For each item the places on this level that its operands come from; None from elsewhere or from leaves."""
    home: dict[int, int] = {}
    for place, item in enumerate(items):
        for number in levels.ops_of(item):
            home[number] = place
    found: list[list[int | None]] = []
    for place, item in enumerate(items):
        sources: list[int | None] = []
        for number in levels.ops_of(item):
            for parent in levels.entries[number].parents:
                source = None if parent is None else home.get(levels.sources[parent])
                if source != place:
                    sources.append(source)
        found.append(sources)
    return found


def _fitting(wiring: list[list[int | None]], periods: int) -> Iterator[Any]:
    """For each period and place: whether a third turn may be wired as the second. A quick look, without which long tangles
    would take minutes: an operand made less than a period before must be as near in the next turn."""
    count = len(wiring)
    places = np.arange(count)
    sources = np.full((QUICK, count), -1)
    for place, given in enumerate(wiring):
        for slot, source in enumerate(given[:QUICK]):
            if source is not None:
                sources[slot, place] = source
    distances = np.where(sources < 0, -1, places - sources)
    for period in range(1, periods + 1):
        recent = (sources[:, :-period] >= places[:-period] - period) | (sources[:, period:] >= places[:-period] - period)
        unlike = np.any(recent & (distances[:, :-period] != distances[:, period:]), axis=0)
        before = np.concatenate([[0], np.cumsum(unlike)])
        starts = np.minimum(places + period, len(unlike)), np.minimum(places + 2 * period, len(unlike))
        yield before[starts[1]] == before[starts[0]]


def _wired_alike(wiring: list[list[int | None]], start: int, period: int, times: int, alike: list[int] | None) -> int:
    """How many turns from the first are wired as the second is; the first may take from before what they hand on.

    `alike`: what comes from before must also come from places drawn as one (None: from anywhere, as for modules).
    """

    def spots(number: int, offset: int) -> list[Any]:
        found: list[Any] = []
        for source in wiring[start + number * period + offset]:
            if source is None:
                found.append(None)
            elif source < start:
                found.append(None if alike is None else ("before", alike[source]))
            else:
                found.append(((source - start) // period - number, (source - start) % period))
        return found

    second = []
    for offset in range(period):
        first = spots(0, offset)
        second.append(spots(1, offset))
        if len(first) != len(second[-1]):
            return 1
        for one, two in zip(first, second[-1], strict=True):
            handed_on = two is not None and two[0] != "before" and two[0] < 0
            if one != two and not (handed_on and (one is None or one[0] == "before")):
                return 1
    for number in range(2, times):
        for offset in range(period):
            if spots(number, offset) != second[offset]:
                return number
    return times


def stand_ins(levels: Levels, level: int | None, runs: Sequence[Run], stands: list[int]) -> None:
    """Write into `stands`, for each op of a later turn, the op of the first turn that is drawn in its place."""
    items = levels.items.get(level, [])
    for run in runs:
        for place in range(run.start + run.period, run.start + run.times * run.period):
            first = items[run.start + (place - run.start) % run.period]
            for number, drawn in zip(levels.ops_of(items[place]), levels.ops_of(first), strict=True):
                stands[number] = drawn


def count_times(document: Document) -> None:
    """Tell each module call that begins a run of equal siblings how many there are."""
    levels = Levels(document)
    for level, items in levels.items.items():
        if any(item[0] == "m" for item in items):
            for run in find_runs(levels, level):
                if run.period == 1 and items[run.start][0] == "m":
                    document.modules[items[run.start][1]].times = run.times
