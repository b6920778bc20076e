import copy
import pickle

import pytest

import minitorch as mt
from minitorch.backend.device import CPU, Device
from minitorch.backend.namespace import default_device
from tests.twins import outcome

#: Arguments that PyTorch answers without looking for a device.
ARGUMENTS = [
    ("cpu",), ("cuda",), ("cuda:0",), ("cuda:12",), ("cpu:0",), ("cpu:1",), ("cuda", 1), ("cpu", 0), ("cuda", None),
    ("cuda:1", 1), ("cuda:-1",), ("cuda:01",), ("cuda:a",), ("cuda:",), ("cuda:0:1",), (":1",), ("",), ("cuda", -1),
    ("cuda", "1"), ("cuda", 1.0), ("cuda", True),
]  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_the_arguments_mean_what_they_mean_in_pytorch(arguments):
    torch = pytest.importorskip("torch")
    ours, theirs = outcome(Device, *arguments), outcome(torch.device, *arguments)
    assert repr(ours) == repr(theirs)
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("kind", ["gpu", "CPU", "tpu:0"])
def test_an_unknown_device_is_refused_with_those_there_are(kind):
    with pytest.raises(RuntimeError, match="Expected one of cpu, cuda device type at start of device string"):
        Device(kind)


@pytest.mark.parametrize("thing", [None, 1.5, True, object()])
def test_what_names_no_device_is_refused(thing):
    with pytest.raises(TypeError, match="device"):
        Device(thing)


def test_an_index_alone_is_a_gpu():
    assert Device(1) == Device("cuda:1")


def test_keywords_and_copies():
    assert Device(type="cuda", index=1) == Device("cuda:1") == Device(device="cuda:1") == Device(Device("cuda", 1))


def test_equal_devices_have_equal_hashes_and_others_differ():
    assert {Device("cuda:1"): "here"}[Device("cuda", 1)] == "here"
    assert Device("cuda") != Device("cuda:0")
    assert Device("cpu") != "cpu"


@pytest.mark.parametrize("device", [Device("cpu"), Device("cuda"), Device("cuda:3")], ids=str)
def test_a_device_survives_pickling_and_copying(device):
    assert pickle.loads(pickle.dumps(device)) == device
    assert copy.deepcopy(device) == device


def test_entered_it_is_where_tensors_are_made(device_backend):
    with mt.device("cuda"):
        assert mt.zeros(2).is_cuda
        with mt.device("cpu"):
            assert mt.zeros(2).is_cpu
        assert mt.zeros(2).is_cuda
        assert mt.zeros(2, device="cpu").is_cpu
    assert default_device == [CPU]


def test_left_by_an_error_it_is_forgotten():
    with pytest.raises(KeyError), mt.device("cuda"):
        raise KeyError
    assert default_device == [CPU]
