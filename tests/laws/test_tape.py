"""The life of the tape: freed at once without the garbage collector, long without recursion, stale never unnoticed."""

import gc
import weakref
from contextlib import contextmanager

import numpy as np
import pytest

import minitorch as mt
from minitorch.graph.walk import newest_first
from minitorch.ops.backward import backward, gradients
from minitorch.ops.record import node_of
from minitorch.testing.numeric import draw_like, results
from tests.laws.operands import all_ops, cases, compositions, for_every_case, told

SUBJECTS = [subject for subject in all_ops() + compositions() if subject.differentiable]
LONG = 200_000
over = pytest.mark.parametrize


@contextmanager
def no_collector():
    """Only reference counts free anything in here."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def watched(outputs):
    """Weak references to the whole tape below the outputs, leaves left out."""
    nodes = newest_first([node_of(output) for output in outputs])
    return [weakref.ref(node) for node in nodes if node.op is not None]


def seeds_for(outputs):
    random = np.random.default_rng(0)
    return [mt.Tensor._wrap(draw_like(output._data, random)) for output in outputs]


@over("subject", SUBJECTS, ids=str)
def test_the_tape_goes_with_the_last_reference(subject):
    """After a plain backward, after one that records itself, and after none."""
    with no_collector():
        for case in cases(subject)[:4]:
            with told(subject, case):
                check_freed(subject, case)


def check_freed(subject, case):
    for use in (None, backward, gradients):
        for create_graph in (False, True):
            tensors = case.tensors(subject)
            moving = [tensor for tensor in tensors if tensor.requires_grad]
            outputs = [out for out in results(case.function(subject), tensors) if node_of(out) is not None]
            if not outputs:
                return
            tape = watched(outputs)
            found = None
            if use is backward:
                backward(outputs, seeds_for(outputs), create_graph=create_graph)
                if create_graph:
                    tape += watched([t.grad for t in moving if t.grad is not None and t.grad.requires_grad])
            elif use is gradients:
                found = gradients(outputs, moving, seeds_for(outputs), create_graph=create_graph, materialize_grads=True)
                tape += watched([gradient for gradient in found if gradient.requires_grad])
            assert tape or all(node_of(output).op is None for output in outputs)  # an identity makes no node
            for tensor in tensors:
                tensor.grad = None
            del outputs, found
            assert [node() for node in tape if node() is not None] == []


def chain(length, start=1.0):
    x = mt.Tensor._wrap(np.array([start])).requires_grad_()
    y = x
    for _ in range(length // 2):
        y = (y * 1.0).neg()
    return x, y


def test_a_long_chain_runs_backward_and_frees_without_recursion():
    with no_collector():
        x, y = chain(LONG)
        last = weakref.ref(node_of(y))
        first = weakref.ref(newest_first([node_of(y)])[-2])
        y.backward()
        assert x.grad.item() == 1.0
        del y
        assert last() is None and first() is None


def test_a_long_chain_frees_without_a_backward():
    with no_collector():
        _, y = chain(LONG)
        first = weakref.ref(newest_first([node_of(y)])[-2])
        del y
        assert first() is None


def test_a_long_chain_is_differentiated_twice_without_recursion():
    with no_collector():
        x = mt.Tensor._wrap(np.array([1.0])).requires_grad_()
        y = x
        for _ in range(20_000):
            y = y * x
        (g,) = gradients([y], [x], create_graph=True)
        (h,) = gradients([g], [x], create_graph=True)
        assert (g.item(), h.item()) == (20_001.0, 20_001.0 * 20_000)
        node = weakref.ref(node_of(h))
        del y, g, h
        assert node() is None


def test_a_long_chain_can_be_drawn():
    _, y = chain(LONG)
    assert mt.viz.graph(y).text().count("\n") == LONG


def test_a_long_chain_of_values_frees_without_recursion():
    with no_collector():
        x = y = mt.Value(1.0)
        for _ in range(LONG):
            y = y * 1.0
        y.backward()
        assert x.grad == 1.0
        node = weakref.ref(y._node)
        del y
        assert node() is None


def test_a_wide_sum_accumulates_into_a_leaf():
    x = mt.Tensor._wrap(np.array([3.0])).requires_grad_()
    total = x * 1.0
    for _ in range(999):
        total = total + x * 1.0
    total.backward()
    assert x.grad.item() == 1000.0


@over("subject", SUBJECTS, ids=str)
@for_every_case
def test_leaves_accumulate(subject, case):
    """A second backward adds to `.grad`, in the same buffer."""
    tensors = case.tensors(subject)
    outputs = [out for out in results(case.function(subject), tensors) if node_of(out) is not None]
    if not outputs:
        return
    seeds = seeds_for(outputs)
    backward(outputs, seeds, retain_graph=True)
    moving = [tensor for tensor in tensors if tensor.grad is not None]
    once = [(tensor.grad, tensor.grad._data.copy()) for tensor in moving]
    backward(outputs, seeds)
    for tensor, (grad, before) in zip(moving, once, strict=True):
        assert tensor.grad is grad
        np.testing.assert_allclose(grad._data, 2 * before, rtol=1e-14, atol=1e-300)


@over("subject", [subject for subject in all_ops() if subject.differentiable], ids=str)
@for_every_case
def test_a_second_backward_raises_where_something_was_saved(subject, case):
    """Nothing saved, or only shapes: it may run again, as in PyTorch. Of complex numbers a fused op records no node."""
    if subject.rule.through is not None or (subject.op.definition is not None and case.is_complex):
        return
    tensors = case.tensors(subject)
    outputs = [out for out in results(case.function(subject), tensors) if node_of(out) is not None]
    if not outputs:
        return
    node = node_of(outputs[0])
    node = node.parents[0] if len(node.op.results if hasattr(node.op, "results") else "1") > 1 else node
    saves = node.op.name == subject.op.name and node.op.frees and bool(node.saved)
    seeds = seeds_for(outputs)
    backward(outputs, seeds)
    if saves:
        with pytest.raises(RuntimeError, match=f"second time.*{subject.op.name}"):
            backward(outputs, seeds)
    else:
        backward(outputs, seeds)


@over("subject", [subject for subject in all_ops() if subject.differentiable], ids=str)
@for_every_case
def test_a_write_to_what_was_saved_is_noticed_and_names_the_op(subject, case):
    """Each tensor that the node watches: bump its version, and the backward refuses."""
    if subject.rule.through is not None:
        return
    for place in range(len(case.arrays)):
        tensors = case.tensors(subject)
        outputs = [out for out in results(case.function(subject), tensors) if node_of(out) is not None]
        if not outputs:
            return
        node = node_of(outputs[0])
        node = node.parents[0] if node.op.family == "port" else node
        if node.op.name != subject.op.name:
            return
        tensors[place]._bump()
        saved = any(cell is tensors[place]._cell for cell in node.cells)
        if saved:
            with pytest.raises(RuntimeError, match=f"modified by an inplace operation.*{subject.op.name}.*version 1"):
                backward(outputs, seeds_for(outputs))
        elif not (outputs[0]._view and outputs[0]._cell is tensors[place]._cell):
            backward(outputs, seeds_for(outputs))


def test_a_gradient_may_be_asked_of_one_of_several_results():
    x = mt.Tensor._wrap(np.diag([1.0, 2.0, 4.0])).requires_grad_()
    values, vectors = mt.ops.TABLE["eigh"](x)
    loss = (values * values).sum() + (vectors * vectors).sum()
    g, h = gradients([loss], [values, vectors])
    np.testing.assert_allclose(g._data, 2 * values._data)
    np.testing.assert_allclose(h._data, 2 * vectors._data)
