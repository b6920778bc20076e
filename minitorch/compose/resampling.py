"""Images (signals, volumes) in another size: `interpolate` and its older names.

Every mode but "area" works along one dimension after the other: "nearest" looks elements up, the others weight a few
neighbours. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend.host import HOST
from ..backend.namespace import backend_of
from ..ops.arithmetic import cast
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.resampling import resample
from . import taps
from .adaptive_pooling import adaptive_average

#: The modes that weight neighbours: the number of dimensions that they work in, and the table.
WEIGHTED = {"linear": (1, taps.linear), "bilinear": (2, taps.linear), "trilinear": (3, taps.linear), "bicubic": (2, taps.cubic)}
#: What the dimensions are called.
AXES = "DHW"


def _whole(value: Any) -> bool:
    """Whether a size is a whole number: one of Python's, or in an array or a tensor."""
    if isinstance(value, int):
        return True
    data = getattr(value, "_data", value)
    return getattr(data, "ndim", None) == 0 and data.dtype.kind in "iu"


def _asked(input: Any, size: Any, factor: Any, mode: str, align: Any, again: Any) -> tuple[Any, Any]:
    """The sizes of the result or the factors, one for each dimension, and None for the other.

    Raises:
        ValueError, TypeError: in PyTorch's words.
    """
    count = input._data.ndim - 2
    space = list(input._data.shape[2:])
    if size is not None and factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if size is not None:
        if isinstance(size, tuple | list):
            if len(size) != count:
                raise ValueError(
                    "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions "
                    f"of {space} and output size of {size}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
                    "output size in (o1, o2, ...,oK) format."
                )
            if not all(map(_whole, size)):
                raise TypeError("expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], "
                                f"but got size with types {[type(n) for n in size]}")  # fmt: skip
        sizes = list(size) if isinstance(size, tuple | list) else [size] * count
        if again:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        return sizes, None
    if isinstance(factor, tuple | list) and len(factor) != count:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{space} and scale_factor of shape {factor}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
            "scale_factor in (s1, s2, ...,sK) format."
        )
    factors = list(factor) if isinstance(factor, tuple | list) else [factor] * count
    return ([int(n * f) for n, f in zip(space, factors, strict=True)], None) if again or mode == "area" else (None, factors)


def _sized(input: Any, sizes: Any, factors: Any, name: str) -> tuple[tuple[int, ...], Any]:
    """The sizes of the result as ints.

    Raises:
        TypeError: for anything but numbers.
        RuntimeError: for an empty input or result.
    """
    shape = input._data.shape
    listed = sizes if factors is None else factors
    for value in listed:
        fits = _whole(value) and not isinstance(value, bool) if factors is None else _whole(value) or isinstance(value, float)
        if not fits:
            kinds = f"list of [{', '.join(type(v).__name__ for v in listed)}]"
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got (Tensor, {kinds}): expected whole numbers for "
                "the size, or numbers for the scale_factor"
            )
    if factors is not None:
        try:
            sizes = [int(n * float(f)) for n, f in zip(shape[2:], factors, strict=True)]
        except (ValueError, OverflowError):
            raise RuntimeError(f"value cannot be converted to type int64_t without overflow (scale_factor {factors})") from None
    result = tuple(int(n) for n in sizes)
    names = AXES[-len(result) :]
    if min(result) <= 0 or 0 in shape[2:]:
        told = [", ".join(f"{axis}: {n}" for axis, n in zip(names, found, strict=True)) for found in (shape[2:], result)]
        joint = " and " if len(result) == 1 else " "
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({told[0]}){joint}output ({told[1]})")
    if 0 in shape[1:]:
        raise RuntimeError(f"Non-empty {len(shape)}D data tensor expected but got a tensor with sizes {list(shape)}")
    return result, [None] * len(result) if factors is None else [float(factor) for factor in factors]


def _kernel(count: int, mode: str, antialias: bool) -> str:
    """PyTorch's name of the kernel that a dtype may lack."""
    if antialias:
        return "compute_index_ranges_weights"
    if mode == "bicubic":
        return "compute_indices_weights_cubic"
    if count == 2:
        return f"upsample_{'bilinear' if mode == 'bilinear' else 'nearest'}2d_channels_last"
    return f"compute_indices_weights_{'nearest' if mode.startswith('nearest') else 'linear'}"


def _order(shape: Any, sizes: tuple[int, ...]) -> list[int]:
    """The dimensions in the order to work in: those that shrink first, the others from the last one on."""
    spatial = range(len(sizes))
    return sorted(spatial, key=lambda axis: (sizes[axis] >= shape[2 + axis], -axis if sizes[axis] >= shape[2 + axis] else axis))


