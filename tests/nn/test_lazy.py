"""Lazy layers beside PyTorch's, before and after their first call, and through state dicts, copies and refusals."""

import copy
import gc
import pickle
import weakref

import pytest

import minitorch as mt
from tests.twins import compare, outcome

nn = mt.nn

#: Every lazy layer, its arguments and the size of an input.
LAYERS = [
    ("LazyLinear", (4,), {}, (2, 3, 5)),
    ("LazyLinear", (4, False), {}, (5,)),
    ("LazyConv1d", (4, 2), {"groups": 2}, (2, 6, 5)),
    ("LazyConv1d", (4, 2, 2, "valid", 2), {"bias": False, "padding_mode": "circular"}, (6, 5)),
    ("LazyConv2d", (4, (2, 3)), {"padding": 1}, (2, 3, 5, 4)),
    ("LazyConv3d", (4, 2), {"dilation": 2}, (2, 3, 5, 4, 3)),
    ("LazyConvTranspose1d", (4, 2, 2, 1, 1), {}, (2, 3, 5)),
    ("LazyConvTranspose2d", (4, 2), {"groups": 2, "bias": False}, (2, 4, 3, 3)),
    ("LazyConvTranspose3d", (4, 2), {"stride": 2, "output_padding": 1}, (3, 3, 2, 2)),
    ("LazyBatchNorm1d", (), {}, (4, 3)),
    ("LazyBatchNorm1d", (), {"affine": False, "momentum": None}, (4, 3, 2)),
    ("LazyBatchNorm2d", (1e-3, 0.2), {"bias": False}, (4, 3, 2, 2)),
    ("LazyBatchNorm3d", (), {"track_running_stats": False}, (4, 3, 2, 2, 1)),
    ("LazyInstanceNorm1d", (), {}, (4, 3, 5)),
    ("LazyInstanceNorm3d", (), {"affine": True, "track_running_stats": False}, (4, 3, 2, 2, 3)),
]  # fmt: skip
#: Of this one PyTorch never learns the channels, and says so at every call.
NOTHING_HELD = ("LazyInstanceNorm2d", (), {"affine": False, "track_running_stats": False}, (4, 3, 5, 2))


def life(lib, name, args, kwargs, sizes):
    """Text, class, state and results of a layer through its first call, and of what is loaded into another."""
    lib.manual_seed(3)
    layer = getattr(lib.nn, name)(*args, **kwargs)
    state = layer.state_dict()
    found = [repr(layer), list(state), [repr(t) for t in state.values() if t.size() == (0,)], layer.has_uninitialized_params()]
    layer.double()
    found += [repr(layer), [str(t.dtype) for t in layer.state_dict().values()], [p.requires_grad for p in layer.parameters()]]
    twin = getattr(lib.nn, name)(*args, **kwargs).double()
    x = lib.linspace(-1, 1, lib.ones(sizes).numel(), dtype=lib.float64).reshape(sizes)
    out = layer(x)
    found += [repr(layer), type(layer).__name__, out, layer.state_dict(), hasattr(layer, "_load_hook"),
              len(layer._forward_pre_hooks), [type(p).__name__ for p in layer.parameters()]]  # fmt: skip
    found += [repr(twin.load_state_dict(layer.state_dict())), repr(twin), type(twin).__name__, twin.state_dict()]
    if not (name.startswith("LazyInstanceNorm") and layer.affine):  # refused by PyTorch, which leaves num_features 0
        found.append(twin(x))
    if list(layer.parameters()):
        out.sum().backward()
        found.append([p.grad for p in layer.parameters()])
    return found


@pytest.mark.referee
@pytest.mark.parametrize(("name", "args", "kwargs", "sizes"), LAYERS)
def test_life_of_a_lazy_layer(name, args, kwargs, sizes):
    compare(life, name, args, kwargs, sizes, tolerance=1e-9)


@pytest.mark.parametrize(("name", "args", "kwargs", "sizes"), [*LAYERS, NOTHING_HELD])
def test_a_loaded_layer_is_the_plain_one_after_a_call(name, args, kwargs, sizes):
    made, loaded = (getattr(nn, name)(*args, **kwargs) for _ in range(2))
    out = made(mt.ones(sizes))
    loaded.load_state_dict(made.state_dict())
    assert loaded.eval()(mt.ones(sizes)).shape == out.shape
    assert repr(loaded) == repr(made) and type(loaded) is type(made)


def test_channels_of_a_single_sample():
    layer = nn.LazyInstanceNorm1d()
    layer(mt.ones(3, 5))
    assert repr(layer).startswith("InstanceNorm1d(3, ")


