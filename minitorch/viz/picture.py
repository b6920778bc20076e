"""The picture of a tape, in every form it can take.

`graph(loss)` returns a Graph: the collected entries and the ways to write them. `.text()` and `.json()` need
nothing; `.dot()` needs the graphviz package; `.svg()` and `.save("x.png")` need Graphviz itself, on the PATH or
in-process. A notebook shows the SVG, or the text where it cannot be rendered or would be too large to read.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from .collect import Entry, collect
from .dot import render, source
from .text import tree

__all__ = ["Graph", "graph"]

WRITTEN = {".txt", ".json", ".dot", ".gv", ".svg"}
RENDERED = {".png", ".pdf"}
SHRINKING = r'<svg style="max-width:100%;height:auto" width="\1"'
NOTEBOOK_LIMIT = 1000
NOTEBOOK_LINES = 200


def graph(things: object, *, names: object = None, caption: str | None = None, max_nodes: int = 1000) -> Graph:
    """The tape that leads to a tensor, a Value, or several of them, as a picture.

    `names`: dict or pairs from name to tensor, to label leaves and results (`locals()`, `model.named_parameters()`).
    `max_nodes`: pictures draw at most so many of the newest nodes and say so; text and JSON hold all of them.

    Raises: TypeError for something that cannot be on a tape; ValueError where nothing was recorded.
    """
    return Graph(collect(things, names), caption=caption, max_nodes=max_nodes)


class Graph:
    """A tape written down: `entries`, oldest first, and the forms they can be written in. Holds no tensor."""

    __slots__ = ("caption", "entries", "max_nodes")

    def __init__(self, entries: list[Entry], *, caption: str | None = None, max_nodes: int = 1000) -> None:
        if max_nodes < 1:
            raise ValueError(f"max_nodes must be at least 1, got {max_nodes}")
        self.entries = entries
        self.caption = caption
        self.max_nodes = max_nodes

    def text(self) -> str:
        """A tree for terminals, newest node first, one line per node."""
        return tree(self.entries)

    def json(self, *, indent: int | None = None) -> str:
        """Every entry as a JSON object, oldest first, with operands as ids."""
        return json.dumps({"caption": self.caption, "nodes": [asdict(entry) for entry in self.entries]}, indent=indent)

    def dot(self) -> str:
        """DOT, the same bytes on every run of the same program."""
        return source(self.entries, max_nodes=self.max_nodes, caption=self.caption)

    def svg(self) -> str:
        """A complete SVG document with a viewBox, at most as wide as the page it is shown on."""
        document = render(self.dot(), "svg").decode()
        # Graphviz gives a fixed size in points, which notebooks crop; with the viewBox the width may shrink to fit.
        return re.sub(r'<svg width="(\w+)" height="\w+"', SHRINKING, document, count=1)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture in the format the name ends in (.svg .png .pdf .dot .json .txt) and returns the path."""
        target = Path(path)
        ending = target.suffix.lower()
        if ending not in WRITTEN | RENDERED:
            endings = ", ".join(sorted(WRITTEN | RENDERED))
            raise ValueError(f"cannot tell the format from {target.name!r}: end it in {endings}")
        if ending in RENDERED:
            target.write_bytes(render(self.dot(), ending[1:]))
            return target
        write = {".txt": self.text, ".json": self.json, ".svg": self.svg}.get(ending, self.dot)
        target.write_text(write() + "\n", encoding="utf-8")
        return target

    def __repr__(self) -> str:
        kinds = Counter(entry.kind for entry in self.entries)
        return f"Graph({kinds['op']} ops, {kinds['leaf']} leaves; .text(), .svg(), .save(path))"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: text always, SVG where it can be rendered and read."""
        lines = self.text().split("\n")
        more = [] if len(lines) <= NOTEBOOK_LINES else [f"… {len(lines) - NOTEBOOK_LINES} more lines in .text()"]
        bundle = {"text/plain": "\n".join(lines[:NOTEBOOK_LINES] + more)}
        if min(self.max_nodes, len(self.entries)) <= NOTEBOOK_LIMIT:
            try:
                bundle["image/svg+xml"] = self.svg()
            except ImportError as reason:
                bundle["text/plain"] += f"\n({reason})"
        return bundle
