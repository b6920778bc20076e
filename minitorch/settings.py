"""Process-wide settings and questions: constants, default dtype and device, dtype limits, promotion, threads.

The switches of determinism and matmul precision are kept and reported, so that programs which set them run; what is
computed here is deterministic anyway. NumPy's threads are its BLAS library's, which the package threadpoolctl can set.
"""

from __future__ import annotations

import importlib
import math
import os
import warnings
from typing import Any

import numpy as np

from .backend import dtype as dt
from .backend import namespace
from .backend.device import Device
from .ops.promotion import common_dtype
from .size import Size
from .tracked import Tracked

__all__ = [
    "are_deterministic_algorithms_enabled", "broadcast_shapes", "can_cast", "compile", "e", "finfo", "get_default_device",
    "get_default_dtype",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads", "iinfo", "inf", "is_autocast_enabled",
    "is_complex", "is_deterministic_algorithms_warn_only_enabled", "is_floating_point", "is_inference", "is_neg",
    "is_nonzero", "is_same_size", "is_signed", "is_tensor", "is_warn_always_enabled", "nan", "newaxis", "numel", "pi",
    "promote_types", "result_type", "set_default_device", "set_default_dtype", "set_default_tensor_type",
    "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_num_threads", "set_warn_always", "typename", "use_deterministic_algorithms",
]  # fmt: skip

e, pi, inf, nan, newaxis = math.e, math.pi, math.inf, math.nan, None


def get_default_dtype() -> dt.dtype:
    """The dtype of Python floats."""
    return dt.default()


def set_default_dtype(d: dt.dtype, /) -> None:
    """Make `d` the dtype of Python floats.

    Raises:
        TypeError: for a dtype that is not floating-point.
    """
    dt.set_default(d)


def get_default_device() -> Device:
    """Where tensors are made when no device is named."""
    return namespace.default_device[-1]


def set_default_device(device: Any) -> None:
    """Make tensors on `device` when none is named."""
    namespace.default_device[0] = Device("cpu" if device is None else device)


def set_default_tensor_type(t: Any, /) -> None:
    """Make the dtype of a typed tensor that of Python floats: `FloatTensor`, or its name "torch.FloatTensor".

    Raises:
        TypeError: for a type that is not floating-point, or none.
    """
    name = t if isinstance(t, str) else f"torch.{getattr(t, '__name__', '')}"
    d = next((d for d in dt.ALL if name == f"torch.{dt.SCALAR_TYPES[d.name]}Tensor"), None)
    if d is None:
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    if d.category != dt.FLOATING:
        raise TypeError("only floating-point types are supported as the default type")
    warnings.warn("torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() "
                  "and torch.set_default_device() as alternatives.", UserWarning, stacklevel=2)  # fmt: skip
    dt.set_default(d)


def promote_types(type1: dt.dtype, type2: dt.dtype) -> dt.dtype:
    """The smallest dtype that both convert to."""
    return dt.promote_types(type1, type2)


def result_type(tensor1: Any, tensor2: Any) -> dt.dtype:
    """The dtype of an op on two operands, each a tensor or a number."""
    return common_dtype((tensor1, tensor2))


def can_cast(from_: dt.dtype, to: dt.dtype) -> bool:
    """Whether a conversion stays within or above the category: bool < integer < floating < complex."""
    return from_.category <= to.category and not (from_.is_signed and not to.is_signed and to.category == dt.INTEGER)


def is_tensor(obj: Any, /) -> bool:
    """Whether obj is a tensor."""
    from ._tensor import Tensor

    return isinstance(obj, Tensor)


def _tensor(function: str, value: Any, name: str = "input", place: int = 1) -> Any:
    if not isinstance(value, Tracked):
        kind = type(value).__name__
        raise TypeError(f"{function}(): argument '{name}' (position {place}) must be Tensor, not {kind}")
    return value


