"""What a tensor says of itself: sizes, strides, dtype, device, memory, and its transposes.

All of it is read off the raw array; nothing is stored twice.
"""

from __future__ import annotations

from typing import Any

from .backend import dtype as dt
from .backend.device import Device
from .backend.namespace import backend_of
from .ops.complex import imag, real
from .size import Size


class TensorMetadata:
    """The properties and questions that need only the array."""

    __slots__ = ()
    _data: Any
    _view: Any
    permute: Any
    transpose: Any

    @property
    def shape(self) -> Size:
        """The sizes of all dimensions."""
        return Size(self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """All sizes, or that of one dimension."""
        if dim is None:
            return Size(self._data.shape)
        from .ops.families import one_dim

        if not self._data.ndim:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        return self._data.shape[one_dim(dim, self._data.ndim)]

    @property
    def dtype(self) -> dt.dtype:
        """The number format."""
        return dt.of(self._data.dtype)

    @property
    def device(self) -> Device:
        """Where the array lives, read off it."""
        return backend_of(self._data).device_of(self._data)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self._data.ndim)

    def dim(self) -> int:
        """The number of dimensions."""
        return int(self._data.ndim)

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return int(self._data.size)

    nelement = numel

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return int(self._data.itemsize)

    def element_size(self) -> int:
        """Bytes of one element."""
        return int(self._data.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return int(self._data.nbytes)

    def stride(self, dim: int | None = None) -> Any:
        """Steps in elements between neighbours along each dimension, or along one."""
        array = self._data
        steps = tuple(s // array.itemsize for s in array.strides)
        if array.flags.c_contiguous:  # NumPy may keep odd strides on dimensions of size 1
            steps = tuple(_dense_strides(array.shape))
        if dim is None:
            return steps
        from .ops.families import one_dim

        return steps[one_dim(dim, array.ndim)]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether elements lie in memory in the order of their indices."""
        return bool(self._data.flags.c_contiguous)

    def storage_offset(self) -> int:
        """Elements between the start of the base's memory and this tensor's first element."""
        base = self._data if self._view is None else self._view.base._data
        pointer = backend_of(base).pointer
        return (pointer(self._data) - pointer(base)) // int(self._data.itemsize) if self._data.size else 0

    def data_ptr(self) -> int:
        """The address of the first element."""
        return int(backend_of(self._data).pointer(self._data))

    def is_floating_point(self) -> bool:
        """Whether the dtype is a real floating-point format."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the dtype is complex."""
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        """Whether the dtype has negative numbers."""
        return self.dtype.is_signed

    is_sparse = False
    is_quantized = False
    is_meta = False
    layout = "torch.strided"
    names = property(lambda self: (None,) * self._data.ndim)

    @property
    def is_cuda(self) -> bool:
        """Whether the array lives on a CUDA device."""
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        """Whether the array lives on the host."""
        return self.device.type == "cpu"

    def get_device(self) -> int:
        """The device's index, -1 on the host."""
        device = self.device
        return -1 if device.type == "cpu" else device.index or 0

    @property
    def T(self) -> Any:
        """The dimensions in reverse order."""
        dims = tuple(reversed(range(self._data.ndim)))
        return self.permute(dims)

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged."""
        return self.transpose(-2, -1)

    @property
    def H(self) -> Any:
        """The conjugate transpose of a matrix."""
        if self.ndim not in (0, 2):
            raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor.")
        return self.T.conj() if self.is_complex() else self.T

    @property
    def mH(self) -> Any:
        """The conjugate of `mT`."""
        return self.mT.conj() if self.is_complex() else self.mT

    @property
    def real(self) -> Any:
        """The real part."""
        return real(self) if self.is_complex() else self

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return imag(self)


def _dense_strides(shape: Any) -> list[int]:
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= max(size, 1)
    return steps[::-1]
