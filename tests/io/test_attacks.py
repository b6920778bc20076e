"""Files that mean harm: every one is refused with `CheckpointError`, and nothing of what they say is carried out.

The pickles are written by hand (forging.py), after CVE-2025-32434, CVE-2026-24747, and the bypasses that are known of
scanners and of allow-lists.
"""

import collections
import io
import struct
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

import minitorch as mt
from minitorch.io import CheckpointError
from tests.io.forging import ORDERED, archive, name, number, numbers, pickled, storage, tensor, text

SYSTEM = name("posix", "system") + b"(" + text("touch canary") + b"tR"
FUNCTION = name("torch._utils", "_rebuild_tensor_v2")


def load(data):
    return mt.load(io.BytesIO(data), weights_only=False)  # the mode that is dangerous elsewhere


def test_what_is_forged_here_is_right_where_it_is_right():
    found = load(archive(b"}(" + text("a") + tensor() + text("t") + tensor((3, 2), (1, 3)) + b"u"))
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["t"].tolist() == [[0, 3], [1, 4], [2, 5]]
    found["a"][0, 1] = 9.0
    assert found["t"][1, 0] == 9


def test_big_endian_files_are_turned():
    data = {"0": np.arange(6, dtype=">f4").tobytes()}
    assert load(archive(tensor(), data, byteorder=b"big")).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert load(archive(tensor(), byteorder=None)).tolist() == [[0, 1, 2], [3, 4, 5]]


# ---- code ----------------------------------------------------------------------------------------------------------
CODE = {
    "os.system": SYSTEM,
    "eval": name("builtins", "eval") + b"(" + text("1+1") + b"tR",
    "eval in Python 2's words": name("__builtin__", "eval") + b"(" + text("1+1") + b"tR",
    "getattr": name("builtins", "getattr") + b"(" + FUNCTION + text("__globals__") + b"tR",
    "stack global": text("posix") + text("system") + b"\x93(" + text("true") + b"tR",
    "stack global through the memo": text("posix") + b"q\x01" + text("system") + b"q\x02h\x01h\x02\x93",
    "dotted name": text("collections") + text("OrderedDict.__init__") + b"\x93",
    "module with a space": text("collections OrderedDict") + text("") + b"\x93",
    "a name that goes on": b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n",
    "INST": b"(" + text("true") + b"iposix\nsystem\n",
    "OBJ": b"(" + name("posix", "system") + text("true") + b"o",
    "NEWOBJ": name("collections", "OrderedDict") + b")\x81",
    "NEWOBJ_EX": name("collections", "OrderedDict") + b")}\x92",
    "EXT1": b"\x82\x01",
    "text persistent id": b"Pposix\n",
    "exec wrapper of PyTorch": name("torch.jit.unsupported_tensor_ops", "execWrapper"),
    "pip": name("pip", "main"), "timeit": name("timeit", "main"), "numpy": name("numpy.testing._private.utils", "runstring"),
    "numpy scalar": name("numpy._core.multiarray", "scalar"), "partial": name("functools", "partial"),
    "torch.load in a load": name("torch.serialization", "load"), "hub": name("torch.hub", "load"), "inductor": name("torch._inductor.codecache", "compile_file"),
    "from numpy": name("torch._utils", "_rebuild_device_tensor_from_numpy"), "wrapper subclass": name("torch._utils", "_rebuild_wrapper_subclass"),
    "before a crash": SYSTEM + b"\xff", "never used": SYSTEM + b"0N", "kept in the memo": SYSTEM + b"q\x010N",
    "a class that is called": name("torch", "FloatStorage") + b")R",
    "a dtype that is called": name("torch", "float32") + b")R",
    "a tensor that is called": tensor() + b")R",
    "a rebuilder by another": name("torch._tensor", "_rebuild_from_type_v2") + b"(" + name("collections", "Counter") + name("torch", "Tensor") + b")}tR",
    "a rebuilder for another class": name("torch._tensor", "_rebuild_from_type_v2") + b"(" + FUNCTION + name("collections", "OrderedDict") + b")}tR",
    "hooks": tensor(hooks=ORDERED + text("a") + number(1) + b"s"),
    "hooks that are none": tensor(hooks=number(3)),
    "a whole model": name("torch.nn.modules.linear", "Linear") + b")\x81",
}  # fmt: skip


