"""The arguments and results that all creation functions share.

`size`, `dtype`, `device`, `out` and numbers are read here, each with PyTorch's refusals; `wrap` makes a leaf of the raw
array that a creation function built, and `finish` writes it into `out=` where one was given. The data itself is read in
_tensor_data.py.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ._tensor import Tensor
from .backend import dtype as dt
from .backend.device import Device
from .backend.namespace import Backend, backend_for, backend_of, default_device
from .graph.modes import modes
from .tracked import Tracked

_NUMBERS = frozenset((bool, int, float, complex))
_PYTHON_TYPES: dict[Any, dt.dtype] = {bool: dt.bool_, int: dt.int64, float: dt.float64, complex: dt.complex128}


# ---- arguments -----------------------------------------------------------------------------------------------------
def as_dtype(function: str, dtype: Any) -> dt.dtype | None:
    """The `dtype=` argument: a dtype, None, or a Python type (`float` is float64).

    Raises:
        TypeError: for anything else.
    """
    if dtype is None or dtype.__class__ is dt.dtype:
        return dtype
    if isinstance(dtype, type) and dtype in _PYTHON_TYPES:
        return _PYTHON_TYPES[dtype]
    raise TypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}")


def need_strided(function: str, layout: Any) -> None:
    """The `layout=` argument: only dense tensors exist here.

    Raises:
        RuntimeError: for a sparse layout.
    """
    if layout is not None and str(layout) != "torch.strided":
        raise RuntimeError(f"{function}(): only the layout torch.strided is supported, not {layout}")


def home(device: Any) -> Backend:
    """The namespace of `device=`; None is the default device."""
    return backend_for(default_device[-1] if device is None else Device(device))


def as_sizes(function: str, given: tuple[Any, ...], named: Any = None) -> tuple[int, ...]:
    """The `size` argument: `f(2, 3)`, `f((2, 3))` or `f(size=(2, 3))`.

    Raises:
        TypeError: for a size that is no integer.
        RuntimeError: for a negative one.
    """
    if named is not None:
        if given:
            raise TypeError(f"{function}() got multiple values for argument 'size'")
        given = (named,)
    elif not given:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    first = given[0]
    if isinstance(first, tuple | list):
        if len(given) > 1:
            raise TypeError(f"{function}() takes 1 positional argument but {len(given)} were given")
        given = tuple(first)
    elif first.__class__ is not int and not is_integer(first):
        raise TypeError(f"{function}(): argument 'size' (position 1) must be tuple of ints, not {type(first).__name__}")
    for place, size in enumerate(given):
        if size.__class__ is not int and not is_integer(size):
            raise TypeError(f"{function}(): argument 'size' failed to unpack the object at pos {place + 1} with error "
                            f'"type must be tuple of ints,but got {type(size).__name__}"')  # fmt: skip
    sizes = tuple(map(operator.index, given))
    if sizes and min(sizes) < 0:
        lead = "zeros: Dimension size must be non-negative. " if function == "zeros" else ""
        raise RuntimeError(f"{lead}Trying to create tensor with negative dimension {min(sizes)}: {list(sizes)}")
    return sizes


def is_integer(value: Any) -> bool:
    """Whether a value counts as an integer: ints, NumPy's, integer tensors of one element; no bool."""
    if value.__class__ is int:
        return True
    if isinstance(value, bool | np.bool_ | float | complex):
        return False
    if isinstance(value, Tracked):
        return value._data.size == 1 and value._data.dtype.kind in "iu"
    return hasattr(value, "__index__")


def as_int(function: str, name: str, place: int, value: Any) -> int:
    """An integer argument as an int.

    Raises:
        TypeError: for anything else.
        ValueError: for one that has no place in 64 bits.
    """
    if not is_integer(value):
        raise TypeError(f"{function}(): argument '{name}' (position {place}) must be int, not {type(value).__name__}")
    number = operator.index(value)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError("Overflow when unpacking long long")
    return number


def as_number(function: str, name: str, place: int, value: Any, wanted: str = "Number") -> Any:
    """A number argument as a Python number; tensors without dimensions and NumPy's numbers count.

    Raises:
        TypeError: for anything else.
    """
    if value.__class__ in _NUMBERS:
        return value
    if (isinstance(value, Tracked) and not value._data.ndim) or isinstance(value, np.generic):
        value = (value._data if isinstance(value, Tracked) else value).item()
    if not isinstance(value, int | float | complex):
        raise TypeError(f"{function}(): argument '{name}' (position {place}) must be {wanted}, not "
                        f"{type(value).__name__}")  # fmt: skip
    return value


def need_tensor(function: str, name: str, place: int, value: Any) -> Any:
    """An argument that must be a tensor: its raw array.

    Raises:
        TypeError: for anything else.
    """
    if not isinstance(value, Tracked):
        raise TypeError(f"{function}(): argument '{name}' (position {place}) must be Tensor, not "
                        f"{type(value).__name__}")  # fmt: skip
    return value._data


# ---- results -------------------------------------------------------------------------------------------------------
def wrap(raw: Any, requires_grad: bool = False) -> Tensor:
    """A leaf around a raw array.

    Raises:
        RuntimeError: for an integer or bool array that is to require grad.
    """
    tensor = Tensor._wrap(raw)
    if modes.inference:
        tensor._cell = None
    if requires_grad:
        if raw.dtype.kind in "iub":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients "
                               f"(this one is {dt.of(raw.dtype)})")  # fmt: skip
        tensor.requires_grad_()
    return tensor


def out_dtype(function: str, out: Any, dtype: dt.dtype | None, fallback: Any = None) -> Any:
    """The raw dtype to compute in: `dtype`, else that of `out`, else `fallback`, else the default.

    Raises:
        RuntimeError: where `out` has another dtype than the one asked for, or would lose a gradient.
    """
    if out is None:
        return (dtype or fallback or dt.default()).numpy
    if not isinstance(out, Tracked):
        raise TypeError(f"{function}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if modes.grad and out._node is not None:
        raise RuntimeError(f"{function}(): functions with out=... arguments don't support automatic differentiation, "
                           "but one of the arguments requires grad.")  # fmt: skip
    raw = out._data.dtype
    if dtype is not None and dtype.numpy != raw:
        raise RuntimeError(f"dtype {dt.SCALAR_TYPES[dtype.name]} does not match dtype of out parameter "
                           f"({dt.scalar_type(raw)})")  # fmt: skip
    return raw


def finish(raw: Any, out: Any, requires_grad: bool) -> Tensor:
    """The result of a creation function: a new leaf, or `out` holding these numbers (and this shape)."""
    if out is None:
        return wrap(raw, requires_grad)
    xp = backend_of(out._data)
    if backend_of(raw) is not xp:
        raw = xp.asarray(raw)
    if out._data.shape == raw.shape:
        out._data[...] = raw
    else:
        out._data = raw.astype(out._data.dtype)
    out._bump()
    result: Tensor = out
    return result.requires_grad_() if requires_grad else result
