"""Mutated files: whatever a byte of a checkpoint becomes, `load` gives an object or `CheckpointError`, and little memory is used.

The ordinary run takes a thousand; `MINITORCH_FUZZ=20000 pytest tests/io/test_fuzz.py` takes the rest (under a minute).
"""

import copy
import io
import json
import os
import random
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

import minitorch as mt
from minitorch.io import CheckpointError
from tests.io.forging import ORDERED, archive, name, number, numbers, pickled, storage, tensor, text

COUNT = int(os.environ.get("MINITORCH_FUZZ", "1000"))
#: Small things that mean something in a pickle, a zip file or a description.
WORDS = [bytes([byte]) for byte in b"()[]{}.0abcdeghijloqrstuQRXKMJNGIVUC2BPSF\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98"] + [
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0" * 8, b"cposix\nsystem\n", b"cbuiltins\neval\n", b"data/0", b"NaN", b"1e999",
    b'["tensor",', b'"order":[1,0]', b'"strides":[-1,1]', b"[0]", b"[99]", b"null", b"true", b"9" * 30, b"BF16", b"C64", b"F8_E4M3", struct.pack("<Q", 2**63),
]  # fmt: skip


def seeds():
    """Good files: ours, a plain safetensors file, and PyTorch's by hand."""
    x = mt.arange(6.0).reshape(2, 3)
    parts = {"x": x, "t": x.t(), 1: [1, (2.5, None), {3}], "o": mt.nn.Linear(2, 2).state_dict(), "c": mt.ones(2, dtype=mt.complex64),
             "p": mt.nn.Parameter(mt.ones(2)), "b": x > 2, "h": mt.ones(2, dtype=mt.bfloat16), "f": float("inf"), "by": b"ab"}  # fmt: skip
    ours, plain = io.BytesIO(), io.BytesIO()
    mt.save(parts, ours)
    import safetensors.numpy

    plain.write(safetensors.numpy.save({"a": np.ones((2, 3)), "b": np.zeros(3, bool)}))
    buffer = name("torch._tensor", "_rebuild_from_type_v2") + b"(" + name("torch._utils", "_rebuild_tensor_v2") + name("torch", "Tensor") + b"(" + storage() + number(0) + numbers((2,)) + numbers((1,)) + b"\x89" + ORDERED + b"t}" + text("_is_buffer") + b"\x88stR"
    body = (b"}q\x00(" + text("x") + b"q\x01" + tensor() + b"q\x02" + text("t") + tensor((3, 2), (1, 3)) + text("again") + b"h\x02" + text("o") + ORDERED + b"}" + text("_metadata") + ORDERED + b"sb"
            + text("p") + name("torch._utils", "_rebuild_parameter") + b"(" + tensor() + b"\x88" + ORDERED + b"tR" + text("buffer") + buffer + text("l") + b"](K\x01K\x02e" + text("s") + name("torch", "Size") + numbers((2, 3)) + b"\x85R"
            + text("d") + name("torch", "device") + text("cuda") + b"K\x01\x86R" + text("f") + name("torch", "float16") + text("n") + tensor((2,), (1,), lies_on=storage("1", "BoolStorage", 3)) + b"u")  # fmt: skip
    pickle = pickled(body)
    return [ours.getvalue(), plain.getvalue(), archive(body, {"0": b"\0" * 24, "1": b"\0\1\2"})], pickle


def mutated(data, draw):
    """A few bytes changed, taken out, put in, doubled or moved."""
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        at, kind = draw.randrange(len(data) + 1), draw.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = draw.randrange(256)
        elif kind == 2:
            del data[at : at + draw.choice((1, 2, 4, 30))]
        elif kind == 3:
            data[at:at] = draw.choice(WORDS)
        elif kind == 4:
            word = draw.choice(WORDS)
            data[at : at + len(word)] = word
        elif kind == 5:
            start = draw.randrange(len(data) + 1)
            data[at:at] = data[start : start + draw.choice((1, 5, 50))]
        elif kind == 6:
            struct.pack_into("<I", data, min(at, max(len(data) - 4, 0)), draw.choice((0, 1, 2**31, 2**32 - 1, len(data)))) if len(data) > 4 else None
        elif draw.random() < 0.1:
            del data[at:]
    return bytes(data)


PIECES = [b"(", b"t", b"}", b"]", b")", b"N", b"R", b"s", b"u", b"a", b"e", b"b", b"Q", b"\x85", b"\x86", b"\x87", b"\x88", b"\x8f", b"\x90", b"\x91", b"\x93", b"q\x00", b"q\x01", b"h\x00", b"h\x01",
          b"\x94", b"K\x02", b"G" + b"\x3f" * 8, text("a"), text("latin1"), text("_metadata"), text("_is_buffer"), ORDERED, storage(), tensor(), numbers((2, 3)), numbers((3, 1)),
          name("torch._utils", "_rebuild_tensor_v2"), name("torch._utils", "_rebuild_tensor_v3"), name("torch._utils", "_rebuild_parameter"), name("torch._utils", "_rebuild_parameter_with_state"),
          name("torch._tensor", "_rebuild_from_type_v2"), name("torch", "Tensor"), name("torch", "Size"), name("torch", "device"), name("torch", "float16"), name("torch", "LongStorage"),
          name("builtins", "set"), name("builtins", "complex"), name("builtins", "bytearray"), name("builtins", "bytes"), name("_codecs", "encode"), name("collections", "Counter"),
          name("collections", "OrderedDict"), name("torch.nn.parameter", "Buffer")]  # fmt: skip
