"""Functions of `nn.functional` under their names in the package itself, where PyTorch orders their arguments otherwise.

There the weight of an embedding comes first, a reduction is a number (0: none, the default there; 1: mean, 2: sum), and
what `nn.functional` makes of a word (a mode, an absent index) is spelled out.
"""

from __future__ import annotations

from typing import Any

from ..ops.front import public
from ..ops.shape import permute
from . import alignments, batch_norms, distances, embeddings, grids, likelihood_losses, losses, margin_losses
from .convolutions import convolve
from .deprecated import deprecated
from .dropout import drop
from .lengths import vector_norm
from .pooling import maximum


def _reduction(number: int) -> str:
    """The word for a reduction's number; what is neither 1 nor 2 reduces nothing, as in PyTorch."""
    return {1: "mean", 2: "sum"}.get(number, "none")


# ---- tables of vectors ---------------------------------------------------------------------------------------------
@public("(weight, indices: tensor, padding_idx: int=-1, scale_grad_by_freq=False, sparse=False)", method=False)
def embedding(weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:
    """The rows of `weight` at `indices`; a negative `padding_idx` is none."""
    chosen = None if padding_idx < 0 else padding_idx
    return embeddings.embedding(indices, weight, chosen, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


# ---- normalisations ------------------------------------------------------------------------------------------------
@public("(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled)", method=False)
def batch_norm(input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float,
               eps: float, cudnn_enabled: bool) -> Any:  # fmt: skip
    """`nn.functional.batch_norm`, the scale and the shift first."""
    return batch_norms.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


@public("(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled)", method=False)
def instance_norm(input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool,
                  momentum: float, eps: float, cudnn_enabled: bool) -> Any:  # fmt: skip
    """`nn.functional.instance_norm`, the scale and the shift first."""
    return batch_norms.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


# ---- losses --------------------------------------------------------------------------------------------------------
@public("(input, target, weight=None, pos_weight=None, reduction=0)", method=False)
def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, pos_weight: Any = None,
                                     reduction: int = 0) -> Any:  # fmt: skip
    """The cross entropy of sigmoid(input)."""
    return losses.binary_cross_entropy_with_logits(input, target, weight, reduction=_reduction(reduction), pos_weight=pos_weight)


@public("(input, target, reduction=0, *, log_target=False)", method=False)
def kl_div(input: Any, target: Any, reduction: int = 0, *, log_target: bool = False) -> Any:
    """target * (log(target) - input)."""
    each = likelihood_losses.kl_div(input, target, reduction="none", log_target=log_target)
    return losses.reduced(each, _reduction(reduction))


@public("(input, target, log_input, full, eps, reduction)", method=False)
def poisson_nll_loss(input: Any, target: Any, log_input: bool, full: bool, eps: float, reduction: int) -> Any:
    """rate - target * log(rate), of counts from a Poisson distribution."""
    return likelihood_losses.poisson_nll_loss(input, target, log_input, full, None, eps, None, _reduction(reduction))


@public("(input1: tensor, input2: tensor, target, margin=0.0, reduction=0)", method=False)
def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 0) -> Any:
    """1 - cos of two vectors where target is 1, max(0, cos - margin) where it is -1."""
    return margin_losses.cosine_embedding_loss(input1, input2, target, margin, reduction=_reduction(reduction))


@public("(input, target, margin=1.0, reduction=0)", method=False)
def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: int = 0) -> Any:
    """A distance itself where target is 1; where it is -1, what it lacks of the margin."""
    return margin_losses.hinge_embedding_loss(input, target, margin, reduction=_reduction(reduction))


@public("(input1: tensor, input2: tensor, target, margin=0.0, reduction=0)", method=False)
def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 0) -> Any:
    """max(0, margin - target * (input1 - input2))."""
    return margin_losses.margin_ranking_loss(input1, input2, target, margin, reduction=_reduction(reduction))


@public("(anchor: tensor, positive: tensor, negative: tensor, margin=1.0, p=2, eps=1e-06, swap=False, reduction=0)", method=False)
def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
                        swap: bool = False, reduction: int = 0) -> Any:  # fmt: skip
    """max(0, margin + |anchor - positive| - |anchor - negative|), of p-distances."""
    return margin_losses.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=_reduction(reduction))


