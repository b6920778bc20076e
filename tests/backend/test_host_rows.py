"""Row by row on large host arrays: the fast ways agree with NumPy in float64, at sizes that the laws do not reach."""

import numpy as np
import pytest

from minitorch.backend import host_rows as rows
from minitorch.ops.scan import recur

DRAW = np.random.default_rng(0)
SHAPES = [(3, 1000), (1000, 3), (40, 5120), (5000, 40), (7, 8, 200), (20480,), (64, 136), (2, 16384 + 7), (1, 4096)]


def close(found, wanted, dtype, scale):
    assert found.dtype == dtype and found.shape == wanted.shape
    room = {"float32": 3e-6, "float64": 1e-14}[np.dtype(dtype).name]
    assert np.abs(found - wanted).max() <= room * scale


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums_and_products(shape, dtype):
    x = DRAW.standard_normal(shape).astype(dtype)
    wide = x.astype("float64")
    axes = [None, *((d,) for d in range(x.ndim)), tuple(range(x.ndim)), tuple(range(1, x.ndim)), tuple(range(x.ndim - 1))]
    for axis in axes:
        for keepdims in (False, True):
            found = np.asarray(rows.total(x, axis, keepdims))
            close(found, wide.sum(axis, keepdims=keepdims), dtype, np.abs(wide).sum(axis).max())
    assert rows.total(x, 0).shape == x.shape[1:]
    for axis in range(x.ndim):
        near = (1 + x / 64).astype(dtype)
        wanted = near.astype("float64").prod(axis)
        close(rows.product(near, axis), wanted, dtype, 30 * np.abs(wanted).max())


@pytest.mark.parametrize("shape", [s for s in SHAPES if s[-1] % rows.BLOCK == 0], ids=str)
def test_running_sums_and_products(shape):
    x = DRAW.standard_normal(shape).astype("float32")
    wanted = x.cumsum(-1, dtype="float64")
    close(rows.running(x, np.add), wanted, "float32", np.abs(wanted).max())
    wanted = x[..., ::-1].cumsum(-1, dtype="float64")[..., ::-1]
    close(rows.running(x, np.add, reverse=True), wanted, "float32", np.abs(wanted).max())
    near = (1 + x / 64).astype("float32")
    wanted = near.cumprod(-1, dtype="float64")
    close(rows.running(near, np.multiply), wanted, "float32", np.abs(wanted).max())


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", [(3, 800), (4, 2048), (7, 5, 64), (1, 4096)], ids=str)
def test_recurrences(shape, reverse):
    a, b = DRAW.uniform(-1, 1, shape).astype("float32"), DRAW.standard_normal(shape).astype("float32")
    wanted = np.zeros(shape)
    places = range(shape[-1])[::-1] if reverse else range(shape[-1])
    before = 0.0
    for k in places:
        before = wanted[..., k] = b[..., k] + a[..., k].astype("float64") * before
    close(recur(a, b, dim=len(shape) - 1, reverse=reverse), wanted, "float32", np.abs(wanted).max())
    a[..., shape[-1] // 2] = 0  # starts anew, whatever came before
    b[..., 1], b[..., -2] = np.inf, np.nan
    with np.errstate(all="ignore"):
        found = recur(a, b, dim=len(shape) - 1, reverse=reverse)
    half = found[..., shape[-1] // 2 : -2] if not reverse else found[..., 2 : shape[-1] // 2 + 1]
    assert np.isfinite(half).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) == 2], ids=str)
def test_softmaxes_with_their_logarithms(shape, dtype):
    x = (4 * DRAW.standard_normal(shape)).astype(dtype)
    wide = x.astype("float64")
    logs = np.log(np.exp(wide).sum(-1, keepdims=True))
    share, log = rows.shares(x)
    close(share, np.exp(wide - logs), dtype, 1)
    close(log, logs[:, 0], dtype, 10)


def test_a_transposed_matrix_is_copied_whole():
    x = DRAW.standard_normal((300, 517)).T
    found = rows.dense(x)
    assert found.flags.c_contiguous and not np.shares_memory(found, x)
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("function", [lambda x: rows.shares(x)[0], lambda x: rows.running(x, np.add),
                                      lambda x: rows.total(x, (1,)), lambda x: rows.product(x, 1)])  # fmt: skip
def test_what_is_not_finite_comes_through(function):
    x = np.ones((6, 512), "float32")
    x[0], x[1], x[2, 3], x[3, 3], x[4, 3] = np.inf, -np.inf, np.inf, -np.inf, np.nan
    with np.errstate(all="ignore"):
        whole = function(x)
        for row in range(6):
            np.testing.assert_array_equal(np.isnan(function(x[row : row + 1])), np.isnan(whole[row : row + 1]))
        sums = x.sum(1)
        if whole.ndim == 1 and function(np.ones((1, 4), "float32"))[0] == 4:
            np.testing.assert_array_equal(whole, sums)
    assert not np.isnan(whole[5]).any() and np.isnan(np.atleast_1d(whole[4])).any()


@pytest.mark.parametrize("index", [[2, 0, 1], [1, 1, 4, 0, 1], [3], list(range(5))[::-1]], ids=str)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_are_put_where_they_belong(axis, index):
    shape = (5, 5, 5)
    index = np.array(index)
    g = DRAW.standard_normal((*shape[:axis], len(index), *shape[axis + 1 :]))
    wanted = np.zeros(shape)
    np.add.at(wanted, (slice(None),) * axis + (index,), g)
    np.testing.assert_allclose(rows.placed(g, index, axis, shape), wanted)


def test_the_leading_ones_are_found_in_order():
    x = DRAW.standard_normal((50, 100)).astype("float32")
    x[0, 7] = np.nan
    found = rows.leaders(x, 3)
    assert found[0, 0] == 7
    np.testing.assert_array_equal(np.take_along_axis(x[1:], found[1:], 1), -np.sort(-x[1:], 1)[:, :3])
    x[3] = -np.inf
    assert rows.leaders(x, 3) is None
