"""Activation checkpointing: a part of the network is computed again in the backward instead of being kept.

The part runs once, with a tape that is only read for the parameters it uses and then dropped. What stays is one node
from its arguments and those parameters to its results; that node's backward runs the part again and takes the
gradients. Under `create_graph` that second run is itself a checkpointed part, so derivatives of any order exist.
https://docs.pytorch.org/docs/stable/checkpoint.html
"""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from .._tensor import Tensor
from ..autograd import Function, grad
from ..create_random import get_rng_state
from ..graph.modes import enable_grad, is_grad_enabled
from ..graph.node import NOTHING
from ..nn import Sequential
from ..ops.record import node_of
from ..random import fork_rng, set_rng_state

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]

_UNSAID = ("the use_reentrant parameter should be passed explicitly. {} use_reentrant=False is recommended, but if you need to "
           "preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
           "differences between the two variants.")  # fmt: skip


class CheckpointError(RuntimeError):
    """The part computed something else the second time."""


def noop_context_fn() -> tuple[Any, Any]:
    """Two blocks that change nothing, for the first run and the second."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
               context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn, determinism_check: str = "default",
               debug: bool = False, early_stop: bool = True, **kwargs: Any) -> Any:  # fmt: skip
    """`function(*args, **kwargs)`, of which the backward keeps only the arguments and computes the rest again.

    Args:
        use_reentrant: to be said; both of PyTorch's variants are the same here, that of False.
        context_fn: makes two blocks, around the first run and around the second.
        determinism_check: "default" compares the results' shapes and dtypes of both runs, "none" does not.
        debug: the shapes are in the error anyway.
        early_stop: ignored; the second run is always whole.
        preserve_rng_state: (keyword) whether the second run draws the random numbers of the first. Default True.

    Raises:
        ValueError: for options that PyTorch refuses.
        CheckpointError: in the backward, where the second run gave results of another shape or dtype.
    """
    if use_reentrant is None:
        warnings.warn("torch.utils.checkpoint: " + _UNSAID.format("Starting in PyTorch 2.9, calling checkpoint without "
                      "use_reentrant will raise an exception."), UserWarning, stacklevel=2)  # fmt: skip
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant and kwargs:
        raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
    if use_reentrant and (context_fn is not noop_context_fn or debug):
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    first, second = context_fn()
    if not is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    return _Part(function, (args, kwargs), first, second, preserve, determinism_check == "default").run()


def checkpoint_sequential(functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any) -> Any:
    """A Sequential, or a list of functions, in `segments` parts, each but the last checkpointed.

    Raises:
        ValueError: for keyword arguments other than `preserve_rng_state`.
    """
    if use_reentrant is None:
        warnings.warn("torch.utils.checkpoint.checkpoint_sequential: " + _UNSAID.format("In version 2.9 we will raise an "
                      "exception if use_reentrant is not passed."), UserWarning, stacklevel=2)  # fmt: skip
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
    steps = list(functions.children()) if isinstance(functions, Sequential) else list(functions)
    size = len(steps) // segments
    starts = [size * part for part in range(segments)]

    def chain(start: int, stop: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for step in steps[start:stop]:
                x = step(x)
            return x

        return run

    for start, stop in itertools.pairwise(starts):
        input = checkpoint(chain(start, stop), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return chain(starts[-1], len(steps))(input)


# ---- nested values -------------------------------------------------------------------------------------------------
def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts, from left to right."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _tensors(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _tensors(each)


def _with(value: Any, new: dict[int, Any]) -> Any:
    """The nested value with other tensors, by identity of the old; what has none stays."""
    if isinstance(value, Tensor):
        return new.get(id(value), value)
    if isinstance(value, (tuple, list)):
        items = [_with(each, new) for each in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return type(value)((key, _with(each, new)) for key, each in value.items())
    return value


def _leaves(results: list[Tensor], apart: list[Tensor]) -> list[Tensor]:
    """The leaves that the results' tape ends in, but for those set apart."""
    found: dict[int, Tensor | None] = {}
    seen: set[Any] = set()
    todo = [t.grad_fn for t in results if t.grad_fn is not None]
    for leaf in results:
        if leaf.requires_grad and leaf.is_leaf:
            found[id(leaf)] = leaf
    while todo:
        node = todo.pop()
        for parent, _ in node.next_functions:
            if parent is None or parent in seen:
                continue
            seen.add(parent)
            if parent.name().endswith("AccumulateGrad"):
                found[id(parent.variable)] = parent.variable
            else:
                todo.append(parent)
    without = {id(t) for t in apart}
    return [leaf for key, leaf in found.items() if key not in without and leaf is not None]  # None: nobody holds it


