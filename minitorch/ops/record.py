"""Running an op on tensors: peel the arrays, settle the dtypes, run the forward, write the node.

`record` is what `op(tensor, ...)` comes to. The order is: parameters to one form (`op.check`), operands to one dtype
(recorded casts), forward under the array's namespace with floating-point warnings off, then, where grad mode is on and
an input has a node, one Node. A result that shares memory with its input becomes a view: it keeps its base and the path
from it, so that an in-place write through either is seen by the other's gradient.
"""

from __future__ import annotations

from typing import Any

from ..backend.host import F32, F64, HOST, asarray, ndarray
from ..backend.namespace import backend_among, backend_of
from ..graph.hooks import hooks_of
from ..graph.modes import modes, packing, recording
from ..graph.node import Node, Port
from ..tracked import Tracked
from .op import Op
from .promotion import match_devices, promote
from .shapes import explain

#: What operands are where all of them are on the host.
HOST_KINDS = frozenset((ndarray, bool, int, float, complex, type(None)))


class View:
    """Where a view comes from: its base, and the movement ops that lead from the base to it.

    Attributes:
        path: the (op, params) steps from the base; None for a result of a custom Function, whose gradient is its own
            affair and cannot be rebuilt.
        seen: the base's node when this view's own node was made; if the base has another by now, the view's node is
            rebuilt from the path at the next read.
        refusal: None, or why a recorded in-place write to this view is refused: "no_grad", or what made it.
    """

    __slots__ = ("at", "base", "path", "refusal", "seen")

    def __init__(self, base: Any, path: tuple[Any, ...] | None, refusal: str | None = None) -> None:
        self.base = base
        self.path = path
        self.refusal = refusal
        self.seen = base._node
        cell = base._cell
        self.at = cell[0] if cell is not None else 0

    def refused(self, what: str) -> str:
        """Why a write to this view, or a read of it after a write to its base, is refused: PyTorch's words."""
        if self.refusal == "no_grad":
            return (
                f"A view was created in no_grad mode and {what} modified inplace with grad mode enabled. Given that "
                "this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
                "the view and the inplace either both inside the no_grad block (if you don't want the inplace to be "
                "tracked) or both outside (if you want the inplace to be tracked)."
            )
        start = f"Output 0 of {self.refusal} is a view and {what} modified inplace. This view "
        if self.path is None:
            return start + (
                "was created inside a custom Function (or because an input was returned as-is) and the autograd logic "
                "to handle view+inplace would override the custom backward associated with the custom Function, "
                "leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of "
                "the custom Function."
            )
        return start + (
            "is the output of a function that returns multiple views. Such functions do not allow the output views to "
            "be modified inplace. You should replace the inplace operation by an out-of-place one."
        )


def current_node(tensor: Any) -> Any:
    """The node of a view, rebuilt from its path if its base has been written through since.

    Raises:
        RuntimeError: for a view made under no_grad or by a custom Function, which cannot be rebuilt.
    """
    view = tensor._view
    base = view.base
    if base._view is not None:
        base = base_of(view)
    if base._cell is None or base._cell[0] == view.at or base._node is view.seen:
        return tensor._node
    if view.path is None or view.refusal == "no_grad":
        if modes.grad:
            raise RuntimeError(view.refused("its base or another view of its base has been"))
        return tensor._node
    before, modes.grad = modes.grad, True
    try:
        again = tensor._wrap(base._data, base._node, base._cell)
        for op, params in view.path:
            again = op(again, **params)
    finally:
        modes.grad = before
    move_retain(tensor._node, again._node)
    tensor._node = again._node
    view.seen, view.at = base._node, base._cell[0]
    return tensor._node


def base_of(view: View) -> Any:
    """The base of a view, also where the base has been laid out anew since (`t_`) and is itself a view by now."""
    if view.base._view is not None:
        view.base = view.base._view.base
    return view.base


