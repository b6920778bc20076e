"""Draws: what PyTorch makes of its stream of 32-bit words, as NumPy arrays.

A seed fixes a Mersenne twister; `_words` reads it in order. Every draw takes from it exactly the words that ATen takes
(DistributionTemplates.h, DistributionsHelper.h, TransformationHelper.h) and rounds as ATen rounds, so the same seed
gives the same numbers. One word makes a 24-bit uniform number, two words (the first is the high half) a 53-bit one; the
other distributions are functions of these. Narrow floats (float16, bfloat16) are drawn as float32 and rounded.
"""

import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minitorch.backend import boxmuller
from minitorch.backend.limits import C_NAMES, DIGITS, INT64_MIN, SCALAR_NAMES, cast, integer_range, largest_of, quiet

Array = np.ndarray[Any, Any]
Shape = int | Sequence[int]

CHUNK = 1 << 14  # words per step: the temporaries stay in the second-level cache
WIDE_24 = np.uint64((1 << 24) - 1)
LOW_24, LOW_53, HALF = np.uint32((1 << 24) - 1), np.uint64((1 << 53) - 1), np.uint64(32)
ULP_24, ULP_53 = np.float32(2.0**-24), 2.0**-53


def _floating(dtype: npt.DTypeLike, kernel: str) -> np.dtype[Any]:
    target = np.dtype(dtype)
    if target.kind != "f" and target.name not in DIGITS:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{SCALAR_NAMES.get(target.name, target.name)}'")
    return target


def _continuous(dtype: npt.DTypeLike, name: str) -> np.dtype[Any]:
    target = np.dtype(dtype)
    if target.name not in DIGITS:
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a floating point but you "
            f"specified {SCALAR_NAMES.get(target.name, target.name)}"
        )
    return target


