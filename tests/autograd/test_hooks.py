"""Hooks: on a tensor's gradient, after it was accumulated, on a node; retain_grad; what happens to them on a write."""

import pytest

import minitorch as mt


def leaf(*shape):
    return mt.ones(*(shape or (3,)), dtype=mt.float64, requires_grad=True)


# ---- tensor hooks --------------------------------------------------------------------------------------------------
def test_a_leafs_hook_fires_once_on_the_summed_gradient_before_grad_is_set():
    x, seen = leaf(), []
    x.register_hook(lambda g: seen.append((g.tolist(), x.grad)))
    (x * 2 + x * x + x).sum().backward()
    assert seen == [([5.0, 5.0, 5.0], None)] and (x.grad == 5).all()


def test_a_non_leafs_hook():
    x, seen = leaf(), []
    h = x * 2
    h.register_hook(seen.append)
    (h * 3 + h).sum().backward()
    assert [g.tolist() for g in seen] == [[4.0] * 3] and (x.grad == 8).all()


def test_a_hook_may_replace_the_gradient():
    x = leaf()
    h = x * 2
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: None)
    h.register_hook(lambda g: g + 1)
    x.register_hook(lambda g: -g)
    h.sum().backward()
    assert (x.grad == -22).all()


def test_hooks_run_in_autograd_grad_too():
    x = leaf()
    x.register_hook(lambda g: g * 10)
    after = []
    x.register_post_accumulate_grad_hook(lambda t: after.append(t))
    (g,) = mt.autograd.grad(x.sum(), x)
    assert (g == 10).all() and not after and x.grad is None


def test_hooks_of_a_recorded_backward_see_recorded_gradients():
    x = leaf()
    h = x * x
    handle = h.register_hook(lambda g: g * g * 3)
    (g,) = mt.autograd.grad((h * h).sum(), x, create_graph=True)
    handle.remove()
    (second,) = mt.autograd.grad(g.sum(), x)  # 3 (2 x^2)^2 2x = 24 x^5
    assert (g == 24).all() and (second == 120).all()


def test_removal():
    x, seen = leaf(), []
    handle = x.register_hook(lambda g: seen.append(1))
    x.sum().backward()
    handle.remove()
    handle.remove()
    x.sum().backward()
    with x.register_hook(lambda g: seen.append(2)):
        x.sum().backward()
    x.sum().backward()
    assert seen == [1, 2]


def test_hooks_may_be_removed_while_they_run():
    x, seen, handles = leaf(), [], {}

    def first(g):
        seen.append(1)
        handles[1].remove()
        handles[2].remove()

    handles[1] = x.register_hook(first)
    handles[2] = x.register_hook(lambda g: seen.append(2))
    x.register_hook(lambda g: seen.append(3))
    x.sum().backward()
    assert seen == [1, 2, 3]
    x.sum().backward()
    assert seen == [1, 2, 3, 3]


def test_a_hook_may_run_a_backward_of_its_own():
    x, other = leaf(), leaf()

    def hook(g):
        assert not mt.is_grad_enabled()
        with mt.enable_grad():
            (other * g).sum().backward()

    x.register_hook(hook)
    (x * 2).sum().backward()
    assert (other.grad == 2).all() and (x.grad == 2).all()


@pytest.mark.parametrize(("answer", "error", "text"), [
    (lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
    (lambda g: mt.ones(2), RuntimeError, "hook '<lambda>' has changed the size of value"),
    (lambda g: g.float(), RuntimeError, "hook '<lambda>' has changed the type of value"),
])  # fmt: skip
def test_answers_that_do_not_fit(answer, error, text):
    x = leaf()
    x.register_hook(answer)
    with pytest.raises(error, match=text):
        x.sum().backward()
    assert x.grad is None


def test_a_hook_needs_a_gradient():
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        mt.ones(3).register_hook(print)
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        mt.ones(3).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="post accumulate grad hooks cannot be registered on non-leaf tensors"):
        (leaf() * 2).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        mt.ones(3).retain_grad()


def test_hooks_stay_while_requires_grad_is_off():
    x, seen = leaf(), []
    x.register_hook(lambda g: seen.append(1))
    x.requires_grad_(False)
    x.requires_grad_(True)
    x.sum().backward()
    assert seen == [1]


# ---- after accumulation --------------------------------------------------------------------------------------------
def test_the_post_accumulate_hook_sees_the_filled_grad():
    x, seen = leaf(), []
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.tolist())))
    x.register_hook(lambda g: g * 2)
    (x + x).sum().backward()
    x.sum().backward()
    assert seen == [(True, [4.0] * 3), (True, [6.0] * 3)]


def test_an_optimiser_in_the_hook():
    x = leaf()
    optimizer = mt.optim.SGD([x], lr=0.5)

    def step(t):
        optimizer.step()
        optimizer.zero_grad()

    handle = x.register_post_accumulate_grad_hook(step)
    (x * 2).sum().backward()
    assert (x == 0).all() and x.grad is None
    handle.remove()


# ---- retain_grad ---------------------------------------------------------------------------------------------------
def test_retain_grad_stores_what_the_hooks_return():
    x = leaf()
    h = x * 2
    h.retain_grad()
    h.register_hook(lambda g: g * 10)
    h.sum().backward()
    assert (h.grad == 10).all() and (x.grad == 20).all()
    leaf_too = leaf()
    leaf_too.retain_grad()
    assert not leaf_too.retains_grad


