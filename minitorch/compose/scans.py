"""Running reductions along one dimension, differences of neighbours, and integrals by the trapezoid rule.

Sums, products and logsumexps are ops; running extremes find their positions off the tape and gather; the rest is sums
and products of slices.
"""

from __future__ import annotations

from typing import Any

from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..ops import reduce
from ..ops import scan as ops
from ..ops.comparison import logical_xor
from ..ops.create import full
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.index import gather
from ..ops.shape import cat, reshape, select
from ..tracked import Tracked
from . import return_types as returns
from .reductions import as_dtype, gather_at, ordered, refuse_kind


def _run(op: Any, input: Any, dim: Any) -> Any:
    axis = one_dim(dim, input._data.ndim)
    if not input._data.ndim:
        whole = input._data.dtype.kind in "biu" and op is not ops.logcumsumexp
        return reduce.sum(input) if whole else input.clone()
    return op.one(input, {"dim": axis})


@public("(input, dim, *, dtype=None, out=None)", inplace=True)
def cumsum(input: Any, dim: int, dtype: Any = None) -> Any:
    """Running sums along `dim`; integers sum to int64."""
    return as_dtype(_run(ops.cumsum, as_dtype(input, dtype), dim), dtype)


@public("(input, dim, *, dtype=None, out=None)", inplace=True)
def cumprod(input: Any, dim: int, dtype: Any = None) -> Any:
    """Running products along `dim`; integers multiply to int64."""
    return as_dtype(_run(ops.cumprod, as_dtype(input, dtype), dim), dtype)


@public("(input, dim, *, out=None)")
def logcumsumexp(input: Any, dim: int) -> Any:
    """Running log(sum(exp(input))) along `dim`, without overflow."""
    one_dim(dim, input._data.ndim)
    refuse_kind(input, "logcumsumexp_out_cpu", "biu")
    return _run(ops.logcumsumexp, input, dim)


def _running_extreme(input: Any, dim: Any, name: str, ufunc: str) -> Any:
    """(values, indices) so far; of equal ones the last, and so of NaNs."""
    if not input._data.ndim and dim not in (0, -1):
        raise IndexError(f"{name}(): Expected reduction dim -1 or 0 for scalar but got {dim}")
    axis = one_dim(dim, input._data.ndim)
    raw, xp = ordered(input._data), backend_of(input._data)
    if not raw.ndim:
        return gather_at(input, xp.zeros((), dtype="int64"), 0, False)
    refuse_kind(input, f"{name}_cpu")
    best = modes.run(ops.accumulated, xp, raw, axis, ufunc)
    places = xp.arange(raw.shape[axis]).reshape((-1,) + (1,) * (raw.ndim - axis - 1))
    takes = raw == best
    if raw.dtype.kind == "f":
        takes = takes | xp.isnan(raw)
    index = input._wrap(ops.accumulated(xp, takes * places, axis, "maximum"))
    return gather(input, index, dim=axis), index


@public("(input, dim, *, out=None)")
def cummax(input: Any, dim: int) -> Any:
    """(values, indices) of the largest so far along `dim`."""
    return returns.cummax(*_running_extreme(input, dim, "cummax", "maximum"))


@public("(input, dim, *, out=None)")
def cummin(input: Any, dim: int) -> Any:
    """(values, indices) of the smallest so far along `dim`."""
    return returns.cummin(*_running_extreme(input, dim, "cummin", "minimum"))


