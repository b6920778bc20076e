"""The warning of a function that PyTorch wants to be called by another name.

`@deprecated(...)` stands between `@public(...)` and the function, so that only calls from outside are told.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def deprecated(sentence: str) -> Callable[[Function], Function]:
    """Warn with this sentence at each call."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def told(*args: Any, **kwargs: Any) -> Any:
            warnings.warn(sentence, UserWarning, stacklevel=3)
            return function(*args, **kwargs)

        return told

    return decorate


def instead(old: str, new: str, hint: str = "") -> Callable[[Function], Function]:
    """Warn that `new` is the name to use."""
    return deprecated(f"torch.{old} is deprecated in favor of {new} and will be removed in a future PyTorch release.{hint}")
