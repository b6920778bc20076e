"""Sorting and searching against PyTorch: values, positions, gradients, NaN, ties, refusals."""

import numpy as np
import pytest

import minitorch as mt

INF, NAN = float("inf"), float("nan")
over = pytest.mark.parametrize
FLOATS = ("float64", "float32", "float16", "bfloat16")
WHOLE = ("int64", "int32", "int16", "int8", "uint8", "bool")


def lines(shapes=((2, 3, 4), (), (5,), (0, 2), (2, 0, 3), (1,)), layouts=True):
    """Cases of one operand: shapes, then memory orders."""

    def make_inputs(numbers):
        found = [(numbers(shape),) for shape in shapes]
        if layouts:
            cube = numbers((4, 3, 2))
            found += [(cube.transpose(2, 0, 1),), (cube[::2, ::-1],), (np.broadcast_to(numbers((1, 3)), (4, 3)),)]
        return found

    return make_inputs


@pytest.mark.referee
@over("name", "sort argsort".split())
def test_sorting(name):
    from tests.referee_grid import compare

    options = (
        {},
        {"dim": 0},
        {"dim": -1, "descending": True},
        {"stable": True},
        {"dim": 0, "descending": True, "stable": True},
        {"dim": 5},
    )
    compare(name, lines(), options, dtypes=(*FLOATS, *WHOLE, "complex64"), grads=("float64", "float32"), second=False)
    strange = np.array([[NAN, 1, INF, -INF, 1, NAN], [0.0, -0.0, 2, 2, 2, -1], [NAN] * 6])
    compare(name, lambda numbers: [(strange,)], options[:-1], dtypes=FLOATS, second=False)


@pytest.mark.referee
@over("dtype", ["float32", "float64", "int64", "int32", "float16"])
@over("descending", [False, True])
@over("ties", [False, True])
def test_long_lines(dtype, descending, ties):
    """Where nobody asks for it, long lines are not sorted stably, in PyTorch as here."""
    import torch

    random = np.random.default_rng(0)
    array = (random.integers(0, 50, (7, 900)) if ties else random.permutation(6300).reshape(7, 900)).astype(dtype)
    for stable in (False, True):
        ours, theirs = (lib.from_numpy(array).sort(dim=1, descending=descending, stable=stable) for lib in (mt, torch))
        np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())
        np.testing.assert_array_equal(np.take_along_axis(array, ours.indices.numpy(), 1), ours.values.numpy())
        assert (np.sort(ours.indices.numpy(), 1) == np.arange(900)).all()
        if stable:
            np.testing.assert_array_equal(ours.indices.numpy(), theirs.indices.numpy())


@pytest.mark.referee
def test_msort():
    from tests.referee_grid import compare

    compare("msort", lines(), dtypes=(*FLOATS, *WHOLE), second=False)


@pytest.mark.referee
def test_topk():
    from tests.referee_grid import compare

    options = ({}, {"dim": 0}, {"dim": -1, "largest": False}, {"sorted": False, "dim": 1}, {"dim": 7})
    for k in (0, 1, 2, 4, -1):
        compare(
            "topk",
            lambda numbers, k=k: [(*case, k) for case in lines(((2, 3, 4), (5,), (4, 3), ()), False)(numbers)],
            options,
            dtypes=(*FLOATS, "bool", "complex64"),
            second=False,
        )
    compare("topk", lambda numbers: [(numbers((3, 300)), 7), (numbers((300, 2)), 250, 0)], ({}, {"largest": False}),
            dtypes=("float64",), second=False)  # fmt: skip
    compare(
        "topk",
        lambda numbers: [(np.array([NAN, 1.0, 2.0, INF]), 2)],
        ({}, {"largest": False}),
        dtypes=FLOATS,
        second=False,
    )


@pytest.mark.referee
def test_kthvalue():
    from tests.referee_grid import compare

    for k in (1, 3, 0, 5):
        compare(
            "kthvalue",
            lambda numbers, k=k: [(*case, k) for case in lines(((4, 3, 4), (5,), (), (3, 0), (0, 3)), False)(numbers)],
            ({}, {"dim": 0}, {"dim": -1, "keepdim": True}, {"dim": 7}),
            dtypes=(*FLOATS, "bool", "complex64"),
            second=False,
            messages=False,
        )


@pytest.mark.referee
@over("k", [1, 3, 6])
def test_the_largest_of_integers_with_ties(k):
    import torch

    array = np.random.default_rng(0).integers(0, 4, (5, 6))
    for largest in (True, False):
        ours, theirs = (lib.from_numpy(array).topk(k, largest=largest) for lib in (mt, torch))
        np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())
        np.testing.assert_array_equal(np.take_along_axis(array, ours.indices.numpy(), 1), ours.values.numpy())
    ours, theirs = (lib.from_numpy(array).kthvalue(k) for lib in (mt, torch))
    np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())


