"""Sums, products, quotients and powers; casts; choosing between two values.

Rules are real calculus on one dtype; the edge sums out broadcasting. A rule that divides says `over`, which is `/` also
for the two plain floats of a Value, where Python would raise at zero.
"""

from __future__ import annotations

from ..backend.scalar import divide
from .create import full
from .families import elementwise, movement


def over(x, y):
    """x / y, also where both are Python floats and y is 0."""
    return divide(x, y) if y.__class__ is float and x.__class__ is float else x / y


def zero(g):
    """Zeros like g, whatever g holds."""
    return 0.0 if g.__class__ is float else full(g, shape=g.shape, value=0)


@elementwise(symbol="+", linear=True, promotes="same", widens=False)
def add(xp, x, y):
    """x plus y."""
    return x + y


add.vjp(x=lambda g: g, y=lambda g: g)


@elementwise(symbol="-", linear=True, widens=False)
def sub(xp, x, y):
    """x minus y."""
    return x - y


sub.vjp(x=lambda g: g, y=lambda g: -g)


@elementwise("(input, other, *, out=None)", symbol="*", multilinear=True, aliases=("multiply",), widens=False)
def mul(xp, x, y):
    """x times y."""
    return x * y


mul.vjp(x=lambda g, y: g * y, y=lambda g, x: g * x)


@elementwise(symbol="/", promotes="float", widens=False)
def div(xp, x, y):
    """x over y; integers become floating."""
    return over(x, y)


div.vjp(x=lambda g, y: over(g, y), y=lambda g, out, y: -g * over(out, y))


@elementwise("(input, *, out=None)", symbol="-", linear=True, aliases=("negative",))
def neg(xp, x):
    """Minus x."""
    return -x


neg.vjp(x=lambda g: -g)


@elementwise(symbol="**")
def pow_(xp, x, y):
    """x to the power y, elementwise."""
    return xp.power(x, y)


def _pow_base(g, x, y):
    if y.__class__ is not float and y.__class__ is not int:
        return where(y == 0, 0, g * (y * pow_(x, y - 1)))
    if y == 2:
        return g * (x * 2)
    return zero(g) if y == 0 else g * (pow_(x, y - 1) * y)


def _pow_exponent(g, x, y, out):
    from .transcendental import log

    silent = (x == 0) & (y >= 0)
    return where(silent, 0, g * (out * log(where(silent, 1, x))))


pow_.vjp(x=_pow_base, y=_pow_exponent)


@elementwise("(input, *, out=None)", promotes="float")
def reciprocal(xp, x):
    """1 over x."""
    return over(1.0, x)


reciprocal.vjp(x=lambda g, out: -g * out * out)


@elementwise("(input, *, out=None)", holomorphic=False, aliases=("absolute",), inplace=True)
def abs_(xp, x):
    """The absolute value; of complex numbers, the modulus."""
    return xp.absolute(x)


abs_.vjp(x=lambda g, x: g * sgn(x)).jvp(x=lambda t, x: _abs_tangent(t, x))


def _abs_tangent(t, x):
    from .complex import conj, real

    return real(t * conj(sgn(x))) if x._data.dtype.kind == "c" else t * sgn(x)


@elementwise("(input, *, out=None)", holomorphic=False)
def sgn(xp, x):
    """The sign of x; of complex numbers, x over its modulus (0 at 0)."""
    if getattr(x, "dtype", None) is None or x.dtype.kind != "c":
        return xp.sign(x)
    size = xp.absolute(x)
    return xp.where(size == 0, 0, x / xp.where(size == 0, 1, size)).astype(x.dtype)


def _sgn_rule(g, x, out):
    raw = getattr(x, "_data", x)
    if getattr(raw, "dtype", None) is None or raw.dtype.kind != "c":
        return zero(g)
    from .complex import conj, real

    size = abs_(x)
    safe = where(size == 0, 1, size)
    part = out * real(conj(out) * g)
    return where(size == 0, 0, (g - part) / safe)


sgn.vjp(x=_sgn_rule).jvp(x=lambda t, x, out: _sgn_rule(t, x, out))


@elementwise("(input, *, out=None)")
def square(xp, x):
    """x squared."""
    return x * x


square.vjp(x=lambda g, x: g * (x * 2))


@elementwise("(input, other, *, out=None)")
def maximum(xp, x, y):
    """The larger of x and y; at a tie the gradient is shared equally, as in PyTorch. NaN wins."""
    return xp.maximum(x, y)


maximum.vjp(x=lambda g, x, y: _chosen(g, x > y, x == y), y=lambda g, x, y: _chosen(g, y > x, x == y))


@elementwise("(input, other, *, out=None)")
def minimum(xp, x, y):
    """The smaller of x and y; at a tie the gradient is shared equally, as in PyTorch. NaN wins."""
    return xp.minimum(x, y)


minimum.vjp(x=lambda g, x, y: _chosen(g, x < y, x == y), y=lambda g, x, y: _chosen(g, y < x, x == y))


def _chosen(g, mine, tie):
    return where(tie, g * 0.5, where(mine, g, 0))


@elementwise(promoted=(1, 2), inplace=False)
def where(xp, condition, x, y):
    """x where the condition holds, else y."""
    return xp.where(condition, x, y)


where.vjp(
    condition=None,
    x=lambda g, condition: where(condition, g, 0),
    y=lambda g, condition: where(condition, 0, g),
)


@elementwise(promotes=None)
def clamp(xp, x, *, min=None, max=None):
    """x held between two numbers (None: no bound); at a bound the gradient passes, as in PyTorch."""
    if min is not None:
        x = xp.maximum(x, min)
    return x if max is None else xp.minimum(x, max)


def _inside(x, min, max):
    if min is None:
        return x <= max
    return x >= min if max is None else (x >= min) & (x <= max)


clamp.vjp(x=lambda g, x, min, max: where(_inside(x, min, max), g, 0))


@movement(linear=True)
def cast(xp, x, *, dtype):
    """The same numbers in another dtype; a complex number that becomes real keeps its real part."""
    if x.__class__ is float:
        return x
    return (x.real if x.dtype.kind == "c" and dtype.kind not in "cb" else x).astype(dtype)


cast.vjp(x=lambda g, x_dtype: cast(g, dtype=x_dtype))


@elementwise(linear=True, promotes=None, inplace=False, widens=False)
def clone(xp, x):
    """A copy, in the memory order of x where x is dense."""
    return x if x.__class__ is float else x.copy(order="K")


clone.vjp(x=lambda g: g)
