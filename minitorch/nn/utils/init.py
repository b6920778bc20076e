"""A module made without drawing its parameters, for those that are filled by other means.

https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.skip_init.html
"""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from ...backend.generator import default_generator
from ..module import Module

__all__ = ["skip_init"]

_Module = TypeVar("_Module", bound=Module)


def skip_init(module_cls: type[_Module], *args: Any, **kwargs: Any) -> _Module:
    """`module_cls(*args, **kwargs)` with whatever numbers, and the random stream where it was.

    Raises:
        RuntimeError: for what is no Module, or one that takes no `device`.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    before = default_generator.get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        default_generator.set_state(before)
