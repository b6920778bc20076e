"""PyTorch's `torch.nn.functional`: names only.

Every function is an op or a composition of ops that says `namespace="nn.functional"`; its front is looked up in the
table of public functions when first asked for. https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from collections.abc import Callable

from .._tensor import Tensor
from ..ops.front import PUBLIC


def __getattr__(name: str) -> Callable[..., Tensor]:
    entry = PUBLIC["nn.functional"].get(name)
    if entry is None:
        raise AttributeError(f"module 'minitorch.nn.functional' has no attribute '{name}'")
    found: Callable[..., Tensor] = entry.function
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *PUBLIC["nn.functional"]})
