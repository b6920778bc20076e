"""Parameters and buffers: the tensors a module owns.

A Parameter is a Tensor that asks for its gradient, and that a Module files under its name when it is assigned as an
attribute; a Buffer is one that the module keeps and does not train. Both share the memory and the version of the tensor
they are made from. An uninitialised one has a dtype and a device and waits for its shape; `materialize` gives it one and
turns it into the plain thing. https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from .._tensor import Tensor
from ..backend import dtype as dt
from ..backend.device import Device
from ..create import empty
from ..size import Size
from ..tracked import Tracked

__all__ = ["Parameter", "UninitializedParameter", "is_lazy", "Buffer", "UninitializedBuffer", "UninitializedTensorMixin"]

_T = TypeVar("_T", bound=Tensor)


def _alias(kind: type[_T], source: Tensor | None) -> _T:
    """A leaf of this class on the memory and the version cell of `source` (of nothing: no elements)."""
    if source is None:
        source = empty(0)
    if not isinstance(source, Tensor):
        raise TypeError(f"{kind.__name__} expects a Tensor, but got {type(source).__name__}. Hint: tensor(data)")
    made = object.__new__(kind)
    made._data, made._cell = source._data, source._cell
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


# ---- before the shape is known -------------------------------------------------------------------------------------
_HELD: Any = Tracked.__dict__["_data"]  # the slot under the property that refuses it
_PACKAGE = str(Path(__file__).parents[1])


def _asked() -> str:
    """What the user called, read off the call stack: the outermost function of minitorch before the next layer."""
    frame, name = sys._getframe(2), "an operator"
    while frame is not None and frame.f_code.co_filename.startswith((_PACKAGE, "<")):
        if f"{_PACKAGE}/nn/" in frame.f_code.co_filename or frame.f_code.co_name == "<module>":
            break
        if frame.f_code.co_name not in ("short", "twin", "<genexpr>"):  # an operator's short path, what is behind x.f_()
            name = f"`{frame.f_code.co_name}`"
        frame = frame.f_back  # type: ignore[assignment]
    return name


class UninitializedTensorMixin(Tensor):
    """What uninitialised parameters and buffers share: a dtype and a device, and no numbers to compute with.

    They may be moved to another dtype or device, copied, pickled and given a shape; anything else is refused.
    """

    __slots__ = ()
    #: What it is once it has a shape.
    cls_to_become: Any

    @property
    def _data(self) -> Any:
        raise ValueError(
            f"Attempted to use an uninitialized parameter in {_asked()}. This error happens when you are using a "
            f"`LazyModule` or explicitly manipulating `torch.nn.parameter.{type(self).__name__}` objects. When using "
            "LazyModules Call `forward` with a dummy batch to initialize the parameters before calling torch functions"
        )

    @_data.setter
    def _data(self, array: Any) -> None:
        _HELD.__set__(self, array)

    def _held(self) -> Tensor:
        """No elements of the dtype and on the device it will have, as a plain tensor."""
        return Tensor._wrap(_HELD.__get__(self))

    @contextmanager
    def _plain(self) -> Iterator[None]:
        """What it will become, for a moment."""
        kind, self.__class__ = self.__class__, self.cls_to_become
        try:
            yield
        finally:
            self.__class__ = kind

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Give it a shape, with whatever the memory held, and make it a plain parameter or buffer.

        Args:
            shape: its sizes.
            device, dtype: another than it was made for.
        """
        held = self._held()
        made = empty(*shape, device=held.device if device is None else device, dtype=held.dtype if dtype is None else dtype)
        self.__class__ = self.cls_to_become
        self.data = made

    def _again(self, held: Tensor) -> Any:
        """One of the same kind, of the dtype and on the device of `held`."""
        raise NotImplementedError

    def _converted(self, name: str, *args: Any, **kwargs: Any) -> Any:
        held = self._held()
        converted = getattr(held, name)(*args, **kwargs)
        return self if converted is held else self._again(converted)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        return self._converted("to", *args, **kwargs)

    def type(self, *args: Any, **kwargs: Any) -> Any:
        return self._converted("type", *args, **kwargs) if args or kwargs else self._held().type()

    def detach(self) -> Any:
        return self._data

    def copy_(self, src: Tensor, non_blocking: bool = False) -> Any:
        """Nothing, from another that has no shape either.

        Raises:
            ValueError: for numbers.
        """
        return self if is_lazy(src) else self._data

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        with self._plain():
            self.requires_grad_(requires_grad)
        return self

    @property
    def data(self) -> Tensor:
        return self._held()

    @data.setter
    def data(self, value: Tensor) -> None:
        held = value._held() if isinstance(value, UninitializedTensorMixin) else value
        with self._plain():
            self.data = held

    @property
    def dtype(self) -> dt.dtype:
        return self._held().dtype

    @property
    def device(self) -> Device:
        return self._held().device

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self.dtype.is_complex

    def size(self, dim: int | None = None) -> Any:
        return self._held().size(dim)

    @property
    def shape(self) -> Size:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` to "
            "initialize the parameters before accessing their attributes."
        )

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters "
            "before calling `module.share_memory()`."
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = self._again(self._held())
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        held = self._held()
        return type(self), (self.requires_grad, str(held.device), held.dtype)

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"<{type(self).__name__}>"


def _conversion(name: str) -> Callable[..., Any]:
    def convert(self: UninitializedTensorMixin, *args: Any, **kwargs: Any) -> Any:
        return self._converted(name, *args, **kwargs)

    convert.__name__, convert.__doc__ = name, getattr(Tensor, name).__doc__
    return convert


for _name in ("float", "double", "half", "bfloat16", "long", "int", "short", "char", "cpu", "cuda"):
    setattr(UninitializedTensorMixin, _name, _conversion(_name))


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]  # mypy drops dunders' names
    """A parameter whose shape a lazy module learns from its first input.

    Args:
        requires_grad: switch off for a frozen parameter.
        device, dtype: what it will have.
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> UninitializedParameter:
        made: Any = Parameter(empty(0, device=device, dtype=dtype), requires_grad)
        made.__class__ = cls
        return made  # type: ignore[no-any-return]

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        """Nothing is left to do after `__new__`."""

    def _again(self, held: Tensor) -> UninitializedParameter:
        return type(self)(self.requires_grad, held.device, held.dtype)


class UninitializedBuffer(UninitializedTensorMixin, Buffer):
    """A buffer whose shape a lazy module learns from its first input.

    Args:
        requires_grad: whether its gradient is recorded.
        device, dtype: what it will have.
        persistent: whether it is part of `state_dict()`.
    """

    cls_to_become = Buffer

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
                ) -> UninitializedBuffer:  # fmt: skip
        made: Any = Buffer(empty(0, device=device, dtype=dtype), persistent=persistent)
        made.requires_grad_(requires_grad)
        made.__class__ = cls
        return made  # type: ignore[no-any-return]

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True) -> None:
        """Nothing is left to do after `__new__`."""

    def _again(self, held: Tensor) -> UninitializedBuffer:
        return type(self)(self.requires_grad, held.device, held.dtype, self.persistent)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        made, given = super().__reduce_ex__(protocol)
        return made, (*given, self.persistent)


def is_lazy(param: object) -> bool:
    """Whether a parameter or buffer waits for its shape."""
    return isinstance(param, UninitializedTensorMixin)
