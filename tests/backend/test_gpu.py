import ast
import importlib
import operator
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import scipy.special

import minitorch as mt
from minitorch.backend import namespace
from minitorch.backend.device import Device
from minitorch.backend.gpu import Gpu, find_cupy, open_gpu
from minitorch.backend.namespace import backend_for, backend_of
from minitorch.testing import standin
from minitorch.testing.standin import waits


# ---- what is missing -----------------------------------------------------------------------------------------------
def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(RuntimeError, match=r"Torch not compiled with CUDA enabled.*pip install"):
        mt.zeros(2).to("cuda")


def test_a_folder_that_happens_to_be_called_cupy_is_not_the_package(tmp_path, monkeypatch):
    (tmp_path / "cupy").mkdir()
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cupy", types.ModuleType("cupy"))
    sys.modules["cupy"].__path__ = [str(tmp_path / "cupy")]
    with pytest.raises(RuntimeError, match="not the package CuPy") as raised:
        open_gpu()
    assert str(tmp_path) in str(raised.value)


def test_an_empty_folder_on_the_path_changes_nothing_for_the_host(tmp_path):
    (tmp_path / "cupy").mkdir()
    code = (f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
            "sys.path[:] = [p for p in sys.path if not __import__('os').path.exists(p + '/cupy/__init__.py')]\n"
            "import minitorch as mt\n"
            "x = mt.ones(2, requires_grad=True); (x * x).sum().backward(); print(x.grad.sum().item())\n"
            "try: x.to('cuda')\n"
            "except RuntimeError as error: print(error)\n")  # fmt: skip
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("4.0\nTorch not compiled with CUDA enabled: what Python imports as 'cupy' is ")


def test_a_package_that_cannot_be_imported_gives_its_reason(monkeypatch):
    def broken(name):
        raise ImportError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(RuntimeError, match="installed but cannot be imported: libcudart"):
        find_cupy()


def pretend(monkeypatch, **changes):
    """The stand-in as the package that Python imports, with a runtime of our choosing."""
    runtime = types.SimpleNamespace(**(vars(standin.cupy.cuda.runtime) | changes))
    monkeypatch.setattr(standin.cupy.cuda, "runtime", runtime)
    for name, module in standin.modules().items():
        monkeypatch.setitem(sys.modules, name, module)


def test_without_a_driver_the_error_says_so(monkeypatch):
    def no_driver():
        raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version")

    pretend(monkeypatch, getDeviceCount=no_driver)
    with pytest.raises(RuntimeError, match=r"Found no NVIDIA driver on your system\. CuPy .* cudaErrorInsufficient"):
        open_gpu()


def test_without_a_gpu_the_error_says_so(monkeypatch):
    pretend(monkeypatch, getDeviceCount=lambda: 0)
    with pytest.raises(RuntimeError, match="No CUDA GPUs are available"):
        open_gpu()


def test_where_kernels_do_not_compile_the_error_says_so(monkeypatch):
    def no_compiler(*_):
        raise ValueError("cannot find NVRTC")

    pretend(monkeypatch)
    monkeypatch.setattr(standin.cupy, "ones", no_compiler, raising=False)
    with pytest.raises(RuntimeError, match=r"CUDA error: .*ValueError: cannot find NVRTC.*ctk"):
        open_gpu()


def test_with_all_of_it_the_first_request_opens_the_device(monkeypatch):
    pretend(monkeypatch)
    before = dict(namespace._known), dict(namespace._devices)
    namespace._devices.pop("cuda", None)
    try:
        backend = backend_for(Device("cuda"))
        assert isinstance(backend, Gpu)
        assert backend is backend_for(Device("cuda"))
        assert backend_of(backend.zeros(2)) is backend
    finally:
        for table, was in zip((namespace._known, namespace._devices), before, strict=True):
            table.clear()
            table.update(was)


@pytest.mark.parametrize("error", [find_cupy, open_gpu])
def test_the_real_package_without_a_gpu_is_told_apart(error):
    cupy = pytest.importorskip("cupy", reason="the package CuPy is not installed")
    if cupy.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match=r"Found no NVIDIA driver|No CUDA GPUs"):
        error()


# ---- the verbs -----------------------------------------------------------------------------------------------------
DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32",
          "float64", "complex64", "complex128", "bfloat16"]  # fmt: skip


