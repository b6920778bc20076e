"""A DLPack capsule of the host's memory as an array."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["is_capsule", "opened"]


class _Capsule:
    """A capsule as an object of the protocol; NumPy refuses one of another device."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class _Writable:
    """An array whose memory may be written: a capsule does not say, so NumPy forbids it, and PyTorch does not."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def is_capsule(value: Any) -> bool:
    """Whether this is what `to_dlpack` returns, opened or not."""
    return type(value).__name__ == "PyCapsule"


def opened(capsule: Any) -> Any:
    """The array in a capsule, which is used up by this.

    Raises:
        RuntimeError: for a capsule that was opened before.
    """
    if '"dltensor"' not in repr(capsule):
        raise RuntimeError("from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only "
                           "once, so you might have already constructed a tensor from it once.")  # fmt: skip
    return np.asarray(_Writable(np.from_dlpack(_Capsule(capsule))))
