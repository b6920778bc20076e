"""A training step leaves the host free: forward, loss, backward and step never wait for the device.

Numbers reach the host when somebody asks for them (the loss to print), and only then. The same step on the host gives
the same parameters.
"""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, optim
from tests.standin import waits

F = nn.functional


def mlp():
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3))


class Normed(nn.Module):
    """What holds more than matrices: a normalisation, a gate, numbers drawn anew each step."""

    def __init__(self):
        super().__init__()
        self.first, self.scale, self.last = nn.Linear(5, 8), nn.Parameter(mt.ones(8)), nn.Linear(8, 3)

    def forward(self, x):
        hidden = F.layer_norm(self.first(x), (8,), self.scale)
        return self.last(F.dropout(F.gelu(hidden), 0.5, self.training))


def batch(device):
    random = np.random.default_rng(0)
    x = mt.tensor(random.normal(size=(6, 5)).astype("float32"), device=device)
    return x, mt.tensor(random.integers(0, 3, 6), device=device)


OPTIMIZERS = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.1),
    "SGD with momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True),
    "SGD with weight decay": lambda parameters: optim.SGD(parameters, lr=0.1, weight_decay=0.01, dampening=0.1),
    "Adam": lambda parameters: optim.Adam(parameters, lr=0.01),
    "Adam with AMSGrad": lambda parameters: optim.Adam(parameters, lr=0.01, amsgrad=True, weight_decay=0.01),
    "AdamW": lambda parameters: optim.AdamW(parameters, lr=0.01),
}


def train(network, optimizer, device, steps=3):
    """The losses (still on the device) and the trained network."""
    mt.manual_seed(0)
    model = network().to(device)
    x, target = batch(device)
    steps_taken = optimizer(model.parameters())
    losses = []
    mt.manual_seed(1)
    with waits() as seen:
        for _ in range(steps):
            steps_taken.zero_grad()
            loss = F.cross_entropy(model(x), target)
            loss.backward()
            steps_taken.step()
            losses.append(loss.detach())
    return losses, model, seen


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize("network", [mlp, Normed])
def test_a_step_never_waits_and_learns_the_same(network, optimizer, device_backend):
    losses, model, seen = train(network, optimizer, "cuda")
    assert seen == []
    host_losses, host_model, _ = train(network, optimizer, "cpu")
    assert all(loss.is_cuda for loss in losses)
    assert losses[-1].item() < losses[0].item() or network is Normed
    np.testing.assert_allclose([x.item() for x in losses], [x.item() for x in host_losses], rtol=1e-5)
    for (name, ours), (_, theirs) in zip(model.named_parameters(), host_model.named_parameters(), strict=True):
        assert ours.is_cuda and ours.grad.is_cuda, name
        np.testing.assert_allclose(ours.numpy_copy(), theirs.numpy_copy(), rtol=1e-4, atol=1e-6, err_msg=name)


def test_asking_for_a_number_waits_once(device_backend):
    x = mt.ones(3, device="cuda", requires_grad=True)
    loss = (x * x).sum()
    with waits() as seen:
        assert loss.item() == 3.0
    assert len(seen) == 1


def test_a_second_derivative_never_waits(device_backend):
    x = mt.tensor([0.5, 1.5], device="cuda", requires_grad=True)
    with waits() as seen:
        (slope,) = mt.autograd.grad((x.exp() * x).sum(), x, create_graph=True)
        slope.pow(2).sum().backward()
    assert seen == []
    assert x.grad.is_cuda


def test_gradients_accumulate_and_clear_on_the_device(device_backend):
    x = mt.ones(3, device="cuda", requires_grad=True)
    with waits() as seen:
        (x * 2).sum().backward()
        (x * 3).sum().backward()
        again = x.grad.clone()
        x.grad.zero_()
    assert seen == []
    assert again.cpu().tolist() == [5.0] * 3
    assert x.grad.cpu().tolist() == [0.0] * 3
