"""Sums of products: the batched matrix product that all linear layers come down to, with its two transposed forms."""

from __future__ import annotations

from .arithmetic import mul
from .families import contraction
from .kinds import EXPECTED, agreeing, c_name, lacking
from .shape import reshape


def _check_matmul(datas, params):
    x, y = datas
    if x.dtype is y.dtype and x.shape[-1] == y.shape[-2] and x.dtype.kind != "b":
        return params
    plain = x.ndim == 2 and y.ndim == 2
    if not plain:
        lacking("bmm", "b", x)
    if x.dtype != y.dtype:
        if plain:
            agreeing("expected m1 and m2 to have the same dtype, but got: {} != {}", x, y, name=c_name)
        agreeing(EXPECTED, x, y)
    if x.shape[-1] != y.shape[-2]:
        if plain:
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({x.shape[0]}x{x.shape[1]} and {y.shape[0]}x{y.shape[1]})"
            )
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{x.shape[0]}, {x.shape[-1]}] but got: "
            f"[{y.shape[0]}, {y.shape[-2]}]. (matmul of shapes {list(x.shape)} and {list(y.shape)})"
        )
    lacking("addmm_impl_cpu_", "b", x)
    return params


@contraction(symbol="@", check=_check_matmul)
def matmul(xp, x, y):
    """The matrix product of the last two dimensions, the leading ones broadcast."""
    return _multiplied(xp, x, y)


def _multiplied(xp, x, y):
    """The matrix product; of a column and a row, which BLAS is slow at, the elementwise one."""
    return x * y if x.shape[-1] == 1 and x.ndim == 2 == y.ndim else xp.matmul(x, y)


def _flipped(x):
    return x.T if x.ndim == 2 else x.swapaxes(-1, -2)


@contraction()
def matmul_nt(xp, x, y):
    """x times the transpose of y, over the last two dimensions."""
    return _multiplied(xp, x, _flipped(y))


@contraction()
def matmul_tn(xp, x, y):
    """The transpose of x times y, over the last two dimensions."""
    return _multiplied(xp, _flipped(x), y)


# The three are closed: each one's gradients are products of the other two.
matmul.vjp(x=lambda g, y: matmul_nt(g, y), y=lambda g, x: matmul_tn(x, g))
matmul_nt.vjp(x=lambda g, y: matmul(g, y), y=lambda g, x: matmul_tn(g, x))
matmul_tn.vjp(x=lambda g, y: matmul_nt(y, g), y=lambda g, x: matmul(x, g))


@contraction()
def mv(xp, x, y):
    """A matrix times a vector."""
    return xp.matmul(x, y)


@contraction()
def vm(xp, x, y):
    """A vector times a matrix."""
    return xp.matmul(x, y)


def _outer(x, y):
    return mul(reshape(x, shape=(*x.shape, 1)), y)


mv.vjp(x=lambda g, y: _outer(g, y), y=lambda g, x: vm(g, x))
vm.vjp(x=lambda g, y: mv(y, g), y=lambda g, x: _outer(x, g))
