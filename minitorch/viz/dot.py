"""The picture as DOT.

The `graphviz` package writes it, so quoting is its job. Names of nodes are topological and the order is fixed, so that
the DOT of a program is the same bytes on every run. Every id in the SVG is prefixed by a digest of the picture: two
pictures on one page do not collide.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .colours import BAD, KINDS, border
from .document import Document
from .fills import Fills
from .labels import box_label, frame_label
from .scene import Box, Frame, Key, Scene, compose
from .text import clean

__all__ = ["INSTALL", "source"]

INSTALL = 'pip install "minitorch-engine[viz]"'
FONT = "Helvetica"
FRAMES = ("#f6f7f9", "#eceff4")
#: From so many arrows on, where they are many beside the boxes, the layout is a rough one with straight arrows.
TANGLED = 150
FRAME_LINE, LINE, LESSER, LOOP = "#cdd3dd", "#7c8696", "#b4bcc8", "#a8651c"


def source(document: Document, caption: str | None, *, depth: int | None, fold: bool, show: frozenset[str], color: str,
           max_nodes: int) -> str:  # fmt: skip
    """DOT text of a document.

    Raises:
        ImportError: without the package graphviz, with the line that installs it.
    """
    try:
        import graphviz
    except ImportError:
        raise ImportError(f"drawing a graph needs the package graphviz: {INSTALL}") from None
    scene = compose(document, depth=depth, fold=fold, max_nodes=max_nodes)
    fills = Fills(scene, document, color)
    captions = ([] if caption is None or not caption.strip() else [caption]) + scene.remarks
    writer = _Writer(graphviz, document, scene, fills, show)
    body = writer.graph("", "tape", fills.label(captions))
    prefix = "tape" + hashlib.sha256(str(body.source).encode()).hexdigest()[:8]
    return str(writer.graph(prefix, "tape", fills.label(captions)).source)


class _Writer:
    def __init__(self, graphviz: Any, document: Document, scene: Scene, fills: Fills, show: frozenset[str]) -> None:
        self.graphviz, self.document, self.scene, self.fills, self.show = graphviz, document, scene, fills, show
        self.inside: dict[Key | None, list[Box]] = {}
        for box in scene.boxes:
            self.inside.setdefault(box.outer, []).append(box)
        self.frames: dict[Key | None, list[Frame]] = {}
        for frame in scene.frames:
            self.frames.setdefault(frame.outer, []).append(frame)

    def graph(self, prefix: str, name: str, label: str) -> Any:
        """The whole picture; ids begin with the prefix."""
        self.prefix = prefix
        dot = self.graphviz.Digraph(name)
        dot.attr(rankdir="TB", id=prefix, fontname=FONT, bgcolor="white", nodesep="0.22", ranksep="0.3", pad="0.15",
                 newrank="true", splines="true")  # fmt: skip
        if len(self.scene.arrows) > max(TANGLED, 1.6 * len(self.scene.boxes)):  # else the layout takes minutes
            dot.attr(splines="line", nslimit="0.1", nslimit1="0.1", mclimit="0.1")
        if label:
            dot.attr(label=label, labelloc="b", labeljust="l")
        dot.attr("node", fontname=FONT, fontsize="10", height="0.2", width="0.3", margin="0.09,0.04", shape="box",
                 style="filled,rounded", penwidth="1")  # fmt: skip
        dot.attr("edge", arrowsize="0.55", color=LINE, penwidth="1")
        # Frames are written inside out: a stack of (frame, its subgraph), each added to its outer one when it is full.
        graphs: dict[Key | None, Any] = {None: dot}
        order: list[Frame] = []
        stack = list(reversed(self.frames.get(None, [])))
        while stack:
            frame = stack.pop()
            order.append(frame)
            graphs[frame.key] = self.graphviz.Digraph(f"cluster_{_name(frame.key)}")
            stack.extend(reversed(self.frames.get(frame.key, [])))
        depths: dict[Key | None, int] = {None: 0}
        for frame in order:
            depths[frame.key] = depths[frame.outer] + 1
            self._dress(graphs[frame.key], frame, FRAMES[depths[frame.outer] % len(FRAMES)])
        for key, graph in graphs.items():
            for box in self.inside.get(key, []):
                self._write(graph, box)
        for frame in reversed(order):
            graphs[frame.outer].subgraph(graphs[frame.key])
        for arrow in self.scene.arrows:
            start, end = _name(arrow.start), _name(arrow.end)
            look: dict[str, str] = {"color": LESSER, "arrowsize": "0.45"} if arrow.lesser else {"weight": "3"}
            if arrow.loops:
                look |= {"style": "dashed", "color": LOOP, "constraint": "false"}
            dot.edge(start, end, id=f"{prefix}-{start}-{end}", **look)
        return dot

    def _dress(self, graph: Any, frame: Frame, fill: str) -> None:
        title, words = "", "repeated"
        if frame.key[0] == "m":
            module = self.document.modules[frame.key[1]]
            title, words = f"{module.path} … {frame.last}" if frame.last else module.path, module.name
        graph.attr(label=frame_label(title, words, frame.times), labeljust="l", labelloc="t", fontsize="10",
                   style="filled,rounded", fillcolor=fill, color=LOOP if frame.key[0] == "f" else FRAME_LINE,
                   penwidth="1", margin="9", id=f"{self.prefix}-{_name(frame.key)}")  # fmt: skip

    def _write(self, graph: Any, box: Box) -> None:
        fill, entry = self.fills.of(box), box.entry
        home = self.document.modules[box.outer[1]].path if box.outer is not None and box.outer[0] == "m" else ""
        look = {"fillcolor": fill, "color": border(fill)}
        bad = any(self.document.nodes[n].first_bad for n in box.members)
        if bad:
            look |= {"color": BAD, "penwidth": "2.2"}
        elif entry is None:
            look |= {"penwidth": "1.6"}
        elif entry.kind == "constant":
            look |= {"style": "filled,rounded,dashed", "color": border(KINDS["module"])}
        elif not entry.made:
            look |= {"style": "filled"}
        tooltip = self.graphviz.escape(clean(self._tooltip(box)))
        graph.node(_name(box.key), box_label(box, self.document, self.show, fill, home), tooltip=tooltip,
                   id=f"{self.prefix}-{_name(box.key)}", **look)  # fmt: skip

    def _tooltip(self, box: Box) -> str:
        """Where a node was made, for the mouse."""
        entry = box.entry
        if entry is None:
            return f"{len(box.members)} nodes"
        where = f"{entry.source}: {entry.line}" if entry.source and entry.line else entry.source or ""
        return f"#{entry.id} {entry.title}" + (f" ({where})" if where else "")


def _name(key: Key) -> str:
    return f"{key[0]}{key[1]}"
