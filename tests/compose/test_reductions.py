"""Sums, products, means, extremes, truth and logsumexp: PyTorch's answers, dtypes, gradients and refusals."""

import warnings

import numpy as np
import pytest

import minitorch as mt

INF, NAN = float("inf"), float("nan")
over = pytest.mark.parametrize


def reduced(shapes=((2, 3, 4), (), (3,), (2, 0, 3), (1, 1)), layouts=True):
    """Cases of one operand: shapes, then memory orders."""

    def make_inputs(numbers):
        found = [(numbers(shape),) for shape in shapes]
        if layouts:
            cube = numbers((4, 3, 2))
            found += [(cube.transpose(2, 0, 1),), (cube[::2, ::-1],), (np.broadcast_to(numbers((1, 3)), (4, 3)),)]
        return found

    return make_inputs


#: One dimension, several, none, all; kept or not.
DIMS = ({}, {"dim": 0}, {"dim": -1, "keepdim": True}, {"dim": (0, -1)}, {"dim": (), "keepdim": True}, {"dim": None})
ONE_DIM = ({}, {"dim": 0}, {"dim": -1, "keepdim": True}, {"dim": 1})
FLOATS = ("float64", "float32", "float16", "bfloat16")
WHOLE = ("int64", "int32", "int8", "uint8", "bool")
COMPLEX = ("complex128", "complex64")
#: PyTorch rounds some half-precision sums on the way.
HALVES = {"float16": (2e-3, 2e-3), "bfloat16": (2e-2, 2e-2)}
EVERY = (*FLOATS, *WHOLE, *COMPLEX)


@pytest.mark.referee
@over("name", "sum mean amax amin nansum nanmean all any".split())
def test_reductions_over_dims(name):
    from tests.referee_grid import compare

    dtypes = (*FLOATS, *WHOLE) if name in ("nansum", "nanmean", "amax", "amin") else EVERY
    compare(
        name,
        reduced(),
        DIMS,
        dtypes=dtypes,
        grads=("float64", "float32", "complex128"),
        messages=False,
        tolerances=HALVES,
    )


@pytest.mark.referee
@over("name", "prod aminmax argmax argmin max min".split())
def test_reductions_over_one_dim(name):
    from tests.referee_grid import compare

    options = tuple(o for o in ONE_DIM if name not in ("max", "min", "prod") or "keepdim" not in o or "dim" in o)
    compare(name, reduced(), options, dtypes=(*FLOATS, *WHOLE), grads=("float64", "float32"), messages=False)


@pytest.mark.referee
@over("name", "sum mean prod logsumexp".split())
def test_complex_reductions(name):
    from tests.referee_grid import compare

    options = ({"dim": 0},) if name == "logsumexp" else ({}, {"dim": 0}, {"dim": 1, "keepdim": True})
    compare(name, reduced(((2, 3), (3, 1, 2))), options, dtypes=COMPLEX, grads=("complex128",))


@pytest.mark.referee
@over("name", "sum mean prod nansum nanmean".split())
@over("dtype", ["float64", "float32", "int64", "complex128"])
def test_the_dtype_argument(name, dtype):
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    for source in ("float32", "int32", "bool", "float16"):
        array = np.array([[1, 0, 2], [3, 1, 1]]).astype(source)
        ours = outcome(lambda array=array: getattr(mt, name)(mt.from_numpy(array), 1, dtype=getattr(mt, dtype)))
        theirs = outcome(
            lambda array=array: getattr(torch, name)(torch.from_numpy(array), 1, dtype=getattr(torch, dtype))
        )
        if theirs[0] == "ok" and ours[0] == "ok":
            assert str(ours[1].dtype) == str(theirs[1].dtype)
            np.testing.assert_allclose(ours[1].numpy(), theirs[1].numpy(), rtol=1e-6)
        else:
            assert_same_outcome(ours, theirs, f"{name} {source} -> {dtype}", messages=False)


@pytest.mark.referee
def test_logsumexp():
    from tests.referee_grid import compare

    dims = ({"dim": 0}, {"dim": (0, -1)}, {"dim": -1, "keepdim": True})
    compare("logsumexp", reduced(), dims, dtypes=(*FLOATS, *WHOLE), grads=("float64", "float32"), tolerances=HALVES)


