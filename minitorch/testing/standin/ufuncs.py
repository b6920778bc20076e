"""CuPy's ufuncs over the host's: their own dtype loops, and nothing that they lack."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import API, give, ndarray, on_host
from .waiting import wait

try:
    from ml_dtypes import bfloat16

    BFLOAT16: Any = np.dtype(bfloat16)
except ImportError:  # the extra `bfloat16`
    BFLOAT16 = None


class Ufunc:
    """A CuPy ufunc: its own dtype loops, no `where=`, `at` and `reduce` only where CuPy has them."""

    def __init__(self, name, function, loops):
        self.name = self.__name__ = name
        self._function = function
        self._loops = [tuple(side for side in loop.split("->")) for loop in loops.split()]

    def _results(self, operands):
        """The dtypes that CuPy would give."""
        kinds: list[Any] = [None if type(x) in (int, float, complex) else x.dtype if hasattr(x, "dtype") else np.dtype(type(x))
                 for x in operands]  # fmt: skip
        if None in kinds:
            common = np.result_type(*(x if kind is None else kind for x, kind in zip(operands, kinds)))
            kinds = [common if kind is None else kind for kind in kinds]
        for takes, gives in self._loops:
            if "E" in takes + gives and BFLOAT16 is None:
                continue
            wanted = [BFLOAT16 if letter == "E" else np.dtype(letter) for letter in takes]
            if len(wanted) == len(kinds) and all(np.can_cast(kind, want) for kind, want in zip(kinds, wanted, strict=True)):
                return [BFLOAT16 if letter == "E" else np.dtype(letter) for letter in gives]
        raise TypeError(f"No loop matching the specified signature was found for cupy.{self.name}: {kinds}")

    def __call__(self, *args, out=None, dtype=None, casting="same_kind", **bad):
        if bad:
            raise TypeError(f"Wrong arguments {set(bad)}")
        operands = [on_host(x) for x in args]
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
        return give(tuple(given) if isinstance(result, tuple) else given[0])

    def at(self, target, index, values=None):
        if self.name not in API["at"].split():
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        scatter(self._function, target, index, values)

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        if self.name not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        return give(self._function.reduce(on_host(array), axis=axis, dtype=dtype, keepdims=keepdims))


def scatter(function, target, index, values):
    """`cupyx.scatter_add` and the like: atomics exist for these dtypes only."""
    key = target._key(index)
    advanced = any(isinstance(part, np.ndarray) for part in key)
    if advanced and target.dtype.name not in ("float16", "float32", "float64", "int32", "uint32", "uint64"):
        raise TypeError("scatter_add only supports int32, float16, float32, float64, uint32, uint64, as data type")
    if any(isinstance(part, np.ndarray) and part.dtype == bool for part in key):
        wait("scatter to a mask")
    values = on_host(values)
    function.at(target._host, key, values.astype(target.dtype) if hasattr(values, "dtype") else values)
