"""Module: attributes, walking, state dicts, conversions, hooks and calls, alone and beside PyTorch's."""

import copy
import gc
import pickle
import threading

import numpy as np
import pytest

import minitorch as mt
from minitorch.graph.modes import recording
from minitorch.viz.recorder import Recorder
from tests.twins import compare, outcome, warned

nn = mt.nn


class Scale(nn.Module):
    """A module of its own at module level, so that it can be pickled."""

    def __init__(self, factor=2.0):
        super().__init__()
        self.factor = nn.Parameter(mt.tensor(factor))
        self.register_buffer("calls", mt.zeros(()))

    def forward(self, x):
        return x * self.factor


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(3, 3)
        self.two = nn.Linear(3, 3)
        self.two.weight = self.one.weight


def family(lib):
    """A model with nesting, a shared submodule, a tied parameter, buffers of both kinds and an empty place."""

    class Block(lib.nn.Module):
        def __init__(self, size):
            super().__init__()
            self.inner = lib.nn.Linear(size, size)
            self.register_buffer("mean", lib.zeros(size))
            self.register_buffer("scratch", lib.ones(1), persistent=False)
            self.register_buffer("nothing", None)
            self.scale = lib.nn.Parameter(lib.ones(1))

        def forward(self, x):
            return self.inner(x) * self.scale

    class Model(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = lib.nn.Sequential(Block(2), lib.nn.Tanh(), Block(2))
            self.again = self.encoder[0]
            self.tied = lib.nn.Parameter(lib.zeros(1))
            self.encoder[2].scale = self.tied
            self.absent = None
            self.register_module("empty", None)
            self.register_parameter("missing", None)

        def forward(self, x):
            return self.again(self.encoder(x))

    return Model()


# ---- attributes ----------------------------------------------------------------------------------------------------
def test_attributes_go_into_their_tables():
    module = Scale()
    module.child = nn.Identity()
    module.note = "plain"
    assert list(module._parameters) == ["factor"]
    assert list(module._buffers) == ["calls"]
    assert list(module._modules) == ["child"]
    assert module.__dict__["note"] == "plain"
    assert {"factor", "calls", "child", "note"} <= set(dir(module))
    del module.factor, module.calls, module.child, module.note
    assert not module._parameters and not module._buffers and not module._modules
    for name in ("factor", "calls", "child", "note"):
        assert not hasattr(module, name)


def test_assigning_moves_a_name_between_tables():
    module = nn.Module()
    module.thing = 3
    module.thing = nn.Parameter(mt.ones(1))
    assert "thing" not in module.__dict__ and "thing" in module._parameters
    module.thing = None
    assert module._parameters == {"thing": None}
    del module.thing
    module.thing = nn.Identity()
    module.thing = nn.Parameter(mt.ones(1))
    assert not module._modules
    module.other = nn.Buffer(mt.ones(2), persistent=False)
    module.other = mt.zeros(3)
    assert module._non_persistent_buffers_set == {"other"}
    assert module.other.shape == (3,)


def refusals(lib):
    module = lib.nn.Linear(2, 2)
    module.register_buffer("seen", lib.zeros(1))
    module.plain = 1
    leaf = lib.ones(2, requires_grad=True)

    class Early(lib.nn.Module):
        def __init__(self, value, name="x"):
            setattr(self, name, value)

    def set_to(name, value):
        return outcome(setattr, module, name, value)

    return [
        set_to("weight", lib.zeros(2)),
        set_to("weight", 3),
        set_to("seen", "text"),
        outcome(module.register_buffer, "a.b", None),
        outcome(module.register_buffer, "", None),
        outcome(module.register_buffer, 3, None),
        outcome(module.register_buffer, "plain", None),
        outcome(module.register_buffer, "new", 3),
        outcome(module.register_parameter, "a.b", None),
        outcome(module.register_parameter, "", None),
        outcome(module.register_parameter, 3, None),
        outcome(module.register_parameter, "plain", None),
        outcome(module.register_parameter, "seen", None),
        outcome(module.register_parameter, "new", lib.zeros(1)),
        outcome(module.add_module, "a.b", lib.nn.ReLU()),
        outcome(module.add_module, "", lib.nn.ReLU()),
        outcome(module.add_module, 3, lib.nn.ReLU()),
        outcome(module.add_module, "weight", lib.nn.ReLU()),
        outcome(module.add_module, "new", 3),
        outcome(Early, lib.nn.Parameter(leaf)),
        outcome(Early, lib.nn.ReLU()),
        outcome(getattr, module, "nowhere"),
        outcome(delattr, module, "nowhere"),
        outcome(lib.nn.Module, 1),
        outcome(lib.nn.Module, depth=3),
        outcome(lib.nn.Module(), 3),
        outcome(module.train, 1),
        outcome(lib.nn.Module().get_extra_state)[0],
    ]


def child_refusal(lib):
    module = lib.nn.Sequential(lib.nn.ReLU())
    return [outcome(setattr, module, "0", 3), outcome(setattr, module, "0", None), repr(module)]


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [refusals, child_refusal])
def test_refusals_say_what_pytorch_says(scenario):
    compare(scenario)


