"""The stand-in refuses what CuPy refuses and counts what makes the host wait; else it is NumPy."""

import copy
import json
import pickle

import ml_dtypes
import numpy as np
import pytest

from minitorch.testing import standin
from minitorch.testing.standin import cupy, cupyx, waits
from minitorch.testing.standin.snapshot import FILE, snapshot


def on_device(*values, dtype="float32"):
    return cupy.asarray(np.array(values, dtype))


A, AT, M = on_device(1, 2, 3), on_device(2, 0, dtype="int64"), on_device(1, 0, 1, dtype="bool")
HOST = np.ones(3, "float32")


# ---- what it refuses -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("call", [
    lambda: A + HOST,
    lambda: HOST * A,
    lambda: A + [1.0, 2.0, 3.0],
    lambda: np.asarray(A),
    lambda: np.exp(HOST, out=A),
    lambda: np.sum(A),
    lambda: np.concatenate([A, A]),
    lambda: np.add(A, HOST),
    lambda: cupy.maximum(A, HOST),
    lambda: cupy.where(M, A, HOST),
    lambda: cupy.concatenate([A, HOST]),
    lambda: cupy.sum(HOST),
    lambda: A[np.array([0, 1])],
    lambda: A[[0, 1]],
    lambda: A.__setitem__(0, HOST[:1]),
    lambda: A.__iadd__(HOST),
    lambda: cupy.sqrt("text"),
], ids=range(17))  # fmt: skip
def test_host_arrays_and_lists_do_not_mix_with_the_device(call):
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize("call", [
    lambda: cupy.vecdot(A, A),
    lambda: cupy.unstack(A),
    lambda: cupy.insert(A, 0, 1),
    lambda: cupy.linalg.vector_norm(A),
    lambda: cupyx.scipy.special.no_such_function,
    lambda: A.flags.writeable,
    lambda: A.setflags,
    lambda: A.ctypes,
    lambda: cupy.where(True, A, A),
])  # fmt: skip
def test_names_that_cupy_lacks_are_not_there(call):
    with pytest.raises(AttributeError):
        call()


@pytest.mark.parametrize("call", [
    lambda: cupy.exp(A, where=M),
    lambda: cupy.sum(A, where=M),
    lambda: cupy.max(A, initial=0),
    lambda: A.sum(where=M),
    lambda: A.max(initial=0),
    lambda: cupy.sort(A, stable=True),
    lambda: cupy.take(A, AT, mode="clip"),
    lambda: cupy.clip(A, min=0),
    lambda: cupy.zeros(3, device="cpu"),
    lambda: cupy.std(A, correction=1),
    lambda: A.reshape(3, 1, no_such=1),
    lambda: cupy.bitwise_or(A, A),
    lambda: cupy.logical_and(A.astype("complex64"), A),
    lambda: -on_device(True, dtype="bool") << 1,
    lambda: A.__iadd__(A.astype("complex64")),
])  # fmt: skip
def test_parameters_and_dtypes_that_cupy_lacks_are_refused(call):
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize("name", ["multiply", "power", "divide"])
def test_at_exists_only_where_cupy_has_it(name):
    with pytest.raises(NotImplementedError, match=r"\.at"):
        getattr(cupy, name).at(A.copy(), (AT,), 1.0)
    with pytest.raises(NotImplementedError, match=r"\.reduce"):
        cupy.maximum.reduce(A)
    assert cupy.add.reduce(A).item() == 6


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool", "complex64", "bfloat16"])
def test_there_are_no_atomics_for_these(dtype):
    target = cupy.zeros(3, getattr(ml_dtypes, dtype, dtype))
    with pytest.raises(TypeError, match="scatter_add only supports"):
        cupyx.scatter_add(target, (AT,), 1)


def test_two_devices_do_not_mix():
    with cupy.cuda.Device(1):
        there = cupy.ones(3)
        assert there.device.id == (there + there).device.id == 1
    with pytest.raises(ValueError, match="array device = 1 while current = 0"):
        there + A
    assert there.get().tolist() == [1, 1, 1]
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        cupy.cuda.Device(9).use()


def test_what_is_undefined_on_a_device_is_an_error_here():
    array = cupy.zeros(3)
    array[on_device(0, 2, dtype="int64")] = 1.0
    with pytest.raises(AssertionError, match="duplicate positions"):
        array[on_device(0, 0, dtype="int64")] = 1.0
    with pytest.raises(AssertionError, match="garbage"):
        cupy.linalg.cholesky(-cupy.eye(2))
    assert np.isnan(cupy.empty(3).get()).all()
    assert (cupy.empty_like(AT).get() == 77).all()


@pytest.mark.parametrize("thing", [np.array(["text"]), np.array([object()]), np.zeros(2, "longdouble"), "text"])
def test_formats_that_a_device_lacks_stay_out(thing):
    with pytest.raises(ValueError, match="Unsupported dtype"):
        cupy.asarray(thing)


# ---- what it counts ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("call", [
    lambda: A.get(), lambda: A.sum().item(), lambda: A.tolist(), lambda: float(A[0]), lambda: int(A[0]),
    lambda: complex(A[0]), lambda: bool(A[0]), lambda: repr(A), lambda: A.nonzero(), lambda: cupy.nonzero(A),
    lambda: cupy.where(M), lambda: A[M], lambda: A.copy().__setitem__(M, 0.0), lambda: cupy.unique(A),
    lambda: cupy.bincount(AT), lambda: 1 if A[0] > 0 else 2, lambda: cupyx.scatter_add(A.copy(), (M,), 1.0),
    lambda: cupy.asnumpy(A), lambda: pickle.dumps(A), lambda: cupy.cuda.Device(0).synchronize(),
], ids=range(20))  # fmt: skip
def test_what_makes_the_host_wait_is_counted_with_its_place(call):
    with waits() as seen:
        call()
    assert len(seen) == 1
    assert "test_standin.py" in seen[0] or "pickle" in seen[0]


