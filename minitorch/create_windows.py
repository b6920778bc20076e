"""Windows of a signal: the weights that fade a frame in and out before its Fourier transform.

A periodic window is one longer than asked for, without its last weight. Weights are computed in float64 and rounded once.
https://docs.pytorch.org/docs/stable/generated/torch.hann_window.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._tensor import Tensor
from ._tensor_arguments import as_dtype, as_int, home, need_strided, wrap
from ._tensor_data import Array, convert
from .backend import dtype as dt

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]


def _window(function: str, window_length: Any, periodic: bool, weights: Callable[[Array], Array], dtype: Any, layout: Any,
            device: Any, requires_grad: bool) -> Tensor:  # fmt: skip
    """`weights` of the positions from 0 to 1.

    Raises:
        TypeError, RuntimeError, NotImplementedError: for a length that is no number of weights, or another dtype than
            floating point.
    """
    need_strided(function, layout)
    length = as_int(function, "window_length", 1, window_length)
    kind = as_dtype(function, dtype) or dt.default()
    if kind.category not in (dt.FLOATING, dt.COMPLEX):
        raise RuntimeError(f"{function} expects floating point dtypes, got: {kind}")
    if length < 0:
        raise RuntimeError(f"{function} requires non-negative window_length, got window_length={length}")
    if kind.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{dt.SCALAR_TYPES[kind.name]}'")
    points = length + 1 if periodic else length
    if length < 2:
        raw = np.ones(length)
    else:
        raw = weights(np.arange(points) / (points - 1))[:length]
    return wrap(home(device).asarray(convert(raw, kind.numpy)), requires_grad)


def hann_window(window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None, device: Any = None,
                pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """(1 - cos(2 pi t)) / 2."""
    return _window("hann_window", window_length, periodic, lambda t: 0.5 - 0.5 * np.cos(2 * np.pi * t), dtype, layout,
                   device, requires_grad)  # fmt: skip


def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
                   dtype: Any = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
                   requires_grad: bool = False) -> Tensor:  # fmt: skip
    """alpha - beta cos(2 pi t)."""
    return _window("hamming_window", window_length, periodic, lambda t: alpha - beta * np.cos(2 * np.pi * t), dtype,
                   layout, device, requires_grad)  # fmt: skip


def blackman_window(window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
                    device: Any = None, pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """0.42 - 0.5 cos(2 pi t) + 0.08 cos(4 pi t)."""
    return _window("blackman_window", window_length, periodic,
                   lambda t: 0.42 - 0.5 * np.cos(2 * np.pi * t) + 0.08 * np.cos(4 * np.pi * t), dtype, layout, device,
                   requires_grad)  # fmt: skip


def bartlett_window(window_length: int, periodic: bool = True, *, dtype: Any = None, layout: Any = None,
                    device: Any = None, pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """1 - |2 t - 1|."""
    return _window("bartlett_window", window_length, periodic, lambda t: 1 - np.abs(2 * t - 1), dtype, layout, device,
                   requires_grad)  # fmt: skip


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None,
                  layout: Any = None, device: Any = None, pin_memory: bool = False,
                  requires_grad: bool = False) -> Tensor:  # fmt: skip
    """I0(beta sqrt(1 - (2 t - 1)^2)) / I0(beta), with the modified Bessel function I0."""
    return _window("kaiser_window", window_length, periodic,
                   lambda t: np.i0(beta * np.sqrt(np.maximum(1 - (2 * t - 1) ** 2, 0))) / np.i0(beta), dtype, layout,
                   device, requires_grad)  # fmt: skip
