"""What is called: an op of the table, or a public function, with the row that says how its operands are drawn.

`all_ops()` reads the table of ops, `compositions()` the table of public functions without those that are an op's front.
A family tells the inputs from the parameters where there is no row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .._tensor import Tensor
from ..ops import TABLE
from ..ops.front import PUBLIC, parse
from ..ops.op import Op
from . import rows
from .domains import Rule

#: The row of what has none.
PLAIN = Rule()


@dataclass(frozen=True, eq=False)
class Subject:
    """An op of the table, or a public function: what is called and how its operands are drawn."""

    name: str
    function: Any
    family: str
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    rule: Rule
    op: Op | None = None
    same_as: str = ""  # what it is another name of
    given: tuple[Any, ...] = ()  # cases, in place of those that its row and family make

    def __str__(self):
        return self.name if isinstance(self.function, Op) else f"minitorch.{self.name}"

    def run(self, *args, **params):
        """The call that derivatives are taken of."""
        if self.rule.through is not None:
            return self.rule.through(self.function, *args, **params)
        return self.function(*args, **params)

    @property
    def differentiable(self):
        return self.op is None or self.op.differentiable

    @property
    def kind(self):
        """"op", "front" (the public function of an op) or "composition"."""
        return "op" if isinstance(self.function, Op) else "composition" if self.op is None else "front"


def of_op(op):
    return Subject(op.name, op, op.family, op.inputs, op.param_names, rows.OPS.get(op.name, PLAIN), op)


def of_public(space, name, entry):
    """A public function by its qualified name; one that is the front of an op draws as the op does."""
    full = f"{space}.{name}" if space else name
    if isinstance(entry.target, Op):
        subject = of_op(entry.target)
        row = rows.PUBLIC.get(full, subject.rule)
        return replace(subject, name=full, function=entry.function, rule=row, same_as=f"the front of op {subject.name}")
    parameters = [p for p in parse(entry.signatures[0]) if p.name != "out"]
    operand = [p.default is None and (i == 0 or p.kind in ("tensor", "operand")) for i, p in enumerate(parameters)]
    count = operand.index(False) if False in operand else len(operand)
    names = tuple(p.name for p in parameters)
    rest = [p for p in parameters[count:] if p.default is None]
    family = "reduction" if count == 1 and names[1:2] == ("dim",) else "elementwise" if not rest else "other"
    bare = rows.PUBLIC.get(name, PLAIN)
    bare = bare if space else rows.PUBLIC.get(f"minitorch.{name}", bare)  # where a namesake orders its arguments otherwise
    return Subject(full, entry.function if entry.functional else getattr(Tensor, name), family, names[:count],
                   names[count:], rows.PUBLIC.get(full, bare) if space else bare)  # fmt: skip


def all_ops():
    return [of_op(op) for op in TABLE.values()]


def all_public():
    """Every public function once, under its own name; not those that write their operand.

    One that stands in several namespaces says from the second on what it is the same as.
    """
    found = [of_public(space, name, entry) for space, names in PUBLIC.items() for name, entry in names.items()
             if name == entry.name and (entry.functional or entry.method) and not name.endswith("_")]  # fmt: skip
    first: dict[Any, Subject] = {}
    for place, subject in enumerate(found):
        if subject.op is None:
            other = first.setdefault(target_of(subject), subject)
            if other is not subject:
                found[place] = replace(subject, same_as=str(other))
    return found


def target_of(subject):
    """What a public function runs."""
    space, _, name = subject.name.rpartition(".")
    return PUBLIC[space][name].target


def compositions():
    """The public functions that are no op's front, each once, whatever namespaces it is in."""
    return [subject for subject in all_public() if not subject.same_as]


def every_subject():
    """All ops and all public functions."""
    return [*all_ops(), *all_public()]
