"""Sums, products, quotients and powers; casts; choosing between two values.

Rules are real calculus on one dtype; the edge sums out broadcasting. A rule that divides says `over`, which is `/` also
for the two plain floats of a Value, where Python would raise at zero.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend.scalar import divide
from .comparison import eq, isnan
from .create import full
from .families import elementwise, movement
from .kinds import kind_of, refuses

BINARY = "(input, other, *, out=None)"
NUMBERS: frozenset[Any] = frozenset((float, int))


def over(x: Any, y: Any) -> Any:
    """x / y, also where both are Python numbers and y is 0."""
    if y.__class__ in NUMBERS and x.__class__ in NUMBERS:
        return divide(float(x), float(y))
    return x / y


def zero(g):
    """Zeros like g, whatever g holds: a float or a Value has no shape."""
    return full(g, shape=g.shape, value=0) if hasattr(g, "shape") else 0.0


@elementwise(symbol="+", linear=True)
def add(xp, x, y):
    """x plus y."""
    return x + y


add.vjp(x=lambda g: g, y=lambda g: g)


@elementwise(symbol="-", linear=True)
def sub(xp, x, y):
    """x minus y."""
    return x - y


sub.vjp(x=lambda g: g, y=lambda g: -g)


@elementwise("(input: operand, other, *, out=None)", symbol="*", multilinear=True, aliases=("multiply",))
def mul(xp, x, y):
    """x times y."""
    return x * y


mul.vjp(x=lambda g, y: g * y, y=lambda g, x: g * x)


@elementwise(symbol="/", promotes="float")
def div(xp, x, y):
    """x over y; integers become floating."""
    return over(x, y)


# Not by the result, though that saves a division: `y = a / b; y += c` must stay possible, as in PyTorch.
div.vjp(x=lambda g, y: over(g, y), y=lambda g, x, y: -g * over(over(x, y), y))


NEGATION = ("Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
            "`~` or `logical_not()` operator instead.")  # fmt: skip


@elementwise("(input, *, out=None)", symbol="-", linear=True, aliases=("negative",), check=refuses(b=NEGATION))
def neg(xp, x):
    """Minus x."""
    return -x


neg.vjp(x=lambda g: -g)


#: What a power with this exponent is made of, as in PyTorch: sqrt(-inf) is nan where pow would give inf.
SHORT_POWERS = {
    2: lambda xp, x: x * x,
    3: lambda xp, x: x * x * x,
    0.5: lambda xp, x: xp.sqrt(x),
    -0.5: lambda xp, x: over(1.0, xp.sqrt(x)),
    -1: lambda xp, x: over(1.0, x),
    -2: lambda xp, x: over(1.0, x * x),
}


@elementwise(symbol="**")
def pow_(xp, x, y):
    """x to the power y, elementwise; integers to a negative power are rounded towards zero."""
    if y.__class__ is float or y.__class__ is int:
        short = SHORT_POWERS.get(y)
        if short is not None:
            return short(xp, x)
    elif y.__class__ is not complex and y.dtype.kind in "iu" and kind_of(x) == "i":
        return _whole_power(xp, x, y)
    return xp.power(x, y)


def _whole_power(xp, x, y):
    out = xp.power(x, xp.where(y < 0, 0, y))
    inverse = xp.where(x == 1, 1, xp.where(x == -1, 1 - 2 * (y & 1), 0))
    return xp.where(y < 0, inverse, out).astype(out.dtype)


def _pow_base(g, x, y):
    if y.__class__ is not float and y.__class__ is not int:
        return where(eq(y, 0), 0, g * (y * pow_(x, y - 1)))
    if y == 2:
        return g * (x * 2)
    return zero(g) if y == 0 else g * (pow_(x, y - 1) * y)


def _pow_exponent(g, x, y, out):
    from .transcendental import log

    if x.__class__ in (int, float, complex) and hasattr(out, "shape"):
        x = full(out, shape=(), value=x)  # its logarithm in the precision, and on the branch, of the result
    silent = _stays_zero(x, y)
    return where(silent, 0, g * (out * log(where(silent, 1, x))))


def _stays_zero(x, y):
    """Where 0 is raised to an exponent around which it stays 0."""
    if kind_of(y) != "c":
        return eq(x, 0) & (y >= 0)
    from .complex import imag, real

    return eq(x, 0) & eq(imag(y), 0) & (real(y) >= 0)


pow_.vjp(x=_pow_base, y=_pow_exponent)


@elementwise("(input, *, out=None)", promotes="float")
def reciprocal(xp, x):
    """1 over x."""
    return over(1.0, x)


reciprocal.vjp(x=lambda g, out: -g * out * out)


@elementwise("(input, *, out=None)", holomorphic=False)
def sgn(xp, x):
    """The sign of x; of complex numbers, x over its modulus. 0 at 0 and, as in PyTorch, at NaN."""
    kind = kind_of(x)
    if kind != "c":
        return sign_of(xp, x, kind)
    size = xp.absolute(x)
    return xp.where(size == 0, 0, x / xp.where(size == 0, 1, size)).astype(x.dtype)


def sign_of(xp, x, kind):
    """-1, 0 or 1 in the dtype of x."""
    if kind == "b":
        return x
    if x.__class__ is float:
        return float((x > 0) - (x < 0))
    return xp.subtract((x > 0).view("int8"), (x < 0).view("int8")).astype(x.dtype)


def _sgn_rule(g, x, out):
    if kind_of(x) != "c":
        return zero(g)
    from .complex import conj, real

    size = abs_(x)
    part = out * real(conj(out) * g)
    return where(eq(size, 0), 0, (g - part) / where(eq(size, 0), 1, size))


sgn.vjp(x=_sgn_rule).jvp(x=lambda t, x, out: _sgn_rule(t, x, out))


@elementwise("(input, *, out=None)", holomorphic=False, aliases=("absolute",), inplace=False,
             check=refuses("abs_cpu", "b"))  # fmt: skip
def abs_(xp, x):
    """The absolute value; of complex numbers, the modulus."""
    return xp.absolute(x)


abs_.vjp(x=lambda g, x: g * sgn(x)).jvp(x=lambda t, x: _abs_tangent(t, x))


def _abs_tangent(t, x):
    from .complex import conj, real

    return real(t * conj(sgn(x))) if kind_of(x) == "c" else t * sgn(x)


@elementwise("(input, *, out=None)")
def square(xp, x):
    """x squared; of bools, integers."""
    out = x * x
    return out.astype("int64") if out.__class__ is not float and out.dtype == bool else out


square.vjp(x=lambda g, x: g * (x * 2))


# ---- choosing between two values -----------------------------------------------------------------------------------
@elementwise(promoted=(1, 2), inplace=False)
def where(xp, condition, x, y):
    """x where the condition holds, else y."""
    return xp.where(condition, x, y)


where.vjp(
    condition=None,
    x=lambda g, condition: where(condition, g, 0),
    y=lambda g, condition: where(condition, 0, g),
)


def _refuses_complex(name):
    return refuses(c=f"{name} not implemented for complex tensors.")


@elementwise(BINARY, inplace=False, check=_refuses_complex("maximum"))
def maximum(xp, x, y):
    """The larger of x and y; at a tie the gradient is shared equally, as in PyTorch. NaN wins."""
    return xp.maximum(x, y)


maximum.vjp(x=lambda g, x, y: _winner(g, x < y, eq(x, y)), y=lambda g, x, y: _winner(g, y < x, eq(x, y)))


@elementwise(BINARY, inplace=False, check=_refuses_complex("minimum"))
def minimum(xp, x, y):
    """The smaller of x and y; at a tie the gradient is shared equally, as in PyTorch. NaN wins."""
    return xp.minimum(x, y)


minimum.vjp(x=lambda g, x, y: _winner(g, x > y, eq(x, y)), y=lambda g, x, y: _winner(g, y > x, eq(x, y)))


def _winner(g, lost, tie):
    return where(lost, 0, where(tie, g * 0.5, g))


@elementwise(BINARY, inplace=False, check=_refuses_complex("fmax"))
def fmax(xp, x, y):
    """The larger of x and y, NaN only where both are; a tie is x's."""
    return xp.fmax(x, y)


