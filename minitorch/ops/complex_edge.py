"""The complex twin of an op: the same rules between two conjugations.

Rules are written as real calculus, g times a derivative. PyTorch's gradient of a complex input is J^H g (the direction
of steepest ascent), so for a holomorphic op each rule gets the conjugate of g and its answer is conjugated back. Where
an input is real, the edge takes the real part of what comes out.
"""

from __future__ import annotations

import copy
from typing import Any

from ..backend.namespace import backend_of
from ..graph.node import Cotangents
from ..tracked import Tracked


def conj(value: Any) -> Any:
    """The conjugate of a raw array or a tensor; numbers that are real already pass through."""
    if value is None or value.__class__ in (int, float, bool):
        return value
    if isinstance(value, Cotangents):
        return Cotangents(tuple(conj(item) for item in value.items))
    if isinstance(value, Tracked):
        from .complex import conj as conj_op

        return conj_op(value) if value._data.dtype.kind == "c" else value
    return backend_of(value).conj(value)


def conjugated(op: Any) -> Any:
    """A copy of `op` whose `pull` conjugates on the way in and on the way out."""
    pull = op.pull  # first: it is generated on first need, and the copy takes it along
    twin = copy.copy(op)
    twin.base = op

    def conjugated_pull(node: Any, g: Any, parents: Any) -> list[Any]:
        return [conj(gx) for gx in pull(node, conj(g), parents)]

    twin.pull = conjugated_pull
    return twin
