"""Checkpoints of PyTorch's form, written by hand: what no program should write, and the plain one that mutations start from."""

import io
import struct
import zipfile

import numpy as np


def text(words):
    data = words.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    return b"J" + struct.pack("<i", value) if -(2**31) <= value < 2**31 else b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def name(module, own):
    return b"c" + f"{module}\n{own}\n".encode()


ORDERED = name("collections", "OrderedDict") + b")R"


def storage(key="0", kind="FloatStorage", count=6, location="cpu"):
    return b"(" + text("storage") + name("torch", kind) + text(key) + text(location) + number(count) + b"tQ"


def tensor(shape=(2, 3), strides=(3, 1), offset=0, lies_on=None, grad=b"\x89", hooks=ORDERED, more=b"", rebuild="_rebuild_tensor_v2"):
    return (name("torch._utils", rebuild) + b"(" + (storage() if lies_on is None else lies_on) + number(offset)
            + numbers(shape) + numbers(strides) + grad + hooks + more + b"tR")  # fmt: skip


def pickled(body):
    return b"\x80\x02" + body + b"."


def archive(body, storages=None, byteorder=b"little", raw=False, **members):
    """A checkpoint around a pickle without its first and last opcode (with them, if `raw`)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", body if raw else pickled(body))
        if byteorder is not None:
            file.writestr("archive/byteorder", byteorder)
        for key, data in ({"0": np.arange(6, dtype="<f4").tobytes()} if storages is None else storages).items():
            file.writestr(f"archive/data/{key}", data)
        file.writestr("archive/version", b"3\n")
        for member, data in members.items():
            file.writestr(f"archive/{member}", data)
    return buffer.getvalue()
