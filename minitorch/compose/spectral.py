"""PyTorch's `torch.fft`: sizes, norms and the order of dimensions around three transforms."""

from __future__ import annotations

from typing import Any

from ..backend.dtype import default, scalar_type
from ..ops import spectral as ops
from ..ops.arithmetic import cast
from ..ops.complex_edge import conj
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.shape import place, select
from .arrangement import roll

_FULL = slice(None)


def _norm(norm: Any) -> str:
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm or "backward"


def _floating(x: Any) -> Any:
    if x._data.dtype.itemsize == 2 and x._data.dtype.kind in "fV":
        raise RuntimeError(f"Unsupported dtype {scalar_type(x._data.dtype)}")
    return cast(x, dtype=default().numpy) if x._data.dtype.kind in "biu" else x


def sized(x: Any, axis: int, size: int | None) -> Any:
    """x cut or zero-padded along one dimension."""
    have = x._data.shape[axis]
    if size is None or size == have:
        size = have
    if size < 1:
        raise RuntimeError(f"Invalid number of data points ({size}) specified")
    if size == have:
        return x
    key = (*[_FULL] * axis, slice(0, min(size, have)))
    if size < have:
        return select(x, key=key)
    shape = x._data.shape
    return place(x, key=key, shape=(*shape[:axis], size, *shape[axis + 1 :]))


def _axes(x: Any, s: Any, dim: Any, default_dims: Any) -> tuple[tuple[int, ...], list[Any]]:
    ndim = x._data.ndim
    if dim is None and s is not None and len(s) > ndim:
        raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
    if dim is None:
        dim = default_dims if default_dims is not None else (
            tuple(range(ndim)) if s is None else tuple(range(ndim - len(s), ndim)))  # fmt: skip
    dims = tuple(one_dim(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))
    if dims and not ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    if len(set(dims)) != len(dims):
        raise RuntimeError("FFT dims must be unique")
    sizes = [None] * len(dims) if s is None else [None if n == -1 else n for n in s]
    if len(sizes) != len(dims):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    return dims, sizes


def _many(x: Any, s: Any, dim: Any, norm: Any, inverse: bool, default_dims: Any = None) -> Any:
    x = _floating(x)
    dims, sizes = _axes(x, s, dim, default_dims)
    for axis, size in zip(dims, sizes, strict=True):
        x = sized(x, axis, size)
    return ops.fourier(x, dims=dims, inverse=inverse, norm=_norm(norm))


def _half(x: Any, s: Any, dim: Any, norm: Any, default_dims: Any = None) -> Any:
    x = _floating(x)
    if x._data.dtype.kind == "c":
        raise RuntimeError(f"rfft expects a real input tensor, but got {x.type()}")
    dims, sizes = _axes(x, s, dim, default_dims)
    if not dims:
        raise RuntimeError("rfftn must transform at least one axis")
    for axis, size in zip(dims, sizes, strict=True):
        x = sized(x, axis, size)
    out = ops.half_fourier(x, dim=dims[-1], norm=_norm(norm))
    return ops.fourier(out, dims=dims[:-1], inverse=False, norm=_norm(norm)) if dims[:-1] else out


