"""Ranges: arange, linspace, logspace, and the indices of triangles.

PyTorch's arguments, counts and dtypes: arange counts in int64 after truncation, else in float64 before it; linspace
walks from both ends so that it mirrors itself, to the last bit of PyTorch's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._tensor import Tensor
from ._tensor_arguments import as_dtype, as_int, as_number, finish, home, need_strided, out_dtype, wrap
from ._tensor_data import Array, convert, fitted
from .backend import dtype as dt
from .backend.stepping import evenly
from .tracked import Tracked

__all__ = ["arange", "linspace", "logspace", "tril_indices", "triu_indices"]


def arange(*bounds: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
           requires_grad: bool = False, pin_memory: bool = False, **named: Any) -> Tensor:  # fmt: skip
    """`arange(end)`, `arange(start, end)`, `arange(start, end, step)`: from start by step, end left out.

    int64 where all bounds are integers, else the default dtype.

    Raises:
        RuntimeError: a step of zero, or one that leads away from the end.
    """
    need_strided("arange", layout)
    start, end, step = _bounds(bounds, named)
    whole = start.__class__ is not float and end.__class__ is not float and step.__class__ is not float
    target = out_dtype("arange", out, as_dtype("arange", dtype), dt.int64 if whole else dt.default())
    kind = dt.of(target)
    if kind.category not in (dt.INTEGER, dt.FLOATING):
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{dt.SCALAR_TYPES[kind.name]}'")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
    if kind is dt.int64:  # PyTorch truncates before it counts; the other dtypes count first
        start, end, step = fitted(start, kind), fitted(end, kind), fitted(step, kind)
    if not step:
        raise RuntimeError("step must be nonzero")
    if (end < start) if step > 0 else (end > start):
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    xp = home(device)
    if kind is dt.int64:
        return finish(xp.arange(start, end, step, dtype=target), out, requires_grad)
    count = math.ceil((float(end) - float(start)) / float(step))
    if kind.category == dt.INTEGER:
        raw = (xp.arange(count, dtype=np.int64) * int(step) + int(start)).astype(target)
    else:
        raw = convert(xp.arange(count, dtype=np.float64) * float(step) + float(start), target)
    return finish(raw, out, requires_grad)


def _bounds(bounds: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    """Start, end and step of `arange` from its arguments.

    Raises:
        TypeError: for a wrong number of them, or one that is no number.
    """
    names = ("end",) if len(bounds) == 1 and "end" not in named else ("start", "end", "step")
    given = dict(zip(names, bounds)) | named
    spare = set(given) - {"start", "end", "step"} or set(named) & set(names[: len(bounds)])
    if len(bounds) > 3 or "end" not in given or spare:
        kinds = [*(type(value).__name__ for value in bounds), *(f"{k}={type(v).__name__}" for k, v in named.items())]
        raise TypeError(
            f"arange() received an invalid combination of arguments - got ({', '.join(kinds)}), but expected one of:\n"
            " * (Number end, *, ...)\n * (Number start, Number end, *, ...)\n"
            " * (Number start, Number end, Number step = 1, *, ...)"
        )
    found = []
    for name, default in (("start", 0), ("end", 0), ("step", 1)):
        value = given.get(name, default)
        if value.__class__ is not int:
            value = as_number("arange", name, names.index(name) + 1 if name in names else 1, value)
            if isinstance(value, complex):
                raise RuntimeError("value cannot be converted to type double without overflow")
        found.append(value)
    return found


def linspace(start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers at equal distances from start to end, both included."""
    need_strided("linspace", layout)
    points, target = _spaced("linspace", start, end, steps, out, dtype)
    return finish(home(device).asarray(convert(points, target)), out, requires_grad)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
             layout: Any = None, device: Any = None, requires_grad: bool = False,
             pin_memory: bool = False) -> Tensor:  # fmt: skip
    """`base` to the powers `linspace(start, end, steps)`."""
    need_strided("logspace", layout)
    points, target = _spaced("logspace", start, end, steps, out, dtype)
    with np.errstate(all="ignore"):
        wide = points.astype(np.complex128 if points.dtype.kind == "c" else np.float64)
        raw = np.power(wide.dtype.type(base), wide)
    return finish(home(device).asarray(convert(raw, target)), out, requires_grad)


def _spaced(function: str, start: Any, end: Any, steps: Any, out: Any, dtype: Any) -> tuple[Array, Any]:
    """Equally spaced points, counted from both ends so that they mirror each other, and the dtype they are to get."""
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, Tracked) and value._data.ndim:
            raise RuntimeError(f"{function} only supports 0-dimensional start and end tensors, but got {name} with "
                               f"{value._data.ndim} dimension(s).")  # fmt: skip
    first, last = as_number(function, "start", 1, start), as_number(function, "end", 2, end)
    count = as_int(function, "steps", 3, steps)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")
    given = as_dtype(function, dtype)
    fallback = dt.default().to_complex() if isinstance(first, complex) or isinstance(last, complex) else dt.default()
    if fallback.is_complex and given is not None and not given.is_complex:
        part = "double" if fallback is dt.complex128 else "float"
        raise RuntimeError(f"torch.{function}(): inferred dtype c10::complex<{part}> can't be safely cast to passed "
                           f"dtype {dt.SCALAR_TYPES[given.name]}")  # fmt: skip
    target = out_dtype(function, out, given, fallback)
    kind = dt.of(target)
    if kind is dt.bool_ and count > 1:
        raise NotImplementedError(f"\"{function}_cpu\" not implemented for 'Bool'")
    if kind.category == dt.INTEGER:
        first, last = fitted(first, kind), fitted(last, kind)
    if not kind.is_complex:
        straight = function == "linspace"
        working = kind.numpy if kind.is_floating_point and straight else np.float64
        return evenly(np, first, last, count, working, straight), target
    low, high = np.complex128(first), np.complex128(last)  # rounded once, at the end
    step = (high - low) / np.complex128(count - 1) if count > 1 else np.complex128(0)
    index = np.arange(count).astype(np.complex128)
    points = np.where(np.arange(count) < count // 2, low + step * index, high - step * index[::-1])
    return (points if count > 1 else np.full(count, low)), target


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = dt.int64, device: Any = None, layout: Any = None,
                 requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The indices of the lower triangle of a (row, col) matrix, row by row: (2, count)."""
    return _triangle("tril_indices", np.tril_indices, row, col, offset, dtype, device, layout)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = dt.int64, device: Any = None, layout: Any = None,
                 requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The indices of the upper triangle of a (row, col) matrix, row by row: (2, count)."""
    return _triangle("triu_indices", np.triu_indices, row, col, offset, dtype, device, layout)


def _triangle(function: str, indices: Callable[..., Any], row: Any, col: Any, offset: int, dtype: Any, device: Any,
              layout: Any) -> Tensor:  # fmt: skip
    need_strided(function, layout)
    for name, value, place in (("row", row, 1), ("col", col, 2)):
        if as_int(function, name, place, value) < 0:
            raise RuntimeError(f"{name} must be non-negative, got{value}")
    target = as_dtype(function, dtype) or dt.int64
    if target not in (dt.int32, dt.int64):
        raise NotImplementedError(f"\"{function}\" not implemented for '{dt.SCALAR_TYPES[target.name]}'")
    return wrap(home(device).asarray(np.stack(indices(row, offset, col)).astype(target.numpy)))
