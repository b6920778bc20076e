"""Streams and events: work of a GPU in an order of its own, and marks in that order that can be waited for and timed.

These are CuPy's, with PyTorch's names. https://docs.pytorch.org/docs/stable/generated/torch.cuda.Stream.html
"""

from __future__ import annotations

from typing import Any

from ..backend.device import Device
from ._library import NoDevice, index_of, library

__all__ = ["Event", "Stream", "StreamContext", "current_stream", "default_stream", "set_stream", "stream"]


def _opened(sentence: str) -> Any:
    """CuPy, opened, or PyTorch's sentence and what is missing."""
    try:
        return library()
    except NoDevice as reason:
        raise RuntimeError(f"{sentence}: {reason}") from None


class Stream:
    """A queue of work on a GPU; two queues run side by side. `with stream:` puts the work of the block into it.

    Raises:
        RuntimeError: without a GPU.
    """

    def __init__(self, device: Any = None, priority: int = 0, *, _made: Any = None) -> None:
        cupy = _opened("torch.cuda.Stream requires CUDA support")
        self.device = Device("cuda", index_of(device))
        self._inside: list[StreamContext] = []
        if _made is None:
            with cupy.cuda.Device(self.device.index):
                _made = cupy.cuda.Stream(non_blocking=True)
        self._stream: Any = _made
        self.priority = priority

    @property
    def cuda_stream(self) -> int:
        """The driver's pointer."""
        return int(self._stream.ptr)

    def synchronize(self) -> None:
        """Wait until all work of this stream is done."""
        self._stream.synchronize()

    def query(self) -> bool:
        """Whether all work of this stream is done."""
        return bool(self._stream.done)

    def wait_event(self, event: Event) -> None:
        """Let later work of this stream wait for an event; the host goes on."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """Let later work of this stream wait for what the other has now; the host goes on."""
        self.wait_event(stream.record_event())

    def record_event(self, event: Event | None = None) -> Event:
        """Mark this place in the stream, with a new event where none is given."""
        marked = Event() if event is None else event
        marked.record(self)
        return marked

    def __enter__(self) -> Stream:
        self._inside.append(StreamContext(self))
        self._inside[-1].__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self._inside.pop().__exit__(*reason)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and (self.cuda_stream, self.device) == (other.cuda_stream, other.device)

    def __hash__(self) -> int:
        return hash((self.cuda_stream, self.device))

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class Event:
    """A mark in a stream.

    Raises:
        RuntimeError: without a GPU.
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False,
                 external: bool = False) -> None:  # fmt: skip
        _opened("Tried to instantiate dummy base class Event")
        if interprocess or external:
            raise NotImplementedError("Event: events between processes and of foreign graphs are not there")
        self._timing, self._blocking = enable_timing, blocking
        self._event: Any = None  # made at the first mark, on the device of its stream

    def record(self, stream: Stream | None = None) -> None:
        """Mark the place that a stream has reached, by default the current one."""
        where = current_stream() if stream is None else stream
        if self._event is None:
            cuda = library().cuda
            with cuda.Device(where.device.index):
                self._event = cuda.Event(block=self._blocking, disable_timing=not self._timing)
        self._event.record(where._stream)

    def wait(self, stream: Stream | None = None) -> None:
        """Let later work of a stream wait for this mark; the host goes on."""
        if self._event is not None:
            (current_stream() if stream is None else stream)._stream.wait_event(self._event)

    def query(self) -> bool:
        """Whether all work before the mark is done; True before it is set."""
        return self._event is None or bool(self._event.done)

    def synchronize(self) -> None:
        """Wait until all work before the mark is done."""
        if self._event is not None:
            self._event.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this mark to a later one.

        Raises:
            ValueError: where one of the two has no timing, or was not recorded.
        """
        if not (self._timing and end_event._timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._event is None or end_event._event is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return float(library().cuda.get_elapsed_time(self._event, end_event._event))

    def __repr__(self) -> str:
        return "<torch.cuda.Event uninitialized>" if self._event is None else f"<torch.cuda.Event {self._event.ptr:#x}>"


def current_stream(device: Any = None) -> Stream:
    """The stream that work on a GPU goes into now."""
    cuda, index = library().cuda, index_of(device)
    with cuda.Device(index):
        return Stream(index, _made=cuda.get_current_stream())


def default_stream(device: Any = None) -> Stream:
    """The stream that work on a GPU goes into where nobody says otherwise."""
    return Stream(device, _made=library().cuda.Stream.null)


def set_stream(stream: Stream | None) -> None:
    """Make a stream the current one of its device; None: no change."""
    if stream is not None:
        cuda = library().cuda
        with cuda.Device(stream.device.index):
            stream._stream.use()


class StreamContext:
    """`with stream(s):` puts the work of the block into `s`, on its device. None: no change."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream
        self._before: list[tuple[int, Stream]] = []

    def __enter__(self) -> None:
        if self.stream is not None:
            index = self.stream.device.index
            self._before.append((index_of(None), current_stream(index)))
            library().cuda.Device(index).use()
            set_stream(self.stream)

    def __exit__(self, *_: object) -> None:
        if self.stream is not None:
            index, stream = self._before.pop()
            set_stream(stream)
            library().cuda.Device(index).use()


stream = StreamContext
