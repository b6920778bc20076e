"""Forward mode against reverse: <v, J u> is <J^T v, u>, exactly but for rounding.

No differences and no steps: one push and one pull, at the price of two passes. It finds a rule that is not the adjoint of
what forward mode does (a transpose, a sum left out), and not a slope that both get wrong in the same way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..ops.backward import jvp
from ..ops.record import node_of
from .arrays import count, dense_gradients, draw_like, on_host
from .modules import of_call
from .problem import Problem, same_stream
from .report import Finding, Report, short_path
from .witness import local_problem, rule_source, witnessed

#: Relative to the sum of the sizes of all terms.
TOLERANCE = 1e-12


def dot_test(fn: Any, inputs: Any, *, raise_exception: bool = True, seed: int = 0, names: Any = None,
             tolerance: float = TOLERANCE) -> Report:  # fmt: skip
    """Whether <v, J u> equals <J^T v, u> for random u and v: forward mode is the transpose of reverse mode.

    Args:
        fn, inputs: as for `gradcheck`; evaluated in float64.
        tolerance: the largest difference, relative to the sizes of the terms.

    Returns:
        A report, true where they agree; "cannot resolve" where an op has no forward mode.

    Raises:
        GradientError: where they do not, naming the first op on the tape that fails by itself.
    """
    with same_stream():
        problem = of_call(fn, inputs, names)
        report = Report(_subject(problem), what="dot_test")
        report.findings = duality(problem, seed, tolerance)
        report.compared = 1
    return report.raised() if raise_exception else report


def duality(problem: Problem, seed: int = 0, tolerance: float = TOLERANCE) -> list[Finding]:
    """What `dot_test` finds."""
    try:
        ahead, back, size = products(problem, seed)
    except NotImplementedError as error:
        return [Finding("unresolved", f"there is no forward mode to compare with: {error}")]
    if abs(ahead - back) <= tolerance * size:
        return []
    made = Finding("duality", f"forward mode is not the transpose of reverse mode: <v, J u> is {ahead:.10g}, <J^T v, u> is "
                   f"{back:.10g}, ratio {back / ahead if ahead else np.inf:.6g}", tape=back, difference=ahead)  # fmt: skip
    made.rows = [("<v, J u>", f"{ahead:.15g}   (forward mode)"), ("<J^T v, u>", f"{back:.15g}   (reverse mode)"),
                 ("ratio", f"{back / ahead if ahead else np.inf:.6g}")]  # fmt: skip
    made.suspect = _suspect(problem, seed, tolerance)
    return [made]


def products(problem: Problem, seed: int) -> tuple[float, float, float]:
    """<v, J u>, <J^T v, u>, and the sum of the sizes of their terms."""
    random = np.random.default_rng(seed)
    tensors = problem.fresh()
    outputs = [output for output in problem.run(tensors) if node_of(output) is not None]
    if not outputs or not sum(map(count, tensors)):
        return 0.0, 0.0, 0.0
    u = [Tensor._wrap(draw_like(tensor._data, random)) for tensor in tensors]
    v = [Tensor._wrap(draw_like(output._data, random)) for output in outputs]
    moved = [jvp(output, tensors, u) for output in outputs]
    pulled = dense_gradients(outputs, tensors, v)
    ahead = [_terms(one, other) for one, other in zip(v, moved)]
    back = [_terms(one, other) for one, other in zip(pulled, u)]
    size = sum(float(np.abs(term).sum()) for term in ahead + back)
    return sum(float(term.sum()) for term in ahead), sum(float(term.sum()) for term in back), size


def _terms(one: Any, other: Any) -> Any:
    return np.real(np.conj(on_host(one._data)) * on_host(other._data))


def _suspect(problem: Problem, seed: int, tolerance: float) -> str:
    for node in witnessed(problem):
        local = local_problem(node)
        if local is None:
            continue
        try:
            ahead, back, size = products(local, seed)
        except NotImplementedError:
            continue
        if abs(ahead - back) > tolerance * size:
            seen = node.note
            where = f", called at {short_path(seen.source)}" if seen.source else ""
            rule = rule_source(seen.op, local.names[0])
            return f"'{seen.op.name}'{where}" + (f"; its rule is at {short_path(rule)}" if rule else "")
    return ""


def _subject(problem: Problem) -> str:
    where = short_path(problem.source)
    return f"{problem.label} ({where})" if where else problem.label
