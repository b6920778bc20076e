"""From an op, a function or a name to what the laws are held for: subjects, with operands that are given or guessed.

An op that the package's own rows know is drawn as they say. Of any other, operands are guessed from its family and its
signature: a domain where its results are finite, shapes that it takes. Where nothing fits, `cases` must be given.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..graph.modes import no_grad
from ..ops.front import PUBLIC
from ..ops.op import Op
from .case import Case
from .domains import Call, Domain, Rule, between, call
from .examples import NO_OPERANDS
from .naming import meant
from .operands import Fixed, explicit_call, how
from .subjects import PLAIN, Subject, every_subject, of_op

#: Where the operands of an unknown op may lie, tried in turn: away from the likely kinks at whole numbers.
DOMAINS = (
    between(-2, 2, avoid=(-1, 0, 1)),
    between(0.25, 2.5, avoid=(1, 2)),
    between(-0.875, 0.875, avoid=(0,)),
    between(1.25, 2.75),
)
#: What an unknown op may take, by the number of its inputs.
SHAPES: dict[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    1: (((2, 3),), ((3,),), ((),), ((3, 3),), ((2, 2, 3),), ((1, 2, 4, 3),), ((0, 3),)),
    2: (((2, 3), (3, 4)), ((2, 3), (2, 3)), ((3,), (3,)), ((2, 3), (3,)), ((3, 3), (3, 2)), ((2, 2, 3), (2, 3, 2)),
        ((2, 2, 5), (3, 2, 3)), ((0, 3), (3, 2))),
    3: (((2, 3), (2, 3), (2, 3)), ((2, 3), (4, 3), (4,)), ((2, 3), (3,), (3,)), ((2, 4), (2, 3), (3, 4)), ((), (), ())),
}  # fmt: skip
MOST = 6


def subjects_of(thing: Any, cases: Iterable[Any] | None = None) -> list[Subject]:
    """What the laws are held for: an op and its fronts, or a public function, with operands.

    Args:
        thing: an Op, a public function or method, or a name ("exp", "nn.functional.gelu").
        cases: calls in place of the guessed ones: `call(...)` of shapes, tuples of arguments (tensors, arrays and others),
            or (arguments, parameters).

    Raises:
        LookupError: for what is not known, and where no operands can be guessed.
    """
    found = [replace(subject, rule=guessed_rule(subject)) if is_foreign(subject) else subject for subject in named(thing)]
    if cases is not None:
        listed = list(cases)
        return [replace(subject, given=tuple(as_case(subject, one, place) for place, one in enumerate(listed)))
                for subject in found]  # fmt: skip
    for subject in found:
        if how(subject) is None:
            raise LookupError(f"{subject}: {NO_OPERANDS}")
    return found


def named(thing: Any) -> list[Subject]:
    """The subjects that a thing or its name stands for, the op first."""
    if isinstance(thing, Op):
        fronts = [subject for subject in every_subject() if subject.kind == "front" and subject.op is thing]
        return [of_op(thing), *fronts]
    if isinstance(thing, str):
        name = thing.removeprefix("minitorch.").removeprefix("mt.")
        found = [subject for subject in every_subject() if subject.name == name and subject.kind != "front"]
        found = found or [subject for subject in every_subject() if subject.name == name]
        found = found or [subject for subject in every_subject() if subject.name.rpartition(".")[2] == name]
        if not found:
            raise LookupError(f"there is no op and no public function called {thing!r}"
                              + meant(name, [subject.name for subject in every_subject()]))  # fmt: skip
    else:
        found = [subject for subject in every_subject() if subject.kind != "op" and is_function_of(subject, thing)]
        if not found:
            raise LookupError(f"{thing!r} is no op and no public function of minitorch")
    ops = {id(subject.op): subject.op for subject in found if subject.op is not None}
    if ops:
        return [subject for op in ops.values() for subject in named(op)]
    return [replace(found[0], same_as="")]


def is_function_of(subject: Subject, thing: Any) -> bool:
    """Whether a function is this one, under any of its names and as a method too."""
    space, _, name = subject.name.rpartition(".")
    entry = PUBLIC[space][name]
    made = (entry.target, subject.function, *entry._compiled.values(), getattr(Tensor, name, None) if entry.method else None)
    return any(thing is one for one in made)


def is_foreign(subject: Subject) -> bool:
    """Whether no row of the package speaks of it, and it is declared elsewhere."""
    maker = subject.op.forward if subject.op is not None else getattr(subject.function, "__wrapped__", subject.function)
    home = getattr(maker, "__module__", "") or ""
    return subject.rule is PLAIN and home.partition(".")[0] != "minitorch" and (subject.op is not None)


# ---- guessing ----------------------------------------------------------------------------------------------------------
def guessed_rule(subject: Subject) -> Rule:
    """A row for an op that has none."""
    domain = next((domain for domain in DOMAINS if tries(subject, domain)), DOMAINS[0])
    domains = dict.fromkeys(subject.inputs, domain)
    reduces = subject.family in ("reduction", "scan")
    rule = Rule(domains=domains, distinct=reduces, nonempty=reduces, scalar=False)
    if how(replace(subject, rule=rule)) is not None:
        return rule
    return replace(rule, calls=tuple(guessed_calls(replace(subject, rule=rule))))


def guessed_calls(subject: Subject) -> list[Call]:
    """Calls of the shapes that it takes."""
    assert subject.op is not None
    count = len(subject.inputs) or 2
    shapes = SHAPES.get(count, (((2, 3),) * count, ((),) * count))
    return [one for one in (call(*each) for each in shapes) if is_finite(subject, one)][:MOST]


def tries(subject: Subject, domain: Domain) -> bool:
    """Whether the results are finite where all operands lie in the domain."""
    narrowed = replace(subject, rule=Rule(domains=dict.fromkeys(subject.inputs, domain)))
    count = len(subject.inputs) or 2
    calls = (call(*((4, 6),) * count), *(call(*each) for each in SHAPES.get(count, ())))
    found = [finite for one in calls if (finite := is_finite(narrowed, one)) is not None]
    return bool(found) and all(found)


def is_finite(subject: Subject, one: Call) -> bool | None:
    """Whether a call gives finite numbers; None where it takes other operands."""
    case = explicit_call(subject, Fixed(0, subject.rule), one)
    with warnings.catch_warnings(), no_grad(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = case.function(subject)(*case.tensors())
        except Exception:
            return None
    listed = found if isinstance(found, tuple | list) else (found,)
    return all(np.isfinite(result._data).all() for result in listed if isinstance(result, Tensor))


# ---- given cases -------------------------------------------------------------------------------------------------------
def as_case(subject: Subject, given: Any, place: int) -> Case:
    """A call as the laws take it: float64 or complex128 arrays for operands, everything else as it is."""
    if isinstance(given, Case):
        return given
    if isinstance(given, Call):
        made: Case = explicit_call(subject, Fixed(place, subject.rule), given)
        return made
    args: Any = given
    params: dict[str, Any] = {}
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], tuple | list) and isinstance(given[1], dict):
        args, params = given
    if not isinstance(args, tuple | list):
        args = (args,)
    arrays: dict[int, Any] = {}

    def opened(value: Any) -> Any:
        if isinstance(value, list):
            return [opened(item) for item in value]
        if not isinstance(value, Tensor | np.ndarray):
            return value
        if id(value) not in arrays:  # one that stands twice is one operand
            array = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
            wide = {"f": "float64", "c": "complex128"}.get(array.dtype.kind)
            arrays[id(value)] = np.array(array, dtype=wide)
        return arrays[id(value)]

    filled = tuple(map(opened, args))
    rest = {name: opened(value) for name, value in params.items()}
    return Case(label_of(filled, rest), filled, rest)


def label_of(args: Sequence[Any], params: dict[str, Any]) -> str:
    """The call in words: shapes for arrays."""

    def word(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(word, value))}]"
        return str(value.shape) if isinstance(value, np.ndarray) else repr(value)

    return ", ".join([*map(word, args), *(f"{name}={word(value)}" for name, value in params.items())])
