"""The names of `torch.compiler`: nothing is compiled, so marks leave functions as they are and questions answer no."""

from __future__ import annotations

import contextlib
from typing import Any

from .settings import compile

__all__ = ["allow_in_graph", "assume_constant_result", "compile", "cudagraph_mark_step_begin", "disable", "is_compiling",
           "is_dynamo_compiling", "is_exporting", "list_backends", "reset", "set_stance", "wrap_numpy"]  # fmt: skip


def is_compiling() -> bool:
    """False."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself; without one, a decorator that returns it."""
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """The function itself, or each of several."""
    return fn


def assume_constant_result(fn: Any) -> Any:
    """The function itself."""
    return fn


def wrap_numpy(fn: Any) -> Any:
    """The function itself."""
    return fn


def reset() -> None:
    """Nothing was compiled."""


def cudagraph_mark_step_begin() -> None:
    """Nothing was recorded."""


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """None."""
    return []


def set_stance(stance: str = "default", *, skip_guard_eval_unsafe: bool = False, force_backend: Any = None) -> Any:
    """A block, or a decorator, that changes nothing."""
    return contextlib.ExitStack()
