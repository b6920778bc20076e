"""Convolutions and their transposes as PyTorch spells them, over the trilinear trio."""

from __future__ import annotations

from typing import Any

from ..backend.dtype import scalar_type
from ..ops import convolution as ops
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.shape import cat, reshape, select


def _tuple(value: Any, count: int, name: str) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * count
    spread: tuple[int, ...] = tuple(value)
    if len(spread) == 1:
        return spread * count
    if len(spread) != count:
        raise RuntimeError(f"expected {name} to be a single integer value or a list of {count} values to match the "
                           f"convolution dimensions, but got {name}={list(spread)}")  # fmt: skip
    return spread


def _check_weight(x: Any, w: Any, count: int) -> None:
    """A weight of as many dimensions as the input.

    Raises:
        RuntimeError: naming what came.
    """
    shape = list(w._data.shape)
    if len(shape) < 3:
        raise RuntimeError(f"weight should have at least three dimensions, but has shape {shape}")
    if len(shape) != count + 2:
        raise RuntimeError(
            f"Expected {len(shape)}-dimensional input for {len(shape)}-dimensional weight{shape}, but got "
            f"{x._data.ndim}-dimensional input of size {list(x._data.shape)} instead"
        )


def _check(x: Any, w: Any, bias: Any, count: int, groups: int, transposed: bool) -> None:
    """Dtypes and shapes that go together.

    Raises:
        RuntimeError: naming what came and what is expected.
    """
    kind, shape = x._data.dtype, list(w._data.shape)
    if 0 in shape[2:]:
        raise RuntimeError(f"kernel size should be greater than zero, but got {shape[2:]}")
    if transposed and 0 in x._data.shape[2:]:
        raise RuntimeError(
            f"Only zero batch or zero channel inputs are supported, but got input shape: {list(x._data.shape)}")
    if transposed and not shape[1]:
        raise RuntimeError(f"non-empty {count}D or {count + 2}D weight tensor expected, but got: {shape}")
    if kind != w._data.dtype:
        refusal = NotImplementedError if kind.kind in "biu" else RuntimeError
        raise refusal(f"Input type ({x.type()}) and weight type ({w.type()}) should be the same")
    if bias is not None and kind != bias._data.dtype:
        raise RuntimeError(f"Input type ({scalar_type(kind)}) and bias type ({scalar_type(bias._data.dtype)}) should be the same")
    if kind.kind == "b":
        straight = "compute_columns3d" if count == 3 else "slow_conv2d_cpu"
        kernel = f"slow_conv_transpose{max(count, 2)}d_out_cpu" if transposed else straight
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size {shape} "
            "instead"
        )
    if shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size "
            f"[{shape}] instead"
        )
    given, channels = f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size {shape}", x._data.shape[1]
    expected = shape[0] if transposed else shape[1] * groups
    if channels != expected:
        raise RuntimeError(
            f"{given}, expected input{list(x._data.shape)} to have {expected} channels, but got {channels} channels instead"
        )
    results = shape[1] * groups if transposed else shape[0]
    if bias is not None and bias._data.shape != (results,):
        given = given if transposed else f"Given weight of size {shape}"
        raise RuntimeError(
            f"{given}, expected bias to be 1-dimensional with {results} elements, but got bias of size "
            f"{list(bias._data.shape)} instead"
        )


