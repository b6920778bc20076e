"""The proof table: every op and every public function, and what the laws say of its value, its derivatives of three orders,
forward mode, float32 and a device; PyTorch's verdict beside ours where it is installed.

    python -m minitorch.testing                   all of it, as text
    python -m minitorch.testing exp nn.functional.gelu --html proof.html
    python -m minitorch.testing --import my_ops my_op

`rows()` says what there is to prove, `prove(row)` proves one. A cell is ok, wrong, refuses, or none with a reason.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .guessing import guessed_rule, is_foreign
from .laws import COLUMNS, LAWS
from .laws import derivatives as of_derivatives
from .laws import device as of_devices
from .laws import precision as of_precision
from .laws import referee as of_values
from .naming import meant
from .operands import how
from .proof_pytorch import NONE, OK, WRONG, Cell, all_columns, their_cells
from .subjects import Subject, every_subject, target_of

#: The law that a column is about: where it does not apply, the cell says why.
LEADING = {"1st": of_derivatives.first_derivative, "2nd": of_derivatives.second_derivative,
           "3rd": of_derivatives.third_derivative, "jvp": of_derivatives.forward_mode_is_the_transpose_of_reverse_mode,
           "float32": of_precision.float32_is_near_float64, "device": of_devices.the_device_gives_the_same_and_nobody_waits,
           }  # fmt: skip


@dataclass
class Row:
    """One line of the table: a function under all its names."""

    name: str
    family: str
    subjects: list[Subject]
    public: bool

    @property
    def title(self) -> str:
        """The name; an op that only other functions call is told from a function of its name."""
        return self.name if self.public else f"op {self.name}"


@dataclass
class Proof:
    """What was found of one row."""

    title: str
    family: str
    ours: dict[str, Cell]
    theirs: dict[str, Cell]
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)


def rows() -> list[Row]:
    """One for each op and each composition, by name; an op's front and a function's other names are in its row."""
    found: dict[Any, Row] = {}
    for subject in every_subject():
        key = id(subject.op) if subject.op is not None else target_of(subject)
        row = found.setdefault(key, Row(subject.name, subject.family, [], False))
        row.subjects.append(subject)
        if subject.kind != "op" and not row.public:
            row.name, row.public = subject.name, True
    return sorted(found.values(), key=lambda row: (not row.public, row.name.rpartition(".")[2].lower(), row.name))


def chosen(names: Sequence[str]) -> list[Row]:
    """The rows of these names, all of them without any.

    Raises:
        LookupError: for a name that nothing has.
    """
    every = rows()
    if not names:
        return every
    found = []
    for name in names:
        plain = name.removeprefix("minitorch.").removeprefix("mt.")
        fits = [row for row in every if any(plain == subject.name for subject in row.subjects)]
        fits = fits or [row for row in every if any(plain == subject.name.rpartition(".")[2] for subject in row.subjects)]
        if not fits:
            known = [subject.name for row in every for subject in row.subjects]
            raise LookupError(f"there is no op and no public function called {name!r}{meant(name, known)}")
        found += [row for row in fits if row not in found]
    return found


def prove(row: Row, pytorch: bool = True) -> Proof:
    """All columns of one row."""
    start = time.perf_counter()
    errors: list[str] = []
    subjects = [replace(subject, rule=guessed_rule(subject)) if is_foreign(subject) else subject for subject in row.subjects]
    ours = {column: own_cell(column, subjects, errors) for column in COLUMNS}
    return Proof(row.title, row.family, ours, their_side(subjects, pytorch), time.perf_counter() - start, errors)


def own_cell(column: str, subjects: list[Subject], errors: list[str]) -> Cell:
    """All laws of a column: ok where the one that it is about holds, and no other is broken."""
    calls, silent, wrong = 0, "", 0
    if not any(subject.given or how(subject) is not None for subject in subjects):
        return Cell(NONE, reason="its operands cannot be guessed: it has no row")
    for law in LAWS:
        if law.column != column:
            continue
        count, reasons, broken = law.over(subjects)
        wrong += len(broken)
        errors += [f"{law.name}: {'; '.join(getattr(error, '__notes__', ()))}: {' '.join(str(error).split())}"[:600]
                   for error in broken]  # fmt: skip
        calls += count
        if LEADING.get(column) is law and not count:
            silent = reasons[0] if reasons else "there is no case"
    if wrong:
        return Cell(WRONG, wrong, calls, errors[-1])
    return Cell(NONE, reason=silent) if silent or not calls else Cell(OK, calls, calls)


def their_side(subjects: list[Subject], pytorch: bool) -> dict[str, Cell]:
    """PyTorch's cells, or why there are none."""
    if not of_values.installed():
        return dict(all_columns(Cell(NONE, reason="PyTorch is not installed")))
    if not pytorch:
        return dict(all_columns(Cell(NONE, reason="PyTorch was not asked")))
    reasons = [of_values.known(subject) for subject in subjects]
    if None not in reasons:
        return dict(all_columns(Cell(NONE, reason=str(reasons[-1]))))
    return their_cells(subjects[reasons.index(None)])


# ---- many rows -----------------------------------------------------------------------------------------------------------
def _prepare(modules: Sequence[str]) -> None:
    """What each process needs first: one thread for itself, and the modules with further ops."""
    for name in modules:
        importlib.import_module(name)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def _proved(job: tuple[str, bool]) -> Proof:
    global _ROWS
    if _ROWS is None:
        _ROWS = {row.title: row for row in rows()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return prove(_ROWS[job[0]], job[1])


_ROWS: dict[str, Row] | None = None


def proofs(found: Sequence[Row], jobs: int = 1, pytorch: bool = True, modules: Sequence[str] = ()) -> Iterator[Proof]:
    """The rows proved, in order."""
    todo = [(row.title, pytorch) for row in found]
    if jobs <= 1 or len(todo) < 4:
        yield from map(_proved, todo)
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    with multiprocessing.get_context("spawn").Pool(jobs, _prepare, (tuple(modules),)) as pool:
        yield from pool.imap(_proved, todo, chunksize=4)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 where something of ours is wrong."""
    from .proof_page import page
    from .proof_text import line, summary, title

    parser = argparse.ArgumentParser(prog="python -m minitorch.testing", description="Prove ops: value, derivatives, device.")
    parser.add_argument("names", nargs="*", help="ops and functions, such as exp or nn.functional.gelu; by default all")
    parser.add_argument("--html", metavar="FILE", help="write the table as one page")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (%(default)s)")
    parser.add_argument("--no-pytorch", action="store_true", help="do not ask PyTorch")
    parser.add_argument("--import", dest="modules", action="append", default=[], metavar="MODULE", help="with ops of your own")
    options = parser.parse_args(arguments)
    if options.html and not Path(options.html).absolute().parent.is_dir():
        parser.error(f"--html: there is no folder {str(Path(options.html).absolute().parent)!r}")
    start = time.perf_counter()
    _prepare(options.modules)
    try:
        found = chosen(options.names)
    except LookupError as error:
        parser.error(str(error))
    print(title())
    done = []
    for proof in proofs(found, options.j, not options.no_pytorch, options.modules):
        print(line(proof), flush=True)
        done.append(proof)
    seconds = time.perf_counter() - start
    print(summary(done, seconds, detail=bool(options.names)))
    if options.html:
        Path(options.html).write_text(page(done, seconds), encoding="utf-8")
    return int(any_wrong(done))


def any_wrong(done: Iterable[Proof]) -> bool:
    """Whether a cell of ours is wrong."""
    return any(cell.verdict == WRONG for proof in done for cell in proof.ours.values())
