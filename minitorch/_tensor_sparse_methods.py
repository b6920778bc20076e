"""What any tensor has to do with sparse ones: `to_sparse` and its relatives, and how gradients reach sparse tensors.

These are the methods of a dense tensor; sparse ones have their own. Nothing here imports the sparse tensor before one is
made.
"""

from __future__ import annotations

from typing import Any

from .ops.rows import Rows
from .tracked import Tracked


def to_sparse(self: Any, sparse_dim: Any = None, *, layout: Any = None, blocksize: Any = None, dense_dim: Any = None
              ) -> Any:  # fmt: skip
    """The elements other than 0 as a sparse tensor; of the first `sparse_dim` dimensions, the parts that are not all 0.

    The number of elements makes a device wait.

    Raises:
        RuntimeError: `sparse_dim` out of range; a layout other than strided and sparse_coo.
    """
    if layout is not None:
        if sparse_dim is not None:
            raise TypeError("to_sparse() takes 0 positional arguments but 1 was given")
        if str(layout) == "torch.strided":
            return self
        if str(layout) != "torch.sparse_coo":
            raise RuntimeError(f"to_sparse: the layout {layout} is not there, only torch.sparse_coo")
    count = self.ndim
    if dense_dim is not None and sparse_dim is None:
        sparse_dim = count - dense_dim
    sparse = count if sparse_dim is None else int(sparse_dim)
    if not 0 <= sparse <= count:
        raise RuntimeError(f"dense_to_sparse: sparse_dim argument must be in [0,{count}] range, but {sparse} is given")
    if sparse == 0 and count:
        raise RuntimeError("dense_to_sparse: sparse_dim argument must be in >0 when self.dim()>0")
    from .create_sparse import sparse_of

    return sparse_of(self, sparse)


def to_sparse_coo(self: Any) -> Any:
    """The elements other than 0 as a sparse tensor."""
    return to_sparse(self)


def to_dense(self: Any, dtype: Any = None, *, masked_grad: Any = None) -> Any:
    """Itself, in another dtype if asked."""
    return self if dtype is None else self.to(dtype)


def sparse_mask(self: Any, mask: Any) -> Any:
    """The elements at the places of a sparse tensor, as a sparse tensor with those places."""
    from .compose.sparse_functions import sparse_mask as masked

    return masked(self, mask)


def smm(self: Any, mat: Any) -> Any:
    """The product of a sparse and a dense matrix, as a sparse tensor."""
    from .create_sparse import smm as product

    return product(self, mat)


def sparse_dim(self: Any) -> int:
    """0: no dimension of a dense tensor is sparse."""
    return 0


def dense_dim(self: Any) -> int:
    """The number of dimensions."""
    return int(self.ndim)


def _nnz(self: Any) -> int:
    raise NotImplementedError("Could not run 'aten::_nnz' with arguments from the 'CPU' backend: it counts the elements of "
                              "a sparse tensor. Hint: x.to_sparse()")  # fmt: skip


def _needs_sparse(name: str, kind: str = "sparse coordinate tensor") -> Any:
    def method(self: Any) -> Any:
        raise RuntimeError(f"{name} expected {kind} layout but got Strided. Hint: x.to_sparse()")

    method.__name__ = name
    method.__doc__ = "Of sparse tensors only."
    return method


METHODS: dict[str, Any] = {method.__name__: method for method in (
    to_sparse, to_sparse_coo, to_dense, sparse_mask, smm, sparse_dim, dense_dim, _nnz,
    *map(_needs_sparse, ("coalesce", "is_coalesced", "indices", "_indices")),
    *(_needs_sparse(name, "sparse tensor") for name in ("values", "_values")))}  # fmt: skip


# ---- gradients -----------------------------------------------------------------------------------------------------
def _is_sparse(tensor: Any) -> bool:
    return getattr(tensor, "is_sparse", False) is True  # Values have no layout


def values_for(tensors: Any) -> Any:
    """What the engine walks to: of a sparse tensor, its values."""
    return None if tensors is None else [tensor._held if _is_sparse(tensor) else tensor for tensor in tensors]


def seeds_for(roots: list[Any], seeds: Any) -> Any:
    """The cotangents that the engine takes: of a sparse tensor, those of its values."""
    if not any(map(_is_sparse, roots)):
        return seeds
    return [root._seed_or_one(seed) if _is_sparse(root) else seed for root, seed in zip(roots, seeds, strict=True)]


def gradients_for(tensors: list[Any], found: Any) -> list[Any]:
    """What the engine found, as gradients of the tensors themselves: of a sparse one, a sparse gradient."""
    return [tensor._gradient(g) if g is not None and _is_sparse(tensor) else g
            for tensor, g in zip(tensors, found, strict=True)]  # fmt: skip


def _tensor_of_rows(rows: Rows) -> Any:
    """The sparse tensor of a gradient by rows; its parts are its own where nothing is recorded."""
    from ._tensor import Tensor
    from ._tensor_sparse import SparseTensor

    values: Any = rows.values if isinstance(rows.values, Tracked) else Tensor._wrap(rows.values.copy())
    return SparseTensor._of(Tensor._wrap(rows.index.copy().reshape(1, -1)), values, rows.sizes, False)


Rows.tensor = _tensor_of_rows
