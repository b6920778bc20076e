"""The edge of the tape: what happens to a gradient between a rule and its parent, and on arrival.

`settle` sums out broadcasting and restores dtype, so that no rule has to. `dress` makes a node's saved arrays tracked
again for `create_graph`. `arrive` runs hooks and stores gradients. All of it works on raw arrays and on tensors alike.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any

from ..backend.host import F32, HOST, ndarray
from ..backend.namespace import backend_of
from ..graph.node import Leaf
from ..graph.reverse import reverse
from ..tracked import Tracked
from .arithmetic import cast, clone
from .layouts import OtherLayout
from .record import port_to
from .reduce import sum_to
from .rows import Rows


def settle(g: Any, parent: Any) -> Any:
    """The gradient with exactly its parent's shape and dtype; rows become an array, but for a leaf or a hook."""
    if g.__class__ is Rows:
        return g if parent.op is None or parent.hooks is not None else g.dense()
    shape = parent.shape
    if shape is None:
        return g
    if g.shape != shape:
        g = sum_to.forward(HOST, g, shape=shape) if g.__class__ is ndarray and g.itemsize > 2 else sum_to(g, shape=shape)
    raw = g._data if isinstance(g, Tracked) else g
    return g if raw.dtype == parent.dtype else cast(g, dtype=parent.dtype)


class Dressed:
    """A node as rules see it while gradients are recorded: the saved arrays are tensors with nodes."""

    __slots__ = ("dress", "dtype", "node", "params", "parents", "saved", "settle", "shape")

    def __init__(self, node: Any, saved: Any, dress: Any) -> None:
        self.node, self.saved, self.dress = node, saved, dress
        self.params, self.parents, self.shape, self.dtype = node.params, node.parents, node.shape, node.dtype
        self.settle = settle


#: What is saved but is no number of the graph.
UNDRESSED = frozenset(("shape", "dtype", "shapes", "hidden"))


class Dresser:
    """A function that dresses nodes with tensors made by `wrap(array, node, version)`."""

    __slots__ = ("wrap",)

    def __init__(self, wrap: Callable[..., Any]) -> None:
        self.wrap = wrap

    def __call__(self, node: Any, saved: Any = None) -> Dressed:
        saved = node.saved if saved is None else saved
        if not saved or not node.op.keeps:
            return Dressed(node, saved, self)
        keeps, cells, parents = node.op.keeps, node.cells or (None,) * len(saved), node.parents
        last = len(keeps) - 1
        clothed: list[Any] = []
        for place, value in enumerate(saved):
            kind, key, _ = keeps[min(place, last)]
            if kind in UNDRESSED or (value.__class__ is not float and getattr(value, "dtype", None) is None):
                clothed.append(value)
                continue
            if kind == "out":
                single = len(node.op.results) == 1
                origin = node if single else port_to(node, key, value)
            else:
                origin = parents[key if kind == "in" else len(node.op.inputs) + place - last]
            if origin is None and value.__class__ is float:  # a number, not the float of a Value
                clothed.append(value)
                continue
            clothed.append(self.wrap(value, origin, cells[place] if cells[place] is not None else [0]))
        return Dressed(node, tuple(clothed), self)


def arrival(wrap: Callable[..., Any], captured: dict[Any, Any] | None, create_graph: bool, accumulate: bool
            ) -> Callable[[Any, Any], Any]:  # fmt: skip
    """What `reverse` calls with the gradient of a leaf, of a node with hooks, and of an input asked for.

    Args:
        captured: filled with the gradients of the nodes that are its keys; None to fill `.grad` of every leaf.
        accumulate: store into `.grad` (backward), with post-accumulate hooks, also where captured.
    """

    def visit(node: Any, g: Any) -> Any:
        hooks = node.hooks
        if node.op is None and node.parked:
            return g
        if hooks:
            if hooks.before:
                seen: Any = g if isinstance(g, Tracked) else as_tensor(g, node, wrap)
                for hook in list(hooks.before.values()):
                    replaced = hook(seen)
                    if replaced is not None:
                        seen = check_replacement(replaced, node, hook, seen)
                if g.__class__ is Rows:
                    g = seen._as_rows(create_graph)
                else:
                    g = seen if isinstance(g, Tracked) else seen._data
            if hooks.retain is not None:
                holder = hooks.retain()
                if holder is not None:
                    deliver(holder, node, g, create_graph, wrap)
        if captured is not None and node in captured:
            captured[node] = g
        if node.op is not None:
            return g.dense() if g.__class__ is Rows else g
        if accumulate and (captured is None or node in captured):
            holder = node.tensor()
            if holder is not None:
                deliver(holder, node, g, create_graph, wrap)
                if hooks and hooks.after:
                    for hook in list(hooks.after.values()):
                        hook(holder)
        return g

    return visit


def check_replacement(replaced: Any, node: Any, hook: Any, seen: Any) -> Any:
    """A hook's answer must be a gradient of the same shape and dtype, sparse where the gradient is.

    Raises:
        TypeError, RuntimeError: otherwise.
    """
    if not isinstance(replaced, Tracked):
        raise TypeError(f"expected Variable, but hook returned '{type(replaced).__name__}'")
    name = getattr(hook, "__name__", "hook")
    answer: Any = replaced
    sparse = getattr(answer, "is_sparse", False)
    if sparse is not getattr(seen, "is_sparse", False):
        raise RuntimeError(f"hook '{name}' has changed the type of value (was {seen.type()} got {answer.type()})")
    found = answer._held._data if sparse else answer._data
    shape = answer._sizes if sparse else found.shape
    if shape != node.shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value: the gradient has shape {list(node.shape)}, the hook returned "
            f"{list(shape)}"
        )
    if found.dtype != node.dtype:
        raise RuntimeError(f"hook '{name}' has changed the type of value (was {node.dtype} got {found.dtype})")
    return replaced


def as_array(g: Any, node: Any) -> Any:
    """A raw gradient as an array: 0-d results of NumPy operators are scalars."""
    xp = backend_of(g)
    return g if g.__class__ is xp.array else xp.asarray(g)


def as_tensor(g: Any, node: Any, wrap: Any) -> Any:
    """A raw gradient as a tensor, rows as a sparse one."""
    return g.tensor() if g.__class__ is Rows else wrap(as_array(g, node))


def deliver(tensor: Any, node: Any, g: Any, create_graph: bool, wrap: Any) -> None:
    """Add a gradient into `tensor.grad`: the first into a buffer of its own, later ones in place."""
    before = tensor._grad
    if create_graph:
        tensor._grad = _recorded_sum(before, g)
        return
    raw = g._data if isinstance(g, Tracked) else g
    if before is None:
        mine = getrefcount(raw) == SOLE and g is raw and node.op is None and _fits(raw, tensor._data, node)
        tensor._grad = wrap(raw) if mine else raw.tensor() if raw.__class__ is Rows else wrap(own(raw, tensor._data, node))
        return
    try:
        held = before._data
    except OtherLayout:  # it is sparse
        tensor._grad = before._joined_by(raw, True)
        return
    if raw.__class__ is Rows:
        raw = raw.dense()
    if before._node is not None or before._cell is None:
        tensor._grad = wrap(as_array(held + raw, node))
        return
    held += raw
    before._cell[0] += 1


def _recorded_sum(before: Any, g: Any) -> Any:
    """What `.grad` becomes under create_graph."""
    if before is None:
        return g.tensor() if g.__class__ is Rows else clone(g)
    return before._joined_by(g, False) if getattr(before, "is_sparse", False) else before + g


def _fits(raw: Any, like: Any, node: Any) -> bool:
    """Whether a host array owns its memory and lies in it as the gradient of `like` should."""
    return (
        raw.__class__ is ndarray and raw.base is None and raw.flags.c_contiguous and raw.flags.owndata
        and raw.flags.writeable and like.__class__ is ndarray and like.flags.c_contiguous
        and raw.shape == node.shape == like.shape and raw.dtype is node.dtype
    )  # fmt: skip


def own(raw: Any, like: Any, node: Any) -> Any:
    """A copy in the memory order of the tensor that it belongs to."""
    xp = backend_of(like)
    if raw.__class__ is ndarray and raw.ndim == 2 and raw.size > LARGE and raw.flags.f_contiguous and (
            not raw.flags.c_contiguous and like.__class__ is ndarray and like.flags.c_contiguous
            and raw.shape == like.shape == node.shape and raw.dtype is node.dtype):  # fmt: skip
        return HOST.ascontiguousarray(raw)  # a copy, for its order is another
    buffer = xp.empty_like(like, dtype=node.dtype)
    if buffer.shape != node.shape:  # the tensor's data was replaced since
        buffer = xp.empty(node.shape, dtype=node.dtype)
    buffer[...] = raw
    return buffer


#: From this size on it matters how a transposed gradient is copied.
LARGE = 65535


class _Probe:
    """A tensor for the sake of counting."""

    def __init__(self) -> None:
        self._data, self._grad = HOST.zeros(1, dtype=F32), None


def _sole() -> int:
    """How many references to a gradient `deliver` counts where nobody but the backward holds it: found by trying, since
    it differs between interpreters. Such a gradient becomes `.grad` itself; any other one is copied.
    """
    global SOLE
    for SOLE in range(2, 16):
        probe = _Probe()
        leaf = Leaf(lambda probe=probe: probe, (1,), F32)
        gradient = HOST.ones(1, dtype=F32)
        place, grads = HOST.pointer(gradient), {leaf: gradient}
        del gradient
        reverse([leaf], grads, visit=arrival(lambda raw: raw, None, False, True), settle=None)
        if HOST.pointer(probe._grad) == place:
            return SOLE
    return 0


SOLE = 0
SOLE = _sole()
