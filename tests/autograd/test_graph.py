"""autograd.graph: nodes, edges, versions."""

import pytest

import minitorch as mt
from minitorch.autograd.graph import Node, get_gradient_edge, increment_version


def test_edges():
    x = mt.ones(2, requires_grad=True)
    y = x * 2
    edge = get_gradient_edge(y)
    assert isinstance(edge.node, Node) and edge.node == y.grad_fn and edge.output_nr == 0
    assert get_gradient_edge(x).node.variable is x
    assert edge.node.next_functions[0][0] == get_gradient_edge(x).node
    with pytest.raises(RuntimeError, match="for a Tensor that does not require gradients"):
        get_gradient_edge(mt.ones(2))


def test_increment_version():
    w, x = mt.ones(2, requires_grad=True), mt.ones(2)
    y = (w * x).sum()
    x.numpy()[:] = 5
    increment_version([x])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
