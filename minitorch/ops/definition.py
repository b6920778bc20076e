"""Differentiating a fused op's definition, in place of its joint rule.

When gradients are recorded, and in forward mode, a fused op is what its definition says: the definition is run on the
saved inputs, each behind a stand-in node where its partial gradient is collected, and differentiated like any program.
"""

from __future__ import annotations

from typing import Any

from ..graph.modes import modes
from ..graph.node import Node
from ..graph.reverse import reverse
from ..graph.walk import newest_first
from ..tracked import Tracked
from .op import Op


class Identity:
    """The pseudo-op of a stand-in: passes the gradient on unchanged."""

    name = symbol = "alias"
    family = "port"

    @staticmethod
    def pull(node: Any, g: Any, parents: Any) -> tuple[Any]:
        return (None if parents[0] is None else g,)

    @staticmethod
    def push(view: Any, tangents: Any, wrap: Any) -> Any:
        return tangents[0]


def stand_in(value: Any) -> Any:
    """The same tensor behind a node of its own, where partial gradients can be collected."""
    node = value._node
    return value._wrap(value._data, Node(Identity, {}, (node,), (), (), 0, value._data.shape, value._data.dtype),
                       value._cell)  # fmt: skip


def run_definition(op: Op, view: Any, chosen: Any) -> tuple[Any, Any]:
    """Run a fused op's definition on its saved inputs, with stand-ins for the chosen ones. -> (inputs, results)."""
    count = len(op.inputs)
    saved = list(view.saved[:count])
    if op.star:
        start = next(i for i, keep in enumerate(op.keeps) if keep[0] == "star")
        saved += view.saved[start:]
    inputs = [
        stand_in(value) if index in chosen and isinstance(value, Tracked) else value
        for index, value in enumerate(saved)
    ]
    before, modes.grad = modes.grad, True
    try:
        assert op.definition is not None
        out = op.definition(*inputs, **view.params)
    finally:
        modes.grad = before
    return inputs, out if isinstance(out, tuple) else (out,)


def through_definition(op: Op, view: Any, g: Any, parents: Any) -> list[Any]:
    """The recorded gradients of a fused op's inputs: differentiate its definition, which records itself."""
    chosen = {index for index, parent in enumerate(parents) if parent is not None}
    inputs, results = run_definition(op, view, chosen)
    seeds = g.items if len(op.results) > 1 else (g,)
    nodes = {index: inputs[index]._node for index in chosen}
    grads = {result._node: seed for result, seed in zip(results, seeds, strict=True)
             if seed is not None and result._node is not None}  # fmt: skip
    since = min(node.stamp for node in nodes.values())
    order = newest_first(grads, since)
    found: dict[Any, Any] = {}

    def collect(node: Any, gradient: Any) -> Any:
        found[node] = gradient
        return gradient

    reverse(order, grads, visit=collect, settle=view.settle, dress=view.dress, keep=True, wanted=set(order),
            watched=set(nodes.values()))  # fmt: skip
    return [found.get(nodes[index]) if index in nodes else None for index in range(len(parents))]