def raw(name):
    return getattr(mt, name).numpy


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("case", ["rows", "pairs", "a column", "a number"])
def test_scatter_add_counts_duplicates_in_every_dtype(name, case, device_backend):
    xp = device_backend
    rows, columns = np.array([0, 2, 0, 0, -1]), np.array([1, 1, 1, 3, 0])
    key, shape = {"rows": ((rows,), (5, 4)), "pairs": ((rows, columns), (5,)), "a number": ((rows,), ()),
                  "a column": ((slice(None), columns), (3, 5))}[case]  # fmt: skip
    kind = raw(name)
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 3 - 1
    values = np.asarray(values * (1 + 1j if kind.kind == "c" else 1)).astype(kind)
    wanted = np.ones((3, 4), kind)
    np.add.at(wanted, key, values)
    target = xp.asarray(np.ones((3, 4), kind))
    on_device = tuple(xp.asarray(part) if isinstance(part, np.ndarray) else part for part in key)
    with waits() as seen:
        xp.scatter_add(target, on_device, xp.asarray(values))
    assert seen == []
    assert target.dtype == kind
    np.testing.assert_array_equal(xp.to_host(target), wanted)


def test_scatter_add_takes_a_plain_number(device_backend):
    for name in ("int64", "float32", "int8"):
        target = device_backend.zeros(3, dtype=name)
        device_backend.scatter_add(target, (device_backend.asarray(np.array([1, 1])),), 2)
        assert target.tolist() == [0, 4, 0]


def test_moving_out_and_in_keeps_numbers_and_dtype(device_backend):
    array = np.arange(6, dtype="int16").reshape(2, 3)
    there = device_backend.asarray(array)
    np.testing.assert_array_equal(device_backend.to_host(there), array)
    assert device_backend.to_host(there).dtype == array.dtype
    array[0, 0] = 99
    assert there[0, 0].item() == 0  # a copy: the device has memory of its own


def names_asked_of_the_namespace():
    """(place, dotted name) for every `xp.<name>` in minitorch's texts."""
    package = Path(mt.__file__).parent
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if re.fullmatch(r"xp\.((linalg|special|fft)\.)?\w+", text):
                yield f"{path.relative_to(package)}:{node.lineno}", text.removeprefix("xp.")


def missing_from(backend):
    for place, name in names_asked_of_the_namespace():
        try:
            operator.attrgetter(name)(backend)
        except AttributeError:
            yield f"{place} {name}"


def test_every_function_that_array_code_asks_for_is_on_the_device(device_backend):
    assert list(missing_from(device_backend)) == []


def test_every_function_that_array_code_asks_for_is_in_the_real_package():
    cupy = pytest.importorskip("cupy", reason="the package CuPy is not installed")
    backend = Gpu(cupy, importlib.import_module("cupyx"), importlib.import_module("cupyx.scipy.special"))
    assert list(missing_from(backend)) == []
    assert repr(backend) == "<cuda backend on cupy>"


@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_and_columns_stay_what_they_are_on_the_way(order, device_backend):
    array = np.array([[1, 2, 3], [4, 5, 6]], order=order)
    there = device_backend.asarray(array)
    assert there.strides == array.strides
    assert device_backend.to_host(there).strides == array.strides


def test_views_are_told_from_copies_without_waiting(device_backend):
    array = device_backend.zeros((2, 3))
    with waits() as seen:
        assert device_backend.shares_memory(array, array[1])
        assert not device_backend.shares_memory(array, array.copy())
        assert device_backend.pointer(array[1]) - device_backend.pointer(array) == 3 * array.itemsize
        assert device_backend.strided(array, (2, 2, 2), (24, 8, 8)).shape == (2, 2, 2)
    assert seen == []


def test_positions_are_not_looked_at(device_backend):
    with waits() as seen:
        device_backend.check_index(device_backend.asarray(np.array([99])), 3, None)
    assert seen == []


def test_a_solver_raises_where_the_library_would_return_garbage(device_backend):
    singular = device_backend.zeros((2, 2))
    with pytest.raises(np.linalg.LinAlgError):
        device_backend.linalg.inv(singular)
    assert device_backend.linalg.LinAlgError is np.linalg.LinAlgError
    with waits() as seen:
        device_backend.linalg.solve(device_backend.eye(2), device_backend.ones((2, 1)))
    assert len(seen) == 1


def test_a_special_function_that_the_library_lacks_is_computed_on_the_host(device_backend):
    x = np.linspace(-2, 2, 5)
    with waits() as seen:
        found = device_backend.special.airy(device_backend.asarray(x))
    assert len(seen) == 1
    np.testing.assert_array_equal([device_backend.to_host(f) for f in found], scipy.special.airy(x))
    with waits() as seen:
        device_backend.special.erf(device_backend.asarray(x))
    assert seen == []
    with pytest.raises(AttributeError, match="no_such_function"):
        device_backend.special.no_such_function  # noqa: B018


# ---- several GPUs --------------------------------------------------------------------------------------------------
def test_an_index_says_which_gpu_new_arrays_are_made_on(device_backend):
    second = backend_for(Device("cuda:1"))
    assert second is backend_for(Device("cuda:1"))
    assert backend_for(Device("cuda:0")) is device_backend
    for made in (second.zeros(2), second.asarray(np.ones(2)), second.full((), 1.0)):
        assert device_backend.device_of(made) == second.device_of(made) == Device("cuda:1")
    assert device_backend.device_of(device_backend.zeros(2)) == Device("cuda:0")
    assert second.float32 is device_backend.float32


