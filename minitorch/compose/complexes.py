"""Complex tensors: assembled, taken apart, and seen as pairs of reals."""

from __future__ import annotations

import weakref
from typing import Any

from ..ops import complex as ops
from ..ops.arithmetic import clone
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.record import base_of
from ..ops.transcendental import cos, sin
from ..tracked import Tracked
from .shapes import transpose


@public("(real, imag, *, out=None)", method=False)
def complex(real: Any, imag: Any) -> Any:
    """real + i imag.

    Raises:
        RuntimeError: unless both are floating-point of one dtype.
    """
    check_parts(real, imag)
    return ops.complex_(real, imag)


def check_parts(real: Any, imag: Any) -> None:
    """Two floating tensors of one dtype.

    Raises:
        RuntimeError: in PyTorch's words.
    """
    for part in (real, imag):
        if not isinstance(part, Tracked) or part._data.dtype.kind != "f":
            raise RuntimeError(
                "Expected both inputs to be Half, Float or Double tensors but got "
                f"{_kind(real)} and {_kind(imag)}"
            )
    if real._data.dtype != imag._data.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {_kind(real)} but got scalar type {_kind(imag)} for second argument"
        )


def _kind(value: Any) -> str:
    from ..backend.dtype import scalar_type

    return scalar_type(value._data.dtype) if isinstance(value, Tracked) else type(value).__name__


@public("(abs, angle, *, out=None)", method=False)
def polar(abs: Any, angle: Any) -> Any:
    """abs * (cos(angle) + i sin(angle))."""
    check_parts(abs, angle)
    lacking("polar_cpu", "float16", abs)
    return complex(abs * cos(angle), abs * sin(angle))


@public("(input)")
def conj(input: Any) -> Any:
    """The complex conjugate, computed at once; a real tensor comes back as it is.

    In PyTorch it is a view, and a write to it would write the tensor too: such a write is refused while that lives.
    """
    if input._data.dtype.kind != "c":
        return input
    found = ops.conj(input)
    found._conjugate_of = weakref.ref(input if input._view is None else base_of(input._view))
    return found


@public("(input)")
def adjoint(input: Any) -> Any:
    """The matrices transposed and conjugated.

    Raises:
        RuntimeError: for a vector.
    """
    if input._data.ndim == 1:
        raise RuntimeError(
            "tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return conj(transpose(input, -2, -1) if input._data.ndim else input)


@public("(input)")
def real(input: Any) -> Any:
    """The real part, as a view; a real tensor comes back as it is."""
    return ops.real(input) if input._data.dtype.kind == "c" else input


@public("(input)", method=False)
def view_as_real(input: Any) -> Any:
    """A complex tensor as a real one with a last dimension of 2, as a view."""
    if input._data.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return ops.as_pairs(input)


@public("(input)", method=False)
def view_as_complex(input: Any) -> Any:
    """A real tensor with a last dimension of 2 as a complex one, as a view."""
    raw = input._data
    if raw.dtype.kind != "f":
        raise RuntimeError(
            f"view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            f"{_kind(input)}"
        )
    lacking("view_as_complex", "float16", input)
    if not raw.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if raw.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    steps = input.stride()
    if steps[-1] != 1:
        raise RuntimeError(f"Tensor must have a last dimension with stride 1 (strides {list(steps)})")
    if any(step % 2 for step in steps[:-1]):
        raise RuntimeError(f"Tensor must have a stride divisible by 2 for all but last dimension (strides {list(steps)})")
    if input.storage_offset() % 2:
        raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    return ops.as_complex(input)


@public("(input)", aliases=("resolve_neg",))
def resolve_conj(input: Any) -> Any:
    """The tensor itself, for conjugation is never put off here; that of `conj()` may be written."""
    if getattr(input, "_conjugate_of", None) is not None:
        return clone(input)
    return input


@public("(input, *, out=None)", inplace=True)
def conj_physical(input: Any) -> Any:
    """The conjugate, computed."""
    return ops.conj(input)


@public("(input)")
def is_conj(input: Any) -> bool:
    """False: conjugation is never put off here."""
    return False
