"""Sums, products and running sums along the rows of host arrays, and slices and transposed rows copied, in vector passes.

NumPy sums a row pairwise but not in whole vectors, and multiplies and accumulates one element at a time. Here a sum is
a matrix times a vector of ones, and a long row is cut into stretches that are worked on at once, block of rows by block
of rows, so that they stay in the cache.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

FLOATS = frozenset((np.dtype("float32"), np.dtype("float64")))
#: Below this many elements NumPy's own reductions are as fast.
SMALL = 2048
#: The longest stretch summed by one product: what rounding adds to it stays that of a few additions per lane.
STRETCH = 4096
#: The most rows summed by one product, for the same reason: they are added one after another.
TALL = 512
#: Elements per step: two buffers of them stay in the second-level cache.
CHUNK = 1 << 15
#: The columns of a transposed matrix that are copied together: a cache line of float32, twice.
STRIP = 32
#: A running sum is taken in stretches of this length, all at once.
BLOCK = 8


@functools.lru_cache(32)
def _ones(count: int, dtype: Any) -> Array:
    return np.ones(count, dtype)


def total(x: Array, axes: Any, keepdims: bool = False) -> Any:
    """x.sum(axes, keepdims=keepdims) of a float array; as a matrix product where it is large, dense and fits."""
    if x.size >= SMALL and x.dtype in FLOATS and x.flags.c_contiguous:
        shape, ndim = x.shape, x.ndim
        axes = tuple(range(ndim)) if axes is None else (axes % ndim,) if axes.__class__ is int else axes
        count = len(axes)
        if axes == tuple(range(ndim - count, ndim)):  # the last ones: rows
            length = math.prod(shape[ndim - count :])
            if length >= 16:
                kept = shape[: ndim - count] + (1,) * count * bool(keepdims)
                return _rows(x, length).reshape(kept)
        elif axes == tuple(range(count)):  # the first ones: columns
            length = math.prod(shape[:count])
            if length >= 16:
                kept = (1,) * count * bool(keepdims) + shape[count:]
                return _columns(x, length).reshape(kept)
    out = x.sum(axis=axes, keepdims=keepdims)
    return out if out.flags.c_contiguous else np.ascontiguousarray(out)  # in the order of its dimensions, as in PyTorch


def _rows(x: Array, length: int) -> Array:
    """The sums of a dense array's stretches of this length."""
    out: Array
    if length <= STRETCH:
        out = np.matmul(x.reshape(-1, length), _ones(length, x.dtype))
        return out
    flat = x.reshape(-1, length)
    whole = length - length % 1024
    parts = np.matmul(flat[:, :whole].reshape(-1, 1024) if whole == length else flat[:, :whole].reshape(len(flat), -1, 1024),
                      _ones(1024, x.dtype))  # fmt: skip
    out = parts.reshape(len(flat), -1).sum(1)
    if whole < length:
        out += flat[:, whole:].sum(1)
    return out


def _columns(x: Array, length: int) -> Array:
    """The sums over the first dimension of a dense array, seen as a matrix of this many rows."""
    matrix = x.reshape(length, -1)
    out: Array
    if length <= TALL:
        out = np.matmul(_ones(length, x.dtype), matrix)
        return out
    whole = length - length % TALL
    out = np.matmul(_ones(TALL, x.dtype), matrix[:whole].reshape(-1, TALL, matrix.shape[1])).sum(0)
    if whole < length:
        out += matrix[whole:].sum(0)
    return out


