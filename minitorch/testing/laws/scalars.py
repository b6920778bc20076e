"""A Value and a 0-d float64 tensor go through the same table and must agree: value, gradient, gradient of the gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...ops.backward import gradients
from ...value import Value
from .law import differentiable, is_op, law

CORNERS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 750.0, -750.0, math.inf, -math.inf, math.nan)
#: What makes no sense of one real number, or has another type.
ARRAYS_ONLY = {"complex"}


def of_one_number(subject):
    rules = subject.op.rules.items()
    each = all(rule is not None for name, rule in rules if name != "condition")
    if subject.family != "elementwise" or not each or not subject.rule.real or subject.rule.still or subject.name in ARRAYS_ONLY:
        return "it is no function of single real numbers"
    return None if subject.rule.scalar else "it is declared for arrays"


def of_one_operand(subject):
    return None if len(subject.inputs) == 1 else "it has more operands than one"


def with_values(op, numbers, params):
    """(value, gradients, gradients of their sum) by Values."""
    operands = [number if isinstance(number, bool) else Value(number) for number in numbers]
    moving = [operand for operand in operands if isinstance(operand, Value)]
    out = Value._apply(op, tuple(operands), params)
    out.backward(create_graph=True)
    first = [operand.grad for operand in moving]
    total: Any = Value(0.0)
    for g in first:
        total = total + g if isinstance(g, Value) else total
    for operand in moving:
        operand.grad = 0.0
    total.backward()
    second = [operand.grad for operand in moving]
    return out.data, [float(g) for g in first], [float(g) for g in second]


def with_tensors(op, numbers, params):
    """The same by tensors without dimensions."""
    operands = [Tensor._wrap(np.array(number)) for number in numbers]
    moving = [operand.requires_grad_() for operand in operands if operand.is_floating_point()]
    out = op(*operands, **params)
    first = gradients([out], moving, create_graph=True, materialize_grads=True)
    total = sum(first[1:], start=first[0])
    second = gradients([total], moving, materialize_grads=True) if total.requires_grad else [g * 0 for g in first]
    return out.item(), [g.item() for g in first], [g.item() for g in second]


@law("value", is_op, differentiable, of_one_number, kinds="real", must=True)
def a_value_is_a_0d_tensor(subject, case):
    """Value and tensor give the same number, gradients and gradients of their sum."""
    if not all(isinstance(value, np.ndarray) and value.size for value in case.args):
        return "there is no number for each operand"
    numbers = [value.flat[0].item() for value in case.args]
    ours, theirs = with_values(subject.op, numbers, case.params), with_tensors(subject.op, numbers, case.params)
    for one, other in zip(ours, theirs, strict=True):
        largest = np.abs(other).max(initial=0.0)
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15 * largest + 1e-16)
    return None


@law("value", is_op, differentiable, of_one_number, of_one_operand, kinds="real", most=1)
def a_value_is_a_0d_tensor_also_in_the_corners(subject, case):
    """Of zeros, infinities, nan, and where the exponential overflows."""
    for number in CORNERS:
        op, tensor = subject.op, Tensor._wrap(np.array(number)).requires_grad_()
        out = op(tensor, **case.params)
        value = Value(number)
        result = Value._apply(op, (value,), case.params)
        np.testing.assert_allclose(result.data, out.item(), rtol=1e-14, err_msg=f"at {number}")
        result.backward()
        (g,) = gradients([out], [tensor], materialize_grads=True)
        np.testing.assert_allclose(value.grad, g.item(), rtol=1e-14, err_msg=f"gradient at {number}")
