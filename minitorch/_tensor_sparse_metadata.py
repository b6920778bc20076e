"""What a sparse tensor says of itself: sizes, dtype, device, how many elements it holds, and where."""

from __future__ import annotations

from typing import Any

from ._tensor_constants import sparse_coo
from .backend import dtype as dt
from .backend.device import Device
from .ops.families import one_dim
from .ops.shape import reshape
from .size import Size


class SparseMetadata:
    """The properties and questions that need only the parts: see `SparseTensor`."""

    __slots__ = ()
    _places: Any
    _held: Any
    _sizes: tuple[int, ...]
    _sorted: bool
    is_sparse = True
    permute: Any
    transpose: Any
    _with: Any

    @property
    def shape(self) -> Size:
        """The sizes of all dimensions, sparse ones first."""
        return Size(self._sizes)

    def size(self, dim: int | None = None) -> Any:
        """All sizes, or that of one dimension."""
        return Size(self._sizes) if dim is None else self._sizes[one_dim(dim, len(self._sizes))]

    @property
    def dtype(self) -> dt.dtype:
        """The number format of the values."""
        found: dt.dtype = self._held.dtype
        return found

    @property
    def device(self) -> Device:
        """Where places and values live."""
        found: Device = self._held.device
        return found

    @property
    def layout(self) -> Any:
        """`torch.sparse_coo`."""
        return sparse_coo

    @property
    def ndim(self) -> int:
        """The number of dimensions, sparse and dense."""
        return len(self._sizes)

    def dim(self) -> int:
        """The number of dimensions, sparse and dense."""
        return len(self._sizes)

    ndimension = dim

    def numel(self) -> int:
        """The number of elements of the whole, stored or not."""
        return int(Size(self._sizes).numel())

    nelement = numel

    @property
    def itemsize(self) -> int:
        """Bytes of one value."""
        return int(self._held.itemsize)

    def element_size(self) -> int:
        """Bytes of one value."""
        return int(self._held.itemsize)

    @property
    def nbytes(self) -> int:
        """Refused: it says nothing of a sparse tensor."""
        raise RuntimeError("nbytes is not defined for sparse tensors.  If you want the size of the constituent tensors, "
                           "add the nbytes of the indices and values.  If you want the size of the  equivalent dense "
                           "tensor, multiply numel() by element_size()")  # fmt: skip

    def stride(self, dim: int | None = None) -> Any:
        """Zeros: there is no memory to step through."""
        return (0,) * len(self._sizes) if dim is None else 0

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """False."""
        return False

    @property
    def T(self) -> Any:
        """The dimensions in reverse order."""
        return self.permute(tuple(reversed(range(len(self._sizes)))))

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged."""
        return self.transpose(-2, -1)

    @property
    def H(self) -> Any:
        """The conjugate transpose of a matrix."""
        return self.mT if not self.dtype.is_complex else self.mT._conjugate()

    mH = H

    def _conjugate(self) -> Any:
        return self._with(self._places, self._held.conj(), self._sizes, self._sorted)

    def storage_offset(self) -> int:
        """0."""
        return 0

    def sparse_dim(self) -> int:
        """How many of the dimensions are sparse; they come first."""
        return int(self._places._data.shape[0])

    def dense_dim(self) -> int:
        """How many of the dimensions are dense: those that each value has."""
        return len(self._sizes) - self.sparse_dim()

    def _nnz(self) -> int:
        return int(self._places._data.shape[1])

    def is_coalesced(self) -> bool:
        """Whether the places are known to be sorted and all different."""
        return self._sorted

    def _indices(self) -> Any:
        return self._places.detach()

    def _values(self) -> Any:
        return self._held.detach()

    def indices(self) -> Any:
        """The places of a coalesced tensor, (sparse dims, n)."""
        if not self._sorted:
            raise RuntimeError("Cannot get indices on an uncoalesced tensor, please call .coalesce() first")
        return self._places.detach()

    def values(self) -> Any:
        """The values of a coalesced tensor, (n, *dense dims), on the tape."""
        if not self._sorted:
            raise RuntimeError("Cannot get values on an uncoalesced tensor, please call .coalesce() first")
        return apart(self._held)

    def __len__(self) -> int:
        if not self._sizes:
            raise TypeError("len() of a 0-d tensor")
        return self._sizes[0]

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        from ._tensor_sparse_repr import format_sparse

        return format_sparse(self)


def apart(values: Any) -> Any:
    """A leaf's values as a view of them, so that a result made of them is no leaf."""
    if values._node is None or values._node.op is not None:
        return values
    return reshape(values, shape=values._data.shape)
