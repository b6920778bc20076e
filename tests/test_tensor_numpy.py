"""Tensors among arrays and numbers: what keeps the graph, what runs on the memory, what is refused."""

import operator
import warnings

import numpy as np
import pytest

import minitorch as mt

REFUSED = r"Can't call numpy\(\) on Tensor that requires grad\. Use tensor\.detach\(\)\.numpy\(\) instead\."
ARRAY = np.array([0.5, 1.0, 2.0], dtype=np.float32)


def leaf(numbers=(0.25, 1.0, 3.0)):
    return mt.tensor(list(numbers), requires_grad=True)


# ---- ufuncs
@pytest.mark.parametrize(
    "op",
    [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul],
    ids=lambda op: op.__name__,
)
def test_an_array_on_the_left_keeps_the_graph(op):
    x = leaf()
    ours = op(ARRAY, x)
    expected = op(mt.tensor(ARRAY), x)
    assert isinstance(ours, mt.Tensor) and ours.grad_fn is not None and ours.dtype is mt.float32
    assert ours.tolist() == expected.tolist()
    (one,) = mt.autograd.grad(ours.sum(), x)
    (other,) = mt.autograd.grad(expected.sum(), x)
    assert one.tolist() == other.tolist()
    assert op(x, ARRAY).tolist() == op(x, mt.tensor(ARRAY)).tolist()


@pytest.mark.parametrize(
    "op", [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge], ids=lambda op: op.__name__
)
def test_comparisons_with_an_array_are_tensors(op):
    x = mt.tensor([0.25, 1.0, 3.0])
    assert isinstance(op(ARRAY, x), mt.Tensor)
    assert op(ARRAY, x).tolist() == op(ARRAY, x.numpy()).tolist()
    assert op(x, ARRAY).tolist() == op(x.numpy(), ARRAY).tolist()


WEAK = [np.float64(2), np.float32(2), np.int64(2), np.bool_(True)]


@pytest.mark.parametrize("number", WEAK, ids=lambda number: number.dtype.name)
@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.truediv], ids=lambda op: op.__name__)
def test_numpys_numbers_are_weak(op, number):
    x = leaf()
    for made, plain in ((op(number, x), op(number.item(), x)), (op(x, number), op(x, number.item()))):
        assert made.dtype is mt.float32 and made.grad_fn is not None
        assert made.tolist() == plain.tolist()


UNARY = ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "negative", "absolute", "fabs", "square",
         "reciprocal", "log2", "log10", "log1p", "expm1", "arctan", "floor", "ceil", "trunc", "isnan", "isfinite",
         "isinf", "sign", "conjugate", "logical_not")  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_common_ufuncs_are_our_functions(name):
    ufunc = getattr(np, name)
    x = leaf()
    made = ufunc(x)
    assert isinstance(made, mt.Tensor)
    np.testing.assert_allclose(made.detach().numpy(), ufunc(x.detach().numpy()), rtol=2e-6)
    if made.dtype is mt.float32 and name != "conjugate":
        assert made.requires_grad
        assert mt.autograd.grad(made.sum(), x)[0].shape == (3,)


@pytest.mark.parametrize("name", ["maximum", "minimum", "logical_and", "logical_or", "add", "power"])
def test_binary_ufuncs_take_numbers_and_arrays_on_both_sides(name):
    ufunc = getattr(np, name)
    x = mt.tensor([0.25, 1.0, 3.0])
    for other in (ARRAY, 2, 0.5, np.float64(0.5), [1.0, 2.0, 0.0]):
        for made, plain in ((ufunc(x, other), ufunc(x.numpy(), other)), (ufunc(other, x), ufunc(other, x.numpy()))):
            assert isinstance(made, mt.Tensor) and made.dtype in (mt.float32, mt.bool)
            np.testing.assert_allclose(made.numpy(), plain, rtol=1e-6)
    half = np.maximum(mt.tensor([1.0], dtype=mt.float16), 2)
    assert half.dtype is mt.float16 and half.tolist() == [2.0]


