"""ASGD: stochastic gradient descent with a falling rate, and the average of the parameters on the way.

https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, host_number, plain, raw, zero_step
from ._pieces import pieces
from ._rules import check_least_zero, check_rate, direction, lean
from .optimizer import Array, Group, Optimizer, ParamsT, State


class ASGD(Optimizer):
    """Averaged stochastic gradient descent.

    With d = g + weight_decay p (g negated for `maximize`): p = (1 - lambd eta) p - eta d; the average `ax` follows p, until
    step t0 at once and later by the share mu = 1 / (t - t0); eta = lr / (1 + lambd lr t)^alpha.

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        lambd: how fast p decays and the rate falls.
        alpha: the power of the rate's fall.
        t0: the step from which p is averaged.
        weight_decay: the factor of p in d.
        maximize: climb instead.
        foreach: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Polyak and Juditsky, https://doi.org/10.1137/0330046
    """

    _counts = ("step", "eta", "mu")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_least_zero(weight_decay=weight_decay)
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        average = Tensor._wrap(backend_of(param._data).zeros_like(param._data))
        return {"step": zero_step(), "eta": host_number(plain(group["lr"])), "mu": host_number(1.0), "ax": average}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        count = advance(state["step"])
        lambd, decay, maximize = float(group["lambd"]), plain(group["weight_decay"]), group["maximize"]
        eta, mu = state["eta"], state["mu"]
        rate, share = float(eta._data), float(mu._data)
        for p, average, g in pieces(xp, [param, state["ax"]._data], [grad]):
            d = direction(xp, p, g, decay, maximize)
            xp.multiply(p, 1 - lambd * rate, out=p)
            xp.subtract(p, xp.multiply(d, rate, out=None if d is g else d), out=p)
            if share == 1:
                average[...] = p
            else:
                lean(xp, average, p, share)
        lr = raw(group["lr"])
        eta._data[...] = host_number(float(lr / (1 + lambd * lr * count) ** float(group["alpha"])))._data
        mu._data[...] = host_number(1 / max(1, count - float(group["t0"])))._data
        eta._bump()
        mu._bump()
