"""What PyTorch programs ask of `torch.cuda`: is there a device, how many, which one, its memory, its seed.

Asking never fails: without CuPy or a GPU there are 0 devices and nothing is available. Using does, with the error that
says which half is missing. Arithmetic runs on the current device, which `device` and `set_device` choose. Numbers drawn
for a device come from the same stream as the host's (create_random.py). https://docs.pytorch.org/docs/stable/cuda.html
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

from ..backend import generator as streams
from ..backend import namespace
from ..backend.device import Device
from ..backend.gpu import find_cupy

__all__ = ["current_device", "device", "device_count", "empty_cache", "get_device_capability", "get_device_name",
           "get_device_properties", "init", "initial_seed", "is_available", "is_initialized", "manual_seed",
           "manual_seed_all", "mem_get_info", "memory_allocated", "memory_reserved", "seed", "seed_all", "set_device",
           "synchronize"]  # fmt: skip


def _library() -> Any:
    """CuPy, opened."""
    return namespace.backend_for(Device("cuda")).library


def _index(device: Any) -> int:
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


# ---- is there one --------------------------------------------------------------------------------------------------
def is_available() -> bool:
    """Whether a tensor can be put on a GPU: CuPy, a driver and a device are there. Never raises."""
    return device_count() > 0


def device_count() -> int:
    """The number of GPUs; 0 without CuPy or a driver. Never raises."""
    if is_initialized():
        return int(_library().cuda.runtime.getDeviceCount())
    try:
        return int(find_cupy().cuda.runtime.getDeviceCount())
    except RuntimeError:
        return 0


def is_initialized() -> bool:
    """Whether the device has been opened, by the first tensor put there or by `init`."""
    return "cuda" in namespace._devices


def init() -> None:
    """Open the device now instead of at the first tensor.

    Raises:
        RuntimeError: naming what is missing, the package or the GPU.
    """
    _library()


# ---- which one -----------------------------------------------------------------------------------------------------
def current_device() -> int:
    """The index of the GPU that arithmetic runs on."""
    return int(_library().cuda.runtime.getDevice())


def set_device(device: Any) -> None:
    """Make a GPU the current one; prefer `with cuda.device(...)`."""
    _library().cuda.Device(_index(device)).use()


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
    found = _library().cuda.runtime.getDeviceProperties(_index(device))
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


# ---- waiting and memory --------------------------------------------------------------------------------------------
def synchronize(device: Any = None) -> None:
    """Wait until all work of a GPU is done."""
    _library().cuda.Device(_index(device)).synchronize()


def empty_cache() -> None:
    """Give the memory that CuPy's pool holds and nobody uses back to the driver; nothing to do without a device."""
    if is_initialized():
        _library().get_default_memory_pool().free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """Bytes in use by arrays on a GPU; 0 before it is opened."""
    return _pool("used_bytes", device)


def memory_reserved(device: Any = None) -> int:
    """Bytes that the pool holds on a GPU, in use or not; 0 before it is opened."""
    return _pool("total_bytes", device)


def _pool(question: str, where: Any) -> int:
    if not is_initialized():
        return 0
    library = _library()
    with library.cuda.Device(_index(where)):
        return int(getattr(library.get_default_memory_pool(), question)())


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """(free, total) bytes of a GPU, as its driver counts them."""
    free, total = _library().cuda.Device(_index(device)).mem_info
    return int(free), int(total)


# ---- seeds ---------------------------------------------------------------------------------------------------------
def manual_seed(seed: int) -> None:
    """Restart the stream that the devices' numbers are drawn from, which is the host's too; ignored without a GPU."""
    if is_available():
        streams.manual_seed(int(seed))


manual_seed_all = manual_seed


def seed() -> None:
    """Restart the stream from a seed of the operating system; ignored without a GPU."""
    if is_available():
        streams.seed()


seed_all = seed


def initial_seed() -> int:
    """The seed that the stream was started from."""
    _library()
    return streams.initial_seed()


def __getattr__(name: str) -> Any:
    if name == "amp":
        return importlib.import_module(".amp", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
