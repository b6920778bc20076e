"""Exponentials, logarithms, angles: PyTorch's numbers and refusals, and the corners, pinned."""

import math

import numpy as np
import pytest

import minitorch as mt
from tests.referee_grid import (
    ANY,
    EVERY,
    NONZERO,
    POSITIVE,
    UNIT,
    Domain,
    compare,
    corners,
    elementwise,
    gradients,
)

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
referee = pytest.mark.referee
ONE = {
    "exp": ANY, "exp2": ANY, "expm1": ANY, "log": POSITIVE, "log2": POSITIVE, "log10": POSITIVE, "log1p": Domain(-0.5, 2),
    "sqrt": POSITIVE, "rsqrt": POSITIVE, "sin": ANY, "cos": ANY, "tan": Domain(-1, 1), "sinh": ANY, "cosh": ANY,
    "tanh": ANY, "asin": UNIT, "acos": UNIT, "atan": ANY, "asinh": ANY, "acosh": Domain(1.1, 3), "atanh": UNIT,
    "sigmoid": ANY, "relu": NONZERO, "deg2rad": ANY, "rad2deg": ANY, "angle": NONZERO,
}  # fmt: skip
ALIASES = {"arcsin": UNIT, "arccos": UNIT, "arctan": ANY, "arcsinh": ANY, "arccosh": Domain(1.1, 3), "arctanh": UNIT}
TWO = {"atan2": (NONZERO, POSITIVE), "arctan2": (NONZERO, POSITIVE), "hypot": (NONZERO, NONZERO),
       "logaddexp": (ANY, ANY), "logaddexp2": (ANY, ANY)}  # fmt: skip
DERIVED = ("float64", "float32", "complex128")
EDGES = (-inf, -5.0, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 5.0, 88.0, 1e-20, 1e300, inf, nan)


@referee
@over("name", [*ONE, *ALIASES])
def test_one_operand(name):
    compare(name, elementwise((ONE | ALIASES)[name]), dtypes=EVERY, grads=DERIVED)


@referee
@over("name", ONE)
def test_one_operand_in_the_corners(name):
    compare(name, corners(*EDGES), dtypes=("float64", "float32"), forms=("function",), second=False)


@referee
@over("name", TWO)
def test_two_operands(name):
    compare(name, elementwise(*TWO[name]), dtypes=EVERY, grads=DERIVED)
    edges = (-inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, inf, nan)
    compare(name, corners(*edges, pairs=True), dtypes=("float64", "float32"), forms=("function",), second=False)


# ---- the corners, pinned -------------------------------------------------------------------------------------------
def test_atan2_at_the_origin():
    assert gradients(mt.atan2, 0.0, 0.0) == [0.0, 0.0]
    assert gradients(mt.atan2, 0.0, 0.0, order=2) == [0.0, 0.0]
    assert mt.atan2(mt.tensor([0.0, -0.0]), mt.tensor([-1.0, -1.0])).tolist() == pytest.approx([math.pi, -math.pi])


def test_hypot_at_the_origin():
    assert gradients(mt.hypot, 3.0, -4.0) == [0.6, -0.8]
    assert np.isnan(gradients(mt.hypot, 0.0, 0.0)).all()


def test_the_infinities_of_logaddexp():
    x, y = mt.tensor([-inf, inf, -inf, nan]), mt.tensor([-inf, inf, 1.0, 0.0])
    np.testing.assert_array_equal(mt.logaddexp(x, y).numpy(), [-inf, inf, 1.0, nan])
    assert gradients(mt.logaddexp, -inf, 1.0) == [0.0, 1.0]
    assert np.isnan(gradients(mt.logaddexp, -inf, -inf)).all()
    assert gradients(mt.logaddexp, 1000.0, 1000.0) == [0.5, 0.5]


@over("name, x, gradient", [
    ("sqrt", 0.0, inf), ("rsqrt", 0.0, -inf), ("log", 0.0, inf), ("asin", 1.0, inf), ("acos", -1.0, -inf),
    ("acosh", 1.0, inf), ("atanh", 1.0, inf), ("relu", 0.0, 0.0), ("relu", nan, 1.0), ("tanh", inf, 0.0),
    ("sigmoid", -1000.0, 0.0), ("exp", -inf, 0.0), ("log1p", -1.0, inf),
])  # fmt: skip
def test_a_slope_at_the_edge_of_a_domain(name, x, gradient):
    assert gradients(getattr(mt, name), x) == [gradient]


def test_sigmoid_does_not_overflow():
    out = mt.sigmoid(mt.tensor([-1000.0, -88.0, 0.0, 1000.0], dtype=mt.float64))
    np.testing.assert_allclose(out.numpy(), [0, 1 / (1 + math.exp(88)), 0.5, 1])


def test_whole_numbers_become_floats():
    for name in ("exp", "sin", "sigmoid", "deg2rad", "atan", "log1p"):
        assert getattr(mt, name)(mt.tensor([1])).dtype == mt.float32
        with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
            getattr(mt.tensor([1]), f"{name}_")()


def test_a_wide_default_dtype_is_used():
    mt.set_default_dtype(mt.float64)
    try:
        assert mt.exp(mt.tensor([1])).dtype == mt.float64
    finally:
        mt.set_default_dtype(mt.float32)