def test_other_ufuncs_run_on_the_memory():
    x = mt.tensor([-1.5, 0.0, 3.25])
    cube = np.cbrt(x)
    assert isinstance(cube, mt.Tensor) and cube.dtype is mt.float32
    np.testing.assert_array_equal(cube.numpy(), np.cbrt(x.numpy()))
    parts = np.modf(x)
    assert [part.tolist() for part in parts] == [[-0.5, 0.0, 0.25], [-1.0, 0.0, 3.0]]
    assert np.add.reduce(x).item() == 1.75
    assert np.add.outer(mt.arange(2), mt.arange(2)).tolist() == [[0, 1], [1, 2]]
    assert np.add.accumulate(mt.arange(4)).tolist() == [0, 1, 3, 6]
    assert np.exp(x, where=np.array([True, False, True]), out=np.zeros(3, np.float32))[1] == 0
    assert np.add(x, 1, dtype=np.float64).dtype is mt.float64
    for call in (lambda: np.cbrt(leaf()), lambda: np.add.reduce(leaf()), lambda: np.exp(leaf(), dtype=np.float64)):
        with pytest.raises(RuntimeError, match=REFUSED):
            call()
    with pytest.raises(RuntimeError, match=r"\(in numpy\.cbrt\)"):
        np.cbrt(leaf())
    with mt.no_grad():
        assert np.cbrt(leaf()).shape == (3,)


def test_an_array_is_written_in_place():
    total = np.ones(3, dtype=np.float32)
    alias = total
    total += mt.tensor([1.0, 2.0, 3.0])
    assert total is alias and total.tolist() == [2.0, 3.0, 4.0]
    with pytest.raises(RuntimeError, match=REFUSED):
        total += leaf()
    assert total.tolist() == [2.0, 3.0, 4.0]


def test_a_tensor_written_by_numpy_moves_its_version_on():
    for write in (
        lambda t: np.add(t, 1, out=t),
        lambda t: np.add.at(t, [0], 1),
        lambda t: np.copyto(t, 3),
        lambda t: np.cumsum(np.ones(3, np.float32), out=t),
        lambda t: np.clip(t, 0, 1, out=t),
    ):
        w = mt.tensor([1.0, 2.0, 3.0])
        x = leaf()
        y = (x * w).sum()
        found = write(w)
        assert found is None or found is w
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()
        with pytest.raises(RuntimeError):
            write(leaf())


def test_no_floating_point_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.log(mt.zeros(2))
        np.cbrt(mt.tensor([float("nan")]))
        np.divide(np.ones(2, np.float32), mt.zeros(2))


