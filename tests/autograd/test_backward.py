"""Tensor.backward: when it may run again, what it accumulates into, and each of its errors."""

import gc
import re
import threading
import weakref

import numpy as np
import pytest

import minitorch as mt

AGAIN = "Trying to backward through the graph a second time"
CHANGED = "one of the variables needed for gradient computation has been modified by an inplace operation"


def leaf(*shape):
    return mt.ones(*(shape or (2, 3)), dtype=mt.float64, requires_grad=True)


# ---- once, twice ---------------------------------------------------------------------------------------------------
SAVE_NOTHING = {
    "add": lambda x: x + 1,
    "add itself": lambda x: x + x,
    "sub": lambda x: 3 - x,
    "neg": lambda x: -x,
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(),
    "view": lambda x: x.view(-1),
    "reshape of a copy": lambda x: x.t().reshape(-1),
    "transpose": lambda x: x.t(),
    "slice": lambda x: x[:, 1:],
    "int": lambda x: x[0],
    "expand": lambda x: x.expand(4, 2, 3),
    "broadcast": lambda x: x + mt.ones(5, 2, 3, dtype=mt.float64),
    "cat": lambda x: mt.cat([x, x]),
    "stack": lambda x: mt.stack([x, x]),
    "cumsum": lambda x: x.cumsum(0),
    "unbind": lambda x: x.unbind()[1],
    "diagonal": lambda x: x.diagonal(),
    "unfold": lambda x: x.unfold(1, 2, 1),
    "clone": lambda x: x.clone(),
    "cast": lambda x: x.to(mt.float32),
    "flip": lambda x: x.flip(0),
    "in place": lambda x: (x + 0).add_(2),
    "setitem": lambda x: _assigned(x + 0),
}
SAVE_SOMETHING = {
    "a number": lambda x: x * 2,
    "a quotient": lambda x: x / 2,
    "mul": lambda x: x * x,
    "exp": lambda x: x.exp(),
    "power": lambda x: x**2,
    "a mask": lambda x: x[x > 0],
    "an index": lambda x: x[[0, 1, 1]],
    "where": lambda x: mt.where(x > 0, x, -x),
    "matmul": lambda x: x @ x.t(),
}


def _assigned(y):
    y[0] = 5.0
    return y


@pytest.mark.parametrize("f", SAVE_NOTHING.values(), ids=SAVE_NOTHING)
def test_what_saves_nothing_may_run_twice(f):
    x = leaf()
    loss = f(x).sum()
    loss.backward()
    first = x.grad.clone()
    loss.backward()
    assert (x.grad == 2 * first).all()


@pytest.mark.parametrize("f", SAVE_SOMETHING.values(), ids=SAVE_SOMETHING)
def test_what_saves_something_may_not(f):
    x = leaf()
    loss = f(x).sum()
    loss.backward()
    first = x.grad.clone()
    with pytest.raises(RuntimeError, match=re.escape(AGAIN)):
        loss.backward()
    assert (x.grad == first).all()


@pytest.mark.referee
@pytest.mark.parametrize("name", [*SAVE_NOTHING, *SAVE_SOMETHING])
def test_pytorch_draws_the_same_line(name, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setitem(globals(), "mt", torch)
    x = leaf()
    loss = {**SAVE_NOTHING, **SAVE_SOMETHING}[name](x).sum()
    loss.backward()
    try:
        loss.backward()
    except RuntimeError as error:
        assert AGAIN in str(error) and (name in SAVE_SOMETHING or name == "setitem")  # its CopySlices counts
    else:
        assert name in SAVE_NOTHING and name != "setitem"


def test_retain_graph():
    x = leaf()
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)
    loss.backward()
    assert (x.grad == 6).all()
    with pytest.raises(RuntimeError, match=re.escape(AGAIN)) as caught:
        loss.backward()
    assert "'mul'" in str(caught.value)


def test_create_graph_retains():
    x = leaf()
    loss = (x**3).sum()
    loss.backward(create_graph=True)
    assert x.grad.requires_grad
    (second,) = mt.autograd.grad(x.grad.sum(), x)
    assert (second == 6).all()
    loss.backward()
    x.grad = None


def test_two_losses_on_one_trunk():
    x = leaf()
    trunk = x * 2
    one, other = trunk.sum(), (trunk * trunk).sum()
    one.backward()
    with pytest.raises(RuntimeError, match=re.escape(AGAIN)):
        other.backward()


# ---- accumulating --------------------------------------------------------------------------------------------------
def test_gradients_add_up_in_one_buffer():
    x = leaf()
    (x * 2).sum().backward()
    buffer = x.grad
    (x * 3).sum().backward()
    assert x.grad is buffer and (x.grad == 5).all()
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad is not buffer and (buffer == 5).all() and (x.grad == 3).all()