def test_registration_hooks_see_and_replace():
    from minitorch.nn import module as registry

    seen = []
    handles = [
        registry.register_module_parameter_registration_hook(lambda m, n, p: seen.append(("parameter", n))),
        registry.register_module_buffer_registration_hook(lambda m, n, b: seen.append(("buffer", n))),
        registry.register_module_module_registration_hook(lambda m, n, c: seen.append(("module", n))),
    ]
    try:
        nn.Sequential(Scale())
    finally:
        for handle in handles:
            handle.remove()
    assert seen == [("parameter", "factor"), ("buffer", "calls"), ("module", "0")]
    Scale()
    assert len(seen) == 3


# ---- walking -------------------------------------------------------------------------------------------------------
def walks(lib):
    model = family(lib)
    return {
        "modules": [name for name, _ in model.named_modules()],
        "all modules": [name for name, _ in model.named_modules(remove_duplicate=False)],
        "prefixed": [name for name, _ in model.named_modules(prefix="net")],
        "parameters": [name for name, _ in model.named_parameters()],
        "prefixed parameters": [name for name, _ in model.named_parameters(prefix="net")],
        "all parameters": [name for name, _ in model.named_parameters(remove_duplicate=False)],
        "own parameters": [name for name, _ in model.named_parameters(recurse=False)],
        "buffers": [name for name, _ in model.named_buffers()],
        "all buffers": [name for name, _ in model.named_buffers(remove_duplicate=False)],
        "children": [name for name, _ in model.named_children()],
        "counts": [len(list(f())) for f in (model.modules, model.children, model.parameters, model.buffers)],
        "by class": [type(module).__name__ for module in model.modules()],
    }


def look_ups(lib):
    model = family(lib)
    model.plain = 3
    return [
        type(model.get_submodule("encoder.2.inner")).__name__,
        model.get_submodule("") is model,
        tuple(model.get_parameter("encoder.0.inner.weight").shape),
        tuple(model.get_buffer("encoder.0.mean").shape),
        outcome(model.get_submodule, "encoder.9"),
        outcome(model.get_submodule, "plain"),
        outcome(model.get_parameter, "encoder.0.nothing"),
        outcome(model.get_parameter, "encoder.0.where"),
        outcome(model.get_buffer, "encoder.0.scale"),
        outcome(model.get_buffer, "encoder.0.where"),
        outcome(model.set_submodule, "", lib.nn.ReLU()),
        outcome(model.set_submodule, "plain", lib.nn.ReLU()),
        outcome(model.set_submodule, "encoder.7", lib.nn.ReLU(), strict=True),
        outcome(model.set_submodule, "encoder.1", 3),
        outcome(model.set_submodule, "encoder.1", lib.nn.GELU()),
        type(model.encoder[1]).__name__,
    ]


def order_of_apply(lib):
    model = family(lib)
    seen = []
    assert model.apply(lambda module: seen.append(type(module).__name__)) is model
    model.eval()
    flags = [module.training for module in model.modules()]
    model.encoder.train()
    return [seen, flags, [module.training for module in model.modules()]]


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [walks, look_ups, order_of_apply])
def test_walking_is_pytorchs(scenario):
    compare(scenario)


