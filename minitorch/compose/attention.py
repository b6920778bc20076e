"""Attention of queries to keys, and the masks it takes: bools, numbers to be added, or a triangle.

A mask of bools becomes one of zeros and minus infinities, and heads that share a key become one more dimension, before
the op runs. Weights are dropped by a mask that is drawn on the host from PyTorch's stream.
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..backend.dtype import scalar_type
from ..backend.generator import default_generator
from ..backend.namespace import backend_of
from ..ops.arithmetic import cast
from ..ops.front import public
from ..ops.fused_attention import attention
from ..ops.kinds import KINDS, c_name, lacking
from ..ops.shape import reshape, select
from ..ops.shapes import common_shape
from .arrangement import repeat_interleave
from .dropout import check_probability
from .matrices import size_of


# ---- masks ---------------------------------------------------------------------------------------------------------
def added(closed: Any, like: Any) -> Any:
    """What to add to the scores so that nothing attends where the raw mask `closed` is True, in the dtype of `like`.

    Raises:
        RuntimeError: for a dtype that holds no minus infinity.
    """
    xp = backend_of(closed)
    kind = like._data.dtype
    if KINDS[kind.kind] == "i":
        raise RuntimeError(f"value cannot be converted to type {kind.name}_t without overflow")
    return like._wrap(xp.where(closed, xp.asarray(-xp.inf, dtype=kind), xp.zeros((), dtype=kind)))


def canonical(mask: Any, name: str, like: Any, other: Any = None, other_name: str = "") -> Any:
    """A mask of bools (True: closed) as one to be added; one of numbers as it is.

    Args:
        like: what it is for, whose dtype it gets.
        other: another mask, called `other_name`, which should have the same dtype.

    Raises:
        AssertionError: for a mask of another dtype.
    """
    if mask is None:
        return None
    kind = KINDS[mask._data.dtype.kind]
    if kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other._data.dtype != mask._data.dtype:
        warnings.warn(f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
                      stacklevel=3)  # fmt: skip
    return added(mask._data, like) if kind == "b" else mask


def _triangle(query: Any, key: Any) -> Any:
    """A mask to be added that closes all later keys to a query."""
    xp = backend_of(query._data)
    rows, columns = query._data.shape[-2], key._data.shape[-2]
    return added(xp.arange(columns)[None, :] > xp.arange(rows)[:, None], query)


# ---- what is refused -----------------------------------------------------------------------------------------------
def _refuse_dtypes(query: Any, key: Any, value: Any, mask: Any) -> None:
    kinds = query._data.dtype, key._data.dtype, value._data.dtype
    if kinds[1] != kinds[0] or kinds[2] != kinds[0]:
        one, two, three = map(c_name, kinds)
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {one} key.dtype: {two} and "
            f"value.dtype: {three} instead."
        )
    if min(query._data.ndim, key._data.ndim, value._data.ndim) < 2:
        raise RuntimeError(
            f"Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: {query._data.ndim} "
            f"key.dim: {key._data.ndim} and value.dim: {value._data.ndim} instead."
        )
    if mask is not None and mask._data.dtype not in ("bool", "float32", kinds[0]):
        raise RuntimeError(
            f"Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{c_name(mask._data.dtype)} and  query.dtype: {c_name(kinds[0])} instead."
        )
    if KINDS[kinds[0].kind] in "bi":
        if query._data.ndim == 2:
            raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: float != {c_name(kinds[0])}")
        raise RuntimeError(f"expected scalar type Float but found {scalar_type(kinds[0])}")
    lacking("softmax_lastdim_kernel_impl", "c", query)


def _product_of(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a matrix product.

    Raises:
        RuntimeError: in PyTorch's words, where there is none.
    """
    lead = common_shape((left[:-2], right[:-2]))
    if left[-1] != right[-2]:
        if len(left) == len(right) == 2:
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({left[0]}x{left[1]} and {right[0]}x{right[1]})")
        count = math.prod(lead)
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {left[-1]}] but got: "
            f"[{count}, {right[-2]}]. (query, key and value have the same number of features, key and value of positions.)"
        )
    return (*lead, left[-2], right[-1])


