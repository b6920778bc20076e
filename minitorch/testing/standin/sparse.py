"""Sparse matrices, as far as a product with a dense one."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from .arrays import give, ndarray
from .waiting import wait


class CsrMatrix:
    """`cupyx.scipy.sparse.csr_matrix` of (values, columns, starts of the rows), as far as a product with a dense matrix.

    cuSPARSE takes floating and complex values. Other positions than int32 are looked at, and so is the order of those in
    a row unless `has_canonical_format` is set: either makes the host wait.
    """

    has_canonical_format = False

    def __init__(self, parts, shape=None, dtype=None, copy=False):
        data, columns, starts = parts
        if any(not isinstance(part, ndarray) or part.ndim != 1 for part in parts):
            raise ValueError("data, indices, and indptr should be 1-D")
        if data.dtype.char not in "?fdFD":
            raise ValueError("Only bool, float32, float64, complex64 and complex128 are supported")
        if len(data) != len(columns) or len(starts) != shape[0] + 1:
            raise ValueError("indices and data should have the same size, and index pointers one more than the rows")
        if columns.dtype != np.int32 or starts.dtype != np.int32:
            wait("csr_matrix looking at its positions")
        self._parts, self.shape, self.nnz = parts, shape, data.size

    def __matmul__(self, other):
        if not isinstance(other, ndarray) or other.ndim != 2 or other.shape[0] != self.shape[1]:
            raise ValueError("dimension mismatch")
        if other.dtype != self._parts[0].dtype:
            raise TypeError("cuSPARSE takes operands of one dtype")
        assert self.nnz and other.size and self.shape[0], "cuSPARSE is not asked for an empty product"
        if not self.has_canonical_format:
            wait("csr_matrix looking for duplicates")
        product = scipy.sparse.csr_array(tuple(part._host for part in self._parts), shape=self.shape) @ other._host
        return give(np.asfortranarray(product))
