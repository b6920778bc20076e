"""Inputs of less than float64: never differenced, their gradient held to the float64 gradient."""

import importlib.util

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import check, gradcheck
from tests.testing.faulty import function, square, vector

over = pytest.mark.parametrize
LOW = [mt.float32, mt.float16, mt.complex64]
if importlib.util.find_spec("ml_dtypes"):
    LOW.append(mt.bfloat16)


def only_in(dtype, factor):
    """A backward that is wrong by a factor, but right in every other dtype."""
    return square(lambda ctx, g: g * (2 * ctx.saved_tensors[0]) * (factor if g.dtype == dtype else 1))


@over("dtype", LOW, ids=str)
def test_low_precision_is_compared_with_float64_and_the_report_says_so(dtype):
    x = vector(0.5, 2.0, -1.0, dtype=dtype)
    report = gradcheck(lambda a: (a * a).sum(), x)
    note = " ".join(report.notes)
    assert f"the {str(dtype).rpartition('.')[2]} gradient was compared with the float64 gradient" in note
    assert "differences were taken of float64 copies" in note and report.notes[0][:20] in str(report)
    assert x.dtype == dtype


@over(("dtype", "factor"), [(mt.float32, 1.001), (mt.float32, 1.05), (mt.float16, 1.05), (mt.complex64, 1.001)], ids=str)
def test_what_is_wrong_only_in_low_precision_fails(dtype, factor):
    x = vector(0.5, 2.0, -1.0, dtype=dtype)
    report = gradcheck(only_in(dtype, factor), x, raise_exception=False)
    assert [finding.kind for finding in report.findings] == ["precision"]
    assert not check(only_in(dtype, factor), x)
    if dtype == mt.float32:  # float64 inputs are looked at in float32 too, by `check`
        assert gradcheck(only_in(dtype, factor), x.double())
        assert not check(only_in(dtype, factor), x.double())


def test_what_is_wrong_only_in_float64_fails_for_float32_inputs():
    assert not gradcheck(only_in(mt.float64, 1.05), vector(0.5, 2.0, dtype=mt.float32), raise_exception=False)


def test_long_sums_and_ill_conditioned_functions_pass():
    mt.manual_seed(0)
    for fn in (lambda a: a.sum(), lambda a: (a.sum() ** 2).sqrt(), lambda a: a.softmax(0).sum(), lambda a: a.var(),
               lambda a: (a - a.mean()).sum(), lambda a: ((a * 1e4 + 1e4) - a * 1e4 - 1e4 + a) ** 2, lambda a: (a[:, None] * a).sum(1).tanh(), lambda a: a.logsumexp(0) * 1e3):  # fmt: skip
        report = gradcheck(fn, mt.randn(300) + 0.25, mode="sampled", raise_exception=False)
        assert report.passed, str(report)


def test_what_does_not_move_is_widened_too():
    weight, x = vector(1.0, 2.0, dtype=mt.float32), vector(0.5, 0.25, dtype=mt.float32).requires_grad_()
    seen = []

    def fn(a, w, i):
        seen.append((a.dtype, w.dtype, i.dtype, mt.tensor(1.0).dtype))
        return a * w * mt.ones(2) + i

    assert gradcheck(fn, (x, weight, mt.tensor([1, 2])))
    assert set(seen) == {(mt.float64,) * 2 + (mt.int64, mt.float64), (mt.float32,) * 2 + (mt.int64, mt.float32)}
    assert mt.get_default_dtype() == mt.float32


def test_a_function_that_computes_in_float32_cannot_be_resolved_or_is_told():
    x = vector(0.5, 2.0, -1.0)
    report = gradcheck(lambda a: a.float().exp(), x, raise_exception=False)
    assert report.outcome == "cannot resolve" and "returns float32 for float64 inputs" in str(report)


def test_a_constant_result_and_a_vanishing_gradient_pass():
    assert gradcheck(lambda a: (a * 0).sum() + a.detach().floor(), vector(0.5, 1.5, dtype=mt.float32))
    norm = function(lambda ctx, a: a.clone(), lambda ctx, g: g).apply
    assert gradcheck(lambda a: mt.nn.functional.batch_norm(norm(a) * 1, None, None, training=True), mt.randn(6, 2) + np.float64(3))
