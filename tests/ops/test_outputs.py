"""What `out=` takes: the result's own dtype, its kind, or whatever can hold it."""

import pytest

import minitorch as mt
from minitorch.ops.front import PUBLIC
from minitorch.ops.outputs import EXACT, JOINED, SAME_KIND

DTYPES = ("bool", "int64", "float32", "float64", "complex128")
CALLS = {
    "exp": lambda lib, x, out: lib.exp(x, out=out),
    "neg": lambda lib, x, out: lib.neg(x, out=out),
    "eq": lambda lib, x, out: lib.eq(x, x, out=out),
    "mm": lambda lib, x, out: lib.mm(x, x, out=out),
    "cat": lambda lib, x, out: lib.cat([x, x], out=out),
    "all": lambda lib, x, out: lib.all(x, 0, out=out),
    "argmax": lambda lib, x, out: lib.argmax(x, 0, out=out),
    "index_select": lambda lib, x, out: lib.index_select(x, 0, lib.tensor([1]), out=out),
    "fft": lambda lib, x, out: lib.fft.fft(x, out=out),
}


def answered(lib, name, dtype):
    x = lib.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=lib.float64)
    out = lib.empty(0, dtype=getattr(lib, dtype))
    try:
        return CALLS[name](lib, x, out).tolist()
    except Exception as error:
        return type(error).__name__, str(error).partition(": functions")[0]


@pytest.mark.referee
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_the_dtype_of_out_is_refused_as_in_pytorch(name, dtype):
    torch = pytest.importorskip("torch")
    assert answered(mt, name, dtype) == answered(torch, name, dtype)


def test_a_refused_out_is_left_alone():
    out = mt.zeros(2, dtype=mt.int64)
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Long"):
        mt.exp(mt.ones(2), out=out)
    assert out.tolist() == [0, 0]


@pytest.mark.parametrize("recorded", ["input", "out"])
def test_an_out_that_would_lose_a_gradient_is_refused_by_name(recorded):
    x, out = mt.ones(2, requires_grad=recorded == "input"), mt.zeros(2, requires_grad=recorded == "out")
    with pytest.raises(RuntimeError, match=r"^exp\(\): functions with out=... arguments don't support automatic"):
        mt.exp(x, out=out)
    with mt.no_grad():
        assert mt.exp(x, out=out) is out


def test_a_result_without_a_derivative_may_be_written():
    out = mt.zeros(2, dtype=mt.bool)
    assert mt.eq(mt.ones(2, requires_grad=True), 1, out=out).tolist() == [True, True]


def test_every_name_of_the_tables_is_a_public_function():
    for name in (*EXACT, *SAME_KIND, *JOINED):
        space, _, last = name.rpartition(".")
        assert last in PUBLIC[space], name
