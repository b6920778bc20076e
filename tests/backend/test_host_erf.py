"""The host's error function: within a few ulp of the true value in both formats, in any memory order and anywhere."""

import math

import numpy as np
import pytest

from minitorch.backend.host_erf import CHUNK, erf, normal_cdf

over = pytest.mark.parametrize
# An op runs with NumPy's floating-point warnings off; so do these.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def ulps(found, exact):
    """The distance in units of the last place of the exact (wider) value."""
    return np.abs(found.astype(np.longdouble) - exact) / np.spacing(np.abs(exact.astype(found.dtype)))


def exactly(points):
    """erf by the C library, which is good to half an ulp of float64 and a little."""
    return np.array([math.erf(float(x)) for x in points], np.float64)


def test_float32_against_float64():
    points = np.concatenate([np.linspace(-5, 5, 200_001), np.logspace(-37, 0.6, 20_001)]).astype(np.float32)
    assert ulps(erf(points), exactly(points)).max() < 2.3


def test_float64_against_the_c_library():
    points = np.concatenate([np.linspace(-6.5, 6.5, 100_001), np.logspace(-300, 0.8, 20_001)])
    assert ulps(erf(points), exactly(points)).max() < 2.6 + 1


@over("dtype", [np.float16, np.float32, np.float64])
def test_signs_infinities_and_nan(dtype):
    points = np.array([-np.inf, -np.finfo(dtype).max, -40, -0.0, 0.0, 40, np.finfo(dtype).max, np.inf, np.nan], dtype)
    found = erf(points)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, [-1, -1, -1, -0.0, 0.0, 1, 1, 1, np.nan])
    assert np.signbit(found[3])
    assert not np.signbit(found[4])
    np.testing.assert_array_equal(erf(-points[:-1]), -found[:-1])


def test_one_large_number_does_not_disturb_the_others():
    points = np.linspace(-3, 3, 1001)
    mixed = np.append(points, [1e300, -np.inf])
    np.testing.assert_array_equal(erf(mixed)[:-2], erf(points))


@over("dtype, tolerance", [(np.float32, 1.2e-7), (np.float64, 2.3e-16)])
def test_the_normal_distribution_function(dtype, tolerance):
    points = np.linspace(-9, 9, 20_001).astype(dtype)
    exact = np.array([0.5 * math.erfc(-float(x) / math.sqrt(2)) for x in points])
    np.testing.assert_allclose(normal_cdf(points), exact, rtol=0, atol=tolerance)


@over("shape", [(), (0,), (1,), (0, 3), (CHUNK,), (CHUNK + 1,), (3, CHUNK)])
def test_shapes(shape):
    points = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = erf(points)
    assert isinstance(found, np.ndarray)
    assert found.shape == shape
    np.testing.assert_allclose(found.ravel(), exactly(points.ravel()), atol=2e-7)


def test_memory_orders_and_the_input_is_left_alone():
    points = np.random.default_rng(0).normal(size=(4, 5, 6))
    expected = erf(points)
    for view in (points.T, points[:, ::2], points[::-1], points.transpose(1, 0, 2), np.broadcast_to(points[:1], (4, 5, 6))):
        before = view.copy()
        np.testing.assert_array_equal(erf(view), erf(np.ascontiguousarray(view)))
        np.testing.assert_array_equal(view, before)
    assert erf(np.asfortranarray(points)).flags.f_contiguous
    np.testing.assert_array_equal(erf(points), expected)
