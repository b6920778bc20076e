"""Making tensors: PyTorch's dtypes, shapes, strides, numbers and errors, and whose memory it is."""

import array
import enum
import fractions

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.standin import waits


class Colour(enum.IntEnum):
    RED = 3


def state(x):
    """All that can be seen of a tensor."""
    numbers = x.detach().float() if str(x.dtype) == "torch.bfloat16" else x.detach()
    return str(x.dtype), tuple(x.shape), tuple(x.stride()), x.requires_grad, x.is_leaf, numbers.numpy().tolist()


def agree(call, tolerance=0.0):
    """The same expression gives the same tensor, or the same class and words of an error."""
    torch = pytest.importorskip("torch")
    names = {"np": np, "Colour": Colour, "inf": float("inf"), "nan": float("nan"), "array": array}
    try:
        theirs = eval(call, names | {"T": torch})
    except Exception as error:
        with pytest.raises(type(error)) as mine:
            eval(call, names | {"T": mt})
        assert str(mine.value).startswith(str(error).splitlines()[0][:38])
        return
    mine = eval(call, names | {"T": mt})
    if not isinstance(theirs, torch.Tensor):
        assert str(mine) == str(theirs)
        return
    one, other = state(mine), state(theirs)
    assert one[:-1] == other[:-1]
    if tolerance:
        np.testing.assert_allclose(
            one[-1], other[-1], rtol=tolerance, atol=tolerance * np.abs(other[-1]).max(initial=0)
        )
    else:
        np.testing.assert_array_equal(one[-1], other[-1])


