"""A node in PyTorch's clothes: what `tensor.grad_fn` returns.

A handle made on demand around a Node (or, for a leaf, the AccumulateGrad at the end of the chain), of a class that is
called like the backward. It offers PyTorch's `name()`, `next_functions`, `variable`,
`metadata`, hooks and `_saved_...` values, and keeps no tensor.
The first hook puts a `Hooked` in the place of the node's op, so that nodes without hooks pay nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from .graph.hooks import RemovableHandle, hooks_of
from .graph.node import FREED, Cotangents, Leaf, Port
from .graph.reverse import FREED_TEXT, check
from .ops.edge import as_array, settle
from .ops.record import port_to

#: What users note on a node, for as long as it lives.
_metadata: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()
#: The handles in use: while one is held, asking again gives the same.
_handles: WeakValueDictionary[Any, GradFn] = WeakValueDictionary()
#: The class of the handles of each backward.
_classes: dict[str, type] = {}
#: What PyTorch calls a saved input that is neither `self` nor `other`, by op.
SAVED_NAMES = {"pow": {"y": "exponent"}, "matmul": {"y": "mat2"}, "where": {"condition": "condition"}}
NAMES = {"x": "self", "y": "other"}


class GradFn:
    """The op call that made a tensor."""

    __slots__ = ("__weakref__", "node")
    node: Any

    def __new__(cls, node: Any) -> GradFn:
        held = _handles.get(node)
        if held is not None:
            return held
        blank = object.__new__(cls)
        blank.node = node
        name = "AccumulateGrad" if isinstance(node, Leaf) else blank.name()
        kind = _classes.get(name) or _classes.setdefault(name, type(name, (GradFn,), {"__slots__": ()}))
        made: GradFn = object.__new__(kind)
        made.node = node
        _handles[node] = made
        return made

    def name(self) -> str:
        """PyTorch's name of the backward: `MulBackward0`."""
        if isinstance(self.node, Leaf):
            return "torch::autograd::AccumulateGrad"
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
            raise AttributeError(f"'{type(self).__name__}' object has no attribute 'variable'")
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

    def _saved(self) -> dict[str, Callable[[], Any]]:
        """How to read what the call saved, by PyTorch's names of it: tensors on the tape, numbers, sizes, parameters."""
        node = self.node
        if node.op.__class__ is Port and node.parents:
            node = node.parents[0]
        keeps = getattr(node.op, "keeps", None) or ()
        own = NAMES | SAVED_NAMES.get(getattr(node.op, "name", ""), {})
        found: dict[str, Callable[[], Any]] = {}
        for place, (kind, key, _) in enumerate(keeps):
            if kind in ("in", "shape"):
                label = own.get(node.op.inputs[key], node.op.inputs[key]) + ("" if kind == "in" else "_sym_sizes")
            else:
                results = node.op.results
                label = {"out": "result" if len(results) == 1 else results[key] if kind == "out" else ""}.get(kind, "")
            if label:
                found[label] = SavedTensor(node, place)
        for label, value in (node.params or {}).items():
            found.setdefault(label, functools.partial(_itself, value))
        return found

    def __dir__(self) -> list[str]:
        saved = () if isinstance(self.node, Leaf) else (f"_saved_{label}" for label in self._saved())
        return [*super().__dir__(), *saved]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_saved_") and not isinstance(self.node, Leaf):
            found = self._saved().get(name[7:])
            if found is not None:
                return found()
        if name.startswith("_raw_saved_") and not isinstance(self.node, Leaf):
            raw = self._saved().get(name[11:])
            if isinstance(raw, SavedTensor):
                return raw
        ctx = None if isinstance(self.node, Leaf) or name.startswith("__") else getattr(self._op, "ctx", None)
        if ctx is not None:  # of a custom Function
            return getattr(ctx, name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GradFn) and other.node is self.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self.node):#x}>"


def _itself(value: Any) -> Any:
    return value


class SavedTensor:
    """The place of a node where one value is saved: called, it reads it; `register_hooks` packs it."""

    __slots__ = ("node", "place")
    #: Puts what hooks make of a tensor in its place: see `autograd.saved_hooks`.
    pack: Callable[..., None]

    def __init__(self, node: Any, place: int) -> None:
        self.node, self.place = node, place

    def __call__(self) -> Any:
        """What is saved, an array as a tensor with the node that it comes from.

        Raises:
            RuntimeError: where it was freed, or written in place since.
        """
        from ._tensor import Tensor

        node, place = self.node, self.place
        check(node)
        value = node.saved[place]
        kind, key, _ = node.op.keeps[place]
        if hasattr(value, "unpack"):  # packed by hooks on saved tensors
            value = value.tensor()._data
        if kind == "shape" or value is None or not hasattr(value, "nbytes"):
            return value
        cell = node.cells[place] if node.cells else None
        if kind == "out":
            return Tensor._wrap(value, node if len(node.op.results) == 1 else port_to(node, key, value), cell)
        origin = node.parents[key]
        variable = origin.tensor() if isinstance(origin, Leaf) else None
        return variable if variable is not None and variable._data is value else Tensor._wrap(value, origin, cell)

    def register_hooks(self, pack_hook: Callable[..., Any], unpack_hook: Callable[..., Any]) -> None:
        """Keep what `pack_hook` makes of the saved tensor, and what `unpack_hook` makes of that for each backward.

        Raises:
            TypeError: for hooks that cannot be called.
            RuntimeError: where hooks are set already, or the value is freed or no tensor.
        """
        if not (callable(pack_hook) and callable(unpack_hook)):
            raise TypeError("register_hooks(): incompatible function arguments. Both hooks must be callable.")
        if self.node.saved is FREED:
            raise RuntimeError(f"Calling register_hooks on a saved tensor after it has been freed. {FREED_TEXT}")
        if hasattr(self.node.saved[self.place], "unpack"):
            raise RuntimeError("Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair "
                               "of hooks is allowed at a time.")  # fmt: skip
        tensor = self()
        if not hasattr(tensor, "_data"):
            raise RuntimeError("Calling register_hooks on a saved tensor with value None is forbidden")
        self.pack(self.node, self.place, tensor, pack_hook, unpack_hook)


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
