"""Picking and putting: the adjoint pairs, duplicates, and the general forwards against the host's."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.host import HOST
from minitorch.ops.index import (
    FEW,
    HOLE,
    add_at,
    along,
    flat_positions,
    gather,
    index_add,
    lasting_along,
    pick,
    put,
    put_add,
    scatter,
    scatter_add,
    scatter_extreme,
)
from minitorch.testing.numeric import check_gradients

over = pytest.mark.parametrize
random = np.random.default_rng(0)
ALL = slice(None)


@over(("key", "indices"), [
    ((HOLE,), ([2, 0, 2],)), ((HOLE, HOLE), ([[0], [2]], [1, 3])), ((ALL, HOLE), ([3, 3, 0],)),
    ((HOLE, HOLE), ([-1, 0], [0, -1])), ((HOLE,), ([],)),
])  # fmt: skip
def test_pick_and_put_add_are_adjoint(key, indices):
    indices = [np.array(i, dtype=int) for i in indices]
    x = random.uniform(-1, 1, (3, 4))
    part = pick(x, *indices, key=key)
    g = random.uniform(-1, 1, part.shape)
    back = put_add(g, *indices, key=key, shape=x.shape)
    np.testing.assert_allclose((part * g).sum(), (x * back).sum(), rtol=1e-12)


@over("shape", [(3, 4), (2, 3, 4), (6,)])
def test_flat_positions_count_as_the_index_does(shape):
    x = np.arange(np.prod(shape)).reshape(shape)
    index = [random.integers(0, n, (2, 5)) for n in shape]
    np.testing.assert_array_equal(flat_positions(index, shape), x[tuple(index)])


@over(
    "key",
    [
        lambda: (np.array([[0], [2]]), np.array([1, 1, 0])),
        lambda: (np.array([0, 0, 2]),),
        lambda: (ALL, np.array([1, 1])),
        lambda: (random.integers(-3, 3, 600), random.integers(-4, 4, 600)),
        lambda: (random.integers(-3, 3, (40, 1)), random.integers(-4, 4, 20)),
    ],
)
def test_adding_counts_duplicates(key):
    key = key()
    ours, theirs = np.zeros((3, 4)), np.zeros((3, 4))
    values = random.uniform(-1, 1, theirs[key].shape)
    add_at(HOST, ours, key, values, wraps=True)
    np.add.at(theirs, key, values)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@over("dim", [0, 1, 2])
@over("large", [False, True])
def test_gather_small_and_large(dim, large):
    shape = (9, 10, 11) if large else (2, 3, 4)
    x = random.uniform(-1, 1, shape)
    index = random.integers(0, shape[dim], shape)
    assert (index.size >= FEW) == large
    np.testing.assert_array_equal(gather(x, index, dim=dim), np.take_along_axis(x, index, dim))
    turned = np.asfortranarray(x)
    np.testing.assert_array_equal(gather(turned, index, dim=dim), np.take_along_axis(x, index, dim))
    wanted = np.zeros(shape)
    np.add.at(wanted, along(HOST, index, dim), x)
    np.testing.assert_allclose(scatter_add(np.zeros(shape), x, index, dim=dim), wanted, rtol=1e-12)


@over("largest", [True, False])
@over("include_self", [True, False])
@over("dtype", ["float64", "float32", "int64", "bool"])
def test_the_general_extreme_is_the_hosts(largest, include_self, dtype):
    """What a device sorts for is what NumPy's `maximum.at` finds, NaN included."""
    for shape, count in (((4, 3), (6, 3)), ((5,), (9,)), ((2, 3), (0, 3))):
        x, src = (random.integers(-3, 3, n).astype(dtype) for n in (shape, count))
        if src.dtype.kind == "f" and src.size:
            src.flat[0] = np.nan
        index = random.integers(0, shape[0], count)
        how = {"dim": 0, "largest": largest, "include_self": include_self}
        with np.errstate(all="ignore"):
            general, hosts = scatter_extreme.forward(HOST, x, src, index, **how), scatter_extreme(x, src, index, **how)
        np.testing.assert_array_equal(general, hosts)


@over("largest", [True, False])
@over("include_self", [True, False])
def test_derivatives_of_extremes(largest, include_self):
    numbers = random.permutation(12) / 4
    x, src = (mt.tensor(part.reshape(2, -1).T.copy(), requires_grad=True) for part in (numbers[:4], numbers[4:]))
    index = mt.tensor([[0, 1], [1, 1], [0, 0], [0, 1]])
    for order in (1, 2):
        check_gradients(
            lambda x, src: scatter_extreme(x, src, index, dim=0, largest=largest, include_self=include_self),
            [x, src],
            order=order,
        )


def test_of_two_writes_to_one_place_the_last_stays():
    index = np.array([1, 0, 1, 1])
    assert put(np.zeros(2), np.arange(1.0, 5.0), index, key=(HOLE,)).tolist() == [2, 4]
    value = mt.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    put(mt.zeros(2), value, mt.from_numpy(index), key=(HOLE,)).sum().backward()
    assert value.grad.tolist() == [0, 1, 0, 1]
    assert lasting_along(np.zeros((2, 2)), np.array([[0, 1], [0, 0], [1, 1]]), dim=0).tolist() == [
        [0, 0],
        [1, 1],
        [1, 1],
    ]


def test_a_source_larger_than_its_index_gives_its_leading_part():
    src = mt.tensor(random.uniform(-1, 1, (3, 3)), requires_grad=True)
    index = mt.tensor([[0, 1], [2, 0]])
    for op in (scatter, scatter_add):
        check_gradients(lambda src, op=op: op(mt.zeros(4, 3, dtype=mt.float64), src, index, dim=0), [src])


def test_an_added_slice_counts_twice():
    x, src = mt.zeros(2, 3), mt.ones(3, 3, requires_grad=True)
    out = index_add(x, src, mt.tensor([1, 1, 0]), dim=0)
    assert out.tolist() == [[1, 1, 1], [2, 2, 2]]
    (out * mt.tensor([[1.0], [5.0]])).sum().backward()
    assert src.grad.tolist() == [[5] * 3, [5] * 3, [1] * 3]
