"""check: one call that proves a function, an op, a custom Function, a module or a whole model.

Parameters and inputs are copied in float64 and the copies put in the module's place for each call, so that the module
itself is never touched. Gradients by every input and every parameter are compared with differences (all entries where
there are few, else along random directions and at samples), then determinism, mutation, aliasing, shapes and dtypes,
higher orders where asked for, and the float32 gradient against the float64 one. The report has a line for each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..nn.module import Module
from .arrays import count, on_host
from .derivatives import only_recorded, own_dtypes, prove, repeat, subject
from .duality import duality
from .hygiene import BackwardRaised, apart, manners
from .modules import of_call
from .naming import arguments_of
from .nests import is_number, leaves
from .plans import MODES
from .precision import RTOL, against_float64
from .problem import Problem, same_stream
from .report import Finding, Line, Report
from .verdicts import TOLERANCE

#: Entries of a Jacobian, and columns, up to which all of them are compared.
ENTRIES, COLUMNS = 20_000, 500
#: How far forward and reverse mode may be apart in a whole model, where roundings add up.
DUALITY = 1e-8


def check(model_or_fn: Any, inputs: Any, *, order: int = 1, mode: str = "auto", kinks: str = "skip", seed: int = 0,
          names: Any = None, tolerance: float = TOLERANCE, raise_exception: bool = False) -> Report:  # fmt: skip
    """Prove a function, an Op, a Function subclass, a module or a model: `assert check(model, inputs)`.

    Args:
        model_or_fn: what is called. Of a module the parameters that require grad move too, by name; it is left as it is:
            parameters, buffers, `.grad`, the training flag and the stream of random numbers.
        inputs: one tensor, the tuple of the arguments, or a dict of keyword arguments.
        order: the highest derivative to compare with differences.
        mode: "auto" compares every entry of a small Jacobian and samples a large one; or as for `gradcheck`.
        kinks, seed, names, tolerance: as for `gradcheck`.
        raise_exception: raise where something is wrong, in the place of returning the report.

    Returns:
        A report with one line per thing checked, true when all of them passed.

    Raises:
        GradientError: with `raise_exception`.
        TypeError: where there is nothing to differentiate by.
        ValueError: for an unknown mode.
    """
    if mode not in ("auto", *MODES):
        raise ValueError(f"mode must be one of 'auto', {', '.join(map(repr, MODES))}, but got {mode!r}")
    if order < 1:
        raise ValueError(f"order must be at least 1, but got {order}")
    with same_stream(), untouched(model_or_fn, inputs) as touched:
        problem = of_call(model_or_fn, inputs, names, parameters=True)
        report = Report(subject(problem), what="check")
        only_recorded(report, problem)
        with contextlib.suppress(BackwardRaised):  # the comparison sees it too
            _manners(report, problem, seed)
        if not any(finding.kind == "mutated" for finding in report.findings):  # numbers that are written to say nothing
            if _derivatives(report, problem, order, mode, kinks, seed, tolerance):
                _forward_mode(report, problem, seed)
                _precision(report, problem, seed)
    report.add("nothing was changed", touched)
    if isinstance(model_or_fn, Module):
        problem.label = "model"
    options = {"order": order if order > 1 else None, "mode": mode if mode != "auto" else None, "seed": seed or None}
    report.repeat = repeat(problem, model_or_fn, inputs, "check", options)
    return report.raised() if raise_exception else report


# ---- what is looked at ---------------------------------------------------------------------------------------------
def _derivatives(report: Report, problem: Problem, order: int, mode: str, kinks: str, seed: int, tolerance: float) -> bool:
    """Compare each order; one line per input and parameter of the first. Whether the backward runs at all."""
    for level in range(1, order + 1):
        chosen = _mode(problem, level) if mode == "auto" else mode
        found = prove(problem, (level,), mode=chosen, kinks=kinks, seed=seed, tolerance=tolerance)
        counted = Report(findings=found.findings, compared=found.compared, kinks=found.kinks, unresolved=found.unresolved,
                         notes=found.notes)  # fmt: skip
        how = "every entry" if chosen == "full" else "a random direction" + (" and samples" if chosen == "sampled" else "")
        if level > 1:
            counted.lines.append(_line(f"order {level}", found.findings, f"{found.compared} compared, {how}"))
        else:
            for name, tensor in zip(problem.names, problem.tensors, strict=True):
                own = [finding for finding in found.findings if finding.name in (name, "")]
                counted.lines.append(_line(f"gradient by {name}", own, f"{list(tensor._data.shape)}, {how}"))
        report.merge(counted)
        if any(finding.kind == "raised" for finding in found.findings):
            return level > 1
    return True


def _mode(problem: Problem, level: int) -> str:
    columns, rows = sum(map(count, problem.tensors)), sum(map(count, problem.outputs))
    if level > 1:  # the cotangents move too, and all inputs are results
        columns, rows = columns + rows, columns
    return "full" if columns * rows <= ENTRIES and columns <= COLUMNS else "sampled"


def _line(what: str, findings: list[Finding], detail: str) -> Line:
    made = Report()
    made.add(what, list(findings), detail)
    return made.lines[0]


def _manners(report: Report, problem: Problem, seed: int) -> None:
    own = problem.narrowed(own_dtypes(problem)) if problem.widened else problem
    if not own.outputs:
        raise TypeError(f"{problem.label} returns no tensor of floating or complex numbers")
    for what, findings in manners(own, seed):
        report.add(what, findings)


def _forward_mode(report: Report, problem: Problem, seed: int) -> None:
    """Forward mode is the transpose of reverse mode, where there is one."""
    try:
        findings = duality(problem, seed, DUALITY)
    except Exception as error:
        report.notes.append(f"forward mode was not compared ({type(error).__name__}: {error})")
        return
    if not any(finding.kind == "unresolved" for finding in findings):
        report.add("forward mode against reverse", findings)


def _precision(report: Report, problem: Problem, seed: int) -> None:
    """The gradient in the dtypes given, or in float32, against the one in float64."""
    dtypes = own_dtypes(problem)
    if not problem.widened:
        dtypes = [np.dtype(np.complex64 if dtype.kind == "c" else np.float32) for dtype in dtypes]
    kinds = " and ".join(sorted({dtype.name for dtype in dtypes if dtype.name in RTOL}))
    try:
        findings, note = against_float64(problem, dtypes, seed)
    except Exception as error:
        if problem.widened:
            raise
        report.notes.append(f"it takes float64 only ({type(error).__name__}: {error}), so that float32 was not compared")
        return
    report.add(f"{kinds} against float64", findings, note.partition(": ")[2] or note)


# ---- nothing is touched --------------------------------------------------------------------------------------------
@contextlib.contextmanager
def untouched(subject_: Any, inputs: Any) -> Iterator[list[Finding]]:
    """A block after which the findings say what in a module or its inputs is not as it was before."""
    watched = _watched(subject_, inputs)
    before = [(np.array(on_host(tensor._data)), tensor._grad, _numbers(tensor._grad)) for _, tensor in watched]
    flags = _training(subject_)
    found: list[Finding] = []
    yield found
    for (name, tensor), (data, grad, kept) in zip(watched, before, strict=True):
        if apart(data, tensor._data):
            found.append(Finding("mutated", f"{name} was written to by the function", name=name))
        elif tensor._grad is not grad or (kept is not None and apart(kept, _numbers(grad))):
            found.append(Finding("mutated", f".grad of {name} is not what it was", name=name))
    if _training(subject_) != flags:
        found.append(Finding("mutated", "the function changed the training flag of the module"))


def _numbers(grad: Any) -> Any:
    return np.array(on_host(grad._data)) if is_number(grad) else None


def _watched(subject_: Any, inputs: Any) -> list[tuple[str, Any]]:
    args, kwargs = arguments_of(inputs)
    watched = [(f"input {name}", value) for name, value in leaves([args, kwargs])]
    if isinstance(subject_, Module):
        watched += [(f"parameter {name}", value) for name, value in subject_.named_parameters()]
        watched += [(f"buffer {name}", value) for name, value in subject_.named_buffers()]
    return [(name, value) for name, value in watched if is_number(value)]


def _training(subject_: Any) -> dict[str, bool]:
    return {name: child.training for name, child in subject_.named_modules()} if isinstance(subject_, Module) else {}
