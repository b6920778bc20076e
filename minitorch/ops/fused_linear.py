"""The affine map and the softmaxes: one node each, with rules that are closed under every order."""

from __future__ import annotations

from .arithmetic import mul
from .contraction import matmul, matmul_tn
from .families import checked_dim, contraction, declare
from .kinds import agreeing, c_name, lacking
from .reduce import sum, sum_to
from .shape import expand, expanded_shape, in_order, reshape
from .transcendental import exp


def _check_linear(datas, params):
    x, w, bias = datas
    kind = x.dtype
    if not (kind is w.dtype and x.ndim and w.ndim == 2 and x.shape[-1] == w.shape[1] and kind.kind != "b" and (
            bias is None or (bias.dtype is kind and bias.shape == w.shape[:1]))):  # fmt: skip
        _refuse_linear(x, w, bias)
    return params


def _refuse_linear(x, w, bias):
    """What does not fit an affine map, in PyTorch's words."""
    if not x.ndim or not w.ndim:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {x.ndim}D and {w.ndim}D")
    if w.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {w.ndim}D")
    if bias is not None and w.ndim == 1 and bias.ndim:
        raise RuntimeError("mat2 must be a matrix, got 1-D tensor")
    if bias is None:
        agreeing("expected m1 and m2 to have the same dtype, but got: {} != {}", x, w, name=c_name)
    else:
        agreeing("mat1 and mat2 must have the same dtype, but got {} and {}", x, w)
        agreeing("self and mat2 must have the same dtype, but got {} and {}", bias, w)
    rows = 1
    for n in x.shape[:-1]:
        rows *= n
    if x.shape[-1] != w.shape[-1]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and "
            f"{w.shape[-1]}x{w.shape[0]}): linear got an input of shape {list(x.shape)} and a weight of shape "
            f"{list(w.shape)}, which expects {w.shape[-1]} features in the last dimension"
        )
    if bias is not None and bias.ndim:
        expanded_shape(bias.shape, (rows, w.shape[0]) if bias.ndim < 2 else (*x.shape[:-1], w.shape[0]))
    lacking("addmm_impl_cpu_", "b", x)


@contraction("(input, weight, bias=None)", namespaces=("nn.functional",), method=False, multilinear=False,
             check=_check_linear)  # fmt: skip
def linear(xp, x, w, bias=None):
    """x times the transpose of w, plus bias."""
    out = xp.matmul(x.reshape(-1, x.shape[-1]), w.T).reshape(*x.shape[:-1], w.shape[0]) if w.ndim == 2 and x.ndim > 2 \
        else xp.matmul(x, w.T)  # fmt: skip
    if bias is None:
        return out
    if bias.ndim and out.shape and out.shape[-1] == bias.shape[-1]:
        out += bias
        return out
    return out + bias


def _weight(g, x, w_shape):
    if len(w_shape) == 1:
        return sum_to(mul(reshape(g, shape=(*g.shape, 1)), x), shape=w_shape)
    rows = 1
    for n in x.shape[:-1]:
        rows *= n
    flat_g = reshape(g, shape=(rows, w_shape[0]))
    return matmul_tn(flat_g, reshape(x, shape=(rows, w_shape[1])))


def _input(g, w):
    if len(w.shape) == 1:
        return mul(reshape(g, shape=(*g.shape, 1)), w)
    return matmul(g, w) if len(g.shape) > 1 else reshape(matmul(reshape(g, shape=(1, *g.shape)), w), shape=w.shape[1:])


linear.vjp(
    x=lambda g, w: _input(g, w),
    w=lambda g, x, w_shape: _weight(g, x, w_shape),
    bias=lambda g, bias_shape: sum_to(g, shape=bias_shape),
).jvp(
    x=lambda t, w: linear(t, w),
    w=lambda t, x: linear(x, t),
    bias=lambda t, out_shape: expand(t, shape=out_shape),
)


@declare("reduction", (), widens=True, check=checked_dim)
def softmax(xp, x, *, dim):
    """exp(x) over its sum along `dim`."""
    if not x.size:
        return x.copy()
    x = in_order(xp, x)
    out = xp.exp(x - x.max(axis=dim, keepdims=True)) if x.ndim else xp.exp(x - x)  # 1, or NaN
    if x.ndim:
        out /= xp.total(out, dim, True)
    return out


def _softmax_rule(g, out, dim):
    weighted = g * out
    return weighted - out * sum(weighted, dim=dim, keepdim=True) if len(out.shape) else weighted - out * weighted


softmax.vjp(x=_softmax_rule).jvp(x=lambda t, out, dim: _softmax_rule(t, out, dim))


@declare("reduction", (), widens=True, check=checked_dim)
def log_softmax(xp, x, *, dim):
    """The logarithm of the softmax, without overflow."""
    if not x.size:
        return x.copy()
    if not x.ndim:
        return x - x  # 0, or NaN
    x = in_order(xp, x)
    shifted = x - x.max(axis=dim, keepdims=True)
    shifted -= xp.log(xp.total(xp.exp(shifted), dim, True))
    return shifted


def _log_softmax_rule(g, out, dim):
    return g - exp(out) * sum(g, dim=dim, keepdim=True) if len(out.shape) else g - exp(out) * g


def _log_softmax_tangent(t, out, dim):
    return t - sum(exp(out) * t, dim=dim, keepdim=True) if len(out.shape) else t - exp(out) * t


log_softmax.vjp(x=_log_softmax_rule).jvp(x=_log_softmax_tangent)
