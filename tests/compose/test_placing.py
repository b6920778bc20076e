"""Placing anywhere against PyTorch: flat positions, masks, slices, diagonals; in-place twins and refusals."""

import numpy as np
import pytest

import minitorch as mt

over = pytest.mark.parametrize
FLOATS = ("float64", "float32", "float16", "bfloat16")
DTYPES = (*FLOATS, "int64", "bool", "complex64")


def operands(lib):
    t = lib.tensor
    return {
        "t": t, "x": lib.zeros(3, 4), "m": lib.arange(6.0).reshape(2, 3), "i": lib.arange(3), "s": t(3.0),
        "b": t([True, False]), "mask": t([[False, False, False], [True, True, True]]), "eye": lib.zeros(2, 2, 2),
        "tall": lib.zeros(7, 2),
    }  # fmt: skip


def twin(x, f):
    """What an in-place function leaves."""
    x = x.clone()
    f(x)
    return x


def answers(call):
    import torch

    from tests.referee_grid import outcome

    return [outcome(lambda lib=lib: eval(call, {"lib": lib, "twin": twin, **operands(lib)})) for lib in (mt, torch)]


MASK = np.array([[True, False, True], [False, False, True]])


@pytest.mark.referee
def test_where_a_mask_holds():
    from tests.referee_grid import compare

    compare("masked_fill", lambda numbers: [
        (numbers((2, 3)), MASK, 0.5), (numbers((2, 3)), MASK[:1], 2), (numbers((2, 3)), MASK, numbers(())),
        (numbers(()), np.array(True), 1.0), (numbers((3,)), MASK, 1.0), (numbers((3, 2)).T, MASK, -1.0),
        (numbers((0, 3)), np.zeros((0, 3), bool), 1.0),
    ], dtypes=DTYPES, grads=("float64", "float32", "complex128"))  # fmt: skip
    compare("masked_scatter", lambda numbers: [
        (numbers((2, 3)), MASK, numbers((3,))), (numbers((2, 3)), MASK, numbers((5, 2))),
        (numbers((2, 3)), MASK[:1], numbers((6,))), (numbers((3,)), MASK, numbers((4,))),
        (numbers(()), np.array(True), numbers((1,))), (numbers((2, 3)), ~MASK & MASK, numbers((0,))),
    ], dtypes=DTYPES, grads=("float64",))  # fmt: skip


@pytest.mark.referee
def test_at_positions():
    from tests.referee_grid import compare

    compare("put", lambda numbers: [
        (numbers((3, 4)), np.array([11, 0, -2]), numbers((3,))), (numbers((3, 4)), np.array([[1, 5]]), numbers((2,))),
        (numbers((4, 3)).T, np.array([2]), numbers((1, 1))), (numbers(()), np.array(0), numbers(())),
        (numbers((2,)), np.array([], dtype=int), numbers((0,))),
    ], dtypes=DTYPES, grads=("float64", "complex128"))  # fmt: skip
    compare(
        "put",
        lambda numbers: [(numbers((3, 4)), np.array([11, 0, 0, 0]), numbers((4,)), True)],
        dtypes=DTYPES[:-2],
        grads=("float64",),
    )
    import torch

    random = np.random.default_rng(0)
    for shape, indices, size in (
        ((3, 4), ([2, 0],), (2, 4)), ((3, 4), ([2, 0],), (4,)), ((3, 4), ([2, 0], [1, 1]), (2,)),
        ((3, 4), ([[2], [0]], [1, 3]), (2, 2)), ((2, 3), (MASK,), ()), ((2, 3), (MASK,), (3,)),
        ((3, 4), ([-1],), (1, 4)), ((3, 4), ([],), (0, 4)),
    ):  # fmt: skip
        for accumulate in (False, True):
            x, values = random.uniform(-1, 1, shape), np.asarray(random.uniform(-1, 1, size))
            found = []
            for lib in (mt, torch):
                a, v = lib.from_numpy(x.copy()).requires_grad_(), lib.from_numpy(values.copy()).requires_grad_()
                index = tuple(lib.from_numpy(np.asarray(i, dtype=None if len(i) else int)) for i in indices)
                out = a.index_put(index, v, accumulate)
                (out**2).sum().backward()
                b = lib.from_numpy(x.copy())
                b.index_put_(index, lib.from_numpy(values.copy()), accumulate)
                found.append([out.detach().numpy(), a.grad.numpy(), v.grad.numpy(), b.numpy()])
            for one, other in zip(*found, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-14)


