"""The older weight_norm and spectral_norm beside PyTorch's: state, results, files of long ago, refusals, removal."""

import pytest

import minitorch as mt
from tests.twins import compare, outcome, warned

pytestmark = pytest.mark.referee

LAYERS = [("Linear", (3, 4), (2, 3)), ("Conv2d", (2, 3, 2), (1, 2, 4, 4)), ("ConvTranspose1d", (2, 3, 2), (2, 2, 4))]


def layer_of(lib, name, *args):
    lib.manual_seed(4)
    return getattr(lib.nn, name)(*args).double()


def ramp(lib, sizes):
    return lib.linspace(-1, 1, lib.ones(sizes).numel(), dtype=lib.float64).reshape(sizes)


def all_of(module):
    return [repr(module), dict(module.state_dict()), [name for name, _ in module.named_parameters()],
            len(module._forward_pre_hooks), len(module._state_dict_hooks), len(module._load_state_dict_pre_hooks)]  # fmt: skip


def weight_norm(lib, name, args, sizes, dim):
    layer = layer_of(lib, name, *args)
    _, caught = warned(lib.nn.utils.weight_norm, layer, dim=dim)
    x = ramp(lib, sizes)
    found = [caught, all_of(layer), layer.weight, layer(x), type(layer.weight).__name__]
    layer(x).square().sum().backward()
    found.append([p.grad for p in layer.parameters()])
    found += [outcome(lambda: warned(lib.nn.utils.weight_norm, layer)), outcome(lib.nn.utils.remove_weight_norm, layer, "bias")]
    lib.nn.utils.remove_weight_norm(layer)
    found += [all_of(layer), layer(x), outcome(lib.nn.utils.remove_weight_norm, layer)]
    return found


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize(("name", "args", "sizes"), LAYERS)
def test_weight_norm(name, args, sizes, dim):
    compare(weight_norm, name, args, sizes, dim, tolerance=1e-6)


def spectral_norm(lib, name, args, sizes, options):
    layer = layer_of(lib, name, *args)
    lib.nn.utils.spectral_norm(layer, **options)
    x = ramp(lib, sizes)
    found = [all_of(layer), layer.weight, layer.state_dict()._metadata[""]]
    first, second = layer(x), layer(x)
    (first.square().sum() + second.sum()).backward()
    found += [[p.grad for p in layer.parameters()], all_of(layer)]
    layer.eval()
    found += [layer(x), layer(x)]
    kept = {key: tensor.clone() for key, tensor in layer.state_dict().items()}
    found.append(repr(layer.load_state_dict(kept)))
    old = {key: tensor for key, tensor in kept.items() if key != "weight_v"}
    old["weight"] = kept["weight_orig"] / 3
    found += [repr(layer.load_state_dict(old)), dict(layer.state_dict())]
    found.append(outcome(layer.load_state_dict, {"bias": layer.bias.detach()}))
    found += [outcome(lib.nn.utils.spectral_norm, layer, "weight_orig", n_power_iterations=0)]
    lib.nn.utils.remove_spectral_norm(layer)
    # PyTorch leaves the hook that asks for the old keys, so that nothing loads any more
    found += [all_of(layer)[:5], layer(x), outcome(lib.nn.utils.remove_spectral_norm, layer)]
    return found


@pytest.mark.parametrize("options", [{}, {"n_power_iterations": 3, "eps": 1e-3}, {"dim": 1}])
@pytest.mark.parametrize(("name", "args", "sizes"), LAYERS)
def test_spectral_norm(name, args, sizes, options):
    compare(spectral_norm, name, args, sizes, options, tolerance=1e-6)


def refusals(lib):
    utils = lib.nn.utils
    layer = lib.nn.Linear(2, 2, bias=False)
    utils.spectral_norm(layer)
    return [
        outcome(utils.spectral_norm, layer)[0],
        outcome(utils.spectral_norm, lib.nn.Linear(2, 2, bias=False), "bias"),
        outcome(utils.spectral_norm, lib.nn.LazyLinear(2)),
        outcome(lambda: warned(utils.weight_norm, lib.nn.LazyLinear(2))),
    ]


def test_refusals():
    compare(refusals)


def test_after_removal_a_plain_state_loads():
    layer = mt.nn.utils.remove_spectral_norm(mt.nn.utils.spectral_norm(mt.nn.Linear(2, 2)))
    assert not layer._load_state_dict_pre_hooks
    layer.load_state_dict(mt.nn.Linear(2, 2).state_dict())
