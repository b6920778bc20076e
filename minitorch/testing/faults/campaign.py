"""`python -m minitorch.testing faults`: plant every fault, one after the other, and print what the laws caught.

The table is family by kind, caught of planted; below it stands every survivor with its explanation. The exit status is 1 where
one has none.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from ...ops.op import TABLE
from ..laws import LAWS
from ..naming import meant
from .explained import explanation
from .hunting import Verdict, hunt, prepare
from .kinds import KINDS, Fault, faults


def sample(found: Sequence[Fault], percent: float, seed: int) -> list[Fault]:
    """A seeded share of the faults, of every kind at least one."""
    if percent >= 100:
        return list(found)
    source = random.Random(seed)
    chosen = []
    for kind in KINDS:
        own = [fault for fault in found if fault.kind == kind]
        chosen += source.sample(own, min(len(own), max(1, round(len(own) * percent / 100))))
    return chosen


def run(chosen: Sequence[Fault], jobs: int = 1) -> Iterable[Verdict]:
    """The verdicts, as they come."""
    by_op: dict[str, list[Fault]] = {}
    for fault in chosen:
        by_op.setdefault(fault.op, []).append(fault)
    if jobs == 1:
        for group in by_op.values():
            yield from _hunt_all(group)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for found in pool.imap_unordered(_hunt_all, by_op.values()):
            yield from found


def _hunt_all(group: list[Fault]) -> list[Verdict]:
    prepare([TABLE[group[0].op]])
    return [hunt(fault, LAWS) for fault in group]


def report(verdicts: Sequence[Verdict]) -> str:
    """The table of a campaign, and its survivors."""
    planted = Counter((v.fault.family, v.fault.kind) for v in verdicts)
    caught = Counter((v.fault.family, v.fault.kind) for v in verdicts if v.law is not None)
    families = sorted({family for family, _ in planted})
    kinds = [kind for kind in KINDS if any(key[1] == kind for key in planted)]
    wide = max((len(family) for family in families), default=6)
    lines = []
    for kind in kinds:
        total = sum(count for key, count in planted.items() if key[1] == kind)
        found = sum(count for key, count in caught.items() if key[1] == kind)
        known = sum(v.law is None and v.fault.kind == kind and explanation(v.fault) is not None for v in verdicts)
        left = f", {total - found} survive, {known} of them explained" if total > found else ""
        lines.append(f"{kind}: {found} of {total} caught ({100 * found / total:.1f} %){left}")
        lines += [f"    {family:{wide}}  {caught[family, kind]:5} of {planted[family, kind]:5}"
                  for family in families if planted[family, kind]]  # fmt: skip
    lines += ["", f"in all: {sum(caught.values())} of {len(verdicts)} caught"]
    survivors = [verdict for verdict in verdicts if verdict.law is None]
    for verdict in sorted(survivors, key=lambda v: (explanation(v.fault) is None, str(v.fault))):
        reason = explanation(verdict.fault) or ("NOT EXPLAINED" + ("" if verdict.changes else "; it never changed anything"))
        lines.append(f"  {verdict.fault}: {reason}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m minitorch.testing faults", description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=list(KINDS), help="only faults of this kind")
    parser.add_argument("--op", help="only faults of this op")
    parser.add_argument("--sample", type=float, default=100, metavar="PERCENT", help="a seeded share of all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes")
    parser.add_argument("--laws", action="store_true", help="say which law caught each fault")
    given = parser.parse_args(arguments)
    if given.op is not None and given.op not in TABLE:
        parser.error(f"there is no op {given.op!r}{meant(given.op, TABLE)}")
    start = time.perf_counter()
    chosen = sample(faults(given.kind, given.op), given.sample, given.seed)
    verdicts = []
    for verdict in run(chosen, given.jobs):
        verdicts.append(verdict)
        if given.laws:
            print(f"{verdict.fault} -> {verdict.law} ({verdict.where}) {verdict.seconds:.2f} s", flush=True)
        elif verdict.law is None and explanation(verdict.fault) is None:
            print(f"survived: {verdict.fault} ({verdict.changes} changes, {verdict.where})", file=sys.stderr, flush=True)
    print(report(verdicts))
    print(f"{time.perf_counter() - start:.0f} s")
    return int(any(v.law is None and explanation(v.fault) is None for v in verdicts))