def product(x: Array, axis: int) -> Array:
    """x.prod(axis) of a dense float array: both halves of a row are multiplied until little is left."""
    shape = x.shape
    inner = math.prod(shape[axis + 1 :])
    out: Array
    if inner >= 16:  # whole rows times whole rows: NumPy does that well
        out = x.prod(axis)
        return out
    x = x.reshape(-1, shape[axis], inner)
    if inner == 1 and x.size > 4 * CHUNK and len(x) > 1:  # four times the usual block: little is written
        out = np.empty((len(x), 1), x.dtype)
        for rows, result in _blocks(x[:, :, 0], out, length=-(-shape[axis] // 4)):
            result[:, 0] = product(rows, 1)
        return out.reshape(shape[:axis])
    while x.shape[1] * inner > 16 and x.shape[1] > 1:
        half = x.shape[1] // 2
        folded = x[:, :half] * x[:, half : 2 * half]
        if x.shape[1] % 2:
            folded[:, 0] *= x[:, -1]
        x = folded
    # The few columns left as rows, since NumPy multiplies whole rows, but a short line one by one.
    out = np.multiply.reduce(np.ascontiguousarray(x.swapaxes(0, 1)), axis=0).reshape(shape[:axis] + shape[axis + 1 :])
    return out


def running(x: Array, combine: Any, reverse: bool = False) -> Array:
    """The running sums or products (`combine` np.add or np.multiply) of a dense float32 array along its last axis,
    kept in float64; stretches of BLOCK, which divides the length, advance together."""
    out = np.empty_like(x)
    for rows, result in _blocks(x, out):
        if reverse:
            rows, result = rows[:, ::-1], result[:, ::-1]
        count, length = rows.shape
        part = np.empty((BLOCK, count, length // BLOCK))
        part[...] = rows.reshape(count, -1, BLOCK).transpose(2, 0, 1)
        for i in range(1, BLOCK):
            combine(part[i], part[i - 1], out=part[i])
        later = part[:, :, 1:]
        combine(later, combine.accumulate(part[-1, :, :-1], axis=1), out=later)
        result.reshape(count, -1, BLOCK)[...] = part.transpose(1, 2, 0)
    return out


def recurrence(a: Array, b: Array, out: Array) -> None:
    """out_k = b_k + a_k out_(k-1) along the last axis of three arrays of one shape, of a length that a block of 8 or
    32 divides: the steps within all blocks at once, then from block to block."""
    length = b.shape[-1]
    size = 32 if length >= 1024 and length % 32 == 0 else BLOCK
    factors, terms, result = (array.reshape(-1, length // size, size) for array in (a, b, out))
    step = max(1, (1 << 17) // length)
    for start in range(0, len(terms), step):
        block = slice(start, start + step)
        shape = (size, *terms[block].shape[:2])
        p, q = np.empty(shape, b.dtype), np.empty(shape, b.dtype)
        p[...], q[...] = factors[block].transpose(2, 0, 1), terms[block].transpose(2, 0, 1)
        buffer = np.empty(shape[1:], b.dtype)
        for i in range(1, size):
            q[i] += np.multiply(p[i], q[i - 1], out=buffer)
            p[i] *= p[i - 1]
        carried, onward = q[-1].T.copy(), p[-1].T.copy()
        for k in range(1, len(carried)):
            carried[k] += onward[k] * carried[k - 1]
        q[:, :, 1:] += p[:, :, 1:] * carried[:-1].T
        result[block] = q.transpose(1, 2, 0)


def shares(x: Array) -> tuple[Array, Array]:
    """The softmax of a dense float matrix along its rows, and each row's log(sum(exp(x)))."""
    out, logs = np.empty_like(x), np.empty((len(x), 1), x.dtype)
    for rows, result, log in _blocks(x, out, logs, length=x.shape[1]):
        top = rows.max(1, keepdims=True)
        np.subtract(rows, top, out=result)
        np.exp(result, out=result)
        sums = total(result, (1,), True)
        result /= sums
        np.log(sums, out=log)
        log += top
    return out, logs[:, 0]


def _blocks(*arrays: Array, length: int = 0) -> Any:
    """The same rows of several dense arrays as matrices, a few at a time."""
    matrices = [array.reshape(-1, array.shape[-1]) for array in arrays]
    step = max(1, CHUNK // (length or matrices[0].shape[1]))
    for start in range(0, len(matrices[0]), step):
        yield [matrix[start : start + step] for matrix in matrices]


def placed(g: Array, index: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with the slices of g added at the positions `index` (a vector, none negative) of one axis."""
    size = shape[axis]
    times = np.bincount(index, minlength=size)
    source = np.zeros(size, np.int64)
    if times.max(initial=0) <= 1:
        source[index] = np.arange(index.size)
    else:  # equal positions side by side, then summed in runs
        order = index.argsort(kind="stable")
        present = times.nonzero()[0]
        starts = times[present].cumsum()
        starts[1:] = starts[:-1]
        starts[0] = 0
        g = np.add.reduceat(g.take(order, axis), starts, axis)
        source[present] = np.arange(present.size)
    out: Array = g.take(source, axis)
    empty = np.flatnonzero(times == 0)
    if empty.size:
        out[(slice(None),) * axis + (empty,)] = 0
    return out


def leaders(x: Array, count: int) -> Array | None:
    """Positions of the `count` largest of each row of a float matrix, in order; None where -inf is among them."""
    left, rows = x.copy(), np.arange(len(x))
    found = np.empty((len(x), count), np.int64)
    for place in range(count):
        best = left.argmax(1)
        found[:, place] = best
        left[rows, best] = -np.inf
    return None if (x[rows[:, None], found] == -np.inf).any() else found


def dense(x: Any) -> Array:
    """numpy.ascontiguousarray; of a large transposed matrix in strips, each read and written within the cache."""
    if x.__class__ is not np.ndarray or x.ndim != 2 or min(x.shape) < 256 or x.flags.c_contiguous or not x.flags.f_contiguous:
        return np.ascontiguousarray(x)
    out = np.empty(x.shape, x.dtype)
    for start in range(0, x.shape[1], STRIP):
        out[:, start : start + STRIP] = x[:, start : start + STRIP]
    return out


def serves(xp: Any, x: Any, least: int = 1) -> bool:
    """Whether x is a dense float32 or float64 array of the host with `least` elements or more."""
    return xp.name == "cpu" and x.size >= least and x.dtype in FLOATS and x.flags.c_contiguous