# One expression a line; an expression that raises in PyTorch must raise the same here.
DATA = """T.tensor(1)
T.tensor(1.0)
T.tensor(True)
T.tensor(1j)
T.tensor(np.float64(1))
T.tensor(np.float16(1))
T.tensor(np.bool_(True))
T.tensor([np.float64(1)])
T.tensor([np.float32(1), 2])
T.tensor([np.float32(1), 2.5])
T.tensor([np.float64(1), 2.5])
T.tensor([np.int8(1), np.int16(2)])
T.tensor([np.int8(1), 2])
T.tensor([np.float16(1), True])
T.tensor([np.complex64(1), 2.0])
T.tensor([1, 2.5, True])
T.tensor([1, 2j])
T.tensor([True, False])
T.tensor([True, 2])
T.tensor([])
T.tensor([[]])
T.tensor([[], []])
T.tensor([[[]], [[]]])
T.tensor(())
T.tensor([[1, 2], (3, 4)])
T.tensor(range(3))
T.tensor([range(3), range(3)])
T.tensor(bytearray(b'ab'))
T.tensor(memoryview(b'abc'))
T.tensor(array.array('d', [1.0, 2.0]))
T.tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8.0]]])
T.tensor(data=[1])
T.tensor([1.1, 2], dtype=T.float64)
T.tensor([1], dtype=float)
T.tensor([1], dtype=int)
T.tensor([1], dtype=bool)
T.tensor([1], dtype=complex)
T.tensor([1.7, -1.7], dtype=T.int64)
T.tensor([1, 2.5], dtype=T.int8)
T.tensor([1.5, 0.0, nan], dtype=T.bool)
T.tensor([True], dtype=T.float32)
T.tensor([True], dtype=T.complex64)
T.tensor([-1], dtype=T.uint8)
T.tensor([-255], dtype=T.uint8)
T.tensor([-1], dtype=T.uint16)
T.tensor([1e300], dtype=T.float32)
T.tensor([1e10, 0.1], dtype=T.float16)
T.tensor([0.1, 3.0e38], dtype=T.bfloat16)
T.tensor(2**63, dtype=T.float32)
T.tensor([2**70], dtype=T.float32)
T.tensor(2**63, dtype=T.uint64)
T.tensor(-2**63)
T.tensor([2**53 + 1, 1.0], dtype=T.int64)
T.tensor(1.0, requires_grad=True)
T.tensor([1j], requires_grad=True)
T.tensor([Colour.RED, 1])
T.tensor([T.tensor(1), T.tensor(2)])
T.tensor([T.tensor(1), T.tensor(2.5)])
T.tensor([T.tensor(1.5), 2])
T.tensor([T.tensor([1]), T.tensor([2])])
T.tensor([[T.tensor(1.0), 2]])
T.tensor([np.array([1, 2]), [3, 4]])
T.tensor([np.array([1, 2], dtype=np.int8)])
T.tensor(np.array([1.5, 2]))
T.tensor(np.array(3))
T.tensor(np.zeros((2, 3), order='F'))
T.tensor(np.array([300]), dtype=T.uint8)
T.tensor(np.array([1.5]), dtype=T.int64)
T.tensor(np.float64(1.5), dtype=T.float32)
T.tensor(np.array([1, 2], dtype=np.uint16))
T.tensor([[1, 2], [3, 4, 5]])
T.tensor([[1, 2], 3])
T.tensor([1, [2, 3]])
T.tensor([[1, 2], []])
T.tensor([[[1, 2]], [[3]]])
T.tensor([[1, 2], [3, [4]]])
T.tensor([1, None])
T.tensor(None)
T.tensor('abc')
T.tensor(['a'])
T.tensor([['a']])
T.tensor(['1.5'], dtype=T.float32)
T.tensor(b'ab')
T.tensor([b'ab'])
T.tensor({1: 2})
T.tensor({1, 2})
T.tensor(object())
T.tensor([object()])
T.tensor(2**63)
T.tensor([2**63])
T.tensor([256], dtype=T.uint8)
T.tensor([-256], dtype=T.uint8)
T.tensor([-1.5], dtype=T.uint8)
T.tensor([300], dtype=T.int8)
T.tensor([-129], dtype=T.int8)
T.tensor([2**40], dtype=T.int32)
T.tensor([1e10], dtype=T.int32)
T.tensor([nan], dtype=T.int64)
T.tensor([inf], dtype=T.int32)
T.tensor([1j], dtype=T.float32)
T.tensor([1j], dtype=T.int64)
T.tensor([T.tensor([1, 2]), T.tensor([2, 3])])
T.tensor([T.tensor([1.0, 2]), T.tensor([2.0, 3])])
T.tensor(np.array([1, 2], dtype='>i4'))
T.tensor([1], dtype='float32')
T.tensor([1], dtype=np.float32)
T.tensor([1], requires_grad=True)
T.tensor([1], T.float32)
T.tensor([1], foo=1)
T.from_numpy(np.arange(6.0).reshape(2, 3).T)
T.from_numpy(np.array(3))
T.from_numpy([1])
T.from_numpy(np.float32(1))
T.as_tensor(3)
T.as_tensor([1, 2.0])
T.as_tensor([1, 2], dtype=T.float32)
T.as_tensor(np.array([1, 2], dtype=np.uint16))
T.as_tensor(np.float32(3))
T.as_tensor('a')
T.asarray(3)
T.asarray([1, 2.5])
T.asarray([1, 2], dtype=T.float64)
T.asarray(np.float64(3))
T.asarray(np.array(3))
T.asarray(bytearray(b'abcd'))
T.asarray(bytearray(b'abcd'), dtype=T.int32)
T.asarray([1, 2], copy=False)
T.asarray([1, 2], requires_grad=True)
T.asarray([1.0, 2], requires_grad=True)
T.asarray(np.ones(3), dtype=T.float32, copy=False)
T.asarray('a')
T.scalar_tensor(3)
T.scalar_tensor(True)
T.scalar_tensor(3, dtype=T.int8)
T.scalar_tensor(1j)
T.frombuffer(bytearray(8), dtype=T.int32)
T.frombuffer(bytearray(8), dtype=T.int32, count=1)
T.frombuffer(bytearray(8), dtype=T.int32, count=-2)
T.frombuffer(bytearray(8), dtype=T.int32, offset=4)
T.frombuffer(bytearray(8), dtype=T.float32, requires_grad=True)
T.frombuffer(bytearray(7), dtype=T.int32)
T.frombuffer(bytearray(0), dtype=T.int32)
T.frombuffer(bytearray(8), dtype=T.int32, count=3)
T.frombuffer(bytearray(8), dtype=T.int32, count=0)
T.frombuffer(bytearray(8), dtype=T.int32, offset=8)
T.frombuffer(bytearray(8), dtype=T.int32, offset=-1)
T.frombuffer(bytearray(8), dtype=T.int32, offset=5)
T.frombuffer(3, dtype=T.int32)
T.Tensor(2, 3).shape
T.Tensor().shape
T.Tensor([1, 2])
T.Tensor([[1, 2], [3, 4]])
T.Tensor((2, 3))
T.Tensor(T.Size([2, 3])).shape
T.Tensor(T.tensor([1.0, 2]))
T.Tensor(np.array([1, 2]))
T.Tensor(range(3))
T.Tensor(3.5)
T.Tensor(2, 3.5)
T.Tensor(-1)
T.Tensor('a')""".splitlines()

