"""Low precision against float64: values and gradients within PyTorch's tolerances, half precision summed in float32."""

from __future__ import annotations

import numpy as np

from ..._tensor import Tensor
from ...backend.dtype import float16
from ...ops.backward import gradients
from ..numeric import draw_like, results
from ..operands import domain_of
from .law import UNRECORDED, differentiable, is_op, law, once, recorded, smooth

LONG = 4096


def derivatives(subject, case, seeds=None):
    """(values, gradients, seeds) of a call, as arrays."""
    tensors = case.tensors(subject)
    moving = [tensor for tensor in tensors if tensor.requires_grad]
    outputs = recorded(results(case.function(subject), tensors))
    if not outputs:
        return [], [], []
    random = np.random.default_rng(0)
    seeds = seeds or [draw_like(output._data, random) for output in outputs]
    given = [Tensor._wrap(s.astype(o._data.dtype)) for s, o in zip(seeds, outputs, strict=True)]
    found = gradients(outputs, moving, given, materialize_grads=True)
    return [output._data for output in outputs], [g._data for g in found], seeds


def assert_near(low, high, tolerance):
    """Within the tolerance of the largest finite entry, and inf and nan in the same places."""
    assert np.array_equal(np.isnan(low), np.isnan(high))
    finite = np.abs(high[np.isfinite(high)]).max(initial=0)
    np.testing.assert_allclose(low, high, rtol=0, atol=tolerance * finite + 1e-300)


@law("float32", once, differentiable, smooth, anywhere=False)
def float32_is_near_float64(subject, case):
    """Values and gradients within 1.3e-6, PyTorch's tolerance, times the square root of the numbers that may be summed."""
    single = case.of_dtype("float32")
    values, slopes, seeds = derivatives(subject, case)
    if not values:
        return UNRECORDED
    near_values, near_slopes, _ = derivatives(subject, single, seeds)
    longest = sum(array.size for array in case.arrays + values) + 1
    for near, exact in zip(near_values + near_slopes, values + slopes, strict=True):
        assert near.dtype == ("complex64" if exact.dtype.kind == "c" else "float32") or not subject.rule.keeps
        assert_near(near, exact, 1.3e-6 * np.sqrt(longest) * 4)


def widens(subject):
    if subject.op is None or not subject.op.widens:
        return "it does not say that it computes half precision in float32"
    return None if subject.rule.keeps else "its result has a dtype of its own"


@law("float32", is_op, differentiable, smooth, widens)
def float16_is_computed_in_float32_and_rounded_once(subject, case):
    """A float16 result is the float32 one, rounded: bit for bit."""
    if case.is_complex:
        return "half precision is real"
    if subject.rule.through is not None:
        return "it is called through other ops, which round too"
    half = case.of_dtype("float16")
    wide = half.mapped(lambda a: a.astype("float32") if a.dtype == "float16" else a)
    for near, exact in zip(*(results(c.function(subject), c.tensors()) for c in (half, wide)), strict=True):
        assert near.dtype is float16
        np.testing.assert_array_equal(near._data, exact._data.astype("float16"))


def reduces(subject):
    one = subject.family in ("reduction", "scan") and len(subject.inputs) == 1 and "dim" in subject.params
    return None if one else "it does not sum along a dimension"


@law("float32", is_op, differentiable, smooth, widens, reduces, kinds="real", most=1)
def long_float16_reductions_accumulate_in_float32(subject, case):
    """NumPy's float16 sums stall at 2048. The value within two roundings; the gradient, of rounded results, within 1 %."""
    points = domain_of(subject, subject.inputs[0]).points(0)
    numbers = np.sort(np.resize(points[points > 0][:5] / 16, LONG))[::-1].copy()  # the small ones last: they are lost first
    params = dict((subject.rule.params or ({},))[0], dim=0)
    found = []
    for dtype in ("float16", "float64"):
        x = Tensor._wrap(numbers.astype("float16").astype(dtype)).requires_grad_()
        out = subject.op(x, **params)
        seed = np.resize([1.0, 0.5, 0.25], out.shape)
        (g,) = gradients([out], [x], [Tensor._wrap(np.asarray(seed, dtype=dtype))])
        found.append((out._data, g._data))
    for near, exact, tolerance in zip(*found, (2 * 2.0**-11, 1e-2), strict=True):
        assert near.dtype == np.float16
        assert_near(near.astype("float64"), exact, tolerance)
