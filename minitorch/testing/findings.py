"""From the verdict on each entry to findings in words, one per block of the Jacobian that is not right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .patterns import pattern
from .plans import Plan
from .problem import Problem
from .report import Finding, Report
from .verdicts import COARSEST, Verdict, beyond_subgradients

#: The share of the directions that may be at kinks, and how many may be in any case.
KINKS, FEW_KINKS = 0.5, 2


def settle(report: Report, verdict: Verdict, kinks: str = "skip") -> list[Finding]:
    """Count what was compared into the report, and say what is not right."""
    plan = verdict.plan
    outside = beyond_subgradients(verdict) if kinks == "skip" else np.zeros_like(verdict.kinks)
    skipped = verdict.kinks & ~outside
    report.kinks += int(skipped.sum())
    report.unresolved += int(verdict.unresolved.sum())
    report.compared += int(verdict.kinks.size - skipped.sum() - verdict.unresolved.sum())
    found = []
    for out, rows in plan.rows:
        for place, columns in plan.columns:
            block = np.s_[rows, columns]
            if (verdict.wrong | outside)[block].any():
                found.append(wrong(verdict, out, place, rows, columns, outside))
            elif verdict.unresolved[block].any():
                found.append(unresolved(verdict, out, place, rows, columns))
            elif kinks == "error" and verdict.kinks[block].any():
                found.append(kink(verdict, out, place, rows, columns))
    at_kinks = int(verdict.kinks.any(axis=0).sum())
    if kinks == "skip" and at_kinks > max(FEW_KINKS, KINKS * len(plan.directions)) and not found:
        found.append(Finding("kink", f"too many kinks: along {at_kinks} of {len(plan.directions)} directions the function "
                             "has one slope behind and another ahead, so that next to nothing was compared. Move the "
                             "inputs away from the kinks, or pass kinks='ignore'", order=plan.problem.order))  # fmt: skip
    return sorted(found, key=lambda finding: finding.kind == "unresolved")


def place_of(plan: Plan, out: int | None, place: int) -> str:
    """Which block: `output 0, input 1 (weight)`."""
    name = plan.problem.names[place]
    called = "" if name == f"input {place}" else f" ({name})"
    which = name if name.startswith("cotangent") else f"input {place}{called}"
    return f"a sum of the outputs, {which}" if out is None else f"output {shown(plan, out)}, {which}"


def shown(plan: Plan, out: int) -> int:
    """The number of an output among all results."""
    places = plan.problem.output_places
    return out if places is None else places[out]


def entry(plan: Plan, place: int, column: int) -> tuple[tuple[int, ...] | None, str]:
    """The index of a column in its input, and which part of a complex number it is."""
    direction = plan.directions[column]
    if direction.component is None:
        return None, ""
    data = plan.problem.tensors[place]._data
    pair = data.dtype.kind == "c"
    element = direction.component // 2 if pair else direction.component
    index = tuple(int(i) for i in np.unravel_index(element, data.shape)) if data.ndim else ()
    return index, (" (real part)", " (imaginary part)")[direction.component % 2] if pair else ""


def result_entry(plan: Plan, out: int, row: int, rows: slice) -> str:
    """The entry of an output that a row is about."""
    data = plan.problem.outputs[out]._data
    pair = data.dtype.kind == "c"
    element = (row - rows.start) // (2 if pair else 1)
    index = [int(i) for i in np.unravel_index(element, data.shape)] if data.ndim else []
    return f"[{', '.join(map(str, index))}]"


def wrong(verdict: Verdict, out: int | None, place: int, rows: slice, columns: slice, outside: NDArray[np.bool_]) -> Finding:
    """A block with entries that are wrong."""
    plan, problem = verdict.plan, verdict.plan.problem
    block = np.s_[rows, columns]
    tape, difference = plan.tape[block], verdict.difference[block].copy()
    mask = (verdict.wrong | outside)[block]
    with np.errstate(all="ignore"):
        apart = np.where(mask, np.abs(tape - difference), -1.0)
    apart[np.isnan(apart)] = np.inf
    row, column = (int(i) for i in np.unravel_index(int(apart.argmax()), apart.shape))
    at = (rows.start + row, columns.start + column)
    index, part = entry(plan, place, at[1])
    shapes: tuple[Any, Any] = ((), ()) if out is None else (problem.outputs[out]._data.shape, problem.tensors[place]._data.shape)
    parts = (1, 1) if out is None else (_parts(problem.outputs[out]), _parts(problem.tensors[place]))
    if at[0] is not None and outside[at]:
        form = f"outside of the two slopes at a kink, {verdict.low[at]:.6g} and {verdict.high[at]:.6g}"
    elif index is None:
        form = "the slope along a random direction"
        factor = tape[row, column] / difference[row, column] if difference[row, column] else np.inf
        form += f", off by a factor of {factor:.6g}" if tape.any() else ", zero by the tape"
    else:
        form = pattern(tape, difference, mask, shapes[0], shapes[1], parts)
    made = Finding("wrong", "", place_of(plan, out, place), name=problem.names[place], order=problem.order, index=index,
                   tape=float(plan.tape[at]), difference=float(verdict.difference[at]), wrong=int(mask.sum()),
                   total=int(mask.size), pattern=form)  # fmt: skip
    if not np.isfinite(plan.tape[at]):
        made.kind = "not finite"
    numbers = f"{made.tape:.10g} by the tape, {made.difference:.10g} by differences, ratio {made.ratio:.6g}"
    worst = "The worst" if index is None else (
        f"The worst, at index {list(index)}{part} of the input" + ("" if out is None else f" and component {row} of the output"))
    counted = f"{made.wrong} of {made.total} entries are wrong"
    made.text = f"{counted}, {form}. {worst}: {numbers}"
    made.rows = [*_block_rows(plan, out, place), *_entry_rows(plan, out, place, at, rows, index, part),
                 ("by the tape", f"{made.tape:.10g}"),
                 ("by differences", f"{made.difference:.10g}   (step {verdict.step[at[1]]:.0e}, off by at most "
                                    f"{verdict.error[at]:.0e})"),
                 ("ratio", f"{made.ratio:.6g}"), ("wrong", f"{made.wrong} of {made.total} entries; {form}")]  # fmt: skip
    return made


def unresolved(verdict: Verdict, out: int | None, place: int, rows: slice, columns: slice) -> Finding:
    """A block with entries that no step can tell."""
    plan, problem = verdict.plan, verdict.plan.problem
    block = np.s_[rows, columns]
    mask = verdict.unresolved[block]
    with np.errstate(all="ignore"):
        size = np.where(mask, np.abs(plan.tape[block]), -1.0)
        error = np.where(mask, verdict.error[block], -1.0)
    row, column = (int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    at = (rows.start + row, columns.start + column)
    index, part = entry(plan, place, at[1])
    largest = float(verdict.largest[at])
    said = f"differences cannot resolve a gradient of size {max(largest, float(size.max())):.1e} (below {error.max():.1e})"
    made = Finding("unresolved", f"{said}: {int(mask.sum())} of {mask.size} entries",
                   place_of(plan, out, place), name=problem.names[place], order=problem.order, index=index,
                   tape=float(plan.tape[at]), difference=float(verdict.difference[at]), wrong=0, total=int(mask.size))
    hint = ("scale the function so that its value is not large beside its gradient; or, if it is analytic and takes complex "
            "numbers, pass method='complex'")  # fmt: skip
    hint = f"beside the point the function raised {plan.values.refusal}" if plan.values.refusal else hint
    made.rows = [*_block_rows(plan, out, place), *_entry_rows(plan, out, place, at, rows, index, part),
                 ("by the tape", f"{made.tape:.10g}"),
                 ("by differences", f"{made.difference:.10g}, off by up to {verdict.error[at]:.1e}"),
                 ("needed", f"better than {COARSEST * largest:.1e}, {COARSEST:.1%} of the largest entry"),
                 ("unresolved", f"{int(mask.sum())} of {mask.size} entries"),
                 ("hint", hint)]
    return made


def kink(verdict: Verdict, out: int | None, place: int, rows: slice, columns: slice) -> Finding:
    """A block with entries at kinks, where these are errors."""
    plan = verdict.plan
    mask = verdict.kinks[rows, columns]
    row, column = (int(i) for i in np.argwhere(mask)[0])
    at = (rows.start + row, columns.start + column)
    index, part = entry(plan, place, at[1])
    where = "" if index is None else f", the first at index {list(index)}{part} of the input"
    text = (f"{int(mask.sum())} of {mask.size} entries are at kinks{where}: the slope is {verdict.low[at]:.6g} on one side "
            f"and {verdict.high[at]:.6g} on the other")  # fmt: skip
    return Finding("kink", text, place_of(plan, out, place), name=plan.problem.names[place], order=plan.problem.order,
                   index=index)  # fmt: skip


def _parts(tensor: Any) -> int:
    return 2 if tensor._data.dtype.kind == "c" else 1


def _block_rows(plan: Plan, out: int | None, place: int) -> list[tuple[str, str]]:
    problem: Problem = plan.problem
    given = problem.tensors[place]._data
    rows = [("order", f"{problem.order}: the gradient of the gradient" if problem.order == 2 else str(problem.order))]
    rows = rows if problem.order > 1 else []
    if out is None:
        rows.append(("output", "a random combination of all results"))
    else:
        data = problem.outputs[out]._data
        name = problem.output_names[out]
        rows.append(("output", f"{shown(plan, out)}{'' if name in ('output', f'output {out}') else f' ({name})'}, shape "
                               f"{list(data.shape)}"))  # fmt: skip
    rows.append(("input", f"{problem.names[place]}, shape {list(given.shape)}, {given.dtype.name}"))
    return rows


def _entry_rows(plan: Plan, out: int | None, place: int, at: tuple[int, int], rows: slice, index: tuple[int, ...] | None,
                part: str) -> list[tuple[str, str]]:  # fmt: skip
    if index is None:
        return []
    name = plan.problem.names[place]
    text = f"{name}[{', '.join(map(str, index))}]{part}" if index else f"{name}{part}"
    return [("entry", text if out is None else f"output{result_entry(plan, out, at[0], rows).replace('[]', '')} by {text}")]
