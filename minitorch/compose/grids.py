"""Sampling images at computed places: `affine_grid` makes the places, `grid_sample` takes the numbers there.

The neighbours of each place are found off the tape; their weights are functions of the place, so that gradients reach
the grid at every order. M. Jaderberg et al., "Spatial Transformer Networks" (2015), https://arxiv.org/abs/1506.02025.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

from ..backend.limits import quiet
from ..backend.namespace import backend_of
from ..backend.stepping import evenly, multiply_add
from ..graph.modes import modes
from ..ops.arithmetic import cast, where
from ..ops.front import public
from ..ops.kinds import EXPECTED, agreeing, lacking
from ..ops.lookup import lookup
from ..ops.shape import ordered, permute, place, reshape, select, turned
from .matrices import size_of
from .taps import cubic_weights

_CHANGED = ("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
            "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.")  # fmt: skip
PADDINGS = ("zeros", "border", "reflection")


# ---- where ---------------------------------------------------------------------------------------------------------
def _unnormalised(place: Any, size: int, align: bool, flat: bool) -> Any:
    """From [-1, 1] to elements; in the plane rounded once, as in PyTorch's kernel: it decides what is on an element."""
    if align:
        return (place + 1) * ((size - 1) / 2)
    if not flat:
        return ((place + 1) * size - 1) / 2
    found = (place + 1) * (size / 2) - 0.5
    with quiet():
        lost = multiply_add(place._data + 1, size / 2, -0.5) - found._data
    return found + found._wrap(backend_of(lost).where(lost == lost, lost, 0))


def _kept(place: Any, low: Any, high: Any) -> Any:
    """place where it lies between two bounds, else the bound, without a gradient; a NaN is the lower one."""
    raw = place._data
    xp = backend_of(raw)
    inside = place._wrap((raw > low) & (raw < high))
    bound = xp.where(raw >= high, xp.asarray(high, dtype=raw.dtype), xp.asarray(low, dtype=raw.dtype))
    return where(inside, place, place._wrap(bound))


def _mirrored(place: Any, low: float, high: float) -> Any:
    """place reflected at two bounds until it lies between them."""
    if high <= low:
        return place * 0
    raw = place._data
    xp = backend_of(raw)
    span = high - low
    away = abs(raw - low)
    turns = xp.floor(away / span)
    odd = turns - 2 * xp.floor(turns / 2)
    # +-(place - low) less the whole turns, from the one end or the other: signs and constants, found off the tape
    sign = xp.where(raw < low, -1.0, 1.0).astype(raw.dtype)
    back = xp.where(odd > 0, -1.0, 1.0).astype(raw.dtype)
    shift = xp.where(odd > 0, span * (turns + 1), -span * turns).astype(raw.dtype)
    return (place - low) * place._wrap(sign * back) + place._wrap(shift + xp.asarray(low, dtype=raw.dtype))


def _placed(place: Any, size: int, padding: str, align: bool) -> Any:
    """Where a place lies, in elements, after the padding."""
    if padding == "zeros":
        return place
    if padding == "reflection":
        place = _mirrored(place, 0, size - 1) if align else _mirrored(place, -0.5, size - 0.5)
    return _kept(place, 0, size - 1)


def _floored(xp: Any, raw: Any) -> Any:
    """The next lower whole numbers; of what is far outside or NaN, one outside."""
    down = modes.run(xp.floor, raw)
    return xp.where(abs(down) < 2**30, down, xp.asarray(-100, dtype=raw.dtype))


# ---- what ----------------------------------------------------------------------------------------------------------
class _Image:
    """Images as rows of channels, one row for each element, and a row of zeros for what is outside."""

    def __init__(self, x: Any) -> None:
        count, channels, *space = x._data.shape
        self.space, ndim = space, len(space)
        self.outside = count * math.prod(space)
        rows = reshape(permute(x, dims=(0, *range(2, ndim + 2), 1)), shape=(self.outside, channels))
        self.rows = place(rows, key=(slice(0, self.outside),), shape=(self.outside + 1, channels))
        xp = backend_of(x._data)
        self.first = xp.arange(count).reshape(-1, *(1,) * ndim) * math.prod(space)

    def at(self, places: Any) -> Any:
        """The rows (N, *out, C) at whole raw places, one array for each dimension; zeros outside."""
        xp = backend_of(places[0])
        flat: Any = None
        inside: Any = None
        for at, size in zip(places, self.space, strict=True):
            here = (at >= 0) & (at < size)
            inside = here if inside is None else inside & here
            flat = at if flat is None else flat * size + at
        return lookup(self.rows, self.rows._wrap(xp.where(inside, flat + self.first, self.outside)), dim=0)


