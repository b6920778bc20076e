"""PyTorch's `torch.special`: names only.

Every function is an op or a composition of ops; its front is looked up in the table of public functions when first
asked for. https://docs.pytorch.org/docs/stable/special.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .ops.front import PUBLIC

#: Functions that the package itself has, by their name there.
SHARED = {
    "log_softmax": "log_softmax", "logsumexp": "logsumexp", "multigammaln": "mvlgamma", "round": "round",
    "softmax": "softmax",
}  # fmt: skip


def __getattr__(name: str) -> Callable[..., Any]:
    entry = PUBLIC["special"].get(name) or PUBLIC[""].get(SHARED.get(name, ""))
    if entry is None:
        raise AttributeError(f"module 'minitorch.special' has no attribute '{name}'")
    found: Callable[..., Any] = entry.function
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*PUBLIC["special"], *(name for name, own in SHARED.items() if own in PUBLIC[""])})
