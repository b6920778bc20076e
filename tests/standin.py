"""A strict CPU stand-in for CuPy: it refuses what CuPy refuses, and counts when the host would wait for the device.

An array wraps a NumPy array that nothing outside this file reaches. Functions, parameters and ufunc dtypes are those of
the real package (standin_api.json). Where CuPy is lenient and wrong code would go unnoticed, this is stricter: NumPy
arrays and lists are refused everywhere but at `asarray`, `empty` holds NaN, an assignment with duplicate positions
raises. `waits()` collects the synchronisations; `standin_backend()` is the namespace that minitorch works on.
"""

import contextlib
import json
import sys
import types
from pathlib import Path

import numpy as np
import scipy.sparse
import scipy.special

API = json.loads(Path(__file__).with_name("standin_api.json").read_text())
DEVICES = 2
KINDS = "?bhilqBHILQefdFD"
#: Files whose lines say nothing of why somebody waits.
THROUGH = ("standin.py", "gpu.py", "_tensor_numpy.py")
#: What the host has waited for since the process started: "get at minitorch/ops/edge.py:12".
WAITS: list[str] = []
_current = [0]
_linalg = ["ignore"]


def _wait(what):
    frame = sys._getframe(1)
    while frame.f_back is not None and Path(frame.f_code.co_filename).name in THROUGH:
        frame = frame.f_back
    WAITS.append(f"{what} at {frame.f_code.co_filename}:{frame.f_lineno}")


@contextlib.contextmanager
def waits():
    """The host synchronisations of the block, as a list that fills up."""
    start = len(WAITS)
    seen = []
    try:
        yield seen
    finally:
        seen.extend(WAITS[start:])


# ---- in and out ----------------------------------------------------------------------------------------------------
def _open(value):
    """An operand as NumPy sees it. Host arrays and lists of numbers are refused, other devices too."""
    if isinstance(value, ndarray):
        if value._id != _current[0]:
            raise ValueError(f"Array device must be same as the current device: array device = {value._id} while "
                             f"current = {_current[0]}")  # fmt: skip
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        if isinstance(value, list) and any(isinstance(item, (float, complex)) for item in value):
            raise TypeError("Unsupported type <class 'list'>")
        return type(value)(map(_open, value))
    if hasattr(value, "_data"):
        raise TypeError(f"Unsupported type {type(value)}")
    return value


def _give(value, *sources):
    """A NumPy result as the device's: 0-d arrays for scalars, views that know their base."""
    if isinstance(value, (np.ndarray, np.generic)):
        found = ndarray(value if isinstance(value, np.ndarray) else np.asarray(value))
        for source in sources:
            if isinstance(source, ndarray) and np.may_share_memory(found._host, source._host):
                found._base, found._id = source if source._base is None else source._base, source._id
        return found
    if isinstance(value, (tuple, list)):
        return tuple(_give(item, *sources) for item in value)
    return value


def _checked(name, parameters, args, kwargs):
    if parameters is None:
        return
    listed = parameters.split()
    extra = set() if "**" in listed else set(kwargs) - set(listed)
    if extra or ("*" not in listed and len(args) > len(listed)):
        raise TypeError(f"{name}() got unexpected arguments: {len(args)} by position, {sorted(kwargs)} by name")


