"""Moving a module: to another dtype, another device, shared memory.

Every conversion is one function of a tensor, put over all parameters, their gradients and all buffers by `_apply`.
Parameters stay the same objects, so optimisers that hold them go on working.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self

from .._tensor import Tensor
from ..backend.device import Device
from ..backend.dtype import dtype
from ..create import empty_like
from ..graph.modes import no_grad
from ._walk import Walk


class Convert(Walk):
    """The conversions of a module, all in place; each returns the module."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Put `fn` over parameters, gradients and buffers.

        Args:
            recurse: also over those of submodules.
        """
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is None:
                continue
            grad = parameter.grad
            with no_grad():
                applied = fn(parameter)
                if applied is not parameter:
                    parameter.data = applied
                if grad is not None:
                    grad_applied = fn(grad)
                    if grad_applied is not grad:
                        grad.data = grad_applied
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Change dtype or device: `to(device, dtype)`, `to(dtype)`, `to(tensor)`. Integer tensors keep their dtype.

        A `memory_format` is a hint about speed, and changes nothing here.

        Raises:
            TypeError: for a dtype that is neither floating point nor complex.
        """
        device, wanted, non_blocking = _parse_to(*args, **kwargs)
        if wanted is not None:
            if not (wanted.is_floating_point or wanted.is_complex):
                raise TypeError(
                    "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                    f"dtype={wanted}"
                )
            if wanted.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may change, and some "
                    "modules might not work as expected when using complex tensors as parameters or buffers.",
                    stacklevel=2,
                )

        def convert(tensor: Tensor) -> Tensor:
            keeps = not (tensor.is_floating_point() or tensor.is_complex())
            moved: Tensor = tensor.to(device, None if keeps else wanted, non_blocking)
            return moved

        return self._apply(convert)

    def _floating(self, name: str) -> Self:
        def convert(tensor: Tensor) -> Tensor:
            converted: Tensor = getattr(tensor, name)() if tensor.is_floating_point() else tensor
            return converted

        return self._apply(convert)

    def float(self) -> Self:
        """Floating point tensors to float32."""
        return self._floating("float")

    def double(self) -> Self:
        """Floating point tensors to float64."""
        return self._floating("double")

    def half(self) -> Self:
        """Floating point tensors to float16."""
        return self._floating("half")

    def bfloat16(self) -> Self:
        """Floating point tensors to bfloat16."""
        return self._floating("bfloat16")

    def type(self, dst_type: dtype | str) -> Self:
        """All tensors, also integers, to this dtype."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def cpu(self) -> Self:
        """All tensors to the host."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device: int | Device | None = None) -> Self:
        """All tensors to a GPU."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """All tensors to a device, without copying what is in them."""
        return self._apply(lambda tensor: empty_like(tensor, device=device), recurse=recurse)

    def share_memory(self) -> Self:
        """All tensors into memory shared between processes."""
        return self._apply(lambda tensor: tensor.share_memory_())


def _parse_to(*args: Any, **kwargs: Any) -> tuple[Device | None, dtype | None, bool]:
    """The three forms of `to` as (device, dtype, non_blocking)."""
    names: tuple[str, ...] = ("device", "dtype", "non_blocking")
    if args and isinstance(args[0], Tensor):
        names = ("tensor", "non_blocking")
    elif args and isinstance(args[0], dtype):
        names = ("dtype", "non_blocking")
    if len(args) > len(names):
        raise TypeError(f"to() takes at most {len(names)} positional arguments, but {len(args)} were given")
    given = dict(zip(names, args, strict=False))
    allowed = {"device", "dtype", "non_blocking", "tensor", "memory_format"}
    for name, value in kwargs.items():
        if name in given or name not in allowed:
            raise TypeError(f"to() got {'multiple values for' if name in given else 'an unexpected'} argument '{name}'")
        given[name] = value
    if not given:
        raise TypeError("to() received an invalid combination of arguments - got (), but expected a device, a dtype "
                        "or a tensor")  # fmt: skip
    like = given.get("tensor")
    wanted, device = given.get("dtype"), given.get("device")
    if like is not None:
        wanted, device = like.dtype, like.device
    if wanted is not None and not isinstance(wanted, dtype):
        raise TypeError(f"to(): argument 'dtype' must be torch.dtype, not {type(wanted).__name__}")
    return None if device is None else Device(device), wanted, bool(given.get("non_blocking", False))
