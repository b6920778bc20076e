"""Normalisations as single nodes: forward, joint rule, and the definition that every other derivative comes from.

J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization" (2016), https://arxiv.org/abs/1607.06450.
"""

from __future__ import annotations

from .families import fused
from .reduce import mean
from .transcendental import rsqrt


def _trailing(x, count):
    return tuple(range(len(x.shape) - count, len(x.shape)))


@fused(hidden="saved_normal saved_rstd")
def layer_norm(xp, x, weight=None, bias=None, *, count, eps):
    """x normalised over its last `count` dimensions, then scaled and shifted."""
    axes = _trailing(x, count)
    centred = x - xp.mean(x, axis=axes, keepdims=True)
    rstd = 1 / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)
    normal = centred * rstd
    out = normal if weight is None else normal * weight
    return (out.copy() if out is normal else out) if bias is None else out + bias, normal, rstd


def _joint(xp, g, weight, saved_normal, saved_rstd, count, needs):
    axes = _trailing(saved_normal, count)
    lead = tuple(range(saved_normal.ndim - count))
    gx = gw = None
    if needs[1]:
        gw = xp.sum(g * saved_normal, axis=lead)
    if needs[0]:
        scaled = g if weight is None else g * weight
        along = xp.mean(scaled * saved_normal, axis=axes, keepdims=True)
        gx = (scaled - xp.mean(scaled, axis=axes, keepdims=True) - saved_normal * along) * saved_rstd
    return gx, gw, xp.sum(g, axis=lead) if needs[2] else None


def _definition(x, weight=None, bias=None, *, count, eps):
    axes = _trailing(x, count)
    centred = x - mean(x, dim=axes, keepdim=True)
    out = centred * rsqrt(mean(centred * centred, dim=axes, keepdim=True) + eps)
    if weight is not None:
        out = out * weight
    return out if bias is None else out + bias


layer_norm.fused(_joint, _definition)
