"""The tape as a tree for terminals.

One line per node, newest first. A line's heaviest operand (the one most of the tape hangs from) is the next line at
the same depth; its other operands are drawn before it as branches. So the depth is at most log2 of the number of
nodes, a chain of 200,000 ops is a straight column, and nothing recurses. A node that feeds several others is drawn
once, under its newest consumer; every line names its operands by id, and numbers by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from .document import Entry, ModuleCall
from .stats import Stats, shown

__all__ = ["clean", "facts", "health", "tree"]


def tree(entries: Sequence[Entry], modules: Sequence[ModuleCall] = ()) -> str:
    """The lines of the tree, joined; the entries oldest first, ids equal to positions."""
    owner, weight = _spanning_tree(entries)
    operands: list[list[int]] = [[] for _ in entries]
    roots = []
    for number in reversed(range(len(entries))):
        above = owner[number]
        if _is_number(entries[number]):
            continue
        if above is None:
            roots.append(number)
        else:
            operands[above].append(number)
    width = len(str(len(entries) - 1)) + 1
    lines = []
    # A stack entry is (node, what stands left of it, what stands left of the rest of its column).
    stack = [(root, "", "") for root in reversed(roots)]
    while stack:
        number, head, margin = stack.pop()
        lines.append(f"{head}{f'#{number}':<{width}} {describe(entries[number], entries, modules)}")
        below = sorted(operands[number], key=lambda operand: weight[operand])
        if below:
            stack.append((below[-1], margin, margin))
            stack.extend((operand, margin + "├─ ", margin + "│  ") for operand in reversed(below[:-1]))
    return "\n".join(lines)


def describe(entry: Entry, entries: Sequence[Entry], modules: Sequence[ModuleCall] = ()) -> str:
    """One entry on one line: title, operands, params, shape and dtype or numbers, module, source line, what is wrong."""
    title = clean(entry.title)
    if entry.made:
        arguments = [
            "·" if parent is None else entries[parent].title if _is_number(entries[parent]) else f"#{parent}"
            for parent in entry.parents
        ]
        arguments += [f"{clean(name)}={clean(value)}" for name, value in entry.params]
        title += f"({', '.join(arguments)})"
    where = ""
    if entry.module is not None:
        module = modules[entry.module]
        where = f"{module.path} ({module.name})" if module.path else module.name
    marks = (health(entry.value, "value"), health(entry.gradient, "grad"), "← first bad" if entry.first_bad else "",
             clean(entry.error or ""))  # fmt: skip
    return "  ".join(part for part in (title, facts(entry), clean(where), clean(entry.source or ""), *marks) if part)


def facts(entry: Entry) -> str:
    """Shape and dtype of an array, value and gradient of a float."""
    if entry.dtype == "float" and entry.value is not None:
        grad = "" if entry.gradient is None else f"  grad {shown(entry.gradient['values'])}"
        return shown(entry.value["values"]) + grad
    shape = "" if entry.shape is None else f"[{', '.join(map(str, entry.shape))}]"
    return f"{shape} {entry.dtype or ''}".strip()


def _is_number(entry: Entry) -> bool:
    """Whether it is a Python number without a name, which needs no line of its own."""
    return entry.kind == "constant" and entry.name is None and entry.device is None


def health(stats: Stats | None, what: str) -> str:
    """What is wrong with an array: how many of its numbers are not finite."""
    if stats is None or not (stats["nan"] or stats["inf"]):
        return ""
    return f"{what} " + ", ".join(f"{stats[kind]} {kind}" for kind in ("nan", "inf") if stats[kind])


def clean(text: str) -> str:
    """The text on one line: control characters, which neither a terminal nor XML should be sent, become U+FFFD."""
    if text.isprintable():
        return text
    return "".join(character if _fit(character) else "\N{REPLACEMENT CHARACTER}" for character in text)


def _fit(character: str) -> bool:
    """Printable, or what joins emoji into one."""
    return character.isprintable() or character in "\u200d\ufe0f"


def _spanning_tree(entries: Sequence[Entry]) -> tuple[list[int | None], list[int]]:
    """For each entry its newest consumer (None for a root), and how many entries hang from it in that tree."""
    owner: list[int | None] = [None] * len(entries)
    for entry in entries:  # oldest first: the last writer is the newest consumer
        for parent in entry.parents:
            if parent is not None:
                owner[parent] = entry.id
    weight = [1] * len(entries)
    for number, above in enumerate(owner):  # a consumer's id is above its operand's, so every sum is complete when read
        if above is not None:
            weight[above] += weight[number]
    return owner, weight
