"""Tensors among NumPy arrays and Python numbers: the protocols by which others read a tensor.

`ndarray + tensor` reaches `__array_ufunc__`, which hands the common ufuncs to our own functions, so that the graph goes
on; a few of NumPy's functions likewise by `__array_function__`. Everything else runs in NumPy on the tensors' memory,
and is refused where a tensor requires grad, for its graph would be lost in silence. Leaving for NumPy shares memory;
leaving for Python (`item`, `float(x)`) needs a single element and, on a device, waits for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ._tensor_array_functions import FUNCTIONS, WRITERS, Elsewhere, operand
from .backend.device import Device
from .backend.namespace import backend_for, backend_of
from .graph.modes import modes
from .ops.front import PUBLIC
from .ops.mutation import refuse_write
from .ops.record import node_of
from .tracked import Tracked

__all__ = ["NumpyProtocols", "from_dlpack"]

_REFUSED = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
#: Ufunc -> Python operator: these take a number on either side.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow, "matmul": operator.matmul, "equal": operator.eq, "not_equal": operator.ne,
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
}  # fmt: skip
#: Ufunc -> public function, where the names differ; those of _SAME agree.
_RENAMED = {
    "negative": "neg", "positive": "positive", "absolute": "abs", "fabs": "abs", "conjugate": "conj", "rint": "round",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "arctan2": "atan2", "invert": "bitwise_not", "left_shift": "bitwise_left_shift", "deg2rad": "deg2rad",
    "right_shift": "bitwise_right_shift", "degrees": "rad2deg", "radians": "deg2rad", "sign": "sgn",
}  # fmt: skip
_SAME = frozenset((
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "square", "reciprocal", "sin", "cos", "tan",
    "sinh", "cosh", "tanh", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite", "signbit", "maximum", "minimum",
    "fmax", "fmin", "hypot", "logaddexp", "logaddexp2", "float_power", "floor_divide", "remainder", "fmod", "copysign",
    "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "rad2deg",
    "heaviside", "nextafter", "gcd", "lcm",
))  # fmt: skip


def _refuse(function: str) -> None:
    raise RuntimeError(f"{_REFUSED} (in {function})")


def _on_tape(tensor: Any) -> bool:
    return modes.grad and node_of(tensor) is not None


class NumpyProtocols:
    """What makes a tensor readable to NumPy, DLPack and Python's own conversions."""

    __slots__ = ()
    __array_priority__ = 1000  # above ndarray subclasses and scalars
    _data: Any
    _bump: Any
    dim: Any

    # ---- NumPy -----------------------------------------------------------------------------------------------------
    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The numbers as a NumPy array on the same memory; writes through it are not noticed by the tape.

        Args:
            force: detach and bring to the host where that is needed.

        Raises:
            RuntimeError: for a tensor that requires grad.
            TypeError: for one on a device.
        """
        raw = self._data
        xp = backend_of(raw)
        if not force:
            if _on_tape(self):
                raise RuntimeError(_REFUSED)
            if xp.name != "cpu":
                raise TypeError(f"can't convert {xp.device_of(raw)} device type tensor to numpy. Use Tensor.cpu() to "
                                "copy the tensor to host memory first.")  # fmt: skip
        return xp.to_host(raw).view()  # type: ignore[no-any-return]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError("Unable to avoid copy while creating an array as requested.")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = ufunc.__name__
        if method == "__call__" and not options:
            entry = None if name in _OPERATORS else PUBLIC[""].get(_RENAMED.get(name, name if name in _SAME else ""))
            if name in _OPERATORS or entry is not None:
                operands = [operand(value) for value in inputs]
                if entry is None:
                    return _OPERATORS[name](*operands)
                return entry.function(*(_beside(value, self) for value in operands))
        return _written(getattr(ufunc, method), f"numpy.{name}", inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(kind, NumpyProtocols | np.ndarray) for kind in types):
            return NotImplemented
        own = FUNCTIONS.get(function)
        if own is not None:
            try:
                result = own(*args, **kwargs)
            except Elsewhere:
                result = NotImplemented
            if result is not NotImplemented:
                return result
        return _outside(function, args, kwargs)

    # ---- DLPack and CUDA -------------------------------------------------------------------------------------------
    def __dlpack__(self, *, stream: Any = -1, max_version: Any = None, dl_device: Any = None, copy: Any = None) -> Any:
        """A DLPack capsule of this memory, made by its array.

        Raises:
            BufferError: for a tensor that requires grad.
        """
        if node_of(self) is not None:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        options = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
        options = {name: value for name, value in options.items() if value is not None}
        if backend_of(self._data).name == "cpu":
            if stream not in (None, -1):
                raise AssertionError("stream should be None on cpu.")
            return self._data.__dlpack__(**options)
        return self._data.__dlpack__(stream=stream, **options)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return self._data.__dlpack_device__()  # type: ignore[no-any-return]

    @property
    def __cuda_array_interface__(self) -> Any:
        if backend_of(self._data).name != "cuda":
            raise AttributeError("Can't get __cuda_array_interface__ on non-CUDA tensor type: "
                                 f"{type(self).__name__}. Hint: tensor.cuda() copies it to device memory.")  # fmt: skip
        if node_of(self) is not None:
            raise RuntimeError("Can't get __cuda_array_interface__ on Variable that requires grad. If gradients aren't "
                               "required, use var.detach() to get Variable that doesn't require grad.")  # fmt: skip
        return self._data.__cuda_array_interface__

    # ---- Python's numbers ------------------------------------------------------------------------------------------
    def item(self) -> Any:
        """The only element as a Python number.

        Raises:
            RuntimeError: unless there is exactly one.
        """
        raw = self._data
        if raw.size != 1:
            raise RuntimeError(f"a Tensor with {raw.size} elements cannot be converted to Scalar")
        return raw.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers; a number for a tensor without dimensions."""
        raw = self._data
        return backend_of(raw).to_host(raw).tolist()

    def _single(self) -> Any:
        if self._data.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self._data.item()

    def _real_single(self, kind: str) -> Any:
        value = self._single()
        if value.__class__ is complex:
            if value.imag:
                raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
            value = value.real
        return value

    def __float__(self) -> float:
        return float(self._real_single("double"))

    def __int__(self) -> int:
        return int(self._real_single("int64_t"))

    def __complex__(self) -> complex:
        return complex(self._single())

    def __bool__(self) -> bool:
        raw = self._data
        if raw.size != 1:
            raise RuntimeError(f"Boolean value of Tensor with {'more than one value' if raw.size else 'no values'} is "
                               "ambiguous")  # fmt: skip
        return bool(raw.item())

    def __index__(self) -> int:
        raw = self._data
        if raw.size != 1 or raw.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(raw.item())

    def __len__(self) -> int:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return int(self._data.shape[0])

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, Tracked | int | float | complex):
            raise RuntimeError("Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                               f"{type(element)}.")  # fmt: skip
        found = operator.eq(self, element)
        return bool(found._data.any())

    def __format__(self, spec: str) -> str:
        if not self.dim() and type(self).__name__ == "Tensor":
            return format(self.item(), spec)
        return object.__format__(self, spec)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """A tensor on the memory of an object that exports DLPack.

    Args:
        ext_tensor: an array of any library, with `__dlpack__` and `__dlpack_device__`, or a capsule of the host's.
        device: move the result there.
        copy: True for memory of its own.

    Raises:
        TypeError: for an object without DLPack.
        BufferError: for one that cannot be exported.
    """
    from ._tensor import Tensor
    from ._tensor_capsule import is_capsule, opened

    if is_capsule(ext_tensor):
        raw = opened(ext_tensor)
    elif not hasattr(ext_tensor, "__dlpack__"):
        raise TypeError(f"from_dlpack() expects an object with __dlpack__, but got {type(ext_tensor).__name__}")
    else:
        on_device = int(ext_tensor.__dlpack_device__()[0]) in (2, 13)  # kDLCUDA, kDLCUDAManaged
        raw = backend_for(Device("cuda" if on_device else "cpu")).from_dlpack(ext_tensor)
    tensor = Tensor._wrap(raw.copy() if copy else raw)
    if modes.inference:
        tensor._cell = None
    return tensor if device is None else tensor.to(device=device)


# ---- ufuncs --------------------------------------------------------------------------------------------------------
def _beside(value: Any, tensor: Any) -> Any:
    """A number as a tensor without dimensions, beside a tensor whose dtype it follows if its category allows."""
    if isinstance(value, Tracked):
        return value
    from .create import tensor_from
    from .ops.promotion import common_dtype

    return tensor_from(value, common_dtype((tensor, value)), tensor.device)


def _as_arrays(value: Any, function: str) -> Any:
    """Arguments with their tensors replaced by arrays on the same memory.

    Raises:
        RuntimeError: where a tensor requires grad.
    """
    if isinstance(value, NumpyProtocols):
        if _on_tape(value):
            _refuse(function)
        return value.numpy()
    if value.__class__ in (tuple, list):
        return value.__class__(_as_arrays(part, function) for part in value)
    if value.__class__ is dict:
        return {name: _as_arrays(part, function) for name, part in value.items()}
    return value


def _written(ufunc: Any, name: str, inputs: Any, options: dict[str, Any]) -> Any:
    """Run a ufunc on arrays; its results are tensors, except those written into an array given as `out`."""
    outs = options.get("out") or ()
    written = inputs[:1] if ufunc.__name__ == "at" else outs
    for out in written:
        if isinstance(out, Tracked):
            refuse_write(out, False)
    arrays, options = _as_arrays(inputs, name), _as_arrays(options, name)
    with np.errstate(all="ignore"):
        found = ufunc(*arrays, **options)
    for out in written:
        if isinstance(out, NumpyProtocols):
            out._bump()
    if found is None:
        return None
    several = found if isinstance(found, tuple) else (found,)
    results = tuple(_result(value, outs[place] if place < len(outs) else None) for place, value in enumerate(several))
    return results if isinstance(found, tuple) else results[0]


def _outside(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run one of NumPy's functions on arrays; a tensor that it writes into moves its version on."""
    name = f"{function.__module__}.{function.__name__}"
    written = kwargs.get("out", args[0] if function in WRITERS and args else None)
    if isinstance(written, Tracked):
        refuse_write(written, False)
    found = function(*_as_arrays(args, name), **_as_arrays(kwargs, name))
    if isinstance(written, NumpyProtocols):
        written._bump()
        return None if found is None else written
    return found


def _result(value: Any, out: Any) -> Any:
    if out is not None:
        return out
    from .create import tensor_from

    return tensor_from(np.asarray(value))