def test_gradients_are_dropped_or_zeroed():
    module = nn.Linear(2, 1)
    module(mt.ones(1, 2)).sum().backward()
    kept = module.weight.grad
    module.zero_grad(set_to_none=False)
    assert module.weight.grad is kept
    assert kept.tolist() == [[0.0, 0.0]]
    module.zero_grad()
    assert module.weight.grad is None and module.bias.grad is None


def test_freezing():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    module[0].requires_grad_(False)
    assert [p.requires_grad for p in module.parameters()] == [False, False, True, True]
    module(mt.ones(1, 2)).sum().backward()
    assert [p.grad is None for p in module.parameters()] == [True, True, False, False]
    module.requires_grad_()
    assert all(p.requires_grad for p in module.parameters())


# ---- state dicts ---------------------------------------------------------------------------------------------------
def dictionaries(lib):
    model = family(lib)
    state = model.state_dict()
    into = {"before": 1}
    return {
        "keys": list(state),
        "class": type(state).__name__,
        "metadata": {key: dict(value) for key, value in state._metadata.items()},
        "shapes": [tuple(tensor.shape) for tensor in state.values()],
        "attached": [tensor.requires_grad for tensor in state.values()],
        "kept": [tensor.requires_grad for tensor in model.state_dict(keep_vars=True).values()],
        "prefixed": list(model.state_dict(prefix="net.")),
        "prefixed metadata": list(model.state_dict(prefix="net.")._metadata),
        "into": list(model.state_dict(destination=into, prefix="p.")),
        "same memory": state["tied"].data_ptr() == model.tied.data_ptr(),
    }


def loads(lib):
    model = family(lib)
    good = model.state_dict()
    short = {key: value for key, value in good.items() if key not in ("tied", "again.mean")}
    extra = {**good, "encoder.0.unknown": lib.zeros(1), "elsewhere.weight": lib.zeros(1), "top": lib.zeros(1)}
    shaped = {**good, "tied": lib.zeros(3), "encoder.0.inner.weight": lib.zeros(2, 3)}
    wrong = {**good, "tied": "text", "again.inner.bias": None}
    everything = {**short, **{key: extra[key] for key in ("top", "encoder.0.unknown")}, "encoder.0.scale": lib.ones(2)}
    scalar = lib.nn.Module()
    scalar.value = lib.nn.Parameter(lib.tensor(1.0))
    return [
        repr(model.load_state_dict(good)),
        str(model.load_state_dict(short, strict=False)),
        repr(model.load_state_dict(extra, strict=False)),
        *[outcome(model.load_state_dict, given) for given in (short, extra, shaped, wrong, everything)],
        outcome(model.load_state_dict, shaped, strict=False),
        outcome(model.load_state_dict, [1]),
        repr(scalar.load_state_dict({"value": lib.tensor([5.0])})),
        scalar.value.item(),
        [list(part) for part in model.load_state_dict(short, strict=False)],
    ]


def extras(lib):
    class Counter(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    one, two = lib.nn.Sequential(Counter(), lib.nn.Linear(1, 1)), lib.nn.Sequential(Counter(), lib.nn.Linear(1, 1))
    one[0].count = 7
    state = one.state_dict()
    two.load_state_dict(state)
    missing = {key: value for key, value in state.items() if "extra" not in key}
    foreign = {**missing, "0._extra_state": 1, "1._extra_state": 2}
    return [
        list(state), two[0].count, outcome(two.load_state_dict, missing),
        outcome(lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Linear(1, 1)).load_state_dict, foreign),
    ]  # fmt: skip


