"""PyTorch's `torch.linalg`: names only.

Every function is an op or a composition of ops; its front is looked up in the table of public functions when first
asked for. https://docs.pytorch.org/docs/stable/linalg.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .ops.front import PUBLIC
from .ops.solving import LinAlgError

__all__ = ["LinAlgError"]


def __getattr__(name: str) -> Callable[..., Any]:
    entry = PUBLIC["linalg"].get(name)
    if entry is None:
        raise AttributeError(f"module 'minitorch.linalg' has no attribute '{name}'")
    found: Callable[..., Any] = entry.function
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *PUBLIC["linalg"]})