def _whole(x: Any, s: Any, dim: Any, norm: Any, default_dims: Any = None) -> Any:
    x = _floating(x)
    dims, sizes = _axes(x, s, dim, default_dims)
    if not dims:
        raise RuntimeError("irfftn must transform at least one axis")
    last = dims[-1]
    length = sizes[-1] if sizes[-1] is not None else 2 * (x._data.shape[last] - 1)
    if length < 1:
        raise RuntimeError(f"Invalid number of data points ({length}) specified")
    for axis, size in zip(dims[:-1], sizes[:-1], strict=True):
        x = sized(x, axis, size)
    x = sized(x, last, length // 2 + 1)
    if len(dims) > 1 or x._data.dtype.kind != "c":  # over no dimension, it makes x complex
        x = ops.fourier(x, dims=dims[:-1], inverse=True, norm=_norm(norm))
    return ops.real_fourier(x, dim=last, size=length, norm=_norm(norm))


def _checked(x: Any, n: Any) -> Any:
    if not x._data.ndim:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    if n is not None and n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return None if n is None else (n,)


def _register(name: str, kind: str) -> None:
    inverse = name.startswith("i")

    def one(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
        s = _checked(input, n)
        if kind == "c":
            return _many(input, s, (dim,), norm, inverse)
        return _whole(input, s, (dim,), norm) if inverse else _half(input, s, (dim,), norm)

    def many(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
        if kind == "c":
            return _many(input, s, dim, norm, inverse)
        return _whole(input, s, dim, norm) if inverse else _half(input, s, dim, norm)

    title = f"The {'inverse ' * inverse}Fourier transform{' of a real tensor' * (kind == 'r')}"
    one.__doc__ = f"{title} along one dimension, cut or padded to n."
    many.__doc__ = f"{title} along several dimensions."
    public("(input, n=None, dim=-1, norm=None, *, out=None)", name=name, namespace="fft")(one)
    public("(input, s=None, dim=(-2, -1), norm=None, *, out=None)", name=f"{name}2", namespace="fft")(many)
    public("(input, s=None, dim=None, norm=None, *, out=None)", name=f"{name}n", namespace="fft")(many)


for _name, _kind in (("fft", "c"), ("ifft", "c"), ("rfft", "r"), ("irfft", "r")):
    _register(_name, _kind)


@public("(input, n=None, dim=-1, norm=None, *, out=None)", namespace="fft")
def hfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    """The real spectrum of a Hermitian-symmetric tensor, of which half is given."""
    return _whole(conj(_floating(input)), _checked(input, n), (dim,), ops.OPPOSITE[_norm(norm)])


@public("(input, n=None, dim=-1, norm=None, *, out=None)", namespace="fft")
def ihfft(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
    """Half of the Hermitian-symmetric tensor whose spectrum is a real tensor."""
    return conj(_half(input, _checked(input, n), (dim,), ops.OPPOSITE[_norm(norm)]))


def _register_symmetric(dims: str, end: str, what: str) -> None:
    signature = f"(input, s=None, dim={dims}, norm=None, *, out=None)"

    def hfft(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
        return _whole(conj(_floating(input)), s, dim, ops.OPPOSITE[_norm(norm)])

    def ihfft(input: Any, s: Any = None, dim: Any = None, norm: Any = None) -> Any:
        return conj(_half(input, s, dim, ops.OPPOSITE[_norm(norm)]))

    hfft.__doc__ = f"The real spectrum of a tensor that is Hermitian-symmetric in {what}, of which half is given."
    ihfft.__doc__ = f"Half of the tensor, Hermitian-symmetric in {what}, whose spectrum is a real tensor."
    public(signature, name=f"hfft{end}", namespace="fft")(hfft)
    public(signature, name=f"ihfft{end}", namespace="fft")(ihfft)


_register_symmetric("(-2, -1)", "2", "its last two dimensions")
_register_symmetric("None", "n", "several dimensions")


def _shifted(input: Any, dim: Any, back: bool) -> Any:
    ndim = input._data.ndim
    dims = tuple(range(ndim)) if dim is None else tuple(one_dim(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))
    if not dims:
        raise RuntimeError("`shifts` required")
    sizes = [input._data.shape[d] for d in dims]
    return roll(input, tuple((n + 1) // 2 if back else n // 2 for n in sizes), dims)


@public("(input, dim=None)", namespace="fft")
def fftshift(input: Any, dim: Any = None) -> Any:
    """The zero frequency moved to the middle."""
    return _shifted(input, dim, False)


@public("(input, dim=None)", namespace="fft")
def ifftshift(input: Any, dim: Any = None) -> Any:
    """The zero frequency moved back to the front."""
    return _shifted(input, dim, True)
