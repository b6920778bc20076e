"""`save` and `load`: which file, which format, and never half a file.

Files of `save` are safetensors files (https://github.com/huggingface/safetensors) whose metadata describes the nesting;
other safetensors files load as a dict, and the zip files of PyTorch are read without PyTorch (archive.py, opcodes.py).
Nothing that is read is ever executed: there is no mode in which `load` runs code from a file.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from typing import Any

import numpy as np

from .._tensor import Tensor
from .describing import Description
from .placing import MapLocation, Placer
from .refusal import CheckpointError
from .restoring import read_nodes, stored_array

KEY = "minitorch"
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def save(obj: Any, f: Any, pickle_module: Any = None, pickle_protocol: int = 2,
         _use_new_zipfile_serialization: bool = True) -> None:  # fmt: skip
    """Write an object as a safetensors file; a file that is already there is replaced at once or not at all.

    Saved are tensors, parameters and buffers (with what they share), dicts, OrderedDicts, Counters, lists, tuples, sets,
    numbers, strings, bytes, None, sizes, dtypes, devices, and so the state dicts of modules and optimisers.

    Args:
        obj: what to save.
        f: a path, or a file opened for writing bytes.
        pickle_module, pickle_protocol: nothing is pickled; accepted for PyTorch's sake (a module only if None).

    Raises:
        CheckpointError: for an object of another kind (save a module's `state_dict()`), one that contains itself, or that
            lies more than 500 deep.
    """
    if pickle_module is not None and getattr(pickle_module, "__name__", "") != "pickle":
        raise RuntimeError("save(): nothing is pickled, so there is no pickle_module to choose")
    import safetensors.numpy

    told = Description(obj)
    metadata = {KEY: json.dumps({"version": 1, "root": told.root, "nodes": told.nodes}, separators=(",", ":"))}
    if hasattr(f, "write"):
        f.write(safetensors.numpy.save(told.arrays, metadata))
        return
    if not isinstance(f, str | os.PathLike):
        raise AttributeError(f"expected 'f' to be string, path, or a file-like object with a 'write' attribute, not "
                             f"{type(f).__name__}")  # fmt: skip
    _replace(os.fspath(f), lambda path: safetensors.numpy.save_file(told.arrays, path, metadata))


def _replace(path: Any, write: Any) -> None:
    """Write beside the file, to the disk, and then put it in the file's place in one step."""
    path = os.path.realpath(os.fsdecode(path))  # a link keeps pointing where it points
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name[:40]}.{os.urandom(8).hex()}.part")
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        mode = os.stat(path if os.path.exists(path) else beside).st_mode & 0o777
        write(beside)
        os.chmod(beside, mode)  # whoever wrote may have put another file there
        _sync(beside, os.O_RDWR)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    with contextlib.suppress(OSError):  # a file system that cannot sync folders
        _sync(folder, os.O_RDONLY)


def _sync(path: str, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load(f: Any, map_location: MapLocation = None, pickle_module: Any = None, *, weights_only: bool | None = None,
         mmap: bool | None = None, **pickle_load_args: Any) -> Any:  # fmt: skip
    """Read a file of `save`, another safetensors file (as a dict), or a checkpoint that PyTorch saved.

    Args:
        f: a path, or a file opened for reading bytes, read from where it stands.
        map_location: a device, `{"cuda:0": "cpu"}`, or a function of (storage, location) that returns the storage where it
            should be, or None.
        weights_only: has no effect: data is read and code is never run, also with False.
        mmap: whether to map the file of a checkpoint of PyTorch into memory and read tensors when first touched.
        pickle_load_args: `encoding` and its like, which have no effect: strings are read as they were written.

    Raises:
        CheckpointError: for a file that is none of these, is damaged, or asks for anything but data; it says what and why.
    """
    if odd := pickle_load_args.keys() - {"encoding", "errors", "fix_imports", "buffers"}:
        raise TypeError(f"load() got an unexpected keyword argument '{min(odd)}'")
    if pickle_module is not None:
        raise RuntimeError("load(): nothing is unpickled, so there is no pickle_module to choose")
    place = Placer(map_location)
    if hasattr(f, "read"):
        if mmap:
            raise ValueError("f must be a file path in order to use the mmap argument")
        content = f.read()
        if not isinstance(content, bytes | bytearray):
            raise TypeError("load(): the file must be opened for reading bytes, open(path, 'rb')")
        return _read(io.BytesIO(content), np.frombuffer(content, np.uint8), False, place, "the file")
    if not isinstance(f, str | os.PathLike):
        raise AttributeError(f"expected 'f' to be string, path, or a file-like object with a 'read' attribute, not "
                             f"{type(f).__name__}")  # fmt: skip
    with open(f, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = np.memmap(file, np.uint8, mode="c", shape=(size,)) if size else np.empty(0, np.uint8)
        return _read(file, data, bool(mmap), place, str(f))


def _read(file: Any, data: Any, keep: bool, place: Placer, name: str) -> Any:
    """An object from a file and all its bytes, by what they start with."""
    try:
        head = data[:16].tobytes()
        size = int.from_bytes(head[:8], "little")
        if head[8:9] == b"{" and size <= len(data) - 8:
            return _read_safetensors(data.tobytes(), data[8 : 8 + size].tobytes(), place)
        if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            from .archive import Archive
            from .rebuilding import read_archive

            return read_archive(Archive(file, data, keep), place)
        if head[:15] == _LEGACY:
            raise CheckpointError("it has the format that PyTorch wrote before 1.6, which is not read. Hint: load it in PyTorch "
                                  "and save it again")  # fmt: skip
        if head[:1] == b"\x80":
            raise CheckpointError("it is a bare pickle, which could run any code and is not read. Hint: load it where you trust "
                                  "it, and minitorch.save what it holds")  # fmt: skip
        raise CheckpointError("it is neither a safetensors file nor a checkpoint of PyTorch" if head else "it is empty")
    except CheckpointError as reason:
        raise CheckpointError(f"{name} cannot be loaded: {reason}") from reason.__cause__


def _read_safetensors(data: bytes, head: bytes, place: Placer) -> Any:
    import safetensors

    try:
        deserialize: Any = safetensors.deserialize
        entries = deserialize(data)
        header = json.loads(head)
        metadata = header.get("__metadata__") or {}
    except (safetensors.SafetensorError, ValueError, RecursionError, AttributeError) as reason:
        raise CheckpointError(f"its header is damaged: {reason}") from None
    arrays = {name: stored_array(entry, name) for name, entry in entries}
    text = metadata.get(KEY)
    if text is not None:
        return read_nodes(text, arrays, place)
    return {name: _plain(array, place) for name, array in sorted(arrays.items())}


def _plain(array: Any, place: Placer) -> Tensor:
    return Tensor._wrap(place(array.reshape(-1), "cpu").reshape(array.shape))
