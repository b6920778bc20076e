"""RAdam: Adam whose early steps, before the running square is to be trusted, are rectified.

https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, factor, plain, raw, zero_step
from ._pieces import pieces
from ._rules import check_betas, check_least_zero, check_rate, direction, keep_square, lean, root_plus
from .optimizer import Array, Group, Optimizer, ParamsT, State


class RAdam(Optimizer):
    """RAdam.

    With d = g + weight_decay p (g negated for `maximize`), Adam's m and v of d, and the length of the running mean
    rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t), rho_inf = 2 / (1 - beta2) - 1: while rho_t <= 5,
    p -= lr m / (1 - beta1^t); later that step times r_t sqrt(1 - beta2^t) / (sqrt(v) + eps), where
    r_t^2 = (rho_t - 4)(rho_t - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t).

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        betas: how much of m and v is kept.
        eps: added to the denominator.
        weight_decay: the factor of p in d.
        decoupled_weight_decay: decay p itself, by the factor 1 - lr weight_decay, and not through d.
        maximize: climb instead.
        foreach: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Liu et al., https://arxiv.org/abs/1908.03265
    """

    _counts = ("step",)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_least_zero(eps=eps)
        check_betas(betas)
        check_least_zero(weight_decay=weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        zeros_like = backend_of(param._data).zeros_like
        return {"step": zero_step(), **{n: Tensor._wrap(zeros_like(param._data)) for n in ("exp_avg", "exp_avg_sq")}}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        count = advance(state["step"])
        beta1, beta2 = map(float, group["betas"])
        lr, eps = factor(xp, raw(group["lr"])), float(group["eps"])
        decay, maximize = plain(group["weight_decay"]), group["maximize"]
        shrink = factor(xp, 1 - lr * decay) if decay and group["decoupled_weight_decay"] else None
        rectified = _rectification(beta2, count)
        step_size = factor(xp, lr * ((rectified or 1.0) / (1 - beta1**count)))
        for p, m, v, g in pieces(xp, [param, state["exp_avg"]._data, state["exp_avg_sq"]._data], [grad]):
            if shrink is not None:
                xp.multiply(p, shrink, out=p)
            d = direction(xp, p, g, 0.0 if shrink is not None else decay, maximize)
            scratch = keep_square(xp, v, d, beta2, lean(xp, m, d, 1 - beta1))
            if rectified is None:
                xp.multiply(m, step_size, out=scratch)
            else:
                root_plus(xp, v, eps, scratch)
                xp.divide(m, scratch, out=scratch)
                xp.multiply(scratch, step_size, out=scratch)
            xp.subtract(p, scratch, out=p)


def _rectification(beta2: float, count: float) -> float | None:
    """r_t sqrt(1 - beta2^t), or None while the running mean is too short."""
    correction = 1 - beta2**count
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * count * beta2**count / correction
    if length <= 5.0:
        return None
    ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return float(ratio**0.5 * correction**0.5)
