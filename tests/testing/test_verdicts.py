"""Kinks and jumps: found, counted, skipped; subgradients between the slopes are right, others wrong."""

import pytest

import minitorch as mt
from minitorch.testing import gradcheck
from minitorch.testing.kinks import kink_at
from minitorch.testing.problem import problem_of
from minitorch.testing.slopes import Direction, Values
from tests.testing.faulty import F64, function, vector

over = pytest.mark.parametrize
zero = mt.zeros(1, dtype=F64)

AT_KINKS = {
    "relu at 0": (mt.relu, (0.0, 1.0, -1.0), 1),
    "relu next to 0": (mt.relu, (1e-9, 1.0, -1e-9), 2),
    "relu near 0": (mt.relu, (3e-5, 1e-4, -1e-3), 0),
    "abs at 0": (mt.abs, (0.0, 1.0), 1),
    "both ends of a clamp": (lambda a: a.clamp(0, 1), (0.0, 1.0, 0.5, 0.25), 2),
    "a tie": (lambda a: a.amax(), (1.0, 1.0, 0.5), 2),
    "a jump": (mt.floor, (1.0, 0.5), 1),
    "the middle of a jump": (mt.sign, (0.0, 1.0), 1),
    "a kink under a smooth function": (lambda a: (a.abs() + a).exp(), (0.0, 1.0), 1),
    "no kink but a power": (lambda a: a.abs() ** 1.5, (0.0, 1.0), 0),
    "a norm at 0": (lambda a: a.norm(), (0.0, 0.0), 2),
}


@over("name", AT_KINKS)
def test_kinks_are_counted_and_skipped(name):
    fn, numbers, kinks = AT_KINKS[name]
    report = gradcheck(fn, vector(*numbers))
    assert (report.passed, report.kinks) == (True, kinks)
    assert f"{kinks} at kinks skipped" in str(report)


def test_kinks_can_be_errors_or_ignored():
    x = vector(0.0, 1.0, -1.0)
    report = gradcheck(mt.relu, x, kinks="error", raise_exception=False)
    assert [(f.kind, f.index) for f in report.findings] == [("kink", (0,))] and "slope is 0 on one side and 1" in str(report)
    assert gradcheck(mt.relu, x, kinks="ignore").kinks == 1


def test_too_many_kinks_fail():
    report = gradcheck(mt.relu, mt.zeros(5, dtype=F64), raise_exception=False)
    assert (report.outcome, report.kinks) == ("failed", 5) and "too many kinks: along 5 of 5" in str(report)
    assert gradcheck(mt.relu, mt.zeros(5, dtype=F64), kinks="ignore")


def slope_at_zero(slope):
    """relu with this slope at 0."""

    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a.relu()

    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g * mt.where(a == 0, mt.full_like(a, slope), (a > 0).to(F64))

    return function(forward, backward).apply


@over(("slope", "right"), [(0.0, True), (0.5, True), (1.0, True), (1.5, False), (-0.25, False), (float("nan"), False)])
def test_a_subgradient_lies_between_the_two_slopes(slope, right):
    report = gradcheck(slope_at_zero(slope), vector(0.0, 1.0, -1.0), raise_exception=False)
    assert bool(report) is right
    if not right and slope == slope:
        assert "outside of the two slopes at a kink, 0 and 1" in str(report)
    assert gradcheck(slope_at_zero(slope), vector(0.0, 1.0), raise_exception=False, kinks="ignore") or slope != slope


def test_a_wrong_slope_is_no_kink():
    wrong = function(lambda ctx, a: a.sin(), lambda ctx, g: g * 0.5).apply
    report = gradcheck(wrong, vector(0.0, 1.0), raise_exception=False)
    assert (report.kinks, report.findings[0].kind) == (0, "wrong")


@over("size", [1e-6, 1.0, 1e6, 1e12])
def test_a_disagreement_that_shrinks_is_no_kink(size):
    for fn, kinked in ((lambda a: (a / size) ** 2 * size, False), (lambda a: (a - size).abs(), True)):
        problem = problem_of(fn, vector(size))
        assert bool(kink_at(problem, Values(problem), Direction(0, 0)).mask.any()) is kinked


def test_not_finite_is_a_failure():
    assert gradcheck(mt.sqrt, zero, raise_exception=False).findings[0].kind == "not finite"


def test_the_function_may_not_change_its_results():
    with pytest.raises(ValueError, match="2 floating results at one point and 1 at another"):
        gradcheck(lambda a: [a, a * 2] if float(a.detach()[0]) == 0.25 else [a], vector(0.25))


def test_the_error_bound_of_a_difference_holds():
    """What a slope says of its own error is not less than its error, wherever the step is too large or too small."""
    from minitorch.testing.slopes import STEPS, difference

    for fn in (lambda a: (7 * a).sin(), lambda a: a.exp() * 1e4, lambda a: 1e5 + a**3):
        x = vector(0.3, 1.1, -0.7)
        problem = problem_of(fn, x)
        x = x.clone().requires_grad_()
        (exact,) = mt.autograd.grad(fn(x).sum(), x)
        for method, steps in STEPS.items():
            for step in steps:
                slope = difference(Values(problem), Direction(0, 1), method, step)
                assert abs(slope.value[1] - float(exact[1])) <= slope.error[1], (method, step)
