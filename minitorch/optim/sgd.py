"""Stochastic gradient descent: p -= lr g, with momentum, Nesterov's momentum and weight decay.

The update is PyTorch's: it scales the velocity and not the gradient by lr, and starts the velocity at the first
gradient. https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import check_one_element, check_strategy, factor, is_zero, plain, raw
from ._pieces import pieces
from ._rules import rows
from .optimizer import Array, Group, Optimizer, ParamsT, State


class SGD(Optimizer):
    """Stochastic gradient descent.

    With d = g + weight_decay p (g negated for `maximize`), the velocity is v = momentum v + (1 - dampening) d, at the
    first step v = d; then p -= lr v, for Nesterov p -= lr (d + momentum v), without momentum p -= lr d.

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        momentum: the factor of the velocity; 0 keeps none.
        dampening: what the velocity takes less of each gradient after the first.
        weight_decay: the factor of p in d.
        nesterov: look ahead; needs a momentum and no dampening.
        maximize: climb instead.
        foreach, fused: accepted for PyTorch's sake; there is one implementation.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_one_element(lr, "lr")
        if plain(lr) < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if plain(weight_decay) < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_strategy(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _check_sparse(self, param: Tensor, grad: Tensor, group: Group) -> None:
        if plain(group["weight_decay"]) != 0:
            raise RuntimeError(
                "add(sparse, dense) is not supported. Use add(dense, sparse) instead. (weight_decay needs dense gradients)"
            )

    def _update_sparse(self, param: Tensor, grad: Tensor, state: State, group: Group) -> None:
        momentum, share = float(group["momentum"]), 1.0 - float(group["dampening"])
        d = -grad.detach() if group["maximize"] else grad.detach()
        if momentum:
            velocity = state.get("momentum_buffer")
            velocity = d.clone() if velocity is None else velocity * momentum + d * share
            state["momentum_buffer"] = velocity
            d = d + velocity * momentum if group["nesterov"] else velocity
        xp = backend_of(param._data)
        lr = factor(xp, raw(group["lr"]))
        if d.is_sparse:
            held, step = rows(d)
            param._data[held] -= xp.multiply(step, lr)
        else:  # a velocity that began with a dense gradient
            xp.subtract(param._data, xp.multiply(d._data, lr).astype(param.dtype.numpy, copy=False), out=param._data)
        param._bump()

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        lr, decay = factor(xp, raw(group["lr"])), factor(xp, raw(group["weight_decay"]))
        momentum, share = float(group["momentum"]), 1.0 - float(group["dampening"])
        nesterov, maximize = group["nesterov"], group["maximize"]
        starts, written = False, [param]
        if momentum:
            starts = state.get("momentum_buffer") is None
            if starts:
                empty = xp.empty_like(param)
                state["momentum_buffer"] = empty if xp.name == "recorded" else Tensor._wrap(empty)
            elif state["momentum_buffer"].is_sparse:
                raise RuntimeError(
                    "add(sparse, dense) is not supported. Use add(dense, sparse) instead. (the velocity began with a sparse "
                    "gradient)"
                )
            written.append(state["momentum_buffer"]._data)
        for p, *velocity, g in pieces(xp, written, [grad]):
            d, scratch = g, None
            if maximize:
                d = scratch = xp.negative(g)
            if not is_zero(decay):
                decayed = xp.multiply(p, decay)
                d = scratch = xp.add(d, decayed, out=decayed)
            if velocity:
                (v,) = velocity
                if starts:
                    v[...] = d.detached() if xp.name == "recorded" else d  # PyTorch starts it off the tape
                else:
                    xp.multiply(v, momentum, out=v)
                    xp.add(v, d if share == 1.0 else xp.multiply(d, share), out=v)
                if nesterov:
                    ahead = xp.multiply(v, momentum)
                    d = scratch = xp.add(d, ahead, out=ahead)
                else:
                    d, scratch = v, None
            xp.subtract(p, xp.multiply(d, lr, out=scratch), out=p)
