"""Folded normalisations, modules made without drawing, and kernels in another memory order, beside PyTorch's."""

import pytest

import minitorch as mt
from tests.twins import compare, outcome

nn = mt.nn


def filled(lib, bn):
    for place, tensor in enumerate((bn.running_mean, bn.running_var, bn.weight, bn.bias)):
        if tensor is not None:
            with lib.no_grad():
                tensor.copy_(lib.linspace(0.5, 2, tensor.numel(), dtype=tensor.dtype) + place)
    return bn.eval()


def folded(lib, name, args, sizes, bias, affine):
    lib.manual_seed(2)
    layer = getattr(lib.nn, name)(*args, bias=bias).double().eval()
    kind = {3: lib.nn.BatchNorm1d, 4: lib.nn.BatchNorm2d, 2: lib.nn.BatchNorm1d}[len(sizes)]
    bn = filled(lib, kind(4, affine=affine, eps=1e-2).double())
    x = lib.linspace(-1, 1, lib.ones(sizes).numel(), dtype=lib.float64).reshape(sizes)
    layer.weight.requires_grad_(False)
    if name == "Linear":
        fused = lib.nn.utils.fuse_linear_bn_eval(layer, bn)
    else:
        fused = lib.nn.utils.fuse_conv_bn_eval(layer, bn, transpose=name.startswith("ConvTranspose"))
    expected = bn(layer(x))
    return [(expected - fused(x)).abs().max() < 1e-12, fused(x), repr(fused), dict(fused.state_dict()),
            [p.requires_grad for p in fused.parameters()], fused.weight is layer.weight]  # fmt: skip


LAYERS = [("Linear", (3, 4), (2, 3)), ("Conv1d", (2, 4, 2), (2, 2, 5)), ("Conv2d", (2, 4, 2), (1, 2, 4, 4)),
          ("ConvTranspose2d", (3, 4, 2), (1, 3, 3, 3))]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("name", "args", "sizes"), LAYERS)
def test_a_folded_layer_is_both(name, args, sizes, bias, affine):
    if name == "Linear" and not affine:  # PyTorch refuses it with an error of its own kind
        layer, bn = nn.Linear(3, 4, bias=bias).eval(), filled(mt, nn.BatchNorm1d(4, affine=False))
        x = mt.randn(2, 3)
        assert mt.allclose(nn.utils.fuse_linear_bn_eval(layer, bn)(x), bn(layer(x)), atol=1e-5)
    else:
        compare(folded, name, args, sizes, bias, affine, tolerance=1e-7)


def refusals(lib):
    utils = lib.nn.utils
    conv, bn, linear = lib.nn.Conv1d(2, 3, 1), lib.nn.BatchNorm1d(3), lib.nn.Linear(2, 4)
    plain = lib.nn.BatchNorm1d(3, track_running_stats=False).eval()
    return [
        outcome(utils.fuse_conv_bn_eval, conv, bn), outcome(utils.fuse_conv_bn_eval, conv.eval(), bn),
        outcome(utils.fuse_conv_bn_eval, conv.eval(), plain), outcome(utils.fuse_linear_bn_eval, linear, bn),
        outcome(utils.fuse_linear_bn_eval, linear.eval(), bn.eval()),
        outcome(utils.skip_init, lib.nn.Linear)[0], outcome(utils.skip_init, lib.nn.ReLU),
        outcome(utils.skip_init, list)[0],
    ]  # fmt: skip


@pytest.mark.referee
def test_refusals_are_pytorchs():
    compare(refusals)


def skipped(lib):
    lib.manual_seed(1)
    made = lib.nn.utils.skip_init(lib.nn.Linear, 3, 2, bias=False, dtype=lib.float64)
    return repr(made), [(tuple(p.shape), str(p.dtype), p.requires_grad) for p in made.parameters()], lib.rand(2)


@pytest.mark.referee
def test_skipping_the_draw_leaves_the_random_stream_alone():
    compare(skipped)


def formats(lib):
    model = lib.nn.Sequential(lib.nn.Conv2d(2, 3, 2), lib.nn.ConvTranspose2d(3, 2, 2), lib.nn.Linear(2, 2), lib.nn.Conv3d(2, 3, 2))
    before = [p.clone() for p in model.parameters()]
    held = list(model.parameters())
    lib.nn.utils.convert_conv2d_weight_memory_format(model, lib.channels_last)
    lib.nn.utils.convert_conv3d_weight_memory_format(model, lib.channels_last_3d)
    same = all(one is other for one, other in zip(held, model.parameters(), strict=True))
    return [same, [p.stride() for p in model.parameters()], [(p == b).all() for p, b in zip(held, before, strict=True)]]


@pytest.mark.referee
def test_memory_formats():
    compare(formats)
