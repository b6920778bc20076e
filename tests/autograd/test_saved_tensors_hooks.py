"""Hooks on saved tensors: what they are handed, when they run and what comes of it, beside PyTorch's."""

import gc
import threading
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd.graph import saved_tensors_hooks
from tests.twins import compare, outcome


class Watch:
    """A pair of hooks that writes down what passes through."""

    def __init__(self, lib, pack=lambda t: t.detach().clone(), unpack=lambda t: t):
        self.packed, self.unpacked = [], 0

        def packing(tensor):
            self.packed.append([list(tensor.shape), str(tensor.dtype).split(".")[-1], tensor.requires_grad, tensor.is_leaf,
                                lib.is_grad_enabled()])  # fmt: skip
            return pack(tensor)

        def unpacking(value):
            self.unpacked += 1
            return unpack(value)

        self.mode = lib.autograd.graph.saved_tensors_hooks(packing, unpacking)


def table(lib, c, index):
    return {
        "number": lambda x: x * 2, "constant": lambda x: x * c, "twice": lambda x: x * x, "over a number": lambda x: x / 2,
        "square": lambda x: x**2, "exp": lambda x: x.exp(), "sum": lambda x: x.sum(), "mean": lambda x: x.mean(),
        "item": lambda x: x[0] * 1.0, "relu": lambda x: x.relu(), "where": lambda x: lib.where(c > 0, x, c),
        "softmax": lambda x: x.softmax(0), "tanh": lambda x: x.tanh(),
        "sigmoid": lambda x: x.sigmoid(), "log": lambda x: x.log(), "cumsum": lambda x: x.cumsum(0), "sqrt": lambda x: x.sqrt(),
        "clamp": lambda x: x.clamp(0, 1), "index": lambda x: x[index],
        "div": lambda x: c / (x + 2), "sin": lambda x: x.sin(),
        "in place": lambda x: (x * 1.0).mul_(c), "in place result": lambda x: (x * 1.0).exp_(), "no grad": lambda x: x.detach() * c + x,
    }  # fmt: skip


NAMES = list(table(mt, mt.ones(3), mt.tensor([0])))


@pytest.mark.referee
@pytest.mark.parametrize("name", NAMES)
def test_an_op_hands_over_what_pytorchs_saves(name):
    """How often, with which shapes and dtypes, leaf or not; and the gradient is that of the unpacked."""

    def scenario(lib):
        x = lib.tensor([0.5, 1.5, 2.5], dtype=lib.float64, requires_grad=True)
        call = table(lib, lib.tensor([1.0, 2.0, 3.0], dtype=lib.float64), lib.tensor([0, 2]))[name]
        watch = Watch(lib, unpack=lambda t: t * 2 if t.dtype == lib.float64 else t)
        with watch.mode:
            y = call(x)
        (g,) = lib.autograd.grad(y.sum(), x, retain_graph=True)
        (again,) = lib.autograd.grad(y.sum(), x)
        return [watch.packed, watch.unpacked, g, again]

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
def test_the_hooks_see_the_operands_themselves():
    def scenario(lib):
        p, c = lib.nn.Parameter(lib.ones(2)), lib.ones(2)
        z = p * 1
        seen = []
        with lib.autograd.graph.saved_tensors_hooks(lambda t: seen.append([t is p, t is c, t is z, type(t).__name__]), lambda t: t):
            p * c, p * p, z * z, z.exp()
        return seen

    compare(scenario)


@pytest.mark.referee
def test_of_nested_contexts_the_innermost_counts():
    def scenario(lib):
        x, order = lib.ones(2, requires_grad=True), []

        def named(name):
            def pack(tensor):
                order.append(f"pack {name}")
                return tensor

            def unpack(tensor):
                order.append(f"unpack {name}")
                return tensor

            return lib.autograd.graph.saved_tensors_hooks(pack, unpack)

        with named("outer"):
            a = x * x
            with named("inner"):
                b = x.exp()
            c = x.tanh()
        d = x * x
        (a + b + c + d).sum().backward()
        return [sorted(order), x.grad]

    compare(scenario, tolerance=1e-6)


