"""Every further elementwise optimiser: trajectories, states, refusals and layouts beside PyTorch's, over its options."""

import copy
import inspect
import itertools

import numpy as np
import pytest

import minitorch as mt
from minitorch.optim import _pieces
from tests.optim.trajectories import trajectory
from tests.twins import compare, outcome


def grid(**choices):
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


BOTH = (False, True)
GRIDS = {
    "Adamax": grid(lr=(0.03,), betas=((0.9, 0.999), (0.3, 0.5)), eps=(1e-8, 0.1), weight_decay=(0, 0.05), maximize=BOTH),
    "NAdam": grid(lr=(0.03,), betas=((0.9, 0.999), (0.3, 0.5)), momentum_decay=(4e-3, 0.3), weight_decay=(0, 0.05),
                  decoupled_weight_decay=BOTH, maximize=BOTH),
    "RAdam": grid(lr=(0.03,), betas=((0.9, 0.999), (0.3, 0.5), (0.2, 0.9)), weight_decay=(0, 0.05),
                  decoupled_weight_decay=BOTH, maximize=BOTH),
    "Adagrad": grid(lr=(0.1,), lr_decay=(0, 0.1), weight_decay=(0, 0.05), initial_accumulator_value=(0, 0.3),
                    eps=(1e-10, 0.1), maximize=BOTH),
    "Adadelta": grid(lr=(1.0, 0.1), rho=(0.9, 0.2, 1.0), eps=(1e-6, 0.1), weight_decay=(0, 0.05), maximize=BOTH),
    "RMSprop": grid(lr=(0.01,), alpha=(0.99, 0.5), weight_decay=(0, 0.05), momentum=(0, 0.9), centered=BOTH,
                    maximize=BOTH),
    "Rprop": grid(lr=(0.01,), etas=((0.5, 1.2), (0.1, 3.0)), step_sizes=((1e-6, 50), (0.005, 0.02)), maximize=BOTH),
    "ASGD": grid(lr=(0.03,), lambd=(1e-4, 0.1), alpha=(0.75, 2.0), t0=(1e6, 7), weight_decay=(0, 0.05), maximize=BOTH),
}  # fmt: skip
SOME = {name: options[len(options) // 2 + 1] for name, options in GRIDS.items()}


@pytest.mark.referee
@pytest.mark.parametrize(("name", "options"), [(n, o) for n, many in GRIDS.items() for o in many], ids=str)
def test_fifty_steps_are_pytorchs(name, options):
    compare(trajectory, name, options, tolerance=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("dtype", ["float32", "complex128", "float16", "bfloat16"])
def test_other_dtypes_are_pytorchs(name, dtype):
    tolerance = {"float16": 3e-2, "bfloat16": 2e-1, "complex128": 1e-9}.get(dtype, 5e-4)
    options = {**SOME[name], **({} if name in ("Rprop", "ASGD") else {"eps": 1e-3})}
    compare(trajectory, name, options, dtype, 10, tolerance=tolerance)


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_a_learning_rate_may_be_a_tensor_that_changes(name, kind):
    def scenario(lib):
        lr = lib.tensor(0.1, dtype=getattr(lib, kind))
        return trajectory(lib, name, {"lr": lr}, every_step=lambda step: lr.mul_(0.9))

    compare(scenario, tolerance=1e-9)


def two(lib, dtype="float64"):
    return [lib.nn.Parameter(lib.linspace(-1, 1, n, dtype=getattr(lib, dtype))) for n in (3, 2)]


def stepped(lib, optimiser, params, steps=3):
    for step in range(steps):
        for place, param in enumerate(params):
            param.grad = lib.cos(param.detach() * (2 + step)) * (place + 0.5)
        optimiser.step()
    return optimiser


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
def test_states_groups_and_text_are_pytorchs(name):
    def scenario(lib):
        a, b = two(lib)
        made = getattr(lib.optim, name)([{"params": [a]}, {"params": [b], "lr": 0.5}], **SOME[name])
        fresh = [copy.deepcopy(made.state_dict()), repr(made), made.defaults]
        stepped(lib, made, [a, b])
        return [*fresh, made.state_dict(), a, b]

    compare(scenario, tolerance=1e-6)
    torch = pytest.importorskip("torch")
    ours, theirs = (inspect.signature(getattr(lib.optim, name)) for lib in (mt, torch))
    assert [(p.name, p.kind, p.default) for p in ours.parameters.values()] == [
        (p.name, p.kind, p.default) for p in theirs.parameters.values()
    ]


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loading_goes_on_where_saving_stopped(name, dtype):
    a, b = two(mt, dtype)
    one = stepped(mt, getattr(mt.optim, name)([a, b], **SOME[name]), [a, b], 9)
    c, d = mt.nn.Parameter(a.detach().clone()), mt.nn.Parameter(b.detach().clone())
    other = getattr(mt.optim, name)([c, d], lr=0.7)
    other.load_state_dict(one.state_dict())
    stepped(mt, one, [a, b], 9)
    stepped(mt, other, [c, d], 9)
    assert a.tolist() == c.tolist() and b.tolist() == d.tolist()
    for key, value in one.state[a].items():
        assert value is not other.state[c][key]


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
def test_an_optimiser_of_pytorch_loads_here(name):
    torch = pytest.importorskip("torch")
    (a, b), (c, d) = two(torch), two(mt)
    theirs = stepped(torch, getattr(torch.optim, name)([a, b], **SOME[name]), [a, b], 9)
    given = theirs.state_dict()
    state = {n: {k: mt.tensor(v.numpy()) for k, v in s.items()} for n, s in given["state"].items()}
    ours = getattr(mt.optim, name)([c, d])
    ours.load_state_dict({"state": state, "param_groups": given["param_groups"]})
    with mt.no_grad():
        for mine, other in ((c, a), (d, b)):
            mine.copy_(mt.tensor(other.detach().numpy()))
    stepped(torch, theirs, [a, b], 9)
    stepped(mt, ours, [c, d], 9)
    np.testing.assert_allclose(c.detach().numpy(), a.detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(d.detach().numpy(), b.detach().numpy(), rtol=1e-9)


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
def test_old_files_count_in_plain_numbers(name):
    def scenario(lib):
        a, b = two(lib)
        made = stepped(lib, getattr(lib.optim, name)([a, b], **SOME[name]), [a, b])
        saved = copy.deepcopy(made.state_dict())
        for held in saved["state"].values():
            held.update({key: float(value) for key, value in held.items() if value.ndim == 0})
        made.load_state_dict(saved)
        kinds = [[k, str(v.dtype)] for k, v in made.state[a].items()]
        stepped(lib, made, [a, b])
        return [a, b, kinds]

    compare(scenario, tolerance=1e-9)


BAD = {"lr": (-1, float("nan")), "betas": ((1.0, 0.9), (0.9, -0.1)), "etas": ((1.5, 2.0), (0.5, 0.9)), "rho": (1.5, -0.1),
       **dict.fromkeys(("eps", "weight_decay", "momentum_decay", "lr_decay", "initial_accumulator_value", "alpha",
                        "momentum", "lambd"), (-1,))}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
def test_refusals_are_pytorchs(name):
    def scenario(lib):
        kind, param = getattr(lib.optim, name), lib.nn.Parameter(lib.ones(1))
        options = [key for key in BAD if key in inspect.signature(getattr(mt.optim, name)).parameters]
        found = [outcome(kind, [param], **{key: value}) for key in options for value in BAD[key]]
        param.grad = lib.ones(1).to_sparse()
        found.append(outcome(kind, [param], lr=lib.ones(2)))
        if name != "Adagrad":
            found.append(outcome(kind([param]).step))
        return [case for case in found if isinstance(case, tuple)]

    compare(scenario)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("layout", ["plain", "transposed", "strided", "number", "empty"])
def test_blocks_and_layouts_change_nothing(name, layout, monkeypatch):
    monkeypatch.setattr(_pieces, "BLOCK", 64)
    shape = {"number": (), "empty": (3, 0)}.get(layout, (20, 15))
    start = np.random.default_rng(0).normal(size=shape)
    array = np.array(start, order="F" if layout == "transposed" else "C")
    if layout == "strided":
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    ours = mt.nn.Parameter(mt.Tensor._wrap(array))
    flat = [mt.nn.Parameter(mt.tensor(value)) for value in np.ravel(start)[:40]]
    options = SOME[name]
    one = stepped(mt, getattr(mt.optim, name)([ours], **options), [ours], 4)
    assert ours._data is array
    assert all(value.shape in ((), shape) for value in one.state[ours].values())
    if flat:
        stepped_each = getattr(mt.optim, name)(flat, **options)
        for step in range(4):
            for param in flat:
                param.grad = mt.cos(param.detach() * (2 + step)) * 0.5
            stepped_each.step()
        found = np.ravel(ours.detach().numpy())[:40]
        np.testing.assert_allclose(found, [p.item() for p in flat], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", GRIDS)
def test_the_gradient_is_not_touched_and_missing_ones_are_left_alone(name):
    a, b = two(mt, "float32")
    a.grad = mt.tensor([1.0, -2.0, 3.0])
    options = {**SOME[name], "lr": np.float64(0.1), "maximize": True}
    made = getattr(mt.optim, name)([a, b], **options)
    before, version = b.tolist(), a._cell[0]
    for _ in range(3):
        made.step()
    assert a.grad.tolist() == [1.0, -2.0, 3.0]
    assert a.dtype is mt.float32 and a._cell[0] > version
    assert b.tolist() == before and (name == "Adagrad" or b not in made.state)
    assert all(value.dtype is mt.float32 for value in made.state[a].values())


@pytest.mark.parametrize("name", GRIDS)
def test_no_numpy_warning_reaches_the_user(name):
    param = mt.nn.Parameter(mt.full((2,), 1e38))
    made = getattr(mt.optim, name)([param], lr=1e10)
    param.grad = mt.full((2,), 3e38)
    with np.errstate(all="raise"):
        made.step()
        made.step()


def test_adagrad_takes_groups_that_come_later():
    a, b = two(mt)
    made = mt.optim.Adagrad([a], lr=0.1)
    made.add_param_group({"params": [b]})
    stepped(mt, made, [a, b])
    assert set(made.state) == {a, b}


@pytest.mark.referee
@pytest.mark.parametrize("name", GRIDS)
def test_a_file_from_here_loads_in_pytorch(name):
    torch = pytest.importorskip("torch")
    (a, b), (c, d) = two(mt), two(torch)
    ours = stepped(mt, getattr(mt.optim, name)([a, b], **SOME[name]), [a, b], 9)
    given = ours.state_dict()
    state = {n: {k: torch.tensor(v.numpy()) for k, v in s.items()} for n, s in given["state"].items()}
    theirs = getattr(torch.optim, name)([c, d])
    theirs.load_state_dict({"state": state, "param_groups": given["param_groups"]})
    with torch.no_grad():
        for mine, other in ((c, a), (d, b)):
            mine.copy_(torch.tensor(other.detach().numpy()))
    stepped(mt, ours, [a, b], 9)
    stepped(torch, theirs, [c, d], 9)
    np.testing.assert_allclose(a.detach().numpy(), c.detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(b.detach().numpy(), d.detach().numpy(), rtol=1e-9)
