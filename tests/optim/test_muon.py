"""Muon: single steps beside PyTorch's to the rounding of bfloat16, the rounding itself, states and refusals."""

import inspect

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.host import HOST
from minitorch.optim.muon import orthogonal, rounded
from tests.twins import compare, outcome, plain

OPTIONS = [{}, {"nesterov": False}, {"momentum": 0.3, "weight_decay": 0.0}, {"adjust_lr_fn": "match_rms_adamw"},
           {"adjust_lr_fn": "original", "ns_steps": 2}, {"ns_coefficients": (2.0, -1.5, 0.5), "eps": 0.1}]  # fmt: skip


def arrays(shape):
    rng = np.random.default_rng(sum(shape))
    return [rng.normal(size=shape) for _ in range(3)]


def step_of(lib, shape, options, dtype="float64"):
    """One step from a given state: the parameter's change in units of the rate, and the momentum."""
    start, gradient, momentum = (lib.tensor(a).to(getattr(lib, dtype)) for a in arrays(shape))
    param = lib.nn.Parameter(start.clone())
    made = lib.optim.Muon([param], lr=0.1, **options)
    param.grad = gradient
    made.state[param]["momentum_buffer"] = momentum
    made.step()
    return [(param.detach() - start).double() * 10, made.state[param]["momentum_buffer"].double()]


@pytest.mark.referee
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", [(4, 3), (3, 7), (16, 16), (1, 5), (40, 8)])
def test_a_step_is_pytorchs_to_the_rounding_of_bfloat16(shape, options):
    torch = pytest.importorskip("torch")
    (mine, momentum), (other, their_momentum) = (plain(step_of(lib, shape, options)) for lib in (mt, torch))
    np.testing.assert_allclose(momentum, their_momentum, rtol=1e-12)
    scale = np.abs(other).max()
    np.testing.assert_allclose(mine, other, atol=2**-6 * scale, rtol=0)
    assert np.sqrt(np.mean((mine - other) ** 2)) <= 2**-8 * scale


@pytest.mark.referee
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_other_dtypes_are_pytorchs(dtype):
    compare(step_of, (6, 4), {}, dtype, tolerance=0.1 if dtype != "float32" else 0.03)


@pytest.mark.referee
def test_rounding_is_bfloat16s():
    torch = pytest.importorskip("torch")
    values = np.concatenate([np.random.default_rng(0).normal(size=500) * 10.0 ** np.linspace(-40, 37, 500),
                             [0.0, -0.0, np.inf, -np.inf, np.nan, 1 + 2**-8, 1 + 3 * 2**-8, 3.4e38]]).astype(np.float32)  # fmt: skip
    np.testing.assert_array_equal(rounded(HOST, values), torch.tensor(values).bfloat16().float().numpy())


def test_singular_values_come_near_one():
    for shape in ((5, 9), (9, 5), (6, 6)):
        made = orthogonal(HOST, np.random.default_rng(1).normal(size=shape), (3.4445, -4.775, 2.0315), 5, 1e-7)
        assert made.shape == shape
        found = np.linalg.svd(made, compute_uv=False)
        assert 0.5 < found.min() and found.max() < 1.4


@pytest.mark.referee
def test_refusals_arguments_and_states_are_pytorchs():
    def scenario(lib):
        param, kind = lib.nn.Parameter(lib.ones(2, 2)), lib.optim.Muon
        made = kind([param])
        fresh = made.state_dict()
        found = [outcome(kind, [param], **options) for options in (
            {"lr": -1}, {"lr": lib.ones(2)}, {"momentum": -1}, {"weight_decay": -1}, {"adjust_lr_fn": "more"})]  # fmt: skip
        number = lib.nn.Parameter(lib.ones(2, 2, dtype=lib.complex64))
        number.grad = lib.ones(2, 2, dtype=lib.complex64)
        found += [outcome(kind, [lib.nn.Parameter(lib.ones(3))])[0], outcome(kind([number]).step)]
        param.grad = lib.ones(2, 2)
        found += [outcome(kind([param], ns_steps=100).step), outcome(kind([param], ns_coefficients=(1.0, 2.0)).step)]
        made.step()
        param.grad = lib.ones(2, 2).to_sparse()
        found.append(outcome(kind([param]).step))
        arguments = [(p.name, p.default) for p in inspect.signature(kind).parameters.values()]
        return [fresh, found, arguments, repr(made), list(made.state_dict()["state"][0])]

    compare(scenario)


def test_loading_goes_on_where_saving_stopped():
    a = mt.nn.Parameter(mt.linspace(-1, 1, 6).reshape(2, 3))
    made = mt.optim.Muon([a], lr=0.1)
    for _ in range(3):
        a.grad = mt.cos(a.detach())
        made.step()
    b = mt.nn.Parameter(a.detach().clone())
    other = mt.optim.Muon([b])
    other.load_state_dict(made.state_dict())
    for one, optimiser in ((a, made), (b, other)):
        for _ in range(3):
            one.grad = mt.cos(one.detach())
            optimiser.step()
    assert a.tolist() == b.tolist()


def test_nan_stays_nan():
    odd = np.array([0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001], dtype=np.uint32).view(np.float32)
    assert np.isnan(rounded(HOST, odd)).all()
