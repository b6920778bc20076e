"""An array on the device: it wraps a NumPy array that nothing outside this folder reaches, and refuses what CuPy refuses."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import numpy as np

from .waiting import wait

#: What the real package has (snapshot.py): its functions and methods by their parameters, its ufuncs by their dtypes.
API: dict[str, Any] = json.loads(Path(__file__).with_name("api.json").read_text(encoding="utf-8"))
DEVICES = 2
CURRENT = [0]
#: The package itself, `cupy`, once it is there.
PACKAGE: list[Any] = []


# ---- in and out ----------------------------------------------------------------------------------------------------
def on_host(value):
    """An operand as NumPy sees it. Host arrays and lists of numbers are refused, other devices too."""
    if isinstance(value, ndarray):
        if value._id != CURRENT[0]:
            raise ValueError(f"Array device must be same as the current device: array device = {value._id} while "
                             f"current = {CURRENT[0]}")  # fmt: skip
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        if isinstance(value, list) and any(isinstance(item, (float, complex)) for item in value):
            raise TypeError("Unsupported type <class 'list'>")
        return type(value)(map(on_host, value))
    if hasattr(value, "_data"):
        raise TypeError(f"Unsupported type {type(value)}")
    return value


def give(value, *sources):
    """A NumPy result as the device's: 0-d arrays for scalars, views that know their base."""
    if isinstance(value, (np.ndarray, np.generic)):
        found = ndarray(value if isinstance(value, np.ndarray) else np.asarray(value))
        for source in sources:
            if isinstance(source, ndarray) and np.may_share_memory(found._host, source._host):
                found._base, found._id = source if source._base is None else source._base, source._id
        return found
    if isinstance(value, (tuple, list)):
        return tuple(give(item, *sources) for item in value)
    return value


def check(name, parameters, args, kwargs):
    if parameters is None:
        return
    listed = parameters.split()
    extra = set() if "**" in listed else set(kwargs) - set(listed)
    if extra or ("*" not in listed and len(args) > len(listed)):
        raise TypeError(f"{name}() got unexpected arguments: {len(args)} by position, {sorted(kwargs)} by name")


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
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, host):
        self._host, self._base, self._id = host, None, CURRENT[0]

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
    device = property(lambda self: PACKAGE[0].cuda.Device(self._id))
    data = property(lambda self: types.SimpleNamespace(ptr=self._host.__array_interface__["data"][0]))
    T = property(lambda self: give(self._host.T, self))
    mT = property(lambda self: give(self._host.mT, self))
    real = property(lambda self: give(self._host.real, self))
    imag = property(lambda self: give(self._host.imag, self))

    # what makes the host wait
    def get(self, stream=None, order="C", out=None, blocking=True):
        wait("get")
        return self._host.copy(order)

    def item(self):
        wait("item")
        return self._host.item()

    def tolist(self):
        wait("tolist")
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
        wait("repr")
        return repr(self._host)

    def __reduce__(self):
        return _unpickled, (self.get(),)

    def nonzero(self):
        wait("nonzero")
        return give(self._host.nonzero())

    # what it refuses
    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy "
                        "array explicitly.")  # fmt: skip

    def __array_function__(self, function, *_):
        raise TypeError(f"numpy.{function.__name__} was called on a device array: call xp.{function.__name__}")

    def __array_ufunc__(self, function, method, *inputs, **kwargs):
        if method != "__call__" or any(isinstance(x, np.ndarray) for x in inputs):
            raise TypeError(f"Unsupported type <class 'numpy.ndarray'> (numpy.{function.__name__} on a device array)")
        return getattr(PACKAGE[0], function.__name__)(*inputs, **kwargs)

    def __getattr__(self, name):
        if name not in API["methods"]:
            raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")
        method = getattr(self._host, name)

        def call(*args, **kwargs):
            check(f"ndarray.{name}", API["methods"][name], args, kwargs)
            if name == "compress" or (name == "repeat" and isinstance(args[0], ndarray)):
                wait(name)
            opened = {key: on_host(value) for key, value in kwargs.items() if not (key == "casting" and value is None)}
            with np.errstate(all="ignore"):
                return give(method(*map(on_host, args), **opened), self)

        return call

    def copy(self, order="C"):
        return give(self._host.copy(order))

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
            wait("a mask as index")
        found = self._host[opened]
        if not isinstance(found, np.ndarray):  # NumPy copies a number out where CuPy gives a view
            found = self._host[(*opened, ...)]
        return give(found, self)

    def __setitem__(self, key, value):
        opened = self._key(key)
        arrays = [part for part in opened if isinstance(part, np.ndarray)]
        if any(part.dtype == bool for part in arrays):
            wait("a mask as index of an assignment")
        elif arrays:
            times = np.zeros(self.shape, np.intp)
            np.add.at(times, opened, 1)
            if times.size and times.max() > 1:
                raise DuplicatePositions("duplicate positions in an assignment: on a device nobody knows which one wins")
        with np.errstate(all="ignore"):
            self._host[opened] = on_host(value)


def _unpickled(host):
    return PACKAGE[0].asarray(host)


def _defers(mine, other):
    """Whether Python's operator should be left to the other operand, as CuPy decides it."""
    if isinstance(other, ndarray):
        return False
    if hasattr(other, "__array_ufunc__") and other.__array_ufunc__ is None:
        return True
    return getattr(other, "__array_priority__", 0) > mine.__array_priority__


def equip(package):
    """Python's operators of an array, by the package's functions."""
    PACKAGE[:] = [package]
    names = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
             "mod": "remainder", "pow": "power", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
             "lshift": "left_shift", "rshift": "right_shift", "matmul": "matmul", "lt": "less", "le": "less_equal",
             "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"}  # fmt: skip

    def two(name):
        def forward(self, other):
            return NotImplemented if _defers(self, other) else getattr(package, name)(self, other)

        def backward(self, other):
            return getattr(package, name)(other, self)

        def inplace(self, other):
            return getattr(package, name)(self, other, out=self)

        return forward, backward, inplace

    for dunder, name in names.items():
        forward, backward, inplace = two(name)
        setattr(ndarray, f"__{dunder}__", forward)
        if dunder not in ("lt", "le", "gt", "ge", "eq", "ne"):
            setattr(ndarray, f"__r{dunder}__", backward)
            if dunder != "matmul":
                setattr(ndarray, f"__i{dunder}__", inplace)
    for dunder, name in {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}.items():
        setattr(ndarray, f"__{dunder}__", lambda self, name=name: getattr(package, name)(self))