CONSTANTS = """T.zeros(2, 3)
T.zeros([2, 3])
T.zeros((2, 3), dtype=T.int64)
T.zeros(())
T.zeros(0, 3)
T.zeros(size=(2,))
T.zeros(T.tensor(2))
T.zeros(np.int64(2))
T.zeros(T.Size([2]))
T.zeros(2, dtype=float)
T.zeros(2, dtype=T.bool)
T.zeros(2, dtype=T.complex64)
T.zeros(2, device='cpu', layout=T.strided, pin_memory=False)
T.zeros(2, requires_grad=True)
T.zeros(2, 3, out=T.empty(0))
T.zeros(2, 3, out=T.ones(4))
T.zeros(3, out=T.ones(3))
T.zeros(2, out=T.empty(0, dtype=T.int64))
T.zeros(2, 3, requires_grad=True, out=T.empty(0))
T.zeros(2, 3.5)
T.zeros(2.5)
T.zeros((2, 2.5))
T.zeros('a')
T.zeros(-1)
T.zeros(2, -1)
T.zeros()
T.zeros((2, 3), 2)
T.zeros(True)
T.zeros(2, dtype='float32')
T.zeros(2, dtype=np.float32)
T.zeros(2, foo=1)
T.zeros(2, dtype=T.int64, requires_grad=True)
T.zeros(2, out=T.empty(0, dtype=T.int64), dtype=T.float32)
T.zeros(2, out=3)
T.ones(2, 3)
T.ones((2,), dtype=T.float16)
T.ones(-1)
T.empty(2, 3).shape
T.empty((2, 3), memory_format=T.contiguous_format).shape
T.empty(-1)
T.full((2,), 1)
T.full((2,), True)
T.full((2,), 1.5)
T.full((2,), 1j)
T.full((2,), inf)
T.full((), 2)
T.full([2, 1], fill_value=3)
T.full((2,), T.tensor(1.5, dtype=T.float64))
T.full((2,), T.tensor(3, dtype=T.int8))
T.full((2,), np.float64(1.5))
T.full((2,), np.int32(1))
T.full((2,), -1, dtype=T.uint8)
T.full((2,), 1.5, dtype=T.int64)
T.full((2,), 2, dtype=T.bool)
T.full((2,), 1, out=T.empty(0))
T.full((2,), T.tensor([3]))
T.full(2, 1)
T.full((2,), 'a')
T.full((2,), None)
T.full((2,), 300, dtype=T.uint8)
T.full((2,), 1e300)
T.full((2,), 2**63)
T.full((2,), 1, out=T.empty(0), dtype=T.int64)
T.eye(3)
T.eye(2, 3)
T.eye(n=2, m=1)
T.eye(0)
T.eye(2, dtype=T.bool)
T.eye(-1)
T.eye(2, -1)
T.eye(2.5)
T.eye(2, out=T.ones(5))
T.empty_strided((2, 3), (1, 2)).stride()
T.empty_strided((2, 3), (4, 1), dtype=T.int16).stride()
T.empty_strided((2, 3), (0, 0)).shape
T.empty_strided((2, 3), (1,))
T.empty_strided((2, 3), (-1, 2))""".splitlines()

