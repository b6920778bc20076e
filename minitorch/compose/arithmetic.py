"""Arithmetic as PyTorch spells it: alpha, rounding modes, bounds and weights that may be tensors.

Each function says which dtypes it takes, in PyTorch's words, before an op runs: bools have no minus, whole numbers no
negative powers. What is left is one op, or a short expression of ops.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.limits import C_NAMES
from ..ops import arithmetic as ops
from ..ops import rounding
from ..ops.create import full
from ..ops.front import PUBLIC, public, refuse
from ..ops.kinds import kind_of, lacking, refuses
from ..ops.mutation import in_place
from ..ops.promotion import as_dtype, common_dtype, number_as, real
from ..tracked import Tracked

BINARY = "(input: operand, other, *, out=None)"
SCALED = "(input: operand, other, *, alpha=1, out=None)"


def _scaled(input: Any, other: Any, alpha: Any) -> Any:
    """alpha * other in the dtype of the result.

    Raises:
        RuntimeError: where that dtype cannot hold alpha.
    """
    if alpha.__class__ is int and alpha == 1:
        return other
    if isinstance(alpha, Tracked):
        alpha = alpha.item()  # type: ignore[attr-defined]
    common = common_dtype((input, other))
    kind = dt.category_of(alpha)
    if kind == dt.BOOL and common is not dt.bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if kind >= dt.FLOATING > common.category:
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if kind == dt.COMPLEX and not common.is_complex:
        raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex number.")
    return ops.mul(as_dtype(other, common), number_as(alpha, common))


@public(SCALED, inplace=True)
def add(input: Any, other: Any, alpha: Any = 1) -> Any:
    """input + alpha * other."""
    return ops.add(input, _scaled(input, other, alpha))


@public(SCALED, inplace=True, aliases=("subtract",))
def sub(input: Any, other: Any, alpha: Any = 1) -> Any:
    """input - alpha * other. bool operands are refused, as in PyTorch."""
    refuse_bool(input, other)
    return ops.sub(input, _scaled(input, other, alpha))


@public("(input, other, alpha=1)", method=False)
def rsub(input: Any, other: Any, alpha: Any = 1) -> Any:
    """other - alpha * input."""
    refuse_bool(input, other)
    return ops.sub(other, _scaled(other, input, alpha))


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


@public("(input)", name="absolute_", functional=False)
@public("(input)", name="abs_")
def abs_in_place(input: Any) -> Any:
    """In-place version of `abs`, for real tensors."""
    if kind_of(input) == "c":
        raise RuntimeError("In-place abs is not supported for complex tensors.")
    return in_place(PUBLIC[""]["abs"].function, input, (), {}, ops.abs_)


@public("(input)")
def positive(input: Any) -> Any:
    """The tensor itself."""
    if input._data.dtype == bool:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@public("(input: operand, other, *, rounding_mode=None, out=None)", inplace=True, aliases=("divide",))
def div(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    """input / other; `rounding_mode` "trunc" or "floor" rounds the quotient."""
    if rounding_mode is None:
        return ops.div(input, other)
    if rounding_mode == "floor":
        return rounding.floor_quotient(input, other)
    if rounding_mode == "trunc":
        return rounding.trunc_quotient(input, other)
    raise RuntimeError(
        f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
    )


@public(BINARY, inplace=True)
def true_divide(input: Any, other: Any) -> Any:
    """input / other."""
    return ops.div(input, other)


# ---- powers --------------------------------------------------------------------------------------------------------
@public("(input: operand, exponent, *, out=None)", inplace=True)
def pow(input: Any, exponent: Any) -> Any:
    """input to the power exponent.

    Raises:
        RuntimeError: integers to the power of a negative Python integer.
    """
    if kind_of(exponent) in "ib" and kind_of(input) in "ib":
        return _whole_power(input, exponent)
    return ops.pow_(input, exponent)


def _whole_power(input: Any, exponent: Any) -> Any:
    if kind_of(exponent) == kind_of(input) == "b":
        if isinstance(exponent, Tracked):
            raise NotImplementedError("\"pow\" not implemented for 'Bool'")
        return input.clone() if exponent else full(input, shape=input._data.shape, value=True)
    if not isinstance(exponent, Tracked) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return ops.pow_(input, exponent)


def _double(base: Any, exponent: Any) -> Any:
    return dt.complex128 if "c" in (kind_of(base), kind_of(exponent)) else dt.float64


@public("(input: operand, exponent, *, out=None)")
def float_power(input: Any, exponent: Any) -> Any:
    """input to the power exponent, both in float64 (or complex128)."""
    wide = _double(input, exponent)
    return ops.pow_(as_dtype(input, wide), as_dtype(exponent, wide))


@public("(input, exponent)", name="float_power_", functional=False)
def float_power_in_place(input: Any, exponent: Any) -> Any:
    """In-place version of `float_power`, for float64 and complex128."""
    wide = _double(input, exponent)
    if input._data.dtype != wide.numpy:
        have, needed = (dt.SCALAR_TYPES[d.name] for d in (input.dtype, wide))
        raise RuntimeError(
            f"the base given to float_power_ has dtype {have} but the operation's result requires dtype {needed}"
        )
    return in_place(float_power, input, (exponent,), {}, None)


@public("(input, other, *, out=None)", inplace=True)
def ldexp(input: Any, other: Any) -> Any:
    """input * 2**other."""
    from ..ops.transcendental import exp2

    common = common_dtype((input, other))
    if common.category < dt.FLOATING:
        common = dt.default()
    return ops.mul(as_dtype(input, common), exp2(as_dtype(other, common)))


# ---- several operands ----------------------------------------------------------------------------------------------
TERNARY = "(input, tensor1, tensor2, *, value=1, out=None)"


@public(TERNARY, inplace=True)
def addcmul(input: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    """input + value * tensor1 * tensor2."""
    return ops.add(input, ops.mul(*_prepared(input, tensor1, tensor2, value, "addcmul_cpu_out")))


@public(TERNARY, inplace=True)
def addcdiv(input: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    """input + value * tensor1 / tensor2, of floating tensors."""
    if kind_of(tensor1) in "bi" and kind_of(tensor2) in "bi":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value "
            "* torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value "
            "* tensor1 / tensor2), for all dtypes."
        )
    return ops.add(input, ops.div(*_prepared(input, tensor1, tensor2, value, "addcdiv_cpu_out")))


def _prepared(input: Any, tensor1: Any, tensor2: Any, value: Any, kernel: str) -> tuple[Any, Any]:
    """(value * tensor1, tensor2) in the dtype of the result."""
    common = common_dtype((input, tensor1, tensor2))
    if common is dt.bool_:
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")
    tensor1, tensor2 = as_dtype(tensor1, common), as_dtype(tensor2, common)
    number = number_as(value, common)
    return (tensor1 if number == 1 else ops.mul(tensor1, number)), tensor2


NAMES = C_NAMES | {"complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}
LERP = {kind: refuses(f"lerp_kernel_{kind}", "bi") for kind in ("tensor", "scalar")}


@public("(input, end: tensor, weight: operand, *, out=None)", inplace=True)
def lerp(input: Any, end: Any, weight: Any) -> Any:
    """The point a fraction `weight` (a number or a tensor) of the way from input to end."""
    for name, tensor in (("end", end), ("weight", weight)):
        if isinstance(tensor, Tracked) and tensor._data.dtype != input._data.dtype and (
                name == "end" or tensor._data.ndim):  # fmt: skip
            have, given = (NAMES[t._data.dtype.name] for t in (input, tensor))
            raise RuntimeError(f"expected dtype {have} for `{name}` but got dtype {given}")
    LERP["tensor" if isinstance(weight, Tracked) else "scalar"]((input._data,), {})
    if weight.__class__ is complex and input._data.dtype.kind != "c":
        weight = real(weight, input.dtype)
    return ops.lerp(input, end, weight)


# ---- bounds --------------------------------------------------------------------------------------------------------
@public("(input, min=None, max=None, *, out=None)", inplace=True, aliases=("clip",))
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """input held between min and max, two numbers or two tensors; None is no bound."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    bounds = [bound for bound in (min, max) if bound is not None]
    tensors = [bound for bound in bounds if isinstance(bound, Tracked)]
    mixed = len(tensors) < len(bounds) and any(bound._data.ndim for bound in tensors)
    if mixed or not all(isinstance(bound, Tracked | int | float | complex) for bound in bounds):
        kinds = ", ".join(type(value).__name__ for value in (input, min, max))
        raise TypeError(
            f"clamp() received an invalid combination of arguments - got ({kinds}), but expected one of:\n"
            " * (Tensor input, Tensor min = None, Tensor max = None, *, Tensor out = None)\n"
            " * (Tensor input, Number min = None, Number max = None, *, Tensor out = None)"
        )
    if tensors:
        if len(bounds) == 2 and common_dtype((input, min, max)) is dt.bool_:
            raise NotImplementedError("\"clamp_cpu\" not implemented for 'Bool'")
        return ops.bounded(input, min, max)
    common = common_dtype((input, min, max))
    if common.is_complex and input.is_floating_point():
        min, max = (bound if bound is None else real(bound, dt.float64) for bound in (min, max))
        common = common_dtype((input, min, max))
    return ops.clamp(as_dtype(input, common), min=min if min is None else number_as(min, common),
                     max=max if max is None else number_as(max, common))  # fmt: skip