@pytest.mark.parametrize("call", [
    lambda: A + 1, lambda: 2.0 * A, lambda: A @ A, lambda: -A, lambda: A > 1, lambda: A[1:], lambda: A[AT],
    lambda: A[0], lambda: cupy.where(M, A, 0), lambda: A.sum(), lambda: A.reshape(3, 1).T, lambda: A.astype("int32"),
    lambda: len(A), lambda: list(A), lambda: copy.deepcopy(A), lambda: cupy.asarray(HOST), lambda: cupy.argsort(A),
    lambda: cupyx.scatter_add(A.copy(), (AT,), A[:2]), lambda: A.copy().__setitem__(AT, 5.0),
    lambda: cupy.linalg.inv(cupy.eye(2)), lambda: cupy.may_share_memory(A, A[1:]), lambda: np.float32(2) * A,
], ids=range(22))  # fmt: skip
def test_the_rest_does_not_wait(call):
    with waits() as seen:
        call()
    assert seen == []


# ---- what it gives -------------------------------------------------------------------------------------------------
def test_a_single_number_stays_on_the_device():
    for made in (A.sum(), A[0], cupy.max(A), A @ A, cupy.add(A[0], 1), cupy.float32(1) * A[0]):
        assert isinstance(made, standin.ndarray)
        assert made.shape == ()


def test_a_view_writes_through_and_knows_its_base():
    array = cupy.zeros((2, 3))
    array[1][...] = 5
    array.T[0, 0] += 7
    assert array.get().tolist() == [[7, 0, 0], [5, 5, 5]]
    assert array.base is None
    for view in (array[1], array.T, array[0, 0], array.reshape(6), array[1][1:], array.view("int64")):
        assert view.base is array
        assert not view.flags.owndata
    assert array.copy().base is None


@pytest.mark.parametrize(("call", "dtype"), [
    (lambda: A * 2, "float32"),
    (lambda: A * 2.0, "float32"),
    (lambda: A * np.float64(2), "float64"),
    (lambda: AT * 2.5, "float64"),
    (lambda: AT / AT, "float64"),
    (lambda: on_device(1, dtype="int8") + 1, "int8"),
    (lambda: cupy.power(on_device(True, dtype="bool"), on_device(True, dtype="bool")), "int8"),
    (lambda: cupy.bitwise_count(on_device(3, dtype="int64")), "uint8"),
    (lambda: cupyx.scipy.special.erf(on_device(1, dtype="float16")), "float64"),
    (lambda: cupy.isnan(AT), "bool"),
    (lambda: A + on_device(1, dtype="complex64"), "complex64"),
    (lambda: cupy.ones(2, ml_dtypes.bfloat16) * 2, "bfloat16"),
])  # fmt: skip
def test_the_dtypes_are_those_of_cupys_loops(call, dtype):
    assert call().dtype.name == dtype


def test_an_operator_is_left_to_whom_it_belongs():
    class Tensor:
        __array_ufunc__ = None

        def __radd__(self, other):
            return "mine"

    class Louder:
        __array_priority__ = 1000

        def __rmul__(self, other):
            return "mine"

    assert A + Tensor() == "mine"
    assert A * Louder() == "mine"


def test_copies_and_pickles_are_equal_arrays():
    for again in (copy.copy(A), copy.deepcopy(A), pickle.loads(pickle.dumps(A)), cupy.array(A)):
        assert again is not A
        assert again.get().tolist() == [1, 2, 3]
    assert cupy.asarray(A) is A


def test_errors_are_checked_for_where_asked_and_only_there():
    with cupyx.errstate(linalg="raise"):
        with pytest.raises(np.linalg.LinAlgError):
            cupy.linalg.cholesky(-cupy.eye(2))
        with waits() as seen:
            cupy.linalg.cholesky(cupy.eye(2))
        assert len(seen) == 1


# ---- how true it is ------------------------------------------------------------------------------------------------
def test_the_snapshot_is_that_of_the_installed_package():
    pytest.importorskip("cupy", reason="the package CuPy is not installed")
    assert json.loads(FILE.read_text()) == json.loads(json.dumps(snapshot()))


def outcome(function, operands):
    """The arrays that a ufunc gives, or None where it refuses them."""
    try:
        found = function(*operands)
    except (TypeError, ValueError):
        return None
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.gpu
def test_the_ufuncs_give_what_the_real_ones_give(gpu_backend):
    for name in " ".join(standin.API["loops"].values()).split():
        for code in "?bhilqBHILQefdFD":
            for count in (1, 2):
                operands = [np.ones(3, code)] * count
                ours = outcome(getattr(cupy, name), map(cupy.asarray, operands))
                theirs = outcome(getattr(gpu_backend, name), map(gpu_backend.asarray, operands))
                assert (ours is None) == (theirs is None), (name, code, count)
                for one, other in zip(ours or (), theirs or (), strict=True):
                    assert one.dtype == other.dtype, (name, code)
                    np.testing.assert_allclose(one.get().astype(complex), other.get().astype(complex), rtol=1e-2)
