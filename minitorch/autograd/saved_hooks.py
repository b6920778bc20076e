"""Hooks on what the tape saves: packed when an op is recorded, unpacked when a backward asks for it.

While no hooks are set the tape knows nothing of them. Within `saved_tensors_hooks` every new node is handed to
`pack_node`: in the place of each array it has saved comes what the pack hook made of it, and in the place of its op an
`Unpacking`, which undoes that for each backward and lets the op's own rules work on the result.
https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .._tensor import Tensor
from ..backend.namespace import backend_of, device_of
from ..grad_fn import SavedTensor
from ..graph.modes import no_grad, packing
from ..graph.node import Node
from ..ops.record import port_to

#: What is saved but is no tensor.
NO_TENSORS = frozenset(("shape", "dtype", "shapes"))


class _Here(threading.local):
    """The hooks of this thread, the innermost last, and what to say where they are disabled."""

    message: str | None = None

    def __init__(self) -> None:
        self.hooks: list[tuple[Callable[..., Any], Callable[..., Any]]] = []


_here = _Here()


class Packed:
    """What the hooks made of one saved tensor."""

    __slots__ = ("form", "home", "size", "unpack", "value")

    def __init__(self, value: Any, unpack: Callable[..., Any], array: Any) -> None:
        self.value, self.unpack = value, unpack
        self.size, self.form, self.home = array.shape, array.dtype, device_of(array)

    def tensor(self) -> Tensor:
        """What the unpack hook makes of it.

        Raises:
            TypeError: where that is no tensor.
            RuntimeError: where it is another tensor than was packed, by its shape, dtype or device.
        """
        found = self.unpack(self.value)
        if not isinstance(found, Tensor):
            raise TypeError("Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                            f"{type(found).__name__}")  # fmt: skip
        array = found._data
        for what, have, want in (("shape", array.shape, self.size), ("dtype", array.dtype, self.form),
                                 ("device", device_of(array), self.home)):  # fmt: skip
            if have != want:
                raise RuntimeError(
                    f"the saved tensor unpack_hook returned a tensor of {what} {have}, but one of {what} {want} was packed. "
                    "Hint: unpack what was packed, so that unpack_hook(pack_hook(t)) is like t."
                )
        return found


def pack(tensor: Tensor, array: Any, kept: bool, hooks: Any = None) -> Packed:
    """Run the pack hook of the innermost context, or of a given pair, on a tensor that is being saved.

    Args:
        tensor: the tensor.
        array: its array.
        kept: whether its node may be kept; not that of a result, which would be a reference cycle.
        hooks: the pair, where it is not that of the context.

    Raises:
        RuntimeError: where the hook writes to the tensor.
    """
    pack_hook, unpack_hook = hooks or _here.hooks[-1]
    cell = tensor._cell
    version = cell[0] if cell is not None else 0
    with no_grad():
        value = pack_hook(tensor)
    if cell is not None and cell[0] != version:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be "
            "modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if you "
            "need to perform in-place operations on the input to a pack hook."
        )
    if value is tensor and not kept:
        value = Tensor._wrap(array, None, cell)
    return Packed(value, unpack_hook, array)


def pack_node(node: Any, args: Any) -> None:
    """Pack what a new node has saved, by the hooks of this thread."""
    if not _here.hooks or not node.saved:
        return
    op, saved, cells = node.op, node.saved, node.cells
    if hasattr(op, "origins"):
        _pack_call(node, args)
        return
    last = len(op.keeps) - 1
    packed = list(saved)
    kinds = [op.keeps[min(place, last)][:2] for place in range(len(saved))]
    for place in _order(op, kinds):
        (kind, key), value, cell = kinds[place], saved[place], cells[place]
        if kind in NO_TENSORS or not is_array(value):
            continue
        if kind in ("in", "star"):
            index = key if kind == "in" else len(op.inputs) + place - last
            given = args[index]
            if not isinstance(given, Tensor) or given._data is not value:
                given = Tensor._wrap(value, node.parents[index], cell)
            packed[place] = pack(given, value, True)
        else:
            origin = None
            if kind == "out":
                origin = node if len(op.results) == 1 else port_to(node, key, value)
            packed[place] = pack(Tensor._wrap(value, origin, cell), value, False)
    node.saved, node.cells, node.mark = tuple(packed), (None,) * len(packed), 0
    node.op = Unpacking(op)


def pack_place(node: Any, place: int, tensor: Tensor, *hooks: Callable[..., Any]) -> None:
    """Pack what a node has saved at one place, by hooks of its own."""
    packed = pack(tensor, tensor._data, node.op.keeps[place][0] == "in", hooks)
    cell = node.cells[place] if node.cells else None
    node.saved = (*node.saved[:place], packed, *node.saved[place + 1:])
    if cell is not None:
        node.cells, node.mark = (*node.cells[:place], None, *node.cells[place + 1:]), node.mark - cell[0]
    if not isinstance(node.op, Unpacking):
        node.op = Unpacking(node.op)


SavedTensor.pack = staticmethod(pack_place)


def _order(op: Any, kinds: list[Any]) -> list[int]:
    """In which order the places are packed: PyTorch's, whose formulas save `other` before `self`, and results last."""
    inputs = [place for place, (kind, _) in enumerate(kinds) if kind == "in"]
    rest = [place for place, (kind, _) in enumerate(kinds) if kind != "in"]
    return [*(inputs[::-1] if len(op.inputs) == 2 else inputs), *rest]


