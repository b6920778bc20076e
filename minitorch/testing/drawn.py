"""Operands of Hypothesis's choosing: `draw(subject, data)` chooses shapes, layouts, parameters and numbers of one call.

The only file of this room, with strategies.py, that needs Hypothesis; install it with `pip install minitorch-engine[testing]`.
"""

from __future__ import annotations

import math
from itertools import product

import hypothesis
import hypothesis.extra.numpy as hnp
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .case import Case
from .examples import NO_OPERANDS, takes_complex
from .operands import (
    Fixed,
    cycled_params,
    domain_of,
    elementwise_call,
    elementwise_cases,
    explicit_call,
    explicit_cases,
    how,
    layouts,
    operand,
    reduction_params,
    takes_dims,
)
from .strategies_tensors import numbers

#: Numbers in all operands of a drawn call that a law is held for.
LARGEST = 30


class Drawn(Fixed):
    """Hypothesis chooses."""

    def __init__(self, data, rule, complex=False):
        self.data = data
        self.rule, self.complex = rule, complex

    def numbers(self, points, shape, unique=False):
        unique = unique or (self.rule.distinct and math.prod(shape) <= len(points))
        return self.data.draw(numbers(points, shape, unique))

    def layout(self):
        return self.data.draw(st.sampled_from(["dense", *layouts(self.rule)]))


def draw(subject, data):
    """A case of Hypothesis's choosing."""
    kinds = [kind for kind, wanted in ((False, subject.rule.real), (True, takes_complex(subject))) if wanted]
    source = Drawn(data, subject.rule, data.draw(st.sampled_from(kinds)))
    params = data.draw(st.sampled_from(cycled_params(subject)))
    builder = how(subject)
    if builder is explicit_cases:
        return explicit_call(subject, source, data.draw(st.sampled_from(subject.rule.calls)))
    if builder is elementwise_cases:
        count = len(subject.inputs)
        shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, min_side=0, max_side=3))
        return elementwise_call(subject, source, shapes.input_shapes, [source.layout() for _ in range(count)], params, "")
    if builder is None:
        raise LookupError(f"{subject}: {NO_OPERANDS}")
    fewest = int(subject.family == "scan")
    side = int(subject.rule.nonempty)
    shape = data.draw(hnp.array_shapes(min_dims=fewest, max_dims=3, min_side=side, max_side=3))
    axes = [None, *range(-len(shape), max(len(shape), 1))]
    axes += [pair for pair in product(range(len(shape)), repeat=2) if pair[0] < pair[1]]
    dims = data.draw(st.sampled_from([dims for dims in axes if takes_dims(subject, dims)]))
    array = operand(source, domain_of(subject, subject.inputs[0]), shape, 0, source.layout())
    made = reduction_params(subject, dims, data.draw(st.booleans())) | params
    return Case(f"{shape} {made}", (array,), made)


def searched(subject, hold, draws, seed):
    """The error of the smallest drawn call for which `hold(case)` raises, or None."""

    @hypothesis.seed(seed)
    @settings(max_examples=draws, deadline=None, database=None, report_multiple_bugs=False, print_blob=False,
              phases=(Phase.generate, Phase.shrink),
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.data())
    def held(data):
        case = draw(subject, data)
        if sum(array.size for array in case.arrays) <= LARGEST:
            hold(case)

    try:
        held()
    except Exception as error:
        return error
    return None
