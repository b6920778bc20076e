"""One dtype for the operands of an op, by PyTorch's table, through recorded casts.

Tensors with dimensions decide; a 0-dim tensor or a Python number counts only if its category (bool < integer <
floating < complex) is higher. Nothing happens where dtypes already agree, which costs one identity test per operand.
"""

from __future__ import annotations

import functools
from typing import Any

from ..backend import dtype as dt
from ..backend.limits import C_TYPES, refuse_number
from ..backend.namespace import backend_of, device_of
from ..tracked import Tracked


def _combine(higher: dt.dtype | None, lower: dt.dtype | None) -> dt.dtype | None:
    """PyTorch's combine_categories."""
    if higher is None or lower is None:
        return higher or lower
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return higher.to_complex() if lower.is_complex else higher
    if higher is dt.bool_ or lower.category >= dt.FLOATING:
        return dt.promote_types(higher, lower)
    return higher


@functools.cache
def _common(dimensioned: tuple[dt.dtype, ...], zero_dim: tuple[dt.dtype, ...], numbers: tuple[dt.dtype, ...],
            ) -> dt.dtype:  # fmt: skip
    groups = [functools.reduce(dt.promote_types, group) if group else None
              for group in (dimensioned, zero_dim, numbers)]  # fmt: skip
    common = _combine(groups[0], _combine(groups[1], groups[2]))
    assert common is not None
    return common


def common_dtype(values: Any) -> dt.dtype:
    """The dtype that an op computes these tensors, arrays and numbers in (`result_type`)."""
    groups: tuple[list[dt.dtype], list[dt.dtype], list[dt.dtype]] = ([], [], [])
    for value in values:
        data = value._data if isinstance(value, Tracked) else value
        if getattr(data, "dtype", None) is None:
            if data is not None:
                groups[2].append(dt.of_number(data))
        else:
            groups[0 if data.ndim else 1].append(dt.of(data.dtype))
    return _common(*(tuple(group) for group in groups))


def promote(op: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The operands of one op in one dtype."""
    rule = op.promotes
    if rule is None:
        return args
    chosen = args if op.promoted is None else [args[i] for i in op.promoted]
    same = None
    for arg in chosen:
        if isinstance(arg, Tracked):
            kind = arg._data.dtype
        elif arg.__class__ is float or arg.__class__ is int or arg is None:
            continue
        else:
            kind = getattr(arg, "dtype", None)
        if same is None:
            same = kind
        elif kind is not same:
            same = None
            break
    if same is not None and same.kind in "fcV":
        return args
    common = common_dtype(chosen)
    if rule == "float" and common.category < dt.FLOATING:
        common = dt.default()
    return tuple(
        as_dtype(arg, common) if op.promoted is None or i in op.promoted else arg for i, arg in enumerate(args)
    )


def as_dtype(value: Any, common: dt.dtype) -> Any:
    """A tensor cast (recorded), or a Python number in the category of the dtype."""
    if isinstance(value, Tracked):
        if value._data.dtype == common.numpy:
            return value
        from .arithmetic import cast

        return cast(value, dtype=common.numpy)
    if value is None:
        return None
    if getattr(value, "dtype", None) is not None and getattr(value, "ndim", None):
        return value.astype(common.numpy)
    return number_as(value, common)


def number_as(value: Any, common: dt.dtype) -> Any:
    """A Python number as an op of this dtype sees it: weak, and wrapped into an integer's range as in C."""
    if common.category == dt.COMPLEX:
        return complex(value)
    if common.category == dt.FLOATING:
        return float(real(value, common))
    if common.category == dt.BOOL:
        return bool(value)
    whole = int(real(value, common))
    bits = 8 * common.itemsize
    if not -(1 << (bits - 1)) <= whole < (1 << (bits - 1)) or (whole < 0 and not common.is_signed):
        whole &= (1 << bits) - 1
        if common.is_signed and whole >> (bits - 1):
            whole -= 1 << bits
    return whole


def real(value: Any, common: dt.dtype) -> Any:
    """A Python number for a dtype that has no imaginary part.

    Raises:
        RuntimeError: for a number that has one.
    """
    if isinstance(value, complex):
        if value.imag:
            refuse_number(C_TYPES[common.name])
        return value.real
    return value


def match_devices(op: Any, datas: list[Any]) -> None:
    """Refuse operands on different devices, naming both. A 0-dim host tensor may join a device's, as a number.

    Raises:
        RuntimeError: PyTorch's sentence, with the op and the shapes.
    """
    home: Any = None
    first: Any = None
    for data in datas:
        if getattr(data, "dtype", None) is None:
            continue
        device = device_of(data)
        if home is None or (home.type == "cpu" and device.type != "cpu" and first.ndim == 0):
            home, first = device, data
        elif device != home and (data.ndim or device.type != "cpu"):
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {home} and {device}! "
                f"(when running {op.name!r} on shapes {[tuple(getattr(d, 'shape', ())) for d in datas]}). "
                "Hint: move one of them with .to(other.device)."
            )
    if home is not None and home.type != "cpu":
        for index, data in enumerate(datas):
            if getattr(data, "dtype", None) is not None and device_of(data) != home:
                datas[index] = backend_of(data).to_host(data).item()
