"""Activations: PyTorch's numbers, slopes at every kink, options, `inplace=` and the twins with an underscore."""

import inspect
import math

import numpy as np
import pytest

import minitorch as mt
import minitorch.nn.functional as F
from tests.referee_grid import EVERY, FLOATS, Domain, compare, corners, elementwise, gradients, outcome, torch

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
referee = pytest.mark.referee
NUMBERS = Domain(-8, 8, avoid=(-6, -3, -1, -0.5, 0, 0.5, 1, 3, 6))
OPTIONS = {
    "relu": [{}], "relu6": [{}], "selu": [{}], "silu": [{}], "mish": [{}], "hardswish": [{}], "hardsigmoid": [{}],
    "hardtanh": [{}, {"min_val": -0.3, "max_val": 2.0}, {"min_val": -1, "max_val": 3}],
    "leaky_relu": [{}, {"negative_slope": 0.3}, {"negative_slope": -0.5}], "elu": [{}, {"alpha": 0.5}],
    "celu": [{}, {"alpha": 2.0}, {"alpha": 0}], "threshold": [{"threshold": 0.1, "value": 2.5}],
    "rrelu": [{}, {"lower": 0.1, "upper": 0.2}, {"lower": 0.5, "upper": 0.2}],
}  # fmt: skip
PURE = {
    "gelu": [{}, {"approximate": "tanh"}, {"approximate": "sigmoid"}], "softplus": [{}, {"beta": 2, "threshold": 5}],
    "softsign": [{}], "logsigmoid": [{}], "tanhshrink": [{}], "softshrink": [{}, {"lambd": 0.2}, {"lambd": -1}],
    "hardshrink": [{}, {"lambd": 0.2}], "sigmoid": [{}], "tanh": [{}],
}  # fmt: skip
TWINS = "relu_ elu_ selu_ celu_ leaky_relu_ hardtanh_ threshold_ rrelu_".split()
#: PyTorch's hardsigmoid has 1/6 in float32; its softplus drops the second derivative at the threshold itself.
LOOSE = {"float16": (2e-3, 1e-4), "float64": (4e-8, 3e-9)}
TIGHT = {"float16": (2e-3, 1e-4)}


@referee
@over("name", [*OPTIONS, *PURE])
def test_beside_pytorch(name):
    options, tolerances = (OPTIONS | PURE)[name], LOOSE if name in ("hardsigmoid", "softplus") else TIGHT
    compare(f"nn.functional.{name}", elementwise(NUMBERS), options, dtypes=EVERY, tolerances=tolerances)
    edges = corners(-inf, -6.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 20.0, 21.0, inf, nan)
    compare(f"nn.functional.{name}", edges, options, dtypes=("float64",), forms=("function",),
            second=name not in ("silu", "mish", "gelu"), tolerances=tolerances)  # fmt: skip


@referee
@over("name", "relu prelu rrelu selu celu threshold hardshrink sigmoid tanh relu_ selu_ celu_ rrelu_ threshold_".split())
def test_what_pytorch_has_at_the_top_too(name):
    pytest.importorskip("torch")
    assert hasattr(torch, name)
    assert hasattr(mt, name)
    assert hasattr(F, name) or name in ("sigmoid_", "tanh_")


@referee
@over("name", OPTIONS)
def test_in_place_with_gradients(name):
    pytest.importorskip("torch")
    answers = []
    for library in (mt, torch):
        x = library.tensor([-1.5, 2.0, 0.3, -0.2], dtype=library.float64, requires_grad=True)
        y = x * 1.0
        out = getattr(library.nn.functional, name)(y, **OPTIONS[name][0], inplace=True)
        assert out is y
        gradient, = library.autograd.grad((out * out).sum(), x)
        answers.append((out.detach().numpy(), gradient.numpy()))
    for ours, theirs in zip(*answers, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-7)


