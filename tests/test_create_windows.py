"""Windows against PyTorch: numbers, dtypes, arguments, refusals."""

import numpy as np
import pytest

import minitorch as mt

NAMES = ("hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window")
CALLS = (
    "0", "1", "2", "5", "8, False", "400", "5, periodic=False", "window_length=3", "1, False, dtype=lib.float64",
    "7, dtype=lib.float64", "6, dtype=lib.float16", "6, dtype=lib.bfloat16", "5, requires_grad=True", "5, dtype=lib.int64",
    "1, dtype=lib.bool", "5, dtype=lib.complex64", "-1", "5.5",
)  # fmt: skip
MORE = ("hamming_window(6, True, 0.5)", "hamming_window(6, True, 0.5, 0.25)", "hamming_window(6, periodic=False, alpha=0.6)",
        "kaiser_window(6, True, 2.5)", "kaiser_window(7, False, beta=0.0)", "kaiser_window(6, True, 30.0)")  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("call", [*(f"{name}({call})" for name in NAMES for call in CALLS), *MORE])
def test_a_window_is_pytorchs(call):
    torch = pytest.importorskip("torch")

    def answer(lib):
        try:
            return eval(f"lib.{call}", {"lib": lib})
        except (RuntimeError, TypeError, NotImplementedError) as error:
            return error

    here, there = answer(mt), answer(torch)
    if isinstance(there, Exception):
        assert type(here) is type(there)
        assert str(here).split(", got: ")[0] == str(there).split(", got: ")[0]
        return
    assert str(here.dtype).rpartition(".")[2] == str(there.dtype).rpartition(".")[2]
    assert here.requires_grad == there.requires_grad
    # PyTorch counts in the narrow formats themselves.
    tolerance = {8: 1e-12, 4: 1e-6, 2: 3e-2}[here.itemsize]
    np.testing.assert_allclose(here.detach().double().numpy(), there.detach().double().numpy(), rtol=0, atol=tolerance)


def test_the_default_dtype():
    before = mt.get_default_dtype()
    mt.set_default_dtype(mt.float64)
    try:
        assert mt.hann_window(4).dtype is mt.float64
    finally:
        mt.set_default_dtype(before)
