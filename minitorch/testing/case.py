"""One call: arrays for operands, in any memory order and precision, and which of them have a derivative."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .._tensor import Tensor


@dataclass(frozen=True, eq=False)
class Case:
    """A call with arrays for operands. An array that stands twice is one operand: f(x, x)."""

    label: str
    args: tuple[Any, ...]
    params: dict[str, Any]

    def __str__(self):
        return self.label

    @cached_property
    def arrays(self):
        """The distinct operand arrays, in order."""
        found: list[np.ndarray] = []

        def visit(value):
            if isinstance(value, np.ndarray) and not any(value is array for array in found):
                found.append(value)
            return value

        self._walk(visit)
        return found

    def _walk(self, change):
        def visit(value):
            return [change(item) for item in value] if isinstance(value, list) else change(value)

        return tuple(map(visit, self.args)), {name: visit(value) for name, value in self.params.items()}

    def filled(self, values):
        """(args, params) with the operand arrays replaced by `values`, in the order of `arrays`."""
        table = {id(array): value for array, value in zip(self.arrays, values, strict=True)}
        return self._walk(lambda value: table[id(value)] if isinstance(value, np.ndarray) else value)

    def function(self, subject):
        """The call as a function of its operands."""

        def run(*values):
            args, params = self.filled(values)
            return subject.run(*args, **params)

        return run

    def moving(self, subject):
        """Which operands have a derivative: floating, and not declared to have none."""
        names, rules = [*subject.inputs, *[""] * len(self.args)], {}
        if subject.op is not None:
            names, rules = [*subject.op.inputs, *[subject.op.star] * len(self.args)], subject.op.rules
        still = {id(a) for name, a in [*zip(names, self.args, strict=False), *self.params.items()]
                 if name in subject.rule.still or rules.get(name, 1) is None}  # fmt: skip
        return [array.dtype.kind in "fc" and id(array) not in still for array in self.arrays]

    def tensors(self, subject=None):
        """Fresh tensors for the operands, on the arrays themselves; the moving ones require grad."""
        moves = self.moving(subject) if subject is not None else [False] * len(self.arrays)
        made = [Tensor._wrap(array) for array in self.arrays]
        return [tensor.requires_grad_() if move else tensor for tensor, move in zip(made, moves, strict=True)]

    def in_terms_of_the_moving(self, subject):
        """(function of the moving operands only, tensors for them)."""
        tensors = self.tensors(subject)
        places = [i for i, move in enumerate(self.moving(subject)) if move]
        run = self.function(subject)

        def function(*values):
            filled = list(tensors)
            for place, value in zip(places, values, strict=True):
                filled[place] = value
            return run(*filled)

        return function, [tensors[place] for place in places]

    def mapped(self, change, label=""):
        """The same call with every distinct operand array changed."""
        args, params = self.filled([change(array) for array in self.arrays])
        return Case(f"{self.label} {label}".strip(), args, params)

    def of_dtype(self, real):
        """The same call with its floating operands in another precision."""
        partner = {"float16": None, "float32": "complex64", "float64": "complex128"}[np.dtype(real).name]
        kinds = {"f": real, "c": partner}
        return self.mapped(
            lambda a: as_layout_of(a, a.astype(kinds[a.dtype.kind])) if a.dtype.kind in kinds else a, str(real))

    @property
    def is_complex(self):
        return any(array.dtype.kind == "c" for array in self.arrays)


def as_layout_of(model, array):
    """An array of the same strides in elements as the model."""
    if not model.size or 0 in model.strides or min(model.strides, default=1) < 0:
        return array if 0 not in model.strides else np.broadcast_to(array[tuple(
            slice(None, 1) if not s else slice(None) for s in model.strides)], model.shape)  # fmt: skip
    steps = [s // model.itemsize for s in model.strides]
    room = np.zeros(1 + sum((n - 1) * s for n, s in zip(model.shape, steps, strict=True)), array.dtype)
    view = np.lib.stride_tricks.as_strided(room, model.shape, [s * array.itemsize for s in steps])
    view[...] = array
    return view


def laid_out(array, layout):
    """The same numbers in another memory order; `expanded` repeats the first row."""
    if not array.ndim or not array.size or layout == "dense":
        return array
    if layout == "turned":
        return np.array(array, order="F") if array.ndim > 1 else laid_out(array, "strided")
    if layout == "reversed":
        return np.array(array[..., ::-1])[..., ::-1]
    if layout == "expanded":
        return np.broadcast_to(array[:1].copy(), array.shape)
    room = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    room[..., ::2] = array
    return room[..., ::2]