@public("(log_probs: tensor, targets: tensor, input_lengths, target_lengths, blank=0, reduction=0, zero_infinity=False)",
        method=False)  # fmt: skip
def ctc_loss(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: int = 0,
             zero_infinity: bool = False) -> Any:  # fmt: skip
    """Minus the log-probability of labels, summed over all ways to align them with the steps."""
    return alignments.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _reduction(reduction), zero_infinity)


# ---- images --------------------------------------------------------------------------------------------------------
def _sampled(input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """The numbers of images at the places of a grid, the modes as numbers: bilinear, nearest, bicubic; zeros, border,
    reflection."""
    mode = ("bilinear", "nearest", "bicubic")[interpolation_mode]
    return grids.grid_sample(input, grid, mode, ("zeros", "border", "reflection")[padding_mode], align_corners)


for _name in ("grid_sampler", "grid_sampler_2d", "grid_sampler_3d"):
    public("(input, grid, interpolation_mode, padding_mode, align_corners)", name=_name, method=False)(_sampled)


@public("(theta, size, align_corners)", method=False)
def affine_grid_generator(theta: Any, size: Any, align_corners: bool) -> Any:
    """The grid of an affine map, for `grid_sampler`."""
    return grids.affine_grid(theta, size, align_corners)


@public("(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False)", method=False)
def max_pool1d_with_indices(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                            ceil_mode: bool = False) -> Any:  # fmt: skip
    """The largest element of windows, and its position."""
    return tuple(maximum(input, 1, kernel_size, stride, padding, dilation, ceil_mode))


@public("(input, weight, bias: tensor, pad=0)", method=False)
def conv_tbc(input: Any, weight: Any, bias: Any, pad: int = 0) -> Any:
    """A convolution of (T, N, C) with weights (K, C, O): (T + 2 pad - K + 1, N, O).

    Raises:
        RuntimeError: for operands that are no such cubes, or do not fit.
    """
    if input._data.ndim != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight._data.ndim != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if bias._data.ndim != 1:
        raise RuntimeError("Bias must be 1-D")
    if input._data.shape[2] != weight._data.shape[1]:
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if weight._data.shape[2] != bias._data.shape[0]:
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")
    found = convolve(permute(input, dims=(1, 2, 0)), permute(weight, dims=(2, 1, 0)), bias, 1, pad, 1, 1, 1)
    return permute(found, dims=(2, 0, 1))


# ---- dropout in place ----------------------------------------------------------------------------------------------
def _dropping(name: str, **kind: bool) -> None:
    def write(input: Any, p: float, train: bool) -> Any:
        return drop(input, p, train, True, **kind)

    write.__doc__ = f"In-place version of `{name}`."
    public("(input, p, train)", name=f"{name}_", method=False)(write)


_dropping("dropout")
_dropping("feature_dropout", channels=True)
_dropping("alpha_dropout", alpha=True)
_dropping("feature_alpha_dropout", channels=True, alpha=True)


# ---- norms ---------------------------------------------------------------------------------------------------------
LEFT = ("at::{}_norm is deprecated and it is just left for JIT compatibility. It will be removed in a future PyTorch release. "
        "Please use `linalg.{}` instead")  # fmt: skip


@public("(input, dim, keepdim=False, *, out=None)", method=False)
@deprecated(LEFT.format("frobenius", "vector_norm(A, 2., dim, keepdim)"))
def frobenius_norm(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """The 2-norm over one or two dimensions; over none, of all elements."""
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dims) > 2:
        raise RuntimeError(f"Expected at most 2 dimensions, but got {len(dims)} dimensions instead.")
    return vector_norm(input, 2, dims or None, keepdim)


@public("(input, dim, keepdim=False, *, out=None)", "(input, keepdim=False, *, out=None)", method=False)
@deprecated(LEFT.format("nuclear", "matrix_norm(A, 'nuc', dim, keepdim)"))
def nuclear_norm(input: Any, dim: Any = (0, 1), keepdim: bool = False) -> Any:
    """The sum of the singular values of a matrix, or over two dimensions."""
    if isinstance(dim, bool):
        dim, keepdim = (0, 1), dim
    return distances.matrix_norm(input, "nuc", dim, keepdim)
