"""Normalisation over batches, groups and channels: batch, instance, group and local response norm.

The moments of a batch are taken off the tape, for the running statistics, and given to the op, which would find the
same. Running statistics are written in place, as PyTorch's: the mean, and the unbiased variance.
"""

from __future__ import annotations

from typing import Any

from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..ops.arithmetic import cast, clamp
from ..ops.front import public
from ..ops.fused_norm import moments, standardize
from ..ops.kinds import lacking
from ..ops.mutation import store
from ..ops.shape import dense, expand, reshape
from ..ops.transcendental import rsqrt
from .matrices import size_of
from .padding import constant
from .pooling import average


def _of_channels(channels: int, **tensors: Any) -> None:
    """One number per channel in each.

    Raises:
        RuntimeError: naming the one that has another shape.
    """
    for name, tensor in tensors.items():
        if tensor is not None and tensor._data.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {tensor._data.size}")
    for name in ("running_mean", "running_var"):
        if tensors[name] is not None and tensors[name]._node is not None:
            raise RuntimeError(
                f"The function 'native_batch_norm' is not differentiable with respect to argument '{name}'. This input "
                "cannot have requires_grad True."
            )


def _one_kind(input: Any, *others: Any) -> None:
    """Parameters and statistics are of the input's dtype, or float32 where that has half the precision."""
    kind = input._data.dtype
    found = {tensor._data.dtype for tensor in others if tensor is not None} - {kind}
    if found and not (kind.itemsize == 2 and all(other == "float32" for other in found)):
        raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


def _follow(running: Any, raw: Any, momentum: float) -> None:
    if running is not None:
        held = running._data
        store(running, held * (1 - momentum) + raw.reshape(held.shape).astype(held.dtype) * momentum)


def _by_batch(x: Any, weight: Any, bias: Any, running: tuple[Any, Any], momentum: float, eps: float) -> Any:
    """x (N, C, *) standardised per channel by its own moments, which the running ones follow."""
    array = x._data
    axes = (0, *range(2, array.ndim))
    if running[0] is None and running[1] is None:
        return standardize(x, weight, bias, axes=axes, eps=eps)
    xp = backend_of(array)
    wide = array.astype("float32") if array.dtype.itemsize == 2 else array
    found = modes.run(moments, xp, wide, axes)
    count = array.size // array.shape[1] if array.shape[1] else 0
    if count:
        _follow(running[0], found[0], momentum)
        _follow(running[1], found[1] * (count / max(count - 1, 1)), momentum)
    return standardize(x, weight, bias, *found, axes=axes, eps=eps)


def _by_running(x: Any, weight: Any, bias: Any, running: tuple[Any, Any], eps: float, shape: tuple[int, ...]) -> Any:
    """x scaled and shifted per channel by what the running statistics say."""
    scale = rsqrt(running[1] + eps)
    if weight is not None:
        scale = scale * weight
    shift = -(running[0] * scale)
    if bias is not None:
        shift = shift + bias
    out = dense(x * reshape(scale, shape=shape) + reshape(shift, shape=shape))
    return out if out._data.dtype == x._data.dtype else cast(out, dtype=x._data.dtype)


