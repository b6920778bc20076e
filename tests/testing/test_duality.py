"""dot_test: forward mode against reverse, with neither steps nor tolerance to speak of."""

import pytest

import minitorch as mt
from minitorch.testing import GradientError, dot_test
from tests.testing.faulty import F64, op, square, vector

x, y = vector(0.5, 2.0, -1.0), vector(1.5, -1.0, 0.25)


def turned(xp, x):
    return xp.swapaxes(x, 0, 1) * 1.0


not_turned_back = op(turned, "other", x=lambda g: g * 1.0)
not_turned_back.linear = True


@pytest.mark.parametrize("fn", [
    lambda a, b: (a * b).exp(), lambda a, b: (a.softmax(0) @ b, a.sort().values), lambda a, b: {"a": a.cumsum(0), "b": [b[1:]]},
    lambda a, b: (mt.complex(a, b) ** 2).abs(), lambda a, b: a.detach() * 2, lambda a, b: square(lambda ctx, g: g * 2 * ctx.saved_tensors[0])(a),
])  # fmt: skip
def test_adjoint_pairs_pass(fn):
    assert dot_test(fn, (x, y))


def test_modules_pass_and_random_ones_too():
    assert dot_test(mt.nn.Sequential(mt.nn.Conv1d(2, 3, 2), mt.nn.Dropout(0.5), mt.nn.Tanh()), mt.randn(2, 2, 5))


def test_a_rule_that_is_not_the_adjoint_fails_and_is_named():
    with pytest.raises(GradientError) as raised:
        dot_test(lambda a: not_turned_back(a.exp()).tanh(), mt.randn(3, 3, dtype=F64))
    text = str(raised.value)
    assert "<v, J u>" in text and "'turned', called at" in text and "test_duality.py" in text
    assert not dot_test(not_turned_back, mt.randn(3, 3, dtype=F64), raise_exception=False)


def test_a_small_error_fails():
    def once(xp, x):
        return x * 2.0

    nearly = op(once, "other", x=lambda g: g * (2.0 + 1e-9))
    nearly.linear = True
    assert not dot_test(nearly, x, raise_exception=False)


def test_what_has_no_forward_mode_is_no_pass():
    def alone(xp, x):
        return x * 2.0

    report = dot_test(op(alone, "other", x=lambda g: g * 2.0), x, raise_exception=False)
    assert report.outcome == "cannot resolve" and "no forward mode" in str(report)
