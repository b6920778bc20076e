"""Derivatives of every op and composition against finite differences, in float64 and complex128.

First and second order, third for fused ops, forward mode against reverse, and what an op declares about itself:
that it is linear, or linear in each operand.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops.backward import gradients, jvp
from minitorch.ops.record import node_of
from minitorch.testing.numeric import check_gradients, draw_like, leaf, results
from tests.laws.operands import all_ops, compositions, draw, finite, for_every_case, for_every_derivative, told

OPS = [subject for subject in all_ops() if subject.differentiable]
SUBJECTS = [subject for subject in OPS + compositions() if subject.rule.smooth]
over = pytest.mark.parametrize


def recorded(function, inputs):
    """The results that depend on the inputs."""
    return [output for output in results(function, inputs) if node_of(output) is not None]


def drawn(tensors, seed):
    """A tensor like each of these."""
    random = np.random.default_rng(seed)
    return [mt.Tensor._wrap(draw_like(tensor._data, random)) for tensor in tensors]


@over("subject", SUBJECTS, ids=str)
@for_every_derivative
def test_first_derivative(function, inputs):
    check_gradients(function, inputs)


@over("subject", SUBJECTS, ids=str)
@for_every_derivative
def test_second_derivative(function, inputs):
    check_gradients(function, inputs, order=2)


@over("subject", [subject for subject in OPS if subject.op.definition is not None], ids=str)
@for_every_derivative
def test_third_derivative_of_fused_ops(function, inputs):
    check_gradients(function, inputs, order=3)


@over("subject", [subject for subject in SUBJECTS if subject.rule.searched], ids=str)
@settings(max_examples=max(3, settings.default.max_examples // 10))
@given(data=st.data())
def test_derivatives_at_drawn_operands(subject, data):
    case = draw(subject, data)
    function, inputs = case.in_terms_of_the_moving(subject)
    if inputs and sum(tensor.numel() for tensor in inputs) <= 30 and finite(function, inputs):
        with told(subject, case):
            check_gradients(function, inputs)
            check_gradients(function, inputs, order=2)


@over("subject", SUBJECTS, ids=str)
@for_every_derivative
def test_forward_mode_is_the_transpose_of_reverse_mode(function, inputs):
    """<u, J t> = <J^T u, t>, of complex numbers the real part: exact but for rounding."""
    outputs = recorded(function, inputs)
    seeds, tangents = drawn(outputs, 0), drawn(inputs, 1)
    moved = [jvp(output, inputs, tangents) for output in outputs]
    assert [(t.shape, t.dtype) for t in moved] == [(o.shape, o.dtype) for o in outputs]
    pulled = gradients(outputs, inputs, seeds, materialize_grads=True) if outputs else []
    ahead = [np.real(np.conj(u._data) * t._data) for u, t in zip(seeds, moved, strict=True)]
    back = [np.real(np.conj(g._data) * t._data) for g, t in zip(pulled, tangents, strict=bool(outputs))]
    scale = sum(float(np.abs(term).sum()) for term in ahead + back)
    assert abs(sum(float(term.sum()) for term in ahead) - sum(float(term.sum()) for term in back)) <= 1e-13 * scale


@over("subject", [subject for subject in OPS if subject.rule.smooth], ids=str)
@for_every_derivative
def test_forward_mode_can_be_differentiated(function, inputs):
    count = len(inputs)

    def moved(*values):
        return tuple(jvp(output, values[:count], values[count:]) for output in recorded(function, values[:count]))

    check_gradients(moved, [*inputs, *drawn(inputs, 2)])


@over("subject", [subject for subject in OPS if subject.rule.smooth], ids=str)
@for_every_derivative
def test_the_gradient_is_linear_in_the_cotangent(function, inputs):
    outputs = recorded(function, inputs)
    if not outputs:
        return
    one, two = drawn(outputs, 3), drawn(outputs, 4)
    both = [mt.Tensor._wrap(np.asarray(2 * u._data - 0.75 * v._data)) for u, v in zip(one, two, strict=True)]
    found = [gradients(outputs, inputs, seeds, retain_graph=True, materialize_grads=True) for seeds in (both, one, two)]
    for g, gu, gv in zip(*found, strict=True):
        scale = np.abs(gu._data).max(initial=0) + np.abs(gv._data).max(initial=0)
        np.testing.assert_allclose(g._data, 2 * gu._data - 0.75 * gv._data, rtol=0, atol=1e-13 * scale)


def check_combination(function, points):
    """f at 2 x - 3 y, the first point, is 2 f(x) - 3 f(y)."""
    found = [results(function, [leaf(array) for array in arrays]) for arrays in points]
    for both, one, two in zip(*found, strict=True):
        np.testing.assert_allclose(both._data, 2 * one._data - 3 * two._data, rtol=1e-12, atol=1e-12)


def with_number(case):
    """x + 2 is affine in x."""
    return any(isinstance(value, float) for value in case.args)


@over("subject", [subject for subject in OPS if subject.op.linear], ids=str)
@for_every_case
def test_a_linear_op_is_linear_in_its_operands_together(subject, case):
    function, inputs = case.in_terms_of_the_moving(subject)
    if not with_number(case):
        one, two = ([tensor._data for tensor in drawn(inputs, seed)] for seed in (5, 6))
        check_combination(function, ([2 * x - 3 * y for x, y in zip(one, two, strict=True)], one, two))


@over("subject", [subject for subject in OPS if subject.op.multilinear], ids=str)
@for_every_case
def test_a_multilinear_op_is_linear_in_each_operand(subject, case):
    function, inputs = case.in_terms_of_the_moving(subject)
    fixed = [tensor._data for tensor in inputs]
    if "same" in case.label:
        return
    for place in range(len(inputs)):
        one, two = (drawn([inputs[place]], seed)[0]._data for seed in (7, 8))
        points = [[*fixed[:place], array, *fixed[place + 1 :]] for array in (2 * one - 3 * two, one, two)]
        check_combination(function, points)
