"""Bessel functions, and sinc, which is one.

The derivative of a Bessel function is made of its neighbours' in order. The spherical ones, of any order, are closed
under that without a division, so sinc has all its derivatives at 0 too.
"""

from __future__ import annotations

from .arithmetic import over, sgn, where
from .families import elementwise
from .front import PUBLIC
from .kinds import refuses
from .special import ONLY, PI, SQRT_PI
from .transcendental import SPECIAL, UNARY, exp


def _bessel(name):
    return refuses(f"{name}_cpu", "c")


# ---- modified, of the first kind -----------------------------------------------------------------------------------
@elementwise(UNARY, promotes="float", namespaces=SPECIAL, check=_bessel("i0_vml"))
def i0(xp, x):
    """The modified Bessel function of the first kind, of order 0."""
    return xp.special.i0(x)


@elementwise(UNARY, promotes="float", check=_bessel("i1"), **ONLY)
def i1(xp, x):
    """The modified Bessel function of the first kind, of order 1."""
    return xp.special.i1(x)


@elementwise(UNARY, promotes="float", check=_bessel("i0e"), **ONLY)
def i0e(xp, x):
    """exp(-|x|) i0(x)."""
    return xp.special.i0e(x)


@elementwise(UNARY, promotes="float", check=_bessel("i1e"), **ONLY)
def i1e(xp, x):
    """exp(-|x|) i1(x)."""
    return xp.special.i1e(x)


#: Of the power series of i1(x) / x in (x / 2)**2: 9 terms are exact up to 1.
SERIES = (1 / 2, 1 / 4, 1 / 24, 1 / 288, 1 / 5760, 1 / 172800, 1 / 7257600, 1 / 406425600, 1 / 29262643200)


def _share(x, out, sign=1.0, scaled=False):
    """out / x for a function of order 1, near 0 by its power series, which has all derivatives there."""
    near = (x < 1) & (x > -1)
    small = where(near, x, 0.0)
    square, total = small * small * (sign / 4), SERIES[-1]
    for factor in SERIES[-2::-1]:
        total = square * total + factor
    if scaled:
        total = total * exp(-small * sgn(small))
    return where(near, total, over(out, where(near, 1, x)))


i0.vjp(x=lambda g, x: g * i1(x))
i1.vjp(x=lambda g, x, out: g * (i0(x) - _share(x, out)))
i0e.vjp(x=lambda g, x, out: g * (i1e(x) - sgn(x) * out))
i1e.vjp(x=lambda g, x, out: g * (i0e(x) - sgn(x) * out - _share(x, out, scaled=True)))


# ---- of the first and second kind ----------------------------------------------------------------------------------
@elementwise(UNARY, promotes="float", check=_bessel("bessel_j0"), **ONLY)
def bessel_j0(xp, x):
    """The Bessel function of the first kind, of order 0."""
    return xp.special.j0(x)


@elementwise(UNARY, promotes="float", check=_bessel("bessel_j1"), **ONLY)
def bessel_j1(xp, x):
    """The Bessel function of the first kind, of order 1."""
    return xp.special.j1(x)


@elementwise(UNARY, promotes="float", check=_bessel("bessel_y0"), **ONLY)
def bessel_y0(xp, x):
    """The Bessel function of the second kind, of order 0."""
    return xp.special.y0(x)


@elementwise(UNARY, promotes="float", check=_bessel("bessel_y1"), **ONLY)
def bessel_y1(xp, x):
    """The Bessel function of the second kind, of order 1."""
    return xp.special.y1(x)


bessel_j0.vjp(x=lambda g, x: -g * bessel_j1(x))
bessel_j1.vjp(x=lambda g, x, out: g * (bessel_j0(x) - _share(x, out, sign=-1.0)))
bessel_y0.vjp(x=lambda g, x: -g * bessel_y1(x))
bessel_y1.vjp(x=lambda g, x, out: g * (bessel_y0(x) - over(out, x)))


# ---- modified, of the second kind ----------------------------------------------------------------------------------
@elementwise(UNARY, promotes="float", check=_bessel("modified_bessel_k0"), **ONLY)
def modified_bessel_k0(xp, x):
    """The modified Bessel function of the second kind, of order 0."""
    return xp.special.k0(x)


