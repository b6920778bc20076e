"""MultiheadAttention: the layer that lets a sequence look at another, or at itself, through several heads at once.

It holds the projections; `functional.multi_head_attention_forward` does the rest. Sequences come first, (L, N, E), or
with `batch_first` second. https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..compose.attention import canonical
from ..create import empty
from . import functional as F
from . import init
from .linear import Linear
from .module import Module
from .parameter import Parameter


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, under the name by which PyTorch keeps the layer's last projection from being quantised."""


class MultiheadAttention(Module):
    """Attention of queries to keys and values, all projected, in `num_heads` parts of the features side by side.

    Args:
        embed_dim, num_heads: features E of query and result, and the number of heads, which divides it.
        dropout: the probability with which a weight is zeroed in training.
        bias: False leaves the biases of all projections out.
        add_bias_kv, add_zero_attn: one more key and value behind the others, learned, or zeros.
        kdim, vdim: features of key and value; E by default.
        batch_first: operands are (N, L, E) in place of (L, N, E).

    Attributes:
        in_proj_weight: (3 E, E), the projections of query, key and value one below the other, from the Xavier
            distribution; where kdim or vdim differs None, and q_proj_weight, k_proj_weight, v_proj_weight in its place.
        in_proj_bias: (3 E), zeros; None without.
        out_proj: the Linear(E, E) behind the heads, its bias zeros.
        bias_k, bias_v: (1, 1, E), the learned key and value; None without.

    Raises:
        ValueError, AssertionError: for sizes that are not positive, or heads that do not divide E.

    Source: https://arxiv.org/abs/1706.03762.
    """

    __constants__ = ["batch_first"]
    embed_dim: int
    kdim: int
    vdim: int
    num_heads: int
    head_dim: int
    dropout: float
    batch_first: bool
    add_zero_attn: bool
    _qkv_same_embed_dim: bool
    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    out_proj: NonDynamicallyQuantizableLinear
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
                 add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads, self.dropout, self.batch_first = num_heads, dropout, batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        made = {"device": device, "dtype": dtype}
        separate = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        if not self._qkv_same_embed_dim:
            for name, features in separate.items():
                setattr(self, name, Parameter(empty((embed_dim, features), **made)))
            self.register_parameter("in_proj_weight", None)
        else:
            self.in_proj_weight = Parameter(empty((3 * embed_dim, embed_dim), **made))
            for name in separate:
                self.register_parameter(name, None)
        self.register_parameter("in_proj_bias", Parameter(empty(3 * embed_dim, **made)) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **made)
        self.bias_k = Parameter(empty((1, 1, embed_dim), **made)) if add_bias_kv else None
        self.bias_v = Parameter(empty((1, 1, embed_dim), **made)) if add_bias_kv else None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw the projections of query, key and value anew."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({"_qkv_same_embed_dim": True} | state)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
                need_weights: bool = True, attn_mask: Tensor | None = None, average_attn_weights: bool = True,
                is_causal: bool = False) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """The result, of the shape of query, and the weights (None unless `need_weights`).

        Args:
            key_padding_mask: (N, S): bools, True for a key that nobody attends to, or numbers to be added.
            attn_mask: (L, S) or (N * num_heads, L, S), likewise.
            average_attn_weights: the weights of all heads averaged, (N, L, S); else (N, num_heads, L, S).
            is_causal: says that attn_mask is the causal one.
        """
        batched = query.dim() == 3
        key_padding_mask = canonical(key_padding_mask, "key_padding_mask", query, attn_mask, "attn_mask")
        attn_mask = canonical(attn_mask, "attn_mask", query)
        turned = self.batch_first and batched
        if turned:
            same = query is key, key is value
            query = query.transpose(1, 0)
            key = query if same[0] else key.transpose(1, 0)
            value = key if same[1] else value.transpose(1, 0)
        out, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias,
            training=self.training, key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim, q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight, v_proj_weight=self.v_proj_weight, average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )  # fmt: skip
        return out.transpose(1, 0) if turned else out, weights

    def merge_masks(self, attn_mask: Tensor | None, key_padding_mask: Tensor | None,
                    query: Tensor) -> tuple[Tensor | None, int | None]:  # fmt: skip
        """Both masks, already to be added, as one for query (N, L, E), and its kind: None without any, 1 for padding
        alone, (N, L), else 2, (N, num_heads, L, L)."""
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        count, length, _ = query.shape
        if attn_mask.dim() == 3:
            merged = attn_mask.view(count, -1, length, length)
        else:
            merged = attn_mask.view(1, 1, length, length).expand(count, self.num_heads, -1, -1)
        if key_padding_mask is not None:
            merged = merged + key_padding_mask.view(count, 1, 1, length).expand(-1, self.num_heads, -1, -1)
        return merged, 2