@pytest.mark.referee
def test_count_nonzero():
    from tests.referee_grid import compare

    compare(
        "count_nonzero",
        reduced(),
        ({}, {"dim": 0}, {"dim": (0, 1)}, {"dim": (0, 0)}, {"dim": 5}),
        dtypes=EVERY,
        grads=(),
    )


@pytest.mark.referee
def test_the_larger_of_two():
    from tests.referee_grid import ANY, compare, elementwise

    compare(
        "max",
        elementwise(ANY, ANY),
        dtypes=("float64", "float32", "int64"),
        messages=False,
        forms=("function", "method"),
    )
    compare(
        "min",
        elementwise(ANY, ANY),
        dtypes=("float64", "float32", "int64"),
        messages=False,
        forms=("function", "method"),
    )


@pytest.mark.referee
@over("call", [
    "x.amax()", "x.max()", "x.argmax()", "x.aminmax()", "y.amax(1)", "y.amax((0, 1))", "y.max(1)", "y.argmax(1)",
    "y.aminmax(dim=1)", "y.max()", "z.mean()", "z.nanmean()", "b.argmax()", "c.amax()", "c.max()", "c.max(0)",
    "c.argmax()", "c.aminmax()", "c.nansum()", "m.sum((0, 0))", "m.sum(2)", "m.amax((0, 0))", "m.prod((0, 1))",
    "m.max(5)", "m.logsumexp(3)", "m.all(5)", "m.any((0, 0))", "m.count_nonzero(3)", "lib.sum(3)", "lib.sum(m, dim=7)",
    "m.argmin(4)",
])  # fmt: skip
def test_refusals(call):
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    answers = [outcome(lambda lib=lib: eval(call, {"lib": lib, **operands(lib)})) for lib in (mt, torch)]
    assert answers[1][0] == "error"
    assert_same_outcome(*answers, call)


def operands(lib):
    return {
        "x": lib.zeros(0), "y": lib.zeros(2, 0), "z": lib.arange(3), "b": lib.tensor([True, False]),
        "c": lib.tensor([1 + 2j, 3 - 1j]), "m": lib.arange(6.0).reshape(2, 3),
    }  # fmt: skip


# ---- pinned: what PyTorch says at the corners ----------------------------------------------------------------------
def slope(function, values, order=1):
    """The gradient of the sum of function(x) (of the squared first gradient, for order 2)."""
    x = mt.tensor(values, dtype=mt.float64, requires_grad=True)
    out = function(x)
    (g,) = mt.autograd.grad(out.sum(), [x], create_graph=order == 2)
    if order == 2:
        (g,) = mt.autograd.grad((g * g).sum(), [x])
    return g.tolist()


