"""Short-time Fourier transforms against PyTorch: values, derivatives, refusals, and there and back again."""

import numpy as np
import pytest

import minitorch as mt

over = pytest.mark.parametrize
quiet = pytest.mark.filterwarnings("ignore:.*(window was not provided|deprecated|shorter than the length)")

RANDOM = np.random.default_rng(0)
LINE, ROWS = RANDOM.standard_normal(20), RANDOM.standard_normal((2, 20))


def operands(lib):
    """What the calls below are made of."""
    x, rows = lib.tensor(LINE.tolist()), lib.tensor(ROWS.tolist())
    window = lib.hann_window(8)
    spectrum = lib.stft(rows, 8, window=window, return_complex=True)
    return {
        "lib": lib, "x": x, "rows": rows, "w": window, "z": lib.complex(rows, rows.flip(0)), "s": spectrum,
        "full": lib.stft(rows, 8, window=window, onesided=False, return_complex=True), "ham": lib.hamming_window,
    }  # fmt: skip


STFT = (
    "x, 8", "x, 8, return_complex=True", "x, 8, return_complex=False, window=w", "x.int(), 8, return_complex=True",
    "x, 0, return_complex=True", "x, -1, return_complex=True", "x, 50, return_complex=True",
    "x, 50, return_complex=True, center=False", "x, 8, hop_length=0, return_complex=True",
    "x, 8, hop_length=30, return_complex=True", "x, 8, win_length=9, return_complex=True",
    "x, 8, win_length=0, return_complex=True", "x, 8, window=lib.ones(7), return_complex=True",
    "x, 8, window=lib.ones(1, 8), return_complex=True", "x, 8, win_length=4, return_complex=True",
    "x, 9, 3, 4, window=ham(4), return_complex=True", "x, 9, 3, 5, window=ham(5), return_complex=True, normalized=True",
    "rows[None], 8, return_complex=True", "lib.tensor(1.0), 8, window=w, return_complex=True", "z, 8, window=w",
    "z, 8, window=w, onesided=True", "z, 8, 3, window=w, normalized=True, return_complex=False",
    "rows, 8, window=w, onesided=False, return_complex=True", "rows, 8, window=w.to(lib.complex64)",
    "rows, 8, window=w, center=False, align_to_window=True, return_complex=True",
    "rows, 8, window=w, align_to_window=True, return_complex=True",
    "rows, 8, 4, 4, ham(4), center=False, align_to_window=True, return_complex=True",
    "rows, 8, 4, 4, ham(4), center=False, align_to_window=False, return_complex=True",
    "rows, 9, 4, 4, ham(4), center=False, align_to_window=True, return_complex=True",
    "rows, 8, window=w, pad_mode='zap', return_complex=True", "rows, 8, window=w, pad_mode='constant', return_complex=True",
    "rows, 8, window=w, pad_mode='replicate', return_complex=True",
    "rows, 8, window=w, pad_mode='circular', return_complex=True", "rows.double(), 8, window=w, return_complex=True",
    "rows, 8, window=w.double(), return_complex=True", "rows, 8, 2, 8, w, True, 'reflect', True, None, True",
    "rows[:, ::2], 4, window=w[::2], return_complex=True", "rows[:0], 4, return_complex=True",
)  # fmt: skip
ISTFT = (
    "s, 8", "s, 8, window=w", "s[0], 8, window=w", "s, 8, window=w, length=17", "s, 8, window=w, length=40",
    "s, 8, window=w, length=22", "s, 8, window=w, center=False", "s, 8, window=ham(8), center=False",
    "s, 8, window=ham(8), center=False, length=30", "s, 8, window=w, return_complex=True",
    "lib.view_as_real(s), 8, window=w", "rows, 8, window=w", "s, 10, window=w", "s, 8, window=w, onesided=False",
    "s[:, :, :0], 8, window=w", "s[0, 0], 8, window=w", "s[None], 8, window=w", "s, 8, window=w[:3]",
    "s, 8, window=w[None]", "s, 8, hop_length=9, window=w", "s, 8, hop_length=0, window=w", "s, 8, win_length=10, window=w",
    "s, 8, win_length=4, window=w[:4]", "s, 8, win_length=4, window=ham(4)", "s, 8, window=w.to(lib.complex64)",
    "full, 8, window=w, onesided=False, return_complex=True", "full, 8, window=w", "full, 8, window=w, normalized=True",
    "full, 8, window=w, onesided=True", "full, 8, window=w.to(lib.complex64), return_complex=True",
    "s.to(lib.complex128), 8, window=w", "s, 8, window=lib.zeros(8)", "s, 8, 2, 8, w, True, True, True, 20, False",
)  # fmt: skip