def state_hooks(lib):
    seen = []
    module = lib.nn.Sequential(lib.nn.Linear(1, 1))
    child = module[0]

    def before(m, prefix, keep_vars):
        seen.append(("before", type(m).__name__, prefix, keep_vars))

    def after(m, state, prefix, metadata):
        seen.append(("after", type(m).__name__, prefix, dict(metadata)))
        state[prefix + "more"] = lib.zeros(1)

    def loading(m, state, prefix, metadata, strict, missing, unexpected, errors):
        seen.append(("loading", type(m).__name__, prefix, sorted(state)))
        state.pop(prefix + "more", None)

    def loaded(m, keys):
        seen.append(("loaded", type(m).__name__, list(keys.missing_keys)))
        keys.missing_keys.clear()

    handles = [
        child.register_state_dict_pre_hook(before),
        child.register_state_dict_post_hook(after),
        child.register_load_state_dict_pre_hook(loading),
        child.register_load_state_dict_post_hook(loaded),
    ]
    state = module.state_dict()
    keys = list(state)
    module.load_state_dict(state)
    module.load_state_dict({"0.bias": state["0.bias"]})
    for handle in handles:
        handle.remove()
    keys_without = list(module.state_dict())
    again = outcome(child._register_state_dict_hook, after)
    child.register_state_dict_post_hook(lambda m, state, prefix, metadata: {})
    refused = outcome(module.state_dict)
    child._state_dict_hooks.clear()
    module._register_state_dict_hook(lambda m, state, prefix, metadata: {"all": len(state)})
    replaced = module.state_dict()
    module.register_load_state_dict_post_hook(lambda m, keys: 3)
    return [seen, keys, keys_without, again, refused, replaced, outcome(module.load_state_dict, state)]


def assigned(lib):
    module = lib.nn.Linear(2, 2)
    module.weight.requires_grad_(False)
    before = module.weight
    given = {"weight": lib.ones(2, 2).double(), "bias": lib.nn.Parameter(lib.ones(2))}
    module.load_state_dict(given, assign=True)
    return [
        module.weight is before, module.bias is given["bias"], str(module.weight.dtype), module.weight.requires_grad,
        type(module.weight).__name__, module.weight.data_ptr() == given["weight"].data_ptr(),
    ]  # fmt: skip


def positional(lib):
    module = lib.nn.Linear(1, 1)
    return warned(lambda: list(module.state_dict({}, "p.", True)))


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [dictionaries, loads, extras, state_hooks, assigned, positional])
def test_state_dicts_are_pytorchs(scenario):
    compare(scenario)


def test_loading_copies_and_converts():
    one, two = nn.Linear(3, 2), nn.Linear(3, 2).double()
    two.load_state_dict(one.state_dict())
    assert two.weight.dtype is mt.float64
    np.testing.assert_array_equal(two.weight.detach().numpy(), one.weight.detach().numpy())
    with mt.no_grad():
        one.weight.zero_()
    assert two.weight.abs().sum().item() > 0


def test_loading_is_seen_by_an_older_graph():
    module = nn.Linear(2, 2)
    y = module(mt.ones(1, 2, requires_grad=True)).sum()
    module.load_state_dict(nn.Linear(2, 2).state_dict())
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


# ---- conversions ---------------------------------------------------------------------------------------------------
def conversions(lib):
    model = family(lib)
    model.register_buffer("count", lib.tensor([3]))
    first = model.tied
    model(lib.ones(1, 2)).sum().backward()
    found = []
    for convert in (
        lambda: model.double(),
        lambda: model.half(),
        lambda: model.bfloat16(),
        lambda: model.float(),
        lambda: model.to(lib.float64),
        lambda: model.to("cpu"),
        lambda: model.to("cpu", lib.float32),
        lambda: model.to(lib.zeros(1, dtype=lib.float64)),
        lambda: model.to(device="cpu", dtype=lib.float32),
        lambda: model.to(torch_device(lib)),
        lambda: model.cpu(),
        lambda: model.type(lib.float64),
    ):
        assert convert() is model
        found.append([str(model.tied.dtype), str(model.tied.grad.dtype), str(model.count.dtype),
                      str(model.encoder[0].mean.dtype), model.tied is first, model.encoder[2].scale is first,
                      model.tied.requires_grad])  # fmt: skip
    return found


def torch_device(lib):
    return lib.device("cpu")


@pytest.mark.referee
def test_conversions_are_pytorchs():
    compare(conversions)


@pytest.mark.referee
def test_to_refuses_integers_with_pytorchs_words():
    compare(lambda lib: outcome(lib.nn.Linear(1, 1).to, lib.int64))


