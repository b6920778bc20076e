"""What a check found: a Report, true when everything it looked at was right.

A Finding is one thing that is wrong or could not be told, with the numbers that show it. A report that did not pass
prints the first one in full, on one screen: where, which entry, both numbers, the pattern, the op to blame and a line
that repeats it.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSED, FAILED, UNRESOLVED = "passed", "failed", "cannot resolve"
_GRAVITY = {FAILED: 0, UNRESOLVED: 1, PASSED: 2}
#: One screen.
WIDTH, HEIGHT = 80, 24
#: Lines of the table that are shown in any case.
FEWEST_LINES = 4
#: Notes that are shown where something is wrong.
NOTES = 2


class GradientError(AssertionError):
    """A gradient that is wrong, or that could not be told; `report` says all that was found."""

    report: Report | None = None

    def __init__(self, message: object = "", report: Report | None = None) -> None:
        super().__init__(str(message))
        self.report = report


@dataclass
class Finding:
    """One thing that is wrong, or that could not be told.

    Attributes:
        kind: "wrong", "unresolved", "kink", "not finite", "nondeterministic", "mutated", "aliasing", "shape", "dtype",
            "precision", "linear", "layout", "state", "duality" or "raised".
        text: the finding in one sentence.
        where: "output 0, input 1 (y)", or "" where it is not about one block.
        rows: what the screen shows below the headline: (what, text).
        suspect: the op to blame and its file and line, "" where unknown.
        name: of the input or parameter.
        error: what was raised.
    """

    kind: str
    text: str
    where: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    suspect: str = ""
    name: str = ""
    order: int = 1
    index: tuple[int, ...] | None = None
    tape: float | None = None
    difference: float | None = None
    wrong: int = 0
    total: int = 0
    pattern: str = ""
    error: Exception | None = None

    @property
    def outcome(self) -> str:
        """What it makes of a report."""
        return UNRESOLVED if self.kind == "unresolved" else FAILED

    @property
    def ratio(self) -> float | None:
        """The gradient by the tape over the one by differences."""
        if self.tape is None or self.difference is None:
            return None
        return self.tape / self.difference if self.difference else float("inf")

    @property
    def sentence(self) -> str:
        """Where and what, in one line."""
        return f"{self.where}: {self.text}" if self.where else self.text

    def __str__(self) -> str:
        return self.sentence


@dataclass
class Line:
    """One thing that was checked, and what became of it."""

    what: str
    outcome: str
    detail: str = ""


@dataclass
class Report:
    """What a check looked at and what it found. True when it passed.

    Attributes:
        subject: what was checked, and where it is defined.
        findings: what is wrong or could not be told, the gravest first.
        compared: entries (or directions) that were compared with differences and agree or are wrong.
        kinks: entries that were left out, being at kinks.
        unresolved: entries that differences cannot tell.
        lines: one per thing checked.
        notes: what else to know, such as in which precision what was compared.
        repeat: a line that repeats it.
    """

    subject: str = ""
    findings: list[Finding] = field(default_factory=list)
    compared: int = 0
    kinks: int = 0
    unresolved: int = 0
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repeat: str = ""
    what: str = "gradcheck"

    @property
    def outcome(self) -> str:
        """"passed", "failed" or "cannot resolve"."""
        outcomes = {finding.outcome for finding in self.findings}
        return FAILED if FAILED in outcomes else UNRESOLVED if outcomes else PASSED

    @property
    def passed(self) -> bool:
        """Whether everything that was looked at is right."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.passed

    def add(self, what: str, findings: list[Finding], detail: str = "") -> None:
        """Note that something was checked, and what was found."""
        self.findings += findings
        worst = FAILED if any(f.outcome == FAILED for f in findings) else UNRESOLVED if findings else PASSED
        self.lines.append(Line(what, worst, findings[0].sentence if findings else detail))

    def merge(self, other: Report) -> Report:
        """Take in what another report found."""
        self.findings += other.findings
        self.compared += other.compared
        self.kinks += other.kinks
        self.unresolved += other.unresolved
        self.lines += other.lines
        self.notes += [note for note in other.notes if note not in self.notes]
        self.repeat = self.repeat or other.repeat
        return self

    def raised(self) -> Report:
        """The report itself.

        Raises:
            GradientError: where it did not pass, with the screen as its message.
        """
        if self.passed:
            return self
        raise GradientError(str(self), self)

    def __repr__(self) -> str:
        first = f": {self.findings[0].sentence}" if self.findings else ""
        return f"<Report of {self.subject or 'nothing'}: {self.outcome}{first}; {self.counts}>"

    @property
    def counts(self) -> str:
        """The counts in words."""
        return f"{self.compared} entries compared, {self.kinks} at kinks skipped, {self.unresolved} unresolved"

    def __str__(self) -> str:
        head = {FAILED: f"{self.what} failed", UNRESOLVED: f"{self.what}: cannot resolve", PASSED: f"{self.what} passed"}
        lines = _fold(f"{head[self.outcome]}: {self.subject}", "  ")
        ordered = sorted(self.findings, key=lambda f: f.outcome != FAILED)
        notes = self.notes[:NOTES] if ordered else self.notes
        tail = [line for note in notes for line in _fold(f"note: {note}", "  ", 2)]
        if len(notes) < len(self.notes):
            tail.append(f"and {len(self.notes) - len(notes)} more notes: report.notes")
        if ordered:
            lines += screen(ordered[0])
            tail = [*_others(ordered[1:]), *tail]
        tail += _fold(self.counts, "", 1)
        if self.repeat and ordered:
            tail += _fold(f"to repeat: {self.repeat}", "  ", 4)
        if self.lines:
            table = self.table() if self.passed else self.table(max(FEWEST_LINES, HEIGHT - len(lines) - len(tail)))
            return "\n".join([*lines, *table, *tail])
        return "\n".join([*lines[: HEIGHT - len(tail)], *tail])

    def table(self, most: int | None = None) -> list[str]:
        """One line per thing checked; with `most`, the gravest of them and how many the others are."""
        chosen, rest = self.lines, list[str]()
        if most is not None and len(self.lines) > most:
            kept = sorted(range(len(self.lines)), key=lambda place: (_GRAVITY[self.lines[place].outcome], place))[: most - 1]
            chosen = [self.lines[place] for place in sorted(kept)]
            others = [line.outcome for place, line in enumerate(self.lines) if place not in kept]
            counts = [f"{others.count(outcome)} {outcome}" for outcome in _GRAVITY if outcome in others]
            rest = [f"  and of others {', '.join(counts)}: report.lines"]
        wide = min(44, max(len(line.what) for line in chosen))
        return [f"  {line.what:{wide}}  {line.outcome:{8 if line.outcome != UNRESOLVED else 14}}"
                f"{'' if line.outcome != PASSED else line.detail}".rstrip()[: WIDTH * 2] for line in chosen] + rest  # fmt: skip


