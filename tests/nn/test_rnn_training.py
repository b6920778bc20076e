"""Training recurrent networks: step by step PyTorch's losses, true at the third order, and as one node per layer."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.numeric import check_gradients
from tests.twins import compare

over = pytest.mark.parametrize


def curve(lib, kind, lengths):
    """The losses of 50 steps of a network of two layers with dropout that is to tell where each sequence goes next."""
    random = np.random.default_rng(0)
    steps = random.normal(size=(12, 4, 3))
    x, target = lib.tensor(steps[:-1]), lib.tensor(np.tanh(steps[1:].cumsum(0)))
    lib.manual_seed(0)
    network = getattr(lib.nn, kind)(3, 8, num_layers=2, dropout=0.2, dtype=lib.float64)
    head = lib.nn.Linear(8, 3, dtype=lib.float64)
    optimizer = lib.optim.Adam([*network.parameters(), *head.parameters()], lr=0.01)
    pack = lib.nn.utils.rnn.pack_padded_sequence
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        if lengths is None:
            output, wanted = network(x)[0], target
        else:
            output, wanted = (pack(held, lengths, enforce_sorted=False) for held in (x, target))
            output, wanted = network(output)[0].data, wanted.data
        loss = lib.nn.functional.mse_loss(head(output), wanted)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    return {"losses": losses, "weights": list(network.parameters())}


@pytest.mark.referee
@over("kind", ["LSTM", "GRU", "RNN"])
@over("lengths", [None, [4, 11, 1, 7]], ids=["dense", "packed"])
def test_fifty_steps_lose_what_pytorch_loses(kind, lengths):
    compare(curve, kind, lengths, tolerance=1e-8)


def test_the_third_derivative_through_an_lstm_is_true():
    mt.manual_seed(0)
    network = mt.nn.LSTM(1, 2, num_layers=2).double()
    h, c = mt.randn(2, 2, 1, 2).double()

    def function(x, h, c, w):
        output, last, cell = mt.lstm(x, [h, c], [network.weight_ih_l0, w, *network._flat_weights[2:]], True, 2, 0.0, False, False, False)
        return output.sin() + last.sum() * cell.mean()

    check_gradients(function, [mt.randn(2, 1, 1).double(), h, c, network.weight_hh_l0.detach()], order=3)


def forward_twice(lib, kind):
    """The gradient of a gradient's size, as a gradient penalty has it."""
    lib.manual_seed(1)
    network = getattr(lib.nn, kind)(2, 3, bidirectional=True).double()
    x = lib.tensor(np.random.default_rng(2).normal(size=(4, 2, 2)), requires_grad=True)
    output = network(x)[0]
    (slope,) = lib.autograd.grad(output.pow(2).sum(), x, create_graph=True)
    slope.norm().backward()
    return [x.grad, *(p.grad for p in network.parameters())]


@pytest.mark.referee
@over("kind", ["LSTM", "GRU", "RNN"])
def test_a_gradient_penalty_is_pytorchs(kind):
    compare(forward_twice, kind, tolerance=1e-9)


@over(("kind", "name"), [("LSTM", "lstm_sequence"), ("GRU", "gru_sequence"), ("RNN", "rnn_sequence")])
def test_each_layer_and_direction_is_one_node(kind, name):
    output, _ = getattr(mt.nn, kind)(2, 3, num_layers=2, bidirectional=True)(mt.randn(50, 2, 2))
    seen, queue = {}, [output._node]
    while queue:
        node = queue.pop()
        if node is not None and node.op is not None and id(node) not in seen:
            seen[id(node)] = node
            queue += node.parents
    made = [node.op.name for node in seen.values() if node.op.family != "port"]
    assert sorted(made) == ["cat", "cat", *[name] * 4]
