"""A training step leaves the host free: forward, loss, backward and step never wait for the device.

Numbers reach the host when somebody asks for them (the loss to print), and only then. The same step on the host gives
the same parameters.
"""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, optim
from minitorch.testing.standin import waits

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


class LeNet(nn.Module):
    """Windows: convolution, batch norm, both poolings, whole channels dropped."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn, self.conv2 = nn.Conv2d(1, 3, 5, padding=2), nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 2 * 2, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.conv1(x))), 2)
        x = F.avg_pool2d(F.dropout2d(F.leaky_relu(self.conv2(x)), 0.2, self.training), 2)
        return self.fc(x.flatten(1))


class Recurrent(nn.Module):
    """An embedding, two layers of LSTM and a GRU."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 5, padding_idx=0)
        self.lstm, self.gru = nn.LSTM(5, 6, num_layers=2, batch_first=True, dropout=0.1), nn.GRU(6, 4, bidirectional=True)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens):
        out, _ = self.lstm(self.embedding(tokens))
        out, _ = self.gru(out.transpose(0, 1))
        return self.head(out[-1])


class Attentive(nn.Module):
    """Two layers of a Transformer's encoder over embeddings with positions, causal and padded."""

    def __init__(self):
        super().__init__()
        self.embedding, self.position = nn.Embedding(7, 8), nn.Parameter(mt.zeros(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.register_buffer("mask", mt.ones(5, 5, dtype=mt.bool).triu(1))
        self.head = nn.Linear(8, 3)

    def forward(self, tokens):
        x = self.encoder(self.embedding(tokens) + self.position, mask=self.mask, src_key_padding_mask=tokens == 0)
        return self.head(x.mean(1))


def tokens(random):
    found = random.integers(1, 7, (6, 5))
    found[1, 3:] = 0
    return found


#: What each network takes; the others take rows of five numbers.
INPUTS = {LeNet: lambda random: random.normal(size=(6, 1, 8, 8)).astype("float32"), Recurrent: tokens, Attentive: tokens}


def batch(device, network=None):
    random = np.random.default_rng(0)
    draw = INPUTS.get(network, lambda random: random.normal(size=(6, 5)).astype("float32"))
    x = mt.tensor(draw(random), device=device)
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
    x, target = batch(device, network)
    steps_taken = optimizer(model.parameters())
    losses = []
    mt.manual_seed(1)
    with waits() as seen:
        for _ in range(steps):
            steps_taken.zero_grad()
            loss = F.cross_entropy(model(x), target)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            steps_taken.step()
            losses.append(loss.detach())
    return losses, model, seen


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
@pytest.mark.parametrize("network", [mlp, Normed, LeNet, Recurrent, Attentive])
def test_a_step_never_waits_and_learns_the_same(network, optimizer, device_backend):
    losses, model, seen = train(network, optimizer, "cuda")
    assert seen == []
    host_losses, host_model, _ = train(network, optimizer, "cpu")
    assert all(loss.is_cuda for loss in losses)
    assert losses[-1].item() < losses[0].item() or network is not mlp
    np.testing.assert_allclose([x.item() for x in losses], [x.item() for x in host_losses], rtol=1e-5)
    for (name, ours), (_, theirs) in zip(model.named_parameters(), host_model.named_parameters(), strict=True):
        assert ours.is_cuda and ours.grad.is_cuda, name
        if name.endswith("in_proj_bias"):  # keys moved together change nothing: Adam divides what is rounding by its own size
            continue
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
