"""Placing along one dimension against PyTorch: writing, adding, reducing, with the in-place twins and the refusals."""

import numpy as np
import pytest

import minitorch as mt

INF, NAN = float("inf"), float("nan")
over = pytest.mark.parametrize
FLOATS = ("float64", "float32", "float16", "bfloat16")
HALVES = {"float16": (2e-3, 2e-3), "bfloat16": (2e-2, 2e-2)}


def agree(call):
    """The same call on both libraries: the same answer or the same refusal."""
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    answers = [outcome(lambda lib=lib: eval(call, {"lib": lib, **operands(lib)})) for lib in (mt, torch)]
    assert_same_outcome(*answers, call)


def operands(lib):
    t = lib.tensor
    return {
        "t": t, "x": lib.zeros(3, 4), "m": lib.arange(6.0).reshape(2, 3), "i": lib.arange(3), "s": t(3.0),
        "b": t([True, False]), "c": t([1 + 2j, 3 - 1j]), "one": lib.ones(2, 4),
    }  # fmt: skip


def twin(x, f):
    """What an in-place function leaves."""
    x = x.clone()
    f(x)
    return x


def placed(distinct=False, exact=True):
    """(input, dim, index, source), with duplicates in the index unless `distinct`; the source of the index's shape, or
    larger, where PyTorch has no derivative."""

    def make_inputs(numbers):
        random = np.random.default_rng(1)
        cases = []
        for shape, count, size, dim in (
            ((4, 3), (3, 3), (3, 3), 0), ((3, 4), (3, 2), (3, 3), 1), ((5,), (4,), (4,), 0), ((), (), (), 0),
            ((2, 4, 3), (2, 3, 3), (2, 4, 3), -2), ((4, 3), (0, 3), (2, 3), 0),
        ):  # fmt: skip
            room = shape[dim] if shape else 1
            index = random.integers(0, room, count)
            if distinct and count:
                lines = np.argsort(
                    random.random([room if d == dim % len(shape) else n for d, n in enumerate(count)]), axis=dim
                )
                index = lines.take(range(count[dim]), axis=dim)
            cases.append((numbers(shape), dim, np.asarray(index), numbers(count if exact else size)))
        cases.append((numbers((3, 4)).T, 0, np.array([[1, 0, 2]]), numbers((3, 1 if exact else 2)).T))
        return cases

    return make_inputs


@pytest.mark.referee
def test_scatter():
    from tests.referee_grid import compare

    compare(
        "scatter",
        placed(distinct=True),
        dtypes=(*FLOATS, "int64", "bool", "complex64"),
        grads=("float64", "float32", "complex128"),
    )
    compare("scatter", placed(True, exact=False), dtypes=("float64", "int64"), grads=())
    compare(
        "scatter",
        lambda numbers: [(case[0], case[1], case[2], 0.5) for case in placed(True)(numbers)],
        dtypes=(*FLOATS, "int64"),
        forms=("function", "method", "out", "inplace"),
    )


@pytest.mark.referee
def test_scatter_add():
    from tests.referee_grid import compare

    compare(
        "scatter_add",
        placed(),
        dtypes=(*FLOATS, "int64", "int8", "bool", "complex64"),
        grads=("float64", "float32", "complex128"),
        tolerances=HALVES,
    )
    compare("scatter_add", placed(exact=False), dtypes=("float64", "int64"), grads=())


@pytest.mark.referee
@over("reduce", "sum mean amax amin prod".split())
@over("include_self", [True, False])
def test_scatter_reduce(reduce, include_self):
    from tests.referee_grid import compare

    compare(
        "scatter_reduce",
        lambda numbers: [(*case, reduce) for case in placed()(numbers)],
        ({"include_self": include_self},),
        dtypes=(*FLOATS, "int64", "int32"),
        tolerances=HALVES,
        second=reduce in ("sum", "mean"),
    )
    compare("scatter_reduce", lambda numbers: [(*case, reduce) for case in placed(exact=False)(numbers)],
            ({"include_self": include_self},), dtypes=("float64", "int64"), grads=())  # fmt: skip


@pytest.mark.referee
@over("reduce", "mean amax amin prod".split())
@over("include_self", [True, False])
@pytest.mark.filterwarnings("ignore:index_reduce")
def test_index_reduce(reduce, include_self):
    from tests.referee_grid import compare

    compare(
        "index_reduce",
        lambda numbers: [
            (numbers((3, 4)), 0, np.array([2, 0, 2, 2]), numbers((4, 4)), reduce),
            (numbers((3, 4)), 1, np.array([1]), numbers((3, 1)), reduce),
            (numbers((2, 3, 2)), -2, np.array([1, 1]), numbers((2, 2, 2)), reduce),
            (numbers((4,)), 0, np.array([3, 3, 3]), numbers((3,)), reduce),
        ],
        ({"include_self": include_self},),
        dtypes=(*FLOATS, "int64"),
        tolerances=HALVES,
        second=reduce == "mean",
    )


