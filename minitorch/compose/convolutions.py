"""Convolutions as PyTorch spells them, over the trilinear trio."""

from __future__ import annotations

from typing import Any

from ..ops import convolution as ops
from ..ops.front import public
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


def _check(x: Any, w: Any, count: int, groups: int) -> None:
    if w._data.ndim != count + 2:
        raise RuntimeError(f"weight should have {count + 2} dimensions, but has shape {list(w._data.shape)}")
    if x._data.dtype != w._data.dtype:
        raise RuntimeError(f"Input type ({x.type()}) and weight type ({w.type()}) should be the same")
    if x._data.shape[1] != w._data.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(w._data.shape)}, expected input{list(x._data.shape)} to have "
            f"{w._data.shape[1] * groups} channels, but got {x._data.shape[1]} channels instead"
        )


def convolve(x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, count: int) -> Any:
    """conv1d, conv2d and conv3d: the same function in `count` spatial dimensions."""
    if x._data.ndim not in (count + 1, count + 2):
        raise RuntimeError(
            f"Expected {count + 1}D (unbatched) or {count + 2}D (batched) input to conv{count}d, but got input of size: "
            f"{list(x._data.shape)}"
        )
    single = x._data.ndim == count + 1
    if single:
        x = select(x, key=(None,))
    _check(x, w, count, groups)
    stride, dilation = _tuple(stride, count, "stride"), _tuple(dilation, count, "dilation")
    if isinstance(padding, str):
        x, pads = _same(x, w, stride, padding, dilation)
    else:
        pads = _tuple(padding, count, "padding")
    kernel = w._data.shape[2:]
    for n, k, p, d in zip(x._data.shape[2:], kernel, pads, dilation, strict=True):
        if n + 2 * p < d * (k - 1) + 1:
            sizes = " x ".join(str(m + 2 * q) for m, q in zip(x._data.shape[2:], pads, strict=True))
            spans = " x ".join(str(e * (j - 1) + 1) for j, e in zip(kernel, dilation, strict=True))
            raise RuntimeError(
                f"Calculated padded input size per channel: ({sizes}). Kernel size: ({spans}). Kernel size can't be "
                "greater than actual input size"
            )
    out = ops.conv(x, w, stride=stride, padding=pads, dilation=dilation, groups=groups)
    if bias is not None:
        out = out + reshape(bias, shape=(-1,) + (1,) * count)
    return select(out, key=(0,)) if single else out


def _same(x: Any, w: Any, stride: Any, padding: str, dilation: Any) -> tuple[Any, tuple[int, ...]]:
    if padding == "valid":
        return x, (0,) * len(stride)
    if padding != "same":
        raise ValueError(f"Invalid padding string '{padding}', should be one of 'valid', 'same'")
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


for _count in (1, 2, 3):
    _register(_count)