def _product(factors: Any) -> Any:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _linear(image: _Image, places: list[Any], xp: Any) -> Any:
    """The two neighbours in each dimension, weighted."""
    low = [_floored(xp, place._data) for place in places]
    share = [place - place._wrap(down) for place, down in zip(places, low, strict=True)]
    low = [down.astype("int64") for down in low]
    pairs = [(1 - part, part) for part in share]
    out = None
    for corner in itertools.product((0, 1), repeat=len(places)):
        weight = _product([pair[side] for pair, side in zip(pairs, corner, strict=True)])
        part = image.at([down + side for down, side in zip(low, corner, strict=True)]) * select(weight, key=(..., None))
        out = part if out is None else out + part
    return out


def _nearest(image: _Image, places: list[Any], xp: Any) -> Any:
    """The nearest element; the grid moves it by jumps, so that its gradient is 0."""
    found = [_floored(xp, xp.rint(place._data)).astype("int64") for place in places]
    out = image.at(found)
    if places[0]._node is None:
        return out
    still = _product(places)
    still = still * still._wrap(xp.zeros((), dtype=still._data.dtype))
    return out + select(still, key=(..., None))


def _cubic(image: _Image, places: list[Any], padding: str, align: bool, xp: Any) -> Any:
    """The four neighbours in each dimension, weighted; beyond the edge what the padding says."""
    low = [_floored(xp, place._data) for place in places]
    weights = [cubic_weights(place - place._wrap(down)) for place, down in zip(places, low, strict=True)]
    neighbours = []
    for like, down, size in zip(places, low, image.space, strict=True):
        found = [like._wrap(down + offset) for offset in (-1, 0, 1, 2)]
        neighbours.append([xp.floor(_placed(f, size, padding, align)._data).astype("int64") for f in found])
    out = None
    for corner in itertools.product(range(4), repeat=len(places)):
        weight = _product([several[tap] for several, tap in zip(weights, corner, strict=True)])
        part = image.at([found[tap] for found, tap in zip(neighbours, corner, strict=True)]) * select(weight, key=(..., None))
        out = part if out is None else out + part
    return out


def _refuse(input: Any, grid: Any, mode: str) -> None:
    """Shapes and dtypes that do not go together.

    Raises:
        RuntimeError, NotImplementedError: in PyTorch's words.
    """
    shape, places = input._data.shape, grid._data.shape
    given = f"but got input with sizes {list(shape)} and grid with sizes {list(places)}"
    if size_of(input, 0) != size_of(grid, 0):
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, {given}")
    if places[-1] != len(shape) - 2:
        raise RuntimeError(f"grid_sampler(): expected grid to have size {len(shape) - 2} in last dimension, but got grid with "
                           f"sizes {list(places)}")  # fmt: skip
    for axis in range(2, len(shape)):
        if not shape[axis]:
            raise RuntimeError(f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                               f"{list(shape)} with dimension {axis} being empty")  # fmt: skip
    if len(shape) not in (4, 5) or len(places) != len(shape):
        ndim = len(shape) if len(shape) in (4, 5) else "4D or 5"
        raise RuntimeError(f"grid_sampler(): expected {ndim}D input and grid with same number of dimensions, {given}")
    if len(shape) == 5 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    lacking("grid_sampler_2d_cpu_kernel_impl" if len(shape) == 4 else "grid_sampler3d_cpu", "b i c", input)
    agreeing(EXPECTED, input, grid)


