"""Random tensors: rand, randint, normal, ..., and the seed of it all.

Numbers are drawn on the host from a Generator (backend/generator.py), whose stream is PyTorch's: the same seed gives
the same numbers. They are then put on their device, and wrapped. The in-place draws are in _tensor_random.py.
https://docs.pytorch.org/docs/stable/torch.html#random-sampling
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._tensor import Tensor
from ._tensor_arguments import (
    as_dtype,
    as_int,
    as_number,
    as_sizes,
    finish,
    home,
    need_strided,
    need_tensor,
    out_dtype,
    wrap,
)
from ._tensor_data import convert
from ._tensor_random import coin, common_shape, ordered, result_of, source_of, to_host
from .backend import dtype as dt
from .backend import generator as streams
from .backend.device import CPU, Device
from .backend.limits import DIGITS
from .backend.namespace import backend_of
from .create_like import raw_like
from .tracked import Tracked

__all__ = ["Generator", "bernoulli", "binomial", "default_generator", "get_rng_state", "initial_seed", "manual_seed",
           "multinomial", "normal", "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
           "randperm", "seed", "set_rng_state"]  # fmt: skip


# ---- seeds ---------------------------------------------------------------------------------------------------------
class Generator(streams.Generator):
    """A random stream of its own (torch.Generator): seeds and a state held in a uint8 tensor of 5056 bytes.

    Args:
        device: the device whose tensors it fills; the numbers are drawn on the host either way.
    """

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__(Device(device))

    def get_state(self) -> Any:
        """The place in the stream, as a tensor that PyTorch reads too."""
        return wrap(super().get_state())

    def set_state(self, new_state: Any) -> Any:
        """Continue from a place that `get_state` returned, here or in PyTorch, and return self."""
        raw = new_state._data if isinstance(new_state, Tracked) else new_state
        super().set_state(backend_of(raw).to_host(raw) if isinstance(new_state, Tracked) else raw)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.device,), super().get_state()


#: The stream of every draw that names no generator: the engine's own, in public clothes.
default_generator = Generator.__new__(Generator)
default_generator.__dict__ = streams.default_generator.__dict__
default_generator.device = CPU


def manual_seed(seed: Any) -> Generator:
    """Restart the default stream from `int(seed)` and return its generator."""
    streams.manual_seed(seed)
    return default_generator


def seed() -> int:
    """Restart the default stream from a seed of the operating system and return it."""
    return streams.seed()


def initial_seed() -> int:
    """The seed the default stream was started from."""
    return streams.initial_seed()


def get_rng_state() -> Any:
    """The place in the default stream: a uint8 tensor of 5056 bytes."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continue the default stream from a place that `get_rng_state` returned."""
    default_generator.set_state(new_state)


