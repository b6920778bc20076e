"""Complex numbers: conjugate, parts, assembly. Not holomorphic, so the rules give J^H g themselves."""

from __future__ import annotations

from .families import elementwise, movement

UNARY = "(input)"


@elementwise("(input, *, out=None)", promotes=None, holomorphic=False, linear=True, inplace=False)
def conj(xp, x):
    """The complex conjugate; a real tensor comes back as it is."""
    return xp.conj(x)


conj.vjp(x=lambda g: conj(g))


@movement(UNARY, holomorphic=False, linear=True, view=True)
def real(xp, x):
    """The real part, as a view; a real tensor comes back as it is."""
    return x.real


@movement(UNARY, holomorphic=False, linear=True, view=True)
def imag(xp, x):
    """The imaginary part of a complex tensor, as a view."""
    if x.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return x.imag


@elementwise("(real, imag, *, out=None)", name="complex", promotes=None, method=False, holomorphic=False, linear=True,
             inplace=False)  # fmt: skip
def complex_(xp, re, im):
    """re + i im from two real tensors of one dtype."""
    return re + 1j * im


real.vjp(x=lambda g: complex_(g, g * 0))
imag.vjp(x=lambda g: complex_(g * 0, g))
complex_.vjp(re=lambda g: real(g), im=lambda g: imag(g))
