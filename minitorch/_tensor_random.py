"""Draws that fill a tensor: uniform_, normal_, bernoulli_, ..., and what they share with the random functions.

Numbers are drawn on the host from a Generator and put on the tensor's device. A tensor is filled in the order of its
memory, and `normal_` is told whether that is the order of its indices, as in ATen. A recorded tensor gets a node that
hands on a gradient of zero, for what was there before no longer counts.
https://docs.pytorch.org/docs/stable/torch.html#in-place-random-sampling
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ._tensor import Tensor
from ._tensor_arguments import as_int, as_number, finish, is_integer, wrap
from .backend import generator as streams
from .backend.namespace import backend_of
from .backend.orders import inverse, memory_axes
from .graph.modes import modes
from .ops.create import full
from .ops.kinds import lacking
from .ops.mutation import assign, refuse_write, store, writes_history
from .ops.op import Op
from .ops.record import node_of
from .tracked import Tracked


def source_of(function: str, generator: Any, xp: Any) -> streams.Generator:
    """The `generator=` argument, which must be of the device it is to fill."""
    if generator is None:
        return streams.default_generator
    if not isinstance(generator, streams.Generator):
        raise TypeError(f"{function}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    kind = str(generator.device).partition(":")[0]
    if kind != xp.name:
        raise RuntimeError(f"Expected a '{xp.name}' device type for generator but found '{kind}'")
    return generator


def ordered(raw: Any, source: streams.Generator, draw: Callable[..., Any]) -> Any:
    """Numbers for an array on its device: drawn in the order of its memory, returned in that of its indices."""
    if raw.flags.c_contiguous:
        drawn = draw(source, raw.shape, raw.dtype, True)
    else:
        axes = memory_axes(raw)
        drawn = draw(source, tuple(raw.shape[axis] for axis in axes), raw.dtype, False).transpose(inverse(axes))
    return backend_of(raw).asarray(drawn)


@functools.cache
def drawn_op(name: str, inputs: int = 1) -> Op:
    """The op of a draw, on the tape only to say that it hands on nothing: its gradients are zero.

    It bears the name of the draw and has no row in the table, for a draw is no function of its inputs.
    """

    def one(xp, x, *, drawn):  # type: ignore[no-untyped-def]
        return drawn

    def two(xp, x, y, *, drawn):  # type: ignore[no-untyped-def]
        return drawn

    def zero(g: Any) -> Any:
        return full(g, shape=g.shape, value=0)

    return Op(one if inputs == 1 else two, name, "elementwise", ()).vjp(**dict.fromkeys("xy"[:inputs], zero))


def result_of(name: str, inputs: tuple[Any, ...], raw: Any, out: Any) -> Tensor:
    """Drawn numbers as a tensor, with a node where an input is on the tape."""
    if out is not None:
        return finish(raw, out, False)
    if modes.grad and any(node_of(input) is not None for input in inputs):
        recorded: Tensor = drawn_op(name, len(inputs))(*inputs, drawn=raw)
        return recorded
    return wrap(raw)


def to_host(raw: Any) -> Any:
    """The numbers of a raw array on the host."""
    return backend_of(raw).to_host(raw)


def common_shape(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that two shapes broadcast to.

    Raises:
        RuntimeError: where they do not.
    """
    try:
        return np.broadcast_shapes(one, other)
    except ValueError:
        ndim = max(len(one), len(other))
        wide = [(1,) * (ndim - len(shape)) + tuple(shape) for shape in (one, other)]
        place = max(d for d in range(ndim) if wide[0][d] != wide[1][d] and 1 not in (wide[0][d], wide[1][d]))
        raise RuntimeError(
            f"The size of tensor a ({wide[0][place]}) must match the size of tensor b ({wide[1][place]}) at "
            f"non-singleton dimension {place}"
        ) from None


def coin(raw: Any, chance: Any) -> Callable[..., Any]:
    """The draw of `bernoulli` for an array: by one number, or by an array of them that broadcasts to it."""
    if not isinstance(chance, float):
        try:
            chance = np.broadcast_to(to_host(chance), raw.shape)
        except ValueError:
            place = next((-k for k, (have, want) in enumerate(zip(chance.shape[::-1], raw.shape[::-1]), 1)
                          if have not in (1, want)), -raw.ndim)  # fmt: skip
            raise RuntimeError(
                f"The expanded size of the tensor ({raw.shape[place]}) must match the existing size "
                f"({chance.shape[place]}) at non-singleton dimension {place + raw.ndim}.  Target sizes: "
                f"{list(raw.shape)}.  Tensor sizes: {list(chance.shape)}"
            ) from None
        if not raw.flags.c_contiguous:
            chance = chance.transpose(memory_axes(raw))
    return lambda source, shape, dtype, _: source.bernoulli(shape, dtype, chance)