# ---- by size -------------------------------------------------------------------------------------------------------
def rand(*sizes: Any, size: Any = None, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
         device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Uniform on [0, 1)."""
    need_strided("rand", layout)
    shape, xp = as_sizes("rand", sizes, size), home(device)
    target = out_dtype("rand", out, as_dtype("rand", dtype))
    return finish(xp.asarray(source_of("rand", generator, xp).rand(shape, target)), out, requires_grad)


def randn(*sizes: Any, size: Any = None, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
          device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Standard normal; for a complex dtype both parts share the variance."""
    need_strided("randn", layout)
    shape, xp = as_sizes("randn", sizes, size), home(device)
    target = out_dtype("randn", out, as_dtype("randn", dtype))
    return finish(xp.asarray(source_of("randn", generator, xp).normal(shape, target)), out, requires_grad)


def _bounds(function: str, given: tuple[Any, ...], named: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Arguments of which the first, `low`, may be left out."""
    missing = [name for name in names if name not in named]
    if len(given) == len(missing) - 1 and "low" in missing:
        missing.remove("low")
    if len(given) != len(missing) or set(named) - set(names):
        called = ", ".join([*(type(g).__name__ for g in given), *(f"{k}={type(v).__name__}" for k, v in named.items())])
        rest = ", ".join(names[2:])
        raise TypeError(f"{function}() received an invalid combination of arguments - got ({called}), but expected one "
                        f"of:\n * (int high, {rest}, *, ...)\n * (int low, int high, {rest}, *, ...)")  # fmt: skip
    found = {"low": 0} | named | dict(zip(missing, given))
    return found | {name: as_int(function, name, names.index(name) + 1, found[name]) for name in ("low", "high")}


def randint(*bounds: Any, generator: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
            device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
            **named: Any) -> Tensor:  # fmt: skip
    """`randint(high, size)`, `randint(low, high, size)`: integers from [low, high), int64 unless told otherwise.

    Raises:
        RuntimeError: for an empty range, or one that the dtype does not hold.
    """
    need_strided("randint", layout)
    found, xp = _bounds("randint", bounds, named, ("low", "high", "size")), home(device)
    size = found["size"]
    if not isinstance(size, tuple | list):
        place = 3 if "low" in named or len(bounds) > 2 else 2
        raise TypeError(f"randint(): argument 'size' (position {place}) must be tuple of ints, not "
                        f"{type(size).__name__}")  # fmt: skip
    target = out_dtype("randint", out, as_dtype("randint", dtype), dt.int64)
    shape = as_sizes("randint", (size,))
    raw = source_of("randint", generator, xp).randint(found["low"], found["high"], shape, target)
    return finish(xp.asarray(raw), out, requires_grad)


def randperm(n: int, *, generator: Any = None, out: Any = None, dtype: Any = dt.int64, layout: Any = None,
             device: Any = None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:  # fmt: skip
    """The numbers 0 to n - 1 in random order.

    Raises:
        RuntimeError: where the dtype cannot tell n numbers apart.
    """
    need_strided("randperm", layout)
    count, xp = as_int("randperm", "n", 1, n), home(device)
    target = out._data.dtype if isinstance(out, Tracked) and dtype is dt.int64 else out_dtype(
        "randperm", out, as_dtype("randperm", dtype))  # fmt: skip
    name = dt.of(target).name
    if name in DIGITS and count > (most := (1 << DIGITS[name]) + 1):
        raise RuntimeError(f"n cannot be greater than {most} for {dt.scalar_type(target)} type.")
    if name not in DIGITS and target.itemsize < 8 and count > int(np.iinfo(target).max):
        raise RuntimeError(f"value cannot be converted to type {name}_t without overflow")
    return finish(xp.asarray(source_of("randperm", generator, xp).randperm(count, target)), out, requires_grad)


# ---- by likeness ---------------------------------------------------------------------------------------------------
def _like(function: str, input: Any, generator: Any, options: tuple[Any, ...], requires_grad: bool,
          draw: Callable[..., Any]) -> Tensor:  # fmt: skip
    raw = raw_like(function, input, *options)
    raw[...] = ordered(raw, source_of(function, generator, backend_of(raw)), draw)
    return wrap(raw, requires_grad)


def rand_like(input: Tensor, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
              requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Uniform on [0, 1), in the shape and order of `input`."""
    options = (dtype, layout, device, memory_format)
    return _like("rand_like", input, generator, options, requires_grad, lambda g, shape, d, _: g.rand(shape, d))


def randn_like(input: Tensor, *, generator: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
               requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None) -> Tensor:  # fmt: skip
    """Standard normal, in the shape and order of `input`."""
    options = (dtype, layout, device, memory_format)
    return _like("randn_like", input, generator, options, requires_grad,
                 lambda g, shape, d, contiguous: g.normal(shape, d, contiguous=contiguous))  # fmt: skip


def randint_like(input: Tensor, *bounds: Any, generator: Any = None, dtype: Any = None, layout: Any = None,
                 device: Any = None, requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
                 **named: Any) -> Tensor:  # fmt: skip
    """`randint_like(input, high)`, `randint_like(input, low, high)`: integers from [low, high), in `input`'s dtype."""
    found = _bounds("randint_like", bounds, named, ("low", "high"))
    options = (dtype, layout, device, memory_format)
    return _like("randint_like", input, generator, options, requires_grad,
                 lambda g, shape, d, _: g.randint(found["low"], found["high"], shape, d))  # fmt: skip


# ---- drawn by given numbers ----------------------------------------------------------------------------------------
def bernoulli(input: Tensor, p: float | None = None, *, generator: Any = None, out: Any = None) -> Tensor:
    """Ones with probability `input` (or `p`, where given), zeros else; in the shape and dtype of `input`.

    Raises:
        RuntimeError: for a probability outside [0, 1].
    """
    data = need_tensor("bernoulli", "input", 1, input)
    source = source_of("bernoulli", generator, backend_of(data))
    raw = backend_of(data).empty(data.shape, dtype=data.dtype)  # in index order, whatever that of `input`
    out_dtype("bernoulli", out, None)
    chance = data if p is None else float(as_number("bernoulli", "p", 2, p, "float"))
    raw[...] = ordered(raw, source, coin(raw, chance))
    return result_of("bernoulli", (input,), raw, out)


def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Any = None,
                out: Any = None) -> Tensor:  # fmt: skip
    """int64 indices drawn in proportion to the weights in each row of `input`: (num_samples) or (rows, num_samples).

    Raises:
        RuntimeError: for weights that are negative, not finite or all zero, or too few of them.
    """
    data = need_tensor("multinomial", "input", 1, input)
    xp = backend_of(data)
    if isinstance(out, Tracked) and out._data.dtype != np.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {dt.scalar_type(out._data.dtype)}")
    count = as_int("multinomial", "num_samples", 2, num_samples)
    raw = source_of("multinomial", generator, xp).multinomial(to_host(data), count, bool(replacement))
    return finish(xp.asarray(raw), out, False)


def poisson(input: Tensor, generator: Any = None) -> Tensor:
    """Poisson samples, one per rate in `input`, in its shape and dtype.

    Raises:
        RuntimeError: for a negative rate.
    """
    data = need_tensor("poisson", "input", 1, input)
    if data.dtype.name not in DIGITS:
        raise NotImplementedError(f"\"poisson_cpu\" not implemented for '{dt.scalar_type(data.dtype)}'")
    xp = backend_of(data)
    raw = xp.asarray(source_of("poisson", generator, xp).poisson(to_host(data)))
    return result_of("poisson", (input,), raw, None)


def binomial(count: Tensor, prob: Tensor, generator: Any = None) -> Tensor:
    """Binomial samples, one per count and probability, in the shape and dtype of `count`."""
    counts, chances = need_tensor("binomial", "count", 1, count), need_tensor("binomial", "prob", 2, prob)
    if counts.dtype.name not in DIGITS or counts.dtype != chances.dtype:
        raise ValueError("Binomial samples need count and prob of one floating-point dtype, but got "
                         f"{count.dtype} and {prob.dtype}")  # fmt: skip
    xp = backend_of(counts)
    chances = np.broadcast_to(to_host(chances), counts.shape)
    raw = xp.asarray(source_of("binomial", generator, xp).binomial(to_host(counts), chances))
    return result_of("binomial", (count, prob), raw, None)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Any = None, out: Any = None,
           dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
           pin_memory: bool = False) -> Tensor:  # fmt: skip
    """Normal samples: `normal(mean, std, size)` of two numbers, or one per element of a `mean` or `std` tensor.

    Raises:
        RuntimeError: for a negative standard deviation.
        TypeError: for a size beside a tensor, or two numbers without one.
    """
    tensors = tuple(value for value in (mean, std) if isinstance(value, Tracked))
    if bool(tensors) == (size is not None) or (size is not None and not isinstance(size, tuple | list)):
        given = [type(value).__name__ for value in (mean, std, *(() if size is None else (size,)))]
        raise TypeError(
            f"normal() received an invalid combination of arguments - got ({', '.join(given)}), but expected one of:\n"
            " * (Tensor mean, Tensor std, *, ...)\n * (Tensor mean, float std = 1, *, ...)\n"
            " * (float mean, Tensor std, *, ...)\n * (float mean, float std, tuple of ints size, *, ...)"
        )
    if not tensors:
        need_strided("normal", layout)
        shape, xp = as_sizes("normal", (size,)), home(device)
        target = out_dtype("normal", out, as_dtype("normal", dtype))
        low, spread = (float(as_number("normal", name, place, value, "float"))
                       for name, place, value in (("mean", 1, mean), ("std", 2, std)))  # fmt: skip
        raw = source_of("normal", generator, xp).normal(shape, target, low, spread)
        return finish(xp.asarray(raw), out, requires_grad)
    first = tensors[0]._data
    target, xp = first.dtype, backend_of(first)
    source = source_of("normal", generator, xp)
    out_dtype("normal", out, None)
    if not isinstance(std, Tracked):
        spread = float(as_number("normal", "std", 2, std, "float"))
        raw = xp.asarray(source.normal(first.shape, target, 0.0, spread)) + first
        return result_of("normal", (mean,), raw, out)
    if std._data.dtype.kind == "c":
        raise RuntimeError("normal expects standard deviation to be non-complex")
    if (to_host(std._data) < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    center = mean._data if isinstance(mean, Tracked) else float(as_number("normal", "mean", 1, mean, "float"))
    shape = common_shape(getattr(center, "shape", ()), std._data.shape)
    drawn = xp.asarray(source.normal(shape, target))
    raw = drawn * convert(std._data, target) + (center if isinstance(center, float) else convert(center, target))
    return result_of("normal", tensors, raw, out)


METHODS: dict[str, Any] = {"bernoulli": bernoulli, "multinomial": multinomial}
