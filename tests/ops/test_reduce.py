"""The reductions' own rules: what is saved, what is shared, what is computed wide, which gradients are 0."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.host import HOST
from minitorch.ops import TABLE
from minitorch.ops.reduce import (
    amax,
    length,
    logsumexp,
    max_,
    mean,
    median,
    nanmedian,
    p_norm,
    prod,
    std,
    sum,
    sum_to,
    var,
)
from minitorch.testing.numeric import check_gradients

over = pytest.mark.parametrize
random = np.random.default_rng(0)


def leaf(array):
    return mt.tensor(np.asarray(array, dtype=float), requires_grad=True)


@over("op", [sum, mean, prod, var, std, length, logsumexp, amax], ids=lambda op: op.name)
@over(("shape", "dim"), [((2, 3), (0,)), ((2, 3), (1,)), ((4,), (0,)), ((2, 1, 3), (2,)), ((2, 3), (0, 1))])
@over("keepdim", [False, True])
def test_derivatives_at_every_order(op, shape, dim, keepdim):
    x = leaf(random.permutation(np.arange(1.0, 1 + np.prod(shape))).reshape(shape) / 4)
    extra = {"correction": 0.5} if op in (var, std) else {}
    for order in (1, 2, 3):
        check_gradients(lambda x: op(x, dim=dim, keepdim=keepdim, **extra), [x], order=order)


@over("p", [0.5, 1.5, 3.0, -1.0, 2.5])
def test_derivatives_of_p_norms(p):
    for order in (1, 2, 3):
        check_gradients(
            lambda x: p_norm(x, p=p, dim=(1,), keepdim=False), [leaf([[1.0, -2.0, 0.5], [0.75, 2.0, 1.5]])], order=order
        )


@over("zeros", [[0], [1], [0, 2], [0, 1, 2, 3]])
def test_a_product_with_zeros(zeros):
    values = np.array([1.5, -2.0, 3.0, 0.5])
    values[zeros] = 0
    for order in (1, 2, 3):
        check_gradients(lambda x: prod(x, dim=(0,)), [leaf(values)], order=order)
        check_gradients(lambda x: prod(x, dim=None), [leaf(values.reshape(2, 2))], order=order)


def test_a_product_beyond_the_range_is_not_divided_by_its_factors():
    for size, others in ((1e30, 1e30), (1e-30, 1e-30)):
        x = mt.tensor([size, size], requires_grad=True)
        x.prod().backward()
        assert x.grad.tolist() == mt.tensor([others, others]).tolist()


@over("name", "sum mean sum_to spread".split())
def test_a_linear_reduction_keeps_no_array(name):
    assert {kind for kind, *_ in TABLE[name].keeps} <= {"shape"}


@over("name", "amax amin max min median nanmedian std length logsumexp".split())
def test_what_a_rule_needs_is_what_is_kept(name):
    assert {kind for kind, *_ in TABLE[name].keeps} == {"in", "out"}


def test_sum_to_undoes_broadcasting():
    x = np.arange(24.0).reshape(4, 2, 3)
    assert sum_to(x, shape=(2, 1)).tolist() == x.sum((0, 2)).reshape(2, 1).tolist()
    assert sum_to(x, shape=()).tolist() == 276
    assert sum_to(x, shape=(4, 2, 3)) is x


@over("size", [1, 2, 3, 6, 101])
def test_medians_are_the_lower_middle(size):
    x = random.permutation(size).astype(float)
    assert median(x, dim=None).item() == (size - 1) // 2
    x = np.append(x, np.nan)
    assert np.isnan(median(x, dim=None))
    assert nanmedian(x, dim=None).item() == (size - 1) // 2


def test_medians_of_integers_and_of_nothing():
    assert nanmedian(np.array([3, 1, 2]), dim=None).item() == 2
    assert np.isnan(nanmedian(np.zeros(0), dim=None))
    assert median(np.zeros((0, 2), dtype="int64"), dim=None).dtype == np.int64


@over("op", [prod, var, std, length, logsumexp], ids=lambda op: op.name)
def test_a_gradient_in_half_precision_is_rounded_once(op):
    values = (np.linspace(0.875, 1.0, 16) if op is prod else np.linspace(0.5, 1.0, 64)).astype("float16")
    found = []
    for dtype in ("float16", "float64"):
        x = mt.from_numpy(values.astype(dtype)).requires_grad_()
        op(x, dim=(0,), keepdim=False).backward()
        found.append(x.grad.numpy().astype("float64"))
        assert str(x.grad.dtype) == f"torch.{dtype}"
    scale = np.abs(found[1]).max()
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1.5 * 2.0**-11 * scale)


def test_nan_shares_only_where_asked():
    x = np.array([1.0, np.nan, np.nan])
    for op, wanted in ((max_, [0, 0.5, 0.5]), (amax, [np.nan] * 3)):
        t = leaf(x)
        op(t, dim=None).backward()
        np.testing.assert_array_equal(t.grad.numpy(), wanted)


def test_a_mean_of_nothing_is_nan_and_has_an_empty_gradient():
    x = leaf(np.zeros((0, 2)))
    out = mean(x, dim=None)
    assert np.isnan(out.item())
    out.backward()
    assert x.grad.shape == (0, 2)


def test_a_short_reduction_stays_short():
    """One NumPy call: the array's own method, not a wrapper around it."""
    assert sum.forward(HOST, np.ones((2, 3), "float32"), dim=(1,), keepdim=False).dtype == np.float32
    assert "sum" in sum.forward.__code__.co_names
