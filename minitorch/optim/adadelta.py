"""Adadelta: steps in the units of the parameter, from running squares of the gradients and of the steps.

https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, factor, plain, raw, zero_step
from ._pieces import pieces
from ._rules import check_least_zero, check_rate, direction, keep_square
from .optimizer import Array, Group, Optimizer, ParamsT, State


class Adadelta(Optimizer):
    """Adadelta.

    With d = g + weight_decay p (g negated for `maximize`): v = rho v + (1 - rho) d^2, the step
    s = sqrt(u + eps) / sqrt(v + eps) d, u = rho u + (1 - rho) s^2, p -= lr s.

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        rho: how much of the running squares is kept.
        eps: added under the roots.
        weight_decay: the factor of p in d.
        maximize: climb instead.
        foreach: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Zeiler, https://arxiv.org/abs/1212.5701
    """

    _counts = ("step",)
    _captured_by_xla = (False, False)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_least_zero(eps=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        zeros_like = backend_of(param._data).zeros_like
        return {"step": zero_step(), **{n: Tensor._wrap(zeros_like(param._data)) for n in ("square_avg", "acc_delta")}}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        advance(state["step"])
        lr, rho, eps = factor(xp, raw(group["lr"])), float(group["rho"]), float(group["eps"])
        decay, maximize = plain(group["weight_decay"]), group["maximize"]
        for p, v, u, g in pieces(xp, [param, state["square_avg"]._data, state["acc_delta"]._data], [grad]):
            d = direction(xp, p, g, decay, maximize)
            scratch = keep_square(xp, v, d, rho)
            xp.add(v, eps, out=scratch)
            xp.sqrt(scratch, out=scratch)
            step = xp.add(u, eps)
            xp.sqrt(step, out=step)
            xp.divide(step, scratch, out=step)
            xp.multiply(step, d, out=step)
            keep_square(xp, u, step, rho, scratch)
            xp.multiply(step, lr, out=step)
            xp.subtract(p, step, out=p)
