"""Error, gamma and Bessel functions: PyTorch's numbers, names and refusals; derivatives where PyTorch has none."""

import math

import numpy as np
import pytest

import minitorch as mt
from tests.referee_grid import (
    ANY,
    NONZERO,
    POSITIVE,
    PROBABILITY,
    REAL,
    UNIT,
    Domain,
    compare,
    corners,
    elementwise,
    gradients,
    torch,
)

inf, nan = math.inf, math.nan
over = pytest.mark.parametrize
referee = pytest.mark.referee
WIDE = tuple(d for d in REAL if d not in ("float16", "bfloat16"))  # PyTorch's half-precision kernels are few here
#: PyTorch's trigamma is good to 5e-10, its Bessel functions to 1e-8.
ROUGH = {"float64": (2e-8, 1e-9), "float32": (2e-5, 1e-5), "float16": (3e-3, 1e-4)}
SMOOTH = {
    "erf": ANY, "erfc": ANY, "erfinv": UNIT, "lgamma": POSITIVE, "digamma": POSITIVE, "i0": ANY, "sinc": NONZERO,
    "special.erf": ANY, "special.erfc": ANY, "special.erfcx": ANY, "special.erfinv": UNIT, "special.exp2": ANY,
    "special.expit": ANY, "special.expm1": ANY, "special.gammaln": POSITIVE, "special.digamma": POSITIVE,
    "special.psi": POSITIVE, "special.entr": POSITIVE, "special.i0": ANY, "special.i0e": NONZERO, "special.i1": NONZERO,
    "special.i1e": NONZERO, "special.log1p": POSITIVE, "special.log_ndtr": ANY, "special.logit": PROBABILITY,
    "special.ndtr": ANY, "special.ndtri": PROBABILITY, "special.sinc": NONZERO,
}  # fmt: skip
BESSEL = {
    "bessel_j0": ANY, "bessel_j1": ANY, "bessel_y0": POSITIVE, "bessel_y1": POSITIVE, "modified_bessel_i0": ANY,
    "modified_bessel_i1": ANY, "modified_bessel_k0": POSITIVE, "modified_bessel_k1": POSITIVE,
    "scaled_modified_bessel_k0": POSITIVE, "scaled_modified_bessel_k1": POSITIVE, "spherical_bessel_j0": ANY,
    "airy_ai": ANY,
}  # fmt: skip
POLYNOMIALS = [f"{shifted}chebyshev_polynomial_{kind}" for shifted in ("", "shifted_") for kind in "tuvw"] + [
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p"]  # fmt: skip


@referee
@over("name", SMOOTH)
def test_one_operand(name):
    compare(name, elementwise(SMOOTH[name]), dtypes=WIDE, tolerances=ROUGH)


@referee
@over("name", "erf erfc erfinv lgamma i0 special.erfcx special.entr special.ndtr special.ndtri special.i0e".split())
def test_one_operand_in_the_corners(name):
    edges = (-inf, -2.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.5, 30.0, 1e-20, inf, nan)
    compare(name, corners(*edges), dtypes=("float64", "float32"), forms=("function",), second=False, tolerances=ROUGH)


@referee
@over("name", BESSEL)
def test_bessel_functions(name):
    compare(f"special.{name}", elementwise(BESSEL[name]), dtypes=WIDE, grads=(), tolerances=ROUGH)


@referee
@over("name", ["logit", "special.logit"])
def test_logit(name):
    compare(name, elementwise(PROBABILITY), [{"eps": 0.2}, {"eps": 0.6}], dtypes=REAL,
            tolerances={"float16": (3e-3, 1e-3), "bfloat16": (2e-2, 2e-2)})  # fmt: skip
    points = np.array([-0.1, 0.0, 0.1, 0.3, 0.5, 0.9, 1.0, 1.2, nan])
    for eps in (None, 0.0, 0.1, 0.5, 0.7, 1.0):
        compare(name, lambda numbers: [(points,)], [{"eps": eps}], forms=("function",), dtypes=("float64",), second=False)


@referee
@over("order", [0, 1, 2, 3, -1])
def test_polygamma(order):
    for name in ("polygamma", "special.polygamma"):
        compare(name, elementwise(POSITIVE, before=(order,)), dtypes=WIDE, tolerances=ROUGH | {"float32": (1e-4, 1e-4)})


@referee
@over("p", [1, 2, 4, 0])
def test_the_multivariate_gamma_function(p):
    forms = ("function", "method", "out")  # PyTorch's refusal in place has its dtypes the wrong way round
    for name in ("mvlgamma", "special.multigammaln"):
        compare(name, elementwise(Domain(2, 4), after=(p,)), dtypes=WIDE, forms=forms, tolerances=ROUGH)


@referee
def test_zeta_and_the_incomplete_gamma_functions():
    compare("special.zeta", elementwise(Domain(1.5, 4), POSITIVE), dtypes=WIDE[:2], grads=(), tolerances=ROUGH)
    compare("special.zeta", elementwise(POSITIVE, before=(2.5,)), dtypes=WIDE[:2], grads=(), tolerances=ROUGH)
    for name in ("igamma", "igammac", "special.gammainc", "special.gammaincc"):
        compare(name, elementwise(POSITIVE, POSITIVE), dtypes=WIDE[:2], grads=(), tolerances=ROUGH)


@referee
@over("name", ["xlogy", "special.xlogy", "special.xlog1py"])
def test_products_with_a_logarithm(name):
    compare(name, elementwise(ANY, POSITIVE), dtypes=REAL)
    for number in (2, 2.5, True):
        compare(name, elementwise(ANY, after=(number,)), dtypes=REAL)
    for number in (2, 2.5, 0):
        compare(name, elementwise(POSITIVE, before=(number,)), dtypes=REAL)
    edges = (-inf, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, inf, nan)
    compare(name, corners(*edges, pairs=True), dtypes=("float64", "float32"), forms=("function",), second=False)


@referee
@over("name", POLYNOMIALS)
def test_orthogonal_polynomials(name):
    tolerances = {"float64": (1e-11, 1e-11), "float32": (1e-4, 1e-4)}
    for degree in (-1, 0, 1, 2, 5):
        compare(f"special.{name}", elementwise(PROBABILITY, after=(degree,)), dtypes=WIDE[:2], grads=(),
                tolerances=tolerances)  # fmt: skip
    compare(f"special.{name}", elementwise(PROBABILITY, Domain(-1, 5, whole=True)), dtypes=WIDE[:2], grads=(),
            tolerances=tolerances)  # fmt: skip


@referee
def test_every_name_is_there():
    pytest.importorskip("torch")
    theirs = {n for n in dir(torch.special) if n[0] != "_" and callable(getattr(torch.special, n))} - {"Tensor"}
    assert {name for name in theirs if not hasattr(mt.special, name)} == set()
    assert theirs & set(dir(mt.special)) == theirs


# ---- pinned --------------------------------------------------------------------------------------------------------
def test_sinc_has_all_its_derivatives_at_zero():
    assert mt.sinc(mt.zeros(1)).item() == 1.0
    assert gradients(mt.sinc, 0.0) == [0.0]
    assert gradients(mt.sinc, 0.0, order=2) == pytest.approx([-math.pi**2 / 3])  # PyTorch: nan
    assert gradients(mt.sinc, 0.0, order=3) == [0.0]
    assert gradients(mt.sinc, 0.0, order=4) == pytest.approx([math.pi**4 / 5])


@over("x", [1e-9, 1e-3, 0.2, 0.6, 1.4])
def test_derivatives_of_sinc_near_zero(x):
    y = math.pi * x
    slope = -math.pi * (y / 3 - y**3 / 30 + y**5 / 840) if y < 0.1 else math.pi * (math.cos(y) / y - math.sin(y) / y**2)
    assert gradients(mt.sinc, x) == pytest.approx([slope], rel=1e-12)


@over("name, x, first, second", [
    ("i0", 0.0, 0.0, 0.5), ("i1", 0.0, 0.5, 0.0), ("i0e", 0.0, 0.0, 0.5), ("i1e", 0.0, 0.5, 0.0),
    ("bessel_j0", 0.0, 0.0, -0.5), ("bessel_j1", 0.0, 0.5, 0.0), ("erf", 0.0, 2 / math.sqrt(math.pi), 0.0),
    ("log_ndtr", -40.0, 40.02496884720532, None), ("entr", 0.0, inf, -inf), ("erfcx", 0.0, -2 / math.sqrt(math.pi), 2.0),
])  # fmt: skip
def test_a_slope(name, x, first, second):
    function = getattr(mt.special, name)
    assert gradients(function, x) == pytest.approx([first], rel=1e-12)
    if second is not None:
        assert gradients(function, x, order=2) == pytest.approx([second], rel=1e-12)


def test_the_corners_of_xlogy():
    x, y = mt.tensor([0.0, 0.0, 0.0, 1.0]), mt.tensor([0.0, nan, inf, 0.0])
    np.testing.assert_array_equal(mt.xlogy(x, y).numpy(), [0.0, nan, 0.0, -inf])
    assert gradients(mt.xlogy, 0.0, 0.0) == pytest.approx([0.0, nan], nan_ok=True)
    assert gradients(mt.xlogy, 0.0, 2.0) == [math.log(2), 0.0]


def test_logit_beyond_its_domain():
    assert np.isnan(gradients(mt.logit, -0.1)).all()
    assert gradients(lambda x: mt.logit(x, 0.1), 0.05) == [0.0]
    assert gradients(lambda x: mt.logit(x, 0.1), 0.1) == pytest.approx([1 / 0.09])
    assert gradients(mt.logit, 0.0) == [inf]


@over("name", ["erf", "erfinv", "lgamma", "digamma", "xlogy"])
def test_complex_numbers_are_refused(name):
    z = mt.tensor([1j])
    with pytest.raises(NotImplementedError, match=r"not implemented for 'ComplexFloat'"):
        getattr(mt, name)(*[z] * (2 if name == "xlogy" else 1))


@over("name", ["special_zeta", "igamma", "igammac"])
def test_the_first_operand_may_lack_a_derivative(name):
    function = mt.special.zeta if name == "special_zeta" else getattr(mt, name)
    x, y = (mt.tensor([v], dtype=mt.float64, requires_grad=True) for v in (2.0, 1.5))
    with pytest.raises(RuntimeError, match=f"derivative for aten::{name} is not implemented"):
        mt.autograd.grad(function(x, y).sum(), x)
    assert math.isfinite(mt.autograd.grad(function(x.detach(), y).sum(), y)[0].item())


@over("name", POLYNOMIALS)
def test_polynomials_can_be_differentiated(name):
    function, h = getattr(mt.special, name), 1e-3
    for degree in (0, 1, 3):
        ahead, behind = (function(mt.tensor([0.4 + s], dtype=mt.float64), degree).item() for s in (h, -h))
        assert gradients(lambda x, d=degree: function(x, d), 0.4) == pytest.approx([(ahead - behind) / (2 * h)], rel=1e-3)
