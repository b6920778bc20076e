"""Attention by several heads: query, key and value projected, split among the heads, attended, joined, projected again.

Sequences come first, as in PyTorch: (L, N, E). Inside, a tensor has a dimension of heads, (N, heads, L, E / heads),
without being copied.
https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
"""

from __future__ import annotations

import math
from typing import Any

from ..ops.contraction import matmul, matmul_nt
from ..ops.front import public
from ..ops.fused_linear import linear
from ..ops.reduce import mean
from ..ops.shape import permute, reshape, select
from .arrangement import repeat
from .attention import canonical, scaled_dot_product_attention
from .dropout import dropout
from .matrices import size_of
from .norms import softmax
from .padding import constant
from .shapes import cat
from .slices import chunk


# ---- what is refused -----------------------------------------------------------------------------------------------
def _claim(holds: bool, sentence: str, *about: Any) -> None:
    """PyTorch asserts here.

    Raises:
        AssertionError: unless it holds: the sentence, with `about` at its braces.
    """
    if not holds:
        raise AssertionError(sentence.format(*about))


def _is_batched(query: Any, key: Any, value: Any, padding: Any, mask: Any, heads: int) -> bool:
    """Whether the operands are (L, N, E); else they are (L, E)."""
    ndim: int = query._data.ndim
    _claim(ndim in (2, 3), "query should be unbatched 2D or batched 3D tensor but received {}-D query tensor", ndim)
    kind = f"For {'batched' if ndim == 3 else 'unbatched'} ({ndim}-D) `query`, expected "
    others = key._data.ndim, value._data.ndim
    _claim(others == (ndim, ndim), kind + "`key` and `value` to be {}-D but found {}-D and {}-D tensors respectively",
           ndim, *others)  # fmt: skip
    if padding is not None:
        _claim(padding._data.ndim == ndim - 1, kind + "`key_padding_mask` to be `None` or {}-D but found {}-D tensor instead",
               ndim - 1, padding._data.ndim)  # fmt: skip
    if mask is not None:
        _claim(mask._data.ndim in (2, 3), kind + "`attn_mask` to be `None`, 2-D or 3-D but found {}-D tensor instead",
               mask._data.ndim)  # fmt: skip
        expected = (heads, query._data.shape[0], key._data.shape[0])
        _claim(ndim == 3 or mask._data.ndim == 2 or mask._data.shape == expected,
               "Expected `attn_mask` shape to be {} but got {}", expected, mask.shape)  # fmt: skip
    return ndim == 3


# ---- from sequences to heads and back ------------------------------------------------------------------------------
def _packed(query: Any, key: Any, value: Any, weight: Any, bias: Any) -> list[Any]:
    """The projections of all three, by one weight (3 E, E) whose parts stand one below the other."""
    if query is key and key is value:
        size = query._data.shape[-1]
        found = linear(query, weight, bias)
        return [select(found, key=(..., slice(i * size, (i + 1) * size))) for i in range(3)]
    w_q, w_k, w_v = chunk(weight, 3)
    b_q, b_k, b_v = (None, None, None) if bias is None else chunk(bias, 3)
    return [linear(query, w_q, b_q), linear(key, w_k, b_k), linear(value, w_v, b_v)]


def _separate(sources: Any, weights: Any, bias: Any) -> list[Any]:
    """The projections of all three, by a weight (E, its own features) each."""
    size = sources[0]._data.shape[-1]
    biases: Any = (None, None, None)
    if bias is not None:
        biases = b_q, b_k, b_v = chunk(bias, 3)  # exactly three
    named = list(zip(("query", "key", "value"), sources, weights, biases, strict=True))
    for name, x, w, _ in named:
        expected = (size, x._data.shape[-1])
        _claim(w._data.shape == expected, "expecting {} weights shape of {}, but got {}", name, expected, w.shape)
    for name, _, _, b in named if bias is not None else ():
        _claim(b._data.shape == (size,), "expecting {} bias shape of {}, but got {}", name, (size,), b.shape)
    return [linear(x, w, b) for _, x, w, b in named]


