"""Power-average and fractional max pooling, and the way back from max pooling.

https://docs.pytorch.org/docs/stable/nn.html#pooling-layers. B. Graham, "Fractional Max-Pooling" (2014),
https://arxiv.org/abs/1412.6071.
"""

from __future__ import annotations

import math
from typing import Any

from ..backend.generator import default_generator
from ..backend.namespace import backend_of
from ..ops.arithmetic import abs_, cast, pow_
from ..ops.front import public
from ..ops.index import scatter
from ..ops.kinds import agreeing, lacking
from ..ops.rounding import sign
from ..ops.shape import reshape, select
from ..ops.transcendental import relu
from .adaptive_pooling import largest_in, picked
from .pooling import average, maximum


def _spread(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def power_average(input: Any, norm_type: float, kernel: Any, stride: Any, ceil_mode: bool, count: int) -> Any:
    """lp_pool1d, 2d and 3d."""
    if norm_type == math.inf:
        return maximum(abs_(input), count, kernel, stride, 0, 1, ceil_mode, False)[0]
    if norm_type == -math.inf:
        return -maximum(-abs_(input), count, kernel, stride, 0, 1, ceil_mode, False)[0]
    out = average(pow_(input, norm_type), count, kernel, stride, 0, ceil_mode, True, None)
    return pow_(sign(out) * relu(abs_(out)) * math.prod(_spread(kernel, count)), 1.0 / norm_type)


# ---- fractional ----------------------------------------------------------------------------------------------------
def _begins(xp: Any, samples: Any, size: int, count: int, kernel: int) -> Any:
    """The first elements of `count` windows for each sample in [0, 1), shape (*, count)."""
    if count == 1:
        return xp.full((*samples.shape, 1), size - kernel, dtype="int64")
    alpha = (size - kernel) / (count - 1)
    steps = samples[..., None] + xp.arange(count).astype(samples.dtype)
    alpha = xp.asarray(alpha, dtype=samples.dtype)
    found = (steps * alpha).astype("int64") - (samples[..., None] * alpha).astype("int64")
    found[..., -1] = size - kernel
    return found


def _check_samples(samples: Any, input: Any, lead: tuple[int, ...], count: int) -> None:
    """The random samples, (N, C, count) in the input's dtype.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    raw = samples._data
    agreeing("Expect _random_samples to have the same dtype as input", input, samples)
    if raw.ndim != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {raw.ndim}")
    if raw.shape[0] < (lead[0] if len(lead) == 2 else 1):
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    if raw.shape[1] != lead[-1]:
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if raw.shape[2] != count:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {count}; got {raw.shape[2]}.")


def fractional(input: Any, kernel: Any, output_size: Any, output_ratio: Any, samples: Any, count: int) -> tuple[Any, Any]:
    """fractional_max_pool2d and 3d: (values, flat positions)."""
    name = f"fractional_max_pool{count}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    for said, value in (("kernel_size", kernel), ("output_size", output_size)):
        if isinstance(value, tuple | list) and len(value) != count:
            raise RuntimeError(f"{name}: {said} must either be a single Int or tuple of Ints")
    kernel = _spread(kernel, count)
    array = input._data
    if array.ndim not in (count + 1, count + 2):
        raise RuntimeError(f"{name}(): Expected {count + 1}D or {count + 2}D tensor, but got: {list(array.shape)}")
    lacking(f"{name}_out_frame", "b i c", input)
    space = array.shape[-count:]
    if output_size is None:
        ratios = (output_ratio,) * count if isinstance(output_ratio, float | int) else tuple(output_ratio)
        sizes = tuple(int(n * r) for n, r in zip(space, ratios, strict=True))
    else:
        sizes = _spread(output_size, count)
    for axis, (n, k, m) in enumerate(zip(space, kernel, sizes, strict=True)):
        if m + k - 1 > n - (count == 3):  # in three dimensions PyTorch wants one element more
            which = ("height", "width") if count == 2 else ("time", "height", "width")
            raise RuntimeError(f"{name}(): pool {which[axis]} {k} too large relative to input {which[axis]} {n}")
    if any(m < 0 for m in sizes):
        shape = [*array.shape[:-count], *sizes]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {shape}")
    if any(k <= 0 for k in kernel):
        raise RuntimeError(f"{name}(): kernel_size must be greater than zero, but got {list(kernel)}")
    xp = backend_of(array)
    lead = array.shape[:-count]
    if samples is None:
        drawn = default_generator.rand((lead[0] if len(lead) == 2 else 1, lead[-1], count), array.dtype)
        raw = xp.asarray(drawn).reshape(*lead, count)
    else:
        _check_samples(samples, input, lead, count)
        raw = samples._data[: lead[0] if len(lead) == 2 else 1].reshape(*lead, count)
    if 0 in (*lead, *sizes):
        nothing = reshape(select(input, key=(Ellipsis, slice(0, 0))), shape=(*lead, *sizes))
        return nothing, cast(nothing, dtype=xp.asarray(0).dtype)
    order = range(count) if count == 3 else (1, 0)  # in two dimensions the first number is the width's
    first = [_begins(xp, raw[..., sample], n, m, k)
             for sample, n, m, k in zip(order, space, sizes, kernel, strict=True)]  # fmt: skip
    return picked(input, largest_in(xp, array, first, list(kernel)), count)


# ---- back ----------------------------------------------------------------------------------------------------------
def _sizes_of(input: Any, kernel: Any, stride: Any, padding: Any, output_size: Any, count: int) -> tuple[int, ...]:
    space = input._data.shape[-count:]
    usual = [(n - 1) * s + k - 2 * p for n, s, k, p in zip(space, stride, kernel, padding, strict=True)]
    if output_size is None:
        return tuple(usual)
    sizes = tuple(output_size)
    if len(sizes) == count + 2:
        sizes = sizes[2:]
    if len(sizes) != count:
        raise ValueError(
            f"output_size should be a sequence containing {count} or {count + 2} elements, but it has a length of "
            f"'{len(sizes)}'"
        )
    for axis, (size, mean, s) in enumerate(zip(sizes, usual, stride, strict=True)):
        if not mean - s < size < mean + s:
            raise ValueError(f'invalid output_size "{list(sizes)}" (dim {axis} must be between {mean - s} and {mean + s})')
    return sizes


def unpool(input: Any, indices: Any, kernel: Any, stride: Any, padding: Any, output_size: Any, count: int) -> Any:
    """max_unpool1d, 2d and 3d: zeros, with the input's elements at the flat positions that max pooling gave."""
    shape = input._data.shape
    kernel = _spread(kernel, count)
    stride = kernel if stride is None else _spread(stride, count)
    if len(shape) < count:
        raise IndexError(f"tuple index out of range: max_unpool{count}d of {len(shape)} dimensions")
    sizes = _sizes_of(input, kernel, stride, _spread(padding, count), output_size, count)
    for axis, size in enumerate(sizes):
        if size < 0:
            raise ValueError(f"max_unpooling: output_size must contain non-negative spatial dimensions, but got "
                             f"output_size[{axis}]={size}")  # fmt: skip
    if indices._data.dtype != "int64":
        raise RuntimeError(f"elements in indices should be type int64 but got: {indices.type()[6:-6]}")
    if len(shape) not in (count + 1, count + 2):
        raise RuntimeError(
            f"Input to max_unpooling{count}d should be a {count + 1}d or {count + 2}d Tensor, but got a tensor with "
            f"{len(shape)} dimensions."
        )
    if indices._data.shape != shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(shape)}) but got indices tensor with "
            f"shape: {list(indices._data.shape)}"
        )
    lacking(f"max_unpool{max(count, 2)}d", "b i c", input)
    lead = shape[: len(shape) - count]
    flat, total = reshape(indices, shape=(*lead, math.prod(shape[len(lead) :]))), math.prod(sizes)
    raw = flat._data
    if backend_of(raw).name == "cpu" and raw.size and int(raw.min()) < 0:
        raise RuntimeError(f"Found an invalid max index: {int(raw.min())} (output volumes are of size "
                           f"{'x'.join(map(str, sizes))})")  # fmt: skip
    backend_of(input._data).check_index(
        flat._data, total,
        lambda bad, _: RuntimeError(
            f"Found an invalid max index: {bad} (output volumes are of size {'x'.join(map(str, sizes))})"),
    )  # fmt: skip
    zeros = input.new_zeros((*lead, total))
    placed = scatter(zeros, reshape(input, shape=flat._data.shape), flat, dim=len(lead))
    return reshape(placed, shape=(*lead, *sizes))


