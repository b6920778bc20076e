"""A fused op is its definition: the forward, and the joint rule for every set of inputs that need a gradient."""

import itertools

import numpy as np
import pytest

import minitorch as mt
from minitorch.graph.node import Node
from minitorch.ops.backward import gradients
from minitorch.ops.record import node_of
from minitorch.testing.numeric import draw_like, results
from tests.laws.operands import all_ops, for_every_case

FUSED = [subject for subject in all_ops() if subject.op.definition is not None]
over = pytest.mark.parametrize


def test_there_are_fused_ops():
    assert FUSED


@over("subject", FUSED, ids=str)
@for_every_case
def test_the_forward_is_the_definition(subject, case):
    tensors = case.tensors()
    args, params = case.filled(tensors)
    if subject.op.check is not None:
        params = subject.op.check([getattr(arg, "_data", arg) for arg in args], params)
    fused, defined = subject.op(*args, **params), subject.op.definition(*args, **params)
    for one, other in zip(*(found if isinstance(found, tuple) else (found,) for found in (fused, defined)), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one._data, other._data, rtol=1e-12, atol=1e-13)


@over("subject", FUSED, ids=str)
@for_every_case
def test_the_joint_rule_is_the_definitions_gradient(subject, case):
    """For each choice of inputs; what is not asked for must not be made."""
    random = np.random.default_rng(0)
    for chosen in itertools.product((False, True), repeat=len(case.arrays)):
        moves = [move and wanted for move, wanted in zip(case.moving(subject), chosen, strict=True)]
        if not any(moves):
            continue
        tensors = [mt.Tensor._wrap(array) for array in case.arrays]
        moving = [tensor.requires_grad_() for tensor, move in zip(tensors, moves, strict=True) if move]
        outputs = [out for out in results(case.function(subject), tensors) if node_of(out) is not None]
        seeds = [mt.Tensor._wrap(draw_like(output._data, random)) for output in outputs]
        by_rule = gradients(outputs, moving, seeds, retain_graph=True)
        by_definition = gradients(outputs, moving, seeds, create_graph=True)
        for one, other in zip(by_rule, by_definition, strict=True):
            scale = np.abs(other._data).max(initial=0)
            np.testing.assert_allclose(one._data, other._data, rtol=0, atol=1e-12 * scale)


@over("subject", FUSED, ids=str)
@for_every_case
def test_a_fused_op_is_one_node(subject, case):
    (output, *_) = results(case.function(subject), case.tensors(subject))
    if node_of(output) is not None and not case.is_complex:
        own = output._node.op.name == subject.op.name and output._node.op.family != "port"
        maker = output._node if own else output._node.parents[0]
        assert isinstance(maker, Node) and maker.op.base is subject.op
        assert all(parent is None or parent.op is None for parent in maker.parents)
