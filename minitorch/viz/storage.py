"""How much memory a tape holds for its backward, each piece of it counted once.

Views of one array, and arrays that several nodes save, share their memory: it belongs to the oldest node that saves it.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..backend.namespace import backend_of
from ..graph.node import FREED

__all__ = ["pieces_of", "saved_arrays"]

_numbers = itertools.count(1)
#: By id, the pieces of memory that live: (a weak reference, the piece's number).
_known: dict[int, tuple[Any, int]] = {}


def pieces_of(arrays: Iterable[Any]) -> tuple[tuple[Any, int], ...]:
    """The pieces of memory below these arrays: (what no other living piece is known by, bytes). Keeps none of them alive."""
    return tuple((_number(base), int(base.nbytes)) for base in map(_owner, arrays))


def _number(base: Any) -> Any:
    if not isinstance(base, np.ndarray | np.generic):  # a device's arrays are handles: memory goes by its address
        return type(base).__name__, backend_of(base).pointer(base)
    key = id(base)
    known = _known.get(key)
    if known is not None and known[0]() is base:
        return known[1]
    number = next(_numbers)
    try:
        _known[key] = weakref.ref(base, lambda gone: _forget(key, gone)), number
    except TypeError:  # an array that cannot be referred to weakly is a new piece each time
        pass
    return number


def _forget(key: int, gone: Any) -> None:
    known = _known.get(key)
    if known is not None and known[0] is gone:
        del _known[key]


def saved_arrays(node: Any) -> Iterator[Any]:
    """The arrays that a node holds for its rules."""
    saved = node.saved
    if saved is FREED or not isinstance(saved, tuple):
        return
    for value in saved:
        for raw in value if isinstance(value, tuple | list) else (value,):
            if hasattr(raw, "nbytes") and hasattr(raw, "dtype"):
                yield raw


def _owner(array: Any) -> Any:
    """The array that owns the memory of a view."""
    while (base := getattr(array, "base", None)) is not None and hasattr(base, "nbytes") and hasattr(base, "dtype"):
        array = base
    return array
