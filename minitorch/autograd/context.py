"""One call of a custom Function: its ctx, and the pseudo-op on the tape that answers for it.

What `save_for_backward` was given lies in the node as raw arrays with their version cells, like what any op saves, so
that freeing, the check for in-place writes and the pictures treat it the same. A saved result is dressed with the node
being walked when it is asked for, so that it is no reference cycle: ctx knows its node only weakly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._tensor import Tensor
from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..graph.node import FREED, Cotangents
from ..graph.reverse import FREED_TEXT, changed
from ..ops.backward import gradients
from ..ops.edge import as_array
from ..ops.generated import version_cell
from ..ops.record import node_of, port_to
from .saved_hooks import Packed

if TYPE_CHECKING:
    from .function import Function


class FunctionCtx:
    """What `forward` leaves for `backward`: saved tensors, marks, and any attributes the user sets."""

    needs_input_grad: tuple[bool, ...] = ()
    _to_save: tuple[Any, ...] = ()
    _for_forward: tuple[Any, ...] | None = None
    _dirty: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _materialize = True
    _node: Callable[[], Any] | None = None
    #: Shape and dtype of each argument of forward; None for what is no tensor.
    _inputs: tuple[Any, ...] = ()
    _in_jvp = False

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors (or None) for `backward`, which finds them in `saved_tensors`."""
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors (or None) for `jvp`, which finds them in `saved_tensors`."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes "
                    "on ctx."
                )
        self._for_forward = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs `forward` writes in place; it must return them."""
        self._dirty = args
        for tensor in args:
            tensor._bump()

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which results have no gradient."""
        self._non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` is given zeros (the default) or None for results whose gradient is not needed."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors kept by `save_for_backward`.

        Raises:
            RuntimeError: after a backward has freed them, or where one was written in place since.
        """
        if self._in_jvp and self._for_forward is not None:
            return self._for_forward
        node = None if self._node is None else self._node()
        return self._to_save if node is None else node.op.unpack(node)


class Call:
    """The pseudo-op of one call of a Function."""

    symbol: str
    family = "function"
    frees = True
    keeps: tuple[Any, ...] = ()

    def __init__(self, function: type[Function], ctx: FunctionCtx, outputs: tuple[Any, ...]) -> None:
        self.function, self.ctx = function, ctx
        self.name = self.symbol = function.__name__
        self.grad_name = f"{self.name}Backward"
        self.results = tuple(f"out{index}" for index in range(len(outputs)))
        self.outputs = described(outputs)
        self.xp = next(backend_of(t._data) for t in outputs if isinstance(t, Tensor))
        self.origins: list[Any] = []
        self.versions: list[int | None] = []

    # ---- saved tensors ---------------------------------------------------------------------------------------------
    def save(self, ctx: FunctionCtx, args: tuple[Any, ...], nodes: Any, outputs: Any) -> tuple[Any, Any, int]:
        """The saved tensors as raw arrays, cells and mark; whose they were is noted without holding a result's node."""
        arrays: list[Any] = []
        cells: list[Any] = []
        for tensor in ctx._to_save:
            if tensor is None:
                arrays.append(None)
                cells.append(None)
                self.origins.append(None)
                continue
            output = next((index for index, out in enumerate(outputs) if out is tensor), None)
            source = next((node for arg, node in zip(args, nodes, strict=True) if arg is tensor), None)
            self.origins.append(output if output is not None else source or node_of(tensor))
            arrays.append(tensor._data)
            cells.append(version_cell(tensor))
        self.versions = [None if cell is None else cell[0] for cell in cells]
        ctx._to_save = ()
        return tuple(arrays), tuple(cells), sum(version or 0 for version in self.versions)

    def unpack(self, node: Any) -> tuple[Tensor | None, ...]:
        """The saved tensors, each with the node that it had."""
        if node.saved is FREED:
            raise RuntimeError(FREED_TEXT)
        if node.mark != sum(cell[0] for cell in node.cells if cell is not None):
            raise RuntimeError(changed(node))
        tensors: list[Tensor | None] = []
        for place, (array, cell) in enumerate(zip(node.saved, node.cells, strict=True)):
            if array is None:
                tensors.append(None)
                continue
            if array.__class__ is Packed:
                array = array.tensor()._data
            tensors.append(Tensor._wrap(array, self.origin(node, place, array), cell))
        return tuple(tensors)

    def describe_change(self, node: Any) -> str:
        """Which saved tensor was written afterwards, for the error message."""
        for place, (array, cell) in enumerate(zip(node.saved, node.cells, strict=True)):
            if cell is not None and cell[0] != self.versions[place]:
                kind = dt.SCALAR_TYPES[dt.of(array.dtype).name]
                return (
                    f"[torch.{kind}Tensor {list(array.shape)}], which is saved tensor {place} of {self.grad_name}, is "
                    f"at version {cell[0]}; expected version {self.versions[place]} instead"
                )
        return f"a tensor saved by {self.grad_name}"

    def origin(self, node: Any, place: int, array: Any) -> Any:
        """The node of a saved tensor, made anew for one of several results."""
        origin = self.origins[place]
        if origin.__class__ is not int:
            return origin
        return node if len(self.results) == 1 else port_to(node, origin, array)

    # ---- reading the tape ------------------------------------------------------------------------------------------
    def pull(self, view: Any, g: Any, parents: Any) -> list[Any]:
        """The gradients of the inputs, from the user's backward: on raw arrays, or on tensors and recorded."""
        node = getattr(view, "node", view)
        items = g.items if isinstance(g, Cotangents) else (g,)
        recorded = any(isinstance(item, Tensor) for item in items)
        returned = self.function._gradient_function()(self.ctx, *self._filled(items, recorded))
        listed = list(returned) if isinstance(returned, tuple) else [returned]
        count = len(self.ctx.needs_input_grad)
        if len(listed) > count and all(item is None for item in listed[count:]):
            del listed[count:]
        if len(listed) != count:
            raise RuntimeError(
                f"function {self.grad_name} returned an incorrect number of gradients (expected {count}, got "
                f"{len(listed)})"
            )
        return [
            self._checked(item, place, node.parents[place], recorded, parents[place], node.saved)
            for place, item in enumerate(listed)
        ]

    def _filled(self, items: tuple[Any, ...], recorded: bool) -> list[Any]:
        """The cotangents as tensors; for those that nothing asks for, zeros or None."""
        tensors: list[Any] = []
        for item, about in zip(items, self.outputs, strict=True):
            if item is not None:
                tensors.append(item if recorded else Tensor._wrap(as_array(item, None)))
            else:
                tensors.append(None if about is None or not self.ctx._materialize else self._zeros(about))
        return tensors

    def _zeros(self, about: Any) -> Tensor:
        return Tensor._wrap(self.xp.zeros(about[0], dtype=about[1]))

    def _checked(self, item: Any, place: int, own: Any, recorded: bool, parent: Any, saved: Any) -> Any:
        """One returned gradient, as the tape wants it; the edge restores its shape and dtype."""
        if item is None:
            return None
        if not isinstance(item, Tensor):
            raise RuntimeError(f"expected Variable or None (got {type(item).__name__})")
        if self.ctx._inputs[place] is None:
            raise RuntimeError(
                f"function {self.grad_name} returned a gradient different than None at position {place + 1}, but the "
                "corresponding forward input was not a Variable"
            )
        if own is None or parent is None:
            return None
        have, want = item._data.shape, own.shape
        lead = len(have) - len(want)
        if have != want and (lead < 0 or any(n != m and m != 1 for n, m in zip(have[lead:], want, strict=True))):
            raise RuntimeError(
                f"Function {self.grad_name} returned an invalid gradient at index {place} - got {list(have)} but "
                f"expected shape compatible with {list(want)}"
            )
        if recorded:
            return item
        raw = item._data
        return raw.copy() if any(raw is array for array in saved) else raw

    def push(self, view: Any, tangents: list[Any], wrap: Any) -> Any:
        """The tangents of the results: the user's `jvp`, or twice the user's `backward`, which is linear in g."""
        if not self.function._has_jvp():
            return self._push_twice_backward(view, tangents)
        moved = [
            t if t is not None or about is None or not self.ctx._materialize else self._zeros(about)
            for t, about in zip(tangents, self.ctx._inputs, strict=True)
        ]
        self.ctx._in_jvp = True
        try:
            result = self.function.jvp(self.ctx, *moved)
        finally:
            self.ctx._in_jvp = False
        return result if len(self.results) == 1 else list(result)

    def _push_twice_backward(self, view: Any, tangents: list[Any]) -> Any:
        before, modes.grad = modes.grad, True
        try:
            seeds = [None if about is None or about[1].kind not in "fcV" else self._zeros(about).requires_grad_()
                     for about in self.outputs]  # fmt: skip
            g = seeds[0] if len(seeds) == 1 else Cotangents(tuple(seeds))
            pulled = self.pull(view, g, view.parents)
            pairs = [(gx, t) for gx, t in zip(pulled, tangents, strict=True)
                     if t is not None and gx is not None and gx.requires_grad]  # fmt: skip
            asked = [seed for seed in seeds if seed is not None]
            found: Any = (None,) * len(asked)
            if pairs:
                found = gradients([gx for gx, _ in pairs], asked, [t for _, t in pairs], create_graph=True,
                                  allow_unused=True)  # fmt: skip
        finally:
            modes.grad = before
        moved = dict(zip((id(seed) for seed in asked), found, strict=True))
        results = [moved.get(id(seed)) for seed in seeds]
        return results[0] if len(results) == 1 else results


def described(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Shape and dtype of each tensor; None for what is no tensor."""
    return tuple((t._data.shape, t._data.dtype) if isinstance(t, Tensor) else None for t in values)