# ---- ufuncs --------------------------------------------------------------------------------------------------------
class Ufunc:
    """A CuPy ufunc: its own dtype loops, no `where=`, `at` and `reduce` only where CuPy has them."""

    def __init__(self, name, function, loops):
        self.name = self.__name__ = name
        self._function = function
        self._loops = [tuple(side for side in loop.split("->")) for loop in loops.split()]

    def _results(self, operands):
        """The dtypes that CuPy would give."""
        from ml_dtypes import bfloat16

        kinds = [None if type(x) in (int, float, complex) else x.dtype if hasattr(x, "dtype") else np.dtype(type(x))
                 for x in operands]  # fmt: skip
        if None in kinds:
            common = np.result_type(*(x if kind is None else kind for x, kind in zip(operands, kinds)))
            kinds = [common if kind is None else kind for kind in kinds]
        for takes, gives in self._loops:
            wanted = [bfloat16 if letter == "E" else letter for letter in takes]
            if len(wanted) == len(kinds) and all(map(np.can_cast, kinds, wanted)):
                return [np.dtype(bfloat16 if letter == "E" else letter) for letter in gives]
        raise TypeError(f"No loop matching the specified signature was found for cupy.{self.name}: {kinds}")

    def __call__(self, *args, out=None, dtype=None, casting="same_kind", **bad):
        if bad:
            raise TypeError(f"Wrong arguments {set(bad)}")
        operands = [_open(x) for x in args]
        if any(isinstance(x, (list, tuple, str)) or x is None for x in operands):
            raise TypeError(f"Unsupported type {[type(x) for x in operands]}")
        kinds = self._results(operands) if dtype is None else [np.dtype(dtype)]
        with np.errstate(all="ignore"):
            if out is not None:
                target = out[0] if isinstance(out, tuple) else out
                if not isinstance(target, ndarray):
                    raise TypeError(f"out must be a device array, not {type(target)}")
                if not np.can_cast(kinds[0], target.dtype, casting):
                    raise TypeError(f"output (typecode '{kinds[0].char}') could not be coerced to provided output")
                target._host[...] = self._function(*operands)
                return target
            result = self._function(*operands)
            several = result if isinstance(result, tuple) else (result,)
            given = [np.asarray(r).astype(kind, copy=False) for r, kind in zip(several, kinds, strict=True)]
        return _give(tuple(given) if isinstance(result, tuple) else given[0])

    def at(self, target, index, values=None):
        if self.name not in API["at"].split():
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        _scatter(self._function, target, index, values)

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        return _give(self._function.reduce(_open(array), axis=axis, dtype=dtype, keepdims=keepdims))


def _scatter(function, target, index, values):
    """`cupyx.scatter_add` and the like: atomics exist for these dtypes only."""
    key = target._key(index)
    advanced = any(isinstance(part, np.ndarray) for part in key)
    if advanced and target.dtype.name not in ("float16", "float32", "float64", "int32", "uint32", "uint64"):
        raise TypeError("scatter_add only supports int32, float16, float32, float64, uint32, uint64, as data type")
    if any(isinstance(part, np.ndarray) and part.dtype == bool for part in key):
        _wait("scatter to a mask")
    values = _open(values)
    function.at(target._host, key, values.astype(target.dtype) if hasattr(values, "dtype") else values)


# ---- arrays --------------------------------------------------------------------------------------------------------
class Flags:
    """CuPy's flags: contiguity and ownership; nothing is ever read-only."""

    def __init__(self, array):
        flags = array._host.flags
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, array._base is None

    def __getitem__(self, name):
        return getattr(self, name.lower())


class DuplicatePositions(AssertionError):
    """Two writes to one place in one assignment."""


class ndarray:
    """An array on the device."""

    __slots__ = ("_base", "_host", "_id")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, host):
        self._host, self._base, self._id = host, None, _current[0]

    # what it says of itself without asking the device
    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    strides = property(lambda self: self._host.strides)
    base = property(lambda self: self._base)
    flags = property(Flags)
    device = property(lambda self: Device(self._id))
    data = property(lambda self: types.SimpleNamespace(ptr=self._host.__array_interface__["data"][0]))
    T = property(lambda self: _give(self._host.T, self))
    mT = property(lambda self: _give(self._host.mT, self))
    real = property(lambda self: _give(self._host.real, self))
    imag = property(lambda self: _give(self._host.imag, self))

    # what makes the host wait
    def get(self, stream=None, order="C", out=None, blocking=True):
        _wait("get")
        return self._host.copy(order)

    def item(self):
        _wait("item")
        return self._host.item()

    def tolist(self):
        _wait("tolist")
        return self._host.tolist()

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __complex__(self):
        return complex(self.item())

    def __bool__(self):
        return bool(self.item())

    def __repr__(self):
        _wait("repr")
        return repr(self._host)

    def __reduce__(self):
        return _unpickled, (self.get(),)

    def nonzero(self):
        _wait("nonzero")
        return _give(self._host.nonzero())

    # what it refuses
    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy "
                        "array explicitly.")  # fmt: skip

    def __array_function__(self, function, *_):
        raise TypeError(f"numpy.{function.__name__} was called on a device array: call xp.{function.__name__}")

    def __array_ufunc__(self, function, method, *inputs, **kwargs):
        if method != "__call__" or any(isinstance(x, np.ndarray) for x in inputs):
            raise TypeError(f"Unsupported type <class 'numpy.ndarray'> (numpy.{function.__name__} on a device array)")
        return getattr(cupy, function.__name__)(*inputs, **kwargs)

    def __getattr__(self, name):
        if name not in API["methods"]:
            raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")
        method = getattr(self._host, name)

        def call(*args, **kwargs):
            _checked(f"ndarray.{name}", API["methods"][name], args, kwargs)
            if name == "compress" or (name == "repeat" and isinstance(args[0], ndarray)):
                _wait(name)
            opened = {key: _open(value) for key, value in kwargs.items() if not (key == "casting" and value is None)}
            with np.errstate(all="ignore"):
                return _give(method(*map(_open, args), **opened), self)

        return call

    def copy(self, order="C"):
        return _give(self._host.copy(order))

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    # indexing
    def _key(self, key):
        """An index with device arrays opened. A list or a host array would be copied to the device each time."""
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, (list, tuple, np.ndarray, float)) for part in parts):
            raise TypeError(f"an index on the host: {[type(part).__name__ for part in parts]}")
        return tuple(part._host if isinstance(part, ndarray) else part for part in parts)

    def __getitem__(self, key):
        opened = self._key(key)
        if any(isinstance(part, np.ndarray) and part.dtype == bool for part in opened):
            _wait("a mask as index")
        found = self._host[opened]
        if not isinstance(found, np.ndarray):  # NumPy copies a number out where CuPy gives a view
            found = self._host[(*opened, ...)]
        return _give(found, self)

    def __setitem__(self, key, value):
        opened = self._key(key)
        arrays = [part for part in opened if isinstance(part, np.ndarray)]
        if any(part.dtype == bool for part in arrays):
            _wait("a mask as index of an assignment")
        elif arrays:
            times = np.zeros(self.shape, np.intp)
            np.add.at(times, opened, 1)
            if times.size and times.max() > 1:
                raise DuplicatePositions("duplicate positions in an assignment: on a device nobody knows which one wins")
        with np.errstate(all="ignore"):
            self._host[opened] = _open(value)


