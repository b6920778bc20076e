import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend import dtype as dt
from tests.twins import outcome

NAMES = [d.name for d in dt.ALL]


def named(lib, name):
    return getattr(lib, name)


@pytest.mark.referee
@pytest.mark.parametrize("one", NAMES)
def test_two_dtypes_promote_as_in_pytorch(one):
    torch = pytest.importorskip("torch")
    for other in NAMES:
        theirs = outcome(torch.promote_types, named(torch, one), named(torch, other))
        ours = outcome(dt.promote_types, named(mt, one), named(mt, other))
        assert str(ours) == str(theirs), other


@pytest.mark.referee
@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_says_of_itself_what_pytorchs_does(name):
    torch = pytest.importorskip("torch")
    ours, theirs = named(mt, name), named(torch, name)
    assert repr(ours) == repr(theirs)
    assert ours.itemsize == theirs.itemsize == ours.numpy.itemsize
    assert (ours.is_floating_point, ours.is_complex, ours.is_signed) == (
        theirs.is_floating_point, theirs.is_complex, theirs.is_signed)  # fmt: skip
    assert str(ours.to_real()) == str(theirs.to_real())
    if name != "float16":  # whose partner complex32 does not exist here
        assert str(outcome(ours.to_complex)) == str(outcome(theirs.to_complex))


@pytest.mark.referee
def test_the_other_names_are_the_same_objects():
    torch = pytest.importorskip("torch")
    for alias, dtype in dt.ALIASES.items():
        assert named(mt, alias) is dtype
        assert str(named(torch, alias)) == str(dtype)


@pytest.mark.referee
def test_the_default_dtype_refuses_what_pytorchs_refuses():
    torch = pytest.importorskip("torch")
    for pick in (lambda lib: lib.int64, lambda lib: lib.complex64, lambda lib: 3):
        theirs = outcome(torch.set_default_dtype, pick(torch))
        ours = outcome(mt.set_default_dtype, pick(mt))
        assert ours[0] == theirs[0]
        assert ours[1].startswith(theirs[1])
    assert dt.default() is dt.float32


@pytest.mark.parametrize("name", NAMES)
def test_raw_and_public_dtypes_are_one_to_one(name):
    dtype = named(mt, name)
    assert dt.of(dtype.numpy) is dtype
    assert dt.of(np.zeros(1, dtype.numpy).dtype) is dtype
    assert copy.deepcopy(dtype) is dtype


def test_a_pickled_dtype_is_the_same_object():
    for dtype in dt.ALL:
        assert pickle.loads(pickle.dumps(dtype)) is dtype


def test_promotion_does_not_care_for_the_order_and_repeats_itself():
    for one in dt.ALL:
        for other in dt.ALL:
            there, back = outcome(dt.promote_types, one, other), outcome(dt.promote_types, other, one)
            if isinstance(there, dt.dtype):
                assert there is back
                assert dt.promote_types(there, one) is there


@pytest.mark.parametrize("raw", [np.dtype("U3"), np.dtype("O"), np.dtype("M8[s]"), np.dtype([("a", "i4")])])
def test_a_format_that_tensors_do_not_have_is_refused(raw):
    with pytest.raises(TypeError, match=r"can't convert np\.ndarray of type"):
        dt.of(raw)


@pytest.mark.parametrize(("value", "wanted", "category"), [
    (True, dt.bool_, dt.BOOL), (3, dt.int64, dt.INTEGER), (3.0, dt.float32, dt.FLOATING),
    (3j, dt.complex64, dt.COMPLEX), (np.float64(3), dt.float64, dt.FLOATING), (np.int8(3), dt.int8, dt.INTEGER),
    (np.bool_(1), dt.bool_, dt.BOOL),
])  # fmt: skip
def test_a_number_has_the_dtype_it_implies(value, wanted, category):
    assert dt.of_number(value) is wanted
    assert dt.category_of(value) == category


def test_python_floats_follow_the_default_dtype():
    dt.set_default(dt.float64)
    try:
        assert dt.of_number(1.0) is dt.float64
        assert dt.of_number(1j) is dt.complex128
    finally:
        dt.set_default(dt.float32)


def test_bfloat16_without_its_package_says_what_to_install():
    code = ("import sys; sys.modules['ml_dtypes'] = None\n"
            "import minitorch as mt\n"
            "try: mt.bfloat16.numpy\n"
            "except TypeError as error: print(error)\n")  # fmt: skip
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install" in run.stdout, run.stderr
    assert "ml_dtypes" in run.stdout
