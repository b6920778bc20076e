"""The functions that make tensors: tensor, zeros, arange, eye, ... with PyTorch's arguments and inference.

Data is read on the host (_tensor_data.py) and put on its device; constants are made there at once. What comes out is
a leaf: no node unless `requires_grad` asks for one. The functions of create_like.py, create_ranges.py and
create_random.py are listed here too. https://docs.pytorch.org/docs/stable/torch.html#creation-ops
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from . import (
    _tensor_apply,
    _tensor_random,
    _tensor_sparse_methods,
    _tensor_storage,
    create_like,
    create_random,
    create_ranges,
    create_windows,
)
from ._tensor import Tensor
from ._tensor_arguments import (
    as_dtype,
    as_int,
    as_number,
    as_sizes,
    finish,
    home,
    need_strided,
    out_dtype,
    wrap,
)
from ._tensor_constants import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from ._tensor_data import Array, array_of, checked, convert, fitted
from ._tensor_numpy import from_dlpack
from ._tensor_repr import get_printoptions, printoptions, set_printoptions
from .backend import dtype as dt
from .backend.namespace import backend_of
from .create_like import *  # noqa: F403
from .create_like import strided_memory
from .create_random import *  # noqa: F403
from .create_ranges import *  # noqa: F403
from .create_windows import *  # noqa: F403
from .ops.compiling import FROM_NUMBER
from .size import Size
from .tracked import Tracked

__all__ = [
    "as_tensor", "asarray", "channels_last", "channels_last_3d", "contiguous_format", "empty", "empty_permuted",
    "empty_strided", "eye",
    "from_dlpack", "from_numpy", "frombuffer", "full", "get_printoptions", "layout", "memory_format", "ones",
    "preserve_format", "printoptions", "scalar_tensor", "set_printoptions", "strided", "tensor", "zeros",
]  # fmt: skip
__all__ += create_like.__all__
__all__ += create_random.__all__
__all__ += create_ranges.__all__
__all__ += create_windows.__all__

#: Methods of a tensor that make or fill tensors: name -> function. `Tensor` takes them from here.
METHODS: dict[str, Any] = (create_like.METHODS | create_random.METHODS | _tensor_random.METHODS | _tensor_apply.METHODS
                           | _tensor_storage.METHODS)  # fmt: skip

_COPY = ("To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
         "sourceTensor.detach().clone().requires_grad_(True), rather than {}(sourceTensor).")  # fmt: skip


# ---- from data -----------------------------------------------------------------------------------------------------
def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
           pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A leaf holding a copy of `data`: a number, nested sequences of numbers, a NumPy array or a tensor.

    Without `dtype`, ints are int64, floats the default dtype, and NumPy's numbers keep theirs.

    Raises:
        ValueError: rows of unequal length; an integer beyond 64 bits.
        TypeError, RuntimeError: something that is no number, or does not fit into `dtype`.
    """
    if isinstance(data, Tracked):
        warnings.warn(_COPY.format("torch.tensor"), UserWarning, stacklevel=2)
    raw = array_of(data, dtype if dtype is None else as_dtype("tensor", dtype))
    return wrap(_place(data, device).asarray(raw), requires_grad)


def _place(data: Any, device: Any) -> Any:
    return backend_of(data._data) if device is None and isinstance(data, Tracked) else home(device)


def tensor_from(data: Any, dtype: dt.dtype | None = None, device: Any = None) -> Tensor:
    """A tensor without a node, for internal use; memory is shared with an array where dtype and device allow."""
    if isinstance(data, Tracked):
        raw = data._data if dtype is None else convert(data._data, dtype.numpy)
        xp = _place(data, device)
        return wrap(raw if backend_of(raw) is xp else xp.asarray(backend_of(raw).to_host(raw)))
    return wrap(home(device).asarray(_shared(data, dtype) if isinstance(data, np.ndarray) else array_of(data, dtype)))


FROM_NUMBER.append(tensor_from)