def is_floating_point(input: Any) -> bool:
    """Whether the tensor's dtype is a real floating-point format."""
    return bool(_tensor("is_floating_point", input).is_floating_point())


def is_complex(input: Any) -> bool:
    """Whether the tensor's dtype is complex."""
    return bool(_tensor("is_complex", input).is_complex())


def is_signed(input: Any) -> bool:
    """Whether the tensor's dtype has negative numbers."""
    return bool(_tensor("is_signed", input).is_signed())


def is_inference(input: Any) -> bool:
    """Whether the tensor was made in inference mode."""
    return bool(_tensor("is_inference", input).is_inference())


def is_neg(input: Any) -> bool:
    """Whether a negation is still to be done: never, for it is done at once here."""
    return bool(_tensor("is_neg", input).is_neg())


def is_same_size(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape."""
    return bool(_tensor("is_same_size", input).is_same_size(_tensor("is_same_size", other, "other", 2)))


def is_nonzero(input: Any) -> bool:
    """Whether a tensor of one element is not zero.

    Raises:
        RuntimeError: for a tensor of none or of several elements.
    """
    return bool(_tensor("is_nonzero", input))


def numel(input: Any) -> int:
    """The number of elements."""
    return int(_tensor("numel", input).numel())


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that all of these broadcast to; an int stands for a shape of one dimension.

    Raises:
        ValueError: for a negative size.
        RuntimeError: where they do not fit together.
    """
    out: list[int] = []
    for index, given in enumerate(shapes):
        shape = (given,) if isinstance(given, int) else given
        out[:0] = [1] * (len(shape) - len(out))
        for place in range(-1, -1 - len(shape), -1):
            if shape[place] < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if out[place] == 1:
                out[place] = shape[place]
            elif shape[place] not in (1, out[place]):
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {shape[place]} at {place}! Mismatching argument at "
                    f"index {index} had {given}; but expected shape should be broadcastable to {out}"
                )
    return Size(out)


def typename(obj: Any) -> str:
    """The name of a tensor's type, of a class or function, or of any object's class, with its module."""
    if is_tensor(obj):
        return str(obj.type())
    named = obj if hasattr(obj, "__qualname__") or hasattr(obj, "__name__") else type(obj)
    module = getattr(named, "__module__", "") or ""
    name = getattr(named, "__qualname__", None) or named.__name__
    return name if module in ("", "builtins") else f"{module}.{name}"


# ---- switches ------------------------------------------------------------------------------------------------------
_switches: dict[str, Any] = {"threads": os.cpu_count() or 1, "interop_threads": os.cpu_count() or 1, "warn_always": False,
                             "deterministic": False, "warn_only": False, "precision": "highest"}  # fmt: skip


def get_num_threads() -> int:
    """The number that `set_num_threads` was given; at first that of the processors."""
    return int(_switches["threads"])


def get_num_interop_threads() -> int:
    """The number that `set_num_interop_threads` was given; at first that of the processors."""
    return int(_switches["interop_threads"])


