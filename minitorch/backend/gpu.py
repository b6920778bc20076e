"""CuPy as a namespace: the device's own functions, and the few verbs that differ from the host's.

`open_gpu` imports CuPy on the first request for a device, asks whether there is one, and says which half is missing if
not. What CuPy lacks, or spells differently from NumPy, is here and nowhere else (CuPy 14). Nothing here waits for the
device but `to_host`, the solvers of `linalg`, which check for errors as PyTorch's do, and the functions CuPy lacks.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .device import Device
from .host import HOST
from .namespace import Backend

#: What CUDA's atomics add; cupyx.scatter_add refuses the rest.
ATOMIC = frozenset(("float16", "float32", "float64", "int32", "uint32", "uint64"))


def find_cupy() -> Any:
    """The module CuPy, where there is a device that it can use.

    Raises:
        RuntimeError: naming what is missing, the package, the driver or the GPU.
    """
    try:
        cupy = importlib.import_module("cupy")
    except ModuleNotFoundError as reason:
        if reason.name != "cupy":
            raise _broken(reason) from reason
        raise RuntimeError(
            "Torch not compiled with CUDA enabled: the device 'cuda' needs the package CuPy, which is not installed. "
            "Hint: pip install 'minitorch-engine[cuda13x]' (or cuda12x, by the version of the driver)."
        ) from None
    except ImportError as reason:
        raise _broken(reason) from reason
    if not hasattr(cupy, "ndarray"):
        place = getattr(cupy, "__file__", None) or next(iter(getattr(cupy, "__path__", ["?"])))
        raise RuntimeError(
            f"Torch not compiled with CUDA enabled: what Python imports as 'cupy' is {place}, which is not the package "
            "CuPy (it has no ndarray). Hint: rename that file or folder, or take it off sys.path; then install CuPy."
        )
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as reason:  # CUDARuntimeError: no driver, or one too old
        raise RuntimeError(
            f"Found no NVIDIA driver on your system. CuPy {cupy.__version__} is installed, but CUDA says: {reason}"
        ) from None
    if not count:
        raise RuntimeError(f"No CUDA GPUs are available. CuPy {cupy.__version__} and a driver are installed.")
    return cupy


def _broken(reason: ImportError) -> RuntimeError:
    return RuntimeError(f"Torch not compiled with CUDA enabled: CuPy is installed but cannot be imported: {reason}")


def open_gpu() -> Gpu:
    """The namespace of the CUDA devices, after one small kernel has run.

    Raises:
        RuntimeError: naming what is missing: the package, the driver, the GPU, or what kernels are compiled with.
    """
    cupy = find_cupy()
    try:
        (cupy.ones(1, "float32") + 1).get()
    except Exception as reason:  # CuPy's own classes, of its many layers
        raise RuntimeError(
            f"CUDA error: CuPy {cupy.__version__} finds a GPU but cannot run a kernel on it ({type(reason).__name__}: "
            f"{reason}). Hint: pip install 'cupy-cuda13x[ctk]' brings the compiler and the headers."
        ) from reason
    return Gpu(cupy, importlib.import_module("cupyx"), importlib.import_module("cupyx.scipy.special"))


class Gpu(Backend):
    """The CUDA devices: arrays are cupy.ndarray. Arithmetic runs, and makes its results, on CuPy's current device.

    Args:
        cupy, cupyx, special: the modules `cupy`, `cupyx` and `cupyx.scipy.special`, or what stands in for them.
    """

    name = "cuda"

    def __init__(self, cupy: Any, cupyx: Any, special: Any) -> None:
        super().__init__()
        self.library, self.array = cupy, cupy.ndarray
        self.special = Special(special, self)
        self.linalg = Solvers(cupy.linalg, cupyx.errstate)
        self.asarray, self.shares_memory = cupy.asarray, cupy.may_share_memory
        self.strided = cupy.lib.stride_tricks.as_strided
        self._atomic_add, self._cupyx = cupyx.scatter_add, cupyx
        self._names: list[Device] = []
        self._placed: dict[int, Backend] = {}

    def device_of(self, array: Any) -> Device:
        """The device that the array lives on; one `Device` object per GPU."""
        index, names = int(array.device.id), self._names
        while len(names) <= index:
            names.append(Device("cuda", len(names)))
        return names[index]

    def at(self, index: int) -> Backend:
        """The namespace whose new arrays are made on the GPU of this index.

        Raises:
            RuntimeError: where there is no such GPU.
        """
        runtime = self.library.cuda.runtime
        if index == runtime.getDevice():
            return self
        if index not in self._placed:
            count = runtime.getDeviceCount()
            if index >= count:
                raise RuntimeError(
                    f"CUDA error: invalid device ordinal. 'cuda:{index}' was asked for, and there are {count} GPUs."
                )
            self._placed[index] = Placed(self, index)
        return self._placed[index]

    @staticmethod
    def to_host(array: Any) -> np.ndarray:
        """The same numbers as a NumPy array, row by row or column by column as they are; waits for the device."""
        found: np.ndarray = array.get(order="A")
        return found

    @staticmethod
    def pointer(array: Any) -> int:
        """The address of the first element, on the device."""
        return int(array.data.ptr)

    @staticmethod
    def check_index(index: Any, size: int, describe: Any) -> None:
        """Nothing: looking at the positions would wait for the device. CuPy wraps those out of bounds."""

    def where(self, condition: Any, *choices: Any) -> Any:
        """CuPy's, also for a condition that is a plain bool."""
        library = self.library
        return library.where(library.asarray(condition) if condition.__class__ is bool else condition, *choices)

    def scatter_add(self, target: Any, index: Any, values: Any) -> None:
        """`target[index] += values`, counting duplicates, in place; by atomics, in no fixed order.

        Dtypes that have no atomics go by way of one that does: int64 by its bits, complex numbers by their parts, the
        narrow ones through a wider buffer.
        """
        name = target.dtype.name
        if name in ATOMIC:
            self._atomic_add(target, index, values)
        elif name == "int64":  # two's complement: the sums are the same
            self._atomic_add(target.view("uint64"), index, _as(values, "int64", "uint64"))
        elif target.dtype.kind == "c":
            self._atomic_add(target.real, index, values.real)
            self._atomic_add(target.imag, index, values.imag)
        else:
            wide = target.astype("float32" if target.dtype.kind in "fV" else "int32")
            self._atomic_add(wide, index, values)
            target[...] = wide.astype(target.dtype)


    def spmm(self, row: Any, column: Any, values: Any, dense: Any, rows: int) -> Any:
        """The matrix of `rows` rows with the values at (row, column) times a dense one, equal places counting.

        cuSPARSE multiplies by rows; it is told that the places are in order, since asking would wait for the device.
        """
        xp = self.library
        if values.dtype.char not in "fdFD" or not (values.size and dense.size and rows):
            found = xp.zeros((rows, dense.shape[1]), dtype=values.dtype)
            if found.size and values.size:
                self.scatter_add(found, (row,), values.reshape(-1, 1) * dense.take(column, 0))
            return found
        order = xp.argsort(row)
        starts = xp.searchsorted(row.take(order), xp.arange(rows + 1))
        parts = (values.take(order), column.take(order).astype("int32"), starts.astype("int32"))
        matrix = self._sparse().csr_matrix(parts, shape=(rows, dense.shape[0]))
        matrix.has_canonical_format = True
        return matrix @ dense

    def _sparse(self) -> Any:
        home = self._cupyx.scipy
        return getattr(home, "sparse", None) or importlib.import_module("cupyx.scipy.sparse")


