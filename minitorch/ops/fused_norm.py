"""Standardising over any dimensions, and scaling by the root mean square: what layer, batch, group and instance norm are.

Each is one node: forward, joint rule, and the definition that every other derivative comes from. Weight and bias come
in a shape that broadcasts with the input.

S. Ioffe, C. Szegedy, "Batch Normalization" (2015), https://arxiv.org/abs/1502.03167. J. L. Ba, J. R. Kiros, G. E.
Hinton, "Layer Normalization" (2016), https://arxiv.org/abs/1607.06450. B. Zhang, R. Sennrich, "Root Mean Square Layer
Normalization" (2019), https://arxiv.org/abs/1910.07467.
"""

from __future__ import annotations

from .families import fused
from .reduce import mean, sum_to
from .shape import in_order
from .transcendental import rsqrt


def _count(shape, axes):
    count = 1
    for axis in axes:
        count *= shape[axis]
    return count


def moments(xp, x, axes):
    """Mean and (biased) variance over the axes, which stay as size 1."""
    count = _count(x.shape, axes) or xp.nan
    average = xp.total(x, axes, True) / count
    centred = x - average
    centred *= centred
    return average, xp.total(centred, axes, True) / count


def _scaled(normal, weight, bias):
    out = normal.copy() if weight is None and bias is None else normal if weight is None else normal * weight
    if bias is None:
        return out
    if out is normal:
        return out + bias
    out += bias
    return out


@fused(hidden="saved_normal saved_rstd")
def standardize(xp, x, weight=None, bias=None, average=None, variance=None, *, axes, eps):
    """x less its mean, over its standard deviation, over the axes; then scaled and shifted. Where the caller has the
    moments already, it gives them: constants that x has anyway."""
    x = in_order(xp, x)
    if average is None:
        average, variance = moments(xp, x, axes)
    rstd = 1 / xp.sqrt(variance + eps)
    normal = x - average
    normal *= rstd
    return _scaled(normal, weight, bias), normal, rstd


def _standardize_joint(xp, g, weight, bias, saved_normal, saved_rstd, axes, needs):
    gx = gw = None
    if needs[1]:
        gw = sum_to(g * saved_normal, shape=weight.shape)
    if needs[0]:
        count = _count(saved_normal.shape, axes) or xp.nan
        scaled = g if weight is None else g * weight
        along = scaled * saved_normal
        gx = saved_normal * (xp.total(along, axes, True) / -count)
        gx += scaled
        gx -= xp.total(scaled, axes, True) / count
        gx *= saved_rstd
    return gx, gw, sum_to(g, shape=bias.shape) if needs[2] else None, None, None


def _standardize_definition(x, weight=None, bias=None, average=None, variance=None, *, axes, eps):
    centred = x - mean(x, dim=axes, keepdim=True)
    out = centred * rsqrt(mean(centred * centred, dim=axes, keepdim=True) + eps)
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


standardize.fused(_standardize_joint, _standardize_definition)


@fused(hidden="saved_normal saved_scale")
def root_mean_square(xp, x, weight=None, *, axes, eps):
    """x over the root of its mean square over the axes, then scaled."""
    count = _count(x.shape, axes) or xp.nan
    scale = 1 / xp.sqrt(xp.total(x * x, axes, True) / count + eps)
    normal = x * scale
    return _scaled(normal, weight, None), normal, scale


def _square_joint(xp, g, weight, saved_normal, saved_scale, axes, needs):
    gx = None
    if needs[0]:
        count = _count(saved_normal.shape, axes) or xp.nan
        scaled = g if weight is None else g * weight
        gx = saved_normal * (xp.total(scaled * saved_normal, axes, True) / -count)
        gx += scaled
        gx *= saved_scale
    return gx, sum_to(g * saved_normal, shape=weight.shape) if needs[1] else None


def _square_definition(x, weight=None, *, axes, eps):
    out = x * rsqrt(mean(x * x, dim=axes, keepdim=True) + eps)
    return out if weight is None else out * weight


root_mean_square.fused(_square_joint, _square_definition)
