"""Batches on their way between processes: pickled, their tensors as NumPy arrays.

Where the system can (Linux), the memory of large arrays does not go through the pipe: the sender writes it to a file
that has no name and exists only in memory, and the receiver maps that file. It needs no cleaning up: when the last
array is gone, or a process is killed, the memory is free.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
from multiprocessing.reduction import ForkingPickler, recv_handle, send_handle
from typing import Any

from ...._tensor import Tensor
from ...._tensor_arguments import wrap
from ....backend.device import CPU

__all__ = ["Parcel", "receive", "unpack"]

LARGE = 1 << 16  # bytes from which an array is worth a file
ALIGNED = 64
SHARED = hasattr(os, "memfd_create")
POPULATE = getattr(mmap, "MAP_POPULATE", 0)


class Packer(ForkingPickler):
    """A pickler that refuses what would lose its history on the way."""

    def reducer_override(self, thing: Any) -> Any:
        """Tensors pickle as arrays; one with a past would arrive as if it had none."""
        if isinstance(thing, Tensor) and thing.requires_grad and not thing.is_leaf:
            raise RuntimeError("Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not "
                               "support crossing process boundaries.  If you just want to transfer the data, call detach() "
                               "on the tensor before serializing (e.g., putting it on the queue).")  # fmt: skip
        if type(thing) is Tensor and not thing.requires_grad and not thing.__dict__ and thing.device == CPU:
            return wrap, (thing._data,)  # what pickling would do too, but for the copy it makes first
        return NotImplemented


class Parcel:
    """A batch as it is now, ready to be sent: whatever happens to its arrays later.

    Raises:
        RuntimeError: for a tensor that was computed from one that requires grad.
    """

    def __init__(self, thing: Any) -> None:
        self._file: int | None = None
        places: list[tuple[int, int]] = []  # where each large array lies in the file
        buffers: list[memoryview] = []

        def keep(buffer: pickle.PickleBuffer) -> bool:
            view = buffer.raw()
            if not SHARED or view.nbytes < LARGE:
                return True
            start = -(-sum(places[-1]) // ALIGNED) * ALIGNED if places else 0
            places.append((start, view.nbytes))
            buffers.append(view)
            return False

        content = io.BytesIO()
        Packer(content, pickle.HIGHEST_PROTOCOL, True, keep).dump(thing)
        self._message = pickle.dumps(places) + content.getvalue()
        if places:
            self._file = os.memfd_create("batch")
            try:
                for (start, _), view in zip(places, buffers):
                    written = 0
                    while written < view.nbytes:
                        written += os.pwrite(self._file, view[written:], start + written)
            except BaseException:
                self.close()
                raise

    def send(self, connection: Any) -> None:
        """Write it into the pipe, which has to be a socket where large arrays are shared."""
        try:
            connection.send_bytes(self._message)
            if self._file is not None:
                send_handle(connection, self._file, None)
        finally:
            self.close()

    def close(self) -> None:
        """Give up the file; the receiver has its own hold on it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def receive(connection: Any) -> tuple[io.BytesIO, list[memoryview]]:
    """The next batch that was sent, for `unpack`.

    Raises:
        EOFError, OSError: where the sender is gone.
    """
    content = io.BytesIO(connection.recv_bytes())
    places = pickle.load(content)
    if not places:
        return content, []
    file = recv_handle(connection)
    try:
        memory = memoryview(mmap.mmap(file, sum(places[-1]), mmap.MAP_SHARED | POPULATE))
    finally:
        os.close(file)
    return content, [memory[start : start + size] for start, size in places]


def unpack(content: io.BytesIO, views: list[memoryview]) -> Any:
    """The batch again; its large arrays keep the mapped file alive."""
    return pickle.load(content, buffers=views)
