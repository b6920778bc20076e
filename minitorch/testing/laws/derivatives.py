"""Derivatives against finite differences, in float64 and complex128, forward mode against reverse, declared linearity.

First, second and third order. Where a combination of numbers tells, exact to rounding, nothing is differenced.
"""

from __future__ import annotations

import numpy as np

from ..._tensor import Tensor
from ...ops.backward import gradients, jvp
from ..numeric import check_gradients, leaf, results
from .law import UNRECORDED, cotangents, differentiable, is_op, law, of_the_moving, once, recorded, smooth


@law("1st", once, differentiable, smooth)
@of_the_moving
def first_derivative(function, inputs):
    """The gradient is the slope of the values."""
    check_gradients(function, inputs)


@law("2nd", once, differentiable, smooth)
@of_the_moving
def second_derivative(function, inputs):
    """The gradient of the gradient is the slope of the gradient, also by the cotangent."""
    check_gradients(function, inputs, order=2)


@law("3rd", once, differentiable, smooth)
@of_the_moving
def third_derivative(function, inputs):
    """The gradient of the gradient of the gradient is the slope of the one before."""
    check_gradients(function, inputs, order=3)


@law("jvp", once, differentiable, smooth, anywhere=False)  # elsewhere more may cancel
@of_the_moving
def forward_mode_is_the_transpose_of_reverse_mode(function, inputs):
    """<u, J t> = <J^T u, t>, of complex numbers the real part: exact but for rounding."""
    outputs = recorded(results(function, inputs))
    seeds, tangents = cotangents(outputs, 0), cotangents(inputs, 1)
    moved = [jvp(output, inputs, tangents) for output in outputs]
    assert [(t.shape, t.dtype) for t in moved] == [(o.shape, o.dtype) for o in outputs]
    pulled = gradients(outputs, inputs, seeds, materialize_grads=True) if outputs else []
    ahead = [np.real(np.conj(u._data) * t._data) for u, t in zip(seeds, moved, strict=True)]
    back = [np.real(np.conj(g._data) * t._data) for g, t in zip(pulled, tangents, strict=bool(outputs))]
    scale = sum(float(np.abs(term).sum()) for term in ahead + back)
    assert abs(sum(float(term.sum()) for term in ahead) - sum(float(term.sum()) for term in back)) <= 1e-13 * scale


@law("jvp", is_op, differentiable, smooth)
@of_the_moving
def forward_mode_can_be_differentiated(function, inputs):
    """The gradient of the tangent is the slope of the tangent, by the operands and by their tangents."""
    count = len(inputs)

    def moved(*values):
        points, tangents = list(values[:count]), list(values[count:])
        return tuple(jvp(output, points, tangents) for output in recorded(results(function, points)))

    check_gradients(moved, [*inputs, *cotangents(inputs, 2)])


@law("1st", is_op, differentiable, smooth)
@of_the_moving
def the_gradient_is_linear_in_the_cotangent(function, inputs):
    """The gradient for 2 u - 3/4 v is 2 times that for u less 3/4 of that for v."""
    outputs = recorded(results(function, inputs))
    if not outputs:
        return UNRECORDED
    one, two = cotangents(outputs, 3), cotangents(outputs, 4)
    both = [Tensor._wrap(np.asarray(2 * u._data - 0.75 * v._data)) for u, v in zip(one, two, strict=True)]
    found = [gradients(outputs, inputs, seeds, retain_graph=True, materialize_grads=True) for seeds in (both, one, two)]
    for g, gu, gv in zip(*found, strict=True):
        scale = np.abs(gu._data).max(initial=0) + np.abs(gv._data).max(initial=0)
        np.testing.assert_allclose(g._data, 2 * gu._data - 0.75 * gv._data, rtol=0, atol=1e-13 * scale)


def check_combination(function, points):
    """f at 2 x - 3 y, the first point, is 2 f(x) - 3 f(y)."""
    found = [results(function, [leaf(array) for array in arrays]) for arrays in points]
    for both, one, two in zip(*found, strict=True):
        np.testing.assert_allclose(both._data, 2 * one._data - 3 * two._data, rtol=1e-12, atol=1e-12)


def declared_linear(subject):
    return None if subject.op is not None and subject.op.linear else "it does not say that it is linear"


def declared_multilinear(subject):
    return None if subject.op is not None and subject.op.multilinear else "it does not say that it is linear in each operand"


@law("value", is_op, differentiable, declared_linear)
def a_linear_op_is_linear_in_its_operands_together(subject, case):
    """f(2 x - 3 y) = 2 f(x) - 3 f(y), for an op that says it is linear."""
    function, inputs = case.in_terms_of_the_moving(subject)
    if any(isinstance(value, float) for value in case.args):
        return "x + 2 is not linear in x"
    one, two = ([tensor._data for tensor in cotangents(inputs, seed)] for seed in (5, 6))
    check_combination(function, ([2 * x - 3 * y for x, y in zip(one, two, strict=True)], one, two))


@law("value", is_op, differentiable, declared_multilinear)
def a_multilinear_op_is_linear_in_each_operand(subject, case):
    """The same of one operand at a time, for an op that says it is linear in each."""
    function, inputs = case.in_terms_of_the_moving(subject)
    fixed = [tensor._data for tensor in inputs]
    if sum(isinstance(value, np.ndarray) for value in case.args) > len(case.arrays):
        return "f(x, x) is not linear in x"
    for place in range(len(inputs)):
        one, two = (cotangents([inputs[place]], seed)[0]._data for seed in (7, 8))
        points = [[*fixed[:place], array, *fixed[place + 1 :]] for array in (2 * one - 3 * two, one, two)]
        check_combination(function, points)
