"""One fault against the laws: over the rows of its op, then over those of the functions that are made of it.

The laws that a kind of fault is likeliest to break come first, each over a few cases and only then over all; the first that fails
has caught the fault. The cases that a fault shows in (a size of 1, another layout) come first too.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...ops.backward import gradients
from ...ops.front import PUBLIC
from ...ops.op import TABLE, Op
from ..examples import cases
from ..laws.law import called, cotangents
from ..operands import how
from ..subjects import Subject, all_ops, compositions, of_op, of_public
from .kinds import Fault
from .planting import diverted, planted

#: How many cases of each law are tried before all are.
FEW = 4
#: The laws that are likeliest to notice a kind, first. What is named nowhere comes last, in its own order.
FIRST = ("first_derivative", "values_are_pytorchs", "gradients_are_pytorchs", "the_forward_is_the_definition",
         "the_joint_rule_is_the_definitions_gradient", "forward_mode_is_the_transpose_of_reverse_mode")  # fmt: skip
ORDER = {
    "untracked": ("second_derivative", "forward_mode_can_be_differentiated", "third_derivative"),
    "nondeterministic": ("the_same_call_gives_the_same_numbers", "tangents_are_the_same_every_time_and_never_written"),
    "mutated": ("operands_and_cotangents_are_never_written", "tangents_are_the_same_every_time_and_never_written"),
    "dtype": ("values_are_pytorchs", "gradients_are_pytorchs", "forward_mode_is_the_transpose_of_reverse_mode"),
    "layout": ("operands_may_lie_anywhere_in_memory", "cotangents_may_lie_anywhere_in_memory",
               "tangents_are_the_same_every_time_and_never_written"),
    "version": ("a_write_is_noticed_or_does_not_matter",),
    "promotion": ("dtypes_promote_and_are_refused_as_in_pytorch", "numbers_are_compared_in_their_common_dtype_as_in_pytorch",
                  "other_dtypes_come_out_as_in_pytorch"),
    "ties": ("zeros_infinities_and_nan_come_out_as_in_pytorch", "gradients_at_zeros_infinities_and_nan_are_pytorchs",
             "ties_and_kinks_come_out_as_in_pytorch", "forward_mode_is_the_transpose_at_ties_and_kinks"),
}  # fmt: skip


#: Laws that failed of a call without any fault: what fails there proves nothing.
UNSOUND: set[tuple[str, str, str]] = set()


@dataclass(frozen=True)
class Verdict:
    """What became of a fault: the law that caught it and where, or None; and how often it changed anything."""

    fault: Fault
    law: str | None
    where: str
    changes: int
    seconds: float


def hunt(fault: Fault, laws: Sequence[Any]) -> Verdict:
    """Plant a fault and hold the laws until one of them fails."""
    start = time.perf_counter()
    op = TABLE[fault.op]
    near: tuple[Subject, ...] = _own(op)
    far: tuple[Subject, ...] = ()
    ordered = sorted(laws, key=lambda law: _rank(fault, law.name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepare([op])
        changes = 0
        for subjects, few in ((near, True), (near, False), (None, True), (None, False)):
            if subjects is None:
                subjects = far = users(op.name)
            for turn, (law, subject, case) in enumerate(_to_hold(fault, ordered, subjects, few)):
                with planted(fault, turn) as spoil:
                    failed = broken(law, subject, case)
                changes += spoil.changes
                if failed and broken(law, subject, case):  # it does not hold anyway
                    UNSOUND.add((law.name, str(subject), str(case)))
                elif failed:
                    return Verdict(fault, law.name, f"{subject}: {case}", changes, time.perf_counter() - start)
    return Verdict(fault, None, f"{len(near)} + {len(far)} subjects", changes, time.perf_counter() - start)


def _rank(fault: Fault, name: str) -> int:
    first = (*ORDER.get(fault.kind, ()), *FIRST)
    return first.index(name) if name in first else len(first)


def _to_hold(fault: Fault, laws: Sequence[Any], subjects: Sequence[Subject], few: bool) -> Iterator[tuple[Any, Subject, Any]]:
    """What to try: a law, a function and a call of it."""
    for law in laws:
        for subject in subjects:
            if law.applies(subject) is None:
                chosen = sorted(law.examples(subject), key=lambda case: not _shows(fault, case))
                yield from ((law, subject, case) for case in (chosen[:FEW] if few else chosen[FEW:])
                            if (law.name, str(subject), str(case)) not in UNSOUND)


def broken(law: Any, subject: Subject, case: Any) -> bool:
    """Whether a law fails of a case; what the call wrote to is as before afterwards."""
    before = [(array, array.copy()) for array in case.arrays if array.flags.writeable]
    try:
        law.hold(subject, case)
    except Exception as error:
        return type(error).__name__ != "Skipped"
    finally:
        for array, copy in before:
            array[...] = copy
    return False


def _shows(fault: Fault, case: Any) -> bool:
    """Whether a case is one that the fault is likely to show in."""
    arrays = [array for array in case.arrays if array.size]
    if fault.kind == "size 1":
        return any(1 in array.shape for array in arrays)
    if fault.kind == "layout":
        return any(not array.flags.c_contiguous for array in arrays)
    if fault.kind == "ties":
        return any(np.unique(array).size < array.size for array in arrays) or "same" in case.label
    if fault.kind == "conjugation":
        return bool(case.is_complex)
    if fault.kind == "broadcast":
        return len({array.shape for array in arrays}) > 1
    return bool(arrays) and max(array.size for array in arrays) > 1


# ---- whose rows ------------------------------------------------------------------------------------------------------
@functools.cache
def _own(op: Op) -> tuple[Subject, ...]:
    """The op, and the public functions that are its fronts or stand for it."""
    fronts = [of_public(space, name, entry) for space, names in PUBLIC.items() for name, entry in names.items()
              if name == entry.name and not name.endswith("_") and (entry.target is op or name == op.name)]  # fmt: skip
    return tuple(subject for subject in (of_op(op), *fronts) if how(subject) is not None)


def prepare(ops: Sequence[Op]) -> None:
    """Draw the operands of these ops, and compile what their calls need, before anything is wrong."""
    for op in ops:
        for subject in _own(op):
            cases(subject)


def users(name: str, most: int = 12) -> tuple[Subject, ...]:
    """Functions and ops that are made of this op, or whose rules are; those with the fewest ops first."""
    return _users().get(name, ())[:most]


@functools.cache
def _users() -> dict[str, tuple[Subject, ...]]:
    found: dict[str, list[tuple[int, Subject]]] = {}
    used: set[str] = set()
    with ExitStack() as stack:
        for op in TABLE.values():
            for forward in (op.forward, *(fast for backend, fast, _ in op.fast if backend == "cpu")):
                stack.enter_context(diverted(forward, partial(_noting, used, op.name)))
        for subject in (*all_ops(), *compositions()):
            if how(subject) is None:
                continue
            used.clear()
            for case in cases(subject, "real"):
                _run(subject, case)
            for name in used - {subject.name}:
                found.setdefault(name, []).append((len(used), subject))
    return {name: tuple(subject for _, subject in sorted(pairs, key=lambda pair: pair[0])) for name, pairs in found.items()}


def _noting(used: set[str], name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **params: Any) -> Any:
        used.add(name)
        return forward(*args, **params)

    return run


def _run(subject: Subject, case: Any) -> None:
    """A call and its gradients."""
    try:
        _, moving, outputs = called(subject, case)
        if outputs:
            gradients(outputs, moving, cotangents(outputs), create_graph=True, materialize_grads=True)
    except Exception:  # what is refused was still begun
        return
