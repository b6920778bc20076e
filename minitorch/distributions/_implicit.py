"""Samples of gamma and Dirichlet distributions as functions of their parameters, by implicit differentiation.

A sample x of a distribution function F(x; alpha) moves with alpha by -(dF/dalpha) / (dF/dx). There is no closed form:
each region of (x, alpha) has its own approximation, good to about 1e-3, the same as in ATen (Distributions.h), so that
gradients equal PyTorch's. Figurnov, Mohamed, Mnih, 2018, https://arxiv.org/abs/1805.08498
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from .._tensor_arguments import wrap
from .._tensor_random import source_of, to_host
from ..autograd.function import Function, once_differentiable
from ..backend.namespace import backend_of
from ..settings import finfo

# A ratio of two cubics in log(alpha) whose coefficients are quadratic in log(x / alpha); for alpha up to 8.
GAMMA = (
    ((0.16009398, -0.094634809, 0.025146376, -0.0030648343), (1, 0.32668115, 0.10406089, 0.0014179084)),
    ((0.53487893, 0.1298071, 0.065735949, -0.0015649758),
     (0.16639465, 0.020070113, -0.0035938915, -0.00058392623)),
    ((0.040121004, -0.0065914022, -0.0026286047, -0.0013441777),
     (0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-07)),
)  # fmt: skip
# Numerator and denominator: [power of log x][power of log(alpha / x)][power of log total - log(alpha / x)].
BETA = (
    (((1.003668233, -0.01061107488, -0.0657888334, 0.01201642863),
      (0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033),
      (-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013)),
     ((0.221950385, -0.3187676331, 0.01799915743, 0.01074823814),
      (-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057),
      (0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05)),
     ((-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565),
      (0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181),
      (0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05))),
    (((1, -0.02924021934, -0.04438342661, 0.007285809825),
      (0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521),
      (-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149)),
     ((0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273),
      (0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956),
      (-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05)),
     ((0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05),
      (0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05),
      (-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06))),
)  # fmt: skip


def _cubic(coefficients: Any, x: Any) -> Any:
    a, b, c, d = coefficients
    return a + x * (b + x * (c + x * d))


def _known(value: Any) -> Any:
    return value.masked_fill(value.isnan(), 0.0)


# ---- gamma ---------------------------------------------------------------------------------------------------------
def _gamma_small(x: Any, alpha: Any) -> Any:
    """By the power series of the distribution function; for x < 0.8."""
    numerator: Any = 1.0
    denominator = alpha
    series, slope = 1 / alpha, 1 / (alpha * alpha)
    for i in range(1, 6):
        numerator = numerator * -x / i
        denominator = denominator + 1
        series = series + numerator / denominator
        slope = slope + numerator / (denominator * denominator)
    power = x.pow(alpha)
    density = x.pow(alpha - 1) * (-x).exp()
    return _known(-((x.log() - alpha.digamma()) * power * series - power * slope) / density)


def _gamma_large(x: Any, alpha: Any) -> Any:
    """By a saddle point, near the mean and away from it; for alpha > 8."""
    square = alpha * alpha
    near = (1 + 24 * alpha * (1 + 12 * alpha)) * (
        1440 * square + 6 * x * (53 - 120 * x) - 65 * x * x / alpha + alpha * (107 + 3600 * x)
    ) / (1244160 * square * square)  # fmt: skip
    root, ratio = (8 * alpha).sqrt(), (x / alpha).log()
    pole = root / (alpha - x)
    tail = (x - alpha - alpha * ratio).pow(-1.5)
    term = ratio * (pole - tail).where(x < alpha, pole + tail) - (2 / alpha).sqrt() * (alpha + x) / (alpha - x).square()
    stirling = 1 + 1 / (12 * alpha) * (1 + 1 / (24 * alpha))
    return near.where((0.9 * alpha <= x) & (x <= 1.1 * alpha), -stirling * x * term / root)


def _gamma_middle(x: Any, alpha: Any) -> Any:
    u, v = (x / alpha).log(), alpha.log()
    ratio = [_cubic([a + u * (b + u * c) for a, b, c in zip(*(row[part] for row in GAMMA))], v) for part in (0, 1)]
    return (ratio[0] / ratio[1]).exp()


def standard_gamma_grad(alpha: Tensor, x: Tensor) -> Tensor:
    """How samples x of unit rate move with their concentrations, elementwise; computed in float64."""
    a, s = alpha.double(), x.double()
    found = _gamma_small(s, a).where(s < 0.8, _gamma_large(s, a).where(a > 8, _gamma_middle(s, a)))
    return found.to(alpha.dtype)


class StandardGamma(Function):
    """Gamma samples of unit rate, one per concentration."""

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        data = concentration._data
        xp = backend_of(data)
        drawn = source_of("_standard_gamma", None, xp).standard_gamma(to_host(data))
        result = wrap(xp.asarray(drawn))
        ctx.save_for_backward(concentration, result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        concentration, result = ctx.saved_tensors
        return grad * standard_gamma_grad(concentration, result)


def standard_gamma(concentration: Tensor) -> Tensor:
    """Gamma samples of unit rate that hand gradients to their concentrations."""
    return StandardGamma.apply(concentration)


# ---- beta and Dirichlet --------------------------------------------------------------------------------------------
def _beta_alpha_small(x: Any, alpha: Any, beta: Any) -> Any:
    factor = alpha.digamma() - (alpha + beta).digamma() - x.log()
    numerator: Any = 1.0
    series = 1 / alpha * (factor + 1 / alpha)
    for i in range(1, 11):
        numerator = numerator * ((i - beta) * x / i)
        denominator = alpha + i
        series = series + numerator / denominator * (factor + 1 / denominator)
    return _known(x * (1 - x).pow(-beta) * series)


def _beta_beta_small(x: Any, alpha: Any, beta: Any) -> Any:
    factor = (alpha + beta).digamma() - beta.digamma()
    numerator: Any = 1.0
    betas: Any = 1.0
    slopes: Any = 0.0
    series = factor / alpha
    for i in range(1, 9):
        numerator = numerator * -x / i
        slopes = slopes * (beta - i) + betas
        betas = betas * (beta - i)
        series = series + numerator / (alpha + i) * (slopes + factor * betas)
    return _known(-(1 - x).pow(1 - beta) * series)


def _beta_large(x: Any, alpha: Any, beta: Any) -> Any:
    """By a saddle point, near the mean and away from it; for alpha and beta > 6."""
    total = alpha + beta
    mean = alpha / total
    std = (alpha * beta / (total + 1)).sqrt() / total
    b2 = beta * beta
    poly = 47 * x * b2 * b2 + alpha * (
        (43 + 20 * (16 + 27 * beta) * x) * b2 * beta + alpha * (
            3 * (59 + 180 * beta - 90 * x) * b2 + alpha * (
                (453 + 1620 * beta * (1 - x) - 455 * x) * beta + alpha * (8 * (1 - x) * (135 * beta - 11)))))  # fmt: skip
    scale = (1 + 12 * alpha) * (1 + 12 * beta) / (total * total)
    near = scale / (1 - x) * poly / (12960 * alpha * alpha * alpha * b2 * (1 + 12 * total))

    def stirling(a: Any) -> Any:
        return 1 + 1 / (12 * a) + 1 / (288 * a * a)

    off = alpha * (x - 1) + beta * x
    term1 = (2 * alpha * alpha * (x - 1) + alpha * beta * (x - 1) - x * b2) / (
        (2 * alpha / beta).sqrt() * total.pow(1.5) * off * off)  # fmt: skip
    term2 = 0.5 * (alpha / (total * x)).log()
    term3 = (8 * alpha * beta / total).sqrt() / off
    term4 = (beta * (beta / (total * (1 - x))).log() + alpha * (alpha / (total * x)).log()).pow(-1.5)
    prefactor = -x / (2 * alpha * beta / total).sqrt()
    terms = term1 + term2 * (term3 + term4.where(x < mean, -term4))
    far = stirling(alpha) * stirling(beta) / stirling(total) * prefactor * terms
    return near.where((mean - 0.1 * std <= x) & (x <= mean + 0.1 * std), far)


def _beta_middle(x: Any, alpha: Any, total: Any) -> Any:
    u = x.log()
    a = alpha.log() - u
    b = total.log() - a
    p, q = (sum(u**i * a**j * _cubic(part[i][j], b) for i in range(3) for j in range(3)) for part in BETA)
    return p / q * (x * (total.digamma() - alpha.digamma()) / (total - alpha))


def dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """How samples x of Beta(alpha, total - alpha) move with alpha, over 1 - x, elementwise; computed in float64."""
    s, a, t = x.double(), alpha.double(), total.double()
    b, edge = t - a, t * s * (1 - s)
    found = _beta_large(s, a, b).where((a > 6) & (b > 6), _beta_middle(s, a, t))
    found = (-_beta_beta_small(1 - s, b, a)).where((s >= 0.5) & (edge < 0.75), found)
    found = _beta_alpha_small(s, a, b).where((s <= 0.5) & (edge < 2.5), found)
    return found.to(alpha.dtype)


class DirichletSample(Function):
    """Points of the simplex along the last dimension, one per vector of concentrations."""

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        data = concentration._data
        xp = backend_of(data)
        # Drawn in float64 whatever the dtype, so that no tiny sample vanishes before it is normalised.
        drawn = source_of("_sample_dirichlet", None, xp).standard_gamma(to_host(data).astype(np.float64))
        shares = wrap(xp.asarray(drawn / drawn.sum(-1, keepdims=True))).to(concentration.dtype)
        limits = finfo(concentration.dtype)
        result = shares.clamp(min=limits.tiny, max=1 - limits.eps / 2)
        ctx.save_for_backward(result, concentration)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        x, concentration = ctx.saved_tensors
        total = concentration.sum(-1, True).expand_as(concentration)
        return dirichlet_grad(x, concentration, total) * (grad - (x * grad).sum(-1, True))


def dirichlet(concentration: Tensor) -> Tensor:
    """Dirichlet samples that hand gradients to their concentrations."""
    return DirichletSample.apply(concentration)
