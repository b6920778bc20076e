"""Modules with hooks, copied and pickled, and what is registered on the copies afterwards; small corners of Module."""

import copy
import io
import pickle

import pytest

import minitorch as mt
from minitorch.graph import hooks as numbering
from tests.twins import compare, outcome

nn = mt.nn


def doubled(module, args, output):
    return output * 2


def with_keywords(module, args, kwargs):
    return args, {**kwargs, "shift": 10.0}


def added(module, args):
    return (args[0] + 1,)


class Shift(nn.Module):
    def forward(self, x, shift=0.0):
        return x + shift


def hooked():
    module = Shift()
    module.register_forward_hook(doubled)
    module.register_forward_pre_hook(added)
    module.register_forward_pre_hook(with_keywords, with_kwargs=True)
    module.register_state_dict_post_hook(tagged)
    return module


def tagged(module, state, prefix, metadata):
    metadata["tagged"] = True


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_have_the_hooks_and_hold_their_own(again):
    module = hooked()
    twin = again(module)
    assert twin(mt.ones(1)).tolist() == module(mt.ones(1)).tolist() == [24.0]
    handle = twin.register_forward_hook(doubled)
    assert (twin(mt.ones(1)).item(), module(mt.ones(1)).item()) == (48.0, 24.0)
    handle.remove()
    assert twin(mt.ones(1)).item() == 24.0
    assert twin.state_dict()._metadata[""] == {"version": 1, "tagged": True}


def test_hooks_out_of_a_file_keep_their_place_in_another_run(monkeypatch):
    import itertools

    saved = pickle.dumps(hooked())
    monkeypatch.setattr(numbering, "_ids", itertools.count())  # as in a new process
    module = pickle.loads(saved)
    for _ in range(200):
        module.register_forward_hook(lambda m, a, o: None)
    assert module(mt.ones(1)).item() == 24.0
    assert len(module._forward_hooks) == 201


def corners(lib):
    module = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Linear(2, 2))
    module[1].weight = module[0].weight
    twin = copy.deepcopy(module)
    module.register_forward_hook(lambda m, a, o: None)
    return [
        twin[1].weight is twin[0].weight,
        module.share_memory() is module,
        [str(p.dtype) for p in module.bfloat16().parameters()],
        [str(p.dtype) for p in module.type(lib.float64).parameters()],
        [str(p.dtype) for p in module.type("torch.FloatTensor").parameters()],
        [(tuple(p.shape), p.requires_grad) for p in module.to_empty(device="cpu").parameters()],
        outcome(module.to_empty)[0],
        [hasattr(module, name) for name in ("dump_patches", "nothing")],
        [name for name in dir(lib.nn.Linear(1, 1)) if name in ("weight", "bias", "forward", "in_features", "training")],
        [name for name in dir(module) if name[0].isdigit()],
        [name for name, _ in module.named_parameters(remove_duplicate=False)],
        len(list(module.modules(remove_duplicate=False))),
        outcome(pickle.dumps, module)[0] in ("AttributeError", "PicklingError"),
    ]


@pytest.mark.referee
def test_corners_are_pytorchs():
    compare(corners)


def test_a_parameter_keeps_its_object_through_conversions():
    module = nn.Linear(2, 2)
    held = list(module.parameters())
    assert module.compile(mode="default") is None
    module.double().float().half().bfloat16().to_empty(device="cpu")
    assert all(one is other for one, other in zip(held, module.parameters(), strict=True))
    buffer = io.BytesIO()
    pickle.dump(module, buffer)
    assert pickle.loads(buffer.getvalue()).weight.dtype is mt.bfloat16
