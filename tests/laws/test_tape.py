"""The life of the tape: freed at once without the garbage collector, long without recursion, stale never unnoticed."""

import weakref

import numpy as np

import minitorch as mt
from minitorch.graph.walk import newest_first
from minitorch.ops.backward import gradients
from minitorch.ops.record import node_of
from minitorch.testing.laws import tape
from minitorch.testing.laws.tape import no_collector
from tests.laws.holding import as_tests

globals().update(as_tests(tape))
LONG = 200_000


def chain(length, start=1.0):
    x = mt.Tensor._wrap(np.array([start])).requires_grad_()
    y = x
    for _ in range(length // 2):
        y = (y * 1.0).neg()
    return x, y


def test_a_long_chain_runs_backward_and_frees_without_recursion():
    with no_collector():
        x, y = chain(LONG)
        last = weakref.ref(node_of(y))
        first = weakref.ref(newest_first([node_of(y)])[-2])
        y.backward()
        assert x.grad.item() == 1.0
        del y
        assert last() is None and first() is None


def test_a_long_chain_frees_without_a_backward():
    with no_collector():
        _, y = chain(LONG)
        first = weakref.ref(newest_first([node_of(y)])[-2])
        del y
        assert first() is None


def test_a_long_chain_is_differentiated_twice_without_recursion():
    with no_collector():
        x = mt.Tensor._wrap(np.array([1.0])).requires_grad_()
        y = x
        for _ in range(20_000):
            y = y * x
        (g,) = gradients([y], [x], create_graph=True)
        (h,) = gradients([g], [x], create_graph=True)
        assert (g.item(), h.item()) == (20_001.0, 20_001.0 * 20_000)
        node = weakref.ref(node_of(h))
        del y, g, h
        assert node() is None


def test_a_long_chain_can_be_drawn():
    _, y = chain(LONG)
    assert mt.viz.graph(y).text().count("\n") == LONG


def test_a_long_chain_of_values_frees_without_recursion():
    with no_collector():
        x = y = mt.Value(1.0)
        for _ in range(LONG):
            y = y * 1.0
        y.backward()
        assert x.grad == 1.0
        node = weakref.ref(y._node)
        del y
        assert node() is None


def test_a_wide_sum_accumulates_into_a_leaf():
    x = mt.Tensor._wrap(np.array([3.0])).requires_grad_()
    total = x * 1.0
    for _ in range(999):
        total = total + x * 1.0
    total.backward()
    assert x.grad.item() == 1000.0


def test_a_gradient_may_be_asked_of_one_of_several_results():
    x = mt.Tensor._wrap(np.diag([1.0, 2.0, 4.0])).requires_grad_()
    values, vectors = mt.ops.TABLE["eigh"](x)
    loss = (values * values).sum() + (vectors * vectors).sum()
    g, h = gradients([loss], [values, vectors])
    np.testing.assert_allclose(g._data, 2 * values._data)
    np.testing.assert_allclose(h._data, 2 * vectors._data)
