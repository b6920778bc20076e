"""From the numbers of a file to tensors: flat memories go to their device, tensors are windows on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from .._tensor_storage import UntypedStorage
from ..backend import dtype as dt
from ..backend.device import CPU, Device
from ..backend.namespace import backend_for, backend_of
from .refusal import CheckpointError, check_window, shown

MapLocation = Callable[[Any, str], Any] | Device | str | dict[str, Any] | None


class LocatedStorage(UntypedStorage):
    """What a callable `map_location` is handed: a memory, and the way to a device."""

    def cpu(self) -> LocatedStorage:
        """This memory on the host."""
        return LocatedStorage(backend_of(self._memory).to_host(self._memory))

    def cuda(self, device: int | Device | None = None) -> LocatedStorage:
        """This memory on a CUDA device."""
        where = Device("cuda", device) if device is None or isinstance(device, int) else device
        return LocatedStorage(backend_for(where).asarray(self._memory))


class Placer:
    """Sends each memory of a file where `map_location` says."""

    def __init__(self, map_location: MapLocation) -> None:
        if isinstance(map_location, str):
            map_location = Device(map_location)
        if not (map_location is None or isinstance(map_location, Device | dict) or callable(map_location)):
            raise TypeError(f"map_location must be a device, a string, a dict or a callable, not {type(map_location).__name__}")
        self.map_location = map_location

    def __call__(self, flat: Any, location: str) -> Any:
        """A flat host array that was saved at `location`, on its device.

        Raises:
            CheckpointError: for a device that is not there, and that nobody mapped to another.
        """
        wanted = self.map_location
        if isinstance(wanted, Device):
            return self._on(wanted, flat)
        if isinstance(wanted, dict):
            location = str(wanted.get(location, location))
        elif wanted is not None:
            storage = wanted(LocatedStorage(flat), location)
            if storage is not None:
                return storage._memory
        try:
            device = Device(location)
        except (RuntimeError, ValueError):
            raise CheckpointError(f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with "
                                  f"{shown(location)}). Hint: load(f, map_location='cpu')") from None  # fmt: skip
        try:
            return self._on(device, flat)
        except RuntimeError as reason:
            raise CheckpointError(
                "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
                "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
                f"storages to the CPU. ({reason})") from reason  # fmt: skip

    @staticmethod
    def _on(device: Device, flat: Any) -> Any:
        return flat if device == CPU or device.type == "cpu" else backend_for(device).asarray(flat)


def window(flat: Any, shape: Any, strides: Any, offset: int, where: str) -> Tensor:
    """A tensor on a flat memory; strides and offset in elements.

    Raises:
        CheckpointError: where it reaches outside the memory.
    """
    size = flat.itemsize
    check_window(shape, strides, offset, flat.size, size, where)
    if 0 in shape:
        return Tensor._wrap(backend_of(flat).empty(tuple(shape), dtype=flat.dtype))
    low = sum(step * (n - 1) for step, n in zip(strides, shape) if step < 0)
    xp = backend_of(flat)
    if low:  # a device's strided windows start at their lowest element
        start = flat[offset + low :]
        array = xp.strided(start, tuple(shape), tuple(abs(step) * size for step in strides))
        array = array[tuple(slice(None, None, -1) if step < 0 else slice(None) for step in strides)]
    else:
        array = xp.strided(flat[offset:], tuple(shape), tuple(step * size for step in strides))
    tensor = Tensor._wrap(array)
    if array.size != flat.size:
        tensor._memory = flat
    return tensor


def typed(raw: Any, kind: dt.dtype, swapped: bool = False) -> Any:
    """A flat array of a dtype over flat bytes, in place where possible.

    Bools are made 0 or 1, and bfloat16 becomes float32 where the host has no ml_dtypes, which is said once.
    """
    if kind is dt.bool_:
        return raw != 0
    if kind is not dt.bfloat16:
        numbers = raw.view(kind.numpy)
        return numbers.byteswap() if swapped else numbers
    halves = raw.view(np.uint16)
    halves = halves.byteswap() if swapped else halves
    try:
        return halves.view(kind.numpy)
    except TypeError:
        warnings.warn("bfloat16 tensors are loaded as float32: the package ml_dtypes is not installed", UserWarning, stacklevel=2)
        return (halves.astype(np.uint32) << 16).view(np.float32)
