"""Complex numbers: conjugate, parts, assembly. Not holomorphic, so the rules give J^H g themselves."""

from __future__ import annotations

from .arithmetic import where, zero
from .comparison import eq
from .create import full
from .families import elementwise, movement
from .kinds import kind_of

UNARY = "(input)"


@elementwise(promotes=None, holomorphic=False, linear=True)
def conj(xp, x):
    """The complex conjugate."""
    if x.__class__ is float:
        return x
    return xp.conj(x) if x.dtype.kind == "c" else x.copy()


conj.vjp(x=lambda g: conj(g))


@movement(holomorphic=False, linear=True, view=True)
def real(xp, x):
    """The real part, as a view."""
    return x.real


@movement(UNARY, holomorphic=False, linear=True, view=True)
def imag(xp, x):
    """The imaginary part of a complex tensor, as a view."""
    if x.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return x.imag


@elementwise(name="complex", promotes=None, holomorphic=False, linear=True,
             inplace=False)  # fmt: skip
def complex_(xp, re, im):
    """re + i im from two real tensors of one dtype."""
    return _joined(xp, re, im)


def _joined(xp, re, im):
    """re + i im without arithmetic, which makes NaN of an infinite part."""
    kind = "complex128" if re.dtype == "float64" else "complex64"
    out = xp.empty(xp.broadcast(re, im).shape, dtype=kind)
    out.real[...], out.imag[...] = re, im
    return out


real.vjp(x=lambda g: complex_(g, full(g, shape=g.shape, value=0)))
imag.vjp(x=lambda g: complex_(full(g, shape=g.shape, value=0), g))
complex_.vjp(re=lambda g: real(g), im=lambda g: imag(g))


@movement(holomorphic=False, linear=True, view=True)
def as_pairs(xp, x):
    """A complex tensor as a real one with a last dimension of (real, imaginary), as a view."""
    return x[..., None].view(x.real.dtype)


@movement(holomorphic=False, linear=True, view=True)
def as_complex(xp, x):
    """A real tensor with a last dimension of (real, imaginary) as a complex one, as a view."""
    kind = "complex128" if x.dtype == "float64" else "complex64"
    if x.size and x.strides[-1] == x.itemsize and all(step % (2 * x.itemsize) == 0 for step in x.strides[:-1]):
        return x.view(kind)[..., 0]
    return _joined(xp, x[..., 0], x[..., 1])


as_pairs.vjp(x=lambda g: as_complex(g))
as_complex.vjp(x=lambda g: as_pairs(g))


# ---- the angle -----------------------------------------------------------------------------------------------------
@elementwise("(input, *, out=None)", promotes="float", holomorphic=False, inplace=False)
def angle(xp, x):
    """The angle in radians of a complex number from the real axis; of a real number, pi where it is negative."""
    if kind_of(x) == "c":
        return xp.arctan2(x.imag, x.real)
    return xp.where(x != x, x, xp.where(x < 0, xp.pi, xp.zeros_like(x)))


def _over_square(x, y):
    """y over the square of |x|; 0 at 0."""
    size = real(x) * real(x) + imag(x) * imag(x)
    nothing = eq(size, 0)
    return where(nothing, 0, y / where(nothing, 1, size))


def _angle_rule(g, x):
    if kind_of(x) != "c":
        return zero(g)
    return complex_(_over_square(x, -g * imag(x)), _over_square(x, g * real(x)))


def _angle_tangent(t, x):
    if kind_of(x) != "c":
        return zero(t)
    return _over_square(x, real(x) * imag(t) - imag(x) * real(t))


angle.vjp(x=_angle_rule).jvp(x=_angle_tangent)