def test_an_optimiser_keeps_training_a_converted_module():
    module = nn.Linear(2, 1)
    optimiser = mt.optim.SGD(module.parameters(), lr=0.5)
    module.double()
    before = module.weight.detach().clone()
    module(mt.ones(1, 2, dtype=mt.float64)).sum().backward()
    optimiser.step()
    np.testing.assert_array_equal((before - module.weight.detach()).numpy(), [[0.5, 0.5]])


def test_to_with_nothing_or_too_much_is_refused():
    with pytest.raises(TypeError, match=r"to\(\)"):
        nn.Linear(1, 1).to()
    with pytest.raises(TypeError, match="unexpected argument 'colour'"):
        nn.Linear(1, 1).to(colour="red")


# ---- copies --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_keep_ties_and_leave_the_graph(again):
    module = Tied()
    module.scale = Scale()
    module.scale(module.one(mt.ones(1, 3))).sum().backward()
    twin = again(module)
    assert twin.one.weight is twin.two.weight
    assert twin.one.weight is not module.one.weight
    assert isinstance(twin.one.weight, nn.Parameter) and twin.one.weight.is_leaf and twin.one.weight.requires_grad
    assert list(twin.state_dict()) == list(module.state_dict())
    for key, tensor in module.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), twin.state_dict()[key].numpy())
    with mt.no_grad():
        twin.one.weight.zero_()
    assert module.one.weight.abs().sum().item() > 0


def test_copies_keep_hooks_and_flags():
    module = Scale().eval()
    module.register_forward_hook(double_it)
    twin = copy.deepcopy(module)
    assert twin.training is False
    assert twin(mt.tensor(1.0)).item() == 4.0
    assert pickle.loads(pickle.dumps(module))(mt.tensor(1.0)).item() == 4.0


def double_it(module, args, output):
    return output * 2


def test_an_old_pickle_without_the_later_tables_loads():
    module = Scale()
    state = dict(module.__dict__)
    for name in ("_backward_pre_hooks", "_forward_hooks_always_called", "_state_dict_pre_hooks"):
        del state[name]
    again = Scale.__new__(Scale)
    again.__setstate__(state)
    assert again(mt.tensor(3.0)).item() == 6.0


