"""Tensors after the likeness of another: zeros_like, full_like, ... and the methods new_zeros, new_tensor, ...

`*_like` take shape, dtype, device and the order in memory from their input; `new_*` take dtype and device from their
tensor, and the shape from their arguments. https://docs.pytorch.org/docs/stable/torch.html#creation-ops
"""

from __future__ import annotations

import warnings
from typing import Any

from ._tensor import Tensor
from ._tensor_arguments import (
    as_dtype,
    as_number,
    as_sizes,
    home,
    need_strided,
    need_tensor,
    wrap,
)
from ._tensor_data import array_of, fitted
from .backend import dtype as dt
from .backend.namespace import backend_of
from .backend.orders import inverse, memory_axes
from .tracked import Tracked

__all__ = ["empty_like", "full_like", "ones_like", "zeros_like"]

_COPY = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than tensor.new_tensor(sourceTensor)."
)


def raw_like(function: str, input: Any, dtype: Any, layout: Any, device: Any, memory_format: Any,
             maker: str = "empty") -> Any:  # fmt: skip
    """An array like that of a tensor: its shape, and its order in memory unless told otherwise.

    `maker` is the array function that makes it: `empty`, `zeros` or `ones`.
    """
    need_strided(function, layout)
    raw = need_tensor(function, "input", 1, input)
    target = raw.dtype if dtype is None else as_dtype(function, dtype).numpy  # type: ignore[union-attr]
    xp = backend_of(raw) if device is None else home(device)
    if raw.flags.c_contiguous or str(memory_format) == "torch.contiguous_format":
        return getattr(xp, maker)(raw.shape, dtype=target)
    axes = memory_axes(raw)
    return getattr(xp, maker)([raw.shape[axis] for axis in axes], dtype=target).transpose(inverse(axes))


def empty_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Uninitialised memory in the shape of `input`."""
    return wrap(raw_like("empty_like", input, dtype, layout, device, memory_format), requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
               pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Zeros in the shape of `input`."""
    return wrap(raw_like("zeros_like", input, dtype, layout, device, memory_format, "zeros"), requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
              pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Ones in the shape of `input`."""
    return wrap(raw_like("ones_like", input, dtype, layout, device, memory_format, "ones"), requires_grad)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
              requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """One number in the shape and, unless told otherwise, the dtype of `input`.

    Raises:
        RuntimeError: for a number that the dtype cannot hold.
    """
    value = as_number("full_like", "fill_value", 2, fill_value)
    raw = raw_like("full_like", input, dtype, layout, device, memory_format)
    raw[...] = fitted(value, dt.of(raw.dtype))
    return wrap(raw, requires_grad)


# ---- methods -------------------------------------------------------------------------------------------------------
def _new(self: Any, function: str, dtype: Any, layout: Any, device: Any) -> tuple[Any, dt.dtype]:
    """The namespace and dtype of a `new_*` method: the tensor's own unless told otherwise."""
    need_strided(function, layout)
    return backend_of(self._data) if device is None else home(device), as_dtype(function, dtype) or self.dtype


def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
               layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """`tensor(data)` in this tensor's dtype and on its device."""
    if isinstance(data, Tracked):
        warnings.warn(_COPY, UserWarning, stacklevel=2)
    xp, target = _new(self, "new_tensor", dtype, layout, device)
    return wrap(xp.asarray(array_of(data, target)), requires_grad)


def new_empty(self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None,
              requires_grad: bool = False, layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uninitialised memory in this tensor's dtype and on its device."""
    xp, target = _new(self, "new_empty", dtype, layout, device)
    return wrap(xp.empty(as_sizes("new_empty", sizes, size), dtype=target.numpy), requires_grad)


def new_zeros(self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None,
              requires_grad: bool = False, layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Zeros in this tensor's dtype and on its device."""
    xp, target = _new(self, "new_zeros", dtype, layout, device)
    return wrap(xp.zeros(as_sizes("new_zeros", sizes, size), dtype=target.numpy), requires_grad)


def new_ones(self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, device: Any = None,
             requires_grad: bool = False, layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Ones in this tensor's dtype and on its device."""
    xp, target = _new(self, "new_ones", dtype, layout, device)
    return wrap(xp.ones(as_sizes("new_ones", sizes, size), dtype=target.numpy), requires_grad)


def new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
             requires_grad: bool = False, layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """One number, in this tensor's dtype and on its device.

    Raises:
        RuntimeError: for a number that the dtype cannot hold.
    """
    xp, target = _new(self, "new_full", dtype, layout, device)
    value = fitted(as_number("new_full", "fill_value", 2, fill_value), target)
    return wrap(xp.full(as_sizes("new_full", (size,)), value, dtype=target.numpy), requires_grad)


def new_empty_strided(self: Tensor, size: Any, stride: Any, dtype: Any = None, device: Any = None,
                      requires_grad: bool = False, layout: Any = None, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """`empty_strided` in this tensor's dtype and on its device."""
    xp, target = _new(self, "new_empty_strided", dtype, layout, device)
    return wrap(strided_memory(xp, as_sizes("empty_strided", (size,)), tuple(stride), target.numpy), requires_grad)


def strided_memory(xp: Any, shape: tuple[int, ...], steps: tuple[int, ...], target: Any) -> Any:
    """Uninitialised memory seen through strides counted in elements.

    Raises:
        RuntimeError: where sizes and strides differ in number, or a stride is negative.
    """
    if len(shape) != len(steps):
        raise RuntimeError(f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides "
                           f"({len(steps)})")  # fmt: skip
    if any(step < 0 for step in steps):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)} and strides={list(steps)}")
    reach = 0 if 0 in shape else 1 + sum((count - 1) * step for count, step in zip(shape, steps))
    return xp.strided(xp.empty(reach, dtype=target), shape, tuple(step * target.itemsize for step in steps))


METHODS: dict[str, Any] = {method.__name__: method for method in (
    new_tensor, new_empty, new_zeros, new_ones, new_full, new_empty_strided)}  # fmt: skip
