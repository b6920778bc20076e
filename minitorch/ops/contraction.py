"""Sums of products: the batched matrix product that all linear layers come down to, with its two transposed forms."""

from __future__ import annotations

from .families import contraction


def _check_matmul(datas, params):
    x, y = datas
    if x.dtype is y.dtype and x.shape[-1] == y.shape[-2]:
        return params
    if x.dtype != y.dtype:
        from ..backend.dtype import scalar_type

        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {scalar_type(x.dtype).lower()} != "
            f"{scalar_type(y.dtype).lower()}"
        )
    if x.shape[-1] != y.shape[-2]:
        if x.ndim == 2 and y.ndim == 2:
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied ({x.shape[0]}x{x.shape[1]} and {y.shape[0]}x{y.shape[1]})"
            )
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{x.shape[0]}, {x.shape[-1]}] but got: "
            f"[{y.shape[0]}, {y.shape[-2]}]. (matmul of shapes {list(x.shape)} and {list(y.shape)})"
        )
    return params


@contraction(symbol="@", check=_check_matmul)
def matmul(xp, x, y):
    """The matrix product of the last two dimensions, the leading ones broadcast."""
    return xp.matmul(x, y)


def _flipped(x):
    return x.T if x.ndim == 2 else x.swapaxes(-1, -2)


@contraction()
def matmul_nt(xp, x, y):
    """x times the transpose of y, over the last two dimensions."""
    return xp.matmul(x, _flipped(y))


@contraction()
def matmul_tn(xp, x, y):
    """The transpose of x times y, over the last two dimensions."""
    return xp.matmul(_flipped(x), y)


# The three are closed: each one's gradients are products of the other two.
matmul.vjp(x=lambda g, y: matmul_nt(g, y), y=lambda g, x: matmul_tn(x, g))
matmul_nt.vjp(x=lambda g, y: matmul(g, y), y=lambda g, x: matmul_tn(g, x))
matmul_tn.vjp(x=lambda g, y: matmul_nt(y, g), y=lambda g, x: matmul(x, g))