@referee
def test_prelu():
    def inputs(n):
        shapes = [((2, 3), (3,)), ((2, 3), (1,)), ((2, 3, 2), ()), ((3,), (1,)), ((), ()), ((2, 3), (2,)), ((), (2,)),
                  ((2,), (2,)), ((2, 3), (1, 1)), ((0, 3), (3,))]  # fmt: skip
        return [(n(x), n(weight)) for x, weight in shapes]

    compare("nn.functional.prelu", inputs, dtypes=FLOATS, tolerances=TIGHT)
    compare("prelu", inputs, dtypes=FLOATS, tolerances=TIGHT)


@referee
def test_along_a_dimension():
    shapes = (((2, 4),), ((4,),), ((0, 2),))
    compare("nn.functional.glu", elementwise(NUMBERS, shapes=shapes, layouts=False), dtypes=EVERY, tolerances=TIGHT)
    compare("nn.functional.glu", elementwise(NUMBERS, shapes=(((2, 4),), ((3,),), ((),)), layouts=False),
            [{"dim": 0}, {"dim": 1}, {"dim": 2}])  # fmt: skip
    compare("nn.functional.softmin", elementwise(NUMBERS, shapes=(((2, 3),), ((3,),))), [{"dim": 0}, {"dim": -1}])


@referee
def test_rrelu_draws_pytorchs_slopes():
    pytest.importorskip("torch")
    numbers = np.random.default_rng(0).normal(size=50)
    for dtype in ("float32", "float64"):
        answers = []
        for library in (mt, torch):
            library.manual_seed(3)
            x = library.tensor(numbers).to(getattr(library, dtype))
            x.requires_grad_()
            out = library.nn.functional.rrelu(x, 0.1, 0.4, training=True)
            gradient, = library.autograd.grad(out.sum(), x)
            answers.append((out.detach().numpy(), gradient.numpy()))
        for ours, theirs in zip(*answers, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@referee
@over("name", [*OPTIONS, *(n for n in PURE if n not in ("sigmoid", "tanh", "softplus", "gelu", "softshrink", "hardshrink"))])
def test_parameters_have_pytorchs_names_and_defaults(name):
    pytest.importorskip("torch")
    theirs = getattr(torch.nn.functional, name)
    if inspect.isbuiltin(theirs):
        return
    wanted = [(p.name, p.default) for p in inspect.signature(theirs).parameters.values()]
    found = [(p.name, p.default) for p in inspect.signature(getattr(F, name)).parameters.values()]
    assert [pair for pair in found if pair[0] not in ("_alias", "out")] == wanted


# ---- the corners, pinned -------------------------------------------------------------------------------------------
@over("name, slopes", [
    ("relu", {0.0: 0, nan: 1}), ("relu6", {0.0: 0, 6.0: 0, nan: 1}), ("hardtanh", {-1.0: 0, 1.0: 0, 0.5: 1}),
    ("leaky_relu", {0.0: 0.01, nan: 0.01}), ("elu", {0.0: 1, -inf: 0, nan: 1}), ("celu", {0.0: 1}),
    ("selu", {0.0: 1.0507009873554805 * 1.6732632423543772}), ("hardswish", {-3.0: 0, 3.0: 1}),
    ("hardsigmoid", {-3.0: 0, 3.0: 0, nan: 0}), ("softshrink", {0.5: 0, -0.5: 0, nan: 1}),
    ("hardshrink", {0.5: 0, -0.5: 0}), ("logsigmoid", {-inf: 1, inf: 0}), ("softplus", {-inf: 0, inf: 1, 20.5: 1}),
    ("gelu", {0.0: 0.5}), ("silu", {0.0: 0.5}), ("mish", {0.0: 0.6}), ("tanhshrink", {0.0: 0}), ("softsign", {0.0: 1}),
])  # fmt: skip
def test_slopes(name, slopes):
    for x, slope in slopes.items():
        assert gradients(getattr(F, name), x) == pytest.approx([slope], rel=1e-15)


def test_threshold_at_the_threshold():
    assert F.threshold(mt.tensor([0.5, 1.0]), 0.5, 7.0).tolist() == [7.0, 1.0]
    assert gradients(lambda x: F.threshold(x, 0.5, 7.0), 0.5) == [0.0]


@over("name", ["elu", "celu", "selu", "softplus", "silu", "mish", "gelu", "logsigmoid"])
@over("x", [-800.0, -100.0, 100.0, 800.0])
def test_derivatives_far_out_are_finite(name, x):
    """Whatever branch is not taken must not send an infinity times zero back."""
    for order in (1, 2, 3):
        assert math.isfinite(gradients(getattr(F, name), x, order=order)[0])


@over("approximate", ["none", "tanh"])
def test_gelu_of_large_and_small_arrays(approximate):
    x = mt.tensor(np.linspace(-9, 9, 40_001))
    whole = F.gelu(x, approximate=approximate)
    np.testing.assert_array_equal(whole.numpy(), mt.cat([F.gelu(p, approximate=approximate) for p in x.split(1000)]).numpy())
    if approximate == "none":
        exact = [v * (0.5 * math.erfc(-v / math.sqrt(2))) for v in x.tolist()]
        np.testing.assert_allclose(whole.numpy(), exact, rtol=0, atol=2e-15)


@over("name", TWINS)
def test_twins_write_over_their_input(name):
    options = (0.1, 2.0) if name == "threshold_" else ()
    x = mt.tensor([-1.0, 0.05, 3.0])
    expected = getattr(F, name[:-1])(x, *options).tolist()
    assert getattr(F, name)(x, *options) is x
    assert x.tolist() == expected


@over("name", [n for n in OPTIONS if n not in ("threshold", "rrelu")])
def test_inplace_of_a_leaf_is_refused(name):
    x = mt.tensor([-1.0, 2.0], requires_grad=True)
    answer = outcome(lambda: getattr(F, name)(x, inplace=True))
    assert answer[:2] == ("error", "RuntimeError")
    assert "a leaf Variable that requires grad is being used in an in-place operation" in answer[3]
    assert x.tolist() == [-1.0, 2.0]


@over("call, error, words", [
    (lambda t: F.relu(t > 0), RuntimeError, "Boolean inputs not supported for relu"),
    (lambda t: F.hardtanh(t, 2, 1), ValueError, "min_val cannot be greater than max_val"),
    (lambda t: F.hardtanh((t * 0).to(mt.uint8)), RuntimeError, "cannot do hardtanh on an unsigned type"),
    (lambda t: F.celu(t, 0), RuntimeError, "ZeroDivisionError: alpha cannot be 0 for CELU"),
    (lambda t: F.gelu(t, approximate="x"), RuntimeError, "approximate argument must be either none or tanh"),
    (lambda t: F.gelu(t.to(mt.int64)), NotImplementedError, "\"GeluKernelImpl\" not implemented for 'Long'"),
    (lambda t: F.softshrink(t, -1), RuntimeError, r"lambda must be in range \[0, 3.40282e\+38\] for input dtype Float"),
    (lambda t: F.rrelu(t, 0.5, 0.1), RuntimeError, "Lower bound should be less than or equal to the upper bound"),
    (lambda t: F.glu(t), RuntimeError, "Halving dimension must be even, but dimension 0 is size 3"),
    (lambda t: F.prelu(t.reshape(1, 3), t[:2]), RuntimeError, "Mismatch of parameter numbers and input channel size"),
])  # fmt: skip
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call(mt.tensor([-1.0, 0.5, 2.0]))


def test_softmin_warns_without_a_dimension():
    with pytest.warns(UserWarning, match="Implicit dimension choice"):
        out = F.softmin(mt.tensor([1.0, 2.0]))
    assert out.tolist() == pytest.approx([0.7310586, 0.2689414])
