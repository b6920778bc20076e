"""The names of `torch.cpu`, for programs that treat the host as one device among others: it is there, and never behind.

https://docs.pytorch.org/docs/stable/cpu.html
"""

from __future__ import annotations

from typing import Any

__all__ = ["Event", "Stream", "StreamContext", "current_device", "current_stream", "device_count", "is_available",
           "is_initialized", "set_device", "stream", "synchronize"]  # fmt: skip


def is_available() -> bool:
    """True."""
    return True


def is_initialized() -> bool:
    """True."""
    return True


def device_count() -> int:
    """1."""
    return 1


def current_device() -> str:
    """`cpu`."""
    return "cpu"


def set_device(device: Any) -> None:
    """Nothing to do: there is one host."""


def synchronize(device: Any = None) -> None:
    """Nothing to do: the host is never behind."""


class Stream:
    """The order in which the host works; there is one."""

    def __init__(self, priority: int = -1) -> None:
        pass

    def wait_stream(self, stream: Any) -> None:
        """Nothing to do: all other work is done."""

    def record_event(self) -> None:
        """Nothing to do."""

    def wait_event(self, event: Any) -> None:
        """Nothing to do: what the event marks is done."""


class Event:
    """A mark in the order of the host's work, which is done when it is set."""

    def query(self) -> bool:
        """True."""
        return True

    def record(self, stream: Any = None) -> None:
        """Nothing to do."""

    def synchronize(self) -> None:
        """Nothing to do."""

    def wait(self, stream: Any = None) -> None:
        """Nothing to do."""


_stream = Stream()


def current_stream(device: Any = None) -> Stream:
    """The one stream."""
    return _stream


class StreamContext:
    """`with stream(s):` changes nothing."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


stream = StreamContext
