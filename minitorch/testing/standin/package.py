"""The packages `cupy` and `cupyx`, put together, and the namespace that minitorch works on."""

from __future__ import annotations

import contextlib
import types
from typing import Any

import numpy as np
import scipy.special

from ...backend import namespace
from ...backend.gpu import Gpu
from .arrays import API, CURRENT, DEVICES, equip, ndarray
from .functions import Device, Module, errstate, garbage, to_device
from .sparse import CsrMatrix
from .ufuncs import scatter


def _assemble():
    made: Any = Module("cupy", np, API["functions"], API["loops"], API["values"])
    made.__version__ = API["version"]
    made.ndarray = ndarray
    for name in ("asarray", "array", "ascontiguousarray"):
        if name != "ascontiguousarray":
            setattr(made, name, to_device(name, getattr(np, name)))
    made.asnumpy = lambda array: array.get()
    made.broadcast = lambda *arrays: types.SimpleNamespace(shape=np.broadcast_shapes(*(a.shape for a in arrays)))
    made.empty, made.empty_like = garbage(made.empty), garbage(made.empty_like)
    made.linalg = Module("cupy.linalg", np.linalg, API["linalg"])
    made.linalg.LinAlgError = np.linalg.LinAlgError
    made.fft = Module("cupy.fft", np.fft, API["fft"])
    made.lib = types.SimpleNamespace(
        stride_tricks=Module("cupy.lib.stride_tricks", np.lib.stride_tricks, API["stride_tricks"])
    )
    pool = types.SimpleNamespace(used_bytes=lambda: 0, total_bytes=lambda: 0, free_all_blocks=lambda: None)
    made.get_default_memory_pool = lambda: pool
    made.cuda = types.SimpleNamespace(
        is_available=lambda: True,
        Device=Device,
        runtime=types.SimpleNamespace(
            getDeviceCount=lambda: DEVICES,
            getDevice=lambda: CURRENT[0],
            getDeviceProperties=lambda index: {"name": b"stand-in", "totalGlobalMem": 1 << 31, "multiProcessorCount": 1,
                                               "major": 9, "minor": 0},
        ),
    )  # fmt: skip
    return made


cupy: Any = _assemble()
equip(cupy)
cupyx: Any = types.ModuleType("cupyx")
cupyx.errstate = errstate
cupyx.scatter_add = lambda target, index, values: scatter(np.add, target, index, values)
cupyx.scatter_max = lambda target, index, values: scatter(np.maximum, target, index, values)
cupyx.scatter_min = lambda target, index, values: scatter(np.minimum, target, index, values)
cupyx.scipy = types.ModuleType("cupyx.scipy")
cupyx.scipy.sparse = types.ModuleType("cupyx.scipy.sparse")
cupyx.scipy.sparse.csr_matrix = CsrMatrix
cupyx.scipy.special = Module("cupyx.scipy.special", scipy.special, API["special"], API["special_loops"])


def modules():
    """What to put into sys.modules so that `import cupy` finds the stand-in."""
    return {"cupy": cupy, "cupyx": cupyx, "cupyx.scipy": cupyx.scipy, "cupyx.scipy.special": cupyx.scipy.special,
            "cupyx.scipy.sparse": cupyx.scipy.sparse}  # fmt: skip


@contextlib.contextmanager
def registered(backend):
    """Make a namespace the home of `cuda` for the block."""
    before = dict(namespace._devices)
    namespace.register(backend, backend.array)
    try:
        yield backend
    finally:
        namespace.unregister(backend)
        namespace._devices.update(before)


def standin_backend():
    """The device's namespace over the stand-in."""
    return Gpu(cupy, cupyx, cupyx.scipy.special)
