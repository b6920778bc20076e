"""Making sparse tensors, and the functions of sparse matrices that have no dense form.

`sparse_coo_tensor` checks places and values in PyTorch's words. Places outside the sizes, or not in the order that they are
said to be in, are always noticed on the host, where PyTorch looks only if asked to; a device looks with
`check_invariants=True`.
"""

from __future__ import annotations

import functools
from typing import Any

from ._tensor import Tensor
from ._tensor_arguments import as_dtype, home
from ._tensor_constants import sparse_coo
from ._tensor_move import is_on
from ._tensor_sparse import SparseTensor
from ._tensor_sparse_methods import to_sparse
from .backend import dtype as dt
from .backend.namespace import backend_of
from .compose import sparse_functions as functions
from .compose import sparse_parts as parts
from .graph.modes import modes
from .ops.arithmetic import cast
from .ops.sparse_products import assemble

#: Whether `check_invariants` is on where a call does not say.
_checking = [False]
__all__ = ["dsmm", "smm", "sparse_coo", "sparse_coo_tensor", "spmm"]


def sparse_coo_tensor(indices: Any = None, values: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None,
                      requires_grad: bool = False, check_invariants: bool | None = None, is_coalesced: bool | None = None,
                      pin_memory: bool = False) -> Tensor:  # fmt: skip
    """A sparse tensor of the values at the places; `sparse_coo_tensor(size)` is one of zeros.

    Args:
        indices: the place of each value, of shape (sparse dims, n); cast to int64.
        values: of shape (n, *sizes of the dense dims). Gradients reach it.
        size: the shape of the whole; by default the smallest that fits (a device then waits).
        dtype, device: those of the values; by default as they are.
        requires_grad: make a leaf of it.
        check_invariants: look for places outside the sizes on a device too, and whether `is_coalesced` is true.
        is_coalesced: say that the places are sorted and all different.

    Raises:
        RuntimeError: places, values and size that do not fit together; a place outside the size.

    https://docs.pytorch.org/docs/stable/generated/torch.sparse_coo_tensor.html
    """
    if values is None and size is None and indices is not None:
        indices, size = None, indices
    if indices is None and size is not None:
        return _empty(tuple(size), dtype, device, requires_grad)
    from .create import as_tensor

    target = as_dtype("sparse_coo_tensor", dtype)
    for name, given in (("indices", indices), ("values", values)):
        if given is None:
            raise TypeError(f"sparse_coo_tensor(): '{name}' is missing. It takes (indices, values, size=None) or (size)")
        if functions.is_sparse(given):
            raise RuntimeError(f"expected {name} to be a dense tensor, but got {name} of layout Sparse")
    held = values if isinstance(values, Tensor) else as_tensor(values, dtype=target, device=device)
    if device is not None:
        held = held.to(device)
    if target is not None and held._data.dtype != target.numpy:
        held = cast(held, dtype=target.numpy)
    if not held.ndim:
        held = held.reshape(1)
    places = _places(indices, held)
    sizes = _sizes(places, held, size)
    flagged = bool(is_coalesced) or places._data.shape[1] < 2
    checked = _checking[0] if check_invariants is None else check_invariants
    checked = checked or backend_of(places._data).name == "cpu"
    if checked:
        _check_places(places, sizes)
    if checked and is_coalesced and not parts.in_order(places, sizes):
        raise RuntimeError("cannot set is_coalesced to true if indices correspond to uncoalesced COO tensor")
    held = assemble(held) if held._node is not None and modes.grad else held.detach()
    made = SparseTensor._of(places, held, sizes, flagged)
    if requires_grad and not dt.of(held._data.dtype).is_floating_point and not held.is_complex():
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return made.requires_grad_() if requires_grad else made


