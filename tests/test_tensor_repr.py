"""The text of a tensor, against PyTorch's own over drawn arrays, and pinned where PyTorch is not at hand."""

import numpy as np
import pytest

import minitorch as mt

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8")
SHAPES = [(), (0,), (1,), (3,), (7,), (40,), (0, 3), (2, 0), (1, 1), (2, 3), (5, 20), (2, 3, 4), (1, 2, 1, 3), (0, 2)]
LARGE = [(1001,), (40, 30), (3, 400), (400, 3), (11, 10, 10), (7, 7, 7, 7), (1, 2000), (2000, 1), (2, 2, 300)]
SCALES = ("whole", "unit", "small", "large", "wide", "tiny", "special", "zeros", "hundreds", "edge")


def floats(scale, shape, rng):
    """float64 numbers that lead to one of the notations."""
    count = int(np.prod(shape))
    numbers = {
        "whole": lambda: rng.integers(-50, 50, count).astype(float),
        "unit": lambda: rng.standard_normal(count),
        "small": lambda: rng.standard_normal(count) * 1e-3,
        "large": lambda: rng.integers(1, 9, count) * 1e9,
        "wide": lambda: 10.0 ** rng.integers(-4, 5, count) * rng.choice([-1.0, 1.0], count),
        "tiny": lambda: rng.standard_normal(count) * 1e-7,
        "special": lambda: rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -3.0, 100.0], count),
        "zeros": lambda: rng.choice([0.0, -0.0, np.nan, np.inf], count),
        "hundreds": lambda: rng.choice([0.1, 99.95, 100.0, 1000.0, 1e-4], count),
        "edge": lambda: rng.choice([1e-4, 0.1, 1e8, 99999.996, 1.00005, 0.99995], count),
    }
    return numbers[scale]().reshape(shape)


def arrays():
    """(label, array): every dtype, notation and shape, small and summarised."""
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        for scale in SCALES:
            for name in FLOATS:
                with np.errstate(all="ignore"):
                    yield f"{name} {scale} {shape}", floats(scale, shape, rng).astype(name)
        for name in INTEGERS:
            limit = np.iinfo(name).max
            yield f"{name} {shape}", rng.integers(0, 9, shape).astype(name)
            yield f"{name} far {shape}", np.where(rng.random(shape) < 0.5, limit, 1).astype(name)
        yield f"bool {shape}", rng.random(shape) < 0.5
        for name in ("complex64", "complex128"):
            for scale in ("whole", "unit", "special", "wide", "zeros"):
                pairs = floats(scale, (*shape, 2), rng)
                with np.errstate(all="ignore"):
                    yield f"{name} {scale} {shape}", pairs.view(np.complex128)[..., 0].astype(name)
    for shape in LARGE:
        for scale in ("whole", "unit", "wide", "special"):
            yield f"float32 {scale} {shape}", floats(scale, shape, rng).astype("float32")
        yield f"int64 {shape}", rng.integers(-(10**6), 10**6, shape)
        yield f"bool {shape}", rng.random(shape) < 0.5
        yield f"complex64 {shape}", floats("unit", (*shape, 2), rng).view(np.complex128)[..., 0].astype("complex64")


@pytest.fixture
def options():
    """The options as they were, put back afterwards."""
    before = mt.get_printoptions()
    yield
    mt.set_printoptions(**before)


@pytest.mark.referee
def test_repr_is_pytorchs():
    torch = pytest.importorskip("torch")
    wrong, count = [], 0
    for label, array in arrays():
        count += 1
        array = np.asarray(array)
        if repr(mt.tensor(array)) != repr(torch.from_numpy(array)):
            wrong.append(f"{label}\n{mt.tensor(array)!r}\n{torch.from_numpy(array)!r}")
    assert count > 600
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong[:3])


@pytest.mark.referee
@pytest.mark.parametrize(
    "given",
    [
        {"precision": 2},
        {"precision": 0},
        {"precision": 9, "linewidth": 40},
        {"threshold": 5},
        {"threshold": 5, "edgeitems": 1},
        {"threshold": 5, "edgeitems": 0},
        {"edgeitems": 0},
        {"linewidth": 20},
        {"profile": "short"},
        {"profile": "full"},
        {"profile": "default", "precision": 3},
        {"sci_mode": True},
        {"sci_mode": False},
        {"sci_mode": True, "precision": 2, "threshold": 3, "edgeitems": 2},
    ],
    ids=str,
)
def test_options_are_pytorchs(given, options):
    torch = pytest.importorskip("torch")
    before = torch._tensor_str.get_printoptions()
    try:
        torch.set_printoptions(**given)
        mt.set_printoptions(**given)
        assert mt.get_printoptions() == torch._tensor_str.get_printoptions()
        rng = np.random.default_rng(1)
        for shape in [(), (3,), (12,), (4, 9), (3, 4, 8), (0, 3), (40, 30)]:
            for scale in SCALES:
                array = floats(scale, shape, rng).astype("float32")
                assert repr(mt.tensor(array)) == repr(torch.tensor(array)), (shape, scale)
                whole = rng.integers(-9, 9, shape)
                assert repr(mt.tensor(whole)) == repr(torch.tensor(whole))
                both = array.astype("complex64") * np.complex64(1 - 1j)
                assert repr(mt.tensor(both)) == repr(torch.tensor(both))
    finally:
        torch.set_printoptions(**before)


