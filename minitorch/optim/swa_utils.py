"""Averages of a model over its training: stochastic weight averaging and exponential moving averages.

https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, Literal

from .._tensor import Tensor
from ..create import tensor
from ..graph.modes import no_grad
from ..nn.batchnorm import _BatchNorm
from ..nn.module import Module
from .lr_scheduler.base import LRScheduler, per_group
from .optimizer import Optimizer

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]

__all__ = ["AveragedModel", "update_bn", "SWALR", "get_ema_multi_avg_fn", "get_swa_multi_avg_fn", "get_ema_avg_fn",
           "get_swa_avg_fn"]  # fmt: skip


# ---- ways to average -------------------------------------------------------------------------------------------------
def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average of one parameter: decay a + (1 - decay) p.

    Raises:
        ValueError: for a decay outside 0 to 1.
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """The equal average of one parameter: a + (p - a) / (n + 1)."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        average: Tensor = averaged_param + (current_param - averaged_param) / (num_averaged + 1)
        return average

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """The exponential moving average of a list of parameters, in place.

    Raises:
        ValueError: for a decay outside 0 to 1.
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], _: Any) -> None:
        for average, param in zip(ema_param_list, current_param_list, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(param, 1 - decay)
            else:
                average.copy_(average * decay + param * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverage:
    """The equal average of a list of parameters, in place."""

    @no_grad()
    def swa_update(averaged_param_list: Sequence[Tensor], current_param_list: Sequence[Tensor], num_averaged: Any) -> None:
        share = float(1 / (num_averaged + 1))  # of a count that is a tensor in the default dtype, as in PyTorch
        for average, param in zip(averaged_param_list, current_param_list, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(param, share)
            else:
                average.copy_(average + (param - average) / (num_averaged + 1))

    return swa_update


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


# ---- the averaged model ----------------------------------------------------------------------------------------------
class AveragedModel(Module):
    """A copy of a model whose parameters are averages of those that the model had at each `update_parameters`.

    Args:
        model: the model; it is copied.
        device: where the averages live.
        avg_fn: a function (average, parameter, how many) of the new average; or
        multi_avg_fn: one that writes to lists of averages. The equal average where neither is given.
        use_buffers: average the buffers as well; otherwise they are copied.

    Raises:
        AssertionError: for both functions.

    Source: Izmailov et al., https://arxiv.org/abs/1803.05407
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's parameters as they are now into the averages; the first time, copy them."""
        averages: Iterable[Tensor] = self.parameters()
        params: Iterable[Tensor] = model.parameters()
        if self.use_buffers:
            averages = chain(self.module.parameters(), self.module.buffers())
            params = chain(model.parameters(), model.buffers())
        pairs = [(a.detach(), p.detach().to(a.device)) for a, p in zip(averages, params, strict=False)]
        if self.n_averaged == 0:
            for average, param in pairs:
                average.copy_(param)
        elif self.multi_avg_fn is not None:
            kinds: dict[Any, list[tuple[Tensor, Tensor]]] = {}
            for average, param in pairs:
                kinds.setdefault((str(average.device), average.dtype), []).append((average, param))
            for alike in kinds.values():
                first = alike[0][0]
                self.multi_avg_fn([a for a, _ in alike], [p for _, p in alike], self.n_averaged.to(first.device))
        else:
            average_of = get_swa_avg_fn() if self.avg_fn is None else self.avg_fn
            for average, param in pairs:
                average.copy_(average_of(average, param, self.n_averaged.to(average.device)))
        if not self.use_buffers:
            for kept, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                kept.detach().copy_(buffer.detach().to(kept.device))
        self.n_averaged += 1


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all batch norms anew, by one pass over the data.

    Args:
        loader: batches, or tuples that begin with one.
        model: the model; left in the mode it was in.
        device: where to move the batches.
    """
    momenta: dict[Any, Any] = {}
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None  # the average over all batches
    for batch in loader:
        if isinstance(batch, list | tuple):
            batch = batch[0]
        model(batch if device is None else batch.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


# ---- its learning rate -----------------------------------------------------------------------------------------------
class SWALR(LRScheduler):
    """From the present rate to a constant one, in `anneal_epochs` epochs.

    Args:
        optimizer, last_epoch: see LRScheduler.
        swa_lr: the constant rate, or one for each group.
        anneal_epochs: how long it takes.
        anneal_strategy: "cos" or "linear".

    Raises:
        ValueError: for an option out of range.
    """

    def __init__(
        self, optimizer: Optimizer, swa_lr: float | list[float], anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos", last_epoch: int = -1,
    ) -> None:  # fmt: skip
        for group, rate in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How far the rate has come after so many steps."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Any]:
        self._check_asked()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            last, rate = group["swa_lr"], group["lr"]
            first = last if before == 1 else (rate - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates
