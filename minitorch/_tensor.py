"""Tensor: a Tracked holding an array -- chapter two.

A tensor has data, a node, a version cell, and, if it is a view, its base and the path from it. Operators and methods
are not written here: they come from the tables (operators.py). What is written here is the tensor's own life: its
metadata, its gradient, where it stands on the tape, and how it moves between dtypes and devices.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from ._methods import TensorMethods
from ._tensor_index import getitem, setitem
from ._tensor_metadata import TensorMetadata
from ._tensor_move import TensorMoves
from ._tensor_numpy import NumpyProtocols
from .backend.device import Device
from .backend.namespace import backend_for, backend_of
from .grad_fn import GradFn
from .graph.hooks import RemovableHandle, hooks_of
from .graph.modes import modes
from .graph.node import Leaf
from .ops import backward as engine
from .ops.mutation import refuse_write
from .ops.op import Op
from .ops.record import View, memory_of, node_of, record, record_one
from .tracked import Tracked

if TYPE_CHECKING:
    import numpy as np


class Tensor(TensorMethods, TensorMetadata, TensorMoves, NumpyProtocols, Tracked):
    """An array of one dtype on one device, with an optional place on the tape.

    `Tensor(2, 3)` is uninitialised, `Tensor([1, 2])` holds float32 data, as PyTorch's legacy constructor; prefer
    `tensor(...)`, which infers the dtype.
    """

    __slots__ = ("__dict__", "__weakref__", "_conjugate_of", "_grad", "_leaf", "_memory", "_view")
    _grad: Any
    _view: View | None
    __hash__ = object.__hash__
    #: This class and its subclasses: what the operators' short paths accept.
    _classes: ClassVar[set[type]] = set()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Tensor._classes.add(cls)

    def __init__(self, *data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> None:
        from .create import legacy_array

        self._data = legacy_array(data, dtype, device)
        self._node = None
        self._cell = None if modes.inference else [0]
        self._view = None
        self._grad = None
        if requires_grad:  # as `autograd.Variable(tensor, requires_grad=True)`
            self.requires_grad_()

    # ---- what the engine calls -------------------------------------------------------------------------------------
    @staticmethod
    def _wrap(array: Any, node: Any = None, version: Any = None) -> Tensor:
        """A tensor around a raw array."""
        tensor: Tensor = Tensor.__new__(Tensor)
        tensor._data = array
        tensor._node = node
        tensor._cell = [0] if version is None else version
        tensor._view = None
        tensor._grad = None
        return tensor

    @staticmethod
    def _apply(op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if op.single:
            short = op.short
            return record_one(op, args[0], params) if short is None else short(args[0])
        if op.short is not None and isinstance(args[0], Tensor):
            out = op.short(*args)
            if out is not NotImplemented:
                return out
        return record(op, args, params)

    @staticmethod
    def _from_operand(value: Any) -> Any:
        """An operand of an operator as something an op takes, or None where it is not ours to handle."""
        import numpy as np

        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            from .create import tensor_from

            return tensor_from(value)
        return None

    def _bump(self) -> None:
        """Say that the raw data was written in place."""
        if self._cell is not None:
            self._cell[0] += 1

    # ---- the tape --------------------------------------------------------------------------------------------------
    @property
    def requires_grad(self) -> bool:
        """Whether gradients of this tensor are recorded: it has a node."""
        return node_of(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: Any) -> None:
        if value is not True and value is not False:
            raise RuntimeError("requires_grad must be a bool")
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Switch recording on or off for this leaf.

        Raises:
            RuntimeError: for an integer or bool tensor, and to switch it off on a non-leaf.
        """
        kind: Any = type(requires_grad)
        if kind is not bool:
            raise TypeError(f"requires_grad_(): argument 'requires_grad' (position 1) must be bool, not {kind.__name__}")
        node = node_of(self)
        if node is not None and node.op is not None:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                    "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if not requires_grad:
            if node is not None:
                node.parked = True
                self._leaf, self._node = node, None
            return self
        if node is not None:
            return self
        if self._data.dtype.kind not in "fcV":
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients "
                f"(this one is {self.dtype}). Hint: convert it first, x.float()."
            )
        if self._cell is None and not modes.inference:
            raise RuntimeError("Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.")
        leaf = getattr(self, "_leaf", None)
        if leaf is None:
            leaf = Leaf(weakref.ref(self), self._data.shape, self._data.dtype)
        leaf.parked = False
        leaf.shape, leaf.dtype = self._data.shape, self._data.dtype
        self._node = leaf
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made this tensor."""
        node = node_of(self)
        return node is None or node.op is None

    @property
    def grad_fn(self) -> Any:
        """The node that made this tensor, in PyTorch's clothes; None for a leaf."""
        node = node_of(self)
        return None if node is None or node.op is None else GradFn(node)

    @property
    def output_nr(self) -> int:
        """Which result of its op this tensor is."""
        return int(getattr(getattr(self._node, "op", None), "index", 0))

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by `backward`, or None."""
        if self._grad is None:
            node = self._node
            if node is not None and node.op is not None and not (node.hooks and node.hooks.retain is not None):
                import warnings

                warnings.warn(
                    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                    "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                    "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf "
                    "Tensor by mistake, make sure you access the leaf Tensor instead.", UserWarning, stacklevel=2)  # fmt: skip
        return self._grad  # type: ignore[no-any-return]

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type "
                                f"{type(value).__name__}")  # fmt: skip
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value.dtype != self.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value.dtype}' to a tensor with dtype "
                    f"'{self.dtype}'. The gradient must match the tensor's dtype."
                )
            if value.device != self.device:
                raise RuntimeError(
                    f"attempting to assign a gradient with device '{value.device}' to a tensor with device "
                    f"'{self.device}'. The gradient must be on the tensor's device."
                )
            if value.shape != self.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size "
                    f"'{list(self._data.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def backward(self, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False,
                 inputs: Any = None) -> None:  # fmt: skip
        """Accumulate the gradients of this tensor into `.grad` of the leaves it depends on.

        Args:
            gradient: the cotangent, of this tensor's shape; may be left out for a single number.
            retain_graph: keep what the graph saved for another backward (default: `create_graph`).
            create_graph: record the backward itself, for higher derivatives.
            inputs: accumulate into these tensors only.

        Raises:
            RuntimeError: a second backward through freed values; values changed in place; a non-scalar without
                `gradient`; nothing that requires grad.
        """
        if gradient is not None and not isinstance(gradient, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
        chosen = [inputs] if isinstance(inputs, Tensor) else inputs
        engine.backward([self], [gradient], retain_graph, create_graph, chosen)

    def retain_grad(self) -> None:
        """Keep `.grad` of this non-leaf in backward too."""
        node = node_of(self)
        if node is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if node.op is not None:
            hooks_of(node).retain = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on this non-leaf."""
        node = node_of(self)
        return bool(node is not None and node.op is not None and node.hooks and node.hooks.retain is not None)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(grad)` when this tensor's gradient is complete; what it returns replaces the gradient."""
        node = node_of(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        hooks = hooks_of(node)
        return hooks.add(hooks.before, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook(tensor)` after a gradient was accumulated into this leaf's `.grad`."""
        node = node_of(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if node.op is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        hooks = hooks_of(node)
        return hooks.add(hooks.after, hook)

    def detach(self) -> Tensor:
        """The same memory and version, off the tape."""
        detached = self.data
        detached._cell = self._cell
        return detached

    def detach_(self) -> Tensor:
        """Leave the tape, in place."""
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead. If you are using "
                               "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as True, "
                               "gradients are views of DDP buckets, and hence detach_() cannot be called on these "
                               "gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
                               "torch/optim/optimizer.py as a solution.")  # fmt: skip
        self._node = None
        return self

    @property
    def data(self) -> Tensor:
        """The same memory off the tape, with a version of its own: writes through it go unnoticed."""
        plain = Tensor._wrap(self._data)
        memory = memory_of(self)
        if memory is not self._data:
            plain._memory = memory
        return plain

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self._memory = memory_of(value)
        self._data, self._view = value._data, None
        node = self._node
        if node is not None and node.op is None:
            node.shape, node.dtype = self._data.shape, self._data.dtype

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    @property
    def _version(self) -> int:
        """How often this memory was written in place."""
        if self._cell is not None:
            return int(self._cell[0])
        raise RuntimeError("Inference tensors do not track version counter.")

    def is_inference(self) -> bool:
        """Whether this tensor was made in inference mode."""
        return self._cell is None

    # ---- indexing and the rest of Python's protocols ---------------------------------------------------------------
    def __getitem__(self, key: Any) -> Tensor:
        found: Tensor = getitem(self, key)
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        setitem(self, key, value)

    def __delitem__(self, key: Any) -> None:
        raise TypeError("Tensor does not support deleting items")

    def __iter__(self) -> Any:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self) -> Tensor:
        return self.flip(tuple(range(self.ndim))) if self.ndim else self

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        from ._tensor_repr import format_tensor

        return format_tensor(self, tensor_contents)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other) if isinstance(other, Tensor) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        other = other if isinstance(other, Tensor) else self._from_operand(other)
        return NotImplemented if other is None else other.matmul(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_"
                "norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        import copy

        new = self.__class__.__new__(self.__class__)
        memo[id(self)] = new
        new._data = self._data.copy(order="K")
        new._cell, new._view, new._node = [0], None, None
        new._grad = copy.deepcopy(self._grad, memo)
        new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        if self._node is not None:
            new.requires_grad_()
        return new

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _rebuild, (self.__class__, self.numpy_copy(), self.requires_grad, str(self.device),
                          self.__dict__ or None)  # fmt: skip

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *self.__dict__})

    def numpy_copy(self) -> np.ndarray:
        """The numbers as a NumPy array of their own, whatever the device and the tape."""
        found: np.ndarray = backend_of(self._data).to_host(self._data).copy()
        return found

    def _check_writable(self, recorded: bool = False) -> None:
        refuse_write(self, recorded)


def _rebuild(cls: Any, array: Any, requires_grad: bool, device: str, extra: Any) -> Tensor:
    tensor: Tensor = cls.__new__(cls)
    tensor._data = backend_for(Device(device)).asarray(array)
    tensor._node, tensor._cell, tensor._view, tensor._grad = None, [0], None, None
    if extra:
        tensor.__dict__.update(extra)
    return tensor.requires_grad_() if requires_grad else tensor


Tensor._classes.add(Tensor)
