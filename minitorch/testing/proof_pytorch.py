"""PyTorch's own verdict: its functions under the checks that ours pass, on the same calls.

Each derivative by its tape against differences of the one below it, also its own; forward mode against reverse; float32
against float64. A number is called wrong only where two steps of the stencil agree that it is, well beyond what a difference
can tell; an error is quoted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from .case import Case
from .examples import cases
from .laws.law import UNFINITE, UNMOVED, flat
from .laws.referee import Ours, call_of_theirs, refused_by, same, torch
from .numeric import draw_like
from .subjects import Subject

OK, WRONG, REFUSES, NONE = "ok", "wrong", "refuses", "none"
ORDERS = {"1st": 1, "2nd": 2, "3rd": 3}
STEPS = (1e-3, 1e-4)
#: Roundings of a stencil of numbers of size 1, times the step.
ROUNDING = 2.3e-14
LEAST = 1e-2
#: What an error must exceed, relative to the terms of the slope, to be called one; below GOOD it is none.
BAD, GOOD = 1e-4, 1e-6
UNRECORDED = "PyTorch records nothing: the result requires no grad"
NO_DEVICE = "PyTorch's own device needs a GPU"


@dataclass
class Cell:
    """What became of one column: the verdict, of how many calls, and why."""

    verdict: str
    count: int = 0
    total: int = 0
    reason: str = ""


@dataclass
class Votes:
    """The outcomes of the calls in one column."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, verdict: str, reason: str = "") -> None:
        self.found.setdefault(verdict, []).append(reason)

    def cell(self) -> Cell:
        """The gravest outcome; of nothing but silence, the first reason for it."""
        total = sum(len(self.found.get(verdict, ())) for verdict in (OK, WRONG, REFUSES))
        for verdict in (WRONG, REFUSES, OK):
            if verdict in self.found:
                return Cell(verdict, len(self.found[verdict]), total, self.found[verdict][0])
        return Cell(NONE, reason=self.found.get(NONE, ["there is no case"])[0])


