"""Sums, products, powers, choosing: PyTorch's numbers, dtypes and refusals, and the corners, pinned."""

import math

import numpy as np
import pytest

import minitorch as mt
from tests.referee_grid import (
    ANY,
    EVERY,
    FLOATS,
    NONZERO,
    POSITIVE,
    REAL,
    Domain,
    compare,
    corners,
    elementwise,
    gradients,
)

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
referee = pytest.mark.referee
DERIVED = ("float64", "float32", "complex128")
#: PyTorch takes the logarithm of a Python number in float32.
ROUGH = {"float64": (1e-8, 1e-8)}
MIXED = {"float16": (3e-3, 1e-3), "bfloat16": (2e-2, 2e-2)}
#: The table has no complex32, so a complex number meets no half precision here.
WITH_COMPLEX = tuple(d for d in EVERY if d not in ("float16", "bfloat16"))
EDGES = (-inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, inf, nan)


# ---- beside PyTorch ------------------------------------------------------------------------------------------------
@referee
@over("name", "add sub subtract mul multiply div divide true_divide rsub".split())
def test_two_tensors(name):
    compare(name, elementwise(ANY, NONZERO), dtypes=EVERY, grads=DERIVED)


@referee
@over("name", "add sub mul div rsub".split())
@over("number", [2, -1, 2.5, True, 300, 1j])
def test_a_tensor_and_a_number(name, number):
    dtypes = WITH_COMPLEX if number == 1j else EVERY
    compare(name, elementwise(ANY, after=(number,)), dtypes=dtypes, grads=DERIVED)


@referee
@over("name", "add sub rsub".split())
def test_alpha(name):
    options = [{"alpha": alpha} for alpha in (1, 2, -0.5, True, 1j)]
    compare(name, elementwise(ANY, ANY), options, dtypes=EVERY, grads=DERIVED)


@referee
@over("name", ["pow", "float_power"])
def test_powers(name):
    compare(name, elementwise(POSITIVE, ANY), dtypes=EVERY, grads=DERIVED)
    compare(name, corners(*EDGES, pairs=True), dtypes=("float64", "float32"), forms=("function",), second=False)


@referee
@over("exponent", [2, 3, 0, 1, -1, -2, 0.5, -0.5, 2.5, True, -3, 1j])
def test_powers_of_a_number(exponent):
    dtypes = WITH_COMPLEX if exponent == 1j else EVERY
    compare("pow", elementwise(NONZERO, after=(exponent,)), dtypes=dtypes, grads=DERIVED)
    compare("float_power", elementwise(NONZERO, after=(exponent,)), dtypes=EVERY, grads=DERIVED)


@referee
@over("base", [2, 2.5, 1, -2, 1j])
def test_powers_of_a_base(base):
    dtypes = WITH_COMPLEX if base == 1j else EVERY
    compare("pow", elementwise(ANY, before=(base,)), dtypes=dtypes, grads=DERIVED, tolerances=ROUGH)


@referee
@over("exponent", EDGES[:-1])
def test_powers_in_the_corners(exponent):
    edges = np.array(EDGES)
    for case in ((edges, exponent), (exponent, edges)):
        compare("pow", lambda numbers, case=case: [case], dtypes=("float64", "float32"), forms=("function",),
                second=False, tolerances=ROUGH)  # fmt: skip


@referee
@over("name", "maximum minimum fmax fmin".split())
def test_extremes_of_two(name):
    compare(name, elementwise(ANY, ANY), dtypes=EVERY)
    compare(name, corners(*EDGES, pairs=True), dtypes=FLOATS, forms=("function",))


@referee
@over("name", "neg negative reciprocal square abs absolute sgn".split())
def test_one_tensor(name):
    compare(name, elementwise(NONZERO), dtypes=EVERY, grads=DERIVED)
    compare(name, corners(*EDGES), dtypes=FLOATS, forms=("function",), second=name not in ("reciprocal",))


@referee
def test_lerp():
    compare("lerp", elementwise(ANY, ANY, ANY), dtypes=EVERY, grads=DERIVED, tolerances=MIXED)
    for weight in (0.3, 0.7, 2, True):
        compare("lerp", elementwise(ANY, ANY, after=(weight,)), dtypes=EVERY, grads=DERIVED, tolerances=MIXED)


