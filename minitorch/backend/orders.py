"""The order of an array's axes in memory, which is the order that random numbers fill it in."""

from __future__ import annotations

from typing import Any


def memory_axes(raw: Any) -> list[int]:
    """The axes of an array from the slowest to the fastest in memory; stride 0 says nothing, as in ATen.

    The order in which in-place draws fill a tensor, and the one that `*_like` gives its result (TensorIterator.cpp,
    `reorder_dimensions`).
    """
    steps, sizes = raw.strides, raw.shape
    fastest = list(range(raw.ndim))[::-1]

    def order(one: int, other: int) -> int:
        if not steps[one] or not steps[other]:
            return 0
        near, far = abs(steps[one]), abs(steps[other])
        return (near > far) - (near < far) or int(sizes[one] > sizes[other])

    for start in range(1, len(fastest)):
        place = start
        for before in range(start - 1, -1, -1):
            found = order(fastest[before], fastest[place])
            if found > 0:
                fastest[before], fastest[place] = fastest[place], fastest[before]
                place = before
            elif found < 0:
                break
    return fastest[::-1]


def inverse(axes: list[int]) -> list[int]:
    """The permutation that undoes `axes`."""
    return [axes.index(axis) for axis in range(len(axes))]
