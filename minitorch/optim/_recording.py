"""A step on the tape: the same update rules, run on stand-ins for arrays that hold tensors.

An update rule is written for arrays that it overwrites: `xp.multiply(m, keep, out=m)`. For `differentiable=True` it is
given the namespace RECORDER and `Recorded` stand-ins: to write to one is to give it another tensor, so that nothing the
tape has saved is lost. When the rule is done, what the stand-ins of the parameter and of its state hold is written over
them in place, numbers and history.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from .._tensor import Tensor
from ..backend import dtype as dt
from ..compose.complexes import complex as complex_of
from ..graph.modes import enable_grad
from ..ops.arithmetic import cast, clamp, maximum, neg, where
from ..ops.create import full
from ..ops.mutation import rebase, refuse_write, store
from ..ops.record import node_of
from ..ops.transcendental import sqrt
from ._pieces import Stand

Number = Any


class Recorded(Stand):
    """Stands for an array in an update rule and for a number in its options; holds a tensor.

    Attributes:
        value: the tensor that it is now.
    """

    __slots__ = ("value",)
    is_sparse = False
    __array_ufunc__ = None  # a NumPy number is to leave arithmetic to the stand-in

    def __init__(self, value: Tensor) -> None:
        self.value = value

    # ---- as an array -----------------------------------------------------------------------------------------------
    @property
    def _data(self) -> Recorded:
        """Itself, where a rule asks a tensor of the state for its array."""
        return self

    @property
    def dtype(self) -> Any:
        return self.value._data.dtype

    def detached(self) -> Recorded:
        """The same numbers off the tape."""
        return Recorded(self.value.detach())

    def astype(self, dtype: Any) -> Recorded:
        """In another dtype."""
        return Recorded(_cast(self.value, dtype))

    def __setitem__(self, place: Any, value: Any) -> None:
        assert place is Ellipsis
        self.value = held(value)

    def __float__(self) -> float:
        return float(self.value.item())

    def __bool__(self) -> bool:
        return bool(self.value.item())

    # ---- as a number -----------------------------------------------------------------------------------------------
    def __pow__(self, power: Number) -> Recorded:
        return Recorded(sqrt(self.value) if power.__class__ is float and power == 0.5 else self.value ** held(power))

    def __rpow__(self, base: Number) -> Recorded:
        return Recorded(base**self.value)

    def __rtruediv__(self, number: Number) -> Recorded:
        return Recorded(self.value.reciprocal() * held(number))  # rounded twice, as a number over a tensor is in PyTorch

    def __neg__(self) -> Recorded:
        return Recorded(-self.value)

    def pieces(self, written: list[Any], read: list[Any]) -> Iterator[list[Any]]:
        """What `_pieces.pieces` yields: real stand-ins of at least float32; those written are put together again."""
        if self.dtype.kind == "c":
            parts = [[Recorded(part.value.real), Recorded(part.value.imag)] for part in (*written, *read)]
            yield [real for real, _ in parts]
            yield [imag for _, imag in parts]
            for whole, (real, imag) in zip(written, parts, strict=False):
                whole.value = complex_of(real.value, imag.value)
        elif self.dtype.itemsize == 2:
            wide = [array.astype("float32") for array in (*written, *read)]
            yield wide
            for narrow, result in zip(written, wide, strict=False):
                narrow.value = _cast(result.value, narrow.dtype)
        else:
            yield [*written, *read]


def held(value: Any) -> Any:
    """The tensor of a stand-in; a number as it is."""
    return value.value if value.__class__ is Recorded else value


def _cast(value: Tensor, dtype: Any) -> Tensor:
    wanted = dt.of(dtype).numpy if isinstance(dtype, str) else dtype
    return value if value._data.dtype == wanted else cast(value, dtype=wanted)


def _operator(function: Callable[..., Any], reflected: bool = False) -> Callable[[Recorded, Any], Recorded]:
    if reflected:
        return lambda self, other: Recorded(function(held(other), self.value))
    return lambda self, other: Recorded(function(self.value, held(other)))


for _name in ("add", "sub", "mul", "truediv"):
    setattr(Recorded, f"__{_name}__", _operator(getattr(operator, _name)))
    if _name != "truediv":
        setattr(Recorded, f"__r{_name}__", _operator(getattr(operator, _name), reflected=True))
for _name in ("lt", "gt"):
    setattr(Recorded, f"__{_name}__", _operator(getattr(operator, _name)))


# ---- the namespace ---------------------------------------------------------------------------------------------------
def _function(function: Callable[..., Any]) -> Any:
    """A function of NumPy's with an `out`, on stand-ins."""

    def run(*operands: Any, out: Any = None) -> Recorded:
        value = function(*map(held, operands))
        if out is None:
            return Recorded(value)
        out.value = value
        return out  # type: ignore[no-any-return]

    return staticmethod(run)


