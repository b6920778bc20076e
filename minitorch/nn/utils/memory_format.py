"""Kernels of convolutions laid out in memory in another order, in a whole model.

https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.convert_conv2d_weight_memory_format.html
"""

from __future__ import annotations

from typing import Any, TypeVar

from ..conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from ..module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

_Module = TypeVar("_Module", bound=Module)


def _convert(module: _Module, kinds: tuple[type[Module], ...], memory_format: Any) -> _Module:
    for part in module.modules():
        if isinstance(part, kinds):
            part.weight.data = part.weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: _Module, memory_format: Any) -> _Module:
    """Lay out the weights of all Conv2d and ConvTranspose2d in `memory_format`; returns the module."""
    return _convert(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: _Module, memory_format: Any) -> _Module:
    """Lay out the weights of all Conv3d and ConvTranspose3d in `memory_format`; returns the module."""
    return _convert(module, (Conv3d, ConvTranspose3d), memory_format)
