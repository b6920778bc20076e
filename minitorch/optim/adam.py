"""Adam and AdamW: steps scaled by running means of the gradient and of its square.

The two differ only in where the weight decay goes: into the gradient (Adam), or straight into the parameter (AdamW).
The order of operations is PyTorch's: bias corrections are Python numbers, eps is added after the corrected root.
https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import advance, check_one_element, check_strategy, factor, plain, raw, reading, zero_step
from ._pieces import pieces
from .optimizer import Array, Group, Optimizer, ParamsT, State


class Adam(Optimizer):
    """Adam.

    With d = g + weight_decay p (g negated for `maximize`): m = beta1 m + (1 - beta1) d, v = beta2 v + (1 - beta2) d^2,
    p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps).

    Args:
        params: see Optimizer.
        lr: learning rate, a number or a one-element tensor.
        betas: how much of the running means is kept.
        eps: added to the denominator.
        weight_decay: the factor of p in d.
        amsgrad: use the largest v so far (https://openreview.net/forum?id=ryQu7f-RZ).
        maximize: climb instead.
        decoupled_weight_decay: AdamW's weight decay.
        foreach, fused: accepted for PyTorch's sake; there is one implementation.
        capturable: needs parameters on a device, as in PyTorch.
        differentiable: record the step, so that gradients flow through it.

    Raises:
        ValueError: for an option out of range.

    Source: Kingma and Ba, https://arxiv.org/abs/1412.6980
    """

    _counts = ("step",)
    _sparse_instead = ", please consider SparseAdam instead"

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_one_element(lr, "lr")
        if not plain(lr) >= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for index, beta in enumerate(betas):
            check_one_element(beta, f"betas[{index}]")
            if not 0.0 <= plain(beta) < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        if not weight_decay >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor) or any(type(beta) is int for beta in betas):
            raise ValueError("betas must be either both floats or both Tensors")
        check_strategy(foreach, fused, differentiable)
        defaults = {
            "lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        zeros_like = backend_of(param._data).zeros_like
        names = ["exp_avg", "exp_avg_sq", *(["max_exp_avg_sq"] if group["amsgrad"] else [])]
        return {"step": zero_step(), **{name: Tensor._wrap(zeros_like(param._data)) for name in names}}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        advance(state["step"])
        count, recorded = reading(xp, state["step"]), xp.name == "recorded"
        lr, decay = raw(group["lr"]), plain(group["weight_decay"])
        beta1, beta2 = (plain(beta) for beta in group["betas"])
        eps, maximize, decoupled = float(group["eps"]), group["maximize"], group["decoupled_weight_decay"]
        step_size = factor(xp, lr / (1 - beta1**count))
        root = (1 - beta2**count) ** 0.5
        if recorded:  # PyTorch has the step size in the denominator then, where it too is rounded to the count's dtype
            root, eps = root * step_size, eps / step_size
        shrink = factor(xp, 1 - lr * decay) if decoupled else 1.0
        written = [param, state["exp_avg"]._data, state["exp_avg_sq"]._data]
        if group["amsgrad"]:
            written.append(state["max_exp_avg_sq"]._data)
        for p, m, v, *largest, g in pieces(xp, written, [grad]):
            if maximize:
                g = xp.negative(g)
            if decay and decoupled:
                xp.multiply(p, shrink, out=p)
            elif decay:
                scratch = xp.multiply(p, decay)
                g = xp.add(g, scratch, out=scratch)
            scratch = xp.subtract(g, m)
            xp.multiply(scratch, 1 - beta1, out=scratch)
            xp.add(m, scratch, out=m)
            xp.multiply(v, beta2, out=v)
            xp.multiply(g, g, out=scratch)
            xp.multiply(scratch, 1 - beta2, out=scratch)
            xp.add(v, scratch, out=v)
            if largest:
                v = xp.maximum(largest[0], v, out=largest[0])
            xp.sqrt(v, out=scratch)
            xp.divide(scratch, root, out=scratch)
            xp.add(scratch, eps, out=scratch)
            xp.divide(m, scratch, out=scratch)
            if not recorded:
                xp.multiply(scratch, step_size, out=scratch)
            xp.subtract(p, scratch, out=p)


class AdamW(Adam):
    """Adam with decoupled weight decay: p *= 1 - lr weight_decay, before the step, and d = g.

    The arguments are Adam's, with another default of `weight_decay`.

    Source: Loshchilov and Hutter, https://arxiv.org/abs/1711.05101
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # also when the file was written by an Adam
            group["decoupled_weight_decay"] = True