# ---- the part ------------------------------------------------------------------------------------------------------
class _Part:
    """One checkpointed call: the function, its arguments, and the state that its second run starts from."""

    def __init__(self, function: Callable[..., Any], given: Any, first: Any, second: Any, preserve: bool, check: bool) -> None:
        self.function, self.given, self.first, self.second, self.check = function, given, first, second, check
        self.state = get_rng_state() if preserve else None
        # the arguments that gradients flow to; the second run is handed others in their place
        self.explicit = list({id(t): t for t in _tensors(given) if t.requires_grad}.values())
        self.shapes: list[Any] = []
        self.places: list[int] = []  # which of the results' tensors require grad

    def _inside(self, explicit: list[Tensor], apart: bool) -> tuple[Any, list[Tensor]]:
        """The result of a run, and the arguments it was given: leaves, so that the run's tape ends there.

        A run that is itself part of a checkpointed one (`apart` False) is handed such leaves already.
        """
        copies = [t.detach().requires_grad_() for t in explicit] if apart else explicit
        args, kwargs = _with(self.given, {id(t): copy for t, copy in zip(self.explicit, copies)})
        with enable_grad():
            return self.function(*args, **kwargs), copies

    def run(self) -> Any:
        """The first run; its results hang on one node."""
        explicit = self.explicit
        with self.first:
            result, copies = self._inside(explicit, True)
        results = list({id(t): t for t in _tensors(result)}.values())
        self.places = [place for place, t in enumerate(results) if t.requires_grad]
        if not self.places:
            return _with(result, {id(copy): t for t, copy in zip(explicit, copies)})
        live = [results[place] for place in self.places]
        captured = _leaves(live, copies)
        self.shapes = [(t.shape, t.dtype) for t in live]
        bare = tuple(t.detach() for t in live)
        hung = _Rerun.apply(self, len(explicit), bare, *explicit, *captured)
        return _with(result, {id(t): new for t, new in zip(live, hung)})

    def again(self, explicit: list[Tensor], captured: list[Tensor], cotangents: list[Any], create_graph: bool) -> tuple[Any, ...]:
        """The second run and its gradients, for the arguments first and then what the function holds."""
        with fork_rng(enabled=self.state is not None), self.second:
            if self.state is not None:
                set_rng_state(self.state)
            result, copies = self._inside(explicit, not create_graph)
        results = list({id(t): t for t in _tensors(result)}.values())
        live = [results[place] for place in self.places if place < len(results)]
        shapes = [(t.shape, t.dtype) for t in live]
        if len(shapes) != len(self.shapes) or (self.check and shapes != self.shapes):
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during the "
                f"forward pass.\nsaved metadata: {self.shapes}\nrecomputed metadata: {shapes}"
            )
        pairs = [(t, g) for t, g in zip(live, cotangents) if g is not None and t.requires_grad]
        with enable_grad(), _hooks_aside(captured):
            return tuple(grad([t for t, _ in pairs], [*copies, *captured], [g for _, g in pairs], retain_graph=True,
                              create_graph=create_graph, allow_unused=True))  # fmt: skip


@contextlib.contextmanager
def _hooks_aside(tensors: list[Tensor]) -> Iterator[None]:
    """Within it, the hooks of leaves rest: they run once, when the outer backward arrives there."""
    held = {node: node.hooks for node in map(node_of, tensors) if node is not None and node.op is None}
    for node in held:
        node.hooks = NOTHING
    try:
        yield
    finally:
        for node, hooks in held.items():
            node.hooks = hooks


class _Rerun(Function):
    """The node of a checkpointed part."""

    @staticmethod
    def forward(ctx: Any, part: _Part, count: int, bare: tuple[Tensor, ...], *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.part, ctx.count = part, count
        ctx.save_for_backward(*tensors)
        ctx.set_materialize_grads(False)
        return bare

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
        part: _Part = ctx.part
        tensors = ctx.saved_tensors
        explicit, captured = list(tensors[: ctx.count]), list(tensors[ctx.count :])
        if not is_grad_enabled():
            return None, None, None, *part.again(explicit, captured, list(cotangents), False)

        def gradients(inputs: list[Tensor], seeds: list[Any]) -> tuple[Any, ...]:
            return part.again(inputs, captured, seeds, True)

        return None, None, None, *checkpoint(gradients, explicit, list(cotangents), use_reentrant=False, preserve_rng_state=False)