fmax.vjp(x=lambda g, x, y: where((x >= y) | isnan(y), g, 0), y=lambda g, x, y: where((x >= y) | isnan(y), 0, g))


@elementwise(BINARY, inplace=False, check=_refuses_complex("fmin"))
def fmin(xp, x, y):
    """The smaller of x and y, NaN only where both are; a tie is x's."""
    return xp.fmin(x, y)


fmin.vjp(x=lambda g, x, y: where((x <= y) | isnan(y), g, 0), y=lambda g, x, y: where((x <= y) | isnan(y), 0, g))


@elementwise()
def lerp(xp, x, y, w):
    """The point a fraction w of the way from x to y, counted from the nearer end so that both ends are met exactly."""
    near, far = x + w * (y - x), y - (y - x) * (1 - w)
    if w.__class__ in (int, float, complex):
        return near if abs(w) < 0.5 else far
    return xp.where(xp.absolute(w) < 0.5, near, far)


lerp.vjp(x=lambda g, w: g * (1 - w), y=lambda g, w: g * w, w=lambda g, x, y: g * (y - x))


# ---- holding between bounds ----------------------------------------------------------------------------------------
NO_COMPLEX_CLAMP = (NotImplementedError, "clamp is not supported for complex types")


def hold(xp, x, low, high):
    """x between two numbers. NumPy clips a large array in one vector pass, and has none for a maximum with a number."""
    if x.__class__ is not float and x.size > 4096 and x.dtype.kind == "f":
        return xp.clip(x, -xp.inf if low is None else low, xp.inf if high is None else high)
    if low is not None:
        x = xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)


