"""Arithmetic as PyTorch spells it: alpha, rounding modes, bounds that may be tensors."""

from __future__ import annotations

from typing import Any

from ..ops import arithmetic as ops
from ..ops import comparison
from ..ops.front import public
from ..ops.transcendental import log
from ..tracked import Tracked

BINARY = "(input, other, *, out=None)"


def _scaled(other: Any, alpha: Any) -> Any:
    return other if alpha.__class__ is int and alpha == 1 else other * alpha


@public("(input, other, *, alpha=1, out=None)", inplace=True)
def add(input: Any, other: Any, alpha: Any = 1) -> Any:
    """input + alpha * other."""
    return ops.add(input, _scaled(other, alpha))


@public("(input, other, *, alpha=1, out=None)", inplace=True, aliases=("subtract",))
def sub(input: Any, other: Any, alpha: Any = 1) -> Any:
    """input - alpha * other. bool operands are refused, as in PyTorch."""
    refuse_bool(input, other)
    return ops.sub(input, _scaled(other, alpha))


def refuse_bool(*operands: Any) -> None:
    """PyTorch defines no `-` with a bool operand."""
    kinds = [(x._data.dtype == bool if isinstance(x, Tracked) else x.__class__ is bool) for x in operands]
    if all(kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if any(kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )


@public("(input, other, *, rounding_mode=None, out=None)", inplace=True, aliases=("divide",))
def div(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    """input / other; `rounding_mode` "trunc" or "floor" rounds the quotient."""
    if rounding_mode is None:
        return ops.div(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        return truncated(input, other)
    raise RuntimeError(
        f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
    )


@public(BINARY, inplace=True)
def true_divide(input: Any, other: Any) -> Any:
    """input / other."""
    return ops.div(input, other)


@public(BINARY, inplace=True)
def floor_divide(input: Any, other: Any) -> Any:
    """input / other rounded towards minus infinity."""
    return comparison.floor_quotient(input, other)


def truncated(input: Any, other: Any) -> Any:
    """input / other rounded towards zero."""
    return comparison.trunc_quotient(input, other)


@public("(input, exponent, *, out=None)", inplace=True)
def pow(input: Any, exponent: Any) -> Any:
    """input to the power exponent."""
    return ops.pow_(input, exponent)


@public("(input, min=None, max=None, *, out=None)", inplace=True, aliases=("clip",))
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """input held between min and max, each a number, a tensor or None."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, Tracked) or isinstance(max, Tracked):
        out = input
        if min is not None:
            out = _bounded(out, min, comparison.lt)
        return out if max is None else _bounded(out, max, comparison.gt)
    if input._data.dtype.kind in "iu" and (isinstance(min, float) or isinstance(max, float)):
        input = input + 0.0
    return ops.clamp(input, min=min, max=max)


def _bounded(x: Any, bound: Any, beyond: Any) -> Any:
    """The bound where x lies strictly beyond it: at the bound the gradient stays with x."""
    return ops.where(beyond(x, bound), bound, x)


@public("(input, min, *, out=None)", inplace=True)
def clamp_min(input: Any, min: Any) -> Any:
    """input, at least min."""
    return clamp(input, min, None)


@public("(input, max, *, out=None)", inplace=True)
def clamp_max(input: Any, max: Any) -> Any:
    """input, at most max."""
    return clamp(input, None, max)


@public("(condition)", "(condition, input, other, *, out=None)", method=False)
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """input where the condition holds, else other; with the condition alone, the positions where it holds."""
    if input is None and other is None:
        from .selection import nonzero

        return nonzero(condition, as_tuple=True)
    if condition._data.dtype != bool:
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype "
                           f"{condition.dtype}")  # fmt: skip
    return ops.where(condition, input, other)


@public("(input, other, *, out=None)", inplace=True)
def xlogy(input: Any, other: Any) -> Any:
    """input * log(other), 0 where input is 0."""
    return ops.where(comparison.eq(input, 0), 0, ops.mul(input, log(other)))
