"""Variance, medians, modes, quantiles and covariance against PyTorch, and pinned at their corners."""

import warnings

import numpy as np
import pytest

import minitorch as mt

INF, NAN = float("inf"), float("nan")
over = pytest.mark.parametrize
HALVES = {"float16": (2e-3, 2e-3), "bfloat16": (2e-2, 2e-2)}


def reduced(shapes=((2, 3, 4), (3,), (4, 1, 2)), layouts=True):
    """Cases of one operand: shapes, then memory orders."""

    def make_inputs(numbers):
        found = [(numbers(shape),) for shape in shapes]
        if layouts:
            cube = numbers((4, 3, 2))
            found += [(cube.transpose(2, 0, 1),), (cube[::2, ::-1],)]
        return found

    return make_inputs


@pytest.mark.referee
@over("name", "var std var_mean std_mean".split())
def test_spread(name):
    from tests.referee_grid import compare

    options = (
        {}, {"dim": 0}, {"dim": (0, -1), "keepdim": True}, {"dim": 0, "unbiased": False}, {"unbiased": False},
        {"dim": 0, "correction": 0.5}, {"correction": 0}, {"dim": None, "keepdim": True}, {"dim": 0, "correction": 7},
    )  # fmt: skip
    compare(name, reduced(), ({"dim": ()},), grads=(), tolerances=HALVES)  # PyTorch's gradient is inf
    compare(
        name,
        reduced(),
        options,
        dtypes=("float64", "float32", "float16", "bfloat16", "int64", "bool"),
        tolerances=HALVES,
    )
    compare(name, reduced(((0, 3), (2, 0), (1,), ())), ({}, {"dim": 0}), dtypes=("float64", "float32"), second=False)
    compare(name, reduced(((2, 3), (4,)), layouts=False), ({}, {"dim": 0}), dtypes=("complex128", "complex64"),
            grads=("complex128",))  # fmt: skip


@pytest.mark.referee
@over("name", "median nanmedian".split())
def test_medians(name):
    from tests.referee_grid import compare

    compare(name, reduced(), ({}, {"dim": 0}, {"dim": -1, "keepdim": True}),
            grads=("float64", "float32"), second=False)  # fmt: skip
    compare(
        name,
        reduced(((), (0,), (2, 0), (0, 2))),
        ({}, {"dim": 0}, {"dim": -1}),
        dtypes=("float64", "float32"),
        grads=(),
    )
    compare(name, reduced(((5, 3),)), ({},), dtypes=("int64", "uint8", "bool", "float16", "bfloat16"), grads=())


@pytest.mark.referee
@over("name", "median nanmedian kthvalue mode".split())
def test_positions_lead_to_the_values(name):
    """Which of equal ones is named is nobody's promise; that it is one of them is."""
    import torch

    random = np.random.default_rng(0)
    extra = (2,) if name == "kthvalue" else ()
    for shape, dim in (((4, 5), 1), ((6, 3), 0), ((2, 3, 7), -1), ((2, 5, 3), 1)):
        for array in (random.integers(0, 3, shape).astype("float32"), random.integers(0, 3, shape)):
            if array.dtype == "float32" and name != "mode":
                array[random.random(shape) < 0.15] = NAN
            ours, theirs = getattr(mt, name)(mt.from_numpy(array), *extra, dim=dim), getattr(torch, name)(
                torch.from_numpy(array), *extra, dim=dim)  # fmt: skip
            np.testing.assert_array_equal(ours.values.numpy(), theirs.values.numpy())
            taken = np.take_along_axis(array, np.expand_dims(ours.indices.numpy(), dim), dim).squeeze(dim)
            np.testing.assert_array_equal(taken, ours.values.numpy())
            if name == "mode":
                np.testing.assert_array_equal(ours.indices.numpy(), theirs.indices.numpy())


@pytest.mark.referee
def test_mode():
    from tests.referee_grid import compare

    compare("mode", reduced(), ({}, {"dim": 0}, {"keepdim": True}),
            dtypes=("float64", "float32", "float16", "bfloat16", "int64", "bool"), second=False)  # fmt: skip