def _options(stride: Any, padding: Any, dilation: Any, count: int) -> tuple[tuple[int, ...], ...]:
    stride, dilation, padding = (
        _tuple(stride, count, "stride"), _tuple(dilation, count, "dilation"), _tuple(padding, count, "padding"))  # fmt: skip
    if any(p < 0 for p in padding):
        raise RuntimeError("negative padding is not supported")
    if any(s <= 0 for s in stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(d <= 0 for d in dilation):
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    return stride, padding, dilation


def _batched(x: Any, count: int, name: str) -> tuple[Any, bool]:
    """x with a batch dimension, and whether it came without."""
    if x._data.ndim not in (count + 1, count + 2):
        raise RuntimeError(
            f"Expected {count + 1}D (unbatched) or {count + 2}D (batched) input to {name}{count}d, but got input of size: "
            f"{list(x._data.shape)}"
        )
    single = x._data.ndim == count + 1
    return (select(x, key=(None,)) if single else x), single


def _finished(out: Any, bias: Any, count: int, single: bool) -> Any:
    if bias is not None:
        out = out + reshape(bias, shape=(-1,) + (1,) * count)
    return select(out, key=(0,)) if single else out


def convolve(x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, count: int) -> Any:
    """conv1d, conv2d and conv3d: the same function in `count` spatial dimensions."""
    x, single = _batched(x, count, "conv")
    named = isinstance(padding, str)
    _check_weight(x, w, count)
    stride, pads, dilation = _options(stride, 0 if named else padding, dilation, count)
    _check(x, w, bias, count, groups, transposed=False)
    if named:
        x, pads = _same(x, w, stride, padding, dilation)
    kernel = w._data.shape[2:]
    for n, k, p, d in zip(x._data.shape[2:], kernel, pads, dilation, strict=True):
        if n + 2 * p < d * (k - 1) + 1:
            sizes = " x ".join(str(m + 2 * q) for m, q in zip(x._data.shape[2:], pads, strict=True))
            spans = " x ".join(str(e * (j - 1) + 1) for j, e in zip(kernel, dilation, strict=True))
            raise RuntimeError(
                f"Calculated padded input size per channel: ({sizes}). Kernel size: ({spans}). Kernel size can't be "
                "greater than actual input size"
            )
    if 0 in x._data.shape[2:]:
        raise RuntimeError(
            f"Only zero batch or zero channel inputs are supported, but got input shape: {list(x._data.shape)}")
    out = ops.conv(x, w, stride=stride, padding=pads, dilation=dilation, groups=groups)
    return _finished(out, bias, count, single)


def deconvolve(x: Any, w: Any, bias: Any, stride: Any, padding: Any, output_padding: Any, groups: int, dilation: Any,
               count: int) -> Any:  # fmt: skip
    """conv_transpose1d, 2d and 3d: the gradient of a convolution with respect to its input, as a function of its own."""
    if isinstance(padding, str):
        raise TypeError(f"conv_transpose{count}d(): argument 'padding' must be tuple of ints, not str")
    x, single = _batched(x, count, "conv_transpose")
    _check_weight(x, w, count)
    stride, pads, dilation = _options(stride, padding, dilation, count)
    _check(x, w, bias, count, groups, transposed=True)
    lacking(f"slow_conv_transpose{max(count, 2)}d_out_cpu", "int32 int16 int8 uint8", x)
    more = _tuple(output_padding, count, "output_padding")
    shape = x._data.shape
    sizes = []
    for n, k, s, p, d, o in zip(shape[2:], w._data.shape[2:], stride, pads, dilation, more, strict=True):
        if o < 0:
            raise RuntimeError("negative output_padding is not supported")
        if o >= s and o >= d:
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got output_padding: "
                f"{list(more)} stride: {list(stride)} dilation: {list(dilation)}"
            )
        size = (n - 1) * s - 2 * p + d * (k - 1) + o + 1
        if size <= 0:
            raise RuntimeError(
                f"Given input size per channel: {list(shape[2:])}. Calculated output size per channel: ({size}). Output size is "
                "too small"
            )
        sizes.append(size)
    whole = (shape[0], w._data.shape[1] * groups, *sizes)
    out = ops.conv_input(x, w, shape=whole, stride=stride, padding=pads, dilation=dilation, groups=groups)
    return _finished(out, bias, count, single)


def _same(x: Any, w: Any, stride: Any, padding: str, dilation: Any) -> tuple[Any, tuple[int, ...]]:
    if padding == "valid":
        return x, (0,) * len(stride)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for k, d in zip(w._data.shape[2:], dilation, strict=True)]
    for axis, total in enumerate(totals):  # an odd total: one more zero at the end
        if total % 2:
            shape = list(x._data.shape)
            shape[2 + axis] = 1
            x = cat(x, x.new_zeros(shape), dim=2 + axis)
    return x, tuple(total // 2 for total in totals)


def _register(count: int) -> None:
    def function(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
                 groups: int = 1) -> Any:  # fmt: skip
        return convolve(input, weight, bias, stride, padding, dilation, groups, count)

    function.__doc__ = f"The {count}-d cross-correlation of (N, C, ...) with (O, C/groups, ...)."
    public("(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)", name=f"conv{count}d",
           namespaces=("nn.functional", ""), method=False)(function)  # fmt: skip

    def transposed(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
                   groups: int = 1, dilation: Any = 1) -> Any:  # fmt: skip
        return deconvolve(input, weight, bias, stride, padding, output_padding, groups, dilation, count)

    transposed.__doc__ = f"The transpose of the {count}-d cross-correlation: (N, C, ...) with (C, O/groups, ...)."
    public("(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)",
           name=f"conv_transpose{count}d", namespaces=("nn.functional", ""), method=False)(transposed)  # fmt: skip


for _count in (1, 2, 3):
    _register(_count)
