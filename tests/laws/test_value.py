"""A Value and a 0-d float64 tensor go through the same table and must agree: value, gradient, gradient of the gradient."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch import Value
from minitorch.ops.backward import gradients
from tests.laws.operands import all_ops, cases, told

OPS = [subject for subject in all_ops() if subject.family == "elementwise" and subject.rule.real
       and not subject.rule.still and all(rule is not None for name, rule in subject.op.rules.items() if name != "condition")]  # fmt: skip
CORNERS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 750.0, -750.0, math.inf, -math.inf, math.nan)
#: What makes no sense of one real number, or has another type.
ARRAYS_ONLY = {"complex"}


def scalars(subject):
    """(params, one float per operand) taken from the cases; None where an operand is a condition."""
    for case in cases(subject, "real"):
        if all(isinstance(value, np.ndarray) and value.size for value in case.args):
            yield case, [value.flat[0].item() for value in case.args]


def with_values(op, numbers, params):
    """(value, gradients, gradients of their sum) by Values."""
    operands = [number if isinstance(number, bool) else Value(number) for number in numbers]
    moving = [operand for operand in operands if isinstance(operand, Value)]
    out = Value._apply(op, tuple(operands), params)
    out.backward(create_graph=True)
    first = [operand.grad for operand in moving]
    second = [0.0] * len(moving)
    total = sum((g for g in first if isinstance(g, Value)), start=Value(0.0))
    for operand in moving:
        operand.grad = 0.0
    total.backward()
    second = [operand.grad for operand in moving]
    return out.data, [float(g) for g in first], [float(g) for g in second]


def with_tensors(op, numbers, params):
    operands = [number if isinstance(number, bool) else mt.Tensor._wrap(np.array(number)).requires_grad_()
                for number in numbers]  # fmt: skip
    operands = [mt.Tensor._wrap(np.array(x)) if isinstance(x, bool) else x for x in operands]
    moving = [operand for operand in operands if operand.requires_grad]
    out = op(*operands, **params)
    first = gradients([out], moving, create_graph=True, materialize_grads=True)
    total = sum(first[1:], start=first[0])
    second = gradients([total], moving, materialize_grads=True) if total.requires_grad else [g * 0 for g in first]
    return out.item(), [g.item() for g in first], [g.item() for g in second]


def compare(op, numbers, params):
    ours, theirs = with_values(op, numbers, params), with_tensors(op, numbers, params)
    for one, other in zip(ours, theirs, strict=True):
        largest = np.abs(other).max(initial=0.0)
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15 * largest + 1e-16)


@pytest.mark.parametrize("subject", [s for s in OPS if s.name not in ARRAYS_ONLY], ids=str)
def test_a_value_is_a_0d_tensor(subject):
    found = list(scalars(subject))
    assert found
    for case, numbers in found:
        with told(subject, case):
            compare(subject.op, numbers, case.params)


@pytest.mark.parametrize("subject", [s for s in OPS if s.name not in ARRAYS_ONLY and len(s.inputs) == 1], ids=str)
def test_a_value_is_a_0d_tensor_also_in_the_corners(subject):
    params = next(scalars(subject))[0].params
    for number in CORNERS:
        with told(subject, number):
            op, tensor = subject.op, mt.Tensor._wrap(np.array(number)).requires_grad_()
            out = op(tensor, **params)
            value = Value(number)
            result = Value._apply(op, (value,), params)
            np.testing.assert_allclose(result.data, out.item(), rtol=1e-14)
            result.backward()
            (g,) = gradients([out], [tensor], materialize_grads=True)
            np.testing.assert_allclose(value.grad, g.item(), rtol=1e-14)


def test_a_values_operators_and_methods_are_the_same_ops():
    x, y = Value(2.0), Value(3.0)
    for result, expected in ((x + y, 5.0), (x - 1, 1.0), (1 - x, -1.0), (x * y, 6.0), (y / x, 1.5), (3 / x, 1.5),
                             (x**y, 8.0), (3**x, 9.0), (-x, -2.0), (x.exp(), math.exp(2.0))):  # fmt: skip
        assert isinstance(result, Value) and result.data == expected
