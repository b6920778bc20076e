"""The `math` module as a namespace, softened to give inf and nan where NumPy would.

It serves the Python floats of a `Value`: the same forward texts run on it, one number at a time. `math` raises where
floating point has an answer (`exp(1000)`, `log(0)`, `1/0`); here those answers are returned.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

from .namespace import Backend, register

INF, NAN = math.inf, math.nan


def _soft(function: Callable[..., float], overflow: float = INF, domain: float = NAN) -> Callable[..., float]:
    def softened(*args: float) -> float:
        try:
            return function(*args)
        except OverflowError:
            return overflow
        except ValueError:
            return NAN if any(a != a for a in args) else domain

    return softened


def _log(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if x > 0 else (-INF if x == 0 else NAN)


def _odd(function: Callable[[float], float]) -> Callable[[float], float]:
    """An odd function overflows to the infinity of its argument's sign."""

    def softened(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.copysign(INF, x)

    return softened


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: math.copysign(function(x), x) if math.isfinite(x) else x


def divide(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        return NAN if x == 0 or x != x else math.copysign(INF, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    if y == 0.5:  # NumPy and PyTorch take the root: of -inf and -0.0 it is another number
        return Scalar.sqrt(x)
    try:
        out = x**y
        return out if out.__class__ is not complex else NAN
    except ZeroDivisionError:
        odd = float(y).is_integer() and y % 2 == 1
        return math.copysign(INF, x) if odd else INF
    except OverflowError:
        if x >= 0 or y % 2 == 0:
            return INF
        return -INF if y % 2 == 1 else NAN


def _fmod(x: float, y: float) -> float:
    return math.fmod(x, y) if y and not math.isinf(x) else NAN


def remainder(x: float, y: float) -> float:
    return x % y if y and not math.isinf(x) else NAN


class Scalar(Backend):
    """Python floats: the ufuncs that elementwise forwards call, on one number."""

    name = "scalar"
    library = math
    array = float
    float64 = float
    pi, e, inf, nan = math.pi, math.e, INF, NAN

    exp, exp2, expm1 = (staticmethod(_soft(f)) for f in (math.exp, math.exp2, math.expm1))
    cosh, sinh = staticmethod(_soft(math.cosh)), staticmethod(_odd(math.sinh))
    log, log2, log10 = (staticmethod(_log(f)) for f in (math.log, math.log2, math.log10))
    sqrt = staticmethod(_soft(math.sqrt))
    sin, cos, tan = (staticmethod(_soft(f)) for f in (math.sin, math.cos, math.tan))
    arcsin, arccos = staticmethod(_soft(math.asin)), staticmethod(_soft(math.acos))
    arctan, arcsinh, arctan2 = staticmethod(math.atan), staticmethod(math.asinh), staticmethod(math.atan2)
    arccosh = staticmethod(_soft(math.acosh))
    tanh, hypot, copysign = staticmethod(math.tanh), staticmethod(math.hypot), staticmethod(math.copysign)
    absolute = abs = fabs = staticmethod(math.fabs)
    divide = true_divide = staticmethod(divide)
    power, remainder, fmod = staticmethod(power), staticmethod(remainder), staticmethod(_fmod)

    @staticmethod
    def log1p(x: float) -> float:
        return math.log1p(x) if x > -1 else (-INF if x == -1 else NAN)

    @staticmethod
    def arctanh(x: float) -> float:
        return math.atanh(x) if builtins.abs(x) < 1 else (math.copysign(INF, x) if builtins.abs(x) == 1 else NAN)

    @staticmethod
    def where(condition: Any, x: float, y: float) -> float:
        return x if condition else y

    @staticmethod
    def maximum(x: float, y: float) -> float:
        return x if x > y or x != x else y

    @staticmethod
    def minimum(x: float, y: float) -> float:
        return x if x < y or x != x else y

    @staticmethod
    def fmax(x: float, y: float) -> float:
        return y if x != x or y > x else x

    @staticmethod
    def fmin(x: float, y: float) -> float:
        return y if x != x or y < x else x

    @staticmethod
    def sign(x: float) -> float:
        return float((x > 0) - (x < 0)) if x == x else x

    @staticmethod
    def rint(x: float) -> float:
        return math.copysign(round(x), x) if math.isfinite(x) else x

    floor, ceil, trunc = (staticmethod(_whole(f)) for f in (math.floor, math.ceil, math.trunc))

    @staticmethod
    def floor_divide(x: float, y: float) -> float:
        return x // y if y else divide(x, y)

    @staticmethod
    def logaddexp(x: float, y: float) -> float:
        high, low = (x, y) if x > y else (y, x)
        if x != x or y != y:
            return NAN
        return high if math.isinf(high) else high + math.log1p(Scalar.exp(low - high))

    @staticmethod
    def zeros_like(x: float) -> float:
        return 0.0

    @staticmethod
    def ones_like(x: float) -> float:
        return 1.0

    @staticmethod
    def full_like(x: float, value: float) -> float:
        return float(value)

    isnan, isinf, isfinite = staticmethod(math.isnan), staticmethod(math.isinf), staticmethod(math.isfinite)

    @staticmethod
    def logical_not(x: float) -> bool:
        return not x

    @staticmethod
    def logical_and(x: float, y: float) -> bool:
        return bool(x) and bool(y)

    @staticmethod
    def logical_or(x: float, y: float) -> bool:
        return bool(x) or bool(y)

    @staticmethod
    def logical_xor(x: float, y: float) -> bool:
        return bool(x) != bool(y)

    @staticmethod
    def cast(x: float, dtype: Any) -> float:
        return x

    @staticmethod
    def _gamma(x: float) -> float:
        try:
            return math.lgamma(x)
        except (ValueError, OverflowError):
            return INF

    @staticmethod
    def signbit(x: float) -> bool:
        return math.copysign(1.0, x) < 0

    @staticmethod
    def logaddexp2(x: float, y: float) -> float:
        high, low = (x, y) if x > y else (y, x)
        return high if math.isinf(high) else high + Scalar.log1p(Scalar.exp2(low - high)) / math.log(2)

    class _Special:
        """The few special functions that `math` has; the others are scipy's, one number at a time."""

        erf, erfc = staticmethod(math.erf), staticmethod(math.erfc)
        gammaln = staticmethod(lambda x: Scalar._gamma(x))

        @staticmethod
        def expit(x: float) -> float:
            return 0.0 if x < -700 else 1 / (1 + math.exp(-x))

        def __getattr__(self, name: str) -> Callable[..., Any]:
            import scipy.special

            function = getattr(scipy.special, name)

            def of_numbers(*numbers: float) -> Any:
                found = function(*numbers)
                return tuple(map(float, found)) if isinstance(found, tuple) else float(found)

            return of_numbers

    special = _Special()


SCALAR = Scalar()
register(SCALAR, bool, int, float, complex)
