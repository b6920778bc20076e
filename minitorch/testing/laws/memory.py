"""What a gradient is, whatever its value: the shape, dtype and device of its tensor, in memory of its own.

And what a call leaves alone: its operands, the caller's floating-point settings, and the tape where grad mode is off; and
what it does not depend on: how often it is called, and where its operands lie in memory.
"""

from __future__ import annotations

import warnings

import numpy as np

from ..._tensor import Tensor
from ...backend.generator import manual_seed
from ...graph.modes import no_grad
from ...ops.backward import backward, gradients
from ...ops.record import node_of
from ..case import laid_out
from .law import UNRECORDED, called, cotangents, differentiable, flat, law, once

LAYOUTS = ("turned", "reversed", "strided")


def check_likeness(gradient, tensor):
    assert gradient._data.__class__ is np.ndarray
    assert gradient.shape == tensor.shape
    assert gradient.dtype == tensor.dtype
    assert gradient.device == tensor.device


@law("1st", once, differentiable)
def a_gradient_has_its_tensors_shape_dtype_and_device(subject, case):
    """In float32 and, where half precision is computed in float32, in float16; raw and recorded gradients are equal."""
    held = False
    for dtype in ("float16", "float32"):
        if dtype == "float16" and (subject.op is None or not subject.op.widens or case.is_complex):
            continue
        _, moving, outputs = called(subject, case.of_dtype(dtype))
        if not outputs:
            continue
        held = True
        seeds = cotangents(outputs)
        raw = gradients(outputs, moving, seeds, retain_graph=True, materialize_grads=True)
        dressed = gradients(outputs, moving, seeds, create_graph=True, materialize_grads=True)
        backward(outputs, seeds)
        for tensor, one, two in zip(moving, raw, dressed, strict=True):
            check_likeness(one, tensor)
            check_likeness(two, tensor)
            if tensor.grad is not None:
                check_likeness(tensor.grad, tensor)
            largest = np.abs(one._data).max(initial=0)
            np.testing.assert_allclose(one._data, two._data, rtol=0, atol=64 * np.finfo(one._data.dtype).eps * largest)
    return None if held else UNRECORDED


@law("value", once)
def operands_and_cotangents_are_never_written(subject, case):
    """Nor results: not by the call, not by a backward, not by one that records itself."""
    before = [array.copy() for array in case.arrays]
    tensors, moving, outputs = called(subject, case)
    seeds = cotangents(outputs)
    kept = [seed._data.copy() for seed in seeds]
    values = [output._data.copy() for output in outputs]
    if outputs:
        gradients(outputs, moving, seeds, create_graph=True, materialize_grads=True)
        backward(outputs, seeds)
    for array, copy in zip([*case.arrays, *(s._data for s in seeds), *(o._data for o in outputs)],
                           [*before, *kept, *values], strict=True):  # fmt: skip
        np.testing.assert_array_equal(array, copy)
    assert all(tensor._cell == [0] for tensor in [*tensors, *seeds])


@law("1st", once, differentiable)
def gradients_have_memory_of_their_own(subject, case):
    """A `.grad` shares memory with no other, no operand, no cotangent and no result."""
    held = False
    for create_graph in (False, True):
        tensors, moving, outputs = called(subject, case)
        if not outputs:
            continue
        held = True
        seeds = cotangents(outputs)
        backward(outputs, seeds, create_graph=create_graph)
        moved = [tensor for tensor in moving if tensor.grad is not None]
        for tensor in moved:
            check_likeness(tensor.grad, tensor)
        buffers = [tensor.grad._data for tensor in moved]
        others = [tensor._data for tensor in [*tensors, *seeds, *outputs]]
        for place, buffer in enumerate(buffers):
            assert buffer.flags.writeable and (0 not in buffer.strides or buffer.size <= 1 or create_graph)
            for other in [*buffers[:place], *others]:
                assert not np.shares_memory(buffer, other)
    return None if held else UNRECORDED


@law("value", once)
def no_grad_leaves_no_tape(subject, case):
    """With grad mode off no result requires grad, but for an operand given back as it is."""
    tensors = case.tensors(subject)
    with no_grad():
        found = case.function(subject)(*tensors)
    for result in found if isinstance(found, tuple | list) else (found,):
        itself = any(result is tensor for tensor in tensors)
        assert itself or not isinstance(result, Tensor) or not result.requires_grad


