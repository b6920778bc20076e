"""A batch normalisation folded into the layer before it, for evaluation: one layer with other numbers.

In evaluation the normalisation is a scale and a shift per channel, which weight and bias can take over.
https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.fuse_conv_bn_eval.html
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ...create_like import ones_like, zeros_like
from ..linear import Linear
from ..module import Module
from ..parameter import Parameter

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]

_Conv = TypeVar("_Conv", bound=Module)
_Lin = TypeVar("_Lin", bound=Linear)


def _check(layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def fuse_conv_bn_eval(conv: _Conv, bn: Any, transpose: bool = False) -> _Conv:
    """A copy of a convolution that does what it and the BatchNorm after it do in evaluation.

    Args:
        conv, bn: both in evaluation.
        transpose: for a transposed convolution.

    Raises:
        AssertionError: in training, or without running statistics.
    """
    _check(conv, bn)
    fused: Any = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused  # type: ignore[no-any-return]


def fuse_conv_bn_weights(conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any,
                         transpose: bool = False) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of the folded convolution; a missing bias, scale or shift is that of doing nothing."""
    conv_b = zeros_like(bn_rm, dtype=conv_w.dtype) if conv_b is None else conv_b
    bn_w = ones_like(bn_rm) if bn_w is None else bn_w
    bn_b = zeros_like(bn_rm) if bn_b is None else bn_b
    inverse = (bn_rv + bn_eps).rsqrt()
    shape = [1, -1] if transpose else [-1, 1]
    weight = conv_w * (bn_w * inverse).reshape(shape + [1] * (conv_w.dim() - 2))
    bias = (conv_b - bn_rm) * inverse * bn_w + bn_b
    return (Parameter(weight.to(conv_w.dtype), conv_w.requires_grad), Parameter(bias.to(conv_b.dtype), conv_b.requires_grad))


def fuse_linear_bn_eval(linear: _Lin, bn: Any) -> _Lin:
    """A copy of a Linear that does what it and the BatchNorm after it do in evaluation.

    Args:
        linear, bn: both in evaluation, with as many features, or one in the BatchNorm.

    Raises:
        AssertionError: in training, without running statistics, or for other numbers of features.
    """
    if not (linear.training or bn.training) and bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got linear.out_features="
            f"{linear.out_features} and bn.num_features={bn.num_features}"
        )
    _check(linear, bn)
    fused: Any = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused  # type: ignore[no-any-return]


def fuse_linear_bn_weights(linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
                           ) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of the folded Linear; a missing bias, scale or shift is that of doing nothing."""
    linear_b = zeros_like(bn_rm, dtype=linear_w.dtype) if linear_b is None else linear_b
    scale = (bn_rv + bn_eps).rsqrt()
    scale = scale if bn_w is None else bn_w * scale
    weight = linear_w * scale.unsqueeze(-1)
    bias = (linear_b - bn_rm) * scale
    bias = bias if bn_b is None else bias + bn_b
    return (Parameter(weight.to(linear_w.dtype), linear_w.requires_grad),
            Parameter(bias.to(linear_b.dtype), linear_b.requires_grad))  # fmt: skip
