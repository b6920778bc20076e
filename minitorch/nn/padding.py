"""Padding layers: constants, zeros, reflection, replication and wrapping in one to three dimensions.

All are `functional.pad` with the mode and the number of dimensions filled in.
https://docs.pytorch.org/docs/stable/nn.html#padding-layers
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from . import functional as F
from .conv import spread
from .module import Module


class _Pad(Module):
    """What all of them share.

    Args:
        padding: one number for every side, or (before, after) of the last dimension, then of the one before it, ...;
            negative numbers take away.
    """

    __constants__ = ["padding"]
    #: The number of padded dimensions and the mode of `functional.pad`.
    count: int
    mode: str
    padding: tuple[int, ...]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = spread(padding, 2 * self.count)

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.pad(input, self.padding, self.mode)
        return out

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    __constants__ = ["padding", "value"]
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.pad(input, self.padding, "constant", self.value)
        return out

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A constant around (*, W)."""

    count = 1


class ConstantPad2d(_ConstantPad):
    """A constant around (*, H, W)."""

    count = 2


class ConstantPad3d(_ConstantPad):
    """A constant around (*, D, H, W)."""

    count = 3


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Zeros around (*, W)."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Zeros around (*, H, W)."""


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Zeros around (*, D, H, W)."""


class _ReflectionPad(_Pad):
    mode = "reflect"


class ReflectionPad1d(_ReflectionPad):
    """(N, C, W) or (C, W) mirrored at its edges, which are not repeated."""

    count = 1


class ReflectionPad2d(_ReflectionPad):
    """(N, C, H, W) or (C, H, W) mirrored at its edges, which are not repeated."""

    count = 2


class ReflectionPad3d(_ReflectionPad):
    """(N, C, D, H, W) or (C, D, H, W) mirrored at its edges, which are not repeated."""

    count = 3


class _ReplicationPad(_Pad):
    mode = "replicate"


class ReplicationPad1d(_ReplicationPad):
    """The edge of (N, C, W) or (C, W) repeated."""

    count = 1


class ReplicationPad2d(_ReplicationPad):
    """The edge of (N, C, H, W) or (C, H, W) repeated."""

    count = 2


class ReplicationPad3d(_ReplicationPad):
    """The edge of (N, C, D, H, W) or (C, D, H, W) repeated."""

    count = 3


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (self.count + 1, self.count + 2):
            raise ValueError(f"expected {self.count + 1}D or {self.count + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """(N, C, W) or (C, W) wrapped around."""

    count = 1


class CircularPad2d(_CircularPad):
    """(N, C, H, W) or (C, H, W) wrapped around."""

    count = 2


class CircularPad3d(_CircularPad):
    """(N, C, D, H, W) or (C, D, H, W) wrapped around."""

    count = 3
