"""Sampling: draws that read the stream as they go, or that need more than a shape.

Drawing indices by weight, truncated normals, the noise of layers (rrelu, fractional pooling), and the distributions
sampled by rejection, where how many numbers are read depends on the numbers: Poisson, gamma, binomial. Order and
rounding are ATen's (Distributions.cpp, Distributions.h, MultinomialKernel.cpp, Activation.cpp) and torch/nn/init.py's.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from minitorch.backend.draws import Array, Draws, Shape
from minitorch.backend.limits import DIGITS, SCALAR_NAMES, cast, quiet

THIRD = float(np.float32(1.0) / np.float32(3.0))
SQUEEZE = float(np.float32(0.0331))
# log k! - Stirling's approximation of it, for k = 0 to 9 (Distributions.h, stirling_approx_tail)
STIRLING_TAIL = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
    0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


class Sampling(Draws):
    """Draws that take arrays of weights or rates."""

    def multinomial(self, weights: Array, num_samples: int, replacement: bool = False) -> Array:
        """int64 indices, drawn row by row in proportion to `weights` of shape (k,) or (rows, k) (torch.multinomial)."""
        dtype = weights.dtype
        if weights.ndim not in (1, 2) or weights.shape[-1] == 0:
            raise RuntimeError("prob_dist must be 1 or 2 dim")
        if dtype.name not in DIGITS:
            name = SCALAR_NAMES.get(dtype.name, dtype.name)
            raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {name}")
        if num_samples <= 0:
            raise RuntimeError("cannot sample n_sample <= 0 samples")
        if not replacement and num_samples > weights.shape[-1]:
            raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
        rows = weights.reshape(-1, weights.shape[-1])
        if replacement and num_samples > 1:
            result = self._with_replacement(rows, num_samples)
            return result.reshape(*weights.shape[:-1], num_samples)
        wide = rows if dtype.itemsize > 2 else rows.astype(np.float32)
        with quiet():
            if not ((wide >= 0) & (wide < np.inf)).all():
                raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
            if not (wide.sum(-1) > 0).all():
                raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
            clocks = self.exponential(rows.shape, dtype)
            race = cast(wide / clocks.astype(wide.dtype), dtype)
            if race.dtype.itemsize == 2:
                race = race.astype(np.float32)
            order = np.argsort(-race, axis=-1, kind="stable")[:, :num_samples]
        return np.ascontiguousarray(order, dtype=np.int64).reshape(*weights.shape[:-1], num_samples)

    def _with_replacement(self, rows: Array, num_samples: int) -> Array:
        result = np.empty((len(rows), num_samples), np.int64)
        sums = rows if rows.dtype.itemsize > 2 else rows.astype(np.float32)
        with self._lock, quiet():
            for row, drawn in zip(sums, result):
                if not (row >= 0).all():
                    raise RuntimeError("invalid multinomial distribution (encountering probability entry < 0)")
                if not np.isfinite(row).all():
                    raise RuntimeError(
                        "invalid multinomial distribution (encountering probability entry = infinity or NaN)"
                    )
                steps = np.cumsum(row, dtype=row.dtype)
                if not steps[-1] > 0:
                    raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
                steps /= steps[-1]
                steps = steps.astype(np.float64)
                steps[-1] = 1.0
                drawn[:] = np.searchsorted(steps, self._doubles(num_samples), side="left")
        return result

    def trunc_normal(
        self,
        shape: Shape,
        dtype: npt.DTypeLike = np.float32,
        mean: float = 0.0,
        std: float = 1.0,
        a: float = -2.0,
        b: float = 2.0,
        contiguous: bool = True,
    ) -> Array:
        """Normal samples that lie in [a, b] (torch.nn.init.trunc_normal_): drawn again in whole arrays until all do."""
        target = np.dtype(dtype)
        if mean < a - 2 * std or mean > b + 2 * std:
            warnings.warn(
                "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
                "The distribution of values may be incorrect.",
                stacklevel=3,
            )
        inside = (math.erf((b - mean) / std / math.sqrt(2.0)) - math.erf((a - mean) / std / math.sqrt(2.0))) / 2.0
        with self._lock, quiet():
            if inside > 0.3:
                low, high = cast(np.array([a, b]), target)
                result = self.normal(shape, target, mean, std, contiguous)
                outside = (result < low) | (result > high)
                while outside.any():
                    np.copyto(result, self.normal(shape, target, mean, std, contiguous), where=outside)
                    outside = (result < low) | (result > high)
                return result
            mode = max(a, min(mean, b))
            peak = -0.5 * ((mode - mean) / std) ** 2
            result = self.uniform(shape, target, a, b)
            pending = self._refused(result, mean, std, peak)
            while pending.any():
                fresh = self.uniform(shape, target, a, b)
                np.copyto(result, fresh, where=pending)
                pending &= self._refused(fresh, mean, std, peak)
            return result

    def _refused(self, candidates: Array, mean: float, std: float, peak: float) -> Array:
        target = candidates.dtype
        wide = np.float64 if target == np.float64 else np.float32

        def step(operation: Callable[[Any, Any], Any], values: Array, other: float) -> Array:
            return cast(np.asarray(operation(values.astype(wide, copy=False), wide(other))), target)

        density = step(np.divide, step(np.subtract, candidates, mean), std)
        squared = cast(np.asarray(density.astype(wide, copy=False) ** 2), target)
        density = step(np.subtract, step(np.multiply, squared, -0.5), peak)
        uniform = self.uniform(candidates.shape, target)
        height = cast(np.asarray(np.log(uniform.astype(wide, copy=False))), target)
        return np.asarray(height > density)

    def fractional_samples(self, batch: int, channels: int, dims: int = 2, dtype: npt.DTypeLike = np.float32) -> Array:
        """Uniform samples of shape (batch, channels, dims) that place the windows of fractional_max_pool."""
        return self.rand((batch, channels, dims), dtype)

    def rrelu_noise(self, x: Array, lower: float, upper: float) -> Array:
        """Slopes of rrelu in training: uniform on [lower, upper) where x <= 0, drawn in order; elsewhere one."""
        target = x.dtype
        part = np.float64 if target == np.float64 else np.float32
        start, stop = float(part(lower)), float(part(upper))
        noise = np.ones(x.shape, target)
        below = np.asarray(x <= 0)
        with self._lock:
            noise[below] = cast(self._doubles(int(below.sum())) * (stop - start) + start, target)
        return noise

    # ---- rejection: one number at a time
    def _double(self) -> float:
        high, low = int(self._bits.random_raw()), int(self._bits.random_raw())
        return float(((high << 32) | low) & ((1 << 53) - 1)) * 2.0**-53

    def _normal(self) -> float:
        if self._next_normal is not None:
            value, self._next_normal = self._next_normal, None
            return value
        angle = 2.0 * math.pi * self._double()
        radius = math.sqrt(-2.0 * math.log1p(-self._double()))
        self._next_normal = radius * math.sin(angle)
        return radius * math.cos(angle)

    def poisson(self, rates: Array) -> Array:
        """Poisson samples, one per rate and in its dtype (torch.poisson; Hoermann 1993 from a rate of 10 on)."""
        return self._each(self._poisson, rates)

    def standard_gamma(self, alphas: Array) -> Array:
        """Gamma samples of unit rate, one per concentration (torch._standard_gamma; doi:10.1145/358407.358414)."""
        single = alphas.dtype != np.float64
        tiny = float(np.finfo(np.float32 if single else np.float64).tiny)
        if alphas.dtype.itemsize == 2:
            tiny = float(np.finfo(np.float16).tiny) if alphas.dtype == np.float16 else tiny
        result = self._each(lambda alpha: self._gamma(alpha, single), alphas)
        return np.asarray(np.maximum(result, np.asarray(tiny, result.dtype)))

    def binomial(self, counts: Array, probabilities: Array) -> Array:
        """Binomial samples, one per count and probability of equal shape and dtype (torch.binomial)."""
        single = counts.dtype != np.float64
        return self._each(lambda count, p: self._binomial(count, p, single), counts, probabilities)

    def _each(self, sample: Callable[..., float], *arrays: Array) -> Array:
        columns = [np.asarray(array, np.float64).ravel().tolist() for array in arrays]
        with self._lock:
            drawn = np.array([sample(*values) for values in zip(*columns)], np.float64)
        return cast(drawn, arrays[0].dtype).reshape(arrays[0].shape)

    def _poisson(self, rate: float) -> float:
        if not rate >= 0:
            raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
        if rate == 0:
            return 0.0
        if rate < 10:
            limit, product, k = math.exp(-rate), 1.0, 0
            while True:
                product *= self._double()
                if product <= limit:
                    return float(k)
                k += 1
        b = 0.931 + 2.53 * math.sqrt(rate)
        a = -0.059 + 0.02483 * b
        log_rate, inverse_alpha, accept = math.log(rate), 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
        while True:
            u, v = self._double() - 0.5, self._double()
            us = 0.5 - abs(u)
            k = math.floor((2 * a / us + b) * u + rate + 0.43) if us > 0 else -1
            if us >= 0.07 and v <= accept:
                return float(k)
            if k < 0 or (us < 0.013 and v > us):
                continue
            left = _log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
            if left <= -rate + k * log_rate - math.lgamma(k + 1.0):
                return float(k)

    def _gamma(self, alpha: float, single: bool) -> float:
        narrow = _narrow if single else float
        scale = 1.0
        if alpha < 1.0:
            if alpha == 0.0:
                return 0.0
            scale = math.pow(1 - self._double(), narrow(1.0 / alpha))
            alpha = narrow(alpha + 1.0)
        d = narrow(alpha - THIRD)
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            x = self._normal()
            y = 1.0 + c * x
            while y <= 0:
                x = self._normal()
                y = 1.0 + c * x
            v = y * y * y
            u = 1 - self._double()
            xx = x * x
            if u < 1.0 - SQUEEZE * xx * xx or math.log(u) < 0.5 * xx + d * (1.0 - v + math.log(v)):
                return scale * d * v

    def _binomial(self, count: float, p: float, single: bool) -> float:
        if count <= 0.0 or p <= 0.0:
            return 0.0
        if p >= 1.0:
            return count
        if math.isnan(p):
            return p
        narrow = _narrow if single else float
        rare = p if p <= 0.5 else narrow(1.0 - p)
        sample = self._transformed if narrow(count * rare) >= 10.0 else self._inverted
        successes = sample(count, rare, narrow)
        return successes if p <= 0.5 else count - successes

    def _inverted(self, count: float, p: float, narrow: Callable[[float], float]) -> float:
        log_failure, total, successes = narrow(math.log1p(-p)), 0.0, 0
        while True:
            ratio = _log(self._double()) / log_failure
            total += math.ceil(ratio) if math.isfinite(ratio) else ratio
            if total > count:
                return float(successes)
            successes += 1

    def _transformed(self, count: float, p: float, narrow: Callable[[float], float]) -> float:
        expected, failure = narrow(count * p), narrow(1 - p)
        deviation = narrow(math.sqrt(narrow(expected * failure)))
        b = 1.15 + 2.53 * deviation
        a = -0.0873 + 0.0248 * b + 0.01 * p
        c, accept, r = expected + 0.5, 0.92 - 4.2 / b, narrow(p / failure)
        alpha, m = (2.83 + 5.1 / b) * deviation, math.floor(narrow((count + 1) * p))
        while True:
            u, v = self._double() - 0.5, self._double()
            us = 0.5 - abs(u)
            k = math.floor((2 * a / us + b) * u + c) if us > 0 else -1
            if k < 0 or k > count:
                continue
            if us >= 0.07 and v <= accept:
                return float(k)
            bound = (
                (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
                + (count + 1) * math.log((count - m + 1) / (count - k + 1))
                + (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
                + _tail(m) + _tail(count - m) - _tail(k) - _tail(count - k)
            )  # fmt: skip
            if _log(v * alpha / (a / (us * us) + b)) <= bound:
                return float(k)


def _narrow(value: float) -> float:
    """Rounded to float32, as ATen computes what depends on float32 parameters alone."""
    return float(np.float32(value))


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _tail(k: float) -> float:
    if k < len(STIRLING_TAIL):
        return STIRLING_TAIL[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)
