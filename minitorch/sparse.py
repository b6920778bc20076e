"""PyTorch's `torch.sparse`: products, sums and softmax of sparse tensors.

The mathematics is in compose/sparse_parts.py; here are the names, with PyTorch's arguments.
https://docs.pytorch.org/docs/stable/sparse.html
"""

from __future__ import annotations

from typing import Any

from ._tensor import Tensor
from .backend.namespace import backend_of
from .compose import sparse_arrangement as arranged
from .compose import sparse_functions as functions
from .create_sparse import check_sparse_tensor_invariants, sparse_coo_tensor

__all__ = ["addmm", "check_sparse_tensor_invariants", "log_softmax", "mm", "softmax", "spdiags", "sum"]


def mm(mat1: Any, mat2: Any, reduce: str | None = None) -> Tensor:
    """The product of two matrices, at least one of them sparse as a rule: sparse where both are, else dense.

    Gradients reach the dense operand and the values, of any order.

    Raises:
        RuntimeError: matrices that do not fit, or of different dtypes.
        NotImplementedError: for `reduce`, which PyTorch has for the layout CSR only.
    """
    for place, matrix in enumerate((mat1, mat2)):
        if not isinstance(matrix, Tensor):
            name = ("sparse", "dense")[place]
            raise TypeError(f"_sparse_mm(): argument '{name}' (position {place + 1}) must be Tensor, not "
                            f"{type(matrix).__name__}")  # fmt: skip
    if reduce is not None:
        raise functions.refused("_sparse_mm_reduce_impl", "leave out reduce")
    found: Tensor = mat1.mm(mat2)
    return found


def addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1.0, alpha: float = 1.0) -> Tensor:
    """beta * mat + alpha * (mat1 @ mat2), mat1 sparse and the others dense."""
    found: Tensor = mat.addmm(mat1, mat2, beta=beta, alpha=alpha)
    return found


def sum(input: Tensor, dim: Any = None, dtype: Any = None) -> Tensor:
    """The sum over some dimensions of a sparse tensor: dense where no sparse dimension is left."""
    if not functions.is_sparse(input):
        raise RuntimeError("coalesce expected sparse coordinate tensor layout but got Strided")
    found: Tensor = arranged.sum(input, dim, dtype=dtype)
    return found


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """Softmax along a dimension of the elements that are stored; the others count as -inf and stay away."""
    found: Tensor = arranged.softmax(input, dim, False, dtype)
    return found


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`."""
    found: Tensor = arranged.softmax(input, dim, True, dtype)
    return found


def spdiags(diagonals: Tensor, offsets: Tensor, shape: tuple[int, int], layout: Any = None) -> Tensor:
    """A sparse matrix with the rows of `diagonals` on the diagonals `offsets`, element j of a row in column j.

    Raises:
        RuntimeError: offsets that are no vector, too few, or stand twice.
    """
    if layout is not None and str(layout) != "torch.sparse_coo":
        raise RuntimeError(f"spdiags: the layout {layout} is not there, only torch.sparse_coo")
    lines = diagonals if diagonals.ndim == 2 else diagonals.reshape(1, -1)
    steps = offsets.reshape(-1).tolist()
    if offsets.ndim > 1 or len(steps) != lines.shape[0]:
        raise RuntimeError(f"Number of diagonals ({lines.shape[0]}) does not match the number of offsets ({len(steps)})")
    if len(set(steps)) != len(steps):
        raise RuntimeError("Offset tensor contains duplicate values")
    xp = backend_of(lines._data)
    column = xp.arange(lines.shape[1])
    parts, values = [], []
    for place, step in enumerate(steps):
        first, last = max(0, step), min(shape[1], shape[0] + step, lines.shape[1])
        here = column[first : max(first, last)]
        parts.append(xp.stack([here - step, here]))
        values.append(lines[place, first : max(first, last)])
    places = Tensor._wrap(xp.concatenate(parts, axis=1))
    from .compose.shapes import cat

    return sparse_coo_tensor(places, cat(values), shape)
