"""What users hang on a node: functions that see, and may replace, the gradient as it arrives.

`Hooks` sits in a node's or leaf's `hooks` slot once the first hook is registered. Handles remove their hook again, also
while the hooks run.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

_ids = itertools.count()


class RemovableHandle:
    """Removes one hook from the dict that holds it. Also a context manager that removes it on leaving."""

    def __init__(self, hooks: dict[int, Any], *more: dict[int, Any]) -> None:
        self.id = next(_ids)
        while self.id in hooks:  # hooks that came out of a file have the numbers of another run
            self.id = next(_ids)
        self.hooks = hooks
        self.more = more

    def remove(self) -> None:
        """Take the hook out; doing so twice is no error."""
        self.hooks.pop(self.id, None)
        for table in self.more:
            table.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one node: on the gradient (`before`), after it was accumulated (`after`), and retain_grad."""

    __slots__ = ("after", "before", "retain")

    def __init__(self) -> None:
        self.before: dict[int, Callable[[Any], Any]] = {}
        self.after: dict[int, Callable[[Any], Any]] = {}
        self.retain: Any = None

    def add(self, table: dict[int, Any], hook: Callable[[Any], Any]) -> RemovableHandle:
        handle = RemovableHandle(table)
        table[handle.id] = hook
        return handle


def hooks_of(node: Any) -> Hooks:
    """The node's Hooks, made on first need."""
    if not node.hooks:
        node.hooks = Hooks()
    hooks: Hooks = node.hooks
    return hooks
