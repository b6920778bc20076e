"""What a tensor says of itself: sizes, strides, dtype, device, memory, and its transposes.

All of it is read off the raw array; nothing is stored twice.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

from ._tensor_constants import memory_format, strided
from .backend import dtype as dt
from .backend.device import Device
from .backend.namespace import backend_of
from .ops.complex import imag, real
from .ops.record import memory_of, offset_of
from .size import Size

_new_size = tuple.__new__
#: Dimensions from the widest stride to the narrowest, of the memory formats that are not the order of the indices.
ORDERS = {"torch.channels_last": (0, 2, 3, 1), "torch.channels_last_3d": (0, 2, 3, 4, 1)}


class TensorMetadata:
    """The properties and questions that need only the array."""

    __slots__ = ()
    _data: Any
    _view: Any
    adjoint: Any
    permute: Any
    transpose: Any

    @property
    def shape(self) -> Size:
        """The sizes of all dimensions."""
        return _new_size(Size, self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """All sizes, or that of one dimension."""
        if dim is None:
            return _new_size(Size, self._data.shape)
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
        steps: Any = [s // array.itemsize for s in array.strides]
        if not array.size or (
                self._view is None and array.flags.c_contiguous and not hasattr(self, "_memory")):  # fmt: skip
            steps = _dense_strides(array.shape)  # NumPy keeps odd strides on dimensions of size 1 of its results
        elif 0 in steps:  # and 0 on new ones
            for axis in range(array.ndim - 1, -1, -1):
                if array.shape[axis] == 1 and not steps[axis]:
                    steps[axis] = array.shape[axis + 1] * steps[axis + 1] if axis + 1 < array.ndim else 1
        steps = tuple(steps)
        if dim is None:
            return steps
        from .ops.families import one_dim

        return steps[one_dim(dim, array.ndim)]

    def is_contiguous(self, *, memory_format: Any = None) -> bool:
        """Whether elements lie in memory in the order of their indices, or in that of `memory_format`."""
        order = None if memory_format is None else ORDERS.get(str(memory_format))
        if order is None:
            return bool(self._data.flags.c_contiguous)
        return len(order) == self._data.ndim and bool(self._data.transpose(order).flags.c_contiguous)

    def dim_order(self, *, ambiguity_check: Any = False) -> tuple[int, ...]:
        """The dimensions from the widest stride to the narrowest; dimensions of equal strides in order.

        Args:
            ambiguity_check: True refuses where sizes of 1 or equal strides leave a choice; so does a list of memory
                formats, unless exactly one of them holds.

        Raises:
            RuntimeError: where there is a choice that was not allowed.
        """
        formats = ambiguity_check if isinstance(ambiguity_check, list) else []
        if not isinstance(ambiguity_check, bool | list) or not all(isinstance(f, memory_format) for f in formats):
            raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
        steps = self.stride()
        open_choice = 1 in self._data.shape or any(one == other for one, other in itertools.pairwise(steps))
        if ambiguity_check is not False and open_choice and sum(self.is_contiguous(memory_format=f) for f in formats) != 1:
            raise RuntimeError("The tensor does not have unique dim order, or cannot map to exact one of the given "
                               "memory formats.")  # fmt: skip
        return tuple(sorted(range(len(steps)), key=lambda dim: -steps[dim]))

    def storage_offset(self) -> int:
        """Elements between the start of the base's memory and this tensor's first element."""
        return offset_of(self._data, memory_of(self))

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

    def is_same_size(self, other: Any) -> bool:
        """Whether two tensors have the same shape."""
        return bool(self._data.shape == other._data.shape)

    def is_nonzero(self) -> bool:
        """Whether the only element is not zero.

        Raises:
            RuntimeError: for a tensor of none or of several elements.
        """
        return bool(self)

    def is_neg(self) -> bool:
        """Whether a negation is still to be done: never, for it is done at once here."""
        return False

    def is_distributed(self) -> bool:
        """False: a tensor is all here."""
        return False

    def is_set_to(self, tensor: Any) -> bool:
        """Whether another tensor lies on the same memory, at the same place and with the same strides."""
        if not isinstance(tensor, TensorMetadata):
            kind = type(tensor).__name__
            raise TypeError(f"is_set_to(): argument 'tensor' (position 1) must be Tensor, not {kind}")
        return bool(self.data_ptr() == tensor.data_ptr() and self.shape == tensor.shape
                    and self.stride() == tensor.stride() and self.dtype is tensor.dtype)  # fmt: skip

    is_sparse = is_sparse_csr = is_quantized = is_meta = is_mps = is_xpu = is_xla = is_ipu = False
    is_mkldnn = is_nested = False
    name = None
    layout = strided

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
        ndim = self._data.ndim
        if ndim != 2:
            warnings.warn(
                "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases." if not ndim else
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
                "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
                "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
                UserWarning, stacklevel=2)  # fmt: skip
        return self.permute(tuple(reversed(range(ndim))))

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged."""
        self._need_matrix("mT")
        return self.transpose(-2, -1) if self._data.ndim else self

    @property
    def H(self) -> Any:
        """The conjugate transpose of a matrix."""
        if self.ndim not in (0, 2):
            raise RuntimeError(
                f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor."
                + " For batches of matrices, consider using tensor.mH" * (self.ndim > 2)
            )
        self._need_matrix("H")
        return self.adjoint()

    @property
    def mH(self) -> Any:
        """The conjugate of `mT`."""
        self._need_matrix("mH")
        return self.adjoint()

    def _need_matrix(self, name: str) -> None:
        if not self._data.ndim:
            rest = " Consider using x.conj()." if "H" in name else " This function is the identity in these cases."
            warnings.warn(f"Tensor.{name} is deprecated on 0-D tensors.{rest}", UserWarning, stacklevel=3)
        if self._data.ndim == 1:
            raise RuntimeError(
                f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor."
            )

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