@pytest.mark.referee
def test_over_a_slice():
    from tests.referee_grid import compare

    compare(
        "select_scatter",
        lambda numbers: [
            (numbers((3, 4)), numbers((4,)), 0, 1),
            (numbers((3, 4)), numbers((3,)), -1, -2),
            (numbers((4, 3)).T, numbers((4,)), 0, 0),
        ],
        dtypes=DTYPES,
        grads=("float64", "complex128"),
    )
    compare("slice_scatter", lambda numbers: [
        (numbers((3, 4)), numbers((3, 2)), 1, 0, 2), (numbers((3, 4)), numbers((3, 2)), 1, 0, 4, 2),
        (numbers((3, 4)), numbers((3, 4))), (numbers((3, 4)), numbers((1, 4)), 0, -1),
        (numbers((3, 4)), numbers((0, 4)), 0, 2, 1), (numbers((3, 4)), numbers((2, 4)), 0, 1, 99),
    ], dtypes=DTYPES, grads=("float64", "complex128"))  # fmt: skip
    compare("diagonal_scatter", lambda numbers: [
        (numbers((3, 3)), numbers((3,))), (numbers((2, 3)), numbers((2,)), 1),
        (numbers((2, 3, 4)), numbers((3, 2)), -1, 2, 0), (numbers((2, 3)), numbers((1,)), 2),
    ], dtypes=DTYPES, grads=("float64", "complex128"))  # fmt: skip


@pytest.mark.referee
@over("call", [
    "M.masked_fill(mask, s)".lower(), "i.masked_fill(i > 0, 2.5)", "i.masked_fill(i > 0, t(2.5))",
    "i.masked_fill(i > 0, True)", "b.masked_fill(b, 2)", "s.masked_fill(mask, 2.0)", "m[0].masked_fill(mask, 2.0)",
    "twin(m, lambda x: x.masked_fill_(mask, 2))", "twin(m, lambda x: x.masked_scatter_(mask, t([7.0, 8, 9])))",
    "twin(x, lambda x: x.put_(t([0]), t([1.0])))",
    "twin(x, lambda x: x.put_(t([0, 0]), t([1.0, 2.0]), accumulate=True))", "m.select_scatter(t([7, 8, 9]), 0, 1)",
    "m.slice_scatter(lib.ones(2, 2).long(), 1, 0, 2)", "m.diagonal_scatter(lib.ones(2).long())",
    "twin(m, lambda x: x.fill_diagonal_(7))", "twin(tall, lambda x: x.fill_diagonal_(7))",
    "twin(tall, lambda x: x.fill_diagonal_(7, True))", "twin(eye, lambda x: x.fill_diagonal_(7))",
    "twin(lib.zeros(2, 2).long(), lambda x: x.fill_diagonal_(7.5))",
    "twin(x.T, lambda x: x.fill_diagonal_(1, wrap=True))", "x.index_put((x == 0,), s)",
    "t([1], dtype=lib.uint8).masked_fill(t([True]), -1)", "m.half().masked_fill(mask, float('inf'))",
    "b.masked_fill(b, 1e300)",
])  # fmt: skip
def test_answers(call):
    from tests.referee_grid import assert_same_outcome

    found = answers(call)
    assert found[1][0] == "ok", found[1]
    assert_same_outcome(*found, call)


