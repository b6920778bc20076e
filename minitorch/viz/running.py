"""Runs a model or a function once, under `record`, so that what it did can be drawn.

Floating-point inputs stand on the tape for the length of the run, and frozen parameters ask for gradients: what a frozen
model does is drawn like any other. Both are as they were afterwards. A forward that raises leaves what it had done.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

from ..graph.modes import enable_grad, inference_mode
from ..graph.node import Node
from ..ops.record import node_of
from ..tracked import Tracked
from .collect import MOST_BYTES, Origin
from .failure import bared, failure_of
from .naming import Names, is_module
from .recorder import Recorder, record, tensors_in

__all__ = ["run"]


class _Input:
    """The pseudo-op of an argument of the model."""

    name = symbol = "input"
    family = "input"
    results = ("out",)

    @staticmethod
    def pull(node: Any, g: Any, parents: Any) -> tuple[()]:
        """Nothing is sent on from here."""
        return ()


def run(model: Callable[..., Any], inputs: tuple[Any, ...], names: Names, values: bool | None = None
        ) -> tuple[list[Any], Origin, Exception | None]:  # fmt: skip
    """Call `model(*inputs)`. -> (what came out, where it comes from, the error that stopped it or None).

    What came out are tensors, or where none did the nodes that are left. `values`: take statistics (None: of what is not huge).

    Raises:
        TypeError: where the inputs do not fit the model's arguments.
    """
    forward = model.forward if is_module(model) else model  # type: ignore[attr-defined]
    labels = _labels(forward, inputs)
    placed: dict[int, tuple[Any, bool]] = {}
    tensors: dict[int, Any] = {}
    given = [_placed(value, placed, tensors) for value in inputs]
    frozen = []
    if is_module(model):
        frozen = [p for p in model.parameters() if not p.requires_grad and _floating(p)]  # type: ignore[attr-defined]
    for label, value in zip(labels, given, strict=True):
        inside = tensors_in(value)
        for place, tensor in enumerate(inside):
            names.add(label if len(inside) == 1 else f"{label}[{place}]", tensor, "input")
    error = None
    origin = Origin(ran=True)
    with record() as recorder:
        recorder.nodes = []
        recorder.budget = {None: MOST_BYTES, True: None, False: 0}[values]
        try:
            for parameter in frozen:
                parameter.requires_grad_(True)
            if is_module(model):
                names.add_module(model)
            with inference_mode(False), enable_grad():
                roots = [tensor for tensor in tensors_in(model(*given)) if node_of(tensor) is not None]
        except Exception as raised:
            error = raised
            roots = []
            origin.failure = failure_of(error, _deepest(recorder, error))
        finally:
            if is_module(model):
                names.add_module(model)  # what the first call of a lazy module has made
            untrained = [parameter._node for parameter in frozen]
            for parameter in frozen:
                parameter.requires_grad_(False)
    untrained += [node for node, trained in placed.values() if not trained]
    origin.untrained = frozenset(node for node in untrained if node is not None)
    origin.calls = recorder.calls
    if not roots:  # `recorder.newest` still holds what led to the last op
        roots = [node for reference in recorder.nodes if (node := reference()) is not None]
    return roots, origin, None if error is None else bared(error)


def _labels(forward: Any, inputs: tuple[Any, ...]) -> list[str]:
    """The names of the arguments that the inputs go to.

    Raises:
        TypeError: where they do not fit.
    """
    try:
        signature = inspect.signature(forward)
    except (TypeError, ValueError):
        return [f"input {place}" for place in range(len(inputs))]
    try:
        bound = signature.bind(*inputs)
    except TypeError as reason:
        raise TypeError(f"graph(model, *inputs): {reason} (the model is called with the inputs given here; "
                        "with keyword arguments: graph(lambda: model(x, mask=mask)))") from None  # fmt: skip
    labels: list[str] = []
    for name, value in bound.arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            labels += [name if len(value) == 1 else f"{name}[{place}]" for place in range(len(value))]
        else:
            labels.append(name)
    return labels


def _placed(value: Any, placed: dict[int, tuple[Any, bool]], tensors: dict[int, Any]) -> Any:
    """The same argument, its floating-point tensors on the tape and at the beginning of it; also in lists, dicts and
    objects with fields."""
    if isinstance(value, Tracked):
        if not hasattr(value, "_grad") or getattr(value, "is_sparse", False):  # a Value is on the tape anyway
            return value
        before = node_of(value)
        if not _floating(value) or (before is not None and before.op is None):
            return value
        found = tensors.get(id(value))
        if found is None:
            node = Node(_Input, {}, (), (), (), 0, value._data.shape, value._data.dtype)
            # An inference tensor has no version to watch: what stands for it begins at 0.
            found = value._wrap(value._data, node, value._cell or [0])  # type: ignore[attr-defined]
            tensors[id(value)] = found
            placed[id(value)] = node, before is not None
        return found
    if isinstance(value, list | tuple) and tensors_in(value):
        items = [_placed(item, placed, tensors) for item in value]
        try:
            return value.__class__(*items) if hasattr(value, "_fields") else value.__class__(items)
        except TypeError:  # a class that is made in another way
            return value
    if isinstance(value, dict) and tensors_in(value):
        filled = copy.copy(value)  # its own class, whatever that takes to make one
        filled.update((key, _placed(item, placed, tensors)) for key, item in value.items())
        return filled
    if hasattr(value, "__dataclass_fields__") and hasattr(value, "__dict__") and tensors_in(value):
        filled = copy.copy(value)
        for name in filter(value.__dict__.__contains__, value.__dataclass_fields__):
            object.__setattr__(filled, name, _placed(getattr(value, name), placed, tensors))
        return filled
    return value


def _floating(tensor: Any) -> bool:
    try:
        return tensor._data.dtype.kind in "fcV"
    except (AttributeError, RuntimeError):
        return False


def _deepest(recorder: Recorder, error: BaseException) -> Any:
    """The module call that the error was raised in: the innermost that has not returned."""
    failed = [call for call in recorder.calls if call.failed]
    return failed[-1] if failed else None
