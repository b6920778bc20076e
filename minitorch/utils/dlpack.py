"""Tensors as DLPack capsules and back, sharing memory. https://docs.pytorch.org/docs/stable/dlpack.html"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from .._tensor_capsule import is_capsule
from ..create import from_dlpack as _from_object

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Any) -> Any:
    """A capsule that shares the tensor's memory, to be opened once by `from_dlpack`; giving the tensor itself is better.

    Raises:
        TypeError: for what is no tensor.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"_to_dlpack(): argument 'data' (position 1) must be Tensor, not {type(tensor).__name__}")
    return tensor.__dlpack__()


def from_dlpack(ext_tensor: Any) -> Any:
    """A tensor that shares the memory of an object with `__dlpack__`, or of a capsule.

    Raises:
        RuntimeError: for what is neither.
    """
    if not is_capsule(ext_tensor) and not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(f"from_dlpack received an invalid capsule: {type(ext_tensor).__name__} has no __dlpack__")
    return _from_object(ext_tensor)
