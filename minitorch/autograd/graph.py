"""The tape as PyTorch shows it: the nodes behind `grad_fn`, edges that lead to a gradient, hooks on what is saved."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref

from .._tensor import Tensor
from ..grad_fn import GradFn as Node
from ..graph.hooks import RemovableHandle
from ..graph.modes import modes
from ..ops.record import node_of
from .saved_hooks import disable_saved_tensors_hooks, save_on_cpu, saved_tensors_hooks

__all__ = ["GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge",
           "increment_version", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks"]  # fmt: skip


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


# ---- one hook on several gradients -----------------------------------------------------------------------------------
class _MultiHandle(RemovableHandle):
    """Removes the hooks that were registered together."""

    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[..., Any], *, mode: str = "all") -> RemovableHandle:
    """Call `fn` once in each backward, when the gradients of several tensors have been computed, or the first of them.

    Args:
        tensors: tensors that require grad.
        fn: what to call; in mode "all" with a list of one gradient per tensor, None for those that the backward does not
            reach; in mode "any" with the gradient that comes first. What it returns is not looked at.
        mode: "all" or "any".

    It also counts leaves whose gradients `autograd.grad` computes, where PyTorch raises.

    Raises:
        ValueError: for another mode.
        AssertionError: in mode "all", for a tensor that does not require grad.

    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.register_multi_grad_hook
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of {('all', 'any')} but got {mode}")
    if mode == "any":
        return _MultiHandle(_first_of(tensors, fn))
    nodes = [node_of(tensor) for tensor in tensors]
    if None in nodes:
        raise AssertionError("Expected gradient function to be set")
    refs = [ref(node) for node in nodes]  # the hooks sit on these nodes: no cycle
    under_way: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()

    def arrived(place: int) -> Callable[[Any], None]:
        def hook(grad: Any) -> None:
            task = modes.task
            if task not in under_way:
                through = set(task.order)
                under_way[task] = [sum(found() in through for found in refs), [None] * len(refs)]
            state = under_way[task]
            state[0] -= 1
            state[1][place] = grad
            if not state[0]:
                del under_way[task]
                fn(state[1])

        return hook

    return _MultiHandle(tuple(tensor.register_hook(arrived(place)) for place, tensor in enumerate(tensors)))


def _first_of(tensors: Sequence[Tensor], fn: Callable[..., Any]) -> tuple[RemovableHandle, ...]:
    seen: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()

    @functools.wraps(fn)
    def hook(grad: Any) -> None:
        if modes.task not in seen:
            seen[modes.task] = True
            fn(grad)

    return tuple(tensor.register_hook(hook) for tensor in tensors if tensor.requires_grad)


# ---- writing what is saved -------------------------------------------------------------------------------------------
class _Mutating:
    """A context in which saved tensors may be written."""

    active: list[_Mutating] = []


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Mutating]:
    """Within it, what the tape saved may be written in place before the backward, which sees the values as they were.

    Each saved tensor is copied when it is saved (PyTorch copies it when it is written). Forward and backward must both run
    within the same context.

    Raises:
        RuntimeError: for a context within another.
        AssertionError: for a backward outside the context.

    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.allow_mutation_on_saved_tensors
    """
    if _Mutating.active:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    here = _Mutating()

    def unpack(copied: Tensor) -> Tensor:
        if here not in _Mutating.active:
            raise AssertionError("Trying to backward outside of the 'allow_mutation_on_saved_tensors' contextin which the "
                                 "graph was originally recorded.")  # fmt: skip
        return copied

    _Mutating.active.append(here)
    try:
        with saved_tensors_hooks(lambda tensor: tensor.detach().clone(), unpack):
            yield here
    finally:
        _Mutating.active.remove(here)
