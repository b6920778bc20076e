"""What the distributions share: broadcasting of parameters, odds and probabilities, properties computed once.

https://docs.pytorch.org/docs/stable/distributions.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from .. import create
from .._tensor import Tensor
from ..compose.arrangement import broadcast_tensors
from ..graph.modes import enable_grad
from ..nn import functional as F
from ..settings import finfo, get_default_dtype

__all__ = ["broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
           "vec_to_tril_matrix"]  # fmt: skip

euler_constant = 0.57721566490153286060
Number = bool | int | float


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """The values as tensors of one shape; a number takes the dtype and device of the first tensor among them.

    Raises:
        ValueError: for what is neither a tensor nor a number.
    """
    if not all(isinstance(value, Tensor | bool | int | float) for value in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
            f" Got: {', '.join(type(value).__name__ for value in values)}."
        )
    first = next((value for value in values if isinstance(value, Tensor)), None)
    options = {"dtype": get_default_dtype()} if first is None else {"dtype": first.dtype, "device": first.device}
    tensors = [value if isinstance(value, Tensor) else create.tensor(value, **options) for value in values]
    return tuple(broadcast_tensors(*tensors))


def all_numbers(*values: Any) -> bool:
    """Whether no value is a tensor, so that the batch has no shape."""
    return all(isinstance(value, bool | int | float) for value in values)


def empty_as(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """An uninitialised tensor of that shape in the dtype and on the device of `tensor`."""
    return create.empty(tuple(shape), dtype=tensor.dtype, device=tensor.device)


def standard_normal(shape: Sequence[int], like: Tensor) -> Tensor:
    """Standard normal draws in the dtype and on the device of `like`."""
    drawn: Tensor = empty_as(like, shape).normal_()
    return drawn


def sum_rightmost(value: Any, dims: int) -> Any:
    """Sum over the last `dims` dimensions."""
    return value if dims == 0 else value.reshape((*value.shape[:-dims], -1)).sum(-1)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities from logits: each its own log odds (`is_binary`), or log probabilities along the last dimension."""
    return logits.sigmoid() if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept away from 0 and 1 by the dtype's epsilon."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Log odds (`is_binary`) or log probabilities, finite also where the probability is 0 or 1."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


class lazy_property:
    """A property computed at its first use, with gradients recorded, and kept in the instance from then on."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def _below(n: int, diag: int, like: Tensor) -> Tensor:
    steps = create.arange(n, device=like.device)
    mask: Tensor = steps < steps.view(-1, 1) + (diag + 1)
    return mask


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The entries of square matrices on and below the diagonal `diag`, row by row.

    Raises:
        ValueError: for a diagonal outside the matrix.
    """
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[..., _below(n, diag, mat)]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Square matrices whose entries on and below the diagonal `diag` are those of the vectors; the inverse of the above.

    Raises:
        ValueError: for a length that no matrix has.
    """
    length = vec.shape[-1]
    root = ((1 + 2 * diag) ** 2 + 8 * length + 4 * abs(diag) * (diag + 1)) ** 0.5
    n = (-(1 + 2 * diag) + root) / 2
    if abs(round(n) - n) > finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {length} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    side = round(n)
    mat: Tensor = create.zeros((*vec.shape[:-1], side, side), dtype=vec.dtype, device=vec.device)
    mat[..., _below(side, diag, vec)] = vec
    return mat
