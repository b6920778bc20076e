"""Process-wide settings and questions: default dtype and device, dtype limits, promotion, threads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import dtype as dt
from .backend import namespace
from .backend.device import Device
from .ops.promotion import common_dtype
from .tracked import Tracked

__all__ = ["can_cast", "finfo", "get_default_device", "get_default_dtype", "iinfo", "is_complex",
           "is_floating_point", "is_tensor", "numel", "promote_types", "result_type", "set_default_device",
           "set_default_dtype", "typename"]  # fmt: skip


def get_default_dtype() -> dt.dtype:
    """The dtype of Python floats."""
    return dt.default()


def set_default_dtype(d: dt.dtype, /) -> None:
    """Make `d` the dtype of Python floats.

    Raises:
        TypeError: for a dtype that is not floating-point.
    """
    dt.set_default(d)


def get_default_device() -> Device:
    """Where tensors are made when no device is named."""
    return namespace.default_device[-1]


def set_default_device(device: Any) -> None:
    """Make tensors on `device` when none is named."""
    namespace.default_device[0] = Device("cpu" if device is None else device)


def promote_types(type1: dt.dtype, type2: dt.dtype) -> dt.dtype:
    """The smallest dtype that both convert to."""
    return dt.promote_types(type1, type2)


def result_type(tensor1: Any, tensor2: Any) -> dt.dtype:
    """The dtype of an op on two operands, each a tensor or a number."""
    return common_dtype((tensor1, tensor2))


def can_cast(from_: dt.dtype, to: dt.dtype) -> bool:
    """Whether a conversion stays within or above the category: bool < integer < floating < complex."""
    return from_.category <= to.category and not (from_.is_signed and not to.is_signed and to.category == dt.INTEGER)


def is_tensor(obj: Any, /) -> bool:
    """Whether obj is a tensor."""
    from ._tensor import Tensor

    return isinstance(obj, Tensor)


def is_floating_point(input: Any) -> bool:
    """Whether the tensor's dtype is a real floating-point format."""
    return bool(input.is_floating_point())


def is_complex(input: Any) -> bool:
    """Whether the tensor's dtype is complex."""
    return bool(input.is_complex())


def numel(input: Any) -> int:
    """The number of elements."""
    if not isinstance(input, Tracked):
        raise TypeError(f"numel(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return int(input._data.size)


def typename(obj: Any) -> str:
    """The name of a tensor's type, or of any object's class."""
    return str(obj.type()) if is_tensor(obj) else f"{type(obj).__module__}.{type(obj).__qualname__}"


class finfo:
    """The limits of a floating-point dtype: bits, eps, max, min, tiny, smallest_normal, resolution."""

    def __init__(self, type: dt.dtype | None = None) -> None:
        d = type or dt.default()
        if d.category < dt.FLOATING:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{d!r}'")
        d = d.to_real()
        if d is dt.bfloat16:
            self.bits, self.eps, self.max = 16, 2.0**-7, 3.3895313892515355e38
            self.tiny, self.resolution = 2.0**-126, 0.01
        else:
            info: Any = np.finfo(d.numpy)
            self.bits, self.eps, self.max = int(info.bits), float(info.eps), float(info.max)
            self.tiny, self.resolution = float(info.tiny), float(info.resolution)
        self.min, self.smallest_normal, self.dtype = -self.max, self.tiny, d.name

    def __repr__(self) -> str:
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.tiny:g}, tiny={self.tiny:g}, dtype={self.dtype})")  # fmt: skip


class iinfo:
    """The limits of an integer dtype: bits, max, min."""

    def __init__(self, type: dt.dtype) -> None:
        if type.category != dt.INTEGER:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type!r}'")
        info: Any = np.iinfo(type.numpy)
        self.bits, self.max, self.min, self.dtype = int(info.bits), int(info.max), int(info.min), type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
