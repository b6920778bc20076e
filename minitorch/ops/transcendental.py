"""Exponentials, logarithms, trigonometry and the squashing functions built on them.

Each forward is one call of the namespace; whole numbers have become floating before it, and complex numbers take the
same rules (acosh, whose root has two branches, says which). A rule that can be written with the result keeps only the
result. Where a slope has no value, at the origin of atan2, it is PyTorch's.
"""

from __future__ import annotations

from .arithmetic import BINARY, NO_COMPLEX_CLAMP, hold, over, where
from .comparison import eq
from .families import elementwise
from .kinds import kind_of, refuses

UNARY = "(input, *, out=None)"
#: Also under the names of `special`.
SPECIAL = ("", "special")
LN2, LN10 = 0.6931471805599453, 2.302585092994046


@elementwise(UNARY, promotes="float")
def exp(xp, x):
    """e to the power x."""
    return xp.exp(x)


exp.vjp(x=lambda g, out: g * out)


@elementwise(UNARY, promotes="float", namespaces=SPECIAL)
def exp2(xp, x):
    """2 to the power x."""
    return xp.exp2(x) if kind_of(x) != "c" else xp.exp(x * LN2)


exp2.vjp(x=lambda g, out: g * (out * LN2))


@elementwise(UNARY, promotes="float")
def log(xp, x):
    """The natural logarithm."""
    return xp.log(x)


log.vjp(x=lambda g, x: over(g, x))


@elementwise(UNARY, promotes="float", namespaces=SPECIAL)
def log1p(xp, x):
    """log(1 + x), exact near 0."""
    return xp.log1p(x)


log1p.vjp(x=lambda g, x: over(g, x + 1))


@elementwise(UNARY, promotes="float", namespaces=SPECIAL)
def expm1(xp, x):
    """e to the power x, minus 1, exact near 0."""
    return xp.expm1(x)


expm1.vjp(x=lambda g, out: g * (out + 1))


@elementwise(UNARY, promotes="float")
def log2(xp, x):
    """The logarithm to base 2."""
    return xp.log2(x)


log2.vjp(x=lambda g, x: over(g, x * LN2))


@elementwise(UNARY, promotes="float")
def log10(xp, x):
    """The logarithm to base 10."""
    return xp.log10(x)


log10.vjp(x=lambda g, x: over(g, x * LN10))


@elementwise(UNARY, promotes="float")
def sqrt(xp, x):
    """The square root."""
    return xp.sqrt(x)


sqrt.vjp(x=lambda g, out: over(g, out * 2))


@elementwise(UNARY, promotes="float")
def rsqrt(xp, x):
    """One over the square root."""
    return over(1.0, xp.sqrt(x))


rsqrt.vjp(x=lambda g, out: g * (out * out * out * -0.5))


@elementwise(UNARY, promotes="float")
def sin(xp, x):
    """The sine of x radians."""
    return xp.sin(x)


@elementwise(UNARY, promotes="float")
def cos(xp, x):
    """The cosine of x radians."""
    return xp.cos(x)


sin.vjp(x=lambda g, x: g * cos(x))
cos.vjp(x=lambda g, x: g * -sin(x))


@elementwise(UNARY, promotes="float")
def tan(xp, x):
    """The tangent of x radians."""
    return xp.tan(x)


tan.vjp(x=lambda g, out: g * (out * out + 1))


@elementwise(UNARY, promotes="float")
def sinh(xp, x):
    """The hyperbolic sine."""
    return xp.sinh(x)


@elementwise(UNARY, promotes="float")
def cosh(xp, x):
    """The hyperbolic cosine."""
    return xp.cosh(x)


sinh.vjp(x=lambda g, x: g * cosh(x))
cosh.vjp(x=lambda g, x: g * sinh(x))


@elementwise(UNARY, promotes="float", namespaces=("", "nn.functional"))
def tanh(xp, x):
    """The hyperbolic tangent."""
    return xp.tanh(x)


tanh.vjp(x=lambda g, out: g * (1 - out * out))


@elementwise(UNARY, promotes="float", aliases=("arcsin",))
def asin(xp, x):
    """The angle in radians whose sine is x."""
    return xp.arcsin(x)


@elementwise(UNARY, promotes="float", aliases=("arccos",))
def acos(xp, x):
    """The angle in radians whose cosine is x."""
    return xp.arccos(x)


asin.vjp(x=lambda g, x: g * rsqrt(1 - x * x))
acos.vjp(x=lambda g, x: -g * rsqrt(1 - x * x))


