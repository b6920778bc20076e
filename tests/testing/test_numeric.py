"""The checker itself: it passes what is right and fails what is wrong, however small."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.op import Op
from minitorch.testing.numeric import GradientError, check_gradients, leaf


def op(forward, **rules):
    """An op outside the table."""
    return Op(forward, forward.__name__, "elementwise", ()).vjp(**rules)


def tensors(*arrays):
    return [leaf(np.asarray(array)) for array in arrays]


RIGHT = {
    "product": (lambda x, y: x * y, ([0.5, 2.0], [1.5, -1.0])),
    "broadcast": (lambda x, y: x * y, ([[0.5], [2.0]], [1.5, -1.0, 3.0])),
    "matrix": (lambda x, y: x @ y, ([[0.5, 1.0]], [[1.5], [-1.0]])),
    "zero": (lambda x: x.floor() * x, ([0.5, 1.5],)),
    "constant": (lambda x: x.floor(), ([0.5, 1.5],)),
    "empty": (lambda x: x.exp(), (np.zeros((0, 2)),)),
    "number": (lambda x: x.exp(), (0.5,)),
    "several": (lambda x, y: (x * y, x.exp()), ([0.5, 2.0], [1.5, -1.0])),
    "complex": (lambda x, y: x * y / (x + 2), ([0.5 + 1j, 2.0 - 1j], [1.5 + 0.5j, -1.0 + 0.25j])),
    "modulus": (lambda x: x.abs(), ([0.5 + 1j, 2.0 - 1j],)),
    "complex of real": (lambda x: x * (1 + 2j), ([0.5, 2.0],)),
    "tiny": (lambda x: x * 1e-7, ([0.5, 2.0],)),
}


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name, order):
    function, inputs = RIGHT[name]
    check_gradients(function, tensors(*inputs), order=order)


WRONG = {
    "5 % too large": (lambda g, x: g * x * 2.1, "a constant factor of 1.05"),
    "the wrong sign": (lambda g, x: -(g * x * 2), "the wrong sign"),
    "nothing": (lambda g, x: g * 0, "all of them zero by the tape"),
    "no pattern": (lambda g, x: g * (x * 2 + 1), "2 of 4 entries are wrong, in no pattern"),
    "not a number": (lambda g, x: g * float("nan"), "not finite"),
}


@pytest.mark.parametrize("size", [1.0, 1e-4, 1e-9])
@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_fail_at_every_size(name, size):
    rule, message = WRONG[name]

    def squared(xp, x):
        return x * x

    wrong = op(squared, x=rule)
    with pytest.raises(GradientError, match=message):
        check_gradients(lambda x: wrong(x) * size, tensors([0.5, 2.0]))


def test_the_message_names_input_index_and_numbers():
    def product(xp, x, y):
        return x * y

    wrong = op(product, x=lambda g, y: g * y, y=lambda g, x: g * (x + (x > 1)))
    with pytest.raises(GradientError, match=r"output 0, input 1: 1 of 4 .* index \[1\] .* 3 by the tape, 2 by diff"):
        check_gradients(wrong, tensors([0.5, 2.0], [1.5, 3.0]))


def test_a_transposed_jacobian_is_recognised():
    matrix = np.array([[1.0, 2.0], [3.0, 5.0]])

    def turned(xp, x):
        return matrix @ x

    wrong = op(turned, x=lambda g: g @ matrix.T)
    with pytest.raises(GradientError, match="the transposed Jacobian"):
        check_gradients(wrong, tensors([0.5, 2.0]))


def test_a_missing_conjugate_fails():
    function = op(lambda xp, x: x * (1 + 2j), x=lambda g: g * (1 + 2j))
    function.holomorphic = False  # the edge leaves the rule alone
    with pytest.raises(GradientError):
        check_gradients(function, tensors([0.5 + 1j]))


def test_a_wrong_second_derivative_fails_only_at_order_two():
    def squared(xp, x):
        return x * x

    wrong = op(squared, x=lambda g, x: g * (x.detach() if isinstance(x, mt.Tensor) else x) * 2)
    check_gradients(wrong, tensors([0.5, 2.0]))
    with pytest.raises(GradientError, match="input 0"):
        check_gradients(wrong, tensors([0.5, 2.0]), order=2)


def test_what_differences_cannot_resolve_is_no_pass():
    with pytest.raises(GradientError, match="cannot resolve"):
        check_gradients(lambda x: x * 1e-9 + 100, tensors([0.5]))


def test_low_precision_is_refused():
    with pytest.raises(TypeError, match="float64"):
        check_gradients(lambda x: x * 2, tensors(np.float32([1.0])))
