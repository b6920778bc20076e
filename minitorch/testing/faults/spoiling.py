"""What each kind of fault does to a number: to a raw array on the fast path, to a tensor while gradients are recorded.

A spoiler is `spoil(result, seen)`, `seen` being the arrays that the spoiled function was given, by name. It spoils the result on
every backend alike, as a mistake in the one text of a forward or a rule does; and it counts how often it changed something, so
that a fault which nobody noticed can be told from one that never came to anything.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._tensor import Tensor
from ...backend import dtype as dt
from ...ops.op import Op
from ...ops.rows import Rows
from ...tracked import Tracked
from ..standin.arrays import give, ndarray

#: Parameters that say where a kink is.
KINKS = ("min", "max", "low", "high", "lambd", "at", "eps", "threshold")
NARROW = {"float64": "float32", "float32": "float16", "complex128": "complex64", "int64": "int32", "int32": "int64",
          "int16": "int32", "int8": "int32", "uint8": "int32"}  # fmt: skip


class PlantingError(BaseException):
    """A spoiler that broke: no law may take that for the fault."""


def raw(value: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return value._data if isinstance(value, Tracked) else value


def host(value: Any) -> Any:
    """The same, and of an array on the stand-in for a device the one that it wraps."""
    value = raw(value)
    return value._host if isinstance(value, ndarray) else value


class Spoiler:
    """Changes the results of one place of one op in one way."""

    def __init__(self, op: Op, kind: str, detail: str = "", seed: int = 0) -> None:
        self.op, self.kind, self.detail = op, kind, detail
        self.random = random.Random(seed)
        self.changes = 0
        self.change: Callable[[Any, dict[str, Any]], Any] = getattr(self, "_" + kind.split()[0])

    def __call__(self, result: Any, seen: dict[str, Any]) -> Any:
        """The spoiled result: an array's on the host or on its stand-in for a device, a tensor's, or a Value's number."""
        if result.__class__ is Rows:
            return Rows(result.index, self(result.values, seen), result.sizes)
        number = isinstance(result, float | complex | bool)
        if not number and not isinstance(host(result), np.ndarray | np.generic):
            return result
        given = result if isinstance(result, Tracked) else np.asarray(result) if number else host(result)
        try:
            with np.errstate(all="ignore"):
                changed = self.change(given, seen)
        except Exception as error:
            raise PlantingError(f"{self.op.name}: {self.kind}: {error!r}") from error
        if changed is given:
            return result
        before, after = np.asarray(host(given)), np.asarray(host(changed))
        same = before.dtype == after.dtype and before.shape == after.shape and before.tobytes() == after.tobytes()
        self.changes += not same
        if number:
            return type(result)(changed)
        return give(changed) if isinstance(result, ndarray) else changed

    # ---- everywhere ----------------------------------------------------------------------------------------------------
    def _factor(self, result: Any, seen: dict[str, Any]) -> Any:
        return _times(result, float(self.kind.split()[1]))

    def _sign(self, result: Any, seen: dict[str, Any]) -> Any:
        return ~result if raw(result).dtype == np.bool_ else -result

    def _transposed(self, result: Any, seen: dict[str, Any]) -> Any:
        shape = raw(result).shape
        if not shape:
            return result
        if len(shape) > 1 and shape[-1] == shape[-2]:
            return result.swapaxes(-1, -2)
        return result.flip(-1) if isinstance(result, Tensor) else result[..., ::-1]

    def _dtype(self, result: Any, seen: dict[str, Any]) -> Any:
        kind = NARROW.get(str(raw(result).dtype))
        if kind is None:
            return result
        return result.to(getattr(dt, kind)) if isinstance(result, Tensor) else result.astype(kind)

    def _nondeterministic(self, result: Any, seen: dict[str, Any]) -> Any:
        kind = raw(result).dtype
        if kind.kind not in "fc":
            return self._wrong(result, True) if self.random.random() < 0.5 else result
        return _times(result, 1 + self.random.randrange(8) * 4 * float(np.finfo(kind).eps))

    # ---- only sometimes --------------------------------------------------------------------------------------------------
    def _size(self, result: Any, seen: dict[str, Any]) -> Any:
        shapes = [raw(result).shape, *(array.shape for array in _arrays(seen))]
        return self._wrong(result, True) if any(1 in shape for shape in shapes) else result

    def _layout(self, result: Any, seen: dict[str, Any]) -> Any:
        turned = any(array.size > 1 and not array.flags.c_contiguous for array in _arrays(seen))
        return self._wrong(result, True) if turned else result

    def _ties(self, result: Any, seen: dict[str, Any]) -> Any:
        mask = self._tied(seen)
        if mask is None or not mask.any():
            return result
        shape = raw(result).shape
        if mask.shape != shape:
            try:
                mask = np.broadcast_to(mask, shape)
            except ValueError:
                mask = np.ones(shape, bool)
        if raw(result).dtype.kind not in "fc":
            return self._wrong(result, mask)
        step = np.asarray(mask * 0.25, dtype=raw(result).dtype)
        if isinstance(result, Tracked):
            return result + Tensor._wrap(give(step) if isinstance(result._data, ndarray) else step)
        return result + step

    def _tied(self, seen: dict[str, Any]) -> Any:
        """Where numbers are equal, in the shape of the result or of the first operand."""
        given = [host(seen[name]) for name in self.op.inputs if name in seen]
        numbers = [v for v in given if isinstance(v, np.ndarray | float | int) and np.asarray(v).dtype.kind != "b"]
        if self.op.family in ("elementwise", "comparison"):
            if len(numbers) > 1:
                pairs = [one == other for place, one in enumerate(numbers) for other in numbers[:place]]
                return np.any(np.broadcast_arrays(*pairs), axis=0)
            if not numbers:
                return None
            kinks = [0.0, 3.0, -3.0] if self.op.name.startswith("hards") else [0.0]
            kinks += [value for name in KINKS for value in (seen.get(name),) if isinstance(value, float | int)]
            return np.isin(np.asarray(numbers[0]), [*kinks, *(-kink for kink in kinks)])
        first = next((value for value in numbers if isinstance(value, np.ndarray) and value.ndim), None)
        if first is None:
            return None
        _, place, count = np.unique(first, return_inverse=True, return_counts=True)
        return (count > 1)[place].reshape(first.shape)

    def _wrong(self, result: Any, where: Any) -> Any:
        """A wrong number at these places."""
        kind = raw(result).dtype
        if kind.kind == "b":
            return result ^ np.asarray(where)
        if kind.kind not in "fc":
            return result + np.asarray(where, dtype=kind)
        return _times(result, 1.05)

    # ---- what is done to the arguments -------------------------------------------------------------------------------------
    def _mutated(self, result: Any, seen: dict[str, Any]) -> Any:
        value = seen.get(self.detail)
        for array in map(host, value if isinstance(value, tuple | list) else (value,)):
            if isinstance(array, np.ndarray) and array.flags.writeable and array.size:
                self.changes += 1
                if array.dtype == np.bool_:
                    array ^= True
                else:
                    array += 1
        return result

    def _untracked(self, result: Any, seen: dict[str, Any]) -> Any:
        return result  # planting.py detaches the argument


def _times(result: Any, factor: float) -> Any:
    return result * factor


def _arrays(seen: dict[str, Any]) -> list[Any]:
    values = [item for value in seen.values() for item in (value if isinstance(value, tuple | list) else (value,))]
    return [array for array in map(host, values) if isinstance(array, np.ndarray)]
