"""Fifty steps of training are the same fifty losses: LeNet, two layers of LSTM, two layers of Transformer."""

import numpy as np
import pytest

import minitorch as mt
from tests.models.trial import default_dtype
from tests.models.zoo_classics import lenet
from tests.models.zoo_transformers import encoder_classifier

pytestmark = pytest.mark.referee


def two_layers_of_lstm(lib):
    torch, nn, F = lib, lib.nn, lib.nn.functional

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(input_size=3, hidden_size=8, num_layers=2, batch_first=True, dropout=0.1)
            self.head = nn.Linear(8, 2)

        def forward(self, x):
            out, (h_n, c_n) = self.lstm(x)
            return self.head(out[:, -1, :]) + h_n.mean() * c_n.std()

    target = torch.randn(4, 2)
    return Model(), (torch.randn(4, 10, 3),), lambda out: F.mse_loss(out, target)


OPTIMIZERS = {
    "SGD": lambda lib, parameters: lib.optim.SGD(parameters, lr=0.02, momentum=0.9, weight_decay=1e-4),
    "Adam": lambda lib, parameters: lib.optim.Adam(parameters, lr=3e-3),
}


def curve(lib, define, optimizer, steps=50):
    """The losses, and the parameters at the end."""
    with default_dtype(lib, "float64"):
        lib.manual_seed(0)
        model, inputs, loss_of = define(lib)
        takes = OPTIMIZERS[optimizer](lib, model.parameters())
        losses = []
        for _ in range(steps):
            takes.zero_grad()
            loss = loss_of(model(*inputs))
            loss.backward()
            takes.step()
            losses.append(loss.item())
    return np.array(losses), [p.detach().numpy() for p in model.parameters()]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("define", [lenet, two_layers_of_lstm, encoder_classifier], ids=lambda define: define.__name__)
def test_fifty_losses_are_the_same(define, optimizer):
    torch = pytest.importorskip("torch")
    losses, ends = curve(mt, define, optimizer)
    expected, their_ends = curve(torch, define, optimizer)
    assert expected[-1] < 0.95 * expected[0]
    np.testing.assert_allclose(losses, expected, rtol=1e-8, atol=1e-8)
    if optimizer == "SGD":  # Adam divides what is no more than rounding by its own size
        for one, other in zip(ends, their_ends, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-8)
