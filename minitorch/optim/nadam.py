"""NAdam: Adam with Nesterov's momentum, whose strength grows along a schedule.

https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, factor, host_number, plain, raw, reading, zero_step
from ._pieces import pieces
from ._rules import check_betas, check_least_zero, check_rate, direction, keep_square, lean
from .optimizer import Array, Group, Optimizer, ParamsT, State


class NAdam(Optimizer):
    """NAdam.

    With d = g + weight_decay p (g negated for `maximize`), Adam's m and v of d, n = sqrt(v / (1 - beta2^t)) + eps and
    the momentum mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2), of which M_t is the product so far:
    p -= lr (1 - mu_t) / (1 - M_t) d / n + lr mu_(t+1) / (1 - M_(t+1)) m / n.

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        betas: how much of m and v is kept.
        eps: added to the denominator.
        weight_decay: the factor of p in d.
        momentum_decay: how fast the momentum grows to beta1.
        decoupled_weight_decay: decay p itself, by the factor 1 - lr weight_decay, and not through d.
        maximize: climb instead.
        foreach: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Dozat, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
    """

    _counts = ("step", "mu_product")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_least_zero(weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        zeros_like = backend_of(param._data).zeros_like
        means = {name: Tensor._wrap(zeros_like(param._data)) for name in ("exp_avg", "exp_avg_sq")}
        return {"step": zero_step(), "mu_product": host_number(1.0), **means}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        count = advance(state["step"])
        beta1, beta2 = map(float, group["betas"])
        lr, eps, decay, maximize = raw(group["lr"]), float(group["eps"]), plain(group["weight_decay"]), group["maximize"]
        grows = float(group["momentum_decay"])
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (count * grows))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((count + 1) * grows))
        product = state["mu_product"]
        product._data[...] *= mu
        product._bump()
        so_far = reading(xp, product)
        by_gradient = factor(xp, lr * (1.0 - mu) / (1.0 - so_far))
        by_mean = factor(xp, lr * mu_next / (1.0 - so_far * mu_next))
        shrink = factor(xp, 1 - lr * decay) if decay and group["decoupled_weight_decay"] else None
        correction = 1 - beta2**count
        for p, m, v, g in pieces(xp, [param, state["exp_avg"]._data, state["exp_avg_sq"]._data], [grad]):
            if shrink is not None:
                xp.multiply(p, shrink, out=p)
            d = direction(xp, p, g, 0.0 if shrink is not None else decay, maximize)
            scratch = keep_square(xp, v, d, beta2, lean(xp, m, d, 1 - beta1))
            xp.divide(v, correction, out=scratch)
            xp.sqrt(scratch, out=scratch)
            xp.add(scratch, eps, out=scratch)
            ahead = xp.multiply(d, by_gradient, out=None if d is g else d)
            xp.divide(ahead, scratch, out=ahead)
            xp.subtract(p, ahead, out=p)
            xp.multiply(m, by_mean, out=ahead)
            xp.divide(ahead, scratch, out=ahead)
            xp.subtract(p, ahead, out=p)