def same(one, other):
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@over(("function", "values", "wanted"), [
    (lambda x: x.max(), [3.0, 1.0, 3.0, 3.0], [1 / 3, 0, 1 / 3, 1 / 3]),
    (lambda x: x.amax(), [3.0, 1.0, 3.0], [0.5, 0, 0.5]),
    (lambda x: x.max(0)[0], [3.0, 1.0, 3.0], [1, 0, 0]),
    (lambda x: x.min(0).values, [3.0, 1.0, 1.0], [0, 1, 0]),
    (lambda x: x.max(), [1.0, NAN, 3.0], [0, 1, 0]),
    (lambda x: x.amax(), [1.0, NAN, 3.0], [NAN, NAN, NAN]),
    (lambda x: x.aminmax()[1], [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
    (lambda x: x.prod(), [0.0, 2.0], [2, 0]),
    (lambda x: x.prod(), [0.0, 2.0, 3.0], [6, 0, 0]),
    (lambda x: x.prod(), [0.0, 2.0, 0.0], [0, 0, 0]),
    (lambda x: x.logsumexp(0), [-INF, -INF], [NAN, NAN]),
    (lambda x: x.logsumexp(0), [-INF, 1.0], [0, 1]),
    (lambda x: x.logsumexp(0), [INF, 1.0], [NAN, 0]),
    (lambda x: x.nansum(), [2.0, NAN], [1, 0]),
    (lambda x: x.nanmean(), [2.0, NAN, 4.0], [0.5, 0, 0.5]),
    (lambda x: x.mean(), [2.0, 4.0], [0.5, 0.5]),
])  # fmt: skip
def test_gradients_at_corners(function, values, wanted):
    same(slope(function, values), wanted)


def test_second_derivatives_at_corners():
    same(slope(lambda x: x.prod(), [0.0, 2.0, 3.0], 2), [0, 36, 24])
    same(slope(lambda x: x.prod(), [0.0, 2.0, 0.0], 2), [0, 0, 0])
    same(slope(lambda x: x.logsumexp(0), [-INF, 1.0], 2), [0, 0])


@over(("call", "wanted"), [
    (lambda: mt.zeros(0).sum(), 0.0), (lambda: mt.zeros(0).mean(), NAN), (lambda: mt.zeros(0).prod(), 1.0),
    (lambda: mt.zeros(0).logsumexp(0), -INF), (lambda: mt.zeros(2, 0).logsumexp(1), [-INF, -INF]),
    (lambda: mt.tensor([-INF, -INF]).logsumexp(0), -INF), (lambda: mt.tensor([INF, 1.0]).logsumexp(0), INF),
    (lambda: mt.tensor([1e4, 1e4], dtype=mt.float64).logsumexp(0), 10000.693147180560),
    (lambda: mt.zeros(0).all(), True), (lambda: mt.zeros(0).any(), False), (lambda: mt.tensor([1.0, NAN]).max(), NAN),
    (lambda: mt.tensor([1.0, NAN]).argmax(), 1), (lambda: mt.tensor(3.0).argmax(0), 0),
    (lambda: mt.tensor(3.0).max(0).indices, 0), (lambda: mt.arange(6.).reshape(2, 3).argmax(), 5),
    (lambda: mt.ones(2, 3).any(()), [[True] * 3] * 2), (lambda: mt.tensor([2, 3], dtype=mt.uint8).any(), 1),
    (lambda: mt.zeros(3, 0).max(1, keepdim=True) if False else mt.zeros(0, 3).max(1).values, []),
])  # fmt: skip
def test_values_at_corners(call, wanted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = call()
    same(found.numpy(), np.asarray(wanted, dtype=found.numpy().dtype))


def test_integers_add_up_in_int64_and_halves_in_float32():
    assert mt.full((300,), 100, dtype=mt.int8).sum().item() == 30000
    assert mt.full((300,), 100, dtype=mt.int8).sum().dtype is mt.int64
    assert mt.ones(2, dtype=mt.bool).sum().dtype is mt.int64
    assert mt.ones(4096, dtype=mt.float16).sum().item() == 4096
    assert mt.ones(4096, dtype=mt.float16).mean().item() == 1


def test_the_first_of_equal_ones_is_named():
    found = mt.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]).max(1)
    assert found.indices.tolist() == [1, 0]
    assert found.values.tolist() == [3, 2]
    assert mt.tensor([[1.0, 3.0, 3.0]]).max(dim=1, keepdim=True).indices.tolist() == [[1]]


def test_named_results_look_like_pytorchs():
    assert repr(mt.tensor([1.0, 3.0]).max(0)) == "torch.return_types.max(\nvalues=tensor(3.),\nindices=tensor(1))"
    assert repr(mt.tensor([1.0, 3.0]).aminmax()) == "torch.return_types.aminmax(\nmin=tensor(1.),\nmax=tensor(3.))"
    values, indices = mt.tensor([1.0, 3.0]).min(0)
    assert (values.item(), indices.item()) == (1, 0)


def test_out_is_filled_and_returned():
    values, indices = mt.zeros(2), mt.zeros(2, dtype=mt.int64)
    found = mt.max(mt.arange(6.0).reshape(2, 3), 1, out=(values, indices))
    assert found.values is values and found.indices is indices
    assert (values.tolist(), indices.tolist()) == ([2, 5], [2, 2])
    total = mt.empty(2, dtype=mt.float64)
    assert mt.sum(mt.ones(2, 3), 1, out=total) is total
    assert total.tolist() == [3, 3]


def test_numpys_spellings():
    x = mt.arange(6.0).reshape(2, 3)
    assert x.sum(axis=1, keepdims=True).tolist() == [[3], [12]]
    assert x.max(axis=0).values.tolist() == [3, 4, 5]
    assert mt.max(x, other=x.flip(0)).tolist() == [[3, 4, 5], [3, 4, 5]]


def test_a_sum_keeps_nothing_and_may_be_pulled_twice():
    x = mt.ones(3, requires_grad=True)
    total = x.sum()
    total.backward()
    total.backward()
    assert x.grad.tolist() == [2, 2, 2]
