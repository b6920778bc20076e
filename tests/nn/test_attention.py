"""Attention: values, gradients, random draws and refusals are PyTorch's; and it can be differentiated at any order."""

import itertools

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.numeric import check_gradients
from minitorch.testing.standin import waits
from tests.twins import compare, outcome, warned

attend = mt.nn.functional.scaled_dot_product_attention


def drawn(lib, *shapes, seed=0, dtype="float64"):
    random = np.random.default_rng(seed)
    return [lib.tensor(random.normal(size=shape)).to(getattr(lib, dtype)).requires_grad_() for shape in shapes]


def pulled(lib, out, inputs, seed=7):
    """A result and its gradients."""
    (cotangent,) = drawn(lib, tuple(out.shape), seed=seed, dtype=str(out.dtype).split(".")[1])
    return [out, *lib.autograd.grad(out, inputs, cotangent.detach())]


# ---- the function --------------------------------------------------------------------------------------------------
SHAPES = {
    "2-d": ((3, 4), (5, 4), (5, 2)),
    "3-d": ((2, 3, 4), (2, 5, 4), (2, 5, 4)),
    "4-d": ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5)),
    "5-d": ((2, 1, 2, 3, 4), (2, 1, 2, 3, 4), (2, 1, 2, 3, 1)),
    "broadcast": ((2, 1, 3, 4), (3, 5, 4), (2, 3, 5, 2)),
    "one position": ((2, 1, 4), (2, 1, 4), (2, 1, 4)),
    "no key": ((2, 3, 4), (2, 0, 4), (2, 0, 2)),
    "no query": ((2, 0, 4), (2, 3, 4), (2, 3, 2)),
    "no feature": ((2, 3, 0), (2, 3, 0), (2, 3, 2)),
}
MASKS = ("none", "causal", "bool", "numbers", "row", "closed")


def masked(lib, kind, queries, keys):
    """(mask, is_causal)."""
    random = np.random.default_rng(3)
    if kind in ("none", "causal"):
        return None, kind == "causal"
    if kind == "numbers":
        return lib.tensor(random.normal(size=(queries, keys)), requires_grad=True), False
    mask = random.random((1 if kind == "row" else queries, keys)) < 0.6
    if kind == "closed" and queries:
        mask[0] = False
    return lib.tensor(mask), False


@pytest.mark.referee
@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("name", SHAPES)
def test_values_and_gradients_are_pytorchs(name, kind):
    shapes = SHAPES[name]

    def scenario(lib):
        q, k, v = drawn(lib, *shapes)
        mask, causal = masked(lib, kind, shapes[0][-2], shapes[1][-2])
        out = lib.nn.functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=0.7)
        moving = [q, k, v] + ([mask] if kind == "numbers" and not name.startswith(("no key", "no query")) else [])
        return pulled(lib, out, moving)

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("kind", ["none", "causal", "bool", "numbers"])
@pytest.mark.parametrize("heads", [(4, 2, 2), (6, 3, 2), (4, 4, 4), (4, 1, 1)])
def test_heads_may_share_keys(heads, kind):
    def scenario(lib):
        q, k, v = drawn(lib, *((2, count, 3, 4) for count in heads))
        mask, causal = masked(lib, kind, 3, 3)
        if kind == "bool":
            mask = mask.repeat(heads[0], 1, 1)
        return pulled(lib, lib.nn.functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, enable_gqa=True), [q, k, v])

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_dropped_weights_are_pytorchs(p, dtype):
    def scenario(lib):
        lib.manual_seed(3)
        q, k, v = drawn(lib, (2, 2, 5, 4), (2, 2, 6, 4), (2, 2, 6, 3), dtype=dtype)
        out = lib.nn.functional.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        return [*pulled(lib, out, [q, k, v]), lib.rand(2)]

    compare(scenario, tolerance=1e-5 if dtype == "float32" else 1e-12)


