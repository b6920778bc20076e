"""NumPy's functions that know a tensor: the table behind `numpy.sum(tensor)`.

Each takes NumPy's arguments and calls the tensor's own method, so that the graph goes on; what it does not cover (an
`out`, a `where`, a dtype, integers to be averaged) it leaves to NumPy on the tensor's memory.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .ops.front import PUBLIC
from .tracked import Tracked


class Elsewhere(Exception):
    """A call that our function does not cover: NumPy's own runs on the arrays instead."""


def operand(value: Any) -> Any:
    """An operand of a ufunc as one that our functions take: arrays become tensors, NumPy's numbers Python's."""
    if isinstance(value, Tracked) or value.__class__ in (int, float, bool, complex):
        return value
    if isinstance(value, np.generic):
        return value.item()
    from .create import tensor_from

    return tensor_from(value)


def _method(tensor: Any, name: str) -> Any:
    if not isinstance(tensor, Tracked) or not hasattr(tensor, name):
        raise Elsewhere
    return getattr(tensor, name)


def _reduction(name: str, floating: bool = False) -> Callable[..., Any]:
    """A reduction over `axis` by the tensor's own method `name`."""

    def reduce(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **rest: Any) -> Any:
        if rest or dtype is not None or out is not None or (floating and a._data.dtype.kind in "iub"):
            raise Elsewhere
        if name == "prod" and (isinstance(axis, tuple) or (axis is None and keepdims)):
            raise Elsewhere
        method = _method(a, name)
        return method(**({} if axis is None else {"dim": axis}), **({"keepdim": True} if keepdims is True else {}))

    return reduce


def _extremum(name: str) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **rest: Any) -> Any:
        if rest or out is not None or (axis is None and keepdims is True):
            raise Elsewhere
        return _method(a, name[1:])() if axis is None else _method(a, name)(dim=axis, keepdim=keepdims is True)

    return reduce


def _spread(name: str) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: Any = False,
               **rest: Any) -> Any:  # fmt: skip
        if rest or dtype is not None or out is not None or a._data.dtype.kind in "iub":
            raise Elsewhere
        return _method(a, name)(dim=axis, correction=ddof, keepdim=keepdims is True)

    return reduce


def _cumulation(name: str) -> Callable[..., Any]:
    def cumulate(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        if dtype is not None or out is not None:
            raise Elsewhere
        return _method(a.reshape(-1) if axis is None else a, name)(0 if axis is None else axis)

    return cumulate


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None,
          **rest: Any) -> Any:  # fmt: skip
    if rest or out is not None:
        raise Elsewhere
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    return _method(a, "clamp")(*(value if value is None else operand(value) for value in (low, high)))


def _where(condition: Any, *choices: Any) -> Any:
    entry = PUBLIC[""].get("where")
    if entry is None or len(choices) != 2:
        raise Elsewhere
    return entry.function(operand(condition), *map(operand, choices))


def _reshape(a: Any, /, shape: Any = None, order: Any = "C", **rest: Any) -> Any:
    if rest or order != "C" or shape is None:
        raise Elsewhere
    return _method(a, "reshape")(shape)


def _squeeze(a: Any, axis: Any = None) -> Any:
    return _method(a, "squeeze")(**({} if axis is None else {"dim": axis}))


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    if out is not None or np.ndim(a) not in (1, 2) or np.ndim(b) not in (1, 2):
        raise Elsewhere
    return operator.matmul(operand(a), operand(b))


def _shape(a: Any) -> tuple[int, ...]:
    return tuple(_method(a, "shape"))


def _size(a: Any, axis: Any = None) -> int:
    shape = _shape(a)
    if isinstance(axis, tuple):
        raise Elsewhere
    return int(np.prod(shape)) if axis is None else shape[axis]


#: NumPy's functions that keep the graph, or need no numbers.
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _reduction("sum"), np.mean: _reduction("mean", floating=True), np.prod: _reduction("prod"),
    np.max: _extremum("amax"), np.amax: _extremum("amax"), np.min: _extremum("amin"), np.amin: _extremum("amin"),
    np.var: _spread("var"), np.std: _spread("std"), np.cumsum: _cumulation("cumsum"),
    np.cumprod: _cumulation("cumprod"), np.clip: _clip, np.where: _where, np.reshape: _reshape,
    np.squeeze: _squeeze, np.dot: _dot, np.shape: _shape, np.size: _size, np.ndim: lambda a: len(_shape(a)),
}  # fmt: skip
#: NumPy's functions that write into their first argument.
WRITERS = frozenset((np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis))
