"""What `assert_close` says: how many elements differ, by how much at most, and where.

PyTorch's texts, number for number (torch/testing/_comparison.py): the largest absolute and the largest relative
difference are looked for among the elements that are not close only.
"""

from __future__ import annotations

import math
from typing import Any


def number_mismatch(actual: Any, expected: Any, rtol: float, atol: float, name: str = "Scalars") -> str:
    """Of two Python numbers."""
    absolute = abs(actual - expected)
    relative = math.inf if expected == 0 else absolute / abs(expected)
    first = f"Expected {expected} but got {actual}."
    return _text(name, first, (absolute, None), (relative, None), rtol, atol)


def tensor_mismatch(actual: Any, expected: Any, matches: Any, rtol: float, atol: float, name: str = "Tensor-likes") -> str:
    """Of two tensors of one shape and dtype; `matches` says where they are close."""
    total = matches.numel()
    wrong = total - int(matches.sum())
    first = f"Mismatched elements: {wrong} / {total} ({wrong / total:.1%})"
    x, y, close = actual.flatten(), expected.flatten(), matches.flatten()
    if not x.dtype.is_floating_point and not x.dtype.is_complex:
        x, y = x.long(), y.long()
    absolute = (x - y).abs()
    absolute[close] = 0
    relative = absolute / y.abs()
    relative[close] = 0
    found = []
    for difference in (absolute, relative):
        largest, place = difference.max(0)
        found.append((largest.item(), _index(int(place), tuple(matches.shape))))
    return _text(name, first, found[0], found[1], rtol, atol)


def _index(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index in an array of this shape of the element at `place` in row-major order."""
    index: list[int] = []
    for size in reversed(shape):
        place, last = divmod(place, size)
        index.append(last)
    return tuple(reversed(index))


def _text(name: str, first: str, absolute: tuple[Any, Any], relative: tuple[Any, Any], rtol: float, atol: float) -> str:
    exact = rtol == 0 and atol == 0
    lines = [f"{name} are not {'equal' if exact else 'close'}!", "", first]
    for kind, (value, index), allowed in (("absolute", absolute, atol), ("relative", relative, rtol)):
        line = f"{kind.title()} difference: {value}"
        if index is not None:
            line = f"Greatest {kind} difference: {value} at index {index}"
        lines.append(line if exact else f"{line} (up to {allowed} allowed)")
    return "\n".join(lines)