def their_cells(subject: Subject) -> dict[str, Cell]:
    """One cell for each column."""
    votes = {column: Votes() for column in ("value", *ORDERS, "jvp", "float32")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases(subject):
            judge(subject, case, votes)
    return {column: vote.cell() for column, vote in votes.items()} | {"device": Cell(NONE, reason=NO_DEVICE)}


def attempted(votes: Votes, check: Callable[[], tuple[str, str]]) -> None:
    """Note what a check says, or the error that it ends with."""
    try:
        votes.add(*check())
    except Exception as error:
        votes.add(REFUSES, refused_by(error))


def judge(subject: Subject, case: Case, votes: dict[str, Votes]) -> None:
    """All columns of one call."""
    try:
        run, tensors = call_of_theirs(subject, case)
        found = flat(run(*tensors), torch().Tensor)
    except Exception as error:
        votes["value"].add(REFUSES, refused_by(error))
        for column in (*ORDERS, "jvp", "float32"):
            votes[column].add(NONE, "PyTorch refuses the call")
        return
    votes["value"].add(*value(subject, case, found))
    silent = silence(subject, case, found)
    if silent:
        for column in (*ORDERS, "jvp", "float32"):
            votes[column].add(NONE, silent)
        return
    if not any(getattr(result, "requires_grad", False) for result in found):
        ours = any(getattr(result, "requires_grad", False) for result in Ours(subject, case).results)
        for column in (*ORDERS, "jvp", "float32"):
            votes[column].add(REFUSES if ours else NONE, UNRECORDED if ours else "no result depends on an operand that moves")
        return
    function, points = of_the_moving(run, tensors)
    for column, order in ORDERS.items():
        attempted(votes[column], partial(derivative, function, points, order))
    attempted(votes["jvp"], partial(duality, function, points))
    attempted(votes["float32"], partial(precision, subject, case))


def value(subject: Subject, case: Case, found: list[Any]) -> tuple[str, str]:
    """Whether it is the number that minitorch arrives at."""
    us = Ours(subject, case)
    try:
        for one, other in zip(us.results, found, strict=True):
            theirs = other.numpy(force=True) if isinstance(other, torch().Tensor) else other
            same(us.array(one), theirs, subject.rule.near)
    except AssertionError:
        return WRONG, "it differs from minitorch's"
    return OK, ""


def silence(subject: Subject, case: Case, found: list[Any]) -> str:
    """Why nothing is to be said of derivatives, or nothing."""
    if not subject.rule.smooth:
        return "it is constant between jumps or has no numbers to difference"
    if not any(case.moving(subject)):
        return UNMOVED
    numbers = [result for result in found if isinstance(result, torch().Tensor) and result.dtype.is_floating_point]
    if not all(bool(torch().isfinite(result).all()) for result in numbers):
        return UNFINITE
    return ""


def of_the_moving(run: Callable[..., Any], tensors: list[Any]) -> tuple[Callable[..., Any], list[Any]]:
    """The call as a function of the operands that move, and their numbers."""
    places = [place for place, tensor in enumerate(tensors) if tensor.requires_grad]

    def function(*values: Any) -> list[Any]:
        given = list(tensors)
        for place, one in zip(places, values, strict=True):
            given[place] = one
        found = flat(run(*given), torch().Tensor)
        return [r for r in found if isinstance(r, torch().Tensor) and (r.dtype.is_floating_point or r.dtype.is_complex)]

    return function, [tensors[place].detach().numpy() for place in places]


# ---- orders --------------------------------------------------------------------------------------------------------------
def leaf(array: Any) -> Any:
    return torch().from_numpy(np.array(array, order="C")).requires_grad_()


def pulled(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """The function from operands and cotangents to the gradients."""

    def gradients(*values: Any) -> list[Any]:
        inputs, seeds = list(values[:count]), values[count:]
        pairs = [(out, seed) for out, seed in zip(function(*inputs), seeds, strict=True) if out.requires_grad]
        if not pairs:
            return [torch().zeros_like(one, requires_grad=True) for one in inputs]
        outputs, chosen = zip(*pairs, strict=True)
        return list(torch().autograd.grad(outputs, inputs, chosen, create_graph=True, materialize_grads=True))

    return gradients


def derivative(function: Callable[..., Any], points: list[Any], order: int) -> tuple[str, str]:
    """The derivative of this order against differences of the one below it, along one direction for each operand."""
    arrays = list(points)
    for level in range(1, order):
        outputs = function(*map(leaf, arrays))
        count, below = len(arrays), function
        draw = np.random.default_rng(level)
        arrays = arrays + [draw_like(out.numpy(force=True), draw) for out in outputs]
        function = pulled(below, count)
    random = np.random.default_rng(7)
    tensors = [leaf(array) for array in arrays]
    outputs = function(*tensors)
    weights = [draw_like(out.numpy(force=True), random) for out in outputs]
    pairs = [(out, torch().from_numpy(w)) for out, w in zip(outputs, weights, strict=True) if out.requires_grad]
    found: Any = [torch().zeros_like(tensor) for tensor in tensors]
    if pairs:
        chosen, seeds = zip(*pairs, strict=True)
        found = torch().autograd.grad(chosen, tensors, seeds, materialize_grads=True)
    scale = LEAST + sum(float(np.abs(w * out.numpy(force=True)).sum()) for w, out in zip(weights, outputs, strict=True))
    unresolved = ""
    for place, (array, gradient) in enumerate(zip(arrays, found, strict=True)):
        direction = draw_like(array, random)
        terms = inner(gradient.numpy(force=True), direction)

        def moved(step: float, place: int = place, direction: Any = direction) -> float:
            at = [*arrays[:place], arrays[place] + step * direction, *arrays[place + 1 :]]
            return sum(float(inner(w, out.numpy(force=True)).sum()) for w, out in
                       zip(weights, function(*map(leaf, at)), strict=True))  # fmt: skip

        verdict, text = compared(float(terms.sum()), float(np.abs(terms).sum()), scale, moved)
        if verdict == WRONG:
            return WRONG, text
        unresolved = unresolved or text
    return (NONE, unresolved) if unresolved else (OK, "")


def inner(one: Any, other: Any) -> Any:
    """The terms of Re <one, other>."""
    return np.real(np.conj(one) * other)


def compared(slope: float, size: float, scale: float, moved: Callable[[float], float]) -> tuple[str, str]:
    """A slope against differences with two steps."""
    wrong = []
    for step in STEPS:
        found = (moved(-2 * step) - 8 * moved(-step) + 8 * moved(step) - moved(2 * step)) / (12 * step)
        noise = ROUNDING * scale / step
        if abs(slope - found) <= GOOD * max(size, abs(found)) + noise:
            return OK, ""
        wrong.append(not abs(slope - found) <= BAD * max(size, abs(found)) + 10 * noise)  # nan is wrong too
    if all(wrong):
        return WRONG, f"{slope:.4g} by PyTorch's tape, {found:.4g} by differences of PyTorch's own numbers"
    return NONE, "differences cannot tell"


# ---- forward mode and precision --------------------------------------------------------------------------------------------
def duality(function: Callable[..., Any], points: list[Any]) -> tuple[str, str]:
    """<u, J t> = <J^T u, t>."""
    forward = torch().autograd.forward_ad
    random = np.random.default_rng(1)
    tangents = [draw_like(point, random) for point in points]
    with forward.dual_level():
        duals = [(leaf(point).detach(), torch().from_numpy(t)) for point, t in zip(points, tangents, strict=True)]
        pairs = [forward.unpack_dual(out) for out in function(*(forward.make_dual(*dual) for dual in duals))]
        ahead = [None if pair.tangent is None else pair.tangent.numpy(force=True) for pair in pairs]
        values = [pair.primal.numpy(force=True) for pair in pairs]
    inputs = [leaf(point) for point in points]
    outputs = function(*inputs)
    seeds = [draw_like(one, random) for one in values]
    recorded = [(out, torch().from_numpy(seed)) for out, seed in zip(outputs, seeds, strict=True) if out.requires_grad]
    back = []
    if recorded:
        chosen, cotangents = zip(*recorded, strict=True)
        found = torch().autograd.grad(chosen, inputs, cotangents, materialize_grads=True)
        back = [inner(g.numpy(force=True), t) for g, t in zip(found, tangents, strict=True)]
    front = [inner(seed, tangent) for seed, tangent in zip(seeds, ahead, strict=True) if tangent is not None]
    one, other = (sum(float(term.sum()) for term in terms) for terms in (front, back))
    scale = sum(float(np.abs(term).sum()) for term in [*front, *back])
    if abs(one - other) <= 1e-10 * scale:
        return OK, ""
    return WRONG, f"{one:.4g} forwards, {other:.4g} backwards"


def precision(subject: Subject, case: Case) -> tuple[str, str]:
    """Values and gradients in float32 near those in float64, within ten times the tolerance that is asked of ours."""
    exact = numbers(subject, case, None)
    near = numbers(subject, case.of_dtype("float32"), [array for array, _ in exact])
    longest = sum(array.size for array in case.arrays) + sum(array.size for array, kind in exact if kind == "value") + 1
    for (low, kind), (high, _) in zip(near, exact, strict=True):
        finite = np.abs(high[np.isfinite(high)]).max(initial=0)
        close = np.allclose(low, high, rtol=0, atol=1.3e-5 * np.sqrt(longest) * 4 * finite + 1e-300, equal_nan=True)
        if not close:
            worst = float(np.nanmax(np.abs(low - high))) / float(finite or 1)
            return WRONG, f"a {kind} in float32 is off by {worst:.1e} of the largest"
    return OK, ""


def numbers(subject: Subject, case: Case, model: list[Any] | None) -> list[tuple[Any, str]]:
    """The values and gradients of a call."""
    run, tensors = call_of_theirs(subject, case)
    function, points = of_the_moving(run, tensors)
    inputs = [leaf(point) for point in points]
    outputs = [out for out in function(*inputs) if out.requires_grad]
    random = np.random.default_rng(0)
    shapes = model or [out.numpy(force=True) for out in outputs]
    drawn = [torch().from_numpy(draw_like(one, random)) for one in shapes[: len(outputs)]]
    seeds = [seed.to(out.dtype) for seed, out in zip(drawn, outputs, strict=True)]
    found = torch().autograd.grad(outputs, inputs, seeds, materialize_grads=True)
    return [*((out.numpy(force=True), "value") for out in outputs), *((g.numpy(force=True), "gradient") for g in found)]


def all_columns(cell: Cell) -> Iterator[tuple[str, Cell]]:
    """The same cell throughout."""
    for column in ("value", *ORDERS, "jvp", "float32", "device"):
        yield column, cell
