"""The host against the device: the same values and gradients on both, and neither forward nor backward makes the host wait,
except where the result's very shape (or an error) is on the device.

The device is the strict stand-in for CuPy; `hold_on` asks the same of any other.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np

from ..._tensor import Tensor
from ...backend.generator import manual_seed
from ...ops.backward import gradients
from ..case import Case
from ..operands import how
from .law import Broken, is_op, law, once
from .law import flat as everything

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
UNDECIDED = {"index_fill", "put", "scatter", "lasting", "lasting_along"}
REFUSALS = (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError)


def tensors_in(result):
    return [value for value in everything(result) if isinstance(value, Tensor)]


def whole_numbers(results):
    """One cotangent per result: any numbers will do, but the same for both devices."""
    random = np.random.default_rng(7)
    return [(random.integers(-8, 9, r.shape) / 8).astype(r._data.dtype) for r in results]


def value_and_gradients(case, subject, place, seeds):
    """The results of a case and the gradients of its moving operands, on the device that `place` puts arrays on."""
    manual_seed(0)
    moves = case.moving(subject)
    tensors = [Tensor._wrap(place(array)) for array in case.arrays]
    movers = [tensor.requires_grad_() for tensor, moving in zip(tensors, moves, strict=True) if moving]
    results = tensors_in(case.function(subject)(*tensors))
    recorded = [r for r in results if r.requires_grad]
    seeds = [Tensor._wrap(place(s)) if r.is_cuda or place is np.array else Tensor._wrap(s)
             for r, s in zip(recorded, seeds or whole_numbers(recorded), strict=True)]  # fmt: skip
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


def hold_on(backend, subject, case: Case, tolerance=1e-10):
    """The law of one case on any device. What the host refuses, the device refuses as well."""
    from ..standin import DuplicatePositions, waits

    name = subject.name.rpartition(".")[2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arrays = [np.array(array) for array in case.arrays]
        try:
            host, host_gradients = value_and_gradients(case, subject, np.array, None)
        except REFUSALS as refusal:
            try:
                value_and_gradients(case, subject, backend.asarray, None)
            except type(refusal):
                return None
            raise Broken(f"the host raises {type(refusal).__name__}, the device does not") from refusal
        seeds = whole_numbers([r for r in host if r.requires_grad])
        try:
            with waits() as seen:
                device, device_gradients = value_and_gradients(case, subject, backend.asarray, seeds)
        except DuplicatePositions:
            assert name in UNDECIDED
            return "two numbers are written to one place, and either may win"
    assert len(device) == len(host)
    for place, (ours, theirs) in enumerate(zip(device, host, strict=True)):
        assert ours.is_cuda or subject.name == "transfer", f"result {place} came to the host"
        assert_same(ours, theirs, f"result {place}", tolerance)
    for place, (ours, theirs) in enumerate(zip(device_gradients, host_gradients, strict=True)):
        assert_same(ours, theirs, f"gradient {place}", tolerance)
        assert ours is None or ours.is_cuda, f"gradient {place} came to the host"
    for before, after in zip(arrays, case.arrays, strict=True):
        np.testing.assert_array_equal(before, after)
    assert name in WAITING or not seen, f"the host waits: {sorted(set(seen))}"
    return None


@cache
def standin():
    from ..standin import standin_backend

    return standin_backend()


def hold_on_standin(subject, case, tolerance=1e-10):
    from ..standin import registered

    with registered(standin()):
        return hold_on(standin(), subject, case, tolerance)


def has_operands(subject):
    return None if subject.given or how(subject) is not None else "its operands cannot be guessed"


@law("device", once, has_operands)
def the_device_gives_the_same_and_nobody_waits(subject, case):
    """Values and gradients on the stand-in for CuPy, which refuses all that CuPy refuses, without a wait for the host."""
    return hold_on_standin(subject, case)


@law("device", is_op, has_operands, kinds="real", most=4)
def half_precision_is_the_same_on_the_device(subject, case):
    """The same in float16."""
    return hold_on_standin(subject, case.of_dtype("float16"), 2e-3)