# ---- text ----------------------------------------------------------------------------------------------------------
def texts(lib):
    class Many(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = lib.nn.Linear(1, 2)

        def extra_repr(self):
            return "first\nsecond"

    class Lines(lib.nn.Module):
        def extra_repr(self):
            return "one\n\ntwo"

    return [repr(family(lib)), repr(Many()), repr(lib.nn.Module()), repr(Lines()), str(lib.nn.Sequential(Lines()))]


@pytest.mark.referee
def test_the_repr_is_pytorchs():
    compare(texts)


# ---- forward hooks -------------------------------------------------------------------------------------------------
def forward_hooks(lib):
    seen = []
    module = lib.nn.Identity()

    def note(name, value=None):
        def hook(*args):
            seen.append((name, len(args), [float(x) for x in args[1]]))
            return value

        return hook

    module.register_forward_pre_hook(note("pre 1"))
    module.register_forward_pre_hook(note("pre 2"), prepend=True)
    module.register_forward_pre_hook(lambda m, args: args[0] + 1)
    module.register_forward_pre_hook(lambda m, args, kwargs: ((args[0] * 2,), kwargs), with_kwargs=True)
    module.register_forward_hook(note("post 1"))
    handle = module.register_forward_hook(note("post 2"), prepend=True)
    module.register_forward_hook(lambda m, args, out: out + 10)
    module.register_forward_hook(lambda m, args, kwargs, out: out * (1 + len(kwargs)), with_kwargs=True)
    first = float(module(lib.tensor(1.0)))
    handle.remove()
    second = float(module(lib.tensor(1.0)))
    module.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    return [first, second, seen, outcome(module, lib.tensor(1.0))]


def always_called(lib):
    seen = []

    class Broken(lib.nn.Module):
        def forward(self, x):
            raise ValueError("broken")

    module = Broken()
    module.register_forward_hook(lambda m, args, out: seen.append(("skipped", out)))
    module.register_forward_hook(lambda m, args, out: seen.append(("called", out)), always_call=True)
    module.register_forward_hook(
        lambda m, args, kwargs, out: seen.append(("with", sorted(kwargs), out)), always_call=True, with_kwargs=True
    )

    def fails(m, args, out):
        raise KeyError("also broken")

    module.register_forward_hook(fails, always_call=True)
    result = warned(outcome, module, lib.tensor(1.0))
    return [seen, result]


@pytest.mark.referee
@pytest.mark.parametrize("scenario", [forward_hooks, always_called])
def test_forward_hooks_are_pytorchs(scenario):
    compare(scenario)


def test_global_hooks_run_first_and_on_all_modules():
    from minitorch.nn import module as registry

    seen = []
    model = nn.Sequential(nn.Identity())
    model.register_forward_hook(lambda m, args, out: seen.append("own"))
    before = registry.register_module_forward_pre_hook(lambda m, args: seen.append(f"before {type(m).__name__}"))
    after = registry.register_module_forward_hook(lambda m, args, out: seen.append(f"after {type(m).__name__}"))
    with before, after:
        model(mt.ones(1))
    model(mt.ones(1))
    assert seen == ["before Sequential", "before Identity", "after Identity", "after Sequential", "own", "own"]


def test_a_hook_may_remove_itself():
    module = nn.Identity()
    handle = module.register_forward_hook(lambda m, args, out: handle.remove())
    module(mt.ones(1))
    assert not module._forward_hooks


# ---- backward hooks ------------------------------------------------------------------------------------------------
def backward_hooks(lib):
    seen = []

    class Two(lib.nn.Module):
        def forward(self, a, b, c):
            return a * 2, b * 3

    def run(used, needs=(True, True, False), replace=False):
        module = Two()

        def before(m, grad_output):
            seen.append(("before", grad_output))
            if replace:
                return tuple(None if g is None else g * 10 for g in grad_output)

        def after(m, grad_input, grad_output):
            seen.append(("after", grad_input, grad_output))
            if replace:
                return tuple(None if g is None else g + 1 for g in grad_input)

        module.register_full_backward_pre_hook(before)
        module.register_full_backward_hook(after)
        inputs = [lib.ones(2, requires_grad=needed) for needed in needs]
        results = module(*inputs)
        sum(results[place].sum() for place in used).backward()
        return [tensor.grad for tensor in inputs]

    found = [run([0, 1]), run([0]), run([0, 1], (True, True, True)), run([0, 1], (True, False, False)),
             run([0, 1], replace=True)]  # fmt: skip
    return [found, seen]


def backward_hook_without_inputs(lib):
    seen = []
    module = lib.nn.Linear(2, 1)
    with lib.no_grad():
        module.weight.fill_(0.5)
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    _, warnings = warned(module(lib.ones(1, 2)).sum().backward)
    return [seen, module.weight.grad, [text.partition(" See")[0] for _, text in warnings]]


def backward_hook_errors(lib):
    module = lib.nn.Linear(2, 1)
    x = lib.ones(1, 2, requires_grad=True)
    found = []
    with module.register_full_backward_hook(lambda m, gi, go: (None, None)):
        found.append(outcome(module(x).sum().backward))
    with module.register_full_backward_pre_hook(lambda m, go: ()):
        found.append(outcome(module(x).sum().backward))
    module.register_full_backward_hook(lambda m, gi, go: None)
    with lib.no_grad():
        found.append(module(x).requires_grad)

    class InPlace(lib.nn.Module):
        def forward(self, x):
            return x.mul_(2)

    writer = InPlace()
    writer.register_full_backward_hook(lambda m, gi, go: None)
    found.append(outcome(writer, x * 1)[1].partition(" and is")[2].partition(". ")[0])
    return found


def backward_hook_order(lib):
    seen = []
    model = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Tanh(), lib.nn.Linear(2, 1))
    for name, module in model.named_modules():
        module.register_full_backward_hook(lambda m, gi, go, name=name: seen.append(("after", name)))
        module.register_full_backward_pre_hook(lambda m, go, name=name: seen.append(("before", name)))
        module.register_full_backward_hook(lambda m, gi, go, name=name: seen.append(("first", name)), prepend=True)
    model(lib.ones(1, 2, requires_grad=True)).sum().backward()
    return seen


