"""Adafactor: steps, states and refusals beside PyTorch's."""

import inspect
import itertools

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome

SHAPES = [(4, 3), (5,), (), (2, 3, 4), (1, 6), (6, 1)]
OPTIONS = [
    {"eps": eps, "d": d, "weight_decay": decay, "maximize": maximize}
    for eps, d, decay, maximize in itertools.product(((None, 1e-3), (0.1, 0.5)), (1.0, 3.0), (0.0, 0.1), (False, True))
] + [{"beta2_decay": -0.3, "lr": 0.5}, {"lr": 1e-4}]


def walk(lib, options, dtype="float64", steps=50):
    rng = np.random.default_rng(0)
    kind = getattr(lib, dtype)
    params = [lib.nn.Parameter(lib.tensor(rng.normal(size=shape)).to(kind)) for shape in SHAPES]
    made = lib.optim.Adafactor([{"params": params[:2]}, {"params": params[2:], "d": 2.0}], **options)
    found = []
    for step in range(steps):
        for place, param in enumerate(params):
            skipped = place == 1 and step % 3 == 2
            param.grad = None if skipped else ((param.detach().double() - place) * (1 + step % 2)).to(kind)
        made.step()
        if step % 10 == 9:
            found.append([p.detach().double() for p in params])
    state = {n: {k: v.double() for k, v in held.items()} for n, held in made.state_dict()["state"].items()}
    return [found, state, [list(v.shape) for held in state.values() for v in held.values()], repr(made)]


@pytest.mark.referee
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_fifty_steps_are_pytorchs(options):
    compare(walk, options, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_other_dtypes_are_pytorchs(dtype):
    compare(walk, {"eps": (0.1, 0.5)}, dtype, 10, tolerance={"float32": 1e-4, "float16": 2e-2}.get(dtype, 2e-1))


@pytest.mark.referee
def test_refusals_and_arguments_are_pytorchs():
    def scenario(lib):
        param, kind = lib.nn.Parameter(lib.ones(2)), lib.optim.Adafactor
        found = [outcome(kind, [param], **options) for options in (
            {"lr": -1}, {"lr": lib.ones(2)}, {"beta2_decay": 0.1}, {"eps": (-1, 1)}, {"eps": (None, -1)}, {"d": 0.5},
            {"weight_decay": -1})]  # fmt: skip
        number = lib.nn.Parameter(lib.ones(2, dtype=lib.complex64))
        number.grad = lib.ones(2, dtype=lib.complex64)
        param.grad = lib.ones(2).to_sparse()
        arguments = [(p.name, str(p.kind), p.default) for p in inspect.signature(kind).parameters.values()]
        return [found, outcome(kind([number]).step), outcome(kind([param]).step), arguments]

    compare(scenario)


def test_loading_goes_on_where_saving_stopped():
    def steps(made, param, numbers):
        for step in numbers:
            param.grad = mt.sin(param.detach() * (step + 1))
            made.step()

    a = mt.nn.Parameter(mt.linspace(-1, 1, 6).reshape(2, 3))
    made = mt.optim.Adafactor([a], lr=0.1)
    steps(made, a, range(5))
    b = mt.nn.Parameter(a.detach().clone())
    other = mt.optim.Adafactor([b])
    other.load_state_dict(made.state_dict())
    steps(made, a, range(5, 9))
    steps(other, b, range(5, 9))
    assert a.tolist() == b.tolist()


def test_an_empty_parameter_is_left_alone():
    param = mt.nn.Parameter(mt.ones(0, 3))
    param.grad = mt.ones(0, 3)
    mt.optim.Adafactor([param]).step()
    assert param.shape == (0, 3)


@pytest.mark.referee
def test_zeros_are_pytorchs():
    def scenario(lib):
        params = [lib.nn.Parameter(lib.zeros(*shape, dtype=lib.float64)) for shape in ((2, 3), (4,))]
        made = lib.optim.Adafactor(params)
        for _ in range(2):
            for param in params:
                param.grad = lib.zeros_like(param)
                param.grad[0] = 1e-9
            made.step()
        return params

    compare(scenario, tolerance=1e-9)
