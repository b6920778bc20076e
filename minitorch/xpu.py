"""The names of `torch.xpu` that programs ask before they use it: there is none here.

https://docs.pytorch.org/docs/stable/xpu.html
"""

from __future__ import annotations

from typing import Any

__all__ = ["current_device", "device_count", "empty_cache", "get_device_capability", "get_device_name",
           "get_device_properties", "init", "is_available", "is_bf16_supported", "is_initialized", "manual_seed",
           "manual_seed_all", "seed", "seed_all", "set_device", "synchronize"]  # fmt: skip


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def empty_cache() -> None:
    """Nothing to do: there is no device."""


def manual_seed(seed: int) -> None:
    """Ignored: there is no device."""


def seed() -> None:
    """Ignored: there is no device."""


manual_seed_all, seed_all = manual_seed, seed


def _refuse() -> Any:
    raise AssertionError("Torch not compiled with XPU enabled")


def init() -> None:
    """Refused: there is no device."""
    _refuse()


def synchronize(device: Any = None) -> None:
    """Refused: there is no device."""
    _refuse()


def current_device() -> int:
    """Refused: there is no device."""
    return int(_refuse())


def set_device(device: Any) -> None:
    """Refused: there is no device."""
    _refuse()


def get_device_properties(device: Any = None) -> Any:
    """Refused: there is no device."""
    return _refuse()


def get_device_name(device: Any = None) -> str:
    """Refused: there is no device."""
    return str(_refuse())


def get_device_capability(device: Any = None) -> Any:
    """Refused: there is no device."""
    return _refuse()
