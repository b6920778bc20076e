"""Bits and divisors of whole numbers.

Either side may be a Python number; bools are bits too, except where they are shifted or divided. There are no
derivatives, and a floating dtype is refused by the name of the kernel that lacks it, as in PyTorch.
"""

from __future__ import annotations

from .families import comparison
from .kinds import refuses
from .rounding import EITHER


@comparison(EITHER, symbol="&", inplace=True, check=refuses("bitwise_and_cpu", "fc"))
def bitwise_and(xp, x, y):
    """The bits that both have; of bools, both."""
    return x & y


@comparison(EITHER, symbol="|", inplace=True, check=refuses("bitwise_or_cpu", "fc"))
def bitwise_or(xp, x, y):
    """The bits that at least one has; of bools, at least one."""
    return x | y


@comparison(EITHER, symbol="^", inplace=True, check=refuses("bitwise_xor_cpu", "fc"))
def bitwise_xor(xp, x, y):
    """The bits that exactly one has; of bools, exactly one."""
    return x ^ y


@comparison("(input, *, out=None)", symbol="~", inplace=True, check=refuses("bitwise_not_cpu", "fc"))
def bitwise_not(xp, x):
    """Every bit turned; of bools, not."""
    return ~x


@comparison(EITHER, symbol="<<", inplace=True, check=refuses("lshift_cpu", "bfc"))
def bitwise_left_shift(xp, x, y):
    """x * 2**y without the bits that fall out; 0 for a shift by all bits or by a negative number."""
    return x << y


@comparison(EITHER, symbol=">>", inplace=True, check=refuses("rshift_cpu", "bfc"))
def bitwise_right_shift(xp, x, y):
    """x / 2**y rounded towards minus infinity."""
    return x >> y


@comparison("(input, other, *, out=None)", inplace=True, check=refuses("gcd_cpu", "bfc"))
def gcd(xp, x, y):
    """The greatest common divisor; of two zeros, 0."""
    return xp.gcd(x, y)


@comparison("(input, other, *, out=None)", inplace=True, check=refuses("lcm_cpu", "bfc"))
def lcm(xp, x, y):
    """The least common multiple; 0 where one is 0."""
    return xp.lcm(x, y)
