"""A sparse tensor: places and values in place of an array.

It holds the places of its elements (an int64 tensor, sparse dims x n), their values (an ordinary tensor, which carries
the place on the tape) and the shape. Functions reach its parts through compose/sparse_functions.py; whatever was written
for arrays asks for `_data`, which it refuses to give. The gradient of a sparse leaf is that of its values, seen as a
sparse tensor with the leaf's own places. https://docs.pytorch.org/docs/stable/sparse.html
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from ._tensor import Tensor
from ._tensor_constants import sparse_coo
from ._tensor_sparse_metadata import SparseMetadata, apart
from ._tensor_sparse_methods import values_for
from .backend import dtype as dt
from .backend.device import Device
from .backend.namespace import backend_for, backend_of
from .compose import sparse_arrangement as arranged
from .compose import sparse_functions as functions
from .compose import sparse_parts as parts
from .graph.modes import modes
from .ops import backward as engine
from .ops.arithmetic import clone
from .ops.layouts import ANSWERS, OtherLayout
from .ops.record import node_of
from .ops.rows import Rows

HERE = str(Path(__file__).parent)


class SparseTensor(SparseMetadata, Tensor):  # type: ignore[misc, override]
    """A tensor of which only some elements are stored, by their places; made by `sparse_coo_tensor` and `to_sparse`.

    Attributes:
        _places: int64 tensor of shape (sparse dims, n).
        _held: the values, of shape (n, *sizes of the dense dims), on the tape.
        _sizes: the shape of the whole.
        _sorted: whether the places are known to be sorted and different ("coalesced").
    """

    __slots__ = ()
    _view = None

    def __init__(self, *data: Any, **options: Any) -> None:
        raise TypeError("a sparse tensor is made by sparse_coo_tensor() or x.to_sparse()")

    @staticmethod
    def _of(places: Tensor, values: Tensor, sizes: tuple[int, ...], in_order: bool) -> SparseTensor:
        """A sparse tensor of these parts."""
        made: SparseTensor = SparseTensor.__new__(SparseTensor)
        made._places, made._held, made._sizes = places, values, tuple(sizes)
        made._sorted = in_order or places._data.shape[1] < 2
        return made

    def _with(self, places: Tensor, values: Tensor, sizes: tuple[int, ...], in_order: bool) -> SparseTensor:
        """A result made from this one: on a leaf's own values it is a step away from them."""
        return SparseTensor._of(places, apart(values) if values is self._held else values, sizes, in_order)

    # ---- what the engine must not have -----------------------------------------------------------------------------
    @property
    def _data(self) -> NoReturn:
        raise OtherLayout(
            f"Could not run 'aten::{_asked()}' with arguments from the '{'SparseCUDA' if self.is_cuda else 'SparseCPU'}' "
            f"backend: it has no sparse form here (the operand is a sparse tensor of shape {list(self._sizes)}). Hint: "
            "convert it first, x.to_dense()."
        )

    _node = property(lambda self: node_of(self._held))
    _cell = property(lambda self: self._held._cell)
    _base = None

    # ---- layouts, dtypes, devices ----------------------------------------------------------------------------------
    def coalesce(self) -> Any:
        """The same tensor with its places sorted and each once; itself where they are."""
        return functions.coalesce(self)

    def to_dense(self, dtype: Any = None, *, masked_grad: Any = None) -> Tensor:
        """The dense tensor of the same numbers."""
        if dtype is not None:
            raise RuntimeError("dtype argument is not supported by sparse_to_dense")
        found: Tensor = functions.to_dense(self)
        return found

    def to_sparse(self, sparse_dim: Any = None, *, layout: Any = None, blocksize: Any = None, dense_dim: Any = None
                  ) -> Any:  # fmt: skip
        """Itself; with `layout=torch.strided`, the dense tensor."""
        if layout is not None and layout != sparse_coo:
            if layout == "torch.strided":
                return self.to_dense()
            raise RuntimeError(f"to_sparse: the layout {layout} is not there, only torch.sparse_coo")
        if sparse_dim is not None and sparse_dim != self.sparse_dim():
            raise RuntimeError("to_sparse: conversion from Sparse to Sparse with sparse_dim argument !=self.sparse_dim() is "
                               "not supported")  # fmt: skip
        return self

    to_sparse_coo = to_sparse

    def to(self, *args: Any, **options: Any) -> Any:
        """Another dtype or device, as of a dense tensor."""
        args = tuple([value for arg in args for value in ((arg.device, arg.dtype) if functions.is_sparse(arg) else (arg,))])
        values = self._held.to(*args, **options)
        if values is self._held:
            return self
        return self._with(self._places.to(values.device), values, self._sizes, self._sorted)

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The type's name, or a conversion."""
        found = self._held.type(dtype)
        if dtype is None:
            return found.replace("torch.cuda.", "torch.cuda.sparse.") if self.is_cuda else \
                found.replace("torch.", "torch.sparse.")  # fmt: skip
        return self.to(found.dtype)

    def clone(self, *, memory_format: Any = None) -> Any:
        """A recorded copy."""
        return self._with(clone(self._places), clone(self._held), self._sizes, self._sorted)

    def numpy(self, *, force: bool = False) -> NoReturn:
        """Refused: a NumPy array is dense."""
        raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    def item(self) -> Any:
        """The number of a tensor of one element."""
        if self.numel() != 1:
            raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar")
        return self.to_dense().item()

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.item())

    # ---- the tape --------------------------------------------------------------------------------------------------
    def requires_grad_(self, requires_grad: bool = True) -> SparseTensor:
        """Switch recording on or off for this leaf."""
        if requires_grad and self._node is None:
            if self.dtype.category not in (dt.FLOATING, dt.COMPLEX):
                raise RuntimeError("only Tensors of floating point and complex dtype can require gradients "
                                   f"(this one is {self.dtype})")  # fmt: skip
            self._held = self._held.detach()  # others may share the values
        self._held.requires_grad_(requires_grad)
        return self

    def detach(self) -> Any:
        """The same places and values, off the tape."""
        return SparseTensor._of(self._places, self._held.detach(), self._sizes, self._sorted)

    def detach_(self) -> SparseTensor:
        """Leave the tape, in place."""
        self._held = self._held.detach()
        return self

    @property
    def data(self) -> Any:
        """The same places and values, off the tape."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        if not functions.is_sparse(value):
            raise functions.refused("set_data", "a sparse tensor takes the parts of another sparse one")
        on_tape = self.requires_grad
        self._places, self._held, self._sizes, self._sorted = value._places, value._held.detach(), value._sizes, value._sorted
        if on_tape:
            self._held.requires_grad_()

    @property
    def grad(self) -> Any:
        """The gradient of this leaf, sparse and with its places, or None."""
        g = self._held.grad
        return None if g is None else self._gradient(g)

    @grad.setter
    def grad(self, value: Any) -> None:
        self._held.grad = None if value is None else self._seed(value)

    @grad.deleter
    def grad(self) -> None:
        self._held.grad = None

    _grad = property(lambda self: self._held._grad)

    def _gradient(self, g: Tensor) -> SparseTensor:
        """A gradient of the values as one of the whole. Values in one place have the same gradient: it counts once."""
        if self._sorted:
            return SparseTensor._of(self._places, g, self._sizes, True)
        return SparseTensor._of(*parts.first_of_each(self._places, g, self._sizes), self._sizes, True)

    def _seed(self, g: Any) -> Tensor:
        """A gradient of the whole, sparse or dense, as one of the values.

        Raises:
            RuntimeError: for one of another shape.
        """
        if tuple(g.shape) != self._sizes:
            raise RuntimeError(f"Mismatch in shape: grad_output has a shape of torch.Size({list(g.shape)}) and output has a "
                               f"shape of torch.Size({list(self._sizes)}).")  # fmt: skip
        found: Tensor = functions.sparse_mask(g, self)._held
        return found

    def _seed_or_one(self, g: Any) -> Tensor:
        if g is not None:
            return self._seed(g)
        if self.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs. Hint: pass backward(gradient=...) "
                               f"of the shape {list(self._sizes)}.")  # fmt: skip
        return Tensor._wrap(backend_of(self._held._data).ones_like(self._held._data))

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
                 inputs: Any = None) -> None:  # fmt: skip
        """Accumulate gradients, given that of this tensor (sparse or dense)."""
        chosen = [inputs] if isinstance(inputs, Tensor) else inputs
        engine.backward([self._held], [self._seed_or_one(gradient)], retain_graph, create_graph, values_for(chosen))

    def _no_hooks(self, *args: Any) -> NoReturn:
        raise functions.refused("hook", "put it on the dense tensor that the values come from")

    register_hook = register_post_accumulate_grad_hook = retain_grad = _no_hooks  # type: ignore[assignment]
    retains_grad = False

    # ---- as the gradient of a dense tensor -------------------------------------------------------------------------
    def _joined_by(self, g: Any, in_place: bool) -> Any:
        """The sum with a further gradient: by rows, which are put behind this one's own, or dense, as the sum is then."""
        if g.__class__ is not Rows or self.sparse_dim() != 1:
            dense = g.dense() if g.__class__ is Rows else g
            return functions.add(dense if isinstance(dense, Tensor) else Tensor._wrap(dense), self)
        other = g.tensor()
        places, values = parts.joined([(self._places, self._held), (other._places, other._held)], 0, [0, 0])
        if not in_place or self._node is not None:
            return SparseTensor._of(places, values, self._sizes, False)
        return self._take(places, values)

    def _take(self, places: Tensor, values: Tensor, in_order: bool = False) -> SparseTensor:
        """Hold other parts from now on."""
        self._places, self._held, self._sorted = places, values, in_order or values._data.shape[0] < 2
        return self

    def zero_(self) -> SparseTensor:
        """Hold nothing, in place."""
        self._check_written("zero_")
        xp, values = backend_of(self._held._data), self._held._data
        empty = xp.zeros((0, *values.shape[1:]), dtype=values.dtype)
        return self._take(Tensor._wrap(xp.zeros((self.sparse_dim(), 0), dtype="int64")), Tensor._wrap(empty))

    def mul_(self, other: Any) -> SparseTensor:
        """Times a number, in place."""
        self._check_written("mul_")
        found = functions.mul(self, other)
        return self._take(found._places, found._held, found._sorted)

    def div_(self, other: Any) -> SparseTensor:
        """Divided by a number, in place."""
        self._check_written("div_")
        found = functions.div(self, other)
        return self._take(found._places, found._held, found._sorted)

    def _check_written(self, name: str) -> None:
        if modes.grad and self.requires_grad:
            raise functions.refused(name, "write under torch.no_grad()")

    def _as_rows(self, recorded: bool) -> Any:
        """What the tape carries in its place: rows, or an array where not just the rows are sparse."""
        if self.sparse_dim() != 1:
            return self.to_dense() if recorded else self.to_dense()._data
        return Rows(self._places._data.reshape(-1), self._held if recorded else self._held._data, self._sizes)

    # ---- Python's protocols ----------------------------------------------------------------------------------------
    def __getitem__(self, key: Any) -> Any:
        found: Any = self
        keys = key if isinstance(key, tuple) else (key,)
        if any(not (part is None or part is Ellipsis or part == slice(None) or type(part) is int) for part in keys):
            raise functions.refused("index", "positions, None and full slices are there; x.to_dense()[...] has the rest")
        count = sum(1 for part in keys if part is not None and part is not Ellipsis)
        if count > self.ndim:
            raise IndexError(f"too many indices for tensor of dimension {self.ndim}")
        axis = 0
        for part in keys:
            if part is Ellipsis:
                axis += self.ndim - count
            elif part is None:
                found = found.unsqueeze(axis)
                axis += 1
            elif type(part) is int:
                if not -found.shape[axis] <= part < found.shape[axis]:
                    raise IndexError(f"index {part} is out of bounds for dimension {axis} with size {found.shape[axis]}")
                found = found.select(axis, part)
            else:
                axis += 1
        return found

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise functions.refused("index_put_")

    def __iter__(self) -> Any:
        if not self._sizes:
            raise TypeError("iteration over a 0-d tensor")
        return (self[place] for place in range(self._sizes[0]))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = SparseTensor._of(copy.deepcopy(self._places, memo), copy.deepcopy(self._held, memo), self._sizes,
                                              self._sorted)  # fmt: skip
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild, (self._places.numpy_copy(), self._held.numpy_copy(), self._sizes, self._sorted,
                          self.requires_grad and self.is_leaf, str(self.device))  # fmt: skip

    def copy_(self, src: Any, non_blocking: bool = False) -> SparseTensor:
        """Take the places and values of another sparse tensor."""
        if not functions.is_sparse(src):
            raise RuntimeError("copy_() between dense and sparse Tensors is not implemented! Found self type = "
                               f"{self.type()} and src type = {src.type()}")  # fmt: skip
        if modes.grad and (self.requires_grad or src.requires_grad):
            raise functions.refused("copy_", "copy under torch.no_grad()")
        if src._sizes != self._sizes:
            raise RuntimeError(f"copy_: the sizes {list(self._sizes)} and {list(src._sizes)} differ")
        wanted, node = src.detach().to(self).clone(), self._node
        self._places, self._sorted, self._held = wanted._places, wanted._sorted, wanted._held
        return self.requires_grad_() if node is not None else self


