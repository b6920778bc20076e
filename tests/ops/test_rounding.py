"""Signs, whole parts and remainders: PyTorch's numbers, zero gradients, and what is refused."""

import math

import numpy as np
import pytest

import minitorch as mt
from tests.referee_grid import ANY, EVERY, FLOATS, NONZERO, POSITIVE, Domain, compare, corners, elementwise, gradients

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
referee = pytest.mark.referee
STEPS = "sign floor ceil trunc fix round frac".split()
EDGES = (-inf, -2.5, -2.0, -1.5, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 2.5, 3.0, inf, nan)
#: In place, PyTorch looks at the dtype of the result before it looks at the divisor.
OUT_OF_PLACE = ("function", "method", "out")


@referee
@over("name", STEPS)
def test_steps(name):
    compare(name, elementwise(ANY), dtypes=EVERY)
    compare(name, corners(*EDGES), dtypes=FLOATS)


@referee
@over("decimals", [0, 1, 2, -1])
def test_decimals(decimals):
    compare("round", elementwise(Domain(-20, 20)), [{"decimals": decimals}])
    compare("round", corners(*EDGES), [{"decimals": decimals}])
    if decimals:
        compare("round", elementwise(ANY), [{"decimals": decimals}], dtypes=EVERY)


@referee
@over("name", "floor_divide remainder fmod".split())
def test_remainders(name):
    compare(name, elementwise(ANY, NONZERO), dtypes=EVERY, forms=OUT_OF_PLACE)
    compare(name, corners(*EDGES, pairs=True), dtypes=("float64", "float32"), forms=("function",), second=False)


@referee
@over("name", "floor_divide remainder fmod".split())
@over("number", [2, -3, 2.5, 0, 0.0, True])
def test_remainders_of_a_number(name, number):
    compare(name, elementwise(ANY, after=(number,)), dtypes=EVERY, forms=OUT_OF_PLACE)
    if name != "fmod":  # PyTorch has no derivative there; ours is the property tests' affair
        compare(name, elementwise(NONZERO, before=(number,)), dtypes=EVERY, forms=OUT_OF_PLACE, grads=())


@referee
@over("mode", ["floor", "trunc", "up"])
def test_rounding_modes(mode):
    compare("div", elementwise(ANY, NONZERO), [{"rounding_mode": mode}], dtypes=EVERY)
    compare("div", corners(*EDGES, pairs=True), [{"rounding_mode": mode}], forms=("function",))
    for number in (2, -3, 2.5, 0):
        compare("div", elementwise(ANY, after=(number,)), [{"rounding_mode": mode}], dtypes=EVERY, forms=OUT_OF_PLACE)


@referee
@over("name", "copysign nextafter heaviside ldexp".split())
def test_two_operands(name):
    forms = OUT_OF_PLACE if name == "ldexp" else ("function", "method", "out", "inplace")
    compare(name, elementwise(NONZERO, POSITIVE), dtypes=EVERY, forms=forms)
    edges = [x for x in EDGES if abs(x) != 2.5]
    compare(name, corners(*edges, pairs=True), dtypes=("float64", "float32"), forms=("function",), second=False)


@referee
@over("number", [2, -2.5, True, -0.0])
def test_the_sign_of_a_number(number):
    compare("copysign", elementwise(NONZERO, after=(number,)), dtypes=EVERY)


@referee
def test_frexp():
    compare("frexp", elementwise(ANY), dtypes=EVERY)
    compare("frexp", corners(0.0, -0.0, 1.0, -8.0, 1e-40, 1e-310, inf, nan), dtypes=("float64", "float32"))


# ---- pinned --------------------------------------------------------------------------------------------------------
@over("name", [s for s in STEPS if s != "frac"])
@over("x", [-1.5, -1.0, 0.0, 0.5, nan])
def test_the_gradient_of_a_step_is_zero(name, x):
    assert gradients(getattr(mt, name), x) == [0.0]
    assert getattr(mt, name)(mt.tensor([x], requires_grad=True)).requires_grad


def test_the_sign_of_nan_is_zero():
    assert mt.sign(mt.tensor([nan, -0.0, -3.0])).tolist() == [0.0, 0.0, -1.0]


def test_half_way_goes_to_the_even_neighbour():
    assert mt.round(mt.tensor([0.5, 1.5, 2.5, -0.5])).tolist() == [0.0, 2.0, 2.0, -0.0]
    assert mt.round(mt.tensor([1250.0, 15.0]), decimals=-2).tolist() == [1200.0, 0.0]


@over("x, y, quotient, remainder, fmod", [
    (7, 3, 2, 1, 1), (-7, 3, -3, 2, -1), (7, -3, -3, -2, 1), (-7, -3, 2, -1, -1), (6, 3, 2, 0, 0),
])  # fmt: skip
@over("dtype", [mt.int64, mt.int8, mt.float32, mt.float64])
def test_signs_of_quotients_and_remainders(x, y, quotient, remainder, fmod, dtype):
    a, b = mt.tensor([x], dtype=dtype), mt.tensor([y], dtype=dtype)
    assert (a // b).item() == quotient
    assert (a % b).item() == remainder
    assert mt.fmod(a, b).item() == fmod
    assert mt.div(a, b, rounding_mode="trunc").item() == int(x / y)
    assert (a // b).dtype == (a % b).dtype == dtype


def test_gradients_of_remainders():
    assert gradients(lambda x, y: x % y, -7.0, 3.0) == [1.0, 3.0]
    assert gradients(mt.fmod, -7.0, 3.0) == [1.0, 2.0]
    assert gradients(lambda y: 7 % y, 3.0) == [-2.0]


@over("call", [lambda t: t // 0, lambda t: t % 0, lambda t: mt.fmod(t, t * 0), lambda t: t.div(0, rounding_mode="floor"),
               lambda t: 1 // (t * 0)])  # fmt: skip
def test_whole_numbers_divided_by_zero(call):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        call(mt.tensor([1, 2]))


def test_floating_numbers_divided_by_zero():
    x = mt.tensor([1.0, -1.0, 0.0])
    np.testing.assert_array_equal((x // 0).numpy(), [inf, -inf, nan])
    assert (x % 0).isnan().all()


@over("name, call", [("floor_divide", lambda t: t // 2), ("heaviside", lambda t: mt.heaviside(t, t))])
def test_what_has_no_derivative_says_so_in_backward(name, call):
    out = call(mt.tensor([1.0], requires_grad=True))
    assert out.requires_grad
    with pytest.raises(RuntimeError, match=f"derivative for aten::{name} is not implemented"):
        out.sum().backward()


def test_parts_of_a_number():
    mantissa, exponent = mt.frexp(mt.tensor([8.0, -0.75, 0.0, inf]))
    assert mantissa.tolist() == [0.5, -0.75, 0.0, inf]
    assert exponent.tolist() == [4, 0, 0, 0]
    assert exponent.dtype == mt.int32
    assert gradients(lambda x: mt.frexp(x).mantissa, 8.0) == [1 / 16]


def test_copysign_at_zero():
    assert mt.tensor([0.0, 1.0]).copysign(-0.0).tolist() == [-0.0, -1.0]
    assert gradients(lambda x: x.copysign(-1.0), 2.0) == [-1.0]
    assert gradients(lambda x: x.copysign(-1.0), 0.0) == [0.0]


def test_nextafter_at_a_tie():
    assert gradients(mt.nextafter, 1.0, 2.0) == [1.0, 0.0]
    assert gradients(mt.nextafter, 1.0, 1.0) == [0.0, 0.0]
