"""gradcheck, gradgradcheck and check_grads: what passes, what fails, what cannot be told, and what the report says."""

from typing import NamedTuple

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops import TABLE
from minitorch.testing import GradientError, check_grads, gradcheck, gradgradcheck
from tests.testing.faulty import F64, function, good, op, square, vector

over = pytest.mark.parametrize
x, y = vector(0.5, 2.0, -1.0), vector(1.5, -1.0, 0.25)
z = mt.tensor([0.5 + 1j, 2.0 - 1j], dtype=mt.complex128)


class Pair(NamedTuple):
    left: object
    right: object


RIGHT = {
    "one tensor": (mt.exp, x),
    "two": (lambda a, b: a * b, (x, y)),
    "keywords": (lambda a, *, b: a * b, {"a": x, "b": y}),
    "a dict and a number": (lambda d, k: d["a"] ** k * d["b"][0], ({"a": x, "b": [y]}, 3)),
    "a named tuple": (lambda p: p.left * p.right, (Pair(x, y),)),
    "results in a nest": (lambda a: {"s": a.sin(), "rest": [a.cos(), (a * 2, 3)]}, x),
    "some results without gradient": (lambda a: (a.exp(), a.detach(), a.argmax(), a > 0), x),
    "no result with gradient": (lambda a: a.detach().floor(), x),
    "integers": (lambda table, i: table[i], (x, mt.tensor([0, 2, 2]))),
    "size 0": (mt.exp, mt.zeros(0, 3, dtype=F64)),
    "0-d": (mt.exp, mt.tensor(0.5, dtype=F64)),
    "complex": (lambda a: a * a / (a + 2), z),
    "complex to real": (mt.abs, z),
    "real to complex": (lambda a: a * (1 + 2j), x),
    "a Function": (square(good), x),
    "a Function's class": (square(good).__self__, x),
    "an Op": (TABLE["mul"], (x, y)),
    "itself": (lambda a: a, x),
    "a result that is an input": (lambda a, b: (a, a * b), (x, y)),
    "a non-leaf": (lambda a: a * a, x.clone().requires_grad_() * 2),
    "a gradient inside": (lambda a: mt.func.grad(lambda b: (b**3).sum())(a) * a, x),
    "the same tensor twice": (lambda a, b: a * b, (x, x)),
    "a small step needed": (mt.log, vector(1e-9, 1e-4, 1e5)),
    "bends fast": (lambda a: (30 * a).sin(), x),
    "flat at 0": (lambda a: a**5, vector(0.0, 1.0)),
    "nothing left of it at 0": (mt.nn.functional.tanhshrink, vector(0.0, 1.0)),
    "and nothing else": (mt.nn.functional.tanhshrink, mt.tensor(0.0, dtype=F64)),
    "zero by cancellation": (lambda a: a.softmax(0).sum(), x),
    "a large value": (lambda a: 1e6 + a.sin(), x),
    "tiny": (lambda a: a * 1e-12, x),
    "a transposed operand": (lambda a: a @ a, mt.arange(9, dtype=F64).reshape(3, 3).t()),
}


@over("name", RIGHT)
def test_right_gradients_pass(name):
    fn, inputs = RIGHT[name]
    for order in (1, 2):
        report = check_grads(fn, inputs, order=order)
        assert report.passed and report.outcome == "passed" and report.findings == [] and bool(report), name


def test_recording_may_be_off_outside():
    wrong = square(lambda ctx, g: g * ctx.saved_tensors[0])
    with mt.no_grad():
        assert check_grads(lambda a: a.exp() * a, x)
        assert "'Square'" in gradcheck(wrong, x, raise_exception=False).findings[0].suspect
        assert not mt.is_grad_enabled()


def test_what_moves_is_what_requires_grad_or_all_that_is_floating():
    doubled = square(lambda ctx, g: g * 4 * ctx.saved_tensors[0])
    assert not gradcheck(lambda a, b: a * doubled(b), (x, y), raise_exception=False)
    assert gradcheck(lambda a, b: a * doubled(b), (x.clone().requires_grad_(), y))
    with pytest.raises(TypeError, match="nothing to differentiate by"):
        gradcheck(mt.exp, mt.tensor([1, 2]))
    with pytest.raises(TypeError, match="returns no tensor of floating"):
        gradcheck(lambda a: a.argmax(), x)


@over("option", ["method", "mode", "kinks"])
def test_unknown_options_are_refused(option):
    with pytest.raises(ValueError, match=f"{option} must be one of"):
        gradcheck(mt.exp, x, **{option: "guess"})


@over("mode", ["full", "directional", "sampled"])
@over("method", ["auto", "five_point", "central", "complex"])
def test_methods_and_modes_agree(method, mode):
    wrong = square(lambda ctx, g: g * 2.02 * ctx.saved_tensors[0])
    assert gradcheck(lambda a: (a.exp() * a).sum(), x, method=method, mode=mode)
    if method != "complex":
        assert not gradcheck(wrong, x, method=method, mode=mode, raise_exception=False)


