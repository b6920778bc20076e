"""Layers that normalise each sample by itself: layer, group, root-mean-square and local response norm.

https://docs.pytorch.org/docs/stable/nn.html#normalization-layers
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..create import empty
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


class LocalResponseNorm(Module):
    """Divides by what the neighbouring channels say.

    Args:
        size: the number of neighbours; alpha, beta, k: see `functional.local_response_norm`.

    Shape:
        (N, C, *) -> the same.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    """

    __constants__ = ["size", "alpha", "beta", "k"]
    k: Any

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)
        return out

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """LocalResponseNorm under its name of old."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)


class _Trailing(Module):
    """What layer norm and root-mean-square norm share: the shape of the last dimensions, and a scale of that shape."""

    __constants__ = ["normalized_shape", "eps", "elementwise_affine"]
    normalized_shape: tuple[int, ...]
    elementwise_affine: bool
    weight: Parameter | None

    def __init__(self, normalized_shape: Any, elementwise_affine: bool, device: Any, dtype: Any) -> None:
        super().__init__()
        self.normalized_shape = tuple(normalized_shape) if hasattr(normalized_shape, "__iter__") else (normalized_shape,)
        self.elementwise_affine = elementwise_affine
        weight = Parameter(empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)


class _ScaledAndShifted(Module):
    """A scale and a shift per normalised element, either of which may be None."""

    weight: Parameter | None
    bias: Parameter | None

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Trailing, _ScaledAndShifted):
    """Normalises over the last dimensions.

    Args:
        normalized_shape: the sizes of those dimensions, or one size.
        elementwise_affine, bias: whether there are a scale and a shift of that shape.

    Attributes:
        weight, bias: scale (ones) and shift (zeros); None without.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    bias: Parameter | None

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(normalized_shape, elementwise_affine, device, dtype)
        self.eps = eps
        shift = elementwise_affine and bias
        self.register_parameter(
            "bias", Parameter(empty(self.normalized_shape, device=device, dtype=dtype)) if shift else None
        )
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)
        return out

    def extra_repr(self) -> str:
        text = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        return text + f", bias={self.bias is not None}"


class RMSNorm(_Trailing):
    """Divides by the root mean square over the last dimensions.

    Args:
        normalized_shape: the sizes of those dimensions, or one size.
        eps: None for the smallest number by which the dtype tells 1 from its neighbour.
        elementwise_affine: whether there is a scale of that shape.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
    """

    def __init__(self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(normalized_shape, elementwise_affine, device, dtype)
        self.eps = eps
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = F.rms_norm(x, self.normalized_shape, self.weight, self.eps)
        return out

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_ScaledAndShifted):
    """Normalises each sample over groups of channels.

    Args:
        num_groups: how many parts the channels make; num_channels: C, which the groups divide.
        affine, bias: whether there are a scale and a shift per channel.

    Shape:
        (N, C, *) -> the same.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    __constants__ = ["num_groups", "num_channels", "eps", "affine"]
    weight: Parameter | None
    bias: Parameter | None

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        made = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(empty(num_channels, **made)) if affine else None)
        self.register_parameter("bias", Parameter(empty(num_channels, **made)) if affine and bias else None)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)
        return out

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"
        )
