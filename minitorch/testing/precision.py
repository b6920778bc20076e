"""Low precision, proved without differences: the low-precision gradient against the float64 gradient.

Differences of float32 results err by 1e-4 at best, so they are never taken. The float64 gradient is differenced; the
gradient in the dtype that was asked for must agree with it to PyTorch's tolerance of that dtype, times the square root of
the longest sum, and to what a rounding or two of the inputs makes of it: what cancels on the way leaves its roundings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..ops.record import node_of
from .arrays import dense_gradients, draw_like, on_host
from .problem import Problem
from .report import Finding

#: PyTorch's relative tolerances (torch.testing.assert_close), and one rounding, by the name of the dtype.
RTOL = {"float16": 1e-3, "bfloat16": 1.6e-2, "float32": 1.3e-6, "complex64": 1.3e-6}
EPS = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "complex64": 2.0**-24}
#: How much of what a rounding or two of the inputs does to the gradient, in either precision, may be seen.
SENSITIVITY = 16.0


def against_float64(problem: Problem, dtypes: list[Any], seed: int = 0) -> tuple[list[Finding], str]:
    """Compare the gradient in `dtypes` (one per tensor) with the gradient in float64, at the same point.

    Returns:
        what is wrong, and a sentence with the largest error.
    """
    low = problem.narrowed(dtypes)
    random = np.random.default_rng(seed)
    seeds = [draw_like(np.empty(o._data.shape, np.complex128 if o._data.dtype.kind == "c" else np.float64), random)
             for o in low.outputs]  # fmt: skip
    seeds = [np.asarray(np.asarray(s, dtype=o._data.dtype), dtype=s.dtype) for s, o in zip(seeds, low.outputs)]
    found = pulled(low, low.tensors, seeds)
    kinds = sorted({dtype.name for dtype in dtypes if dtype.name in RTOL})
    named = " and ".join(kinds)
    points = [np.asarray(on_host(tensor._data), dtype=wide._data.dtype)
              for tensor, wide in zip(low.tensors, problem.tensors)]  # fmt: skip
    near = 100 * max((RTOL.get(dtype.name, 0.0) for dtype in dtypes), default=0.0)
    if low.random and not _alike(low.outputs, problem.run([_leaf(point) for point in points]), near):
        return [], f"it draws other random numbers in {named} than in float64, so that the two gradients are not compared"
    exact = pulled(problem, [_leaf(point) for point in points], seeds)
    moved = [point * (1 + EPS.get(dtype.name, 0.0) * random.choice((-1.0, 1.0), point.shape))
             for point, dtype in zip(points, dtypes)]  # fmt: skip
    nearby = pulled(problem, [_leaf(point) for point in moved], seeds)
    nudged = pulled(low, [_leaf((p * (1 + 2 * EPS.get(dtype.name, 0.0) * random.choice((-1.0, 1.0), p.shape))).astype(dtype))
                          for p, dtype in zip(points, dtypes)], seeds)  # fmt: skip
    longest = max([tensor._data.size for tensor in (*low.tensors, *low.outputs)], default=1)
    largest = max((float(np.abs(s).max(initial=0.0)) for s in seeds), default=0.0)
    findings, worst, allowed_worst = [], 0.0, 0.0
    for name, dtype, g, true, near, nudge in zip(problem.names, dtypes, found, exact, nearby, nudged):
        if dtype.name not in RTOL or not true.size:
            continue
        with np.errstate(all="ignore"):
            size = float(np.abs(true).max())
            rounded = float(np.abs(np.asarray(g, dtype=true.dtype) - nudge).max())
            allowed = RTOL[dtype.name] * np.sqrt(longest) * size + SENSITIVITY * max(float(np.abs(true - near).max()), rounded)
            far = np.abs(np.asarray(g, dtype=true.dtype) - true)
            if size <= 1e-12 * largest:  # 0 by cancellation: what is left in low precision are roundings of the terms
                allowed = max(allowed, 1e3 * EPS[dtype.name] * largest)
        far = np.where(np.isfinite(true) | np.isfinite(far), far, 0.0)
        index = tuple(int(i) for i in np.unravel_index(int(np.nan_to_num(far, nan=np.inf).argmax()), far.shape))
        if size and float(far[index]) / size >= worst:
            worst, allowed_worst = float(far[index]) / size, allowed / size
        if not float(far[index]) <= allowed:
            findings.append(Finding("precision", f"the {dtype.name} gradient by {name!r} is {g[index]:.7g} at index "
                                    f"{list(index)}, the float64 gradient {true[index]:.7g}: off by {float(far[index]):.2g}, "
                                    f"allowed {allowed:.2g}", name=name, index=index))  # fmt: skip
    return findings, (f"the {named} gradient was compared with the float64 gradient: off by at most {worst:.1e} "
                      f"of its largest entry, allowed {allowed_worst:.1e}")  # fmt: skip


def _alike(low: list[Tensor], high: list[Tensor], near: float) -> bool:
    """Whether results are the same but for precision."""
    return all(np.allclose(np.asarray(on_host(a._data), dtype=b._data.dtype), on_host(b._data), rtol=near, atol=near)
               for a, b in zip(low, high, strict=True))  # fmt: skip


def _leaf(array: Any) -> Tensor:
    return Tensor._wrap(np.asarray(array)).requires_grad_()


def pulled(problem: Problem, tensors: list[Tensor], seeds: list[Any]) -> list[Any]:
    """The gradients by these tensors, for these cotangents: arrays."""
    outputs = problem.run(tensors)
    pairs = [(out, Tensor._wrap(np.asarray(seed, dtype=out._data.dtype)))
             for out, seed in zip(outputs, seeds, strict=True) if node_of(out) is not None]  # fmt: skip
    if not pairs:
        return [np.zeros(tensor._data.shape, tensor._data.dtype) for tensor in tensors]
    found = dense_gradients([out for out, _ in pairs], tensors, [seed for _, seed in pairs])
    return [np.asarray(on_host(g._data)) for g in found]
