"""Layers that put pixels and channels in another order."""

from __future__ import annotations

from .._tensor import Tensor
from . import functional as F
from .module import Module


class PixelShuffle(Module):
    """(*, C r^2, H, W) as (*, C, H r, W r), with r the factor. https://arxiv.org/abs/1609.05158"""

    __constants__ = ["upscale_factor"]

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.pixel_shuffle(input, self.upscale_factor)
        return out

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """(*, C, H r, W r) as (*, C r^2, H, W), with r the factor."""

    __constants__ = ["downscale_factor"]

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.pixel_unshuffle(input, self.downscale_factor)
        return out

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """(N, C, *) with the channels dealt out in turn from `groups` equal parts. https://arxiv.org/abs/1707.01083"""

    __constants__ = ["groups"]

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.channel_shuffle(input, self.groups)
        return out

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