def memory_of(tensor: Any) -> Any:
    """The array that spans the memory a tensor lies on: its base's, or what a detached view was cut from."""
    owner = tensor if tensor._view is None else base_of(tensor._view)
    memory = getattr(owner, "_memory", None)
    if memory is None or not backend_of(memory).shares_memory(memory, owner._data):
        return owner._data
    return memory


def offset_of(array: Any, memory: Any) -> int:
    """Elements between the start of the memory and an array's first element."""
    pointer = backend_of(memory).pointer
    distance = pointer(array) - pointer(memory)
    return int(distance // array.itemsize) if array.size or 0 <= distance <= memory.nbytes else 0


def move_retain(old: Any, node: Any) -> None:
    """`retain_grad` stays with the tensor; hooks stay with the value they were registered on."""
    if old is not None and node is not None and old.hooks and old.hooks.retain is not None:
        hooks_of(node).retain = old.hooks.retain
        old.hooks.retain = None


def node_of(tensor: Any) -> Any:
    """The node to send gradients of `tensor` to."""
    return tensor._node if tensor._view is None else current_node(tensor)


def record_one(op: Op, source: Any, params: dict[str, Any]) -> Any:
    """`record` for one float32 or float64 host tensor in and one out: nothing to promote, nothing to match."""
    data = source._data
    kind = data.dtype
    if data.__class__ is not ndarray or (kind is not F32 and kind is not F64) or op.fast:
        return record(op, (source,), params)
    node = source._node if source._view is None else current_node(source)
    if op.check is not None:
        params = op.check((data,), params)
    raw = op.forward(HOST, data, **params) if op.silent else modes.run(op.forward, HOST, data, **params)
    if raw.__class__ is not ndarray:
        raw = asarray(raw)
    if op.view and (raw.base is data or raw is data or (
            raw.base is not None and (raw.base is data.base or HOST.shares_memory(raw, data)))):  # fmt: skip
        cell = source._cell
        result = source._wrap(raw, None, cell)
        if source._view is None and modes.grad:
            result._view = View(source, ((op, params),))
        else:
            _as_view(result, source, op, params)
        if cell is None:
            result._cell = None
    else:
        result = source._wrap(raw)
        if modes.inference:
            result._cell = None
    kind = raw.dtype
    if node is not None and op.differentiable and modes.grad and (kind is F32 or kind is F64 or kind.kind in "fcV"):
        saved, cells, mark = op.save_one(source, data, raw, result._cell)
        result._node = made = Node(op if kind is F32 or kind is F64 else _recorded(op, (data,), raw), params, (node,),
                                   saved, cells, mark, raw.shape, kind)  # fmt: skip
        if recording:
            made.note = recording[-1](made, (source,), raw)
        if packing:
            packing[-1](made, (source,))
    return result


#: `op.one(tensor, params)`: the shortest way into an op with one tensor and parameters, for compositions on the hot path.
Op.one = record_one  # type: ignore[attr-defined]


def record(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run `op` on arguments of which at least one is a tensor."""
    if len(args) < len(op.inputs):
        args = (*args, *[None] * (len(op.inputs) - len(args)))
    args = promote(op, args)
    datas: list[Any] = []
    parents: list[Any] = []
    first: Any = None
    wanted, at_home = False, True
    on_tape = modes.grad and op.differentiable
    for arg in args:
        if isinstance(arg, Tracked):
            data = arg._data
            datas.append(data)
            first = first or (arg,)
            if data.__class__ is not ndarray:
                at_home = False
            if on_tape:
                node = arg._node if arg._view is None else current_node(arg)  # type: ignore[attr-defined]
                parents.append(node)
                if node is not None:
                    wanted = True
        else:
            datas.append(arg)
            parents.append(None)
            if arg.__class__ not in HOST_KINDS:
                at_home = False
    if op.check is not None:
        params = op.check(datas, params)
    make = first[0]._wrap
    xp: Any = HOST
    if not at_home:
        xp = backend_among(datas)
        if xp.name != "cpu" or not HOST_KINDS.issuperset([data.__class__ for data in datas]):
            match_devices(op, datas)
            xp = backend_among(datas)
    if op.joint is not None and any(getattr(d, "dtype", None) is not None and d.dtype.kind == "c" for d in datas):
        return op.definition(*args, **params)  # type: ignore[misc]
    kind = getattr(datas[0], "dtype", None)
    simple = (kind is F32 or kind is F64) and xp is HOST
    if simple and op.plain and op.silent:
        out = op.forward(HOST, *datas, **params)
    else:
        try:
            out = modes.run(op.compute, xp, datas, params)
        except ValueError as error:
            raise explain(op, datas, error) from None
    if len(op.results) > 1:
        return _several(op, args, params, datas, parents, out, wanted, make, xp)
    outs: Any = out if op.hidden else (out,)
    raw = outs[0]
    if raw.__class__ is not xp.array:
        home = backend_of(raw)  # a transfer's result is at home elsewhere; NumPy's numbers become 0-d arrays
        raw = raw if raw.__class__ is home.array and home.name != "scalar" else xp.asarray(raw)
        outs = (raw, *outs[1:])
    if op.view and xp.shares_memory(raw, datas[0]):
        result = make(raw, None, first[0]._cell)
        _as_view(result, first[0], op, params)
        if first[0]._cell is None:
            result._cell = None
    else:
        result = make(raw)
        if modes.inference:
            result._cell = None
    if wanted and raw.dtype.kind in "fcV":
        saved, cells = op.save(args, datas, outs, (result._cell,), parents)
        mark = 0
        for cell in cells:
            if cell is not None:
                mark += cell[0]
        made = op if simple and (raw.dtype is F32 or raw.dtype is F64) and op.promotes else _recorded(op, datas, raw)
        result._node = node = Node(made, params, tuple(parents), saved, cells, mark, raw.shape, raw.dtype)
        if recording:
            node.note = recording[-1](node, args, raw)
        if packing:
            packing[-1](node, args)
    return result


def _recorded(op: Op, datas: Any, raw: Any) -> Op:
    """The op to write on the node: for complex numbers, its conjugated twin."""
    if raw.dtype.kind != "c":
        for data in datas:
            kind = getattr(data, "dtype", None)
            if (kind is not None and kind.kind == "c") or data.__class__ is complex:
                break
        else:
            return op
    return op.conjugated if op.holomorphic else op


def _as_view(result: Any, source: Any, op: Op, params: dict[str, Any]) -> None:
    path: Any
    refusal = None
    if source._view is None:
        base, path = source, ((op, params),)
    else:
        base, path = source._view.base, source._view.path
        path = None if path is None else (*path, (op, params))
        refusal = source._view.refusal
    if not modes.grad and refusal is None:
        refusal = "no_grad"
    result._view = View(base, path, refusal)


def _several(op: Op, args: Any, params: Any, datas: Any, parents: Any, out: Any, wanted: bool, make: Any, xp: Any
             ) -> tuple[Any, ...]:  # fmt: skip
    """The results of an op with several: one node for the op, and a port from each result to it."""
    count = len(op.results)
    raws = tuple(raw if raw.__class__ is xp.array else xp.asarray(raw) for raw in out[:count])
    results = tuple(make(raw) for raw in raws)
    if modes.inference:
        for result in results:
            result._cell = None
    if wanted:
        outs = (*raws, *out[count:])
        saved, cells = op.save(args, datas, outs, tuple(r._cell for r in results), parents)
        mark = sum(cell[0] for cell in cells if cell is not None)
        node = Node(_recorded(op, datas, raws[0]), params, tuple(parents), saved, cells, mark, None, None)
        if recording:
            node.note = recording[-1](node, args, raws)
        if packing:
            packing[-1](node, args)
        for index, (raw, result) in enumerate(zip(raws, results, strict=True)):
            if raw.dtype.kind in "fcV":
                result._node = port_to(node, index, raw)
    return results


def port_to(node: Any, index: int, raw: Any) -> Node:
    """The node of one of several results."""
    op = node.op
    port = Node(Port(op.name, index, op.results), {}, (node,), (), (), 0, raw.shape, raw.dtype)
    port.note = node.note
    return port