def _empty(size: tuple[int, ...], dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    """No elements, in all dimensions sparse."""
    xp = home(device)
    target = as_dtype("sparse_coo_tensor", dtype) or dt.default()
    held = Tensor._wrap(xp.zeros((0,), dtype=target.numpy))
    made = SparseTensor._of(Tensor._wrap(xp.zeros((len(size), 0), dtype="int64")), held, size, True)
    return made.requires_grad_() if requires_grad else made


def _places(indices: Any, held: Tensor) -> Tensor:
    """The places as an int64 matrix where the values are."""
    from .create import as_tensor

    places = indices.detach() if isinstance(indices, Tensor) else as_tensor(indices)
    if places.ndim != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(places.shape)}")
    if places._data.dtype != "int64":
        places = places.to(dt.int64)
    if not is_on(places._data, held.device):
        places = places.to(held.device)
    found, count = places._data.shape[1], held._data.shape[0]
    if found != count:
        raise RuntimeError(f"indices and values must have same nnz, but got nnz from indices: {found}, nnz from values: "
                           f"{count}")  # fmt: skip
    return places


def _sizes(places: Tensor, held: Tensor, size: Any) -> tuple[int, ...]:
    """The shape of the whole, given or the smallest that fits."""
    raw = places._data
    rest: tuple[int, ...] = tuple(held._data.shape[1:])
    if size is None:
        if not raw.shape[1]:
            return (0,) * int(raw.shape[0]) + rest
        lowest = raw.min(1).tolist()
        for axis, low in enumerate(lowest):
            if low < 0:
                raise RuntimeError(f"found negative index {low} for dim {axis}")
        return (*(high + 1 for high in raw.max(1).tolist()), *rest)
    sizes = tuple(int(n) for n in size)
    if len(sizes) != raw.shape[0] + len(rest):
        raise RuntimeError(f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(sizes)}, sparse_dim = "
                           f"{raw.shape[0]}, dense_dim = {len(rest)}")  # fmt: skip
    if any(n < 0 for n in sizes):
        raise RuntimeError(f"numel: integer multiplication overflow (a size is negative: {list(sizes)})")
    if sizes[raw.shape[0] :] != rest:
        raise RuntimeError(f"values has incorrect size, expected {[raw.shape[1], *sizes[raw.shape[0] :]]}, got "
                           f"{list(held._data.shape)}")  # fmt: skip
    return sizes


def _check_places(places: Tensor, sizes: tuple[int, ...]) -> None:
    """Every place lies within the sizes.

    Raises:
        RuntimeError: naming the first that does not.
    """
    raw = places._data
    if not raw.size:
        return
    for axis, (low, high) in enumerate(zip(raw.min(1).tolist(), raw.max(1).tolist(), strict=True)):
        if low < 0:
            raise RuntimeError(f"found negative index {low} for dim {axis}")
        if high >= sizes[axis]:
            raise RuntimeError(f"size is inconsistent with indices: for dim {axis}, size is {sizes[axis]} but found index "
                               f"{high}")  # fmt: skip


class check_sparse_tensor_invariants:
    """Switch `check_invariants` on or off where a call does not say: a context manager, a decorator, or a switch."""

    def __init__(self, enable: bool = True) -> None:
        self.wanted, self._before = enable, list[bool]()

    @staticmethod
    def is_enabled() -> bool:
        """Whether it is on."""
        return _checking[0]

    @staticmethod
    def enable() -> None:
        """Switch it on."""
        _checking[0] = True

    @staticmethod
    def disable() -> None:
        """Switch it off."""
        _checking[0] = False

    def __enter__(self) -> None:
        self._before.append(_checking[0])
        _checking[0] = self.wanted

    def __exit__(self, *_: Any) -> None:
        _checking[0] = self._before.pop()

    def __call__(self, function: Any) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with type(self)(self.wanted):
                return function(*args, **kwargs)

        return run


def spmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices, sparse or dense: an old name of `mm`."""
    found: Tensor = input.mm(mat2)
    return found


dsmm = spmm


def smm(input: Tensor, mat: Tensor) -> Tensor:
    """The product of a sparse and a dense matrix, as a sparse tensor."""
    if not functions.is_sparse(input):
        raise NotImplementedError("smm: the first operand must be a sparse matrix. Hint: x.to_sparse()")
    found: Tensor = to_sparse(functions.mm(input, mat))
    return found


def sparse_of(dense: Tensor, sparse: int) -> Tensor:
    """A dense tensor as one with this many sparse dimensions."""
    places, shape = parts.nonzero_places(dense, sparse), tuple(dense.shape)
    return SparseTensor._of(places, parts.values_at(dense, places, shape), shape, True)