def _where(condition: Tensor, yes: Any, no: Any) -> Any:
    """Numbers are doubles, as NumPy's are."""
    if yes.__class__ is float and no.__class__ is float:
        yes = full(condition, shape=(), value=yes, dtype=dt.float64.numpy)
    return where(condition, yes, no)


class Recorder:
    """The functions of NumPy that update rules use, on `Recorded`."""

    name = "recorded"
    add, subtract, multiply = (_function(f) for f in (operator.add, operator.sub, operator.mul))
    divide, negative, absolute = _function(operator.truediv), _function(neg), _function(operator.abs)
    sqrt, sign, where = _function(sqrt), _function(lambda x: x.sign()), _function(_where)
    maximum = _function(lambda x, y: clamp(x, min=y) if y.__class__ is float else maximum(x, y))
    minimum = _function(lambda x, y: clamp(x, max=y))
    empty_like = _function(lambda x: x.detach().new_zeros(x.shape))

    @staticmethod
    def reading(number: Tensor) -> Recorded:
        """A number that a step keeps on the host, in its own dtype."""
        return Recorded(number.clone())


RECORDER: Any = Recorder()


# ---- a step ----------------------------------------------------------------------------------------------------------
def record_step(update: Callable[..., None], param: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any],
                counts: tuple[str, ...]) -> None:  # fmt: skip
    """One step of one parameter by its rule, on the tape.

    Raises:
        RuntimeError: for a leaf that requires grad (in PyTorch's words), or a step count that does.
        NotImplementedError: for a sparse gradient.
    """
    if grad.is_sparse:
        raise NotImplementedError(
            "differentiable=True needs dense gradients: a sparse one is not recorded. Hint: grad.to_dense()"
        )
    step = state.get("step")
    if isinstance(step, Tensor) and step.requires_grad:
        raise RuntimeError("`requires_grad` is not supported for `step` in differentiable mode")
    with enable_grad():
        refuse_write(param, True)
        written = {"": (param, _copied(param))}
        for name, value in state.items():
            if name not in counts and isinstance(value, Tensor) and not value.is_sparse:
                written[name] = (value, _copied(value))
        stands = {**state, **{name: stand for name, (_, stand) in written.items()}}
        options = {name: _option(value) for name, value in group.items() if name != "params"}
        update(RECORDER, stands.pop(""), Recorded(grad), stands, options)
        for target, stand in written.values():
            value = _cast(stand.value, target._data.dtype)
            store(target, value._data)
            rebase(target, node_of(value))
        for name, made in stands.items():
            if name not in state:
                state[name] = made.value.clone()


def _copied(value: Tensor) -> Recorded:
    """A stand-in for what will be written: its numbers are a copy, since the tape may keep them."""
    return Recorded(Tensor._wrap(value._data.copy(), node_of(value)))


def _option(value: Any) -> Any:
    """An option, where it is a tensor as a stand-in of no dimensions."""
    if isinstance(value, Tensor):
        return Recorded(value if value._data.ndim == 0 else value.reshape(()))
    return tuple(map(_option, value)) if value.__class__ is tuple else value
