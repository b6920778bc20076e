"""The tape as PyTorch shows it: the nodes behind `grad_fn`, and edges that lead to a tensor's gradient.

Hooks on what the tape saves are refused by name: nodes keep raw arrays, which no hook of the user's has a say in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .._tensor import Tensor
from ..grad_fn import GradFn as Node
from ..ops.record import node_of

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


class _Disabled(threading.local):
    """What to say to hooks on saved tensors where they are disabled."""

    message: str | None = None


_disabled = _Disabled()


class saved_tensors_hooks:
    """Not there: entering raises. In PyTorch, the hooks that pack and unpack each saved tensor.

    Raises:
        RuntimeError: within `disable_saved_tensors_hooks`, with its message.
        NotImplementedError: anywhere else.

    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if _disabled.message is not None:
            raise RuntimeError(_disabled.message)
        raise NotImplementedError(
            f"{type(self).__name__} is not supported: the tape saves raw arrays, which are not packed. Hint: to hold less "
            "memory between forward and backward use utils.checkpoint.checkpoint, or a custom Function that saves what "
            "you choose."
        )

    def __exit__(self, *_: object) -> None:
        pass


class save_on_cpu(saved_tensors_hooks):
    """Not there: entering raises as `saved_tensors_hooks` does."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: (tensor.device, tensor.cpu()), lambda packed: packed[1].to(packed[0]))
        self.pin_memory = pin_memory
        self.device_type = device_type


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Within it, entering hooks on saved tensors raises a RuntimeError with this message.

    Raises:
        TypeError: for a message that is no str.
    """
    if not isinstance(error_message, str):
        raise TypeError("_saved_tensors_hooks_disable(): incompatible function arguments. The message must be a str, not "
                        f"{type(error_message).__name__}.")  # fmt: skip
    before, _disabled.message = _disabled.message, error_message
    try:
        yield
    finally:
        _disabled.message = before
