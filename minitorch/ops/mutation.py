"""In-place writes: shared memory is written, the version moves on, and the tape learns of it.

Everything is checked before anything is written. A recorded write to a tensor gives it a new node; a write to a view
records one `overwrite(base, value, path)` on its base; views whose base moved on rebuild their nodes when next read.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..backend.namespace import backend_of
from ..graph.modes import modes, packing
from ..graph.node import FREED, Node
from ..tracked import Tracked
from .create import full
from .families import declare
from .layouts import OtherLayout
from .op import Op
from .outputs import APART, FREE, check_out
from .record import View, base_of, memory_of, move_retain, node_of
from .striding import as_strided, layout_of, meeting, overlaps, write_laid


def writes_history(tensor: Any, *others: Any) -> bool:
    """Whether a write to this tensor, of a value made from the others, concerns the tape now."""
    if not modes.grad:
        return False
    view: View | None = tensor._view
    if tensor._node is not None or (view is not None and view.base._node is not None):
        return True
    return any(isinstance(other, Tracked) and other._node is not None for other in others)


def refuse_write(tensor: Any, recorded: bool) -> None:
    """Whether this tensor may be written in place now.

    Raises:
        RuntimeError: in PyTorch's words, before anything is written.
    """
    refuse_overlap(tensor)
    refuse_change(tensor, recorded)


def refuse_overlap(tensor: Any) -> None:
    """Refuse to write what shows one place of memory twice."""
    if not tensor._data.flags.c_contiguous and overlaps(tensor._data.shape, layout_of(tensor._data)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )


def refuse_meeting(tensor: Any, others: Any, apart: bool = False) -> None:
    """Refuse to write a part of what is read; with `apart`, also the whole of it."""
    data = tensor._data
    for other in others:
        if isinstance(other, Tracked):
            try:
                raw = other._data
            except OtherLayout:  # a sparse one lies elsewhere
                continue
            found = meeting(backend_of(data), data, raw)
            if found and (apart or found == "partial"):
                raise RuntimeError(
                    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a "
                    "single memory location. Please clone() the tensor before performing the operation."
                )


def refuse_change(tensor: Any, recorded: bool) -> None:
    """`refuse_write`, without a look at the memory."""
    if tensor._cell is None and not modes.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
            "normal tensor before doing inplace update."
        )
    if tensor._data.dtype.kind == "c":
        _refuse_conjugate(tensor)
    if not modes.grad:
        return
    view: View | None = tensor._view
    if view is None and tensor._node is not None and tensor._node.op is None:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation. "
            f"(shape {list(tensor._data.shape)}) Hint: write under `with no_grad():`, or to a clone."
        )
    if view is None or not (recorded or view.base._node is not None):
        return
    if view.refusal is not None:
        raise RuntimeError(view.refused("is being"))
    for owner in (tensor, view.base):
        if owner._node is not None and owner._node.op is None:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation. "
                f"(the view has shape {list(tensor._data.shape)}, the leaf {list(owner._data.shape)})"
            )


def _refuse_conjugate(tensor: Any) -> None:
    """Refuse to write what in PyTorch would be a view of a tensor that still lives, and is a copy here."""
    source = getattr(tensor if tensor._view is None else base_of(tensor._view), "_conjugate_of", None)
    if source is not None and source() is not None:
        raise RuntimeError(
            "unsupported operation: the written-to tensor is a conjugate, which in PyTorch shares memory with the tensor it "
            "is taken of, so that both would change; here it is a copy. Hint: write to x.conj().clone(), or to x itself."
        )


def check_fits(tensor: Any, value: Any, name: str) -> None:
    """The value must have the tensor's shape and a dtype that its dtype can hold.

    Raises:
        RuntimeError: otherwise.
    """
    if value._data.shape != tensor._data.shape:
        raise RuntimeError(
            f"output with shape {list(tensor._data.shape)} doesn't match the broadcast shape {list(value._data.shape)}"
        )
    have, hold = dt.of(value._data.dtype), dt.of(tensor._data.dtype)
    if have.category > hold.category:
        raise RuntimeError(
            f"result type {dt.SCALAR_TYPES[have.name]} can't be cast to the desired output type "
            f"{dt.SCALAR_TYPES[hold.name]} (in {name})"
        )


def in_place(front: Any, tensor: Any, args: Any, kwargs: Any, op: Op | None) -> Any:
    """`tensor.f_(...)`: compute f out of place, then write the result over the tensor."""
    if front.__name__ in RESHAPING:
        return _reshape_in_place(front, tensor, args, kwargs)
    recorded = writes_history(tensor, *args, *kwargs.values())
    refuse_write(tensor, recorded)
    if (args or kwargs) and front.__name__ not in FREE:
        refuse_meeting(tensor, (*args, *kwargs.values()) if kwargs else args)
    if not recorded:
        value = front(tensor, *args, **kwargs)
        check_fits(tensor, value, front.__name__)
        store(tensor, value._data)
        return tensor
    source = tensor
    if op is None or packing:  # a composition may have saved the old data anywhere inside, a hook have kept it
        source = tensor._wrap(tensor._data.copy(), node_of(tensor))
    value = front(source, *args, **kwargs)
    check_fits(tensor, value, front.__name__)
    return assign(tensor, value)


#: In-place functions that write no numbers: they lay the same memory out in another shape.
RESHAPING = frozenset(("squeeze", "unsqueeze", "transpose", "t", "as_strided"))


def _reshape_in_place(front: Any, tensor: Any, args: Any, kwargs: Any) -> Any:
    """`t_`, `squeeze_`, ...: the tensor becomes a view of what it was, which other views of it still lead to."""
    refuse_change(tensor, writes_history(tensor))
    before, old = tensor, node_of(tensor)
    leaf = old is not None and old.op is None  # only under no_grad
    if tensor._view is None and not leaf:
        before = tensor._wrap(tensor._data, old, tensor._cell)
        before._cell = tensor._cell
    before._memory = memory_of(tensor)
    grad, modes.grad = modes.grad, not leaf
    try:
        after = front(before, *args, **kwargs)
    finally:
        modes.grad = grad
    tensor._data = after._data
    if leaf:
        old.shape = after._data.shape
    else:
        tensor._node, tensor._view = after._node, after._view
        move_retain(old, after._node)
    tensor._bump()
    return tensor


def assign(tensor: Any, value: Any) -> Any:
    """Write a computed value over a tensor, its memory and its history."""
    if value._data.dtype != tensor._data.dtype:
        from .arithmetic import cast

        value = cast(value, dtype=tensor._data.dtype)
    if not modes.grad:
        store(tensor, value._data)
        return tensor
    node = node_of(value)
    if node is not None and node.op is not None:
        _keep_old(node, tensor)
    store(tensor, value._data)
    if node is not None and node.saved and node.saved is not FREED:
        _follow_result(node, value, tensor)
    rebase(tensor, node)
    return tensor


def store(tensor: Any, raw: Any) -> None:
    """Write raw numbers into the memory of a tensor and move its version on."""
    target = tensor._data
    if raw.dtype.kind == "c" and target.dtype.kind != "c":
        raw = raw.real
    target[...] = raw
    if tensor._cell is not None:
        tensor._cell[0] += 1


def _keep_old(node: Any, tensor: Any) -> None:
    """The old numbers, where the op saved them, move to a copy that the write does not reach."""
    saved = node.saved
    if not saved or saved is FREED:
        return
    memory = tensor._data
    shares = backend_of(memory).shares_memory
    for place, (value, cell) in enumerate(zip(saved, node.cells, strict=False)):
        if cell is tensor._cell and cell is not None and (value is memory or shares(value, memory)):
            fresh = value.copy()
            node.saved = (*node.saved[:place], fresh, *node.saved[place + 1 :])
            node.cells = (*node.cells[:place], None, *node.cells[place + 1 :])
            node.mark -= cell[0]


def _follow_result(node: Any, value: Any, tensor: Any) -> None:
    """A saved result is now the tensor's own memory, at its new version: a later write must be noticed."""
    for place, kept in enumerate(node.saved):
        if kept is value._data and tensor._cell is not None:
            node.mark += tensor._cell[0] - (node.cells[place][0] if node.cells[place] else 0)
            node.saved = (*node.saved[:place], tensor._data, *node.saved[place + 1 :])
            node.cells = (*node.cells[:place], tensor._cell, *node.cells[place + 1 :])


