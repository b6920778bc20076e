"""Muon: momentum whose matrices are made orthogonal, by a Newton-Schulz iteration in bfloat16.

https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html
"""

from __future__ import annotations

import math

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import check_one_element, factor, plain, raw
from ._rules import lean
from .optimizer import Array, Group, Optimizer, ParamsT, State


class Muon(Optimizer):
    """Muon, for the matrices of hidden layers.

    With m = momentum m + (1 - momentum) g and u = m, or with `nesterov` what lies between g and m: p *= 1 - lr weight_decay,
    p -= lr s orthogonal(u), where s = sqrt(max(1, rows / columns)), or 0.2 sqrt(max(rows, columns)) to match the steps of
    AdamW.

    Args:
        params: see Optimizer; real matrices.
        lr: learning rate, a number or a one-element tensor.
        weight_decay: how fast p decays.
        momentum: how much of m is kept.
        nesterov: look ahead.
        ns_coefficients: of X -> a X + b (X X^T) X + c (X X^T)^2 X.
        eps: what keeps the norm from 0.
        ns_steps: how many iterations; below 100.
        adjust_lr_fn: None or "original", or "match_rms_adamw".

    Raises:
        ValueError: for an option out of range, or a parameter that is no matrix.
        RuntimeError: at a step, for complex parameters.

    Source: Jordan et al., https://kellerjordan.github.io/posts/muon/
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_one_element(lr, "lr")
        if not plain(lr) >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not momentum >= 0.0:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    def _begin(self, param: Tensor, group: Group) -> State:
        if param.is_complex():
            raise RuntimeError("Muon does not support complex parameters")
        return {"momentum_buffer": Tensor._wrap(backend_of(param._data).zeros_like(param._data))}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        lr, decay, keep = factor(xp, raw(group["lr"])), float(group["weight_decay"]), float(group["momentum"])
        steps, coefficients = group["ns_steps"], group["ns_coefficients"]
        if steps >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(coefficients) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        narrow = param.dtype.itemsize == 2
        wide = "float32" if narrow else param.dtype
        held = state["momentum_buffer"]._data
        p, m, g = (array.astype(wide, copy=narrow) for array in (param, held, grad))
        lean(xp, m, g, 1 - keep)
        update = xp.add(g, xp.multiply(xp.subtract(m, g), keep)) if group["nesterov"] else m
        update = orthogonal(xp, update, tuple(map(float, coefficients)), int(steps), float(group["eps"])).astype(wide)
        rows, columns = param.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            scale = 0.2 * math.sqrt(max(rows, columns))
        else:
            scale = math.sqrt(max(1, rows / columns)) if columns else 1.0
        xp.multiply(p, 1 - lr * decay, out=p)
        xp.subtract(p, xp.multiply(update, lr * scale, out=update), out=p)
        if narrow:
            param[...], held[...] = p.astype(param.dtype), m.astype(held.dtype)


def orthogonal(xp: Backend, matrix: Array, coefficients: tuple[float, ...], steps: int, eps: float) -> Array:
    """The nearest matrix with singular values around 1, of float32 numbers that bfloat16 can hold.

    Every operation is PyTorch's in bfloat16: computed in float32, and rounded once.
    """
    a, b, c = coefficients
    x = rounded(xp, matrix.astype("float32"))
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    norm = xp.maximum(rounded(xp, xp.sqrt(xp.sum(xp.multiply(x, x))).reshape(1)), eps)
    x = rounded(xp, xp.divide(x, rounded(xp, norm)))
    for _ in range(steps):
        gram = rounded(xp, xp.matmul(x, x.T))
        update = xp.matmul(gram, gram)
        xp.multiply(update, c, out=update)
        update = rounded(xp, xp.add(update, xp.multiply(gram, b), out=update))
        moved = xp.matmul(update, x)
        x = rounded(xp, xp.add(moved, xp.multiply(x, a), out=moved))
    return x.T if tall else x


def rounded(xp: Backend, array: Array) -> Array:
    """A float32 array rounded to bfloat16, to even where two are as near; the numbers stay float32."""
    bits = xp.ascontiguousarray(array).view("uint32")
    kept = xp.right_shift(bits, 16)
    xp.bitwise_and(kept, 1, out=kept)
    xp.add(kept, 0x7FFF, out=kept)
    xp.add(kept, bits, out=kept)
    xp.bitwise_and(kept, 0xFFFF0000, out=kept)
    return xp.where(xp.isnan(array), array, kept.view("float32"))  # a NaN may have been carried over into a number
