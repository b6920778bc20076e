"""Special functions composed of others."""

from __future__ import annotations

from typing import Any

from ..ops.arithmetic import where
from ..ops.bessel import spherical_bessel
from ..ops.comparison import isinf
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.special import digamma, lgamma
from ..ops.special import polygamma as polygamma_op

LOG_PI = 1.1447298858494002


@public("(n, input, *, out=None)", namespaces=("", "special"), method=False)
def polygamma(n: int, input: Any) -> Any:
    """The n-th derivative of the digamma function."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return digamma(input) if n == 0 else polygamma_op(input, n=int(n))


@public("(input, p, *, out=None)", inplace=True)
def mvlgamma(input: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension p."""
    if input._data.dtype == bool:
        raise RuntimeError("The input tensor may not be a boolean tensor.")
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    total = lgamma(input) + p * (p - 1) / 4 * LOG_PI
    for k in range(1, p):
        total = total + lgamma(input - k / 2)
    return total


@public("(input, *, out=None)", namespace="special")
def spherical_bessel_j0(input: Any) -> Any:
    """The spherical Bessel function of the first kind, of order 0: sin(x) / x, 0 at the infinities."""
    lacking("spherical_bessel_j0_cpu", "c", input)
    far = isinf(input)
    return where(far, 0, spherical_bessel(where(far, 0, input), order=0))