def test_grads_are_never_shared():
    a, b, c = leaf(), leaf(), leaf()
    seed = mt.ones(2, 3, dtype=mt.float64)
    (a + b + c).backward(seed)
    grads = [seed, a.grad, b.grad, c.grad]
    for number, one in enumerate(grads):
        for other in grads[number + 1 :]:
            assert not np.may_share_memory(one._data, other._data)
    d = leaf()
    d.sum().backward()
    d.grad.add_(1)  # of an expanded 1
    assert (d.grad == 2).all()
    e = leaf(3, 2)
    e.t().backward(seed)
    assert not np.may_share_memory(e.grad._data, seed._data)


def test_a_gradient_lies_in_memory_like_its_tensor():
    x = mt.ones(2, 3).t().detach().clone().requires_grad_()
    (x * 2).sum().backward()
    assert x.stride() == (1, 3) and x.grad.stride() == (1, 3)
    y = mt.ones(4, 3)[::2].detach().requires_grad_()
    (y * 2).sum().backward()
    assert y.grad.is_contiguous()


def test_a_gradient_has_its_tensors_shape_and_dtype():
    for dtype in (mt.float16, mt.float32, mt.float64, mt.complex64):
        x = mt.ones(1, 3, dtype=dtype, requires_grad=True)
        y = x * mt.ones(2, 3, dtype=mt.float64) + mt.ones(4, 2, 3, dtype=dtype)
        y.sum().abs().backward()
        assert x.grad.shape == (1, 3) and x.grad.dtype == dtype


def test_a_leaf_reached_by_several_paths():
    x = leaf()
    y = x * 2
    (y + y * y + x).sum().backward()
    assert (x.grad == 2 + 8 + 1).all()


def test_recorded_gradients_replace_the_old_one():
    x = leaf()
    (x * x).sum().backward()
    before = x.grad
    (x * x).sum().backward(create_graph=True)
    assert x.grad is not before and x.grad.requires_grad and (before == 2).all() and (x.grad == 4).all()
    (x * x).sum().backward()
    assert (x.grad == 6).all() and not x.grad.requires_grad
    x.grad = None


def test_frozen_leaves_are_passed_over():
    x, w = leaf(), leaf()
    loss = (x * w).sum()
    w.requires_grad_(False)
    loss.backward()
    assert w.grad is None and (x.grad == 1).all()
    w.requires_grad_(True)
    (x * w).sum().backward()
    assert (w.grad == 1).all()


# ---- arguments -----------------------------------------------------------------------------------------------------
def test_gradient_argument():
    x = leaf(3)
    seed = mt.tensor([1.0, 2.0, 3.0])
    (x * 2).backward(seed)
    assert x.grad.tolist() == [2, 4, 6] and x.grad.dtype == mt.float64
    x.sum().backward(mt.tensor(5.0))
    assert x.grad.tolist() == [7, 9, 11]


def test_inputs_argument():
    x, w = leaf(), leaf()
    h = x * w
    loss = (h * h).sum()
    loss.backward(inputs=[w], retain_graph=True)
    assert x.grad is None and (w.grad == 2).all()
    loss.backward(inputs=w, retain_graph=True)
    assert (w.grad == 4).all()
    loss.backward(inputs=[h, x], retain_graph=True)
    assert (h.grad == 2).all() and (x.grad == 2).all() and (w.grad == 4).all()
    unused = leaf()
    loss.backward(inputs=[x, unused])
    assert unused.grad is None and (x.grad == 4).all()


def test_errors():
    x = leaf()
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs") as caught:
        (x * 2).backward()
    assert "[2, 3]" in str(caught.value)
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"):
        mt.ones(()).backward()
    with pytest.raises(RuntimeError, match=r"Mismatch in shape: grad_output\[0\] has a shape of .*\[3\].* and output\[0\]"):
        (x * 2).backward(mt.ones(3))
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got int"):
        x.sum().backward(1)
    with pytest.raises(RuntimeError, match="`inputs` argument to `backward` cannot be empty"):
        x.sum().backward(inputs=[])
    with pytest.raises(RuntimeError, match="One of the differentiated Tensors does not require grad"):
        x.sum().backward(inputs=[mt.ones(2)])
    z = mt.ones((), dtype=mt.complex64, requires_grad=True)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for real scalar outputs but got"):
        (z * 2).backward()
    assert x.grad is None


def test_a_single_number_of_any_shape_needs_no_gradient():
    x = leaf(1, 1)
    (x * 2).backward()
    assert x.grad.tolist() == [[2.0]]


