"""Schedules: rates, momenta and states beside PyTorch's, alone and combined; warnings and refusals; saving."""

import copy
import json
import pickle
import warnings

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned


class Halved:
    """A callable object: its attributes are saved."""

    def __init__(self, every=3):
        self.every = every

    def __call__(self, epoch):
        return 0.5 ** (epoch // self.every)


MAKE = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 0.9**epoch),
    "lambdas": lambda s, o: s.LambdaLR(o, [Halved(2), Halved(5)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, [lambda e: 0.95, lambda e: 1.0 + 0.01 * (e % 3)]),
    "step": lambda s, o: s.StepLR(o, 4, 0.3),
    "multistep": lambda s, o: s.MultiStepLR(o, [7, 3, 7], 0.5),
    "constant": lambda s, o: s.ConstantLR(o, 0.25, 6),
    "linear": lambda s, o: s.LinearLR(o, 0.2, 0.9, 8),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.87),
    "polynomial": lambda s, o: s.PolynomialLR(o, 12, 1.7),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 7, 0.001),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "restarts alike": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, 3),
    "cyclic 2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.2, 0.3], 3, mode="triangular2"),
    "cyclic shrinking": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, mode="exp_range", gamma=0.9, base_momentum=[0.7, 0.6]),
    "cyclic own": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, scale_fn=Halved(1), cycle_momentum=False),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.3, 50),
    "one cycle linear": lambda s, o: s.OneCycleLR(o, [0.3, 0.2], epochs=5, steps_per_epoch=10, anneal_strategy="linear"),
    "one cycle in three": lambda s, o: s.OneCycleLR(o, 0.3, 50, pct_start=0.4, three_phase=True, cycle_momentum=False),
    "sequence": lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=5), s.CosineAnnealingLR(o, 9), s.StepLR(o, 2)], [5, 20]),
    "chain": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 5), s.ExponentialLR(o, 0.9), s.StepLR(o, 3)]),
    "sequence in chain": lambda s, o: s.ChainedScheduler([s.SequentialLR(o, [s.ConstantLR(o), s.ExponentialLR(o, 0.9)], [4]), s.PolynomialLR(o, 30)]),
}  # fmt: skip
OPTIMISERS = {"SGD": {"momentum": 0.9}, "Adam": {}}


def built(lib, name, optimiser="SGD", rates=(0.1, 0.05)):
    """An optimiser of two groups that has made its first step, and its schedule."""
    params = [lib.nn.Parameter(lib.ones(1)) for _ in rates]
    groups = [{"params": [p], "lr": lr} for p, lr in zip(params, rates, strict=True)]
    made = getattr(lib.optim, optimiser)(groups, lr=0.5, **OPTIMISERS[optimiser])
    schedule = MAKE[name](lib.optim.lr_scheduler, made)
    made.step()
    return made, schedule


