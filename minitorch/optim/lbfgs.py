"""L-BFGS: quasi-Newton steps from the last differences of the gradients, with an optional line search.

The state is PyTorch's: one flat vector over all parameters, kept under the first.
https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..compose.complexes import view_as_real
from ..compose.shapes import cat
from ..graph.modes import enable_grad, no_grad
from ._line_search import Point, strong_wolfe
from ._options import plain
from ._rules import check_rate
from .optimizer import Group, Optimizer, ParamsT, State


class LBFGS(Optimizer):
    """Limited-memory BFGS.

    A step makes up to `max_iter` moves; `step` needs a closure that clears the gradients, computes the loss, calls
    backward and returns the loss. All parameters form one group.

    Args:
        params: see Optimizer.
        lr: the length of a move, or the first one the line search tries.
        max_iter: moves in a step.
        max_eval: calls of the closure in a step (max_iter * 1.25 where not given).
        tolerance_grad: no number of the gradient is above this: done.
        tolerance_change: a smaller change of the parameters or of the loss: done.
        history_size: how many differences are kept.
        line_search_fn: None or "strong_wolfe".

    Raises:
        ValueError: for a negative rate, or more than one group.
        RuntimeError: at a step, for an unknown line search.

    Source: Liu and Nocedal, https://doi.org/10.1007/BF01589116
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate(lr)
        defaults = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self) -> list[Tensor]:
        params: list[Tensor] = self.param_groups[0]["params"]
        return params

    # ---- all parameters as one vector ------------------------------------------------------------------------------
    def _gradient(self) -> Tensor:
        """All gradients as one vector, zeros where there are none."""
        parts = []
        for param in self._params:
            grad = param.grad
            if grad is None:
                grad = param.new_zeros(param.shape)
            elif grad.is_sparse:
                grad = grad.to_dense()
            parts.append((view_as_real(grad) if grad.is_complex() else grad).detach().reshape(-1))
        whole: Tensor = cat(parts)
        return whole.clone() if len(parts) == 1 else whole  # the vector of a single one may be its own memory

    def _move(self, t: float, direction: Tensor) -> None:
        """Move all parameters by t times the direction."""
        start = 0
        for param in self._params:
            real = view_as_real(param) if param.is_complex() else param
            real.add_(direction[start : start + real.numel()].view(real.shape), alpha=t)
            start += real.numel()

    def _along(self, closure: Callable[[], Any], direction: Tensor) -> Callable[[float], Point]:
        """The function along a line from here; the parameters are where they were after each call."""
        here = [param.detach().clone() for param in self._params]

        def at(t: float) -> Point:
            self._move(t, direction)
            value = float(closure())
            gradient = self._gradient()
            for param, kept in zip(self._params, here, strict=True):
                param.copy_(kept)
            return Point(t, np.float64(value), gradient, np.float64(gradient.dot(direction).item()))

        return at

    # ---- stepping --------------------------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move until a tolerance or a limit is reached.

        Args:
            closure: clears the gradients, computes the loss, calls backward and returns the loss.

        Returns:
            the loss before the first move.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        if len(self.param_groups) != 1:
            raise AssertionError(f"Expected exactly one param_group, but got {len(self.param_groups)}")
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")

        def evaluate() -> Any:
            with enable_grad():
                return closure()

        with no_grad():
            return self._walk(evaluate, group)

    def _walk(self, closure: Callable[[], Any], group: Group) -> Any:
        lr, limit, most = plain(group["lr"]), group["max_iter"], group["max_eval"]
        small, still = group["tolerance_grad"], group["tolerance_change"]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = closure()
        loss, evals = float(first), 1
        state["func_evals"] += 1
        gradient = self._gradient()
        if _largest(gradient) <= small:
            return first
        kept: State = {name: state.get(name) for name in KEPT}
        for move in range(1, limit + 1):
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                kept |= {"d": gradient.neg(), "old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1}
            else:
                _remember(kept, gradient, group["history_size"])
                kept["d"] = _quasi_newton(kept, gradient, state.setdefault("al", [None] * group["history_size"]))
            direction = kept["d"]
            kept["prev_flat_grad"], kept["prev_loss"] = gradient.clone(), loss
            kept["t"] = t = lr if state["n_iter"] > 1 else min(1.0, 1.0 / float(gradient.abs().sum().item())) * lr
            slope = gradient.dot(direction).item()
            if slope > -still:
                break
            asked, before = 0, loss
            if group["line_search_fn"] is None:
                self._move(t, direction)
                if move != limit:  # the last move's gradient is left to the next step
                    loss, asked = float(closure()), 1
                    gradient = self._gradient()
            else:
                start = Point(0.0, np.float64(loss), gradient, np.float64(slope))
                at, length = self._along(closure, direction), _largest(direction)
                found, asked = strong_wolfe(at, start, t, length, max_ls=most - evals)
                loss, gradient, t = float(found.value), found.gradient, float(found.t)
                kept["t"] = t
                self._move(t, direction)
            evals += asked
            state["func_evals"] += asked
            if evals >= most or _largest(gradient) <= small or _largest(direction) * abs(t) <= still:
                break
            if abs(loss - before) < still:
                break
        state.update(kept)
        return first


#: What is carried from step to step, in the order of PyTorch's files.
KEPT = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")


def _largest(vector: Tensor) -> float:
    return float(vector.abs().max().item())


def _remember(kept: State, gradient: Tensor, size: int) -> None:
    """Add the last difference of gradients and the move that made it, if the curvature between them is positive."""
    change, moved = gradient.sub(kept["prev_flat_grad"]), kept["d"].mul(kept["t"])
    curvature = change.dot(moved)
    if curvature.item() > 1e-10:
        if len(kept["old_dirs"]) == size:
            for name in ("old_dirs", "old_stps", "ro"):
                kept[name].pop(0)
        kept["old_dirs"].append(change)
        kept["old_stps"].append(moved)
        kept["ro"].append(1.0 / curvature)
        kept["H_diag"] = curvature / change.dot(change)


def _quasi_newton(kept: State, gradient: Tensor, shares: list[Any]) -> Tensor:
    """Minus the gradient times the inverse Hessian that the memory implies, by the two-loop recursion."""
    q = gradient.neg()
    memory = list(zip(kept["old_dirs"], kept["old_stps"], kept["ro"], strict=True))
    for place in range(len(memory) - 1, -1, -1):
        change, moved, inverse = memory[place]
        shares[place] = moved.dot(q) * inverse
        q.sub_(change.mul(shares[place]))
    r: Tensor = q.mul(kept["H_diag"])
    for (change, moved, inverse), share in zip(memory, shares, strict=False):
        r.add_(moved.mul(share - change.dot(r) * inverse))
    return r
