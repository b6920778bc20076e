"""DOT as a picture: by the program `dot` where the system has it, else in-process by pygraphviz."""

from __future__ import annotations

import itertools
import re
import shutil

from .dot import INSTALL
from .lettering import lettered

__all__ = ["render", "svg"]

SHRINKING = r'<svg style="max-width:100%;height:auto" width="\1"'
FAMILY = re.compile(r' font-family="Helvetica[^"]*"')
FONTS = ' font-family="Helvetica, Arial, Liberation Sans, sans-serif"'
TITLE = re.compile(r'(class="(?:edge|cluster)">\n)<title>.*?</title>\n')  # the mouse would read "n3->n4"
PREFIX = re.compile(r'id="(tape[0-9a-f]{8})"')
#: How often each picture was shown in this process.
_shown: dict[str, itertools.count[int]] = {}


def render(dot: str, file_format: str) -> bytes:
    """The picture as bytes in a format Graphviz writes ("svg", "png", "pdf").

    Raises:
        ImportError: with the one line to install, where there is neither a program `dot` nor the package pygraphviz.
    """
    if shutil.which("dot") is not None:
        try:
            import graphviz
        except ImportError:
            raise ImportError(f"drawing a graph needs the package graphviz: {INSTALL}") from None
        return bytes(graphviz.Source(dot).pipe(format=file_format))
    try:
        import pygraphviz
    except ImportError:
        raise ImportError(
            f"rendering {file_format} needs Graphviz, and there is neither a program `dot` on the PATH nor the package "
            f"pygraphviz, which brings it along: {INSTALL}"
        ) from None
    return bytes(pygraphviz.AGraph(string=dot).draw(format=file_format, prog="dot"))


def svg(dot: str, again: bool = False) -> str:
    """A complete SVG document with a viewBox, at most as wide as the page it is shown on.

    Args:
        again: give the ids a prefix of their own where this very picture was shown before in this process.
    """
    document = render(dot, "svg").decode()
    # Graphviz gives a fixed size in points, which notebooks crop; with the viewBox the width may shrink to fit.
    document = re.sub(r'<svg width="(\w+)" height="\w+"', SHRINKING, document, count=1)
    document = lettered(TITLE.sub(r"\1", FAMILY.sub("", document)))
    document = document.replace("<svg style=", f"<svg{FONTS} style=", 1)
    found = PREFIX.search(document)
    if again and found is not None:
        turn = next(_shown.setdefault(found[1], itertools.count()))
        if turn:
            document = document.replace(f'"{found[1]}', f'"{found[1]}x{turn}').replace(f'"a_{found[1]}', f'"a_{found[1]}x{turn}')
    return document
