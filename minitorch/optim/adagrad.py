"""Adagrad: steps divided by the root of the sum of all squared gradients so far.

https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, check_strategy, factor, plain, raw, zero_step
from ._pieces import pieces
from ._rules import check_least_zero, check_rate, direction, root_plus, rows
from .optimizer import Array, Group, Optimizer, ParamsT, State


class Adagrad(Optimizer):
    """Adagrad.

    With d = g + weight_decay p (g negated for `maximize`): s += d^2, p -= lr / (1 + (t - 1) lr_decay) d / (sqrt(s) + eps).
    The state exists from the beginning.

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        lr_decay: how fast the rate falls.
        weight_decay: the factor of p in d.
        initial_accumulator_value: what s begins with.
        eps: added to the denominator.
        maximize: climb instead.
        foreach, fused: accepted for PyTorch's sake; there is one implementation.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Duchi, Hazan and Singer, https://jmlr.org/papers/v12/duchi11a.html
    """

    _counts = ("step",)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check_least_zero(
            lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, eps=eps
        )
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        check_strategy(foreach, fused, differentiable)
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self._begin(param, group)

    def _begin(self, param: Tensor, group: Group) -> State:
        start = group["initial_accumulator_value"]
        if param.is_complex():
            start = complex(start, start)
        return {"step": zero_step(), "sum": Tensor._wrap(backend_of(param._data).full_like(param._data, start))}

    def _check_sparse(self, param: Tensor, grad: Tensor, group: Group) -> None:
        if group["weight_decay"] != 0:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")

    def _update_sparse(self, param: Tensor, grad: Tensor, state: State, group: Group) -> None:
        count, (held, g) = advance(state["step"]), rows(grad)
        xp, total = backend_of(param._data), state["sum"]
        step_size = factor(xp, raw(group["lr"]) / (1 + (count - 1) * float(group["lr_decay"])))
        if group["maximize"]:
            g = xp.negative(g)
        s = xp.add(total._data[held], xp.multiply(g, g))
        total._data[held] = s
        step = xp.divide(g, root_plus(xp, s, float(group["eps"])))
        param._data[held] -= xp.multiply(step, step_size, out=step)
        param._bump()
        total._bump()

    def share_memory(self) -> None:
        """Nothing: memory is not shared between processes."""

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        count = advance(state["step"])
        eps, decay, maximize = float(group["eps"]), plain(group["weight_decay"]), group["maximize"]
        step_size = factor(xp, raw(group["lr"]) / (1 + (count - 1) * float(group["lr_decay"])))
        for p, s, g in pieces(xp, [param, state["sum"]._data], [grad]):
            d = direction(xp, p, g, decay, maximize)
            scratch = xp.multiply(d, d)
            xp.add(s, scratch, out=s)
            root_plus(xp, s, eps, scratch)
            xp.divide(d, scratch, out=scratch)
            xp.multiply(scratch, step_size, out=scratch)
            xp.subtract(p, scratch, out=p)
