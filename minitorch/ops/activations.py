"""The activations that PyTorch computes in one kernel: one node each.

Most know their derivative from x alone. Where the forward has already paid for an exponential that the derivative asks
for (gelu, silu, mish), it is handed over as a hidden result, and the op's definition serves every further order.
"""

from __future__ import annotations

from ..backend.dtype import of
from ..backend.host_erf import normal_cdf
from .arithmetic import NO_COMPLEX_CLAMP, clamp, hold, where
from .families import elementwise, fused
from .kinds import marked, refuses
from .promotion import real
from .special import SQRT_2PI, ndtr
from .transcendental import exp, log1p, sigmoid, tanh

SQRT_2_OVER_PI, CUBIC = 0.7978845608028654, 0.044715


def _only_floats(kernel):
    return refuses(kernel, "bic", _real_options)


def _real_options(datas, params):
    """Refuse a slope or bound with an imaginary part."""
    for name, value in params.items():
        if value.__class__ is complex:
            params = params | {name: real(value, of(datas[0].dtype))}
    return params


marked(_real_options, passes_floats=True)


# ---- pieces of straight lines --------------------------------------------------------------------------------------
@elementwise(promotes=None, check=refuses(c=NO_COMPLEX_CLAMP, b="Bool inputs not supported for hardtanh"))
def hardtanh(xp, x, *, low, high):
    """x held between two numbers; unlike `clamp`, with gradient 0 at the bounds."""
    return hold(xp, x, low, high)


hardtanh.vjp(x=lambda g, x, low, high: where((x <= low) | (x >= high), 0, g))


@elementwise(promotes=None, check=_only_floats("leaky_relu_cpu"))
def leaky_relu(xp, x, *, slope):
    """x where positive, else slope * x."""
    return xp.maximum(x, x * slope) if 0 < slope <= 1 else xp.where(x > 0, x, x * slope)


leaky_relu.vjp(x=lambda g, x, slope: where(x > 0, g, g * slope))


@elementwise()
def prelu(xp, x, w):
    """x where positive, else w * x."""
    return xp.where(x > 0, x, w * x)


prelu.vjp(x=lambda g, x, w: where(x > 0, g, g * w), w=lambda g, x: where(x > 0, 0, g * x))


@elementwise(promotes=None, check=_only_floats("hardswish_cpu"))
def hardswish(xp, x):
    """x times hardsigmoid(x)."""
    return x * hold(xp, x + 3, 0, 6) / 6


hardswish.vjp(x=lambda g, x: where(x <= -3, 0, where(x < 3, g * (x / 3 + 0.5), g)))


@elementwise(promotes=None, check=_only_floats("hardsigmoid_cpu"))
def hardsigmoid(xp, x):
    """(x + 3) / 6 held between 0 and 1; with gradient 0 at the bounds."""
    return hold(xp, x + 3, 0, 6) / 6


hardsigmoid.vjp(x=lambda g, x: where((x > -3) & (x < 3), g * (1 / 6), 0))


def _within(x, lambd):
    return (x >= -lambd) & (x <= lambd)


@elementwise(promotes=None, check=_only_floats("softshrink_cpu"))
def softshrink(xp, x, *, lambd):
    """x moved towards 0 by lambd, to 0 at most."""
    return x - hold(xp, x, -lambd, lambd)


@elementwise(promotes=None, check=_only_floats("hardshrink_cpu"))
def hardshrink(xp, x, *, lambd):
    """x, or 0 where it lies within lambd of 0."""
    return xp.where(_within(x, lambd), 0.0, x)


softshrink.vjp(x=lambda g, x, lambd: where(_within(x, lambd), 0, g))
hardshrink.vjp(x=lambda g, x, lambd: where(_within(x, lambd), 0, g))


@elementwise(promotes=None, check=refuses("threshold_cpu", "bc"))
def threshold(xp, x, *, at, value):
    """x where it exceeds a threshold, else a value."""
    return xp.where(x <= at, value, x)


threshold.vjp(x=lambda g, x, at: where(x <= at, 0, g))


# ---- exponentials --------------------------------------------------------------------------------------------------
@elementwise(promotes=None, check=_only_floats("elu_cpu"))
def elu(xp, x, *, alpha, scale, input_scale):
    """scale * x where x is positive, else scale * alpha * (exp(input_scale * x) - 1)."""
    return xp.where(x <= 0, xp.expm1(x * input_scale) * (alpha * scale), x * scale)