@pytest.mark.referee
def test_backward_through_backward():
    """Where the hooks are still set, what the recorded backward saves is packed as well."""

    def scenario(lib, leave):
        x = lib.tensor([0.3, -0.7], dtype=lib.float64, requires_grad=True)
        watch = Watch(lib)
        found = []
        watch.mode.__enter__()
        y = (x**3).exp()
        counts = [len(watch.packed)]
        if leave:
            watch.mode.__exit__(None, None, None)
        (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
        counts += [watch.unpacked]
        if not leave:
            watch.mode.__exit__(None, None, None)
        (gg,) = lib.autograd.grad(g.sum(), x, create_graph=True)
        (ggg,) = lib.autograd.grad(gg.sum(), x)
        return [*found, g, gg, ggg, counts]

    compare(scenario, True, tolerance=1e-12)
    compare(scenario, False, tolerance=1e-12)


def test_a_result_inside_keeps_its_place_in_a_recorded_backward():
    """The gradient by an inner result goes through what was saved of it."""
    x = mt.tensor([0.3, -0.7], dtype=mt.float64, requires_grad=True)
    with saved_tensors_hooks(lambda t: t.numpy(force=True).copy(), lambda a: mt.tensor(a)):
        h = x.exp()
        y = (h * h).sum()
    (g,) = mt.autograd.grad(y, x, create_graph=True)
    by_h, by_x = mt.autograd.grad(g.sum(), [h, x])
    np.testing.assert_allclose(by_h.numpy(), 4 * np.exp(x.detach().numpy()), rtol=1e-12)
    np.testing.assert_allclose(by_x.numpy(), 4 * np.exp(2 * x.detach().numpy()), rtol=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["linear", "layer_norm", "batch_norm", "cross_entropy", "conv", "attention", "max", "lstm"])
def test_fused_ops_and_several_results(name):
    def scenario(lib):
        rng, f = np.random.default_rng(0), lib.nn.functional

        def draw(*shape):
            return lib.tensor(rng.normal(size=shape), requires_grad=True)

        x, w, b = draw(2, 3, 4), draw(5, 4), draw(5)
        lstm = [lib.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((8, 4), (8, 2), (8,), (8,))]
        zeros = (lib.zeros(1, 2, 2, dtype=lib.float64), lib.zeros(1, 2, 2, dtype=lib.float64))
        call = {
            "linear": lambda: f.linear(x, w, b), "layer_norm": lambda: f.layer_norm(x, (4,)),
            "batch_norm": lambda: f.batch_norm(x, None, None, training=True),
            "cross_entropy": lambda: f.cross_entropy(x[0], lib.tensor([0, 3, 1])),
            "conv": lambda: f.conv1d(x, w.reshape(5, 4, 1)[:, :3]), "attention": lambda: f.scaled_dot_product_attention(x, x, x * 2),
            "max": lambda: x.max(1)[0], "lstm": lambda: lib.lstm(x, zeros, lstm, True, 1, 0.0, False, False, True)[0],
        }[name]  # fmt: skip
        watch = Watch(lib, lambda t: t.detach().numpy().copy(), lambda a: lib.from_numpy(a))
        with watch.mode:
            y = call()
        asked = [x, w, b] if name == "linear" else [x, *lstm] if name == "lstm" else [x]
        first = lib.autograd.grad((y**2).sum(), asked, create_graph=name not in ("lstm", "batch_norm", "layer_norm"))
        found = list(first)
        if first[0].requires_grad and name != "max":
            found += lib.autograd.grad(sum((g**2).sum() for g in first), x)
        return [found, watch.unpacked > 0]

    compare(scenario, tolerance=1e-9)


@pytest.mark.parametrize("module", [lambda: mt.nn.LayerNorm(4), lambda: mt.nn.BatchNorm1d(3), lambda: mt.nn.GRU(4, 2, batch_first=True),
                                    lambda: mt.nn.MultiheadAttention(4, 2, batch_first=True)])  # fmt: skip
def test_second_derivatives_of_fused_ops_are_those_without_hooks(module):
    mt.manual_seed(0)
    net = module().double()
    x = mt.randn(2, 3, 4, dtype=mt.float64, requires_grad=True)
    found = []
    for hooked in (False, True):
        with saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t.clone()) if hooked else mt.enable_grad():
            out = net(x, x, x) if isinstance(net, mt.nn.MultiheadAttention) else net(x)
        loss = ((out[0] if isinstance(out, tuple) else out) ** 2).sum()
        (g,) = mt.autograd.grad(loss, x, create_graph=True)
        (gg,) = mt.autograd.grad((g**2).sum(), x)
        found.append((g.detach().numpy(), gg.numpy()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-12)


@pytest.mark.referee
def test_custom_functions_save_through_the_hooks():
    def scenario(lib):
        class Twin(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x, c):
                y = x.exp() * c
                ctx.save_for_backward(x, None, y, c)
                return y, x.sum()

            @staticmethod
            def backward(ctx, g, h):
                x, none, y, c = ctx.saved_tensors
                x, none, y, c = ctx.saved_tensors
                assert none is None
                return g * y + h, None

        x, c = lib.tensor([0.5, -1.0], dtype=lib.float64, requires_grad=True), lib.tensor(2.0, dtype=lib.float64)
        watch = Watch(lib)
        with watch.mode:
            y, s = Twin.apply(x, c)
        (g,) = lib.autograd.grad((y * y).sum() + s, x, create_graph=True)
        (gg,) = lib.autograd.grad(g.sum(), x)
        told = [watch.packed, watch.unpacked, g, gg]
        with watch.mode:
            y, s = Twin.apply(x, c)
        y.sum().backward()
        return [*told, x.grad, outcome(y.sum().backward)[1][:60]]

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
def test_refusals_are_pytorchs():
    def scenario(lib):
        x, c = lib.ones(3, requires_grad=True), lib.ones(3)
        hooks = lib.autograd.graph.saved_tensors_hooks

        def through(pack, unpack, make=lambda: x * c):
            with hooks(pack, unpack):
                y = make()
            return lib.autograd.grad(y.sum(), x)

        same = lambda t: t  # noqa: E731
        told = [
            outcome(through, lambda t: t.add_(1), same),
            outcome(through, same, lambda t: "text"), outcome(through, same, lambda t: None),
            outcome(through, lambda t: 1 / 0, same), outcome(through, same, lambda t: 1 / 0),
            outcome(through, 1, same)[0], outcome(through, same, 2)[0], outcome(through, lambda: 1, same)[0],
        ]  # fmt: skip
        with hooks(same, same):
            y = x * x
        y.sum().backward()
        told.append(outcome(y.sum().backward)[1][:60])
        return [*told, x.grad, through(same, same)[0]]  # and nothing of it stays

    compare(scenario)


@pytest.mark.parametrize(("unpack", "words"), [(lambda t: t[:2], "shape (2,)"), (lambda t: t.double(), "dtype float64")])
def test_another_tensor_than_was_packed_is_refused(unpack, words):
    x = mt.ones(3, requires_grad=True)
    with saved_tensors_hooks(lambda t: t, unpack):
        y = x * mt.ones(3)
    with pytest.raises(RuntimeError, match="unpack_hook returned a tensor of") as caught:
        y.sum().backward()
    assert words in str(caught.value) and x.grad is None


@pytest.mark.referee
def test_writes_are_not_watched_and_reach_what_was_not_copied():
    def scenario(lib):
        found = []
        for pack in (lambda t: t, lambda t: t.clone()):
            a, c = lib.ones(2, requires_grad=True), lib.tensor([2.0, 3.0])
            with lib.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
                y = a * c
                z = (a * 1.0).exp_()
            c.add_(10)
            found += lib.autograd.grad(y.sum() + z.sum(), a)
        return found

    compare(scenario, tolerance=1e-6)


@pytest.mark.referee
def test_an_in_place_op_packs_what_was_there():
    def scenario(lib):
        found = []
        for op in (lambda y: y.mul_(y), lambda y: y.pow_(3), lambda y: y.sin_(), lambda y: y.div_(y.detach() * 2)):
            x = lib.tensor([1.0, 2.0], requires_grad=True)
            y = x * 1.5
            with lib.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
                op(y)
            y.sum().backward()
            found += [y, x.grad]
        return found

    compare(scenario, tolerance=1e-6)


def test_forward_mode_unpacks():
    def pushed(hooked):
        x = mt.tensor([0.4, 0.9], dtype=mt.float64)
        with saved_tensors_hooks(lambda t: t.clone(), lambda t: t) if hooked else mt.enable_grad():
            return mt.autograd.functional.jvp(lambda x: (x * x).exp() / x.softmax(0), x, mt.ones(2, dtype=mt.float64))[1]

    assert pushed(True).tolist() == pushed(False).tolist()


def test_hooks_on_the_node_go_around_the_unpacking():
    x = mt.ones(2, requires_grad=True)
    with saved_tensors_hooks(lambda t: t, lambda t: t * 3):
        y = x * mt.ones(2)
    seen = []
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[0].tolist()))
    assert y.grad_fn.name() == "MulBackward0" and y.grad_fn._saved_other.tolist() == [3.0, 3.0]
    y.sum().backward()
    assert seen == [[3.0, 3.0]]


