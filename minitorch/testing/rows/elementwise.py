"""Rows for rounding, special functions, activations and bits: mostly domains and kinks."""

from ..domains import NONZERO, POSITIVE, UNIT, Domain, between, call, literal, rule, spec, whole

HALF = between(0.125, 0.875)
UNTIED = between(-2, 2, avoid=(-2, -1, 0, 1, 2))
HALVES = between(-2, 2, avoid=(-1.5, -0.5, 0.5, 1.5))
TENTHS = between(-2, 2, avoid=[sign * (0.25 + n / 4) for sign in (-1, 1) for n in range(7) if n != 3])  # far from 0.05, 0.15 ...
POWERS = between(-1.875, 1.875, avoid=[sign * 2.0**-n for sign in (-1, 1) for n in range(5)] + [0])
# x / y lies between 2 and 3, -3 and -2, 0 and 1, or -1 and 0: no quotient is near a whole number.
NUMERATOR = between(2.5, 2.9375, extra=(-2.75, -2.625, 0.5625, 0.625, -0.5625, -0.625))
QUOTIENT = {"x": NUMERATOR, "y": between(1, 1.25), "same": False}
POLYNOMIALS = [f"{shifted}chebyshev_polynomial_{kind}" for shifted in ("", "shifted_") for kind in "tuvw"] + [
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p"]  # fmt: skip
SMALL, BITS = Domain(0, 4, kind="i"), Domain(-4, 5, kind="i")

OPS = {
    "acosh": rule(x=between(1.25, 3)),
    "atanh": rule(x=UNIT),
    "atan2": rule(x=NONZERO, y=NONZERO),
    "hypot": rule(x=NONZERO, y=NONZERO),
    "angle": rule(x=NONZERO),
    # rounding
    "sign": rule(x=NONZERO),
    **{name: rule(x=UNTIED) for name in ("floor", "ceil", "trunc")},
    "rint": rule(x=HALVES),
    "round_to": rule(params=({"decimals": 1},), smooth=False),
    **{name: rule(**QUOTIENT) for name in ("floor_quotient", "trunc_quotient", "remainder", "fmod")},
    "floor_divide": rule(**QUOTIENT, still=("x", "y")),
    "copysign": rule(x=NONZERO, y=NONZERO),
    "nextafter": rule(same=False),
    "scale": rule(n=whole(-2, 3), complex=False),
    "heaviside": rule(x=NONZERO, same=False, numbers=False, still=("x", "values")),
    # special functions
    "erfinv": rule(x=UNIT),
    "ndtri": rule(x=HALF),
    "lgamma": rule(x=POSITIVE, near=1e-8),
    "digamma": rule(x=POSITIVE, near=1e-8, edges=False),
    "polygamma": rule(x=POSITIVE, params=({"n": 1}, {"n": 2})),
    "zeta": rule(x=between(1.5, 4), y=POSITIVE, still=("x",), same=False),
    "igamma": rule(x=POSITIVE, y=POSITIVE, still=("x",), same=False, numbers=False),
    "igammac": rule(x=POSITIVE, y=POSITIVE, still=("x",), same=False, numbers=False),
    "xlogy": rule(x=NONZERO, y=POSITIVE),
    "xlog1py": rule(x=NONZERO, y=between(-0.5, 2)),
    "airy_ai": rule(near=1e-7),
    "log_ndtr": rule(edges=False),
    "entr": rule(x=POSITIVE),
    "logit": rule(x=HALF, params=({"eps": None}, {"eps": 0.0625})),
    "i0e": rule(x=NONZERO),
    "i1e": rule(x=NONZERO),
    **{name: rule(x=POSITIVE) for name in ("bessel_y0", "bessel_y1", "modified_bessel_k0", "modified_bessel_k1",
                                           "scaled_modified_bessel_k0", "scaled_modified_bessel_k1")},
    "spherical_bessel": rule(params=({"order": 0}, {"order": 1}, {"order": 2})),
    # activations
    "hardtanh": rule(x=between(-2, 2, avoid=(-1, 0.5)), params=({"low": -1.0, "high": 0.5},)),
    "leaky_relu": rule(x=NONZERO, params=({"slope": 0.125}, {"slope": -2.0})),
    "prelu": rule(x=NONZERO, same=False, complex=False),
    "hardswish": rule(x=between(-4, 4, avoid=(-3, 3))),
    "hardsigmoid": rule(x=between(-4, 4, avoid=(-3, 3))),
    "softshrink": rule(x=between(-2, 2, avoid=(-0.5, 0.5)), params=({"lambd": 0.5},)),
    "hardshrink": rule(x=between(-2, 2, avoid=(-0.5, 0.5)), params=({"lambd": 0.5},)),
    "threshold": rule(x=between(-2, 2, avoid=(0.5,)), params=({"at": 0.5, "value": 2.0},)),
    "elu": rule(x=NONZERO, params=({"alpha": 1.0, "scale": 1.0, "input_scale": 1.0},
                                   {"alpha": 1.5, "scale": 2.0, "input_scale": 0.5})),
    "softplus": rule(x=between(-2, 2, avoid=(0.5,)), params=({"beta": 1.0, "threshold": 20.0}, {"beta": 2.0, "threshold": 1.0})),
    "gelu": rule(params=({"approximate": "none"}, {"approximate": "tanh"})),
    # bits
    **{name: rule(x=BITS, y=BITS) for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm")},
    "bitwise_not": rule(x=BITS),
    **{name: rule(x=BITS, y=SMALL) for name in ("bitwise_left_shift", "bitwise_right_shift")},
}  # fmt: skip

PUBLIC = {
    "threshold": rule(call((2, 3), literal(0.5), literal(2.0)), call((), literal(0.5), literal(2.0)), input=between(-2, 2, avoid=(0.5,))),
    "prelu": rule(call((2, 3, 2), (3,)), call((3,), (1,)), call((), (1,)), call((0, 3), (3,)), input=NONZERO, complex=False),
    "frexp": rule(input=POWERS, complex=False),
    "heaviside": rule(input=NONZERO, still=("input", "values"), complex=False),
    "norm": rule(input=NONZERO),
    "dist": rule(same=False),
    "softsign": rule(input=NONZERO),
    "spherical_bessel_j0": rule(edges=False),
    "frac": rule(input=UNTIED),
    "round": rule(input=TENTHS, params=({}, {"decimals": 1}, {"decimals": -1})),
    "polygamma": rule(call(literal(1), (2, 3)), call(literal(2), ()), call(literal(0), (0,)), input=POSITIVE, near=1e-8),
    "mvlgamma": rule(call((2, 3), literal(2)), call((), literal(1)), input=between(1.5, 4), near=1e-8),
    "float_power": rule(input=POSITIVE, keeps=False),
    **{name: rule(input=NONZERO) for name in ("rrelu", "elu", "selu", "celu", "leaky_relu", "relu", "relu6")},
    "hardtanh": rule(input=between(-2, 2, avoid=(-1, 1))),
    **{name: rule(input=between(-4, 4, avoid=(-3, 3)), near=1e-7) for name in ("hardswish", "hardsigmoid")},
    **{name: rule(input=between(-2, 2, avoid=(-0.5, 0.5))) for name in ("softshrink", "hardshrink")},
    **{f"special.{name}": rule(call((2, 3), literal(3)), call((), literal(1)), call((0, 2), literal(2)),
                               call((2, 3), spec((3,), whole(-1, 4))), referee=False)
       for name in POLYNOMIALS},
    "glu": rule(call((2, 4)), call((4, 3), dim=0), call((0, 2))),
}  # fmt: skip
