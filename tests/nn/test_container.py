"""Containers: Sequential, lists and dicts of modules and parameters, beside PyTorch's."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

nn = mt.nn


def names(modules):
    return [type(module).__name__ for module in modules]


def keys(module):
    return list(module._modules)


def sequential(lib):
    nn = lib.nn
    row = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU())
    found = [len(row), names(row), keys(row), names(row[1:3]), keys(row[1:3]), keys(row[::2]),
             type(row[-1]).__name__, type(row[0]).__name__]  # fmt: skip
    row[1] = nn.ELU()
    row[-1] = nn.SiLU()
    found.append(names(row))
    del row[0]
    found += [names(row), keys(row)]
    row.append(nn.ReLU()).insert(1, nn.Tanh()).insert(-1, nn.GELU()).extend([nn.ELU()])
    found += [names(row), keys(row)]
    del row[1:3]
    found += [names(row), keys(row)]
    found += [type(row.pop(0)).__name__, type(row.pop(-1)).__name__, names(row), keys(row)]
    found += [names(row.pop(slice(0, 2))), names(row)]
    found += [outcome(row.__getitem__, 9), outcome(row.__getitem__, -9), outcome(row.__setitem__, 9, nn.ReLU()),
              outcome(row.__delitem__, 9), outcome(row.insert, 9, nn.ReLU()), outcome(row.insert, -9, nn.ReLU()),
              outcome(row.insert, 0, 3)[0], outcome(row.append, 3)]  # fmt: skip
    return found


def named_sequential(lib):
    nn = lib.nn
    row = nn.Sequential(OrderedDict([("first", nn.Linear(1, 2)), ("act", nn.ReLU()), ("last", nn.Linear(2, 1))]))
    found = [repr(row), list(row.state_dict()), type(row.act).__name__, keys(row[1:]), type(row[0]).__name__]
    row[0] = nn.Tanh()
    found.append(repr(row))
    row.append(nn.GELU())
    found.append(keys(row))
    del row[1]
    return [*found, keys(row), repr(row)]


def sums_and_products(lib):
    nn = lib.nn
    one, two = nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Sequential(nn.GELU())
    both = one + two
    found = [names(both), keys(both), both[0] is one[0]]
    same = one
    one += two
    found += [names(one), same is one]
    thrice = two * 3
    found += [names(thrice), thrice[0] is thrice[2], names(2 * two)]
    two *= 2
    found += [names(two), keys(two)]

    def add(a, b):
        return a + b

    def times(a, b):
        return a * b

    for call in (lambda: add(one, [nn.ReLU()]), lambda: times(one, 0), lambda: times(one, 1.5)):
        kind, text = outcome(call)
        found += [kind, text.partition("class '")[0]]
    return found


def module_list(lib):
    nn = lib.nn
    row = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    row.append(nn.GELU())
    row.extend([nn.ELU(), nn.SiLU()])
    row += [nn.Sigmoid()]
    row.insert(1, nn.Identity())
    found = [len(row), names(row), keys(row), names(row[1:3]), type(row[-1]).__name__, keys(row[::3])]
    row[0] = nn.Linear(1, 1)
    del row[1], row[-1]
    found += [names(row), keys(row), list(row.state_dict())]
    del row[1:3]
    found += [names(row), keys(row), type(row.pop(0)).__name__, names(row), names(row.pop(slice(0, 1)))]
    found += [names(row + [nn.Linear(1, 1)]), type(row + [nn.ReLU()]).__name__]
    found += [outcome(row.__getitem__, 9), outcome(row.extend, 3), outcome(row.append, 3),
              outcome(nn.ModuleList([nn.ReLU()]), lib.zeros(1)), "0" in dir(row)]  # fmt: skip
    return found


def list_texts(lib):
    nn = lib.nn
    row = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1)])
    block = nn.ModuleList([nn.Sequential(nn.Linear(1, 1), nn.ReLU()) for _ in range(3)])
    return [repr(row), repr(block), repr(nn.ModuleList()), repr(nn.Sequential()), repr(nn.Sequential(row, block))]


def module_dict(lib):
    nn = lib.nn
    table = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Linear(1, 1)})
    table["c"] = nn.Tanh()
    table.update([("d", nn.GELU()), ("b", nn.ELU())])
    table.update(nn.ModuleDict({"e": nn.SiLU()}))
    found = [len(table), list(table), list(table.keys()), names(table.values()), [k for k, _ in table.items()],
             "a" in table, "z" in table, type(table["b"]).__name__, type(table.a).__name__, repr(table)]  # fmt: skip
    found += [type(table.pop("a")).__name__, list(table)]
    del table["c"]
    found += [list(table), outcome(table.__getitem__, "z"), outcome(table.update, 3), outcome(table.update, [3]),
              outcome(table.update, [("x",)]), outcome(table.__setitem__, "pop", nn.ReLU()),
              outcome(table.__setitem__, "y", 3)]  # fmt: skip
    table.clear()
    return [*found, len(table), repr(table), outcome(nn.ModuleDict({"a": nn.ReLU()}), lib.zeros(1))]


def parameter_list(lib):
    nn = lib.nn
    row = nn.ParameterList([nn.Parameter(lib.zeros(2)), lib.ones(1, 3), "text"])
    row.append(lib.ones(()))
    row += [lib.zeros(2, dtype=lib.float64)]
    found = [len(row), repr(row), [type(value).__name__ for value in row], list(row.state_dict()),
             [tuple(p.shape) for p in row.parameters()], type(row[1:3]).__name__, len(row[1:3]), row[2],
             tuple(row[-1].shape)]  # fmt: skip
    row[0] = lib.ones(5)
    row[2] = 7
    holder = nn.Module()
    holder.weights = row
    return [*found, tuple(row[0].shape), row[2], outcome(row.__getitem__, 9), outcome(row.extend, 3),
            outcome(row.extend, lib.ones(2)), outcome(row), list(holder.state_dict()), repr(holder), "0" in dir(row),
            repr(nn.ParameterList())]  # fmt: skip


def parameter_dict(lib):
    nn = lib.nn
    table = nn.ParameterDict({"b": lib.zeros(2), "a": nn.Parameter(lib.ones(1))})
    table["c"] = lib.ones(2, 3, dtype=lib.float64)
    table["n"] = 3
    found = [len(table), list(table), repr(table), list(table.state_dict()), [k for k, _ in table.items()],
             [type(value).__name__ for value in table.values()], list(reversed(table)), "a" in table, "z" in table,
             table.get("z", 5), tuple(table.get("a").shape), table.setdefault("a") is table["a"],
             table.setdefault("s", 9), list(table.copy()), list(table.fromkeys(["x", "y"], 1).items())]  # fmt: skip
    other = nn.ParameterDict([("c", lib.zeros(1)), ("q", lib.zeros(1))])
    found += [list(table | other), tuple((table | other)["c"].shape), tuple(table["c"].shape)]
    table |= other
    found += [list(table), table.popitem()[0], type(table.pop("c")).__name__, list(table)]
    del table["a"]
    found += [list(table), outcome(table.__getitem__, "z")[0], outcome(table.update, 3), outcome(table.update, [3]),
              outcome(table.update, [("x",)]), outcome(table, 1)]  # fmt: skip
    table.clear()
    return [*found, len(table), repr(table)]


@pytest.mark.referee
@pytest.mark.parametrize(
    "scenario",
    [sequential, named_sequential, sums_and_products, module_list, list_texts, module_dict, parameter_list,
     parameter_dict],
)  # fmt: skip
def test_containers_are_pytorchs(scenario):
    compare(scenario)


@pytest.mark.referee
def test_a_subclass_slices_to_itself():
    def scenario(lib):
        class Mine(lib.nn.Sequential):
            pass

        class Row(lib.nn.ModuleList):
            pass

        return [type(Mine(lib.nn.ReLU())[:1]).__name__, type(Row([lib.nn.ReLU()])[:1]).__name__]

    compare(scenario)


def test_a_sequential_passes_its_input_on():
    model = nn.Sequential(nn.Linear(2, 2), nn.Identity(), nn.Linear(2, 1))
    x = mt.ones(3, 2)
    by_hand = model[2](model[0](x))
    np.testing.assert_array_equal(model(x).detach().numpy(), by_hand.detach().numpy())


def test_a_list_insert_counts_from_the_end():
    row = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    row.insert(-1, nn.GELU())
    row.insert(99, nn.ELU())
    assert names(row) == ["ReLU", "GELU", "Tanh", "ELU"]
    assert keys(row) == ["0", "1", "2", "3"]


def test_extending_by_itself_ends():
    row = nn.ModuleList([nn.ReLU()])
    row.extend(row)
    model = nn.Sequential(nn.ReLU())
    model += model
    assert len(row) == len(model) == 2


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_parameter_containers_survive_copies(again):
    model = nn.ModuleList([nn.ParameterList([mt.ones(2), mt.zeros(1)]), nn.ParameterDict({"w": mt.ones(3)})])
    twin = again(model)
    assert repr(twin) == repr(model)
    assert list(twin.state_dict()) == ["0.0", "0.1", "1.w"]
    assert isinstance(twin[0][0], nn.Parameter) and twin[0][0] is not model[0][0]


def test_a_refused_key_leaves_a_parameter_dict_as_it_was():
    table = nn.ParameterDict({"a": mt.ones(1)})
    with pytest.raises(TypeError, match="it is not a string"):
        table[3] = mt.ones(1)
    assert list(table) == ["a"]


def test_an_old_style_dict_of_modules_warns_nothing():
    _, warnings = warned(nn.ModuleDict, {"a": nn.ReLU()})
    assert warnings == []
