"""Fourier transforms: linear, and the DFT matrix is symmetric, so each is its own transpose.

With the conjugations that the edge puts around a complex rule, the gradient of `fft` comes out as the unscaled inverse
transform, which is PyTorch's.
"""

from __future__ import annotations

from .families import spectral


@spectral()
def fourier(xp, x, *, dims, inverse, norm):
    """The discrete Fourier transform over some dimensions, complex to complex."""
    transform = xp.fft.ifftn if inverse else xp.fft.fftn
    return transform(x, axes=dims, norm=norm) if dims else x.astype(xp.result_type(x.dtype, "complex64"))


fourier.vjp(x=lambda g, dims, inverse, norm: fourier(g, dims=dims, inverse=inverse, norm=norm))
