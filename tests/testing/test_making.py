"""make_tensor draws the numbers, keeps the layout and refuses the arguments that PyTorch's does."""

import warnings
from itertools import product

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import make_tensor

FLOATING = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "bool")
UNSIGNED = ("uint16", "uint32", "uint64")
INF, NAN = float("inf"), float("nan")
BOUNDS = ((None, None), (0, 1), (-2.5, 2.5), (5, 5), (3, 1), (NAN, 1.0), (-1e300, 1e300), (-INF, INF), (300, 400), (1e10, 1e20),
          (None, 100), (-200, None), (0, 2), (-0.5, 0.5), (-1e300, 7e299), (1e-3, 2e200))  # fmt: skip
SHAPES = ((), ((2, 3),), (2, 0), ((4, 3, 2, 2),), ([5],))
OPTIONS = ({}, {"noncontiguous": True}, {"exclude_zero": True}, {"requires_grad": True}, {"memory_format": "channels_last"},
           {"noncontiguous": True, "memory_format": "channels_last"}, {"exclude_zero": True, "noncontiguous": True})  # fmt: skip


def made(lib, make, shape, dtype, bounds, options):
    """All there is to know about what a call makes, or the error."""
    options = {name: getattr(lib, value) if name == "memory_format" else value for name, value in options.items()}
    lib.manual_seed(3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            x = make(*shape, dtype=getattr(lib, dtype), device="cpu", low=bounds[0], high=bounds[1], **options)
        except Exception as error:
            return type(error).__name__, str(error).split(" (this one")[0]
    numbers = x.detach().float() if dtype == "bfloat16" else x.detach()
    said = [(w.category.__name__, str(w.message)) for w in caught]
    return (numbers.numpy().tobytes(), tuple(x.shape), tuple(x.stride()), x.storage_offset(), str(x.dtype), x.requires_grad, x.is_leaf,
            said)  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("dtype", [*FLOATING, *WHOLE, *UNSIGNED])
def test_one_seed_gives_one_tensor(dtype):
    torch = pytest.importorskip("torch")
    for place, case in enumerate(product(SHAPES, [dtype], BOUNDS, OPTIONS)):
        if place % 2 and case[0] and case[2][0] is not None:
            continue  # every second combination will do
        if dtype in UNSIGNED and "exclude_zero" in case[3]:
            continue  # PyTorch has no index_put of them
        assert made(mt, make_tensor, *case) == made(torch, torch.testing.make_tensor, *case), case


@pytest.mark.parametrize("dtype", [*FLOATING, *WHOLE, *UNSIGNED])
def test_without_zeros(dtype):
    x = make_tensor(200, dtype=getattr(mt, dtype), device="cpu", low=0, high=2, exclude_zero=True)
    assert (x != 0).all()


def test_the_numbers_lie_within_the_bounds():
    x = make_tensor((2, 300), dtype=mt.float64, device="cpu", low=-1, high=3, requires_grad=True)
    assert (float(x.min()) >= -1, float(x.max()) < 3, x.requires_grad) == (True, True, True)
    assert set(make_tensor(200, dtype=mt.int8, device="cpu", low=-1, high=2).tolist()) == {-1, 0, 1}


@pytest.mark.parametrize("arguments", [{"dtype": "float32"}, {"dtype": None}])
def test_what_is_no_dtype(arguments):
    with pytest.raises(TypeError, match="is not supported by torch.testing.make_tensor"):
        make_tensor(2, device="cpu", **arguments)


def test_on_a_device(device_backend):
    for dtype in ("float32", "complex64", "int64", "bool"):
        mt.manual_seed(0)
        here = make_tensor(2, 3, dtype=getattr(mt, dtype), device="cpu", noncontiguous=True)
        mt.manual_seed(0)
        there = make_tensor(2, 3, dtype=getattr(mt, dtype), device="cuda", noncontiguous=True)
        assert there.device == mt.device("cuda:0")
        np.testing.assert_array_equal(there.cpu().numpy(), here.numpy())
