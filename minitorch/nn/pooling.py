"""Pooling layers: each holds its options and calls the functional of the same name.

https://docs.pytorch.org/docs/stable/nn.html#pooling-layers
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from . import functional as F
from .conv import spread
from .module import Module


class _Pool(Module):
    #: The number of spatial dimensions.
    count: int

    def _function(self, name: str) -> Any:
        return getattr(F, f"{name}{self.count}d")


class _MaxPool(_Pool):
    """The largest element of each window.

    Args:
        kernel_size, stride, padding, dilation: one number, or one for each dimension; stride is the kernel's by default.
        return_indices: whether flat positions are returned too, for MaxUnpool.
        ceil_mode: whether a last window may hang over the edge.
    """

    __constants__ = ["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, return_indices: bool = False,
                 ceil_mode: bool = False) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride if stride is not None else kernel_size
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self._function("max_pool")(
            input, self.kernel_size, self.stride, self.padding, self.dilation, ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest elements of windows of (N, C, L) or (C, L); see `_MaxPool`."""

    count = 1


class MaxPool2d(_MaxPool):
    """The largest elements of windows of (N, C, H, W) or (C, H, W); see `_MaxPool`."""

    count = 2


class MaxPool3d(_MaxPool):
    """The largest elements of windows of (N, C, D, H, W) or (C, D, H, W); see `_MaxPool`."""

    count = 3


class _MaxUnpool(_Pool):
    """Zeros, with the elements where max pooling found them.

    Args:
        kernel_size, stride, padding: those of the pooling.
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = spread(kernel_size, self.count)
        self.stride = spread(stride if stride is not None else kernel_size, self.count)
        self.padding = spread(padding, self.count)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        return self._function("max_unpool")(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """The way back from MaxPool1d; see `_MaxUnpool`."""

    count = 1


class MaxUnpool2d(_MaxUnpool):
    """The way back from MaxPool2d; see `_MaxUnpool`."""

    count = 2


class MaxUnpool3d(_MaxUnpool):
    """The way back from MaxPool3d; see `_MaxUnpool`."""

    count = 3


class _AvgPool(_Pool):
    """The mean of each window.

    Args:
        kernel_size, stride, padding: one number, or one for each dimension; stride is the kernel's by default.
        ceil_mode: whether a last window may hang over the edge.
        count_include_pad: whether the zeros of the padding count.
        divisor_override: what to divide by instead of the number of elements (not in one dimension).
    """

    __constants__ = ["kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True, divisor_override: int | None = None) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride if stride is not None else kernel_size
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Any:
        return self._function("avg_pool")(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, self.divisor_override
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """The means of windows of (N, C, L) or (C, L); see `_AvgPool`."""

    count = 1

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True) -> None:  # fmt: skip
        stride = spread(stride if stride is not None else kernel_size, 1)
        super().__init__(spread(kernel_size, 1), stride, spread(padding, 1), ceil_mode, count_include_pad)

    def forward(self, input: Tensor) -> Any:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class AvgPool2d(_AvgPool):
    """The means of windows of (N, C, H, W) or (C, H, W); see `_AvgPool`."""

    count = 2


class AvgPool3d(_AvgPool):
    """The means of windows of (N, C, D, H, W) or (C, D, H, W); see `_AvgPool`."""

    count = 3


class _FractionalMaxPool(_Pool):
    """The largest elements of windows that begin at pseudo-random places.

    Args:
        kernel_size: one number, or one for each dimension.
        output_size, output_ratio: one of both: the sizes of the result, or their ratio to the input's, between 0 and 1.
        return_indices: whether flat positions are returned too.

    Raises:
        ValueError: for none or both of size and ratio, or a ratio that is none.
    """

    __constants__ = ["kernel_size", "return_indices", "output_size", "output_ratio"]

    def __init__(self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
                 _random_samples: Any = None) -> None:  # fmt: skip
        super().__init__()
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError(f"only one of output_size and output_ratio may be specified for {name}")
        self.kernel_size = spread(kernel_size, self.count)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else spread(output_size, self.count)
        self.output_ratio = None if output_ratio is None else spread(output_ratio, self.count)
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        return self._function("fractional_max_pool")(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices, self._random_samples
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """Fractional max pooling of (N, C, H, W) or (C, H, W); see `_FractionalMaxPool`."""

    count = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """Fractional max pooling of (N, C, D, H, W) or (C, D, H, W); see `_FractionalMaxPool`."""

    count = 3


class _LPPool(_Pool):
    """The p-norm of each window.

    Args:
        norm_type: p.
        kernel_size, stride: one number, or one for each dimension; stride is the kernel's by default.
        ceil_mode: whether a last window may hang over the edge.
    """

    __constants__ = ["norm_type", "kernel_size", "stride", "ceil_mode"]

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self._function("lp_pool")(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPool):
    """The p-norms of windows of (N, C, L) or (C, L)."""

    count = 1


class LPPool2d(_LPPool):
    """The p-norms of windows of (N, C, H, W) or (C, H, W)."""

    count = 2


class LPPool3d(_LPPool):
    """The p-norms of windows of (N, C, D, H, W) or (C, D, H, W)."""

    count = 3


class _AdaptiveAvgPool(_Pool):
    """The means of as many windows as asked for.

    Args:
        output_size: one number, or one for each dimension; None keeps the input's.
    """

    __constants__ = ["output_size"]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        return self._function("adaptive_avg_pool")(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """(N, C, L) or (C, L) averaged to a given length."""

    count = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """(N, C, H, W) or (C, H, W) averaged to a given size."""

    count = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """(N, C, D, H, W) or (C, D, H, W) averaged to a given size."""

    count = 3


class _AdaptiveMaxPool(_Pool):
    """The largest elements of as many windows as asked for.

    Args:
        output_size: one number, or one for each dimension; None keeps the input's.
        return_indices: whether flat positions are returned too.
    """

    __constants__ = ["output_size", "return_indices"]

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, input: Tensor) -> Any:
        return self._function("adaptive_max_pool")(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest elements of (N, C, L) or (C, L), as many as asked for."""

    count = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest elements of (N, C, H, W) or (C, H, W), as many as asked for."""

    count = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest elements of (N, C, D, H, W) or (C, D, H, W), as many as asked for."""

    count = 3
