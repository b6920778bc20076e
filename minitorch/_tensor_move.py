"""Tensors between dtypes, devices and memory: to, float, cpu, cuda, type, clone, contiguous.

A conversion is a recorded cast; a move between devices is a recorded transfer, whose gradient travels back.
"""

from __future__ import annotations

from typing import Any

from ._tensor_constants import memory_format as Format
from ._tensor_constants import preserve_format
from ._tensor_metadata import ORDERS
from .backend import dtype as dt
from .backend.device import Device
from .backend.namespace import backend_for, backend_of, device_of
from .ops.arithmetic import cast, clone, warn_of_lost_part
from .ops.families import movement
from .ops.shape import ordered


def is_on(array: Any, device: Device) -> bool:
    """Whether an array is where `device` says; a device type without an index is anywhere of that type."""
    here = device_of(array)
    return here.type == device.type and (here.index is None or device.index in (None, here.index))


def _and_where_from(datas: Any, params: dict[str, Any]) -> dict[str, Any]:
    return {"device": params["device"], "origin": device_of(datas[0])}


@movement(linear=True, check=_and_where_from)
def transfer(xp, x, *, device, origin=None):  # type: ignore[no-untyped-def]
    """The same numbers on another device; the gradient travels back to where they came from."""
    return x if is_on(x, device) else backend_for(device).asarray(backend_of(x).to_host(x))


transfer.single = False  # the short way would take the result for a host array
transfer.vjp(x=lambda g, origin: transfer(g, device=origin))


class TensorMoves:
    """The methods that convert and move."""

    __slots__ = ()
    _data: Any

    def to(self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False,
           memory_format: Any = None, other: Any = None) -> Any:  # fmt: skip
        """Another dtype or device: `to(dtype)`, `to(device)`, `to(device, dtype)`, `to(other)`."""
        flags = [value for value in args if isinstance(value, bool)]
        copy = flags[1] if len(flags) > 1 else copy  # the first is non_blocking
        for value in args:
            if isinstance(value, dt.dtype):
                dtype = value
            elif isinstance(value, str | Device | int) and not isinstance(value, bool):
                device = value
            elif hasattr(value, "_data"):
                other = value
            elif value is not None and not isinstance(value, bool):
                raise TypeError(
                    "to() received an invalid combination of arguments - got "
                    f"({', '.join(type(a).__name__ for a in args)}), but expected one of:\n"
                    " * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, bool copy = "
                    "False, *, torch.memory_format memory_format = None)\n * (torch.dtype dtype, ...)\n"
                    " * (Tensor other, ...)"
                )
        if other is not None:
            dtype, device = dtype or other.dtype, device or other.device
        out: Any = self
        if device is not None:
            home = Device(device)
            if not is_on(self._data, home):
                out = transfer(out, device=home)
        if dtype is not None and out._data.dtype != dtype.numpy:
            if out._data.dtype.kind == "c":
                warn_of_lost_part(dtype.numpy)
            out = cast(out, dtype=dtype.numpy)
        return arranged(out, memory_format, copy and out is self, "to")

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The type's name, or a conversion to a dtype or type name."""
        if dtype is None:
            name = dt.SCALAR_TYPES[dt.of(self._data.dtype).name]
            place = "cuda." if backend_of(self._data).name == "cuda" else ""
            return f"torch.{place}{name}Tensor"
        return self.to(as_dtype(dtype))

    def type_as(self, other: Any) -> Any:
        """The dtype and device of another tensor."""
        return self.to(other)

    def float(self, memory_format: Any = None) -> Any:
        """float32."""
        return self.to(dt.float32, memory_format=memory_format)

    def double(self, memory_format: Any = None) -> Any:
        """float64."""
        return self.to(dt.float64, memory_format=memory_format)

    def half(self, memory_format: Any = None) -> Any:
        """float16."""
        return self.to(dt.float16, memory_format=memory_format)

    def bfloat16(self, memory_format: Any = None) -> Any:
        """bfloat16."""
        return self.to(dt.bfloat16, memory_format=memory_format)

    def long(self, memory_format: Any = None) -> Any:
        """int64."""
        return self.to(dt.int64, memory_format=memory_format)

    def int(self, memory_format: Any = None) -> Any:
        """int32."""
        return self.to(dt.int32, memory_format=memory_format)

    def short(self, memory_format: Any = None) -> Any:
        """int16."""
        return self.to(dt.int16, memory_format=memory_format)

    def char(self, memory_format: Any = None) -> Any:
        """int8."""
        return self.to(dt.int8, memory_format=memory_format)

    def byte(self, memory_format: Any = None) -> Any:
        """uint8."""
        return self.to(dt.uint8, memory_format=memory_format)

    def bool(self, memory_format: Any = None) -> Any:
        """bool."""
        return self.to(dt.bool_, memory_format=memory_format)

    def cfloat(self, memory_format: Any = None) -> Any:
        """complex64."""
        return self.to(dt.complex64, memory_format=memory_format)

    def cdouble(self, memory_format: Any = None) -> Any:
        """complex128."""
        return self.to(dt.complex128, memory_format=memory_format)

    def cpu(self, memory_format: Any = None) -> Any:
        """On the host."""
        return self.to("cpu", memory_format=memory_format)

    def cuda(self, device: Any = None, non_blocking: Any = False, memory_format: Any = None) -> Any:
        """On a CUDA device."""
        return self.to(Device("cuda" if device is None else device), memory_format=memory_format)

    def clone(self, *, memory_format: Any = None) -> Any:
        """A recorded copy, in the memory order of the tensor or in that of `memory_format`."""
        return clone(self) if memory_format is None else arranged(self, memory_format, True, "clone")

    def contiguous(self, *, memory_format: Any = None) -> Any:
        """Itself if its elements lie in index order (or in that of `memory_format`), else a copy that does.

        Raises:
            RuntimeError: for the format that keeps an order, or one for another number of dimensions.
        """
        keep = memory_format is None or memory_format == preserve_format
        if keep and self._data.flags.c_contiguous:
            return self
        if memory_format is None:
            return ordered(self)
        if keep:
            raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
        return arranged(self, memory_format, False, "contiguous")

    def share_memory_(self) -> Any:
        """Itself: worker processes get copies."""
        return self

    def is_shared(self) -> Any:
        """False: memory is not shared between processes here."""
        return False

    def pin_memory(self, device: Any = None) -> Any:
        """Itself: host memory is not pinned here."""
        return self

    def is_pinned(self, device: Any = None) -> Any:
        """False: host memory is not pinned here."""
        return False


