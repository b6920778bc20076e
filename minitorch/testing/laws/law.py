"""What a law is: a sentence about one call of one function, a reason why it may not apply, and how it is held.

`@law(column, applies)` above a function `hold(subject, case)` makes a Law. Held, it returns nothing, or a reason why it
has nothing to say of this case; broken, it raises AssertionError. The column is that of the proof table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...graph.modes import no_grad
from ...ops.record import node_of
from ..case import Case
from ..examples import cases, told
from ..numeric import draw_like, results
from ..subjects import Subject

COLUMNS = ("value", "1st", "2nd", "3rd", "jvp", "float32", "device")
Reason = str | None


class Broken(AssertionError):
    """A law that does not hold, where no comparison of arrays says so."""


@dataclass(frozen=True, eq=False)
class Law:
    """One law. `applies(subject)` and `hold(subject, case)` give a reason where there is nothing to hold."""

    name: str
    column: str
    text: str
    applies: Callable[[Subject], Reason]
    hold: Callable[[Subject, Case], Reason]
    kinds: str = "real complex"  # of numbers
    most: int | None = None  # cases, where a few tell as much as all
    anywhere: bool = True  # holds of any operands, not only of those that are chosen for it
    must: bool = False  # have something to say of one case at least

    def __str__(self) -> str:
        return self.name

    def examples(self, subject: Subject) -> list[Case]:
        """The explicit cases that it is held over."""
        found: list[Case] = cases(subject, self.kinds)
        return found[: self.most]

    def held(self, subject: Subject) -> Iterator[tuple[Case, Reason]]:
        """Hold it over all examples, one after the other; an error says which case it is about."""
        for case in self.examples(subject):
            with told(subject, case):
                yield case, self.hold(subject, case)

    def check(self, subject: Subject) -> Tally:
        """Hold it over all examples.

        Raises:
            AssertionError: where it is broken, or `must` say something and has nothing to say.
        """
        tally = Tally()
        for case, reason in self.held(subject):
            tally.add(case, reason)
        if self.must and not tally.count:
            raise Broken(f"{self.name} says nothing of {subject}: {tally.reasons}")
        return tally

    def over(self, subjects: Iterable[Subject]) -> tuple[int, list[str], list[Exception]]:
        """Hold it for all subjects that it applies to: how many cases held, why it had nothing to say, and what broke it."""
        count, reasons, errors = 0, [], []
        for subject in subjects:
            reason = self.applies(subject)
            if reason is not None:
                reasons += [reason] * (reason != once(subject))
                continue
            try:
                tally = self.check(subject)
            except Exception as error:
                errors.append(error)
            else:
                count += tally.count
                reasons += tally.reasons
        return count, reasons, errors


@dataclass
class Tally:
    """How many cases a law was held for, and why not for the others."""

    count: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, case: Case, reason: Reason) -> None:
        if reason is None:
            self.count += 1
        else:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


def law(column: str, *applies: Callable[[Subject], Reason], **said: Any) -> Callable[[Any], Law]:
    """Make a law of the function below; it applies where none of `applies` gives a reason against."""

    def enter(hold: Callable[[Subject, Case], Reason]) -> Law:
        def first_reason(subject: Subject) -> Reason:
            return next((reason for ask in applies if (reason := ask(subject)) is not None), None)

        text = " ".join((hold.__doc__ or "").split())
        return Law(hold.__name__, column, text, first_reason, hold, **said)

    return enter


# ---- why a law does not apply ----------------------------------------------------------------------------------------
def once(subject):
    """A front is its op, an alias its function: the same thing is not proved twice."""
    if subject.same_as:
        return f"it is {subject.same_as}, for which this is held"
    return None


def is_op(subject):
    return once(subject) or (None if subject.kind == "op" else "it is composed of ops, for which this is held")


def differentiable(subject):
    return None if subject.differentiable else "it has no derivative"


def smooth(subject):
    return None if subject.rule.smooth else "it is constant between jumps or has no numbers to difference"


# ---- what several laws ask of a call ---------------------------------------------------------------------------------
def recorded(outputs):
    """The results that are on the tape."""
    return [output for output in outputs if node_of(output) is not None]


def called(subject, case):
    """The operands as tensors, those that move, and the results that are recorded."""
    tensors = case.tensors(subject)
    outputs = recorded(results(case.function(subject), tensors))
    return tensors, [tensor for tensor in tensors if tensor.requires_grad], outputs


def cotangents(outputs, seed=0):
    """One for each result."""
    random = np.random.default_rng(seed)
    return [Tensor._wrap(draw_like(output._data, random)) for output in outputs]


UNRECORDED = "no result depends on an operand that moves"
UNFINITE = "a result is not finite, the mean of nothing say"
UNMOVED = "no operand moves"
UNFLOATING = "no result holds floating numbers"


def of_the_moving(hold):
    """A law `hold(function, inputs)` of the call as a function of those operands that have a derivative."""

    def held(subject, case):
        function, inputs = case.in_terms_of_the_moving(subject)
        if not inputs:
            return UNMOVED
        with no_grad():
            found = results(function, inputs)
        if not found:
            return UNFLOATING
        return hold(function, inputs) if all(np.isfinite(result._data).all() for result in found) else UNFINITE

    held.__name__, held.__doc__ = hold.__name__, hold.__doc__
    return held


def flat(value, kind=Tensor):
    """All tensors in a result, however nested, in order; what is none of them stays in its place."""
    if isinstance(value, kind):
        return [value]
    if isinstance(value, tuple | list):
        return [tensor for item in value for tensor in flat(item, kind)]
    return [value]
