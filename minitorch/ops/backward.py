"""Running a backward: seeds in, gradients out.

`backward` fills `.grad`, `gradients` returns them; both check everything first, so that an error leaves nothing half
done. `jvp` reads the same tape forwards. They work on any tracked class that says how it is wrapped.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..backend.namespace import backend_of
from ..graph.forward import forward
from ..graph.modes import modes, walking
from ..graph.reverse import reverse
from ..graph.walk import leading_to, newest_first
from .edge import Dresser, arrival, as_array, settle
from .record import node_of
from .rows import Rows


class Task:
    """One backward: the nodes it goes through; hooks on several tensors ask for it."""

    __slots__ = ("__weakref__", "order")

    def __init__(self, order: list[Any]) -> None:
        self.order = order


def run(roots: list[Any], seeds: list[Any], *, keep: bool, create_graph: bool, captured: dict[Any, Any] | None,
        accumulate: bool) -> None:  # fmt: skip
    """Pull the seeds back from the roots. `captured` (by node, values None) restricts the walk to what leads there."""
    wrap = roots[0]._wrap
    grads: dict[Any, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        node = node_of(root)
        given = seed if create_graph else seed._data
        grads[node] = given if node not in grads else grads[node] + given
    order = newest_first(grads)
    wanted = None
    watched: Any = ()
    settled = settle
    if captured is not None:
        wanted = leading_to(order, captured)
        watched = captured
        order = [node for node in order if node in wanted]
        settled = partial(_settle_but, captured)
    visit = arrival(wrap, captured, create_graph, accumulate)
    walk = walking[-1] if walking else reverse
    before, modes.grad = modes.grad, create_graph
    above, modes.task = modes.task, Task(order)
    try:
        if create_graph:
            walk(order, grads, visit=visit, settle=settled, dress=Dresser(wrap), keep=keep, wanted=wanted,
                 watched=watched)  # fmt: skip
        else:
            with np.errstate(all="ignore"):
                walk(order, grads, visit=visit, settle=settled, keep=keep, wanted=wanted, watched=watched)
    finally:
        modes.grad = before
        modes.task = above


def _settle_but(asked: dict[Any, Any], g: Any, parent: Any) -> Any:
    """`settle`, but rows stay what they are also for the nodes that were asked for."""
    return g if g.__class__ is Rows and parent in asked else settle(g, parent)


def seeds_for(roots: list[Any], given: Any) -> list[Any]:
    """One seed per root: the given gradient, checked, or 1 for a scalar.

    Raises:
        RuntimeError: for a root that needs no gradient, a missing seed of a non-scalar, a seed of another shape.
    """
    seeds = []
    given = [None] * len(roots) if given is None else list(given)
    if len(given) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    for index, (root, seed) in enumerate(zip(roots, given, strict=True)):
        data = root._data
        if seed is None:
            if node_of(root) is not None and data.size != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs. "
                    f"Here the output has shape {list(data.shape)}. Hint: reduce it first (loss.sum()), or pass "
                    "backward(gradient=...) of the same shape."
                )
            if node_of(root) is not None and data.dtype.kind == "c":
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {root.dtype}"
                )
            seed = root._wrap(backend_of(data).ones_like(data))
        elif seed._data.shape != data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{index}] has a shape of torch.Size({list(seed._data.shape)}) and "
                f"output[{index}] has a shape of torch.Size({list(data.shape)})."
            )
        elif (seed._data.dtype.kind == "c") != (data.dtype.kind == "c"):
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{index}] has a dtype of {seed.dtype} and output[{index}] has a dtype of "
                f"{root.dtype}."
            )
        if node_of(root) is None:
            raise RuntimeError(f"element {index} of tensors does not require grad and does not have a grad_fn")
        if seed._data.dtype != data.dtype:
            seed = root._wrap(seed._data.astype(data.dtype))
        seeds.append(seed)
    return seeds


def backward(roots: list[Any], gradients: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
             inputs: Any = None) -> None:  # fmt: skip
    """Accumulate d(roots)/d(leaf) into `.grad` of every leaf, or of `inputs` only."""
    seeds = seeds_for(roots, gradients)
    captured = None
    if inputs is not None:
        inputs = list(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward` cannot be empty.")
        captured = dict.fromkeys(_nodes_of(inputs))
    keep = create_graph if retain_graph is None else retain_graph
    passing = [tensor for tensor in inputs or () if node_of(tensor).op is not None and not tensor.retains_grad]
    for tensor in passing:
        tensor.retain_grad()
    try:
        run(roots, seeds, keep=keep, create_graph=create_graph, captured=captured, accumulate=True)
    finally:
        for tensor in passing:
            node_of(tensor).hooks.retain = None


def _nodes_of(inputs: Any) -> list[Any]:
    nodes = [node_of(tensor) for tensor in inputs]
    for index, node in enumerate(nodes):
        if node is None:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad (input {index}, shape "
                f"{list(inputs[index]._data.shape)}). Hint: call .requires_grad_() before the computation."
            )
    return nodes


def gradients(roots: list[Any], inputs: list[Any], seeds: Any = None, retain_graph: bool | None = None,
              create_graph: bool = False, allow_unused: bool | None = None, materialize_grads: bool = False
              ) -> tuple[Any, ...]:  # fmt: skip
    """The gradients of the roots with respect to `inputs`; nothing is accumulated anywhere.

    Raises:
        RuntimeError: for an input that the roots do not depend on, unless `allow_unused`.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError("Expected allow_unused to be True or not passed when materialize_grads=True, but got: False.")
    allowed = materialize_grads if allow_unused is None else allow_unused
    checked = seeds_for(roots, seeds)
    nodes = _nodes_of(inputs)
    captured: dict[Any, Any] = dict.fromkeys(nodes)
    keep = create_graph if retain_graph is None else retain_graph
    run(roots, checked, keep=keep, create_graph=create_graph, captured=captured, accumulate=False)
    results = []
    for index, (tensor, node) in enumerate(zip(inputs, nodes, strict=True)):
        g = captured[node]
        if g is None:
            if not allowed:
                raise RuntimeError(
                    f"The differentiated Tensor at index {index} appears to not have been used in the graph. Set "
                    f"allow_unused=True if this is the desired behavior. (Its shape is {list(tensor._data.shape)}.)"
                )
            g = tensor._wrap(backend_of(tensor._data).zeros_like(tensor._data)) if materialize_grads else None
        elif g.__class__ is Rows:
            g = g.tensor()
        elif not create_graph:
            g = tensor._wrap(_fresh(as_array(g, node), checked))
        results.append(g)
    return tuple(results)


def _fresh(g: Any, seeds: list[Any]) -> Any:
    """A gradient that the caller may write to: never the seed itself, never an expanded array."""
    if any(g is seed._data for seed in seeds) or g.base is not None:
        return g.copy()
    return g


def jvp(result: Any, inputs: list[Any], tangents: list[Any]) -> Any:
    """The tangent of `result` when the (recorded) inputs move along `tangents`; a tensor, zero where independent."""
    wrap = result._wrap
    moving: dict[Any, Any] = {}
    for tensor, tangent in zip(inputs, tangents, strict=True):
        node = node_of(tensor)
        moving[node] = tangent if node not in moving else moving[node] + tangent
    root = node_of(result)
    still = backend_of(result._data).zeros_like(result._data)
    if root is None:
        return wrap(still)
    forward(newest_first([root]), moving, dress=Dresser(wrap), wrap=wrap)
    found = moving.get(root)
    return wrap(still) if found is None else found
