"""LRScheduler: what every schedule shares: where the rates live, counting, saving, and two warnings.

A schedule writes the `lr` of an optimiser's groups when its `step` is called; the rate at the start is kept in the
group as `initial_lr`. Most schedules have two forms: `get_lr` goes on from the present rate, so that several schedules
can act on one optimiser, and `_get_closed_form_lr` knows the rate of any epoch.
https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LRScheduler.html
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import ref

from ..._tensor import Tensor
from ..optimizer import Group, Optimizer

Rate = float | Tensor

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the "
    "scheduler. During the deprecation, if epoch is different from None, the "
    "closed form is used instead of the new chainable form, where available. "
    "Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)
MORE = "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def own(value: Any) -> Any:
    """A number as it is; a tensor copied, so that writing to the group's does not change it."""
    return value.clone() if isinstance(value, Tensor) else value


def per_group(name: str, optimizer: Optimizer, given: Any) -> list[Any]:
    """An option as a list with one value for each group.

    Raises:
        ValueError: for a list of another length.
    """
    count = len(optimizer.param_groups)
    if not isinstance(given, list | tuple):
        given = [given] * count
    elif len(given) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(given)} values, param_groups has {count}."
        )
    return [own(value) for value in given]


def values(optimizer: Optimizer, key: str) -> list[Any]:
    """An option of all groups."""
    return [own(group[key]) for group in optimizer.param_groups]


def write(group: Group, key: str, value: Rate) -> None:
    """Set an option; one that is a tensor is written in place."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value.reshape(()) if isinstance(value, Tensor) else value)
    else:
        group[key] = value


def check_optimizer(optimizer: Any) -> None:
    """Raise for anything that is no optimiser."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def packed(functions: list[Any]) -> list[Any]:
    """What can be saved of a list of functions: the attributes of callable objects, None for functions."""
    return [None if isinstance(fn, types.FunctionType) else fn.__dict__.copy() for fn in functions]


class LRScheduler:
    """The base of all schedules; a subclass implements `get_lr`.

    Args:
        optimizer: whose groups it changes.
        last_epoch: the epoch to go on from; -1 begins, with the groups' present rates as their initial ones.

    Raises:
        TypeError: for anything that is no optimiser.
        KeyError: for a `last_epoch` without initial rates in the groups.
    """

    _get_lr_called_within_step = False
    _is_initial = False
    last_epoch: int

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for place, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{place}] when resuming scheduler with "
                    "last_epoch >= 0.\nThis typically happens when:\n"
                    "1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer state\n"
                    "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs: list[Any] = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _note_steps(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        """Write the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimiser."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another schedule of this kind was saved."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The rates written last."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The rates to write, for `last_epoch`; to be asked only by `step`."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Count an epoch (or go to one) and write its rates."""
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
                warnings.warn(
                    "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                    "initialization. Please, make sure to call `optimizer.step()` before "
                    f"`lr_scheduler.step()`. See more details at {MORE}",
                    UserWarning,
                    stacklevel=2,
                )
            elif not getattr(self.optimizer, "_opt_called", False):
                warnings.warn(
                    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
                    "In PyTorch 1.1.0 and later, you should call them in the opposite order: "
                    "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this "
                    "will result in PyTorch skipping the first value of the learning rate schedule. "
                    f"See more details at {MORE}",
                    UserWarning,
                    stacklevel=2,
                )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        with self._asking():
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = getattr(self, "_get_closed_form_lr", self.get_lr)()
        self._write(rates)

    def _write(self, rates: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            write(group, "lr", rate)
        self._last_lr: list[Any] = values(self.optimizer, "lr")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """While `get_lr` is asked by `step`, it does not warn."""
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _check_asked(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def _present(self) -> list[Any]:
        """The rates as they are."""
        return values(self.optimizer, "lr")

    def _scaled(self, factor: float) -> list[Any]:
        """The present rates times a factor."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]


class _LRScheduler(LRScheduler):
    """The base's name of long ago."""


def _note_steps(optimizer: Optimizer) -> None:
    """Have the optimiser note its first step, so that a schedule that is stepped before it can warn."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    found = ref(optimizer)
    step: Callable[..., Any] = optimizer.step.__func__  # type: ignore[attr-defined]

    @wraps(step)
    def noting(*args: Any, **kwargs: Any) -> Any:
        optimizer = found()
        optimizer._opt_called = True  # type: ignore[union-attr]
        return step(optimizer, *args, **kwargs)

    noting._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = noting  # type: ignore[method-assign]
