"""What PyTorch programs ask of `torch.cuda`: is there a device, how many, which one, its memory, its seed.

Asking never fails: without CuPy or a GPU there are 0 devices and nothing is available. Using does, with the error that
says which half is missing. Arithmetic runs on the current device, which `device` and `set_device` choose. Numbers drawn
for a device come from the same stream as the host's (create_random.py). https://docs.pytorch.org/docs/stable/cuda.html
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

from ..backend import generator as _generator
from ..backend.gpu import find_cupy
from ..create_random import get_rng_state as _host_state
from ..create_random import set_rng_state as _set_host_state
from ._library import current_device, index_of, is_initialized, library
from .memory import (
    empty_cache,
    max_memory_allocated,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_reserved,
    memory_stats,
    reset_peak_memory_stats,
)
from .streams import Event, Stream, StreamContext, current_stream, default_stream, set_stream, stream

__all__ = ["Event", "Stream", "StreamContext", "current_device", "current_stream", "default_stream", "device",
           "device_count", "empty_cache", "get_arch_list", "get_device_capability", "get_device_name",
           "get_device_properties", "get_rng_state", "get_rng_state_all", "init", "initial_seed", "is_available",
           "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated",
           "max_memory_reserved", "mem_get_info", "memory_allocated", "memory_reserved", "memory_stats",
           "reset_peak_memory_stats", "seed", "seed_all", "set_device", "set_rng_state", "set_rng_state_all", "set_stream",
           "stream", "synchronize"]  # fmt: skip


# ---- is there one --------------------------------------------------------------------------------------------------
def is_available() -> bool:
    """Whether a tensor can be put on a GPU: CuPy, a driver and a device are there. Never raises."""
    return device_count() > 0


def device_count() -> int:
    """The number of GPUs; 0 without CuPy or a driver. Never raises."""
    if is_initialized():
        return int(library().cuda.runtime.getDeviceCount())
    try:
        return int(find_cupy().cuda.runtime.getDeviceCount())
    except RuntimeError:
        return 0


def init() -> None:
    """Open the device now instead of at the first tensor.

    Raises:
        RuntimeError: naming what is missing, the package or the GPU.
    """
    library()


# ---- which one -----------------------------------------------------------------------------------------------------
def set_device(device: Any) -> None:
    """Make a GPU the current one; prefer `with cuda.device(...)`."""
    library().cuda.Device(index_of(device)).use()


class device:
    """`with cuda.device(1):` makes that GPU the current one inside, and the one before on leaving. None: no change."""

    def __init__(self, device: Any) -> None:
        self._wanted = device
        self._before: list[int] = []

    def __enter__(self) -> None:
        self._before.append(current_device() if self._wanted is not None else -1)
        if self._wanted is not None:
            set_device(self._wanted)

    def __exit__(self, *_: object) -> None:
        before = self._before.pop()
        if before >= 0:
            set_device(before)


def get_device_properties(device: Any = None) -> Any:
    """Name, compute capability, memory and multiprocessors of a GPU."""
    found = library().cuda.runtime.getDeviceProperties(index_of(device))
    name = found["name"]
    return SimpleNamespace(
        name=name.decode() if isinstance(name, bytes) else name,
        major=found["major"],
        minor=found["minor"],
        total_memory=found["totalGlobalMem"],
        multi_processor_count=found["multiProcessorCount"],
    )


def get_device_name(device: Any = None) -> str:
    """The name of a GPU."""
    return str(get_device_properties(device).name)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability of a GPU, as (major, minor)."""
    found = get_device_properties(device)
    return int(found.major), int(found.minor)


def get_arch_list() -> list[str]:
    """The architectures that PyTorch was compiled for: none, CuPy compiles for the device that is there."""
    return []


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether bfloat16 tensors work on the current GPU: with its own arithmetic from capability 8.0 on, else emulated."""
    return is_available() and (including_emulation or get_device_capability() >= (8, 0))


# ---- waiting -------------------------------------------------------------------------------------------------------
def synchronize(device: Any = None) -> None:
    """Wait until all work of a GPU is done."""
    library().cuda.Device(index_of(device)).synchronize()


# ---- seeds ---------------------------------------------------------------------------------------------------------
def manual_seed(seed: int) -> None:
    """Restart the stream that the devices' numbers are drawn from, which is the host's too; ignored without a GPU."""
    if is_available():
        _generator.manual_seed(int(seed))


manual_seed_all = manual_seed


def seed() -> None:
    """Restart the stream from a seed of the operating system; ignored without a GPU."""
    if is_available():
        _generator.seed()


seed_all = seed


def get_rng_state(device: Any = "cuda") -> Any:
    """The place in the stream that a GPU's numbers are drawn from, which is the host's: a uint8 tensor."""
    library()
    return _host_state()


def get_rng_state_all() -> list[Any]:
    """`get_rng_state` of every GPU; empty without one."""
    return [_host_state() for _ in range(device_count())]


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Go back to a place in the stream that a GPU's numbers are drawn from; ignored without a GPU."""
    if is_available():
        _set_host_state(new_state)


def set_rng_state_all(new_states: Any) -> None:
    """`set_rng_state` for every GPU: they share one stream, so the last state counts."""
    for state in new_states:
        set_rng_state(state)


def initial_seed() -> int:
    """The seed that the stream was started from."""
    library()
    return _generator.initial_seed()


def __getattr__(name: str) -> Any:
    if name == "amp":
        return importlib.import_module(".amp", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
