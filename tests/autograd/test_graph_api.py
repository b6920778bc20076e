"""autograd.graph beside PyTorch's: one hook on several gradients, saved values, edges as arguments, handles."""

import gc
import weakref

import pytest

import minitorch as mt
from tests.twins import compare, outcome


def numbers(lib, *shape, grad=True):
    made = lib.linspace(-1.0, 1.5, lib.ones(shape).numel(), dtype=lib.float64).reshape(shape)
    return made.requires_grad_(grad)


def multi_hooks(lib):
    register, seen = lib.autograd.graph.register_multi_grad_hook, []
    a, b = numbers(lib, 2, 3), numbers(lib, 2, 3)
    c, d = a * b, (a * b).exp()
    handle = register((a, b, c, d), lambda grads: seen.append([g if g is None else g.clone() for g in grads]))
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    (c + d).sum().backward(retain_graph=True)
    lib.autograd.grad((c * d).sum(), [c, d], retain_graph=True)
    handle.remove()
    c.sum().backward(retain_graph=True)
    with register((a, d), seen.append, mode="any"):
        (c + d).sum().backward(retain_graph=True)
        c.sum().backward(retain_graph=True)
    c.sum().backward(retain_graph=True)

    def failing(grads):
        raise ValueError("boom")

    with register((a, c), failing):
        failed = outcome(lambda: c.sum().backward(retain_graph=True))
    register((a,), lambda grads: seen.append(len(grads)))
    (a * 2).sum().backward()
    return [
        seen, failed, outcome(lambda: register((a,), print, mode="foo")),
        outcome(lambda: register((lib.ones(2),), print)), len(register((lib.ones(2),), print, mode="any").handles),
    ]  # fmt: skip


def hooks_under_create_graph(lib):
    seen, a, b = [], numbers(lib, 3), numbers(lib, 3)
    lib.autograd.graph.register_multi_grad_hook([a, b], lambda grads: seen.append((grads[0].requires_grad, sum(grads))))
    (a * b).sum().backward(create_graph=True)
    return [seen]


def saved_values(lib):
    x, y = numbers(lib, 3), numbers(lib, 3)
    product = x * y
    power, grown = product.pow(2), product.exp()
    fn = product.grad_fn
    square = power.grad_fn._saved_self
    found = [
        fn._saved_self is x, fn._saved_other is y, square, square.grad_fn.name(), square.requires_grad,
        power.grad_fn._saved_exponent, grown.grad_fn._saved_result, grown.grad_fn._saved_result is grown,
        grown.grad_fn._saved_result.grad_fn == grown.grad_fn, x.sum(0).grad_fn._saved_dim, "_saved_self" in dir(fn),
        lib.autograd.grad(grown.grad_fn._saved_result.sum(), x, retain_graph=True), (x + y).grad_fn is not None,
        outcome(lambda: fn._saved_nothing),
    ]  # fmt: skip
    with lib.no_grad():
        product.add_(1)
    found.append(outcome(lambda: power.grad_fn._saved_self)[0])
    grown.sum().backward()
    return [*found, outcome(lambda: fn._saved_self)[0]]


def packed_values(lib):
    x, seen = numbers(lib, 3), []
    power = x.pow(2)
    grown = (power * 3).exp()
    raw = power.grad_fn._raw_saved_self
    raw.register_hooks(lambda t: (seen.append(("pack", tuple(t.shape))), t.detach() * 2)[1],
                       lambda t: (seen.append("unpack"), t)[1])  # fmt: skip
    again = outcome(lambda: power.grad_fn._raw_saved_self.register_hooks(abs, abs))[0]
    grown.grad_fn._raw_saved_result.register_hooks(lambda t: t.detach().clone(), lambda t: t)
    wrong = outcome(lambda: grown.grad_fn._raw_saved_result.register_hooks(3, 4))[0]
    grown.sum().backward()
    freed = outcome(lambda: power.grad_fn._raw_saved_self.register_hooks(abs, abs))[0]
    return [seen, x.grad, again, wrong, freed, type(raw).__name__, outcome(lambda: power.grad_fn._raw_saved_nothing)]