def _bytes(input: Any, sizes: tuple[int, ...], factors: Any, mode: str, align: bool, antialias: bool) -> Any:
    """Images of uint8 resampled with whole weights, rounded after each dimension, as Pillow does."""
    raw = input._data
    xp, kind = backend_of(raw), HOST.dtype("float64")
    for axis in reversed(range(len(sizes))):
        if raw.shape[2 + axis] == sizes[axis]:
            continue
        given = (raw.shape[2 + axis], sizes[axis], align, factors[axis], kind)
        index, weights, bits = taps.whole(taps.smooth(mode, *given) if antialias else WEIGHTED[mode][1](*given))
        weights = xp.asarray(weights).reshape(*weights.shape, *(1,) * (len(sizes) - 1 - axis))
        total = 1 << bits - 1
        for place, weight in zip(xp.asarray(index), weights, strict=True):
            total = total + raw.take(place, 2 + axis).astype("int32") * weight
        raw = xp.clip(total >> bits, 0, 255).astype("uint8")
    return input._wrap(raw.copy() if raw is input._data else raw)


def _weighted(input: Any, sizes: tuple[int, ...], factors: Any, mode: str, align: bool, antialias: bool) -> Any:
    """input resampled by tables of weights, in float32 or float64."""
    kind = input._data.dtype
    work = input if kind in ("float32", "float64") else cast(input, dtype=HOST.dtype("float32"))
    shape = input._data.shape
    for axis in _order(shape, sizes):
        if antialias and shape[2 + axis] == sizes[axis]:
            continue
        given = (shape[2 + axis], sizes[axis], align, factors[axis], work._data.dtype)
        table = taps.smooth(mode, *given) if antialias else WEIGHTED[mode][1](*given)
        work = resample(work, taps=table, dim=2 + axis)
    return work if work._data.dtype == kind else cast(work, dtype=kind)


@public("(input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, antialias=False)",
        namespace="nn.functional")  # fmt: skip
def interpolate(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
                recompute_scale_factor: Any = None, antialias: bool = False) -> Any:  # fmt: skip
    """(N, C, W), (N, C, H, W) or (N, C, D, H, W) in another size.

    Args:
        size: of each spatial dimension, or one for all.
        scale_factor: instead of a size, what to multiply the sizes by.
        mode: "nearest", "nearest-exact", "linear" (3-D), "bilinear", "bicubic", "lanczos" (4-D), "trilinear" (5-D) or "area".
        align_corners: True: the centres of the corner elements stay where they are; otherwise their outer edges do.
        recompute_scale_factor: True: the positions follow from the sizes, not from `scale_factor`.
        antialias: smooth before making smaller ("bilinear", "bicubic", "lanczos").

    Raises:
        ValueError, TypeError, RuntimeError, NotImplementedError: in PyTorch's words.
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic "
                             "| trilinear")  # fmt: skip
    elif align_corners is None:
        align_corners = False
    ndim = input._data.ndim
    count = ndim - 2
    sizes, factors = _asked(input, size, scale_factor, mode, align_corners, recompute_scale_factor)
    if antialias and not (mode in taps.FILTERS and ndim == 4):
        raise ValueError("Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as "
                         "input")  # fmt: skip
    if mode == "area" and ndim in (3, 4, 5):
        for size in sizes:
            if not _whole(size) or isinstance(size, bool):
                raise TypeError(f"adaptive_avg_pool{count}d(): argument 'output_size' (position 2) must be tuple of ints, but "
                                f"found element of type {type(size).__name__} at pos 0")  # fmt: skip
        return adaptive_average(input, tuple(map(int, sizes)), count)
    if mode == "lanczos" and ndim == 4:
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
    elif mode in WEIGHTED and mode != "bicubic" and ndim in (3, 4, 5) and WEIGHTED[mode][0] != count:
        raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {WEIGHTED[mode][0] + 2}D input")
    elif ndim not in (3, 4, 5) or mode not in ("nearest", "nearest-exact", *WEIGHTED) or (mode == "bicubic" and ndim != 4):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: nearest | linear | bilinear | "
            f"bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    result, factors = _sized(input, sizes, factors, f"upsample_{mode}{count}d")
    narrow = "uint8" if mode in ("linear", "trilinear") else ""
    lacking(_kernel(count, mode, antialias), f"b c int8 int16 int32 int64 {narrow}", input)
    if not mode.startswith("nearest"):
        resized = _bytes if input._data.dtype == "uint8" else _weighted
        return resized(input, result, factors, mode, bool(align_corners), antialias)
    kind = HOST.dtype("float64" if input._data.dtype == "float64" else "float32")
    shape = input._data.shape
    small = count == 2 and sum(result) <= 128
    for axis in _order(shape, result):
        table = taps.nearest(shape[2 + axis], result[axis], factors[axis], mode == "nearest-exact", kind, small)
        input = resample(input, taps=table, dim=2 + axis)
    return input


def _old(name: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=4)


@public("(input, size=None, scale_factor=None, mode='nearest', align_corners=None)", namespace="nn.functional")
def upsample(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None) -> Any:
    """`interpolate` under its older name."""
    _old("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


@public("(input, size=None, scale_factor=None)", namespace="nn.functional")
def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` to the nearest element."""
    _old("upsample_nearest")
    return interpolate(input, size, scale_factor, "nearest")


@public("(input, size=None, scale_factor=None)", namespace="nn.functional")
def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Bilinear `interpolate` with aligned corners."""
    _old("upsample_bilinear")
    return interpolate(input, size, scale_factor, "bilinear", True)