@elementwise(UNARY, promotes="float", check=_bessel("modified_bessel_k1"), **ONLY)
def modified_bessel_k1(xp, x):
    """The modified Bessel function of the second kind, of order 1."""
    return xp.special.k1(x)


@elementwise(UNARY, promotes="float", check=_bessel("scaled_modified_bessel_k0"), **ONLY)
def scaled_modified_bessel_k0(xp, x):
    """exp(x) modified_bessel_k0(x)."""
    return xp.special.k0e(x)


@elementwise(UNARY, promotes="float", check=_bessel("scaled_modified_bessel_k1"), **ONLY)
def scaled_modified_bessel_k1(xp, x):
    """exp(x) modified_bessel_k1(x)."""
    return xp.special.k1e(x)


modified_bessel_k0.vjp(x=lambda g, x: -g * modified_bessel_k1(x))
modified_bessel_k1.vjp(x=lambda g, x, out: -g * (modified_bessel_k0(x) + over(out, x)))
scaled_modified_bessel_k0.vjp(x=lambda g, x, out: g * (out - scaled_modified_bessel_k1(x)))
scaled_modified_bessel_k1.vjp(x=lambda g, x, out: g * (out - scaled_modified_bessel_k0(x) - over(out, x)))


# ---- Airy's, which are Bessel functions of order 1/3 ----------------------------------------------------------------
#: Beyond it Ai is less than any number, below -FAR**2 it is its asymptotic wave; of both the library says nan.
FAR = 1000.0


def _airy(xp, x, slope):
    far = xp.where(x < -FAR * FAR, x, -1.0) * -1.0
    phase, size = far * xp.sqrt(far) * (2 / 3) + PI / 4, xp.sqrt(xp.sqrt(far))
    wave = xp.cos(phase) * size * (-1 / SQRT_PI) if slope else xp.sin(phase) / size * (1 / SQRT_PI)
    return xp.where(x > FAR, x * 0.0, xp.where(x < -FAR * FAR, wave, xp.special.airy(x)[slope]))


@elementwise(UNARY, promotes="float", check=_bessel("airy_ai"), **ONLY)
def airy_ai(xp, x):
    """Airy's function Ai."""
    return _airy(xp, x, 0)


@elementwise(promotes="float", check=_bessel("airy_ai"))
def airy_slope(xp, x):
    """The derivative of Airy's function."""
    return _airy(xp, x, 1)


airy_ai.vjp(x=lambda g, x: g * airy_slope(x))
airy_slope.vjp(x=lambda g, x: g * (x * airy_ai(x)))


# ---- spherical, and sinc -------------------------------------------------------------------------------------------
@elementwise(promotes="float")
def spherical_bessel(xp, x, *, order):
    """The spherical Bessel function of the first kind: sin(x) / x for order 0."""
    size = xp.absolute(x)
    near = size < max(order, 1) if order else x == 0
    far = xp.where(near, order + 1.0, x)
    before, out = xp.cos(far) / far, xp.sin(far) / far
    for k in range(order):
        before, out = out, out * (2 * k + 1) / far - before
    return xp.where(near, _series(xp.where(near, x, 0.0), order), out)


def _series(x, order):
    """Powers of x: below the order, the recurrence from order 0 upwards would lose digits."""
    step, term, total = x * x * -0.5, x * 0 + 1, x * 0 + 1
    for k in range(1, order + 1):
        term = total = term * x / (2 * k + 1)
    for k in range(1, 2 * order + 9 if order else 1):
        term = term * step / (k * (2 * order + 2 * k + 1))
        total = total + term
    return total


def _spherical_rule(g, x, order):
    if not order:
        return -g * spherical_bessel(x, order=1)
    lower, higher = spherical_bessel(x, order=order - 1), spherical_bessel(x, order=order + 1)
    return g * ((lower * order - higher * (order + 1)) * (1 / (2 * order + 1)))


spherical_bessel.vjp(x=_spherical_rule)


@elementwise(UNARY, promotes="float", namespaces=SPECIAL)
def sinc(xp, x):
    """sin(pi x) / (pi x), 1 at 0."""
    return spherical_bessel.forward(xp, x * PI, order=0)


sinc.vjp(x=lambda g, x: g * (spherical_bessel(x * PI, order=1) * -PI))

PUBLIC["special"] |= {"modified_bessel_i0": PUBLIC[""]["i0"], "modified_bessel_i1": PUBLIC["special"]["i1"]}
