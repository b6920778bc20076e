"""The names of `torch.accelerator`: the GPU if there is one, whatever its kind; here that is `cuda` or none.

https://docs.pytorch.org/docs/stable/accelerator.html
"""

from __future__ import annotations

from typing import Any

from . import cuda
from .backend.device import Device
from .cuda import empty_cache, is_available, memory_allocated, memory_reserved

__all__ = ["current_accelerator", "current_device_idx", "current_device_index", "device_count", "device_index", "empty_cache",
           "is_available", "memory_allocated", "memory_reserved", "set_device_idx", "set_device_index",
           "synchronize"]  # fmt: skip


def device_count() -> int:
    """The number of GPUs."""
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> Device | None:
    """The kind of device, without an index; None where there is none."""
    return Device("cuda") if cuda.is_available() else None


def _need() -> None:
    if not cuda.is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")


def current_device_index() -> int:
    """The index of the GPU that arithmetic runs on."""
    _need()
    return cuda.current_device()


def set_device_index(device: Any, /) -> None:
    """Make a GPU the current one."""
    _need()
    cuda.set_device(device)


def synchronize(device: Any = None, /) -> None:
    """Wait until all work of a GPU is done."""
    _need()
    cuda.synchronize(device)


def device_index(device: int | None, /) -> cuda.device:
    """`with device_index(1):` makes that GPU the current one inside. None: no change."""
    return cuda.device(device)


current_device_idx, set_device_idx = current_device_index, set_device_index