def test_requires_grad_needs_a_floating_dtype():
    text = "[Oo]nly Tensors of floating point and complex dtype can require gradients"
    for make in (lambda: mt.tensor([1, 2], requires_grad=True), lambda: mt.ones(2, dtype=mt.int64).requires_grad_(),
                 lambda: setattr(mt.tensor([True]), "requires_grad", True)):  # fmt: skip
        with pytest.raises(RuntimeError, match=text):
            make()
    assert not (leaf() > 0).requires_grad and not leaf().long().requires_grad and not leaf().argmax().requires_grad


def test_requires_grad_of_a_non_leaf_stays():
    h = leaf() * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables"):
        h.requires_grad_(False)
    assert h.requires_grad_() is h


# ---- .grad ---------------------------------------------------------------------------------------------------------
def test_grad_of_a_non_leaf_warns():
    x = leaf()
    h = x * 2
    with pytest.warns(UserWarning, match=r"The \.grad attribute of a Tensor that is not a leaf Tensor is being accessed"):
        assert h.grad is None
    h.retain_grad()
    assert h.grad is None
    h.sum().backward()
    assert (h.grad == 1).all() and h.retains_grad and not x.retains_grad


@pytest.mark.parametrize(("value", "error", "text"), [
    (3.0, TypeError, "assigned grad expected to be a Tensor or None but got grad of type float"),
    (mt.ones(2, 3), RuntimeError, "attempting to assign a gradient with dtype '.*float32' to a tensor with dtype '.*64'"),
    (mt.ones(3, dtype=mt.float64), RuntimeError, r"attempting to assign a gradient of size '\[3\]' to a tensor of size"),
])  # fmt: skip
def test_a_grad_that_does_not_fit_is_refused(value, error, text):
    x = leaf()
    with pytest.raises(error, match=text):
        x.grad = value
    assert x.grad is None


def test_assigning_grad():
    x = leaf()
    with pytest.raises(RuntimeError, match="can't assign Variable as its own grad"):
        x.grad = x
    mine = mt.full((2, 3), 2.0, dtype=mt.float64)
    x.grad = mine
    x.sum().backward()
    assert x.grad is mine and (mine == 3).all()
    del x.grad
    assert x.grad is None
    plain = mt.ones(2)
    plain.grad = mt.ones(2)
    assert plain.grad.tolist() == [1, 1]


# ---- after a step --------------------------------------------------------------------------------------------------
def test_backward_after_an_update_in_place_names_the_op():
    w, x = leaf(3), mt.ones(3, dtype=mt.float64)
    loss = ((w * x) * w).sum()
    with mt.no_grad():
        w.sub_(0.1)
    with pytest.raises(RuntimeError, match=rf"{CHANGED}.*'mul'.*\[3\]|{CHANGED}.*\[3\].*'mul'"):
        loss.backward()
    assert w.grad is None


def test_backward_through_the_old_graph_after_a_step_raises():
    w = leaf(3)
    optimizer = mt.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match=CHANGED):
        loss.backward()


# ---- memory and size -----------------------------------------------------------------------------------------------
def test_the_tape_is_gone_with_the_loss_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = leaf()
        for create_graph in (False, True):
            h = (x * 2).exp() * 1
            h[0] *= 3
            loss = (h * h).sum() + h[0].sum()
            nodes = [weakref.ref(loss._node), weakref.ref(h._node)]
            (g,) = mt.autograd.grad(loss, x, create_graph=create_graph)
            if create_graph:
                nodes.append(weakref.ref(g._node))
                g.sum().backward()
            del h, loss, g
            x.grad = None
            assert [node() for node in nodes] == [None] * len(nodes)
    finally:
        gc.enable()


def test_saved_arrays_are_dropped_as_they_are_used():
    x = leaf(1000)
    h = x.exp()
    loss = (h * h).sum()
    saved = h._node.saved
    assert saved
    loss.backward()
    assert not isinstance(h._node.saved, tuple)


def test_a_chain_of_fifty_thousand():
    x = leaf(1)
    h = x
    for _ in range(50_000):
        h = h + 1
    h.backward()
    assert x.grad.tolist() == [1.0]
    del h


def test_backward_in_a_thread():
    x, grads = leaf(), []

    def work():
        y = mt.ones(3, requires_grad=True)
        (y * 2).sum().backward()
        grads.append(y.grad.tolist())
        (x * 2).sum().backward()

    thread = threading.Thread(target=work)
    with mt.no_grad():
        thread.start()
        thread.join()
    assert grads == [[2.0, 2.0, 2.0]] and (x.grad == 2).all()
