"""Box and Muller: pairs of uniform numbers become pairs of normal ones, exactly as PyTorch rounds them.

Three recipes, one per kind of kernel in ATen (DistributionTemplates.h, DistributionsHelper.h):
- `pairs`: the scalar loop, in float64, one radius and one angle at a time;
- `fill_double`: blocks of sixteen in float64, the first eight numbers of a block giving radii, the last eight angles;
- `fill_single`: the same blocks in float32 with the Cephes polynomials of avx_mathfun.h and fused multiply-adds.
A fused float32 step is taken in float64, where the product of two float32 numbers is exact, and rounded once; where the
product has so few digits that float32 holds it, the step is a float32 product and a float32 sum.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

CHUNK = 1 << 14  # pairs per step of the float32 recipe: its buffers stay in the second-level cache
EXACT = 1 << 16  # up to this many float64 results, logarithms come from the C library, bit-equal to PyTorch's
TWO_PI = 2.0 * math.pi


def _single(*values: float) -> tuple[float, ...]:
    return tuple(float(np.float32(value)) for value in values)


# The coefficients of Cephes' logf, sinf and cosf, rounded to float32 (avx_mathfun.h).
LOG = _single(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
              2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)  # fmt: skip
LOG_LOW, LOG_HIGH = _single(-2.12194440e-4, 0.693359375)
SQRT_HALF_BITS = 0x3F3504F3
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
    if abs(y) >= 1e140 and abs(z) > 1e100:  # exactly the same, without overflow
        return fused(x, y * 2.0**-600, z * 2.0**-600) * 2.0**600
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
    """Replace float32 uniforms of shape (blocks, 16), dense, by normal samples (`NormalFill16<float>`, AVX2)."""
    mean, std = _single(mean, std)
    step = CHUNK // 8
    halves = uniforms.view("V32")  # eight numbers as one: copied many times faster than eight by eight
    for start in range(0, len(halves), step):
        block = halves[start : start + step]
        radius = _radius(1.0 - block[:, 0].copy().view(np.float32))
        for half, part in enumerate(_turn(block[:, 1].copy().view(np.float32))):
            part *= radius
            if std == 1.0:
                part += mean
            else:
                _fuse(part, std, mean, np.empty(part.shape))
            block[:, half] = part.view("V32")


def _fuse(y: Array, x: Array | float, z: Array | float, wide: Array) -> None:
    """y = x * y + z, rounded once, by way of the float64 buffer `wide`."""
    np.multiply(y, x, out=wide, dtype=np.float64)
    wide += z
    y[...] = wide


def _horner(coefficients: tuple[float, ...], x: Array, wide: Array) -> Array:
    """The polynomial at x (float64) in float32, highest power first, each step fused."""
    np.multiply(x, coefficients[0], out=wide)
    wide += coefficients[1]
    y = wide.astype(np.float32)
    for coefficient in coefficients[2:]:
        _fuse(y, x, coefficient, wide)
    return y


def _radius(x: Array) -> Array:
    """sqrt(-2 log x) of float32 numbers in (0, 1], in their place (Cephes' logf, `log256_ps`)."""
    wide = np.empty(x.shape)
    bits = x.view(np.int32)
    exponent = bits - SQRT_HALF_BITS
    exponent >>= 23
    bits -= exponent << 23  # now x lies between sqrt(1/2) and sqrt(2)
    e = exponent.astype(np.float32)
    x -= 1.0
    z = x * x
    y = _horner(LOG, x.astype(np.float64), wide)
    y *= x
    _fuse(y, z, e * LOG_LOW, wide)
    z *= 0.5
    y -= z
    x += y
    e *= LOG_HIGH  # exact: both have few digits
    x += e
    x *= -2.0
    return np.sqrt(x, out=x)


def _turn(x: Array) -> tuple[Array, Array]:
    """Cosine and sine of 2 pi x for float32 numbers in [0, 1), which are overwritten (Cephes' `sincos256_ps`)."""
    wide = np.empty(x.shape)
    x *= TWO_PI_SINGLE
    octant = (x * FOUR_OVER_PI).astype(np.int32)
    octant += 1
    octant &= ~1
    y = octant.astype(np.float32)
    x += y * QUARTER[0]  # exact products: few digits
    x += y * QUARTER[1]
    np.multiply(y, QUARTER[2], out=wide, dtype=np.float64)
    wide += x
    x[...] = wide
    z = x * x
    z_wide = z.astype(np.float64)
    sine = _horner(SIN, z_wide, wide)
    sine *= z
    _fuse(sine, x, x, wide)
    cosine = _horner(COS, z_wide, wide)
    cosine *= z
    z *= -0.5
    _fuse(cosine, z_wide, z, wide)
    cosine += 1.0
    swapped = (octant & 2) != 0
    cosine, sine = np.where(swapped, sine, cosine), np.where(swapped, cosine, sine)
    bits = sine.view(np.int32)
    bits ^= (octant & 4) << 29
    octant += 2
    bits = cosine.view(np.int32)
    bits ^= (octant & 4) << 29
    return cosine, sine