@pytest.mark.referee
def test_the_layout_of_heads_in_public_code():
    """(B, T, 3 C) cut into three and turned to (B, heads, T, C / heads), as views; the result lies as the queries do."""

    def scenario(lib):
        (x,) = drawn(lib, (2, 5, 24))
        q, k, v = (part.view(2, 5, 2, 4).transpose(1, 2) for part in x.split(8, dim=2))
        attend = lib.nn.functional.scaled_dot_product_attention
        out, dropped = attend(q, k, v, is_causal=True), attend(q, k, v, dropout_p=0.5)
        plain = attend(q.contiguous(), k, v)
        strides = [list(t.stride()) for t in (out, dropped, plain, attend(q, k, v[..., :2]), attend(q, k[:, :, :3], v[:, :, :3]))]
        return [strides, *pulled(lib, out.transpose(1, 2).view(2, 5, 8), [x])]

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("shapes", [((2, 3, 5, 4), (5, 4)), ((2, 1, 5, 4), (1, 3, 5, 4)), ((1, 3, 1, 4), (1, 3)), ((4, 4), (1, 3, 4, 4))])
def test_queries_that_lie_so_among_others_that_broadcast(shapes):
    def scenario(lib):
        k, v, q = drawn(lib, *shapes, (1, 5, 3, 4))
        return pulled(lib, lib.nn.functional.scaled_dot_product_attention(q.transpose(1, 2), k, v), [q, k, v])

    compare(scenario, tolerance=1e-12)


def test_a_closed_row_is_zero_and_has_no_gradient_at_any_order():
    q, k, v = drawn(mt, (2, 3), (4, 3), (4, 2))
    mask = mt.tensor([[False] * 4, [True, False, True, True]])
    out = attend(q, k, v, mask)
    assert out[0].tolist() == [0.0, 0.0]
    first = mt.autograd.grad(out.sum(), [q, k, v], create_graph=True)
    second = mt.autograd.grad(sum((g * g).sum() for g in first), [q, k, v])
    for g in (*first, *second):
        assert not g.isnan().any()
    assert first[0][0].tolist() == [0.0] * 3
    assert second[0][0].tolist() == [0.0] * 3


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"attn_mask": mt.tensor([[True, False, True], [True] * 3])}])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_order_is_that_of_finite_differences(order, options):
    """PyTorch's kernel for the CPU has no second derivative."""
    random = np.random.default_rng(1)
    q, k, v = (mt.tensor(random.normal(size=shape), requires_grad=True) for shape in ((2, 2), (3, 2), (3, 1)))
    check_gradients(lambda *qkv: attend(*qkv, **options), (q, k, v), order=order)


@pytest.mark.parametrize("shape", [(2, 3, 2), (1, 2, 3, 2)])
def test_a_step_through_dropout_can_be_differentiated_twice(shape):
    q, k, v = drawn(mt, shape, shape, shape)

    def run(q):
        mt.manual_seed(5)
        return attend(q, k, v, dropout_p=0.4)

    check_gradients(run, (q,), order=2)


@pytest.mark.referee
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    def scenario(lib):
        q, k, v = drawn(lib, (1, 2, 8, 4), (1, 2, 8, 4), (1, 2, 8, 4), dtype=dtype)
        mask = lib.zeros(8, 8).masked_fill(lib.ones(8, 8, dtype=lib.bool).triu(1), float("-inf"))
        found = pulled(lib, lib.nn.functional.scaled_dot_product_attention(q, k, v, mask), [q, k, v])
        return [*(t.float() for t in found), *(str(t.dtype).split(".")[1] for t in found)]

    compare(scenario, tolerance=4e-2 if dtype == "bfloat16" else 4e-3)


@pytest.mark.referee
@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("place", range(4))
def test_what_is_not_finite(place, value):
    def scenario(lib):
        q, k, v = (lib.ones(1, 1, 3, 2) for _ in range(3))
        mask = lib.zeros(3, 3)
        (q, k, v, mask)[place][..., 0, 0] = value
        closing = lib.tensor([[False, True, True]] * 3)
        attend = lib.nn.functional.scaled_dot_product_attention
        return [attend(q, k, v, mask), attend(q, k, v, closing)]

    compare(scenario)


