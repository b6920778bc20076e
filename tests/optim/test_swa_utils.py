"""Averaged models, their batch norms and their rates, beside PyTorch's."""

import copy

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome


def model_of(lib, seed=0):
    """A small net with a batch norm and a buffer of integers, with the same numbers in both libraries."""
    nn = lib.nn
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
    wiggle(lib, model, seed)
    return model


def wiggle(lib, model, seed):
    rng = np.random.default_rng(seed)
    with lib.no_grad():
        for param in model.parameters():
            param.add_(lib.tensor(rng.normal(size=tuple(param.shape))) - param * 0.5)
            if seed == 0:
                param.copy_(lib.tensor(rng.normal(size=tuple(param.shape))))
        for buffer in model.buffers():
            if buffer.ndim:
                buffer.copy_(lib.tensor(rng.uniform(0.5, 1.0, size=tuple(buffer.shape))))
            else:
                buffer += 3


WAYS = {
    "equal": lambda u: {},
    "equal by function": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "equal by lists": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "moving": lambda u: {"avg_fn": u.get_ema_avg_fn(0.9)},
    "moving by lists": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.9)},
    "own": lambda u: {"avg_fn": lambda a, p, n: 0.3 * a + 0.7 * p},
    "own by lists": lambda u: {"multi_avg_fn": lambda many, params, n: [a.copy_(p * (n + 1)) for a, p in zip(many, params, strict=True)]},
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_averages_are_pytorchs(way, use_buffers):
    if use_buffers and way == "equal by lists":
        pytest.skip("PyTorch cannot average integers so")

    def scenario(lib):
        utils = lib.optim.swa_utils
        model = model_of(lib)
        averaged = utils.AveragedModel(model, use_buffers=use_buffers, **WAYS[way](utils))
        for seed in range(1, 5):
            wiggle(lib, model, seed)
            averaged.update_parameters(model)
        averaged.eval()
        x = lib.linspace(0, 1, 6, dtype=lib.float64).reshape(2, 3)
        return [dict(averaged.state_dict()), averaged(x), averaged.n_averaged]

    compare(scenario, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norms_are_updated_as_pytorchs(training, pairs):
    def scenario(lib):
        model = model_of(lib).train(training)
        rng = np.random.default_rng(3)
        data = [lib.tensor(rng.normal(size=(5, 3))) for _ in range(4)]
        lib.optim.swa_utils.update_bn([(x, 0) for x in data] if pairs else data, model, device="cpu")
        bare = lib.nn.Linear(1, 1)
        lib.optim.swa_utils.update_bn([3], bare)
        return [dict(model.state_dict()), model.training, model[1].momentum]

    compare(scenario, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("options", [{}, {"anneal_epochs": 4, "anneal_strategy": "linear"}, {"anneal_epochs": 0},
                                     {"swa_lr": [0.01, 0.2], "anneal_epochs": 7}], ids=str)  # fmt: skip
def test_rates_are_pytorchs(options):
    def scenario(lib):
        params = [lib.nn.Parameter(lib.ones(1)) for _ in range(2)]
        made = lib.optim.SGD([{"params": [params[0]]}, {"params": [params[1]], "lr": 0.5}], lr=0.1)
        first = lib.optim.lr_scheduler.ExponentialLR(made, 0.9)
        schedule = lib.optim.swa_utils.SWALR(made, **{"swa_lr": 0.03, **options})
        made.step()
        found = []
        for step in range(15):
            if step < 3:
                first.step()
            schedule.step()
            found.append(list(schedule.get_last_lr()))
        return [found, {k: v for k, v in schedule.state_dict().items()}]  # noqa: C416

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
def test_refusals_are_pytorchs():
    def scenario(lib):
        utils = lib.optim.swa_utils
        made = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=0.1)
        return [outcome(utils.get_ema_avg_fn, 1.5), outcome(utils.get_ema_multi_avg_fn, -1),
                outcome(utils.AveragedModel, lib.nn.Linear(1, 1), None, len, len),
                outcome(utils.SWALR, made, 0.1, 10, "round"), outcome(utils.SWALR, made, 0.1, -1),
                outcome(utils.SWALR, made, 0.1, 1.5), outcome(utils.SWALR, made, [0.1, 0.2]), sorted(utils.__all__)]  # fmt: skip

    compare(scenario)


def test_a_model_and_its_average_are_apart_and_can_be_saved():
    model = model_of(mt)
    averaged = mt.optim.swa_utils.AveragedModel(model)
    before = copy.deepcopy(averaged.state_dict())
    wiggle(mt, model, 1)
    assert all((before[key] == value).all() for key, value in averaged.state_dict().items())
    averaged.update_parameters(model)
    other = mt.optim.swa_utils.AveragedModel(model_of(mt))
    other.load_state_dict(averaged.state_dict())
    for one in (averaged, other):
        wiggle(mt, copy.deepcopy(model), 2)
        one.update_parameters(model)
    assert all((averaged.state_dict()[key] == value).all() for key, value in other.state_dict().items())


def test_integers_are_averaged_too():
    utils = mt.optim.swa_utils
    for way in (utils.get_swa_multi_avg_fn(), utils.get_ema_multi_avg_fn(0.5)):
        kept = mt.tensor([4, 8])
        way([kept], [mt.tensor([10, 2])], mt.tensor(1))
        assert kept.tolist() == [7, 5]


def test_a_rate_resumes():
    made = mt.optim.SGD([mt.nn.Parameter(mt.ones(1))], lr=0.1)
    schedule = mt.optim.swa_utils.SWALR(made, 0.01)
    made.step()
    for _ in range(4):
        schedule.step()
    other = mt.optim.SGD([mt.nn.Parameter(mt.ones(1))], lr=0.1)
    again = mt.optim.swa_utils.SWALR(other, 0.01)
    other.load_state_dict(made.state_dict())
    again.load_state_dict(schedule.state_dict())
    other.step()
    for _ in range(8):
        schedule.step()
        again.step()
        assert schedule.get_last_lr() == again.get_last_lr()
