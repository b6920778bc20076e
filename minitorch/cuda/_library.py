"""CuPy as `cuda` uses it: opened when first needed, and which of its devices is meant."""

from __future__ import annotations

from typing import Any

from ..backend import namespace
from ..backend.device import Device

__all__ = ["NoDevice", "current_device", "index_of", "is_initialized", "library"]


class NoDevice(AssertionError, RuntimeError):
    """There is no GPU, or no CuPy. PyTorch's functions here raise AssertionError; an op on such a device, RuntimeError."""


def library() -> Any:
    """CuPy, opened.

    Raises:
        NoDevice: naming what is missing, the package or the GPU.
    """
    try:
        return namespace.backend_for(Device("cuda")).library
    except RuntimeError as reason:
        raise NoDevice(*reason.args) from None


def is_initialized() -> bool:
    """Whether the device has been opened, by the first tensor put there or by `init`."""
    return "cuda" in namespace._devices


def current_device() -> int:
    """The index of the GPU that arithmetic runs on."""
    return int(library().cuda.runtime.getDevice())


def index_of(device: Any) -> int:
    """A device argument as an index; None, and `cuda` without an index, are the current device.

    Raises:
        ValueError: for a device that is no GPU.
    """
    if device is None:
        return current_device()
    found = Device(device)
    if found.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {found}")
    return current_device() if found.index is None else found.index
