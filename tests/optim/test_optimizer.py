"""Optimizer: groups, state, saving and loading, hooks and closures, alone and beside PyTorch's."""

import copy
import importlib
import pickle

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned


def two(lib):
    return [lib.nn.Parameter(lib.ones(2)), lib.nn.Parameter(lib.zeros(3))]


def stepped(lib, optimiser, params, steps=3):
    for step in range(steps):
        for place, param in enumerate(params):
            param.grad = lib.full(tuple(param.shape), 0.5 + step + place)
        optimiser.step()
    return optimiser


# ---- groups --------------------------------------------------------------------------------------------------------
def groups(lib):
    a, b = two(lib)
    c = lib.nn.Parameter(lib.zeros(1))
    optimiser = lib.optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5, "momentum": 0.9}], lr=0.1, weight_decay=0.2)
    optimiser.add_param_group({"params": iter([c]), "lr": 2.0})
    named = lib.optim.Adam([("a", a), ("b", b)])
    return [
        [{k: v for k, v in group.items() if k != "params"} for group in optimiser.param_groups],
        [len(group["params"]) for group in optimiser.param_groups],
        optimiser.param_groups[1]["params"][0] is b,
        optimiser.defaults,
        repr(optimiser), repr(lib.optim.Adam([a])), repr(lib.optim.AdamW([a], lr=0.5)), repr(named),
        named.state_dict()["param_groups"][0]["param_names"],
    ]  # fmt: skip


def refusals(lib):
    a, b = two(lib)
    sgd = lib.optim.SGD
    optimiser = sgd([a], lr=0.1)
    required = importlib.import_module(f"{lib.__name__}.optim.optimizer").required

    class Wants(lib.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"size": required})

    return [
        outcome(sgd, a), outcome(sgd, []), outcome(sgd, [3]), outcome(sgd, [{"params": "text"}]),
        outcome(sgd, [a * 2]), outcome(sgd, [{"params": {a}}]),
        outcome(sgd, [("a", a), b]), outcome(optimiser.add_param_group, {"params": [a]}),
        outcome(optimiser.add_param_group, [b])[0], outcome(optimiser.add_param_group, {"params": [("b", b)]}),
        outcome(sgd, [{"params": [a]}, {"params": [a]}]), outcome(Wants, [a]), repr(required),
        outcome(lib.optim.Optimizer([a], {}).step)[0],
    ]  # fmt: skip


def duplicates(lib):
    a, _ = two(lib)
    _, warnings = warned(lib.optim.SGD, [a, a], lr=0.1)
    return [(kind, text.partition(" (they are")[0]) for kind, text in warnings]


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [groups, refusals, duplicates])
def test_groups_are_pytorchs(scenario):
    compare(scenario)


def test_a_parameter_given_twice_is_stepped_once():
    param = mt.nn.Parameter(mt.zeros(1))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimiser = mt.optim.SGD([param, param], lr=1.0)
    param.grad = mt.ones(1)
    optimiser.step()
    assert param.item() == -1.0
    assert optimiser.state_dict()["param_groups"][0]["params"] == [0]


def test_tied_parameters_are_stepped_once():
    model = mt.nn.Sequential(mt.nn.Linear(1, 1, bias=False), mt.nn.Linear(1, 1, bias=False))
    model[1].weight = model[0].weight
    optimiser = mt.optim.SGD(model.parameters(), lr=1.0)
    with mt.no_grad():
        model[0].weight.fill_(2.0)
    model(mt.ones(1, 1)).sum().backward()
    optimiser.step()
    assert len(optimiser.param_groups[0]["params"]) == 1
    assert model[0].weight.item() == -2.0


def test_a_failed_group_leaves_the_optimiser_as_it_was():
    a, b = two(mt)
    optimiser = mt.optim.SGD([a], lr=0.1)
    group = {"params": [b, b * 1]}
    with pytest.raises(ValueError, match="non-leaf"):
        optimiser.add_param_group(group)
    assert len(optimiser.param_groups) == 1
    assert set(group) == {"params"}


# ---- stepping ------------------------------------------------------------------------------------------------------
def test_parameters_without_gradients_are_left_alone():
    a, b = two(mt)
    optimiser = mt.optim.Adam([a, b], lr=0.1)
    a.grad = mt.ones(2)
    optimiser.step()
    assert b.tolist() == [0.0, 0.0, 0.0]
    assert list(optimiser.state) == [a]