def _split(x: Any, count: int, heads: int, features: int) -> Any:
    """(L, N, E) as (N, heads, L, E / heads).

    Raises:
        RuntimeError: for another N or E, in PyTorch's words.
    """
    length = x._data.shape[0]
    if x._data.shape[1:] != (count, heads * features):
        raise RuntimeError(
            f"shape '[{length}, {count * heads}, {features}]' is invalid for input of size {x._data.size}. (A projection has "
            f"the shape {list(x._data.shape)} in place of {[length, count, heads * features]}.)"
        )
    return permute(reshape(x, shape=(length, count, heads, features)), dims=(1, 2, 0, 3))


def _static(x: Any, name: str, count: int, heads: int, features: int) -> Any:
    """Keys or values (N * heads, S, E / heads) that come projected."""
    shape = x._data.shape
    _claim(shape[0] == count * heads, "expecting {}.size(0) of {}, but got {}", name, count * heads, shape[0])
    _claim(shape[2] == features, "expecting {}.size(2) of {}, but got {}", name, features, shape[2])
    return reshape(x, shape=(count, heads, *shape[1:]))


def _longer(mask: Any) -> Any:
    """A mask for one key more, which is open."""
    return None if mask is None else constant(mask, [(0, 1)], 0)


def _both(mask: Any, padding: Any, count: int, heads: int, length: int) -> Any:
    """The mask (1 or N * heads, L, S) and the padding (N, S) as one that broadcasts to (N, heads, L, S)."""
    if mask is not None:
        rows, *rest = mask._data.shape
        mask = reshape(mask, shape=(1, 1, *rest) if rows == 1 else (count, heads, *rest))
    if padding is None:
        return mask
    for axis, expected in enumerate((count, length)):
        size = padding._data.shape[axis]
        _claim(size == expected, "Expected key_padded_mask.shape[{}] to be {}, but got {}", axis, expected, size)
    padding = reshape(padding, shape=(count, 1, 1, length))
    return padding if mask is None else mask + padding


def _weighed(q: Any, k: Any, v: Any, mask: Any, dropout_p: float) -> tuple[Any, Any]:
    """The attention with its weights, after dropout. A query that may attend to nothing has NaN, as in PyTorch."""
    scores = matmul_nt(q * math.sqrt(1 / q._data.shape[-1]), k)
    weights = softmax(scores if mask is None else mask + scores, -1)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    return matmul(weights, v), weights