def _shared(array: Array, dtype: dt.dtype | None) -> Array:
    raw = np.asarray(checked(array))
    return raw if dtype is None else np.asarray(convert(raw, dtype.numpy))


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor: itself (with its history) or sharing its memory where dtype and device allow, else a copy."""
    dtype = as_dtype("as_tensor", dtype)
    if isinstance(data, Tensor):
        found: Tensor = data.to(dtype=dtype, device=device)
        return found
    return tensor_from(data, dtype, device)


def from_numpy(ndarray: Any, /) -> Tensor:
    """A tensor that shares its memory with a NumPy array, whatever its strides.

    Raises:
        TypeError: for anything but an array, or for a dtype that tensors do not have.
        ValueError: for a foreign byte order.
    """
    if not isinstance(ndarray, np.ndarray):
        kind = type(ndarray)
        name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        raise TypeError(f"expected np.ndarray (got {name})")
    return wrap(np.asarray(checked(ndarray)))


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None,
            requires_grad: bool | None = None) -> Tensor:  # fmt: skip
    """A tensor from a tensor, an array, a DLPack exporter, a buffer, a number or a sequence, shared where possible.

    Args:
        copy: True always copies; False raises where sharing is impossible.
        requires_grad: None keeps that of `obj`, with its history; False detaches.

    Raises:
        ValueError: where `copy=False` cannot be done.
    """
    target = as_dtype("asarray", dtype)
    found: Any
    if isinstance(obj, Tracked | np.ndarray) or hasattr(obj, "__dlpack__"):
        source: Any = from_numpy(obj) if isinstance(obj, np.ndarray) else obj
        source = source if isinstance(source, Tracked) else from_dlpack(source)
        found = source.to(dtype=target, device=device)
        if copy is False and found is not source:
            if found.dtype is not source.dtype:
                raise ValueError(f"can't alias tensor with dtype '{dt.SCALAR_TYPES[source.dtype.name]}' into dtype "
                                 f"'{dt.SCALAR_TYPES[found.dtype.name]}'.")  # fmt: skip
            raise ValueError(f"can't alias tensor from device '{source.device}' to '{found.device}'.")
        if copy and found is source:
            found = source.clone()
    elif _has_buffer(obj):
        found = frombuffer(obj, dtype=target or dt.default()).to(device=device)
        found = found.clone() if copy else found
    else:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        return tensor(obj, dtype=target, device=device, requires_grad=bool(requires_grad))
    if requires_grad is False and found.requires_grad:
        return found.detach()  # type: ignore[no-any-return]
    if requires_grad and not found.requires_grad:
        return wrap(found._data, True)
    return found  # type: ignore[no-any-return]


def _has_buffer(obj: Any) -> bool:
    if isinstance(obj, np.generic):
        return False
    try:
        memoryview(obj)
    except TypeError:
        return False
    return True


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A 1-D tensor on the memory of an object with Python's buffer protocol.

    Args:
        count: how many elements; negative for all.
        offset: bytes to skip.

    Raises:
        ValueError: for something that is no buffer, or where it is too short or does not divide into elements.
    """
    try:
        length = memoryview(buffer).nbytes
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    target = as_dtype("frombuffer", dtype) or dt.default()
    size = target.itemsize
    if not length or not count:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} "
                         "bytes) minus 1")  # fmt: skip
    if count < 0:
        if (length - offset) % size:
            raise ValueError(f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a "
                             f"multiple of element size ({size})")  # fmt: skip
        count = (length - offset) // size
    elif offset + count * size > length:
        raise ValueError(f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not be "
                         f"greater than actual buffer length ({length} bytes)")  # fmt: skip
    return wrap(np.frombuffer(buffer, target.numpy, count, offset), requires_grad)