def _asked() -> str:
    """The function that asked for the array: by the front, by the op, else by the outermost name within the package."""
    frame, found, inner = sys._getframe(2), "", ""
    while frame is not None:
        code, scope = frame.f_code, frame.f_globals
        if "_address" in scope:  # a front, which says what it is
            return str(scope["_address"])
        op = frame.f_locals.get("op") or scope.get("op") or frame.f_locals.get("entry")
        if hasattr(op, "signatures"):
            inner = inner or str(op.name)  # type: ignore[union-attr]
        elif not code.co_filename.startswith(HERE):
            break
        elif code.co_name[0] not in "_<":
            found = code.co_name
        frame = frame.f_back  # type: ignore[assignment]
    return inner or found or "function"


def _rebuild(places: Any, values: Any, sizes: Any, in_order: bool, requires_grad: bool, device: str) -> SparseTensor:
    xp = backend_for(Device(device))
    made = SparseTensor._of(Tensor._wrap(xp.asarray(places)), Tensor._wrap(xp.asarray(values)), sizes, in_order)
    return made.requires_grad_() if requires_grad else made


def _method(name: str) -> Callable[..., Any]:
    function = ANSWERS[name]

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return function(self, *args, **options)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = function.__doc__
    return method


def _operator(name: str, turned: bool = False) -> Callable[..., Any]:
    function = ANSWERS[name]

    def operator(self: Any, other: Any) -> Any:
        if not isinstance(other, Tensor | int | float | complex):
            other = Tensor._from_operand(other)
            if other is None:
                return NotImplemented
        return function(other, self) if turned else function(self, other)

    return operator


for _name in ANSWERS:
    if _name not in ("cat", "concat", "concatenate", "stack", "permute"):
        setattr(SparseTensor, _name, _method(_name))
for _dunder, _name in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "pow": "pow",
                       "matmul": "matmul"}.items():  # fmt: skip
    setattr(SparseTensor, f"__{_dunder}__", _operator(_name))
    setattr(SparseTensor, f"__r{_dunder}__", _operator(_name, turned=True))
SparseTensor.__neg__, SparseTensor.__abs__ = SparseTensor.neg, SparseTensor.abs  # type: ignore[method-assign]
SparseTensor.permute = lambda self, *dims: arranged.permute(
    self, dims[0] if len(dims) == 1 and isinstance(dims[0], tuple | list) else dims)  # fmt: skip
Tensor._classes.discard(SparseTensor)
