"""What a gradient is, whatever its value: the shape, dtype and device of its tensor, in memory of its own.

And what a call leaves alone: its operands, the caller's floating-point settings, and the tape where grad mode is off.
"""

import warnings

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.backward import backward, gradients
from minitorch.ops.record import node_of
from minitorch.testing.numeric import draw_like, results
from tests.laws.operands import all_ops, compositions, for_every_case

EVERYTHING = all_ops() + compositions()
SUBJECTS = [subject for subject in EVERYTHING if subject.differentiable]
over = pytest.mark.parametrize


def cotangents(outputs):
    random = np.random.default_rng(0)
    return [mt.Tensor._wrap(draw_like(output._data, random)) for output in outputs]


def called(subject, case):
    """The operands as tensors, those that move, and the results that are recorded."""
    tensors = case.tensors(subject)
    outputs = [output for output in results(case.function(subject), tensors) if node_of(output) is not None]
    return tensors, [tensor for tensor in tensors if tensor.requires_grad], outputs


def widens(subject):
    return subject.op is not None and subject.op.widens


def check_likeness(gradient, tensor):
    assert gradient._data.__class__ is np.ndarray
    assert gradient.shape == tensor.shape
    assert gradient.dtype == tensor.dtype
    assert gradient.device == tensor.device


@over("dtype", ["float16", "float32"])  # float64: below, where memory is looked at
@over("subject", SUBJECTS, ids=str)
def test_a_gradient_has_its_tensors_shape_dtype_and_device(subject, dtype):
    if dtype == "float16" and not widens(subject):
        return

    @for_every_case
    def likeness(subject, case):
        if dtype == "float16" and case.is_complex:
            return
        _, moving, outputs = called(subject, case.of_dtype(dtype))
        if not outputs:
            return
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

    likeness(subject)


@over("subject", EVERYTHING, ids=str)
@for_every_case
def test_operands_and_cotangents_are_never_written(subject, case):
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


@over("create_graph", [False, True])
@over("subject", SUBJECTS, ids=str)
def test_gradients_have_memory_of_their_own(subject, create_graph):
    @for_every_case
    def apart(subject, case):
        tensors, moving, outputs = called(subject, case)
        if not outputs:
            return
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

    apart(subject)


@over("subject", EVERYTHING, ids=str)
@for_every_case
def test_no_grad_leaves_no_tape(subject, case):
    tensors = case.tensors(subject)
    with mt.no_grad():
        found = case.function(subject)(*tensors)
    for result in found if isinstance(found, tuple | list) else (found,):
        itself = any(result is tensor for tensor in tensors)
        assert itself or not isinstance(result, mt.Tensor) or not result.requires_grad


@over("subject", [subject for subject in EVERYTHING if not subject.differentiable], ids=str)
@for_every_case
def test_what_has_no_derivative_is_not_recorded(subject, case):
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


@pytest.mark.filterwarnings("error::RuntimeWarning")
@over("subject", [subject for subject in EVERYTHING if subject.rule.nasty], ids=str)
@for_every_case
def test_no_floating_point_warning_escapes(subject, case):
    """Nor does the caller's `np.errstate` reach inside, nor is it changed."""
    with np.errstate(all="ignore"):
        nasty = case.mapped(made_nasty)
    for setting in ("warn", "raise"):
        with np.errstate(all=setting):
            _, moving, outputs = called(subject, nasty)
            if outputs:
                with np.errstate(all="ignore"):
                    seeds = cotangents(outputs)
                found = gradients(outputs, moving, seeds, create_graph=True, materialize_grads=True)
                found = [gradient for gradient in found if node_of(gradient) is not None]
                if found:
                    with np.errstate(all="ignore"):
                        seeds = cotangents(found)
                    backward(found, seeds)
            assert set(np.geterr().values()) == {setting}


def test_the_nasty_numbers_are_nasty():
    """The law above can fail: NumPy itself warns at these numbers."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for function in (np.log, np.exp, np.sqrt, np.square):
            function(NASTY)
    assert len({str(found.message).split()[0] for found in caught}) == 3  # divide by zero, overflow, invalid value