def test_a_step_writes_the_memory_and_is_noticed_by_an_older_graph():
    layer = mt.nn.Linear(2, 2)
    memory = layer.weight.data_ptr()
    version = layer.weight._cell[0]
    optimiser = mt.optim.SGD(layer.parameters(), lr=0.1)
    x = mt.ones(1, 2, requires_grad=True)
    y = layer(x).sum()
    y.backward(retain_graph=True)
    optimiser.step()
    assert layer.weight.data_ptr() == memory
    assert layer.weight._cell[0] > version
    assert layer.weight.is_leaf and layer.weight.requires_grad
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def closures(lib):
    a, _ = two(lib)
    optimiser = lib.optim.SGD([a], lr=0.1)
    modes = []

    def closure():
        modes.append(lib.is_grad_enabled())
        optimiser.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    with lib.no_grad():
        first = optimiser.step(closure)
    return [first, optimiser.step(closure), a, modes, optimiser.step()]


def zeroing(lib):
    a, b = two(lib)
    optimiser = lib.optim.SGD([a, b], lr=0.1)
    (a.sum() * 2).backward()
    kept = a.grad
    optimiser.zero_grad(set_to_none=False)
    found = [a.grad is kept, a.grad, b.grad]
    optimiser.zero_grad()
    return [*found, a.grad]


def own_optimiser(lib):
    class Signs(lib.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @lib.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for param in group["params"]:
                    self.state[param]["steps"] = self.state[param].get("steps", 0) + 1
                    param.add_(param.grad.sign(), alpha=-group["lr"])
            return "done"

    a, b = two(lib)
    seen = []
    optimiser = Signs([a, b], lr=0.25)
    optimiser.register_step_pre_hook(lambda o, args, kwargs: seen.append(("before", len(args), sorted(kwargs))))
    optimiser.register_step_post_hook(lambda o, args, kwargs: seen.append(("after", len(args), sorted(kwargs))))
    stepped(lib, optimiser, [a, b])
    return [a, b, optimiser.state_dict(), seen, optimiser.step(closure=None), len(seen)]


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [closures, zeroing, own_optimiser])
def test_steps_are_pytorchs(scenario):
    compare(scenario, tolerance=1e-7)


def test_no_numpy_warning_reaches_the_user():
    param = mt.nn.Parameter(mt.full((2,), 1e38))
    for optimiser in (mt.optim.SGD([param], lr=1e10, momentum=0.9), mt.optim.Adam([param], lr=1e10)):
        param.grad = mt.full((2,), 3e38)
        with np.errstate(all="raise"):
            optimiser.step()


# ---- saving and loading --------------------------------------------------------------------------------------------
def saved(lib, name, options):
    a, b = two(lib)
    optimiser = getattr(lib.optim, name)([{"params": [a]}, {"params": [b], "lr": 0.5}], **options)
    fresh = optimiser.state_dict()
    return [fresh, stepped(lib, optimiser, [a, b]).state_dict()]


