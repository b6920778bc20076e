"""SGD: trajectories beside PyTorch's, over options, dtypes, layouts and sizes."""

import itertools

import numpy as np
import pytest

import minitorch as mt
from tests.optim.trajectories import trajectory
from tests.twins import compare, outcome

OPTIONS = [
    {"momentum": momentum, "dampening": dampening, "weight_decay": decay, "nesterov": nesterov, "maximize": maximize}
    for momentum, dampening, decay, nesterov, maximize in itertools.product(
        (0, 0.9), (0, 0.3), (0, 0.05), (False, True), (False, True)
    )
    if not nesterov or (momentum and not dampening)
]


@pytest.mark.referee
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_fifty_steps_are_pytorchs(options):
    compare(trajectory, "SGD", {"lr": 0.03, **options}, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128", "float16", "bfloat16"])
def test_other_dtypes_are_pytorchs(dtype):
    tolerance = {"float16": 3e-2, "bfloat16": 2e-1, "complex128": 1e-9}.get(dtype, 1e-4)
    options = {"lr": 0.03, "momentum": 0.9, "weight_decay": 0.05, "nesterov": True}
    compare(trajectory, "SGD", options, dtype, 10, tolerance=tolerance)


@pytest.mark.referee
def test_a_learning_rate_may_be_a_tensor_that_changes():
    def scenario(lib):
        lr = lib.tensor(0.1, dtype=lib.float64)

        def halve(step):
            lr.mul_(0.9)

        return trajectory(lib, "SGD", {"lr": lr, "momentum": 0.9}, every_step=halve)

    compare(scenario, tolerance=1e-9)


def refusals(lib):
    param = lib.nn.Parameter(lib.ones(1))
    return [
        outcome(lib.optim.SGD, [param], **options)
        for options in (
            {"lr": -1}, {"momentum": -0.1}, {"weight_decay": -1}, {"nesterov": True},
            {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, {"lr": lib.ones(2)},
            {"foreach": True, "fused": True},
        )
    ]  # fmt: skip


@pytest.mark.referee
def test_refusals_are_pytorchs():
    compare(refusals)


@pytest.mark.parametrize("shape", [(), (1,), (600, 500), (1, 300_000), (300_000, 1), (3, 0)])
@pytest.mark.parametrize("layout", ["plain", "transposed", "strided"])
def test_blocks_and_layouts_change_nothing(shape, layout):
    rng = np.random.default_rng(0)
    start, gradient = np.asarray(rng.normal(size=shape)), np.asarray(rng.normal(size=shape))
    array = start.copy()
    if layout == "transposed":
        array = np.array(array, order="F")
    elif layout == "strided" and array.ndim:
        wide = np.zeros((*shape[:-1], 2 * shape[-1]))
        wide[..., ::2] = array
        array = wide[..., ::2]
    param = mt.nn.Parameter(mt.Tensor._wrap(array))
    optimiser = mt.optim.SGD([param], lr=0.5, momentum=0.9, weight_decay=0.1)
    expected, velocity = start.copy(), None
    for _ in range(3):
        param.grad = mt.tensor(gradient)
        optimiser.step()
        d = gradient + 0.1 * expected
        velocity = d if velocity is None else 0.9 * velocity + d
        expected = expected - 0.5 * velocity
    np.testing.assert_allclose(param.detach().numpy(), expected, rtol=1e-13, atol=1e-13)
    assert param._data is array


def test_state_has_the_dtype_and_the_gradient_is_not_touched():
    param = mt.nn.Parameter(mt.ones(3))
    param.grad = mt.tensor([1.0, 2.0, 3.0])
    optimiser = mt.optim.SGD([param], lr=np.float64(0.1), momentum=np.float64(0.9), weight_decay=0.1, maximize=True)
    for _ in range(3):
        optimiser.step()
    assert param.dtype is mt.float32
    assert optimiser.state[param]["momentum_buffer"].dtype is mt.float32
    assert param.grad.tolist() == [1.0, 2.0, 3.0]


def test_momentum_may_be_switched_on_later():
    param = mt.nn.Parameter(mt.zeros(1))
    param.grad = mt.ones(1)
    optimiser = mt.optim.SGD([param], lr=1.0)
    optimiser.step()
    assert not optimiser.state
    optimiser.param_groups[0]["momentum"] = 0.5
    optimiser.step()
    optimiser.step()
    assert param.item() == -1.0 - 1.0 - 1.5


def test_the_minimum_of_a_parabola_is_found():
    param = mt.nn.Parameter(mt.tensor([5.0, -3.0]))
    optimiser = mt.optim.SGD([param], lr=0.1, momentum=0.9, nesterov=True)
    for _ in range(200):
        optimiser.zero_grad()
        ((param - mt.tensor([1.0, 2.0])) ** 2).sum().backward()
        optimiser.step()
    np.testing.assert_allclose(param.detach().numpy(), [1.0, 2.0], atol=1e-4)