@public("(input, grid, mode='bilinear', padding_mode='zeros', align_corners=None)", namespace="nn.functional")
def grid_sample(input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: Any = None) -> Any:
    """The numbers of images (N, C, *S) at the places of a grid (N, *out, len(S)): (N, C, *out).

    Args:
        grid: places as (x, y) or (x, y, z) in [-1, 1], from the first to the last element of each dimension.
        mode: "bilinear", "nearest" or, in two dimensions, "bicubic".
        padding_mode: what is outside: "zeros", the "border", or the "reflection" of the inside.
        align_corners: whether -1 and 1 are the centres of the corner elements, or their outer edges (the default).

    Raises:
        ValueError, RuntimeError, NotImplementedError: in PyTorch's words.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'")
    if padding_mode not in PADDINGS:
        raise ValueError("nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but "
                         f"got: '{padding_mode}'")  # fmt: skip
    if align_corners is None:
        warnings.warn(_CHANGED, stacklevel=3)
    align = bool(align_corners)
    _refuse(input, grid, mode)
    kind = input._data.dtype
    if kind.itemsize == 2:
        input, grid = cast(input, dtype="float32"), cast(grid, dtype="float32")
    count = input._data.ndim - 2
    xp = backend_of(input._data)
    image = _Image(input)
    # the grid says x first, the image has it last
    places = [_unnormalised(select(grid, key=(..., count - 1 - axis)), size, align, count == 2)
              for axis, size in enumerate(image.space)]
    if mode == "bicubic":
        out = _cubic(image, places, padding_mode, align, xp)
    else:
        places = [_placed(place, size, padding_mode, align) for place, size in zip(places, image.space, strict=True)]
        out = (_linear if mode == "bilinear" else _nearest)(image, places, xp)
    out = ordered(permute(out, dims=(0, count + 1, *range(1, count + 1))))
    return out if out._data.dtype == kind else cast(out, dtype=kind)


@public("(theta, size, align_corners=None)", namespace="nn.functional")
def affine_grid(theta: Any, size: Any, align_corners: Any = None) -> Any:
    """The grid (N, H, W, 2) or (N, D, H, W, 3) of an affine map theta (N, 2, 3) or (N, 3, 4), for `grid_sample`.

    Args:
        size: of the image to be made, (N, C, H, W) or (N, C, D, H, W).
        align_corners: as in `grid_sample`.

    Raises:
        ValueError, NotImplementedError: in PyTorch's words.
    """
    if align_corners is None:
        warnings.warn(_CHANGED, stacklevel=3)
    align = bool(align_corners)
    raw = theta._data
    if raw.dtype.kind not in "fV":
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    ndim = len(size) - 2
    if ndim not in (2, 3):
        raise NotImplementedError("affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
                                  f"Got size {size}.")  # fmt: skip
    if raw.ndim != 3 or raw.shape[1:] != (ndim, ndim + 1):
        raise ValueError(f"Expected a batch of {ndim}D affine matrices of shape Nx{ndim}x{ndim + 1} for size {size}. Got "
                         f"{theta.shape}.")  # fmt: skip
    space = tuple(int(n) for n in size[2:])
    if align and min(space) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is not an "
            "intended use case of affine_grid. See the documentation of affine_grid for details.", stacklevel=3)
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if raw.shape[0] != int(size[0]):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{int(size[0])}, {ndim + 1}] but got: "
            f"[{raw.shape[0]}, {ndim + 1}]. (theta of shape {list(raw.shape)} for a size of {list(size)})"
        )
    xp = backend_of(raw)
    base = xp.ones((*space, ndim + 1), dtype=raw.dtype)
    for axis, n in enumerate(space):  # evenly from -1 to 1, or from half an element inside; rounded as PyTorch's
        line = evenly(xp, -1, 1, n, raw.dtype) if n > 1 else xp.zeros(1, dtype=raw.dtype)
        line = line if align else line * (n - 1) / n
        base[..., ndim - 1 - axis] = line.reshape((-1,) + (1,) * (ndim - 1 - axis))
    points = theta._wrap(base.reshape(1, -1, ndim + 1))
    return reshape(points @ turned(theta), shape=(raw.shape[0], *space, ndim))
