"""An array in a few numbers: what a picture keeps of a value or of a gradient.

The numbers are Python's own, so that nothing here keeps an array alive. Sums are made in float64: a float16 array does
not overflow by being looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend.namespace import backend_of

__all__ = ["Stats", "measure", "shown", "size_of"]

#: norm, mean, max (largest magnitude), zeros (share), nan, inf (counts), values (at most VALUES numbers, or None).
Stats = dict[str, Any]
VALUES = 16
#: How many numbers are looked at together.
PIECE = 1 << 22
#: Below it a sum of squares has lost digits.
SMALLEST = 1e-280


def measure(value: Any) -> Stats | None:
    """The statistics of a number, an array or a tracked value; None for anything else.

    Complex numbers count by their magnitude, and are spelled out as strings. A 0-d array's `values` is a bare number.
    """
    raw = getattr(value, "_data", value)
    if raw.__class__ in (float, int, bool):
        return _of_number(float(raw)) | {"values": raw}
    kind = getattr(getattr(raw, "dtype", None), "kind", None)
    if kind is None or kind not in "biufcV":
        return None
    values = raw.tolist() if raw.size <= VALUES else None
    if kind == "c" and values is not None:
        values = _spelled(values)
    with np.errstate(all="ignore"):
        return _of_array(raw, kind, values)


def _of_array(raw: Any, kind: str, values: Any) -> Stats:
    count = raw.size
    if not count:
        return {"norm": 0.0, "mean": 0.0, "max": 0.0, "zeros": 0.0, "nan": 0, "inf": 0, "values": values}
    xp = backend_of(raw)
    total = square = zeros = 0.0
    nan = inf = 0
    tops = []
    for wide in _pieces(raw, kind, xp):
        part = float(wide.sum())
        total += part
        if not math.isfinite(part):
            nan, inf = nan + int(xp.isnan(wide).sum()), inf + int(xp.isinf(wide).sum())
        square += float((wide * wide).sum())
        tops.append(float(xp.abs(wide).max()))
        zeros += float((wide == 0).sum())
    top = math.nan if any(one != one for one in tops) else max(tops)
    norm, mean = math.sqrt(square) if square >= 0 else math.nan, total / count
    if 0 < top < math.inf and not SMALLEST < square < math.inf:  # the squares, or the sum, left the range of float64
        parts = [(float(((wide / top) ** 2).sum()), float((wide / top).sum())) for wide in _pieces(raw, kind, xp)]
        norm = top * math.sqrt(sum(part for part, _ in parts))
        mean = top * (sum(part for _, part in parts) / count)
    return {"norm": norm, "mean": mean, "max": top, "zeros": zeros / count, "nan": nan, "inf": inf, "values": values}


def _pieces(raw: Any, kind: str, xp: Any) -> Iterator[Any]:
    """The numbers (of complex ones the magnitudes) as float64, at most PIECE at a time: a large array is not copied whole."""
    if raw.size <= PIECE:
        yield (xp.abs(raw) if kind == "c" else raw).astype("float64").reshape(-1)
        return
    flat = raw.reshape(-1) if not isinstance(raw, np.ndarray) or raw.flags.c_contiguous else raw.flat
    for start in range(0, raw.size, PIECE):
        piece = flat[start : start + PIECE]
        yield (xp.abs(piece) if kind == "c" else piece).astype("float64")


def _of_number(number: float) -> Stats:
    size = abs(number)
    return {"norm": size, "mean": number, "max": size, "zeros": float(number == 0), "nan": int(number != number),
            "inf": int(math.isinf(number)), "values": number}  # fmt: skip


def _spelled(values: Any) -> Any:
    """Complex numbers in nested lists as strings, for want of such numbers in JSON."""
    if isinstance(values, list):
        return [_spelled(value) for value in values]
    return f"{values.real:.6g}{values.imag:+.6g}j"


def shown(number: float) -> str:
    """A number in at most four digits."""
    return f"{number:.4g}"


def size_of(count: float) -> str:
    """A number of bytes as people read it."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.5 else f"{count:.1f} {unit}"
        count /= 1000
    return ""
