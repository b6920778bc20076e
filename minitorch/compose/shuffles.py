"""Channels and pixels in another order: pixel shuffle and its inverse, and channel shuffle.

W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
Network" (2016), https://arxiv.org/abs/1609.05158. X. Zhang et al., "ShuffleNet" (2017), https://arxiv.org/abs/1707.01083.
"""

from __future__ import annotations

from typing import Any

from ..ops.arithmetic import clone
from ..ops.front import public
from ..ops.shape import permute, reshape


def _whole(value: Any, name: str, function: str) -> int:
    if not hasattr(value, "__index__") or isinstance(value, bool):
        raise TypeError(f"{function}(): argument '{name}' (position 2) must be int, not {type(value).__name__}")
    return int(value.__index__())


def _moved(x: Any, split: tuple[int, ...], dims: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """x in the shape `split`, its dimensions in another order, as a new array of `shape`."""
    if 0 in shape:
        return reshape(clone(x), shape=shape)
    out = reshape(permute(reshape(x, shape=split), dims=dims), shape=shape)
    return out if out._view is None else clone(out)  # a factor of 1 moves nothing: still no alias


def _factor(input: Any, value: Any, kind: str, function: str) -> int:
    factor = _whole(value, f"{kind}_factor", function)
    if input._data.ndim < 3:
        raise RuntimeError(
            f"{function} expects input to have at least 3 dimensions, but got input with {input._data.ndim} dimension(s)")
    if factor <= 0:
        raise RuntimeError(f"{function} expects a positive {kind}_factor, but got {factor}")
    return factor


@public("(input, upscale_factor)", namespaces=("nn.functional", ""), method=False)
def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(*, C r^2, H, W) as (*, C, H r, W r), with r the factor.

    Raises:
        RuntimeError: for fewer than three dimensions, or channels that r^2 does not divide.
    """
    r = _factor(input, upscale_factor, "upscale", "pixel_shuffle")
    *lead, channels, height, width = input._data.shape
    if channels % r**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {r**2}"
        )
    first, left = tuple(range(len(lead))), channels // r**2
    n = len(lead)
    return _moved(input, (*lead, left, r, r, height, width), (*first, n, n + 3, n + 1, n + 4, n + 2),
                  (*lead, left, height * r, width * r))  # fmt: skip


@public("(input, downscale_factor)", namespaces=("nn.functional", ""), method=False)
def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(*, C, H r, W r) as (*, C r^2, H, W), with r the factor; the inverse of `pixel_shuffle`.

    Raises:
        RuntimeError: for fewer than three dimensions, or a height or width that r does not divide.
    """
    r = _factor(input, downscale_factor, "downscale", "pixel_unshuffle")
    *lead, channels, height, width = input._data.shape
    for name, place, size in (("height", -2, height), ("width", -1, width)):
        if size % r:
            raise RuntimeError(f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                               f"input.size({place})={size} is not divisible by {r}")  # fmt: skip
    first = tuple(range(len(lead)))
    n = len(lead)
    return _moved(input, (*lead, channels, height // r, r, width // r, r), (*first, n, n + 2, n + 4, n + 1, n + 3),
                  (*lead, channels * r * r, height // r, width // r))  # fmt: skip


def _shuffled(input: Any, groups: Any, function: str) -> Any:
    count = _whole(groups, "groups", function)
    shape = input._data.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if count <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{count}")
    if shape[1] % count:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {count} groups.")
    split = (shape[0], count, shape[1] // count, *shape[2:])
    return _moved(input, split, (0, 2, 1, *range(3, len(split))), shape)


@public("(input, groups: int)", namespaces=("nn.functional", ""), method=False)
def channel_shuffle(input: Any, groups: int) -> Any:
    """(N, C, *) with the channels dealt out in turn from `groups` equal parts.

    Raises:
        RuntimeError: for fewer than three dimensions, or channels that the groups do not divide.
    """
    return _shuffled(input, groups, "channel_shuffle")


@public("(input, groups: int)", namespaces=("nn.functional", ""), method=False)
def native_channel_shuffle(input: Any, groups: int) -> Any:
    """`channel_shuffle` under another name."""
    return _shuffled(input, groups, "native_channel_shuffle")
