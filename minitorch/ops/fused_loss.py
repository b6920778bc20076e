"""Losses whose rule is not the derivative of their text: PyTorch holds logarithms and divisors away from 0."""

from __future__ import annotations

from .arithmetic import clamp
from .families import elementwise
from .transcendental import log


@elementwise()
def bernoulli_entropy(xp, x, y):
    """-(y log x + (1 - y) log(1 - x)), each logarithm at least -100."""
    return (y - 1) * xp.maximum(xp.log1p(-x), -100) - y * xp.maximum(xp.log(x), -100)


def _held_log(x):
    return clamp(log(x), min=-100.0, max=None)


bernoulli_entropy.vjp(
    x=lambda g, x, y: g * (x - y) / clamp((1 - x) * x, min=1e-12, max=None),
    y=lambda g, x: g * (_held_log(1 - x) - _held_log(x)),
)
