"""What every op on a tape was given: recorded while a function runs, so that each op can be run again by itself.

The engine asks whoever is recording for a note on each new node. The note of a Witness holds the op, copies of what it
was given and the line of the program that called it. Since that is all there is to an op, it makes a small problem of its own.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..graph.modes import recording
from ..graph.walk import newest_first
from ..ops.op import Op
from ..ops.record import node_of
from ..viz.recorder import PACKAGE
from .arrays import leaf, twin
from .naming import argument_names
from .problem import Problem


@dataclass
class Seen:
    """One call of an op.

    Attributes:
        op: an Op, or the Call of a custom Function.
        args: tensors (copies, off the tape) and other arguments.
        params: of the op.
        source: file and line of the call outside the library.
        module: path of the module that was running.
    """

    op: Any
    args: list[Any]
    params: dict[str, Any]
    source: str
    module: str = ""


class Witness:
    """The recorder that keeps what each op was given."""

    def __init__(self) -> None:
        self.modules: list[str] = []

    def __call__(self, node: Any, args: Any, out: Any) -> Seen:
        """The note for a new node: what its op was given."""
        op = node.op
        kept = [Tensor._wrap(twin(arg._data)) if isinstance(arg, Tensor) else arg for arg in args]
        return Seen(op.base if isinstance(op, Op) else op, kept, dict(node.params), line_outside(sys._getframe(1)),
                    self.modules[-1] if self.modules else "")  # fmt: skip

    def enter(self, module: Any, path: str, words: str, args: Any, kwargs: Any) -> None:
        """A module call begins."""
        self.modules.append(f"{path} ({words})" if path else words)

    def returned(self, entered: Any, result: Any) -> None:
        """A module call has come to its result."""

    def leave(self, entered: Any) -> None:
        """A module call ends."""
        self.modules.pop()


def line_outside(frame: Any) -> str:
    """File and line of the innermost frame that is not the library's own (nor code it generated)."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((PACKAGE, "<")):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def witnessed(problem: Problem) -> list[Any]:
    """Run the function under a witness; the nodes of its results, oldest first."""
    recorder = Witness()
    recording.append(recorder)
    try:
        outputs = problem.run(problem.fresh())
    finally:
        recording.remove(recorder)
    order = newest_first([node for node in map(node_of, outputs) if node is not None])
    return [node for node in reversed(order) if isinstance(node.note, Seen) and getattr(node.op, "family", "") != "port"]


def local_problem(node: Any) -> Problem | None:
    """The op of a node as a problem of its own, at what it was given; None where that is not known or not float64."""
    seen: Seen = node.note
    if len(seen.args) < len(node.parents):
        return None
    arrays = [arg._data if isinstance(arg, Tensor) else arg for arg in seen.args]
    moving = [place for place, parent in enumerate(node.parents) if parent is not None]
    if not moving or any(getattr(arrays[place], "dtype", None) not in (np.float64, np.complex128) for place in moving):
        return None
    is_op = isinstance(seen.op, Op)

    def call(*tensors: Tensor) -> Any:
        given = list(seen.args)
        for place, tensor in zip(moving, tensors, strict=True):
            given[place] = tensor
        return seen.op(*given, **seen.params) if is_op else seen.op.function.apply(*given)

    return Problem(call, [leaf(twin(arrays[place])) for place in moving], [input_name(seen.op, place) for place in moving])


def input_name(op: Any, place: int) -> str:
    """What an op calls its input."""
    if isinstance(op, Op):
        if place < len(op.inputs):
            return op.inputs[place]
        return f"{op.star or 'input'}[{place - len(op.inputs)}]"
    names = argument_names(op.function.apply, (None,) * (place + 1), {}, None)
    return names[place]


def rule_source(op: Any, name: str) -> str:
    """File and line of the rule for an input: where the mistake is."""
    rule: Any
    if isinstance(op, Op):
        rule = op.joint or op.rules.get(name.partition("[")[0]) or op.forward
    else:
        rule = op.function._gradient_function()
    rule = getattr(rule, "__wrapped__", rule)
    code = getattr(rule, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""
