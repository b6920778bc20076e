"""Value: the micrograd chapter. Its own tests first, as they stand in micrograd with its class replaced by ours."""

import copy
import gc
import math
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import Value
from minitorch.autograd import grad


@pytest.mark.referee
def test_sanity_check():
    torch = pytest.importorskip("torch")
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    xmg, ymg = x, y

    x = torch.Tensor([-4.0]).double()
    x.requires_grad = True
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    xpt, ypt = x, y

    # forward pass went well
    assert ymg.data == ypt.data.item()
    # backward pass went well
    assert xmg.grad == xpt.grad.item()


@pytest.mark.referee
def test_more_ops():
    torch = pytest.importorskip("torch")
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    amg, bmg, gmg = a, b, g

    a = torch.Tensor([-4.0]).double()
    b = torch.Tensor([2.0]).double()
    a.requires_grad = True
    b.requires_grad = True
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.backward()
    apt, bpt, gpt = a, b, g

    tol = 1e-6
    # forward pass went well
    assert abs(gmg.data - gpt.data.item()) < tol
    # backward pass went well
    assert abs(amg.grad - apt.grad.item()) < tol
    assert abs(bmg.grad - bpt.grad.item()) < tol


def test_grad_starts_at_zero_and_is_kept_on_every_node():
    x = Value(3.0)
    assert x.grad == 0.0
    y = x * 2
    z = y * y
    z.backward()
    assert (z.grad, y.grad, x.grad) == (1.0, 12.0, 24.0)
    x.grad = 0.0
    assert x.grad == 0.0


def test_the_expression_can_be_walked():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    assert c._op == "*"
    assert {v.label for v in c._prev} == {"a", "b"}
    assert a._op == "" and a._prev == set()
    c.backward()
    assert {v.label: v.grad for v in c._prev} == {"a": -3.0, "b": 2.0}


def test_backward_twice_adds_two_true_gradients():
    x = Value(5.0)
    y = (x * 2) * 3
    y.backward()
    y.backward()
    assert x.grad == 12.0  # a stale gradient inside the graph would make it 18


def test_numbers_on_either_side():
    v = Value(2.0)
    assert (1 + v).data == 3.0 and (1 - v).data == -1.0 and (3 * v).data == 6.0 and (1 / v).data == 0.5
    assert (3**v).data == 9.0 and (v**3).data == 8.0 and (v**v).data == 4.0 and (-v).data == -2.0 and abs(-v).data == 2.0
    w = Value(3.0)
    (v**w).backward()
    assert v.grad == pytest.approx(12.0) and w.grad == pytest.approx(8 * math.log(2))
    with pytest.raises(TypeError):
        v + "text"


@given(st.floats(-3, 3), st.integers(1, 4))
def test_any_order(at, order):
    x = Value(at)
    y = x.tanh() * x**2
    for _ in range(order):
        (y,) = grad([y], [x], create_graph=True)
    t = mt.tensor(at, dtype=mt.float64, requires_grad=True)
    u = t.tanh() * t**2
    for _ in range(order):
        (u,) = grad([u], [t], create_graph=True)
    assert y.data == pytest.approx(u.item(), rel=1e-12, abs=1e-12)


def test_create_graph_leaves_values_in_grad():
    x = Value(2.0)
    (x**3).backward(create_graph=True)
    first = x.grad
    assert isinstance(first, Value) and first.data == 12.0
    x.grad = 0.0
    first.backward()
    assert float(x.grad) == 12.0


def test_data_may_be_assigned():
    p = Value(1.0)
    (p * p).backward()
    p.data -= 0.1 * p.grad
    assert p.data == pytest.approx(0.8)


def test_softened_math_never_raises():
    assert (Value(1.0) / 0.0).data == math.inf
    assert Value(1000.0).exp().data == math.inf
    assert Value(0.0).log().data == -math.inf
    x = Value(0.0)
    (1 / x).backward()
    assert x.grad == -math.inf


def test_long_chains_do_not_recurse():
    x = Value(1.0)
    y = x
    for _ in range(50_000):
        y = y + 0.0
    y.backward()
    assert x.grad == 1.0


def test_the_tape_goes_with_the_last_reference():
    gc.collect()
    gc.disable()
    try:
        x = Value(1.0)
        y = (x * 2) * 3
        node = weakref.ref(y._node)
        y.backward()
        del y
        assert node() is None
    finally:
        gc.enable()


def test_comparison_and_repr():
    v = Value(2.0)
    assert v > 1 and v >= 2 and v < Value(3.0) and v <= 2
    assert v == v and v != Value(2.0)
    assert repr(v) == "Value(data=2.0, grad=0.0)"
    assert float(v) == 2.0 and v.item() == 2.0
    assert copy.copy(v).data == 2.0
    assert sum([Value(1.0), Value(2.0)]).data == 3.0
