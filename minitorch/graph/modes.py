"""Whether the tape is written: grad mode and inference mode, each per thread.

`modes.grad` is one attribute read on the hot path. `modes.run(f, *args)` calls f with NumPy's floating-point warnings
off and everybody else's settings untouched: each thread keeps a context of its own in which they are off, which costs a
fraction of what entering `np.errstate` for every op would.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .reverse import reverse

F = TypeVar("F", bound=Callable[..., Any])


class Modes(threading.local):
    """The switches of one thread."""

    grad: bool = True
    inference: bool = False
    #: The backward under way, if any: which nodes it goes through (`ops.backward.Task`).
    task: Any = None
    run: Callable[..., Any]

    def __init__(self) -> None:
        context = contextvars.copy_context()
        context.run(np.seterr, all="ignore")
        self.run = context.run


modes = Modes()
#: Module paths of the calls under way, and whether anybody wants notes on nodes: see `recording`.
recording: list[Any] = []
#: What is handed each new node with its arguments, the last counting, while somebody packs what the tape saves: see
#: `autograd.saved_hooks`.
packing: list[Any] = []
#: What walks the tape in the place of `graph.reverse.reverse`, the last counting: see `autograd.anomaly_mode`.
walking: list[Any] = []


def walkers_below(walk: Callable[..., Any]) -> Callable[..., Any]:
    """What a walker hands the tape on to when it has prepared to watch: the one below it in `walking`, else `reverse`."""
    place = walking.index(walk)
    below: Callable[..., Any] = walking[place - 1] if place else reverse
    return below


class _Mode:
    """A context manager that is also a decorator, for functions and generator functions."""

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        raise NotImplementedError

    def _again(self) -> _Mode:
        return self.__class__()

    def __call__(self, function: F) -> F:
        if function.__code__.co_flags & 0x20 if hasattr(function, "__code__") else False:  # a generator function

            @functools.wraps(function)
            def steps(*args: Any, **kwargs: Any) -> Any:
                running = function(*args, **kwargs)
                step, sent = running.send, None
                while True:
                    try:
                        with self._again():
                            item = step(sent)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        step, sent = running.send, (yield item)
                    except GeneratorExit:
                        with self._again():
                            running.close()
                        raise
                    except BaseException as thrown:
                        step, sent = running.throw, thrown

            return steps  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class no_grad(_Mode):
    """Nothing inside is recorded. As `with no_grad():` or as a decorator."""

    _value = False

    def __new__(cls, function: Any = None) -> Any:
        mode = super().__new__(cls)
        return mode if function is None else mode(function)

    def __init__(self, function: Any = None) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(modes.grad)
        modes.grad = self._value

    def __exit__(self, *_: object) -> None:
        modes.grad = self._before.pop()


class enable_grad(no_grad):
    """Recording is on inside, also within `no_grad`."""

    _value = True

    def __enter__(self) -> None:
        self._before.append(modes.grad)
        modes.grad = not modes.inference


class set_grad_enabled(_Mode):
    """Switch recording on or off now; as a context manager, back again on leaving."""

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._before = modes.grad
        modes.grad = self.mode

    def __enter__(self) -> None:
        modes.grad = self.mode

    def __exit__(self, *_: object) -> None:
        modes.grad = self._before

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"

    def _again(self) -> _Mode:
        return set_grad_enabled(self.mode)

    def __call__(self, function: F) -> F:
        modes.grad = self._before
        return super().__call__(function)


class inference_mode(_Mode):
    """Nothing inside is recorded, and tensors made inside carry no version: they can never enter a graph."""

    def __new__(cls, mode: Any = True) -> Any:
        found = super().__new__(cls)
        if callable(mode):
            found.__init__()  # type: ignore[misc]
            return found(mode)
        return found

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((modes.grad, modes.inference))
        if self.mode:
            modes.grad, modes.inference = False, True
        else:
            modes.grad, modes.inference = True, False

    def __exit__(self, *_: object) -> None:
        modes.grad, modes.inference = self._before.pop()

    def _again(self) -> _Mode:
        again: _Mode = inference_mode(self.mode)
        return again


def is_grad_enabled() -> bool:
    """Whether ops of this thread are recorded."""
    return modes.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode."""
    return modes.inference