class Draws:
    """The stream and the element-wise distributions; shapes are tuples or ints, dtypes NumPy's, results ndarrays."""

    def __init__(self) -> None:
        self._bits = np.random.MT19937(0)
        self._lock = threading.RLock()
        self._next_normal: float | None = None  # second half of the last scalar Box-Muller pair

    # ---- the stream
    def _words(self, n: int) -> Array:
        return self._bits.random_raw(n)

    def _longs(self, n: int) -> Array:
        """uint64: two words each, the first one high."""
        words = self._words(2 * n)
        return (words[::2] << HALF) | words[1::2]

    def _singles(self, n: int) -> Array:
        """float32 multiples of 2^-24 in [0, 1), a word each."""
        if n < CHUNK >> 4:
            few = self._words(n)
            few &= WIDE_24
            scaled: Array = few.astype(np.float32)
            scaled *= ULP_24
            return scaled
        out = np.empty(n, np.float32)
        for start in range(0, n, CHUNK):
            part = out[start : start + CHUNK]
            bits = self._words(part.size).astype(np.uint32)
            bits &= LOW_24
            np.multiply(bits.view(np.int32), ULP_24, out=part, dtype=np.float32, casting="unsafe")
        return out

    def _doubles(self, n: int) -> Array:
        """float64 multiples of 2^-53 in [0, 1), two words each."""
        out = np.empty(n, np.float64)
        for start in range(0, n, CHUNK // 2):
            part = out[start : start + CHUNK // 2]
            bits = self._longs(part.size)
            bits &= LOW_53
            np.multiply(bits.view(np.int64), ULP_53, out=part)
        return out

    def random64(self) -> int:
        """One 64-bit draw, as PyTorch's data loader takes for its base seed (before it is reduced modulo 2^63)."""
        with self._lock:
            return int(self._longs(1)[0])

    # ---- uniform
    def rand(self, shape: Shape, dtype: npt.DTypeLike = np.float32) -> Array:
        """Uniform on [0, 1) (torch.rand)."""
        if dtype == np.float32:
            with self._lock:
                return self._singles(_count(shape)).reshape(shape)
        return self.uniform(shape, dtype)

    def uniform(self, shape: Shape, dtype: npt.DTypeLike = np.float32, low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform on [low, high) (Tensor.uniform_); for a complex dtype both parts are."""
        target = np.dtype(dtype)
        if target.kind == "c":
            return self._complex(shape, target, lambda pair, part: self.uniform(pair, part, low, high))
        target = _floating(target, "check_uniform_bounds")
        low, high = float(low), float(high)
        largest = float(largest_of(target))
        for value, name in ((low, "from"), (high, "to")):
            if not -largest <= value <= largest:
                raise RuntimeError(f"{name} is out of bounds for {C_NAMES[target.name]}")
        if not low <= high:
            raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
        if high - low > largest:
            raise RuntimeError(
                f"uniform_ expects to-from <= std::numeric_limits<{SCALAR_NAMES[target.name]}>::max(), but found "
                f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
            )
        n = _count(shape)
        with self._lock, quiet():
            if target == np.float64:
                values = self._doubles(n)
                if (low, high) != (0.0, 1.0):
                    values = boxmuller.fused(values, high - low, low)
            else:
                values = self._singles(n)
                if (low, high) != (0.0, 1.0):
                    start, stop = np.float32(low), np.float32(high)
                    values = (values.astype(np.float64) * float(stop - start) + float(start)).astype(np.float32)
                values = cast(values, target)
            if (low, high) != (0.0, 1.0) or target.itemsize == 2:  # rounding may have reached the open end
                bounds = cast(np.array([low, high]), target)
                np.copyto(values, bounds[0], where=values == bounds[1])
        return values.reshape(shape)

    # ---- integers
    def randint(self, low: int, high: int, shape: Shape, dtype: npt.DTypeLike = np.int64) -> Array:
        """Integers from [low, high), in any dtype (torch.randint)."""
        return self.random_(shape, dtype, low, high)

    def random_(self, shape: Shape, dtype: npt.DTypeLike, low: int | None = None, high: int | None = None) -> Array:
        """Integers (Tensor.random_): all the dtype counts exactly; with `low`, from there up; both, [low, high)."""
        target = np.dtype(dtype)
        n = _count(shape)
        if low is None:
            if high is None:
                return self._any_integer(n, target).reshape(shape)
            low = 0
        if low == INT64_MIN and high is None:
            if target.name not in ("int64", "float64", "float32", "bfloat16"):
                raise RuntimeError(
                    "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16"
                )
            with self._lock:
                return cast(self._longs(n).view(np.int64), target).reshape(shape)
        low, high = int(low), None if high is None else int(high)
        if target == np.int64 and high is not None and INT64_MIN <= low < high < 1 << 63:
            start, span = low, high - low  # nothing to settle
        else:
            start, span = integer_range(target, low, high)
        with self._lock:
            return cast(self._remainders(n, start, span), target).reshape(shape)

    def _remainders(self, n: int, start: int, span: int) -> Array:
        """int64: start plus a word (or two, for a wide span) modulo span."""
        if n <= CHUNK:
            words = self._words(n) if span < 1 << 28 else self._longs(n)
            whole = words // np.uint64(span)  # quotients are found in vectors, remainders one by one
            whole *= np.uint64(span)
            words -= whole
            if start:
                words += np.uint64(start & ((1 << 64) - 1))
            return words.view(np.int64)
        out = np.empty(n, np.int64)
        for first in range(0, n, CHUNK):
            part = out[first : first + CHUNK]
            part[...] = self._remainders(part.size, start, span)
        return out

    def _any_integer(self, n: int, target: np.dtype[Any]) -> Array:
        name = target.name
        if name not in C_NAMES or name in ("uint16", "uint32", "uint64"):
            raise NotImplementedError(f"\"random_kernel_cpu\" not implemented for '{SCALAR_NAMES.get(name, name)}'")
        span = 2 if name == "bool" else (1 << DIGITS[name]) + 1 if name in DIGITS else int(np.iinfo(target).max) + 1
        with self._lock:
            words = self._longs(n) if name in ("int64", "float64") else self._words(n)
            words %= np.uint64(span)
            return cast(words.view(np.int64), target)

    def randperm(self, n: int, dtype: npt.DTypeLike = np.int64) -> Array:
        """The numbers 0 to n - 1 in random order (torch.randperm: Fisher and Yates from the front)."""
        if n < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
        with self._lock:
            words = self._words(max(n - 1, 0))
        words %= np.arange(n, 1, -1, dtype=np.uint64)[: words.size]
        words += np.arange(words.size, dtype=np.uint64)
        return cast(_swapped(words.view(np.int64), n), dtype)

    # ---- yes or no
    def bernoulli(self, shape: Shape, dtype: npt.DTypeLike, p: float | Array) -> Array:
        """Ones with probability p: a number (Tensor.bernoulli_) or an array that broadcasts to `shape` (bernoulli)."""
        n = _count(shape)
        if isinstance(p, np.ndarray):
            if p.dtype.name not in DIGITS:
                raise NotImplementedError(
                    f"\"bernoulli_tensor_cpu_p_\" not implemented for '{SCALAR_NAMES.get(p.dtype.name, p.dtype.name)}'"
                )
            if not ((p >= 0) & (p <= 1)).all():
                raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
            wide = p.dtype == np.float64
            probability = np.broadcast_to(p if wide else p.astype(np.float32), shape)
            with self._lock:
                drawn = self._doubles(n) if wide else self._singles(n)
            return cast(np.asarray(drawn.reshape(shape) < probability), dtype)
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        return cast(self.dropout_mask(shape, float(p)), dtype)

    def dropout_mask(self, shape: Shape, keep: float) -> Array:
        """bool: True with probability `keep` (dropout and its channel and alpha variants)."""
        n = _count(shape)
        out = np.empty(n, np.bool_)
        limit = math.ceil(keep * 2**53) if math.isfinite(keep) else 0  # u53 < keep, before the scaling by 2^-53
        with self._lock:
            for start in range(0, n, CHUNK // 2):
                part = out[start : start + CHUNK // 2]
                bits = self._longs(part.size)
                bits &= LOW_53
                np.less(bits.view(np.int64), limit, out=part)
        return out.reshape(shape)

    # ---- normal and its kin
    def normal(
        self,
        shape: Shape,
        dtype: npt.DTypeLike = np.float32,
        mean: float = 0.0,
        std: float = 1.0,
        contiguous: bool = True,
    ) -> Array:
        """Normal samples (Tensor.normal_), in blocks of sixteen where the tensor to be filled is `contiguous`.

        A complex dtype shares the variance between both parts.
        """
        target = np.dtype(dtype)
        mean, std = float(mean), float(std)
        if not std >= 0.0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        if target.kind == "c":
            part_std = std / math.sqrt(2)
            return self._complex(shape, target, lambda pair, part: self.normal(pair, part, mean, part_std, contiguous))
        target = _floating(target, "normal_kernel_cpu")
        n = _count(shape)
        with self._lock, quiet():
            if n >= 16 and contiguous:
                return cast(self._normal_blocks(n, target, mean, std), target).reshape(shape)
            samples = self._normals(n, _exact(n, target))
            return cast(boxmuller.fused(samples, std, mean), target).reshape(shape)

    def _normal_blocks(self, n: int, target: np.dtype[Any], mean: float, std: float) -> Array:
        wide = target == np.float64
        # Below float32, PyTorch draws whole blocks only; else also for the last n % 16, which are then replaced.
        drawn = n - n % 16 if target.itemsize == 2 else n
        draw = self._doubles if wide else self._singles
        if drawn == n:
            values = draw(n)
        else:
            values = np.empty(n, np.float32)
            values[:drawn] = draw(drawn)
        tail = draw(16) if n % 16 else None
        for part in (values[: n - n % 16], tail):
            if part is None:
                continue
            blocks = part.reshape(-1, 16)
            if wide:
                blocks[...] = boxmuller.fill_double(blocks, mean, std, _exact(n, target))
            else:
                boxmuller.fill_single(blocks, mean, std)
        if tail is not None:
            values[-16:] = tail
        return values

    def _normals(self, n: int, exact: bool) -> Array:
        """n standard normals in float64 by the scalar recipe; an odd one out is kept for the next such call."""
        out = np.empty(n, np.float64)
        if n == 0:
            return out
        start = 0
        if self._next_normal is not None:
            out[0], self._next_normal, start = self._next_normal, None, 1
        missing = n - start
        uniforms = self._doubles(missing + missing % 2).reshape(-1, 2)
        both = np.stack(boxmuller.pairs(uniforms[:, 0], uniforms[:, 1], exact), axis=1).ravel()
        out[start:] = both[:missing]
        if missing % 2:
            self._next_normal = float(boxmuller.pairs(uniforms[-1:, 0], uniforms[-1:, 1], True)[1][0])
        return out

    def log_normal(self, shape: Shape, dtype: npt.DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0) -> Array:
        """exp of a normal sample (Tensor.log_normal_)."""
        if not std > 0.0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        target = _floating(dtype, "log_normal_cpu")
        n = _count(shape)
        exact = _exact(n, target)
        with self._lock, quiet():
            samples = boxmuller.fused(self._normals(n, exact), float(std), float(mean))
            return cast(boxmuller.libm(_exp, np.exp, samples, exact), target).reshape(shape)

    # ---- by inversion
    def exponential(self, shape: Shape, dtype: npt.DTypeLike = np.float32, lambd: float = 1.0) -> Array:
        """Exponential samples of rate `lambd` (Tensor.exponential_)."""
        target = _continuous(dtype, "Exponential")
        if not lambd > 0.0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        n = _count(shape)
        with self._lock, quiet():
            values = boxmuller.libm(math.log1p, np.log1p, -self._doubles(n), _exact(n, target))
            values *= -1.0 / lambd
            return cast(values, target).reshape(shape)

    def cauchy(self, shape: Shape, dtype: npt.DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0) -> Array:
        """Cauchy samples (Tensor.cauchy_)."""
        target = _continuous(dtype, "Cauchy")
        if not sigma > 0.0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
        n = _count(shape)
        with self._lock, quiet():
            angle = math.pi * (self._doubles(n) - 0.5)
            values = boxmuller.libm(math.tan, np.tan, angle, _exact(n, target))
            return cast(boxmuller.fused(values, float(sigma), float(median)), target).reshape(shape)

    def geometric(self, shape: Shape, dtype: npt.DTypeLike, p: float) -> Array:
        """Number of trials up to the first success, in any real dtype (Tensor.geometric_)."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        n = _count(shape)
        with self._lock, quiet():
            values = boxmuller.libm(_log, np.log, self._doubles(n), n <= boxmuller.EXACT)
            return cast(np.ceil(values / math.log1p(-p)), dtype).reshape(shape)

    def _complex(self, shape: Shape, target: np.dtype[Any], draw: Any) -> Array:
        part = np.dtype(np.float32 if target.itemsize == 8 else np.float64)
        pairs: Array = draw((_count(shape), 2), part)
        return pairs.view(target).reshape(shape)


def _swapped(targets: Array, n: int) -> Array:
    """0 to n - 1 after swapping, for each i in turn, places i and targets[i] >= i; without a loop where n is large.

    Place t receives, at each step j that names it, what place j held. So what place i holds when its turn comes,
    `held[i]`, is held[j] for the last j < i with targets[j] = i, else i; and place i ends with held[j] for the last
    j < i with targets[j] = targets[i], else targets[i]. Sorting (target, step) pairs finds every such j; the chains
    are short.
    """
    if n < 2048:
        numbers = list(range(n))
        for i, j in enumerate(targets.tolist()):
            numbers[i], numbers[j] = numbers[j], numbers[i]
        return np.array(numbers, dtype=np.int64)
    low = (1 << 32) - 1
    keys = np.sort(targets << 32 | np.arange(n - 1))
    places, steps = keys >> 32, keys & low
    moved = places != steps  # a place may name itself, then nothing moves
    last = np.arange(n)
    final = np.append(places[1:] != places[:-1], True) & moved
    final[:-1] |= moved[:-1] & ~moved[1:] & (places[1:] == places[:-1])
    last[places[final]] = steps[final]
    held = last
    while not np.array_equal(further := held[held], held):
        held = further
    order = np.append(targets, n - 1)
    again = np.flatnonzero(places[1:] == places[:-1])
    order[steps[again + 1]] = held[steps[again]]
    order[-1] = held[-1]
    return order


def _count(shape: Shape) -> int:
    return shape if isinstance(shape, int) else math.prod(shape)


def _exact(n: int, target: np.dtype[Any]) -> bool:
    """Whether the C library's logarithms can be told from NumPy's and are affordable."""
    return n <= (boxmuller.EXACT if target == np.float64 else 64)


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _exp(value: float) -> float:
    return math.exp(value) if value < 709.0 else float(np.exp(np.float64(value)))
