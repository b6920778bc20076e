"""The names of `torch.jit` that model code carries: marks that leave functions as they are, and questions that answer no.

There is no script compiler: `script`, `trace`, `load` and the rest are not there, and say so.
"""

from __future__ import annotations

import builtins
from typing import Any, Final

__all__ = ["Attribute", "Final", "ScriptFunction", "ScriptModule", "annotate", "export", "ignore", "interface", "is_scripting",
           "is_tracing", "isinstance", "script_if_tracing", "unused"]  # fmt: skip


class ScriptModule:
    """What `torch.jit.script` would make of a module: nothing is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"{type(self).__name__}: there is no script compiler; modules run as they are written")


class ScriptFunction(ScriptModule):
    """What `torch.jit.script` would make of a function: nothing is one."""


class Attribute:
    """A value and its type, as a script module would declare it."""

    def __init__(self, value: Any, type: Any) -> None:
        self.value, self.type = value, type


def is_scripting() -> bool:
    """False."""
    return False


def is_tracing() -> bool:
    """False."""
    return False


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function itself: `@ignore` and `@ignore(drop=True)`."""
    return drop if callable(drop) else (lambda function: function)


def unused(fn: Any) -> Any:
    """The function itself."""
    return fn


def export(fn: Any) -> Any:
    """The function itself."""
    return fn


def script_if_tracing(fn: Any) -> Any:
    """The function itself: nothing is ever traced."""
    return fn


def interface(obj: Any) -> Any:
    """The class itself."""
    return obj


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value itself."""
    return the_value


def isinstance(obj: Any, target_type: Any) -> bool:
    """Python's `isinstance`."""
    return builtins.isinstance(obj, target_type)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'minitorch.jit' has no attribute {name!r}: there is no script compiler; functions and modules "
                         "run as they are written")  # fmt: skip