@pytest.mark.referee
@over("name", "quantile nanquantile".split())
@over("interpolation", "linear lower higher midpoint nearest".split())
def test_quantiles(name, interpolation):
    from tests.referee_grid import compare

    how = {"interpolation": interpolation}
    compare(
        name,
        lambda numbers: [(*case, 0.3) for case in reduced()(numbers)],
        (how, how | {"dim": 0}, how | {"dim": -1, "keepdim": True}, how | {"keepdim": True}),
        dtypes=("float64", "float32", "int64"),
        forms=("function", "method"),
        second=False,
    )
    compare(name, lambda numbers: [(*case, np.array([0.1, 0.5, 1.0])) for case in reduced()(numbers)] + [
        (numbers((2, 3)), np.array(0.75)), (numbers((3,)), np.array([])), (numbers(()), np.array([0.5, 0.25]))],
            (how, how | {"dim": 0}, how | {"dim": -1, "keepdim": True}), dtypes=("float64", "float32"),
            forms=("function", "method"), second=False)  # fmt: skip


@pytest.mark.referee
@over("name", "quantile nanquantile".split())
@over("q", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_quantiles_of_nan(name, q):
    import torch

    rows = [[1.0, NAN, 2.0, 5.0], [NAN] * 4, [3.0, 1.0, 2.0, 0.0], [INF, -INF, 1.0, NAN]]
    ours = getattr(mt, name)(mt.tensor(rows), q, 1)
    theirs = getattr(torch, name)(torch.tensor(rows), q, 1)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


@pytest.mark.referee
def test_covariance():
    from tests.referee_grid import POSITIVE, compare

    compare(
        "cov",
        reduced(((2, 5), (4,), (3, 2), (2, 1), (1, 3), ()), layouts=False),
        ({}, {"correction": 0}, {"correction": 2}),
        dtypes=("float64", "float32", "int64", "bool"),
        forms=("function", "method"),
    )
    compare(
        "cov",
        reduced(((2, 5), (4,)), layouts=False),
        dtypes=("complex128",),
        grads=("complex128",),
        forms=("function",),
    )
    compare("corrcoef", reduced(((2, 5), (4,), (3, 4), ()), layouts=False), dtypes=("float64", "float32", "int64"),
            forms=("function", "method"))  # fmt: skip
    compare(
        "corrcoef",
        reduced(((2, 5),), layouts=False),
        dtypes=("complex128",),
        grads=("complex128",),
        forms=("function",),
    )
    import torch

    numbers = np.random.default_rng(0).uniform(-1, 1, (3, 4))
    weights = np.array([1, 3, 2, 1])
    importance = np.array([0.5, 2.0, 1.0, 0.25])
    assert POSITIVE
    for correction in (0, 1):
        for f, a in ((weights, None), (None, importance), (weights, importance)):
            found = []
            for lib in (mt, torch):
                x = lib.from_numpy(numbers.copy()).requires_grad_()
                w = None if a is None else lib.from_numpy(a.copy()).requires_grad_()
                out = lib.cov(x, correction=correction, fweights=None if f is None else lib.from_numpy(f), aweights=w)
                (out * out).sum().backward()
                found.append([out.detach().numpy(), x.grad.numpy(), 0 if w is None else w.grad.numpy()])
            for one, other in zip(*found, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.referee
@over("call", [
    "lib.std(z)", "lib.var(z)", "lib.median(e, 1)", "b.median()", "c.median()", "c.median(0)", "lib.zeros(0).mode()",
    "c.mode()", "lib.zeros(0).quantile(0.5)", "z.quantile(0.5)", "m.half().quantile(0.5)", "c.quantile(0.5)",
    "m.quantile(1.5)", "m.quantile(lib.tensor([1.5]))", "m.quantile(lib.tensor([[0.5]]))",
    "m.quantile(lib.tensor([0.5], dtype=lib.float64))", "m.quantile(0.5, 7)", "m.quantile(0.3, interpolation='x')",
    "m.median(4)", "m.mode(4)", "m.nanmedian(4)", "lib.cov(b)", "lib.cov(m.reshape(1, 2, 3))",
    "lib.cov(m, fweights=lib.tensor([1, 2]))", "lib.cov(m, fweights=lib.ones(3))",
    "lib.cov(m, fweights=lib.tensor([1, -2, 1]))", "lib.cov(m, aweights=lib.tensor([1.0, -2, 1]))",
    "lib.cov(m, aweights=lib.tensor([1, 2, 1]))", "lib.cov(m, aweights=lib.ones(2))", "lib.cov(m, fweights=m.long())",
    "lib.cov(m, fweights=lib.tensor([0, 0, 0]))", "lib.corrcoef(m.reshape(1, 2, 3))", "m.std((0, 0))", "m.var(7)",
])  # fmt: skip
def test_refusals(call):
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    answers = [outcome(lambda lib=lib: eval(call, {"lib": lib, **operands(lib)})) for lib in (mt, torch)]
    assert answers[1][0] == "error"
    assert_same_outcome(*answers, call)


def operands(lib):
    return {"z": lib.arange(3), "e": lib.zeros(2, 0), "b": lib.tensor([True, False]), "c": lib.tensor([1 + 2j, 3 - 1j]),
            "m": lib.arange(6.0).reshape(2, 3)}  # fmt: skip


# ---- pinned --------------------------------------------------------------------------------------------------------
def slope(function, values):
    x = mt.tensor(values, dtype=mt.float64, requires_grad=True)
    function(x).sum().backward()
    return x.grad.tolist()


@over(("function", "values", "wanted"), [
    (lambda x: x.std(), [2.0, 2.0, 2.0], [0, 0, 0]),
    (lambda x: x.var(), [2.0, 2.0, 2.0], [0, 0, 0]),
    (lambda x: x.var(unbiased=False), [1.0, 3.0], [-1, 1]),
    (lambda x: x.median(), [3.0, 1.0, 3.0, 3.0], [1 / 3, 0, 1 / 3, 1 / 3]),
    (lambda x: x.median(), [4.0, 1.0, 3.0, 2.0], [0, 0, 0, 1]),
    (lambda x: x.median(), [1.0, 3.0, NAN], [0, 0, 1]),
    (lambda x: x.nanmedian(), [1.0, 3.0, NAN], [1, 0, 0]),
    (lambda x: x.nanmedian(), [NAN, NAN], [0.5, 0.5]),
    (lambda x: x.mode(0).values, [3.0, 1.0, 3.0, 1.0, 2.0], [0, 0, 0, 1, 0]),
    (lambda x: x.quantile(0.25), [2.0, 5.0, 1.0], [0.5, 0, 0.5]),
    (lambda x: x.quantile(0.5), [2.0, NAN, 1.0], [0, 1, 0]),
    (lambda x: x.nanquantile(0.5), [2.0, NAN, 1.0], [0.5, 0, 0.5]),
])  # fmt: skip
def test_gradients_at_corners(function, values, wanted):
    np.testing.assert_allclose(slope(function, values), wanted, rtol=1e-14)


def test_second_derivative_of_a_deviation_of_nothing():
    x = mt.tensor([2.0, 2.0, 2.0], dtype=mt.float64, requires_grad=True)
    (g,) = mt.autograd.grad(x.std(), [x], create_graph=True)
    (g,) = mt.autograd.grad((g * g).sum(), [x])
    assert g.tolist() == [0, 0, 0]


def test_medians_at_corners():
    assert mt.tensor([4.0, 1, 3, 2]).median().item() == 2
    assert np.isnan(mt.zeros(0).median().item())
    found = mt.tensor([[NAN, NAN], [1.0, 2.0]]).nanmedian(1)
    assert found.indices.tolist() == [0, 0]
    assert np.isnan(found.values.tolist()[0])
    assert mt.tensor([1.0, NAN, NAN]).median(0).indices.item() == 1
    assert mt.tensor([[1, 2, 2], [3, 3, 1]]).mode().indices.tolist() == [2, 1]


def test_too_few_for_a_correction_warns_and_is_nan():
    with pytest.warns(
        UserWarning, match=r"std\(\): degrees of freedom is <= 0. Correction should be strictly less"
    ) as seen:
        assert np.isnan(mt.tensor([2.0]).std().item())
    assert seen[0].filename == __file__
    with pytest.warns(UserWarning, match=r"var_mean\(\): degrees"):
        mt.var_mean(mt.tensor([2.0]))
    with pytest.warns(UserWarning, match="degrees"):
        assert mt.tensor([2.0, 3.0]).var(correction=2.5).item() == INF
    with pytest.warns(UserWarning, match=r"cov\(\): degrees of freedom is <= 0"):
        assert mt.cov(mt.tensor(3.0)).isnan().item()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mt.zeros(2, 0).std(0).tolist() == []


def test_half_precision_is_spread_in_float32():
    x = mt.full((4096,), 8.0, dtype=mt.float16)
    x[::2] = 9.0
    assert x.var(correction=0).item() == 0.25
    assert x.std(correction=0).dtype is mt.float16
