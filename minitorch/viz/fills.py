"""Which colour each box is filled with, and the legend that says what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence

from .colours import BAD, FAMILIES, KINDS, NONE, RAMP, ZERO, border, ink, ramp_step
from .document import Document
from .labels import SMALL, escaped, seconds
from .scene import Box, Scene
from .stats import shown, size_of

__all__ = ["Fills"]


class Fills:
    """The fills of one picture."""

    def __init__(self, scene: Scene, document: Document, color: str) -> None:
        self.document, self.color = document, color
        self.amounts: dict[object, float | None] = {}
        self.legend: dict[str, str] = {}  # words to colour
        if color != "family":
            self.amounts = {box.key: self._amount(box) for box in scene.boxes}
        known = [amount for amount in self.amounts.values() if amount is not None and 0 < amount < float("inf")]
        self.least, self.most = (min(known), max(known)) if known else (0.0, 0.0)
        self.fills = {box.key: self._fill(box) for box in scene.boxes}
        if known:
            low, high = self._said(self.least), self._said(self.most)
            steps = [RAMP[0], RAMP[-1]] if self.most > self.least else [RAMP[len(RAMP) // 2]]
            for step, said in zip(steps, (low, high), strict=False):
                self.legend[f"{self._what()} {said}"] = step
        order = [*KINDS, *FAMILIES]
        self.legend = dict(sorted(self.legend.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order)))

    def of(self, box: Box) -> str:
        """The fill of a box."""
        return self.fills[box.key]

    def _fill(self, box: Box) -> str:
        entry = box.entry
        if entry is not None and entry.kind == "failed":
            return self._noted("failed", BAD)
        if self.color == "family":
            if entry is None:
                return self._noted("closed module" if box.key[0] == "m" else "several ops", KINDS["module"])
            if not entry.made:
                return self._noted(entry.kind, KINDS.get(entry.kind, NONE))
            family = entry.family if entry.family in FAMILIES else "other"
            return self._noted("one of several results" if family == "port" else family, FAMILIES[family])
        if self.color == "gradient" and self._bad(box):
            return self._noted("nan or inf", BAD)
        amount = self.amounts[box.key]
        if amount is None:
            return self._noted("not known" if self.color != "memory" else "none", NONE)
        if amount == 0:
            return self._noted("zero gradient" if self.color == "gradient" else "none", ZERO)
        return RAMP[ramp_step(amount, self.least, self.most)]

    def _noted(self, words: str, colour: str) -> str:
        self.legend.setdefault(words, colour)
        return colour

    def _bad(self, box: Box) -> bool:
        stats = (self.document.nodes[member].gradient for member in box.members)
        return any(one is not None and (one["nan"] or one["inf"]) for one in stats)

    def _amount(self, box: Box) -> float | None:
        """What the ramp measures: the largest gradient norm, the bytes, or the seconds of all that a box stands for."""
        entries = [self.document.nodes[member] for member in box.members]
        if self.color == "gradient":
            norms = [entry.gradient["norm"] for entry in entries if entry.gradient is not None]
            norms = [norm for norm in norms if norm == norm]
            return max(norms) if norms else None
        if self.color == "time":
            times = [entry.time for entry in entries if entry.time is not None]
            return sum(times) if times else None
        return float(sum(entry.bytes if not entry.made else entry.bytes + entry.saved for entry in entries))

    def _what(self) -> str:
        return {"gradient": "gradient norm", "memory": "result and saved", "time": "time"}[self.color]

    def _said(self, amount: float) -> str:
        return {"gradient": shown, "memory": size_of, "time": seconds}[self.color](amount)

    def label(self, captions: Sequence[str]) -> str:
        """Caption and legend, as the label of the whole picture."""
        font = f'<FONT POINT-SIZE="{SMALL + 1}" COLOR="{ink("#ffffff")}">'
        rows = [f'<TR><TD ALIGN="LEFT">{font}{escaped(caption, 160)}</FONT></TD></TR>' for caption in captions]
        cells = "".join(
            f'<TD><TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="0" COLOR="{border(colour)}"><TR>'
            f'<TD BGCOLOR="{colour}" WIDTH="12" HEIGHT="10" FIXEDSIZE="TRUE"></TD></TR></TABLE></TD>'
            f'<TD ALIGN="LEFT"><FONT POINT-SIZE="{SMALL}" COLOR="{ink("#ffffff", soft=True)}">{escaped(words)}  </FONT></TD>'
            for words, colour in self.legend.items()
        )
        if cells:
            inner = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="0"><TR>{cells}</TR></TABLE>'
            rows.append(f'<TR><TD ALIGN="LEFT">{inner}</TD></TR>')
        return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>>' if rows else ""