def handles(lib):
    x = numbers(lib, 3)
    y = (x * 2).exp()
    fn = y.grad_fn
    above = fn.next_functions[0][0]
    return [
        type(fn).__name__, type(above).__name__, type(above.next_functions[0][0]).__name__, above.next_functions[0][0].name(),
        isinstance(fn, lib.autograd.graph.Node), y.grad_fn is fn, fn.next_functions[0][0] is above, id(y.grad_fn) == id(fn),
        above.next_functions[0][0].variable is x, outcome(lambda: fn.variable),
    ]  # fmt: skip


def edges(lib):
    edge, x = lib.autograd.graph.get_gradient_edge, numbers(lib, 3)
    y = x * 2
    z = (y**2).sum()
    at_y, at_x, at_z = edge(y), edge(x), edge(z)
    a, b = numbers(lib, 4, 2).unbind(1)
    grad = lib.autograd.grad
    found = [
        grad(z, at_y, retain_graph=True), grad(z, [at_y, x, at_x], retain_graph=True), grad(at_z, x, retain_graph=True),
        grad([at_z, at_y], x, [lib.tensor(2.0, dtype=lib.float64), x.detach()], retain_graph=True),
        grad((a * 3 + b).sum(), [edge(b), edge(a)]), grad(z, at_x, create_graph=True)[0].requires_grad,
        outcome(lambda: grad(z, edge(lib.ones(2)))), outcome(lambda: grad(at_y, x, retain_graph=True))[0],
    ]  # fmt: skip
    lib.autograd.backward(at_z, retain_graph=True)
    lib.autograd.backward(z, inputs=[at_x], retain_graph=True)
    return [*found, x.grad]


def mutation(lib):
    with lib.autograd.graph.allow_mutation_on_saved_tensors():
        x = numbers(lib, 3)
        v = x.clone()
        y = v * v
        v.mul_(2)
        z = v.exp()
        v.zero_()
        total = (y + z * v).sum()
        v.add_(1)
        total.backward()
        late = (x.clone() ** 2).sum()
    return [x.grad, v, outcome(lambda: late.backward())]


def asked_nodes_do_not_run(lib):
    x = numbers(lib, 3)
    ran = []
    y = x.exp()
    y.sum().backward()
    freed = lib.autograd.grad((y * 2).sum(), y)
    v = x.exp()
    v.grad_fn.register_hook(lambda *grads: ran.append(1))
    lib.autograd.grad(v.sin().sum(), v)
    before = len(ran)
    return [freed, before, lib.autograd.grad((v * 3).sum(), [v, x]), len(ran), x.grad]


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [multi_hooks, hooks_under_create_graph, saved_values, packed_values, handles, edges,
                                      mutation, asked_nodes_do_not_run])  # fmt: skip
@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_the_tape_is_shown_as_pytorchs(scenario):
    compare(scenario, tolerance=1e-12)


def test_contexts_that_allow_mutation_are_not_nested():
    allow = mt.autograd.graph.allow_mutation_on_saved_tensors
    with allow(), pytest.raises(RuntimeError, match="cannot be nested"), allow():
        pass
    with allow():
        pass


def test_leaves_that_grad_asks_for_count():
    a, b, seen = mt.ones(2, requires_grad=True), mt.ones(2, requires_grad=True), []
    mt.autograd.graph.register_multi_grad_hook([a, b], lambda grads: seen.append([g is None for g in grads]))
    mt.autograd.grad((a * b).sum(), [a])
    mt.autograd.grad((a * b).sum(), [a, b])
    assert seen == [[False, True], [False, False]]


def test_a_handle_and_a_hook_keep_no_tape():
    gc.disable()
    try:
        x = mt.ones(2, requires_grad=True)
        y = (x * 2).exp()
        mt.autograd.graph.register_multi_grad_hook([x, y], lambda grads: None)
        y.sum().backward()
        node = weakref.ref(y.grad_fn.node)
        del y
        assert node() is None
    finally:
        gc.enable()
