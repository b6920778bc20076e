"""RMSprop: steps divided by the root of a running mean of the squared gradient.

https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, factor, plain, raw, zero_step
from ._pieces import pieces
from ._rules import check_least_zero, check_rate, direction, keep_square, lean, root_plus
from .optimizer import Array, Group, Optimizer, ParamsT, State


class RMSprop(Optimizer):
    """RMSprop.

    With d = g + weight_decay p (g negated for `maximize`): v = alpha v + (1 - alpha) d^2, s = d / (sqrt(v) + eps), and
    p -= lr s, or with momentum b = momentum b + s, p -= lr b. `centered` subtracts the square of the running mean of d
    from v under the root.

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        alpha: how much of the running means is kept.
        eps: added to the root.
        weight_decay: the factor of p in d.
        momentum: the factor of b; 0 keeps none.
        centered: divide by the deviation, and not by the root mean square.
        maximize: climb instead.
        foreach: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Tieleman and Hinton, lecture 6 of https://www.cs.toronto.edu/~hinton/coursera_lectures.html; centered:
    Graves, https://arxiv.org/abs/1308.0850
    """

    _counts = ("step",)
    _captured_by_xla = (True, True)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_least_zero(eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        zeros_like = backend_of(param._data).zeros_like
        names = ["square_avg", *(["momentum_buffer"] if group["momentum"] > 0 else []),
                 *(["grad_avg"] if group["centered"] else [])]  # fmt: skip
        return {"step": zero_step(), **{name: Tensor._wrap(zeros_like(param._data)) for name in names}}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        advance(state["step"])
        lr, keep, eps = factor(xp, raw(group["lr"])), float(group["alpha"]), float(group["eps"])
        decay, maximize, momentum = plain(group["weight_decay"]), group["maximize"], float(group["momentum"])
        centered = group["centered"]
        written = [param, state["square_avg"]._data]
        if momentum > 0:
            written.append(state["momentum_buffer"]._data)
        if centered:
            written.append(state["grad_avg"]._data)
        for p, v, *more, g in pieces(xp, written, [grad]):
            d = direction(xp, p, g, decay, maximize)
            scratch = keep_square(xp, v, d, keep)
            if centered:
                mean = more[-1]
                lean(xp, mean, d, 1 - keep)
                xp.multiply(mean, mean, out=scratch)
                xp.subtract(v, scratch, out=scratch)
                root_plus(xp, scratch, eps, scratch)
            else:
                root_plus(xp, v, eps, scratch)
            step = xp.divide(d, scratch, out=scratch)
            if momentum > 0:
                b = more[0]
                xp.multiply(b, momentum, out=b)
                xp.add(b, step, out=b)
                step = b
            xp.subtract(p, xp.multiply(step, lr, out=scratch), out=p)