@pytest.mark.referee
@over("call", [
    "m.masked_fill(mask, i)", "m.masked_fill(i, 2)", "m.masked_fill(b, 2)", "m.masked_fill(mask.to(lib.uint8), 2)",
    "m.masked_fill(mask, 1j)", "i.to(lib.int8).masked_fill(i > 0, 300)", "m.half().masked_fill(mask, 1e9)",
    "i.masked_fill(i > 0, float('inf'))", "twin(m[0], lambda x: x.masked_fill_(mask, 2))",
    "m.masked_scatter(mask, t([7.0, 8]))", "m.masked_scatter(mask, t([7, 8, 9]))",
    "m.masked_scatter(i, t([7.0, 8, 9]))", "m.put(t([0, 6]), t([9.0, 8]))", "m.put(t([0]), t([9.0, 8]))",
    "m.put(t([0]), i[:1])", "m.put(t([0.0]), t([9.0]))", "m.put(t([0], dtype=lib.int32), t([9.0]))",
    "x.index_put([t([0, 0])], t([1.0, 2, 3]))", "x.index_put((t([0, 5]),), s)", "x.index_put((t([0, 1]),), i[0])",
    "x.index_put(t([0]), s)", "x.index_put((0,), s)", "x.index_put((t([0]), t([0]), t([0])), s)",
    "x.index_put((t([0.5]),), s)", "x.index_put((None, t([1])), s)", "m.select_scatter(t([7.0, 8]), 0, 1)",
    "m.select_scatter(t([7.0, 8.0, 9]), 0, 2)", "s.select_scatter(s, 0, 0)",
    "m.slice_scatter(lib.ones(1, 2), 1, 0, 2)", "m.slice_scatter(lib.ones(2, 2), 1, 0, 3, -1)",
    "m.diagonal_scatter(lib.ones(3))", "m.diagonal_scatter(lib.ones(2), 0, 1, 1)",
    "eye.fill_diagonal_(7).reshape(2, 4)[0].fill_diagonal_(1)", "lib.zeros(2, 2, 3).fill_diagonal_(7)",
])  # fmt: skip
def test_refusals(call):
    from tests.referee_grid import assert_same_outcome

    found = answers(call)
    assert found[1][0] == "error", found[1]
    assert_same_outcome(*found, call)


# ---- pinned --------------------------------------------------------------------------------------------------------
def test_what_is_overwritten_gets_no_gradient():
    x = mt.ones(2, 3, requires_grad=True)
    src = mt.ones(2, requires_grad=True)
    (x.diagonal_scatter(src) * mt.arange(6.0).reshape(2, 3)).sum().backward()
    assert x.grad.tolist() == [[0, 1, 2], [3, 0, 5]]
    assert src.grad.tolist() == [0, 4]


def test_the_filler_may_be_a_tensor_with_a_gradient():
    x, value = mt.ones(3, requires_grad=True), mt.tensor(2.0, requires_grad=True)
    x.masked_fill(mt.tensor([True, False, True]), value).sum().backward()
    assert (x.grad.tolist(), value.grad.item()) == ([0, 1, 0], 2)


def test_in_place_through_a_view():
    x = mt.zeros(2, 2, requires_grad=True)
    y = x * 1
    y[0].masked_fill_(mt.tensor([True, False]), 5.0)
    y.fill_diagonal_(3.0)
    assert y.tolist() == [[3, 0], [0, 3]]
    y.sum().backward()
    assert x.grad.tolist() == [[0, 1], [1, 0]]


def test_a_mask_that_is_infinite_hides_a_row_from_softmax():
    scores = mt.zeros(1, 3, requires_grad=True)
    weights = scores.masked_fill(mt.tensor([[False, True, False]]), float("-inf")).softmax(-1)
    assert weights.tolist() == [[0.5, 0, 0.5]]
    weights.sum().backward()
    assert scores.grad.tolist() == [[0, 0, 0]]
