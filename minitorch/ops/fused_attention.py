"""Scaled dot-product attention: for each query, the mean of the values, weighted by a softmax of its products with the keys.

One node. The weights are kept as exponentials that are not yet divided by their sums: the sums are divided out of the
result and of its gradient, which are narrower than the weights. Query, key and value may have any leading dimensions
that broadcast. A row that the mask closes entirely has the result 0 and no gradient, as in PyTorch.

A. Vaswani et al., "Attention Is All You Need" (2017), https://arxiv.org/abs/1706.03762. The sums of the weights times
their gradients are taken from the result: T. Dao et al., "FlashAttention" (2022), https://arxiv.org/abs/2205.14135.
"""

from __future__ import annotations

from .arithmetic import where
from .comparison import eq
from .contraction import matmul, matmul_nt
from .families import fused
from .fused_linear import softmax
from .reduce import all_

#: The lowest finite number, by the size of an element.
LOWEST = {4: -3.4028234663852886e38, 8: -1.7976931348623157e308}


@fused(hidden="saved_weights saved_sums")
def attention(xp, query, key, value, mask=None, drop=None, *, scale):
    """The attention of queries (*, L, E) to keys (*, S, E) with values (*, S, Ev): (*, L, Ev). The mask is added to the
    products; `drop`, a constant, is multiplied into the weights."""
    weights = xp.matmul(query * scale, key.swapaxes(-1, -2))
    if mask is not None:
        weights += mask
    if not weights.shape[-1]:
        return xp.matmul(weights, value), weights, xp.ones((*weights.shape[:-1], 1), dtype=weights.dtype)
    weights -= xp.maximum(weights.max(axis=-1, keepdims=True), LOWEST[weights.itemsize])  # a closed row stays closed
    xp.exp(weights, out=weights)
    sums = xp.maximum(xp.total(weights, weights.ndim - 1, True), 1)  # at least 1, of a closed row 0
    out = xp.matmul(weights * drop, value) if drop is not None else _laid(xp, weights, value, query)
    out /= sums
    return out, weights, sums


def _laid(xp, weights, value, query):
    """The product; where queries lie as (N, L, heads, E) in memory, it does so too, as PyTorch's kernel has it, so that the
    heads are joined without a copy."""
    if query.ndim == 4 == value.ndim and query.shape[:2] == weights.shape[:2] == value.shape[:2] and (
            value.shape[3] == query.shape[3]):  # fmt: skip
        count, heads, length, features = query.shape
        near, step = query.strides[1:3]
        if heads > 1 and features * query.itemsize <= near < step:
            room = xp.empty((count, length, heads, features), dtype=query.dtype).swapaxes(1, 2)
            if xp.name == "cpu":
                return xp.matmul(weights, value, out=room)
            room[...] = xp.matmul(weights, value)
            return room
    return xp.matmul(weights, value)


def _wide(x):
    return x.astype("float32") if x.itemsize == 2 else x


def _row_sums(xp, x):
    """The sums over the last axis, of which the heads may lie beside each other in memory."""
    if x.flags.c_contiguous or x.ndim < 3:
        return xp.total(x, x.ndim - 1, True)
    return xp.total(x.swapaxes(-2, -3), x.ndim - 1, True).swapaxes(-2, -3)


def _attention_joint(xp, g, query, key, value, drop, out, saved_weights, saved_sums, scale, needs):
    g = _wide(g) / saved_sums
    gq = gk = gv = None
    if needs[2]:
        gv = xp.matmul((saved_weights if drop is None else saved_weights * drop).swapaxes(-1, -2), g)
    if not (needs[0] or needs[1] or needs[3]):
        return None, None, gv, None, None
    scores = xp.matmul(g, _wide(value).swapaxes(-1, -2))
    if drop is not None:
        scores *= drop
    scores -= _row_sums(xp, g * _wide(out))
    scores *= saved_weights
    if needs[0]:
        gq = xp.matmul(scores, _wide(key))
        gq *= scale
    if needs[1]:
        gk = xp.matmul(scores.swapaxes(-1, -2), _wide(query))
        gk *= scale
    return gq, gk, gv, scores if needs[3] else None, None


def _attention_definition(query, key, value, mask=None, drop=None, *, scale):
    scores = matmul_nt(query * scale, key)
    if mask is not None:
        scores = scores + mask
    closed = all_(eq(scores, float("-inf")), dim=-1, keepdim=True)
    weights = where(closed, 0.0, softmax(where(closed, 0.0, scores), dim=-1))
    return matmul(weights if drop is None else weights * drop, value)


attention.fused(_attention_joint, _attention_definition)