def answer(lib, name, call):
    names = operands(lib)
    try:
        return eval(f"lib.{name}({call})", names)
    except (RuntimeError, IndexError, TypeError, NotImplementedError) as error:
        return error


@pytest.mark.referee
@quiet
@over(("name", "call"), [*(("stft", call) for call in STFT), *(("istft", call) for call in ISTFT)])
def test_answers_and_refusals(name, call):
    torch = pytest.importorskip("torch")
    there, here = answer(torch, name, call), answer(mt, name, call)
    if isinstance(there, Exception) or isinstance(here, Exception):
        assert type(here) is type(there), (here, there)
        assert str(here).split(",")[0].split(" ")[0] == str(there).split(",")[0].split(" ")[0]
        if name in str(there):
            assert str(here).split("\n")[0] == str(there).split("\n")[0]
        return
    there = there.resolve_conj().numpy()
    assert here.shape == there.shape and here.numpy().dtype == there.dtype
    np.testing.assert_allclose(here.numpy(), there, rtol=1e-5, atol=2e-6)


@pytest.mark.referee
@over("settings", [
    {"n_fft": 6}, {"n_fft": 5, "hop_length": 3, "win_length": 4, "pad_mode": "constant", "normalized": True},
    {"n_fft": 6, "hop_length": 2, "center": False, "onesided": False},
])  # fmt: skip
def test_derivatives(settings):
    """Of the signal and the window, there and back, to the second order."""
    torch = pytest.importorskip("torch")
    back = {k: v for k, v in settings.items() if k != "pad_mode"}

    def derivatives(lib):
        signal = lib.tensor(ROWS[:, :13].tolist(), dtype=lib.float64).requires_grad_()
        window = (lib.hamming_window(settings.get("win_length", settings["n_fft"]), dtype=lib.float64) + 0.5).requires_grad_()
        spectrum = lib.stft(signal, window=window, return_complex=True, **settings)
        sound = lib.istft(spectrum * spectrum, window=window * window, **back)
        loss = spectrum.abs().square().cos().sum() + (sound * sound * sound).sum()
        first = lib.autograd.grad(loss, (signal, window), create_graph=True)
        second = lib.autograd.grad(sum((g.sin()).sum() for g in first), (signal, window))
        return [g.detach().numpy() for g in (*first, *second)]

    for here, there in zip(derivatives(mt), derivatives(torch), strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-8, atol=1e-9 * np.abs(there).max())


@over("hop", [1, 2, 3, 4])
@over("length", [16, 23])
def test_there_and_back(hop, length):
    x = mt.tensor(RANDOM.standard_normal((3, length)))
    window = mt.hamming_window(8, dtype=mt.float64)
    found = x.stft(8, hop, window=window, return_complex=True).istft(8, hop, window=window, length=length)
    reached = hop * (length // hop) + 4 if length % hop else length
    np.testing.assert_allclose(found.numpy()[:, :reached], x.numpy()[:, :reached], atol=1e-12)


def test_what_is_warned_of():
    x = mt.arange(20.0)
    with pytest.warns(UserWarning, match="A window was not provided"):
        spectrum = x.stft(8, return_complex=True)
    with pytest.warns(UserWarning, match="A window was not provided"):
        spectrum.istft(8)
    with pytest.warns(UserWarning, match="stft with return_complex=False is deprecated"):
        x.stft(8, window=mt.ones(8), return_complex=False)
    with pytest.warns(UserWarning, match="shorter than the length parameter"):
        assert spectrum.istft(8, window=mt.ones(8), length=30).shape == (30,)
