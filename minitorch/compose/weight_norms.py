"""A weight as a length per slice and a direction: what weight normalisation computes.

T. Salimans, D. P. Kingma, "Weight Normalization" (2016), https://arxiv.org/abs/1602.07868.
"""

from __future__ import annotations

from typing import Any

from ..ops.families import one_dim
from ..ops.front import public
from .lengths import vector_norm


@public("(v: tensor, pow: int=2, dim: int=0)", method=False)
def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """The `pow`-norm over all dimensions but `dim`, which stay as dimensions of size 1; with dim -1 over all, 0-dim.

    Raises:
        IndexError, RuntimeError: for a tensor without dimensions, or without elements along `dim`.
    """
    if dim == -1:
        return vector_norm(v, pow, None, False)
    shape = v._data.shape
    axis = one_dim(dim, len(shape))
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if not shape[axis]:
        rows = [-1, 0] if 0 < axis == len(shape) - 1 else [0, -1]
        raise RuntimeError(f"cannot reshape tensor of 0 elements into shape {rows} because the unspecified dimension size -1 can "
                           "be any value and is ambiguous")  # fmt: skip
    others = tuple(other for other in range(v._data.ndim) if other != axis)
    # over no dimension the norm of each number is its size
    return vector_norm(v, pow, others, True) if others else v.abs()


def weight_norm(v: Any, g: Any, dim: int) -> Any:
    """v with the norm of each slice of `dim` (-1: of the whole) replaced by that of g."""
    return v * (g / norm_except_dim(v, 2, dim))