@pytest.mark.referee
def test_whole_slices():
    from tests.referee_grid import compare

    def cases(numbers):
        return [
            (numbers((3, 4)), 0, np.array([2, 0]), numbers((2, 4))),
            (numbers((3, 4)), -1, np.array([1, 3, 0]), numbers((3, 3))),
            (numbers((4, 3)).T, 1, np.array([0]), numbers((3, 1))),
            (numbers((5,)), 0, np.array([], dtype=int), numbers((0,))),
            (numbers((2, 3, 4)), 1, np.array([1, 2]), numbers((2, 2, 4))),
        ]  # fmt: skip

    dtypes = (*FLOATS, "int64", "bool", "complex64")
    compare("index_copy", cases, dtypes=dtypes, grads=("float64", "complex128"))
    compare("index_add", cases, dtypes=dtypes, grads=("float64", "complex128"))
    compare(
        "index_add",
        lambda numbers: [
            (numbers((3, 2)), 0, np.array([1, 1, 0, 1]), numbers((4, 2))),
            (numbers(()), 0, np.array(0), numbers(())),
        ],
        ({"alpha": 2}, {"alpha": -0.5}),
        dtypes=("float64", "float32"),
    )
    compare(
        "index_fill",
        lambda numbers: (
            [(case[0], case[1], case[2], 0.5) for case in cases(numbers)]
            + [(numbers((3, 2)), 0, np.array([1]), numbers(())), (numbers(()), 0, np.array([0]), 2.0)]
        ),
        dtypes=dtypes,
        grads=("float64", "complex128"),
    )


