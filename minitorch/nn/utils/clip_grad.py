"""Gradients kept in bounds: by the norm of all of them together, or each number on its own.

https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import Any

from ..._tensor import Tensor
from ...compose.distances import vector_norm
from ...compose.shapes import stack
from ...create import tensor
from ...graph.modes import no_grad

Tensors = Tensor | Iterable[Tensor]


def _listed(given: Any) -> list[Any]:
    return [given] if isinstance(given, Tensor) else list(given)


@no_grad()
def get_total_norm(tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False,
                   foreach: bool | None = None) -> Tensor:  # fmt: skip
    """The norm of all tensors together, as if they were one vector: a 0-dim tensor on the device of the first.

    Args:
        tensors: one or several; none have the norm 0.
        norm_type: the order; inf for the largest size.
        error_if_nonfinite: refuse a norm that is nan or infinite; waits for a device.
        foreach: has no meaning here.

    Raises:
        RuntimeError: for a norm that is not finite, if asked to.
    """
    order, given = float(norm_type), _listed(tensors)
    if not given:
        return tensor(0.0)
    norms = [vector_norm(one, order).to(given[0].device) for one in given]
    total: Any = vector_norm(stack(norms), order)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total  # type: ignore[no-any-return]


@no_grad()
def clip_grads_with_norm_(parameters: Tensors, max_norm: float, total_norm: Tensor,
                          foreach: bool | None = None) -> None:  # fmt: skip
    """Every gradient times `max_norm / (total_norm + 1e-6)`, in place, where that is below 1."""
    factor: Any = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for parameter in _listed(parameters):
        if parameter.grad is not None:
            parameter.grad.mul_(factor.to(parameter.grad.device))


def clip_grad_norm_(parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
                    foreach: bool | None = None) -> Tensor:  # fmt: skip
    """Scale all gradients down together, in place, so that their total norm is at most `max_norm`; returns what it was.

    Args:
        parameters: those whose gradients are scaled; those without one are passed over.
        max_norm: the largest total norm.
        norm_type: the order of the norm; inf for the largest size.
        error_if_nonfinite: refuse a norm that is nan or infinite; waits for a device.
        foreach: has no meaning here.

    Raises:
        RuntimeError: for a norm that is not finite, if asked to.
    """
    given = _listed(parameters)
    if isinstance(parameters, types.GeneratorType) and not given:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    grads = [parameter.grad for parameter in given if parameter.grad is not None]
    total = get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(given, max_norm, total, foreach)
    return total


def clip_grad_norm(parameters: Tensors, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
                   foreach: bool | None = None) -> Tensor:  # fmt: skip
    """The old name of `clip_grad_norm_`."""
    warnings.warn("`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
                  FutureWarning, stacklevel=2)  # fmt: skip
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Every number of every gradient brought between -clip_value and clip_value, in place."""
    bound = float(clip_value)
    for parameter in _listed(parameters):
        if parameter.grad is not None:
            parameter.grad.clamp_(min=-bound, max=bound)
