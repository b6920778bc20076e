"""Overwriting all of a tensor: fill, zero and copy, which live mostly as their in-place twins."""

from __future__ import annotations

from typing import Any

from ..ops.arithmetic import cast, warn_of_lost_part
from ..ops.arithmetic import zero as zero_of
from ..ops.families import elementwise
from ..ops.front import public
from ..ops.promotion import number_as
from ..ops.shape import expand
from ..ops.shapes import common_shape
from ..tracked import Tracked


@elementwise(promotes=None, inplace=False)
def filled(xp, x, *, value):
    """A number in every place of x; x gets no gradient, but zeros."""
    return float(value) if x.__class__ is float else xp.full_like(x, value)


filled.vjp(x=lambda g: zero_of(g))


@public("(input, value)", inplace=True, method=False)
def fill(input: Any, value: Any) -> Any:
    """`value` (a number or a 0-dim tensor) in every place."""
    if not isinstance(value, Tracked):
        return filled(input, value=number_as(value, input.dtype))
    if value._data.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._data.ndim} dimensions."
        )
    filling: Any = value
    return expand(filling.to(device=input.device, dtype=input.dtype), shape=input._data.shape)


@public("(input)", inplace=True, method=False, functional=False)
def zero(input: Any) -> Any:
    """0 in every place."""
    return filled(input, value=number_as(0, input.dtype))


@public("(input, src: operand, non_blocking=False)", inplace=True, method=False, functional=False)
def copy(input: Any, src: Any, non_blocking: bool = False) -> Any:
    """The elements of src, broadcast and converted."""
    if not isinstance(src, Tracked):
        return fill(input, src)
    have, want = src._data.shape, input._data.shape
    if have != want:
        shape = common_shape([want, have])
        if shape != want:
            raise RuntimeError(f"output with shape {list(want)} doesn't match the broadcast shape {list(shape)}")
    if src._data.dtype != input._data.dtype:
        if src._data.dtype.kind == "c":
            warn_of_lost_part(input._data.dtype)
        src = cast(src, dtype=input._data.dtype)
    return expand(src.to(device=input.device), shape=input._data.shape)
