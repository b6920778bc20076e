"""Tapes written by hand, so that the pictures are tested without the ops."""

from types import SimpleNamespace

import numpy as np

from minitorch.graph.node import Leaf, Node

FLOAT32 = np.dtype("float32")


def leaf(*shape):
    return Leaf(lambda: None, shape, FLOAT32)


def op(name, *parents, shape=(2, 3), saved=(), symbol="", family="elementwise", **params):
    made_by = SimpleNamespace(name=name, symbol=symbol, family=family)
    return Node(made_by, params, parents, saved, (None,) * len(saved), 0, shape, FLOAT32)


def small():
    """mean((x @ w + b) ** 2), where w and b are on the tape and x is not."""
    weight, bias = leaf(4, 3), leaf(3)
    product = op("matmul", None, weight, symbol="@", family="contraction", saved=(np.zeros((2, 4), "float32"), None))
    total = op("add", product, bias, symbol="+")
    squared = op("pow", total, symbol="**", exponent=2)
    mean = op("mean", squared, shape=(), family="reduction", dim=None)
    return mean, {"weight": weight, "bias": bias}


def chain(length):
    node = leaf(2, 3)
    for _ in range(length):
        node = op("neg", node)
    return node
