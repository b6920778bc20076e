"""Box and Muller: pairs of uniform numbers become pairs of normal ones, exactly as PyTorch rounds them.

Three recipes, one per kind of kernel in ATen (DistributionTemplates.h, DistributionsHelper.h):
- `pairs`: the scalar loop, in float64, one radius and one angle at a time;
- `fill_double`: blocks of sixteen in float64, the first eight numbers of a block giving radii, the last eight angles;
- `fill_single`: the same blocks in float32 with the Cephes polynomials of avx_mathfun.h and fused multiply-adds.
A fused float32 step is taken in float64, where the product of two float32 numbers is exact, and rounded once.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

CHUNK = 8192  # pairs per step of the float32 recipe: its buffers stay in the second-level cache
EXACT = 1 << 16  # up to this many float64 results, logarithms come from the C library, bit-equal to PyTorch's
TWO_PI = 2.0 * math.pi


def _single(*values: float) -> tuple[float, ...]:
    return tuple(float(np.float32(value)) for value in values)


# The coefficients of Cephes' logf, sinf and cosf, rounded to float32 (avx_mathfun.h).
LOG = _single(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
              2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)  # fmt: skip
LOG_LOW, LOG_HIGH, SQRT_HALF = _single(-2.12194440e-4, 0.693359375, 0.707106781186547524)
SIN = _single(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS = _single(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
QUARTER = _single(-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
FOUR_OVER_PI, TWO_PI_SINGLE = _single(1.27323954473516, TWO_PI)


def libm(function: Callable[[float], float], vectorised: Callable[[Array], Array], values: Array, exact: bool) -> Array:
    """`function` of each float64: by the C library where `exact` (one by one), else by NumPy, at most 1 ulp off."""
    if exact:
        flat = np.fromiter(map(function, values.ravel().tolist()), np.float64, values.size)
        return flat.reshape(values.shape)
    return vectorised(values)


def fused(x: Array, y: float, z: float) -> Array:
    """x * y + z in float64 with one rounding, by Dekker's product and Knuth's sum (doi:10.1007/BF01397083)."""
    product = x * y
    if z == 0.0 or math.frexp(y)[0] in (0.5, -0.5, 0.0) or not 1e-140 < abs(y) < 1e140:
        return product + z  # the product is exact, or nothing is added to it
    split = 134217729.0
    x_high = x * split
    x_high = x_high - (x_high - x)
    x_low = x - x_high
    y_high = y * split
    y_high = y_high - (y_high - y)
    y_low = y - y_high
    error = ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low
    total = product + z
    carried = total - product
    error += (product - (total - carried)) + (z - carried)
    result = total + error
    return np.where(np.isfinite(product), result, product + z)


def pairs(u: Array, v: Array, exact: bool) -> tuple[Array, Array]:
    """Two independent standard normal samples from each pair (u, v) of float64 uniforms (`normal_distribution`)."""
    radius = np.sqrt(-2.0 * libm(math.log1p, np.log1p, -v, exact))
    angle = TWO_PI * u
    return radius * libm(math.cos, np.cos, angle, exact), radius * libm(math.sin, np.sin, angle, exact)


def fill_double(uniforms: Array, mean: float, std: float, exact: bool) -> Array:
    """Normal samples from float64 uniforms of shape (blocks, 16) (`NormalFill16<double>`)."""
    radius = np.sqrt(-2.0 * libm(math.log, np.log, 1.0 - uniforms[:, :8], exact))
    angle = TWO_PI * uniforms[:, 8:]
    samples = np.empty_like(uniforms)
    np.multiply(radius, libm(math.cos, np.cos, angle, exact), out=samples[:, :8])
    np.multiply(radius, libm(math.sin, np.sin, angle, exact), out=samples[:, 8:])
    return fused(samples, std, mean)


def fill_single(uniforms: Array, mean: float, std: float) -> None:
    """Replace float32 uniforms of shape (blocks, 16) by normal samples (`NormalFill16<float>`, AVX2)."""
    mean, std = _single(mean, std)
    step = CHUNK // 8
    for start in range(0, len(uniforms), step):
        block = uniforms[start : start + step]
        radius = _radius(1.0 - block[:, :8].astype(np.float64))
        cosine, sine = _turn(block[:, 8:].astype(np.float64))
        wide, narrow = np.empty_like(radius), np.empty(radius.shape, np.float32)
        for columns, part in ((slice(8), cosine), (slice(8, 16), sine)):
            np.multiply(radius, part, out=part)
            _round(part, narrow)
            np.multiply(part, std, out=wide)
            np.add(wide, mean, out=wide)
            block[:, columns] = wide


def _round(value: Array, narrow: Array) -> None:
    """Round float64 `value` to float32 in place, by way of the float32 buffer `narrow`."""
    narrow[...] = value
    value[...] = narrow


def _horner(coefficients: tuple[float, ...], x: Array, narrow: Array) -> Array:
    """The polynomial at x, highest power first, each step fused and rounded to float32."""
    y = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        np.add(y, coefficient, out=y)
        _round(y, narrow)
        np.multiply(y, x, out=y)
    np.add(y, coefficients[-1], out=y)
    _round(y, narrow)
    return y


def _radius(x: Array) -> Array:
    """sqrt(-2 log x) of float32 numbers in (0, 1] held in float64 (Cephes' logf, `log256_ps`)."""
    narrow = np.empty(x.shape, np.float32)
    x, exponent = np.frexp(x)
    low = x < SQRT_HALF
    e = np.subtract(exponent, low, dtype=np.float64)
    x += x * low
    x -= 1.0
    z = x * x
    _round(z, narrow)
    y = _horner(LOG, x, narrow)
    y *= x
    _round(y, narrow)
    y *= z
    t = e * LOG_LOW
    _round(t, narrow)
    y += t
    _round(y, narrow)
    z *= 0.5
    y -= z
    _round(y, narrow)
    x += y
    _round(x, narrow)
    e *= LOG_HIGH
    x += e
    _round(x, narrow)
    x *= -2.0
    np.sqrt(x, out=x)
    _round(x, narrow)
    return x


def _turn(x: Array) -> tuple[Array, Array]:
    """Cosine and sine of 2 pi x for float32 numbers in [0, 1) held in float64 (Cephes' `sincos256_ps`)."""
    narrow = np.empty(x.shape, np.float32)
    x *= TWO_PI_SINGLE
    _round(x, narrow)
    y = x * FOUR_OVER_PI
    _round(y, narrow)
    octant = y.astype(np.int64)
    octant += 1
    octant &= ~1
    y[...] = octant
    t = np.empty_like(y)
    for part in QUARTER:
        np.multiply(y, part, out=t)
        x += t
        _round(x, narrow)
    z = x * x
    _round(z, narrow)
    cosine = _horner(COS, z, narrow)
    cosine *= z
    _round(cosine, narrow)
    cosine *= z
    np.multiply(z, 0.5, out=t)
    cosine -= t
    _round(cosine, narrow)
    cosine += 1.0
    _round(cosine, narrow)
    sine = _horner(SIN, z, narrow)
    sine *= z
    _round(sine, narrow)
    sine *= x
    sine += x
    _round(sine, narrow)
    swapped = (octant & 2) != 0
    cosine, sine = np.where(swapped, sine, cosine), np.where(swapped, cosine, sine)
    sign = sine.view(np.int64)
    sign ^= (octant & 4) << 61
    sign = cosine.view(np.int64)
    sign ^= ((octant + 2) & 4) << 61
    return cosine, sine
