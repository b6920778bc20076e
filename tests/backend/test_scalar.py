"""What NumPy answers for one float64, the softened `math` answers too, down to signs, infinities and NaNs."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from minitorch.backend.namespace import backend_of
from minitorch.backend.scalar import SCALAR, divide

ONE = ("exp exp2 expm1 cosh sinh tanh log log2 log10 log1p sqrt sin cos tan arcsin arccos arctan arcsinh arccosh "
       "arctanh absolute fabs sign rint floor ceil trunc isnan isinf isfinite logical_not").split()  # fmt: skip
TWO = ("divide true_divide power remainder fmod floor_divide maximum minimum fmax fmin copysign hypot arctan2 "
       "logaddexp logical_and logical_or logical_xor").split()  # fmt: skip
SPECIAL = ["erf", "erfc", "gammaln", "expit"]
NASTY = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -8.0, 1 / 3, 1e-320, -1e-320, 700.0, -745.0, 710.0, 1000.0,
         -1000.0, 1e308, -1e308, math.inf, -math.inf, math.nan]  # fmt: skip
floats = st.floats() | st.sampled_from(NASTY) | st.integers(-20, 20).map(float) | st.floats(-30, 30)


def same(ours, theirs, ulps=4):
    """Equal in kind, sign and value, up to a few units in the last place."""
    theirs = theirs.item() if hasattr(theirs, "item") else theirs
    assert type(ours) is type(theirs), (ours, theirs)
    if isinstance(theirs, bool) or math.isinf(theirs):
        assert ours == theirs
    elif math.isnan(theirs):
        assert math.isnan(ours)
    else:
        assert abs(ours - theirs) <= ulps * max(math.ulp(theirs), math.ulp(0.0) * 2**52)
        assert theirs or math.copysign(1.0, ours) == math.copysign(1.0, theirs)


def numpys(name, *values):
    with np.errstate(all="ignore"):
        return getattr(np, name)(*map(np.float64, values))


@pytest.mark.parametrize("name", ONE)
@given(floats)
def test_one_number(name, x):
    same(getattr(SCALAR, name)(x), numpys(name, x))


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("x", NASTY)
def test_one_nasty_number(name, x):
    same(getattr(SCALAR, name)(x), numpys(name, x))


@pytest.mark.parametrize("name", TWO)
@given(floats, floats)
@example(-8.0, 1 / 3)
@example(0.0, -3.0)
def test_two_numbers(name, x, y):
    same(getattr(SCALAR, name)(x, y), numpys(name, x, y))


@pytest.mark.parametrize("name", TWO)
def test_all_pairs_of_nasty_numbers(name):
    wrong = []
    for x in NASTY:
        for y in NASTY:
            try:
                same(getattr(SCALAR, name)(x, y), numpys(name, x, y))
            except AssertionError as reason:
                wrong.append((x, y, str(reason)))
            except ArithmeticError as reason:
                wrong.append((x, y, repr(reason)))
    assert wrong == []


@pytest.mark.parametrize("name", SPECIAL)
@given(floats)
@example(-1000.0)
@example(1e308)
def test_a_special_function(name, x):
    import scipy.special

    assume(x == 0 or abs(x) > 1e-300)  # scipy rounds the tiniest numbers to 0

    with np.errstate(all="ignore"):
        theirs = getattr(scipy.special, name)(np.float64(x))
    ours = getattr(SCALAR.special, name)(x)
    if math.isfinite(theirs) and theirs:
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-300)
    else:
        same(ours, theirs)


@pytest.mark.parametrize(("call", "wanted"), [
    (lambda: SCALAR.exp(1000.0), math.inf),
    (lambda: SCALAR.log(0.0), -math.inf),
    (lambda: divide(1.0, 0.0), math.inf),
    (lambda: divide(-1.0, 0.0), -math.inf),
    (lambda: divide(1.0, -0.0), -math.inf),
    (lambda: SCALAR.power(0.0, -1.0), math.inf),
    (lambda: SCALAR.power(-0.0, -3.0), -math.inf),
    (lambda: SCALAR.power(-10.0, 309.0), -math.inf),
])  # fmt: skip
def test_where_math_raises_the_answer_is_infinite(call, wanted):
    assert call() == wanted


@pytest.mark.parametrize("call", [
    lambda: SCALAR.log(-1.0), lambda: SCALAR.sqrt(-1.0), lambda: divide(0.0, 0.0), lambda: SCALAR.power(-8.0, 1 / 3),
    lambda: SCALAR.fmod(1.0, 0.0), lambda: SCALAR.remainder(1.0, 0.0), lambda: SCALAR.arccos(2.0),
    lambda: SCALAR.sin(math.inf),
])  # fmt: skip
def test_where_math_raises_for_the_domain_the_answer_is_nan(call):
    assert math.isnan(call())


def test_choosing_and_making():
    assert SCALAR.where(True, 1.0, 2.0) == 1.0
    assert SCALAR.where(False, 1.0, 2.0) == 2.0
    assert SCALAR.zeros_like(3.0) == 0.0
    assert SCALAR.ones_like(3.0) == 1.0
    assert SCALAR.cast(2.0, None) == 2.0


@pytest.mark.parametrize("number", [True, 1, 1.0, 1j])
def test_python_numbers_belong_to_it(number):
    assert backend_of(number) is SCALAR
