"""Normalisations and softmaxes as PyTorch spells them."""

from __future__ import annotations

from typing import Any

from ..backend.namespace import backend_of
from ..ops.arithmetic import cast
from ..ops.families import one_dim
from ..ops.front import public
from ..ops.fused_linear import log_softmax as log_softmax_op
from ..ops.fused_linear import softmax as softmax_op
from ..ops.fused_norm import root_mean_square, standardize
from ..ops.kinds import EXPECTED, agreeing, lacking


def _prepared(input: Any, dim: Any, dtype: Any, name: str) -> tuple[Any, int]:
    if dtype is not None and input._data.dtype != dtype.numpy:
        input = cast(input, dtype=dtype.numpy)
    if dim is None:
        import warnings

        warnings.warn(f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as "
                      "an argument.", UserWarning, stacklevel=4)  # fmt: skip
        dim = 0 if input._data.ndim in (0, 1, 3) else 1
    axis = one_dim(dim, input._data.ndim)
    lacking(f"{name}_lastdim_kernel_impl", "b i c", input)
    return input, axis


@public("(input, dim=None, _stacklevel=3, dtype=None)", namespace="nn.functional")
@public("(input, dim=None, _stacklevel=3, dtype=None, *, out=None)", method=True)
def softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """exp(input) over its sum along `dim`."""
    x, axis = _prepared(input, dim, dtype, "softmax")
    return softmax_op(x, dim=axis)


@public("(input, dim=None, _stacklevel=3, dtype=None)", namespace="nn.functional")
@public("(input, dim=None, _stacklevel=3, dtype=None, *, out=None)", method=True)
def log_softmax(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """The logarithm of the softmax along `dim`."""
    x, axis = _prepared(input, dim, dtype, "log_softmax")
    return log_softmax_op(x, dim=axis)


def _one_dtype(input: Any, weight: Any, bias: Any) -> None:
    """The scale and the shift are of the input's dtype, or both float32 where that has half the precision.

    Raises:
        NotImplementedError, RuntimeError: in PyTorch's words.
    """
    lacking("LayerNormKernelImpl", "b i c", input)
    kind = input._data.dtype
    others = [tensor._data.dtype for tensor in (weight, bias) if tensor is not None]
    if all(other == kind for other in others) or (kind.itemsize == 2 and all(other == "float32" for other in others)):
        return
    if weight is not None and weight._data.dtype == kind:
        agreeing(EXPECTED, weight, bias)
    if any(other != "float32" for other in others):
        raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
    raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


def _trailing(normalized_shape: Any, **parameters: Any) -> tuple[int, ...]:
    """The sizes of the last dimensions to normalise over, which are those of the scale and the shift.

    Raises:
        RuntimeError: for none, or a parameter of another shape.
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
                           "element, but got normalized_shape = []")  # fmt: skip
    for name, tensor in parameters.items():
        if tensor is not None and tensor._data.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(tensor._data.shape)} and normalized_shape = {list(shape)}"
            )
    return shape


@public("(input, normalized_shape, weight=None, bias=None, eps=1e-05)", namespaces=("nn.functional", ""), method=False)
def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """input normalised over its last dimensions, which must be `normalized_shape`; then scaled and shifted."""
    shape = _trailing(normalized_shape, weight=weight, bias=bias)
    have = input._data.shape
    if have[len(have) - len(shape) :] != shape or len(have) < len(shape):
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but "
            f"got input of size{list(have)}"
        )
    _one_dtype(input, weight, bias)
    ndim = len(have)
    return standardize(input, weight, bias, axes=tuple(range(ndim - len(shape), ndim)), eps=eps)


@public("(input, normalized_shape, weight=None, eps=None)", namespaces=("nn.functional", ""), method=False)
def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    """input over the root of its mean square over the last dimensions, which must be `normalized_shape`.

    Source: https://arxiv.org/abs/1910.07467.
    """
    shape = _trailing(normalized_shape, weight=weight)
    have = input._data.shape
    if len(have) < len(shape):
        raise ValueError(f"Input tensor must have at least {len(shape)} dimensions, but got {len(have)}")
    if have[len(have) - len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*{', '.join(map(str, shape))}], but got input "
            f"of size{list(have)}"
        )
    lacking("rms_norm", "b i", input)
    if eps is None:
        xp = backend_of(input._data)
        eps = float(xp.finfo("float32" if input._data.dtype.itemsize == 2 else input._data.dtype).eps)
    axes = tuple(range(len(have) - len(shape), len(have)))
    if weight is None or weight._data.dtype == input._data.dtype:
        return root_mean_square(input, weight, axes=axes, eps=eps)
    return cast(root_mean_square(input, None, axes=axes, eps=eps) * weight, dtype=input._data.dtype)
