"""`save` and `load`: what comes back is what was saved, sharing included, and a broken write never costs the good file."""

import io
import json
import os
import struct
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest
import safetensors.numpy

import minitorch as mt
from minitorch.io import CheckpointError

DTYPES = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "int8", "int16", "int32", "int64", "uint8",
          "uint16", "uint32", "uint64", "bool")  # fmt: skip
LAYOUTS = {
    "plain": lambda x: x, "transposed": lambda x: x.t(), "sliced": lambda x: x[1:, ::2], "scalar": lambda x: x[1, 2],
    "empty": lambda x: x[:, :0], "expanded": lambda x: x[:, 1].reshape(4, 1).expand(4, 3), "permuted": lambda x: x.reshape(2, 2, 6).permute(2, 0, 1),
}  # fmt: skip


def through(thing, **kwargs):
    buffer = io.BytesIO()
    mt.save(thing, buffer)
    buffer.seek(0)
    return mt.load(buffer, **kwargs)


def same(found, wanted):
    """Equal in kind and content, tensors to the bit."""
    assert type(found) is type(wanted), (found, wanted)
    if isinstance(wanted, mt.Tensor):
        assert (found.dtype, found.shape, found.requires_grad) == (wanted.dtype, wanted.shape, wanted.requires_grad)
        assert found.numpy_copy().tobytes() == wanted.numpy_copy().tobytes()
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            same(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            same(one, other)
    else:
        assert repr(found) == repr(wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_come_back(dtype, layout):
    x = LAYOUTS[layout](mt.arange(24).reshape(4, 6).to(getattr(mt, dtype)))
    found = through(x)
    same(found, x)
    if x.numel() and layout in ("transposed", "expanded", "permuted"):
        assert (found.stride()[-1] == 0) == (x.stride()[-1] == 0)
        assert np.argsort(found.stride()).tolist() == np.argsort(x.stride()).tolist()


@pytest.mark.parametrize("thing", [
    None, True, 0, -7, 2**53, -(2**64), 10**400, 1.5, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 2 - 3j, complex("nan-infj"),
    "", "é\0\ud800", b"", b"\x00\xff", bytearray(b"ab"), [], (), {}, set(), frozenset({1, "a"}), [1, [2, (3, [])]], {1: 2, "1": 3, None: 4, 2.5: (), (1, "a"): 5, False: 6},
    OrderedDict(b=1, a=OrderedDict()), Counter("aab"), mt.Size([2, 3]), mt.float16, mt.bool, mt.device("cuda:1"), mt.strided, mt.channels_last,
])  # fmt: skip
def test_values_come_back(thing):
    same(through({"thing": thing}), {"thing": thing})


def test_state_dicts_come_back_with_their_versions():
    model = mt.nn.Sequential(mt.nn.Linear(3, 4), mt.nn.BatchNorm1d(4))
    optimiser = mt.optim.Adam(model.parameters())
    model(mt.randn(5, 3)).sum().backward()
    optimiser.step()
    saved = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "epoch": 3}
    found = through(saved)
    same(found, saved)
    assert found["model"]._metadata == model.state_dict()._metadata
    again = mt.nn.Sequential(mt.nn.Linear(3, 4), mt.nn.BatchNorm1d(4))
    again.load_state_dict(found["model"])
    other = mt.optim.Adam(again.parameters())
    other.load_state_dict(found["optimiser"])
    same(list(again.parameters()), list(model.parameters()))
    same(other.state_dict(), optimiser.state_dict())


def test_what_shares_memory_still_does():
    x, y = mt.arange(6.0).reshape(2, 3), mt.arange(10.0)
    shared = through({"x": x, "t": x.t(), "row": x[1], "tied": x, "columns": [y[0:8:2], y[1:8:2]], "ends": (y[:6], y[4:])})
    assert shared["x"] is shared["tied"]
    shared["x"][1, 0] = 50.0
    assert shared["t"][0, 1] == 50 and shared["row"][0] == 50
    shared["columns"][1][2] = 60.0
    assert shared["ends"][0][5] == 60 and shared["ends"][1][1] == 60 and shared["columns"][0].tolist() == [0, 2, 4, 6]
    inner = [1]
    pair = through([inner, inner])
    assert pair[0] is pair[1]


def test_reversed_memory_comes_back():
    array = np.arange(6.0)
    found = through([mt.from_numpy(array[::-1]), mt.from_numpy(array[1:5])])
    assert found[0].tolist() == [5, 4, 3, 2, 1, 0]
    found[1][0] = 9.0
    assert found[0][4] == 9


def test_an_expanded_tensor_is_stored_once():
    buffer = io.BytesIO()
    mt.save(mt.ones(1).expand(1000, 1000), buffer)
    assert buffer.tell() < 1000


def test_classes_flags_and_attributes():
    frozen = mt.nn.Parameter(mt.ones(2), requires_grad=False)
    frozen.note = {"a": [1]}
    things = [mt.nn.Parameter(mt.ones(2)), frozen, mt.nn.Buffer(mt.ones(2), persistent=False), mt.ones(2, requires_grad=True)]
    found = through(things)
    same(found, things)
    assert found[1].note == {"a": [1]} and found[2].persistent is False and found[3].is_leaf


# ---- neighbours ----------------------------------------------------------------------------------------------------
def test_other_readers_of_safetensors_read_ours(tmp_path):
    model = mt.nn.Linear(3, 2)
    mt.save({"model": model.state_dict(), "z": mt.ones(2, dtype=mt.bfloat16)}, tmp_path / "m.safetensors")
    found = safetensors.numpy.load_file(tmp_path / "m.safetensors")
    assert sorted(found) == ["model.bias", "model.weight", "z"]
    assert (found["model.weight"] == model.weight.detach().numpy()).all()


def test_any_safetensors_file_is_a_dict(tmp_path):
    wanted = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False]), "c": np.ones((0, 2), np.float16)}
    safetensors.numpy.save_file(wanted, tmp_path / "plain.safetensors", {"format": "np"})
    same(mt.load(tmp_path / "plain.safetensors"), {name: mt.tensor(array) for name, array in wanted.items()})


