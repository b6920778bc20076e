"""How much memory the arrays of a GPU take, now and at most, by CuPy's pool and the driver.

CuPy's pool keeps no record of its peak. A hook on it does, in the thread and from the time of the first question about a
peak: what was given back before that, or is taken by other threads, is not known. https://docs.pytorch.org/docs/stable/torch_cuda_memory.html
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ._library import index_of, is_initialized, library

__all__ = ["empty_cache", "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
           "memory_reserved", "memory_stats", "reset_peak_memory_stats"]  # fmt: skip

#: The hook on the pool of an opened device's library, by the library's identity: one, or none yet.
_watch: dict[int, Any] = {}


def empty_cache() -> None:
    """Give the memory that CuPy's pool holds and nobody uses back to the driver; nothing to do without a device."""
    if is_initialized():
        library().get_default_memory_pool().free_all_blocks()


def _pool(question: str, where: Any) -> int:
    if not is_initialized():
        return 0
    cupy = library()
    with cupy.cuda.Device(index_of(where)):
        return int(getattr(cupy.get_default_memory_pool(), question)())


def memory_allocated(device: Any = None) -> int:
    """Bytes in use by arrays on a GPU; 0 before it is opened."""
    return _pool("used_bytes", device)


def memory_reserved(device: Any = None) -> int:
    """Bytes that the pool holds on a GPU, in use or not; 0 before it is opened."""
    return _pool("total_bytes", device)


def _hook() -> Any:
    """The hook that follows the peaks, set when first asked for."""
    cupy = library()
    if id(cupy) not in _watch:
        base: Any = cupy.cuda.MemoryHook

        class Peaks(base):  # type: ignore[misc]
            """Bytes in use, counted along, and the most of them and of the pool, by device."""

            name = "minitorch peaks"

            def __init__(self) -> None:
                super().__init__()
                self.library = cupy  # kept alive, for its identity is the key
                self.used = {at: memory_allocated(at) for at in range(int(cupy.cuda.runtime.getDeviceCount()))}
                self.most = dict(self.used)
                self.reserved = {at: memory_reserved(at) for at in self.used}

            def malloc_postprocess(self, **block: Any) -> None:
                at = block["device_id"]
                self.used[at] += block["mem_size"]
                self.most[at] = max(self.most[at], self.used[at])
                self.reserved[at] = max(self.reserved[at], int(cupy.get_default_memory_pool().total_bytes()))

            def free_postprocess(self, **block: Any) -> None:
                self.used[block["device_id"]] -= block["mem_size"]

        _watch[id(cupy)] = hook = Peaks()
        hook.__enter__()
    return _watch[id(cupy)]


def reset_peak_memory_stats(device: Any = None) -> None:
    """Start the peaks of a GPU anew from what is in use now.

    Raises:
        AssertionError: without a GPU.
    """
    index, hook = index_of(device), _hook()
    hook.used[index] = hook.most[index] = memory_allocated(index)
    hook.reserved[index] = memory_reserved(index)


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes in use by arrays on a GPU since the peak was reset, or first asked for; 0 before it is opened."""
    return int(_hook().most[index_of(device)]) if is_initialized() else 0


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes that the pool held on a GPU since the peak was reset, or first asked for; 0 before it is opened."""
    return int(_hook().reserved[index_of(device)]) if is_initialized() else 0


def memory_stats(device: Any = None) -> dict[str, int]:
    """What the functions above say, by PyTorch's keys; empty before a device is opened."""
    if not is_initialized():
        return OrderedDict()
    return OrderedDict({
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": max_memory_reserved(device),
    })  # fmt: skip


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """(free, total) bytes of a GPU, as its driver counts them."""
    free, total = library().cuda.Device(index_of(device)).mem_info
    return int(free), int(total)
