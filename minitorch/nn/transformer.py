"""Encoder and decoder of attention: a layer of each, stacks of layers, and the two together.

A layer adds to its input what attention, and then two linear maps, make of it, and normalises each sum (or, with
`norm_first`, what goes in). A stack holds copies of one layer. Sequences come first, (S, N, E), or with `batch_first`
second; without N, (S, E). A. Vaswani et al., "Attention Is All You Need" (2017), https://arxiv.org/abs/1706.03762.
https://docs.pytorch.org/docs/stable/nn.html#transformer-layers
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..compose.attention import canonical
from ..create import full
from ..graph.modes import modes
from . import functional as F
from . import init
from .activation import GELU, ReLU
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .multihead import MultiheadAttention
from .normalization import LayerNorm

Activation = str | Callable[[Tensor], Tensor]


def _causal_mask(size: int, device: Any = None, dtype: Any = None) -> Tensor:
    """(size, size): minus infinity above the diagonal, where a later position would be seen, else 0."""
    return full((size, size), float("-inf"), dtype=dtype, device=device).triu(diagonal=1)


def _is_causal(mask: Tensor | None, hint: bool | None, size: int) -> bool:
    """Whether a mask is the causal one of this size. It is looked at on the host only: elsewhere that would wait for
    the device, and nothing but speed depends on it."""
    if hint is not None or mask is None or mask.is_cuda or tuple(mask.shape) != (size, size):
        return hint is True
    return bool((mask == _causal_mask(size, dtype=mask.dtype)).all())


def _positions(x: Tensor, batch_first: bool) -> int:
    return x.shape[1 if batch_first and x.dim() != 2 else 0]


def _get_activation_fn(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return F.relu if activation == "relu" else F.gelu


def _get_clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class _Layer(Module):
    """What encoder and decoder layer share: self-attention, the two linear maps, and the sums."""

    __constants__ = ["norm_first"]
    norm_first: bool
    activation: Callable[[Tensor], Tensor]
    self_attn: MultiheadAttention
    linear1: Linear
    linear2: Linear
    norm1: LayerNorm
    norm2: LayerNorm

    #: How many attentions there are, each with a normalisation and a dropout; the linear maps have the last ones.
    attentions: tuple[str, ...]

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation: Activation = F.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
                 norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        count = len(self.attentions) + 1
        for name in self.attentions:
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **made))
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **made)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **made)
        self.norm_first = norm_first
        for place in range(1, count + 1):
            setattr(self, f"norm{place}", LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **made))
        for place in range(1, count + 1):
            setattr(self, f"dropout{place}", Dropout(dropout))
        self.activation = _get_activation_fn(activation)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "activation" not in self.__dict__ and "activation" not in self._modules:
            self.activation = F.relu

    def _through(self, x: Tensor, norm: Module, part: Callable[[Tensor], Tensor]) -> Tensor:
        """x plus what a part makes of it, one of the two normalised."""
        return x + part(norm(x)) if self.norm_first else norm(x + part(x))

    def _sa_block(self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None,
                  is_causal: bool = False) -> Tensor:  # fmt: skip
        out = self.self_attn(x, x, x, attn_mask=attn_mask, key_padding_mask=key_padding_mask, need_weights=False,
                             is_causal=is_causal)[0]  # fmt: skip
        dropped: Tensor = self.dropout1(out)
        return dropped

    def _ff_block(self, x: Tensor) -> Tensor:
        out = self.linear2(self.dropout(self.activation(self.linear1(x))))
        dropped: Tensor = self._modules[f"dropout{len(self.attentions) + 1}"](out)  # type: ignore[misc]
        return dropped


class TransformerEncoderLayer(_Layer):
    """Self-attention, then two linear maps.

    Args:
        d_model, nhead: E, the features of a position, and the number of heads, which divides it.
        dim_feedforward: features between the two linear maps.
        dropout: the probability with which attention weights and all results are zeroed in training.
        activation: "relu", "gelu" or a function, between the two linear maps.
        layer_norm_eps: eps of the normalisations.
        batch_first: operands are (N, S, E) in place of (S, N, E).
        norm_first: normalises what goes into each part, in place of each sum.
        bias: False leaves all biases out.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html
    """

    attentions = ("self_attn",)

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation: Activation = F.relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
                 norm_first: bool = False, bias: bool = True, device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
                         device, dtype)  # fmt: skip
        found = self.activation
        self.activation_relu_or_gelu = 1 if found is F.relu or isinstance(found, ReLU) else (
            2 if found is F.gelu or isinstance(found, GELU) else 0)  # fmt: skip

    def forward(self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
                is_causal: bool = False) -> Tensor:  # fmt: skip
        """src (S, N, E) attended to itself; masks as in MultiheadAttention."""
        padding = canonical(src_key_padding_mask, "src_key_padding_mask", src, src_mask, "src_mask")
        mask = canonical(src_mask, "src_mask", src)
        x = self._through(src, self.norm1, lambda x: self._sa_block(x, mask, padding, is_causal=is_causal))
        return self._through(x, self.norm2, self._ff_block)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to what an encoder made, then two linear maps. Arguments as of TransformerEncoderLayer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html
    """

    multihead_attn: MultiheadAttention
    norm3: LayerNorm
    attentions = ("self_attn", "multihead_attn")

    def forward(self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
                tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
                tgt_is_causal: bool = False, memory_is_causal: bool = False) -> Tensor:  # fmt: skip
        """tgt (T, N, E) attended to itself and to memory (S, N, E); masks as in MultiheadAttention."""
        x = self._through(tgt, self.norm1, lambda x: self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal))
        x = self._through(
            x, self.norm2, lambda x: self._mha_block(x, memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        )
        return self._through(x, self.norm3, self._ff_block)

    def _mha_block(self, x: Tensor, mem: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None,
                   is_causal: bool = False) -> Tensor:  # fmt: skip
        out = self.multihead_attn(x, mem, mem, attn_mask=attn_mask, key_padding_mask=key_padding_mask, is_causal=is_causal,
                                  need_weights=False)[0]  # fmt: skip
        dropped: Tensor = self.dropout2(out)
        return dropped


class TransformerEncoder(Module):
    """Copies of an encoder layer, one after the other.

    Args:
        encoder_layer: what is copied, with its numbers.
        num_layers: how many copies.
        norm: a layer for the result; None for none.
        enable_nested_tensor: in evaluation without gradients, what is made of padding is set to 0 before `norm`, where
            PyTorch leaves it out of the computation (the conditions, and the warning where they are not met, are its).
        mask_check: taken, and without effect.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
    """

    __constants__ = ["norm"]
    layers: ModuleList
    norm: Module | None

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None, enable_nested_tensor: bool = True,
                 mask_check: bool = True) -> None:  # fmt: skip
        super().__init__()
        self.layers = _get_clones(encoder_layer, num_layers)
        self.num_layers, self.norm, self.mask_check = num_layers, norm, mask_check
        self.enable_nested_tensor = enable_nested_tensor
        reason = _why_padding_stays(encoder_layer)
        self.use_nested_tensor = enable_nested_tensor and not reason
        if enable_nested_tensor and reason:
            warnings.warn(f"enable_nested_tensor is True, but self.use_nested_tensor is False because {reason}", stacklevel=2)

    def forward(self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
                is_causal: bool | None = None) -> Tensor:  # fmt: skip
        """src (S, N, E) through all layers; masks as in MultiheadAttention. `is_causal` says that the mask is the causal
        one; None: that is found out."""
        padding = canonical(src_key_padding_mask, "src_key_padding_mask", src, mask, "mask")
        mask = canonical(mask, "mask", src)
        first: Any = self.layers[0]
        causal = _is_causal(mask, is_causal, _positions(src, first.self_attn.batch_first))
        out = src
        for layer in self.layers:
            out = layer(out, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if (padding is not None and mask is None and src.dim() == 3 and not first.training
                and getattr(self, "use_nested_tensor", False)
                and not (modes.grad and (src.requires_grad or any(p.requires_grad for p in first.parameters())))):  # fmt: skip
            closed = padding == float("-inf")
            if self.mask_check:  # only where all padding is at the end
                closed = closed & (closed[:, 1:] >= closed[:, :-1]).all()
            out = out.masked_fill(closed.unsqueeze(-1), 0.0)
        return out if self.norm is None else self.norm(out)


def _why_padding_stays(layer: Any) -> str:
    """Why an encoder of this layer treats padding as any position: PyTorch's conditions and words; "" where it does not."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    attention = layer.self_attn
    for holds, reason in (
        (not layer.norm_first, "norm_first was True"),
        (attention.batch_first, "self_attn.batch_first was not True(use batch_first for better inference performance)"),
        (attention._qkv_same_embed_dim, "self_attn._qkv_same_embed_dim was not True"),
        (attention.in_proj_bias is not None, "self_attn was passed bias=False"),
        (layer.activation_relu_or_gelu, "activation_relu_or_gelu was not True"),
        (layer.norm1.eps == layer.norm2.eps, "norm1.eps was not equal to encoder_layer.norm2.eps"),
        (attention.num_heads % 2 == 0, "self_attn.num_heads is odd"),
    ):
        if not holds:
            return f"encoder_layer.{reason}"
    return ""


class TransformerDecoder(Module):
    """Copies of a decoder layer, one after the other.

    Args:
        decoder_layer: what is copied, with its numbers.
        num_layers: how many copies.
        norm: a layer for the result; None for none.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html
    """

    __constants__ = ["norm"]
    layers: ModuleList
    norm: Module | None

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _get_clones(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
                tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
                tgt_is_causal: bool | None = None, memory_is_causal: bool = False) -> Tensor:  # fmt: skip
        """tgt (T, N, E) and memory (S, N, E) through all layers; masks as in MultiheadAttention. `tgt_is_causal` says that
        tgt_mask is the causal one; None: that is found out."""
        first: Any = self.layers[0]
        causal = _is_causal(tgt_mask, tgt_is_causal, _positions(tgt, first.self_attn.batch_first))
        out = tgt
        for layer in self.layers:
            out = layer(out, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                        memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=causal,
                        memory_is_causal=memory_is_causal)  # fmt: skip
        return out if self.norm is None else self.norm(out)


class Transformer(Module):
    """An encoder and a decoder.

    Args:
        num_encoder_layers, num_decoder_layers: how many layers each has.
        custom_encoder, custom_decoder: in place of those.
        The others: of each layer, see TransformerEncoderLayer.

    Every matrix is drawn from the Xavier distribution.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Transformer.html
    """

    encoder: Any
    decoder: Any

    def __init__(self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
                 dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = F.relu,
                 custom_encoder: Any = None, custom_decoder: Any = None, layer_norm_eps: float = 1e-5,
                 batch_first: bool = False, norm_first: bool = False, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        made = {"device": device, "dtype": dtype}
        of_layer = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        norm = {"eps": layer_norm_eps, "bias": bias, **made}
        self.encoder = custom_encoder if custom_encoder is not None else TransformerEncoder(
            TransformerEncoderLayer(*of_layer, **made), num_encoder_layers, LayerNorm(d_model, **norm))  # fmt: skip
        self.decoder = custom_decoder if custom_decoder is not None else TransformerDecoder(
            TransformerDecoderLayer(*of_layer, **made), num_decoder_layers, LayerNorm(d_model, **norm))  # fmt: skip
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(self, src: Tensor, tgt: Tensor, src_mask: Tensor | None = None, tgt_mask: Tensor | None = None,
                memory_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
                tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
                src_is_causal: bool | None = None, tgt_is_causal: bool | None = None,
                memory_is_causal: bool = False) -> Tensor:  # fmt: skip
        """src (S, N, E) through the encoder, and tgt (T, N, E) with that through the decoder: (T, N, E)."""
        batch = 0 if self.batch_first else 1
        if src.size(batch) != tgt.size(batch) and src.dim() == 3:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        out: Tensor = self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip
        return out

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """A mask (sz, sz) to be added, by which no position sees a later one."""
        return _causal_mask(sz, device, dtype)

    def _reset_parameters(self) -> None:
        """Draw every matrix anew."""
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)
