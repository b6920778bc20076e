"""A node in PyTorch's clothes: what `tensor.grad_fn` returns.

A handle made on demand around a Node (or, for a leaf, the AccumulateGrad at the end of the chain). Two handles of one
node are equal. It offers PyTorch's `name()`, `next_functions`, `variable`, `metadata` and hooks, and keeps no tensor.
The first hook puts a `Hooked` in the place of the node's op, so that nodes without hooks pay nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from .graph.hooks import RemovableHandle, hooks_of
from .graph.node import Cotangents, Leaf, Port
from .ops.edge import as_array, settle

#: What users note on a node, for as long as it lives.
_metadata: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


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
        said = getattr(op, "grad_name", None) or backward_name(op.name)
        return str(said(self.node.params) if callable(said) else said)

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
    def metadata(self) -> dict[Any, Any]:
        """A dict of the user's own, kept with the node."""
        return _metadata.setdefault(self.node, {})

    @property
    def variable(self) -> Any:
        """The leaf tensor that an AccumulateGrad fills (None if it is gone)."""
        if not isinstance(self.node, Leaf):
            raise AttributeError(f"'{self.name()}' object has no attribute 'variable'")
        return self.node.tensor()

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after this op's backward; a tuple replaces the grad_inputs."""
        if isinstance(self.node, Leaf):
            seen: list[Any] = []
            hooks = hooks_of(self.node)
            handle = RemovableHandle(hooks.before, hooks.after)
            hooks.before[handle.id] = lambda g: seen.__setitem__(slice(None), [g])
            hooks.after[handle.id] = lambda tensor: hook((), tuple(seen))
            return handle
        return _hooked(self.node).add("post", hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before this op's backward; a tuple replaces the grad_outputs."""
        if not isinstance(self.node, Leaf):
            return _hooked(self.node).add("pre", hook)
        hooks = hooks_of(self.node)

        def alone(g: Any) -> Any:
            replaced = hook((g,))
            return None if replaced is None else _as_tuple(replaced, hook, 1)[0]

        return hooks.add(hooks.before, alone)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_saved_"):
            asked = {"self": "x", "other": "y", "result": "out"}.get(name[7:], name[7:])
            for (kind, key, _), value in zip(self.node.op.keeps, self.node.saved, strict=False):
                label = self.node.op.inputs[key] if kind == "in" else kind
                if label == asked:
                    return value.tensor() if hasattr(value, "unpack") else value  # packed by hooks on saved tensors
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


class Hooked:
    """An op with hooks around its backward; in all else it answers like the op."""

    def __init__(self, op: Any) -> None:
        self.op = op
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}

    def add(self, table: str, hook: Callable[..., Any]) -> RemovableHandle:
        """Register a hook before ("pre") or after ("post") the backward."""
        hooks = getattr(self, table)
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        return handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)

    def pull(self, view: Any, g: Any, parents: Any) -> Any:
        """The op's own gradients, as the hooks see and replace them: tensors, settled to their parents."""
        from ._tensor import Tensor

        several = isinstance(g, Cotangents)
        items = g.items if several else (g,)
        raw = not any(isinstance(item, Tensor) for item in items)

        def dressed(values: Any, nodes: Any) -> tuple[Any, ...]:
            settled = (None if value is None or node is None else settle(value, node)
                       for value, node in zip(values, nodes, strict=True))  # fmt: skip
            return tuple(v if v is None or not raw else Tensor._wrap(as_array(v, None)) for v in settled)

        def bare(values: Any) -> tuple[Any, ...]:
            return tuple(value._data if raw and value is not None else value for value in values)

        outputs = dressed(items, [Cotangents if several else view] * len(items))
        for hook in list(self.pre.values()):
            replaced = hook(outputs)
            outputs = outputs if replaced is None else _as_tuple(replaced, hook, len(outputs))
        pulled = self.op.pull(view, Cotangents(bare(outputs)) if several else bare(outputs)[0], parents)
        inputs = dressed(pulled, parents[: len(pulled)])
        for hook in list(self.post.values()):
            replaced = hook(inputs, outputs)
            inputs = inputs if replaced is None else _as_tuple(replaced, hook, len(inputs))
        return bare(inputs)


def _hooked(node: Any) -> Hooked:
    """The Hooked in the place of the node's op, put there on first need; several results share their op's."""
    if node.op.__class__ is Port and node.parents:
        node = node.parents[0]
    if node.op.__class__ is not Hooked:
        node.op = Hooked(node.op)
    hooked: Hooked = node.op
    return hooked


def _as_tuple(replaced: Any, hook: Any, count: int) -> Any:
    """What a hook returned, which must be a tuple of the same length.

    Raises:
        TypeError, RuntimeError: otherwise.
    """
    name = getattr(hook, "__name__", "hook")
    if not isinstance(replaced, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(replaced).__name__}'")
    if len(replaced) != count:
        raise RuntimeError(f"hook '{name}' has returned an incorrect number of values (got {len(replaced)}, but "
                           f"expected {count})")  # fmt: skip
    return replaced


def backward_name(op: str) -> str:
    """`mul` -> `MulBackward0`, `layer_norm` -> `LayerNormBackward0`."""
    return "".join(part.capitalize() for part in op.split("_")) + "Backward0"