def rebase(tensor: Any, node: Any) -> None:
    """Give a written tensor its new node; a view passes it on to its base."""
    view: View | None = tensor._view
    owner = tensor if view is None else base_of(view)
    data, old = owner._data, owner._node
    if node is None and old is None:
        return
    if view is not None or node is None:  # a constant written over all of it leaves it on the tape, as in PyTorch
        path, parents = () if view is None else view.path, (old, node)
        saved, cells = overwrite.save((), (data, tensor._data), (), (), parents)
        node = Node(overwrite, {"path": path}, parents, saved, cells, 0, data.shape, data.dtype)
    owner._node = node
    move_retain(old, node)
    if view is not None:
        view.seen, view.at = None, -1  # the base has a node that this view has not seen
        if tensor._node is not None and tensor._node.hooks:
            node_of(tensor)


def follow(value: Any, path: tuple[Any, ...]) -> Any:
    """Take the path of a view: each movement op in turn, on raw arrays or tensors."""
    for op, params in path:
        value = op(value, **params)
    return value


@declare("movement", (), linear=True)
def overwrite(xp, base, value, *, path):
    """The base with the part that `path` leads to replaced by the value."""
    out = xp.asarray(base).copy()
    _write(xp, out, path, value)
    return out


def _write(xp, array, path, value):
    for place, (op, params) in enumerate(path):
        part = op(array, **params)
        if not part.size:
            return
        if not xp.shares_memory(part, array):  # another memory order: the step has copied
            if op is as_strided:
                write_laid(xp, array, params, lambda part, rest=path[place + 1 :]: _write(xp, part, rest, value))
                return
            _write(xp, part, path[place + 1 :], value)
            array[...] = part.reshape(array.shape)
            return
        array = part
    array[...] = value


