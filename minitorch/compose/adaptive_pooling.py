"""Pooling to a given size: window i of m covers elements floor(i n / m) up to ceil((i + 1) n / m) of n.

Where m divides n the windows are regular, and ordinary pooling serves. Otherwise one dimension after the other is
resampled, with the same weight for all elements of a window.
https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
"""

from __future__ import annotations

import math
from typing import Any

from ..backend.namespace import backend_of
from ..ops.arithmetic import cast
from ..ops.front import public
from ..ops.index import gather
from ..ops.kinds import lacking
from ..ops.reduce import mean
from ..ops.resampling import resample
from ..ops.shape import reshape
from .pooling import average, maximum
from .taps import mean_of


def bounds(size: int, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """First element and length of each window."""
    first = tuple([i * size // count for i in range(count)])
    return first, tuple([-(-(i + 1) * size // count) - first[i] for i in range(count)])


def _asked(input: Any, output_size: Any, count: int, name: str, listed: str) -> tuple[int, ...]:
    """The sizes of the result, None standing for the input's.

    Raises:
        RuntimeError: for another number of dimensions, an empty one, or a negative size.
    """
    shape = input._data.shape
    if count == 1 and len(shape) not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {len(shape)}-dimensional tensor for argument #1 'self' (while checking "
            f"arguments for {name})"
        )
    if count > 1 and isinstance(output_size, tuple | list) and len(shape) <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    if len(shape) not in (count + 1, count + 2):
        raise RuntimeError(f"{name}(): Expected {count + 1}D or {count + 2}D tensor, but got{listed} {list(shape)}")
    asked = (output_size,) * count if isinstance(output_size, int) or output_size is None else tuple(output_size)
    if len(asked) != count:
        if count == 1:
            raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(asked)})")
        raise RuntimeError(f"{name}(): internal error: output_size.size() must be {count}" if "max" in name
                           else f"{name}: output_size must be {count}")  # fmt: skip
    sizes = tuple(int(have if size is None else size) for size, have in zip(asked, shape[-count:], strict=True))
    if any(size < 0 for size in sizes):
        if "max" in name:
            raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {[*shape[:-count], *sizes]}")
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received {{{', '.join(map(str, sizes))}}}"
        )
    for axis in range(len(shape) - count, len(shape)):
        if not shape[axis]:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes {list(shape)} "
                f"with dimension {axis} being empty"
            )
    return sizes


def _kernel(kind: str, count: int) -> str:
    """PyTorch's name of the kernel that a dtype may lack."""
    return f"adaptive_{kind}_pool3d_cpu" if count == 3 else f"adaptive_{kind}_pool2d"


def _regular(input: Any, sizes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The kernel, where every size divides the input's."""
    space = input._data.shape[-len(sizes) :]
    if all(size and not have % size for size, have in zip(sizes, space, strict=True)):
        return tuple(have // size for size, have in zip(sizes, space, strict=True))
    return None


def adaptive_average(input: Any, output_size: Any, count: int) -> Any:
    """adaptive_avg_pool1d, 2d and 3d."""
    name = f"adaptive_avg_pool{count}d"
    sizes = _asked(input, output_size, count, name, ",")
    if input._data.size or count > 1:
        lacking(_kernel("avg", count), "b i c", input)
    if set(sizes) == {1}:
        return mean(input, dim=tuple(range(input._data.ndim - count, input._data.ndim)), keepdim=True)
    kernel = _regular(input, sizes)
    if kernel is not None:
        return average(input, count, kernel, kernel, 0, False, True, None)
    kind = input._data.dtype
    work = cast(input, dtype="float32") if kind.itemsize == 2 else input
    for dim, size in enumerate(sizes, input._data.ndim - count):
        if size != input._data.shape[dim]:
            work = resample(work, taps=mean_of(*bounds(input._data.shape[dim], size), input._data.shape[dim]), dim=dim)
    return work if work._data.dtype == kind else cast(work, dtype=kind)


def largest_in(xp: Any, array: Any, first: Any, lengths: Any) -> Any:
    """The flat position of the largest element of each window of the last dimensions; of several the first, NaN wins.

    Args:
        array: (*, D1, ..., Dk).
        first, lengths: per dimension, the windows' first elements and lengths: tuples, or arrays that broadcast to
            (*, windows).
    """
    count = len(first)
    space = array.shape[-count:]
    lead = array.ndim - count
    outside: Any = xp.zeros((), dtype="bool")
    flat: Any = xp.zeros((), dtype="int64")
    for axis in range(count):
        # (*, windows of this axis, places in the window) among the (*, m1, ..., mk, k1, ..., kk)
        begin = xp.asarray(first[axis], dtype="int64")
        length = xp.asarray(lengths[axis], dtype="int64")
        longest = max(lengths[axis]) if isinstance(lengths[axis], tuple) else int(lengths[axis])
        own = begin.shape[:-1] + tuple(begin.shape[-1] if i == axis else 1 for i in range(count)) + (1,) * count
        step = xp.arange(longest).reshape(tuple(longest if i == axis else 1 for i in range(count)))
        begin = begin.reshape(own)
        length = length.reshape(own) if length.ndim else length
        outside = outside | (step >= length)
        flat = flat * space[axis] + xp.minimum(begin + step, space[axis] - 1)
    rows = array.reshape(*array.shape[:lead], -1)
    flat = xp.broadcast_to(flat, (*array.shape[:lead], *flat.shape[-2 * count :]))
    values = xp.take_along_axis(rows, flat.reshape(*array.shape[:lead], -1), axis=-1).reshape(flat.shape)
    values = xp.where(outside, xp.asarray(-xp.inf, dtype=array.dtype), values)
    windows = flat.shape[lead : lead + count]
    values = values.reshape(*array.shape[:lead], *windows, -1)
    best = xp.argmax(values, axis=-1)[..., None]
    return xp.take_along_axis(flat.reshape(values.shape), best, axis=-1)[..., 0]


def picked(input: Any, where_: Any, count: int) -> tuple[Any, Any]:
    """The elements of the last `count` dimensions at flat positions, a raw array; and the positions as a tensor."""
    shape = input._data.shape
    lead, space = shape[: len(shape) - count], math.prod(shape[len(shape) - count :])
    rows = reshape(input, shape=(*lead, space))
    found = input._wrap(where_.reshape(*lead, math.prod(where_.shape[len(lead) :])))
    values = gather(rows, found, dim=len(lead))
    return reshape(values, shape=where_.shape), input._wrap(where_)


def adaptive_maximum(input: Any, output_size: Any, count: int, asked: bool = True) -> tuple[Any, Any]:
    """adaptive_max_pool1d, 2d and 3d: (values, flat positions, which may be None where they are not asked for)."""
    name = f"adaptive_max_pool{count}d"
    sizes = _asked(input, output_size, count, name, ":")
    lacking(_kernel("max", count), "b i c", input)
    kernel = _regular(input, sizes)
    if kernel is not None:
        values, indices = maximum(input, count, kernel, kernel, 0, 1, False, asked)
        return values, indices
    array = input._data
    if not array.size or not all(sizes):
        xp = backend_of(array)
        return picked(input, xp.zeros((*array.shape[:-count], *sizes), dtype="int64"), count)
    windows = [bounds(have, size) for have, size in zip(array.shape[-count:], sizes, strict=True)]
    where_ = largest_in(backend_of(array), array, [first for first, _ in windows], [lengths for _, lengths in windows])
    return picked(input, where_, count)


def _register(count: int) -> None:
    spaces = ("nn.functional", "") if count == 1 else ("nn.functional",)

    def average_of(input: Any, output_size: Any) -> Any:
        return adaptive_average(input, output_size, count)

    def top(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        values, indices = adaptive_maximum(input, output_size, count, return_indices)
        return (values, indices) if return_indices else values

    def both(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        return adaptive_maximum(input, output_size, count)

    average_of.__doc__ = f"The mean over as many {count}-d windows as `output_size` says."
    top.__doc__ = f"The largest element of as many {count}-d windows as `output_size` says, and where asked its flat position."
    both.__doc__ = f"`adaptive_max_pool{count}d` with the positions."
    public("(input, output_size)", name=f"adaptive_avg_pool{count}d", namespaces=spaces, method=False)(average_of)
    public("(input, output_size, return_indices=False)", name=f"adaptive_max_pool{count}d", namespaces=("nn.functional",),
           method=False)(top)  # fmt: skip
    public("(input, output_size, return_indices=False)", name=f"adaptive_max_pool{count}d_with_indices",
           namespaces=("nn.functional",), method=False)(both)  # fmt: skip


for _count in (1, 2, 3):
    _register(_count)


@public("(input, output_size)", name="adaptive_max_pool1d", method=False)
def adaptive_max_pool1d(input: Any, output_size: Any) -> Any:
    """The largest elements and their positions: unlike the one in nn.functional, it always returns both."""
    return adaptive_maximum(input, output_size, 1)
