"""Norms of vectors, distances between tensors, and slices held to a length.

One function, `vector_norm`, knows every order p; each order is the op or composition that is exact for it. Where a norm
has no derivative at 0 it is given 0, as in PyTorch.
"""

from __future__ import annotations

from typing import Any

from ..backend import dtype as dt
from ..ops import reduce as ops
from ..ops.arithmetic import abs_, where
from ..ops.families import many_dims, one_dim
from ..ops.front import PUBLIC, public
from .reductions import as_dtype

INF = float("inf")
NAME = "linalg.vector_norm"


def vector_norm(input: Any, p: Any, dim: Any, keepdim: bool, dtype: Any = None, name: str = NAME) -> Any:
    """(sum |x|^p)^(1/p) over `dim`; p = inf and -inf are the extremes of |x|, p = 0 counts what is not 0.

    Raises:
        RuntimeError: for integers, a dtype that does not hold the input, an order that has no value for no element.
    """
    p = float(p)
    _check(input, dtype, name)
    x = as_dtype(input, dtype)
    array = x._data
    dims = many_dims(dim, array.ndim)
    empty = [axis for axis in dims if not array.shape[axis]]
    if empty and (p < 0 or p == INF):
        order = f"{p:g}"
        if dim is None or dim == () or dim == []:
            raise RuntimeError(
                f"{name} cannot compute the {order} norm on an empty tensor because the operation does not have an "
                "identity"
            )
        raise RuntimeError(
            f"{name} cannot compute the {order} norm on the dimension {empty[0]}because this dimension is empty and "
            "the operation does not have an identity"
        )
    params = {"dim": dims, "keepdim": bool(keepdim)}
    if p == 2:
        return ops.length.one(x, params)
    if p == 1:
        return ops.sum(abs_(x), **params)
    if abs(p) == INF:
        return (ops.amax if p > 0 else ops.amin)(abs_(x), **params)
    return ops.p_norm(x, p=p, **params)


def _check(input: Any, dtype: Any, name: str) -> None:
    have = dt.of(input._data.dtype)
    if have.category < dt.FLOATING:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {dt.SCALAR_TYPES[have.name]}"
        )
    if dtype is None:
        return
    asked = dt.SCALAR_TYPES[dtype.name]
    if dtype.category < dt.FLOATING:
        raise RuntimeError(f"{name}: dtype should be floating point or complex, but got {asked}")
    if have.is_complex != dtype.is_complex:
        side = "complex for complex" if have.is_complex else "real for real"
        raise RuntimeError(f"{name}: dtype should be {side} inputs, but got {asked}")
    if dt.promote_types(have, dtype) is not dtype:
        raise RuntimeError(
            f"{name}: the dtype of the input ({dt.SCALAR_TYPES[have.name]}) should be convertible without narrowing to "
            f"the specified dtype ({asked})"
        )


@public("(input, p='fro', dim=None, keepdim=False, out=None, dtype=None)")
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The p-norm over `dim` (None: of all elements); "fro" is the 2-norm, "nuc" the sum of a matrix's singular values.

    Raises:
        RuntimeError: for integers, an order that is none.
    """
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        matrix_norm = PUBLIC.get("linalg", {}).get("matrix_norm")
        if p != "nuc" or matrix_norm is None:
            raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
        dims = (-2, -1) if dim is None else dim
        return matrix_norm.function(input, "nuc", dims, keepdim, dtype=dtype)
    return vector_norm(input, p, dim, keepdim, dtype)


@public("(input, other, p=2)")
def dist(input: Any, other: Any, p: Any = 2) -> Any:
    """The p-norm of input - other, over all elements."""
    return vector_norm(input - other, p, None, False, name="norm()")


@public("(input, p, dim, maxnorm, *, out=None)", inplace=True)
def renorm(input: Any, p: Any, dim: int, maxnorm: float) -> Any:
    """Each slice of `dim` whose p-norm exceeds `maxnorm` scaled down to it.

    Raises:
        RuntimeError: for fewer than two dimensions, a p that is not positive, a negative maxnorm.
    """
    array = input._data
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    if array.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {array.ndim} dimensions")
    axis = one_dim(dim, array.ndim)
    others = tuple(d for d in range(array.ndim) if d != axis)
    size = vector_norm(input, p, others, True)
    return input * where(size > maxnorm, maxnorm / (size + 1e-7), 1.0)
