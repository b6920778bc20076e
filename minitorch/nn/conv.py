"""Convolution layers and their transposes, in one to three spatial dimensions.

All six hold a weight, a bias and the same options; they differ in the functional they call. Other paddings than zeros
are put around the input first. https://docs.pytorch.org/docs/stable/nn.html#convolution-layers
"""

from __future__ import annotations

import math
from typing import Any

from .._tensor import Tensor
from ..create import empty
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

MODES = ("zeros", "reflect", "replicate", "circular")


def spread(value: Any, count: int) -> tuple[int, ...]:
    """One number for all of `count` dimensions, or one for each."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * count


class _ConvNd(Module):
    """What all of them share.

    Args:
        in_channels, out_channels: channels of the input and of the result.
        kernel_size, stride, padding, dilation: one number, or one for each spatial dimension; padding also "same" or
            "valid" (not transposed).
        groups: the channels are split into so many parts that do not see each other.
        bias: False leaves it out.
        padding_mode: "zeros", "reflect", "replicate" or "circular" (transposed: "zeros" only).

    Attributes:
        weight: (out_channels, in_channels / groups, *kernel_size), transposed (in_channels, out_channels / groups,
            *kernel_size), from U(-k, k) with k = 1 / sqrt(weight.size(1) * prod(kernel_size)).
        bias: (out_channels), from the same; None without.

    Raises:
        ValueError: for channels that groups do not divide, an unknown padding or mode.
    """

    __constants__ = ["stride", "padding", "dilation", "groups", "padding_mode", "output_padding", "in_channels",
                     "out_channels", "kernel_size"]  # fmt: skip
    #: The number of spatial dimensions.
    count: int
    transposed: bool = False
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: str | tuple[int, ...]
    dilation: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: int
    padding_mode: str
    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
                 output_padding: Any, groups: int, bias: bool, padding_mode: str, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}")
            if padding == "same" and any(s != 1 for s in spread(stride, self.count)):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in MODES:
            raise ValueError(f"padding_mode must be one of {set(MODES)}, but got padding_mode='{padding_mode}'")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = spread(kernel_size, self.count)
        self.stride = spread(stride, self.count)
        self.padding = padding if isinstance(padding, str) else spread(padding, self.count)
        self.dilation = spread(dilation, self.count)
        self.output_padding = spread(output_padding, self.count)
        self.groups, self.padding_mode = groups, padding_mode
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(empty((first, second // groups, *self.kernel_size), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    @property
    def _reversed_padding_repeated_twice(self) -> list[int]:
        """The padding as `functional.pad` takes it."""
        if not isinstance(self.padding, str):
            return [p for size in reversed(self.padding) for p in (size, size)]
        sides: list[int] = []
        for d, k in zip(reversed(self.dilation), reversed(self.kernel_size), strict=True):
            total = d * (k - 1) if self.padding == "same" else 0
            sides += [total // 2, total - total // 2]
        return sides

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # kaiming_uniform with a = sqrt(5) is U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch issue 15314.
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.count:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.count:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.count:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")


class _Conv(_ConvNd):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode,
                         device, dtype)  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = 0
        convolution = getattr(F, f"conv{self.count}d")
        out: Tensor = convolution(input, weight, bias, self.stride, padding, self.dilation, self.groups)
        return out


class Conv1d(_Conv):
    """The cross-correlation of (N, C, L) or (C, L) with learned kernels; see `_ConvNd` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
    """

    count = 1


class Conv2d(_Conv):
    """The cross-correlation of (N, C, H, W) or (C, H, W) with learned kernels; see `_ConvNd` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    count = 2


class Conv3d(_Conv):
    """The cross-correlation of (N, C, D, H, W) or (C, D, H, W) with learned kernels; see `_ConvNd` for the options.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
    """

    count = 3


class _ConvTransposeNd(_ConvNd):
    transposed = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1,
                 padding_mode: str = "zeros", device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, output_padding, groups, bias,
                         padding_mode, device, dtype)  # fmt: skip

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        more = self._output_padding(input, output_size)
        convolution = getattr(F, f"conv_transpose{self.count}d")
        out: Tensor = convolution(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)
        return out

    def _output_padding(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """What to add at the end of each dimension so that the result has `output_size`.

        Raises:
            ValueError: for a size that the stride does not reach.
        """
        if output_size is None:
            return self.output_padding
        count, sizes, rank = self.count, tuple(output_size), input.dim()
        if len(sizes) == rank:
            sizes = sizes[rank - count :]
        if len(sizes) != count:
            raise ValueError(
                f"ConvTranspose{count}D: for {rank}D input, output_size must have {count} or {rank} elements "
                f"(got {len(sizes)})"
            )
        padding = spread(self.padding, count)
        options = zip(input.shape[rank - count :], self.stride, padding, self.dilation, self.kernel_size, strict=True)
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in options]
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        if any(not low <= size <= high for size, low, high in zip(sizes, least, most, strict=True)):
            raise ValueError(
                f"requested an output size of {sizes}, but valid sizes range from {least} to {most} (for an input of "
                f"{input.shape[2:]})"
            )
        return tuple(size - low for size, low in zip(sizes, least, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """The gradient of Conv1d with respect to its input, as a layer; `forward` takes an `output_size`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    """

    count = 1


class ConvTranspose2d(_ConvTransposeNd):
    """The gradient of Conv2d with respect to its input, as a layer; `forward` takes an `output_size`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
    """

    count = 2


class ConvTranspose3d(_ConvTransposeNd):
    """The gradient of Conv3d with respect to its input, as a layer; `forward` takes an `output_size`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
    """

    count = 3
