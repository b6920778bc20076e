"""Every layer of PyTorch's own module database, with its constructor and forward arguments: made from the same seed it
has the same text and the same state; its outputs, gradients and buffers in training and evaluation are PyTorch's."""

import copy
import warnings

import pytest

import minitorch as mt
from tests.translated import assert_equal, flat, ours

try:
    import torch
    from torch.testing._internal.common_modules import module_db
except ImportError:  # also expecttest, which PyTorch's tests need
    module_db = []

pytestmark = pytest.mark.referee

#: What differs, and why.
REASONS = {
    ("nn.CTCLoss", "strided"): "of labels in a row that are not dense PyTorch reads others",
}


def find(info):
    name = info.name.rpartition(".")[2]
    layer = getattr(mt.nn, name, None)
    if layer is None:
        pytest.skip(f"there is no nn.{name} yet")
    return layer


def strided(value, kind):
    """The same numbers in every second place of a larger tensor."""
    if isinstance(value, kind) and value.dim():
        wide = value.detach().repeat_interleave(2, -1)[..., ::2]
        return wide.requires_grad_() if value.requires_grad else wide
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return value.__class__(strided(item, kind) for item in value)
    return value


def run(lib, layer, args, kwargs, cotangents):
    """The results of a layer, and the gradients of its inputs and parameters."""
    lib.manual_seed(5)
    results = layer(*args, **kwargs)
    outs = [t for t in flat(list(results) if isinstance(results, tuple) else results, lib.Tensor) if t.requires_grad]
    movers = [t for t in flat([args, kwargs], lib.Tensor) if t.requires_grad]
    movers += [p for p in layer.parameters() if p.requires_grad]
    if not outs or not movers:
        return flat(results, lib.Tensor), movers, [None] * len(movers), outs
    seeds = cotangents(outs)
    return flat(results, lib.Tensor), movers, lib.autograd.grad(outs, movers, seeds, allow_unused=True), outs


def held(info, mine, theirs, sample, second):
    seen = {}
    args, kwargs = sample.forward_input.args, sample.forward_input.kwargs
    second = second and (info.name, "strided") not in REASONS
    if second:
        args = strided(tuple(args), torch.Tensor)
    made = []

    def draw(outs):
        torch.manual_seed(9)
        made.extend(torch.randn_like(out) for out in outs)
        return made

    expected, there, slopes, _ = run(torch, theirs, args, kwargs, draw)
    my_args, my_kwargs = ours(tuple(args), seen), ours(kwargs, seen)
    if second:
        my_args = strided(my_args, mt.Tensor)
    found, here, my_slopes, _ = run(mt, mine, my_args, my_kwargs, lambda outs: [ours(seed, {}) for seed in made])
    assert len(found) == len(expected)
    for place, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert_equal(one, other, f"result {place}", 1e-9)
    assert len(here) == len(there)
    for place, (one, other) in enumerate(zip(my_slopes, slopes, strict=True)):
        assert_equal(one, other, f"gradient {place}", 1e-8)
    for (name, one), other in zip(mine.named_buffers(), theirs.buffers(), strict=True):
        assert_equal(one, other, f"buffer {name}")


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("info", module_db, ids=lambda info: info.name)
def test_a_layer_is_pytorchs(info, training):
    layer = find(info)
    torch.manual_seed(1)
    samples = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=training)
    for sample in samples:
        args, kwargs = sample.constructor_input.args, sample.constructor_input.kwargs
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.manual_seed(3)
                theirs = info.module_cls(*args, **kwargs)
                mt.manual_seed(3)
                mine = layer(*ours(args, {}), **ours(kwargs, {}))
                assert repr(mine) == repr(theirs)
                assert list(mine.state_dict()) == list(theirs.state_dict())
                if not info.is_lazy:
                    for (name, one), other in zip(mine.state_dict().items(), theirs.state_dict().values(), strict=True):
                        assert_equal(one, other, f"state {name}", 1e-6 if one.is_floating_point() else 0)
                theirs = theirs.double().train(training)
                mine = mine.double().train(training)
                if not info.is_lazy:
                    mine.load_state_dict(ours(dict(theirs.state_dict()), {}))
                elif sample.forward_input is not None:
                    theirs(*copy.deepcopy(sample.forward_input.args))
                    mine(*ours(tuple(sample.forward_input.args), {}))
                    mine.load_state_dict(ours(dict(theirs.state_dict()), {}))
                if sample.forward_input is None:
                    continue
                for turn in range(3):
                    held(info, mine, theirs, sample, second=turn == 1)
        except Exception as error:
            error.add_note(f"{info.name}{sample.constructor_input.args} {sample.constructor_input.kwargs} {sample.desc}")
            raise
