"""The tape as DOT, and DOT as a picture.

The `graphviz` package writes the DOT, so quoting and escaping are its job; `dot` renders it where the system has it,
else `pygraphviz` does in-process. Node names are topological and the order is fixed, so the DOT of a program is the
same bytes on every run. Every id in the SVG is prefixed by a digest of the picture: two pictures on one page do not
collide.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence

from .collect import Entry
from .text import clean, facts

__all__ = ["render", "source"]

INSTALL = 'pip install "minitorch-engine[viz]"'
LEAF_COLOUR = "#f4e3a1"
FAMILY_COLOURS = {
    "elementwise": "#cfe8fc",
    "comparison": "#dfe6ee",
    "reduction": "#fbd3c4",
    "scan": "#f7dfa6",
    "movement": "#e8e8e8",
    "indexing": "#e3d7f4",
    "contraction": "#d3efcf",
    "window": "#c9ece6",
    "factorization": "#c2e5b9",
    "spectral": "#f6e0f3",
    "fused": "#f9cfe2",
}
OTHER_COLOUR = "#ffffff"


def source(entries: Sequence[Entry], *, max_nodes: int = 1000, caption: str | None = None) -> str:
    """DOT text of the entries; above `max_nodes` only the newest are drawn, and the caption says so."""
    try:
        import graphviz
    except ImportError:
        raise ImportError(f"drawing a graph needs the package graphviz: {INSTALL}") from None
    drawn = entries[-max_nodes:]
    dropped = len(entries) - len(drawn)
    captions = [] if caption is None else [caption]
    if dropped:
        captions.append(f"the newest {len(drawn)} of {len(entries)} nodes")
    prefix = _digest(drawn, captions)

    def label(lines: Sequence[str]) -> str:
        # escape() doubles backslashes and keeps a label that looks like HTML from being read as HTML; \n joins lines.
        return graphviz.nohtml("\\n".join(graphviz.escape(clean(line)) for line in lines if line))  # type: ignore[no-any-return]

    dot = graphviz.Digraph("tape")
    dot.attr(rankdir="TB", id=prefix, fontname="Helvetica", bgcolor="transparent")
    if captions:
        dot.attr(label=label(captions), labelloc="b", fontsize="10")
    dot.attr("node", fontname="Helvetica", fontsize="10", height="0.3", margin="0.1,0.05", style="filled")
    dot.attr("edge", arrowsize="0.6", color="#606060")
    first = drawn[0].id if drawn else 0
    for entry in drawn:
        dot.node(f"n{entry.id}", label(_lines(entry)), id=f"{prefix}-n{entry.id}", **_look(entry))
        for position, parent in enumerate(entry.parents):
            if parent is not None and parent >= first:
                dot.edge(f"n{parent}", f"n{entry.id}", id=f"{prefix}-n{parent}-n{entry.id}-{position}")
    if dropped:
        dot.node("rest", label([f"… {dropped} older nodes"]), shape="plaintext", style="", id=f"{prefix}-rest")
        consumers = [entry for entry in drawn if any(parent is not None and parent < first for parent in entry.parents)]
        for entry in consumers:
            dot.edge("rest", f"n{entry.id}", style="dashed", id=f"{prefix}-rest-n{entry.id}")
    return str(dot.source)


def render(dot: str, file_format: str) -> bytes:
    """The picture as bytes in a format Graphviz writes ("svg", "png", "pdf").

    Raises: ImportError with the one line to install, where there is neither a program `dot` nor the package pygraphviz.
    """
    if shutil.which("dot") is not None:
        import graphviz

        return bytes(graphviz.Source(dot).pipe(format=file_format))
    try:
        import pygraphviz
    except ImportError:
        raise ImportError(
            f"rendering {file_format} needs Graphviz, and there is neither a program `dot` on the PATH nor the package "
            f"pygraphviz, which brings it along: {INSTALL}"
        ) from None
    return bytes(pygraphviz.AGraph(string=dot).draw(format=file_format, prog="dot"))


def _lines(entry: Entry) -> list[str]:
    title = f"{entry.title} {entry.symbol}" if entry.symbol and entry.symbol not in entry.title else entry.title
    params = ", ".join(f"{name}={value}" for name, value in entry.params)
    return [title, params, facts(entry), entry.note]


def _look(entry: Entry) -> dict[str, str]:
    if entry.kind == "leaf":
        return {"shape": "box", "style": "filled,rounded", "fillcolor": LEAF_COLOUR}
    return {"shape": "box", "fillcolor": FAMILY_COLOURS.get(entry.family, OTHER_COLOUR)}


def _digest(entries: Sequence[Entry], captions: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(repr(entry).encode())
    digest.update(repr(captions).encode())
    return "tape" + digest.hexdigest()[:8]