def arranged(x: Any, memory_format: Any, copy: bool, function: str) -> Any:
    """The tensor in a memory format: itself where it is so already and no copy is wanted.

    Raises:
        TypeError: for what is no memory format.
        RuntimeError: for one that needs another number of dimensions.
    """
    if memory_format is None:
        return clone(x) if copy else x
    if not isinstance(memory_format, Format):
        raise TypeError(f"{function}(): argument 'memory_format' must be torch.memory_format, not "
                        f"{type(memory_format).__name__}")  # fmt: skip
    if memory_format == preserve_format:
        return clone(x) if copy else x
    axes = ORDERS.get(str(memory_format))
    if axes is not None and len(axes) != x._data.ndim:
        raise RuntimeError(f"required rank {len(axes)} tensor to use {memory_format[6:]} format "
                           f"(this one has shape {list(x._data.shape)})")  # fmt: skip
    return x if not copy and x.is_contiguous(memory_format=memory_format) else ordered(x, axes=axes)


def as_dtype(value: Any) -> dt.dtype:
    """A dtype from a dtype, a legacy type name (`torch.FloatTensor`) or a Python type."""
    if isinstance(value, dt.dtype):
        return value
    if value in (bool, int, float, complex):
        return {bool: dt.bool_, int: dt.int64, float: dt.float64, complex: dt.complex128}[value]
    text = value if isinstance(value, str) else getattr(value, "__name__", str(value))
    name = text.rpartition(".")[2].removesuffix("Tensor")
    for plain, scalar in dt.SCALAR_TYPES.items():
        if name == scalar:
            return next(d for d in dt.ALL if d.name == plain)
    raise ValueError(f"invalid type: {value!r}")
