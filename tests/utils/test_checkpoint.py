import contextlib
import warnings

import pytest

import minitorch as mt
from minitorch import nn
from minitorch.nn import functional as F
from minitorch.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.norm = nn.Linear(3, 4), nn.Linear(4, 3), nn.LayerNorm(3)

    def forward(self, x, scale=1.0, pair=None):
        y = F.dropout(self.two(self.one(x).tanh()), 0.3) * scale
        return self.norm(y) + (pair["left"] * pair["right"][0] if pair else 0)


def trained(wrap):
    """First and second derivatives of two blocks, one of which is called with nested arguments; and the stream's state after."""
    mt.manual_seed(0)
    first, second = Block(), Block()
    start = mt.ones(3, requires_grad=True)
    x = start * 2 * mt.ones(5, 3)
    y = wrap(second, wrap(first, x, scale=2.0), pair={"left": x, "right": (start, "word")})
    parameters = [start, *first.parameters(), *second.parameters()]
    grads = mt.autograd.grad(y.pow(3).sum(), parameters, create_graph=True)
    again = mt.autograd.grad(sum(g.pow(2).sum() for g in grads), parameters)
    return [y, *grads, *again, mt.rand(3)]


def kept(function, *args, **kwargs):
    return checkpoint(function, *args, use_reentrant=False, **kwargs)


def nested(function, *args, **kwargs):
    return kept(lambda *a, **k: kept(function, *a, **k), *args, **kwargs)


@pytest.mark.parametrize("wrap", [kept, nested])
def test_first_and_second_derivatives_are_those_without(wrap):
    """Also through parameters, tensors that a closure holds, nested arguments and random numbers."""
    for ours, plain in zip(trained(wrap), trained(lambda f, *a, **k: f(*a, **k)), strict=True):
        assert mt.allclose(ours, plain, rtol=1e-4, atol=1e-5)


def test_gradients_accumulate_in_parameters_and_reach_what_a_closure_holds():
    layer, outer = nn.Linear(2, 2), mt.ones(2, requires_grad=True)
    held = outer * 3
    for wrap in (kept, lambda f, *a: f(*a)):
        layer.zero_grad()
        outer.grad = None
        wrap(lambda x: layer(x) * held, mt.ones(4, 2)).sum().backward(retain_graph=True)
        if wrap is kept:
            first = [layer.weight.grad.clone(), layer.bias.grad.clone(), outer.grad.clone()]
    assert [g.tolist() for g in first] == [layer.weight.grad.tolist(), layer.bias.grad.tolist(), outer.grad.tolist()]


@pytest.mark.parametrize("reentrant", [False, True])
def test_hooks_on_parameters_and_arguments_run_once(reentrant):
    layer, x, seen = nn.Linear(3, 3), mt.ones(2, 3, requires_grad=True), []
    layer.weight.register_hook(lambda g: (seen.append("weight"), g * 2)[1])
    x.register_hook(lambda g: (seen.append("x"), g * 2)[1])
    mt.autograd.graph.register_multi_grad_hook([x, *layer.parameters()], lambda grads: seen.append([g is None for g in grads]))
    checkpoint(layer, x, use_reentrant=reentrant).sum().backward()
    again = [layer.weight.grad, x.grad]
    layer.weight.grad = x.grad = None
    layer(x).sum().backward()
    assert sorted(map(str, seen[:3])) == sorted(map(str, seen[3:])) == sorted(map(str, ["weight", "x", [False] * 3]))
    assert all(mt.equal(one, other) for one, other in zip(again, [layer.weight.grad, x.grad], strict=True))


def test_the_part_is_one_node_and_runs_again_in_the_backward():
    runs = []

    def f(x):
        runs.append(mt.is_grad_enabled())
        return x.exp().sin().exp()

    x = mt.ones(3, requires_grad=True)
    y = kept(f, x)
    assert y.grad_fn.next_functions[-1][0].variable is x and len(runs) == 1
    y.sum().backward()
    assert runs == [True, True]
    plain = mt.ones(3, requires_grad=True)
    f(plain).sum().backward()
    assert x.grad.tolist() == plain.grad.tolist()


