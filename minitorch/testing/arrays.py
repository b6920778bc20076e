"""The arrays of a problem: copies that lie in memory as their originals do, the real numbers that they are made of, leaves.

A complex number is two real ones. Everything is looked at on the host, and put where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tensor import Tensor
from ..backend.namespace import backend_of
from ..ops.backward import gradients
from .nests import is_number, leaves

Function = Callable[..., Any]
Real = NDArray[np.float64]


def results(function: Function, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The floating and complex results of a call, as a list."""
    return [result for _, result in named_results(function(*inputs))]


def named_results(found: Any) -> list[tuple[str, Tensor]]:
    """The floating and complex tensors among the results of a call, by the expression that leads to each."""
    if isinstance(found, Tensor):
        return [("output", found)] if is_number(found) else []
    return [(name, result) for name, result in leaves(found, "output") if is_number(result)]


def dense_gradients(outputs: Sequence[Tensor], inputs: Sequence[Tensor], seeds: Sequence[Tensor], keep: bool = False
                    ) -> list[Tensor]:  # fmt: skip
    """The gradients of recorded outputs by the inputs, 0 where they do not depend on one; sparse ones made dense.

    Args:
        keep: keep the tape for another backward.
    """
    found = gradients(list(outputs), list(inputs), list(seeds), retain_graph=keep, materialize_grads=True)
    return [g.to_dense() if getattr(g, "is_sparse", False) else g for g in found]


def leaf(array: Any) -> Tensor:
    """A tensor around this very array that requires grad."""
    elsewhere = hasattr(array, "dtype") and not isinstance(array, np.ndarray | np.generic)
    return Tensor._wrap(array if elsewhere else np.asarray(array)).requires_grad_()


def draw_like(array: Any, random: np.random.Generator) -> Any:
    """Numbers of the same shape and dtype with a size between 1/2 and 3/2, of either sign."""

    def real() -> Any:
        return random.uniform(0.5, 1.5, array.shape) * random.choice((-1.0, 1.0), array.shape)

    drawn = real() + 1j * real() if array.dtype.kind == "c" else real()
    return placed(np.asarray(drawn, dtype=array.dtype), array)


def placed(host_array: Any, like: Any) -> Any:
    """A host array where `like` lives."""
    return host_array if isinstance(like, np.ndarray) else backend_of(like).asarray(host_array)


def on_host(array: Any) -> Any:
    """An array as NumPy's."""
    return array if isinstance(array, np.ndarray) else np.asarray(backend_of(array).to_host(array))


def components(array: Any) -> Real:
    """The real numbers that an array is made of, in one dimension; a copy."""
    dense = np.array(on_host(array), order="C").reshape(-1)
    return dense.view(np.float64) if dense.dtype == np.complex128 else _real(dense)


def _real(dense: Any) -> Real:
    found: Real = dense.astype(np.complex128).view(np.float64) if dense.dtype.kind == "c" else dense.astype(np.float64)
    return found


def count(tensor: Tensor) -> int:
    """How many real numbers a tensor is made of."""
    return int(tensor._data.size) * (2 if tensor._data.dtype.kind == "c" else 1)


def slices(tensors: Sequence[Tensor]) -> list[slice]:
    """Where the components of each tensor lie when all are joined."""
    found, start = [], 0
    for tensor in tensors:
        found.append(slice(start, start + count(tensor)))
        start += count(tensor)
    return found


def joined(tensors: Sequence[Tensor]) -> Real:
    """The components of all tensors, one after the other."""
    return np.concatenate([components(tensor._data) for tensor in tensors]) if tensors else np.zeros(0)


def twin(array: Any) -> Any:
    """A copy that lies in memory as the array does: gaps, turned axes and repeats included."""
    if not isinstance(array, np.ndarray):
        return array.copy()
    if array.flags.c_contiguous or not array.size:
        return np.array(array, order="C")
    ends = [(size - 1) * stride for size, stride in zip(array.shape, array.strides)]
    low, high = sum(min(end, 0) for end in ends), sum(max(end, 0) for end in ends)
    memory = np.zeros(high - low + array.itemsize, np.uint8)
    copied = np.ndarray(array.shape, array.dtype, memory.data, -low, array.strides)
    copied[...] = array
    return copied


def wider(dtype: Any) -> Any:
    """float64 or complex128."""
    return np.dtype(np.complex128 if dtype.kind == "c" else np.float64)


def widen(array: Any) -> Any:
    """An array in float64 or complex128."""
    return array.astype(wider(array.dtype))
