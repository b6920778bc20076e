"""The zip file of a PyTorch checkpoint: its members, found and checked before a byte of them is used.

PyTorch stores every member uncompressed, so that a storage is a stretch of the file. What differs is refused: members that
are compressed, encrypted, named twice, lie on one another, or are called otherwise in their own header than in the
directory. https://docs.pytorch.org/docs/stable/notes/serialization.html#torch-save-output-format
"""

from __future__ import annotations

import itertools
import zipfile
from typing import Any, BinaryIO

import numpy as np

from .refusal import CheckpointError, shown

#: PyTorch's pickles hold names and sizes only; those of the largest models are a few megabytes.
LONGEST_PICKLE = 64 * 2**20
_ENCRYPTED, _PATCHED, _MASKED, _UTF8 = 0x41, 0x20, 0x2000, 0x800


class Archive:
    """The members of a checkpoint.

    Args:
        file: the zip file, for its directory.
        data: all its bytes.
        keep: whether a member is a window on `data` (a mapped file) and not a copy.

    Raises:
        CheckpointError: for an archive that PyTorch does not write.
    """

    def __init__(self, file: BinaryIO, data: Any, keep: bool) -> None:
        self._data, self._keep = data, keep
        try:
            with zipfile.ZipFile(file) as directory:
                infos = directory.infolist()
        except Exception as reason:  # zipfile raises whatever its parsing trips over
            raise CheckpointError(f"its zip directory is damaged: {shown_error(reason)}") from None
        if any("/code/" in info.orig_filename or info.orig_filename.endswith("/constants.pkl") for info in infos):
            raise CheckpointError("it is a TorchScript program, and not a checkpoint. Hint: torch.save(model.state_dict(), path)")
        self._spans: dict[str, tuple[int, int]] = {}
        heads = []
        for info in infos:
            name = info.orig_filename
            if name in self._spans:
                raise CheckpointError(f"the member {shown(name)} is there twice")
            start = self._start(info, name)
            self._spans[name] = start, start + info.file_size
            heads.append((info.header_offset, start + info.file_size, name))
        heads.sort()
        if heads and heads[0][0]:
            raise CheckpointError(f"{heads[0][0]} bytes lie in front of its first member")
        for (_, end, one), (begin, _, other) in itertools.pairwise(heads):
            if begin < end:
                raise CheckpointError(f"the members {shown(one)} and {shown(other)} lie on one another")
        self._folder = self._find_folder()
        order = self.text("byteorder", "little")
        if order not in ("little", "big"):
            raise CheckpointError(f"its byte order is {shown(order)}, and not little or big")
        self.big_endian = order == "big"

    def _start(self, info: zipfile.ZipInfo, name: str) -> int:
        """Where a member's bytes start."""
        if info.flag_bits & (_ENCRYPTED | _PATCHED | _MASKED):
            raise CheckpointError(f"the member {shown(name)} is encrypted")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise CheckpointError(f"the member {shown(name)} is compressed, which PyTorch never does")
        begin = info.header_offset
        head = bytes(self._data[begin : begin + 30]) if 0 <= begin < len(self._data) else b""
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise CheckpointError(f"the member {shown(name)} has no header where the directory says")
        flags, method = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
        length, extra = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        own = bytes(self._data[begin + 30 : begin + 30 + length]).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        if own != name or method or flags & (_ENCRYPTED | _PATCHED | _MASKED) or "\0" in name:
            raise CheckpointError(f"the member {shown(name)} is called {shown(own)} in its own header, or packed otherwise")
        start = begin + 30 + length + extra
        if start + info.file_size > len(self._data):
            raise CheckpointError(f"the member {shown(name)} reaches beyond the end of the file")
        return start

    def _find_folder(self) -> str:
        found = [name for name in self._spans if name.endswith("/data.pkl") and name.count("/") == 1]
        if len(found) != 1:
            raise CheckpointError(f"it holds {len(found)} members */data.pkl, and a checkpoint has one")
        return found[0].removesuffix("data.pkl")

    def text(self, name: str, default: str) -> str:
        """A short member as text."""
        start, end = self._spans.get(f"{self._folder}{name}", (0, 0))
        return bytes(self._data[start : min(end, start + 64)]).decode("latin-1").strip() or default

    def pickle(self) -> bytes:
        """The member that describes the object."""
        start, end = self._spans[f"{self._folder}data.pkl"]
        if end - start > LONGEST_PICKLE:
            raise CheckpointError(f"its data.pkl has {end - start} bytes, and at most {LONGEST_PICKLE} are read")
        return bytes(self._data[start:end])

    def storage(self, key: str, nbytes: int) -> Any:
        """The bytes of a storage, aligned and writable.

        Raises:
            CheckpointError: for a storage that is not there, or that has another length.
        """
        span = self._spans.get(f"{self._folder}data/{key}")
        if span is None:
            raise CheckpointError(f"the storage {shown(key)} is not in the file")
        if span[1] - span[0] != nbytes:
            raise CheckpointError(f"the storage {shown(key)} has {span[1] - span[0]} bytes, and {nbytes} are announced")
        raw = np.asarray(self._data[span[0] : span[1]])
        return raw if self._keep and raw.ctypes.data % 16 == 0 else raw.copy()


def shown_error(reason: BaseException) -> str:
    """An exception in a line."""
    try:
        text = str(reason)
    except Exception:
        text = ""
    return f"{type(reason).__name__}: {text[:200]}"