# ---- the function --------------------------------------------------------------------------------------------------
def _grouped(query: Any, key: Any, value: Any, mask: Any) -> tuple[Any, Any, Any, Any]:
    """Heads of queries that share a head of keys side by side in a dimension of their own: (..., H, group, L, E)."""
    heads = size_of(query, -3)
    shared = [size_of(x, -3) for x in (key, value)]
    if not all(shared) or any(heads % count for count in shared):
        raise RuntimeError("Number of heads in key and value must divide the number of heads in query")
    if shared[0] != shared[1]:
        key, value = (repeat_interleave(x, heads // n, -3) for x, n in zip((key, value), shared, strict=True))
        return query, key, value, mask
    split = (shared[0], heads // shared[0])
    shape = query._data.shape
    query = reshape(query, shape=(*shape[:-3], *split, *shape[-2:]))
    if mask is not None and mask._data.ndim > 2:
        have = mask._data.shape
        mask = reshape(mask, shape=(*have[:-3], *(split if have[-3] != 1 else (1, 1)), *have[-2:]))
    beside = (..., None, slice(None), slice(None))
    return query, select(key, key=beside), select(value, key=beside), mask


def _dropped(query: Any, shape: tuple[int, ...], p: float) -> Any:
    """What to multiply weights of this shape by: 0 with probability p, else 1 / (1 - p)."""
    check_probability(p)
    if p == 1 or not math.prod(shape):
        return query.new_zeros(())
    kept = default_generator.dropout_mask(shape, 1 - p).astype(query._data.dtype)
    kept /= 1 - p
    return query._wrap(backend_of(query._data).asarray(kept))


@public(
    "(query, key, value: tensor, attn_mask: tensor=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False)",
    namespace="nn.functional",
)
def scaled_dot_product_attention(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0,
                                 is_causal: bool = False, *, scale: float | None = None,
                                 enable_gqa: bool = False) -> Any:  # fmt: skip
    """softmax(query key^T * scale + mask) value: each query's mean of the values of the keys that it attends to.

    Args:
        query, key, value: (..., L, E), (..., S, E) and (..., S, Ev), whose leading dimensions broadcast.
        attn_mask: broadcasts to (..., L, S): bools, True where a query may attend, or numbers to be added.
        dropout_p: weights are zeroed with this probability, also in evaluation.
        is_causal: query i attends to the keys up to i only; not beside a mask.
        scale: 1 / sqrt(E) by default.
        enable_gqa: query may have a multiple of the heads (the third dimension from the end) of key and value.

    Returns:
        (..., L, Ev); 0 for a query that may attend to nothing.

    Raises:
        RuntimeError: for dtypes and shapes that do not go together, or both a mask and `is_causal`.

    Source: https://arxiv.org/abs/1706.03762.
    """
    for name, given in (("is_causal", is_causal), ("enable_gqa", enable_gqa)):
        if type(given).__name__ not in ("bool", "bool_"):  # NumPy's too
            where = " (position 6)" if name == "is_causal" else ""
            raise TypeError(f"scaled_dot_product_attention(): argument '{name}'{where} must be bool, not {type(given).__name__}")
    if scale is not None and not hasattr(scale, "__float__"):
        raise TypeError(f"scaled_dot_product_attention(): argument 'scale' must be float, not {type(scale).__name__}")
    _refuse_dtypes(query, key, value, attn_mask)
    if is_causal and attn_mask is not None:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    heads = query._data.shape[:-2]
    if enable_gqa:
        query, key, value, attn_mask = _grouped(query, key, value, attn_mask)
    (*lead, positions, features), of_value = key._data.shape, value._data.shape
    scores = _product_of(query._data.shape, (*lead, features, positions))
    factor = float(scale) if scale is not None else 1 / math.sqrt(features or 1)
    if attn_mask is not None:
        if common_shape((scores, attn_mask._data.shape)) != scores:
            wide = list(common_shape((scores, attn_mask._data.shape)))
            raise RuntimeError(f"output with shape {list(scores)} doesn't match the broadcast shape {wide}")
        if attn_mask._data.dtype == bool:
            attn_mask = added(~attn_mask._data, query)
        elif attn_mask._data.dtype != query._data.dtype:
            attn_mask = cast(attn_mask, dtype=query._data.dtype)
    elif is_causal:
        attn_mask = _triangle(query, key)
    found = _product_of(scores, of_value)
    drop = _dropped(query, scores, dropout_p) if dropout_p else None
    out = attention(query, key, value, attn_mask, drop, scale=factor)
    return out if len(found) == len(heads) + 2 or not enable_gqa else reshape(out, shape=(*heads, *found[-2:]))
