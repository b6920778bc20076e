"""`Timer` and `Measurement`: how long a statement takes, with its threads set and a GPU waited for.

https://docs.pytorch.org/docs/stable/benchmark_utils.html
"""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import cuda
from ..settings import get_num_threads, set_num_threads

__all__ = ["Measurement", "Timer", "timer"]

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def timer() -> float:
    """Seconds on a clock, once all work of the GPU is done."""
    if cuda.is_initialized():
        cuda.synchronize()
    return time.perf_counter()


@dataclass(repr=False)
class Measurement:
    """The times of a statement, in seconds for `number_per_run` runs of it; the properties are for one run."""

    number_per_run: int
    raw_times: list[float]
    stmt: str = "pass"
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    num_threads: int = 1
    metadata: dict[Any, Any] | None = field(default=None)

    @property
    def times(self) -> list[float]:
        """Seconds for one run, of each measurement."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def mean(self) -> float:
        """The mean of `times`."""
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        """The median of `times`."""
        return statistics.median(self.times)

    def _quartiles(self) -> tuple[float, float]:
        times = self.times
        low, _, high = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else times * 3
        return low, high

    @property
    def iqr(self) -> float:
        """The distance between the quartiles of `times`."""
        low, high = self._quartiles()
        return high - low

    def meets_confidence(self, threshold: float = 0.1) -> bool:
        """Whether the quartiles are closer than this part of the median."""
        return self.iqr / self.median < threshold

    @property
    def title(self) -> str:
        """What was measured."""
        return f"{self.label or self.stmt}{f': {self.sub_label}' if self.sub_label else ''}"

    def __repr__(self) -> str:
        count, median = len(self.raw_times), self.median
        scale, unit = next(((s, u) for s, u in _UNITS if median >= s), _UNITS[-1])
        low, high = self._quartiles()
        several = count > 1
        lines = [f"{object.__repr__(self)}", self.title, *([self.description] if self.description else ()),
                 f"  {'Median: ' if several else ''}{median / scale:.2f} {unit}"]  # fmt: skip
        if count >= 4:
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low / scale:.2f} to {high / scale:.2f})")
        lines.append(f"  {count} measurement{'s' * several}, {self.number_per_run} runs {'per measurement,' if several else ','} "
                     f"{self.num_threads} thread{'s' * (self.num_threads > 1)}")  # fmt: skip
        return "\n".join(lines)


class Timer:
    """Measures a statement, given as text, with the names of `globals`; on one thread unless told otherwise.

    Raises:
        NotImplementedError: for C++.
    """

    def __init__(self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
                 timer: Callable[[], float] = timer, globals: dict[str, Any] | None = None, label: str | None = None,
                 sub_label: str | None = None, description: str | None = None, env: str | None = None, num_threads: int = 1,
                 language: Any = "python") -> None:  # fmt: skip
        if str(language).lower() not in ("python", "py"):
            raise NotImplementedError("Timer: only statements of Python are measured")
        if global_setup:
            raise ValueError(f"global_setup is C++ only, got `{global_setup}`. Most likely this "
                             "code can simply be moved to `setup`.")  # fmt: skip
        self._timer = timeit.Timer(stmt, setup, timer=timer, globals=dict(globals or {}))
        self._about: dict[str, Any] = {"stmt": stmt, "label": label, "sub_label": sub_label, "description": description,
                                       "num_threads": num_threads}  # fmt: skip
        self._threads = num_threads

    def _timed(self, number: int) -> float:
        return max(self._timer.timeit(number), 1e-9)

    def _run(self, measure: Callable[[], tuple[int, list[float]]]) -> Measurement:
        before = get_num_threads()
        set_num_threads(self._threads)
        try:
            number, times = measure()
        finally:
            set_num_threads(before)
        return Measurement(number, times, **self._about)

    def timeit(self, number: int = 1000000) -> Measurement:
        """One measurement of so many runs, after a hundredth as many to warm up."""

        def measure() -> tuple[int, list[float]]:
            self._timed(max(number // 100, 2))
            return number, [self._timed(number)]

        return self._run(measure)

    def _block(self, min_run_time: float) -> int:
        """How many runs make the clock's own cost small: a thousandth of the time asked for, at least."""
        number = 1
        while self._timed(number) < min_run_time / 1000:
            number *= 10
        return number

    def blocked_autorange(self, callback: Callable[[int, float], Any] | None = None,
                          min_run_time: float = 0.2) -> Measurement:  # fmt: skip
        """Measurements of so many runs that the clock does not count, until `min_run_time` seconds have been measured."""

        def measure() -> tuple[int, list[float]]:
            number = self._block(min_run_time)
            times: list[float] = []
            while sum(times) < min_run_time:
                times.append(self._timed(number))
                if callback is not None:
                    callback(number, times[-1])
            return number, times

        return self._run(measure)

    def adaptive_autorange(self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
                           callback: Callable[[int, float], Any] | None = None) -> Measurement:  # fmt: skip
        """Measurements until the quartiles lie within `threshold` of the median, or `max_run_time` seconds have passed."""

        def measure() -> tuple[int, list[float]]:
            number = self._block(min_run_time)
            times: list[float] = []
            while sum(times) < max_run_time:
                times.append(self._timed(number))
                if callback is not None:
                    callback(number, times[-1])
                enough = sum(times) >= min_run_time and len(times) > 3
                if enough and Measurement(number, times).meets_confidence(threshold):
                    break
            return number, times

        return self._run(measure)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}: there are Timer and Measurement")
