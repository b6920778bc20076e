"""What the tape is made of: a Node for each recorded result, a Leaf for each tensor that asks for a gradient.

An op that runs on a tracked input writes one Node: which op, its parameters, the parents it must send gradients to, and
just what its derivative rules will ask for. Each node is stamped by a clock when it is made, after its parents, so
sorting by stamp is the topological order. Nodes refer to nodes, leaves, raw arrays and version cells, never to tensors
(a weak reference apart), so that dropping the last tensor frees the tape at once, without the garbage collector.
"""

from __future__ import annotations

import itertools
from typing import Any

tick = itertools.count(1).__next__


class Freed:
    """Stands in `Node.saved` once a backward has used the saved arrays and dropped them."""

    def __repr__(self) -> str:
        return "<freed>"

    def __bool__(self) -> bool:
        return True


FREED: Any = Freed()


class Node:
    """One recorded result.

    Attributes:
        op: what made it; answers `pull(node, g, parents)` with the gradients of its inputs.
        params: the op's parameters, by name.
        parents: one Node, Leaf or None (nothing to send) per input.
        saved: what the rules asked to keep, in the op's order; None in the places that no parent needs.
        cells: the version cell of each saved array (or None), in the same order.
        mark: the sum of those cells when they were saved. Versions only grow, so an equal sum means none has moved.
        shape, dtype: of the result, hence of the gradient that arrives here.
        stamp: the clock when it was made.
        hooks: None, or the Hooks to run when the gradient arrives.
        note: None, or where it was made (module path, source line) while recording.
    """

    __slots__ = ("__weakref__", "cells", "dtype", "hooks", "mark", "note", "op", "params", "parents", "saved", "shape",
                 "stamp")  # fmt: skip

    def __init__(self, op: Any, params: Any, parents: tuple[Any, ...], saved: Any, cells: tuple[Any, ...], mark: int,
                 shape: Any, dtype: Any) -> None:  # fmt: skip
        self.op = op
        self.params = params
        self.parents = parents
        self.saved = saved
        self.cells = cells
        self.mark = mark
        self.shape = shape
        self.dtype = dtype
        self.stamp = tick()
        self.hooks: Any = None
        self.note: Any = None

    def __repr__(self) -> str:
        return f"<{self.op.name} node, shape {self.shape}>"


class Leaf:
    """The cell where gradients of one tensor end: its hooks, and a weak reference to the tensor that holds `.grad`.

    `parked` is set while the tensor's `requires_grad` is switched off; a backward that reaches a parked leaf skips it.
    """

    __slots__ = ("__weakref__", "dtype", "hooks", "note", "parked", "shape", "stamp", "tensor")
    op = None
    parents: tuple[Any, ...] = ()
    saved: tuple[Any, ...] = ()
    cells: tuple[Any, ...] = ()
    params: dict[str, Any] = {}  # never written: a leaf has no parameters

    def __init__(self, tensor: Any, shape: Any, dtype: Any) -> None:
        self.tensor = tensor
        self.shape = shape
        self.dtype = dtype
        self.stamp = tick()
        self.hooks: Any = NOTHING
        self.note: Any = None
        self.parked = False

    def __repr__(self) -> str:
        return f"<leaf, shape {self.shape}>"


class Cotangents:
    """The gradients of the several results of one op, travelling to its node together; None where one is unused."""

    __slots__ = ("items",)
    shape = None
    dtype = None

    def __init__(self, items: tuple[Any, ...]) -> None:
        self.items = items

    def __add__(self, other: Cotangents) -> Cotangents:
        return Cotangents(tuple(
            y if x is None else x if y is None else x + y for x, y in zip(self.items, other.items, strict=True)
        ))  # fmt: skip


class Port:
    """The pseudo-op that leads from one of several results to the node of the op that made them all."""

    __slots__ = ("family", "index", "name", "results", "symbol")

    def __init__(self, name: str, index: int, results: tuple[str, ...]) -> None:
        self.name = self.symbol = name
        self.index = index
        self.results = results
        self.family = "port"

    def pull(self, node: Any, g: Any, parents: Any) -> tuple[Any]:
        if parents[0] is None:
            return (None,)
        items: list[Any] = [None] * len(self.results)
        items[self.index] = g
        return (Cotangents(tuple(items)),)

    def push(self, node: Any, tangents: Any, wrap: Any) -> Any:
        return tangents[0][self.index]


#: Hooks of a leaf that has none: not None, since a leaf always wants to be visited.
NOTHING: tuple[Any, ...] = ()
