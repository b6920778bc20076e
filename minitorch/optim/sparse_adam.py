"""SparseAdam: Adam for sparse gradients; only the rows that have a gradient, and their means, are changed.

https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ._options import check_one_element, factor, plain, raw
from ._rules import check_betas, keep_square, lean, root_plus, rows
from .optimizer import Array, Group, Optimizer, ParamsT, State


class SparseAdam(Optimizer):
    """Adam for dense parameters with sparse gradients.

    Args:
        params: see Optimizer; dense and real.
        lr: learning rate, a number or a one-element tensor.
        betas: how much of the running means is kept, where there is a gradient.
        eps: added to the denominator.
        maximize: climb instead.

    Raises:
        ValueError: for an option out of range, or a sparse or complex parameter.
        RuntimeError: at a step, for a dense gradient.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_one_element(lr, "lr")
        if not plain(lr) > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        places = [
            ([group, place], param)
            for group, held in enumerate(self.param_groups) for place, param in enumerate(held["params"])
        ]  # fmt: skip
        if sparse := [place for place, param in places if param.is_sparse]:
            raise ValueError(f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors")
        if complexes := [place for place, param in places if param.is_complex()]:
            raise ValueError(f"Complex params at indices {complexes}: SparseAdam does not support complex parameters")

    def _begin(self, param: Tensor, group: Group) -> State:
        zeros_like = backend_of(param._data).zeros_like
        return {"step": 0, **{n: Tensor._wrap(zeros_like(param._data)) for n in ("exp_avg", "exp_avg_sq")}}

    def _step(self) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None and not param.grad.is_sparse:
                    raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        super()._step()

    def _check_sparse(self, param: Tensor, grad: Tensor, group: Group) -> None:
        """Every sparse gradient can be used."""

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        raise AssertionError("a dense gradient was let in")

    def _update_sparse(self, param: Tensor, grad: Tensor, state: State, group: Group) -> None:
        state["step"] += 1
        held, g = rows(grad)
        if not g.size:
            return
        xp, count = backend_of(param._data), state["step"]
        if group["maximize"]:
            g = xp.negative(g)
        beta1, beta2 = map(float, group["betas"])
        step_size = factor(xp, raw(group["lr"]) * ((1 - beta2**count) ** 0.5 / (1 - beta1**count)))
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        m, v = mean._data[held], square._data[held]
        keep_square(xp, v, g, beta2, lean(xp, m, g, 1 - beta1))
        mean._data[held], square._data[held] = m, v
        step = xp.divide(m, root_plus(xp, v, float(group["eps"])))
        param._data[held] -= xp.multiply(step, step_size, out=step)
        for tensor in (param, mean, square):
            tensor._bump()
