"""A fused op is its definition: the forward, and the joint rule for every set of inputs that need a gradient."""

from __future__ import annotations

import itertools

import numpy as np

from ..._tensor import Tensor
from ...graph.node import Node
from ...ops.backward import gradients
from ...ops.record import node_of
from ..numeric import results
from .law import UNRECORDED, cotangents, is_op, law, recorded


def fused(subject):
    return None if subject.op is not None and subject.op.definition is not None else "it has no joint rule: it is its rules"


@law("value", is_op, fused)
def the_forward_is_the_definition(subject, case):
    """The fast forward gives what the composition gives."""
    tensors = case.tensors()
    args, params = case.filled(tensors)
    if subject.op.check is not None:
        params = subject.op.check([getattr(arg, "_data", arg) for arg in args], params)
    fast, defined = subject.op(*args, **params), subject.op.definition(*args, **params)
    for one, other in zip(*(found if isinstance(found, tuple) else (found,) for found in (fast, defined)), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one._data, other._data, rtol=1e-12, atol=1e-13)


@law("1st", is_op, fused)
def the_joint_rule_is_the_definitions_gradient(subject, case):
    """For each choice of inputs; what is not asked for must not be made."""
    for chosen in itertools.product((False, True), repeat=len(case.arrays)):
        moves = [move and wanted for move, wanted in zip(case.moving(subject), chosen, strict=True)]
        if not any(moves):
            continue
        tensors = [Tensor._wrap(array) for array in case.arrays]
        moving = [tensor.requires_grad_() for tensor, move in zip(tensors, moves, strict=True) if move]
        outputs = recorded(results(case.function(subject), tensors))
        seeds = cotangents(outputs, sum(2**place for place, move in enumerate(moves) if move))
        by_rule = gradients(outputs, moving, seeds, retain_graph=True)
        by_definition = gradients(outputs, moving, seeds, create_graph=True)
        for one, other in zip(by_rule, by_definition, strict=True):
            scale = np.abs(other._data).max(initial=0)
            np.testing.assert_allclose(one._data, other._data, rtol=0, atol=1e-12 * scale)


@law("1st", is_op, fused)
def a_fused_op_is_one_node(subject, case):
    """Whatever it is composed of, the tape holds one node, whose parents are the operands."""
    (output, *_) = results(case.function(subject), case.tensors(subject))
    if node_of(output) is None:
        return UNRECORDED
    if case.is_complex:
        return "of complex numbers the definition is recorded"
    own = output._node.op.name == subject.op.name and output._node.op.family != "port"
    maker = output._node if own else output._node.parents[0]
    assert isinstance(maker, Node) and maker.op.base is subject.op
    assert all(parent is None or parent.op is None for parent in maker.parents)
