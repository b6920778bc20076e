"""Which name and which kind a thing has: parameter, buffer, input or just a leaf, as the caller's dicts tell it.

`names=locals()`, `params=model.named_parameters()`, a module found in either, the arguments of a model: all become one
table from nodes and tensors to names. The first name that is found counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..ops.record import node_of
from ..tracked import Tracked

__all__ = ["Names", "is_module", "node_behind", "pairs"]

PARAMETER = "Parameter"


def is_module(thing: Any) -> bool:
    """Whether a thing is a module: known by what it can do, so that pictures need not know the class."""
    return not isinstance(thing, type) and hasattr(thing, "named_parameters") and callable(thing)


def pairs(things: object) -> list[tuple[str | None, object]]:
    """(name, object) for each object in a dict, in pairs, or in a sequence; one nameless pair for a single object."""
    if things is None:
        return []
    if isinstance(things, Mapping):
        return [(str(name), thing) for name, thing in things.items()]
    if isinstance(things, Tracked) or hasattr(things, "stamp") or is_module(things) or not isinstance(things, Iterable):
        return [(None, things)]
    found: list[tuple[str | None, object]] = []
    for thing in things:
        if isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[0], str):
            found.append(thing)
        else:
            found.append((None, thing))
    return found


def node_behind(thing: Any) -> Any:
    """The node of a tensor or Value, the node itself if one was given, None for anything else."""
    if isinstance(thing, Tracked):
        return node_of(thing)
    return thing if hasattr(thing, "stamp") and hasattr(thing, "parents") else None


class Names:
    """Names and kinds, by node for what is on the tape and by tensor for what is not."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}
        self.kinds: dict[Any, str] = {}
        self.modules: dict[int, str] = {}  # of each module that was given a name
        self.kept: list[Any] = []  # so that no id is given out again while the table is in use

    def add(self, name: str | None, thing: Any, kind: str | None = None) -> None:
        """Enter one thing; a module enters what it owns, a list or dict what it holds."""
        node = node_behind(thing)
        if node is None and not isinstance(thing, Tracked):
            if is_module(thing):
                self.add_module(thing, name or "")
            elif name is not None and isinstance(thing, list | tuple | dict):
                inside = thing.items() if isinstance(thing, dict) else enumerate(thing)
                for key, item in inside:
                    if isinstance(item, Tracked):
                        self.add(f"{name}[{key!r}]" if isinstance(thing, dict) else f"{name}[{key}]", item, kind)
            return
        self.kept.append(thing)
        for key in (node, id(thing)) if node is not None else (id(thing),):
            if name is not None:
                self.names.setdefault(key, name)
            if kind is not None:
                self.kinds.setdefault(key, kind)

    def add_all(self, things: object, kind: str | None = None) -> None:
        """Enter what a dict, pairs or a module names; modules last, since a name of its own is the better one.

        Raises:
            TypeError: for a thing that holds no names.
        """
        if isinstance(things, str) or not (things is None or isinstance(things, Tracked | Iterable) or is_module(things)):
            raise TypeError("names and params are a dict such as locals(), pairs of a name and a tensor, or a module, "
                            f"not {type(things).__name__}")  # fmt: skip
        found = pairs(things)
        for name, thing in sorted(found, key=lambda pair: is_module(pair[1])):
            self.add(name, thing, kind)

    def add_module(self, module: Any, prefix: str = "") -> None:
        """Enter a module's parameters and buffers by their dotted paths."""
        start = f"{prefix}." if prefix else ""
        if prefix:
            self.kept.append(module)
            self.modules.setdefault(id(module), prefix)
        for name, parameter in module.named_parameters():
            self.add(start + name, parameter, "parameter")
        for name, buffer in module.named_buffers():
            self.add(start + name, buffer, "buffer")

    def of_leaf(self, node: Any) -> tuple[str | None, str]:
        """Name and kind of a leaf of the tape."""
        tensor = node.tensor() if hasattr(node, "tensor") else None
        name = self.names.get(node) or getattr(node, "label", None) or None
        kind = self.kinds.get(node)
        if kind is None:
            classes = type(tensor).__mro__ if tensor is not None else ()
            kind = "parameter" if any(found.__name__ == PARAMETER for found in classes) else "leaf"
        return name, kind

    def of_operand(self, operand: Any) -> tuple[str | None, str]:
        """Name and kind of an operand outside the tape."""
        tensor = None if operand.holder is None else operand.holder()
        if tensor is None:
            return None, "constant"
        return self.names.get(id(tensor)), self.kinds.get(id(tensor), "constant")
