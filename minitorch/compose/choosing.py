"""Choosing and comparing: where, and the questions whose answer is one bool, or one bool per element."""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.limits import largest_of
from ..ops import comparison
from ..ops.arithmetic import abs_, mul, sub
from ..ops.arithmetic import where as where_op
from ..ops.complex import complex_, imag, real
from ..ops.create import full
from ..ops.front import public
from ..ops.kinds import kind_of
from ..ops.promotion import as_dtype, common_dtype
from ..ops.reduce import all_ as all_op
from ..tracked import Tracked
from .arithmetic import check_operand


@public("(condition, input=None, other=None, *, out=None)", method=False)
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """input where the condition holds, else other; with the condition alone, the positions where it holds."""
    if input is None and other is None:
        from .selection import nonzero

        return nonzero(condition, as_tuple=True)
    check_operand("where", "input", 1, input)
    check_operand("where", "other", 2, other)
    if condition._data.dtype.kind != "b":
        if condition._data.dtype != "uint8":
            raise RuntimeError("where expected condition to be a boolean tensor, but got a tensor with dtype "
                               f"{dt.scalar_type(condition._data.dtype)}")  # fmt: skip
        import warnings

        warnings.warn("where received a uint8 condition tensor. This behavior is deprecated and will be removed in a "
                      "future version of PyTorch. Use a boolean condition instead.", UserWarning, stacklevel=3)  # fmt: skip
        condition = comparison.ne(condition, 0)
    if not isinstance(input, Tracked) and not isinstance(other, Tracked):
        common = common_dtype((input, other))
        input = full(condition, shape=(), value=input, dtype=common.numpy)
    return where_op(condition, input, other)


@public("(input, nan=None, posinf=None, neginf=None, *, out=None)", inplace=True)
def nan_to_num(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    """NaN replaced by `nan` (0), the infinities by `posinf` and `neginf` (the largest and lowest finite numbers)."""
    kind = kind_of(input)
    if kind in "bi":
        return input.clone()
    if kind == "c":
        parts = [nan_to_num(part(input), nan, posinf, neginf) for part in (real, imag)]
        return complex_(*parts)
    largest = largest_of(input._data.dtype)
    out = where_op(comparison.isnan(input), 0.0 if nan is None else float(nan), input)
    out = where_op(comparison.isposinf(input), largest if posinf is None else float(posinf), out)
    return where_op(comparison.isneginf(input), -largest if neginf is None else float(neginf), out)


@public("(input)")
def isreal(input: Any) -> Any:
    """Whether the imaginary part is 0."""
    if kind_of(input) == "c":
        return comparison.eq(imag(input), 0)
    return full(input, shape=input._data.shape, value=True, dtype=bool)


@public("(input, other: tensor, rtol=1e-05, atol=1e-08, equal_nan=False)")
def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |input - other| <= atol + rtol * |other|, elementwise; equal infinities are close.

    Raises:
        RuntimeError: for tensors of different dtype, or a negative tolerance.
    """
    input, other = input.detach(), other.detach()
    if input._data.dtype != other._data.dtype:
        raise RuntimeError(f"{dt.scalar_type(input._data.dtype)} did not match {dt.scalar_type(other._data.dtype)}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not value >= 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value}")
    close = comparison.eq(input, other)
    if equal_nan and kind_of(input) in "fc":
        close = comparison.logical_or(close, comparison.logical_and(comparison.isnan(input), comparison.isnan(other)))
    if rtol == 0 and atol == 0:
        return close
    if kind_of(input) in "bi":
        input, other = (as_dtype(x, dt.default()) for x in (input, other))
    error = abs_(sub(input, other))
    near = comparison.le(error, mul(abs_(other), rtol) + atol)
    return comparison.logical_or(close, comparison.logical_and(comparison.isfinite(error), near))


@public("(input, other: tensor, rtol=1e-05, atol=1e-08, equal_nan=False)")
def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as one bool."""
    return bool(all_op(isclose(input, other, rtol, atol, equal_nan)))


@public("(input, other: tensor)")
def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and elements, as one bool."""
    return input._data.shape == other._data.shape and bool(all_op(comparison.eq(input, other)))
