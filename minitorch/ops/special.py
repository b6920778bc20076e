"""The error functions, the gamma functions and their kin: what `torch.special` adds to the elementary functions.

The numbers come from scipy.special (on a device, cupyx's), which the backend imports at the first call; the error
function of host arrays has a kernel of its own (backend/host_erf.py). Each derivative is an elementary expression in
the op's own result, or the next function of the same family, so every order follows.
"""

from __future__ import annotations

from ..backend.host_erf import erf as host_erf
from .arithmetic import BINARY, over, where
from .comparison import eq
from .families import elementwise
from .front import PUBLIC
from .kinds import refuses, underivable
from .rounding import EITHER
from .transcendental import SPECIAL, UNARY, exp, log

ONLY = {"namespaces": ("special",), "method": False, "inplace": False}
PI, SQRT_PI, SQRT_2PI, SQRT_HALF = 3.141592653589793, 1.7724538509055159, 2.5066282746310002, 0.7071067811865476


def _real(name):
    return refuses(f"{name}_cpu", "c")


def _alike(xp, x, y):
    """A number beside an array as an array of its dtype: scipy's functions of two take a number for a float64."""
    if getattr(x, "dtype", None) is None:
        return (x, y) if getattr(y, "dtype", None) is None else (xp.asarray(x, dtype=y.dtype), y)
    return (x, y) if getattr(y, "dtype", None) is not None else (x, xp.asarray(y, dtype=x.dtype))


# ---- the error function --------------------------------------------------------------------------------------------
@elementwise(UNARY, promotes="float", namespaces=SPECIAL, check=_real("erf_vml"))
def erf(xp, x):
    """The error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    return xp.special.erf(x)


@erf.on("cpu", supports=lambda x: x.dtype.kind == "f")
def _erf_of_host_arrays(xp, x):
    return host_erf(x)


@elementwise(UNARY, promotes="float", namespaces=SPECIAL, check=_real("erfc_vml"))
def erfc(xp, x):
    """1 - erf(x), exact for large x."""
    return xp.special.erfc(x)


@elementwise(UNARY, promotes="float", namespaces=SPECIAL, check=_real("erfinv_vml"))
def erfinv(xp, x):
    """The number whose erf is x."""
    return xp.where(x == 0, x, xp.special.erfinv(x))  # a zero keeps its sign


@elementwise(UNARY, promotes="float", check=_real("erfcx"), **ONLY)
def erfcx(xp, x):
    """exp(x**2) * erfc(x), without overflow or underflow for positive x."""
    return xp.special.erfcx(x)


erf.vjp(x=lambda g, x: g * (exp(-(x * x)) * (2 / SQRT_PI)))
erfc.vjp(x=lambda g, x: g * (exp(-(x * x)) * (-2 / SQRT_PI)))
erfinv.vjp(x=lambda g, out: g * (exp(out * out) * (SQRT_PI / 2)))
erfcx.vjp(x=lambda g, x, out: g * (x * out * 2 - 2 / SQRT_PI))


# ---- the normal distribution ---------------------------------------------------------------------------------------
@elementwise(UNARY, promotes="float", check=_real("erf_vml"), **ONLY)
def ndtr(xp, x):
    """The standard normal distribution function: the probability of a number below x."""
    return xp.special.ndtr(x)


@elementwise(UNARY, promotes="float", check=_real("log_ndtr"), **ONLY)
def log_ndtr(xp, x):
    """The logarithm of `ndtr`, exact far below 0."""
    return xp.special.log_ndtr(x)


@elementwise(UNARY, promotes="float", check=_real("ndtri"), **ONLY)
def ndtri(xp, x):
    """The number below which a standard normal number lies with probability x."""
    return xp.special.ndtri(x)


ndtr.vjp(x=lambda g, x: g * (exp(x * x * -0.5) * (1 / SQRT_2PI)))
log_ndtr.vjp(x=lambda g, x: over(g * (2 / SQRT_2PI), erfcx(x * -SQRT_HALF)))
ndtri.vjp(x=lambda g, out: g * (exp(out * out * 0.5) * SQRT_2PI))


# ---- gamma functions -----------------------------------------------------------------------------------------------
@elementwise(UNARY, promotes="float", check=_real("lgamma_vml"))
def lgamma(xp, x):
    """The logarithm of the absolute value of the gamma function."""
    found = xp.where(xp.isinf(x), xp.inf, xp.special.gammaln(x))  # at -inf scipy's is -inf
    return xp.where((x > 0) & (x < 1e-300), -xp.log(x), found)  # and at the smallest of numbers inf


@elementwise(UNARY, promotes="float", namespaces=SPECIAL, check=refuses("digamma", "c"))
def digamma(xp, x):
    """The derivative of `lgamma`."""
    return xp.special.psi(x)


@elementwise(promotes="float", check=refuses("polygamma", "c"))
def polygamma(xp, x, *, n):
    """The n-th derivative of `digamma`, n at least 1: (-1)**(n+1) n! zeta(n+1, x)."""
    factor = -1.0
    for k in range(1, n + 1):
        factor *= -k
    found = xp.special.zeta(n + 1.0, x) * factor
    return xp.where(x == -xp.inf, xp.nan, found) if n == 1 else found


lgamma.vjp(x=lambda g, x: g * digamma(x))
digamma.vjp(x=lambda g, x: g * polygamma(x, n=1))
polygamma.vjp(x=lambda g, x, n: g * polygamma(x, n=n + 1))


@elementwise(EITHER, promotes="float", check=_real("zeta"), **ONLY)
def zeta(xp, x, y):
    """Hurwitz's zeta function: the sum of (k + y)**-x over k = 0, 1, ..."""
    return xp.special.zeta(*_alike(xp, x, y))


