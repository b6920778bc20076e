"""Special functions at nasty points: infinities, NaN, both zeros, the huge, the tiny, poles; beside PyTorch's, and pinned.

WRONG says where PyTorch's own answer is not to be followed, and why.
"""

import itertools
import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.backward import gradients

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
POINTS = (inf, -inf, nan, 0.0, -0.0, 1e300, -1e300, 1e30, -1e30, 1e-300, -1e-300, 5e-324, 1e-20, 1e-5, 1.0, -1.0, 2.0, -2.0,
          3.0, -5.0, 10.0, 0.5, -0.5, 1.5, -2.5, 30.0, -30.0, 40.0, 172.0, -170.5, 500.0, -700.0, 1e5, 1e8)  # fmt: skip
FEW = (inf, -inf, nan, 0.0, -0.0, 1e300, -1e300, 1e-5, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 1.5, -2.5, 30.0, 200.0, -1e5, 1e5)
ONE = ("airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammaln i0 i0e "
       "i1 i1e log1p log_ndtr logit modified_bessel_i0 modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 ndtr ndtri psi "
       "scaled_modified_bessel_k0 scaled_modified_bessel_k1 sinc spherical_bessel_j0").split()  # fmt: skip
#: (function, argument or a test of it): what PyTorch says there is wrong
WRONG = {
    "digamma": lambda x: (x < 0) & (x == np.floor(x)),  # the slope at a pole: PyTorch's is some large number
    "psi": lambda x: (x < 0) & (x == np.floor(x)),
    "i1": np.isnan,  # PyTorch's slope is 0.5
    "i1e": np.isnan,
    "log_ndtr": lambda x: x < -1e20,  # PyTorch's slope is infinite or NaN, where it is -x
    "ndtr": lambda x: x < -8,  # PyTorch: 0
    "sinc": lambda x: (0 < abs(x)) & (abs(x) < 1e-4),  # PyTorch's slope has lost its digits
}
PAIRS = {"xlogy": None, "xlog1py": None, "zeta": lambda x, y: y >= 1e300, "gammainc": lambda x, y: np.isnan(x) | np.isnan(y),
         "gammaincc": lambda x, y: np.isnan(x) | np.isnan(y)}  # fmt: skip
POLYNOMIALS = [name for name in sorted(dir(mt.special)) if "polynomial" in name]


def both(name, *numbers, before=()):
    """(values and slopes) of minitorch and of PyTorch, slopes only where it has them."""
    torch = pytest.importorskip("torch")
    found = []
    for lib in (mt, torch):
        tensors = [lib.tensor(list(row), dtype=lib.float64, requires_grad=True) for row in numbers]
        out = getattr(lib.special, name)(*before, *tensors)
        answers = [out.detach().numpy()]
        for x in tensors:
            try:
                answers.append(lib.autograd.grad(out.sum(), x, retain_graph=True)[0].numpy())
            except (RuntimeError, NotImplementedError):
                answers.append(None)
        found.append(answers)
    return found


def agree(ours, theirs, left_out, tolerance=1e-7):
    for one, other in zip(ours, theirs, strict=True):
        if other is not None:
            np.testing.assert_allclose(one[~left_out], other[~left_out], rtol=tolerance, atol=1e-40)


@pytest.mark.referee
@over("name", ONE)
def test_functions_of_one(name):
    numbers = np.array(POINTS)
    with np.errstate(invalid="ignore"):
        left_out = WRONG[name](numbers) if name in WRONG else np.zeros(len(POINTS), bool)
    if name == "gammaln":
        left_out = left_out | (numbers < 0) & (numbers == np.floor(numbers))
    agree(*both(name, POINTS), left_out, tolerance=1e-5 if name == "airy_ai" else 1e-7)


@pytest.mark.referee
@over("name", PAIRS)
def test_functions_of_two(name):
    pairs = np.array(list(itertools.product(FEW, FEW)))
    wrong = PAIRS[name]
    left_out = wrong(pairs[:, 0], pairs[:, 1]) if wrong else np.zeros(len(pairs), bool)
    agree(*both(name, *pairs.T), left_out)


@pytest.mark.referee
@over("order", [1, 2, 3])
def test_polygamma(order):
    numbers = np.array(POINTS)
    poles = ((numbers < 0) & (numbers == np.floor(numbers))) | np.isinf(numbers)
    ours, theirs = both("polygamma", POINTS, before=(order,))
    agree(ours[:1], theirs[:1], poles)


@pytest.mark.referee
@over("name", POLYNOMIALS)
def test_polynomials_of_any_argument_and_degree(name):
    torch = pytest.importorskip("torch")
    arguments = (inf, -inf, nan, 0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.0, 1e10, -1e10, 100.0)
    pairs = np.array(list(itertools.product(arguments, (-1.0, -0.5, 0.0, 1.0, 1.5, 2.0, 3.0, 7.0, 20.0, nan, inf, -inf))))
    ours, theirs = (getattr(lib.special, name)(*map(lib.tensor, pairs.T)).numpy() for lib in (mt, torch))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


# ---- pinned --------------------------------------------------------------------------------------------------------
def derivatives(name, x, count):
    """The value and the derivatives up to this order."""
    x = mt.tensor(x, dtype=mt.float64, requires_grad=True)
    found = [getattr(mt.special, name)(x)]
    for _ in range(count):
        found.append(gradients([found[-1]], [x], create_graph=True)[0])
    return [number.item() for number in found]


@over("name, x, wanted", [
    ("spherical_bessel_j0", inf, [0, 0, 0]), ("spherical_bessel_j0", -inf, [0, 0, 0]), ("airy_ai", 1e30, [0, 0]),
    ("gammaln", 5e-324, [744.4400719213812, -inf]), ("i1", 0.0, [0, 0.5, 0, 0.375, 0, 0.3125]),
    ("bessel_j1", 0.0, [0, 0.5, 0, -0.375, 0, 0.3125]), ("i1", 5e-324, [5e-324, 0.5]), ("i1e", 1e-200, [5e-201, 0.5, -1]),
    ("i1e", -1e-200, [-5e-201, 0.5, 1]),
])  # fmt: skip
def test_derivatives_at_a_point(name, x, wanted):
    assert derivatives(name, x, len(wanted) - 1) == pytest.approx(wanted, rel=1e-14)


@over("name, order_0", [("i1", "i0"), ("bessel_j1", "bessel_j0")])
@over("x", [0.05, 0.7, 0.999, 1.001, 1.5, -0.999])
def test_slopes_on_both_sides_of_the_series(name, order_0, x):
    """i1' = i0 - i1 / x, and from there on by the differential equation x^2 y'' + x y' = (1 +- x^2) y."""
    y, slope, bend = derivatives(name, x, 2)
    assert slope == pytest.approx(derivatives(order_0, x, 0)[0] - y / x, rel=1e-14)
    assert bend == pytest.approx(((1 + (x * x if name == "i1" else -x * x)) * y - x * slope) / (x * x), abs=1e-11)


def test_airys_wave_goes_on_where_the_library_ends():
    """At -1e6 a wave of height |x|**-1/4 / sqrt(pi): y**2 + y'**2 / |x| is its square."""
    for x in (-0.99e6, -1.01e6, -1e8, -1e20):
        y, slope = derivatives("airy_ai", x, 1)
        assert y * y + slope * slope / -x == pytest.approx(1 / (math.pi * math.sqrt(-x)), rel=1e-5)


def test_a_zero_keeps_its_sign():
    assert [math.copysign(1, x) for x in mt.special.erfinv(mt.tensor([0.0, -0.0])).tolist()] == [1, -1]