def test_the_tape_lets_go_of_the_arrays_and_of_itself():
    def graph(pack):
        x = mt.ones(1000, requires_grad=True)
        with saved_tensors_hooks(pack, lambda t: mt.ones(1000)):
            h = x * 2
            y = h.exp().sum()
        return x, weakref.ref(h._data), weakref.ref(y._node.parents[0]), y

    gc.collect()
    gc.disable()
    try:
        for pack in (lambda t: None, lambda t: t):
            x, array, node, y = graph(pack)
            assert (array() is None) and node() is not None
            del y
            assert node() is None
    finally:
        gc.enable()


def test_only_the_thread_that_set_them_has_the_hooks():
    seen, there = [], []

    def elsewhere():
        there.append((mt.ones(2, requires_grad=True).exp()).sum())

    with saved_tensors_hooks(lambda t: seen.append(1), lambda t: t):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    there[0].backward()
    assert seen == []


def test_numbers_and_shapes_are_not_packed():
    x = mt.ones(2, requires_grad=True)
    with saved_tensors_hooks(lambda t: 1 / 0, lambda t: t):
        y = (x * 3 + 1).sum().expand(2)
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_saved_on_the_host(device_backend):
    data = device_backend.asarray(np.array([1.0, 2.0]))
    x = mt.Tensor._wrap(data).requires_grad_()
    with mt.autograd.graph.save_on_cpu(pin_memory=True):
        y = (x * x).exp()
    held = [kept.value[1] for node in (y._node, y._node.parents[0]) for kept in node.saved if hasattr(kept, "unpack")]
    assert len(held) == 3 and all(tensor.device.type == "cpu" for tensor in held)
    y.sum().backward()
    assert x.grad.device.type == "cuda"
    np.testing.assert_allclose(x.grad.cpu().numpy(), 2 * np.array([1, 2]) * np.exp([1, 4]))


