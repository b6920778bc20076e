"""Rprop: a step size for every number, longer while the sign of its gradient stays, shorter when it turns.

https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, plain, zero_step
from ._pieces import pieces
from ._rules import check_rate
from .optimizer import Array, Group, Optimizer, ParamsT, State


class Rprop(Optimizer):
    """Resilient backpropagation.

    The step size s of a number is multiplied by etas[1] where its gradient has the sign it had before, by etas[0] where
    it has turned, and kept between `step_sizes`; p -= sign(g) s, but where the gradient has turned p stays, and the
    gradient counts as 0 at the next step.

    Args:
        params: see Optimizer.
        lr: the first step size, a number or a one-element tensor.
        etas: the factors of the step size, the first below 1, the second above.
        step_sizes: the least and the greatest.
        maximize: climb instead.
        foreach: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Riedmiller and Braun, https://doi.org/10.1109/ICNN.1993.298623
    """

    _counts = ("step",)
    _captured_by_xla = (True, True)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        xp, data, lr = backend_of(param._data), param._data, plain(group["lr"])
        first = xp.full_like(data, complex(lr, lr) if param.is_complex() else lr)
        return {"step": zero_step(), "prev": Tensor._wrap(xp.zeros_like(data)), "step_size": Tensor._wrap(first)}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        advance(state["step"])
        shorter, longer = map(float, group["etas"])
        least, most = map(float, group["step_sizes"])
        for p, before, size, g in pieces(xp, [param, state["prev"]._data, state["step_size"]._data], [grad]):
            if group["maximize"]:
                g = xp.negative(g)
            xp.multiply(before, g, out=before)
            turned = before < 0
            scratch = xp.where(before > 0, longer, xp.where(turned, shorter, 1.0)).astype(p.dtype)
            xp.multiply(size, scratch, out=size)
            xp.minimum(xp.maximum(size, least, out=size), most, out=size)
            before[...] = xp.where(turned, 0.0, g)
            xp.sign(before, out=scratch)
            xp.multiply(scratch, size, out=scratch)
            xp.subtract(p, scratch, out=p)
