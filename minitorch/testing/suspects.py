"""Which op of a composite is to blame: every op on the tape is proved by itself, oldest first.

A wrong gradient of a whole model says little. But each op was given some arrays and its rule can be compared with
differences of its own forward there, at the same order as the whole; the first that fails is named, with what is wrong
about it. Where all are right the function itself leaves the tape somewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import count
from .findings import settle
from .numeric import agrees
from .plans import plan
from .problem import Problem
from .report import Finding, Report, short_path
from .verdicts import judge
from .witness import Seen, input_name, local_problem, rule_source, witnessed

#: Ops of a tape to look at, and the entries of a Jacobian up to which one is compared in full.
MOST, FULL = 3000, 4000
#: Ops that are looked at closely where a random direction blames none.
CLOSELY = 30
NONE = ("every op on the tape is right by itself: the function leaves the tape on the way (detach, .data, item, NumPy, "
        "no_grad), or a write in place is not recorded")  # fmt: skip
NONE_HIGHER = "every op on the tape is right by itself at this order"


def first_wrong(problem: Problem, seed: int = 0) -> tuple[str, Finding | None]:
    """A sentence that names the first wrong op on the tape of the function, and what is wrong about it alone."""
    try:
        nodes = witnessed(problem.root)
    except Exception as error:
        return f"the tape could not be looked at ({type(error).__name__}: {error})", None
    unknown = 0
    for quick in (True, False):
        for node in nodes[: MOST if quick else CLOSELY]:
            finding = wrong_alone(node, problem.order, seed, quick)
            if finding is not None:
                return blame(node, finding), finding
            unknown += quick and local_problem(node) is None
    if unknown or len(nodes) > MOST:
        return f"none of the {min(len(nodes), MOST) - unknown} ops that could be run again by themselves", None
    return (NONE if problem.order == 1 else NONE_HIGHER), None


def wrong_alone(node: Any, order: int, seed: int = 0, quick: bool = True) -> Finding | None:
    """What is wrong about the op of a node by itself, if anything is; `quick` looks closely only where a random direction
    disagrees, which a small entry beside large ones does not."""
    problem = local_problem(node)
    if problem is None:
        return None
    try:
        for level in range(1, order):
            problem = problem.derivative(seed + level)
        entries = sum(map(count, problem.tensors)) * sum(map(count, problem.outputs))
        if not entries or (agrees(problem, 1e-8, seed) if quick else entries > FULL):
            return None
        for table in plan(problem, "full" if entries <= FULL else "sampled", seed):
            found = [finding for finding in settle(Report(), judge(table)) if finding.kind in ("wrong", "not finite")]
            if found:
                return found[0]
    except (NotImplementedError, np.linalg.LinAlgError):
        return None
    return None


def blame(node: Any, finding: Finding) -> str:
    """`'mul', input 'y', called at demo.py:12; its rule is at demo.py:5; alone, 3 of 6 entries are wrong: ...`."""
    seen: Seen = node.note
    name = finding.name
    names = [input_name(seen.op, place) for place in range(len(node.parents))]
    rule = rule_source(seen.op, name if name in names else names[0])
    text = f"'{seen.op.name}'" + (f" by its input {name!r}" if name in names else "")
    if seen.source:
        text += f", called at {short_path(seen.source)}"
    if seen.module:
        text += f" in {seen.module}"
    if rule:
        text += f"; its rule is at {short_path(rule)}"
    return f"{text}; alone, {finding.wrong} of {finding.total} entries are wrong: {finding.pattern}"