@pytest.mark.referee
def test_refusals_are_pytorchs():
    def scenario(lib):
        attend, r = lib.nn.functional.scaled_dot_product_attention, lib.ones
        q = r(2, 4, 5)
        calls = [
            (r(5), r(4, 5), r(4, 5)), (r(4, 5), r(4, 5).double(), r(4, 5)), (q, q, q, r(4, 4).long()), (q, q, q, r(4, 4).double()),
            (q, q, q, r(4, 4), 0.0, True), (q, r(2, 4, 6), q), (r(4, 5), r(4, 6), r(4, 5)), (q, q, r(2, 6, 5)),
            (q, r(3, 4, 5), q), (q, q, r(3, 4, 5)), (q, q, q, r(3, 4)), (r(4, 5), r(4, 5), r(4, 5), r(3, 4, 4)),
            (q, q, q, None, 1.5), (q.long(), q.long(), q.long()), (r(4, 5).bool(),) * 3, (q.cfloat(), q.cfloat(), q.cfloat()),
            ([1], q, q), (q, q, q, [1]), (q, None, q), (q, q, q, None, 0.0, 1),
        ]  # fmt: skip
        named = [{"scale": "a"}, {"enable_gqa": 1}]
        heads = [(r(6, 4, 5), r(4, 4, 5), r(4, 4, 5)), (r(3, 4, 5), r(6, 4, 5), r(6, 4, 5)), (r(4, 5),) * 3]
        said = [outcome(attend, *call) for call in calls] + [outcome(attend, q, q, q, **options) for options in named]
        said += [outcome(attend, *call, enable_gqa=True) for call in heads]
        return [(kind.replace("ProbabilityError", "RuntimeError"), text.split(" (")[0].removesuffix("query").rstrip(". "))
                for kind, text in said]  # fmt: skip

    compare(scenario)