def _unpickled(host):
    return asarray(host)


def _defers(mine, other):
    """Whether Python's operator should be left to the other operand, as CuPy decides it."""
    if isinstance(other, ndarray):
        return False
    if hasattr(other, "__array_ufunc__") and other.__array_ufunc__ is None:
        return True
    return getattr(other, "__array_priority__", 0) > mine.__array_priority__


def _operators():
    names = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
             "mod": "remainder", "pow": "power", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
             "lshift": "left_shift", "rshift": "right_shift", "matmul": "matmul", "lt": "less", "le": "less_equal",
             "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}  # fmt: skip

    def two(name):
        def forward(self, other):
            return NotImplemented if _defers(self, other) else getattr(cupy, name)(self, other)

        def backward(self, other):
            return getattr(cupy, name)(other, self)

        def inplace(self, other):
            return getattr(cupy, name)(self, other, out=self)

        return forward, backward, inplace

    for dunder, name in names.items():
        forward, backward, inplace = two(name)
        setattr(ndarray, f"__{dunder}__", forward)
        if dunder not in ("lt", "le", "gt", "ge", "eq", "ne"):
            setattr(ndarray, f"__r{dunder}__", backward)
            if dunder != "matmul":
                setattr(ndarray, f"__i{dunder}__", inplace)
    for dunder, name in {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}.items():
        setattr(ndarray, f"__{dunder}__", lambda self, name=name: getattr(cupy, name)(self))


# ---- modules -------------------------------------------------------------------------------------------------------
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
            _checked(where, parameters, args, kwargs)
            if name in WAITING or (name == "where" and len(args) == 1) or (
                    name == "repeat" and isinstance(args[1], ndarray)):  # fmt: skip
                _wait(where)
            if name == "where" and not isinstance(args[0], ndarray):
                raise AttributeError(f"{type(args[0]).__name__!r} object has no attribute 'astype'")
            opened = {key: _open(value) for key, value in kwargs.items()}
            if solver and _linalg[0] == "raise":
                _wait(f"{where} checking for errors")
            try:
                with np.errstate(all="ignore"):
                    result = function(*map(_open, args), **opened)
            except np.linalg.LinAlgError:
                assert _linalg[0] == "raise", f"{where} gives garbage here: only errstate(linalg='raise') notices"
                raise
            return _give(result, *args)

        call.__name__ = name
        return call


def _to_device(name, function):
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


