"""Dropout: the mask is drawn on the host from PyTorch's stream and multiplied in, so that any order can run it again.

N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014).
"""

from __future__ import annotations

from typing import Any

from ..backend.generator import default_generator
from ..backend.namespace import backend_of
from ..ops.arithmetic import mul
from ..ops.front import public


def check_probability(p: float) -> None:
    """Refuse what is no probability.

    Raises:
        ValueError: in PyTorch's words.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def keep_mask(input: Any, shape: Any, p: float) -> Any:
    """A mask of the kept elements, already divided by their probability, in the input's dtype and on its device."""
    keep = default_generator.dropout_mask(shape, 1 - p)
    raw = input._data
    scaled = (keep / (1 - p)).astype(raw.dtype) if p < 1 else keep.astype(raw.dtype)
    return input._wrap(backend_of(raw).asarray(scaled))


@public("(input, p=0.5, training=True, inplace=False)", namespaces=("nn.functional", ""), method=False)
def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero each element with probability p while training, and scale the rest by 1 / (1 - p)."""
    check_probability(p)
    if not training or p == 0 or not input._data.size:
        return input
    out = mul(input, keep_mask(input, input._data.shape, p))
    if inplace:
        from ..ops.mutation import assign, refuse_write

        refuse_write(input, input._node is not None)
        return assign(input, out)
    return out