@pytest.mark.referee
@over("call", [
    "x.scatter(1, t([[0, 1]]), 7)", "x.scatter(1, t([[0, 1]]), value=7.5)", "i.scatter(0, t([0]), 2.5)",
    "s.scatter(0, t(0), 1.0)", "s.scatter(0, t([0]), 1.0)", "s.scatter(0, t(0), t(5.0))",
    "x.scatter(1, t([[0, 0]]), m, reduce='add')", "(x + 3).scatter(1, t([[0, 0]]), 2.0, reduce='multiply')",
    "(x + 3).scatter(1, t([[0, 0]]), m + 2, reduce='multiply')", "i.scatter_reduce(0, t([0, 0]), t([1, 2]), 'mean')",
    "i.scatter_reduce(0, t([0, 0]), t([-1, -4]), 'mean', include_self=False)",
    "b.scatter_reduce(0, t([0, 0]), b, 'sum')", "b.scatter_reduce(0, t([0, 0]), b, 'amax')",
    "c.scatter_reduce(0, t([0, 0]), c, 'sum')", "c.scatter_reduce(0, t([0, 0]), c, 'prod')",
    "i.index_add(0, t([0, 0]), t([2, 3]), alpha=2)", "s.index_add(0, t(0), t(2.0))", "s.index_copy(0, t([0]), t(2.0))",
    "x.index_fill(0, t([0, 1]), s)", "x.index_fill(0, t([-1]), 2.0)", "x.index_fill(0, t(0), 2.0)",
    "i.index_fill(0, t([0]), 2.5)", "i.index_fill(0, t([0]), t(2.5))", "s.index_fill(0, t([0]), 2.5)",
    "twin(x, lambda x: x.scatter_(1, t([[0, 1]]), m))", "twin(i, lambda x: x.scatter_(0, t([0]), 2.5))",
    "twin(x, lambda x: x.index_add_(0, t([0]), lib.ones(1, 4)))",
    "twin(x, lambda x: x.index_copy_(0, t([2]), lib.ones(1, 4)))", "twin(i, lambda x: x.index_fill_(0, t([0]), 2.5))",
    "twin(x, lambda x: x.scatter_add_(1, t([[0, 0]]), m))",
    "twin(x, lambda x: x.scatter_reduce_(1, t([[0, 0]]), m, 'amax'))",
    "t([nan, 1.0]).scatter_reduce(0, t([1, 1]), t([2.0, nan]), 'amax')",
    "t([0.0, 1.0]).scatter_reduce(0, t([1, 1]), t([inf, 2.0]), 'prod')",
    "t([5.0, 1.0]).scatter_reduce(0, t([0, 0]), t([0.0, 2.0]), 'prod')",
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:The reduce argument")
def test_answers(call):
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    more = {"twin": twin, "nan": NAN, "inf": INF}
    answers = [outcome(lambda lib=lib: eval(call, {"lib": lib, **more, **operands(lib)})) for lib in (mt, torch)]
    assert answers[1][0] == "ok"
    assert_same_outcome(*answers, call)


@pytest.mark.referee
@over("call", [
    "x.scatter(1, t([[0, 4]]), 7)", "x.scatter(1, t([[0, 1, 2, 3, 1]]), m)", "x.scatter(0, t([[0, 1, 2, 2]]), m)",
    "x.scatter(1, t([[0, 1]]), i[:2].reshape(1, 2))", "x.scatter(1, t([[0, 0]]), 2.0, reduce='x')",
    "x.scatter(1, t([[0.0, 0]]), m)", "x.scatter(1, t([0, 0]), m)", "x.scatter(1, t([[0, 1]]), 2 + 1j)",
    "i.scatter_add(0, t([0]), t([1.5]))", "x.scatter_add(1, t([[0, 0]]), m.double())",
    "x.scatter_add(1, t([[0, 9]]), m)", "x.scatter_reduce(1, t([[0, 0]]), m, 'x')",
    "c.scatter_reduce(0, t([0, 0]), c, 'amax')", "x.index_add(0, t([0, 0]), lib.ones(2, 3))",
    "x.index_add(0, t([0, 0]), lib.ones(3, 4))", "x.index_add(0, t([0, 5]), one)", "x.index_add(0, t([0, -1]), one)",
    "x.index_add(0, t([0, 0]), one.double())", "x.index_add(0, t([[0, 0]]), one)", "x.index_add(0, t([0.0, 0]), one)",
    "x.index_add(0, t(0), lib.ones(4))", "s.index_add(0, t([0, 0]), t([2.0, 3.0]))",
    "s.index_add(0, t([0]), t([2.0]))", "x.index_copy(0, t([0, 0]), lib.ones(2, 3))",
    "x.index_copy(0, t([0, 5]), one)", "x.index_copy(0, t([0]), one)", "x.index_copy(0, t([0]), lib.ones(4))",
    "x.index_copy(0, t([0]), i.reshape(1, 3))", "x.index_copy(0, t([[0]]), lib.ones(1, 4))",
    "x.index_copy(0, t([0.0]), lib.ones(1, 4))", "x.index_copy(0, t([-1]), lib.ones(1, 4))",
    "x.index_fill(0, t([0, 1]), i)", "x.index_fill(0, t([0, 5]), 2.0)", "x.index_fill(0, t([0.0]), 2.0)",
    "x.index_fill(0, t([[0]]), 2.0)", "x.index_fill(0, t([0]), 1j)", "x.index_reduce(0, t([0, 0]), one, 'sum')",
    "x.index_reduce(0, t([0, 0]), lib.ones(2, 3), 'amax')", "x.index_reduce(0, t([0, 7]), one, 'amax')",
    "t([1], dtype=lib.int8).index_fill(0, t([0]), 300)",
])  # fmt: skip
def test_refusals(call):
    agree(call)


# ---- pinned --------------------------------------------------------------------------------------------------------
def test_equal_extremes_share_the_gradient():
    x = mt.tensor([2.0, 0.0], requires_grad=True)
    src = mt.tensor([2.0, 2.0, 1.0], requires_grad=True)
    x.scatter_reduce(0, mt.tensor([0, 0, 1]), src, "amax").sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [1 / 3, 0], rtol=1e-6)
    np.testing.assert_allclose(src.grad.numpy(), [1 / 3, 1 / 3, 1], rtol=1e-6)


def test_products_by_place_are_right_with_zeros_at_every_order():
    x = mt.tensor([5.0, 7.0], dtype=mt.float64, requires_grad=True)
    src = mt.tensor([0.0, 2.0, 3.0], dtype=mt.float64, requires_grad=True)
    out = x.scatter_reduce(0, mt.tensor([0, 0, 1]), src, "prod")
    assert out.tolist() == [0, 21]
    gx, gs = mt.autograd.grad(out.sum(), [x, src], create_graph=True)
    assert (gx.tolist(), gs.tolist()) == ([0, 3], [10, 0, 7])
    (h,) = mt.autograd.grad(gs[0], [src])
    assert h.tolist() == [0, 5, 0]


def test_the_last_write_wins_and_takes_the_gradient():
    src = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    out = mt.zeros(2).scatter(0, mt.tensor([0, 0, 1]), src)
    assert out.tolist() == [2, 3]
    out.sum().backward()
    assert src.grad.tolist() == [0, 1, 1]  # PyTorch calls its own gradient undefined here


def test_half_precision_adds_up_in_float32():
    x = mt.zeros(1, dtype=mt.float16)
    ones, nowhere = mt.ones(4096, dtype=mt.float16), mt.zeros(4096, dtype=mt.int64)
    assert x.scatter_add(0, nowhere, ones).item() == 4096
    assert x.index_add(0, nowhere, ones).item() == 4096


def test_a_deprecated_argument_warns():
    with pytest.warns(UserWarning, match="The reduce argument of torch.scatter with Tensor src is deprecated"):
        mt.zeros(2).scatter(0, mt.tensor([0]), mt.ones(1), reduce="add")


def test_in_place_through_the_tape():
    x = mt.zeros(3, requires_grad=True)
    y = x * 2
    y.index_add_(0, mt.tensor([1, 1]), mt.tensor([1.0, 2.0]))
    y.scatter_(0, mt.tensor([0]), 9.0)
    (y * y).sum().backward()
    assert y.tolist() == [9, 3, 0]
    assert x.grad.tolist() == [0, 12, 0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        x.index_fill_(0, mt.tensor([0]), 1.0)
