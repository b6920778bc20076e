"""Arithmetic of several operands, parts and questions: PyTorch's forms, options and refusals."""

import math

import numpy as np
import pytest

import minitorch as mt
from tests.referee_grid import ANY, EVERY, FLOATS, NONZERO, compare, corners, elementwise, gradients

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
referee = pytest.mark.referee
DERIVED = ("float64", "float32", "complex128")
#: Composed of two roundings where PyTorch's kernel rounds once.
MIXED = {"float16": (3e-3, 1e-3), "bfloat16": (2e-2, 2e-2)}


@referee
@over("name", ["addcmul", "addcdiv"])
def test_three_tensors(name):
    options = [{}, {"value": 2}, {"value": 0.5}]
    compare(name, elementwise(ANY, ANY, NONZERO), options, dtypes=EVERY, grads=DERIVED, tolerances=MIXED)


@referee
def test_nan_to_num():
    edges = corners(nan, inf, -inf, 1.0, 0.0)
    compare("nan_to_num", edges, [{}, {"nan": 1.0}, {"nan": 1.0, "posinf": 2.0, "neginf": -3.0}], dtypes=FLOATS)
    compare("nan_to_num", elementwise(ANY), dtypes=EVERY, grads=())


@referee
def test_isclose():
    options = [{}, {"rtol": 1.0}, {"atol": 0.5}, {"rtol": -1}, {"atol": -1.0}, {"equal_nan": True}, {"rtol": 0, "atol": 0}]
    edges = corners(nan, inf, -inf, 1.0, 1.000001, 1.1, pairs=True)
    for name in ("isclose", "allclose"):
        compare(name, elementwise(ANY, ANY), options, dtypes=EVERY, grads=())
        compare(name, edges, options, dtypes=FLOATS[:2], grads=())
    compare("equal", elementwise(ANY, ANY), dtypes=EVERY, grads=())


@referee
@over("first, second", [("float32", "float64"), ("float32", "int64"), ("int64", "float32"), ("bool", "int8"),
                        ("uint8", "int8"), ("float16", "bfloat16"), ("int64", "complex64"), ("bool", "float16")])
@over("name", "add sub mul div pow fmod floor_divide maximum xlogy atan2 eq where copysign lerp addcmul isclose".split())
def test_mixed_dtypes(name, first, second):
    """Two dtypes, each with dimensions or without."""
    torch = pytest.importorskip("torch")
    from tests.referee_grid import as_tensor, assert_same_outcome, outcome

    for shapes in (((3,), (3,)), ((3,), ()), ((), (3,)), ((), ())):
        answers = []
        for library in (mt, torch):
            random = np.random.default_rng(0)
            x, y = (as_tensor(random.uniform(0.5, 2, shape), dtype, library)
                    for shape, dtype in zip(shapes, (first, second), strict=True))  # fmt: skip
            operands = {"where": (x == x, x, y), "lerp": (x, y, 0.5), "addcmul": (x, y, y)}.get(name, (x, y))
            function = getattr(library, name)
            answers.append(outcome(lambda o=operands, f=function: f(*o)))
        assert_same_outcome(*answers, f"{name} {first}{shapes[0]} {second}{shapes[1]}", {"float16": (3e-3, 1e-3)})