# ---- the layer -----------------------------------------------------------------------------------------------------
OPTIONS = [
    {}, {"bias": False}, {"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 3, "vdim": 5}, {"kdim": 3, "bias": False},
    {"batch_first": True}, {"dropout": 0.3}, {"add_bias_kv": True, "add_zero_attn": True, "vdim": 5, "batch_first": True},
]  # fmt: skip


def layer_scenario(lib, options, call, self_attention, unbatched=False, training=True):
    lib.manual_seed(2)
    layer = lib.nn.MultiheadAttention(6, 2, **options).double().train(training)
    first = options.get("batch_first", False)
    length, keys, count = 3, 4, 2
    if self_attention:
        (q,) = drawn(lib, (length, 6) if unbatched else (count, length, 6) if first else (length, count, 6))
        k, v, keys = q, q, length
    else:
        widths = (6, options.get("kdim", 6), options.get("vdim", 6))
        shapes = [(n, w) if unbatched else (count, n, w) if first else (n, count, w) for n, w in zip((length, keys, keys), widths)]
        q, k, v = drawn(lib, *shapes)
    random = np.random.default_rng(4)
    given = {}
    if "mask" in call:
        given["attn_mask"] = lib.tensor(random.random((length, keys)) < 0.3) if call["mask"] == "bool" else lib.tensor(
            random.normal(size=(length, keys) if call["mask"] == "2-d" else ((1 if unbatched else count) * 2, length, keys)))
    if "padding" in call:
        closed = np.zeros((count, keys), bool)
        closed[0, -1] = True
        closed = closed[0] if unbatched else closed
        given["key_padding_mask"] = lib.tensor(closed if call["padding"] == "bool" else np.where(closed, -2.0, 0.5))
    given |= {key: value for key, value in call.items() if key not in ("mask", "padding")}
    out, weights = layer(q, k, v, **given)
    moving = list({id(x): x for x in (q, k, v)}.values()) + list(layer.parameters())
    return [list(layer.state_dict()), repr(layer), *pulled(lib, out, moving), weights, lib.rand(1)]


@pytest.mark.referee
@pytest.mark.parametrize("call", [
    {}, {"need_weights": False}, {"average_attn_weights": False}, {"mask": "bool"}, {"mask": "3-d", "need_weights": False},
    {"mask": "2-d", "padding": "number"}, {"mask": "bool", "padding": "bool", "need_weights": False}, {"padding": "bool"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_layer_is_pytorchs(options, call):
    wide = "kdim" in options or "vdim" in options
    for self_attention, unbatched in itertools.product((False,) if wide else (False, True), (False, True)):
        compare(layer_scenario, options, call, self_attention, unbatched, tolerance=1e-10)
    compare(layer_scenario, options, call, not wide, False, False, tolerance=1e-10)


@pytest.mark.referee
def test_without_gradients_the_layer_gives_the_same():
    """PyTorch then takes another path."""

    def scenario(lib):
        with lib.no_grad():
            return layer_scenario_values(lib)

    def layer_scenario_values(lib):
        lib.manual_seed(2)
        layer = lib.nn.MultiheadAttention(6, 2, batch_first=True).eval()
        (x,) = drawn(lib, (2, 3, 6), dtype="float32")
        padding = lib.tensor([[False, False, True], [False] * 3])
        return [*layer(x, x, x), *layer(x, x, x, key_padding_mask=padding), layer(x, x, x, need_weights=False)[0]]

    compare(scenario, tolerance=1e-5)


@pytest.mark.referee
def test_a_causal_mask_may_be_announced():
    def scenario(lib):
        lib.manual_seed(2)
        layer = lib.nn.MultiheadAttention(6, 2).double()
        (x,) = drawn(lib, (4, 2, 6))
        mask = lib.nn.Transformer.generate_square_subsequent_mask(4, dtype=lib.float64)
        padding = lib.tensor([[False] * 3 + [True], [False] * 4])
        calls = [{}, {"need_weights": False}, {"key_padding_mask": padding.double() * -1e9, "need_weights": False}]
        found = [layer(x, x, x, attn_mask=mask, is_causal=True, **call)[0] for call in calls]
        return [*found, outcome(layer, x, x, x, is_causal=True)]

    compare(scenario, tolerance=1e-10)


@pytest.mark.referee
def test_masks_can_be_merged():
    def scenario(lib):
        layer = lib.nn.MultiheadAttention(4, 2, batch_first=True)
        q, wide, tall, padding = (t.detach() for t in drawn(lib, (2, 3, 4), (3, 3), (4, 3, 3), (2, 3)))
        return [layer.merge_masks(*masks, q) for masks in ((None, None), (None, padding), (wide, None), (tall, None),
                                                           (wide, padding), (tall, padding))]  # fmt: skip

    compare(scenario)


@pytest.mark.referee
def test_refusals_and_warnings_of_the_layer_are_pytorchs():
    def scenario(lib):
        nn, r = lib.nn, lib.ones
        layer, wide = nn.MultiheadAttention(4, 2), nn.MultiheadAttention(4, 2, kdim=3)
        x = r(3, 2, 4)
        mask, padding = r(3, 3, dtype=lib.bool).triu(1), lib.zeros(2, 3)
        said = [
            outcome(nn.MultiheadAttention, 5, 2), outcome(nn.MultiheadAttention, 0, 2), outcome(nn.MultiheadAttention, 4, 0),
            outcome(layer, r(1, 3, 2, 4), x, x), outcome(layer, x, r(3, 4), x), outcome(layer, r(3, 4), x, x),
            outcome(layer, x, x, x, key_padding_mask=r(3)), outcome(layer, x, x, x, attn_mask=r(3)),
            outcome(layer, x, x, x, attn_mask=r(2, 3)), outcome(layer, x, x, x, attn_mask=r(2, 3, 3)),
            outcome(layer, x, x, x, key_padding_mask=r(3, 3)), outcome(layer, x, x, x, key_padding_mask=r(2, 2)),
            outcome(layer, r(3, 2, 6), r(3, 2, 6), r(3, 2, 6)), outcome(layer, x, x, r(4, 2, 4)),
            outcome(wide, x, r(3, 2, 3), r(4, 2, 4)), outcome(wide, x, x, x), outcome(layer, x, x, x, attn_mask=r(3, 3).long()),
            outcome(layer, x, x, x, key_padding_mask=r(2, 3).int()), outcome(layer, r(3, 4), r(3, 4), r(3, 4), attn_mask=r(1, 3, 3)),
            warned(lambda: layer(x, x, x, attn_mask=mask, key_padding_mask=padding)[0].shape[0]),
        ]
        return said

    compare(scenario)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["bias_k", "static", "separate"])
def test_the_function_behind_the_layer(name):
    def scenario(lib):
        forward = lib.nn.functional.multi_head_attention_forward
        q, k, v, w, b, out, bias = drawn(lib, (3, 2, 4), (5, 2, 4), (5, 2, 4), (12, 4), (12,), (4, 4), (4,))
        extra, static = drawn(lib, (1, 1, 4), (4, 6, 2), seed=1)
        given = [q, k, v, 4, 2, w, b, None, None, False, 0.0, out, bias]
        if name == "static":
            return [*forward(*given, static_k=static, static_v=static * 2),
                    outcome(forward, *given, static_k=static[:3]), outcome(forward, *given, static_v=static[..., :1])]  # fmt: skip
        if name == "separate":
            given[5] = None
            weights = {"q_proj_weight": w[:4], "k_proj_weight": w[4:8], "v_proj_weight": w[8:]}
            missing = [outcome(forward, *given, use_separate_proj_weight=True, **{k: v for k, v in weights.items() if k != gone})
                       for gone in weights]  # fmt: skip
            return [*forward(*given, use_separate_proj_weight=True, **weights), *missing, outcome(forward, *given)]
        given[7] = extra
        only = outcome(forward, *given)
        given[8] = extra * 2
        return [only, *forward(*given), outcome(forward, *given, static_k=static)]

    compare(scenario, tolerance=1e-10)


# ---- on a device ---------------------------------------------------------------------------------------------------
def test_training_on_a_device_never_waits(device_backend):
    layer = mt.nn.MultiheadAttention(6, 2, dropout=0.2).to("cuda")
    x = mt.ones(3, 2, 6, device="cuda")
    mask = mt.ones(3, 3, dtype=mt.bool, device="cuda").triu(1)
    with waits() as seen:
        layer(x, x, x, attn_mask=mask)[0].sum().backward()
        layer(x, x, x, attn_mask=mask, need_weights=False)[0].sum().backward()
        attend(x, x, x, is_causal=True, dropout_p=0.5)
    assert seen == []
    assert layer.in_proj_weight.grad.is_cuda


# ---- nn.attention --------------------------------------------------------------------------------------------------
@pytest.mark.referee
def test_a_kernel_may_be_chosen():
    def scenario(lib):
        from importlib import import_module

        module = import_module(f"{lib.__name__}.nn.attention")
        kernels = module.SDPBackend
        (q,) = drawn(lib, (1, 2, 3, 4))
        with module.sdpa_kernel([kernels.MATH, kernels.EFFICIENT_ATTENTION], set_priority=True):
            out = lib.nn.functional.scaled_dot_product_attention(q, q, q)
        with module.sdpa_kernel(kernels.MATH):
            pass
        return [out, repr(kernels.MATH), str(kernels.ERROR), int(kernels.CUDNN_ATTENTION), kernels.MATH.name,
                outcome(module.sdpa_kernel("math").__enter__)]  # fmt: skip

    compare(scenario, tolerance=1e-12)


@pytest.mark.referee
@pytest.mark.parametrize("size", [(3, 3), (2, 4), (4, 2)])
def test_causal_masks_by_corner(size):
    def scenario(lib):
        from importlib import import_module

        bias = import_module(f"{lib.__name__}.nn.attention.bias")
        q, k, v = drawn(lib, (1, 2, size[0], 4), (1, 2, size[1], 4), (1, 2, size[1], 4))
        masks, said = zip(*(warned(getattr(bias, f"causal_{corner}"), *size) for corner in ("upper_left", "lower_right")))
        attend = lib.nn.functional.scaled_dot_product_attention
        return [*(attend(q, k, v, mask) for mask in masks), *map(repr, masks), said, masks[1].variant.name,
                outcome(bias.causal_upper_left, 2)]  # fmt: skip

    compare(scenario, tolerance=1e-12)
