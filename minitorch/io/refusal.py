"""`CheckpointError`, and the limits that every file is held to.

A file is somebody else's text until it has been checked: whatever is wrong with it ends in this one exception.
"""

from __future__ import annotations

import math
from typing import Any

#: How deep lists and dicts may lie in one another.
DEEPEST = 500
#: How many tuples one file may use as keys of dicts: their hashes are predictable, so that many could be made to collide.
MOST_TUPLE_KEYS = 1000
#: NumPy's own limit.
MOST_DIMENSIONS = 64
_LARGEST = 2**62


class CheckpointError(RuntimeError):
    """A file that is no checkpoint, is damaged, or asks for what a checkpoint does not need; or a value that is not saved."""


def shown(value: Any) -> str:
    """A value from a file in a few characters; never an error, whatever it is."""
    if isinstance(value, str | bytes):
        return repr(value[:60]) + ("..." if len(value) > 60 else "")
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and -_LARGEST < value < _LARGEST):
        return repr(value)
    return f"of type {type(value).__name__}"


class Keys:
    """Counts and checks what a file uses as keys of dicts and members of sets."""

    def __init__(self) -> None:
        self._tuples = 0

    def checked(self, key: Any) -> Any:
        """The key, if it is a string, a number, None, bytes or a short tuple of those.

        Raises:
            CheckpointError: for anything else.
        """
        if key.__class__ is tuple and len(key) <= 16:
            self._tuples += 1
            if self._tuples > MOST_TUPLE_KEYS:
                raise CheckpointError(f"more than {MOST_TUPLE_KEYS} tuples are used as keys")
            if all(item.__class__ is not tuple for item in key):
                for item in key:
                    self.checked(item)
                return key
        if key is None or isinstance(key, str | bytes | float | bool | complex):
            return key
        if isinstance(key, int) and -(2**63) <= key < 2**64:
            return key
        raise CheckpointError(f"a key {shown(key)} is not taken: keys are strings, 64-bit integers, floats, bools, None, "
                              "bytes and short tuples of those")  # fmt: skip


def whole(value: Any, what: str) -> int:
    """An int of 0 or more.

    Raises:
        CheckpointError: for anything else.
    """
    if value.__class__ is not int or not 0 <= value < _LARGEST:
        raise CheckpointError(f"{what} must be an integer of 0 or more, and is {shown(value)}")
    found: int = value
    return found


def check_window(shape: Any, strides: Any, offset: Any, count: int, itemsize: int, where: str) -> None:
    """Whether a window (sizes, strides and offset in elements) lies inside a memory of `count` elements.

    Raises:
        CheckpointError: where it reaches outside, or its numbers are none.
    """
    for name, numbers in (("the shape", shape), ("the strides", strides)):
        if not isinstance(numbers, tuple | list):
            raise CheckpointError(f"{where}: {name} must be a tuple of integers, and is {shown(numbers)}")
    if len(shape) != len(strides):
        raise CheckpointError(f"{where}: {len(shape)} sizes and {len(strides)} strides")
    if len(shape) > MOST_DIMENSIONS:
        raise CheckpointError(f"{where}: {len(shape)} dimensions, and at most {MOST_DIMENSIONS} are possible")
    for size in shape:
        whole(size, f"{where}: a size")
    whole(offset, f"{where}: the offset")
    for step in strides:
        if step.__class__ is not int or not -_LARGEST < step < _LARGEST:
            raise CheckpointError(f"{where}: a stride must be an integer, and is {shown(step)}")
    if math.prod(size for size in shape if size) * itemsize >= _LARGEST:
        raise CheckpointError(f"{where}: its shape {shown_shape(shape)} is larger than any memory")
    if not math.prod(shape):
        return
    low = offset + sum(step * (size - 1) for step, size in zip(strides, shape) if step < 0)
    high = offset + sum(step * (size - 1) for step, size in zip(strides, shape) if step > 0)
    if low < 0 or high >= count:
        raise CheckpointError(f"{where}: shape {shown_shape(shape)}, strides {shown_shape(strides)} and offset {offset} reach "
                              f"elements {low} to {high} of a storage of {count}")  # fmt: skip


def shown_shape(numbers: Any) -> str:
    """Sizes or strides, the first few."""
    return f"({', '.join(str(number) for number in numbers[:8])}{', ...' if len(numbers) > 8 else ''})"
