"""Initialisers: PyTorch's numbers from the same seed, and what each promises."""

import math

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

init = mt.nn.init

DRAWS = {
    "uniform_": {}, "uniform_ ab": {"a": -2.0, "b": 3.0}, "normal_": {}, "normal_ ms": {"mean": 1.0, "std": 2.0},
    "trunc_normal_": {}, "trunc_normal_ narrow": {"a": -0.1, "b": 0.2}, "trunc_normal_ tail": {"a": 1.5, "b": 3.0},
    "trunc_normal_ wide": {"mean": 1.0, "std": 0.5, "a": -1.0, "b": 3.0}, "constant_": {"val": 0.3}, "ones_": {},
    "zeros_": {}, "xavier_uniform_": {"gain": 2.0}, "xavier_normal_": {}, "kaiming_uniform_": {},
    "kaiming_uniform_ out": {"a": 0.1, "mode": "fan_out"}, "kaiming_uniform_ tanh": {"nonlinearity": "tanh"},
    "kaiming_normal_": {"nonlinearity": "relu"}, "orthogonal_": {}, "orthogonal_ gain": {"gain": 3.0},
}  # fmt: skip
EXACT = {"uniform_", "constant_", "ones_", "zeros_", "xavier_uniform_", "kaiming_uniform_"}


@pytest.mark.referee
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 3, 2, 2), (20, 17)])
@pytest.mark.parametrize("name", DRAWS)
def test_the_same_seed_gives_the_same_numbers(name, shape):
    called = name.partition(" ")[0]

    def scenario(lib, dtype):
        lib.manual_seed(11)
        tensor = lib.empty(*shape, dtype=getattr(lib, dtype))
        assert getattr(lib.nn.init, called)(tensor, **DRAWS[name]) is tensor
        return [tensor, lib.rand(3)]  # the stream is left at the same place

    exact = called in EXACT
    compare(scenario, "float64", tolerance=1e-15 if exact else 1e-10 if called == "orthogonal_" else 1e-13)
    compare(scenario, "float32", tolerance=1e-7 if exact else 2e-5 if called == "orthogonal_" else 2e-6)


def generators(lib):
    generator = lib.Generator()
    found = []
    for name in ("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_",
                 "kaiming_normal_", "orthogonal_"):  # fmt: skip
        generator.manual_seed(5)
        lib.manual_seed(9)
        found.append(getattr(lib.nn.init, name)(lib.empty(4, 3, dtype=lib.float64), generator=generator))
        found.append(lib.rand(1))
    return found


def structured(lib):
    lib.manual_seed(2)
    nn = lib.nn.init
    return [
        nn.eye_(lib.empty(3, 5)), nn.eye_(lib.empty(4, 2)),
        nn.dirac_(lib.empty(4, 3, 3)), nn.dirac_(lib.empty(4, 2, 3, 5), groups=2), nn.dirac_(lib.empty(2, 2, 3, 3, 3)),
        nn.sparse_(lib.empty(6, 4, dtype=lib.float64), 0.4),
        nn.sparse_(lib.empty(5, 20, dtype=lib.float64), 0.21, std=1.0),
        nn.calculate_gain("relu"), nn.calculate_gain("leaky_relu"), nn.calculate_gain("leaky_relu", 0.3),
        nn.calculate_gain("leaky_relu", 2), nn.calculate_gain("tanh"), nn.calculate_gain("linear"),
        nn.calculate_gain("conv_transpose3d"), nn.calculate_gain("sigmoid"), nn.calculate_gain("selu"),
        list(nn._calculate_fan_in_and_fan_out(lib.empty(5, 4, 3, 2))),
    ]  # fmt: skip


def refusals(lib):
    nn = lib.nn.init
    vector, matrix, four = lib.ones(3), lib.ones(3, 3), lib.ones(3, 2, 1, 1)
    return [
        outcome(nn.eye_, vector), outcome(nn.dirac_, matrix), outcome(nn.dirac_, four, groups=2),
        outcome(nn.xavier_uniform_, vector), outcome(nn.xavier_normal_, vector), outcome(nn.kaiming_uniform_, vector),
        outcome(nn.kaiming_normal_, matrix, mode="fan_sideways"), outcome(nn.orthogonal_, vector),
        outcome(nn.sparse_, vector, 0.1), outcome(nn.calculate_gain, "nothing"),
        outcome(nn.calculate_gain, "leaky_relu", "text"), outcome(nn.calculate_gain, "leaky_relu", True),
        outcome(nn.calculate_gain, "leaky_relu", [1.0]),
        warned(lambda: list(nn.kaiming_uniform_(lib.empty(0, 3)).shape)),
        warned(lambda: list(nn.kaiming_normal_(lib.empty(3, 0)).shape)),
        list(nn.orthogonal_(lib.empty(0, 3)).shape),
        warned(lambda: nn.constant(lib.empty(2), 3.0)),
        warned(lambda: list(nn.xavier_uniform(lib.empty(2, 2)).shape)),
        nn.constant.__name__,
    ]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [generators, structured, refusals])
def test_initialisers_are_pytorchs(scenario):
    compare(scenario, tolerance=1e-10)


@pytest.mark.referee
def test_a_mean_far_outside_is_warned_of():
    def scenario(lib):
        lib.manual_seed(0)
        return warned(lambda: lib.nn.init.trunc_normal_(lib.empty(50), mean=10.0, std=1.0, a=-2.0, b=2.0).dtype is None)

    compare(scenario)


def test_nothing_is_recorded_and_a_leaf_may_be_written():
    weight = mt.nn.Parameter(mt.empty(4, 4))
    for fill in (init.uniform_, init.normal_, init.trunc_normal_, init.ones_, init.zeros_, init.eye_,
                 init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_,
                 init.orthogonal_, lambda w: init.sparse_(w, 0.5), lambda w: init.constant_(w, 2.0)):  # fmt: skip
        before = weight._cell[0]
        assert fill(weight) is weight
        assert weight.is_leaf and weight.requires_grad
        assert weight._cell[0] > before


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (4, 3, 2)])
def test_orthogonal_is_orthogonal(shape):
    q = init.orthogonal_(mt.empty(*shape, dtype=mt.float64), gain=2.0).numpy().reshape(shape[0], -1)
    gram = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(gram, 4.0 * np.eye(len(gram)), atol=1e-12)


def test_truncated_draws_stay_inside():
    for low, high in ((-0.5, 2.0), (1.0, 1.2)):
        drawn = init.trunc_normal_(mt.empty(1000), a=low, b=high).numpy()
        assert drawn.min() >= low and drawn.max() <= high


def test_kaiming_keeps_the_variance():
    mt.manual_seed(0)
    weight = init.kaiming_normal_(mt.empty(200, 300), nonlinearity="relu").numpy()
    assert math.isclose(weight.std(), math.sqrt(2 / 300), rel_tol=0.02)
