"""Comparisons, logic and predicates: results without a derivative."""

from __future__ import annotations

from .families import comparison

BINARY = "(input, other, *, out=None)"
UNARY = "(input, *, out=None)"


@comparison(BINARY, symbol="==", inplace=True)
def eq(xp, x, y):
    """x == y, elementwise."""
    return x == y


@comparison(BINARY, symbol="!=", aliases=("not_equal",), inplace=True)
def ne(xp, x, y):
    """x != y, elementwise."""
    return x != y


@comparison(BINARY, symbol="<", aliases=("less",), inplace=True)
def lt(xp, x, y):
    """x < y, elementwise."""
    return x < y


@comparison(BINARY, symbol="<=", aliases=("less_equal",), inplace=True)
def le(xp, x, y):
    """x <= y, elementwise."""
    return x <= y


@comparison(BINARY, symbol=">", aliases=("greater",), inplace=True)
def gt(xp, x, y):
    """x > y, elementwise."""
    return x > y


@comparison(BINARY, symbol=">=", aliases=("greater_equal",), inplace=True)
def ge(xp, x, y):
    """x >= y, elementwise."""
    return x >= y


@comparison(BINARY, inplace=True)
def logical_and(xp, x, y):
    """Both nonzero."""
    return xp.logical_and(x, y)


@comparison(BINARY, inplace=True)
def logical_or(xp, x, y):
    """At least one nonzero."""
    return xp.logical_or(x, y)


@comparison(BINARY, inplace=True)
def logical_xor(xp, x, y):
    """Exactly one nonzero."""
    return xp.logical_xor(x, y)


@comparison(UNARY, inplace=True)
def logical_not(xp, x):
    """Zero."""
    return xp.logical_not(x)


@comparison(UNARY)
def isnan(xp, x):
    """Not a number."""
    return xp.isnan(x)


@comparison(UNARY)
def isinf(xp, x):
    """Infinite, of either sign."""
    return xp.isinf(x)


@comparison(UNARY)
def isfinite(xp, x):
    """Neither infinite nor NaN."""
    return xp.isfinite(x)


@comparison(UNARY, promotes=None, inplace=True)
def sign(xp, x):
    """-1, 0 or 1 by the sign of x."""
    return xp.sign(x) if getattr(x, "dtype", None) != bool else x


@comparison(UNARY, promotes=None, inplace=True)
def floor(xp, x):
    """The largest integer not above x."""
    return xp.floor(x) if x.__class__ is float or x.dtype.kind == "f" else x


@comparison(UNARY, promotes=None, inplace=True)
def ceil(xp, x):
    """The smallest integer not below x."""
    return xp.ceil(x) if x.__class__ is float or x.dtype.kind == "f" else x


@comparison(UNARY, promotes=None, inplace=True)
def trunc(xp, x):
    """The integer part of x."""
    return xp.trunc(x) if x.__class__ is float or x.dtype.kind == "f" else x


@comparison(promotes="same")
def floor_quotient(xp, x, y):
    """x / y rounded towards minus infinity."""
    return xp.floor_divide(x, y)


@comparison(promotes="same")
def trunc_quotient(xp, x, y):
    """x / y rounded towards zero."""
    out = xp.floor_divide(x, y)
    exact = xp.remainder(x, y) == 0
    kind = getattr(out, "dtype", None)
    return out + ((out < 0) & ~exact) if kind is None or kind.kind != "f" else xp.trunc(x / y)