# ---- differences and integrals -------------------------------------------------------------------------------------
def _cut(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return select(x, key=(*[slice(None)] * axis, slice(start, stop)))


@public("(input, n=1, dim=-1, prepend=None, append=None, *, out=None)")
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th differences of neighbours along `dim`, of bools where they differ.

    Raises:
        RuntimeError: for a 0-dim input, a negative order, something to prepend or append of another shape.
    """
    shape = input._data.shape
    if not shape:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    axis = one_dim(dim, len(shape))
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for other in (prepend, append):
        _check_ends(shape, other, axis)
    if not n:  # what stands before and after is left out then
        return input.clone()
    parts = [part for part in (prepend, input, append) if part is not None]
    x = cat(*parts, dim=axis) if len(parts) > 1 else input
    for _ in range(min(n, x._data.shape[axis])):
        later, earlier = _cut(x, axis, 1, None), _cut(x, axis, 0, max(x._data.shape[axis] - 1, 0))
        x = logical_xor(later, earlier) if x._data.dtype == bool else later - earlier
    return x


def _check_ends(shape: Any, other: Any, axis: int) -> None:
    if other is None:
        return
    have = other._data.shape
    if len(have) != len(shape):
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    for d, (size, mine) in enumerate(zip(shape, have, strict=True)):
        if d != axis and size != mine:
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input except along the "
                f"differencing dimension; input.size({d}) = {size}, but got tensor.size({d}) = {mine}"
            )


def _areas(name: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int] | None:
    """The trapezoids between neighbouring samples along `dim`; None where there is no sample."""
    shape = y._data.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = one_dim(dim, len(shape))
    if not shape[axis]:
        if x is not None and name.startswith("cumulative") and x._data.ndim == 1 and x._data.size:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        return None
    for operand, label in ((y, "y"), (x, "x")):
        if isinstance(operand, Tracked) and operand._data.dtype == bool:
            raise RuntimeError(f"{name}: received a bool input for `{label}`, but bool is not supported")
    pairs = _cut(y, axis, 1, None) + _cut(y, axis, 0, shape[axis] - 1)
    if x is None:
        return pairs * (dx / 2.0) if dx != 1 else pairs / 2.0, axis
    steps = x._data.shape
    if len(steps) <= 1:
        if (steps or (1,))[0] != shape[axis]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        line = reshape(x, shape=(-1,))
        widths = _cut(line, 0, 1, None) - _cut(line, 0, 0, shape[axis] - 1)
        widths = reshape(widths, shape=(-1,) + (1,) * (len(shape) - axis - 1))
    else:
        lead = (1,) * (len(shape) - len(steps))
        wide = reshape(x, shape=(*lead, *steps))
        if wide._data.shape[axis] != shape[axis]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        widths = _cut(wide, axis, 1, None) - _cut(wide, axis, 0, shape[axis] - 1)
    return pairs * widths / 2.0, axis


TRAPEZOID = "(y, x=None, *, dx=1, dim=-1)"


@public(TRAPEZOID, method=False, aliases=("trapz",))
def trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The integral of samples along `dim` by the trapezoid rule, `dx` apart or at the points x.

    Raises:
        RuntimeError: for points that are not one per sample, for bools.
    """
    found = _areas("trapezoid", y, x, dx, dim)
    if found is None:
        axis = one_dim(dim, y._data.ndim)
        return reduce.sum(y, dim=axis)
    return reduce.sum(found[0], dim=found[1])


@public(TRAPEZOID, method=False)
def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The running integral of samples along `dim` by the trapezoid rule, one element shorter than they are.

    Raises:
        RuntimeError: as `trapezoid`.
    """
    found = _areas("cumulative_trapezoid", y, x, dx, dim)
    return y.clone() if found is None else ops.cumsum(found[0], dim=found[1])


# ---- gradient ------------------------------------------------------------------------------------------------------
@public("(input, *, spacing=None, dim=None, edge_order=1)", method=False)
def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Any, ...]:
    """The numeric derivative of samples along each dimension, by central differences of second order inside and
    one-sided ones of `edge_order` (1 or 2) at the ends; `spacing` is a step, one per dimension, or the points.

    Raises:
        RuntimeError: for too few samples, or a spacing that does not fit.
    """
    ndim = input._data.ndim
    dims = range(ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    axes = [one_dim(d, ndim) for d in dims]
    if input._data.dtype == "uint8":
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"dim {axes[0]} appears multiple times in the list of dims")
    spaces = list(spacing) if isinstance(spacing, tuple | list) else [1 if spacing is None else spacing] * len(axes)
    if len(spaces) != len(axes):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
            f"same length, but got a spacing argument of length {len(spaces)} and a dim argument of length {len(axes)}."
        )
    for axis in axes:
        if input._data.shape[axis] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(_slopes(input, axis, space, edge_order) for axis, space in zip(axes, spaces, strict=True))


def _slopes(x: Any, axis: int, space: Any, order: int) -> Any:
    """One dimension's derivative; the spacing a number, or a vector of points."""
    shape = x._data.shape
    size, line = shape[axis], tuple(-1 if d == axis else 1 for d in range(len(shape)))
    rise = _cut(x, axis, 1, None) - _cut(x, axis, 0, size - 1)
    if isinstance(space, Tracked):
        if space._data.shape != (size,):
            raise RuntimeError(
                "torch.gradient expected each tensor to have 1 dimension and as many elements as the dimension has, "
                f"but got spacing of shape {list(space._data.shape)} for dimension {axis} of size {size}"
            )
        width = reshape(_cut(space, 0, 1, None) - _cut(space, 0, 0, size - 1), shape=line)
        step = rise / width
    else:
        step = rise / space
        width = full(step, shape=tuple(size - 1 if n < 0 else n for n in line), value=1)
    before, after = _cut(width, axis, 0, size - 2), _cut(width, axis, 1, None)
    inner = (_cut(step, axis, 0, size - 2) * after + _cut(step, axis, 1, None) * before) / (before + after)
    first, last = _cut(step, axis, 0, 1), _cut(step, axis, size - 2, None)
    if order == 2:  # the parabola through the three samples at each end
        wide, next_wide = _cut(width, axis, 0, 1), _cut(width, axis, 1, 2)
        first = first + (first - _cut(step, axis, 1, 2)) * wide / (wide + next_wide)
        wide, next_wide = _cut(width, axis, size - 2, None), _cut(width, axis, size - 3, size - 2)
        last = last + (last - _cut(step, axis, size - 3, size - 2)) * wide / (wide + next_wide)
    return cat(first, inner, last, dim=axis)