def _hidden_part(g: Any, path: Any) -> Any:
    """The gradient of the base: what was overwritten gets none."""
    part = follow(g, path)
    return overwrite(g, full(part, shape=part.shape, value=0), path=path)


overwrite.vjp(base=lambda g, path: _hidden_part(g, path), value=lambda g, path: follow(g, path))


def write_out(out: Any, value: Any, given: Any, name: str = "") -> Any:
    """Write a value made from the `given` tensors into an `out=` tensor.

    Raises:
        RuntimeError: where a gradient would be lost, the dtype does not fit, or `out` is a part of what is given.
    """
    if not isinstance(out, Tracked):
        raise TypeError(f"argument 'out' must be Tensor, not {type(out).__name__}")
    recorded = modes.grad and (out._node is not None or any(tensor._node is not None for tensor in given))
    if recorded and (out._node is not None or value._data.dtype.kind in "fcV"):
        raise RuntimeError(
            f"{name and name.rpartition('.')[2] + '(): '}functions with out=... arguments don't support automatic "
            "differentiation, but one of the arguments requires grad."
        )
    check_out(name, value._data.dtype, out._data.dtype)
    if out._data.shape != value._data.shape:
        if out._data.size:
            import warnings

            warnings.warn(
                f"An output with one or more elements was resized since it had shape {list(out._data.shape)}, which "
                f"does not match the required output shape {list(value._data.shape)}.", UserWarning, stacklevel=4
            )
        out._data = value._data.astype(out._data.dtype)
        if out._cell is not None:
            out._cell[0] += 1
        return out
    refuse_overlap(out)
    if name not in FREE:
        refuse_meeting(out, given, name in APART)
    store(out, value._data)
    return out