@pytest.mark.referee
def test_save_on_cpu_changes_no_number():
    def scenario(lib):
        x = lib.linspace(0, 1, 5, dtype=lib.float64, requires_grad=True)
        with lib.autograd.graph.save_on_cpu():
            y = (x.sin() * x).softmax(0)
        return list(lib.autograd.grad((y * x).sum(), x))

    compare(scenario, tolerance=1e-12)


# ---- where they are disabled -----------------------------------------------------------------------------------------
def hooks(lib):
    return [lib.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t), lib.autograd.graph.save_on_cpu()]


def what_disabled_ones_say(lib):
    disable = lib.autograd.graph.disable_saved_tensors_hooks
    said = []

    def enter():
        for mode in hooks(lib):
            with pytest.raises(RuntimeError) as caught, mode:
                pass
            said.append((type(caught.value), str(caught.value)))

    with disable("not here"):
        enter()
        with disable("nor here"):
            enter()
        enter()
    with pytest.raises(TypeError) as caught, disable(1):
        pass
    said.append(str(caught.value).split(".")[0])
    with hooks(lib)[0]:
        with pytest.raises(RuntimeError) as caught, disable("too late"):
            pass
        said.append(str(caught.value))
    return said


@pytest.mark.referee
def test_disabled_they_raise_the_message():
    assert what_disabled_ones_say(mt) == what_disabled_ones_say(pytest.importorskip("torch"))


def test_after_the_block_they_are_not_disabled():
    with mt.autograd.graph.disable_saved_tensors_hooks("not here"):
        pass
    for mode in hooks(mt):
        with mode:
            pass