# ---- where to ------------------------------------------------------------------------------------------------------
def test_map_location(device_backend):
    x = {"a": mt.arange(6.0, device="cuda").reshape(2, 3)}
    x["t"] = x["a"].t()
    assert through(x)["a"].device.type == "cuda"
    for where in ("cpu", mt.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage.cpu(), lambda storage, location: storage):
        found = through(x, map_location=where)
        assert found["a"].device.type == "cpu" and found["t"].tolist() == x["t"].tolist()
    assert through({"a": mt.ones(2)}, map_location="cuda")["a"].device.type == "cuda"
    assert through({"a": mt.ones(2)}, map_location=lambda storage, location: storage.cuda())["a"].device.type == "cuda"
    assert through({"a": mt.ones(2)}, map_location=lambda storage, location: None)["a"].device.type == "cpu"
    with pytest.raises(TypeError, match="map_location must be"):
        through(x, map_location=3)


def test_a_device_that_is_not_there():
    with pytest.raises(CheckpointError, match="Attempting to deserialize object on a CUDA device"):
        mt.load(io.BytesIO(forged([["tensor", {"class": "tensor", "array": "a", "device": "cuda:0"}]])))


# ---- refusals ------------------------------------------------------------------------------------------------------
Point = namedtuple("Point", "x y")


class Text(str):
    pass


class Kind(mt.Tensor):
    pass


@pytest.mark.parametrize(("thing", "said"), [
    (mt.nn.Linear(2, 2), "save its state_dict()"), (Point(1, 2), "tuple(...) of it"), (Text("a"), "str(...) of it"), (np.ones(2), "from_numpy"),
    (np.float32(1), "item()"), (len, "builtin_function_or_method, which is not saved"), (object(), "which is not saved"), ({object(): 1}, "a key"),
    (mt.eye(2).to_sparse(), "to_dense()"), (mt.ones(2).as_subclass(Kind), "as_subclass"), (mt.nn.UninitializedParameter(), "first forward"), ({((1,),): 1}, "a key"), ({2**70: 1}, "a key"),
])  # fmt: skip
def test_what_is_not_saved(thing, said):
    with pytest.raises(CheckpointError) as raised:
        mt.save({"a": [0, thing]}, io.BytesIO())
    assert said in str(raised.value)


def test_what_contains_itself_or_lies_too_deep():
    cycle = []
    cycle.append({"a": cycle})
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for thing, said in ((cycle, "contains itself"), (deep, "500 deep")):
        with pytest.raises(CheckpointError, match=said):
            mt.save(thing, io.BytesIO())


def test_one_memory_under_two_dtypes():
    x = mt.zeros(4, dtype=mt.complex64)
    with pytest.raises(CheckpointError, match="view the same data as different types"):
        mt.save([x, mt.view_as_real(x)], io.BytesIO())


def forged(nodes, root=None, version=1, arrays=None):
    """A file of `save` whose description somebody else wrote."""
    text = json.dumps({"version": version, "root": [len(nodes) - 1] if root is None else root, "nodes": nodes})
    return safetensors.numpy.save(arrays or {"a": np.arange(6.0).reshape(2, 3)}, {"minitorch": text})


def window(**told):
    return [["tensor", {"class": "tensor", "array": "a", **told}]]


