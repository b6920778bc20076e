"""Draws any tape, of Values and of Tensors alike.

`graph(loss)` walks the tape once, newest to oldest, and keeps a plain description of it: names, shapes, dtypes, byte
counts, who feeds whom. No tensor and no array stays alive through a picture, and the tape is only read. The
description is then written as text (`.text()`, needs nothing), JSON, DOT, or rendered as SVG, PNG and PDF (extra
`viz`).
"""

from .collect import Entry
from .picture import Graph, graph
from .recorder import record

__all__ = ["Entry", "Graph", "graph", "record"]
