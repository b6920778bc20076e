"""The names of `torch.overrides`: no class takes over what functions do, so nothing is ever handed on."""

from __future__ import annotations

from typing import Any

from ._tensor import Tensor

__all__ = ["handle_torch_function", "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic",
           "is_tensor_like", "is_tensor_method_or_property"]  # fmt: skip


def has_torch_function(relevant_args: Any, /) -> bool:
    """False: `__torch_function__` is not asked."""
    return False


def has_torch_function_unary(obj: Any, /) -> bool:
    """False."""
    return False


def has_torch_function_variadic(*objs: Any) -> bool:
    """False."""
    return False


def handle_torch_function(public_api: Any, relevant_args: Any, *args: Any, **kwargs: Any) -> Any:
    """Never to be reached, for `has_torch_function` is always False.

    Raises:
        TypeError: as in PyTorch where nobody takes the call.
    """
    name = f"{public_api.__module__}.{public_api.__name__}"
    raise TypeError(f"no implementation found for '{name}' on types that implement __torch_function__: "
                    f"{[type(arg) for arg in relevant_args]}")  # fmt: skip


def is_tensor_like(inp: Any) -> bool:
    """Whether it is a tensor, or of a class that has `__torch_function__`."""
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


def is_tensor_method_or_property(func: Any) -> bool:
    """Whether it is a method of tensors."""
    name = getattr(func, "__name__", "")
    return vars(Tensor).get(name) is func or getattr(Tensor, name, None) is func


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'minitorch.overrides' has no attribute {name!r}: functions take tensors of this library alone")
