"""Tensors in nests of tuples, lists and dicts: found with their names, and replaced.

What is called may take and return more than tensors; everything that is none of these three stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


def mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    """The same nest with every leaf changed, in the order of `leaves`."""
    if isinstance(tree, dict):
        made = {key: mapped(change, item) for key, item in tree.items()}
        return made if type(tree) is dict else _like(tree, made)
    if isinstance(tree, tuple | list):
        items = [mapped(change, item) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return change(tree)


def _like(tree: Any, made: dict[Any, Any]) -> Any:
    try:
        return type(tree)(made)
    except TypeError:  # a dict whose constructor wants something else first, as defaultdict's does
        copied = tree.copy()
        copied.update(made)
        return copied


def is_number(value: Any) -> bool:
    """Whether this is a dense tensor of floating or complex numbers."""
    if not isinstance(value, Tensor) or getattr(value, "is_sparse", False):
        return False
    dtype = getattr(value._data, "dtype", None)
    return dtype is not None and dtype.kind in "fcV"
