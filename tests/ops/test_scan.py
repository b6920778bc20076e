"""The linear recurrence that running products come down to, and accumulation without an array library's help."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.host import HOST
from minitorch.ops.scan import accumulated, cumprod, cumsum, logcumsumexp, recur, running
from minitorch.testing.numeric import check_gradients

over = pytest.mark.parametrize
random = np.random.default_rng(0)


def one_by_one(a, b, reverse):
    """h_k = b_k + a_k h_(k-1) along the last dimension, as it is said."""
    a, b = (np.moveaxis(x, -1, 0)[:: -1 if reverse else 1] for x in (a, b))
    found = [b[0]]
    for factor, term in zip(a[1:], b[1:], strict=True):
        found.append(term + factor * found[-1])
    return np.moveaxis(np.stack(found[:: -1 if reverse else 1]), 0, -1)


@over("count", [1, 2, 3, 5, 8, 17])
@over("reverse", [False, True])
def test_a_recurrence(count, reverse):
    a, b = random.uniform(-1, 1, (2, count)), random.uniform(-1, 1, (2, count))
    np.testing.assert_allclose(recur(a, b, dim=1, reverse=reverse), one_by_one(a, b, reverse), rtol=1e-12)
    turned = recur(np.asfortranarray(a.T), b.T, dim=0, reverse=reverse)
    np.testing.assert_allclose(turned, one_by_one(a, b, reverse).T, rtol=1e-12)


def test_a_recurrence_of_nothing():
    assert recur(np.ones((2, 0)), np.ones((2, 0)), dim=1).shape == (2, 0)


def test_a_factor_zero_starts_anew():
    a = np.array([9.0, 2.0, 0.0, 2.0, np.nan, 0.0])
    b = np.array([1.0, np.inf, 3.0, 1.0, 1.0, 5.0])
    with np.errstate(all="ignore"):
        assert recur(a, b, dim=0).tolist()[:4] == [1, np.inf, 3, 7]
        assert recur(a, b, dim=0)[5] == 5


def test_the_operands_are_left_alone():
    a, b = np.ones(4), np.ones(4)
    recur(a, b, dim=0)
    recur(a, b, dim=0, reverse=True)
    assert a.tolist() == b.tolist() == [1, 1, 1, 1]


@over("reverse", [False, True])
def test_its_derivatives_at_every_order(reverse):
    leaves = [mt.tensor(random.uniform(-1, 1, (2, 4)), requires_grad=True) for _ in range(2)]
    for order in (1, 2, 3):
        check_gradients(lambda a, b: recur(a, b, dim=1, reverse=reverse), leaves, order=order)


@over("op", [cumsum, cumprod, logcumsumexp], ids=lambda op: op.name)
@over("values", [[1.5, -0.5, 2.0, 0.25], [0.0, 1.0, 0.0, 2.0], [1.0]])
def test_derivatives_of_running_ops(op, values):
    leaf = mt.tensor(np.array([values, values[::-1]]), requires_grad=True)
    for order in (1, 2, 3):
        check_gradients(lambda x: op(x, dim=1), [leaf], order=order)


@over("name", ["maximum", "minimum", "logaddexp"])
@over("shape", [(7,), (2, 5), (3, 0), (1, 1), (4, 8)])
def test_combining_neighbours_is_accumulating(name, shape):
    """What a device does, where NumPy has `accumulate`."""
    x = random.uniform(-1, 1, shape)
    for dim in range(len(shape)):
        found = running(HOST, x, dim, getattr(np, name))
        np.testing.assert_allclose(found, accumulated(HOST, x, dim, name), rtol=1e-14)


def test_a_running_sum_from_the_end():
    x = np.arange(6.0).reshape(2, 3)
    assert cumsum(x, dim=1, reverse=True).tolist() == [[3, 3, 2], [12, 9, 5]]
    assert cumsum(x, dim=0, reverse=True).tolist() == [[3, 5, 7], [3, 4, 5]]


def test_a_long_float32_run_is_kept_in_float64():
    x = np.full(1 << 20, 0.1, dtype="float32")
    assert abs(float(cumsum(x, dim=0)[-1]) - 0.1 * (1 << 20)) < 0.01
    assert cumsum(x, dim=0).dtype == np.float32
    assert cumprod(np.full(1000, 1.001, dtype="float32"), dim=0).dtype == np.float32
