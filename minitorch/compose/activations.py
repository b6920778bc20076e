"""Activations as PyTorch spells them: options by position, `inplace=`, and the twins `relu_`, `elu_`, ...

`@activation` makes a function public in nn.functional (and, where PyTorch has it there too, at the top), with an
argument `inplace` that writes the result over the input. What is computed is one op, or a short expression of ops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.generator import default_generator
from ..backend.namespace import backend_of
from ..ops import activations as ops
from ..ops import transcendental
from ..ops.arithmetic import abs_, div, mul
from ..ops.families import one_dim
from ..ops.front import Entry, enter, public
from ..ops.kinds import lacking, refuses
from ..ops.promotion import real
from ..ops.shape import reshape
from .norms import softmax

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def activation(options: str = "", top: bool = False, twin: bool = True) -> Callable[[Any], Any]:
    """Make an activation public with its options, `inplace`, and a twin that always writes in place.

    Args:
        options: the parameters behind `input`, with their defaults.
        top: also in the package itself (without `inplace`, as in PyTorch).
        twin: also under its name with an underscore.
    """
    middle = f", {options}" if options else ""

    def decorate(function: Any) -> Any:
        from ..ops.mutation import in_place

        name, doc = function.__name__, (function.__doc__ or "").strip()

        def write(input: Any, *chosen: Any) -> Any:
            return in_place(function, input, chosen, {}, ops.elu)  # one op at most saves the old input

        def choose(*arguments: Any) -> Any:
            *operands, inplace = arguments
            return write(*operands) if inplace else function(*operands)

        enter(Entry(name, choose, (f"(input{middle}, inplace=False)",), namespace="nn.functional", method=False, doc=doc))
        spaces = ["nn.functional"] if twin else []
        if top:
            enter(Entry(name, function, (f"(input{middle})",), method=False, doc=doc))
            spaces.append("")
        for space in spaces:
            enter(Entry(f"{name}_", write, (f"(input{middle})",), namespace=space, method=False,
                        doc=f"In-place version of `{name}`."))  # fmt: skip
        return function

    return decorate


# ---- pieces of straight lines --------------------------------------------------------------------------------------
@activation()
def relu(input: Any) -> Any:
    """input where positive, else 0."""
    return transcendental.relu(input)


@activation("min_val=-1.0, max_val=1.0")
def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """input held between min_val and max_val, with gradient 0 at both."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    kind = input._data.dtype.kind
    number = int if kind in "iu" else float
    low, high = number(min_val), number(max_val)
    if kind == "u" and (low < 0 or high < 0):
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    return ops.hardtanh(input, low=low, high=high)


@activation(twin=False)
def relu6(input: Any) -> Any:
    """input held between 0 and 6."""
    return hardtanh(input, 0.0, 6.0)


@activation("negative_slope=0.01")
def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """input where positive, else negative_slope * input."""
    return ops.leaky_relu(input, slope=negative_slope)


@public("(input, weight)", namespaces=("", "nn.functional"))
def prelu(input: Any, weight: Any) -> Any:
    """input where positive, else weight * input, with one weight, or one for each channel (dimension 1)."""
    shape, count = input._data.shape, weight._data.size
    if input._data.dtype != weight._data.dtype:
        from ..backend.dtype import scalar_type

        raise RuntimeError("prelu: Type promoting not supported. Got "
                           f"{scalar_type(input._data.dtype)} and {scalar_type(weight._data.dtype)}")  # fmt: skip
    if weight._data.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight._data.ndim}")
    lacking("prelu_cpu", "b i c", input)
    if count != 1:
        if not shape:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = shape[1] if len(shape) > 1 else 1
        if channels != count:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} and channel "
                f"size = {channels}."
            )
    each = [1] * len(shape)
    if len(shape) > 1:
        each[1] = count
    return ops.prelu(input, reshape(weight, shape=tuple(each)))