def test_retained_gradients_add_up():
    h = leaf() + 1
    h.retain_grad()
    h.sum().backward()
    h.sum().backward()
    assert (h.grad == 2).all()


def test_after_a_write_retain_grad_follows_the_tensor_and_hooks_stay_with_the_old_value():
    x, seen = leaf(), []
    h = x * 2
    h.retain_grad()
    h.register_hook(lambda g: seen.append(("old", g.tolist())))
    h.mul_(3)
    h.register_hook(lambda g: seen.append(("new", g.tolist())))
    h.sum().backward()
    assert seen == [("new", [1.0] * 3), ("old", [3.0] * 3)] and (h.grad == 1).all() and h.retains_grad


def test_retain_grad_of_views_and_bases():
    h = leaf(2, 3) * 1
    v = h[0]
    v.retain_grad()
    v.mul_(2)
    (v * 3).sum().backward()
    assert (v.grad == 3).all()
    h = leaf(2, 3) * 1
    v = h[0]
    v.retain_grad()
    h.mul_(2)
    (v * 3).sum().backward()
    assert (v.grad == 3).all() and v.retains_grad
    h = leaf(2, 3) * 1
    h.retain_grad()
    h[0].mul_(2)
    (h * 3).sum().backward()
    assert (h.grad == 3).all()


# ---- hooks on nodes ------------------------------------------------------------------------------------------------
def test_hooks_on_a_node_see_what_comes_in_and_goes_out():
    x, w, seen = leaf(3), leaf(2, 3), []
    y = x * w
    y.grad_fn.register_prehook(lambda outputs: seen.append(("pre", [g.shape for g in outputs])))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(
        ("post", [g.shape for g in inputs], [g.shape for g in outputs])))  # fmt: skip
    y.register_hook(lambda g: seen.append(("tensor", g.shape)))
    y.sum().backward()
    assert seen == [("tensor", (2, 3)), ("pre", [(2, 3)]), ("post", [(3,), (2, 3)], [(2, 3)])]


def test_hooks_on_a_node_may_replace():
    x = leaf()
    y = x * 2
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 100,))
    handle = y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10, *inputs[1:]))
    y.sum().backward(retain_graph=True)
    assert (x.grad == 2000).all()
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert (x.grad == 200).all()


def test_hooks_on_a_node_of_a_recorded_backward():
    x = leaf()
    y = x * x
    y.grad_fn.register_hook(lambda inputs, outputs: tuple(None if g is None else g * g for g in inputs))
    (g,) = mt.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = mt.autograd.grad(g.sum(), x)
    assert (g == 2).all() and (second == 4).all()  # each factor's x becomes x^2


def test_hooks_on_accumulate_grad():
    x, seen = leaf(), []
    node = (x * 2).grad_fn.next_functions[0][0]
    assert node.variable is x and repr(node).startswith("<AccumulateGrad")
    node.register_prehook(lambda outputs: seen.append(("pre", outputs[0].tolist(), x.grad)))
    node.register_hook(lambda inputs, outputs: seen.append(("post", inputs, outputs[0].tolist(), x.grad.tolist())))
    (x * 3).sum().backward()
    assert seen == [("pre", [3.0] * 3, None), ("post", (), [3.0] * 3, [3.0] * 3)]


@pytest.mark.parametrize(("answer", "error", "text"), [
    (3, TypeError, "expected tuple, but hook returned 'int'"),
    ((1, 2, 3), RuntimeError, "hook '<lambda>' has returned an incorrect number of values"),
])  # fmt: skip
def test_answers_of_node_hooks_that_do_not_fit(answer, error, text):
    x = leaf()
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: answer)
    with pytest.raises(error, match=text):
        y.sum().backward()


def test_a_node_with_hooks_is_still_itself():
    x = leaf()
    y = x * 2
    before = y.grad_fn
    before.metadata["note"] = 1
    before.register_hook(lambda inputs, outputs: None)
    assert y.grad_fn == before and y.grad_fn.name() == "MulBackward0" and y.grad_fn.metadata == {"note": 1}
    tangent = mt.autograd.functional.jvp(lambda t: _hooked(t * 2), mt.ones(3), mt.ones(3))[1]
    assert tangent.tolist() == [2, 2, 2]


def _hooked(y):
    y.grad_fn.register_hook(lambda inputs, outputs: None)
    return y


@pytest.mark.referee
def test_pytorch_agrees(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setitem(globals(), "mt", torch)
    for test in (
        test_a_leafs_hook_fires_once_on_the_summed_gradient_before_grad_is_set, test_a_hook_may_replace_the_gradient,
        test_hooks_run_in_autograd_grad_too, test_hooks_of_a_recorded_backward_see_recorded_gradients,
        test_hooks_may_be_removed_while_they_run, test_a_hook_may_run_a_backward_of_its_own, test_removal,
        test_a_hook_needs_a_gradient, test_the_post_accumulate_hook_sees_the_filled_grad,
        test_retain_grad_stores_what_the_hooks_return, test_retained_gradients_add_up,
        test_after_a_write_retain_grad_follows_the_tensor_and_hooks_stay_with_the_old_value,
        test_retain_grad_of_views_and_bases, test_hooks_on_a_node_see_what_comes_in_and_goes_out,
        test_hooks_on_a_node_may_replace, test_hooks_on_a_node_of_a_recorded_backward, test_hooks_on_accumulate_grad,
    ):  # fmt: skip
        test()