def _garbage(function):
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
        self.id = _current[0] if device is None else int(device)

    def __int__(self):
        return self.id

    def use(self):
        if self.id >= DEVICES:
            raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        _current[0] = self.id

    def __enter__(self):
        self._before = _current[0]
        self.use()

    def __exit__(self, *_):
        _current[0] = self._before

    def synchronize(self):
        _wait("Device.synchronize")

    compute_capability = "90"
    mem_info = (1 << 30, 1 << 31)


@contextlib.contextmanager
def _errstate(*, linalg=None):
    before, _linalg[0] = _linalg[0], linalg or _linalg[0]
    try:
        yield
    finally:
        _linalg[0] = before


def _assemble():
    made = Module("cupy", np, API["functions"], API["loops"], API["values"])
    made.__version__ = API["version"]
    made.ndarray = ndarray
    for name in ("asarray", "array", "ascontiguousarray"):
        if name != "ascontiguousarray":
            setattr(made, name, _to_device(name, getattr(np, name)))
    made.asnumpy = lambda array: array.get()
    made.broadcast = lambda *arrays: types.SimpleNamespace(shape=np.broadcast_shapes(*(a.shape for a in arrays)))
    made.empty, made.empty_like = _garbage(made.empty), _garbage(made.empty_like)
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
            getDevice=lambda: _current[0],
            getDeviceProperties=lambda index: {"name": b"stand-in", "totalGlobalMem": 1 << 31, "multiProcessorCount": 1,
                                               "major": 9, "minor": 0},
        ),
    )  # fmt: skip
    return made


class CsrMatrix:
    """`cupyx.scipy.sparse.csr_matrix` of (values, columns, starts of the rows), as far as a product with a dense matrix.

    cuSPARSE takes floating and complex values. Other positions than int32 are looked at, and so is the order of those in
    a row unless `has_canonical_format` is set: either makes the host wait.
    """

    has_canonical_format = False

    def __init__(self, parts, shape=None, dtype=None, copy=False):
        data, columns, starts = parts
        if any(not isinstance(part, ndarray) or part.ndim != 1 for part in parts):
            raise ValueError("data, indices, and indptr should be 1-D")
        if data.dtype.char not in "?fdFD":
            raise ValueError("Only bool, float32, float64, complex64 and complex128 are supported")
        if len(data) != len(columns) or len(starts) != shape[0] + 1:
            raise ValueError("indices and data should have the same size, and index pointers one more than the rows")
        if columns.dtype != np.int32 or starts.dtype != np.int32:
            _wait("csr_matrix looking at its positions")
        self._parts, self.shape, self.nnz = parts, shape, data.size

    def __matmul__(self, other):
        if not isinstance(other, ndarray) or other.ndim != 2 or other.shape[0] != self.shape[1]:
            raise ValueError("dimension mismatch")
        if other.dtype != self._parts[0].dtype:
            raise TypeError("cuSPARSE takes operands of one dtype")
        assert self.nnz and other.size and self.shape[0], "cuSPARSE is not asked for an empty product"
        if not self.has_canonical_format:
            _wait("csr_matrix looking for duplicates")
        product = scipy.sparse.csr_array(tuple(part._host for part in self._parts), shape=self.shape) @ other._host
        return _give(np.asfortranarray(product))


cupy = _assemble()
asarray = cupy.asarray
_operators()
cupyx = types.ModuleType("cupyx")
cupyx.errstate = _errstate
cupyx.scatter_add = lambda target, index, values: _scatter(np.add, target, index, values)
cupyx.scatter_max = lambda target, index, values: _scatter(np.maximum, target, index, values)
cupyx.scatter_min = lambda target, index, values: _scatter(np.minimum, target, index, values)
cupyx.scipy = types.ModuleType("cupyx.scipy")
cupyx.scipy.sparse = types.ModuleType("cupyx.scipy.sparse")
cupyx.scipy.sparse.csr_matrix = CsrMatrix
cupyx.scipy.special = Module("cupyx.scipy.special", scipy.special, API["special"], API["special_loops"])


def modules():
    """What to put into sys.modules so that `import cupy` finds the stand-in."""
    return {"cupy": cupy, "cupyx": cupyx, "cupyx.scipy": cupyx.scipy, "cupyx.scipy.special": cupyx.scipy.special,
            "cupyx.scipy.sparse": cupyx.scipy.sparse}  # fmt: skip


def standin_backend():
    """The device's namespace over the stand-in."""
    from minitorch.backend.gpu import Gpu

    return Gpu(cupy, cupyx, cupyx.scipy.special)