@elementwise(promotes=None, check=refuses(c=NO_COMPLEX_CLAMP))
def clamp(xp, x, *, min=None, max=None):
    """x held between two numbers (None: no bound); at a bound the gradient passes, as in PyTorch."""
    return hold(xp, x, min, max)


def _inside(x, min, max):
    if min is None:
        return x <= max
    return x >= min if max is None else (x >= min) & (x <= max)


clamp.vjp(x=lambda g, x, min, max: where(_inside(x, min, max), g, 0))


@elementwise(check=refuses(c=NO_COMPLEX_CLAMP))
def bounded(xp, x, low=None, high=None):
    """x held between two tensors (None: no bound); a bound that x lies beyond gets the gradient."""
    if low is not None:
        x = xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)


def _below(x, low, high):
    return x < low if high is None else (x < low) & (low < high)


def _above(x, low, high):
    return x > high if low is None else (x > high) | (high < low)


bounded.vjp(
    x=lambda g, x, low, high: where(_inside(x, low, high), g, 0),
    low=lambda g, x, low, high: where(_below(x, low, high), g, 0),
    high=lambda g, x, low, high: where(_above(x, low, high), g, 0),
)


# ---- copies --------------------------------------------------------------------------------------------------------
@movement(linear=True, silent=False)
def cast(xp, x, *, dtype):
    """The same numbers in another dtype; a complex number that becomes real keeps its real part."""
    if x.__class__ is float:
        return x
    return (x.real if x.dtype.kind == "c" and dtype.kind not in "cb" else x).astype(dtype)


cast.vjp(x=lambda g, x_dtype: cast(g, dtype=x_dtype))


def warn_of_lost_part(dtype: Any) -> None:
    """Say that complex numbers on their way to this dtype lose their imaginary part."""
    if dtype.kind not in "cb":
        warnings.warn("Casting complex values to real discards the imaginary part", UserWarning, stacklevel=4)


@elementwise(linear=True, promotes=None, inplace=False, widens=False)
def clone(xp, x):
    """A copy, in the memory order of x where x is dense."""
    return x if x.__class__ is float else x.copy(order="K")


clone.vjp(x=lambda g: g)