@referee
def test_where():
    def inputs(numbers):
        x, y = numbers((2, 3)), numbers((2, 3))
        return [(x > 0, x, y), (numbers((3, 1)) > 0, numbers((2,)), numbers(())), (x > 0, x, 2.0), (x > 0, 1, y),
                (x > 0, 1, 2.5), (x > 0, True, False), (x > 0, x, 1j), (x, x, 1)]  # fmt: skip

    compare("where", inputs, dtypes=WITH_COMPLEX, grads=DERIVED, forms=("function", "out"))


@referee
@over("name", ["clamp", "clip"])
@over("low, high", [(-0.5, 0.7), (None, 0.5), (-0.5, None), (1, -1), (0, 1), (nan, 1.0), (0.0, nan)])
def test_clamp_between_numbers(name, low, high):
    forms = ("function", "method", "out")  # in place, PyTorch's message calls Long "long int"
    compare(name, elementwise(ANY), [{"min": low, "max": high}], dtypes=FLOATS if nan in (low, high) else EVERY, forms=forms)
    compare(name, lambda numbers: [(np.array([-1.0, 0.0, 0.5, 1.0, nan, inf]), low, high)], dtypes=FLOATS)


@referee
def test_clamp_between_tensors():
    shapes = (((2, 3),) * 3, ((), (), ()), ((2, 3), (3,), (2, 1)))
    compare("clamp", elementwise(ANY, ANY, ANY, shapes=shapes), dtypes=EVERY)
    compare("clamp_min", elementwise(ANY, ANY, shapes=shapes), dtypes=REAL)
    compare("clamp_max", elementwise(ANY, ANY, shapes=shapes), dtypes=REAL)
    compare("clamp", elementwise(ANY))
    compare("clamp", elementwise(ANY, Domain(-2, 0), after=(1,), shapes=(((2, 3), (3,)), ((), ()))), messages=False)
    points = np.array([-1.0, 0.0, 1.0, 2.0, nan, inf])
    compare("clamp", lambda numbers: [(np.repeat(points, 36), np.tile(np.repeat(points, 6), 6), np.tile(points, 36))],
            second=False)  # fmt: skip


# ---- the corners, pinned -------------------------------------------------------------------------------------------
@over("base, exponent, gradient", [
    (0.0, 0.0, (0.0, 0.0)), (0.0, 1.0, (1.0, 0.0)), (0.0, 2.0, (0.0, 0.0)), (0.0, 0.5, (inf, 0.0)),
    (0.0, -1.0, (-inf, -inf)), (-2.0, 2.0, (-4.0, nan)), (-2.0, 3.0, (12.0, nan)), (-1.0, 0.5, (nan, nan)),
])  # fmt: skip
def test_the_gradient_of_a_power(base, exponent, gradient):
    np.testing.assert_equal(gradients(lambda x, y: x**y, base, exponent), gradient)


@over("exponent, first, second", [(0, 0.0, 0.0), (1, 1.0, 0.0), (2, 0.0, 2.0), (3, 0.0, 0.0), (0.5, inf, -inf)])
def test_a_power_of_zero(exponent, first, second):
    assert gradients(lambda x: x**exponent, 0.0) == [first]
    assert gradients(lambda x: x**exponent, 0.0, order=2) == [second]


@over("function, larger", [("maximum", 1), ("minimum", -1)])
def test_a_tie_shares_the_gradient(function, larger):
    run = getattr(mt, function)
    assert gradients(run, 1.0, 1.0) == [0.5, 0.5]
    assert gradients(run, 2.0 * larger, 1.0 * larger) == [1.0, 0.0]
    assert gradients(run, nan, 1.0) == gradients(run, 1.0, nan) == [1.0, 1.0]


def test_a_tie_of_fmax_is_the_firsts():
    assert gradients(mt.fmax, 1.0, 1.0) == gradients(mt.fmin, 1.0, 1.0) == [1.0, 0.0]
    assert gradients(mt.fmax, nan, 1.0) == [0.0, 1.0]
    assert gradients(mt.fmax, 1.0, nan) == [1.0, 0.0]


@over("x, gradient", [(-1.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 0.0)])
def test_clamp_at_a_bound(x, gradient):
    assert gradients(lambda t: t.clamp(0, 1), x) == [gradient]
    zero, one = mt.zeros(1, dtype=mt.float64), mt.ones(1, dtype=mt.float64)
    assert gradients(lambda t: t.clamp(zero, one), x) == [gradient]


