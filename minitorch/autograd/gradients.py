"""grad and backward: the tape read newest to oldest, for tensors and for Values.

Arguments are brought to lists and checked as PyTorch checks them; the walk itself is ops/backward.py. `backward` fills
`.grad`, `grad` returns the gradients. Values have a walk of their own, on floats.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import value as scalars
from .._tensor import Tensor
from .._tensor_sparse_methods import gradients_for, seeds_for, values_for
from ..backend.namespace import backend_of
from ..compose.shapes import stack
from ..ops import backward as engine
from ..tracked import Tracked
from ..value import Value
from .graph import GradientEdge

__all__ = ["backward", "grad"]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Accumulate the gradients of `tensors` into `.grad` of the leaves that they depend on.

    Args:
        tensors: a tensor or several.
        grad_tensors: the cotangent of each, of its shape; None for a single number.
        retain_graph: keep what the graph saved for another backward (default: `create_graph`).
        create_graph: record the backward itself, for higher derivatives.
        grad_variables: an old name of `grad_tensors`.
        inputs: accumulate into these tensors only; a tensor, several, or a dict of them.

    Raises:
        RuntimeError: a non-scalar without a cotangent; a second backward through freed values; values changed in
            place; nothing that requires grad; empty `inputs`.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only "
                "use `grad_tensors`."
            )
        grad_tensors = grad_variables
    chosen = None if inputs is None else _listed(inputs, "backward()")
    if chosen is not None and not chosen:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _listed(tensors, "backward()")
    scalar = any(isinstance(root, Value) for root in roots)
    seeds = _seeds(grad_tensors, len(roots), scalar)
    if scalar:
        _value_backward(roots, seeds, create_graph, chosen)
        return
    engine.backward(values_for(roots), seeds_for(roots, seeds), retain_graph, create_graph, values_for(chosen))


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The sum of the gradients of `outputs` with respect to each of `inputs`; nothing is accumulated anywhere.

    Args:
        outputs: a tensor (or Value) or several.
        inputs: a tensor (or Value), several, or a dict of them; a dict gives a dict.
        grad_outputs: the cotangent of each output, of its shape; None for a single number.
        retain_graph: keep what the graph saved for another backward (default: `create_graph`).
        create_graph: record the backward itself, so that the gradients can be differentiated.
        only_inputs: ignored, as in PyTorch.
        allow_unused: None for an input that the outputs do not depend on, instead of an error (default:
            `materialize_grads`).
        is_grads_batched: the first dimension of every cotangent is a batch; one backward runs for each.
        materialize_grads: zeros instead of None for unused inputs.

    Raises:
        RuntimeError: an unused input that is not allowed; a non-scalar without a cotangent; freed or changed values.
        ValueError: `materialize_grads` with `allow_unused=False`.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    allowed = materialize_grads if allow_unused is None else allow_unused
    roots, asked = _listed(outputs, "grad()"), _listed(inputs, "grad()")
    if not asked:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.", FutureWarning, stacklevel=2)  # fmt: skip
    scalar = any(isinstance(root, Value) for root in (*roots, *asked))
    seeds = _seeds(grad_outputs, len(roots), scalar)
    found: Sequence[Any]
    whole = asked
    if not scalar:
        seeds, roots, asked = seeds_for(roots, seeds), values_for(roots), values_for(asked)
    if scalar:
        found = _value_gradients(roots, asked, seeds, create_graph, allowed)
    elif is_grads_batched:
        found = _batched(roots, asked, seeds, retain_graph, create_graph, allowed)
    else:
        found = _apart(engine.gradients(roots, asked, seeds, retain_graph, create_graph, allowed))
    if materialize_grads:
        found = [_zeros_like(tensor, create_graph) if g is None else g for g, tensor in zip(found, asked, strict=True)]
    found = gradients_for(whole, found)
    return dict(zip(inputs, found, strict=True)) if isinstance(inputs, dict) else tuple(found)


def _listed(tensors: Any, function: str) -> list[Any]:
    """One tensor or several as a list.

    Raises:
        TypeError: for a mapping that is no dict, and for anything that is no tensor.
    """
    if isinstance(tensors, Tracked | GradientEdge):
        return [_at(tensors)]
    if isinstance(tensors, dict):
        tensors = tensors.values()
    elif isinstance(tensors, Mapping):
        raise TypeError(
            f"`inputs` argument to `{function}` must be a dict, not {type(tensors).__name__}. Other Mapping types are "
            "not supported."
        )
    listed = [_at(tensor) for tensor in tensors]
    for place, tensor in enumerate(listed):
        if not isinstance(tensor, Tracked):
            raise TypeError(
                f"{function} expected a Tensor or a sequence of Tensors, but the element at index {place} is "
                f"{type(tensor).__name__}"
            )
    return listed


def _at(tensor: Any) -> Any:
    """A tensor in the place of a `GradientEdge`: the leaf itself, or one without memory whose gradient arrives there.

    Raises:
        RuntimeError: for a node of several results, where the edge does not say which it is.
    """
    if not isinstance(tensor, GradientEdge):
        return tensor
    node = tensor.node.node
    leaf = node.tensor() if node.op is None else None
    if leaf is not None:
        return leaf
    if node.shape is None:
        raise RuntimeError(f"the gradient edge leads to {tensor.node.name()}, which has several results. Hint: make the edge by "
                           "get_gradient_edge(tensor) of the result that is meant.")  # fmt: skip
    return Tensor._wrap(np.broadcast_to(np.zeros((), node.dtype), node.shape), node)


def _seeds(given: Any, count: int, scalar: bool) -> list[Any]:
    """The cotangents as a list; those of Values may be numbers.

    Raises:
        TypeError: for what is neither tensor nor None.
    """
    kinds: Any = (Value, float, int) if scalar else Tensor
    if given is None:
        return [None] * count
    seeds = [given] if isinstance(given, Tracked | float | int) else list(given)
    for seed in seeds:
        if seed is not None and not isinstance(seed, kinds):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(seed).__name__}")
    return seeds


def _apart(found: tuple[Any, ...]) -> list[Any]:
    """The gradients, none on the memory of another, so that the caller may write to each."""
    seen: set[int] = set()
    apart = []
    for g in found:
        if g is not None and not getattr(g, "is_sparse", False):  # sparse ones never share parts
            if g._node is None and id(g._data) in seen:
                g = g.clone()
            seen.add(id(g._data))
        apart.append(g)
    return apart


def _zeros_like(tensor: Any, create_graph: bool) -> Any:
    if isinstance(tensor, Value):
        return Value(0.0)
    zeros = Tensor._wrap(backend_of(tensor._data).zeros(tensor._data.shape, dtype=tensor._data.dtype))
    return zeros.requires_grad_(create_graph)


def _batched(roots: list[Any], asked: list[Any], seeds: list[Any], retain_graph: bool | None, create_graph: bool,
             allowed: bool) -> list[Any]:  # fmt: skip
    """One backward per entry of the batch, stacked."""
    for place, (root, seed) in enumerate(zip(roots, seeds, strict=False)):
        if seed is None or seed._data.shape[1:] != root._data.shape or not seed._data.ndim:
            have = "no shape, for it is None" if seed is None else f"a shape of torch.Size({list(seed._data.shape)})"
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch "
                "dimension. The sizes of the remaining dimensions are expected to match the shape of corresponding "
                f"output, but a mismatch was detected: grad_output[{place}] has {have} and output[{place}] has a shape "
                f"of torch.Size({list(root._data.shape)})."
            )
    count = len(seeds[0]._data)
    if any(len(seed._data) != count for seed in seeds):
        raise RuntimeError(f"grad_outputs have batches of different sizes: {[len(seed._data) for seed in seeds]}")
    if not count:
        return [Tensor._wrap(backend_of(t._data).zeros((0, *t._data.shape), dtype=t._data.dtype)) for t in asked]
    last = create_graph if retain_graph is None else retain_graph
    rows = [
        engine.gradients(roots, asked, [seed[place] for seed in seeds], last or place < count - 1, create_graph,
                         allowed)
        for place in range(count)
    ]  # fmt: skip
    return [None if column[0] is None else stack(list(column)) for column in zip(*rows, strict=True)]


# ---- Values --------------------------------------------------------------------------------------------------------
def _value_backward(roots: list[Any], seeds: list[Any], create_graph: bool, chosen: list[Any] | None) -> None:
    kept = None if chosen is None else {value._node for value in _values(chosen)}

    def visit(node: Any, g: Any) -> Any:
        return scalars._add_to_grad(node, g) if kept is None or node in kept else g

    scalars.run(_values(roots), _value_seeds(seeds, create_graph), create_graph, visit)


def _value_gradients(roots: list[Any], asked: list[Any], seeds: list[Any], create_graph: bool, allowed: bool
                     ) -> list[Any]:  # fmt: skip
    found: dict[Any, Any] = dict.fromkeys(value._node for value in _values(asked))

    def visit(node: Any, g: Any) -> Any:
        if node in found:
            found[node] = g
        return g

    scalars.run(_values(roots), _value_seeds(seeds, create_graph), create_graph, visit)
    results = []
    for place, value in enumerate(asked):
        g = found[value._node]
        if g is None and not allowed:
            raise RuntimeError(
                "One of the differentiated Values appears to not have been used in the graph. Set allow_unused=True "
                f"if this is the desired behavior. (It is input {place}, of value {value._data}.)"
            )
        results.append(g if g is None or isinstance(g, Value) else Value(g))
    return results


def _values(given: list[Any]) -> list[Value]:
    if not all(isinstance(value, Value) for value in given):
        raise TypeError("gradients run either through Values or through Tensors, but both were given")
    return given


def _value_seeds(seeds: list[Any], create_graph: bool) -> list[Any]:
    numbers = [1.0 if seed is None else seed for seed in seeds]
    if create_graph:
        return [seed if isinstance(seed, Value) else Value(seed) for seed in numbers]
    return [seed._data if isinstance(seed, Value) else float(seed) for seed in numbers]
