"""Signs and whole parts: steps, whose derivative is 0 wherever there is one, and the remainders of division.

A rounding takes part in the graph as in PyTorch, with a gradient of zeros. The remainders know only the quotient that
they round: x - y * floor(x / y) has the derivatives 1 and -floor(x / y).
"""

from __future__ import annotations

from .arithmetic import BINARY, over, sign_of, where, zero
from .comparison import eq
from .families import comparison, elementwise
from .kinds import kind_of, marked, refuses, underivable

UNARY = "(input, *, out=None)"
#: Either side may be a number.
EITHER = "(input: operand, other, *, out=None)"
NO_SIGN = "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."


def _no_rule(g):
    return zero(g)


@elementwise(UNARY, promotes=None, check=refuses(c=(NotImplementedError, NO_SIGN)))
def sign(xp, x):
    """-1, 0 or 1 by the sign of x; 0 for NaN, as in PyTorch."""
    return sign_of(xp, x, kind_of(x))


def _whole(name):
    """The check of a rounding to whole numbers."""
    return refuses(f"{name}_vml_cpu", "b", c=(NotImplementedError, f"{name} is not supported for complex inputs"))


@elementwise(UNARY, promotes=None, check=_whole("floor"))
def floor(xp, x):
    """The largest integer not above x."""
    return xp.floor(x) if kind_of(x) == "f" else x.copy()


@elementwise(UNARY, promotes=None, check=_whole("ceil"))
def ceil(xp, x):
    """The smallest integer not below x."""
    return xp.ceil(x) if kind_of(x) == "f" else x.copy()


@elementwise(UNARY, promotes=None, aliases=("fix",), check=_whole("trunc"))
def trunc(xp, x):
    """The integer part of x."""
    return xp.trunc(x) if kind_of(x) == "f" else x.copy()


@elementwise(promotes=None, check=refuses("round_vml_cpu", "bc"))
def rint(xp, x):
    """The nearest integer, the even one of two equally near."""
    return xp.rint(x) if kind_of(x) == "f" else x.copy()


@elementwise(promotes=None, check=refuses("round_cpu", "bic"))
def round_to(xp, x, *, decimals):
    """The nearest number with so many decimal places; negative counts are places before the point."""
    ten = 10.0 ** abs(decimals)
    return xp.rint(x * ten) / ten if decimals > 0 else xp.rint(x / ten) * ten


for step in (sign, floor, ceil, trunc, rint, round_to):
    step.vjp(x=_no_rule)


# ---- division ------------------------------------------------------------------------------------------------------
def _not_by_zero(datas, params):
    """Integers divided by zero are refused, where looking does not mean waiting for a device."""
    x, y = datas
    whole = kind_of(x if getattr(x, "dtype", None) is not None else y) == "i"
    if whole and (y == 0 if getattr(y, "dtype", None) is None else y.__class__.__module__ == "numpy" and not y.all()):
        raise RuntimeError("ZeroDivisionError")
    return params


WHOLE_BY_ZERO = marked(_not_by_zero, passes_floats=True)


@elementwise(check=refuses("div_floor_cpu", "bc", WHOLE_BY_ZERO))
def floor_quotient(xp, x, y):
    """x / y rounded towards minus infinity."""
    return xp.floor_divide(x, y)


@elementwise(check=refuses("div_trunc_cpu", "bc", WHOLE_BY_ZERO))
def trunc_quotient(xp, x, y):
    """x / y rounded towards zero."""
    if kind_of(x) == "f":
        return xp.trunc(over(x, y))
    out = xp.floor_divide(x, y)
    return out + ((out < 0) & (xp.remainder(x, y) != 0))


@elementwise(EITHER, symbol="//", check=refuses("div_floor_cpu", "bc", WHOLE_BY_ZERO))
def floor_divide(xp, x, y):
    """x / y rounded towards minus infinity; without a derivative (`div(..., rounding_mode="floor")` has one, of 0)."""
    return xp.floor_divide(x, y)


floor_quotient.vjp(x=_no_rule, y=_no_rule)
trunc_quotient.vjp(x=_no_rule, y=_no_rule)
floor_divide.vjp(x=underivable("floor_divide"), y=underivable("floor_divide"))


@elementwise(EITHER, symbol="%", check=refuses("remainder_cpu", "bc", WHOLE_BY_ZERO))
def remainder(xp, x, y):
    """What is left of x after the floored division by y: it has the sign of y."""
    return xp.remainder(x, y)


@elementwise(BINARY, check=refuses("fmod_cpu", "bc", WHOLE_BY_ZERO))
def fmod(xp, x, y):
    """What is left of x after the truncated division by y: it has the sign of x."""
    return xp.fmod(x, y)


remainder.vjp(x=lambda g: g, y=lambda g, x, y: -g * floor_quotient(x, y))
fmod.vjp(x=lambda g: g, y=lambda g, x, y: -g * trunc_quotient(x, y))


# ---- the parts of a floating number --------------------------------------------------------------------------------
@elementwise(BINARY, promotes="float", check=refuses("copysign_cpu", "c"))
def copysign(xp, x, y):
    """The size of x with the sign of y."""
    return xp.copysign(x, y)


copysign.vjp(x=lambda g, x, out: where(eq(x, 0), 0, g * over(out, x)), y=_no_rule)


@elementwise(BINARY, widens=False, check=refuses("nextafter_cpu", "bic"))
def nextafter(xp, x, y):
    """The floating number next to x in the direction of y."""
    return xp.nextafter(x, y)


nextafter.vjp(x=lambda g, x, y: where(eq(x, y), 0, g), y=_no_rule)


@comparison(promotes=None)
def exponent(xp, x):
    """The e of x = m * 2**e with 0.5 <= |m| < 1, as int32; 0 for 0, infinities and NaN."""
    if x.__class__ is float:
        return xp.frexp(x)[1] if xp.isfinite(x) else 0
    wide = x if x.dtype.itemsize > 2 else x.astype("float32")
    return xp.where(xp.isfinite(x), xp.frexp(wide)[1], 0).astype("int32")


@elementwise(promotes=None, linear=True)
def scale(xp, x, n):
    """x * 2**n for whole n, without an overflow on the way."""
    return xp.ldexp(x, n if x.__class__ is not float else int(n))


scale.vjp(x=lambda g, n: scale(g, n), n=None)


@elementwise(check=refuses(c="heaviside is not yet implemented for complex tensors."))
def heaviside(xp, x, values):
    """0 below 0, 1 above, `values` at 0."""
    step = xp.where(x == 0, values, x > 0)
    return float(step) if values.__class__ is float else step.astype(values.dtype)


heaviside.vjp(x=underivable("heaviside"), values=underivable("heaviside"))
