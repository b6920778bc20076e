"""kl_divergence, and the table it looks pairs of distributions up in.

https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.kl
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from .distribution import Distribution

__all__ = ["kl_divergence", "register_kl"]

_REGISTRY: dict[tuple[type, type], Callable[..., Any]] = {}
#: What was found for pairs already asked for; None: nothing.
_FOUND: dict[tuple[type, type], Callable[..., Any] | None] = {}


def register_kl(type_p: Any, type_q: Any) -> Callable[..., Any]:
    """Decorator of a function (p, q) that computes the divergence for two classes and their subclasses.

    Of several that match, the most specific is taken; where the first and the second class disagree on which that is,
    `kl_divergence` gives a RuntimeWarning.

    Raises:
        TypeError: for something that is no class of distributions.
    """
    for name, given in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(given, type) and issubclass(given, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {given}")

    def decorator(fun: Callable[..., Any]) -> Callable[..., Any]:
        _REGISTRY[type_p, type_q] = fun
        _FOUND.clear()
        return fun

    return decorator


def _find(type_p: type, type_q: type) -> Callable[..., Any] | None:
    matches = [pair for pair in _REGISTRY if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    if not matches:
        return None

    def distance(pair: tuple[type, type]) -> tuple[int, int]:
        return type_p.__mro__.index(pair[0]), type_q.__mro__.index(pair[1])

    left = min(matches, key=distance)
    right = min(matches, key=lambda pair: distance(pair)[::-1])
    if _REGISTRY[left] is not _REGISTRY[right]:
        warnings.warn(f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
                      f"Please register_kl({left[0].__name__}, {right[1].__name__})", RuntimeWarning,
                      stacklevel=3)  # fmt: skip
    return _REGISTRY[left]


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The expectation under p of log p(x) - log q(x), of the batch's shape.

    Raises:
        NotImplementedError: for a pair that nobody registered.
    """
    pair = type(p), type(q)
    if pair not in _FOUND:
        _FOUND[pair] = _find(*pair)
    fun = _FOUND[pair]
    if fun is None:
        raise NotImplementedError(f"No KL(p || q) is implemented for p type {pair[0].__name__} and q type {pair[1].__name__}")
    return fun(p, q)
