"""The memory under a tensor: what `untyped_storage()` says of it, and `resize_`, which lays the tensor anew on it.

A storage is a look at the array that spans the memory (ops/record.py); it is made when asked for and owns nothing.
https://docs.pytorch.org/docs/stable/storage.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ._tensor import Tensor
from ._tensor_arguments import as_sizes
from .backend import dtype as dt
from .backend.device import Device
from .backend.namespace import backend_of
from .ops.mutation import refuse_change
from .ops.record import memory_of, node_of, offset_of


class TypedStorage:
    """The memory of a tensor as numbers of its dtype, from the first one on."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory

    @property
    def dtype(self) -> dt.dtype:
        """The number format."""
        return dt.of(self._memory.dtype)

    @property
    def device(self) -> Device:
        """Where the memory is."""
        return backend_of(self._memory).device_of(self._memory)

    @property
    def is_cuda(self) -> bool:
        """Whether the memory is on a CUDA device."""
        return self.device.type == "cuda"

    def element_size(self) -> int:
        """Bytes of one element."""
        return int(self._memory.itemsize)

    def nbytes(self) -> int:
        """Bytes of all elements."""
        return int(self._memory.nbytes)

    def size(self) -> int:
        """The number of elements."""
        return self.nbytes() // self.element_size()

    __len__ = size

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return int(backend_of(self._memory).pointer(self._memory))

    def is_shared(self) -> bool:
        """False: memory is not shared between processes here."""
        return False

    def _numbers(self) -> Any:
        return np.ravel(backend_of(self._memory).to_host(self._memory), order="K")

    def tolist(self) -> list[Any]:
        """The elements, in the order of memory."""
        return list(self._numbers().tolist())

    def __getitem__(self, index: int) -> Any:
        return self._numbers()[index].item()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypedStorage) and (self.data_ptr(), self.nbytes()) == (other.data_ptr(), other.nbytes())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        text = "".join(f" {number}\n" for number in self.tolist())
        return f"{text}[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {self.size()}]"


class UntypedStorage(TypedStorage):
    """The memory of a tensor as bytes."""

    def element_size(self) -> int:
        """1: an element is a byte."""
        return 1

    def _numbers(self) -> Any:
        return np.ascontiguousarray(super()._numbers()).view(np.uint8)

    def __repr__(self) -> str:
        text = "".join(f" {number}\n" for number in self.tolist())
        return f"{text}[torch.storage.UntypedStorage(device={self.device}) of size {self.size()}]"


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory of this tensor, as bytes: that of its base, if it is a view."""
    return UntypedStorage(memory_of(self))


def storage(self: Tensor) -> TypedStorage:
    """The memory of this tensor, as numbers of its dtype."""
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage class. "
        "This should only matter to you if you are using storages directly.  To access UntypedStorage directly, use "
        "tensor.untyped_storage() instead of tensor.storage()", UserWarning, stacklevel=2)  # fmt: skip
    return TypedStorage(memory_of(self))


def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Another shape on the same memory, from the same first element on, in the order of the indices.

    Where the memory is too short, the tensor moves to a longer one that starts with the same numbers and goes on with
    any; views keep the old one. A tensor that has this shape already is left as it is.

    Raises:
        RuntimeError: for a tensor that requires grad, or a negative size.
    """
    shape = as_sizes("resize_", size)
    if node_of(self) is not None:
        raise RuntimeError("cannot resize variables that require grad")
    refuse_change(self, False)
    raw, memory = self._data, memory_of(self)
    if raw.shape == shape:
        return self
    xp, offset, count = backend_of(raw), offset_of(raw, memory), math.prod(shape)
    flat = memory.reshape(-1) if memory.flags.c_contiguous and memory.dtype == raw.dtype else raw.reshape(-1)
    if flat.size != memory.size:
        offset = 0
    if offset + count > flat.size:
        longer = xp.empty((offset + count,), dtype=raw.dtype)
        longer[: flat.size] = flat
        flat = longer
    self._data, self._memory, self._view = flat[offset : offset + count].reshape(shape), flat, None
    self._bump()
    return self


def resize_as_(self: Tensor, the_template: Any, *, memory_format: Any = None) -> Tensor:
    """`resize_` to the shape of another tensor.

    Raises:
        RuntimeError: as `resize_`.
    """
    if not isinstance(the_template, Tensor):
        kind = type(the_template).__name__
        raise TypeError(f"resize_as_(): argument 'the_template' (position 1) must be Tensor, not {kind}")
    return resize_(self, the_template._data.shape)


def resize(self: Tensor, *sizes: Any) -> Tensor:
    """The same numbers in another shape of as many elements; `reshape` under its old name.

    Raises:
        RuntimeError: for another number of elements.
    """
    warnings.warn("non-inplace resize is deprecated", UserWarning, stacklevel=2)
    return _resized(self, as_sizes("resize", sizes))


def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """`resize` to the shape of another tensor.

    Raises:
        RuntimeError: as `resize`.
    """
    warnings.warn("non-inplace resize_as is deprecated", UserWarning, stacklevel=2)
    return _resized(self, tensor._data.shape)


def _resized(tensor: Tensor, shape: Any) -> Tensor:
    if math.prod(shape) != tensor.numel():
        raise RuntimeError(
            f"requested resize to {'x'.join(map(str, shape))} ({math.prod(shape)} elements in total), but the given tensor "
            f"has a size of {'x'.join(map(str, tensor.shape))} ({tensor.numel()} elements). autograd's resize can only change "
            "the shape of a given tensor, while preserving the number of elements. "
        )
    found: Tensor = tensor.contiguous().view(*shape)
    return found


def as_subclass(self: Tensor, cls: Any) -> Any:
    """This tensor's memory, version and place on the tape as an instance of a subclass of Tensor.

    Raises:
        TypeError: for a class that is none.
    """
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError(f"cls must be a type (got {type(cls).__name__})" if not isinstance(cls, type) else
                        "Creating a Tensor subclass from a class that does not inherit from Tensor is not possible. Make "
                        "sure your class inherits from Tensor.")  # fmt: skip
    alias, made = self.view_as(self), cls.__new__(cls)
    for slot in ("_data", "_node", "_cell", "_view", "_grad"):
        setattr(made, slot, getattr(alias, slot))
    return made


METHODS: dict[str, Any] = {method.__name__: method for method in (untyped_storage, storage, resize_, resize_as_,
                                                                  resize, resize_as, as_subclass)}  # fmt: skip