# ---- forms ---------------------------------------------------------------------------------------------------------
def test_reflected_operators():
    x = mt.tensor([1.0, 4.0])
    assert (3 - x).tolist() == [2.0, -1.0]
    assert (2 / x).tolist() == [2.0, 0.5]
    assert (2**x).tolist() == [2.0, 16.0]
    assert (7 // x).tolist() == [7.0, 1.0]
    assert (7 % x).tolist() == [0.0, 3.0]
    n = mt.tensor([1, 6])
    assert (3 & n).tolist() == [1, 2]
    assert (1 | n).tolist() == [1, 7]
    assert (1 ^ n).tolist() == [0, 7]
    assert (1 << n).tolist() == [2, 64]
    assert (64 >> n).tolist() == [32, 1]
    assert (True & mt.tensor([True, False])).tolist() == [True, False]


@over("number", [3, 2.5])
@over("symbol", ["-", "/", "**", "//", "%"])
def test_a_number_first_is_differentiated_like_a_tensor_first(symbol, number):
    def run(lead):
        x = mt.tensor([1.5, 2.5], dtype=mt.float64, requires_grad=True)
        out = eval(f"lead {symbol} x", {"lead": lead, "x": x})
        if symbol == "//":
            return out.detach().tolist()
        first, = mt.autograd.grad((out * out).sum(), x, create_graph=True)
        return out.tolist(), first.tolist(), mt.autograd.grad(first.sum(), x)[0].tolist()

    np.testing.assert_allclose(run(number), run(mt.tensor(float(number), dtype=mt.float64)), rtol=1e-14)


def test_in_place_operators_keep_the_tensor():
    x = mt.tensor([4.0, 9.0])
    same = x
    x += 1
    x -= mt.tensor([0.0, 1.0])
    x *= 2
    x /= 4
    x **= 2
    x //= 2
    x %= 5
    assert x is same
    assert x.tolist() == [3.0, 0.0]
    n = same_n = mt.tensor([6, 3])
    n &= 3
    n |= 8
    n ^= 1
    n <<= 2
    n >>= 1
    assert n is same_n
    assert n.tolist() == [22, 20]


def test_in_place_operators_are_recorded():
    x = mt.tensor([2.0], requires_grad=True)
    y = x * 1
    y *= x
    y += x
    y **= 2
    y.sum().backward()
    assert x.grad.item() == 2 * (4 + 2) * (2 * 2 + 1)


def test_an_operator_with_something_else():
    x = mt.tensor([1.0])
    for operation in (lambda: x + [1], lambda: x * None, lambda: "a" - x, lambda: divmod(x, 2)):
        with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
            operation()
    with pytest.raises(TypeError, match=r"mul\(\): argument 'other' \(position 2\) must be Tensor, not str"):
        mt.mul(x, "a")


@over("name", "add sub mul div pow remainder floor_divide bitwise_and bitwise_left_shift".split())
def test_a_number_may_come_first(name):
    tensor = mt.tensor([2, 3])
    assert getattr(mt, name)(7, tensor).tolist() == getattr(mt, name)(mt.tensor([7, 7]), tensor).tolist()


def test_numpy_numbers_are_numbers():
    x = mt.tensor([1.0, 2.0])
    for out in (x + np.float64(1), np.float64(1) + x, x * np.int64(2), mt.pow(x, np.float32(2)), x.clamp(np.float64(0), 1)):
        assert out.dtype == mt.float32


@over("call, words", [
    (lambda x: mt.add(x, x, alpha=1.5), "For integral input tensors, argument alpha must not be a floating point number"),
    (lambda x: mt.add(x, x, alpha=True), "Boolean alpha only supported for Boolean results"),
    (lambda x: mt.add(x * 1.0, x, alpha=1j), "For non-complex input tensors, argument alpha must not be a complex number"),
    (lambda x: x.div(2, rounding_mode="up"), "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found"),
    (lambda x: x.clamp(), "torch.clamp: At least one of 'min' or 'max' must not be None"),
    (lambda x: mt.addcdiv(x, x, x), "Integer division with addcdiv is no longer supported"),
    (lambda x: mt.lerp(x * 1.0, x, 0.5), "expected dtype float for `end` but got dtype long int"),
    (lambda x: mt.where(x, 1, 2), "where expected condition to be a boolean tensor, but got a tensor with dtype Long"),
    (lambda x: mt.heaviside(x, x * 1.0), "heaviside is not yet implemented for tensors with different dtypes"),
    (lambda x: (x * 1.0).float_power_(2), "the base given to float_power_ has dtype Float but the operation's result"),
    (lambda x: mt.frexp(x), r"torch.frexp\(\) only supports floating-point dtypes"),
    (lambda x: mt.isclose(x, x * 1.0), "Long did not match Float"),
    (lambda x: mt.tensor([1j]).abs_(), "In-place abs is not supported for complex tensors"),
    (lambda x: x.add_(mt.ones(2, 3, dtype=mt.int64)), r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"),
])  # fmt: skip
def test_refusals(call, words):
    with pytest.raises(RuntimeError, match=words):
        call(mt.tensor([1, 2, 3]))


@over("condition", [np.array([True]), [True], 1])
def test_where_takes_tensors_and_numbers(condition):
    x = mt.tensor([1.0])
    with pytest.raises(TypeError, match=r"where\(\) received an invalid combination of arguments"):
        mt.where(condition, x, x)
    for other in (np.ones(1), [1.0]):
        with pytest.raises(TypeError, match=r"where\(\) received an invalid combination of arguments"):
            mt.where(x > 0, x, other)
        with pytest.raises(TypeError, match=r"clamp\(\) received an invalid combination of arguments"):
            x.clamp(other, 1)


def test_where_warns_of_an_old_condition():
    with pytest.warns(UserWarning, match="where received a uint8 condition tensor"):
        assert mt.where(mt.tensor([1, 0], dtype=mt.uint8), 1, 2).tolist() == [1, 2]


def test_the_gradient_of_nan_to_num():
    assert [gradients(mt.nan_to_num, x)[0] for x in (nan, inf, -inf, 3.0)] == [0.0, 0.0, 0.0, 1.0]


def test_positive_is_the_tensor_itself():
    x = mt.tensor([1.0])
    assert mt.positive(x) is x
    assert +x is x


def test_alpha_is_taken_in_the_dtype_of_the_result():
    wide = mt.add(mt.zeros(1, dtype=mt.float64), mt.tensor([1]), alpha=0.1)
    assert wide.item() == 0.1
    assert mt.add(mt.tensor([True]), mt.tensor([True]), alpha=2).dtype == mt.bool
