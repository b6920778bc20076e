"""What backward hooks of a module hang on: a tap on all its inputs, and one on all its outputs.

A tap is the identity over several tensors at once. Its one node receives the gradients of all of them together, which
is what a hook wants to see: the tap on the outputs notes `grad_output` and runs the pre-hooks, the tap on the inputs
runs the hooks. Where no input asks for a gradient, the tap on the outputs runs both.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .._tensor import Tensor
from ..backend.namespace import backend_of
from ..graph.modes import modes
from ..graph.node import Cotangents, Node, Port
from ..ops.record import View, node_of
from ..tracked import Tracked

Grads = Sequence[Tensor | None]


class Tap:
    """The pseudo-op of several tensors passed on unchanged, whose gradients go through `see`."""

    name = symbol = "BackwardHookFunction"
    family = "port"

    def __init__(self, see: Callable[[list[Any]], Grads]) -> None:
        self.see = see

    def pull(self, node: Any, g: Cotangents, parents: Any) -> list[Any]:
        """The gradients as the hooks left them. They see tensors, also where the tape is walked on raw arrays."""
        raw = not any(isinstance(item, Tracked) for item in g.items)
        passed = self.see([Tensor._wrap(item) if raw and item is not None else item for item in g.items])
        return [
            None if item is None or parent is None else item._data if raw else item
            for item, parent in zip(passed, parents, strict=True)
        ]

    @staticmethod
    def push(view: Any, tangents: Any, wrap: Any) -> Any:
        return tangents


def tapped(tensors: list[Tensor], see: Callable[[list[Any]], Grads]) -> list[Tensor]:
    """The same tensors behind one tap; those that ask for no gradient stay as they are."""
    nodes = tuple(node_of(t) for t in tensors)
    tap = Node(Tap(see), {}, nodes, (), (), 0, None, None)
    names = tuple(f"out{index}" for index in range(len(tensors)))
    passed = list(tensors)
    for index, (t, node) in enumerate(zip(tensors, nodes, strict=True)):
        if node is not None:
            port = Node(Port(Tap.name, index, names), {}, (tap,), (), (), 0, t._data.shape, t._data.dtype)
            passed[index] = result = Tensor._wrap(t._data, port, t._cell)
            # As a view it refuses to be written in place: the tap would not see that gradient.
            view = t._view
            result._view = View(t if view is None else view.base, None, Tap.name)
    return passed


class BackwardHook:
    """The backward hooks of one call of one module."""

    def __init__(self, module: Any, hooks: list[Callable[..., Any]], pre_hooks: list[Callable[..., Any]]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_outputs: Grads | None = None
        self.outputs: list[int] = []
        self.inputs: list[int] | None = None
        self.input_tensors: list[tuple[Any, Any]] = []
        self.input_count = self.output_count = 0

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Put the tensors among the arguments behind a tap."""
        self.input_count = len(args)
        places = _tensors_in(args)
        if places is None:
            return args
        self.inputs = places
        tensors = [args[place] for place in places]
        self.input_tensors = [(t._data.shape, t._data.dtype) for t in tensors]
        self.zeros_like = backend_of(tensors[0]._data).zeros
        return _replaced(args, places, tapped(tensors, self.see_inputs))

    def watch_outputs(self, result: Any) -> Any:
        """Put the result, or the tensors in a tuple of results, behind a tap."""
        results = result if isinstance(result, tuple) else (result,)
        self.output_count = len(results)
        places = _tensors_in(results)
        if places is None:
            return result
        self.outputs = places
        changed = _replaced(results, places, tapped([results[place] for place in places], self.see_outputs))
        return changed if isinstance(result, tuple) else changed[0]

    def see_outputs(self, grads: list[Any]) -> Grads:
        """Note the gradients of the outputs, as the pre-hooks leave them."""
        noted: Grads = _spread(self.outputs, grads, self.output_count)
        for hook in self.pre_hooks:
            replaced = hook(self.module, noted)
            if replaced is None:
                continue
            if len(replaced) != len(noted):
                raise RuntimeError(
                    f"Backward pre hook returned an invalid number of grad_output, got {len(replaced)}, but expected "
                    f"{len(noted)}"
                )
            noted = replaced
        if self.inputs is None:
            self._without_inputs(noted)
        else:
            self.grad_outputs = noted
        return [noted[place] for place in self.outputs]

    def _without_inputs(self, grad_outputs: Grads) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=2,
        )
        for hook in self.hooks:
            returned = hook(self.module, (None,) * self.input_count, grad_outputs)
            if returned is not None and not (isinstance(returned, tuple) and all(item is None for item in returned)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for "
                    "all gradients."
                )

    def see_inputs(self, grads: list[Any]) -> Grads:
        """Run the hooks on the gradients of the inputs; an input the result does not depend on has zeros."""
        if self.grad_outputs is None:  # a gradient that came to the inputs past the outputs, as in a double backward
            return grads
        assert self.inputs is not None
        filled = [
            Tensor._wrap(self.zeros_like(shape, dtype)) if grad is None else grad
            for grad, (shape, dtype) in zip(grads, self.input_tensors, strict=True)
        ]
        seen: Grads = _spread(self.inputs, filled, self.input_count)
        for hook in self.hooks:
            replaced = hook(self.module, seen, self.grad_outputs)
            if replaced is None:
                continue
            if len(replaced) != len(seen):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(replaced)}, but expected "
                    f"{len(seen)}"
                )
            seen = replaced
        self.grad_outputs = None
        return [seen[place] for place in self.inputs]


def _tensors_in(values: tuple[Any, ...]) -> list[int] | None:
    """The places of the tensors; None where nothing is recorded or none asks for a gradient."""
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    if not modes.grad or not any(values[place].requires_grad for place in places):
        return None
    return places


def _spread(places: list[int], items: list[Any], count: int) -> tuple[Any, ...]:
    spread: list[Any] = [None] * count
    for place, item in zip(places, items, strict=True):
        spread[place] = item
    return tuple(spread)


def _replaced(values: tuple[Any, ...], places: list[int], items: list[Tensor]) -> tuple[Any, ...]:
    changed = list(values)
    for place, item in zip(places, items, strict=True):
        changed[place] = item
    # a named tuple takes its fields one by one
    return tuple(changed) if type(values) is tuple else type(values)(*changed)
