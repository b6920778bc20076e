"""Options of an optimiser that may be a number or a one-element tensor, and step counts.

On the host a tensor option is read when the step uses it, so that a scheduler may write to it. On a device it stays
there: the arithmetic is done on the 0-d array, and no step waits for the device. Step counts are 0-d tensors on the
host.
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..backend import dtype as dt
from ..backend.host import HOST
from ..backend.namespace import Backend, backend_of
from ._pieces import Stand


def raw(value: float | Tensor) -> Any:
    """The number, or the 0-d array of a one-element tensor."""
    return value._data.reshape(()) if isinstance(value, Tensor) else value


def plain(value: float | Tensor) -> float:
    """The number on the host; reading one from a device waits for it. On the tape what stands for it stays."""
    return value if isinstance(value, Stand) else float(raw(value))  # type: ignore[return-value]


def factor(xp: Backend, value: Any) -> Any:
    """What an array of this backend may be multiplied with without a change of dtype: a Python float, or a 0-d array of
    the device where the number already is there."""
    if value.__class__ is float or isinstance(value, Stand) or (xp is not HOST and backend_of(value) is xp):
        return value
    return float(value)


def is_zero(value: Any) -> bool:
    """Whether a factor is known to be 0 without asking a device."""
    return value.__class__ is float and value == 0.0


def check_one_element(value: float | Tensor, name: str) -> None:
    """Raise unless a tensor option has one element."""
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(f"Tensor {name} must be 1-element")


def check_strategy(foreach: bool | None, fused: bool | None, differentiable: bool = False) -> None:
    """Raise where two ways of running a step are asked for, as PyTorch does; here both are the same."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if foreach and fused:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def zero_step() -> Tensor:
    """A step count of 0."""
    return host_number(0.0)


def host_number(value: float) -> Tensor:
    """A number as a 0-d tensor on the host, float64 where that is the default dtype and float32 elsewhere."""
    kind = dt.float64 if dt.default() is dt.float64 else dt.float32
    return Tensor._wrap(HOST.full((), value, kind.numpy))


def on_the_host(state: dict[str, Any], names: tuple[str, ...]) -> None:
    """Make 0-d tensors on the host of these entries of a loaded state; files of long ago have plain numbers."""
    for name in names:
        value = state.get(name)
        if isinstance(value, Tensor):
            state[name] = value.cpu()
        elif value is not None:
            state[name] = host_number(float(value))


def reading(xp: Backend, number: Tensor) -> Any:
    """A number that a step keeps on the host. On the tape it is what stands for it, in its own dtype: PyTorch computes
    with the tensor there, and rounds to float32 where that is its dtype."""
    recorder: Any = xp  # whose `reading` is no function of arrays
    return recorder.reading(number) if xp.name == "recorded" else float(number._data)


def advance(step: Tensor) -> float:
    """Count one step more, in place; the count as a Python number."""
    count = step._data
    count += 1
    step._bump()
    return float(count)