def _pack_call(node: Any, args: Any) -> None:
    """Pack what `save_for_backward` was given; the call unpacks it itself, when `ctx.saved_tensors` is read."""
    packed: list[Any] = []
    for place, (array, cell) in enumerate(zip(node.saved, node.cells, strict=True)):
        if array is None:
            packed.append(None)
            continue
        result = node.op.origins[place].__class__ is int
        given = next((arg for arg in args if isinstance(arg, Tensor) and arg._data is array and arg._cell is cell), None)
        if result or given is None:
            given = Tensor._wrap(array, node.op.origin(node, place, array), cell)
        packed.append(pack(given, array, not result))
    node.saved, node.cells, node.mark = tuple(packed), (None,) * len(packed), 0


def is_array(value: Any) -> bool:
    """Whether something saved is an array of a backend, and no number, shape or the like."""
    return hasattr(value, "dtype") and hasattr(value, "nbytes") and isinstance(value, backend_of(value).array)


class Unpacking:
    """An op whose node has packed what it saved; in all else it answers like the op."""

    def __init__(self, op: Any) -> None:
        self.op = op

    def __getattr__(self, name: str) -> Any:
        return getattr(self.op, name)

    def pull(self, view: Any, g: Any, parents: Any) -> Any:
        """The op's own gradients, from what the hooks unpack now."""
        return self.op.pull(self._unpacked(view), g, parents)

    def push(self, view: Any, tangents: Any, wrap: Any) -> Any:
        """The op's own tangent, from what the hooks unpack now."""
        return self.op.push(self._unpacked(view), tangents, wrap)

    def _unpacked(self, view: Any) -> Any:
        """The node as the op's rules want to see it: on raw arrays a node, dressed while gradients are recorded."""
        node = view if view.__class__ is Node else view.node
        saved = tuple([kept.tensor()._data if kept.__class__ is Packed else kept for kept in node.saved])
        if view is not node:
            return view.dress(node, saved)
        plain = Node.__new__(Node)
        plain.op, plain.params, plain.parents, plain.saved = self.op, node.params, node.parents, saved
        plain.cells, plain.mark, plain.shape, plain.dtype, plain.stamp = (), 0, node.shape, node.dtype, node.stamp
        plain.hooks = plain.note = None
        return plain


class saved_tensors_hooks:
    """Within it, what the tape saves goes through `pack_hook`, and what a backward needs through `unpack_hook`.

    Args:
        pack_hook: called with each tensor that an op saves, with gradients off; may return anything.
        unpack_hook: called with that once for each backward; must return a tensor like the one packed.

    Of nested contexts the innermost counts. What is packed is not watched for in-place writes.

    Raises:
        RuntimeError: on entering within `disable_saved_tensors_hooks`, with its message.

    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if _here.message is not None:
            raise RuntimeError(_here.message)
        if not (callable(self.pack_hook) and callable(self.unpack_hook)):
            raise TypeError("_push_saved_tensors_default_hooks(): incompatible function arguments. Both hooks must be "
                            "callable.")  # fmt: skip
        _here.hooks.append((self.pack_hook, self.unpack_hook))
        packing.append(pack_node)

    def __exit__(self, *_: object) -> None:
        _here.hooks.pop()
        packing.remove(pack_node)


class save_on_cpu(saved_tensors_hooks):
    """Within it, what the tape saves waits on the host, and goes back to its device for the backward.

    Args:
        pin_memory: accepted for PyTorch's sake; host memory is never pinned.
        device_type: accepted for PyTorch's sake.

    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.save_on_cpu
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack_to_cpu(tensor: Tensor) -> tuple[Any, Tensor]:
            return tensor.device, tensor.detach().cpu()

        def unpack_from_cpu(packed: tuple[Any, Tensor]) -> Tensor:
            device, tensor = packed
            back: Tensor = tensor.to(device)
            return back

        super().__init__(pack_to_cpu, unpack_from_cpu)
        self.pin_memory = pin_memory
        self.device_type = device_type


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Within it, entering hooks on saved tensors raises a RuntimeError with this message.

    Raises:
        TypeError: for a message that is no str.
        RuntimeError: with the message, where hooks are set already.
    """
    if not isinstance(error_message, str):
        raise TypeError("_saved_tensors_hooks_disable(): incompatible function arguments. The message must be a str, not "
                        f"{type(error_message).__name__}.")  # fmt: skip
    if _here.hooks:
        raise RuntimeError(error_message)
    before, _here.message = _here.message, error_message
    try:
        yield
    finally:
        _here.message = before
