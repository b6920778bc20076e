"""A sparse matrix times a dense one in every dtype, on the host and on the device's stand-in."""

import numpy as np
import pytest

from minitorch.backend.host import HOST
from minitorch.ops.sparse_products import BLOCK, sddmm, spmm

ROW, COLUMN = np.array([3, 0, 0, 3, 1]), np.array([1, 2, 2, 0, 0])


def dense_of(values, row=ROW, column=COLUMN):
    matrix = np.zeros((4, 3), values.dtype)
    np.add.at(matrix, (row, column), values)
    return matrix


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "complex64", "int64", "int32", "uint8"])
@pytest.mark.parametrize("device", [False, True])
def test_products_in_every_dtype(dtype, device, device_backend):
    values = np.array([1, 2, 3, 4, 5]).astype(dtype)
    x, y = np.arange(6).reshape(3, 2).astype(dtype), np.arange(8).reshape(4, 2).astype(dtype)
    put = device_backend.asarray if device else np.asarray
    get = device_backend.to_host if device else np.asarray
    product = spmm(put(values), put(x), put(ROW), put(COLUMN), rows=4)
    picked = sddmm(put(y), put(x), put(ROW), put(COLUMN))
    assert product.dtype == picked.dtype == dtype
    np.testing.assert_array_equal(get(product), dense_of(values) @ x)
    np.testing.assert_array_equal(get(picked), (y @ x.T)[ROW, COLUMN])


def test_nothing_times_something(device_backend):
    for xp in (HOST, device_backend):
        none = xp.zeros(0, dtype="int64")
        for rows, width in ((4, 2), (0, 2), (4, 0)):
            found = spmm(xp.zeros(0, dtype="float32"), xp.ones((3, width), dtype="float32"), none, none, rows=rows)
            assert found.shape == (rows, width)
            assert found.dtype == "float32"
            assert not xp.to_host(found).any()


def test_many_places_are_picked_in_blocks():
    random = np.random.default_rng(0)
    x, y = random.random((50, 64)), random.random((40, 64))
    row, column = random.integers(0, 50, 3 * BLOCK // 64 + 5), random.integers(0, 40, 3 * BLOCK // 64 + 5)
    np.testing.assert_allclose(sddmm(x, y, row, column), (x @ y.T)[row, column], rtol=1e-13)