RANGES = """T.arange(3)
T.arange(3.0)
T.arange(0)
T.arange(1, 2.5, 0.5)
T.arange(5, 1, -1)
T.arange(5, 1, -2)
T.arange(0, 5, step=2)
T.arange(end=4)
T.arange(start=1, end=4)
T.arange(T.tensor(3))
T.arange(T.tensor(3.0))
T.arange(T.tensor(3, dtype=T.int8))
T.arange(True)
T.arange(0, 3, dtype=T.float16)
T.arange(0, 3, dtype=T.uint8)
T.arange(2.5, dtype=T.int64)
T.arange(0.5, 3.5, dtype=T.int64)
T.arange(0.5, 3.5, dtype=T.int32)
T.arange(2**53, 2**53 + 3)
T.arange(np.int64(3))
T.arange(np.float64(3))
T.arange(3, out=T.empty(0))
T.arange(3, requires_grad=True, dtype=T.float32)
T.arange(0, 2, 0.3)
T.arange(-1, 1, 0.01)
T.arange(0, 1, 0.001, dtype=T.float64)
T.arange(5, 1)
T.arange(0, 1, 0)
T.arange(0, inf)
T.arange(0, nan)
T.arange(0, 5, -1)
T.arange(T.tensor([3]))
T.arange(3, dtype=T.bool)
T.arange(2, dtype=T.complex64)
T.arange(1j)
T.arange('a')
T.arange()
T.arange(2**63)
T.arange(3, out=T.empty(0), dtype=T.int64)
T.linspace(0, 1, 5)
T.linspace(-3, 3, 101)
T.linspace(0, 1, 0)
T.linspace(0, 1, 1)
T.linspace(2, 1, 4, dtype=T.float64)
T.linspace(0, 10, 5, dtype=T.int64)
T.linspace(-7, 13, 9, dtype=T.int32)
T.linspace(0, 1j, 3)
T.linspace(T.tensor(0), T.tensor(2.0), 3)
T.linspace(T.tensor(0, dtype=T.float64), 1, 3)
T.linspace(start=0, end=1, steps=3)
T.linspace(0, 1, 3, out=T.ones(5))
T.linspace(0, 1, -1)
T.linspace(T.tensor([0]), 2, 3)
T.linspace(0, 1, steps=3, dtype=T.bool)
T.linspace(0, 1j, 3, dtype=T.float32)
T.logspace(0, 2, 3)
T.logspace(-2, 2, 41, dtype=T.float64)
T.logspace(0, 2, 3, base=2)
T.logspace(0, 8, 9, 2)
T.logspace(0, 2, 3, dtype=T.int64)
T.logspace(0, 2j, 3)
T.logspace(0, 2, -1)
T.tril_indices(3, 3)
T.tril_indices(4, 3, -1)
T.tril_indices(2, 5, 1)
T.triu_indices(2, 3, offset=1, dtype=T.int32)
T.triu_indices(0, 3)
T.tril_indices(3, -3)
T.tril_indices(3, 3, dtype=T.float32)""".splitlines()

LIKENESS = """T.zeros_like(T.ones(2, 3))
T.zeros_like(T.ones(2, dtype=T.int64))
T.zeros_like(T.ones(2), dtype=T.int64)
T.zeros_like(T.ones(2), requires_grad=True)
T.zeros_like(T.ones(2, requires_grad=True))
T.zeros_like([1])
T.ones_like(T.ones(2, 3).t())
T.ones_like(T.ones(2, 3, 4).permute(2, 0, 1), memory_format=T.contiguous_format)
T.full_like(T.ones(2), 2)
T.full_like(T.ones(2, dtype=T.int64), 1.5)
T.full_like(T.ones(2, 3).t(), 1)
T.full_like(T.ones(2), T.tensor(3))
T.full_like(T.ones(2), 1j)
T.full_like(T.ones(2, dtype=T.uint8), 256)
T.empty_like(T.zeros(4, 6)[:, ::2]).stride()
T.empty_like(T.zeros(4, 1).expand(4, 3)).stride()
T.empty_like(T.zeros(1, 3).expand(2, 3)).stride()
T.empty_like(T.zeros(2, 3, 4).permute(2, 0, 1)).stride()
T.empty_like(T.zeros(2, 3, 4).permute(2, 0, 1)[::2]).stride()
T.empty_like(T.zeros(2, 3, 4), dtype=T.int8).dtype
T.ones(3).new_zeros(2)
T.ones(3).new_zeros((2, 3))
T.ones(3).new_zeros(2, 3, dtype=T.int64)
T.ones(3).new_zeros(size=(2,))
T.ones(3).new_zeros()
T.ones(3).new_zeros('a')
T.ones(3, dtype=T.float16).new_ones(2, requires_grad=True)
T.ones(3).new_full((2,), 3)
T.ones(3).new_full((2,), True)
T.ones(3, dtype=T.int64).new_full((2,), 3.7)
T.ones(3).new_full((2,), 1, dtype=T.int64)
T.ones(3).new_empty(2, 3).shape
T.ones(3).new_empty_strided((2, 3), (1, 2)).stride()
T.ones(3, dtype=T.int64).new_tensor([1.5, 2])
T.ones(3).new_tensor([1, 2])
T.ones(3).new_tensor(np.ones(2))
T.ones(3).new_tensor([1], dtype=T.int64)""".splitlines()


