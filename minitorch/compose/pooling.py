"""Pooling as PyTorch spells it: averages over windows, maxima gathered by their positions."""

from __future__ import annotations

from typing import Any

from ..backend.namespace import backend_of
from ..ops.front import public
from ..ops.index import gather
from ..ops.kinds import lacking
from ..ops.pooling import window_slices, window_sum
from ..ops.rounding import trunc_quotient
from ..ops.shape import reshape, select
from .matrices import size_of
from .reductions import ordered


def pool_options(input: Any, count: int, name: str, kernel: Any, stride: Any, padding: Any, ceil_mode: bool,
                 dilation: Any = 1) -> tuple[Any, ...]:  # fmt: skip
    """Kernel, stride, padding, dilation as tuples, and the sizes of the result.

    Raises:
        RuntimeError: for padding above half the kernel, or a result with no element.
    """
    have = input._data.shape
    kernel, padding, dilation = (
        _spread(v, count, name, said) for v, said in ((kernel, "kernel_size"), (padding, "padding"), (dilation, "dilation")))
    stride = kernel if stride is None or stride == [] or stride == () else _spread(stride, count, name, "stride")
    if name.startswith("avg") and count == 2 and len(have) < count + 1:
        size_of(input, -count - 1)
    if len(have) not in (count + 1, count + 2) or 0 in have[-count - 1 :]:
        if count == 1 and len(have) not in (2, 3):
            raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(have)}-dimensional tensor for argument #1 'self' "
                               f"(while checking arguments for {name})")  # fmt: skip
        raise RuntimeError(f"Expected {count + 1}D or {count + 2}D (batch mode) tensor with optional 0 dim batch size for "
                           f"input, but got:{list(have)} (in {name})")  # fmt: skip
    sizes = []
    for n, k, s, p, d in zip(input._data.shape[-count:], kernel, stride, padding, dilation, strict=True):
        if s == 0:
            raise RuntimeError("stride should not be zero")
        if d <= 0:
            raise RuntimeError("dilation should be greater than zero, but got " + str(list(dilation)))
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > int((d * (k - 1) + 1) / 2):
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={d}"
            )
        if k <= 0:
            raise RuntimeError("kernel size should be greater than zero, but got " + str(list(kernel)))
        if s < 0:
            raise RuntimeError("stride should be greater than zero, but got " + str(list(stride)))
        span = n + 2 * p - d * (k - 1) - 1
        size = (-(-span // s) if ceil_mode else span // s) + 1
        if ceil_mode and (size - 1) * s >= n + p:  # the last window must start inside the input
            size -= 1
        sizes.append(size)
    if any(size <= 0 for size in sizes):
        inside = "x".join(str(n) for n in input._data.shape[-count - 1 :])
        outside = "x".join(str(n) for n in (input._data.shape[-count - 1], *sizes))
        raise RuntimeError(
            f"Given input size: ({inside}). Calculated output size: ({outside}). Output size is too small"
        )
    return kernel, stride, padding, dilation, tuple(sizes)


def _spread(value: Any, count: int, name: str, said: str) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * count
    value = tuple(int(v) for v in value)
    spread: tuple[int, ...] = value * count if len(value) == 1 else value
    if len(spread) != count:
        numbers = {1: "one int", 2: "two ints", 3: "three ints"}[count]
        raise RuntimeError(f"{name}: {said} must either be a single int, or a tuple of {numbers}")
    return spread


def average(input: Any, count: int, kernel: Any, stride: Any, padding: Any, ceil_mode: bool, include: bool,
            divisor: int | None) -> Any:  # fmt: skip
    """avg_pool1d, 2d and 3d."""
    kernel, stride, padding, _, sizes = pool_options(input, count, f"avg_pool{count}d", kernel, stride, padding, ceil_mode)
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    lacking("avg_pool2d", "b c uint8 int8 int16 int32", input)
    single = input._data.ndim == count + 1
    x = select(input, key=(None,)) if single else input
    out = window_sum(x, kernel=kernel, stride=stride, padding=padding, sizes=sizes)
    count_ = divisor if divisor is not None else _counts(x, kernel, stride, padding, sizes, include)
    out = trunc_quotient(out, count_) if input._data.dtype == "int64" else out / count_
    return select(out, key=(0,)) if single else out


def _counts(x: Any, kernel: Any, stride: Any, padding: Any, sizes: Any, include: bool) -> Any:
    """How many elements each window averages: a number where all agree, else a tensor."""
    xp = backend_of(x._data)
    total: Any = 1
    whole = 1
    same = True
    for axis, (n, k, s, p, m) in enumerate(zip(x._data.shape[2:], kernel, stride, padding, sizes, strict=True)):
        begins = [i * s - p for i in range(m)]
        if include:
            found = [min(b + k, n + p) - b for b in begins]
        else:
            found = [min(b + k, n) - max(b, 0) for b in begins]
        same = same and all(f == k for f in found)
        whole *= k
        total = total * xp.asarray(found, dtype=x._data.dtype).reshape((-1,) + (1,) * (len(kernel) - axis - 1))
    return whole if same else x._wrap(total)


def maximum(input: Any, count: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Any:
    """max_pool1d, 2d and 3d: (values, flat positions in each channel)."""
    kernel, stride, padding, dilation, sizes = pool_options(
        input, count, f"max_pool{count}d", kernel, stride, padding, ceil_mode, dilation)  # fmt: skip
    lacking(f"max_pool{count}d", "b c", input)
    single = input._data.ndim == count + 1
    x = select(input, key=(None,)) if single else input
    array = x._data
    xp = backend_of(array)
    _, where = _search(xp, ordered(array), kernel, stride, padding, dilation, sizes)
    flat = reshape(x, shape=(*array.shape[:2], -1) if array.size else (*array.shape[:2], _product(array.shape[2:])))
    values = gather(flat, x._wrap(where.reshape(*array.shape[:2], _product(sizes))), dim=2)
    values = reshape(values, shape=(*array.shape[:2], *sizes))
    found = x._wrap(where)
    return (select(values, key=(0,)), select(found, key=(0,))) if single else (values, found)


def _product(sizes: Any) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def _search(xp: Any, array: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, sizes: Any) -> Any:
    """The first largest element of each window and its flat position; NaN wins, padding never does."""
    space = array.shape[2:]
    need = [max(n + 2 * p, s * (m - 1) + d * (k - 1) + 1)
            for n, p, s, m, d, k in zip(space, padding, stride, sizes, dilation, kernel, strict=True)]  # fmt: skip
    inner = (..., *(slice(p, p + n) for p, n in zip(padding, space, strict=True)))
    lowest = -xp.inf if array.dtype.kind == "f" else xp.iinfo(array.dtype).min
    wide = xp.full((*array.shape[:2], *need), lowest, dtype=array.dtype)
    wide[inner] = array
    inside = xp.full(tuple(need), -1, dtype="int64")
    inside[inner] = xp.arange(_product(space)).reshape(space)
    best: Any = None
    where: Any = None
    for key in window_slices(xp, kernel, stride, dilation, sizes):
        values, places = wide[(..., *key)], inside[key]
        if best is None:
            best, where = values.copy(), xp.broadcast_to(places, values.shape).copy()
            continue
        better = ((values > best) | (values != values) | (where < 0)) & (places >= 0)
        best = xp.where(better, values, best)
        where = xp.where(better, places, where)
    return best, where


def _register(count: int) -> None:
    letters = ("nn.functional", "") if count == 1 else ("nn.functional",)

    def avg(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
            count_include_pad: bool = True, divisor_override: Any = None) -> Any:  # fmt: skip
        return average(input, count, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)

    def top(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
            ceil_mode: bool = False, return_indices: bool = False) -> Any:  # fmt: skip
        if count == 1 and not return_indices:
            lacking("max_pool1d_impl", "b i c", input)
        values, indices = maximum(input, count, kernel_size, stride, padding, dilation, ceil_mode)
        return (values, indices) if return_indices else values

    avg.__doc__ = f"The mean over {count}-d windows."
    top.__doc__ = f"The largest element of {count}-d windows, and where asked its flat position."
    last = "" if count == 1 else ", divisor_override=None"
    public(f"(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True{last})",
           name=f"avg_pool{count}d", namespaces=letters, method=False)(avg)  # fmt: skip
    public("(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)",
           name=f"max_pool{count}d", namespaces=("nn.functional", ""), method=False)(top)  # fmt: skip


for _count in (1, 2, 3):
    _register(_count)
