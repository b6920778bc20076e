"""Draws any tape, of Values and of Tensors alike.

`graph(loss)` walks the tape once, newest to oldest, and keeps a plain description of it: names, shapes, dtypes, byte
counts, statistics, who feeds whom; `graph(model, x)` runs the model and draws what it did, module by module. No tensor and
no array stays alive through a picture, and the tape is only read. The description is then written as text (`.text()`,
needs nothing), JSON, an HTML page, DOT, or rendered as SVG, PNG and PDF (extra `viz`).
"""

from .document import Entry, ModuleCall
from .drawing import graph
from .picture import Graph
from .recorder import record

__all__ = ["Entry", "Graph", "ModuleCall", "graph", "record"]