VALUES = [None, True, 0, -1, 7, 2**63, 2**70, 1.5, "", "x", "nan", "cpu", "cuda:0", "float32", [], [0], [1], [-1], [2, 3], [3, 1], [-1, 1], [2**62], {}, {"class": "tensor", "array": "x"}, [[0, 1]], [["a", [0]]],
          "dict", "ordered", "list", "size", "set", "int", "complex", "bytes", "tensor", "buffer", "parameter", "order", "strides", "shape", "offset", "attributes", "device"]  # fmt: skip


def rewritten(data, draw):
    """Our own file with a few values of its description replaced, put in, doubled or taken out."""
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + size])
    told = json.loads(head["__metadata__"]["minitorch"])
    for _ in range(draw.choice((1, 1, 2, 4))):
        place = told["nodes"] if isinstance(told.get("nodes"), list) and draw.random() < 0.95 else told
        while True:
            keys = [*place] if isinstance(place, dict) else [*range(len(place))]
            key = draw.choice(keys) if keys else None
            if key is None or not isinstance(place[key], dict | list) or draw.random() < 0.1:
                break
            place = place[key]
        value = copy.deepcopy(draw.choice(VALUES))
        if isinstance(place, list):
            place[key or 0 : (key or 0) + draw.randrange(2)] = [value]
        else:
            place[draw.choice(VALUES[-7:]) if key is None or draw.random() < 0.2 else key] = value
    head["__metadata__"]["minitorch"] = json.dumps(told)
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


CALLED = [piece for piece in PIECES if piece[:1] == b"c" and piece[-1:] == b"\n"]
GIVEN = [b"N", b"\x88", b"\x89", number(0), number(-1), number(2), b"G" + b"\x3f" * 8, text("cpu"), text("latin1"), text("\u4e2d"), b")", b"}", b"]", b"\x8f", ORDERED, storage(), storage("1", "BoolStorage", 3),
         b"(" + text("storage") + name("torch.storage", "UntypedStorage") + text("0") + text("cpu") + number(24) + b"tQ", tensor(), numbers((2, 3)), numbers((3, 1)), numbers((1,)), numbers((4,)),
         b"}" + text("a") + b"Ns", b"}" + text("_is_buffer") + b"\x88s", b"}" + text("neg") + b"\x88s", b"}" + text("conj") + b"\x88s", b"](Ne", name("torch", "int64"), *CALLED]  # fmt: skip
USUAL = [storage(), number(0), numbers((2, 3)), numbers((3, 1)), b"\x89", ORDERED]


def called(draw):
    """A call of something on the list with arguments of any kind; half of them almost those of a tensor."""
    if draw.random() < 0.5:
        args = [draw.choice(GIVEN) if draw.random() < 0.2 else arg for arg in USUAL] + draw.choices(GIVEN, k=draw.randrange(3))
        return draw.choice(CALLED[:2]) + b"(" + b"".join(args) + b"tR"
    return draw.choice(CALLED) + b"(" + b"".join(draw.choices(GIVEN, k=draw.randrange(5))) + b"tR"


def files(seed, count):
    """Mutated files: any byte of them, the pickle in a good archive, opcodes in any order, and the description of ours."""
    draw = random.Random(seed)
    good, pickle = seeds()
    storages = {"0": b"\0" * 24, "1": b"\0\1\2"}
    for place in range(count):
        if place % 4 == 0:
            yield mutated(draw.choice(good), draw)
        elif place % 4 == 1:
            yield archive(mutated(pickle, draw), storages, raw=True)
        elif place % 4 == 2:
            body = called(draw) if draw.random() < 0.7 else b"".join(draw.choices(PIECES, k=draw.choice((2, 3, 4, 6, 12))))
            yield archive(body, storages)
        else:
            yield rewritten(good[0], draw)


def outcome(data):
    """Whether it loads; any exception but `CheckpointError` goes through."""
    try:
        mt.load(io.BytesIO(data))
    except CheckpointError:
        return False
    return True


@pytest.mark.filterwarnings("ignore")
def test_the_files_that_are_mutated_are_good():
    good, pickle = seeds()
    for data in (*good, archive(pickle, {"0": b"\0" * 24, "1": b"\0\1\2"}, raw=True)):
        mt.load(io.BytesIO(data), map_location="cpu")


def test_mutated_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = sum(outcome(data) for data in files(0, COUNT))
    assert COUNT // 100 < loaded < COUNT  # some mutations are harmless, most are not
    assert not list(tmp_path.iterdir())


def test_mutated_files_take_little_memory():
    peaks = []
    for data in files(1, max(COUNT // 20, 50)):
        tracemalloc.start()
        outcome(data)
        peaks.append(tracemalloc.get_traced_memory()[1] / len(data) if data else 0)
        tracemalloc.stop()
    assert max(peaks) < 300


def test_a_zip_file_that_is_none_of_pytorchs():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(CheckpointError, match=r"0 members \*/data.pkl"):
        mt.load(io.BytesIO(buffer.getvalue()))