# ---- the methods ---------------------------------------------------------------------------------------------------
def _refill(tensor: Tensor, name: str, generator: Any, draw: Callable[..., Any]) -> Tensor:
    """Write drawn numbers over a tensor; everything is checked, and drawn, before anything is written.

    Raises:
        RuntimeError: where the write is refused, or elements share their memory.
    """
    recorded = writes_history(tensor)
    refuse_write(tensor, recorded)
    raw = tensor._data
    if any(not step and count > 1 for step, count in zip(raw.strides, raw.shape)) and raw.size:
        raise RuntimeError("unsupported operation: more than one element of the written-to tensor refers to a single "
                           "memory location. Please clone() the tensor before performing the operation.")  # fmt: skip
    drawn = ordered(raw, source_of(f"{name}_", generator, backend_of(raw)), draw)
    if recorded:
        assign(tensor, drawn_op(name)(tensor, drawn=drawn))
        return tensor
    store(tensor, drawn)
    return tensor


def _real(function: str, **values: Any) -> list[float]:
    """The number arguments of an in-place draw as floats."""
    return [float(as_number(function, name.rstrip("_"), place + 1, value, "float"))
            for place, (name, value) in enumerate(values.items())]  # fmt: skip


def uniform_(self: Tensor, from_: Any = 0.0, to: Any = 1.0, *, generator: Any = None, **named: Any) -> Tensor:
    """Fill with uniform samples from [from, to)."""
    low, high = _real("uniform_", from_=named.pop("from", from_), to=to)
    _no_more("uniform_", named)
    return _refill(self, "uniform", generator, lambda g, shape, d, _: g.uniform(shape, d, low, high))


def normal_(self: Tensor, mean: Any = 0.0, std: Any = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with normal samples."""
    center, spread = _real("normal_", mean=mean, std=std)
    return _refill(self, "normal", generator,
                   lambda g, shape, d, contiguous: g.normal(shape, d, center, spread, contiguous))  # fmt: skip


def log_normal_(self: Tensor, mean: Any = 1.0, std: Any = 2.0, *, generator: Any = None) -> Tensor:
    """Fill with samples whose logarithm is normal."""
    center, spread = _real("log_normal_", mean=mean, std=std)
    return _refill(self, "log_normal", generator, lambda g, shape, d, _: g.log_normal(shape, d, center, spread))


def exponential_(self: Tensor, lambd: Any = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with exponential samples of rate `lambd`."""
    (rate,) = _real("exponential_", lambd=lambd)
    return _refill(self, "exponential", generator, lambda g, shape, d, _: g.exponential(shape, d, rate))


def cauchy_(self: Tensor, median: Any = 0.0, sigma: Any = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with Cauchy samples."""
    center, spread = _real("cauchy_", median=median, sigma=sigma)
    return _refill(self, "cauchy", generator, lambda g, shape, d, _: g.cauchy(shape, d, center, spread))


def geometric_(self: Tensor, p: Any, *, generator: Any = None) -> Tensor:
    """Fill with the number of trials up to the first success of probability `p`."""
    (chance,) = _real("geometric_", p=p)
    lacking("geometric_cpu", "b c", self)
    return _refill(self, "geometric", generator, lambda g, shape, d, _: g.geometric(shape, d, chance))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with ones with probability `p` (a number, or a tensor that broadcasts to this one), zeros else."""
    chance = p._data if isinstance(p, Tracked) else _real("bernoulli_", p=p)[0]
    return _refill(self, "bernoulli", generator, coin(self._data, chance))


def random_(self: Tensor, *bounds: Any, generator: Any = None, **named: Any) -> Tensor:
    """Fill with integers: `random_()` all that the dtype counts exactly, `random_(to)`, `random_(from, to)`."""
    if len(bounds) > 2:
        raise TypeError(f"random_() takes from 0 to 2 positional arguments but {len(bounds)} were given")
    given = dict(zip(("to",) if len(bounds) == 1 and "to" not in named else ("from", "to"), bounds)) | named
    if set(given) - {"from", "to"} or (given and "to" not in given) or not all(
            is_integer(value) or value is None for value in given.values()):  # fmt: skip
        called = ", ".join(f"{name}={type(value).__name__}" for name, value in given.items())
        raise TypeError(
            f"random_() received an invalid combination of arguments - got ({called}), but expected one of:\n"
            " * (*, torch.Generator generator = None)\n * (int from, int to, *, ...)\n * (int to, *, ...)"
        )
    high = None if given.get("to") is None else as_int("random_", "to", 2, given["to"])
    low = None if not given else as_int("random_", "from", 1, given.get("from", 0))
    return _refill(self, "random", generator, lambda g, shape, d, _: g.random_(shape, d, low, high))


def _no_more(function: str, named: dict[str, Any]) -> None:
    for name in named:
        raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")


METHODS: dict[str, Any] = {method.__name__: method for method in (
    bernoulli_, cauchy_, exponential_, geometric_, log_normal_, normal_, random_, uniform_)}  # fmt: skip
