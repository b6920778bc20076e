"""The tape as PyTorch shows it: the nodes behind `grad_fn`, edges that lead to a gradient, hooks on what is saved."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._tensor import Tensor
from ..grad_fn import GradFn as Node
from ..ops.record import node_of
from .saved_hooks import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks

__all__ = ["GradientEdge", "Node", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version", "save_on_cpu",
           "saved_tensors_hooks"]  # fmt: skip


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor arrives: a node, and which of its results the tensor is."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge of a tensor that requires grad; for a leaf, the AccumulateGrad that fills its `.grad`.

    Raises:
        RuntimeError: for a tensor that does not require grad.
    """
    node = node_of(tensor)
    if node is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(Node(node), tensor.output_nr)


def increment_version(tensor: Any) -> None:
    """Say that a tensor (or each of several) was written in place behind the tape's back."""
    for one in (tensor,) if isinstance(tensor, Tensor) else tensor:
        one._bump()
