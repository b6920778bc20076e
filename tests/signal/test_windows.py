"""The windows of `signal.windows` against PyTorch: numbers, arguments, refusals."""

import inspect

import numpy as np
import pytest

import minitorch as mt
from minitorch.signal import windows

CALLS = ("0", "1", "2", "5", "8, sym=False", "1, sym=False", "257", "6, dtype=lib.float64", "7, sym=False, dtype=lib.float64",
         "5, requires_grad=True", "-1", "5, dtype=lib.float16", "5, dtype=lib.int64")  # fmt: skip
MORE = (
    "exponential(6, tau=0.5)", "exponential(6, center=1.0, sym=False)", "exponential(6, center=1.0)", "exponential(6, tau=0)",
    "gaussian(6, std=0.7)", "gaussian(6, std=0)", "kaiser(6, beta=2.5)", "kaiser(6, beta=0)", "kaiser(6, beta=-1)",
    "general_hamming(7, alpha=0.3)", "general_hamming(7, alpha=0.3, sym=False)", "general_cosine(9, a=[0.46, 0.23, 0.31])",
    "general_cosine(9, a=[0.5], sym=False)", "general_cosine(9, a=[])", "general_cosine(9, a=3)", "general_cosine(1, a=3)",
)  # fmt: skip
NAMES = [name for name in windows.__all__ if name != "general_cosine"]


@pytest.mark.referee
@pytest.mark.parametrize("call", [*(f"{name}({call})" for name in NAMES for call in CALLS), *MORE])
def test_a_window_is_pytorchs(call):
    torch = pytest.importorskip("torch")

    def answer(lib):
        try:
            return eval(f"lib.signal.windows.{call}", {"lib": lib})
        except (ValueError, TypeError) as error:
            return error

    here, there = answer(mt), answer(torch)
    if isinstance(there, Exception):
        assert type(here) is type(there)
        assert str(here) == str(there)
        return
    assert str(here.dtype).rpartition(".")[2] == str(there.dtype).rpartition(".")[2]
    assert here.requires_grad == there.requires_grad
    tolerance = 1e-14 if here.itemsize == 8 else 3e-6
    np.testing.assert_allclose(here.detach().numpy(), there.detach().numpy(), rtol=0, atol=tolerance)


@pytest.mark.referee
def test_every_window_is_there_with_pytorchs_arguments():
    torch = pytest.importorskip("torch")
    assert set(windows.__all__) == set(torch.signal.windows.__all__)
    for name in windows.__all__:
        ours, theirs = (inspect.signature(getattr(lib.signal.windows, name)).parameters for lib in (mt, torch))
        assert list(ours) == list(theirs)
        assert all(ours[key].kind == theirs[key].kind for key in ours)
        assert all(ours[key].default == theirs[key].default for key in ours if key != "layout")


def test_a_symmetric_window_is_the_same_backwards():
    for name in NAMES:
        window = getattr(windows, name)(8, dtype=mt.float64)
        np.testing.assert_allclose(window.numpy(), window.flip(0).numpy(), rtol=0, atol=1e-14)
