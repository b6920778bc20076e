"""Pooling as PyTorch spells it: averages and maxima over windows."""

from __future__ import annotations

from typing import Any

from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.pooling import flat_places, search, window_max, window_pick, window_sum
from ..ops.rounding import trunc_quotient
from ..ops.shape import select
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
    if len(have) in (count + 1, count + 2):
        for k, s, p, d in zip(kernel, stride, padding, dilation, strict=True):
            if s == 0:
                raise RuntimeError("stride should not be zero")
            if p < 0:
                raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
            if d > 0 and p > int((d * (k - 1) + 1) / 2):
                raise RuntimeError(
                    f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and dilation={d}"
                )
    if len(have) not in (count + 1, count + 2) or 0 in have[-count - 1 :]:
        if count == 1 and len(have) not in (2, 3):
            raise RuntimeError(f"Expected 2 to 3 dimensions, but got {len(have)}-dimensional tensor for argument #1 'self' "
                               f"(while checking arguments for {name})")  # fmt: skip
        if (count == 3 or name.startswith("max")) and len(have) not in (count + 1, count + 2):
            raise RuntimeError(f"non-empty {count + 1}D or {count + 2}D (batch mode) tensor expected for input, but got: "
                               f"{list(have)} (in {name})")  # fmt: skip
        if count == 3:
            where = "max_pool3d_with_indices_out_cpu_template" if name.startswith("max") else name
            raise RuntimeError(
                f"{where}(): Expected input's non-batch dimensions to have positive length, but input has a shape of "
                f"{list(have)} and non-batch dimension {have[-count - 1 :].index(0)} has length zero!"
            )
        raise RuntimeError(f"Expected {count + 1}D or {count + 2}D (batch mode) tensor with optional 0 dim batch size for "
                           f"input, but got:{list(have)} (in {name})")  # fmt: skip
    sizes = []
    for n, k, s, p, d in zip(input._data.shape[-count:], kernel, stride, padding, dilation, strict=True):
        if d <= 0:
            raise RuntimeError("dilation should be greater than zero, but got " + str(list(dilation)))
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
    if count == 3 and any(n < k for n, k in zip(input._data.shape[-3:], kernel, strict=True)):
        image, window = ([f"{axis}: {n}" for axis, n in zip(names, found, strict=True)]
                         for names, found in (("THW", input._data.shape[-3:]), (("kT", "kH", "kW"), kernel)))  # fmt: skip
        raise RuntimeError(f"input image ({' '.join(image)}) smaller than kernel size ({' '.join(window)})")
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    lacking("avg_pool3d_out_frame" if count == 3 else "avg_pool2d", "b c uint8 int8 int16 int32", input)
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


def maximum(input: Any, count: int, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
            indices: bool = True) -> Any:  # fmt: skip
    """max_pool1d, 2d and 3d: (values, flat positions in each channel, or None where they are not asked for)."""
    kernel, stride, padding, dilation, sizes = pool_options(
        input, count, f"max_pool{count}d", kernel, stride, padding, ceil_mode, dilation)  # fmt: skip
    lacking(f"max_pool{count}d", "b c", input)
    single = input._data.ndim == count + 1
    x = select(input, key=(None,)) if single else input
    options = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    found = None
    if indices:
        array, xp = x._data, backend_of(x._data)
        where = modes.run(search, xp, ordered(array), *options.values(), sizes)[1]
        values = window_pick(x, x._wrap(where), **options)
        found = x._wrap(flat_places(xp, where, array.shape[2:], *options.values()))
        found = select(found, key=(0,)) if single else found
    else:
        values = window_max(x, **options, sizes=sizes)
    return (select(values, key=(0,)) if single else values), found


def _refuse_line(input: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> None:
    """What PyTorch's max_pool1d without positions refuses, in its own words."""
    have = input._data.shape
    if len(have) not in (2, 3) or 0 in have[-2:]:
        raise RuntimeError(f"max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
                           f"got:{list(have)}")  # fmt: skip
    given = [_spread(value, 1, "max_pool1d", name)[0] for name, value in (
        ("kernel_size", kernel), ("padding", padding), ("dilation", dilation))]  # fmt: skip
    k, p, d = given
    s = k if stride is None or stride == [] or stride == () else _spread(stride, 1, "max_pool1d", "stride")[0]
    for name, value in (("kernel_size", k), ("stride", s)):
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {value}")
    if p < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {p}")
    if p > k / 2:
        raise RuntimeError(f"max_pool1d() padding should be at most half of kernel size, but got padding={p} and kernel_size={k}")
    if d <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {d}")
    span = have[-1] + 2 * p - d * (k - 1) - 1
    size = (-(-span // s) if ceil_mode else span // s) + 1
    if size <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {size}")
    lacking("max_pool1d_impl", "b i c", input)


def _register(count: int) -> None:
    letters = ("nn.functional", "") if count == 1 else ("nn.functional",)

    def avg(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
            count_include_pad: bool = True, divisor_override: Any = None) -> Any:  # fmt: skip
        return average(input, count, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)

    def top(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
            ceil_mode: bool = False, return_indices: bool = False) -> Any:  # fmt: skip
        if count == 1 and not return_indices:
            _refuse_line(input, kernel_size, stride, padding, dilation, ceil_mode)
        values, indices = maximum(input, count, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
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
