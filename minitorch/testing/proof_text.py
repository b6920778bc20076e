"""The proof table as text: a line for each function, ours / PyTorch's in each column, and below it what the marks mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .laws import COLUMNS
from .proof_pytorch import NONE, OK, REFUSES, WRONG, Cell

if TYPE_CHECKING:
    from .proof import Proof

WIDE, CELL = 34, 15


class Legend:
    """Reasons, numbered as they come: "-3" stands in a cell for the third."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, reason: str) -> int:
        return self.numbers.setdefault(reason, len(self.numbers) + 1)

    def mark(self, cell: Cell) -> str:
        """A cell in a few letters."""
        if cell.verdict == OK:
            return "ok"
        if cell.verdict == NONE:
            return f"-{self.number(cell.reason)}"
        return f"{cell.verdict}-{self.number(cell.reason)}"


#: Of the table that is being printed.
_legend = Legend()


def title() -> str:
    """The head of the table; the legend starts anew."""
    global _legend
    _legend = Legend()
    return f"{'minitorch|PyTorch':{WIDE}}" + "".join(f"{column:{CELL}}" for column in COLUMNS).rstrip()


def line(proof: Proof) -> str:
    """One function."""
    cells = (f"{_legend.mark(proof.ours[column])}|{_legend.mark(proof.theirs[column])}" for column in COLUMNS)
    return f"{proof.title:{WIDE - 1}.{WIDE - 1}} " + "".join(f"{cell:{CELL}}" for cell in cells).rstrip()


def summary(done: Sequence[Proof], seconds: float, detail: bool = False) -> str:
    """How many of each verdict in each column, the legend, and every error of ours."""
    lines = [""]
    for whose in ("ours", "theirs"):
        lines.append({"ours": "minitorch", "theirs": "PyTorch"}[whose])
        for verdict in (OK, WRONG, REFUSES, NONE):
            count = Counter(column for proof in done for column, cell in getattr(proof, whose).items() if cell.verdict == verdict)
            lines.append(f"  {verdict:{WIDE - 2}}" + "".join(f"{count[column]:<{CELL}}" for column in COLUMNS).rstrip())
    lines += ["", "ok: all calls; wrong, refuses: some call, for the reason of that number; -: nothing to hold, for the reason"]
    lines += [f"  {number:>4}  {reason}" for reason, number in _legend.numbers.items()]
    lines += [f"WRONG: {proof.title}: {error}" for proof in done for error in proof.errors]
    calls = sum(cell.count for proof in done for cell in proof.ours.values())
    lines.append(f"{len(done)} functions, {calls:,} calls of laws, {seconds:.0f} s")
    return "\n".join(lines)
