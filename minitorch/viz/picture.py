"""The picture of a tape, in every form it can take.

`.text()` and `.json()` need nothing, and neither does the HTML page; `.dot()` needs the graphviz package; `.svg()` and
`.save("x.png")` need Graphviz itself, on the PATH or in-process. A notebook shows the SVG, or the text where it cannot be
rendered or would be too large to read.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from .document import Document, Entry, ModuleCall
from .text import tree

__all__ = ["Graph"]

WRITTEN = {".txt", ".json", ".dot", ".gv", ".svg", ".html"}
RENDERED = {".png", ".pdf"}
NOTEBOOK_LINES = 200


class Graph:
    """A tape written down, and the forms it can be written in. Holds plain data, no tensor.

    Attributes:
        nodes: what is on the tape, oldest first.
        modules: the module calls, parents before children.
        backward: the steps of the backward in the engine's order; empty where it is not known.
        error: the exception that stopped the forward, without its frames, or None.
    """

    __slots__ = ("_document", "_look", "caption", "error", "max_nodes")

    def __init__(self, document: Document, *, caption: str | None = None, depth: int | None = None, fold: bool = True,
                 show: frozenset[str] = frozenset(), color: str = "family", max_nodes: int = 300,
                 error: Exception | None = None) -> None:  # fmt: skip
        self._document = document
        self.caption = caption
        self.max_nodes = max_nodes
        self.error = error
        self._look: dict[str, Any] = {"depth": depth, "fold": fold, "show": show, "color": color}

    @property
    def nodes(self) -> list[Entry]:
        return self._document.nodes

    @property
    def modules(self) -> list[ModuleCall]:
        return self._document.modules

    @property
    def backward(self) -> list[dict[str, Any]]:
        return self._document.backward

    # ---- forms -----------------------------------------------------------------------------------------------------
    def text(self) -> str:
        """A tree for terminals, newest node first, one line per node."""
        return tree(self.nodes, self.modules)

    def json(self, *, indent: int | None = None) -> str:
        """Nodes, modules and backward as JSON; numbers that JSON lacks are the strings "nan", "inf" and "-inf"."""
        return json.dumps(self._document.plain(self.caption), indent=indent, allow_nan=False)

    def html(self) -> str:
        """One HTML file that needs no other: pan, zoom, search, and the backward step by step."""
        from .page import page

        return page(self._document.plain(self.caption))

    def dot(self) -> str:
        """DOT, the same bytes on every run of the same program."""
        from .dot import source

        return source(self._document, self.caption, max_nodes=self.max_nodes, **self._look)

    def svg(self) -> str:
        """A complete SVG document with a viewBox, at most as wide as the page it is shown on."""
        from .render import svg

        return svg(self.dot())

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture in the format the name ends in (.html .svg .png .pdf .dot .json .txt) and returns the path.

        Raises:
            ValueError: for another ending.
            ImportError: where Graphviz is needed and missing, with the line that installs it.
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending not in WRITTEN | RENDERED:
            endings = ", ".join(sorted(WRITTEN | RENDERED))
            raise ValueError(f"cannot tell the format from {target.name!r}: end it in {endings}")
        if ending in RENDERED:
            from .render import render

            target.write_bytes(render(self.dot(), ending[1:]))
            return target
        forms = {".txt": self.text, ".json": self.json, ".svg": self.svg, ".html": self.html}
        target.write_text(forms.get(ending, self.dot)() + "\n", encoding="utf-8")
        return target

    # ---- at the prompt and in a notebook ---------------------------------------------------------------------------
    def __repr__(self) -> str:
        kinds = Counter("op" if entry.made else "leaf" for entry in self.nodes)
        ops = f"{kinds['op']} op{'' if kinds['op'] == 1 else 's'}"
        leaves = f"{kinds['leaf']} {'leaf' if kinds['leaf'] == 1 else 'leaves'}"
        failed = "" if self.error is None else f"; failed: {type(self.error).__name__}: {_first_line(str(self.error))}"
        return f"Graph({ops}, {leaves}; .text(), .svg(), .save(path){failed})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: text always, SVG where it can be rendered."""
        lines = self.text().split("\n")
        more = [] if len(lines) <= NOTEBOOK_LINES else [f"… {len(lines) - NOTEBOOK_LINES} more lines in .text()"]
        bundle = {"text/plain": "\n".join(lines[:NOTEBOOK_LINES] + more)}
        try:
            from .render import svg

            bundle["image/svg+xml"] = svg(self.dot(), again=True)
        except ImportError as reason:
            bundle["text/plain"] += f"\n({reason})"
        return bundle


def _first_line(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if len(first) <= 80 else first[:79] + "…"