@activation("lower=1.0 / 8, upper=1.0 / 3, training=False", top=True)
def rrelu(input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Any:
    """input where positive, else times a slope: drawn from [lower, upper) in training, their mean in evaluation."""
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return ops.leaky_relu(input, slope=(lower + upper) / 2)
    RRELU((input._data,), {})
    xp = backend_of(input._data)
    slopes = default_generator.rrelu_noise(xp.to_host(input._data), lower, upper)
    return mul(input, input._wrap(xp.asarray(slopes)))


RRELU = refuses("rrelu_with_noise_out_cpu", "bic")


@activation("threshold, value", top=True)
def threshold(input: Any, threshold: float, value: float) -> Any:
    """input where it exceeds the threshold, else value."""
    value = real(value, input.dtype)
    number = int if input._data.dtype.kind in "iu" else float
    return ops.threshold(input, at=real(threshold, input.dtype), value=number(value))


@activation(twin=False)
def hardswish(input: Any) -> Any:
    """input times hardsigmoid(input)."""
    return ops.hardswish(input)


@activation(twin=False)
def hardsigmoid(input: Any) -> Any:
    """(input + 3) / 6 held between 0 and 1."""
    return ops.hardsigmoid(input)


@public("(input, lambd=0.5, *, out=None)", namespace="nn.functional")
def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """input moved towards 0 by lambd, to 0 at most."""
    SOFTSHRINK((input._data,), {})
    if lambd < 0:
        from ..backend.dtype import scalar_type
        from ..backend.limits import largest_of

        dtype = input._data.dtype
        raise RuntimeError(f"lambda must be in range [0, {largest_of(dtype):g}] for input dtype {scalar_type(dtype)}, "
                           f"but found {lambd:g}")  # fmt: skip
    return ops.softshrink(input, lambd=lambd)


SOFTSHRINK = refuses("softshrink_check", "bic")


@public("(input, lambd=0.5, *, out=None)", namespaces=("", "nn.functional"))
def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """input, or 0 where it lies within lambd of 0."""
    return ops.hardshrink(input, lambd=lambd)


# ---- exponentials --------------------------------------------------------------------------------------------------
@activation("alpha=1.0")
def elu(input: Any, alpha: float = 1.0) -> Any:
    """input where positive, else alpha * (exp(input) - 1). Source: https://arxiv.org/abs/1511.07289."""
    return ops.elu(input, alpha=alpha, scale=1.0, input_scale=1.0)


@activation(top=True)
def selu(input: Any) -> Any:
    """ELU with the alpha and scale that keep mean 0 and variance 1. Source: https://arxiv.org/abs/1706.02515."""
    return ops.elu(input, alpha=SELU_ALPHA, scale=SELU_SCALE, input_scale=1.0)


@activation("alpha=1.0", top=True)
def celu(input: Any, alpha: float = 1.0) -> Any:
    """input where positive, else alpha * (exp(input / alpha) - 1). Source: https://arxiv.org/abs/1704.07483."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return ops.elu(input, alpha=alpha, scale=1.0, input_scale=1.0 / alpha)


@public("(input, *, approximate='none', out=None)", namespace="nn.functional")
def gelu(input: Any, approximate: str = "none") -> Any:
    """input times the normal distribution function ("none"), or times its approximation by a tanh ("tanh")."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return ops.gelu(input, approximate=approximate)


@activation(twin=False)
def silu(input: Any) -> Any:
    """input times sigmoid(input). Source: https://arxiv.org/abs/1606.08415."""
    return ops.silu(input)


@activation(twin=False)
def mish(input: Any) -> Any:
    """input times tanh(softplus(input)). Source: https://arxiv.org/abs/1908.08681."""
    return ops.mish(input)


@public("(input, beta=1, threshold=20, *, out=None)", namespace="nn.functional")
def softplus(input: Any, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(beta * input)) / beta; input itself where beta * input exceeds the threshold."""
    return ops.softplus(input, beta=beta, threshold=threshold)


@public("(input, *, out=None)", namespace="nn.functional")
def logsigmoid(input: Any) -> Any:
    """log(sigmoid(input)), without overflow."""
    return ops.logsigmoid(input)


@public("(input)", namespace="nn.functional")
def softsign(input: Any) -> Any:
    """input / (1 + |input|)."""
    return div(input, abs_(input) + 1)


@public("(input)", namespace="nn.functional")
def tanhshrink(input: Any) -> Any:
    """input - tanh(input)."""
    return input - transcendental.tanh(input)


# ---- along a dimension ---------------------------------------------------------------------------------------------
@public("(input, dim=-1)", namespace="nn.functional")
def glu(input: Any, dim: int = -1) -> Any:
    """The first half of `dim` times the sigmoid of the second. Source: https://arxiv.org/abs/1612.08083."""
    shape = input._data.shape
    if not shape:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = one_dim(dim, len(shape))
    if shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {shape[axis]}")
    GLU((input._data,), {})
    half = shape[axis] // 2
    return mul(input.narrow(axis, 0, half), transcendental.sigmoid(input.narrow(axis, half, half)))


GLU = refuses("glu_cpu", "bic")


@public("(input, dim=None, _stacklevel=3, dtype=None)", namespace="nn.functional")
def softmin(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """softmax(-input): exp(-input) over its sum along `dim`."""
    return softmax(-input, dim, _stacklevel, dtype)
