"""Even steps between two numbers, to the last bit of PyTorch's: counted from the nearer end, each step rounded once.

PyTorch's loop is compiled to fused multiply-adds; NumPy and CuPy have none, so that the product's and the sum's errors are
carried along (T. J. Dekker, "A floating-point technique for extending the available precision" (1971)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: 2**27 + 1 splits a float64 into halves whose products are exact.
SPLITTER = 134217729.0


def evenly(xp: Any, low: Any, high: Any, count: int, dtype: Any, fused: bool = True) -> Any:
    """`count` even steps from low to high, both included, in a real floating dtype; one step is `low`.

    Without `fused` the product is rounded before the sum, as in PyTorch's logspace.
    """
    kind = np.dtype(dtype)
    with np.errstate(all="ignore"):
        start, end = (float(kind.type(bound)) for bound in (low, high))
        step = float(kind.type(kind.type(end) - kind.type(start)) / kind.type(max(count - 1, 1)))
        place = xp.arange(count).astype("float64")
        left = place[::-1]
        if kind.itemsize >= 4 and fused:
            up, down = multiply_add(place.astype(kind), step, start), multiply_add(left.astype(kind), -step, end)
        else:  # as in half precision always
            up = start + (place.astype(kind) * kind.type(step)).astype("float64")
            down = end - (left.astype(kind) * kind.type(step)).astype("float64")
        return xp.where(place < max(count // 2, count == 1), up, down).astype(kind)


def multiply_add(x: Any, y: float, z: float) -> Any:
    """x * y + z in float32 or float64, rounded once."""
    if x.dtype.itemsize == 4:  # a float64 holds the product exactly
        return (x.astype("float64") * y + z).astype(x.dtype)
    product = x * y
    total = product + z
    if not abs(y) + abs(z) < 1e290:  # where a split would overflow, the plain sum must do
        return total
    split = SPLITTER * x
    x_high = split - (split - x)
    x_low = x - x_high
    y_high = SPLITTER * y - (SPLITTER * y - y)
    y_low = y - y_high
    lost = ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low
    back = total - product
    return total + (lost + ((product - (total - back)) + (z - back)))
