"""Adafactor: Adam's scaling from one mean per row and one per column of the squared gradient.

https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html
"""

from __future__ import annotations

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ..settings import finfo
from ._options import advance, check_one_element, plain, zero_step
from .optimizer import Array, Group, Optimizer, ParamsT, State


class Adafactor(Optimizer):
    """Adafactor.

    With the share b = t^beta2_decay: for matrices (and stacks of them) the running means r of g^2 along rows and c along
    columns give v = r c / mean(r), for vectors v is the running mean of g^2 itself; u = g / sqrt(v), and
    p -= max(eps2, rms(p)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / d), after p *= 1 - lr weight_decay.

    Args:
        params: see Optimizer; real.
        lr: the greatest relative step, a number or a one-element tensor.
        beta2_decay: the power of t in b.
        eps: what keeps v (None for the dtype's own) and rms(p) from 0.
        d: the greatest root mean square of u.
        weight_decay: how fast p decays.
        foreach: accepted for PyTorch's sake; there is one implementation.
        maximize: climb instead.

    Raises:
        ValueError: for an option out of range.
        RuntimeError: at a step, for complex parameters.

    Source: Shazeer and Stern, https://arxiv.org/abs/1804.04235
    """

    _counts = ("step",)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_one_element(lr, "lr")
        if not plain(lr) >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def _begin(self, param: Tensor, group: Group) -> State:
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        xp, shape, kind = backend_of(param._data), param._data.shape, param._data.dtype
        if len(shape) < 2:
            return {"step": zero_step(), "variance": Tensor._wrap(xp.zeros_like(param._data))}
        row, column = xp.zeros((*shape[:-1], 1), kind), xp.zeros((*shape[:-2], 1, shape[-1]), kind)
        return {"step": zero_step(), "row_var": Tensor._wrap(row), "col_var": Tensor._wrap(column)}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        count = advance(state["step"])
        if not param.size:
            return
        share = count ** float(group["beta2_decay"])
        lr, decay = plain(group["lr"]), float(group["weight_decay"])
        small, least = group["eps"]
        if small is None:
            small = float(finfo(state["row_var" if "row_var" in state else "variance"].dtype).eps)
        wide = "float32" if param.dtype.itemsize == 2 else param.dtype
        p, g = (array.astype(wide, copy=False).reshape(array.shape or (1,)) for array in (param, grad))
        step_size = max(float(least), _rms(xp, p)) * min(lr, 1 / count**0.5)
        squares = xp.multiply(g, g)
        if "row_var" in state:
            row = _follow(xp, state["row_var"]._data, xp.mean(squares, axis=-1, keepdims=True), share)
            column = _follow(xp, state["col_var"]._data, xp.mean(squares, axis=-2, keepdims=True), share)
            xp.multiply(row, column, out=squares)
            spread = xp.maximum(xp.mean(row, axis=-2, keepdims=True), small)
            xp.divide(squares, spread, out=squares)
        else:
            squares[...] = _follow(xp, state["variance"]._data, squares.reshape(param.shape), share)
        xp.maximum(squares, small * small, out=squares)
        xp.sqrt(squares, out=squares)
        update = xp.divide(g, squares, out=squares)
        length = step_size / max(1.0, _rms(xp, update) / float(group["d"]))
        xp.multiply(update, length if group["maximize"] else -length, out=update)
        if decay:
            update += p * (1 - lr * decay)
        else:
            update += p
        param[...] = update.reshape(param.shape).astype(param.dtype, copy=False)


def _rms(xp: Backend, array: Array) -> float:
    """The root of the mean square; reading it from a device waits, as PyTorch does."""
    return float(xp.sqrt(xp.mean(xp.multiply(array, array))))


def _follow(xp: Backend, mean: Array, value: Array, share: float) -> Array:
    """The running mean after it followed a value, written in place and returned as it was before it was rounded."""
    wide = mean.astype(value.dtype, copy=False)
    moved = xp.add(wide, xp.multiply(xp.subtract(value, wide), share))
    mean[...] = moved.astype(mean.dtype, copy=False)
    return moved
