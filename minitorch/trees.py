"""Nests of tuples, lists and dicts, as transforms take and return them: what hangs in one, and the same nest anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """What hangs in a nest of tuples, lists and dicts."""
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in leaves(item)]
    return [leaf for item in tree for leaf in leaves(item)] if isinstance(tree, tuple | list) else [tree]


def mapped(change: Callable[[Any], Any], tree: Any) -> Any:
    """The same nest with every leaf changed."""
    if isinstance(tree, dict):
        made = {key: mapped(change, item) for key, item in tree.items()}
        return made if type(tree) is dict else _like(tree, made)
    if not isinstance(tree, tuple | list):
        return change(tree)
    items = [mapped(change, item) for item in tree]
    return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)


def _like(tree: Any, made: dict[Any, Any]) -> Any:
    try:
        return type(tree)(made)
    except TypeError:  # a dict whose constructor wants something else first, as defaultdict's does
        copied = tree.copy()
        copied.update(made)
        return copied


def filled(tree: Any, values: Iterator[Any]) -> Any:
    """The same nest with these leaves, in order."""
    return mapped(lambda leaf: next(values), tree)


def shape(tree: Any) -> Any:
    """The nest with a star for every leaf."""
    return mapped(lambda leaf: "*", tree)


def text(tree: Any) -> str:
    """The nest in words: "(*, {'x': *})"."""
    return str(shape(tree)).replace("'*'", "*")


def spread(prefix: Any, tree: Any) -> list[Any] | None:
    """One value for each leaf of a nest: a nest of the same structure, or one value for a whole branch; None where the
    structures do not fit."""
    if not isinstance(prefix, tuple | list | dict):
        return [prefix] * len(leaves(tree))
    if type(prefix) is not type(tree) or len(prefix) != len(tree):
        return None
    if isinstance(prefix, dict):
        if list(prefix) != list(tree) and set(prefix) != set(tree):
            return None
        pairs = [(prefix[key], tree[key]) for key in tree]
    else:
        pairs = list(zip(prefix, tree, strict=True))
    found: list[Any] = []
    for part, branch in pairs:
        inside = spread(part, branch)
        if inside is None:
            return None
        found += inside
    return found
