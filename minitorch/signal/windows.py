"""Windows of a signal, symmetric unless asked for periodic ones (`sym=False`).

Each is a function of M points at equal distances, made of tensor operations in the dtype of the window, as in PyTorch,
whose numbers it has to within a few roundings. https://docs.pytorch.org/docs/stable/signal.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from .._tensor import Tensor
from .._tensor_constants import strided
from ..backend import dtype as dt
from ..create import arange, empty, linspace, ones, tensor

__all__ = ["bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming",
           "hann", "kaiser", "nuttall"]  # fmt: skip

Options = dict[str, Any]


def _options(name: str, M: int, dtype: Any, layout: Any, device: Any, requires_grad: bool) -> Options:
    """How the window is to be made.

    Raises:
        ValueError: for a negative length, another dtype than float32 and float64.
    """
    dtype = dt.default() if dtype is None else dtype
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not None and layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if dtype not in (dt.float32, dt.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    return {"dtype": dtype, "device": device, "requires_grad": requires_grad}


def _between(M: int, start: Any, end: Any, shape: Callable[[Tensor], Tensor], options: Options) -> Tensor:
    """`shape` of M points from start to end."""
    return shape(linspace(start, end, M, **options)) if M else empty((0,), **options)


def exponential(M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,
                layout: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """exp(-|n - center| / tau).

    Raises:
        ValueError: for a decay that is not positive, or a centre of a symmetric window.
    """
    options = _options("exponential", M, dtype, layout, device, requires_grad)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    if center is None:
        center = (M if not sym and M > 1 else M - 1) / 2.0
    constant = 1 / tau
    return _between(M, -center * constant, (-center + (M - 1)) * constant, lambda k: (-k.abs()).exp(), options)


def cosine(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """sin(pi (n + 1/2) / M)."""
    options = _options("cosine", M, dtype, layout, device, requires_grad)
    constant = math.pi / (M + 1 if not sym and M > 1 else max(M, 1))
    return _between(M, 0.5 * constant, (0.5 + (M - 1)) * constant, lambda k: k.sin(), options)


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """exp(-(n / std)^2 / 2), n counted from the middle.

    Raises:
        ValueError: for a standard deviation that is not positive.
    """
    options = _options("gaussian", M, dtype, layout, device, requires_grad)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    start, constant = -(M if not sym and M > 1 else M - 1) / 2.0, 1 / (std * math.sqrt(2))
    return _between(M, start * constant, (start + (M - 1)) * constant, lambda k: (-(k**2)).exp(), options)


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """I0(beta sqrt(1 - (2 n / (M - 1) - 1)^2)) / I0(beta), with the modified Bessel function I0.

    Raises:
        ValueError: for a negative beta.
    """
    options = _options("kaiser", M, dtype, layout, device, requires_grad)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M < 2:
        return ones((M,), **options)
    top = tensor(beta, dtype=options["dtype"], device=device)
    end = top.minimum(-top + (M - 1) * (2.0 * top / (M if not sym else M - 1)))
    return _between(M, -top, end, lambda k: (top * top - k.pow(2)).sqrt().i0() / top.i0(), options)


def bartlett(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """1 - |2 n / (M - 1) - 1|."""
    options = _options("bartlett", M, dtype, layout, device, requires_grad)
    if M < 2:
        return ones((M,), **options)
    constant = 2 / (M if not sym else M - 1)
    return _between(M, -1, -1 + (M - 1) * constant, lambda k: 1 - k.abs(), options)


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
                   requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The sum of (-1)^i a[i] cos(2 pi i n / (M - 1)).

    Raises:
        TypeError, ValueError: for coefficients that are no list, or none.
    """
    options = _options("general_cosine", M, dtype, layout, device, requires_grad)
    if M < 2:
        return ones((M,), **options)
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    weights = tensor([(-1) ** i * weight for i, weight in enumerate(a)], **options)
    times = arange(weights.shape[0], **options)
    end = (M - 1) * (2 * math.pi / (M if not sym else M - 1))
    return _between(M, 0, end, lambda k: (weights.unsqueeze(-1) * (times.unsqueeze(-1) * k).cos()).sum(0), options)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
                    requires_grad: bool = False) -> Tensor:  # fmt: skip
    """alpha - (1 - alpha) cos(2 pi n / (M - 1))."""
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, layout=layout, device=device,
                          requires_grad=requires_grad)  # fmt: skip


def hamming(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`general_hamming` with alpha 0.54."""
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`general_hamming` with alpha 0.5."""
    return general_hamming(M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def blackman(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Three terms: 0.42, 0.5, 0.08."""
    _options("blackman", M, dtype, layout, device, requires_grad)
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, dtype=dtype, layout=layout, device=device,
                          requires_grad=requires_grad)  # fmt: skip


def nuttall(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
            requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Four terms: 0.3635819, 0.4891775, 0.1365995, 0.0106411."""
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, dtype=dtype, layout=layout,
                          device=device, requires_grad=requires_grad)  # fmt: skip
