"""`check_op`: every law that applies to one op, over its examples and over operands that Hypothesis draws."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Any

from .examples import told
from .guessing import subjects_of
from .laws import LAWS, Law
from .operands import how
from .report import Finding, Report
from .subjects import Subject

INSTALL = "pip install minitorch-engine[testing]"


def check_op(op: Any, *, cases: Iterable[Any] | None = None, laws: Iterable[Law] = LAWS, draws: int = 5, seed: int = 0,
             raise_exception: bool = False) -> Report:  # fmt: skip
    """Hold every law for one op: values, gradients of three orders, forward mode, precision, memory, the tape, the device.

    An op of your own, declared by a decorator of `minitorch.ops.families`, is checked like those of the package: its operands
    are guessed from its family and signature, or given.

    Args:
        op: an Op, a public function or method, or a name such as "exp" or "nn.functional.gelu".
        cases: the calls to hold the laws for, in place of guessed ones: tuples of arguments, (arguments, parameters), or
            `call(...)` of shapes. Floating tensors are taken in float64.
        laws: which laws; `minitorch.testing.laws.LAWS` by default.
        draws: how many calls Hypothesis draws besides, where it is installed.
        seed: for those.
        raise_exception: raise where a law is broken, in place of a report that is false.

    Returns:
        A Report, true where no law is broken, with one line for each law.

    Raises:
        LookupError: for an unknown op, or where no operands can be guessed.
        GradientError: where a law is broken, if `raise_exception`.
    """
    subjects = subjects_of(op, cases)
    report = Report(subject=str(subjects[0]), what="check_op", repeat=f"minitorch.testing.check_op({subjects[0].name!r})")
    left_out: dict[str, list[str]] = {}
    chosen = list(laws)
    for law in chosen:
        hold_one(law, subjects, report, left_out)
    if draws:
        draw_some(chosen, subjects, report, draws, seed)
    report.notes += [f"{reason}: {', '.join(names)}" for reason, names in left_out.items()]
    return report.raised() if raise_exception else report


def hold_one(law: Law, subjects: list[Subject], report: Report, left_out: dict[str, list[str]]) -> None:
    """One law over the examples of all subjects that it applies to."""
    count, reasons, broken = law.over(subjects)
    findings = [finding(law, error) for error in broken]
    report.compared += count
    if findings or count:
        report.add(law.name, findings, f"{count} calls")
    else:
        left_out.setdefault(reasons[-1] if reasons else "nothing to hold it for", []).append(law.name)


def finding(law: Law, error: Exception) -> Finding:
    """A broken law as a report shows it."""
    where = next(iter(getattr(error, "__notes__", ())), "")  # by `told`; further ones are Hypothesis's
    message = " ".join(str(error).split()) or "the assertion does not hold"
    if not isinstance(error, AssertionError):
        message = f"{type(error).__name__}: {message}"
    rows = [("law", f"{law.name}: {law.text}"), ("call", where), ("found", message)]
    return Finding("wrong", f"{law.name} is broken: {message}", where=where, rows=rows, name=law.name)


def draw_some(laws: list[Law], subjects: list[Subject], report: Report, draws: int, seed: int) -> None:
    """All laws over operands of Hypothesis's choosing, the smallest call that breaks one for the report."""
    if importlib.util.find_spec("hypothesis") is None:
        report.notes.append(f"no operands were drawn: Hypothesis is not installed ({INSTALL})")
        return
    from .drawn import searched

    for subject in subjects:
        held = [law for law in laws if law.anywhere and law.most is None and law.applies(subject) is None]
        if not held or subject.given or not subject.rule.searched or how(subject) is None:
            continue
        last: list[Law] = []

        def hold(case: Any, subject: Subject = subject, held: list[Law] = held, last: list[Law] = last) -> None:
            with told(subject, case):
                for law in held:
                    if ("complex" if case.is_complex else "real") not in law.kinds:
                        continue
                    last[:] = [law]
                    law.hold(subject, case)

        error = searched(subject, hold, draws, seed)
        report.compared += draws
        report.add(f"{subject}, drawn", [finding(last[0], error)] if error is not None else [], f"{draws} draws")
