"""PyTorch's `torch.fft`: names only, and the two frequency grids.

https://docs.pytorch.org/docs/stable/fft.html
"""

from __future__ import annotations

from typing import Any

from .create import arange
from .ops.front import PUBLIC


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """The frequencies of an n-point transform of samples d apart."""
    whole = arange(n, dtype=dtype, device=device)
    grid = ((whole + n // 2) % n - n // 2) / (n * d)
    return grid.requires_grad_(requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """The frequencies of the half spectrum of an n-point transform of samples d apart."""
    grid = arange(n // 2 + 1, dtype=dtype, device=device) / (n * d)
    return grid.requires_grad_(requires_grad)


def __getattr__(name: str) -> Any:
    entry = PUBLIC["fft"].get(name)
    if entry is None:
        raise AttributeError(f"module 'minitorch.fft' has no attribute {name!r}")
    globals()[name] = entry.function
    return entry.function


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC["fft"]})