@pytest.mark.referee
@pytest.mark.filterwarnings("ignore:To copy construct", "ignore:Creating a tensor from a list of numpy")
@pytest.mark.filterwarnings("ignore:The given buffer is not writable")
@pytest.mark.parametrize("call", DATA)
def test_data_becomes_pytorchs_tensor(call):
    agree(call)


@pytest.mark.referee
@pytest.mark.parametrize("call", CONSTANTS)
def test_constants_are_pytorchs(call):
    agree(call)


@pytest.mark.referee
@pytest.mark.parametrize("call", RANGES)
def test_ranges_are_pytorchs(call):
    agree(call, 0.0 if "indices" in call or "int" in call else 3e-7)


@pytest.mark.referee
@pytest.mark.parametrize("call", LIKENESS)
def test_likenesses_are_pytorchs(call):
    agree(call)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])
def test_ranges_of_every_length(name):
    torch = pytest.importorskip("torch")
    step = float(torch.finfo(getattr(torch, name)).eps)
    for steps in (2, 3, 7, 8, 9, 16, 17, 33, 100):
        for function, arguments in (
            ("linspace", (-1.5, 1.7, steps)), ("logspace", (-1.5, 1.7, steps)), ("arange", (0, steps * 0.1, 0.1)),
        ):  # fmt: skip
            mine = getattr(mt, function)(*arguments, dtype=getattr(mt, name)).double().numpy()
            theirs = getattr(torch, function)(*arguments, dtype=getattr(torch, name)).double().numpy()
            # PyTorch rounds at every step, in the dtype, and a power multiplies what its exponent lacks
            factor = 8 if function == "logspace" else 2
            np.testing.assert_allclose(mine, theirs, rtol=step * factor, atol=step * np.abs(arguments[:2]).max())


@pytest.mark.referee
@pytest.mark.parametrize(
    "call",
    ["tensor([1.5])", "tensor([1, 1j])", "tensor([np.float32(1)])", "Tensor([1])", "zeros(2)", "arange(3.0)",
     "full((1,), 2.0)", "linspace(0, 1, 3)", "rand(2)", "eye(2)"],
)  # fmt: skip
def test_the_default_dtype_is_followed(call):
    torch = pytest.importorskip("torch")
    torch.set_default_dtype(torch.float64)
    mt.set_default_dtype(mt.float64)
    try:
        mine, theirs = (eval(f"T.{call}", {"T": library, "np": np}) for library in (mt, torch))
        assert str(mine.dtype) == str(theirs.dtype)
    finally:
        torch.set_default_dtype(torch.float32)
        mt.set_default_dtype(mt.float32)


# ---- whose memory
def test_tensor_copies_and_from_numpy_shares():
    source = np.arange(3.0)
    copied, shared, viewed = mt.tensor(source), mt.from_numpy(source), mt.as_tensor(source)
    cast = mt.as_tensor(source, dtype=mt.float32)
    source[0] = 7
    assert copied[0].item() == 0 and shared[0].item() == 7 and viewed[0].item() == 7 and cast[0].item() == 0
    shared[1] = 9
    assert source[1] == 9
    assert mt.asarray(source).data_ptr() == shared.data_ptr()
    assert mt.asarray(source, copy=True).data_ptr() != shared.data_ptr()


def test_a_read_only_array_cannot_be_written_through():
    source = np.arange(3.0)
    source.flags.writeable = False
    shared = mt.from_numpy(source)
    with pytest.raises(ValueError, match="read-only"):
        shared.uniform_()
    assert shared.tolist() == [0.0, 1.0, 2.0]


