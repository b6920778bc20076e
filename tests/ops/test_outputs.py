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


# ---- shared memory -------------------------------------------------------------------------------------------------
#: x is 0 1 2 3 on one line of memory, A the numbers 0 to 8 in a square.
SHARED = """
f.add(x[:-1], 1, out=x[1:])
f.add(x, x, out=x)
f.add(A, A[0], out=A)
f.add(A, 1, out=A.t())
f.exp(x[1:], out=x[:-1])
f.clamp(x[1:], 0, 2, out=x[:-1])
f.cumsum(x[1:], 0, out=x[:-1])
f.cumsum(x, 0, out=x)
f.cat([x[:1], x[1:]], out=x)
f.gather(x, 0, j, out=x[:2])
f.index_select(x, 0, j, out=x[:2])
f.take(x, j, out=x[:2])
f.masked_select(x, x > -1, out=x)
f.tril(A, out=A)
f.tril(A, out=A.view(3, 3))
x[1:].add_(x[:-1])
x[1:].add_(x[1:])
x.add_(x[0])
x.fill_(x[1])
x.masked_fill_(x > 0, x[0])
x[1:].clamp_(min=x[:-1])
x[1:].copy_(x[:-1])
x.index_add_(0, j, x[:2])
x.index_copy_(0, j, x[:2])
x.scatter_(0, j, x[:2])
x.put_(j, x[:2])
A.add_(A.t())
A.mul_(A[0])
A[0].add_(A[1])
A[:, 0].add_(A[:, 1])
A[::2].add_(A[:2])
x.__setitem__(slice(1, None), x[:-1])
x.__setitem__(j, x[1:3])
x.__setitem__(0, x[1])
A.__setitem__((slice(None), 0), A[0])
""".strip().splitlines()


def shared(lib, call):
    scope = {"f": lib, "x": lib.arange(4.0), "A": lib.arange(9.0).reshape(3, 3).clone(), "j": lib.tensor([0, 1])}
    try:
        found = eval(call, scope)
        return (None if found is None else found.tolist()), scope["x"].tolist(), scope["A"].tolist()
    except RuntimeError as error:
        return str(error), scope["x"].tolist(), scope["A"].tolist()


@pytest.mark.referee
@pytest.mark.parametrize("call", SHARED)
def test_a_write_over_a_part_of_what_is_read_is_refused_as_in_pytorch(call):
    torch = pytest.importorskip("torch")
    assert shared(mt, call) == shared(torch, call)


def test_what_is_computed_before_it_is_written_may_be_written_over():
    A = mt.arange(4.0).reshape(2, 2)
    assert mt.mm(A, A, out=A).tolist() == [[2, 3], [6, 11]]
    assert mt.sum(A, 0, out=A[0]).tolist() == [8, 14]


def test_memory_is_looked_at_on_a_device_too(device_backend):
    x = mt.arange(4.0).to("cuda")
    with pytest.raises(RuntimeError, match="single memory location"):
        x[1:].add_(x[:-1])
    with pytest.raises(RuntimeError, match="single memory location"):
        x[1:] = x[:-1]
    with pytest.raises(RuntimeError, match="single memory location"):
        mt.exp(x[:-1], out=x[1:])
    x[1:].add_(x[1:])
    assert x.tolist() == [0, 2, 4, 6]
    host = mt.zeros(4)
    host[1:].copy_(x[1:])
    x[:2] = host[2:]
    assert host.tolist() == [0, 2, 4, 6] and x.tolist() == [4, 6, 4, 6]
