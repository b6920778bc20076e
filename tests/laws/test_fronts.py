"""A public function, its method, its in-place twin and its `out=` are one and the same, with one and the same gradient."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.backward import gradients
from minitorch.ops.front import PUBLIC, parse
from minitorch.ops.record import node_of
from minitorch.testing.numeric import draw_like, results
from minitorch.testing.subjects import all_public
from tests.laws.holding import for_every_case

SUBJECTS = [subject for subject in all_public() if "." not in subject.name and subject.rule.through is None]


def entry(subject):
    return PUBLIC[""][subject.name]


def listed(value):
    return list(value) if isinstance(value, tuple | list) else [value]


def call(function, case, tensors):
    args, params = case.filled(tensors)
    return listed(function(*args, **params))


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        if not isinstance(other, mt.Tensor):
            assert one == other
            continue
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_array_equal(one._data, other._data)


def has_method(subject):
    """Both a function and a method; `x.real` is a property."""
    return entry(subject).method and entry(subject).functional and callable(getattr(mt.Tensor, subject.name))


@pytest.mark.parametrize("subject", [s for s in SUBJECTS if has_method(s)], ids=str)
@for_every_case
def test_the_method_is_the_function(subject, case):
    if not isinstance(case.args[0], np.ndarray):
        return
    if subject.name == "repeat_interleave" and len(case.args) == 1:  # counts alone: a function's overload only
        return
    one, other = case.tensors(subject), case.tensors(subject)
    found = call(getattr(mt.Tensor, subject.name), case, one)
    expected = call(subject.function, case, other)
    assert_equal(found, expected)
    assert [getattr(r, "requires_grad", None) for r in found] == [getattr(r, "requires_grad", None) for r in expected]


def slopes(outputs, inputs):
    """The gradients of the recorded outputs, for cotangents that depend on nothing but their shapes."""
    recorded = [output for output in outputs if output._data.dtype.kind in "fc" and node_of(output) is not None]
    random = np.random.default_rng(0)
    seeds = [mt.Tensor._wrap(draw_like(output._data, random)) for output in recorded]
    return gradients(recorded, inputs, seeds, materialize_grads=True) if recorded else []


def distinct(case):
    """Whether the first operand is a tensor that stands nowhere else, of memory that may be written."""
    first = case.args[0]
    return isinstance(first, np.ndarray) and sum(arg is first for arg in case.args) == 1


@pytest.mark.parametrize("subject", [s for s in SUBJECTS if entry(s).inplace], ids=str)
@for_every_case
def test_the_in_place_twin_writes_the_same(subject, case):
    """Onto a copy of the operand, where shape and dtype allow; the gradient of the operand is the same too."""
    if not distinct(case):
        return
    tensors = case.tensors(subject)
    (expected,) = call(subject.function, case, tensors)
    fits = expected.shape == tensors[0].shape and mt.can_cast(expected.dtype, tensors[0].dtype)
    others = case.tensors(subject)
    copied = [others[0].clone(), *others[1:]]
    if not fits and entry(subject).name in ("squeeze", "unsqueeze", "transpose", "t", "as_strided"):
        return
    twin = entry(subject).inplace_function
    if not fits:
        before = copied[0]._data.copy()
        with pytest.raises(RuntimeError):
            call(twin, case, copied)
        np.testing.assert_array_equal(copied[0]._data, before)
        return
    (found,) = call(twin, case, copied)
    assert found is copied[0]
    assert_equal([found], [expected.to(tensors[0].dtype)])
    if subject.rule.still:
        return
    moving = [[tensor for tensor in group if tensor.requires_grad] for group in (others, tensors)]
    for one, other in zip(slopes([found], moving[0]), slopes([expected], moving[1]), strict=True):
        np.testing.assert_allclose(one._data, other._data, rtol=1e-13, atol=0)


def takes_out(subject):
    return any(parameter.name == "out" for parameter in parse(entry(subject).signatures[0]))


@pytest.mark.parametrize("subject", [s for s in SUBJECTS if takes_out(s)], ids=str)
@for_every_case
def test_out_receives_the_result(subject, case):
    tensors = case.tensors()
    if not isinstance(case.args[0], np.ndarray | list):  # a number first
        return
    expected = call(subject.function, case, tensors)
    if case.params.get("as_tuple") or (subject.name in ("median", "nanmedian") and len(expected) == 1):
        return  # overloads without `out`
    places = tuple(mt.Tensor._wrap(np.zeros_like(result._data)) for result in expected)
    args, params = case.filled(tensors)
    out = places if len(places) > 1 else places[0]
    found = listed(subject.function(*args, **params, out=out))
    assert all(one is other for one, other in zip(found, places, strict=True))
    assert_equal(places, expected)
    moving = case.tensors(subject)
    if results(case.function(subject), moving) and any(tensor.requires_grad for tensor in moving):
        args, params = case.filled(moving)
        recorded = any(node_of(r) is not None for r in results(case.function(subject), moving))
        if recorded:
            with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
                subject.function(*args, **params, out=out)
