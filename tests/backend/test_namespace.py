import subprocess
import sys

import numpy as np
import pytest

from minitorch.backend import namespace
from minitorch.backend.device import CPU, Device
from minitorch.backend.gpu import Gpu
from minitorch.backend.host import HOST, Host
from minitorch.backend.namespace import backend_among, backend_for, backend_of, device_of
from minitorch.backend.scalar import SCALAR
from minitorch.testing.standin import ndarray

LAZY = """
import sys
{before}
import minitorch as mt
x = mt.ones(2, requires_grad=True)
(x * 2).sum().backward()
print(sorted({{"cupy", "cupyx", "scipy", "torch", "graphviz", "matplotlib"}} & set(sys.modules)))
"""


@pytest.mark.parametrize("before", ["", "sys.modules['cupy'] = None"], ids=["as it is", "with cupy blocked"])
def test_minitorch_imports_and_differentiates_without_the_optional_libraries(before):
    run = subprocess.run([sys.executable, "-c", LAZY.format(before=before)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() in ("[]", "['cupy']")  # a blocked module is a None in sys.modules


@pytest.mark.parametrize("array", [np.zeros(2), np.zeros(()), np.float32(1), np.zeros(2, bool)[0]])
def test_host_arrays_and_numpys_numbers_belong_to_the_host(array):
    assert backend_of(array) is HOST
    assert device_of(array) == CPU


def test_a_subclass_of_a_known_array_is_known_too():
    class Named(np.ndarray):
        pass

    assert backend_of(np.zeros(2).view(Named)) is HOST


@pytest.mark.parametrize("thing", [None, "text", [1.0], object()])
def test_what_is_no_array_is_refused_by_its_type(thing):
    with pytest.raises(TypeError, match=type(thing).__name__):
        backend_of(thing)


def test_an_array_decides_over_numbers():
    assert backend_among([1.0, np.zeros(2), None]) is HOST
    assert backend_among([1.0, None, 2]) is SCALAR
    with pytest.raises(TypeError, match="at least one array"):
        backend_among([None])


def test_a_function_of_the_library_is_looked_up_once():
    host = Host()
    assert "cosh" not in host.__dict__
    assert host.cosh is np.cosh
    assert host.__dict__["cosh"] is np.cosh
    with pytest.raises(AttributeError):
        host.no_such_function  # noqa: B018


def test_a_registered_library_is_the_home_of_its_arrays_and_its_device(device_backend):
    array = device_backend.asarray(np.zeros(2))
    assert backend_of(array) is device_backend
    assert backend_for(Device("cuda")) is device_backend
    assert device_of(array) == Device("cuda:0")
    assert backend_among([1.0, array]) is device_backend


def test_an_unregistered_one_is_forgotten(device_backend):
    namespace.unregister(device_backend)
    with pytest.raises(TypeError, match="ndarray"):
        backend_of(ndarray(np.zeros(2)))
    assert "cuda" not in namespace._devices


@pytest.mark.parametrize("device", ["cpu", "cpu:0", "cpu:3"])
def test_the_host_is_one_device_whatever_its_index(device):
    assert backend_for(Device(device)) is HOST


def test_the_device_has_every_verb_that_the_host_has(device_backend):
    verbs = [name for name in vars(Host) if name[0] != "_" and name not in ("library", "array", "name")]
    assert [name for name in verbs if not hasattr(device_backend, name)] == []


def test_a_backend_says_what_it_is(device_backend):
    assert repr(HOST) == "<cpu backend on numpy>"
    assert repr(device_backend) == "<cuda backend on cupy>"
    assert isinstance(device_backend, Gpu)


def test_a_zero_is_made_once_per_dtype(device_backend):
    for xp in (HOST, device_backend):
        zero = xp.zero(np.dtype("float32"))
        assert zero is xp.zero(np.dtype("float32"))
        assert (zero.shape, zero.dtype) == ((), np.dtype("float32"))


@pytest.mark.parametrize(("shape", "dims"), [((2, 3), (1,)), ((2, 3), (0, 1)), ((2, 3), ()), ((0, 3), (0,)), ((), ())])
def test_spreading_is_the_same_everywhere(shape, dims, device_backend):
    reduced = np.arange(10.0)[: np.zeros(shape).sum(axis=dims).size].reshape(np.zeros(shape).sum(axis=dims).shape)
    ours = HOST.spread(reduced, shape, dims)
    theirs = device_backend.spread(device_backend.asarray(reduced), shape, dims)
    np.testing.assert_array_equal(device_backend.to_host(theirs), ours)
    np.testing.assert_array_equal(ours, np.broadcast_to(np.expand_dims(reduced, dims), shape))
