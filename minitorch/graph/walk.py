"""Which nodes a result depends on, and in what order. Nothing here recurses.

The reachable nodes are found with an explicit stack and sorted by their stamps: parents are always made before their
children, so newest first is the order of backward and oldest first the order of forward mode.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

_stamp = attrgetter("stamp")


def newest_first(roots: Iterable[Any], since: int = 0) -> list[Any]:
    """All nodes and leaves that the roots depend on, the roots included, newest first; none older than `since`."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen and parent.stamp >= since:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_stamp, reverse=True)


def leading_to(order: list[Any], targets: Iterable[Any]) -> set[Any]:
    """Those nodes of `order` (newest first) from which a target can be reached, the targets included."""
    found = set(targets)
    for node in reversed(order):
        for parent in node.parents:
            if parent in found:
                found.add(node)
                break
    return found