def screen(finding: Finding) -> list[str]:
    """The lines of one finding."""
    lines = _fold(finding.sentence, "  ", 5) if not finding.rows else []
    for what, text in finding.rows:
        start = f"  {what:<15}"
        lines += textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), max_lines=3,
                               placeholder=" ...", break_on_hyphens=False) or [start.rstrip()]  # fmt: skip
    if finding.suspect:
        start = "  wrong op       "
        lines += textwrap.wrap(finding.suspect, WIDTH, initial_indent=start, subsequent_indent=" " * len(start),
                               max_lines=4, placeholder=" ...", break_on_hyphens=False)  # fmt: skip
    return lines


def _others(findings: list[Finding]) -> list[str]:
    """The other findings, in a few lines."""
    if not findings:
        return []
    shown = [line for finding in findings[:2] for line in _fold(f"also {finding.sentence}", "    ", 2)]
    return shown + ([f"and {len(findings) - 2} more: report.findings"] if len(findings) > 2 else [])


def _fold(text: str, indent: str, most: int = 3) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, max_lines=most, placeholder=" ...", break_on_hyphens=False,
                         break_long_words=True)  # fmt: skip


def short_path(source: str) -> str:
    """A file and line with the path relative to where we are, if that is shorter."""
    if not source or source.startswith("<"):
        return ""
    file, _, line = source.rpartition(":")
    try:
        near = str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        near = file if len(file) <= 45 else f".../{'/'.join(Path(file).parts[-2:])}"
    return f"{near}:{line}"


def literal(value: Any, most: int = 8) -> str | None:
    """A tensor as an expression, or None where it is too long for one line."""
    array = value._data
    if array.size > most or array.dtype.kind not in "fciub":
        return None
    return f"mt.tensor({array.tolist()!r}, dtype=mt.{array.dtype.name})"
