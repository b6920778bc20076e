"""Activations as layers: numbers, gradients and texts beside PyTorch's."""

import numpy as np
import pytest

from tests.twins import compare, outcome, warned

ACTIVATIONS = {
    "Threshold": lambda nn: nn.Threshold(0.1, 20.0), "ReLU": lambda nn: nn.ReLU(), "Hardtanh": lambda nn: nn.Hardtanh(),
    "ReLU6": lambda nn: nn.ReLU6(), "Sigmoid": lambda nn: nn.Sigmoid(), "Hardsigmoid": lambda nn: nn.Hardsigmoid(),
    "Tanh": lambda nn: nn.Tanh(), "SiLU": lambda nn: nn.SiLU(), "Mish": lambda nn: nn.Mish(),
    "Hardswish": lambda nn: nn.Hardswish(), "ELU": lambda nn: nn.ELU(0.7), "CELU": lambda nn: nn.CELU(0.7),
    "SELU": lambda nn: nn.SELU(), "GLU": lambda nn: nn.GLU(), "GELU": lambda nn: nn.GELU(),
    "GELU tanh": lambda nn: nn.GELU("tanh"), "Hardshrink": lambda nn: nn.Hardshrink(),
    "LeakyReLU": lambda nn: nn.LeakyReLU(0.2), "LogSigmoid": lambda nn: nn.LogSigmoid(),
    "Softplus": lambda nn: nn.Softplus(2.0, 5.0), "Softshrink": lambda nn: nn.Softshrink(),
    "PReLU": lambda nn: nn.PReLU(), "Softsign": lambda nn: nn.Softsign(), "Tanhshrink": lambda nn: nn.Tanhshrink(),
    "Softmin": lambda nn: nn.Softmin(-1), "Softmax": lambda nn: nn.Softmax(-1),
    "LogSoftmax": lambda nn: nn.LogSoftmax(0), "RReLU eval": lambda nn: nn.RReLU().eval(),
    "RReLU": lambda nn: nn.RReLU(),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_compute_what_pytorchs_compute(name):
    x = np.random.default_rng(0).normal(size=(4, 6)) * 3

    def scenario(lib):
        lib.manual_seed(0)
        layer = ACTIVATIONS[name](lib.nn).double()
        given = lib.tensor(x, requires_grad=True)
        out = layer(given)
        (out * out).sum().backward()
        return [out, given.grad, [p.grad for p in layer.parameters()]]

    # PyTorch computes these slopes with constants rounded to float32, also in float64 (CELU: exp(x / alpha)).
    rounded = name in ("Hardsigmoid", "Hardswish", "CELU")
    compare(scenario, tolerance=1e-6 if rounded else 1e-10)


def texts(lib):
    nn = lib.nn
    layers = [
        nn.Threshold(0.1, 20), nn.Threshold(1, 2, inplace=True), nn.ReLU(), nn.ReLU(inplace=True), nn.RReLU(),
        nn.RReLU(0.1, 0.2, True), nn.Hardtanh(), nn.Hardtanh(-2, 2, True), nn.ReLU6(), nn.ReLU6(True), nn.Sigmoid(),
        nn.Hardsigmoid(), nn.Hardsigmoid(True), nn.Tanh(), nn.SiLU(), nn.SiLU(True), nn.Mish(), nn.Mish(True),
        nn.Hardswish(), nn.Hardswish(True), nn.ELU(), nn.ELU(0.5, True), nn.CELU(), nn.CELU(0.5, True), nn.SELU(),
        nn.SELU(True), nn.GLU(), nn.GLU(0), nn.GELU(), nn.GELU("tanh"), nn.Hardshrink(), nn.Hardshrink(1),
        nn.LeakyReLU(), nn.LeakyReLU(0.2, True), nn.LogSigmoid(), nn.Softplus(), nn.Softplus(2, 5), nn.Softshrink(),
        nn.PReLU(), nn.PReLU(3, 0.1), nn.Softsign(), nn.Tanhshrink(), nn.Softmin(), nn.Softmin(1), nn.Softmax(),
        nn.Softmax(dim=-1), nn.Softmax2d(), nn.LogSoftmax(), nn.LogSoftmax(0),
    ]  # fmt: skip
    return [repr(layer) for layer in layers]


def refusals(lib):
    nn = lib.nn
    return [
        outcome(nn.Hardtanh, 1.0, 1.0), outcome(nn.Softmax2d(), lib.ones(2, 2)),
        warned(lambda: repr(nn.Hardtanh(min_value=-3, max_value=3))),
        nn.PReLU(2, 0.5).state_dict(), nn.PReLU(dtype=lib.float64).weight,
    ]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [texts, refusals])
def test_activations_say_what_pytorchs_say(scenario):
    compare(scenario)