def _as(values: Any, dtype: str, seen: str) -> Any:
    """Values in one dtype, their bits seen as another."""
    return values.astype(dtype, copy=False).view(seen) if hasattr(values, "dtype") else values


class Special:
    """The device's special functions. Those that it lacks (airy) are computed on the host, which waits for the numbers."""

    def __init__(self, library: Any, gpu: Gpu) -> None:
        self._library, self._gpu = library, gpu

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, name, None)
        if function is None:
            function = self._by_way_of_the_host(getattr(HOST.special, name))
        self.__dict__[name] = function
        return function

    def _by_way_of_the_host(self, function: Callable[..., Any]) -> Callable[..., Any]:
        gpu = self._gpu

        @functools.wraps(function)
        def there_and_back(*args: Any) -> Any:
            found = function(*[gpu.to_host(arg) if arg.__class__ is gpu.array else arg for arg in args])
            return tuple(map(gpu.asarray, found)) if isinstance(found, tuple) else gpu.asarray(found)

        return there_and_back


class Solvers:
    """The device's linear algebra, made to raise where it would return garbage (it then waits for the device)."""

    def __init__(self, library: Any, errstate: Callable[..., Any]) -> None:
        self._library, self._errstate = library, errstate

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._library, name)
        if isinstance(function, type):
            return function
        errstate = self._errstate

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            with errstate(linalg="raise"):
                return function(*args, **kwargs)

        self.__dict__[name] = checked
        return checked


class Placed(Backend):
    """A device's namespace with one of several GPUs current during each call, so that new arrays are made there."""

    name = "cuda"

    def __init__(self, gpu: Gpu, index: int) -> None:
        super().__init__()
        self.library, self.array = gpu, gpu.array
        self._place = gpu.library.cuda.Device(index)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.library, name)
        if not callable(value) or isinstance(value, type):
            return value
        place = self._place

        @functools.wraps(value)
        def placed(*args: Any, **kwargs: Any) -> Any:
            with place:
                return value(*args, **kwargs)

        self.__dict__[name] = placed
        return placed

    def device_of(self, array: Any) -> Device:
        """The device that the array lives on."""
        found: Device = self.library.device_of(array)
        return found