# ---- functions
FUNCTIONS = {
    "sum": lambda a: np.sum(a),
    "sum axis": lambda a: np.sum(a, axis=0),
    "sum keepdims": lambda a: np.sum(a, axis=1, keepdims=True),
    "sum axes": lambda a: np.sum(a, axis=(0, 1)),
    "mean": lambda a: np.mean(a, axis=1),
    "max": lambda a: np.max(a),
    "max axis": lambda a: np.max(a, axis=0),
    "min": lambda a: np.amin(a, axis=1, keepdims=True),
    "var": lambda a: np.var(a),
    "var ddof": lambda a: np.var(a, axis=0, ddof=1),
    "std": lambda a: np.std(a, axis=1),
    "cumsum": lambda a: np.cumsum(a),
    "cumsum axis": lambda a: np.cumsum(a, axis=1),
    "clip": lambda a: np.clip(a, -0.5, 0.5),
    "clip one": lambda a: np.clip(a, 0.0, None),
    "where": lambda a: np.where(a > 0, a, 0.0),
    "reshape": lambda a: np.reshape(a, (3, 2)),
    "squeeze": lambda a: np.squeeze(a),
    "dot": lambda a: np.dot(a, np.ones((3, 2), np.float32)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_common_functions_keep_the_graph(name):
    numbers = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    x = mt.tensor(numbers, requires_grad=True)
    made = FUNCTIONS[name](x)
    assert isinstance(made, mt.Tensor) and made.requires_grad and made.dtype is mt.float32
    plain = FUNCTIONS[name](numbers)
    np.testing.assert_allclose(made.detach().numpy(), plain, rtol=1e-5, atol=1e-6)
    assert made.shape == plain.shape
    assert mt.autograd.grad(made.sum(), x)[0].shape == (2, 3)


def test_shape_size_and_ndim_need_no_numbers():
    x = mt.ones(2, 3, requires_grad=True)
    assert np.shape(x) == (2, 3) and np.size(x) == 6 and np.size(x, 1) == 3 and np.ndim(x) == 2


def test_other_functions_run_on_the_memory():
    x, y = mt.tensor([[3.0, 1.0], [2.0, 4.0]]), mt.tensor([1, 1, 2])
    for made, plain in (
        (np.concatenate([x, x]), np.concatenate([x.numpy()] * 2)),
        (np.stack([x, x.numpy()]), np.stack([x.numpy()] * 2)),
        (np.transpose(x), x.numpy().T),
        (np.sort(x, axis=None), np.sort(x.numpy(), axis=None)),
        (np.histogram(x, bins=3)[0], np.histogram(x.numpy(), bins=3)[0]),
        (np.unique(y), np.array([1, 2])),
        (np.bincount(y), np.array([0, 2, 1])),
        (np.linalg.norm(x), np.linalg.norm(x.numpy())),
        (np.einsum("ij->j", x), x.numpy().sum(0)),
        (np.mean(y), np.mean(y.numpy())),
        (np.sum(x, dtype=np.float64), np.sum(x.numpy(), dtype=np.float64)),
        (np.pad(x, 1), np.pad(x.numpy(), 1)),
    ):
        assert not isinstance(made, mt.Tensor)
        np.testing.assert_array_equal(made, plain)
    assert np.allclose(x, x) and np.array_equal(x, x)
    np.testing.assert_allclose(x, x.numpy())
    np.testing.assert_array_equal(x, x)
    for call in (lambda g: np.concatenate([g, g]), np.sort, lambda g: np.linalg.norm(g), lambda g: np.allclose(g, 1)):
        with pytest.raises(RuntimeError, match=REFUSED):
            call(leaf())
    with pytest.raises(RuntimeError, match=r"\(in numpy\.concatenate\)"):
        np.concatenate([ARRAY, leaf()])


# ---- __array__, numpy()
def test_numpy_shares_memory_and_is_refused_on_the_tape():
    x = mt.tensor([1.0, 2.0])
    array = x.numpy()
    array[0] = 5
    assert x.tolist() == [5.0, 2.0] and np.shares_memory(array, x._data)
    array.shape = (2, 1)
    assert x.shape == (2,)
    g = leaf()
    for call in (g.numpy, g.__array__, lambda: np.asarray(g), lambda: np.array([g[0], g[1]])):
        with pytest.raises(RuntimeError, match=REFUSED):
            call()
    assert g.numpy(force=True).tolist() == [0.25, 1.0, 3.0]
    with mt.no_grad():
        assert g.numpy().tolist() == [0.25, 1.0, 3.0]
    assert g.detach().numpy().tolist() == [0.25, 1.0, 3.0]


def test_array_protocol():
    x = mt.tensor([1.0, 2.0])
    assert np.shares_memory(np.asarray(x), x._data)
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(x), x._data)
    assert np.shares_memory(np.array(x, copy=False), x._data)
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.asarray(x, dtype=np.int8, copy=False)
    assert np.array([x, x]).shape == (2, 2)
    assert np.array([mt.tensor(1.5), mt.tensor(2)]).tolist() == [1.5, 2.0]
    assert np.array(mt.tensor([True])).dtype == bool
    assert np.arange(5)[mt.tensor([1, 3])].tolist() == [1, 3]


# ---- DLPack
@pytest.mark.referee
@pytest.mark.parametrize("name", ["float16", "float32", "float64", "int8", "int64", "uint8", "bool", "complex64"])
def test_dlpack_both_ways(name):
    torch = pytest.importorskip("torch")
    x = mt.tensor([[1, 0, 2], [3, 4, 5]], dtype=getattr(mt, name))
    theirs = torch.from_dlpack(x.t())
    assert theirs.data_ptr() == x.data_ptr() and theirs.tolist() == x.t().tolist()
    assert str(theirs.dtype) == str(x.dtype) and theirs.stride() == x.t().stride()
    back = mt.from_dlpack(theirs)
    assert back.data_ptr() == x.data_ptr() and back.tolist() == x.t().tolist() and back.dtype is x.dtype
    assert mt.from_dlpack(theirs, copy=True).data_ptr() != x.data_ptr()


def test_dlpack():
    x = mt.tensor([1.0, 2.0])
    assert np.from_dlpack(x).tolist() == [1.0, 2.0] and x.__dlpack_device__() == (1, 0)
    assert mt.from_dlpack(np.arange(3)).tolist() == [0, 1, 2]
    assert mt.from_dlpack(x).data_ptr() == x.data_ptr()
    with pytest.raises(BufferError, match=r"Can't export tensors that require gradient, use tensor\.detach\(\)"):
        np.from_dlpack(leaf())
    with pytest.raises(TypeError, match="expects an object with __dlpack__"):
        mt.from_dlpack(3)
    assert not hasattr(x, "__cuda_array_interface__")


# ---- Python's numbers
CONVERSIONS = """T.tensor([1.0, 2.0]).item()
T.zeros(0).item()
T.tensor([[2.5]]).item()
T.tensor(3).item()
T.tensor(True).item()
T.tensor(1 + 2j).item()
T.tensor([1.5], dtype=T.float16).item()
float(T.tensor(2.5))
float(T.tensor([1.0, 2.0]))
float(T.zeros(0))
float(T.tensor(1 + 2j))
float(T.tensor(1 + 0j))
float(T.tensor(3))
int(T.tensor(2.7))
int(T.tensor(float('nan')))
int(T.tensor(float('inf')))
int(T.tensor([1, 2]))
int(T.tensor(1 + 2j))
complex(T.tensor(1 + 2j))
complex(T.tensor(2.5))
complex(T.tensor([1.0, 2.0]))
bool(T.tensor([1.0, 2.0]))
bool(T.zeros(0))
bool(T.ones(1, 1))
bool(T.tensor(0))
bool(T.tensor(float('nan')))
bool(T.tensor(1j))
operator.index(T.tensor(3))
operator.index(T.tensor([[3]]))
operator.index(T.tensor(True))
operator.index(T.tensor(2.5))
operator.index(T.tensor([1, 2]))
list(range(T.tensor(3)))
[1, 2, 3][T.tensor(1)]
len(T.tensor(2.5))
len(T.zeros(4, 2))
1.0 in T.tensor([0.0, 1.0])
5 in T.tensor([0.0, 1.0])
T.tensor(1.0) in T.tensor([0.0, 1.0])
T.tensor([9.0, 1.0]) in T.tensor([0.0, 1.0])
'a' in T.tensor([0.0, 1.0])
None in T.tensor([0.0, 1.0])
[1] in T.tensor([0.0, 1.0])
f'{T.tensor(2.5):.3f}'
f'{T.tensor(2.5)}'
f'{T.tensor(7):>5d}'
f'{T.tensor(2.5, requires_grad=True):.2f}'
f'{T.tensor([1.0, 2.0])}'
f'{T.tensor([1.5]):.2f}'
f'{T.nn.Parameter(T.tensor(2.5))}'
f'{T.nn.Parameter(T.tensor(2.5)):.2f}'
T.tensor([[1.0, 2.0], [3.0, 4.0]]).tolist()
T.tensor(2.5).tolist()
T.tensor([True]).tolist()
T.zeros(2, 0).tolist()
T.zeros(0).tolist()
T.tensor([1.5], dtype=T.bfloat16).tolist()
T.ones(2, requires_grad=True).tolist()""".splitlines()


@pytest.mark.referee
@pytest.mark.parametrize("call", CONVERSIONS)
def test_conversions_are_pytorchs(call):
    torch = pytest.importorskip("torch")
    try:
        theirs = eval(call, {"T": torch, "operator": operator})
    except Exception as error:
        with pytest.raises(type(error)) as mine:
            eval(call, {"T": mt, "operator": operator})
        assert str(mine.value).startswith(str(error).replace("torch.nn", "minitorch.nn")[:40])
        return
    mine = eval(call, {"T": mt, "operator": operator})
    assert mine == theirs and type(mine) is type(theirs)


def test_the_only_element_of_a_tensor_on_the_tape():
    x = mt.tensor([2.5], requires_grad=True)
    assert x.item() == 2.5 and float(x) == 2.5 and int(x) == 2 and bool(x)


# ---- devices
def test_a_device_tensor_leaves_by_request_only(device_backend):
    x = mt.tensor([2.5], device="cuda")
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        x.numpy()
    with pytest.raises(TypeError, match=r"Use Tensor\.cpu\(\) to copy the tensor to host memory first"):
        np.sort(x)
    assert x.numpy(force=True).tolist() == [2.5] and x.cpu().numpy().tolist() == [2.5]
    assert x.item() == 2.5 and float(x) == 2.5 and x.tolist() == [2.5] and bool(x) and 2.5 in x
    assert np.sin(x).is_cuda and (np.float32(2) * x).is_cuda and np.maximum(x, 1).is_cuda and np.sum(x).is_cuda
    assert repr(x) == "tensor([2.5000], device='cuda:0')"