def backward_hook_of_named_results(lib):
    from typing import NamedTuple

    class Pair(NamedTuple):
        left: object
        right: object

    seen = []

    class Split(lib.nn.Module):
        def forward(self, x):
            return Pair(x * 2, "text")

    module = Split()
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    x = lib.ones(1, requires_grad=True)
    result = module(x)
    result.left.sum().backward()
    return [type(result).__name__, result.right, seen, x.grad]


@pytest.mark.referee
@pytest.mark.parametrize(
    "scenario",
    [backward_hooks, backward_hook_without_inputs, backward_hook_errors, backward_hook_order,
     backward_hook_of_named_results],
)  # fmt: skip
def test_backward_hooks_are_pytorchs(scenario):
    compare(scenario)


def test_backward_hooks_see_a_graph_when_one_is_recorded():
    seen = []
    module = Scale(3.0)
    module.register_full_backward_hook(lambda m, gi, go: seen.append(gi[0]))
    x = mt.tensor(2.0, requires_grad=True)
    y = module(x) ** 2
    (g,) = mt.autograd.grad(y, x, create_graph=True)
    assert g.item() == 36.0
    assert seen[0].requires_grad
    (gg,) = mt.autograd.grad(g, x)
    assert gg.item() == 18.0


def test_a_backward_hook_does_not_keep_the_graph_alive():
    module = Scale()
    module.register_full_backward_hook(lambda m, gi, go: None)
    gc.collect()
    gc.disable()
    try:
        y = module(mt.ones(1, requires_grad=True))
        freed = []
        import weakref

        weakref.finalize(y._node, freed.append, True)
        y.sum().backward()
        del y
        assert freed == [True]
    finally:
        gc.enable()


# ---- calls ---------------------------------------------------------------------------------------------------------
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 3), nn.Tanh())

    def forward(self, x):
        return self.encoder(x)


def test_an_error_names_the_module_once():
    with pytest.raises(Exception) as caught:
        Model()(mt.ones(2, 5))
    assert caught.value.__notes__ == ["in module encoder.0 (Linear 64 -> 3)"]


def test_an_error_of_the_outermost_module_names_its_class():
    with pytest.raises(TypeError) as caught:
        Model()(None)
    assert len(caught.value.__notes__) == 1
    with pytest.raises(TypeError) as caught:
        nn.ReLU()()
    assert caught.value.__notes__ == ["in module ReLU"]


def test_a_module_that_its_caller_does_not_own_is_named_by_class():
    hidden = [Scale()]

    class Outer(nn.Module):
        def forward(self, x):
            return hidden[0](x, x)

    with pytest.raises(TypeError) as caught:
        Outer()(mt.ones(1))
    assert caught.value.__notes__ == ["in module Scale (Scale)"]


def test_an_error_caught_on_the_way_leaves_nothing_behind():
    class Forgiving(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(2, 2)

        def forward(self, x):
            try:
                return self.inner(x)
            except Exception:
                return x

    assert Forgiving()(mt.ones(1, 3)).shape == (1, 3)


class Listening(Recorder):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __call__(self, node, args=(), out=None):
        note = super().__call__(node, args, out)
        self.seen.append((node.op.name, note.module))
        return note


def test_a_recorder_is_told_the_module_of_each_node():
    model = Model()
    x = mt.ones(1, 64)
    recorder = Listening()
    recording.append(recorder)
    try:
        y = model(x)
        y.sum()
    finally:
        recording.remove(recorder)
    modules = [module for _, module in recorder.seen]
    assert modules[0] == "encoder.0 (Linear 64 -> 3)"
    assert modules[-2:] == ["encoder.1 (Tanh)", ""]


def test_grad_mode_and_calls_are_per_thread():
    model = Model()
    shapes = []
    threads = [threading.Thread(target=lambda: shapes.append(model(mt.ones(2, 64)).shape)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shapes == [(2, 3)] * 4


def test_super_init_reaches_a_further_base():
    class Base:
        def __init__(self, colour):
            self.colour = colour

    class Both(nn.Module, Base):
        call_super_init = True

        def __init__(self, colour):
            super().__init__(colour)

    assert Both("red").colour == "red"
