"""Forward mode out of the same table: how an op's tangent follows from what it declares anyway.

An elementwise op has a diagonal Jacobian, so its vjp rule read with the tangent in place of g is its jvp. A linear op
is its own jvp; a multilinear one, the op with one input replaced by its tangent. A fused op pushes tangents through its
definition. The few others declare a rule with `jvp(x=lambda t, ...)`.
"""

from __future__ import annotations

from typing import Any

from ..graph.forward import forward
from ..graph.walk import newest_first
from ..tracked import Tracked
from .definition import run_definition
from .generated import argument_names


def push(op: Any, view: Any, tangents: list[Any], wrap: Any) -> Any:
    """The tangent of the result, given those of the inputs (None where an input does not move)."""
    if op.definition is not None:
        return _through_definition(op, view, tangents, wrap)
    if op.jvps:
        return _explicit(op, view, tangents)
    if op.linear:
        return _linear(op, view, tangents)
    if op.multilinear:
        return _multilinear(op, view, tangents)
    if op.family == "elementwise":
        return _diagonal(op, view, tangents)
    raise NotImplementedError(f"{op.name} declares no forward-mode rule")


def _add(total: Any, term: Any) -> Any:
    return term if total is None else total + term


def _saved(op: Any, view: Any) -> dict[str, Any]:
    """What the node kept, by the names that rules use."""
    names: dict[str, Any] = dict(view.params)
    names["out_shape"] = view.shape
    for place, (kind, key, _) in enumerate(op.keeps):
        if kind == "star":
            names[op.star] = view.saved[place:]
            continue
        name = {"in": lambda k: op.inputs[k], "shape": lambda k: f"{op.inputs[k]}_shape",
                "dtype": lambda k: f"{op.inputs[k]}_dtype", "out": lambda k: op.results[k],
                "hidden": lambda k: op.hidden[k], "shapes": lambda k: f"{op.star}_shapes"}[kind](key)  # fmt: skip
        names[name] = view.saved[place]
    return names


def _diagonal(op: Any, view: Any, tangents: list[Any]) -> Any:
    from .shape import expand

    total = None
    names = _saved(op, view)
    for name, t in zip(op.inputs, tangents, strict=False):
        if t is None:
            continue
        names["g"] = t
        rule = op.rules[name]
        term = rule(*[names[asked] for asked in argument_names(rule)])
        if term._data.shape != view.shape:
            term = expand(term, shape=view.shape)
        total = _add(total, term)
    return total


def _explicit(op: Any, view: Any, tangents: list[Any]) -> Any:
    total: Any = None
    names = _saved(op, view)
    for name, t in zip(op.inputs, tangents, strict=False):
        if t is None:
            continue
        names["t"] = t
        rule = op.jvps[name]
        term = rule(*[names[asked] for asked in argument_names(rule)])
        if isinstance(term, tuple):
            term = list(term)
            total = term if total is None else [_add(a, b) for a, b in zip(total, term, strict=True)]
        else:
            total = _add(total, term)
    return total


def _linear(op: Any, view: Any, tangents: list[Any]) -> Any:
    """f is linear in all its differentiable inputs together: absent tangents are zeros."""
    from .create import full

    names = _saved(op, view)
    moving = next(t for t in tangents if t is not None)
    arguments = []
    for name, t in zip(op.inputs, tangents, strict=False):
        if t is not None:
            arguments.append(t)
        elif op.rules.get(name) is None:
            arguments.append(names[name])
        else:  # an elementwise op keeps no shapes: a number will do, since the result is expanded
            arguments.append(full(moving, shape=names.get(f"{name}_shape", ()), value=0))
    if op.star and op.rules.get(op.star) is None:
        arguments += names[op.star]
    elif op.star:
        shapes = names[f"{op.star}_shapes"]
        rest = tangents[len(op.inputs) :]
        arguments += [full(moving, shape=s, value=0) if t is None else t for t, s in zip(rest, shapes, strict=True)]
    out = op(*arguments, **view.params)
    if op.family == "elementwise" and out._data.shape != view.shape:
        from .shape import expand

        out = expand(out, shape=view.shape)
    return out


def _multilinear(op: Any, view: Any, tangents: list[Any]) -> Any:
    total = None
    names = _saved(op, view)
    for index, t in enumerate(tangents):
        if t is not None:
            operands = [t if i == index else names[name] for i, name in enumerate(op.inputs)]
            total = _add(total, op(*operands, **view.params))
    return total


def _through_definition(op: Any, view: Any, tangents: list[Any], wrap: Any) -> Any:
    chosen = {index for index, t in enumerate(tangents) if t is not None}
    inputs, results = run_definition(op, view, chosen)
    moving = {inputs[index]._node: tangents[index] for index in chosen}
    since = min(node.stamp for node in moving)
    roots = [result._node for result in results if result._node is not None]
    forward(newest_first(roots, since), moving, dress=view.dress, wrap=wrap)
    found = [moving.get(result._node) if isinstance(result, Tracked) else None for result in results]
    return found if len(op.results) > 1 else found[0]
