"""Limits: what each dtype can hold when a random number is put into it.

PyTorch's names of the dtypes in messages, rounding as a C++ cast rounds, and the settling of random_'s bounds: a bound
that the dtype cannot represent is moved inwards to one that it can (ATen/native/DistributionTemplates.h).
"""

import functools
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

Array = np.ndarray[Any, Any]

INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1

DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
SCALAR_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long",
    "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64", "float16": "Half", "bfloat16": "BFloat16",
    "float32": "Float", "float64": "Double", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
C_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "int32": "int",
    "int64": "long int", "uint16": "short unsigned int", "uint32": "unsigned int", "uint64": "long unsigned int",
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
}  # fmt: skip
#: What is said of a number that does not fit: the names of C's types of fixed width.
C_TYPES = C_NAMES | {"uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int64": "int64_t", "uint16": "uint16_t",
                     "uint32": "uint32_t", "uint64": "uint64_t"}  # fmt: skip


def refuse_number(name: str) -> None:
    """Refuse a number that a C type of this name cannot hold.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    raise RuntimeError(f"value cannot be converted to type {name} without overflow")


def quiet() -> np.errstate:
    """A fresh context in which NumPy reports no floating-point flag; the user's own settings are restored after it."""
    return np.errstate(all="ignore")


def cast(values: Array, dtype: npt.DTypeLike) -> Array:
    """Round to `dtype` as C++ does: a narrow float is reached through float32."""
    target = np.dtype(dtype)
    if values.dtype == target:
        return values
    with quiet():
        if target.itemsize == 2 and target.name in DIGITS:
            values = values.astype(np.float32, copy=False)
        return values.astype(target, copy=False)


@functools.cache
def largest_of(target: np.dtype[Any]) -> float:
    """The largest finite number of a floating dtype."""
    if target.name == "bfloat16":
        return (2.0 - 2.0**-7) * 2.0**127
    return float(np.finfo(target).max)


def _through(value: int, target: np.dtype[Any]) -> int:
    """An int64 sent through a floating dtype and back, as C++ casts do it."""
    there = float(cast(np.array(value, np.int64), target))
    return int(there) if -(2.0**63) <= there < 2.0**63 else INT64_MIN


def integer_range(target: np.dtype[Any], low: int, high: int | None) -> tuple[int, int]:
    """First value and number of values of random_(low, high), settled and checked as `random_from_to_impl` does."""
    digits = DIGITS.get(target.name)
    if high is not None:
        if low >= high:
            raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
        if digits is not None:
            rounded = _through(low + 1, target)
            if rounded < low:
                low = rounded + (1 << max(abs(low + 1).bit_length() - digits, 0))
            rounded = _through(high - 1, target)
            if rounded >= high:
                high = rounded - (1 << max(abs(high - 1).bit_length() - digits, 0))
            if low >= high:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
                    f"but got from={low} >= to={high}"
                )
        last, name = high - 1, "to - 1"
    else:
        if digits is not None:
            last = 1 << digits
            rounded = _through(low + 1, target)
            if rounded < low:
                low = rounded + (1 << max(abs(low + 1).bit_length() - digits, 0))
        elif target.kind in "iub":
            last = 1 if target.kind == "b" else int(np.iinfo(target).max)
        else:
            raise RuntimeError("random_from_to_impl handles only integral, floating-point and boolean types")
        name = "to - 1"
    if target.kind in "iub":
        info = None if target.kind == "b" else np.iinfo(target)
        smallest, largest = (0, 1) if info is None else (int(info.min), min(int(info.max), INT64_MAX))
    elif digits is not None:
        largest = int(largest_of(target))
        smallest = -largest
    else:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    for value, label in ((low, "from"), (last, name)):
        if not smallest <= value <= largest:
            raise RuntimeError(f"{label} is out of bounds for {C_NAMES[target.name]}")
        if digits is not None and abs(value) > 1 << digits:
            warnings.warn(
                f"{label} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations "
                f"{C_NAMES[target.name]} can support discrete uniform distribution only within this range. ",
                UserWarning,
                stacklevel=4,
            )
    return low, last - low + 1