@pytest.mark.referee
@pytest.mark.parametrize("shape", SHAPES[:11], ids=str)
def test_bfloat16(shape):
    torch = pytest.importorskip("torch")
    pytest.importorskip("ml_dtypes")
    rng = np.random.default_rng(2)
    for scale in SCALES:
        array = floats(scale, shape, rng).astype("float32")
        mine = mt.tensor(array, dtype=mt.bfloat16)
        assert repr(mine) == repr(torch.tensor(array).to(torch.bfloat16))


@pytest.mark.referee
def test_suffixes_are_pytorchs():
    torch = pytest.importorskip("torch")
    for library in (torch, mt):
        x = library.ones(3, requires_grad=True)
        long = library.full((2, 6), 1.123456, requires_grad=True)
        half = library.ones(2, dtype=library.float16, requires_grad=True)
        texts = [repr(t) for t in (x, x * 2, (x * 2)[0], long, long * long, half, half.sum(), x.detach(), half * half)]
        texts += [repr(library.zeros(s, dtype=library.int32)) for s in ((0,), (0, 2), (2,))]
        texts += [repr(library.zeros(n, requires_grad=True)) for n in range(1, 40)]
        if library is torch:
            expected = texts
    assert texts == expected


@pytest.mark.referee
def test_strided_memory_prints_by_index():
    torch = pytest.importorskip("torch")
    array = np.arange(24.0, dtype="float32").reshape(2, 3, 4)
    for view in (array.transpose(2, 0, 1), array[:, ::2], array[..., 1:3], np.broadcast_to(array[:1], (5, 3, 4))):
        assert repr(mt.from_numpy(view)) == repr(torch.tensor(view.copy()))


def test_pinned():
    assert repr(mt.tensor([1.0, 2.0])) == "tensor([1., 2.])"
    rows = mt.tensor([[1.5, float("nan")], [-1.0, 0.0]])
    assert repr(rows) == "tensor([[ 1.5000,     nan],\n        [-1.0000,  0.0000]])"
    assert repr(mt.tensor([])) == "tensor([])"
    assert repr(mt.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(mt.zeros(2, dtype=mt.float64)) == "tensor([0., 0.], dtype=torch.float64)"
    assert repr(mt.tensor(2)) == "tensor(2)"
    assert repr(mt.tensor([True, False])) == "tensor([ True, False])"
    assert repr(mt.tensor([1e-8, 1.0])) == "tensor([1.0000e-08, 1.0000e+00])"
    assert repr(mt.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert repr(mt.tensor(1 - 2j)) == "tensor(1.-2.j)"
    assert repr(mt.ones(1, requires_grad=True) * 2) == "tensor([2.], grad_fn=<MulBackward0>)"
    assert str(mt.tensor([1.0])) == "tensor([1.])"


def test_default_dtype_is_not_named():
    mt.set_default_dtype(mt.float64)
    try:
        assert repr(mt.tensor([1.0])) == "tensor([1.])"
        assert repr(mt.tensor([1.0], dtype=mt.float32)) == "tensor([1.], dtype=torch.float32)"
        assert repr(mt.tensor([1j])) == "tensor([0.+1.j])"
    finally:
        mt.set_default_dtype(mt.float32)


def test_a_parameter_says_so_and_a_users_class_its_name():
    class Mass(mt.Tensor):
        pass

    parameter = mt.nn.Parameter(mt.ones(2))
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert repr(Mass([1.0, 2.0])) == "Mass([1., 2.])"


def test_printoptions_are_put_back(options):
    with mt.printoptions(precision=2, threshold=2, edgeitems=1):
        assert repr(mt.tensor([1.234, 2.0, 3.0])) == "tensor([1.23,  ..., 3.00])"
    assert mt.get_printoptions()["precision"] == 4
    with pytest.raises(KeyError), mt.printoptions(precision=1):
        raise KeyError
    assert mt.get_printoptions()["precision"] == 4