def _set_threads(function: str, name: str, count: Any) -> None:
    if count.__class__ is not int:
        raise RuntimeError(f"{function} expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError(f"{function} expects a positive integer")
    _switches[name] = count


def set_num_threads(count: int, /) -> None:
    """The number of threads of NumPy's and SciPy's BLAS, where the package threadpoolctl is installed.

    Without it the number is remembered for `get_num_threads`, and OMP_NUM_THREADS decides, before NumPy is imported.

    Raises:
        RuntimeError: for anything but a positive int.
    """
    _set_threads("set_num_threads", "threads", count)
    try:
        control = importlib.import_module("threadpoolctl")
    except ModuleNotFoundError:
        return
    control.threadpool_limits(limits=count, user_api="blas")


def set_num_interop_threads(count: int, /) -> None:
    """Remembered for `get_num_interop_threads`.

    Raises:
        RuntimeError: for anything but a positive int.
    """
    _set_threads("set_num_interop_threads", "interop_threads", count)


def _flag(function: str, name: str, value: Any, place: int = 1) -> bool:
    if value.__class__ is not bool:
        raise TypeError(f"{function}(): argument '{name}' (position {place}) must be bool, not {type(value).__name__}")
    return bool(value)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remembered; what is computed here is deterministic on the host either way."""
    name = "_set_deterministic_algorithms"
    _switches["deterministic"], _switches["warn_only"] = _flag(name, "mode", mode), _flag(name, "warn_only", warn_only, 2)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was told last."""
    return bool(_switches["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """The `warn_only` that `use_deterministic_algorithms` was told last."""
    return bool(_switches["deterministic"] and _switches["warn_only"])


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told last."""
    return str(_switches["precision"])


def set_float32_matmul_precision(precision: str) -> None:
    """Remembered; float32 products are computed in float32 either way."""
    if precision in ("highest", "high", "medium"):
        _switches["precision"] = precision
        return
    warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'; the current"
                  "setFloat32MatmulPrecision call has no effect.", UserWarning, stacklevel=2)  # fmt: skip


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was told last."""
    return bool(_switches["warn_always"])


def set_warn_always(b: bool, /) -> None:
    """Remembered; how often a warning is shown is for Python's warning filters to say."""
    _switches["warn_always"] = _flag("set_warn_always", "b", b)


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """False: there is no autocast."""
    return False


def set_flush_denormal(mode: bool) -> bool:
    """False: subnormal numbers are kept, and NumPy has no switch for it."""
    if not isinstance(mode, bool):
        raise RuntimeError(f"flush_denormal expects a bool, but got {type(mode).__name__}")
    return False


def compile(model: Any = None, *, fullgraph: bool = False, dynamic: Any = None, backend: Any = None, mode: Any = None,
            options: Any = None, name: Any = None, disable: bool = False, recompile_limit: Any = None,
            isolate_recompiles: bool = False, shapes_spec: Any = None) -> Any:  # fmt: skip
    """The function or module itself: it runs as it is written. Without one, a decorator that returns it.

    Raises:
        RuntimeError: for a mode together with options, as in PyTorch.
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    return (lambda function: function) if model is None else model


# ---- limits --------------------------------------------------------------------------------------------------------
def _need_dtype(function: str, type: Any) -> None:
    if type.__class__ is not dt.dtype:
        kind = type.__class__.__name__
        raise TypeError(f"{function}(): argument 'type' (position 1) must be torch.dtype, not {kind}")


class finfo:
    """The limits of a floating-point dtype: bits, eps, max, min, tiny, smallest_normal, resolution."""

    def __init__(self, type: dt.dtype | None = None) -> None:
        d = dt.default() if type is None else type
        _need_dtype("finfo", d)
        if d.category < dt.FLOATING:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{d!r}'")
        d = d.to_real()
        if d is dt.bfloat16:
            self.bits, self.eps, self.max = 16, 2.0**-7, 3.3895313892515355e38
            self.tiny, self.resolution = 2.0**-126, 0.01
        else:
            info: Any = np.finfo(d.numpy)
            self.bits, self.eps, self.max = int(info.bits), float(info.eps), float(info.max)
            self.tiny, self.resolution = float(info.tiny), float(f"1e-{info.precision}")
        self.min, self.smallest_normal, self.dtype = -self.max, self.tiny, d.name

    def __repr__(self) -> str:
        return (f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
                f"smallest_normal={self.tiny:g}, tiny={self.tiny:g}, dtype={self.dtype})")  # fmt: skip


class iinfo:
    """The limits of an integer dtype: bits, max, min."""

    def __init__(self, type: dt.dtype) -> None:
        _need_dtype("iinfo", type)
        if type is dt.bool_:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        if type.category != dt.INTEGER:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type!r}'")
        info: Any = np.iinfo(type.numpy)
        self.bits, self.max, self.min, self.dtype = int(info.bits), int(info.max), int(info.min), type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
