"""The tape as a tree for terminals.

One line per node, newest first. A line's heaviest operand (the one most of the tape hangs from) is the next line at
the same depth; its other operands are drawn before it as branches. So the depth is at most log2 of the number of
nodes, a chain of 200,000 ops is a straight column, and nothing recurses. A node that feeds several others is drawn
once, under its newest consumer; every line names its operands by id.
"""

from __future__ import annotations

from collections.abc import Sequence

from .collect import Entry

__all__ = ["tree"]


def tree(entries: Sequence[Entry]) -> str:
    """The lines of the tree, joined; `entries` as `collect` returns them, oldest first, ids equal to positions."""
    owner, weight = _spanning_tree(entries)
    operands: list[list[int]] = [[] for _ in entries]
    roots = []
    for number in reversed(range(len(entries))):
        if owner[number] is None:
            roots.append(number)
        else:
            operands[owner[number] or 0].append(number)
    width = len(str(len(entries) - 1)) + 1
    lines = []
    # A stack entry is (node, what stands left of it, what stands left of the rest of its column).
    stack = [(root, "", "") for root in reversed(roots)]
    while stack:
        number, head, margin = stack.pop()
        lines.append(f"{head}{f'#{number}':<{width}} {describe(entries[number])}")
        below = sorted(operands[number], key=lambda operand: weight[operand])
        if below:
            stack.append((below[-1], margin, margin))
            stack.extend((operand, margin + "├─ ", margin + "│  ") for operand in reversed(below[:-1]))
    return "\n".join(lines)


def describe(entry: Entry) -> str:
    """One entry on one line: title, operands, params, shape, dtype, value."""
    title = clean(entry.title)
    if entry.kind == "op":
        arguments = ["·" if parent is None else f"#{parent}" for parent in entry.parents]
        arguments += [f"{clean(name)}={clean(value)}" for name, value in entry.params]
        title += f"({', '.join(arguments)})"
    return "  ".join(part for part in (title, facts(entry), clean(entry.note)) if part)


def facts(entry: Entry) -> str:
    """Shape and dtype of an array, value and gradient of a float."""
    if entry.data is None:
        shape = f"[{', '.join(map(str, entry.shape))}]"
        return f"{shape} {entry.dtype}".rstrip()
    return f"{entry.data:.4g}" + ("" if entry.grad is None else f"  grad {entry.grad:.4g}")


def clean(text: str) -> str:
    """The text on one line: control characters, which neither a terminal nor XML should be sent, become U+FFFD."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


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
