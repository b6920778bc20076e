"""How much an op multiplied, read off its node: the shapes of its result and of what it was given.

Counted are the ops of matrix products and convolutions; an input of which the node knows nothing was not asked for a
gradient, and then the other one is known.
"""

from __future__ import annotations

from math import prod
from typing import Any

#: The places of the weights among the inputs of recurrent ops.
WEIGHTS = {"rnn_sequence": (2, 3), "gru_sequence": (2, 3), "lstm_sequence": (3, 4, 7)}


def multiply_adds(node: Any) -> int:
    """How many multiplications with an addition an op of matrix products made; 0 for any other op."""
    name = node.op.name
    if not hasattr(node.op, "keeps"):  # the way to one of several results has the name of its op
        return 0
    shapes = _shapes(node)
    out, x, y = prod(node.shape or ()), shapes.get(0), shapes.get(1)
    if name in ("matmul", "matmul_nt", "matmul_tn"):
        if x is not None:
            return out * int(x[-2] if name == "matmul_tn" else x[-1])
        return out * int(y[-1] if name == "matmul_nt" else y[-2]) if y is not None else 0
    if name == "linear":
        return out * int((y or x or (0,))[-1])
    if name == "conv":
        return out * prod(y[1:]) if y is not None else 0
    if name == "conv_input":
        return prod(x) * prod(y[1:]) if x is not None and y is not None else 0
    if name == "attention":
        query, key, value = (shapes[place] for place in range(3))
        return int(prod(query[:-1])) * int(key[-2]) * int(query[-1] + value[-1])
    if name in WEIGHTS:
        return int(prod(shapes[0][:-1])) * sum(int(prod(shapes[place])) for place in WEIGHTS[name] if place in shapes)
    return 0


def _shapes(node: Any) -> dict[int, Any]:
    """The shapes of an op's inputs, by place, as far as the node knows them."""
    found = {place: parent.shape for place, parent in enumerate(node.parents) if parent is not None and parent.shape is not None}
    for (kind, place, _), kept in zip(node.op.keeps, node.saved, strict=False):
        if kind == "in" and hasattr(kept, "shape"):
            found[place] = tuple(kept.shape)
        elif kind == "shape" and isinstance(kept, tuple):
            found[place] = kept
    return found