@pytest.mark.referee
@pytest.mark.parametrize(
    ("name", "options"),
    [("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {}), ("Adam", {"amsgrad": True}),
     ("AdamW", {"weight_decay": 0.3})],
)  # fmt: skip
def test_state_dicts_are_pytorchs(name, options):
    compare(saved, name, options, tolerance=1e-6)


@pytest.mark.parametrize(("name", "options"), [("SGD", {"momentum": 0.9}), ("Adam", {"amsgrad": True}), ("AdamW", {})])
def test_loading_goes_on_where_saving_stopped(name, options):
    a, b = two(mt)
    one = stepped(mt, getattr(mt.optim, name)([a, b], lr=0.1, **options), [a, b])
    c, d = mt.nn.Parameter(a.detach().clone()), mt.nn.Parameter(b.detach().clone())
    other = getattr(mt.optim, name)([c, d], lr=0.7, **options)
    other.load_state_dict(one.state_dict())
    assert other.param_groups[0]["lr"] == 0.1
    stepped(mt, one, [a, b])
    stepped(mt, other, [c, d])
    assert a.tolist() == c.tolist() and b.tolist() == d.tolist()
    for key, value in one.state[a].items():
        assert value is not other.state[c][key]


def loads(lib):
    a, b = two(lib)
    optimiser = stepped(lib, lib.optim.Adam([a, b], lr=0.1), [a, b])
    state = optimiser.state_dict()
    wide = [lib.nn.Parameter(p.detach().double()) for p in (a, b)]
    other = lib.optim.Adam(wide)
    other.load_state_dict(state)
    found = [[str(value.dtype) for value in other.state[wide[0]].values()], other.state_dict()["param_groups"]]
    c = lib.nn.Parameter(lib.zeros(1))
    kinds = [outcome(lib.optim.Adam([{"params": [a]}, {"params": [b]}]).load_state_dict, state),
             outcome(lib.optim.Adam([c]).load_state_dict, state)]  # fmt: skip
    found.append([(kind, text.partition(" (")[0]) for kind, text in kinds])
    seen = []
    optimiser.register_state_dict_pre_hook(lambda o: seen.append("saving"))
    optimiser.register_state_dict_post_hook(lambda o, s: {**s, "more": 1})
    optimiser.register_load_state_dict_pre_hook(lambda o, s: seen.append(sorted(s)))
    optimiser.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimiser.load_state_dict(optimiser.state_dict())
    old = {"state": {0: {"step": 3, "exp_avg": lib.ones(2), "exp_avg_sq": lib.ones(2)}},
           "param_groups": [{"params": [0, 1], "lr": 0.5, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0,
                             "amsgrad": False}]}  # fmt: skip
    optimiser.load_state_dict(old)
    stepped(lib, optimiser, [a, b], steps=1)
    return [*found, seen, a, b, list(optimiser.state[a].values())]


@pytest.mark.referee
def test_loading_is_pytorchs():
    compare(loads, tolerance=1e-6)


@pytest.mark.referee
def test_an_optimiser_of_pytorch_loads_here():
    torch = pytest.importorskip("torch")
    a, b = two(torch)
    theirs = stepped(torch, torch.optim.AdamW([a, b], lr=0.1, amsgrad=True), [a, b])
    state = theirs.state_dict()
    given = {
        "state": {n: {k: mt.tensor(v.numpy()) for k, v in s.items()} for n, s in state["state"].items()},
        "param_groups": state["param_groups"],
    }
    c, d = (mt.nn.Parameter(mt.tensor(p.detach().numpy())) for p in (a, b))
    ours = mt.optim.AdamW([c, d], amsgrad=True)
    ours.load_state_dict(given)
    stepped(torch, theirs, [a, b])
    stepped(mt, ours, [c, d])
    np.testing.assert_allclose(c.detach().numpy(), a.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(d.detach().numpy(), b.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))], ids=["deepcopy", "pickle"])
def test_copies_step_on_their_own(again):
    a, b = two(mt)
    optimiser = stepped(mt, mt.optim.Adam([a, b], lr=0.1), [a, b])
    twin = again(optimiser)
    c, d = twin.param_groups[0]["params"]
    assert c is not a
    assert set(twin.state) == {c, d}
    before = a.tolist()
    stepped(mt, twin, [c, d])
    assert a.tolist() == before and c.tolist() != before
    stepped(mt, optimiser, [a, b])
    assert a.tolist() == c.tolist()


# ---- hooks ---------------------------------------------------------------------------------------------------------
def test_hooks_of_all_optimisers_run_outside_their_own():
    a, _ = two(mt)
    optimiser = mt.optim.SGD([a], lr=0.1)
    seen = []
    optimiser.register_step_pre_hook(lambda o, args, kwargs: seen.append("own before"))
    optimiser.register_step_post_hook(lambda o, args, kwargs: seen.append("own after"))
    before = mt.optim.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    after = mt.optim.register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    with before, after:
        optimiser.step()
    optimiser.step()
    assert seen == ["before", "own before", "own after", "after", "own before", "own after"]


def test_a_pre_hook_may_replace_the_arguments():
    a, _ = two(mt)
    optimiser = mt.optim.SGD([a], lr=0.1)
    optimiser.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 7), {}))
    assert optimiser.step() == 7
    optimiser.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimiser.step()


def test_a_step_that_calls_its_parents_runs_the_hooks_once():
    class Twice(mt.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step(closure)

    a, _ = two(mt)
    optimiser = Twice([a], lr=1.0)
    seen = []
    optimiser.register_step_post_hook(lambda o, args, kwargs: seen.append(1))
    a.grad = mt.ones(2)
    optimiser.step()
    assert seen == [1]
    assert a.tolist() == [-1.0, -1.0]


def test_an_optimiser_without_a_rule_says_so():
    a, _ = two(mt)
    a.grad = mt.ones(2)
    with pytest.raises(NotImplementedError, match="neither step nor _update"):
        mt.optim.Optimizer([a], {}).step()


