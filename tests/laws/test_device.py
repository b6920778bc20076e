"""The host against the device: every op and every public function gives the same values and gradients on both, and
neither forward nor backward makes the host wait, except where the result's very shape (or an error) is on the device.

Without a GPU the device is the strict stand-in; `pytest -m gpu` asks the real one the same.
"""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.generator import manual_seed
from minitorch.ops.backward import gradients
from tests.laws.operands import all_ops, cases, compositions
from tests.standin import waits

#: What may wait for the device, and why.
WAITING = {
    "transfer": "it brings the numbers to the host",
    "eigh": "an error is raised, not garbage returned",
    "nonzero": "the numbers decide the shape",
    "masked_select": "the numbers decide the shape",
}


def flat(result):
    """The tensors of a result, however nested."""
    if isinstance(result, mt.Tensor):
        return [result]
    return [tensor for item in result for tensor in flat(item)] if isinstance(result, (tuple, list)) else []


def cotangents(results):
    """One per result: any numbers will do, but the same for both devices."""
    random = np.random.default_rng(7)
    return [(random.integers(-8, 9, r.shape) / 8).astype(r._data.dtype) for r in results]


def value_and_gradients(case, subject, place, seeds):
    """The results of a case and the gradients of its moving operands, on the device that `place` puts arrays on."""
    manual_seed(0)
    moves = case.moving(subject)
    tensors = [mt.Tensor._wrap(place(array)) for array in case.arrays]
    movers = [tensor.requires_grad_() for tensor, moving in zip(tensors, moves, strict=True) if moving]
    results = flat(case.function(subject)(*tensors))
    recorded = [r for r in results if r.requires_grad]
    seeds = [mt.Tensor._wrap(place(s)) if r.is_cuda or place is np.array else mt.Tensor._wrap(s)
             for r, s in zip(recorded, seeds or cotangents(recorded), strict=True)]  # fmt: skip
    found = gradients(recorded, movers, seeds, allow_unused=True) if recorded and movers else ()
    return results, found


def assert_same(ours, theirs, what):
    """A device tensor (or array) equal to the host's, up to the order of a sum."""
    if theirs is None:
        assert ours is None, what
        return
    assert ours.dtype == theirs.dtype, what
    assert ours.shape == theirs.shape, what
    raw = ours._data.get() if hasattr(ours._data, "get") else ours._data
    np.testing.assert_allclose(raw, theirs._data, rtol=1e-10, atol=1e-10, err_msg=what)


def hold(subject, backend, wanted=cases):
    waited = []
    for case in wanted(subject):
        if subject.name == "put" and any(len(np.unique(a)) < a.size for a in case.arrays if a.dtype.kind == "i"):
            continue  # of two writes to one place, a device lets either win
        arrays = [np.array(array) for array in case.arrays]
        host, host_gradients = value_and_gradients(case, subject, np.array, None)
        seeds = cotangents([r for r in host if r.requires_grad])
        with waits() as seen:
            device, device_gradients = value_and_gradients(case, subject, backend.asarray, seeds)
        waited += seen
        assert len(device) == len(host), case
        for place, (ours, theirs) in enumerate(zip(device, host, strict=True)):
            assert ours.is_cuda or subject.name in ("transfer",), f"{case}: result {place} came to the host"
            assert_same(ours, theirs, f"{case}: result {place}")
        for place, (ours, theirs) in enumerate(zip(device_gradients, host_gradients, strict=True)):
            assert_same(ours, theirs, f"{case}: gradient {place}")
            assert ours is None or ours.is_cuda, f"{case}: gradient {place} came to the host"
        for before, after in zip(arrays, case.arrays, strict=True):
            np.testing.assert_array_equal(before, after)
    assert subject.name.rpartition(".")[2] in WAITING or not waited, sorted(set(waited))


@pytest.mark.parametrize("subject", all_ops(), ids=str)
def test_an_op_is_the_same_on_the_device(subject, device_backend):
    hold(subject, device_backend)


@pytest.mark.parametrize("subject", compositions(), ids=str)
def test_a_composition_is_the_same_on_the_device(subject, device_backend):
    hold(subject, device_backend)