def _register(count: int) -> None:
    def power(input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Any:
        return power_average(input, norm_type, kernel_size, stride, ceil_mode, count)

    def back(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None) -> Any:
        return unpool(input, indices, kernel_size, stride, padding, output_size, count)

    power.__doc__ = f"The p-norm of {count}-d windows."
    back.__doc__ = f"Zeros with the input's elements where `max_pool{count}d` found them."
    public("(input, norm_type, kernel_size, stride=None, ceil_mode=False)", name=f"lp_pool{count}d", namespace="nn.functional",
           method=False)(power)  # fmt: skip
    public("(input, indices: tensor, kernel_size, stride=None, padding=0, output_size=None)", name=f"max_unpool{count}d",
           namespace="nn.functional", method=False)(back)  # fmt: skip
    if count == 1:
        return

    def fraction(input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
                 _random_samples: Any = None) -> Any:  # fmt: skip
        values, indices = fractional(input, kernel_size, output_size, output_ratio, _random_samples, count)
        return (values, indices) if return_indices else values

    def both(input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False,
             _random_samples: Any = None) -> Any:  # fmt: skip
        return fractional(input, kernel_size, output_size, output_ratio, _random_samples, count)

    fraction.__doc__ = f"The largest element of {count}-d windows at pseudo-random places, and where asked its position."
    both.__doc__ = f"`fractional_max_pool{count}d` with the positions."
    signature = "(input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None)"
    for name, function in ((f"fractional_max_pool{count}d", fraction), (f"fractional_max_pool{count}d_with_indices", both)):
        public(signature, name=name, namespace="nn.functional", method=False)(function)


for _count in (1, 2, 3):
    _register(_count)
