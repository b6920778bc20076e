"""Short-time Fourier transforms: a signal cut into overlapping frames, each transformed, and back by adding them up.

The frames are a view of the signal (`Tensor.unfold`), whose adjoint adds overlapping windows: that is the way back too.
https://docs.pytorch.org/docs/stable/generated/torch.stft.html
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend.dtype import SCALAR_TYPES, of, scalar_type
from ..backend.namespace import backend_of
from ..ops import shape as moves
from ..ops import spectral as ops
from ..ops.front import public
from ..tracked import Tracked
from .complexes import view_as_real
from .padding import pad

_NO_WINDOW = ("To suppress this warning and use a rectangular window, explicitly set `window=torch.ones(n_fft, "
              "device=<device>)`.")  # fmt: skip


def _said(value: Any) -> str:
    """A setting as PyTorch's messages write it."""
    if isinstance(value, Tracked):
        return f"torch.{scalar_type(value._data.dtype)}Tensor{{{list(value._data.shape)}}}"
    return str(int(value)) if isinstance(value, bool) else str(value)


def _refuse(call: str, settings: dict[str, Any], reason: str) -> None:
    listed = ", ".join(f"{name}={_said(value)}" for name, value in settings.items())
    raise RuntimeError(f"{call}, {listed}) {reason}")


def _centred(window: Any, like: Any, n_fft: int, win_length: int) -> Any:
    """The window (ones, if none is given) with zeros on both sides, n_fft long."""
    if window is None:
        raw = like._data
        kind = raw.real.dtype if raw.dtype.kind == "c" else raw.dtype
        window = like._wrap(backend_of(raw).ones((win_length,), dtype=kind))
    left = (n_fft - win_length) // 2
    return moves.place(window, key=(slice(left, left + win_length),), shape=(n_fft,)) if win_length < n_fft else window


@public("(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode='reflect', normalized=False, "
        "onesided=None, return_complex=None, align_to_window=None)")  # fmt: skip
