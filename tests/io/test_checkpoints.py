"""Checkpoints that PyTorch wrote, read without it: the same kinds, numbers, strides and sharing, in every form that it writes."""

import io
from collections import Counter, OrderedDict

import numpy as np
import pytest

import minitorch as mt
from minitorch.io import CheckpointError

try:
    import torch
except ImportError:
    torch = None

pytestmark = pytest.mark.referee
DTYPES = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "int8", "int16", "int32", "int64", "uint8",
          "uint16", "uint32", "uint64", "bool")  # fmt: skip
LAYOUTS = {
    "plain": lambda x: x, "transposed": lambda x: x.t(), "view": lambda x: x[1:, ::2], "scalar": lambda x: x[1, 2], "empty": lambda x: x[:, :0],
    "expanded": lambda x: x[:, 1:2].expand(4, 3), "permuted": lambda x: x.reshape(2, 2, 6).permute(2, 0, 1), "nothing": lambda x: x.new_empty(0),
}  # fmt: skip


def written(thing, **kwargs):
    buffer = io.BytesIO()
    torch.save(thing, buffer, **kwargs)
    buffer.seek(0)
    return buffer


def numbers(x):
    """The numbers of either library's tensor, to the bit."""
    if isinstance(x, mt.Tensor):
        return x.numpy_copy().tobytes()
    x = x.detach().resolve_conj().resolve_neg().contiguous()
    return (x.view(torch.int16) if x.dtype is torch.bfloat16 else x).numpy().tobytes()


def same(found, wanted):
    if isinstance(wanted, torch.Tensor):
        assert isinstance(found, mt.Tensor)
        assert (str(found.dtype), tuple(found.shape), found.requires_grad) == (str(wanted.dtype), tuple(wanted.shape), wanted.requires_grad)
        assert not wanted.numel() or (found.stride(), found.storage_offset()) == (wanted.stride(), wanted.storage_offset())
        assert isinstance(found, mt.nn.Parameter) == isinstance(wanted, torch.nn.Parameter)
        assert numbers(found) == numbers(wanted)
    elif isinstance(wanted, dict):
        assert type(found) is type(wanted) and list(found) == list(wanted)
        for key in wanted:
            same(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert type(found).__name__ == type(wanted).__name__ and len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            same(one, other)
    else:
        assert repr(found) == repr(wanted)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors(dtype, layout):
    x = LAYOUTS[layout](torch.arange(24).reshape(4, 6).to(getattr(torch, dtype)))
    same(mt.load(written(x)), x)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_values(protocol):
    shared = [1]
    thing = {
        "numbers": [0, -1, 255, 65536, 2**40, -(2**70), 1.5, -0.0, float("inf"), float("nan"), True, None, 2 - 3j], 3: "three", None: (), "é\u4e2d": ("a", ("b",), [[]]),
        "kinds": [torch.float16, torch.bool, torch.Size([2, 3]), torch.device("cuda:1"), torch.device("cpu"), torch.strided],
        "ordered": OrderedDict(b=1, a=OrderedDict()), "counter": Counter("aab"), "bytes": [b"a\x00\xff", bytearray(b"xy"), b""], "set": {1, 2}, "shared": [shared, shared],
    }  # fmt: skip
    found = mt.load(written(thing, pickle_protocol=protocol))
    same(found, thing)
    assert found["shared"][0] is found["shared"][1]


def test_conjugates_and_negatives():
    x = torch.complex(torch.arange(4.0), torch.ones(4)).reshape(2, 2)
    for y in (x.conj(), x.t().conj(), torch._neg_view(x), x.conj().imag):
        same(mt.load(written(y)), y)


def test_what_shares_a_storage_still_does():
    x = torch.arange(12.0).reshape(3, 4)
    found = mt.load(written({"x": x, "t": x.t(), "row": x[1], "again": x}))
    found["x"][1, 0] = 50.0
    assert found["t"][0, 1] == 50 and found["row"][0] == 50 and found["again"] is found["x"]


class Tied(torch.nn.Module if torch else object):
    def __init__(self):
        super().__init__()
        self.embed, self.out = torch.nn.Embedding(5, 3), torch.nn.Linear(3, 5)
        self.out.weight = self.embed.weight
        self.norm = torch.nn.BatchNorm1d(3)

    def forward(self, x):
        return self.out(self.norm(self.embed(x)))


@pytest.mark.parametrize("optimiser", ["Adam", "SGD", "AdamW"])
def test_a_training_run(optimiser):
    model = Tied()
    opt = getattr(torch.optim, optimiser)(model.parameters(), lr=0.1, **({"momentum": 0.9} if optimiser == "SGD" else {"amsgrad": True}))
    model(torch.tensor([0, 1, 4])).sum().backward()
    opt.step()
    thing = {"model": model.state_dict(), "vars": model.state_dict(keep_vars=True), "opt": opt.state_dict(), "epoch": 3}
    found = mt.load(written(thing))
    same(found, thing)
    assert found["model"]._metadata == model.state_dict()._metadata
    assert found["vars"]["embed.weight"] is found["vars"]["out.weight"]
    found["model"]["embed.weight"][0, 0] = 77.0
    assert found["model"]["out.weight"][0, 0] == 77


def test_a_state_dict_goes_into_a_model():
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)).eval()
    ours = mt.nn.Sequential(mt.nn.Linear(3, 4), mt.nn.BatchNorm1d(4), mt.nn.Linear(4, 2)).eval()
    ours.load_state_dict(mt.load(written(theirs.state_dict())))
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_allclose(ours(mt.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-5)


def test_parameters_buffers_and_attributes():
    param, plain = torch.nn.Parameter(torch.ones(2), requires_grad=False), torch.ones(3)
    param.note, plain.note = {"a": 1}, "hello"
    found = mt.load(written([param, plain, torch.nn.Buffer(torch.ones(2), persistent=False), torch.ones(2, requires_grad=True)]))
    assert [type(x).__name__ for x in found] == ["Parameter", "Tensor", "Buffer", "Tensor"]
    assert (found[0].note, found[1].note, found[2].persistent, found[3].requires_grad, found[0].requires_grad) == ({"a": 1}, "hello", False, True, False)


def test_from_a_path_mapped_or_not(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"x": torch.arange(1000.0), "b": torch.ones(3, dtype=torch.bool)}, path)
    before = path.read_bytes()
    for mmap in (None, False, True):
        for f in (path, str(path)):
            found = mt.load(f, "cpu", mmap=mmap)
            found["x"][0] = 5.0
            assert found["x"][:3].tolist() == [5, 1, 2] and found["b"].tolist() == [True] * 3
    assert path.read_bytes() == before
    assert mt.load(path, weights_only=False)["x"].sum() == 499500