def state_of(value):
    """A state without what differs between two libraries: functions and their homes."""
    if isinstance(value, dict):
        return {k: state_of(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [state_of(v) for v in value]
    return value


def run(lib, name, optimiser="SGD", steps=50):
    made, schedule = built(lib, name, optimiser)
    found = []
    for _ in range(steps):
        found.append([[group["lr"], group.get("momentum"), list(group.get("betas", ()))] for group in made.param_groups])
        found.append(list(schedule.get_last_lr()))
        schedule.step()
    options = [{k: state_of(v) for k, v in group.items() if k != "params"} for group in made.param_groups]
    return [found, state_of(schedule.state_dict()), options]


@pytest.mark.referee
@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("name", MAKE)
def test_fifty_steps_are_pytorchs(name, optimiser):
    compare(run, name, optimiser, tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("name", [name for name in MAKE if not name.startswith(("sequence", "chain"))])
def test_an_epoch_may_be_given(name):
    def scenario(lib):
        made, schedule = built(lib, name)
        found = []
        for epoch in (2, 9, 4):
            _, said = warned(schedule.step, epoch)
            found.append([list(schedule.get_last_lr()), said])
        return found

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("name", MAKE)
def test_a_rate_may_be_a_tensor(name):
    def scenario(lib):
        rates = [lib.tensor(value, dtype=lib.float64) for value in (0.1, 0.05)]
        made, schedule = built(lib, name, rates=rates)
        found = []
        for _ in range(12):
            schedule.step()
            found.append([float(group["lr"]) for group in made.param_groups])
        return [found, [group["lr"] is rate for group, rate in zip(made.param_groups, rates, strict=True)]]

    compare(scenario, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("last", [0, 3, 6])
@pytest.mark.parametrize("name", ["lambda", "multiplicative", "step", "multistep", "constant", "linear", "exponential",
                                  "polynomial", "cosine"])  # fmt: skip
def test_a_schedule_may_go_on_from_an_epoch(name, last):
    def scenario(lib):
        param = lib.nn.Parameter(lib.ones(1))
        made = lib.optim.SGD([{"params": [param], "initial_lr": 0.2, "lr": 0.11}], lr=0.1)
        s = lib.optim.lr_scheduler
        kinds = {"lambda": (s.LambdaLR, (lambda e: 0.9**e,)), "multiplicative": (s.MultiplicativeLR, (lambda e: 0.9,)),
                 "step": (s.StepLR, (3,)), "multistep": (s.MultiStepLR, ([2, 5],)), "constant": (s.ConstantLR, ()),
                 "linear": (s.LinearLR, ()), "exponential": (s.ExponentialLR, (0.9,)),
                 "polynomial": (s.PolynomialLR, (9,)), "cosine": (s.CosineAnnealingLR, (8,))}  # fmt: skip
        kind, args = kinds[name]
        schedule = kind(made, *args, last_epoch=last)
        made.step()
        found = []
        for _ in range(6):
            found.append(schedule.get_last_lr())
            schedule.step()
        return found

    compare(scenario, tolerance=1e-12)


PLATEAUS = [{}, {"patience": 1, "factor": 0.5, "cooldown": 2}, {"mode": "max", "patience": 0, "threshold": 0.05},
            {"patience": 1, "threshold_mode": "abs", "threshold": 0.3, "min_lr": [0.01, 0.04]},
            {"mode": "max", "threshold_mode": "abs", "patience": 2, "eps": 0.02}]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateaus_are_pytorchs(options):
    metrics = np.random.default_rng(0).normal(size=40).cumsum()

    def scenario(lib):
        made, _ = built(lib, "lambda")
        schedule = lib.optim.lr_scheduler.ReduceLROnPlateau(made, **options)
        found = []
        for place, metric in enumerate(metrics.tolist()):
            schedule.step(lib.tensor(metric, dtype=lib.float64) if place % 2 else metric)
            found.append([list(schedule.get_last_lr()), schedule.in_cooldown, schedule.num_bad_epochs])
        made.add_param_group({"params": [lib.nn.Parameter(lib.ones(1))], "lr": 1.0})
        late = outcome(schedule._reduce_lr, 3)
        return [found, late, schedule.min_lrs, schedule.state_dict()]

    compare(scenario, tolerance=1e-12)


@pytest.mark.parametrize("name", MAKE)
def test_loading_goes_on_where_saving_stopped(name):
    made, schedule = built(mt, name)
    for _ in range(7):
        schedule.step()
    saved, groups = copy.deepcopy(schedule.state_dict()), made.state_dict()
    other, again = built(mt, name)
    before = copy.deepcopy(saved)
    other.load_state_dict(groups)
    again.load_state_dict(saved)
    assert saved == before
    for _ in range(9):
        schedule.step()
        again.step()
        assert schedule.get_last_lr() == again.get_last_lr()
        assert [g["lr"] for g in made.param_groups] == [g["lr"] for g in other.param_groups]


@pytest.mark.referee
@pytest.mark.parametrize("name", MAKE)
def test_a_schedule_of_pytorch_loads_here(name):
    torch = pytest.importorskip("torch")
    made, schedule = built(torch, name)
    for _ in range(7):
        schedule.step()
    other, again = built(mt, name)
    again.load_state_dict(copy.deepcopy(schedule.state_dict()))
    for mine, group in zip(other.param_groups, made.param_groups, strict=True):
        mine.update({k: v for k, v in group.items() if k != "params"})
    for _ in range(9):
        schedule.step()
        again.step()
        np.testing.assert_allclose(again.get_last_lr(), schedule.get_last_lr(), rtol=1e-12)


def order(lib):
    param = lib.nn.Parameter(lib.ones(1))

    def first(early, replaced=False):
        made = lib.optim.SGD([param], lr=0.1)
        schedule = lib.optim.lr_scheduler.StepLR(made, 1)
        if replaced:
            made.step = lambda: None
        elif not early:
            made.step()
        said = [warned(schedule.step)[1] for _ in range(2)]
        return [[(kind, text.partition(". ")[0]) for kind, text in found] for found in said]

    made = lib.optim.SGD([param], lr=0.1)
    asked = warned(lib.optim.lr_scheduler.StepLR(made, 1).get_lr)
    return [first(True), first(False), first(False, True), asked]


def refusals(lib):
    s = lib.optim.lr_scheduler
    made, schedule = built(lib, "step")
    other, foreign = built(lib, "step")
    adagrad = lib.optim.Optimizer([lib.nn.Parameter(lib.ones(1))], {"lr": 0.1})
    plateau = s.ReduceLROnPlateau(made)
    cases = [
        (s.StepLR, 3, 1), (s.StepLR, other, 1, 0.1, None), (s.LambdaLR, made, [len]), (s.MultiplicativeLR, made, 3),
        (s.ConstantLR, made, 2.0), (s.ConstantLR, made, -1), (s.LinearLR, made, 0), (s.LinearLR, made, 1, 2),
        (s.CosineAnnealingWarmRestarts, made, 0), (s.CosineAnnealingWarmRestarts, made, 1.5),
        (s.CosineAnnealingWarmRestarts, made, 1, 0), (s.CosineAnnealingWarmRestarts, made, 1, 1, "a"),
        (s.CosineAnnealingWarmRestarts(made, 2).step, -1), (s.ReduceLROnPlateau, made, "min", 1.0),
        (s.ReduceLROnPlateau, 3), (s.ReduceLROnPlateau, made, "least"), (plateau.step,),
        (s.ReduceLROnPlateau, made, "min", 0.1, 1, 1e-4, "share"),
        (s.CyclicLR, 3, 1, 2), (s.CyclicLR, made, [1], 2), (s.CyclicLR, made, 1, 2, 3, 4, "round"),
        (s.CyclicLR, adagrad, 1, 2), (s.OneCycleLR, 3, 1), (s.OneCycleLR, made, 1), (s.OneCycleLR, made, 1, 0),
        (s.OneCycleLR, made, 1, None, 0, 3), (s.OneCycleLR, made, 1, None, 3, 1.5), (s.OneCycleLR, made, 1, 9, None, None, 2.0),
        (s.OneCycleLR, made, 1, 9, None, None, 0.3, "round"), (s.OneCycleLR, adagrad, 1, 9),
        (s.SequentialLR, made, [], []), (s.SequentialLR, made, [3], []), (s.SequentialLR, made, [plateau], []),
        (s.SequentialLR, made, [schedule], [1]), (s.ChainedScheduler, []), (s.ChainedScheduler, [schedule, plateau]),
        (s.LRScheduler, made),
    ]  # fmt: skip
    found = [outcome(call, *args) for call, *args in cases]
    tired = s.OneCycleLR(made, 0.1, 2)
    tired.step()
    tired.step()
    found.append(outcome(tired.step))
    found.append(outcome(s.StepLR, lib.optim.SGD([lib.nn.Parameter(lib.ones(1))]), 1, 0.1, 4))
    found.append(outcome(s.ChainedScheduler, [schedule, foreign])[1][:90])
    return [case if isinstance(case, str) or case is None else [case[0], case[1].partition("missing")[2] or case[1]]
            for case in found if not hasattr(case, "step")]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [order, refusals])
def test_warnings_and_refusals_are_pytorchs(scenario):
    compare(scenario)


@pytest.mark.referee
def test_names_are_pytorchs():
    theirs = pytest.importorskip("torch").optim.lr_scheduler
    assert set(theirs.__all__) <= set(mt.optim.lr_scheduler.__all__)
    assert issubclass(mt.optim.lr_scheduler._LRScheduler, mt.optim.lr_scheduler.LRScheduler)


def test_an_own_schedule_needs_get_lr_only():
    class Sawtooth(mt.optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            return [rate * (1 - self.last_epoch % 3 / 3) for rate in self.base_lrs]

    made = mt.optim.SGD([mt.nn.Parameter(mt.ones(1))], lr=0.3)
    schedule = Sawtooth(made)
    made.step()
    found = []
    for _ in range(4):
        found.append(made.param_groups[0]["lr"])
        schedule.step()
    np.testing.assert_allclose(found, [0.3, 0.2, 0.1, 0.3])


def test_a_step_noted_by_a_schedule_keeps_its_hooks_and_no_cycle():
    made, schedule = built(mt, "step")
    seen = []
    made.register_step_post_hook(lambda *_: seen.append(1))
    made.step()
    assert seen == [1]
    twin = copy.deepcopy(made)
    twin.step()
    assert "step" not in twin.__dict__
    back = pickle.loads(pickle.dumps(schedule))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        back.step()
    assert back.last_epoch == 1 and schedule.last_epoch == 0


def test_the_states_of_plain_schedules_are_plain():
    for name in ("step", "linear", "cosine", "restarts", "exponential", "polynomial", "one cycle", "sequence", "chain"):
        assert json.loads(json.dumps(built(mt, name)[1].state_dict()))
