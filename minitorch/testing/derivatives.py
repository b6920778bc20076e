"""gradcheck, gradgradcheck and check_grads: the gradient of any function against finite differences.

The inputs that move are copied in float64, the tape is compared with differences entry by entry (plans, verdicts), what
does not agree is put in words (findings), the op to blame is looked for (suspects), and the manners of the backward are
looked at (hygiene). Inputs of less than float64 are proved in float64 and their own gradient compared with that one.
"""

from __future__ import annotations

import contextlib
import traceback
from typing import Any

import numpy as np

from .._tensor import Tensor
from .arrays import count
from .duality import duality
from .findings import settle
from .hygiene import BackwardRaised, manners
from .modules import of_call
from .naming import arguments_of
from .nests import is_number, leaves
from .plans import MODES, plan
from .precision import against_float64
from .problem import Problem, same_stream
from .report import Finding, Report, literal, short_path
from .slopes import METHODS
from .suspects import first_wrong
from .verdicts import TOLERANCE, judge

KINKS = ("skip", "error", "ignore")
CHECKPOINT = "a checkpoint runs again in the backward, without the copies that are moved: prove the model without checkpoints"


def gradcheck(fn: Any, inputs: Any, *, method: str = "auto", mode: str = "full", kinks: str = "skip",
              raise_exception: bool = True, seed: int = 0, names: Any = None, tolerance: float = TOLERANCE
              ) -> Report:  # fmt: skip
    """Whether the gradient of `fn` by the tape is right: compared with finite differences in float64.

    Args:
        fn: a function, an autograd.Function's `apply`, a module. It may take and return nests of tuples, lists and dicts;
            what is no floating or complex tensor in them is handed on. Random numbers are the same at every call.
        inputs: one tensor, the tuple of the arguments, or a dict of keyword arguments. The tensors that require grad move,
            or all floating ones where none does. Inputs of less than float64 are differenced as float64 copies, and their
            own gradient is compared with the float64 gradient.
        method: "five_point" ("auto": with further steps where one is too coarse), "central", or "complex": the complex
            step, exact to rounding, for analytic functions that take complex numbers.
        mode: "full" compares every entry of the Jacobian; "directional" one random combination of the results along one
            random direction per input; "sampled" that, and some entries of each input.
        kinks: "skip" leaves entries at kinks out, counts them, asks the gradient to lie between the two slopes, and fails
            where nearly all are; "error" fails at the first; "ignore" leaves them out.
        seed: for the directions and cotangents.
        names: of the arguments, in the place of those of `fn`'s signature.
        tolerance: the largest error, relative to the largest entry of the block (one output, one input).

    Returns:
        A report, true when all of it is right. What differences cannot resolve is not a pass.

    Raises:
        GradientError: where it is not, unless `raise_exception` is off. Its `report` holds everything that was found.
        TypeError: where there is nothing to differentiate by.
        ValueError: for an unknown method, mode or kinks.
    """
    return _prove(fn, inputs, (1,), method, mode, kinks, raise_exception, seed, names, tolerance, "gradcheck")


def gradgradcheck(fn: Any, inputs: Any, *, method: str = "auto", mode: str = "full", kinks: str = "skip",
                  raise_exception: bool = True, seed: int = 0, names: Any = None, tolerance: float = TOLERANCE
                  ) -> Report:  # fmt: skip
    """Whether the gradient of the gradient is right, by the inputs and by the cotangents; as `gradcheck`."""
    return _prove(fn, inputs, (2,), method, mode, kinks, raise_exception, seed, names, tolerance, "gradgradcheck")


