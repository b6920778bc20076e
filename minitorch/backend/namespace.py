"""From an array to the namespace of functions that works on it.

`backend_of(array)` looks the array's type up in one dict. The host is always there; the device's namespace joins the
dict the first time a device is asked for, and only then is CuPy imported. A third array library (a test's stand-in)
joins by `register`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .device import CPU, Device


class Backend:
    """One array library: its own functions as attributes, plus the few verbs it lacks. No mathematics.

    Attributes that are not verbs are looked up in `library` once and then stay on the object.
    """

    name = "cpu"
    library: Any = np
    array: type = np.ndarray

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.library, name)
        self.__dict__[name] = value
        return value

    def __repr__(self) -> str:
        return f"<{self.name} backend on {self.library.__name__}>"

    def device_of(self, array: Any) -> Device:
        """The device that the array lives on."""
        return CPU

    def at(self, index: int) -> Backend:
        """The namespace whose new arrays are made on the device of this index; the host is one."""
        return self

    def zero(self, dtype: Any) -> Any:
        """A 0-d zero, made once per dtype: cheaper beside an array than a Python number."""
        found = self._zeros.get(dtype)
        if found is None:
            found = self._zeros[dtype] = self.zeros((), dtype=dtype)
        return found

    def total(self, array: Any, axes: Any, keepdims: bool = False) -> Any:
        """The sum of a floating or complex array over these axes (None: all)."""
        return array.sum(axis=axes, keepdims=keepdims)

    def spread(self, array: Any, shape: tuple[int, ...], dims: tuple[int, ...]) -> Any:
        """A reduced array over the dimensions that were taken away, without copying."""
        kept = tuple([1 if axis in dims else size for axis, size in enumerate(shape)])
        return self.broadcast_to(array.reshape(kept), shape)

    def __init__(self) -> None:
        self._zeros: dict[Any, Any] = {}


_known: dict[type, Backend] = {}
_devices: dict[str, Backend] = {}
#: What `set_default_device` and `with device:` push; the last one counts where a creation call names none.
default_device: list[Device] = [CPU]


def register(backend: Backend, *array_types: type) -> None:
    """Make `backend` the namespace of these array types, and the home of its device name."""
    for kind in array_types:
        _known[kind] = backend
    if backend.name != "scalar":
        _devices[backend.name] = backend


def unregister(backend: Backend) -> None:
    """Forget a registered backend (tests)."""
    for kind in [kind for kind, value in _known.items() if value is backend]:
        del _known[kind]
    for name in [name for name, value in _devices.items() if value is backend]:
        del _devices[name]


def backend_of(array: Any) -> Backend:
    """The namespace that this array (or Python number) belongs to.

    Raises:
        TypeError: for a type that no backend knows.
    """
    try:
        return _known[array.__class__]
    except KeyError:
        return _discover(array)


def backend_among(arrays: Any) -> Backend:
    """The namespace of several operands: the array's if there is one, else the numbers'."""
    found = None
    for array in arrays:
        if array is None:
            continue
        found = _known.get(array.__class__) or _discover(array)
        if found.name != "scalar":
            return found
    if found is None:
        raise TypeError("an op needs at least one array")
    return found


def _discover(array: Any) -> Backend:
    if isinstance(array, np.ndarray | np.generic):
        backend = _devices["cpu"]
    elif isinstance(array, bool | int | float | complex):
        from .scalar import SCALAR as backend
    elif array.__class__.__module__.partition(".")[0] == "cupy":
        backend = backend_for(Device("cuda"))
    else:
        raise TypeError(f"expected a tensor, an array or a number, but got {array.__class__.__name__}")
    _known[array.__class__] = backend
    return backend


def backend_for(device: Device) -> Backend:
    """The namespace of a device; CuPy is imported on the first request for `cuda`.

    Raises:
        RuntimeError: naming what is missing, the package or the GPU.
    """
    found = _devices.get(device.type)
    if found is None:
        from .gpu import open_gpu

        found = open_gpu()
        register(found, found.array)
    return found if device.index is None else found.at(device.index)


def device_of(array: Any) -> Device:
    """The device that an array lives on, read off the array."""
    return backend_of(array).device_of(array)