def test_the_complex_step_resolves_what_differences_cannot():
    report = gradcheck(lambda a: a * 1e-9 + 100, x, raise_exception=False)
    assert (report.outcome, bool(report)) == ("cannot resolve", False) and report.unresolved >= 3
    assert "cannot resolve a gradient of size 1.0e-09" in report.findings[0].sentence
    with pytest.raises(GradientError, match="cannot resolve"):
        gradcheck(lambda a: a * 1e-9 + 100, x)
    assert gradcheck(lambda a: a * 1e-9 + 100, x, method="complex")
    with pytest.raises(TypeError, match="analytic"):
        gradcheck(mt.abs, x, method="complex")


@over("size", [1.0, 1e-4, 1e-8, 1e-12, 1e-40])
@over("factor", [1.05, 1.001, -1.0, 0.0])
def test_a_wrong_factor_fails_at_every_size(factor, size):
    wrong = square(lambda ctx, g: g * (2 * factor * ctx.saved_tensors[0]))
    report = gradcheck(lambda a: wrong(a) * size, x, raise_exception=False)
    assert report.outcome == "failed"
    finding = report.findings[0]
    assert finding.wrong == 3 and finding.total == 9
    assert finding.ratio == pytest.approx(factor, abs=1e-6)


def test_one_small_entry_beside_a_large_one_fails():
    scale = vector(1.0, 1e-3, 1.0)

    def off(ctx, g):
        return g * 2 * ctx.saved_tensors[0] * vector(1.0, 1.05, 1.0)

    report = gradcheck(lambda a: square(off)(a) * scale, x, raise_exception=False)
    assert [(f.kind, f.index, f.wrong) for f in report.findings] == [("wrong", (1,), 1)]


@pytest.mark.referee
def test_pytorch_passes_what_is_5_percent_wrong():
    torch = pytest.importorskip("torch")
    verdicts = {}
    for lib in (torch, mt):
        wrong = function(lambda ctx, a: a * 1e-4, lambda ctx, g: g * 1.05e-4, lib).apply
        given = lib.tensor([0.5, 2.0, -1.0], dtype=lib.float64, requires_grad=True)
        verdicts[lib.__name__] = [
            bool(torch.autograd.gradcheck(wrong, given, fast_mode=fast)) if lib is torch else
            bool(gradcheck(wrong, given, mode="directional" if fast else "full", raise_exception=False))
            for fast in (False, True)
        ]  # fmt: skip
    assert verdicts == {"torch": [True, True], "minitorch": [False, False]}


def test_an_error_of_the_second_order_only():
    wrong = square(lambda ctx, g: g * 2 * ctx.saved_tensors[0].detach())
    assert gradcheck(wrong, x)
    for report in (gradgradcheck(wrong, x, raise_exception=False), check_grads(wrong, x, order=2, raise_exception=False)):
        assert report.outcome == "failed" and report.findings[0].order == 2
        assert "'Square' by its input 'x'" in report.findings[0].suspect


