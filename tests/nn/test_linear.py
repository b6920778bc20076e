"""Linear, Bilinear, Identity and the small layers around them: numbers, shapes, texts, beside PyTorch's."""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

nn = mt.nn


def copied(lib, build, like):
    """The layer of this library with the weights of `like` (an array per key)."""
    layer = build(lib).double()
    layer.load_state_dict({key: lib.tensor(value) for key, value in like.items()})
    return layer


def run(lib, build, weights, *inputs):
    layer = copied(lib, build, weights)
    given = [lib.tensor(x, requires_grad=True) for x in inputs]
    result = layer(*given)
    (result * result).sum().backward()
    return {"out": result, "inputs": [x.grad for x in given], "weights": [p.grad for p in layer.parameters()]}


@pytest.mark.referee
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 5, 3), (0, 3)])
def test_linear_and_its_gradients_are_pytorchs(shape, bias):
    rng = np.random.default_rng(0)
    weights = {"weight": rng.normal(size=(2, 3)), **({"bias": rng.normal(size=2)} if bias else {})}
    compare(run, lambda lib: lib.nn.Linear(3, 2, bias=bias), weights, rng.normal(size=shape), tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(4,), (), (2, 5)])
def test_bilinear_and_its_gradients_are_pytorchs(batch, bias):
    rng = np.random.default_rng(0)
    weights = {"weight": rng.normal(size=(2, 3, 4)), **({"bias": rng.normal(size=2)} if bias else {})}
    inputs = rng.normal(size=(*batch, 3)), rng.normal(size=(*batch, 4))
    compare(run, lambda lib: lib.nn.Bilinear(3, 4, 2, bias=bias), weights, *inputs, tolerance=1e-12)


def drawn(lib, dtype):
    lib.manual_seed(3)
    kind = getattr(lib, dtype)
    layers = [lib.nn.Linear(5, 3, dtype=kind), lib.nn.Linear(40, 7, bias=False, dtype=kind),
              lib.nn.Bilinear(3, 4, 5, dtype=kind), lib.nn.Linear(1, 1, dtype=kind)]  # fmt: skip
    return [layer.state_dict() for layer in layers]


@pytest.mark.referee
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_the_same_seed_draws_the_same_weights(dtype):
    compare(drawn, dtype, tolerance=1e-15)


def texts(lib):
    nn = lib.nn
    layers = [
        nn.Linear(2, 3), nn.Linear(2, 3, bias=False), nn.Bilinear(1, 2, 3), nn.Identity(5, unused=True),
        nn.Flatten(), nn.Flatten(0, 2), nn.Unflatten(1, (2, 3)), nn.Dropout(), nn.Dropout(0.25, inplace=True),
        nn.Dropout1d(), nn.Dropout2d(0.1), nn.Dropout3d(), nn.AlphaDropout(), nn.FeatureAlphaDropout(0.2),
        nn.Threshold(0.1, 20), nn.Threshold(1, 2, inplace=True), nn.ReLU(), nn.ReLU(inplace=True), nn.RReLU(),
        nn.RReLU(0.1, 0.2, True), nn.Hardtanh(), nn.Hardtanh(-2, 2, True), nn.ReLU6(), nn.ReLU6(True), nn.Sigmoid(),
        nn.Hardsigmoid(), nn.Hardsigmoid(True), nn.Tanh(), nn.SiLU(), nn.SiLU(True), nn.Mish(), nn.Mish(True),
        nn.Hardswish(), nn.Hardswish(True), nn.ELU(), nn.ELU(0.5, True), nn.CELU(), nn.CELU(0.5, True), nn.SELU(),
        nn.SELU(True), nn.GLU(), nn.GLU(0), nn.GELU(), nn.GELU("tanh"), nn.Hardshrink(), nn.Hardshrink(1),
        nn.LeakyReLU(), nn.LeakyReLU(0.2, True), nn.LogSigmoid(), nn.Softplus(), nn.Softplus(2, 5), nn.Softshrink(),
        nn.PReLU(), nn.PReLU(3, 0.1), nn.Softsign(), nn.Tanhshrink(), nn.Softmin(), nn.Softmin(1), nn.Softmax(),
        nn.Softmax(dim=-1), nn.Softmax2d(), nn.LogSoftmax(), nn.LogSoftmax(0),
        nn.L1Loss(), nn.MSELoss(), nn.NLLLoss(), nn.CrossEntropyLoss(), nn.BCELoss(), nn.BCEWithLogitsLoss(),
    ]  # fmt: skip
    return [repr(layer) for layer in layers]


LEGACY = [{"size_average": False}, {"reduce": False}, {"size_average": True}, {"size_average": False, "reduce": True}]


