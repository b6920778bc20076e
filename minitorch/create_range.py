"""`range`: PyTorch's older `arange`, whose end is included. It stands alone, for it is called like Python's own."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ._tensor import Tensor
from ._tensor_arguments import as_dtype, as_number
from .backend import dtype as dt
from .create_ranges import arange

__all__ = ["range"]


def range(start: Any, end: Any, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
          pin_memory: bool = False, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Numbers from start to end, both included, `step` apart, in the default dtype.

    Raises:
        RuntimeError: a step of zero, or one that leads away from the end.
    """
    warnings.warn("torch.range is deprecated and will be removed in a future release because its behavior is inconsistent "
                  "with Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
                  UserWarning, stacklevel=2)  # fmt: skip
    first, last, each = (as_number("range", name, place, value) for place, (name, value) in
                         enumerate((("start", start), ("end", end), ("step", step)), 1))  # fmt: skip
    kind = as_dtype("range", dtype) or (dt.default() if out is None else out.dtype)
    if not each:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first:g} -> {last:g}")
    if (last < first) if each > 0 else (last > first):
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if kind.category != dt.FLOATING:  # whole steps from a whole start
        first, last, each = int(first), int(last), int(each)
    count = math.floor((last - first) / each) + 1
    last = first + (2 * count - 1) * each / 2  # half a step behind the last number
    return arange(first, last if kind.category == dt.FLOATING else first + count * each, each, out=out, dtype=kind,
                  layout=layout, device=device, requires_grad=requires_grad)  # fmt: skip