def test_an_array_of_any_strides_is_shared():
    source = np.arange(6.0).reshape(2, 3)
    for view in (source[::-1], source[:, ::-2], source.T, np.broadcast_to(source[0], (4, 3))):
        assert mt.from_numpy(view).tolist() == view.tolist()
        assert np.shares_memory(mt.from_numpy(view).numpy(), source)
        assert mt.tensor(view).tolist() == view.tolist()


def test_a_subclass_of_ndarray_becomes_a_plain_array():
    assert type(mt.from_numpy(np.ma.masked_array([1.0, 2.0]))._data) is np.ndarray
    assert type(mt.tensor(np.ma.masked_array([1.0, 2.0]))._data) is np.ndarray


def test_as_tensor_keeps_a_tensor_and_its_history():
    x = mt.ones(2, requires_grad=True)
    y = x * 2
    assert mt.as_tensor(y) is y and mt.asarray(y) is y
    assert mt.as_tensor(y, dtype=mt.float64).grad_fn is not None
    assert mt.asarray(y, requires_grad=False).grad_fn is None
    made = mt.asarray(x.detach(), requires_grad=True)
    assert made.is_leaf and made.requires_grad and made.data_ptr() == x.data_ptr()
    assert not mt.tensor(x.detach().numpy()).requires_grad


def test_copying_a_tensor_warns_and_detaches():
    x = mt.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match=r"it is recommended to use sourceTensor.detach\(\).clone\(\)"):
        y = mt.tensor(x)
    assert not y.requires_grad and y.data_ptr() != x.data_ptr()
    with pytest.warns(UserWarning, match=r"rather than tensor.new_tensor\(sourceTensor\)"):
        assert mt.ones(1, dtype=mt.int64).new_tensor(x).dtype is mt.int64


def test_a_lost_imaginary_part_is_said():
    with pytest.warns(UserWarning, match="Casting complex values to real discards the imaginary part"):
        assert mt.tensor(np.array([1 + 2j]), dtype=mt.float32).tolist() == [1.0]


def test_internal_tensors_have_no_node():
    from minitorch.create import tensor_from

    source = np.ones(2, np.float32)
    made = tensor_from(source)
    assert made.data_ptr() == source.ctypes.data and not made.requires_grad
    assert tensor_from([1, 2.5]).dtype is mt.float32
    assert tensor_from(3, mt.float64).dtype is mt.float64
    assert tensor_from(mt.ones(2, requires_grad=True)).requires_grad is False


def test_out_is_refused_where_a_gradient_would_be_lost():
    with pytest.raises(RuntimeError, match=r"functions with out=.* arguments don't support automatic differentiation"):
        mt.zeros(2, out=mt.ones(2, requires_grad=True))
    out = mt.ones(3)
    version = out._cell[0]
    assert mt.arange(3, out=out) is out and out.tolist() == [0.0, 1.0, 2.0] and out._cell[0] == version + 1


def test_only_dense_tensors():
    with pytest.raises(RuntimeError, match=r"only the layout torch\.strided is supported"):
        mt.zeros(2, layout="torch.sparse_coo")
    assert repr(mt.strided) == "torch.strided" == mt.zeros(1).layout


def test_inference_mode_makes_inference_tensors():
    with mt.inference_mode():
        made = [mt.zeros(2), mt.tensor([1.0]), mt.arange(3), mt.ones_like(mt.ones(2)), mt.eye(2)]
    assert all(x.is_inference() for x in made)


def test_numbers_of_other_kinds():
    with pytest.raises(RuntimeError, match="Could not infer dtype of Fraction"):
        mt.tensor([fractions.Fraction(1, 2)])
    assert mt.tensor([fractions.Fraction(1, 2)], dtype=mt.float32).tolist() == [0.5]
    assert mt.tensor(np.array([[1, 2], [3, 4]], dtype=object)[0].tolist()).tolist() == [1, 2]


