"""Sliding blocks of images as columns (`unfold`), and back by adding them up (`fold`).

https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html
"""

from __future__ import annotations

import math
from typing import Any

from ..ops import folding as ops
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.shape import select
from ..ops.sliding import out_size
from .matrices import size_of


def _pair(value: Any, name: str, function: str, place: int) -> tuple[int, int]:
    """One number for both dimensions, or two.

    Raises:
        RuntimeError: for another number of them.
        TypeError: for anything but whole numbers.
    """
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    for item in pair:
        if not hasattr(item, "__index__") or isinstance(item, bool):
            raise TypeError(
                f"{function}(): argument '{name}' (position {place}) must be tuple of ints, but found element of type "
                f"{type(item).__name__} at pos {pair.index(item)}"
            )
    if len(pair) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(pair)}")
    return pair[0].__index__(), pair[1].__index__()


def _options(kernel: Any, dilation: Any, padding: Any, stride: Any, function: str, place: int) -> dict[str, tuple[int, int]]:
    """The options as pairs.

    Raises:
        RuntimeError: for one that is not positive, or a negative padding.
    """
    kernel, dilation, padding, stride = (
        _pair(value, name, function, place + i) for i, (name, value) in enumerate(
            (("kernel_size", kernel), ("dilation", dilation), ("padding", padding), ("stride", stride))))  # fmt: skip
    for said, pair in (("kernel size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(pair) <= 0:
            name = said.partition(" ")[0]
            raise RuntimeError(f"{said} should be greater than zero, but got {name}_height: {pair[0]} {name}_width: {pair[1]}")
    if min(padding) < 0:
        raise RuntimeError(f"padding should be non-negative, but got pad_height: {padding[0]} pad_width: {padding[1]}")
    return {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}


def _counts(space: Any, options: dict[str, tuple[int, int]]) -> tuple[int, ...]:
    return tuple(map(out_size, space, options["kernel"], options["stride"], options["padding"], options["dilation"]))


@public("(input, kernel_size, dilation=1, padding=0, stride=1)", namespace="nn.functional")
def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The sliding blocks of images (N, C, H, W) or (C, H, W) as columns (N, C * prod(kernel_size), L).

    Raises:
        RuntimeError: for other shapes, options that are not positive, or where no block fits.
    """
    options = _options(kernel_size, dilation, padding, stride, "im2col", 2)
    shape = input._data.shape
    if len(shape) < 3:
        size_of(input, 2)
    single = len(shape) == 3
    if len(shape) not in (3, 4) or 0 in (shape if single else shape[1:]):
        raise RuntimeError("Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions "
                           f"for input, but got: {list(shape)}")  # fmt: skip
    counts = _counts(shape[-2:], options)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {shape[-2:]}, kernel_size={options['kernel']}, dilation={options['dilation']}, "
            f"padding={options['padding']}, calculated shape of the array of sliding blocks as {counts}, but its components "
            "must be at least one."
        )
    lacking("im2col_out_cpu", "i", input)
    x = select(input, key=(None,)) if single else input
    out = ops.blocks(x, **options)
    return select(out, key=(0,)) if single else out


@public("(input, output_size, kernel_size, dilation=1, padding=0, stride=1)", namespace="nn.functional")
def fold(input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Images (N, C, *output_size) with the blocks of the columns (N, C * prod(kernel_size), L) added up at their places.

    Raises:
        RuntimeError: for other shapes, options that are not positive, or another number of blocks than fit.
    """
    space = _pair(output_size, "output_size", "col2im", 2)
    options = _options(kernel_size, dilation, padding, stride, "col2im", 3)
    shape, kernel = input._data.shape, options["kernel"]
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError("Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
                           f"dimensions for input, but got: {list(shape)}")  # fmt: skip
    if shape[-2] % math.prod(kernel):
        raise RuntimeError(
            f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)="
            f"{shape[-2]} and kernel_size={kernel}."
        )
    counts = _counts(space, options)
    given = (f"Given output_size={space}, kernel_size={kernel}, dilation={options['dilation']}, padding={options['padding']}, "
             f"stride={options['stride']}, expected ")  # fmt: skip
    if math.prod(counts) != shape[-1]:
        raise RuntimeError(
            f"{given}size of input's dimension 2 to match the calculated number of sliding blocks {counts[0]} * {counts[1]} = "
            f"{math.prod(counts)}, but got input.size(2)={shape[-1]}."
        )
    if min(counts) < 1:
        raise RuntimeError(f"{given}the shape of the array of sliding blocks to be positive, but it is {counts}.")
    if min(space) < 1:
        raise RuntimeError(f"Expected output spatial size to be positive, but got: output_size={space}.")
    lacking("col2im_out_cpu", "i", input)
    x = select(input, key=(None,)) if len(shape) == 2 else input
    out = ops.unblocks(x, **options, shape=(x._data.shape[0], shape[-2] // math.prod(kernel), *space))
    return select(out, key=(0,)) if len(shape) == 2 else out
