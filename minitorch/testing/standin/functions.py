"""Modules of functions that exist on the device, the doors from the host, and the device itself."""

from __future__ import annotations

import contextlib
import types

import numpy as np

from .arrays import CURRENT, DEVICES, check, give, ndarray, on_host
from .ufuncs import Ufunc
from .waiting import wait

KINDS = "?bhilqBHILQefdFD"
LINALG = ["ignore"]
WAITING = {"nonzero", "argwhere", "flatnonzero", "unique", "bincount", "histogram", "array_repr", "array2string",
           "asnumpy", "extract", "compress", "trim_zeros", "union1d", "setdiff1d", "intersect1d"}  # fmt: skip


class Module(types.ModuleType):
    """A module of CuPy with those functions of the host's that the real one has."""

    def __init__(self, name, host, functions, loops=(), values=""):
        super().__init__(name)
        self._host, self._functions, self._values = host, functions, values.split()
        self._loops = {one: types for types, names in dict(loops).items() for one in names.split()}

    def __getattr__(self, name):
        if name in self._loops:
            value = Ufunc(name, getattr(self._host, name), self._loops[name])
        elif name in self._functions:
            value = self._function(name, getattr(self._host, name))
        elif name in self._values:
            value = getattr(self._host, name)
        else:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        setattr(self, name, value)
        return value

    def _function(self, name, function):
        parameters, where = self._functions[name], f"{self.__name__}.{name}"
        solver = self.__name__ == "cupy.linalg"

        def call(*args, **kwargs):
            check(where, parameters, args, kwargs)
            if name in WAITING or (name == "where" and len(args) == 1) or (
                    name == "repeat" and isinstance(args[1], ndarray)):  # fmt: skip
                wait(where)
            if name == "where" and not isinstance(args[0], ndarray):
                raise AttributeError(f"{type(args[0]).__name__!r} object has no attribute 'astype'")
            opened = {key: on_host(value) for key, value in kwargs.items()}
            if solver and LINALG[0] == "raise":
                wait(f"{where} checking for errors")
            try:
                with np.errstate(all="ignore"):
                    result = function(*map(on_host, args), **opened)
            except np.linalg.LinAlgError:
                assert LINALG[0] == "raise", f"{where} gives garbage here: only errstate(linalg='raise') notices"
                raise
            return give(result, *args)

        call.__name__ = name
        return call


def to_device(name, function):
    """The doors in: these take host data."""

    def door(obj, dtype=None, *, order=None, copy=None, blocking=False):
        if isinstance(obj, ndarray) and (dtype is None or obj.dtype == dtype) and name != "array" and not copy:
            return obj
        host = np.array(obj._host if isinstance(obj, ndarray) else obj, dtype=dtype, order=order or "K")
        if host.dtype.char not in KINDS and host.dtype.name != "bfloat16":
            raise ValueError(f"Unsupported dtype {host.dtype}")
        return ndarray(host)

    door.__name__ = name
    return door


def garbage(function):
    """`empty`, holding what no test should rely on."""

    def empty(*args, **kwargs):
        made = function(*args, **kwargs)
        if made.dtype.kind in "fcV":
            made._host.fill(np.nan)
        elif made.dtype.kind in "iu":
            made._host.fill(77)
        return made

    return empty


class Device:
    """A device by its index; entered or used, it is the current one."""

    def __init__(self, device=None):
        self.id = CURRENT[0] if device is None else int(device)

    def __int__(self):
        return self.id

    def use(self):
        if self.id >= DEVICES:
            raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        CURRENT[0] = self.id

    def __enter__(self):
        self._before = CURRENT[0]
        self.use()

    def __exit__(self, *_):
        CURRENT[0] = self._before

    def synchronize(self):
        wait("Device.synchronize")

    compute_capability = "90"
    mem_info = (1 << 30, 1 << 31)


@contextlib.contextmanager
def errstate(*, linalg=None):
    before, LINALG[0] = LINALG[0], linalg or LINALG[0]
    try:
        yield
    finally:
        LINALG[0] = before
