"""The life of the tape: freed at once without the garbage collector, used up by one backward, stale never unnoticed."""

from __future__ import annotations

import gc
import re
import weakref
from contextlib import contextmanager

import numpy as np

from ...graph.walk import newest_first
from ...ops.backward import backward, gradients
from ...ops.record import node_of
from ..numeric import results
from .law import UNRECORDED, Broken, cotangents, differentiable, is_op, law, once, recorded


@contextmanager
def no_collector():
    """Only reference counts free anything in here."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def watched(outputs):
    """Weak references to the whole tape below the outputs, leaves left out."""
    nodes = newest_first([node_of(output) for output in outputs])
    return [weakref.ref(node) for node in nodes if node.op is not None]


@law("1st", once, differentiable, most=4)
def the_tape_goes_with_the_last_reference(subject, case):
    """After a plain backward, after one that records itself, and after none."""
    with no_collector():
        return check_freed(subject, case)


def check_freed(subject, case):
    for use in (None, backward, gradients):
        for create_graph in (False, True):
            tensors = case.tensors(subject)
            moving = [tensor for tensor in tensors if tensor.requires_grad]
            outputs = recorded(results(case.function(subject), tensors))
            if not outputs:
                return UNRECORDED
            tape = watched(outputs)
            found = None
            if use is backward:
                backward(outputs, cotangents(outputs), create_graph=create_graph)
                if create_graph:
                    tape += watched([t.grad for t in moving if t.grad is not None and t.grad.requires_grad])
            elif use is gradients:
                found = gradients(outputs, moving, cotangents(outputs), create_graph=create_graph, materialize_grads=True)
                tape += watched([gradient for gradient in found if gradient.requires_grad])
            assert tape or all(node_of(output).op is None for output in outputs)  # an identity makes no node
            for tensor in tensors:
                tensor.grad = None
            del outputs, found
            assert [node() for node in tape if node() is not None] == []
    return None


@law("1st", once, differentiable)
def leaves_accumulate(subject, case):
    """A second backward adds to `.grad`, in the same buffer."""
    tensors = case.tensors(subject)
    outputs = recorded(results(case.function(subject), tensors))
    if not outputs:
        return UNRECORDED
    seeds = cotangents(outputs)
    backward(outputs, seeds, retain_graph=True)
    moving = [tensor for tensor in tensors if tensor.grad is not None]
    first = [(tensor.grad, tensor.grad._data.copy()) for tensor in moving]
    backward(outputs, seeds)
    for tensor, (grad, before) in zip(moving, first, strict=True):
        assert tensor.grad is grad
        np.testing.assert_allclose(grad._data, 2 * before, rtol=1e-14, atol=1e-300)
    return None


def must_raise(call, pattern):
    """The call raises a RuntimeError that says so."""
    try:
        call()
    except RuntimeError as error:
        if not re.search(pattern, str(error)):
            raise Broken(f"the error should say {pattern!r}, but says {error}") from error
    else:
        raise Broken(f"nothing was raised where an error should say {pattern!r}")


@law("1st", is_op, differentiable)
def a_second_backward_raises_where_something_was_saved(subject, case):
    """Nothing saved, or only shapes: it may run again, as in PyTorch."""
    if subject.rule.through is not None:
        return THROUGH
    if subject.op.definition is not None and case.is_complex:
        return "of complex numbers a fused op records no node"
    outputs = recorded(results(case.function(subject), case.tensors(subject)))
    if not outputs:
        return UNRECORDED
    node = node_of(outputs[0])
    node = node.parents[0] if len(node.op.results if hasattr(node.op, "results") else "1") > 1 else node
    saves = node.op.name == subject.op.name and node.op.frees and bool(node.saved)
    seeds = cotangents(outputs)
    backward(outputs, seeds)
    if saves:
        must_raise(lambda: backward(outputs, seeds), f"second time.*{subject.op.name}")
    else:
        backward(outputs, seeds)
    return None


THROUGH = "it is called through other ops"


@law("1st", is_op, differentiable)
def a_write_to_what_was_saved_is_noticed_and_names_the_op(subject, case):
    """Each tensor that the node watches: bump its version, and the backward refuses."""
    if subject.rule.through is not None:
        return THROUGH
    for place in range(len(case.arrays)):
        tensors = case.tensors(subject)
        outputs = recorded(results(case.function(subject), tensors))
        if not outputs:
            return UNRECORDED
        node = node_of(outputs[0])
        node = node.parents[0] if node.op.family == "port" else node
        if node.op.name != subject.op.name:
            return f"what is recorded is {node.op.name}"
        tensors[place]._bump()
        saved = any(cell is tensors[place]._cell for cell in node.cells)
        if saved:
            must_raise(lambda outputs=outputs: backward(outputs, cotangents(outputs)),
                       f"modified by an inplace operation.*{subject.op.name}.*version 1")  # fmt: skip
        elif not (outputs[0]._view and outputs[0]._cell is tensors[place]._cell):
            backward(outputs, cotangents(outputs))
    return None
