"""Fourier transforms: linear, and the DFT matrix is symmetric, so each is its own transpose.

With the conjugations that the edge puts around a complex rule, the gradient of `fourier` comes out as the unscaled
inverse transform, which is PyTorch's. The half-spectrum pair (real input, real output) states its own J^H g.
"""

from __future__ import annotations

from .families import spectral


def _kind(x):
    """The dtype of the spectrum: complex, in the precision of x."""
    return x.dtype if x.dtype.kind == "c" else "complex128" if x.dtype == "float64" else "complex64"


@spectral()
def fourier(xp, x, *, dims, inverse, norm):
    """The discrete Fourier transform over some dimensions, complex to complex."""
    if not dims:
        return x.astype(_kind(x))
    if len(dims) == 1:
        out = (xp.fft.ifft if inverse else xp.fft.fft)(x, axis=dims[0], norm=norm)
    else:
        out = (xp.fft.ifftn if inverse else xp.fft.fftn)(x, axes=dims, norm=norm)
    return out.astype(_kind(x), copy=False)


fourier.vjp(x=lambda g, dims, inverse, norm: fourier(g, dims=dims, inverse=inverse, norm=norm))


@spectral()
def half_fourier(xp, x, *, dim, norm):
    """The first half of the spectrum of a real tensor along one dimension; the rest is its mirror image."""
    return xp.fft.rfft(x, axis=dim, norm=norm).astype(_kind(x), copy=False)


def _half_rule(g, x_shape, dim, norm):
    from .shape import place

    shape = (*x_shape[:dim], x_shape[dim], *x_shape[dim + 1 :])
    whole = place(g, key=(*[slice(None)] * dim, slice(0, g.shape[dim])), shape=shape)
    return fourier(whole, dims=(dim,), inverse=False, norm=norm)


half_fourier.vjp(x=_half_rule)


@spectral(holomorphic=False)
def real_fourier(xp, x, *, dim, size, norm):
    """The real tensor of `size` along one dimension whose half spectrum is x."""
    kind = "float64" if x.dtype == "complex128" else "float32"
    return xp.fft.irfft(x, n=size, axis=dim, norm=norm).astype(kind, copy=False)


#: The scale of the opposite direction.
OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _real_rule(g, x_shape, dim, size, norm):
    from .arithmetic import mul

    spectrum = half_fourier(g, dim=dim, norm=OPPOSITE[norm])
    return mul(spectrum, _weights(spectrum, dim, size))


def _weights(spectrum, dim, size):
    """2 for each frequency that stands for its mirror image too, 1 for the others."""
    from .create import full
    from .shape import place

    raw = getattr(spectrum, "_data", spectrum)
    count = raw.shape[dim]
    shape = (*[1] * dim, count, *[1] * (raw.ndim - dim - 1))
    ones = full(spectrum, shape=shape, value=1)
    mirrored = slice(1, (size + 1) // 2)
    inner = (*[slice(None)] * dim, mirrored)
    length = len(range(count)[mirrored])
    return ones + place(full(spectrum, shape=(*shape[:dim], length, *shape[dim + 1 :]), value=1), key=inner, shape=shape)


real_fourier.vjp(x=_real_rule)