def test_a_gpu_that_is_not_there_is_refused(device_backend):
    with pytest.raises(RuntimeError, match=r"CUDA error: invalid device ordinal.*'cuda:7'"):
        mt.zeros(2).to("cuda:7")


# ---- tensors -------------------------------------------------------------------------------------------------------
def test_a_tensor_travels_and_its_gradient_travels_back(device_backend):
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = (x.to("cuda") * mt.tensor([3.0, 4.0], device="cuda")).cpu()
    assert y.is_cpu
    y.sum().backward()
    assert x.grad.is_cpu
    assert x.grad.tolist() == [3.0, 4.0]


def test_a_tensor_travels_between_gpus(device_backend):
    x = mt.tensor([1.0, 2.0], device="cuda:1")
    y = x.to("cuda:0")
    assert (y.device, x.device) == (mt.device("cuda:0"), mt.device("cuda:1"))
    assert x.to("cuda") is x
    assert y.cpu().tolist() == x.cpu().tolist() == [1.0, 2.0]


def test_arithmetic_runs_on_the_current_gpu(device_backend):
    x = mt.tensor([1.0, 2.0], device="cuda:1", requires_grad=True)
    with pytest.raises(ValueError, match="array device = 1 while current = 0"):
        x * 2
    with mt.cuda.device(1):
        (x * 2).sum().backward()
        assert x.grad.device == x.device
        assert x.grad.cpu().tolist() == [2.0, 2.0]


def test_to_the_same_device_is_the_same_tensor(device_backend):
    x = mt.zeros(2, device="cuda")
    assert x.to("cuda") is x
    assert x.to("cuda:0") is x
    assert x.cuda() is x
    assert x.to("cpu").cpu().is_cpu


def test_a_device_tensor_says_where_it_is(device_backend):
    x = mt.zeros(2, device="cuda")
    assert (x.device, x.is_cuda, x.is_cpu, x.get_device()) == (mt.device("cuda:0"), True, False, 0)
    assert x.type() == "torch.cuda.FloatTensor"


@pytest.mark.parametrize("call", [
    lambda host, there: host + there,
    lambda host, there: there + host,
    lambda host, there: mt.maximum(host, there),
    lambda host, there: mt.where(host > 0, there, host),
    lambda host, there: mt.cat([host, there]),
    lambda host, there: there.sum() + host,
    lambda host, there: host + there.sum(),
    lambda host, there: host @ there,
])  # fmt: skip
def test_operands_on_two_devices_are_refused_naming_both(call, device_backend):
    host, there = mt.ones(2), mt.ones(2, device="cuda")
    with pytest.raises(RuntimeError, match=r"Expected all tensors to be on the same device.*cpu") as raised:
        call(host, there)
    assert "cuda:0" in str(raised.value)


@pytest.mark.parametrize("call", [
    lambda number, there: number + there,
    lambda number, there: there * number,
    lambda number, there: mt.maximum(number, there),
    lambda number, there: mt.where(there > 2, there, number),
])  # fmt: skip
def test_a_host_tensor_without_dimensions_joins_as_a_number(call, device_backend):
    with waits() as seen:
        result = call(mt.tensor(1.5), mt.ones(2, device="cuda"))
    assert seen == []
    assert result.is_cuda
    assert result.dtype is mt.float32


def test_a_gradient_of_another_device_is_refused(device_backend):
    x = mt.zeros(2, device="cuda", requires_grad=True)
    with pytest.raises(RuntimeError, match="attempting to assign a gradient with device 'cpu'"):
        x.grad = mt.zeros(2)


def test_an_infinite_loss_still_starts_from_one(device_backend):
    x = mt.tensor([0.0, 1.0], device="cuda", requires_grad=True)
    (1 / x).sum().backward()
    assert x.grad.cpu().tolist() == [float("-inf"), -1.0]


# ---- the real thing ------------------------------------------------------------------------------------------------
@pytest.mark.gpu
def test_the_real_device_adds_and_scatters(gpu_backend):
    xp = gpu_backend
    for name in DTYPES:
        target = xp.asarray(np.zeros(3, raw(name)))
        xp.scatter_add(target, (xp.asarray(np.array([0, 2, 0])),), xp.asarray(np.ones(3, raw(name))))
        wanted = np.zeros(3, raw(name))
        np.add.at(wanted, np.array([0, 2, 0]), np.ones(3, raw(name)))
        np.testing.assert_array_equal(xp.to_host(target), wanted)
    with pytest.raises(np.linalg.LinAlgError):
        xp.linalg.cholesky(-xp.eye(2))
