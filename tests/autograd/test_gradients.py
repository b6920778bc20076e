"""autograd.grad and autograd.backward: arguments, errors, higher derivatives, Values."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import backward, grad


def leaf(*shape):
    return mt.ones(*(shape or (3,)), dtype=mt.float64, requires_grad=True)


# ---- grad ----------------------------------------------------------------------------------------------------------
def test_one_several_and_a_dict():
    x, y = leaf(), leaf()
    out = (x * y * 2).sum()
    (g,) = grad(out, x, retain_graph=True)
    assert (g == 2).all() and x.grad is None
    assert [g.tolist() for g in grad([out], [x, y], retain_graph=True)] == [[2.0] * 3] * 2
    found = grad(out, {"first": x, "second": y})
    assert list(found) == ["first", "second"] and (found["second"] == 2).all()


def test_several_outputs_with_cotangents():
    x = leaf()
    one, other = x * 2, (x * x).sum()
    (g,) = grad((one, other), (x,), (mt.tensor([1.0, 2.0, 3.0]), None))
    assert g.tolist() == [4, 6, 8]


def test_the_same_input_and_output_twice():
    x = leaf()
    y = x * 2
    found = grad([y, y], [x, x], [mt.ones(3), mt.ones(3)])
    assert [g.tolist() for g in found] == [[4.0] * 3] * 2


def test_with_respect_to_non_leaves_and_itself():
    x = leaf()
    h = x * 3
    out = (h * h).sum()
    gh, gx, gout = grad(out, (h, x, out))
    assert gh.tolist() == [6.0] * 3 and gx.tolist() == [18.0] * 3 and gout.item() == 1


def test_results_are_the_callers_own():
    x, y, seed = leaf(), leaf(), mt.ones(3, dtype=mt.float64)
    for found in (grad((x + y) * 1, [x, y], seed), grad(x + y, [x, y], seed), grad(x.sum() + y.sum(), [x, y])):
        found[0].add_(5)
        assert (found[1] == 1).all() and (seed == 1).all()


def test_unused_inputs():
    x, y = leaf(), leaf()
    out = (x * 2).sum()
    text = "The differentiated Tensor at index 1 appears to not have been used in the graph. Set allow_unused=True"
    with pytest.raises(RuntimeError, match=text):
        grad(out, [x, y], retain_graph=True)
    g, none = grad(out, [x, y], allow_unused=True, retain_graph=True)
    assert none is None and (g == 2).all()
    y.data.fill_(math.inf)
    g, zeros = grad(out, [x, y], materialize_grads=True, retain_graph=True)
    assert zeros.tolist() == [0, 0, 0] and not zeros.requires_grad
    _, zeros = grad(out, [x, y], materialize_grads=True, create_graph=True)
    assert zeros.requires_grad
    with pytest.raises(ValueError, match="Expected allow_unused to be True or not passed when materialize_grads=True"):
        grad(out, x, materialize_grads=True, allow_unused=False)


def test_errors():
    x = leaf()
    with pytest.raises(RuntimeError, match=r"`inputs` argument to `grad\(\)` cannot be empty"):
        grad(x.sum(), [])
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        grad(x * 2, x)
    with pytest.raises(RuntimeError, match="One of the differentiated Tensors does not require grad"):
        grad(x.sum(), mt.ones(3))
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"):
        grad(mt.ones(()), x)
    with pytest.raises(RuntimeError, match=r"Mismatch in shape: grad_output\[0\]"):
        grad(x * 2, x, mt.ones(2))
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got float"):
        grad(x.sum(), x, 1.0)
    with pytest.raises(TypeError, match="expected a Tensor or a sequence of Tensors"):
        grad(x.sum(), [3.0])
    with pytest.warns(FutureWarning, match="only_inputs argument is deprecated"):
        grad(x.sum(), x, only_inputs=False)


def test_a_mapping_that_is_no_dict_is_refused():
    from types import MappingProxyType

    x = leaf()
    with pytest.raises(TypeError, match="must be a dict, not mappingproxy"):
        grad(x.sum(), MappingProxyType({"x": x}))


def test_a_batch_of_cotangents():
    x = leaf(2)
    y = x * mt.tensor([2.0, 3.0], dtype=mt.float64)
    (rows,) = grad(y, x, mt.eye(2, dtype=mt.float64), is_grads_batched=True, retain_graph=True)
    assert rows.tolist() == [[2, 0], [0, 3]]
    (none,) = grad(y, x, mt.zeros(0, 2, dtype=mt.float64), is_grads_batched=True, retain_graph=True)
    assert none.shape == (0, 2)
    with pytest.raises(RuntimeError, match="If `is_grads_batched=True`, we interpret the first dimension"):
        grad(y, x, mt.ones(2, 3), is_grads_batched=True)
    grad(y, x, mt.ones(4, 2), is_grads_batched=True)
    with pytest.raises(RuntimeError, match="second time"):
        grad(y, x, mt.ones(4, 2), is_grads_batched=True)


def test_higher_derivatives():
    x = mt.tensor(0.7, dtype=mt.float64, requires_grad=True)
    y = x.sin() * x.exp()
    found = []
    for _ in range(4):
        (y,) = grad(y, x, create_graph=True)
        found.append(y.item())
    a, s, c = math.exp(0.7), math.sin(0.7), math.cos(0.7)
    assert found == pytest.approx([a * (s + c), 2 * a * c, 2 * a * (c - s), -4 * a * s])


def test_create_graph_holds_within_no_grad_and_does_not_leak_out():
    x = leaf()
    y = (x**3).sum()
    with mt.no_grad():
        (g,) = grad(y, x, create_graph=True)
        assert g.requires_grad and not mt.is_grad_enabled()
    assert mt.is_grad_enabled()
    (g,) = grad((x**3).sum(), x)
    assert not g.requires_grad


def test_a_failed_backward_restores_the_mode():
    x = leaf()
    y = x * x
    y.sum().backward()
    for create_graph in (True, False):
        with pytest.raises(RuntimeError):
            grad(y.sum(), x, create_graph=create_graph)
        assert mt.is_grad_enabled()


# ---- backward ------------------------------------------------------------------------------------------------------
def test_backward_of_several_tensors():
    x = leaf()
    backward([(x * 2).sum(), x * 3], [None, mt.tensor([1.0, 0.0, 2.0])])
    assert x.grad.tolist() == [5, 2, 8]
    backward(x.sum())
    assert x.grad.tolist() == [6, 3, 9]


def test_backward_inputs():
    x, y = leaf(), leaf()
    backward((x * y).sum(), inputs=x)
    assert y.grad is None and (x.grad == 1).all()
    backward((x * y).sum(), inputs={"y": y})
    assert (y.grad == 1).all() and (x.grad == 1).all()
    for empty in ([], {}):
        with pytest.raises(RuntimeError, match=r"`inputs` argument to `backward\(\)` cannot be empty"):
            backward(x.sum(), inputs=empty)


def test_backward_errors():
    x = leaf()
    with pytest.warns(FutureWarning, match="`grad_variables` is deprecated"):
        backward(x * 2, grad_variables=mt.ones(3))
    with pytest.raises(RuntimeError, match="arguments both passed"), pytest.warns(FutureWarning):
        backward(x * 2, mt.ones(3), grad_variables=mt.ones(3))
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        backward([x.sum(), x.sum()], [None])
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got str"):
        backward(x.sum(), ["a"])


def test_public_names():
    assert mt.autograd.Variable is mt.Tensor
    assert mt.autograd.no_grad is mt.no_grad and mt.autograd.inference_mode is mt.inference_mode
    for name in mt.autograd.__all__:
        assert hasattr(mt.autograd, name)


# ---- Values --------------------------------------------------------------------------------------------------------
def test_gradients_of_values():
    a, b = mt.Value(2.0), mt.Value(3.0)
    y = a * b + a * a
    ga, gb = grad(y, [a, b])
    assert isinstance(ga, mt.Value) and (ga.data, gb.data) == (7.0, 2.0) and a.grad == 0.0
    (twice,) = grad(y, a, grad_outputs=2.0)
    assert twice.data == 14.0


def test_higher_derivatives_of_values():
    x = mt.Value(0.7)
    y = x.sin() * x.exp()
    for expected in (math.exp(0.7) * (math.sin(0.7) + math.cos(0.7)), 2 * math.exp(0.7) * math.cos(0.7)):
        (y,) = grad(y, x, create_graph=True)
        assert y.data == pytest.approx(expected)


def test_unused_values():
    a, b = mt.Value(2.0), mt.Value(3.0)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        grad(a * 2, b)
    assert grad(a * 2, b, allow_unused=True) == (None,)
    assert grad(a * 2, b, materialize_grads=True)[0].data == 0.0
    with pytest.raises(TypeError, match="either through Values or through Tensors"):
        grad(a * 2, leaf())


def test_backward_of_values():
    a, b = mt.Value(2.0), mt.Value(3.0)
    backward(a * b)
    assert (a.grad, b.grad) == (3.0, 2.0)
    backward([a * b], [10.0], inputs=a)
    assert (a.grad, b.grad) == (33.0, 2.0)


# ---- PyTorch -------------------------------------------------------------------------------------------------------
@pytest.mark.referee
def test_a_few_orders_against_pytorch():
    torch = pytest.importorskip("torch")
    found = []
    for lib in (mt, torch):
        x = (lib.arange(6, dtype=lib.float64) / 7 + 0.2).reshape(2, 3).detach().requires_grad_()
        w = (lib.arange(3, dtype=lib.float64) / 3 + 0.1).detach().requires_grad_()
        y = ((x * w).tanh() @ w).exp().sum()
        (gx,) = lib.autograd.grad(y, x, create_graph=True)
        gw, gxx = lib.autograd.grad((gx * gx).sum(), (w, x), create_graph=True)
        last = lib.autograd.grad((gw * gw).sum() + gxx.sum(), (x, w))
        found.append([np.array(t.detach().tolist()) for t in (gx, gw, gxx, *last)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