def scalar_tensor(s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
                  pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A 0-d tensor of a number, in the default dtype unless told otherwise."""
    need_strided("scalar_tensor", layout)
    target = as_dtype("scalar_tensor", dtype) or dt.default()
    raw = array_of(fitted(as_number("scalar_tensor", "s", 1, s), target), target)
    return wrap(home(device).asarray(raw), requires_grad)


def legacy_array(data: tuple[Any, ...], dtype: Any = None, device: Any = None) -> Any:
    """The raw array of `Tensor(...)`: uninitialised for sizes, a copy in the default dtype for data.

    Raises:
        TypeError: for a single number that is no size.
    """
    target = as_dtype("new", dtype) or dt.default()
    first = data[0] if data else 0
    if len(data) == 1 and not isinstance(first, int | Size):
        if isinstance(first, Tracked):
            return first._data
        if isinstance(first, float | complex):
            raise TypeError(f"new(): data must be a sequence (got {type(first).__name__})")
        return home(device).asarray(array_of(first, target))
    return home(device).empty(as_sizes("new", data or (0,)), dtype=target.numpy)


def new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """`Tensor(...)` in this tensor's dtype and on its device; `new_tensor` and `new_empty` say better what is meant."""
    return wrap(legacy_array(data, self.dtype, self.device if device is None else device))


METHODS["new"] = new
METHODS |= _tensor_sparse_methods.METHODS


# ---- constants -----------------------------------------------------------------------------------------------------
def zeros(*sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Zeros of the given sizes."""
    need_strided("zeros", layout)
    shape = as_sizes("zeros", sizes, size)
    target = out_dtype("zeros", out, as_dtype("zeros", dtype))
    return finish(home(device).zeros(shape, dtype=target), out, requires_grad)


def ones(*sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Ones of the given sizes."""
    need_strided("ones", layout)
    shape = as_sizes("ones", sizes, size)
    target = out_dtype("ones", out, as_dtype("ones", dtype))
    return finish(home(device).ones(shape, dtype=target), out, requires_grad)


def empty(*sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """A tensor of the given sizes whose numbers are whatever the memory held."""
    need_strided("empty", layout)
    shape = as_sizes("empty", sizes, size)
    target = out_dtype("empty", out, as_dtype("empty", dtype))
    return finish(home(device).empty(shape, dtype=target), out, requires_grad)


def full(size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A tensor filled with a number, in the number's dtype unless told otherwise.

    Raises:
        RuntimeError: for a number that the dtype cannot hold.
    """
    need_strided("full", layout)
    if not isinstance(size, tuple | list):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    shape = as_sizes("full", (size,))
    value = as_number("full", "fill_value", 2, fill_value)
    target = out_dtype("full", out, as_dtype("full", dtype), dt.of_number(value))
    return finish(home(device).full(shape, fitted(value, dt.of(target)), dtype=target), out, requires_grad)


def eye(n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere; `m` is `n` where not given."""
    need_strided("eye", layout)
    rows = as_int("eye", "n", 1, n)
    columns = rows if m is None else as_int("eye", "m", 2, m)
    for name, count in (("n", rows), ("m", columns)):
        if count < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {count}")
    target = out_dtype("eye", out, as_dtype("eye", dtype))
    return finish(home(device).eye(rows, columns, dtype=target), out, requires_grad)


def empty_strided(size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
                  requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uninitialised memory seen through the given strides (in elements).

    Raises:
        RuntimeError: where sizes and strides differ in number, or a stride is negative.
    """
    need_strided("empty_strided", layout)
    shape = as_sizes("empty_strided", (size,))
    target = (as_dtype("empty_strided", dtype) or dt.default()).numpy
    return wrap(strided_memory(home(device), shape, tuple(stride), target), requires_grad)


def empty_permuted(size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
                   requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uninitialised dense memory whose dimensions lie, from the outermost to the innermost, in the order given.

    Raises:
        RuntimeError: where the order is no permutation of the dimensions.
    """
    shape, order = as_sizes("empty_permuted", (size,)), tuple(physical_layout)
    if len(order) != len(shape):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(shape)} is not equal to len(physical_layout) = {len(order)}"
        )
    for dim in order:
        if not 0 <= dim < len(shape):
            raise RuntimeError(f"Dimension out of range (expected to be between 0 and {len(shape) - 1}, but got {dim} at index "
                               f"{order.index(dim)}).  NB: negative dims not currently supported; file an issue if you want "
                               "it.")  # fmt: skip
    if len(set(order)) != len(order):
        raise RuntimeError("Duplicate dim not allowed")
    strides, room = [0] * len(shape), 1
    for dim in reversed(order):
        strides[dim] = room
        room *= max(shape[dim], 1)
    return empty_strided(shape, strides, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad,
                         pin_memory=pin_memory)  # fmt: skip
