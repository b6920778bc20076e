"""A Value and a 0-d float64 tensor go through the same table and must agree: value, gradient, gradient of the gradient."""

import math

from minitorch import Value
from minitorch.testing.laws import scalars
from tests.laws.holding import as_tests

globals().update(as_tests(scalars))


def test_a_values_operators_and_methods_are_the_same_ops():
    x, y = Value(2.0), Value(3.0)
    for result, expected in ((x + y, 5.0), (x - 1, 1.0), (1 - x, -1.0), (x * y, 6.0), (y / x, 1.5), (3 / x, 1.5),
                             (x**y, 8.0), (3**x, 9.0), (-x, -2.0), (x.exp(), math.exp(2.0))):  # fmt: skip
        assert isinstance(result, Value) and result.data == expected
