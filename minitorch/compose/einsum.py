"""Einstein's notation: parse, bring operands to a common order, and contract two at a time.

Each contraction is a permutation, a reshape to batches of matrices and one matrix product, so its derivatives are those
of the matrix product.
"""

from __future__ import annotations

from typing import Any

from ..ops.contraction import matmul
from ..ops.kinds import EXPECTED, agreeing, lacking
from ..ops.reduce import sum as total
from ..ops.shape import diagonal, permute, reshape


def run(equation: str, operands: Any) -> Any:
    """Evaluate `equation` on the operands."""
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = tuple(operands[0])
    inputs, output = parse(equation.replace(" ", ""), operands)
    sizes: dict[str, int] = {}
    for labels, x in zip(inputs, operands, strict=True):
        for label, n in zip(labels, x._data.shape, strict=True):
            if sizes.get(label, 1) == 1:
                sizes[label] = n
            elif n not in (1, sizes[label]):
                raise RuntimeError(
                    f"einsum(): operands do not broadcast with remapped shapes [original->remapped]: subscript {label} "
                    f"has size {n} which does not broadcast with previously seen size {sizes[label]}"
                )
    current, labels = _diagonals(operands[0], inputs[0])
    rest = list(zip(operands[1:], inputs[1:], strict=True))
    current, labels = _drop(current, labels, output + "".join(name for _, name in rest), sizes)
    for place, (x, names) in enumerate(rest):
        later = output + "".join(name for _, name in rest[place + 1 :])
        x, names = _diagonals(x, names)
        x, names = _drop(x, names, later + labels, sizes)
        current, labels = _contract(current, labels, x, names, later)
    current, labels = _drop(current, labels, output, sizes)
    return permute(current, dims=tuple(labels.index(label) for label in output)) if output != labels else current


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def spelled(arguments: Any) -> tuple[str, Any]:
    """The form with lists of numbers, `einsum(x, [0, 1], y, [1, 2], [0, 2])`, as an equation and its operands.

    Raises:
        ValueError: for a number outside 0 to 51.
    """

    def word(labels: Any) -> str:
        for label in labels:
            if label is not Ellipsis and not 0 <= label < len(LETTERS):
                raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
        return "".join("..." if label is Ellipsis else LETTERS[label] for label in labels)

    count = len(arguments) // 2
    equation = ",".join(word(labels) for labels in arguments[1 : 2 * count : 2])
    if len(arguments) % 2:
        equation += f"->{word(arguments[-1])}"
    return equation, tuple(arguments[: 2 * count : 2])


def parse(equation: str, operands: Any) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with `...` spelled out in capitals of its own."""
    left, arrow, right = equation.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        more = "fewer" if len(inputs) > len(operands) else "more"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the equation")
    free = [chr(0x3B1 + i) for i in range(24)]
    widest = 0
    for names, x in zip(inputs, operands, strict=True):
        count = x._data.ndim - len(names.replace("...", ""))
        if ("..." not in names and count) or count < 0:
            raise RuntimeError(
                "einsum(): the number of subscripts in the equation "
                f"({len(names.replace('...', ''))}) does not match the number of dimensions ({x._data.ndim}) for "
                f"operand {inputs.index(names)} and no ellipsis was given"
            )
        widest = max(widest, count) if "..." in names else widest
    spelled = []
    for names, x in zip(inputs, operands, strict=True):
        count = x._data.ndim - len(names.replace("...", ""))
        spelled.append(names.replace("...", "".join(free[widest - count : widest])))
    every = "".join(spelled)
    if not arrow:
        once = sorted(label for label in set(every) if every.count(label) == 1 and label not in free)
        right = "".join(free[:widest]) + "".join(once)
    else:
        right = right.replace("...", "".join(free[:widest]))
    for label in right:
        if right.count(label) > 1:
            raise RuntimeError(f"einsum(): output subscript {label} appears more than once in the output")
        if label not in every:
            raise RuntimeError(
                f"einsum(): output subscript {label} does not appear in the equation for any input operand"
            )
    return spelled, right


def _diagonals(x: Any, labels: str) -> tuple[Any, str]:
    """A label that stands twice takes the diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            one = labels.index(label)
            other = labels.index(label, one + 1)
            x = diagonal(x, offset=0, dim1=one, dim2=other)
            labels = labels[:one] + labels[one + 1 : other] + labels[other + 1 :] + label
    return x, labels


def _drop(x: Any, labels: str, needed: str, sizes: dict[str, int]) -> tuple[Any, str]:
    """Sum over the labels that nobody asks for any more."""
    gone = tuple(i for i, label in enumerate(labels) if label not in needed)
    if not gone:
        return x, labels
    return total(x, dim=gone), "".join(label for label in labels if label in needed)


def _contract(x: Any, xs: str, y: Any, ys: str, later: str) -> tuple[Any, str]:
    """One matrix product: shared labels that live on are batches, shared ones that do not are summed."""
    shape_x = dict(zip(xs, x._data.shape, strict=True))
    shape_y = dict(zip(ys, y._data.shape, strict=True))
    both = [label for label in xs if label in ys]
    summed = [label for label in both if label not in later]
    for label in list(summed):  # a size-1 dimension against a longer one broadcasts before it is summed
        if shape_x[label] != shape_y[label]:
            if shape_x[label] == 1:
                y, ys = total(y, dim=(ys.index(label),), keepdim=True), ys
                shape_y[label] = 1
            else:
                x, xs = total(x, dim=(xs.index(label),), keepdim=True), xs
                shape_x[label] = 1
    batch = [label for label in both if label in later]
    left = [label for label in xs if label not in both]
    right = [label for label in ys if label not in both]

    def arranged(t: Any, labels: str, groups: list[list[str]], sizes: dict[str, int]) -> Any:
        order = [label for group in groups for label in group]
        t = permute(t, dims=tuple(labels.index(label) for label in order))
        head = tuple(sizes[label] for label in groups[0])
        tail = []
        for group in groups[1:]:
            size = 1
            for label in group:
                size *= sizes[label]
            tail.append(size)
        return reshape(t, shape=(*head, *tail))

    columns, rows = arranged(x, xs, [batch, left, summed], shape_x), arranged(y, ys, [batch, summed, right], shape_y)
    if summed:
        lacking("bmm", "b", columns)
        agreeing(EXPECTED, columns, rows)
    product = matmul(columns, rows) if summed else columns * rows
    labels = "".join(batch + left + right)
    sizes = shape_x | shape_y | {b: max(shape_x[b], shape_y[b]) for b in batch}
    for b in batch:
        if 0 in (shape_x[b], shape_y[b]):
            sizes[b] = 0
    return reshape(product, shape=tuple(sizes[label] for label in labels)), labels
