"""Tensors in nests of tuples, lists and dicts, found with their names.

What is called may take and return more than tensors; everything that is none of these three stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._tensor import Tensor


def leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What hangs in a nest, each with the expression that leads to it: `batch['x'][0]`."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves(item, f"{name}[{key!r}]")
    elif isinstance(tree, tuple | list):
        fields = getattr(tree, "_fields", None)
        for place, item in enumerate(tree):
            yield from leaves(item, f"{name}.{fields[place]}" if fields else f"{name}[{place}]")
    else:
        yield name, tree


def is_number(value: Any) -> bool:
    """Whether this is a dense tensor of floating or complex numbers."""
    if not isinstance(value, Tensor) or getattr(value, "is_sparse", False):
        return False
    dtype = getattr(value._data, "dtype", None)
    return dtype is not None and dtype.kind in "fcV"
