"""`as_strided`: any window on the memory of a tensor, and what goes with it.

The window is recorded on the tensor that owns the memory, not on the view it was asked of: it may reach beyond that view,
and its gradient must reach there too. (PyTorch records it on the view and loses what lies outside.)
"""

from __future__ import annotations

from typing import Any

from ..backend.dtype import SCALAR_TYPES, of
from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..ops import striding as ops
from ..ops.arithmetic import cast, clone
from ..ops.front import public
from ..ops.mutation import overwrite, refuse_change, writes_history
from ..ops.record import View, base_of, memory_of, offset_of
from ..ops.striding import layout_of, overlaps, reach
from ..tracked import Tracked


def _sizes(values: Any, name: str, place: int, function: str = "as_strided") -> tuple[int, ...]:
    if not isinstance(values, tuple | list):
        raise TypeError(f"{function}(): argument '{name}' (position {place}) must be tuple of ints, not "
                        f"{type(values).__name__}")  # fmt: skip
    return tuple([int(value.__index__()) for value in values])


def _checked(memory: Any, item: int, size: Any, stride: Any, offset: int) -> None:
    """Whether a window fits into the memory.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape (sizes {list(size)}, strides {list(stride)})")
    if min(stride, default=0) < 0:
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    if min(size, default=0) < 0:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    need = (offset + reach(size, stride)[1] + 1) * item
    have = (reach(memory.shape, layout_of(memory))[1] + 1) * memory.itemsize
    if 0 not in size and need > have:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {item} "
            f"requiring a storage size of {need} are out of bounds for storage of size {have}"
        )


def _window(input: Any, size: Any, stride: Any, storage_offset: Any, function: str) -> tuple[Any, dict[str, Any]]:
    """The tensor that a window is recorded on, and the parameters of the op."""
    raw, memory = input._data, memory_of(input)
    size, stride = _sizes(size, "size", 2, function), _sizes(stride, "stride", 3, function)
    start = offset_of(raw, memory)
    offset = start if storage_offset is None else int(storage_offset.__index__())
    _checked(memory, raw.itemsize, size, stride, offset)
    view: View | None = input._view
    owner, here = input, start
    if view is not None and view.refusal is None and view.path is not None:
        base = base_of(view)
        if base._data.dtype == raw.dtype:
            owner, here = base, offset_of(base._data, memory)
    return owner, {"size": size, "stride": stride, "offset": offset - here, "layout": layout_of(owner._data)}


@public("(input, size, stride, storage_offset=None)", inplace=True)
def as_strided(input: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """A view of the memory of a tensor with these sizes and strides, from `storage_offset` (its own) on.

    Raises:
        RuntimeError: for negative strides, or a window that does not fit into the memory.
    """
    owner, params = _window(input, size, stride, storage_offset, "as_strided")
    out = ops.as_strided(owner, **params)
    if out._view is None:  # gaps in the owner's memory: the op knows its elements only, the memory has more
        out._data = ops.window(backend_of(owner._data), owner._data, params["size"], params["stride"], params["offset"])
        out._cell = owner._cell
        base, path = (owner, ()) if owner._view is None else (base_of(owner._view), owner._view.path)
        refusal = None if owner._view is None else owner._view.refusal
        out._view = View(base, None if path is None else (*path, (ops.as_strided, params)),
                         refusal if modes.grad or refusal else "no_grad")  # fmt: skip
    return out


@public("(input, size, stride, storage_offset=None, *, out=None)", method=False)
def as_strided_copy(input: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """`as_strided`, as a copy.

    Raises:
        RuntimeError: as `as_strided`.
    """
    return clone(as_strided(input, size, stride, storage_offset))


@public("(input, src, size, stride, storage_offset=None)")
def as_strided_scatter(input: Any, src: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """input with the window `input.as_strided(size, stride, storage_offset)` replaced by src.

    Raises:
        RuntimeError: as `as_strided`; for a src of another shape, or a window that overlaps itself.
    """
    _, params = _window(input, size, stride, storage_offset, "as_strided_scatter")
    raw = input._data
    here = offset_of(raw, memory_of(input))
    offset = here if storage_offset is None else int(storage_offset)
    params |= {"offset": offset - here, "layout": layout_of(raw)}
    if src._data.shape != params["size"]:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src._data.shape)}, slice size = "
            f"{list(params['size'])}"
        )
    if overlaps(params["size"], params["stride"]):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    if src._data.dtype != raw.dtype:
        src = cast(src, dtype=raw.dtype)
    return overwrite(input, src, path=((ops.as_strided, params),))


@public("(input, source=None, storage_offset=0, size=None, stride=None)", name="set_", functional=False)
def set_(input: Any, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Any:
    """The tensor on other memory: that of `source`, laid out as source is, or as said; without a source, on none.

    Raises:
        TypeError, RuntimeError: for another dtype or device, a window that does not fit, or where a gradient is recorded.
    """
    if source is not None and not isinstance(source, Tracked):
        raise TypeError(f"set_(): argument 'source' (position 1) must be Tensor, not {type(source).__name__}")
    refuse_change(input, writes_history(input, source))
    if writes_history(input, source):
        raise RuntimeError("the derivative for 'set_' is not implemented. Hint: copy_() writes numbers with a gradient.")
    xp = backend_of(input._data)
    if source is None:
        input._data = input._memory = xp.empty((0,), dtype=input._data.dtype)
    else:
        if source._data.dtype != input._data.dtype:
            kinds = [SCALAR_TYPES[of(tensor._data.dtype).name].lower() for tensor in (source, input)]
            raise RuntimeError(f"Could not set tensor of type {kinds[0]} to a tensor of type {kinds[1]}")
        if backend_of(source._data) is not xp:
            raise RuntimeError(f"Could not set a tensor of {backend_of(source._data).name} memory to a tensor of {xp.name}")
        memory = memory_of(source)
        if size is None:
            input._data = source._data
        else:
            if not source._data.flags.c_contiguous:
                raise RuntimeError("passed in tensor to be used as storage must be contiguous")
            size = _sizes(size, "size", 3, "set_")
            if stride is None:
                steps = [1]
                for n in size[:0:-1]:
                    steps.insert(0, steps[0] * max(n, 1))
                stride = tuple(steps[: len(size)])
            storage_offset = int(storage_offset) + offset_of(source._data, memory)
            _checked(memory, memory.itemsize, size, _sizes(stride, "stride", 4, "set_"), storage_offset)
            input._data = ops.window(xp, memory, size, tuple(stride), storage_offset)
        input._memory = memory
    input._view = None
    if input._node is not None:  # a leaf under no_grad
        input._node.shape = input._data.shape
    input._bump()
    return input