def test_arrays_in_a_list_are_stacked():
    rows = [np.arange(3, dtype=np.int16), np.arange(3, dtype=np.int8)]
    made = mt.tensor(rows)
    assert made.dtype is mt.int16 and made.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert mt.tensor([rows, rows]).shape == (2, 2, 3)
    assert mt.tensor([np.array(1), np.array(4.0)]).tolist() == [1.0, 4.0]
    with pytest.raises(ValueError, match=r"expected sequence of length 3 at dim 1 \(got 2\)"):
        mt.tensor([np.ones(3), np.ones(2)])


def test_rows_beside_an_empty_one_are_not_dropped():
    """PyTorch makes a (2, 0) tensor of these."""
    with pytest.raises(ValueError, match=r"expected sequence of length 0 at dim 1 \(got 2\)"):
        mt.tensor([[], [1, 2]])
    with pytest.raises(TypeError, match="not a sequence"):
        mt.tensor([[], 1])
    with pytest.raises(TypeError, match="cannot be interpreted as a number"):
        mt.tensor([None], dtype=mt.bool)


def test_deep_and_long_data():
    nested = 1.5
    for _ in range(30):
        nested = [nested]
    assert mt.tensor(nested).shape == (1,) * 30
    assert mt.tensor(list(range(100_000))).sum().item() == 4999950000


def test_a_missing_device_says_what_is_missing():
    with pytest.raises(RuntimeError):
        mt.zeros(2, device="tpu")
    with mt.device("cpu"):
        assert mt.zeros(2).device == mt.device("cpu")


ON_DEVICE = {
    "zeros": lambda d: mt.zeros(2, 3, device=d),
    "tensor": lambda d: mt.tensor([1, 2.5], device=d),
    "arange": lambda d: mt.arange(5, device=d),
    "arange float": lambda d: mt.arange(0, 1, 0.25, device=d),
    "arange int8": lambda d: mt.arange(5, dtype=mt.int8, device=d),
    "linspace": lambda d: mt.linspace(0, 1, 3, device=d),
    "logspace": lambda d: mt.logspace(0, 1, 3, device=d),
    "eye": lambda d: mt.eye(2, 3, device=d),
    "full": lambda d: mt.full((2,), 3, device=d),
    "tril_indices": lambda d: mt.tril_indices(2, 2, device=d),
    "scalar_tensor": lambda d: mt.scalar_tensor(3, device=d),
    "as_tensor": lambda d: mt.as_tensor(np.ones(2), device=d),
    "zeros_like": lambda d: mt.zeros_like(mt.ones(2, 3, device=d).t()),
    "ones_like": lambda d: mt.ones_like(mt.ones(2, 3), device=d),
    "full_like": lambda d: mt.full_like(mt.ones(2, 3, device=d).t(), 2),
    "new_full": lambda d: mt.ones(1, device=d).new_full((2,), 2),
    "new_tensor": lambda d: mt.ones(1, device=d).new_tensor([1, 2]),
    "of tensors": lambda d: mt.tensor([mt.tensor(1.5, device=d), 2.0], device=d),
    "out": lambda d: mt.arange(3, out=mt.empty(0, device=d), device=d),
}


@pytest.mark.parametrize("name", ON_DEVICE)
def test_a_device_gets_the_hosts_numbers(device_backend, name):
    mine, host = ON_DEVICE[name]("cuda"), ON_DEVICE[name]("cpu")
    assert mine.is_cuda and mine.dtype is host.dtype
    assert mine.tolist() == host.tolist() and mine.stride() == host.stride()


def test_creation_does_not_wait_for_the_device(device_backend):
    with waits() as seen:
        for make in (mt.zeros, mt.ones, mt.empty, mt.arange):
            make(4, device="cuda")
        mt.tensor([1.0, 2.0], device="cuda")
        mt.zeros_like(mt.full((2, 3), 1.0, device="cuda").t())
    assert seen == []


def test_the_default_device(device_backend):
    with mt.device("cuda"):
        made = [mt.zeros(2), mt.tensor([1]), mt.arange(3), mt.rand(2), mt.as_tensor(np.ones(2)), mt.Tensor([1.0])]
    assert all(x.is_cuda for x in made) and not mt.zeros(2).is_cuda
    assert mt.zeros_like(made[0]).is_cuda and mt.zeros_like(made[0], device="cpu").is_cpu
    assert mt.asarray(made[0]) is made[0] and mt.as_tensor(made[0], device="cpu").is_cpu
