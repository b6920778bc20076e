"""A tensor again: its numbers in memory of their own, or the same memory off the tape.

The methods are the tensor's own (`x.clone()`, `x.detach()`); these are the functions of the same names.
"""

from __future__ import annotations

from typing import Any

from ..ops.front import public


@public("(input, *, memory_format=None)", method=False)
def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy in memory of its own, on the tape."""
    return input.clone(memory_format=memory_format)


@public("(input)", method=False)
def detach(input: Any) -> Any:
    """The same memory and version, off the tape."""
    return input.detach()


@public("(input)", name="detach_", method=False)
def detach_(input: Any) -> Any:
    """The tensor itself, taken off the tape."""
    return input.detach_()


@public("(input)", method=False)
def get_device(input: Any) -> int:
    """The index of the device that the tensor is on; -1 for the host."""
    return int(input.get_device())
