"""The host against the device: every op and every public function gives the same values and gradients on both, and
neither forward nor backward makes the host wait, except where the result's very shape (or an error) is on the device.

Without a GPU the device is the strict stand-in; `pytest -m gpu` asks the real one the same.
"""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.backend.generator import manual_seed
from minitorch.ops.backward import gradients
from tests.laws.operands import all_ops, cases, compositions, draw, how
from tests.standin import DuplicatePositions, waits

#: What may wait for the device, and why.
WAITING = {
    "transfer": "it brings the numbers to the host",
    "eigh": "an error is raised, not garbage returned",
    "istft": "an error is raised where no window reaches",
    **dict.fromkeys(("inverse", "solve", "substitute", "lu", "det", "cofactor", "cofactor_slope", "slogdet", "pinv",
                     "matrix_exp", "eig", "svd", "qr", "complete_qr", "cholesky", "triangular_solve", "lu_solve", "logdet",
                     "matrix_power", "pinverse", "cholesky_solve", "cholesky_inverse", "inv_ex", "solve_ex",
                     "solve_triangular", "lu_factor", "lu_factor_ex", "eigvalsh", "eigvals", "svdvals", "matrix_rank",
                     "cholesky_ex", "lstsq", "matrix_norm", "norm", "cond", "tensorinv", "tensorsolve", "svd_lowrank",
                     "pca_lowrank", "packed_qr", "geqrf", "nuclear_norm"),
                    "the solvers check for errors"),
    "cov": "weights are checked",
    **dict.fromkeys(("airy_ai", "airy_slope"), "CuPy lacks it, the host computes it"),
    **dict.fromkeys(("equal", "allclose"), "the answer is a Python bool"),
    **dict.fromkeys(("nonzero", "nonzero_static", "argwhere", "masked_select", "masked_scatter", "repeat_interleave",
                     "unique", "unique_consecutive", "bincount"), "the numbers decide the shape"),
    **dict.fromkeys(("chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
                     "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
                     "shifted_chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
                     "laguerre_polynomial_l", "legendre_polynomial_p"), "the degrees decide how many steps there are"),
    **dict.fromkeys(("histc", "histogram", "histogramdd"), "the numbers decide the range"),
    "one_hot": "the largest number decides the shape, where none is given",
    "gaussian_nll_loss": "a negative variance is refused",
    "embedding_bag": "for maxima, the longest of bags of different length decides the room",
}  # fmt: skip
#: Of two writes to one place a device lets either win, as PyTorch's does: there is no one answer.
UNDECIDED = {"put", "scatter", "lasting", "lasting_along"}


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


def assert_same(ours, theirs, what, tolerance=1e-10):
    """A device tensor (or array) equal to the host's, up to the order of a sum."""
    if theirs is None:
        assert ours is None, what
        return
    assert ours.dtype == theirs.dtype, what
    assert ours.shape == theirs.shape, what
    raw = ours._data.get() if hasattr(ours._data, "get") else ours._data
    np.testing.assert_allclose(raw, theirs._data, rtol=tolerance, atol=tolerance, err_msg=what)


def hold(subject, backend, examples, tolerance=1e-10):
    """The law, over these cases of one function. What the host refuses, the device refuses as well."""
    waited, name = [], subject.name.rpartition(".")[2]
    warnings.simplefilter("ignore")  # pytest restores the filters
    for case in examples:
        arrays = [np.array(array) for array in case.arrays]
        try:
            host, host_gradients = value_and_gradients(case, subject, np.array, None)
        except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError) as reason:
            with pytest.raises(type(reason)):
                value_and_gradients(case, subject, backend.asarray, None)
            continue
        seeds = cotangents([r for r in host if r.requires_grad])
        try:
            with waits() as seen:
                device, device_gradients = value_and_gradients(case, subject, backend.asarray, seeds)
        except DuplicatePositions:
            assert name in UNDECIDED, case
            continue
        waited += seen
        assert len(device) == len(host), case
        for place, (ours, theirs) in enumerate(zip(device, host, strict=True)):
            assert ours.is_cuda or subject.name == "transfer", f"{case}: result {place} came to the host"
            assert_same(ours, theirs, f"{case}: result {place}", tolerance)
        for place, (ours, theirs) in enumerate(zip(device_gradients, host_gradients, strict=True)):
            assert_same(ours, theirs, f"{case}: gradient {place}", tolerance)
            assert ours is None or ours.is_cuda, f"{case}: gradient {place} came to the host"
        for before, after in zip(arrays, case.arrays, strict=True):
            np.testing.assert_array_equal(before, after)
    assert name in WAITING or not waited, sorted(set(waited))


OPS = [subject for subject in all_ops() if how(subject) is not None]
REST = [subject for subject in compositions() if how(subject) is not None]


def test_the_lists_of_exceptions_name_what_there_is():
    names = {subject.name.rpartition(".")[2] for subject in OPS + REST}
    assert set(WAITING) | UNDECIDED <= names


@pytest.mark.parametrize("subject", OPS, ids=str)
def test_an_op_is_the_same_on_the_device(subject, device_backend):
    hold(subject, device_backend, cases(subject))


@pytest.mark.parametrize("subject", REST, ids=str)
def test_a_composition_is_the_same_on_the_device(subject, device_backend):
    hold(subject, device_backend, cases(subject))


@pytest.mark.parametrize("subject", OPS, ids=str)
def test_half_precision_is_the_same_on_the_device(subject, device_backend):
    halves = [case.of_dtype("float16") for case in cases(subject, "real")[:4]]
    hold(subject, device_backend, halves, tolerance=2e-3)


@pytest.mark.parametrize("subject", OPS, ids=str)
@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_op_is_the_same_on_the_device_for_any_operands(subject, device_backend, data):
    hold(subject, device_backend, [draw(subject, data)])


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
@pytest.mark.parametrize("subjects", [OPS, REST], ids=["ops", "compositions"])
def test_all_is_the_same_on_the_real_device(subjects, gpu_backend):
    for subject in subjects:
        if subject.name.rpartition(".")[2] not in UNDECIDED:
            hold(subject, gpu_backend, cases(subject), tolerance=1e-8)
