"""PyTorch's file names of layers lead to ours; the helpers in `nn.modules.utils` are PyTorch's."""

import importlib

import pytest

import minitorch as mt
from tests.twins import compare, outcome

IMPORTS = [
    ("conv", "Conv2d"), ("conv", "_ConvNd"), ("batchnorm", "_BatchNorm"), ("batchnorm", "_NormBase"), ("loss", "_Loss"),
    ("loss", "_WeightedLoss"), ("instancenorm", "_InstanceNorm"), ("pooling", "_MaxPoolNd"), ("dropout", "_DropoutNd"),
    ("module", "Module"), ("module", "_IncompatibleKeys"), ("module", "_addindent"), ("lazy", "LazyModuleMixin"),
    ("linear", "Linear"), ("linear", "F"), ("conv", "_pair"), ("conv", "_size_2_t"), ("container", "ModuleList"),
    ("utils", "_triple"), ("utils", "_ntuple"), ("activation", "Module"), ("normalization", "init"), ("sparse", "Embedding"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name"), IMPORTS)
def test_a_name_is_found_where_pytorch_has_it(file, name):
    module = importlib.import_module(f"minitorch.nn.modules.{file}")
    found = getattr(module, name)
    assert found is getattr(mt.nn, name, found)
    assert getattr(mt.nn.modules, file) is module
    if isinstance(found, type) and name != "Module":
        assert name in dir(module)


def test_what_is_not_there_is_said():
    with pytest.raises(ImportError, match="NoSuchLayer"):
        from minitorch.nn.modules.conv import NoSuchLayer  # noqa: F401
    with pytest.raises(AttributeError, match="no attribute 'Conv2d'"):
        mt.nn.modules.linear.Conv2d  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute '_pair_'"):
        mt.nn.modules._pair_  # noqa: B018


def test_layers_derive_from_the_bases_that_code_asks_for():
    assert isinstance(mt.nn.BatchNorm2d(1), mt.nn.modules.batchnorm._BatchNorm)
    assert isinstance(mt.nn.ConvTranspose1d(1, 1, 1), mt.nn.modules.conv._ConvNd)
    assert isinstance(mt.nn.L1Loss(), mt.nn.modules.loss._Loss)
    assert mt.nn.modules.Linear is mt.nn.Linear and mt.nn.modules.Module is mt.nn.Module
    space = {}
    exec("from minitorch.nn.modules import *; from minitorch.nn.modules.pooling import *", space)
    assert space["MaxPool2d"] is mt.nn.MaxPool2d and space["Linear"] is mt.nn.Linear


def helpers(lib):
    utils = lib.nn.modules.utils
    state = lib.nn.Sequential(lib.nn.Linear(1, 1), lib.nn.Sequential(lib.nn.Linear(1, 1))).state_dict(prefix="module.")
    utils.consume_prefix_in_state_dict_if_present(state, "module.")
    return [
        [make(3) for make in (utils._single, utils._pair, utils._triple, utils._quadruple)],
        utils._pair([4, 5]), utils._pair.__name__, utils._ntuple(5)(1),
        utils._reverse_repeat_tuple((1, 2), 2),
        utils._list_with_default([None, 3], [4, 5, 6]), utils._list_with_default(7, [1]),
        outcome(utils._list_with_default, [1, 2], [1, 2]),
        list(state), list(state._metadata),
    ]  # fmt: skip


@pytest.mark.referee
def test_the_helpers_are_pytorchs():
    compare(helpers)
