"""Sets the words of an SVG so that they look right in any font.

Graphviz places each run of letters on its own, by the widths of the fonts of the machine it runs on; where the picture is
seen, letters may be narrower. So the runs of a line become one text, centred in its box, and the names of frames come after
the arrows, with a rim of the frame's colour: an arrow may pass below a name.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable
from itertools import groupby

__all__ = ["lettered"]

FRAME = re.compile(r'<g id="[^"]*" class="cluster">.*?</g>\n', re.DOTALL)
NODE = re.compile(r'<g id="[^"]*" class="node">.*?</a>\n</g>\n</g>\n', re.DOTALL)
RUN = re.compile(r'<text xml:space="preserve" text-anchor="start" x="([^"]*)" y="([^"]*)"([^>]*)>(.*?)</text>\n')
RUNS = re.compile(f"(?:{RUN.pattern})+")
FILL = re.compile(r'<(?:path|polygon) fill="(#\w+)"')
SHAPE = re.compile(r' (?:points|d)="([^"]*)"')
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
#: What is left free at the sides of a box, in points: the margin of a node, 0.09 inch.
MARGIN = 6.48

Run = tuple[str, str, str, str]  # x, y, attributes, words


def lettered(document: str) -> str:
    """The SVG with its words set anew."""
    names: list[str] = []

    def without(frame: re.Match[str]) -> str:
        fill = FILL.search(frame[0])
        rim = f' stroke="{fill[1] if fill else "white"}" stroke-width="3" paint-order="stroke"'
        names.extend(_line(runs, "start", runs[0][0], rim) for runs in _lines(RUN.findall(frame[0])))
        return RUN.sub("", frame[0])

    document = NODE.sub(_centred, FRAME.sub(without, document))
    end = document.rindex("</g>")
    return f'{document[:end]}<g class="names">\n{"".join(names)}</g>\n{document[end:]}' if names else document


def _centred(node: re.Match[str]) -> str:
    """A box with each line in the middle of its column."""
    outline, *inner = [list(map(float, NUMBER.findall(points)))[::2] for points in SHAPE.findall(node[0])]
    rules = sorted(across[0] for across in inner if len(set(across)) == 1)  # the upright lines between columns
    left, right = min(outline) + MARGIN, max(outline) - MARGIN
    edges = [left, *rules, right]

    def column(run: Run) -> int:
        return bisect(rules, float(run[0]))

    def set_anew(found: re.Match[str]) -> str:
        lines = (list(runs) for line in _lines(RUN.findall(found[0])) for _, runs in groupby(line, column))
        made = []
        for runs in lines:
            place = column(runs[0])
            made.append(_line(runs, "middle", f"{(edges[place] + edges[place + 1]) / 2:.2f}"))
        return "".join(made)

    return RUNS.sub(set_anew, node[0])


def _lines(runs: Iterable[Run]) -> list[list[Run]]:
    """Neighbours on one height, without the spaces that end a line."""
    lines = [list(line) for _, line in groupby(runs, lambda run: run[1])]
    for line in lines:
        while len(line) > 1 and not line[-1][3].strip("\xa0 "):
            line.pop()
    return lines


def _line(runs: list[Run], anchor: str, x: str, extra: str = "") -> str:
    head = f'<text xml:space="preserve" text-anchor="{anchor}" x="{x}" y="{runs[0][1]}"{extra}'
    if len(runs) == 1:
        return f"{head}{runs[0][2]}>{runs[0][3]}</text>\n"
    inside = "".join(f"<tspan{attributes}>{words}</tspan>" for _, _, attributes, words in runs)
    return f"{head}>{inside}</text>\n"
