"""What nn.utils does to a model on a device: training waits for nothing, and learns what it learns on the host."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.nn.utils import parametrizations, prune
from minitorch.testing.standin import waits
from tests.twins import warned

CHANGES = {
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal, reflections": lambda layer: parametrizations.orthogonal(layer, orthogonal_map="householder"),
    "orthogonal, Cayley": lambda layer: parametrizations.orthogonal(layer, orthogonal_map="cayley"),
    "older weight norm": lambda layer: warned(nn.utils.weight_norm, layer)[0],
    "older spectral norm": nn.utils.spectral_norm,
    "pruning": lambda layer: prune.ln_structured(prune.l1_unstructured(layer, "weight", 3), "weight", 1, 2, 0),
}


def train(change, device):
    mt.manual_seed(0)
    model = nn.Sequential(change(nn.Linear(4, 4)), nn.Tanh(), nn.Linear(4, 2)).to(device)
    x = mt.linspace(-1, 1, 12).reshape(3, 4).to(device)
    opt = mt.optim.SGD(model.parameters(), lr=0.1)
    with waits() as seen:
        for _ in range(3):
            opt.zero_grad()
            model(x).square().mean().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            nn.utils.clip_grad_value_(model.parameters(), 0.2)
            opt.step()
    return model(x), seen


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_layer_trains_without_waiting(change, device_backend):
    found, seen = train(change, "cuda")
    expected, _ = train(change, "cpu")
    assert all("linalg.solve" in wait for wait in seen)  # it must know whether there is a solution, as in PyTorch
    assert not seen or change is CHANGES["orthogonal, Cayley"]
    assert found.is_cuda
    np.testing.assert_allclose(found.numpy_copy(), expected.numpy_copy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_layer_is_changed_on_a_device(change, device_backend):
    layer = change(nn.Linear(4, 4).to("cuda"))
    assert layer(mt.ones(1, 4, device="cuda")).is_cuda


def test_lazy_layers_fused_layers_and_calls_on_a_device(device_backend):
    model = nn.Sequential(nn.LazyConv2d(3, 2), nn.LazyBatchNorm2d()).to("cuda")
    x = mt.ones(2, 1, 4, 4, device="cuda")
    assert model(x).is_cuda and model[1].running_mean.is_cuda
    model.eval()
    fused = nn.utils.fuse_conv_bn_eval(*model)
    np.testing.assert_allclose(fused(x).numpy_copy(), model(x).numpy_copy(), atol=1e-5)
    given = {name: mt.zeros_like(p) for name, p in model.named_parameters()}
    assert float(mt.func.functional_call(model, given, x).abs().sum()) == 0
    assert mt.summary(model, x).total.mult_adds == 2 * 3 * 3 * 3 * 4