@pytest.mark.parametrize("what", CODE)
def test_code_is_refused(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where "touch canary" would leave its trace
    with pytest.raises(CheckpointError, match="data.pkl"):
        load(archive(CODE[what]))
    assert not list(tmp_path.iterdir())


def test_a_whole_model_gets_a_hint():
    with pytest.raises(CheckpointError, match=r"state_dict\(\)"):
        load(archive(CODE["a whole model"]))


# ---- state ---------------------------------------------------------------------------------------------------------
STATE = {
    "defaults of an allowed function": FUNCTION + b"}" + text("__kwdefaults__") + b"}s" + b"b",
    "slots of an allowed function": FUNCTION + b"N}" + text("__code__") + b"Ns\x86b",
    "attributes of a class": name("collections", "OrderedDict") + b"}" + text("get") + number(1) + b"sb",
    "attributes of a tensor": tensor() + b"}" + text("_data") + number(1) + b"sb",
    "attributes of a dict": b"}}b",
    "attributes of an OrderedDict": ORDERED + b"}" + text("items") + number(1) + b"sb",
    "__class__ of an OrderedDict": ORDERED + b"}" + text("__class__") + number(1) + b"sb",
    "metadata that is none": ORDERED + b"}" + text("_metadata") + number(1) + b"sb",
    "state that is a tuple": ORDERED + b"N}\x86b",
    "items of a tensor": tensor() + number(0) + number(7) + b"s", "many items of a tensor": tensor() + b"(" + number(0) + number(7) + b"u",
    "items of a storage": storage() + number(0) + number(7) + b"s", "items of a list": b"]" + number(0) + number(7) + b"s",
    "items of a function": FUNCTION + text("a") + number(7) + b"s", "a key without a value": b"}(" + text("a") + b"u",
    "append to a tensor": tensor() + number(1) + b"a", "append to a dict": b"}" + number(1) + b"a", "append to a set": b"\x8f" + number(1) + b"a",
    "append many to a Size": name("torch", "Size") + b")\x85R(" + number(1) + b"e", "add to a list": b"](" + number(1) + b"\x90",
    "a list as a key": b"}]Ns", "a tensor as a key": b"}" + tensor() + b"Ns", "a key of 100 bits": b"}\x8a\x10" + b"\x7f" * 16 + b"Ns",
    "an attribute that hides one": name("torch._utils", "_rebuild_parameter_with_state") + b"(" + tensor() + b"\x88" + ORDERED + b"}" + text("shape") + b"NstR",
    "an attribute with underscores": name("torch._utils", "_rebuild_parameter_with_state") + b"(" + tensor() + b"\x88" + ORDERED + b"}" + text("__dict__") + b"NstR",
}  # fmt: skip


@pytest.mark.parametrize("what", STATE)
def test_nothing_is_changed_that_is_not_data(what):
    from minitorch.io import rebuilding

    before = {key: (value.__kwdefaults__, value.__code__) for key, value in vars(rebuilding).items() if hasattr(value, "__code__")}
    with pytest.raises(CheckpointError, match="data.pkl"):
        load(archive(STATE[what]))
    assert before == {key: (value.__kwdefaults__, value.__code__) for key, value in vars(rebuilding).items() if hasattr(value, "__code__")}
    assert collections.OrderedDict().get("a") is None


# ---- memory --------------------------------------------------------------------------------------------------------
WINDOWS = {
    "too many": tensor((3, 3), (3, 1)), "stride too far": tensor((2, 3), (4, 1)), "offset too far": tensor(offset=1), "negative offset": tensor(offset=-1),
    "negative stride": tensor((2,), (-1,), 5), "negative size": tensor((-1, 3)), "overflow": tensor((2**62, 2), (2**62, 1)), "wraps around": tensor((2**63 - 1,), (2**63 - 1,)),
    "expanded beyond any memory": tensor((2**40, 2**40), (0, 0)), "sizes and strides": tensor((2, 3), (1,)), "a float": tensor(grad=b"G" + struct.pack(">d", 1.0)),
    "65 dimensions": tensor((1,) * 65, (0,) * 65), "offset of an empty one": tensor((0,), (1,), -5), "strides of an empty one": tensor((0, 2), (2**63, 1)),
    "an announced storage that is longer": tensor((7,), (1,), lies_on=storage(count=7)), "and one that is shorter": tensor((5,), (1,), lies_on=storage(count=5)),
    "a wider dtype": tensor(lies_on=storage(kind="DoubleStorage")), "one storage, two dtypes": b"(" + tensor() + tensor(lies_on=storage(kind="IntStorage")) + b"t",
    "one storage, two places": b"(" + tensor() + tensor(lies_on=storage(location="cuda:0")) + b"t", "a storage that is not there": tensor(lies_on=storage(key="7")),
    "a storage outside": tensor(lies_on=storage(key="../version", count=0)), "a negative length": tensor(lies_on=storage(count=-1)), "an untyped storage": tensor(lies_on=storage(kind="QInt8Storage")),
    "a storage that is none": tensor(lies_on=number(3)), "a persistent id that is none": text("0") + b"Q", "a class for a storage": b"(" + text("storage") + name("torch", "Size") + text("0") + text("cpu") + number(6) + b"tQ",
    "a bare storage": storage(), "a bare class": name("torch", "FloatStorage"), "a bare function in a dict": b"}" + text("a") + FUNCTION + b"s", "a place that is none": tensor(lies_on=storage(location="moon")),
    "a conjugate that is none": tensor(more=b"}" + text("conj") + b"\x88s"), "a mark that is none": tensor(more=b"}" + text("loud") + b"\x88s"),
    "a dtype that is none": tensor(rebuild="_rebuild_tensor_v3", more=number(1)), "a Size that is none": name("torch", "Size") + text("ab") + b"\x85R", "a Size of floats": name("torch", "Size") + b"G" + b"\0" * 8 + b"\x85\x85R",
}  # fmt: skip


@pytest.mark.parametrize("what", WINDOWS)
def test_no_window_reaches_outside(what):
    with pytest.raises(CheckpointError, match="data.pkl"):
        load(archive(WINDOWS[what]))


def test_bools_are_bools():
    found = load(archive(tensor((3,), (1,), lies_on=storage(kind="BoolStorage", count=3)), {"0": b"\0\x01\xfe"}))
    assert found.tolist() == [False, True, True] and found.numpy().view(np.uint8).tolist() == [0, 1, 1]


# ---- zip -----------------------------------------------------------------------------------------------------------
def zipped(change, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        file.writestr("archive/data.pkl", pickled(tensor()))
        file.writestr("archive/data/0", np.arange(6, dtype="<f4").tobytes())
        change(file)
    return buffer.getvalue()


def twice(file):
    with pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("archive/data.pkl", pickled(SYSTEM))


def patched(old, new, count=-1):
    data = archive(tensor())
    assert old in data
    return data.replace(old, new, count)


GOOD = archive(tensor())
ZIPS = {
    "compressed": lambda: zipped(lambda file: None, zipfile.ZIP_DEFLATED), "twice": lambda: zipped(twice), "two checkpoints": lambda: zipped(lambda file: file.writestr("other/data.pkl", b"")),
    "a program": lambda: archive(tensor(), **{"constants.pkl": b""}), "code": lambda: archive(tensor(), **{"code/a.py": b""}), "byte order": lambda: archive(tensor(), byteorder=b"middle"),
    "another name inside": lambda: patched(b"archive/data.pkl", b"archive/evil.pkl", 1), "another name in the directory": lambda: GOOD[::-1].replace(b"lkp.atad/", b"lkp.live/", 1)[::-1],
    "encrypted": lambda: GOOD[: (at := GOOD.index(b"PK\x01\x02") + 8)] + b"\x01" + GOOD[at + 1 :], "encrypted inside": lambda: GOOD[:6] + b"\x01" + GOOD[7:],
    "compressed inside": lambda: GOOD[:8] + b"\x08" + GOOD[9:], "cut": lambda: GOOD[: len(GOOD) // 2], "no directory": lambda: b"PK\x03\x04" + b"\0" * 100,
    "empty": lambda: b"PK\x05\x06" + b"\0" * 18, "no pickle": lambda: GOOD.replace(b"archive/data.pkl", b"archive/data.plk"), "tar of old": lambda: b"pickle\0" + b"\0" * 505,
    "before 1.6": lambda: b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + pickled(SYSTEM), "a pickle alone": lambda: pickled(SYSTEM), "pickle of protocol 0": lambda: b"cposix\nsystem\n(S'true'\ntR.",
    "a zip in front of ours": lambda: GOOD[:60] + GOOD,
}  # fmt: skip


@pytest.mark.parametrize("what", ZIPS)
def test_archives_that_pytorch_does_not_write(what):
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load(ZIPS[what]())


def test_checksums_are_not_asked_for():
    """PyTorch can leave them out (`torch.serialization.set_crc32_options`)."""
    crc = struct.pack("<I", zlib.crc32(pickled(tensor())))
    assert load(patched(crc, b"\0" * 4)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_members_on_one_another():
    data = bytearray(archive(tensor(), {"0": b"\0" * 24, "1": b"\0" * 24}))
    first = data.index(b"PK\x01\x02")
    entries = [first]
    while (found := data.find(b"PK\x01\x02", entries[-1] + 4)) > 0:
        entries.append(found)
    for entry in entries:
        if data[entry + 46 :].startswith(b"archive/data/0"):
            struct.pack_into("<II", data, entry + 20, 200, 200)  # longer, over the next one
    with pytest.raises(CheckpointError, match="on one another"):
        load(bytes(data))


# ---- work ----------------------------------------------------------------------------------------------------------
BOMBS = {
    "deep lists": b"]" * 100_000 + b"a" * 99_999, "deep tuples": b")" + b"\x85" * 100_000, "deep dicts": b"}" + (text("a") + b"}") * 20_000 + b"s" * 20_000,
    "a list in itself": b"]q\x00h\x00a", "a dict in itself": b"}q\x00" + text("a") + b"h\x00s", "a tuple in itself through a list": b"]q\x00h\x00\x85a",
    "hash of shared tuples": b")q\x00" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(60)) + b"}h\x3cNs", "marks": b"(" * 100_000,
    "sets made over again": b"](" + b"".join(number(n) for n in range(5000)) + b"e\x85q\x00" + (name("builtins", "set") + b"q\x01") + b"h\x01h\x00R" * 5000 + b"(t",
    "sizes made over again": name("torch", "Size") + b"q\x00" + numbers(range(64)) + b"\x85q\x01" + b"h\x00h\x01R" * 50_000,
    "bytes made over again": name("_codecs", "encode") + b"q\x00" + text("a" * 100_000) + text("latin1") + b"\x86q\x01" + b"h\x00h\x01R" * 50_000,
    "tensors made over again": FUNCTION + b"q\x00(" + storage() + number(0) + numbers((2,)) + numbers((1,)) + b"\x89" + ORDERED + b"tq\x01" + b"h\x00h\x01R" * 50_000,
    "a length that is not there": b"\x8d" + struct.pack("<Q", 2**62), "bytes that are not there": b"\x8e" + struct.pack("<Q", 2**40), "a number that is not there": b"\x8b\xff\xff\xff\x7f",
    "a long decimal": b"I" + b"9" * 100_000 + b"\n", "nothing to get": b"h\x07", "nothing to put": b"q\x00", "nothing to append": b"a", "nothing to reduce": b"R", "no mark": b"t",
    "two objects": b"NN", "nothing": b"", "under a mark": b"](a",
}  # fmt: skip


@pytest.mark.parametrize("what", BOMBS)
def test_work_and_memory_stay_in_proportion(what):
    data = archive(BOMBS[what])
    start = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match="data.pkl"):
            load(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300 * len(data) + 2_000_000
    assert time.process_time() - start < 10


def test_what_is_shared_stays_shared():
    found = load(archive(b"]q\x00" + b"".join(b"h%c\x86q%c" % (n, n + 1) for n in range(60))))
    assert found[0] is found[1] and len(found) == 2


def test_bytes_after_the_end():
    with pytest.raises(CheckpointError, match="follow its end"):
        load(archive(pickled(b"N") + pickled(SYSTEM), raw=True))
    with pytest.raises(CheckpointError, match="before seeing STOP"):
        load(archive(b"\x80\x02N", raw=True))