def test_an_error_of_the_third_order_only():
    class Bent(mt.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a**4

        @staticmethod
        def backward(ctx, g):
            (a,) = ctx.saved_tensors
            once = square(lambda ctx, h: h * 2 * ctx.saved_tensors[0].detach())
            return g * 4 * once(a) * a

    assert gradcheck(Bent.apply, x) and gradgradcheck(Bent.apply, x)
    assert check_grads(Bent.apply, x, order=3, raise_exception=False).findings[0].order == 3


def test_a_backward_that_raises_is_a_finding():
    def refuses(ctx, g):
        raise ValueError("not today")

    report = gradcheck(square(refuses), x, raise_exception=False)
    assert report.findings[0].kind == "raised" and "not today" in str(report)
    once = square(mt.autograd.function.once_differentiable(good))
    assert gradcheck(once, x)
    assert gradgradcheck(once, x, raise_exception=False).findings[0].kind == "raised"


def test_random_functions_draw_the_same_numbers_every_time_and_leave_the_stream_alone():
    state = mt.get_rng_state()
    for dtype in (F64, mt.float32):
        assert check_grads(lambda a: mt.nn.functional.dropout(a, 0.5) + mt.rand(3) * a, x.to(dtype))
    assert mt.equal(mt.get_rng_state(), state)


def test_the_inputs_are_left_alone():
    given = x.clone().requires_grad_()
    gradcheck(lambda a: a * 2, given)
    assert given.grad is None and mt.equal(given.detach(), x)


def test_names_come_from_the_signature_or_the_caller():
    wrong = square(lambda ctx, g: g * ctx.saved_tensors[0])

    def layer(batch, *rest, scale=1.0):
        return batch + wrong(rest[0])

    def first(**how):
        return gradcheck(layer, (x, y), raise_exception=False, **how).findings[0]

    assert (first().name, first().where) == ("rest[0]", "output 0, input 1 (rest[0])")
    assert first(names=["a", "b"]).name == "b"
    nested = gradcheck(lambda d: wrong(d["w"][1]), ({"w": [3, x]},), raise_exception=False)
    assert nested.findings[0].name == "d['w'][1]"


def test_the_message_fits_one_screen_and_says_it_all():
    def scaled(xp, x, y):
        return x * y

    wrong = op(scaled, x=lambda g, y: g * y, y=lambda g, x: g * x * 1.05)

    def model(a, weight):
        return (wrong(a.exp(), weight) * 1e-4).sum()

    with pytest.raises(GradientError) as raised:
        gradcheck(model, (x, y))
    text = str(raised.value)
    assert raised.value.report.findings[0].pattern == "a constant factor of 1.05"
    lines = text.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80
    joined = " ".join(text.split())
    for part in ("model (", "test_derivatives.py:", "output 0, shape []", "input weight, shape [3]", "output by weight[1]",
                 "by the tape", "by differences", "ratio 1.05", "3 of 3 entries; a constant factor of 1.05",
                 "'scaled' by its input 'y', called at", "its rule is at", "to repeat: mt.testing.gradcheck(model, (mt.tensor([0.5"):  # fmt: skip
        assert part in joined, part


def test_the_line_that_repeats_a_failure_repeats_it():
    wrong = square(lambda ctx, g: g * ctx.saved_tensors[0])
    first = gradcheck(wrong, x, tolerance=1e-5, seed=3, raise_exception=False)
    second = eval(first.repeat[:-1] + ", raise_exception=False)", {"mt": mt, "Square": wrong})
    assert second.findings[0].sentence == first.findings[0].sentence


def test_many_findings_still_fit():
    wrong = square(lambda ctx, g: g * ctx.saved_tensors[0])
    text = str(gradcheck(lambda *many: sum(map(wrong, many)), [x] * 12, raise_exception=False))
    assert len(text.splitlines()) <= 24 and "and 9 more: report.findings" in text


def test_of_large_inputs_others_are_shown_where_it_fails_there_too():
    wrong = square(lambda ctx, g: g * ctx.saved_tensors[0])
    report = gradcheck(wrong, mt.randn(2, 25, dtype=F64), raise_exception=False)
    assert report.repeat == "mt.testing.gradcheck(Square, (mt.linspace(-1, 1, 50, dtype=mt.float64).view(2, 25),))"
    assert report.compared == 2500
    only_here = square(lambda ctx, g: g * (2 if float(ctx.saved_tensors[0].max()) <= 1 else 1) * ctx.saved_tensors[0])
    report = gradcheck(only_here, mt.full((9,), 1.5, dtype=F64), raise_exception=False)
    assert report.repeat == "mt.testing.gradcheck(Square, inputs)"


def test_a_module_is_called_with_copies():
    model = mt.nn.Sequential(mt.nn.Linear(3, 4), mt.nn.BatchNorm1d(4))
    before = {name: np.array(value._data) for name, value in model.state_dict().items()}
    for fn in (model, lambda a: model(a) * 2, model.forward):
        assert gradcheck(fn, mt.randn(5, 3))
    for name, value in model.state_dict().items():
        assert np.array_equal(value._data, before[name]), name
    assert all(parameter.grad is None for parameter in model.parameters())


def test_higher_orders_that_cancel_pass():
    assert check_grads(lambda a: mt.atan2(a, a), mt.arange(0.5, 2.5, 0.25, dtype=F64), order=3)


@over("size", [1e-3, 1e-6, 1e-8])
def test_a_small_entry_beside_large_ones_is_wrong_and_its_op_is_named(size):
    sizes = mt.tensor([1.0, 1.0, size], dtype=F64)

    class Scaled(mt.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * sizes

        @staticmethod
        def backward(ctx, g):
            return g * sizes * mt.tensor([1.0, 1.0, 2.0], dtype=F64)

    report = gradcheck(Scaled.apply, x, raise_exception=False)
    assert [finding.index for finding in report.findings] == [(2,)] and "'Scaled'" in report.findings[0].suspect


def test_a_function_that_refuses_a_step_is_compared_with_smaller_ones():
    def bounded(a):
        if float(a.abs().max()) > 2.0005:
            raise ValueError("too large")
        return a.sin()

    assert gradcheck(bounded, x)
    near = gradcheck(lambda a: bounded(a + 0.0005 - 1e-12), x, raise_exception=False)
    assert near.outcome == "cannot resolve" and "ValueError: too large" in str(near)


def test_the_arguments_of_a_function_of_any_number_are_named_without_ctx():
    class Product(mt.autograd.Function):
        @staticmethod
        def forward(ctx, *factors):
            ctx.save_for_backward(*factors)
            return factors[0] * factors[1]

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[1], 2 * g * ctx.saved_tensors[0]

    report = gradcheck(Product.apply, (x, y), raise_exception=False)
    assert [finding.name for finding in report.findings] == ["factors[1]"]
    assert "by its input 'factors[1]'" in report.findings[0].suspect
