"""Orthogonal polynomials by their three-term recurrences, each P(k+1) from P(k) and P(k-1).

The degree is an int, or a tensor of degrees, which broadcasts. Being sums and products, they have all derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops.arithmetic import where
from ..ops.comparison import isfinite
from ..ops.front import public
from ..ops.rounding import trunc
from ..tracked import Tracked

Step = Callable[[int, Any, Any, Any], Any]


def _climb(x: Any, n: Any, first: Any, step: Step) -> Any:
    """P(n)(x) with P(0) = 1 and P(1) = first; 0 for a negative degree."""
    nothing = where(isfinite(x), x * 0, 0)
    before, now = nothing + 1, first
    if not isinstance(n, Tracked):
        for k in range(1, int(n)):
            before, now = now, step(k, x, now, before)
        return nothing if n < 0 else before if n < 1 else now
    degree: Any = n
    if degree._data.dtype.kind == "f":  # towards 0, as an int would be; what is none, inf and nan, counts as negative
        degree = trunc(where(isfinite(degree), degree, -1))
    out = where(degree < 0, 0, before)
    for k in range(1, int(degree.max().item()) + 1 if degree.numel() else 0):
        out = where(degree >= k, now, out)
        before, now = now, step(k, x, now, before)
    return out


def _chebyshev(k: int, x: Any, now: Any, before: Any) -> Any:
    return x * 2 * now - before


SIGNATURE = "(input, n, *, out=None)"


def polynomial(step: Step, first: Callable[[Any], Any], shift: bool = False) -> Callable[[Any], Any]:
    """Declare a family by its recurrence and its P(1); `shift` moves [0, 1] to [-1, 1] first."""

    def decorate(stub: Any) -> Any:
        def evaluate(input: Any, n: Any) -> Any:
            if input._data.dtype.kind in "biu":
                input = input * 1.0
            x = input * 2 - 1 if shift else input * 1  # never the input itself
            return _climb(x, n, first(x), step)

        evaluate.__doc__ = stub.__doc__
        return public(SIGNATURE, name=stub.__name__, namespace="special")(evaluate)

    return decorate


@polynomial(_chebyshev, lambda x: x)
def chebyshev_polynomial_t(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the first kind, of degree n."""


@polynomial(_chebyshev, lambda x: x * 2)
def chebyshev_polynomial_u(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the second kind, of degree n."""


@polynomial(_chebyshev, lambda x: x * 2 - 1)
def chebyshev_polynomial_v(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the third kind, of degree n."""


@polynomial(_chebyshev, lambda x: x * 2 + 1)
def chebyshev_polynomial_w(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the fourth kind, of degree n."""


@polynomial(_chebyshev, lambda x: x, shift=True)
def shifted_chebyshev_polynomial_t(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the first kind, of degree n, on [0, 1]."""


@polynomial(_chebyshev, lambda x: x * 2, shift=True)
def shifted_chebyshev_polynomial_u(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the second kind, of degree n, on [0, 1]."""


@polynomial(_chebyshev, lambda x: x * 2 - 1, shift=True)
def shifted_chebyshev_polynomial_v(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the third kind, of degree n, on [0, 1]."""


@polynomial(_chebyshev, lambda x: x * 2 + 1, shift=True)
def shifted_chebyshev_polynomial_w(input: Any, n: Any) -> Any:
    """The Chebyshev polynomial of the fourth kind, of degree n, on [0, 1]."""


@polynomial(lambda k, x, now, before: x * 2 * now - before * (2 * k), lambda x: x * 2)
def hermite_polynomial_h(input: Any, n: Any) -> Any:
    """The physicist's Hermite polynomial of degree n."""


@polynomial(lambda k, x, now, before: x * now - before * k, lambda x: x)
def hermite_polynomial_he(input: Any, n: Any) -> Any:
    """The probabilist's Hermite polynomial of degree n."""


@polynomial(lambda k, x, now, before: ((2 * k + 1 - x) * now - before * k) / (k + 1), lambda x: 1 - x)
def laguerre_polynomial_l(input: Any, n: Any) -> Any:
    """The Laguerre polynomial of degree n."""


@polynomial(lambda k, x, now, before: (x * now * (2 * k + 1) - before * k) / (k + 1), lambda x: x)
def legendre_polynomial_p(input: Any, n: Any) -> Any:
    """The Legendre polynomial of degree n."""
