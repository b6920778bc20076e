"""The bilinear map: one form per output feature, applied to two inputs."""

from __future__ import annotations

from typing import Any

from ..ops.contraction import matmul
from ..ops.front import public
from ..ops.kinds import agreeing, c_name
from ..ops.shape import reshape
from .matrices import size_of, summed


@public("(input1: tensor, input2: tensor, weight, bias=None)", namespaces=("nn.functional", ""), method=False)
def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """input1 (*, I) and input2 (*, J) through weight (O, I, J): x1^T W_o x2 + b_o, of shape (*, O)."""
    one, other, form = input1._data.shape, input2._data.shape, weight._data.shape
    if len(one) != len(other):
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {len(one)} and {len(other)}")
    for axis in range(len(one) - 1):
        if one[axis] != other[axis]:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {axis}: got {one[axis]} and {other[axis]}"
            )
    for name, size, axis in (("input1", one[-1], 1), ("input2", other[-1], 2)):
        expected = size_of(weight, axis)
        if size != expected:
            raise RuntimeError(f"bilinear(): {name} size does not match weight size: got {size} but expected {expected}")
    if bias is not None and size_of(bias, 0) != form[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias._data.shape[0]} but expected {form[0]}"
        )
    named = "All tensors must have the same dtype, got input1: {}, input2: {}, weight: {}"
    agreeing(named if bias is None else named + ", bias: {}", input1, input2, weight, bias, name=c_name)
    rows = 1
    for n in one[:-1]:
        rows *= n
    left = reshape(input1, shape=(rows, 1, 1, one[-1]))  # (rows, 1, 1, I) @ (O, I, J) -> (rows, O, 1, J)
    through = reshape(matmul(left, weight), shape=(rows, form[0], other[-1]))
    out = summed(through * reshape(input2, shape=(rows, 1, other[-1])), dim=2)
    out = reshape(out, shape=(*one[:-1], form[0]))
    return out if bias is None else out + bias