zeta.vjp(x=underivable("special_zeta"), y=lambda g, x, y: g * (-x * zeta(x + 1, y)))


@elementwise(BINARY, promotes="float", check=_real("igamma"))
def igamma(xp, x, y):
    """The regularised lower incomplete gamma function of shape x at y."""
    return xp.special.gammainc(x, y)


@elementwise(BINARY, promotes="float", check=_real("igammac"))
def igammac(xp, x, y):
    """The regularised upper incomplete gamma function of shape x at y."""
    return xp.special.gammaincc(x, y)


def _gamma_density(x, y):
    return exp((x - 1) * log(y) - y - lgamma(x))


igamma.vjp(x=underivable("igamma"), y=lambda g, x, y: g * _gamma_density(x, y))
igammac.vjp(x=underivable("igammac"), y=lambda g, x, y: -g * _gamma_density(x, y))


# ---- products with a logarithm -------------------------------------------------------------------------------------
@elementwise(EITHER, promotes="float", namespaces=SPECIAL, check=_real("xlogy"))
def xlogy(xp, x, y):
    """x log(y), 0 where x is 0 and y is a number."""
    return xp.special.xlogy(*_alike(xp, x, y))


@elementwise(EITHER, promotes="float", check=_real("xlog1py"), **ONLY)
def xlog1py(xp, x, y):
    """x log(1 + y), 0 where x is 0 and y is a number."""
    return xp.special.xlog1py(*_alike(xp, x, y))


xlogy.vjp(
    x=lambda g, x, y: where(eq(x, 0) & (y <= 0), 0, xlogy(g, y)),
    y=lambda g, x, y: g * over(x, y),
)
xlog1py.vjp(
    x=lambda g, x, y: where(eq(x, 0) & (y <= -1), 0, xlog1py(g, y)),
    y=lambda g, x, y: g * over(x, y + 1),
)


@elementwise(UNARY, promotes="float", check=_real("entr"), **ONLY)
def entr(xp, x):
    """The entropy's summand -x log(x): 0 at 0, minus infinity below."""
    return xp.special.entr(x)


entr.vjp(x=lambda g, x: -g * (log(x) + 1))


@elementwise("(input, eps=None, *, out=None)", promotes="float", namespaces=SPECIAL, check=_real("logit"))
def logit(xp, x, *, eps=None):
    """log(x / (1 - x)); with `eps`, x is first held between eps and 1 - eps."""
    if eps is not None:
        x = xp.where(x < eps, eps, xp.where(x > 1 - eps, 1 - eps, x))
    return xp.log(over(x, 1 - x))


def _logit_rule(g, x, eps):
    outside, beyond = ((x < 0) | (x > 1), NAN) if eps is None else ((x < eps) | (x > 1 - eps), 0)
    return where(outside, beyond, over(g, x * (1 - x)))


NAN = float("nan")
logit.vjp(x=_logit_rule)

#: Functions that `special` knows by another name.
RENAMED = {"gammaln": "lgamma", "psi": "digamma", "expit": "sigmoid", "gammainc": "igamma", "gammaincc": "igammac"}
for _other, _own in RENAMED.items():
    PUBLIC["special"][_other] = PUBLIC[""][_own]
