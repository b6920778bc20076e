"""The graph as one HTML file that explores and steps through itself.

`page(document)` writes the description that `Graph.json()` also writes into a page of its own: the markup is
page.html, the look page.css, the behaviour the page*.js files, all of them inlined. Nothing is fetched, no server and
no library is needed, and the page's own policy forbids any request. The description is inert data inside the page:
whatever a user named cannot end its element, and the scripts set every text as text.
"""

from __future__ import annotations

import html
import json
import math
import re
from importlib.resources import files
from typing import Any

__all__ = ["page"]

# In the order of use: a file may call what the ones before it define.
SCRIPTS = ("page_text", "page_tree", "page_layout", "page_lines", "page_view", "page_panel", "page_steps", "page")
PLACE = re.compile("@(title|style|document|script)@")


def page(document: dict[str, Any]) -> str:
    """The page of a graph's description, as text of a complete HTML file in UTF-8; the same bytes on every run."""
    title = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", document.get("caption") or "Computation graph")
    parts = {
        "title": html.escape(title),
        "style": _asset("page.css"),
        "document": _inert(document),
        "script": '"use strict";\n(() => {\n' + "\n".join(_asset(f"{name}.js") for name in SCRIPTS) + "\n})();",
    }
    # One pass, so that a caption that looks like a place is not filled in.
    return PLACE.sub(lambda place: parts[place[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _inert(document: dict[str, Any]) -> str:
    """JSON that can stand in a script element: ASCII, without the characters that could end it or begin a comment."""
    try:
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    except ValueError:  # NaN or infinity, which JSON does not have
        text = json.dumps(_finite(document), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value: Any) -> Any:
    """The value with "nan", "inf" and "-inf" for what JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