@public("(input, min, *, out=None)", inplace=True)
def clamp_min(input: Any, min: Any) -> Any:
    """input, at least min."""
    return clamp(input, min, None)


@public("(input, max, *, out=None)", inplace=True)
def clamp_max(input: Any, max: Any) -> Any:
    """input, at most max."""
    return clamp(input, None, max)


# ---- scales and parts ----------------------------------------------------------------------------------------------
def _no_complex(name: str) -> Any:
    return refuses(c=f"{name} is not supported for complex tensors.")


@public("(input, *, out=None)", inplace=True)
def deg2rad(input: Any) -> Any:
    """Degrees as radians."""
    _no_complex("deg2rad")((input._data,), {})
    return ops.mul(input, 0.017453292519943295)


@public("(input, *, out=None)", inplace=True)
def rad2deg(input: Any) -> Any:
    """Radians as degrees."""
    _no_complex("rad2deg")((input._data,), {})
    return ops.mul(input, 57.29577951308232)


@public("(input, *, decimals=None, out=None)", inplace=True)
def round(input: Any, decimals: int | None = None) -> Any:
    """The nearest number with so many decimal places, the even one of two equally near."""
    if decimals is not None:
        lacking("round_cpu" if decimals else "round_vml_cpu", "b i c" if decimals else "i", input)
    return rounding.rint(input) if not decimals else rounding.round_to(input, decimals=decimals)


FRACTIONS = refuses("frac_cpu", "bic")


@public("(input, *, out=None)", inplace=True)
def frac(input: Any) -> Any:
    """What is behind the point, with the sign of the input."""
    FRACTIONS((input._data,), {})
    return ops.sub(input, rounding.trunc(input))


@public("(input, *, out=None)")
def frexp(input: Any) -> Any:
    """(mantissa, exponent) with input = mantissa * 2**exponent, 0.5 <= |mantissa| < 1, and an int32 exponent."""
    from . import return_types

    if kind_of(input) != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    exponent = rounding.exponent(input)
    return return_types.frexp(rounding.scale(input, ops.neg(exponent)), exponent)


@public("(input, values: tensor, *, out=None)", inplace=True)
def heaviside(input: Any, values: Any) -> Any:
    """0 where input is negative, 1 where positive, `values` where it is 0."""
    if input._data.dtype != values._data.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return rounding.heaviside(input, values)


def check_operand(function: str, name: str, place: int, value: Any) -> None:
    """Refuse what is neither a tensor nor a number."""
    if not isinstance(value, Tracked | int | float | complex):
        refuse(function, name, place, value)
