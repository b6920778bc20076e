"""Lines that many update rules share; they work in place, on real arrays of one shape, but for `rows`."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..backend.namespace import Backend
from ._options import check_one_element, plain

Array = Any


def direction(xp: Backend, p: Array, g: Array, decay: Any, maximize: bool) -> Array:
    """g + decay p, with g negated to climb: g itself where there is nothing to do, a new array elsewhere."""
    if decay:
        d = xp.multiply(p, decay)
        return xp.subtract(d, g, out=d) if maximize else xp.add(g, d, out=d)
    return xp.negative(g) if maximize else g


def lean(xp: Backend, mean: Array, value: Array, share: float) -> Array:
    """mean += share (value - mean); the array the difference was in, for further use."""
    scratch = xp.subtract(value, mean)
    xp.multiply(scratch, share, out=scratch)
    xp.add(mean, scratch, out=mean)
    return scratch


def keep_square(xp: Backend, mean: Array, value: Array, keep: float, scratch: Array | None = None) -> Array:
    """mean = keep mean + (1 - keep) value^2; the array the square was in, for further use."""
    xp.multiply(mean, keep, out=mean)
    scratch = xp.multiply(value, value, out=scratch)
    xp.multiply(scratch, 1 - keep, out=scratch)
    xp.add(mean, scratch, out=mean)
    return scratch


def root_plus(xp: Backend, value: Array, eps: float, scratch: Array | None = None) -> Array:
    """sqrt(value) + eps."""
    scratch = xp.sqrt(value, out=scratch)
    return xp.add(scratch, eps, out=scratch)


def check_rate(lr: float | Tensor) -> None:
    """Raise for a learning rate that is no number of at least 0."""
    check_one_element(lr, "lr")
    if not plain(lr) >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_least_zero(**options: float) -> None:
    """Raise for an option below 0."""
    for name, value in options.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {'epsilon' if name == 'eps' else name} value: {value}")


def check_betas(betas: tuple[float, float]) -> None:
    """Raise for betas outside 0 to 1."""
    for place, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {place}: {beta}")


def rows(grad: Tensor) -> tuple[tuple[Array, ...], Array]:
    """The places of a sparse gradient, each once, as an index into the parameter, and the values there."""
    grad = grad.detach().coalesce()
    return tuple(grad._indices()._data), grad._values()._data
