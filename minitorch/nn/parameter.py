"""Parameters and buffers: the tensors a module owns.

A Parameter is a Tensor that asks for its gradient, and that a Module files under its name when it is assigned as an
attribute; a Buffer is one that the module keeps and does not train. Both share the memory and the version of the tensor
they are made from. https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
"""

from __future__ import annotations

from typing import Any, TypeVar

from .._tensor import Tensor
from ..create import empty

_T = TypeVar("_T", bound=Tensor)


def _alias(kind: type[_T], source: Tensor | None) -> _T:
    """A leaf of this class on the memory and the version cell of `source` (of nothing: no elements)."""
    if source is None:
        source = empty(0)
    if not isinstance(source, Tensor):
        raise TypeError(f"{kind.__name__} expects a Tensor, but got {type(source).__name__}. Hint: tensor(data)")
    made = object.__new__(kind)
    made._data, made._version = source._data, source._version
    made._node = made._view = made._grad = None
    return made


class Parameter(Tensor):
    """A tensor that is trained: `requires_grad` is on, and a Module lists it among its parameters.

    Args:
        data: the tensor whose memory it takes.
        requires_grad: switch off for a frozen parameter.
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        made = _alias(cls, data)
        made.requires_grad_(requires_grad)
        return made

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        """Nothing is left to do after `__new__`."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            copied = type(self)(self.detach().clone(), self.requires_grad)
            copied.__dict__.update(self.__dict__)
            memo[id(self)] = copied
        found: Parameter = memo[id(self)]
        return found

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]  # mypy drops dunders' names
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that a Module keeps without training it.

    Args:
        data: the tensor whose memory it takes.
        persistent: whether it is part of `state_dict()`.
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        made = _alias(cls, data)
        made.requires_grad_(data is not None and data.requires_grad)
        made.persistent = persistent
        return made

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        """Nothing is left to do after `__new__`."""


def is_lazy(tensor: object) -> bool:
    """Whether a parameter waits for its shape until the first call; none does yet."""
    return False
