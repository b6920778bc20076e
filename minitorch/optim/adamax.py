"""Adamax: Adam with the running maximum of the gradient in place of the root of its running square.

https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, factor, plain, raw, zero_step
from ._pieces import pieces
from ._rules import check_betas, check_least_zero, check_rate, direction, lean
from .optimizer import Array, Group, Optimizer, ParamsT, State


class Adamax(Optimizer):
    """Adamax.

    With d = g + weight_decay p (g negated for `maximize`): m = beta1 m + (1 - beta1) d, u = max(beta2 u, |d| + eps),
    p -= lr / (1 - beta1^t) m / u.

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        betas: how much of m and u is kept.
        eps: added to |d|.
        weight_decay: the factor of p in d.
        maximize: climb instead.
        foreach: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Kingma and Ba, https://arxiv.org/abs/1412.6980
    """

    _counts = ("step",)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_least_zero(eps=eps)
        check_betas(betas)
        check_least_zero(weight_decay=weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        zeros_like = backend_of(param._data).zeros_like
        return {"step": zero_step(), **{n: Tensor._wrap(zeros_like(param._data)) for n in ("exp_avg", "exp_inf")}}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        count = advance(state["step"])
        beta1, beta2 = map(float, group["betas"])
        eps, decay, maximize = float(group["eps"]), plain(group["weight_decay"]), group["maximize"]
        step_size = factor(xp, raw(group["lr"]) / (1 - beta1**count))
        written = [param, state["exp_avg"]._data, state["exp_inf"]._data]
        for p, m, u, g in pieces(xp, written, [grad]):
            d = direction(xp, p, g, decay, maximize)
            scratch = lean(xp, m, d, 1 - beta1)
            xp.absolute(d, out=scratch)
            xp.add(scratch, eps, out=scratch)
            xp.multiply(u, beta2, out=u)
            xp.maximum(u, scratch, out=u)
            xp.divide(m, u, out=scratch)
            xp.multiply(scratch, step_size, out=scratch)
            xp.subtract(p, scratch, out=p)