def stft(input: Any, n_fft: int, hop_length: Any = None, win_length: Any = None, window: Any = None, center: bool = True,
         pad_mode: str = "reflect", normalized: bool = False, onesided: Any = None, return_complex: Any = None,
         align_to_window: Any = None) -> Any:  # fmt: skip
    """The Fourier transforms of overlapping frames of a signal (B?, L): (B?, frequencies, frames), complex.

    Frames of n_fft samples start hop_length (n_fft // 4) apart; `center` pads the signal so that frame t is centred on
    sample t * hop_length. A real signal gives the n_fft // 2 + 1 frequencies that are not mirrored, unless `onesided`
    is False. With `return_complex=False` the parts are a last dimension of 2.

    Raises:
        RuntimeError: for integers, more than two dimensions, sizes that do not fit, a signal shorter than a frame.
    """
    raw = input._data
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if center:
        shape = raw.shape
        deep = moves.reshape(input, shape=(1,) * (3 - len(shape)) + shape)
        input = pad(deep, [n_fft // 2, n_fft // 2], pad_mode)
        input = moves.reshape(input, shape=input._data.shape[-len(shape) :] if shape else ())
        raw = input._data
    if window is None:
        warnings.warn("A window was not provided. A rectangular window will be applied,which is known to cause spectral "
                      "leakage. Other windows such as torch.hann_window or torch.hamming_window are recommended to reduce "
                      f"spectral leakage.{_NO_WINDOW}", UserWarning, stacklevel=3)  # fmt: skip
    is_complex = raw.dtype.kind == "c" or (window is not None and window._data.dtype.kind == "c")
    if return_complex is None and not is_complex:
        raise RuntimeError("stft requires the return_complex parameter be given for real inputs, and will further require "
                           "that return_complex=True in a future PyTorch release.")  # fmt: skip
    if return_complex is not None and not return_complex:
        warnings.warn("stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex "
                      "tensors for all inputs, and return_complex=False will raise an error.\nNote: you can still call "
                      "torch.view_as_real on the complex output to recover the old return format.", UserWarning,
                      stacklevel=3)  # fmt: skip
    hop = n_fft >> 2 if hop_length is None else hop_length
    wide = n_fft if win_length is None else win_length
    call = f"stft(torch.{scalar_type(raw.dtype)}Tensor{list(raw.shape)}"
    settings = {"n_fft": n_fft, "hop_length": hop, "win_length": wide, "window": window, "normalized": bool(normalized),
                "onesided": onesided, "return_complex": return_complex is None or bool(return_complex),
                "align_to_window": align_to_window}  # fmt: skip
    if raw.dtype.kind in "iub":
        _refuse(call, settings, ": expected a tensor of floating point or complex values")
    if raw.ndim not in (1, 2):
        _refuse(call, settings, ": expected a 1D or 2D tensor")
    length = raw.shape[-1]
    if not 0 < n_fft <= length:
        _refuse(call, settings, f": expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    if hop <= 0:
        _refuse(call, settings, f": expected hop_length > 0, but got hop_length={hop}")
    if not 0 < wide <= n_fft:
        _refuse(call, settings, f": expected 0 < win_length <= n_fft, but got win_length={wide}")
    if window is not None and window._data.shape != (wide,):
        _refuse(call, settings, f": expected a 1D window tensor of size equal to win_length={wide}, but got window with "
                                f"size {list(window._data.shape)}")  # fmt: skip
    if align_to_window:
        side = (n_fft - wide) // 2
        input = pad(input, [side, side])
        length += 2 * side
        if (length - n_fft) // hop != (raw.shape[-1] - wide) // hop:  # where n_fft - win_length is odd
            raise RuntimeError(f"setStorage: sizes {[1 + (raw.shape[-1] - wide) // hop, n_fft]}, strides {[hop, 1]} are out "
                               f"of bounds for a padded signal of {length}. Hint: an even n_fft - win_length.")  # fmt: skip
    frames = moves.windows(input, dim=raw.ndim - 1, size=n_fft, step=hop)
    if window is not None or wide < n_fft:
        frames = frames * _centred(window, input, n_fft, wide)
    norm, last = "ortho" if normalized else "backward", raw.ndim
    if is_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if is_complex or (onesided is not None and not onesided):
        out = ops.fourier(frames, dims=(last,), inverse=False, norm=norm)
    else:
        out = ops.half_fourier(frames, dim=last, norm=norm)
    out = out.transpose(last - 1, last)
    return view_as_real(out) if return_complex is not None and not return_complex else out


@public("(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, "
        "length=None, return_complex=False)")  # fmt: skip
def istft(input: Any, n_fft: int, hop_length: Any = None, win_length: Any = None, window: Any = None, center: bool = True,
          normalized: bool = False, onesided: Any = None, length: Any = None, return_complex: bool = False) -> Any:  # fmt: skip
    """The signal (B?, L) whose `stft` with the same settings is nearest to the input (B?, frequencies, frames).

    Frames are transformed back, windowed, added where they overlap, and divided by the sum of the squared windows
    (Griffin and Lim, 1984). `length` cuts the result or fills it up with zeros.

    Raises:
        RuntimeError: for a real input, sizes that do not fit, a place that no window covers.
    """
    raw = input._data
    if raw.dtype.kind != "c":
        raise RuntimeError("istft requires a complex-valued input tensor matching the output from stft with "
                           "return_complex=True.")  # fmt: skip
    if window is None:
        warnings.warn("A window was not provided. A rectangular window will be applied.Please provide the same window used "
                      f"by stft to make the inversion lossless.{_NO_WINDOW}", UserWarning, stacklevel=3)  # fmt: skip
    hop = n_fft >> 2 if hop_length is None else hop_length
    wide = n_fft if win_length is None else win_length
    if raw.ndim < 2:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [-{raw.ndim + 1}, {raw.ndim}], but got -3)"
        )
    here = "CUDA" if backend_of(raw).name == "cuda" else "CPU"
    call = f"istft({here}{SCALAR_TYPES[of(raw.dtype).name]}Type{list(raw.shape)}"
    settings = {"n_fft": n_fft, "hop_length": hop, "win_length": wide, "window": window, "center": bool(center),
                "normalized": bool(normalized), "onesided": onesided, "length": length,
                "return_complex": bool(return_complex)}  # fmt: skip
    if not raw.size:
        _refuse(call, settings, ": input tensor cannot be empty.")
    if raw.ndim > 3:
        _refuse(call, settings, f": expected a tensor with 3 or 4 dimensions, but got {raw.ndim + 1}")
    frequencies, count = raw.shape[-2:]
    half = frequencies != n_fft if onesided is None else bool(onesided)
    if frequencies != (n_fft // 2 + 1 if half else n_fft):
        wanted = "n_fft / 2 + 1 when onesided=True" if half else "n_fft when onesided=False"
        _refuse(call, settings, ": expected the frequency dimension (3rd to the last) of the input tensor to match "
                                f"{wanted}, but got {frequencies}")  # fmt: skip
    if not 0 < hop <= wide:
        _refuse(call, settings, ": expected 0 < hop_length <= win_length")
    if not 0 < wide <= n_fft:
        _refuse(call, settings, ": expected 0 < win_length <= n_fft")
    if window is not None and window._data.shape != (wide,):
        _refuse(call, settings, ": Invalid window shape. window has to be 1D and length of `win_length`")
    last = raw.ndim - 1
    norm = "ortho" if normalized else "backward"
    spectra = input.transpose(last - 1, last)
    if return_complex:
        if half:
            raise RuntimeError("Cannot have onesided output if window or input is complex")
        frames = ops.fourier(spectra, dims=(last,), inverse=True, norm=norm)
    else:
        if window is not None and window._data.dtype.kind == "c":
            raise RuntimeError("Complex windows are incompatible with return_complex=False")
        if not half:
            spectra = moves.select(spectra, key=(..., slice(0, n_fft // 2 + 1)))
        frames = ops.real_fourier(spectra, dim=last, size=n_fft, norm=norm)
    shade = _centred(window, input, n_fft, wide)
    whole = n_fft + hop * (count - 1)
    start = n_fft // 2 if center else 0
    stop = start + length if length is not None else whole - start
    cut = (..., slice(start, min(stop, whole)))

    def added(x: Any, lead: tuple[int, ...]) -> Any:
        placed = moves.place_windows(x, dim=len(lead), size=n_fft, step=hop, shape=(*lead, whole))
        return moves.select(placed, key=cut)

    cover = added(moves.expand(shade * shade, shape=(count, n_fft)), ())
    if bool((backend_of(raw).abs(cover._data) < 1e-11).any()):
        _refuse(call, settings, "window overlap add min: 1")
    out = added(frames * shade, raw.shape[:-2]) / cover
    if stop > whole:
        warnings.warn("The length of signal is shorter than the length parameter. Result is being padded with zeros in the "
                      "tail. Please check your center and hop_length settings.", UserWarning, stacklevel=3)  # fmt: skip
        out = pad(out, [0, stop - whole])
    return out
