"""A Python function called on every element: apply_, map_, map2_. Slow, on the host, and off the tape.

https://docs.pytorch.org/docs/stable/generated/torch.Tensor.apply_.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._tensor import Tensor
from ._tensor_data import array_of
from .backend import dtype as dt
from .backend.namespace import backend_of
from .ops.mutation import refuse_write, store
from .ops.record import node_of
from .ops.shape import expand


def _called(name: str, self: Tensor, others: tuple[Any, ...], function: Callable[..., Any]) -> Tensor:
    host = all(backend_of(tensor._data).name == "cpu" for tensor in (self, *others) if isinstance(tensor, Tensor))
    if not host:
        raise TypeError(f"{name} is only implemented on CPU tensors")
    for place, other in enumerate(others):
        label = "other" if len(others) == 1 else "xy"[place]
        if not isinstance(other, Tensor):
            kind = type(other).__name__
            raise TypeError(f"{name}(): argument '{label}' (position {place + 1}) must be Tensor, not {kind}")
        if other._data.dtype != self._data.dtype:
            raise TypeError(f"{name}: expected {self.type()} for '{label}' (got {other.type()})")
    if any(node_of(tensor) is not None for tensor in (self, *others)):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    refuse_write(self, False)
    columns = [self._data, *(expand(other, shape=self._data.shape)._data for other in others)]
    found = [function(*numbers) for numbers in zip(*(column.ravel().tolist() for column in columns), strict=True)]
    target = dt.of(self._data.dtype)
    if target.category == dt.INTEGER:
        found = [int(number) for number in found]
    store(self, array_of(found, target).reshape(self._data.shape))
    return self


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Every element replaced by `callable(element)`, on the host.

    Raises:
        RuntimeError: for a tensor that requires grad.
    """
    return _called("apply_", self, (), callable)


def map_(self: Tensor, other: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Every element replaced by `callable(element, element of other)`; other is broadcast to this shape.

    Raises:
        TypeError, RuntimeError: for another dtype, a shape that does not fit, or a tensor that requires grad.
    """
    return _called("map_", self, (other,), callable)


def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Every element replaced by `callable(element, element of x, element of y)`.

    Raises:
        TypeError, RuntimeError: as `map_`.
    """
    return _called("map2_", self, (x, y), callable)


METHODS: dict[str, Any] = {"apply_": apply_, "map_": map_, "map2_": map2_}
