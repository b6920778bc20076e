"""A node in PyTorch's clothes: what `tensor.grad_fn` returns.

A handle made on demand around a Node (or, for a leaf, the AccumulateGrad at the end of the chain). Two handles of one
node are equal. It offers PyTorch's `name()`, `next_functions`, `variable`, `metadata` and hooks, and keeps no tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .graph.hooks import RemovableHandle, hooks_of
from .graph.node import Leaf, Port

_metadata: dict[int, dict[Any, Any]] = {}


class GradFn:
    """The op call that made a tensor."""

    __slots__ = ("node",)

    def __init__(self, node: Any) -> None:
        self.node = node

    def name(self) -> str:
        """PyTorch's name of the backward: `MulBackward0`."""
        if isinstance(self.node, Leaf):
            return "struct torch::autograd::AccumulateGrad"
        op = self._op
        return str(getattr(op, "grad_name", None) or backward_name(op.name))

    @property
    def _op(self) -> Any:
        """The op of the call, also where this node only leads to one of its results."""
        op = self.node.op
        return self.node.parents[0].op if op.__class__ is Port and self.node.parents else op

    @property
    def next_functions(self) -> tuple[tuple[GradFn | None, int], ...]:
        """The handles of the parents, each with the number of the result that was used."""
        node = self.node
        if getattr(node.op, "family", "") == "port" and node.parents and node.shape is not None and hasattr(
                node.op, "index"):  # fmt: skip
            node = node.parents[0]
        return tuple(
            (None, 0) if parent is None else (GradFn(parent), getattr(parent.op, "index", 0)) for parent in node.parents
        )

    @property
    def variable(self) -> Any:
        """The leaf tensor that an AccumulateGrad fills (None if it is gone)."""
        if not isinstance(self.node, Leaf):
            raise AttributeError(f"'{self.name()}' object has no attribute 'variable'")
        return self.node.tensor()

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad)` when the gradient arrives at this node."""
        hooks = hooks_of(self.node)
        return hooks.add(hooks.before, hook)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_saved_"):
            asked = {"self": "x", "other": "y", "result": "out"}.get(name[7:], name[7:])
            for (kind, key, _), value in zip(self.node.op.keeps, self.node.saved, strict=False):
                label = self.node.op.inputs[key] if kind == "in" else kind
                if label == asked:
                    return value
        ctx = None if isinstance(self.node, Leaf) or name.startswith("__") else getattr(self._op, "ctx", None)
        if ctx is not None:  # of a custom Function
            return getattr(ctx, name)
        raise AttributeError(f"'{self.name()}' object has no attribute '{name}'")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GradFn) and other.node is self.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        name = "AccumulateGrad" if isinstance(self.node, Leaf) else self.name()
        return f"<{name} object at {id(self.node):#x}>"


def backward_name(op: str) -> str:
    """`mul` -> `MulBackward0`, `layer_norm` -> `LayerNormBackward0`."""
    return "".join(part.capitalize() for part in op.split("_")) + "Backward0"
