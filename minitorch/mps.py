"""The names of `torch.mps` that programs ask before they use it: there is none here, as on every machine but Apple's.

https://docs.pytorch.org/docs/stable/mps.html
"""

from __future__ import annotations

from typing import Any

__all__ = ["current_allocated_memory", "device_count", "driver_allocated_memory", "empty_cache", "get_rng_state", "is_available",
           "manual_seed", "recommended_max_memory", "seed", "synchronize"]  # fmt: skip


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Ignored: there is no device."""


def _refuse(what: str) -> Any:
    raise RuntimeError(f"Cannot execute {what}() without MPS backend.")


def seed() -> None:
    """Refused: there is no device."""
    _refuse("getDefaultGenerator")


def synchronize() -> None:
    """Refused: there is no device."""
    _refuse("deviceSynchronize")


def empty_cache() -> None:
    """Refused: there is no device."""
    _refuse("emptyCache")


def current_allocated_memory() -> int:
    """Refused: there is no device."""
    return int(_refuse("getCurrentAllocatedMemory"))


def driver_allocated_memory() -> int:
    """Refused: there is no device."""
    return int(_refuse("getDriverAllocatedMemory"))


def recommended_max_memory() -> int:
    """Refused: there is no device."""
    return int(_refuse("getRecommendedMaxMemory"))


def get_rng_state() -> Any:
    """Refused: there is no device."""
    return _refuse("getDefaultGenerator")