def _elu_rule(g, x, alpha, scale, input_scale):
    decay = exp(where(x < 0, x * input_scale, 0))
    return where(x <= 0, g * (decay * (alpha * scale * input_scale)), g * scale)


elu.vjp(x=_elu_rule)


@elementwise(promotes=None, check=_only_floats("softplus_cpu"))
def softplus(xp, x, *, beta, threshold):
    """log(1 + exp(beta * x)) / beta; x itself where beta * x exceeds the threshold."""
    scaled = x * beta
    return xp.where(scaled > threshold, x, xp.log1p(xp.exp(scaled)) / beta)


softplus.vjp(x=lambda g, x, beta, threshold: where(x * beta > threshold, g, g * sigmoid(x * beta)))


@elementwise(promotes=None, check=_only_floats("log_sigmoid_cpu"))
def logsigmoid(xp, x):
    """log(sigmoid(x)), without overflow."""
    return hold(xp, x, None, 0) - xp.log1p(xp.exp(-xp.absolute(x)))


logsigmoid.vjp(x=lambda g, x: g * sigmoid(-x))


@fused(hidden="saved_gate", check=refuses("silu_cpu", "bi"))
def silu(xp, x):
    """x times sigmoid(x)."""
    gate = sigmoid.forward(xp, x)
    return x * gate, gate


def _silu_joint(g, x, saved_gate):
    slope = 1 - saved_gate
    slope *= x
    slope += 1
    slope *= saved_gate
    slope *= g
    return (slope,)


silu.fused(_silu_joint, lambda x: x * sigmoid(x))


@fused(hidden="saved_gate", check=_only_floats("mish_cpu"))
def mish(xp, x):
    """x times tanh(softplus(x)), where tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2)."""
    e = xp.exp(hold(xp, x, None, 30))  # beyond, the gate is 1
    gate = e * (e + 2)
    gate /= gate + 2
    return x * gate, gate


def _mish_joint(xp, g, x, saved_gate):
    slope = 1 - saved_gate * saved_gate
    slope *= x
    slope /= 1 + xp.exp(-x)
    slope += saved_gate
    slope *= g
    return (slope,)


def _mish_definition(x):
    # log(1 + exp(x)) as max(x, 0) + log1p(exp(-|x|)): what is not chosen stays finite
    top = clamp(x, min=0)
    return x * tanh(top + log1p(exp(x - top * 2)))


mish.fused(_mish_joint, _mish_definition)


# ---- gelu ----------------------------------------------------------------------------------------------------------
@fused(hidden="saved_cdf", check=_only_floats("GeluKernelImpl"))
def gelu(xp, x, *, approximate):
    """x times the normal distribution function, or times its approximation by a tanh.

    D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units" (2016), https://arxiv.org/abs/1606.08415.
    """
    cdf = xp.special.ndtr(x) if approximate == "none" else _tanh_cdf(xp.tanh, x)
    return x * cdf, cdf


@gelu.on("cpu", supports=lambda x, approximate: approximate == "none" and x.dtype.itemsize > 2)
def _gelu_of_host_arrays(xp, x, *, approximate):
    cdf = normal_cdf(x)
    return x * cdf, cdf


def _tanh_cdf(tanh, x):
    return tanh((x * x * CUBIC + 1) * x * SQRT_2_OVER_PI) * 0.5 + 0.5


def _gelu_joint(xp, g, x, saved_cdf, approximate):
    if approximate == "none":
        slope = xp.exp(x * x * -0.5)
        slope *= 1 / SQRT_2PI
    else:  # the derivative of (1 + tanh(u)) / 2 is 2 p (1 - p) u'
        slope = x * x
        slope *= 3 * CUBIC
        slope += 1
        slope *= saved_cdf
        slope *= 1 - saved_cdf
        slope *= 2 * SQRT_2_OVER_PI
    slope *= x
    slope += saved_cdf
    slope *= g
    return (slope,)


gelu.fused(_gelu_joint, lambda x, *, approximate: x * (ndtr(x) if approximate == "none" else _tanh_cdf(tanh, x)))