def no_derivative(subject):
    return "it has a derivative" if subject.differentiable else None


@law("1st", once, no_derivative)
def what_has_no_derivative_is_not_recorded(subject, case):
    """No result requires grad, whatever the operands do."""
    tensors = [tensor.requires_grad_() if tensor.is_floating_point() else tensor for tensor in case.tensors()]
    found = case.function(subject)(*tensors)
    assert not any(result.requires_grad for result in (found if isinstance(found, tuple) else (found,)))


NASTY = np.array([0.0, -0.0, 1.0, -1.0, 1e-320, 1e300, -1e300, 710.0, np.inf, -np.inf, np.nan])


def made_nasty(array):
    """The array's shape filled with what raises floating-point flags."""
    if array.dtype.kind not in "fc" or not array.size:
        return array
    found = np.resize(NASTY, array.shape)
    return np.asarray(found if array.dtype.kind == "f" else found + 1j * np.roll(found, 1), dtype=array.dtype)


def answers_for_anything(subject):
    return None if subject.rule.nasty else "it refuses inf and nan"


@law("value", once, answers_for_anything)
def no_floating_point_warning_escapes(subject, case):
    """Of zeros, infinities and nan; nor does the caller's `np.errstate` reach inside, nor is it changed."""
    with np.errstate(all="ignore"):
        nasty = case.mapped(made_nasty)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for setting in ("warn", "raise"):
            with np.errstate(all=setting):
                _, moving, outputs = called(subject, nasty)
                if outputs:
                    with np.errstate(all="ignore"):
                        seeds = cotangents(outputs)
                    found = gradients(outputs, moving, seeds, create_graph=True, materialize_grads=True)
                    again = [gradient for gradient in found if node_of(gradient) is not None]
                    if again:
                        with np.errstate(all="ignore"):
                            seeds = cotangents(again)
                        backward(again, seeds)
                assert set(np.geterr().values()) == {setting}


def value_and_slopes(subject, case):
    """The arrays of all results and of the gradients, the generator set first."""
    manual_seed(0)
    tensors = case.tensors(subject)
    found = flat(case.function(subject)(*tensors))
    outputs = [result for result in found if isinstance(result, Tensor) and node_of(result) is not None]
    moving = [tensor for tensor in tensors if tensor.requires_grad]
    slopes = gradients(outputs, moving, cotangents(outputs), materialize_grads=True) if outputs else ()
    return [result._data if isinstance(result, Tensor) else result for result in [*found, *slopes]]


@law("value", once)
def the_same_call_gives_the_same_numbers(subject, case):
    """Twice the same, bit for bit: values and gradients."""
    for one, other in zip(value_and_slopes(subject, case), value_and_slopes(subject, case), strict=True):
        np.testing.assert_array_equal(one, other)
        assert not isinstance(one, np.ndarray) or one.dtype == other.dtype


def in_any_order(subject):
    return None if subject.rule.layouts else "it depends on the order of memory: a view, or numbers drawn in that order"


@law("value", once, in_any_order)
def operands_may_lie_anywhere_in_memory(subject, case):
    """Transposed, reversed and strided operands give the numbers that dense ones give: values and gradients."""
    if not any(array.ndim and array.size > 1 for array in case.arrays):
        return "there is only one way to lay it out"
    expected = value_and_slopes(subject, case.mapped(lambda array: np.array(array, order="C")))
    for layout in LAYOUTS:
        moved = case.mapped(lambda array, layout=layout: laid_out(np.array(array, order="C"), layout))
        for one, other in zip(value_and_slopes(subject, moved), expected, strict=True):
            if not isinstance(other, np.ndarray) or other.dtype.kind not in "fc":
                np.testing.assert_array_equal(one, other)
            else:
                assert_like(one, other)


def assert_like(one, other):
    """Equal but for the order of a sum."""
    assert (one.shape, one.dtype) == (other.shape, other.dtype)
    largest = np.abs(other[np.isfinite(other)]).max(initial=0)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-11 * largest)