def test_without_the_tape_it_is_the_function():
    x = mt.ones(3, requires_grad=True)
    with mt.no_grad():
        assert not kept(mt.exp, x).requires_grad
    assert not kept(mt.exp, mt.ones(3)).requires_grad
    assert kept(lambda x: (x.argmax(), "word"), x) == (0, "word")


def test_results_keep_their_nesting():
    x = mt.ones(3, requires_grad=True)
    result = kept(lambda x: {"a": (x * 2, x.argmax()), "b": [x, 5]}, x)
    assert result["a"][0].tolist() == [2, 2, 2] and result["a"][1].item() == 0 and result["b"][1] == 5
    (result["a"][0] * result["b"][0]).sum().backward()
    assert x.grad.tolist() == [4, 4, 4]


@pytest.mark.parametrize("preserve", [True, False])
def test_the_second_run_draws_the_numbers_of_the_first_if_they_are_kept(preserve):
    x = mt.ones(1000, requires_grad=True)
    mt.manual_seed(1)
    y = kept(lambda x: F.dropout(x, 0.5), x, preserve_rng_state=preserve)
    y.sum().backward()
    assert ((y != 0) == (x.grad != 0)).all().item() is preserve


def test_another_shape_the_second_time_is_refused():
    runs = []

    def f(x):
        runs.append(1)
        return x[: len(runs)].exp()

    x = mt.ones(3, requires_grad=True)
    with pytest.raises(CheckpointError, match="Recomputed values for the following tensors have different metadata"):
        kept(f, x).sum().backward()


def test_both_blocks_are_entered_in_turn():
    entered = []

    @contextlib.contextmanager
    def block(name):
        entered.append(name)
        yield

    x = mt.ones(3, requires_grad=True)
    y = kept(mt.exp, x, context_fn=lambda: (block("first"), block("second")))
    assert entered == ["first"]
    y.sum().backward()
    assert entered == ["first", "second"]


@pytest.mark.parametrize("segments", [1, 2, 3])
def test_a_sequence_is_cut_into_parts(segments):
    model = nn.Sequential(*(layer for _ in range(3) for layer in (nn.Linear(3, 3), nn.Tanh())))
    x = mt.randn(4, 3)
    for functions in (model, list(model)):
        model.zero_grad()
        checkpoint_sequential(functions, segments, x, use_reentrant=False).sum().backward()
        ours = [p.grad.clone() for p in model.parameters()]
        model.zero_grad()
        model(x).sum().backward()
        assert all(mt.allclose(g, p.grad) for g, p in zip(ours, model.parameters()))


@pytest.mark.referee
@pytest.mark.parametrize(
    "call",
    [
        lambda lib, c, s, x: c(lib.exp, x),
        lambda lib, c, s, x: c(lib.exp, x, use_reentrant=True),
        lambda lib, c, s, x: c(lib.exp, x, use_reentrant=True, scale=3),
        lambda lib, c, s, x: c(lib.exp, x, use_reentrant=True, debug=True),
        lambda lib, c, s, x: c(lib.exp, x, use_reentrant=True, context_fn=lambda: (1, 2)),
        lambda lib, c, s, x: c(lib.exp, x, use_reentrant=False, determinism_check="some"),
        lambda lib, c, s, x: s([lib.exp, lib.sin], 2, x, use_reentrant=False, scale=1),
        lambda lib, c, s, x: s([lib.exp, lib.sin], 1, x),
    ],
)
def test_options_are_warned_of_and_refused_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    from torch.utils import checkpoint as theirs

    told = []
    for lib, c, s in ((mt, checkpoint, checkpoint_sequential), (torch, theirs.checkpoint, theirs.checkpoint_sequential)):
        x, error = lib.ones(3, requires_grad=True), None
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                call(lib, c, s, x).sum().backward()
            except ValueError as reason:
                error = str(reason)
        first = [(w.category, str(w.message).partition(". ")[0]) for w in seen]
        told.append((error, first, None if x.grad is None else [round(g, 5) for g in x.grad.tolist()]))
    assert told[0] == told[1]
