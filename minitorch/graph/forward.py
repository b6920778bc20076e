"""Forward mode: read the same tape oldest to newest, pushing each tangent on to the results.

Each node's op is asked for the tangent of its result, given the tangents of its inputs (None for none). The ops answer
from the same table of rules; nothing is declared twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .reverse import check


def forward(order: list[Any], tangents: dict[Any, Any], *, dress: Callable[[Any], Any], wrap: Any) -> None:
    """Push `tangents` (by node, changed in place) through `order` (newest first) up to the newest node."""
    look = tangents.get
    for node in reversed(order):
        if node.op is None or node in tangents:
            continue
        incoming = [None if parent is None else look(parent) for parent in node.parents]
        if any(t is not None for t in incoming):
            check(node)
            tangents[node] = node.op.push(dress(node), incoming, wrap)
