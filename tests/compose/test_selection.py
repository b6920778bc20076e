"""Picking by index and mask against PyTorch: values, gradients, refusals, and no bare NumPy error."""

import numpy as np
import pytest

import minitorch as mt

over = pytest.mark.parametrize
FLOATS = ("float64", "float32", "float16", "bfloat16")


def agree(call):
    """The same call on both libraries: the same answer or the same refusal."""
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    answers = [outcome(lambda lib=lib: eval(call, {"lib": lib, **operands(lib)})) for lib in (mt, torch)]
    assert_same_outcome(*answers, call)


def operands(lib):
    t = lib.tensor
    return {
        "t": t, "m": lib.arange(6.0).reshape(2, 3), "s": t(3.0), "i": lib.arange(3), "z": lib.zeros(0),
        "e": lib.zeros(2, 0), "b": t([True, False]), "mask": t([[False, True, False], [True, True, False]]),
        "c": t([1 + 2j, 3 - 1j]),
    }  # fmt: skip


@pytest.mark.referee
def test_gather():
    from tests.referee_grid import compare

    random = np.random.default_rng(0)
    shapes = [
        ((3, 4), (2, 4), 0),
        ((3, 4), (3, 6), 1),
        ((3, 4), (2, 2), -1),
        ((5,), (7,), 0),
        ((2, 3, 4), (2, 5, 3), 1),
        ((3, 4), (0, 4), 0),
        ((), (), 0),
        ((), (1,), 0),
        ((2, 600), (2, 900), 1),
    ]
    for shape, index, dim in shapes:
        places = random.integers(0, shape[dim] if shape else 1, index)
        compare(
            "gather",
            lambda numbers, shape=shape, places=places, dim=dim: [(numbers(shape), dim, np.asarray(places))],
            dtypes=(*FLOATS, "int64", "bool", "complex64"),
            grads=("float64", "float32", "complex128"),
        )
    compare(
        "gather",
        lambda numbers: [
            (numbers((4, 3)).T, 1, np.array([[0, 1], [3, 3]])),
            (numbers((3, 8))[:, ::2], 0, np.array([[2], [0]])),
        ],
    )


@pytest.mark.referee
def test_index_select_and_take():
    from tests.referee_grid import compare

    dtypes = (*FLOATS, "int64", "bool", "complex64")
    compare("index_select", lambda numbers: [
        (numbers((3, 4)), 0, np.array([2, 0, 2])), (numbers((3, 4)), -1, np.array([1])),
        (numbers((2, 3, 4)), 1, np.array([], dtype=int)), (numbers((4, 3)).T, 1, np.array(2)),
        (numbers(()), 0, np.array([0])), (numbers((3,)), 0, np.array([1, 1], dtype="int32")),
    ], dtypes=dtypes, grads=("float64", "complex128"))  # fmt: skip
    compare("take", lambda numbers: [
        (numbers((3, 4)), np.array([[11, 0], [5, -1]])), (numbers((4, 3)).T, np.array([1, 1])),
        (numbers(()), np.array([0])), (numbers((3,)), np.array([], dtype=int)), (numbers((3,)), np.array(1)),
    ], dtypes=dtypes, grads=("float64", "complex128"))  # fmt: skip
    compare("take_along_dim", lambda numbers: [
        (numbers((3, 4)), np.array([[0], [3], [1]]), 1), (numbers((3, 4)), np.array([[2, 0, 1, 1]]), 0),
        (numbers((3, 4)), np.array([5, 0])), (numbers((3, 1)), np.array([[0, 0, 0]]), 1),
        (numbers((2, 1, 3)), np.array([[[2], [0]]]), -1), (numbers((2, 3)), np.array([[-1], [-3]]), 1),
    ], dtypes=dtypes, grads=("float64", "complex128"))  # fmt: skip


@pytest.mark.referee
def test_masked_select():
    from tests.referee_grid import compare

    mask = np.array([[True, False, True], [False, False, True]])
    compare("masked_select", lambda numbers: [
        (numbers((2, 3)), mask), (numbers((2, 3)), mask[:1]), (numbers((3,)), mask), (numbers((2, 1)), mask),
        (numbers(()), np.array(True)), (numbers(()), mask), (numbers((0, 3)), np.zeros((0, 3), bool)),
        (numbers((3, 2)).T, mask),
    ], dtypes=(*FLOATS, "int64", "bool", "complex64"), grads=("float64", "complex128"))  # fmt: skip


@pytest.mark.referee
@over("call", [
    "m.nonzero()", "m.nonzero(as_tuple=True)", "lib.nonzero(mask)", "s.nonzero()", "lib.nonzero(s, as_tuple=True)",
    "e.nonzero()", "s.argwhere()", "m.argwhere()", "lib.argwhere(c)", "lib.nonzero_static(m, size=3)",
    "m.nonzero_static(size=8, fill_value=-2)", "lib.nonzero_static(m, size=-1)",
    "m.gather(0, lib.zeros(0, dtype=lib.long))", "t([0.0, 1.0]).nonzero()",
])  # fmt: skip
def test_positions(call):
    agree(call)


@pytest.mark.referee
@over("call", [
    "m.gather(1, t([0, 1]))", "m.gather(1, t([[0, 3], [2, 2]]))", "m.gather(1, t([[0, -1], [2, 2]]))",
    "m.gather(0, t([[0, 1, 1, 1]]))", "m.gather(1, t([[0.0]]))", "m.gather(1, t([[0]], dtype=lib.int16))",
    "m.gather(2, t([[0]]))", "m.gather(0, t(0))", "m.index_select(0, t([0, 2]))", "m.index_select(0, t([-1]))",
    "m.index_select(0, t([[0]]))", "m.index_select(0, t([0.0]))", "m.index_select(3, t([0]))",
    "e.index_select(1, t([0]))", "s.index_select(0, t([0, 0]))", "m.take(t([[0, 6]]))", "m.take(t([0.0]))",
    "m.take(t([0], dtype=lib.int32))", "z.take(t([0]))", "lib.take_along_dim(m, t([0]), 1)",
    "lib.take_along_dim(m, t([[0.0]]), 1)", "lib.take_along_dim(m, t([[0]], dtype=lib.int32), 1)",
    "lib.take_along_dim(m, t([[0], [0], [0]]), 1)", "lib.take_along_dim(s, t(0), 0)", "m.masked_select(i)",
    "m.masked_select(mask.to(lib.uint8))", "m.masked_select(t([True, False]))",
])  # fmt: skip
def test_refusals(call):
    agree(call)


# ---- pinned --------------------------------------------------------------------------------------------------------
def test_duplicates_add_up_in_the_gradient():
    x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x.gather(1, mt.tensor([[0, 0, 1], [1, 1, 1]])).sum().backward()
    assert x.grad.tolist() == [[2, 1], [0, 3]]
    y = mt.ones(4096, dtype=mt.float16, requires_grad=True)
    y[:1].take(mt.zeros(4096, dtype=mt.int64)).sum().backward()
    assert y.grad[0].item() == 4096


def test_an_index_written_later_is_noticed():
    x, index = mt.ones(3, requires_grad=True), mt.tensor([0, 2])
    out = x.gather(0, index)
    index.add_(0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_second_derivatives_through_a_pick():
    x = mt.tensor([1.0, 2.0, 3.0], dtype=mt.float64, requires_grad=True)
    out = (x.take(mt.tensor([0, 0, 2])) ** 3).sum()
    (g,) = mt.autograd.grad(out, [x], create_graph=True)
    (h,) = mt.autograd.grad(g.sum(), [x])
    assert h.tolist() == [12, 0, 18]
