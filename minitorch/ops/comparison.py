"""Comparisons, logic and predicates: results without a derivative.

Operands come to one dtype first, a Python number to the tensor's, so that 300 beside a uint8 tensor is 44 as in PyTorch.
The result is bool and takes no part in the graph. Complex numbers have no order: `<` and its kin refuse them.
"""

from __future__ import annotations

from .families import comparison
from .kinds import kind_of, refuses

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


@comparison(BINARY, symbol="<", aliases=("less",), inplace=True, check=refuses("lt_cpu", "c"))
def lt(xp, x, y):
    """x < y, elementwise."""
    return x < y


@comparison(BINARY, symbol="<=", aliases=("less_equal",), inplace=True, check=refuses("le_cpu", "c"))
def le(xp, x, y):
    """x <= y, elementwise."""
    return x <= y


@comparison(BINARY, symbol=">", aliases=("greater",), inplace=True, check=refuses("gt_cpu", "c"))
def gt(xp, x, y):
    """x > y, elementwise."""
    return x > y


@comparison(BINARY, symbol=">=", aliases=("greater_equal",), inplace=True, check=refuses("ge_cpu", "c"))
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


def _refuses_complex(name):
    return refuses(c=f"{name} does not support complex inputs.")


@comparison(UNARY, check=_refuses_complex("isposinf"))
def isposinf(xp, x):
    """Plus infinity."""
    return x == xp.inf


@comparison(UNARY, check=_refuses_complex("isneginf"))
def isneginf(xp, x):
    """Minus infinity."""
    return x == -xp.inf


@comparison(UNARY, check=refuses(c=(NotImplementedError, "signbit is not implemented for complex tensors.")))
def signbit(xp, x):
    """Whether the sign is minus; minus zero has one too."""
    return xp.signbit(x) if kind_of(x) == "f" else x < 0
