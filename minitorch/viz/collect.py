"""Walks the tape and writes down what it finds.

Starts from the nodes of the given tensors, Values or nodes and takes everything they depend on in the order of the
clock: a node is younger than its parents, so that order is topological and the ids are the same on every run. Each
node becomes an `Entry`, which holds strings and numbers only, so that a picture keeps no tensor and no array alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from ..graph.walk import newest_first

__all__ = ["Entry", "collect"]

LONGEST_PARAM = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One node or leaf of the tape, in words and numbers.

    `parents` holds the ids of its operands in order, None for an operand outside the tape. `saved_bytes` counts the
    arrays the node still holds for backward. `data` and `grad` are set for Values, whose nodes hold their number.
    """

    id: int
    kind: str  # "op" or "leaf"
    title: str  # the op's name, or the leaf's name where one was given
    symbol: str
    family: str
    shape: tuple[int, ...]
    dtype: str
    params: tuple[tuple[str, str], ...]
    parents: tuple[int | None, ...]
    saved_bytes: int
    data: float | None
    grad: float | None
    note: str

    @property
    def bytes(self) -> int:
        """Size of the result, 0 where the dtype has no fixed size."""
        return prod(self.shape) * ITEM_SIZES.get(self.dtype, 0)


ITEM_SIZES = {
    "bool": 1,
    "uint8": 1,
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}


def collect(things: object, names: object = None) -> list[Entry]:
    """The entries of every node reachable from `things`, oldest first, so that a parent's id is below its child's.

    `things`: an object with a `_node`, a node, or a list, tuple or dict of these. `names`: a dict or pairs from name to
    object (`locals()` and `model.named_parameters()` both do); what is not on the tape in it is ignored.

    Raises: TypeError for an object that cannot be on a tape; ValueError where nothing given was recorded.
    """
    named: list[tuple[str, Any]] = []
    roots: list[Any] = []
    for name, thing in _pairs(things):
        node = _node_of(thing)
        if node is None:
            if not hasattr(thing, "_node"):
                raise TypeError(f"graph() takes tensors, Values or nodes of the tape, not {type(thing).__name__}")
            continue
        roots.append(node)
        if name is not None:
            named.append((name, node))
    if not roots:
        raise ValueError("nothing to draw: no tensor given here requires grad or was computed from one that does")
    for name, thing in _pairs(names):
        node = _node_of(thing)
        if node is not None and name is not None:
            named.append((name, node))
    return _describe(newest_first(roots)[::-1], named)


def _pairs(things: object) -> list[tuple[str | None, object]]:
    """(name, object) for each object in a dict, in pairs, or in a sequence; one nameless pair for a single object."""
    if things is None:
        return []
    if isinstance(things, Mapping):
        return [(str(name), thing) for name, thing in things.items()]
    if hasattr(things, "_node") or hasattr(things, "stamp") or not isinstance(things, Iterable):
        return [(None, things)]
    pairs: list[tuple[str | None, object]] = []
    for thing in things:
        if isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[0], str):
            pairs.append(thing)
        else:
            pairs.append((None, thing))
    return pairs


def _node_of(thing: Any) -> Any:
    """The node of a tensor or Value, the node itself if one was given, None for anything else."""
    node = getattr(thing, "_node", None)
    if node is None and hasattr(thing, "stamp") and hasattr(thing, "parents"):
        node = thing
    return node


def _describe(nodes: list[Any], named: Iterable[tuple[str, Any]]) -> list[Entry]:
    """Entries for the nodes, which come oldest first."""
    names: dict[Any, str] = {}
    for name, node in named:
        names.setdefault(node, name)
    ids: dict[Any, int] = {node: number for number, node in enumerate(nodes)}
    return [_entry(node, ids, names.get(node)) for node in nodes]


def _entry(node: Any, ids: Mapping[Any, int], name: str | None) -> Entry:
    op = node.op
    name = name or getattr(node, "label", None)
    value = _number(getattr(node, "data", None))
    saved = node.saved if isinstance(node.saved, tuple) else ()
    return Entry(
        id=ids[node],
        kind="leaf" if op is None else "op",
        title=(name or "leaf") if op is None else _titled(str(op.name), name),
        symbol="" if op is None else str(op.symbol or ""),
        family="" if op is None else str(op.family or ""),
        shape=tuple(node.shape or ()),
        dtype="" if value is not None else str(getattr(node.dtype, "name", node.dtype)),
        params=tuple((str(key), _short(value)) for key, value in (node.params or {}).items()),
        parents=tuple(None if parent is None else ids[parent] for parent in node.parents),
        saved_bytes=sum({id(array): getattr(array, "nbytes", 0) for array in saved}.values()),
        data=value,
        grad=None if value is None else _number(getattr(node.grad, "_data", node.grad)),
        note=_note(node.note),
    )


def _titled(op: str, name: str | None) -> str:
    return f"{name} = {op}" if name else op


def _short(value: object) -> str:
    """A parameter in at most LONGEST_PARAM characters; an array (an index, a mask) only by its shape."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"array{list(shape)}"
    if isinstance(value, (tuple, list)):
        inside = ", ".join(_short(item) for item in value[:9]) + (", …" if len(value) > 9 else "")
        text = f"({inside},)" if len(value) == 1 else f"({inside})"
    else:
        text = repr(value)
    return text if len(text) <= LONGEST_PARAM else text[: LONGEST_PARAM - 1] + "…"


def _number(value: object) -> float | None:
    """A Value's float; arrays and tensors are not looked into."""
    return float(value) if isinstance(value, (int, float)) else None


def _note(note: object) -> str:
    """Module path and source line, where the recording left them."""
    parts = (getattr(note, "module", None), getattr(note, "source", None))
    return "  ".join(str(part) for part in parts if part)
