"""Causal masks for `functional.scaled_dot_product_attention`, aligned with the first or with the last key.

https://docs.pytorch.org/docs/stable/nn.attention.bias.html
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import Any
from warnings import warn

from ..._tensor import Tensor
from ...create import ones
from ..parameter import _alias

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(IntEnum):
    """Where the triangle is: query i sees the keys up to i, or the last query sees all keys, the one before all but one."""

    UPPER_LEFT = auto()
    LOWER_RIGHT = auto()


class CausalBias(Tensor):
    """A mask of bools, True where a query may attend, made for numbers of queries and keys.

    Raises:
        AssertionError: for a variant that is no CausalVariant.
    """

    variant: CausalVariant
    seq_len_q: int
    seq_len_kv: int

    def __new__(cls, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> CausalBias:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(f"variant must be a CausalVariant, got {type(variant).__name__}")
        last = seq_len_kv - seq_len_q if variant is CausalVariant.LOWER_RIGHT else 0
        made = _alias(cls, ones(seq_len_q, seq_len_kv).tril(diagonal=last) > 0)
        made.variant, made.seq_len_q, made.seq_len_kv = variant, seq_len_q, seq_len_kv
        if last < 0:
            warn("Lower right causal bias will produce NaNs in the output when seq_len_q > seq_len_kv!", stacklevel=2)
        return made

    def __init__(self, *args: Any) -> None:
        """Nothing is left to do after `__new__`."""


def causal_upper_left(*size: int) -> CausalBias:
    """The mask of `is_causal=True` for (queries, keys)."""
    if len(size) != 2:
        raise AssertionError("causal_upper_left only supports 2D tensors")
    return CausalBias(CausalVariant.UPPER_LEFT, *size)


def causal_lower_right(*size: int) -> CausalBias:
    """The mask for (queries, keys) by which the last query sees all keys."""
    if len(size) != 2:
        raise AssertionError("causal_lower_right only supports 2D tensors")
    return CausalBias(CausalVariant.LOWER_RIGHT, *size)