def test_numbers_without_ml_dtypes(monkeypatch):
    import sys

    x = torch.linspace(-3, 3, 7).to(torch.bfloat16)
    buffer = written({"x": x, "half": x[::2]})
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    monkeypatch.setattr(mt.bfloat16, "_numpy", None)
    with pytest.warns(UserWarning, match="loaded as float32"):
        found = mt.load(buffer)
    assert found["x"].dtype is mt.float32 and found["x"].tolist() == x.float().tolist() and found["half"].tolist() == x[::2].tolist()


def test_map_location(device_backend):
    buffer = written({"x": torch.arange(4.0).reshape(2, 2)})
    found = mt.load(buffer, map_location="cuda")
    assert found["x"].device.type == "cuda" and found["x"].tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(("make", "said"), [
    (lambda: torch.nn.Linear(2, 2), "whole model"), (lambda: torch.eye(2).to_sparse(), "sparse"), (lambda: torch.ones(2).to(torch.float8_e5m2), "float8_e5m2"),
    (lambda: torch.ones(2, device="meta"), "meta"), (lambda: np.ones(2), "numpy"), (lambda: torch.ones(2).untyped_storage(), "no data"),
    (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "qint8|QInt8|qtensor"), (lambda: slice(1), "slice"), (lambda: torch.Generator(), "Generator"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_read(make, said):
    try:
        buffer = written(make())
    except Exception:
        pytest.skip("PyTorch does not write it")
    with pytest.raises(CheckpointError, match=said):
        mt.load(buffer)


@pytest.mark.filterwarnings("ignore")
def test_the_old_format_and_programs_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"before 1\.6"):
        mt.load(written({"x": torch.ones(2)}, _use_new_zipfile_serialization=False))
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "program.pt")
    with pytest.raises(CheckpointError, match="TorchScript"):
        mt.load(tmp_path / "program.pt")
