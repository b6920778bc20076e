"""Dropout: the mask is drawn on the host from PyTorch's stream and multiplied in, so that any order can run it again.

N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014); whole channels: J.
Tompson et al., arXiv:1411.4280; the alpha variants keep SELU's mean and variance: G. Klambauer et al., arXiv:1706.02515.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..backend.dtype import scalar_type
from ..backend.generator import default_generator
from ..backend.namespace import backend_of
from ..backend.orders import inverse, memory_axes
from ..ops.arithmetic import mul
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.mutation import assign, refuse_write
from ..ops.shape import select

#: Minus the value that SELU saturates at.
SATURATION = 1.7580993408473766


class ProbabilityError(ValueError, RuntimeError):
    """No probability: PyTorch raises the one from its `nn.functional`, the other from functions of the same name."""


def check_probability(p: float) -> None:
    """Refuse what is no probability.

    Raises:
        ProbabilityError: in PyTorch's words.
    """
    if not 0 <= p <= 1:
        raise ProbabilityError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Any, p: float, channels: bool) -> Any:
    """1 for what is kept and 0 for what is not, as a raw host array in the input's dtype."""
    shape = input._data.shape
    if channels:
        if len(shape) < 2:
            raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
        shape = shape[:2] + (1,) * (len(shape) - 2)
    elif not input._data.flags.c_contiguous:  # drawn in the order of its memory
        axes = memory_axes(input._data)
        kept = default_generator.dropout_mask(tuple(shape[axis] for axis in axes), 1 - p)
        return kept.transpose(inverse(axes)).astype(input._data.dtype)
    return default_generator.dropout_mask(shape, 1 - p).astype(input._data.dtype)


def _as_tensor(input: Any, host: Any) -> Any:
    return input._wrap(backend_of(input._data).asarray(host.astype(input._data.dtype, copy=False)))


def drop(input: Any, p: float, training: bool, inplace: bool, channels: bool = False, alpha: bool = False) -> Any:
    """All variants: elements or whole channels, zeroed and rescaled, or set to SELU's saturation."""
    check_probability(p)
    if not training or p == 0 or not input._data.size:
        return input
    lacking("bernoulli_scalar_cpu_", "c", input)
    if input._data.dtype.kind in "biu" and p < 1:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {scalar_type(input._data.dtype)}")
    if p == 1:
        out = mul(input, input.new_zeros(()))
    elif alpha:
        scale = ((SATURATION**2 * p + 1) * (1 - p)) ** -0.5
        kept = _kept(input, p, channels)
        shift = (kept - 1) * (SATURATION * scale) + SATURATION * scale * p
        out = mul(input, _as_tensor(input, kept * scale)) + _as_tensor(input, shift)
    else:
        out = mul(input, _as_tensor(input, _kept(input, p, channels) / (1 - p)))
    if not inplace:
        return out
    refuse_write(input, input._node is not None)
    return assign(input, out)


DROPOUT = "(input, p=0.5, training=True, inplace=False)"
#: The alpha variants are off unless asked for, as in PyTorch.
OFF = "(input, p=0.5, training=False, inplace=False)"


@public(DROPOUT, namespaces=("nn.functional", ""), method=False)
def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero each element with probability p while training, and scale the rest by 1 / (1 - p)."""
    return drop(input, p, training, inplace)


@public(OFF, namespaces=("nn.functional", ""), method=False)
def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Set each element to SELU's saturation with probability p, keeping mean and variance."""
    return drop(input, p, training, inplace, alpha=True)


@public(OFF, namespaces=("nn.functional", ""), method=False)
def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """`alpha_dropout` of whole channels."""
    return drop(input, p, training, inplace, channels=True, alpha=True)


@public(DROPOUT, method=False)
def feature_dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero whole channels, the second dimension."""
    return drop(input, p, training, inplace, channels=True)


@public(DROPOUT, namespace="nn.functional")
def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero whole channels of (N, C, L) or (C, L)."""
    ndim = input._data.ndim
    check_probability(p)
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch "
            "dimension (i.e. 2D or 3D inputs)."
        )
    return _batched(input, ndim == 3, p, training, inplace)


@public(DROPOUT, namespace="nn.functional")
def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero whole channels of (N, C, H, W)."""
    ndim = input._data.ndim
    if ndim not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {ndim}-D input to dropout2d, which is deprecated and will result in an error in a "
            "future release. To retain the behavior and silence this warning, please use dropout instead. Note that "
            "dropout2d exists to provide channel-wise dropout on inputs with 2 spatial dimensions, a channel dimension, "
            "and an optional batch dimension (i.e. 3D or 4D inputs).", stacklevel=3)  # fmt: skip
    elif ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired "
            "- input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a "
            "future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain "
            "the 1D channel-wise dropout behavior, please switch to using dropout1d instead.", stacklevel=3)  # fmt: skip
    return drop(input, p, training, inplace, channels=True)


@public(DROPOUT, namespace="nn.functional")
def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Zero whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    ndim = input._data.ndim
    if ndim not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {ndim}-D input to dropout3d, which is deprecated and will result in an error in a "
            "future release. To retain the behavior and silence this warning, please use dropout instead. Note that "
            "dropout3d exists to provide channel-wise dropout on inputs with 3 spatial dimensions, a channel dimension, "
            "and an optional batch dimension (i.e. 4D or 5D inputs).", stacklevel=3)  # fmt: skip
    return _batched(input, ndim == 5, p, training, inplace)


def _batched(input: Any, batched: bool, p: float, training: bool, inplace: bool) -> Any:
    if batched:
        return drop(input, p, training, inplace, channels=True)
    out = drop(select(input, key=(None,)), p, training, inplace, channels=True)
    return input if inplace else select(out, key=(0,))