# ---- searching -----------------------------------------------------------------------------------------------------
@pytest.mark.referee
@over("right", [False, True])
@over("out_int32", [False, True])
def test_searching(right, out_int32):
    import torch

    random = np.random.default_rng(0)
    cases = [
        ((6,), (4,)),
        ((6,), (2, 3)),
        ((6,), ()),
        ((0,), (3,)),
        ((2, 5), (2, 3)),
        ((2, 3, 4), (2, 3, 5)),
        ((2, 1), (2, 4)),
        ((2, 0), (2, 3)),
    ]
    for dtype in ("float32", "float64", "int64", "int8", "float16"):
        for edges, values in cases:
            edges = np.sort(random.integers(0, 6, edges), axis=-1).astype(dtype)
            values = random.integers(-1, 7, values).astype(dtype)
            found = [
                lib.searchsorted(
                    lib.from_numpy(edges), lib.from_numpy(np.asarray(values)), right=right, out_int32=out_int32
                ).numpy()
                for lib in (mt, torch)
            ]
            np.testing.assert_array_equal(*found)
            assert found[0].dtype == found[1].dtype
            if edges.ndim == 1 and dtype != "float16":
                found = [
                    lib.bucketize(
                        lib.from_numpy(np.asarray(values)), lib.from_numpy(edges), right=right, out_int32=out_int32
                    ).numpy()
                    for lib in (mt, torch)
                ]
                np.testing.assert_array_equal(*found)


@pytest.mark.referee
@over("call", [
    "lib.searchsorted(e, 3)", "lib.searchsorted(e, 3.5, out_int32=True)", "lib.searchsorted(e, s)",
    "lib.searchsorted(e, v, side='right')", "lib.searchsorted(e, v, side='right', right=False)",
    "lib.searchsorted(e, i)", "lib.searchsorted(e, lib.tensor([float('nan')]))",
    "lib.searchsorted(lib.tensor([5.0, 1, 3]), v, sorter=lib.tensor([1, 2, 0]))", "lib.bucketize(3, e)",
    "lib.bucketize(s, e)", "lib.isin(m, v)", "lib.isin(m, i)", "lib.isin(m, 3)", "lib.isin(3, i)",
    "lib.isin(m, v, invert=True)", "lib.isin(s, v)", "lib.isin(m, v, assume_unique=True)", "lib.isin(m, lib.zeros(0))",
    "lib.isin(lib.tensor([float('nan')]), lib.tensor([float('nan')]))", "lib.isin(i, lib.tensor([1.0, 7.0]))",
    "lib.isin(i, 1.5)", "lib.isin(lib.zeros(0), v)", "lib.searchsorted(e, v, side='left', right=True)",
    "lib.searchsorted(e, v, side='x')", "lib.searchsorted(m, v)", "lib.searchsorted(m, v.reshape(1, 2))",
    "lib.searchsorted(m, 3)", "lib.searchsorted(e, v, sorter=lib.tensor([1, 2]))",
    "lib.searchsorted(e, v, sorter=lib.ones(3))", "lib.searchsorted(e, v, sorter=lib.tensor([1, 2, 4]))",
    "lib.searchsorted(s, v)", "lib.searchsorted(c, c)", "lib.bucketize(m, m)", "lib.isin(b, b)", "lib.isin(c, c)",
    "lib.isin(3, 3)", "lib.sort(m, 3)", "lib.sort(s, 1)", "lib.sort(c)", "m.topk(4)", "m.topk(-1)", "s.topk(2)",
    "b.topk(1)", "c.topk(1)", "m.topk(2, 5)", "m.kthvalue(4)", "m.kthvalue(0)", "b.kthvalue(1)", "m.argsort(2)",
    "c.argsort()",
])  # fmt: skip
def test_calls(call):
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    answers = [outcome(lambda lib=lib: eval(call, {"lib": lib, **operands(lib)})) for lib in (mt, torch)]
    assert_same_outcome(*answers, call)


def operands(lib):
    return {
        "e": lib.tensor([1.0, 3, 5]), "v": lib.tensor([3.0, 6.0]), "i": lib.arange(3), "s": lib.tensor(3.0),
        "m": lib.arange(6.0).reshape(2, 3), "b": lib.tensor([True, False]), "c": lib.tensor([1 + 2j, 3 - 1j]),
    }  # fmt: skip


# ---- pinned --------------------------------------------------------------------------------------------------------
def test_nan_is_the_largest_and_equal_numbers_keep_their_order():
    x = mt.tensor([NAN, 1.0, 2.0, 1.0])
    assert x.sort().indices.tolist() == [1, 3, 2, 0]
    assert x.sort(descending=True).indices.tolist() == [0, 2, 1, 3]
    assert mt.tensor([1, 1, 2, 2]).argsort(descending=True).tolist() == [2, 3, 0, 1]
    assert x.topk(2).indices.tolist() == [0, 2]


def test_the_gradient_of_a_sorted_value_goes_where_it_came_from():
    x = mt.tensor([[3.0, 1.0, 2.0]], requires_grad=True)
    (x.sort().values * mt.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [[100, 1, 10]]
    x.grad = None
    (x.topk(2).values * mt.tensor([1.0, 10.0])).sum().backward()
    assert x.grad.tolist() == [[1, 0, 10]]


def test_searching_at_corners():
    edges = mt.tensor([1.0, 3.0, 5.0])
    assert mt.searchsorted(edges, mt.tensor([1.0, 3.0, NAN])).tolist() == [0, 1, 3]
    assert mt.searchsorted(edges, 3, right=True).item() == 2
    assert mt.bucketize(mt.tensor([[0.0, 9.0]]), edges, out_int32=True).dtype is mt.int32
    assert repr(mt.tensor(3.0).sort()) == "torch.return_types.sort(\nvalues=tensor(3.),\nindices=tensor(0))"
