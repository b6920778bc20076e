"""Exponentials, logarithms, trigonometry and the squashing functions built on them.

A rule that can be written with the result keeps only the result.
"""

from __future__ import annotations

from .arithmetic import over
from .families import elementwise

UNARY = "(input, *, out=None)"


@elementwise(UNARY, promotes="float")
def exp(xp, x):
    """e to the power x."""
    return xp.exp(x)


exp.vjp(x=lambda g, out: g * out)


@elementwise(UNARY, promotes="float")
def log(xp, x):
    """The natural logarithm."""
    return xp.log(x)


log.vjp(x=lambda g, x: over(g, x))


@elementwise(UNARY, promotes="float")
def log1p(xp, x):
    """log(1 + x), exact near 0."""
    return xp.log1p(x)


log1p.vjp(x=lambda g, x: over(g, x + 1))


@elementwise(UNARY, promotes="float")
def expm1(xp, x):
    """e to the power x, minus 1, exact near 0."""
    return xp.expm1(x)


expm1.vjp(x=lambda g, out: g * (out + 1))


@elementwise(UNARY, promotes="float")
def log2(xp, x):
    """The logarithm to base 2."""
    return xp.log2(x)


log2.vjp(x=lambda g, x: over(g, x * 0.6931471805599453))


@elementwise(UNARY, promotes="float")
def log10(xp, x):
    """The logarithm to base 10."""
    return xp.log10(x)


log10.vjp(x=lambda g, x: over(g, x * 2.302585092994046))


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


@elementwise(UNARY, promotes="float")
def tanh(xp, x):
    """The hyperbolic tangent."""
    return xp.tanh(x)


tanh.vjp(x=lambda g, out: g * (1 - out * out))


@elementwise(UNARY, promotes="float", aliases=("arcsin",))
def asin(xp, x):
    """The angle in radians whose sine is x."""
    return xp.arcsin(x)


asin.vjp(x=lambda g, x: g * rsqrt(1 - x * x))


@elementwise(UNARY, promotes="float", aliases=("arccos",))
def acos(xp, x):
    """The angle in radians whose cosine is x."""
    return xp.arccos(x)


acos.vjp(x=lambda g, x: -g * rsqrt(1 - x * x))


@elementwise(UNARY, promotes="float", aliases=("arctan",))
def atan(xp, x):
    """The angle in radians whose tangent is x."""
    return xp.arctan(x)


atan.vjp(x=lambda g, x: over(g, x * x + 1))


@elementwise(UNARY, promotes="float", namespaces=("", "special", "nn.functional"))
def sigmoid(xp, x):
    """1 / (1 + exp(-x)), without overflow."""
    if x.__class__ is float:
        return xp.special.expit(x)
    return xp.divide(1, 1 + xp.exp(-x))


sigmoid.vjp(x=lambda g, out: g * ((1 - out) * out))


@elementwise(UNARY, promotes=None, namespaces=("", "nn.functional"))
def relu(xp, x):
    """x where positive, else 0; the gradient at 0 is 0, as in PyTorch."""
    return xp.maximum(x, xp.zero(x.dtype)) if x.__class__ is not float else (x if x > 0 or x != x else 0.0)


@elementwise(promotes=None, widens=False)
def gate(xp, g, out):
    """g where out is not 0, else 0: of a relu's result, where its input was positive or NaN."""
    return xp.where(out, g, 0.0 if g.__class__ is float else xp.zero(g.dtype))


relu.vjp(x=lambda g, out: gate(g, out))
gate.vjp(g=lambda g, out: gate(g, out), out=None)