def test_the_gradient_of_a_bound():
    assert gradients(mt.clamp, -1.0, 0.0, 1.0) == [0.0, 1.0, 0.0]
    assert gradients(mt.clamp, 2.0, 0.0, 1.0) == [0.0, 0.0, 1.0]
    assert gradients(mt.clamp, 0.5, 2.0, 1.0) == [0.0, 0.0, 1.0]  # the upper bound has the last word


@over("x, gradient", [(-2.0, -1.0), (-0.0, 0.0), (0.0, 0.0), (3.0, 1.0), (nan, 0.0)])
def test_abs_and_sgn(x, gradient):
    assert gradients(abs, x) == [gradient]
    assert mt.sgn(mt.tensor([x])).item() == gradient
    assert gradients(mt.sgn, x) == [0.0]


def test_sgn_of_complex_numbers():
    z = mt.tensor([3 + 4j, 0j], dtype=mt.complex128, requires_grad=True)
    np.testing.assert_allclose(mt.sgn(z).detach().numpy(), [0.6 + 0.8j, 0])
    gradient, = mt.autograd.grad(z.abs().sum(), z)
    np.testing.assert_allclose(gradient.numpy(), [0.6 + 0.8j, 0])


@over("bits", [8, 16, 32, 64])
def test_integers_wrap(bits):
    dtype = getattr(mt, f"int{bits}")
    top = mt.tensor([2 ** (bits - 1) - 1], dtype=dtype)
    assert (top + 1).item() == -(2 ** (bits - 1))
    assert (mt.tensor([1], dtype=mt.uint8) - 2).item() == 255
    assert (mt.tensor([1], dtype=mt.uint8) + 256).item() == 1


def test_integers_to_negative_powers():
    base = mt.tensor([2, -1, 1, 3, -1])
    assert (base ** mt.tensor([-1, -1, -3, -2, -2])).tolist() == [0, -1, 1, 0, 1]
    with pytest.raises(RuntimeError, match="Integers to negative integer powers are not allowed"):
        base**-1


@over("operand", [True, mt.tensor([True])])
def test_a_bool_has_no_minus(operand):
    mask = mt.tensor([True, False])
    with pytest.raises(RuntimeError, match="Subtraction, the `-` operator, with two bool tensors is not supported"):
        mask - operand
    with pytest.raises(RuntimeError, match="Subtraction, the `-` operator, with a bool tensor is not supported"):
        mt.tensor([1.0, 2.0]) - operand
    with pytest.raises(RuntimeError, match="Negation, the `-` operator, on a bool tensor is not supported"):
        mt.neg(mask)


def test_a_result_is_not_forced_into_a_narrower_kind():
    whole = mt.tensor([1, 2])
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        whole += 1.5
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        whole.div_(2)
    assert whole.tolist() == [1, 2]


def test_both_branches_of_where_may_be_numbers():
    mask = mt.tensor([True, False])
    assert mt.where(mask, 1.0, 2).dtype == mt.float32
    assert mt.where(mask, 1, 2).dtype == mt.int64
    assert mt.tensor([1.0, 2.0]).where(mask, 0.0).tolist() == [1.0, 0.0]


# ---- large arrays take other paths ---------------------------------------------------------------------------------
@over("dtype", [mt.float32, mt.float64, mt.float16, mt.int64])
def test_large_and_small_arrays_agree(dtype):
    numbers = np.random.default_rng(0).uniform(-2, 2, 20_000)
    numbers[::50] = 0
    if dtype.is_floating_point:
        numbers[1::1000], numbers[2::1000], numbers[3::1000] = nan, inf, -inf
    x = mt.tensor(numbers).to(dtype)
    for function in (lambda t: t.clamp(-1, 1), lambda t: t.clamp(min=0), lambda t: t.clamp(max=0),
                     lambda t: mt.where(t > 0, t, 0), lambda t: mt.where(t > 0, 0, t),
                     lambda t: mt.where(t > 0, t, t * 2), mt.relu):  # fmt: skip
        whole, parts = function(x), [function(part) for part in x.split(100)]
        np.testing.assert_array_equal(whole.numpy(), mt.cat(parts).numpy())
        assert whole.dtype == dtype
