"""The first gradient of a leaf: handed over where nobody else holds it, else copied; never shared."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops import edge
from minitorch.ops.arithmetic import mul


def test_a_gradient_that_nobody_else_holds_is_not_copied(monkeypatch):
    copies = []
    own = edge.own
    monkeypatch.setattr(edge, "own", lambda *given: copies.append(1) or own(*given))
    x = mt.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    assert not copies and x.grad.tolist() == [2, 2, 2]
    x.grad = None
    (x + x.detach()).backward(mt.ones(3))  # the caller's own gradient
    assert copies == [1]


def test_nothing_that_somebody_holds_becomes_a_gradient():
    x, y = mt.ones(3, requires_grad=True), mt.ones(3, requires_grad=True)
    given = mt.ones(3)
    (x + y).backward(given)
    assert not any(np.shares_memory(one._data, other._data)
                   for one, other in ((x.grad, y.grad), (x.grad, given), (y.grad, given)))  # fmt: skip
    x.grad = None
    seen = []
    x.register_hook(seen.append)
    (x * 2).backward(given)
    assert not np.shares_memory(seen[0]._data, x.grad._data)


def test_a_saved_array_that_a_rule_returns_stays_the_users(monkeypatch):
    y = mt.tensor([2.0, 3.0])
    monkeypatch.setattr(mul, "pull", lambda n, g, p: (n.saved[1], None))  # a rule that returns what it was given
    x = mt.ones(2, requires_grad=True)
    (x * y).backward(mt.ones(2))
    assert x.grad.tolist() == [2, 3] and not np.shares_memory(x.grad._data, y._data)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 4)], ids=str)
def test_the_layout_is_the_leafs(shape):
    x = mt.ones(shape[::-1]).permute(*range(len(shape))[::-1]).requires_grad_()
    (x * 2).sum().backward()
    assert x.grad.stride() == x.stride()


def test_a_retained_gradient_is_its_own():
    x = mt.ones(3, requires_grad=True)
    y = x * 1
    y.retain_grad()
    (y + 0).sum().backward()
    assert not np.shares_memory(y.grad._data, x.grad._data)
    x.grad += 1
    assert y.grad.tolist() == [1, 1, 1]
