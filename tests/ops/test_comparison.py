"""Comparisons, logic, bits and predicates: PyTorch's answers, dtypes and refusals."""

import math

import numpy as np
import pytest

import minitorch as mt
from tests.referee_grid import ANY, EVERY, FLOATS, REAL, Domain, compare, corners, elementwise

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
referee = pytest.mark.referee
RELATIONS = "eq ne not_equal lt less le less_equal gt greater ge greater_equal".split()
LOGIC = "logical_and logical_or logical_xor".split()
BITS = "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift".split()
PREDICATES = "isfinite isinf isnan isposinf isneginf isreal signbit logical_not bitwise_not".split()
WITH_COMPLEX = tuple(d for d in EVERY if d not in ("float16", "bfloat16"))
TIES = Domain(-2, 3)


@referee
@over("name", RELATIONS + LOGIC + BITS + ["gcd", "lcm"])
def test_two_tensors(name):
    compare(name, elementwise(TIES, TIES), dtypes=EVERY, grads=())


@referee
@over("name", RELATIONS)
@over("number", [1, 1.5, True, -1, 300, 1j, nan])
def test_a_tensor_and_a_number(name, number):
    compare(name, elementwise(ANY, after=(number,)), dtypes=WITH_COMPLEX if number == 1j else EVERY, grads=())
    compare(name, corners(-inf, -1.0, -0.0, 0.0, 1.0, inf, nan, pairs=True), dtypes=FLOATS, grads=(), forms=("function",))


@referee
@over("name", BITS)
@over("number", [1, 3, True, 70, -1])
def test_bits_with_a_number(name, number):
    compare(name, elementwise(TIES, after=(number,)), dtypes=REAL, grads=())
    compare(name, elementwise(TIES, before=(number,)), dtypes=REAL, grads=())


@referee
@over("name", PREDICATES)
def test_predicates(name):
    compare(name, elementwise(TIES), dtypes=EVERY, grads=())
    compare(name, corners(-inf, -1.0, -0.0, 0.0, 1.0, inf, nan), dtypes=FLOATS, grads=(), forms=("function",))


@over("kernel, call", [
    ("bitwise_and_cpu", lambda t: t & 1), ("bitwise_or_cpu", lambda t: 1 | t), ("bitwise_xor_cpu", lambda t: t ^ t),
    ("lshift_cpu", lambda t: t << 1), ("rshift_cpu", lambda t: t >> 1), ("gcd_cpu", lambda t: mt.gcd(t, t)),
    ("bitwise_not_cpu", lambda t: mt.bitwise_not(t)),
])  # fmt: skip
def test_bits_of_floating_numbers_are_refused(kernel, call):
    with pytest.raises(NotImplementedError, match=f"\"{kernel}\" not implemented for 'Float'"):
        call(mt.tensor([1.0]))


def test_turning_the_bits_of_a_floating_number_is_refused():
    with pytest.raises(TypeError, match="is only implemented on integer and Boolean-type tensors"):
        ~mt.tensor([1.0])


def test_shifts_out_of_range():
    eight = mt.tensor([8, -8])
    assert (eight << 70).tolist() == (eight << -1).tolist() == [0, 0]
    assert (eight >> 70).tolist() == (eight >> -1).tolist() == [0, -1]
    assert (mt.tensor([200], dtype=mt.uint8) << 1).item() == 144


def test_comparing_with_anything_else():
    t = mt.tensor([1.0])
    assert (t == None) is False  # noqa: E711
    assert (t == "a") is False
    assert (t != [1.0]) is True
    with pytest.raises(TypeError, match="not supported between instances"):
        t < "a"  # noqa: B015


def test_a_comparison_is_not_recorded():
    t = mt.tensor([1.0], requires_grad=True)
    for out in (t == 1, t > t, mt.isnan(t), mt.logical_not(t)):
        assert out.dtype == mt.bool
        assert not out.requires_grad


def test_an_in_place_comparison_keeps_the_dtype():
    t = mt.tensor([1.0, 2.0])
    t.gt_(1)
    assert t.tolist() == [0.0, 1.0]
    assert mt.tensor([3, 0]).logical_not_().tolist() == [0, 1]


def test_a_number_is_taken_into_the_tensors_dtype():
    small = mt.tensor([1, 44], dtype=mt.uint8)
    assert (small == 300).tolist() == [False, True]  # 300 wraps to 44, as in PyTorch
    assert (small < -1).tolist() == [True, True]
    assert (mt.tensor([0.1]) == 0.1).item()  # 0.1 in float32
    assert np.asarray(mt.tensor([0.1], dtype=mt.float16) == 0.1).item()