# ---- the function --------------------------------------------------------------------------------------------------
@public(
    "(query, key, value: tensor, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, "
    "add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, "
    "attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, "
    "static_k=None, static_v=None, average_attn_weights=True, is_causal=False)",
    namespace="nn.functional",
)
def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any, in_proj_bias: Any,
    bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Any, out_proj_bias: Any,
    training: bool = True, key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Any = None, k_proj_weight: Any = None,
    v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Attention by several heads, with its projections.

    Args:
        query, key, value: (L, N, E), (S, N, Ek) and (S, N, Ev), or without N.
        embed_dim_to_check, num_heads: E, and the number of heads, which divides it.
        in_proj_weight, in_proj_bias: (3 E, E) and (3 E); or, with `use_separate_proj_weight`, q_proj_weight (E, E),
            k_proj_weight (E, Ek) and v_proj_weight (E, Ev).
        bias_k, bias_v: (1, 1, E), one more key and value after the others; with `add_zero_attn` one more of zeros.
        key_padding_mask, attn_mask: (N, S), and (L, S) or (N * heads, L, S): bools, True where nobody attends, or numbers
            to be added.
        static_k, static_v: (N * heads, S, E / heads), in place of the projected keys and values.
        is_causal: the mask is known to be the causal one.

    Returns:
        The result, of the shape of query, and the weights (N, L, S), or (N, heads, L, S) unless averaged; None where not
        needed.

    Raises:
        AssertionError, RuntimeError: for shapes that do not go together, as in PyTorch.

    Source: https://arxiv.org/abs/1706.03762.
    """
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same = query is key, key is value
        second = (slice(None), None)
        query = select(query, key=second)
        key = query if same[0] else select(key, key=second)
        value = key if same[1] else select(value, key=second)
        key_padding_mask = None if key_padding_mask is None else select(key_padding_mask, key=(None,))
    length, count, size = query._data.shape
    key_padding_mask = canonical(key_padding_mask, "key_padding_mask", query, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
                           "`generate_square_subsequent_mask` to create this mask.")  # fmt: skip
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None
    else:
        attn_mask, is_causal = canonical(attn_mask, "attn_mask", query), False
    _claim(size == embed_dim_to_check, "was expecting embedding dimension of {}, but got {}", embed_dim_to_check, size)
    features = size // num_heads
    _claim(features * num_heads == size, "embed_dim {} not divisible by num_heads {}", size, num_heads)
    if use_separate_proj_weight:
        _claim(key._data.shape[:2] == value._data.shape[:2], "key's sequence and batch dims {} do not match value's {}",
               key.shape[:2], value.shape[:2])  # fmt: skip
        apart = q_proj_weight, k_proj_weight, v_proj_weight
        for letter, weight in zip("qkv", apart, strict=True):
            _claim(weight is not None, "use_separate_proj_weight is True but {}_proj_weight is None", letter)
        q, k, v = _separate((query, key, value), apart, in_proj_bias)
    else:
        _claim(key._data.shape == value._data.shape, "key shape {} does not match value shape {}", key.shape, value.shape)
        _claim(in_proj_weight is not None, "use_separate_proj_weight is False but in_proj_weight is None")
        q, k, v = _packed(query, key, value, in_proj_weight, in_proj_bias)
    if attn_mask is not None:
        ndim = attn_mask._data.ndim
        expected = (length, key._data.shape[0]) if ndim == 2 else (count * num_heads, length, key._data.shape[0])
        if attn_mask._data.shape != expected:
            raise RuntimeError(f"The shape of the {ndim}D attn_mask is {attn_mask.shape}, but should be {expected}.")
        attn_mask = select(attn_mask, key=(None,)) if ndim == 2 else attn_mask
    if bias_k is not None and bias_v is not None:
        _claim(static_k is None, "bias cannot be added to static key.")
        _claim(static_v is None, "bias cannot be added to static value.")
        k, v = (cat([x, repeat(b, 1, count, 1)]) for x, b in ((k, bias_k), (v, bias_v)))
        attn_mask, key_padding_mask = _longer(attn_mask), _longer(key_padding_mask)
    _claim(bias_k is None or bias_v is not None, "bias_k is set but bias_v is None")
    _claim(bias_v is None or bias_k is not None, "bias_v is set but bias_k is None")
    q = _split(q, count, num_heads, features)
    k = _split(k, count, num_heads, features) if static_k is None else _static(static_k, "static_k", count, num_heads, features)
    v = _split(v, count, num_heads, features) if static_v is None else _static(static_v, "static_v", count, num_heads, features)
    if add_zero_attn:
        k, v = (cat([x, x.new_zeros((count, num_heads, 1, features))], 2) for x in (k, v))
        attn_mask, key_padding_mask = _longer(attn_mask), _longer(key_padding_mask)
    mask = _both(attn_mask, key_padding_mask, count, num_heads, k._data.shape[2])
    dropout_p = dropout_p if training else 0.0
    weights: Any = None
    if need_weights:
        out, weights = _weighed(q, k, v, mask, dropout_p)
        weights = mean(weights, dim=1) if average_attn_weights else weights
    else:
        out = scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    joined = reshape(permute(out, dims=(2, 0, 1, 3)), shape=(length * count, size))
    out = linear(joined, out_proj_weight, out_proj_bias)
    out = reshape(out, shape=(length, count, size_of(out, 1)))
    if batched:
        return out, weights
    first = (slice(None), 0)
    return select(out, key=first), None if weights is None else select(weights, key=(0,))
