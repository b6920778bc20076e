"""RNNCell, LSTMCell and GRUCell: numbers, gradients, texts and refusals beside PyTorch's; a layer is its cell step by step."""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome

over = pytest.mark.parametrize
KINDS = {"RNNCell": {}, "RNNCell with relu": {"nonlinearity": "relu"}, "LSTMCell": {}, "GRUCell": {}}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def build(lib, kind, **options):
    lib.manual_seed(4)
    return getattr(lib.nn, kind.split()[0])(3, 4, **KINDS[kind], **options).double()


def run(lib, kind, batch, given, bias):
    cell = build(lib, kind, bias=bias)
    x = lib.tensor(numbers(*batch, 3), requires_grad=True)
    states = [lib.tensor(numbers(*batch, 4, seed=place), requires_grad=True) for place in (1, 2)]
    hx = None if not given else tuple(states) if kind == "LSTMCell" else states[0]
    found = cell(x, hx)
    found = found if isinstance(found, tuple) else (found,)
    movers = [x, *(states[: 1 + (kind == "LSTMCell")] if given else []), *cell.parameters()]
    first = lib.autograd.grad(sum((out**2).sum() for out in found), movers, create_graph=True)
    second = lib.autograd.grad(sum((slope**2).sum() for slope in first), movers, allow_unused=True)
    return [list(found), list(first), [slope for slope in second if slope is not None]]


@pytest.mark.referee
@over("kind", KINDS)
@over(("batch", "given", "bias"), [((2,), True, True), ((), True, False), ((), False, True), ((0,), False, True)])
def test_a_step_and_its_derivatives_are_pytorchs(kind, batch, given, bias):
    compare(run, kind, batch, given, bias, tolerance=1e-10)


def texts(lib):
    nn = lib.nn
    made = []
    for layer in (nn.RNNCell(2, 3), nn.RNNCell(2, 3, False, "relu"), nn.LSTMCell(2, 3, bias=False), nn.GRUCell(2, 3), nn.RNNCellBase(2, 3, True, 2)):
        made += [repr(layer), {name: tuple(held.shape) for name, held in layer.state_dict().items()}, list(layer._parameters), layer.__constants__]
    return made


@pytest.mark.referee
def test_texts_and_states_are_pytorchs():
    compare(texts)


@pytest.mark.referee
@over("kind", KINDS)
def test_inputs_and_states_are_refused_as_by_pytorch(kind):
    pairs = [((5,), None), ((2, 2, 3), None), ((), None), ((2, 3), (3, 4)), ((2, 3), (2, 5)), ((2, 3), (4,)), ((3,), (2, 4)), ((3,), (5,)), ((2, 3), (1, 2, 4))]

    def scenario(lib):
        cell, found = build(lib, kind), []
        for shape, state in pairs:
            h = None if state is None else lib.zeros(state, dtype=lib.float64)
            error = outcome(cell, lib.zeros(shape, dtype=lib.float64), (h, h) if kind == "LSTMCell" and state else h)
            found.append(error if isinstance(error, tuple) and isinstance(error[0], str) else "accepted")
        found.append(outcome(cell, lib.zeros(2, 3)))
        return found

    compare(scenario)


@pytest.mark.referee
def test_an_unknown_nonlinearity_is_refused_when_called():
    compare(lambda lib: outcome(lib.nn.RNNCell(2, 3, nonlinearity="sin"), lib.zeros(1, 2)))


@over(("layer", "cell"), [("RNN", "RNNCell"), ("GRU", "GRUCell"), ("LSTM", "LSTMCell")])
def test_a_layer_is_its_cell_step_by_step(layer, cell):
    network, step = getattr(mt.nn, layer)(3, 4), getattr(mt.nn, cell)(3, 4)
    step.load_state_dict({name.removesuffix("_l0"): held for name, held in network.state_dict().items()})
    x, hx, seen = mt.randn(6, 2, 3), None, []
    for part in x:
        hx = step(part, hx)
        seen.append(hx[0] if isinstance(hx, tuple) else hx)
    np.testing.assert_allclose(network(x)[0].detach().numpy(), mt.stack(seen).detach().numpy(), rtol=1e-5, atol=1e-7)