@elementwise(UNARY, promotes="float", aliases=("arctan",))
def atan(xp, x):
    """The angle in radians whose tangent is x."""
    return xp.arctan(x)


atan.vjp(x=lambda g, x: over(g, x * x + 1))


@elementwise(BINARY, promotes="float", aliases=("arctan2",), check=refuses("atan2_cpu", "c"))
def atan2(xp, x, y):
    """The angle in radians of the point (y, x), from the first axis: in (-pi, pi]."""
    return xp.arctan2(x, y)


def _inverse_square(x, y):
    """1 / (x**2 + y**2), 0 at the origin."""
    size = x * x + y * y
    origin = eq(size, 0)
    return where(origin, 0, over(1.0, where(origin, 1, size)))


atan2.vjp(x=lambda g, x, y: g * y * _inverse_square(x, y), y=lambda g, x, y: g * -x * _inverse_square(x, y))


@elementwise(UNARY, promotes="float", aliases=("arcsinh",))
def asinh(xp, x):
    """The number whose hyperbolic sine is x."""
    return xp.arcsinh(x)


@elementwise(UNARY, promotes="float", aliases=("arccosh",))
def acosh(xp, x):
    """The number, not negative, whose hyperbolic cosine is x."""
    return xp.arccosh(x)


@elementwise(UNARY, promotes="float", aliases=("arctanh",))
def atanh(xp, x):
    """The number whose hyperbolic tangent is x."""
    return xp.arctanh(x)


asinh.vjp(x=lambda g, x: g * rsqrt(x * x + 1))
#: One root of x * x - 1 is right for real x; off the real line only the product of two is on the right branch.
acosh.vjp(x=lambda g, x: g * (rsqrt(x * x - 1) if kind_of(x) != "c" else rsqrt(x + 1) * rsqrt(x - 1)))
atanh.vjp(x=lambda g, x: over(g, 1 - x * x))


# ---- of two numbers ------------------------------------------------------------------------------------------------
@elementwise(BINARY, check=refuses("hypot_cpu", "bic"))
def hypot(xp, x, y):
    """The length of the hypotenuse over x and y."""
    return xp.hypot(x, y)


hypot.vjp(x=lambda g, x, out: g * over(x, out), y=lambda g, y, out: g * over(y, out))


@elementwise(BINARY, inplace=False, check=refuses("logaddexp_cpu", "bi"))
def logaddexp(xp, x, y):
    """log(exp(x) + exp(y)), without overflow."""
    if kind_of(x) != "c":
        return xp.logaddexp(x, y)
    swap = x.real < y.real
    high, low = xp.where(swap, y, x), xp.where(swap, x, y)
    return high + xp.log1p(xp.exp(low - high))


@elementwise(BINARY, inplace=False, check=refuses("logaddexp2_cpu", "bic"))
def logaddexp2(xp, x, y):
    """log2(2**x + 2**y), without overflow."""
    return xp.logaddexp2(x, y)


logaddexp.vjp(x=lambda g, x, y: over(g, exp(y - x) + 1), y=lambda g, x, y: over(g, exp(x - y) + 1))
logaddexp2.vjp(x=lambda g, x, y: over(g, exp2(y - x) + 1), y=lambda g, x, y: over(g, exp2(x - y) + 1))


# ---- squashing -----------------------------------------------------------------------------------------------------
@elementwise(UNARY, promotes="float", namespaces=("", "nn.functional"))
def sigmoid(xp, x):
    """1 / (1 + exp(-x)), without overflow."""
    if x.__class__ is float:
        return xp.special.expit(x)
    return xp.divide(1, 1 + xp.exp(-x))


sigmoid.vjp(x=lambda g, out: g * ((1 - out) * out))


@elementwise("(input)", promotes=None, check=refuses(b="Boolean inputs not supported for relu", c=NO_COMPLEX_CLAMP))
def relu(xp, x):
    """x where positive, else 0; the gradient at 0 is 0, as in PyTorch."""
    if x.__class__ is float:
        return x if x > 0 or x != x else 0.0
    return xp.maximum(x, xp.zero(x.dtype)) if x.size < 4096 else hold(xp, x, 0, None)


@elementwise(promotes=None, widens=False)
def gate(xp, g, y):
    """g where y is not 0, else 0: for a relu's result y, where its input was positive or NaN."""
    return xp.where(y, g, 0.0 if g.__class__ is float else xp.zero(g.dtype))


relu.vjp(x=lambda g, out: gate(g, out))
gate.vjp(g=lambda g, y: gate(g, y), y=None)