def check_grads(fn: Any, inputs: Any, order: int = 2, *, method: str = "auto", mode: str = "full", kinks: str = "skip",
                raise_exception: bool = True, seed: int = 0, names: Any = None, tolerance: float = TOLERANCE
                ) -> Report:  # fmt: skip
    """Whether the derivatives of every order up to this one are right; as `gradcheck`.

    Raises:
        ValueError: also for an order below 1.
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, but got {order}")
    orders = tuple(range(1, order + 1))
    return _prove(fn, inputs, orders, method, mode, kinks, raise_exception, seed, names, tolerance, "check_grads")


def _prove(fn: Any, inputs: Any, orders: tuple[int, ...], method: str, mode: str, kinks: str, raising: bool, seed: int,
           names: Any, tolerance: float, who: str) -> Report:  # fmt: skip
    for name, given, known in (("method", method, METHODS), ("mode", mode, MODES), ("kinks", kinks, KINKS)):
        if given not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, but got {given!r}")
    report = examine(fn, inputs, orders, method=method, mode=mode, kinks=kinks, seed=seed, names=names, tolerance=tolerance,
                     who=who)  # fmt: skip
    return report.raised() if raising else report


def examine(fn: Any, inputs: Any, orders: tuple[int, ...], *, who: str, method: str = "auto", mode: str = "full",
            kinks: str = "skip", seed: int = 0, names: Any = None, tolerance: float = TOLERANCE,
            nondeterministic: float = 0.0, forward: bool = False) -> Report:  # fmt: skip
    """The report of all that is looked at: derivatives of these orders; with the first, manners and low precision; with
    `forward`, forward mode against reverse."""
    with same_stream():
        problem = of_call(fn, inputs, names)
        report = Report(subject(problem), what=who)
        only_recorded(report, problem)
        if 1 in orders:
            polite(report, problem, seed, nondeterministic)
        if not any(finding.kind == "mutated" for finding in report.findings):  # numbers that are written to say nothing
            report.merge(prove(problem, orders, method=method, mode=mode, kinks=kinks, seed=seed, tolerance=tolerance))
            if forward:
                report.findings += duality(problem, seed)
            if 1 in orders and problem.widened and not any(finding.kind == "raised" for finding in report.findings):
                low_precision(report, problem, seed)
    options = {"order": orders[-1] if who == "check_grads" else None, "method": method if method != "auto" else None,
               "mode": mode if mode != "full" else None, "kinks": kinks if kinks != "skip" else None,
               "seed": seed or None, "tolerance": tolerance if tolerance != TOLERANCE else None}  # fmt: skip
    report.repeat = repeat(problem, fn, inputs, who, options, failed=1 in orders and not report.passed)
    return report


def prove(problem: Problem, orders: tuple[int, ...], *, method: str = "auto", mode: str = "full", kinks: str = "skip",
          seed: int = 0, tolerance: float = TOLERANCE) -> Report:  # fmt: skip
    """Compare the derivatives of these orders with differences; name the op to blame."""
    report = Report(subject(problem))
    if not problem.outputs:
        raise TypeError(f"{problem.label} returns no tensor of floating or complex numbers")
    low = [output._data.dtype.name for output in problem.outputs if output._data.dtype not in (np.float64, np.complex128)]
    if low:
        report.findings.append(Finding("unresolved", f"it returns {low[0]} for float64 inputs, and differences of {low[0]} "
                                       "results are too coarse to be taken"))  # fmt: skip
        return report
    level: Problem | None = problem
    for order in range(1, max(orders) + 1):
        level = problem if order == 1 else _one_up(report, level, seed + order - 1)
        if level is None:
            break
        moving = sum(count(t) for t in level.tensors) and sum(count(t) for t in level.outputs)
        if order in orders and moving:
            compare(report, level, "five_point" if method == "auto" else method, mode, kinks, seed, tolerance)
    return report


def only_recorded(report: Report, problem: Problem) -> None:
    """Leave out results that require no grad, and say so."""
    left = problem.without_unrecorded()
    if left:
        report.notes.append(f"{left} floating result{'s' * (left > 1)} that require{'s' * (left == 1)} no grad left out")


def _one_up(report: Report, problem: Problem | None, seed: int) -> Problem | None:
    """The problem one order up; None, with a finding, where the gradient cannot be differentiated."""
    assert problem is not None
    made = problem.derivative(seed)
    try:
        _ = made.outputs
    except Exception as error:
        report.findings.append(_raised(error, f"the backward of order {problem.order}"))
        return None
    return made


def compare(report: Report, problem: Problem, method: str, mode: str, kinks: str, seed: int, tolerance: float) -> None:
    """Compare one order; findings and counts go into the report."""
    try:
        tables = plan(problem, mode, seed)
    except Exception as error:
        report.findings.append(_raised(error, "the backward" if problem.order == 1 else f"order {problem.order}"))
        if any(frame.filename.endswith("utils/checkpoint.py") for frame in traceback.extract_tb(error.__traceback__)):
            report.notes.append(CHECKPOINT)
        return
    for table in tables:
        verdict = judge(table, tolerance, method, kinks)
        found = settle(report, verdict, kinks)
        wrong = next((finding for finding in found if finding.kind in ("wrong", "not finite")), None)
        if wrong is not None and not any(finding.suspect for finding in report.findings):
            wrong.suspect = first_wrong(problem, seed)[0]
            if wrong.suspect.startswith("'_Rerun'"):
                report.notes.append(CHECKPOINT)
        report.findings += found


def _raised(error: Exception, where: str) -> Finding:
    return Finding("raised", f"{where} raised {type(error).__name__}: {error}", error=error)


def polite(report: Report, problem: Problem, seed: int, tolerance: float = 0.0) -> None:
    """Look at determinism, mutation, aliasing, shapes and dtypes, in the dtypes that were given."""
    own = problem.narrowed(own_dtypes(problem)) if problem.widened else problem
    if own.outputs:
        with contextlib.suppress(BackwardRaised):  # the comparison sees it too
            for _, findings in manners(own, seed, tolerance):
                report.findings += findings


def low_precision(report: Report, problem: Problem, seed: int) -> None:
    """Compare the gradient in the dtypes that were given with the one in float64."""
    findings, note = against_float64(problem, own_dtypes(problem), seed)
    report.findings += findings
    report.notes.append(f"{note}; differences were taken of float64 copies")


def own_dtypes(problem: Problem) -> list[Any]:
    """The dtypes that the tensors came in."""
    return [tensor._data.dtype if low is None else low for tensor, low in zip(problem.tensors, problem.low, strict=True)]


def subject(problem: Problem) -> str:
    """The function and where it is."""
    where = short_path(problem.source)
    return f"{problem.label} ({where})" if where else problem.label


def repeat(problem: Problem, fn: Any, inputs: Any, who: str, options: dict[str, Any], failed: bool = False) -> str:
    """A line of Python that repeats the check; the inputs are written out where they are short. Where they are not, but
    it fails at numbers that can be written in short too, these."""
    args, kwargs = arguments_of(inputs)
    shown = [_shown(value) for value in args]
    given = f"({', '.join(map(str, shown))},)"
    if kwargs or None in shown or len(given) > 220:
        given = (_elsewhere(fn, args) if failed and not kwargs else "") or "inputs"
    label = problem.label if problem.label.replace(".", "").replace("_", "").isalnum() else "fn"
    extra = "".join(f", {name}={value!r}" for name, value in options.items() if value is not None)
    return f"mt.testing.{who}({label}, {given}{extra})"


def _shown(value: Any) -> str | None:
    if is_number(value):
        return literal(value)
    if any(hasattr(found, "_data") for _, found in leaves(value)):
        return literal(value) if isinstance(value, Tensor) and value._data.dtype.kind in "bi" else None
    text = repr(value)
    return text if len(text) <= 60 and "<" not in text else None


def _elsewhere(fn: Any, args: tuple[Any, ...]) -> str:
    """The arguments with evenly spaced numbers in place of theirs, if the first derivative fails there too."""
    shown, given = [], []
    for value in args:
        if not (is_number(value) and value._data.dtype.name in ("float32", "float64")):
            shown.append(_shown(value))
            given.append(value)
            continue
        shape, dtype = tuple(value.shape), value._data.dtype.name
        text = f"mt.linspace(-1, 1, {value.numel()}, dtype=mt.{dtype})" + (f".view{shape}" if len(shape) != 1 else "")
        shown.append(text.replace(",)", ")"))
        numbers = np.linspace(-1, 1, value.numel(), dtype=dtype).reshape(shape)
        given.append(Tensor._wrap(numbers).requires_grad_(value.requires_grad))
    if None in shown:
        return ""
    try:
        if prove(of_call(fn, tuple(given)), (1,), mode="directional").passed:
            return ""
    except Exception:
        return ""
    return f"({', '.join(map(str, shown))},)"
