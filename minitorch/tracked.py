"""A number with a place on the tape: data, node, version. No operators yet.

`Value` (one float) and `Tensor` (an array) are both Tracked. Ops ask only for these three slots, which is why the same
table serves both.
"""

from __future__ import annotations

from typing import Any


class Tracked:
    """What the engine needs of a value.

    Attributes:
        _data: the raw float or array.
        _node: the Node that made it, its Leaf, or None if it takes no part in a graph.
        _cell: the version cell: a one-element list that all tensors on the same memory share, counting in-place writes;
            None for an inference tensor.
    """

    __slots__ = ("_cell", "_data", "_node")
    _cell: Any
    _data: Any
    _node: Any

    @staticmethod
    def _apply(op: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Run `op` on tracked arguments and record it."""
        raise NotImplementedError