def attributes(lib):
    nn = lib.nn
    weight = lib.ones(3)
    losses = [nn.NLLLoss(weight, ignore_index=2), nn.CrossEntropyLoss(weight, label_smoothing=0.1, reduction="sum"),
              nn.BCELoss(weight), nn.BCEWithLogitsLoss(pos_weight=weight)]  # fmt: skip
    return {
        "linear": [nn.Linear(2, 3, bias=False).bias, list(nn.Linear(2, 3, bias=False)._parameters)],
        "buffers": [list(loss.state_dict()) for loss in losses],
        "reductions": [loss.reduction for loss in losses],
        "legacy": [warned(lambda options=options: nn.MSELoss(**options).reduction) for options in LEGACY],
        "refusals": [
            outcome(nn.Dropout, 1.5), outcome(nn.Dropout, -0.1), outcome(nn.Unflatten, 1, 3),
            outcome(nn.Unflatten, 1, (2, "x")), outcome(nn.Hardtanh, 1.0, 1.0), outcome(nn.Bilinear, 0, 1, 1),
            outcome(nn.Softmax2d(), lib.ones(2, 2)),
        ],
        "deprecated": warned(lambda: repr(nn.Hardtanh(min_value=-3, max_value=3))),
    }  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [texts, attributes])
def test_layers_say_what_pytorchs_say(scenario):
    compare(scenario)


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
    "RReLU": lambda nn: nn.RReLU(), "Flatten": lambda nn: nn.Flatten(),
    "Unflatten": lambda nn: nn.Unflatten(1, (2, 3)), "Dropout": lambda nn: nn.Dropout(0.3),
    "Dropout eval": lambda nn: nn.Dropout(0.3).eval(), "AlphaDropout": lambda nn: nn.AlphaDropout(0.3),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_layers_compute_what_pytorchs_compute(name):
    x = np.random.default_rng(0).normal(size=(4, 6)) * 3

    def scenario(lib):
        lib.manual_seed(0)
        layer = ACTIVATIONS[name](lib.nn).double()
        given = lib.tensor(x, requires_grad=True)
        out = layer(given)
        (out * out).sum().backward()
        return [out, given.grad, [p.grad for p in layer.parameters()]]

    compare(scenario, tolerance=1e-10)


LOSSES = {
    "L1Loss": ("same", lambda nn, w: nn.L1Loss()), "MSELoss": ("same", lambda nn, w: nn.MSELoss()),
    "MSELoss none": ("same", lambda nn, w: nn.MSELoss(reduction="none")),
    "BCEWithLogitsLoss": ("share", lambda nn, w: nn.BCEWithLogitsLoss(pos_weight=w)),
    "BCELoss": ("share of share", lambda nn, w: nn.BCELoss(w)),
    "NLLLoss": ("class", lambda nn, w: nn.NLLLoss(w, ignore_index=1)),
    "CrossEntropyLoss": ("class", lambda nn, w: nn.CrossEntropyLoss(w, label_smoothing=0.1)),
    "CrossEntropyLoss sum": ("class", lambda nn, w: nn.CrossEntropyLoss(reduction="sum", ignore_index=2)),
    "CrossEntropyLoss of shares": ("share", lambda nn, w: nn.CrossEntropyLoss()),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name", LOSSES)
def test_losses_compute_what_pytorchs_compute(name):
    rng = np.random.default_rng(0)
    kind, build = LOSSES[name]
    x = rng.uniform(size=(5, 3)) if kind == "share of share" else rng.normal(size=(5, 3))
    y = rng.integers(0, 3, size=5) if kind == "class" else rng.uniform(size=(5, 3))

    def scenario(lib):
        loss = build(lib.nn, lib.tensor([0.5, 1.0, 2.0], dtype=lib.float64))
        given = lib.tensor(x, requires_grad=True)
        out = loss(given, lib.tensor(y))
        out.sum().backward()
        return [out, given.grad]

    compare(scenario, tolerance=1e-12)


def test_identity_returns_the_very_tensor():
    x = mt.ones(2)
    assert nn.Identity(3, anything=4)(x) is x


def test_a_linear_without_inputs_gives_its_bias():
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        layer = nn.Linear(0, 2)
    np.testing.assert_array_equal(layer(mt.ones(3, 0)).detach().numpy(), np.zeros((3, 2), np.float32))


def test_parameters_share_memory_and_version_with_their_tensor():
    data = mt.zeros(2)
    parameter = nn.Parameter(data)
    data.add_(1)
    assert parameter.tolist() == [1.0, 1.0]
    assert parameter.is_leaf and parameter.requires_grad and isinstance(parameter, mt.Tensor)
    assert repr(parameter).startswith("Parameter containing:\ntensor(")
    with pytest.raises(TypeError, match="expects a Tensor, but got list"):
        nn.Parameter([1.0])
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(mt.tensor([1]))
    assert not nn.Parameter(mt.tensor([1]), requires_grad=False).requires_grad
    assert nn.Parameter().shape == (0,)


def test_operations_on_parameters_give_plain_tensors():
    parameter = nn.Parameter(mt.ones(2))
    for result in (parameter + 1, parameter * parameter, parameter[0], parameter.detach(), parameter.data, -parameter):
        assert type(result) is mt.Tensor
