"""A backward under watch: each gradient is seen as the walk takes it out and as it is sent to a parent.

A watcher stands in the place of the dict of gradients that `graph.reverse.reverse` is given. The walk never finds an
earlier gradient with `get`, so that it puts in each alone and the sum is made here.
"""

from __future__ import annotations

from typing import Any


class Watched:
    """The gradients of a backward. Overridden: `taken` and `sent`, which are called before anything is added.

    Attributes:
        grads: what is watched.
        node: the node whose turn it is.
        place: which of its operands the last gradient was sent to.
    """

    def __init__(self, grads: Any) -> None:
        self.grads = grads
        self.node: Any = None
        self.place = -1

    def taken(self, node: Any, g: Any) -> None:
        """A node's turn comes, with its whole gradient."""

    def sent(self, parent: Any, g: Any) -> None:
        """The node sends a gradient to its operand `place`."""

    def __iter__(self) -> Any:
        return iter(self.grads)

    def __contains__(self, node: Any) -> bool:
        return node in self.grads

    def items(self) -> Any:
        """What is there."""
        return self.grads.items()

    def pop(self, node: Any, default: Any = None) -> Any:
        """The gradient of the node whose turn it is."""
        g = self.grads.pop(node, default)
        if g is not None:
            self.node, self.place = node, -1
            self.taken(node, g)
        return g

    def get(self, node: Any, default: Any = None) -> Any:
        """Nothing: see above."""
        return default

    def __setitem__(self, parent: Any, g: Any) -> None:
        parents = self.node.parents
        self.place = next((at for at in range(self.place + 1, len(parents)) if parents[at] is parent), self.place)
        self.sent(parent, g)
        before = self.grads.get(parent)
        self.grads[parent] = g if before is None else before + g
