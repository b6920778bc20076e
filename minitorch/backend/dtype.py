"""The dtypes of a tensor and PyTorch's promotion between them.

A `dtype` is PyTorch's public name for a number format; `.numpy` is the array library's own. Raw arrays carry NumPy
dtypes, so the two meet only at the edge of the public API: `of(array.dtype)` on the way out, `.numpy` on the way in.
Promotion follows https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc, not NumPy's table.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

BOOL, INTEGER, FLOATING, COMPLEX = range(4)


class dtype:
    """A number format: `float32`, `int64`, ... One object each, compared by identity."""

    __slots__ = ("_numpy", "category", "itemsize", "name", "short")

    def __init__(self, name: str, category: int, itemsize: int, short: str | None = None) -> None:
        self.name, self.category, self.itemsize, self.short = name, category, itemsize, short or name
        self._numpy: Any = None if name == "bfloat16" else np.dtype(name)

    @property
    def numpy(self) -> Any:
        """The array library's dtype. bfloat16 needs the package ml_dtypes."""
        if self._numpy is None:
            try:
                import ml_dtypes
            except ImportError:
                raise TypeError(
                    "bfloat16 needs the package ml_dtypes on a host: pip install 'minitorch-engine[bfloat16]'"
                ) from None
            self._numpy = np.dtype(ml_dtypes.bfloat16)
        return self._numpy

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        return self.category == COMPLEX

    @property
    def is_signed(self) -> bool:
        return self.category >= INTEGER and not self.name.startswith("uint")

    def to_real(self) -> dtype:
        """The format of the real part."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> dtype:
        """The complex format whose parts have this format (float16 and bfloat16 have none of their own).

        Raises:
            RuntimeError: for an integer format or bool.
        """
        if self.category < FLOATING:
            raise RuntimeError(f"Unknown Complex ScalarType for {SCALAR_TYPES[self.name]}")
        return {"float64": complex128, "complex128": complex128}.get(self.name, complex64)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return "bool_" if self.name == "bool" else self.name


float16 = dtype("float16", FLOATING, 2)
bfloat16 = dtype("bfloat16", FLOATING, 2)
float32 = dtype("float32", FLOATING, 4)
float64 = dtype("float64", FLOATING, 8)
complex64 = dtype("complex64", COMPLEX, 8)
complex128 = dtype("complex128", COMPLEX, 16)
int8 = dtype("int8", INTEGER, 1)
int16 = dtype("int16", INTEGER, 2)
int32 = dtype("int32", INTEGER, 4)
int64 = dtype("int64", INTEGER, 8)
uint8 = dtype("uint8", INTEGER, 1)
uint16 = dtype("uint16", INTEGER, 2)
uint32 = dtype("uint32", INTEGER, 4)
uint64 = dtype("uint64", INTEGER, 8)
bool_ = dtype("bool", BOOL, 1)

ALL = (float16, bfloat16, float32, float64, complex64, complex128, int8, int16, int32, int64, uint8, uint16, uint32,
       uint64, bool_)  # fmt: skip
#: PyTorch's other names for the same objects.
ALIASES = {"half": float16, "float": float32, "double": float64, "cfloat": complex64, "cdouble": complex128,
           "short": int16, "int": int32, "long": int64}  # fmt: skip
#: What messages call a dtype (c10::ScalarType).
SCALAR_TYPES = {"float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double",
                "complex64": "ComplexFloat", "complex128": "ComplexDouble", "int8": "Char", "int16": "Short",
                "int32": "Int", "int64": "Long", "uint8": "Byte", "uint16": "UInt16", "uint32": "UInt32",
                "uint64": "UInt64", "bool": "Bool"}  # fmt: skip
#: What PyTorch promotes to a floating format only.
_WIDE_UNSIGNED = frozenset((uint16, uint32, uint64))
_BY_NAME = {d.name: d for d in ALL}
_known: dict[Any, dtype] = {d._numpy: d for d in ALL if d._numpy is not None}


def of(raw: Any) -> dtype:
    """The public dtype of a raw array's dtype.

    Raises:
        TypeError: for a format that tensors do not have (strings, objects, dates).
    """
    try:
        return _known[raw]
    except KeyError:
        found = _BY_NAME.get(np.dtype(raw).name)
        if found is None:
            raise TypeError(
                f"can't convert np.ndarray of type {np.dtype(raw)}. The only supported types are: float64, float32, "
                "float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
            ) from None
        _known[raw] = found
        return found


def scalar_type(raw: Any) -> str:
    """The name that PyTorch's messages give a raw dtype: `Float`, `Long`, ..."""
    return SCALAR_TYPES[of(raw).name]


@functools.cache
def promote_types(one: dtype, other: dtype) -> dtype:
    """The smallest dtype that both convert to by PyTorch's table.

    Raises:
        RuntimeError: for uint16, uint32 or uint64 beside anything but itself and the floating formats.
    """
    if one is other:
        return one
    low, high = sorted((one, other), key=lambda d: d.category)
    if (one in _WIDE_UNSIGNED or other in _WIDE_UNSIGNED) and high.category != FLOATING:
        raise RuntimeError(f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                           f"{SCALAR_TYPES[one.name]} and {SCALAR_TYPES[other.name]}")  # fmt: skip
    if low.category != high.category:
        if high.category == COMPLEX and low.category == FLOATING:
            return low.to_complex() if low.itemsize > high.itemsize // 2 else high
        return high
    if bfloat16 in (one, other):
        other = one if other is bfloat16 else other
        return float32 if other is float16 else other
    return of(np.promote_types(one.numpy, other.numpy))


_default = [float32]


def default() -> dtype:
    """The dtype of a Python float (`get_default_dtype`)."""
    return _default[0]


def set_default(d: dtype) -> None:
    """Make `d` the dtype of Python floats (`set_default_dtype`)."""
    if not isinstance(d, dtype):
        raise TypeError(f"invalid dtype object: only floating-point types are supported as the default type, got {d!r}")
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default[0] = d


def of_number(value: Any) -> dtype:
    """The dtype that a Python (or NumPy) number takes by itself."""
    kind = value.__class__
    if kind is bool:
        return bool_
    if kind is int:
        return int64
    if kind is float:
        return default()
    if kind is complex:
        return default().to_complex()
    return of(np.asarray(value).dtype)


def category_of(value: Any) -> int:
    """BOOL, INTEGER, FLOATING or COMPLEX of a Python number."""
    return 0 if isinstance(value, bool | np.bool_) else 1 if isinstance(value, int | np.integer) else (
        2 if isinstance(value, float | np.floating) else 3)  # fmt: skip
