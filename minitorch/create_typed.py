"""The typed tensors of old: `FloatTensor([1, 2])`, `LongTensor(3)`, and `isinstance(x, torch.FloatTensor)`.

No tensor is an instance of these classes in Python's sense; they are a dtype under a name, and calling one makes a
tensor of it. https://docs.pytorch.org/docs/stable/tensors.html
"""

from __future__ import annotations

from typing import Any

from ._tensor import Tensor
from ._tensor_arguments import wrap
from .backend import dtype as dt
from .backend.namespace import backend_of
from .create import legacy_array
from .tracked import Tracked


class TypedTensor(type):
    """The class of the typed tensors: a dtype with PyTorch's manners."""

    dtype: dt.dtype

    def __call__(cls, *data: Any, device: Any = None) -> Any:
        """Uninitialised for sizes, a copy for data, the same memory for a tensor of this dtype.

        Raises:
            TypeError: for a tensor of another dtype, and for a number that is no size.
        """
        first = data[0] if len(data) == 1 else None
        if isinstance(first, Tracked) and dt.of(first._data.dtype) is not cls.dtype:
            raise TypeError(f"expected {cls.__name__} (got {dt.of(first._data.dtype)}). Hint: convert it first, "
                            f"x.to({cls.dtype}).")  # fmt: skip
        return wrap(legacy_array(data, cls.dtype, device))

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype and backend_of(instance._data).name == "cpu"


def _typed(d: dt.dtype) -> TypedTensor:
    return TypedTensor(f"{dt.SCALAR_TYPES[d.name]}Tensor", (), {"dtype": d, "__module__": "torch",
                                                                "__doc__": f"Tensors of {d!r}."})  # fmt: skip


BFloat16Tensor, HalfTensor, FloatTensor, DoubleTensor = map(_typed, (dt.bfloat16, dt.float16, dt.float32, dt.float64))
BoolTensor, ByteTensor, CharTensor = map(_typed, (dt.bool_, dt.uint8, dt.int8))
ShortTensor, IntTensor, LongTensor = map(_typed, (dt.int16, dt.int32, dt.int64))

__all__ = ["BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
           "IntTensor", "LongTensor", "ShortTensor"]  # fmt: skip
