"""The host against the device: every op and every public function gives the same values and gradients on both, and
neither forward nor backward makes the host wait, except where the result's very shape (or an error) is on the device.

Without a GPU the device is the strict stand-in; `pytest -m gpu` asks the real one the same.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.testing.drawn import draw
from minitorch.testing.examples import cases, told
from minitorch.testing.laws import device
from minitorch.testing.laws.device import UNDECIDED, WAITING, assert_same, hold_on, the_device_gives_the_same_and_nobody_waits
from minitorch.testing.standin import waits
from tests.laws.holding import SUBJECTS, as_tests

globals().update(as_tests(device))
HELD = [subject for subject in SUBJECTS if the_device_gives_the_same_and_nobody_waits.applies(subject) is None]
OPS = [subject for subject in HELD if subject.kind == "op"]


def test_the_lists_of_exceptions_name_what_there_is():
    assert set(WAITING) | UNDECIDED <= {subject.name.rpartition(".")[2] for subject in HELD}


@pytest.mark.parametrize("subject", OPS, ids=str)
@settings(max_examples=settings.default.max_examples // 10, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_op_is_the_same_on_the_device_for_any_operands(subject, data):
    case = draw(subject, data)
    with told(subject, case):
        the_device_gives_the_same_and_nobody_waits.hold(subject, case)


INDEXING = {
    "an int": (lambda x, i, m: x[1], 0),
    "a slice": (lambda x, i, m: x[:, 1::2], 0),
    "all sorts of basic parts": (lambda x, i, m: x[..., None, -1], 0),
    "a tensor": (lambda x, i, m: x[i], 0),
    "two tensors": (lambda x, i, m: x[i, i], 0),
    "a tensor behind a slice": (lambda x, i, m: x[:, i], 0),
    "a list": (lambda x, i, m: x[[2, 0, 0]], 0),
    "a host array": (lambda x, i, m: x[np.array([1, 1])], 0),
    "a tensor on the host": (lambda x, i, m: x[mt.tensor([0, 2])], 0),
    "a mask": (lambda x, i, m: x[m], 1),
    "a mask of the rows": (lambda x, i, m: x[m[:, 0]], 1),
}
WRITING = {
    "a row": (lambda x, i, m: x.__setitem__(0, 5.0), 0),
    "a column": (lambda x, i, m: x.__setitem__((slice(None), 1), x[:, 0]), 0),
    "positions": (lambda x, i, m: x.__setitem__(i, -1.0), 0),
    "a mask": (lambda x, i, m: x.__setitem__(m, 0.0), 1),
    "in place": (lambda x, i, m: x.mul_(2).add_(x), 0),
    "through a view": (lambda x, i, m: x[1:].t()[0].neg_(), 0),
    "a copy": (lambda x, i, m: x.copy_(x.clone() + 1), 0),
}


def table(place):
    """(x, positions, mask) on one device."""
    x = np.arange(12.0).reshape(3, 4) - 5
    return [mt.Tensor._wrap(place(array)) for array in (x, np.array([2, 0]), x > 0)]


@pytest.mark.parametrize(("read", "times"), INDEXING.values(), ids=INDEXING.keys())
def test_indexing_is_the_same_and_only_a_mask_waits(read, times, device_backend):
    results = []
    for place in (np.array, device_backend.asarray):
        x, i, m = table(place)
        x.requires_grad_()
        with waits() as seen:
            y = read(x, i, m)
            (y * y).sum().backward()
        results.append((y, x.grad, seen))
    assert_same(results[1][0], results[0][0], "value")
    assert_same(results[1][1], results[0][1], "gradient")
    assert len(results[1][2]) == times, results[1][2]
    assert results[0][2] == []


@pytest.mark.parametrize(("write", "times"), WRITING.values(), ids=WRITING.keys())
@pytest.mark.parametrize("recorded", [False, True])
def test_writing_is_the_same_and_only_a_mask_waits(write, times, recorded, device_backend):
    results = []
    for place in (np.array, device_backend.asarray):
        leaf, i, m = table(place)
        if recorded:
            leaf.requires_grad_()
        with waits() as seen:
            x = leaf * 1
            write(x, i, m)
            if recorded:
                (x * x).sum().backward()
        results.append((x, leaf.grad, seen))
    assert_same(results[1][0], results[0][0], "value")
    assert_same(results[1][1], results[0][1], "gradient")
    assert len(results[1][2]) == times, results[1][2]


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["op", "composition"])
def test_all_is_the_same_on_the_real_device(kind, gpu_backend):
    for subject in HELD:
        if subject.kind == kind and subject.name.rpartition(".")[2] not in UNDECIDED:
            for case in cases(subject):
                with told(subject, case):
                    hold_on(gpu_backend, subject, case, tolerance=1e-8)