@public(
    "(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05)",
    namespace="nn.functional",
)
def batch_norm(input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
               training: bool = False, momentum: float = 0.1, eps: float = 1e-5) -> Any:  # fmt: skip
    """(N, C, *) normalised per channel: by the batch's own moments in training, which the running statistics then
    follow by `momentum`; by the running statistics otherwise.

    Raises:
        ValueError: for one value per channel in training.
        RuntimeError: for statistics or parameters that are not one number per channel, or missing in evaluation.

    Source: https://arxiv.org/abs/1502.03167.
    """
    shape = input._data.shape
    channels = shape[1] if len(shape) > 1 else 0
    if eps < 0 or (training and not eps):
        what = "positive during training" if training else "non-negative"
        raise ValueError(f"batch_norm eps must be {what}, but got {eps}")
    if training:
        count = shape[0] if shape else 1
        for size in shape[2:]:
            count *= size
        if count == 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    _of_channels(channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        for name, tensor in (("running_mean", running_mean), ("running_var", running_var)):
            if tensor is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    lacking("batch_norm", "b i c", input)
    for tensor in (running_mean, running_var, weight, bias):
        if tensor is not None and tensor._data.ndim > 1:
            raise RuntimeError(f"TensorAccessor expected 1 dims but tensor has {tensor._data.ndim}")
    _one_kind(input, weight, bias, running_mean, running_var)
    along = (channels,) + (1,) * (len(shape) - 2)
    if not training:
        return _by_running(input, weight, bias, (running_mean, running_var), eps, along)
    weight = None if weight is None else reshape(weight, shape=along)
    bias = None if bias is None else reshape(bias, shape=along)
    return _by_batch(input, weight, bias, (running_mean, running_var), momentum, eps)


@public(
    "(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-05)",
    namespace="nn.functional",
)
def instance_norm(input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
                  use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5) -> Any:  # fmt: skip
    """(N, C, *) normalised per sample and channel, over the spatial dimensions.

    Raises:
        ValueError: for one element per channel.
        RuntimeError: for statistics or parameters that are not one number per channel, or missing where asked for.

    Source: https://arxiv.org/abs/1607.08022.
    """
    shape = input._data.shape
    if use_input_stats:
        space = 1
        for size in shape[2:]:
            space *= size
        if space == 1:
            raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    elif running_mean is None or running_var is None:
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    channels = size_of(input, 1)
    for running in (running_mean, running_var):
        if running is not None and running._data.ndim > 1:
            raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    _of_channels(channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    lacking("batch_norm", "b i c", input)
    _one_kind(input, weight, bias)
    along = (channels,) + (1,) * (len(shape) - 2)
    if not use_input_stats:
        return _by_running(input, weight, bias, (running_mean, running_var), eps, along)
    axes = tuple(range(2, len(shape)))
    array = input._data
    if array.size and (running_mean is not None or running_var is not None):
        xp = backend_of(array)
        average_, variance = modes.run(moments, xp, array.astype("float32") if array.dtype.itemsize == 2 else array, axes)
        _follow(running_mean, average_.mean(axis=0), momentum)
        _follow(running_var, variance.mean(axis=0) * (space / max(space - 1, 1)), momentum)
    weight = None if weight is None else reshape(weight, shape=along)
    bias = None if bias is None else reshape(bias, shape=along)
    return standardize(input, weight, bias, axes=axes, eps=eps)


@public("(input, num_groups: int, weight=None, bias=None, eps=1e-05)", namespaces=("nn.functional", ""), method=False)
def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """(N, C, *) normalised per sample over groups of channels, then scaled and shifted per channel.

    Raises:
        RuntimeError: where the groups do not divide the channels, or a parameter is not one number per channel.

    Source: https://arxiv.org/abs/1803.08494.
    """
    shape = input._data.shape
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    channels = shape[1]
    if channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and "
            f"num_groups={num_groups}"
        )
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor._data.shape != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape "
                f"{list(tensor._data.shape)} and input of shape {list(shape)}"
            )
    lacking("GroupNormKernelImpl", "b i c", input)
    _one_kind(input, weight, bias)
    if not input._data.size:
        return input * 1
    groups = (shape[0], num_groups, channels // num_groups, *shape[2:])
    along = (1, num_groups, channels // num_groups) + (1,) * (len(shape) - 2)
    weight = None if weight is None else reshape(weight, shape=along)
    bias = None if bias is None else reshape(bias, shape=along)
    out = standardize(reshape(input, shape=groups), weight, bias, axes=tuple(range(2, len(groups))), eps=eps)
    return reshape(out, shape=shape)


@public("(input, size: int, alpha=0.0001, beta=0.75, k=1.0)", namespace="nn.functional")
def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """(N, C, *) over (k + alpha * mean of the squares of `size` neighbouring channels) to the power beta.

    Source: A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks" (2012).
    """
    shape = input._data.shape
    if len(shape) < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {len(shape)} dimensions)")
    if not input._data.size:
        return input
    squares = reshape(input * input, shape=(shape[0], 1, shape[1], -1))
    around = constant(squares, [(size // 2, (size - 1) // 2), (0, 0)], 0)
    mean = average(around, 2, (size, 1), 1, 0, False, True, None)
    return input / (reshape(mean, shape=shape) * alpha + k) ** beta


@public("(input, p=2.0, dim=1, eps=1e-12, out=None)", namespace="nn.functional")
def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    """input over its p-norm along `dim`, the norm at least eps."""
    length = clamp(input.norm(p, dim, keepdim=True), min=eps, max=None)
    return input / expand(length, shape=input._data.shape)