FORGED = [
    b"", b"x", b"PK\x03\x04", b"\x80\x02.", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", struct.pack("<Q", 2**63) + b"{}", struct.pack("<Q", 2) + b"{]",
    forged([], root=1, version=2), forged([["list", [[0]]]]), forged([["list", [[5]]]]), forged([["list", [[-1]]]]), forged([["list", {}]]), forged([["eval", "1"]]),
    forged([["dict", [[1]]]]), forged([["dict", []], ["dict", [[[0], 1]]]]), forged([["int", "zz"]]), forged([["bytes", "\u00e9"]]), forged([["size", [-1]]]), forged([["float", "x"]]),
    forged([["device", "moon"]]), forged([["dtype", "object"]]), forged([["complex", "1"]]), forged([3]), forged([[[], []]]), forged([["list", [{"a": 1}]]]),
    forged([["dict", [["__class__", 1]]], ["ordered", [], [0]]]), forged(window(array="b")), forged(window(array=[])),
    forged(window(shape=[7], strides=[1])), forged(window(shape=[2], strides=[1], offset=5)), forged(window(shape=[2], strides=[-1])), forged(window(shape=[2], strides=[1, 1])),
    forged(window(shape=[2, 2], strides=[2**62, 1])), forged(window(shape=[2**61, 2**61], strides=[0, 0])), forged(window(shape=[1] * 65, strides=[0] * 65)),
    forged(window(shape=[-2], strides=[1])), forged(window(shape="ab", strides=[1, 1])), forged(window(shape=[2.0], strides=[1])), forged(window(shape=[True], strides=[1])),
    forged(window(order=[1, 0]) * 2), forged(window(order=[0, 0])), forged(window(order=[0])), forged(window(order=[1, "a"])), forged(window(complex=True)), forged(window(device=3)), forged(window(device="meta")),
    forged([["tensor", {"class": "Module", "array": "a"}]]), forged([["tensor", {"array": "a", "class": []}]]),
    forged([["dict", [["data", 1]]], ["tensor", {"class": "tensor", "array": "a", "attributes": [0]}]]), forged(window(requires_grad=True), arrays={"a": np.arange(3)}),
    forged([["list", []], *(["list", [[n]]] for n in range(600))]), forged([["tuple", [n, 0]] for n in range(1001)] + [["set", [[n] for n in range(1001)]]]),
    safetensors.numpy.save({"a": np.ones(2)}, {"minitorch": "{"}), safetensors.numpy.save({"a": np.ones(2)}, {"minitorch": "[" * 100_000}),
]  # fmt: skip


@pytest.mark.parametrize("data", FORGED, ids=range(len(FORGED)))
def test_damaged_and_forged_files(data):
    with pytest.raises(CheckpointError):
        mt.load(io.BytesIO(data))


def test_arguments():
    with pytest.raises(AttributeError, match="to be string, path, or a file-like object"):
        mt.save(1, 3)
    with pytest.raises(AttributeError, match="to be string, path, or a file-like object"):
        mt.load(3)
    with pytest.raises(RuntimeError, match="nothing is pickled"):
        mt.save(1, io.BytesIO(), pickle_module=os)
    with pytest.raises(RuntimeError, match="nothing is unpickled"):
        mt.load(io.BytesIO(), pickle_module=os)
    with pytest.raises(TypeError, match="reading bytes"):
        mt.load(io.StringIO("abc"))
    with pytest.raises(ValueError, match="file path"):
        mt.load(io.BytesIO(), mmap=True)
    with pytest.raises(FileNotFoundError):
        mt.load("/nowhere/at/all")


# ---- writing -------------------------------------------------------------------------------------------------------
def test_an_interrupted_save_leaves_the_good_file(tmp_path, monkeypatch):
    path = tmp_path / "model.st"
    mt.save({"a": mt.ones(3)}, path)
    before = path.read_bytes()

    def broken(arrays, filename, metadata):
        with open(filename, "wb") as file:
            file.write(b"half a file")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(safetensors.numpy, "save_file", broken)
        with pytest.raises(KeyboardInterrupt):
            mt.save({"a": mt.zeros(3)}, path)
    assert os.listdir(tmp_path) == ["model.st"] and path.read_bytes() == before
    mt.save({"a": mt.zeros(3)}, str(path))
    assert mt.load(path)["a"].tolist() == [0, 0, 0] and os.listdir(tmp_path) == ["model.st"]


def test_a_new_file_has_the_usual_rights_and_a_link_stays_one(tmp_path):
    path, link = tmp_path / "a.st", tmp_path / "link"
    mt.save(1, path)
    (tmp_path / "plain").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    path.chmod(0o600)
    link.symlink_to(path)
    mt.save(2, link)
    assert link.is_symlink() and mt.load(path) == 2 and path.stat().st_mode & 0o777 == 0o600
