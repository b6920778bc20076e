"""make_tensor: a tensor of uniform random numbers of any dtype and layout, for tests.

The bounds are brought to what the dtype can hold, the numbers drawn from the default stream as PyTorch draws them
(torch/testing/_creation.py), so that one seed gives one tensor in both libraries.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from .. import settings
from .._tensor import Tensor
from ..backend import dtype as dt
from ..create import empty
from ..create_random import randint
from ..ops.front import PUBLIC

__all__ = ["make_tensor"]

Number = int | float


def make_tensor(*shape: int | Sequence[int], dtype: dt.dtype, device: Any, low: Number | None = None,
                high: Number | None = None, requires_grad: bool = False, noncontiguous: bool = False,
                exclude_zero: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Numbers drawn uniformly from [low, high): [-9, 9) by default, [-9, 10) of integers, [0, 10) of unsigned ones.

    Args:
        shape: sizes, one by one or as one sequence.
        dtype: any; of bool both values are as likely.
        device: where to make it.
        low: the lower bound, brought into the range of the dtype; of integers rounded up.
        high: the bound above it, exclusive; likewise.
        requires_grad: for floating and complex dtypes.
        noncontiguous: every second number of a larger tensor, beginning with the second; fewer than two stay dense.
        exclude_zero: zeros become 1, or the smallest positive normal number.
        memory_format: of the result; not together with `noncontiguous`.

    Raises:
        ValueError: bounds that are NaN, not in order or out of the dtype's range; `requires_grad` of integers;
            `noncontiguous` with `memory_format`.
        TypeError: for what is no dtype.

    https://docs.pytorch.org/docs/stable/testing.html#torch.testing.make_tensor
    """
    if len(shape) == 1 and isinstance(shape[0], Sequence):
        shape = tuple(shape[0])
    sizes: tuple[Any, ...] = tuple(shape)
    if noncontiguous and memory_format is not None:
        raise ValueError("The parameters `noncontiguous` and `memory_format` are mutually exclusive, "
                         f"but got {noncontiguous=} and {memory_format=}")  # fmt: skip
    if not isinstance(dtype, dt.dtype):
        raise TypeError(f"The requested dtype '{dtype}' is not supported by torch.testing.make_tensor().")
    whole = not (dtype.is_floating_point or dtype.is_complex)
    if requires_grad and whole:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    noncontiguous = noncontiguous and math.prod(sizes) > 1
    if noncontiguous:
        sizes = (*sizes[:-1], 2 * sizes[-1])
    low, high = bounds(low, high, dtype)
    result: Any
    if whole:
        result = randint(low, high, sizes, device=device, dtype=dtype)
    else:
        result = empty(sizes, device=device, dtype=dtype)
        real = PUBLIC[""]["view_as_real"].function(result) if dtype.is_complex else result
        if high - low >= settings.finfo(dtype).max:  # wider than one draw may be
            real.uniform_(low / 2, high / 2).mul_(2)
        else:
            real.uniform_(low, high)
    if noncontiguous:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result == 0] = 1 if whole else settings.finfo(dtype).tiny
    if not whole:
        result.requires_grad = requires_grad
    found: Tensor = result
    return found


def bounds(low: Number | None, high: Number | None, dtype: dt.dtype) -> tuple[Any, Any]:
    """The bounds to draw between: the caller's or the dtype's own, brought into its range; whole for integers.

    Raises:
        ValueError: for NaN, for bounds not in order, for a range outside the dtype's.
    """
    least, most, usual = _range(dtype)
    low = usual[0] if low is None else low
    high = usual[1] if high is None else high
    whole = not (dtype.is_floating_point or dtype.is_complex)
    if any(isinstance(value, float) and math.isnan(value) for value in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and not whole:
        text = "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1"
        warnings.warn(f"{text} and will be removed in 2.3. Use `torch.full(...)` instead.", FutureWarning, stacklevel=3)
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < least or low >= most:
        raise ValueError(f"The value interval specified by `low` and `high` is [{low}, {high}), "
                         f"but {dtype} only supports [{least}, {most})")  # fmt: skip
    low, high = (min(max(value, least), most) for value in (low, high))
    return (math.ceil(low), math.ceil(high)) if whole else (low, high)


def _range(dtype: dt.dtype) -> tuple[Any, Any, tuple[int, int]]:
    """(lowest, highest, (usual low, usual high)); the highest of integers is one above what they hold."""
    if dtype.name == "bool":
        return 0, 2, (0, 2)
    if dtype.is_floating_point or dtype.is_complex:
        limits = settings.finfo(dtype)
        return limits.min, limits.max, (-9, 9)
    whole = settings.iinfo(dtype)
    return whole.min, whole.max + (dtype is not dt.int64), (-9, 10)  # randint's bounds are int64
