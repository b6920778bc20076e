"""Low precision against float64: values and gradients within PyTorch's tolerances, half precision summed in float32."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.backward import gradients
from minitorch.ops.record import node_of
from minitorch.testing.numeric import draw_like, results
from tests.laws.operands import all_ops, compositions, domain_of, for_every_case, told

SUBJECTS = [subject for subject in all_ops() + compositions() if subject.differentiable and subject.rule.smooth]
LONG = 4096
over = pytest.mark.parametrize


def derivatives(subject, case, seeds=None):
    """(values, gradients, seeds) of a call, as arrays."""
    tensors = case.tensors(subject)
    moving = [tensor for tensor in tensors if tensor.requires_grad]
    outputs = [out for out in results(case.function(subject), tensors) if node_of(out) is not None]
    if not outputs:
        return [], [], []
    random = np.random.default_rng(0)
    seeds = seeds or [draw_like(output._data, random) for output in outputs]
    given = [mt.Tensor._wrap(s.astype(o._data.dtype)) for s, o in zip(seeds, outputs, strict=True)]
    found = gradients(outputs, moving, given, materialize_grads=True)
    return [output._data for output in outputs], [g._data for g in found], seeds


def assert_near(low, high, tolerance):
    """Within the tolerance of the largest finite entry, and inf and nan in the same places."""
    assert np.array_equal(np.isnan(low), np.isnan(high))
    finite = np.abs(high[np.isfinite(high)]).max(initial=0)
    np.testing.assert_allclose(low, high, rtol=0, atol=tolerance * finite + 1e-300)


@over("subject", SUBJECTS, ids=str)
@for_every_case
def test_float32_is_near_float64(subject, case):
    """1.3e-6, PyTorch's tolerance, times the square root of the numbers that may have been summed."""
    single = case.of_dtype("float32")
    values, slopes, seeds = derivatives(subject, case)
    near_values, near_slopes, _ = derivatives(subject, single, seeds)
    longest = sum(array.size for array in case.arrays + values) + 1
    for near, exact in zip(near_values + near_slopes, values + slopes, strict=True):
        assert near.dtype == ("complex64" if exact.dtype.kind == "c" else "float32") or not subject.rule.keeps
        assert_near(near, exact, 1.3e-6 * np.sqrt(longest) * 4)


WIDE = [subject for subject in SUBJECTS if subject.op is not None and subject.op.widens and subject.rule.keeps]


@over("subject", WIDE, ids=str)
@for_every_case
def test_float16_is_computed_in_float32_and_rounded_once(subject, case):
    if case.is_complex or subject.rule.through is not None:
        return
    half = case.of_dtype("float16")
    wide = half.mapped(lambda a: a.astype("float32") if a.dtype == "float16" else a)
    for near, exact in zip(*(results(c.function(subject), c.tensors()) for c in (half, wide)), strict=True):
        assert near.dtype is mt.float16
        np.testing.assert_array_equal(near._data, exact._data.astype("float16"))


REDUCTIONS = [s for s in WIDE if s.family in ("reduction", "scan") and len(s.inputs) == 1 and "dim" in s.params]


@over("subject", REDUCTIONS, ids=str)
def test_long_float16_reductions_accumulate_in_float32(subject):
    """NumPy's float16 sums stall at 2048. The value within two roundings; the gradient, of rounded results, within 1 %."""
    points = domain_of(subject, subject.inputs[0]).points(0)
    numbers = np.resize(points[points > 0][:5] / 16, LONG)
    params = dict((subject.rule.params or ({},))[0], dim=0)
    with told(subject, params):
        found = []
        for dtype in ("float16", "float64"):
            x = mt.Tensor._wrap(numbers.astype("float16").astype(dtype)).requires_grad_()
            out = subject.op(x, **params)
            seed = np.resize([1.0, 0.5, 0.25], out.shape)
            (g,) = gradients([out], [x], [mt.Tensor._wrap(np.asarray(seed, dtype=dtype))])
            found.append((out._data, g._data))
        for near, exact, tolerance in zip(*found, (2 * 2.0**-11, 1e-2), strict=True):
            assert near.dtype == np.float16
            assert_near(near.astype("float64"), exact, tolerance)


def test_a_long_sum_over_broadcasting_accumulates_in_float32():
    """The gradient of a bias is a sum over all rows."""
    bias = mt.Tensor._wrap(np.zeros(2, "float16")).requires_grad_()
    (mt.Tensor._wrap(np.zeros((LONG, 2), "float16")) + bias).backward(mt.Tensor._wrap(np.ones((LONG, 2), "float16")))
    assert bias.grad._data.tolist() == [LONG, LONG]


def test_a_long_float16_matrix_product_accumulates_in_float32():
    x = mt.Tensor._wrap(np.ones((1, LONG), "float16")).requires_grad_()
    out = x @ mt.Tensor._wrap(np.ones((LONG, 1), "float16"))
    assert out.item() == LONG
    out.backward()
    assert set(x.grad._data.ravel().tolist()) == {1.0}