def refusals(lib):
    lazy, plain = lib.nn.LazyLinear(3), lib.nn.Linear(2, 3)

    class Forgetful(lib.nn.modules.lazy.LazyModuleMixin, lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = lib.nn.UninitializedParameter()

        def initialize_parameters(self, input):
            pass

    class Silent(lib.nn.modules.lazy.LazyModuleMixin, lib.nn.Module):
        pass

    sizes = ((3, 3), (4, 4, 4), (2, 4, 5, 5, 5))
    return [
        outcome(plain.load_state_dict, lazy.state_dict()),
        repr(lazy.load_state_dict(lib.nn.LazyLinear(3).state_dict())),
        outcome(lazy.load_state_dict, {"weight": lib.ones(3, 2)}),
        outcome(lib.nn.LazyLinear(3).load_state_dict, {"weight": lib.ones(3, 2), "bias": lib.ones(4)}),
        outcome(lib.nn.LazyLinear(3).share_memory),
        [outcome(lib.nn.LazyConv2d(3, 2, groups=3), lib.ones(size)) for size in sizes],
        [outcome(lib.nn.LazyConvTranspose1d(3, 2, groups=3), lib.ones(size)) for size in sizes[1:]],
        [outcome(lib.nn.LazyBatchNorm2d(), lib.ones(size)) for size in sizes[1:]],
        outcome(Forgetful(), lib.ones(1)),
        outcome(Silent(), lib.ones(1)),
        outcome(lib.nn.LazyLinear(3)._replicate_for_data_parallel),
        outcome(lambda: lib.nn.UninitializedParameter().shape),
        outcome(lib.nn.UninitializedParameter().share_memory_),
        [outcome(call)[0] for call in (lib.nn.UninitializedParameter().sum, lib.nn.UninitializedParameter().numel)],
        repr(lib.nn.UninitializedBuffer()),
        isinstance(lib.nn.UninitializedBuffer(), lib.nn.Buffer),
        [lib.nn.parameter.is_lazy(value) for value in (lib.nn.UninitializedBuffer(), lazy.weight, plain.weight, None)],
        [repr(p) for p in lazy.parameters()],
        repr(lib.optim.SGD(lazy.parameters(), lr=0.1).param_groups[0]["params"]),
    ]


@pytest.mark.referee
def test_refusals_are_pytorchs():
    compare(refusals)


@pytest.mark.parametrize("call", [
    lambda p: p + 1, lambda p: 1 + p, lambda p: mt.ones(2) @ p, lambda p: p.sum(), lambda p: mt.add(p, 1), lambda p: p[0],
    lambda p: p.zero_(), lambda p: mt.ones(2).copy_(p), lambda p: p.copy_(mt.ones(2)), lambda p: p.detach(), lambda p: len(p),
    lambda p: p.tolist(), lambda p: p.dim(), lambda p: nn.functional.linear(mt.ones(1, 2), p), lambda p: p == 1,
])  # fmt: skip
def test_nothing_computes_with_what_has_no_shape(call):
    with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter in"):
        call(nn.UninitializedParameter())


def test_the_refusal_names_what_was_called():
    with pytest.raises(ValueError, match="in `linear`"):
        nn.functional.linear(mt.ones(1, 2), nn.UninitializedParameter())
    with pytest.raises(ValueError, match="in `numel`"):
        nn.UninitializedParameter().numel()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["deepcopy", "pickle"])
def test_what_has_no_shape_keeps_its_kind_in_copies(again):
    parameter = again(nn.UninitializedParameter(False, dtype=mt.float64))
    assert type(parameter) is nn.UninitializedParameter and not parameter.requires_grad and parameter.dtype is mt.float64
    buffer = again(nn.UninitializedBuffer(dtype=mt.float16, persistent=False))
    assert type(buffer) is nn.UninitializedBuffer and buffer.dtype is mt.float16 and not buffer.persistent
    assert type(buffer.float()) is nn.UninitializedBuffer and buffer.float().dtype is mt.float32
    assert buffer.half() is buffer
    layer = again(nn.LazyLinear(3))
    assert layer(mt.ones(2, 5)).shape == (2, 3) and type(layer) is nn.Linear


def test_materializing_keeps_the_object_and_gives_it_a_gradient():
    parameter = nn.UninitializedParameter()
    parameter.requires_grad_(False).requires_grad_()
    opt = mt.optim.SGD([parameter], lr=1.0)
    parameter.materialize((2, 3), dtype=mt.float64)
    assert type(parameter) is nn.Parameter and parameter.shape == (2, 3) and parameter.dtype is mt.float64
    with mt.no_grad():
        parameter.fill_(2)
    (parameter * parameter).sum().backward()
    opt.step()
    assert parameter.tolist() == [[-2.0] * 3] * 2
    buffer = nn.UninitializedBuffer(persistent=False)
    buffer.materialize((2,))
    assert type(buffer) is nn.Buffer and not buffer.persistent


def test_a_lazy_layer_is_no_reference_cycle():
    gc.disable()
    try:
        layer = nn.LazyConv2d(2, 3)
        gone = weakref.ref(layer)
        del layer
        assert gone() is None
    finally:
        gc.enable()


def assigned(lib):
    plain, lazy, norm = lib.nn.Linear(2, 3), lib.nn.LazyLinear(3), lib.nn.LazyBatchNorm1d()
    lib.nn.init.ones_(plain.weight)
    found = [repr(lazy.load_state_dict(plain.state_dict(), assign=True)), type(lazy.weight).__name__, lazy.weight.requires_grad]
    found += [repr(norm.load_state_dict(lib.nn.BatchNorm1d(4).state_dict())), norm.running_mean, type(norm).__name__]
    found += [lazy.weight.data_ptr() == plain.weight.data_ptr(), [name for name, _ in norm.named_buffers()]]
    model = lib.nn.Sequential(lib.nn.LazyLinear(2), lib.nn.ReLU(), lib.nn.LazyLinear(1))
    found += [outcome(model.load_state_dict, {"0.weight": lib.ones(2, 3), "2.bias": lib.ones(1)})]
    found += [repr(model), [repr(p) if lib.nn.parameter.is_lazy(p) else tuple(p.shape) for p in model.parameters()]]
    return found


@pytest.mark.referee
def test_loading_into_lazy_models():
    compare(assigned)
