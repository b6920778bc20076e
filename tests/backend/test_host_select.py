"""where() of large arrays is numpy.where, down to the bits, for every dtype and kind of operand."""

import numpy as np
import pytest

from minitorch.backend.host import HOST
from minitorch.backend.host_select import LARGE, select

over = pytest.mark.parametrize
DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64"]


def operands(dtype, shape):
    """A mask and two arrays that hold NaN, infinities and both zeros where the dtype has them."""
    random = np.random.default_rng(0)
    x, y = (random.normal(size=shape).astype(dtype) for _ in range(2))
    if np.dtype(dtype).kind in "fc":
        for array in (x, y):
            array.flat[:4] = [np.nan, np.inf, -np.inf, -0.0]
    return random.normal(size=shape) > 0, x, y


def same_bits(found, expected):
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == np.ascontiguousarray(expected).tobytes()


@over("dtype", DTYPES)
@over("shape", [(8,), (3, 5), (LARGE + 3,)])
def test_every_pair_of_choices(dtype, shape):
    mask, x, y = operands(dtype, shape)
    for one, other in ((x, y), (x, 0), (0, x), (x, 1), (1, x), (x, y.reshape(-1)[0]), (x, np.asarray(y.reshape(-1)[0]))):
        same_bits(select(mask, one, other), np.where(mask, one, other))


@over("dtype", ["float32", "float64"])
def test_numbers_that_are_no_arrays(dtype):
    mask, x, _ = operands(dtype, (LARGE,))
    for number in (0.0, -0.0, 1.5, np.nan, np.inf, 3):
        same_bits(select(mask, x, number), np.where(mask, x, number))
        same_bits(select(mask, number, x), np.where(mask, number, x))
    same_bits(select(mask, 1.5, 2), np.where(mask, 1.5, 2))


def test_what_does_not_match_is_left_to_numpy():
    mask, x, y = operands("float32", (4, LARGE // 2))
    for one, other in ((x, y.astype("float64")), (x, y[:1]), (x[:1], 0), (x, np.float64(2)), (x, np.array(2.0)), (x, 1j)):
        same_bits(select(mask, one, other), np.where(mask, one, other))
    same_bits(select(mask[:1], x, y), np.where(mask[:1], x, y))


def test_memory_orders():
    mask, x, y = operands("float32", (64, 200))
    for turn in (lambda a: a.T, lambda a: a[:, ::2], lambda a: a[::-1]):
        same_bits(select(turn(mask), turn(x), turn(y)), np.where(turn(mask), turn(x), turn(y)))
        same_bits(select(turn(mask), turn(x), 0), np.where(turn(mask), turn(x), 0))


def test_a_mask_of_numbers_holds_where_it_is_not_zero():
    mask, x, y = operands("float32", (LARGE,))
    same_bits(select(x, y, 0), np.where(x, y, 0))
    assert mask.dtype == bool


def test_the_hosts_where():
    mask, x, y = operands("float32", (LARGE,))
    before = x.copy(), y.copy()
    same_bits(HOST.where(mask, x, y), np.where(mask, x, y))
    same_bits(HOST.where(mask[:5], x[:5], 0), np.where(mask[:5], x[:5], 0))
    np.testing.assert_array_equal(HOST.where(mask)[0], np.flatnonzero(mask))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])
