"""The names of `torch.distributed` that programs ask before they use any other: there is one process, so the answer is no."""

from __future__ import annotations

from typing import Any

__all__ = ["is_available", "is_gloo_available", "is_initialized", "is_mpi_available", "is_nccl_available",
           "is_torchelastic_launched"]  # fmt: skip


def is_available() -> bool:
    """False: there is one process."""
    return False


is_initialized = is_torchelastic_launched = is_nccl_available = is_gloo_available = is_mpi_available = is_available


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'minitorch.distributed' has no attribute {name!r}: training runs in one process. Hint: ask "
                         "is_available() or is_initialized() first, both are False")  # fmt: skip
