"""Adam and AdamW: trajectories beside PyTorch's, over options, dtypes, layouts and sizes."""

import itertools

import numpy as np
import pytest

import minitorch as mt
from tests.optim.trajectories import trajectory
from tests.twins import compare, outcome

OPTIONS = [
    {"betas": betas, "weight_decay": decay, "amsgrad": amsgrad, "maximize": maximize}
    for betas, decay, amsgrad, maximize in itertools.product(
        ((0.9, 0.999), (0.3, 0.5)), (0, 0.05), (False, True), (False, True)
    )
]


@pytest.mark.referee
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_fifty_steps_are_pytorchs(name, options):
    compare(trajectory, name, {"lr": 0.03, **options}, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize(
    "options",
    [{}, {"eps": 0.1}, {"betas": (0.0, 0.0), "eps": 1e-3}, {"lr": 0.0, "weight_decay": 0.1},
     {"weight_decay": 0.1, "decoupled_weight_decay": True}],
    ids=str,
)  # fmt: skip
def test_further_options_are_pytorchs(options):
    compare(trajectory, "Adam", options, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128", "float16", "bfloat16"])
def test_other_dtypes_are_pytorchs(dtype, name):
    tolerance = {"float16": 3e-2, "bfloat16": 2e-1, "complex128": 1e-9}.get(dtype, 2e-4)
    options = {"lr": 0.03, "weight_decay": 0.05, "amsgrad": True, "eps": 1e-3}
    compare(trajectory, name, options, dtype, 10, tolerance=tolerance)


@pytest.mark.referee
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_a_learning_rate_may_be_a_tensor_that_changes(kind):
    def scenario(lib):
        lr = lib.tensor(0.1, dtype=getattr(lib, kind))

        def shrink(step):
            lr.mul_(0.9)

        return trajectory(lib, "AdamW", {"lr": lr}, every_step=shrink)

    compare(scenario, tolerance=1e-9)


@pytest.mark.referee
def test_betas_may_be_tensors():
    def scenario(lib):
        betas = tuple(lib.tensor(value, dtype=lib.float64) for value in (0.8, 0.95))
        return trajectory(lib, "Adam", {"betas": betas})

    compare(scenario, tolerance=1e-9)


def refusals(lib):
    param = lib.nn.Parameter(lib.ones(1))
    half = lib.tensor(0.5)
    return [
        outcome(lib.optim.Adam, [param], **options)
        for options in (
            {"lr": -1}, {"eps": -1}, {"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)}, {"weight_decay": -1},
            {"lr": lib.ones(2)}, {"lr": half, "foreach": True}, {"betas": (half, 0.5)},
            {"foreach": True, "fused": True},
            {"lr": float("nan")},
        )
    ]  # fmt: skip


@pytest.mark.referee
def test_refusals_are_pytorchs():
    compare(refusals)


@pytest.mark.referee
def test_step_counts_take_the_default_dtype():
    def scenario(lib):
        param = lib.nn.Parameter(lib.ones(1))
        param.grad = lib.ones(1)
        before = lib.get_default_dtype()
        found = []
        try:
            for kind in (lib.float32, lib.float64):
                lib.set_default_dtype(kind)
                optimiser = lib.optim.Adam([param])
                optimiser.step()
                found.append(optimiser.state[param]["step"])
        finally:
            lib.set_default_dtype(before)
        return found

    compare(scenario)


@pytest.mark.parametrize("shape", [(), (600, 500), (1, 300_000), (300_000, 1), (3, 0)])
@pytest.mark.parametrize("fortran", [False, True])
def test_blocks_and_layouts_change_nothing(shape, fortran):
    rng = np.random.default_rng(0)
    start, gradient = np.asarray(rng.normal(size=shape)), np.asarray(rng.normal(size=shape))
    param = mt.nn.Parameter(mt.Tensor._wrap(np.array(start, order="F" if fortran else "C")))
    optimiser = mt.optim.Adam([param], lr=0.1, weight_decay=0.1, amsgrad=True)
    expected, m, v, largest = start.copy(), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for count in range(1, 4):
        param.grad = mt.tensor(np.asarray(gradient * count))
        optimiser.step()
        d = gradient * count + 0.1 * expected
        m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d * d
        largest = np.maximum(largest, v)
        expected = expected - 0.1 / (1 - 0.9**count) * m / (np.sqrt(largest) / np.sqrt(1 - 0.999**count) + 1e-8)
    np.testing.assert_allclose(param.detach().numpy(), expected, rtol=1e-12, atol=1e-12)


def test_state_has_the_dtype_and_the_gradient_is_not_touched():
    param = mt.nn.Parameter(mt.ones(3))
    param.grad = mt.tensor([1.0, 2.0, 3.0])
    optimiser = mt.optim.AdamW([param], lr=np.float64(0.1), weight_decay=np.float64(0.1), maximize=True, amsgrad=True)
    for _ in range(3):
        optimiser.step()
    state = optimiser.state[param]
    assert [state[name].dtype for name in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")] == [mt.float32] * 3
    assert param.dtype is mt.float32
    assert state["step"].item() == 3.0
    assert param.grad.tolist() == [1.0, 2.0, 3.0]


def test_an_adam_state_becomes_adamws_when_loaded():
    param = mt.nn.Parameter(mt.ones(1))
    other = mt.optim.AdamW([param])
    other.load_state_dict(mt.optim.Adam([param], weight_decay=0.1).state_dict())
    assert other.param_groups[0]["decoupled_weight_decay"] is True
    assert other.param_groups[0]["weight_decay"] == 0.1


def test_a_small_network_learns():
    mt.manual_seed(0)
    model = mt.nn.Sequential(mt.nn.Linear(2, 16), mt.nn.Tanh(), mt.nn.Linear(16, 1))
    x = mt.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = mt.tensor([[0.0], [1.0], [1.0], [0.0]])
    optimiser = mt.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimiser.step()
    assert loss.item() < 1e-3
