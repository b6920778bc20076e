"""Linear, Bilinear and Identity: numbers, gradients, draws and texts beside PyTorch's."""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome

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
    layers = [nn.Linear(2, 3), nn.Linear(2, 3, bias=False), nn.Bilinear(1, 2, 3), nn.Identity(5, unused=True)]
    bare = nn.Linear(2, 3, bias=False)
    return [*map(repr, layers), bare.bias, list(bare._parameters), outcome(nn.Bilinear, 0, 1, 1)]


@pytest.mark.referee
def test_texts_and_refusals_are_pytorchs():
    compare(texts)


def test_identity_returns_the_very_tensor():
    x = mt.ones(2)
    assert nn.Identity(3, anything=4)(x) is x


def test_a_linear_without_inputs_gives_its_bias():
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        layer = nn.Linear(0, 2)
    np.testing.assert_array_equal(layer(mt.ones(3, 0)).detach().numpy(), np.zeros((3, 2), np.float32))
