"""Running sums, products and extremes, differences and integrals: against PyTorch and at their corners."""

import numpy as np
import pytest

import minitorch as mt

INF, NAN = float("inf"), float("nan")
over = pytest.mark.parametrize


def lines(shapes=((2, 3, 4), (), (5,), (0, 2), (2, 0, 3), (1,)), layouts=True):
    """Cases of one operand: shapes, then memory orders."""

    def make_inputs(numbers):
        found = [(numbers(shape),) for shape in shapes]
        if layouts:
            cube = numbers((4, 3, 2))
            found += [(cube.transpose(2, 0, 1),), (cube[::2, ::-1],), (np.broadcast_to(numbers((1, 3)), (4, 3)),)]
        return found

    return make_inputs


DIMS = ({"dim": 0}, {"dim": -1}, {"dim": 7})
FLOATS = ("float64", "float32", "float16", "bfloat16")
WHOLE = ("int64", "int32", "int8", "uint8", "bool")


@pytest.mark.referee
@over("name", "cumsum cumprod".split())
def test_running_sums_and_products(name):
    from tests.referee_grid import compare

    compare(name, lines(), DIMS, dtypes=(*FLOATS, *WHOLE[:-1], "complex128", "complex64"), grads=("float64", "float32"))
    compare(name, lines(), DIMS, dtypes=("bool",), grads=(), forms=("function", "method"))
    compare(name, lines(((2, 3), (4,))), DIMS[:2], dtypes=("complex128",), grads=("complex128",), forms=("function",))


@pytest.mark.referee
@over("values", [[2.0, 0, 3, 0, 5], [0.0, 1, 2], [0.0, 0, 0], [1.5, -2, 0.5, 3]])
@over("name", "cumprod prod".split())
def test_products_with_zeros(name, values):
    """PyTorch's first derivative, and its second, which is right too."""
    from tests.referee_grid import compare

    compare(name, lambda numbers: [(np.array(values),), (np.array([values, values[::-1]]),)], ({"dim": 0}, {"dim": -1}),
            dtypes=("float64",), forms=("function",))  # fmt: skip


@pytest.mark.referee
def test_logcumsumexp():
    from tests.referee_grid import compare

    compare("logcumsumexp", lines(), DIMS, dtypes=(*FLOATS, *WHOLE), tolerances={"float16": (2e-3, 2e-3)})
    compare("logcumsumexp", lines(((2, 3), (4,))), DIMS[:2], dtypes=("complex128", "complex64"), grads=("complex128",))


@pytest.mark.referee
@over(
    "values",
    [[-INF, -INF, 1.0], [1.0, -INF, 1.0], [INF, 1.0], [NAN, 1.0], [1.0, NAN, 2.0], [-INF], [700.0, 710.0, -700.0]],
)
def test_logcumsumexp_at_corners(values):
    from tests.referee_grid import compare

    compare(
        "logcumsumexp",
        lambda numbers: [(np.array(values),)],
        ({"dim": 0},),
        dtypes=("float64", "float32"),
        second=False,
        grads=("float64",),
        forms=("function",),
    )


@pytest.mark.referee
@over("name", "cummax cummin".split())
def test_running_extremes(name):
    from tests.referee_grid import compare

    compare(name, lines(), DIMS[:2], dtypes=(*FLOATS, *WHOLE, "complex64"), grads=("float64", "float32"), second=False)
    compare(name, lines(((), (2, 3))), DIMS[2:], grads=())
    ties = np.array([[1.0, 1, 3, 3, 2, 3], [2.0, NAN, 1, 2, NAN, 5], [NAN] * 6, [0.0, -1, -1, 4, INF, -INF]])
    compare(name, lambda numbers: [(ties,)], DIMS[:2], dtypes=("float64", "float32"), second=False)


@pytest.mark.referee
def test_differences():
    from tests.referee_grid import compare

    options = ({}, {"dim": 0}, {"n": 0}, {"n": 2}, {"n": 3}, {"n": 9}, {"n": -1}, {"dim": 5})
    compare("diff", lines(), options, dtypes=(*FLOATS, *WHOLE, "complex64"), grads=("float64", "float32"))
    compare(
        "diff",
        lambda numbers: [
            (numbers((2, 3)), 1, -1, numbers((2, 1)), numbers((2, 2))),
            (numbers((3,)), 2, 0, numbers((1,))),
            (numbers((2, 3)), 1, 0, numbers((1, 2))),
            (numbers((2, 3)), 1, 0, numbers((3,))),
        ],
        dtypes=("float64", "int64"),
    )


@pytest.mark.referee
@over("name", "trapezoid trapz cumulative_trapezoid".split())
def test_integrals(name):
    from tests.referee_grid import compare

    options = ({}, {"dim": 0}, {"dx": 2}, {"dx": 0.5, "dim": 1}, {"dim": 9})
    if name == "trapz":
        options = options[1:2]
    compare(name, lines(((2, 3, 4), (5,), (2, 1), (1, 2))), options, dtypes=("float64", "float32", "int64"))
    compare(
        name,
        lambda numbers: [
            (numbers((2, 4)), numbers((4,))),
            (numbers((2, 4)), numbers((2, 4))),
            (numbers((3,)), numbers((3,))),
            (numbers((2, 3, 4)), numbers((3, 4))),
            (numbers((2, 4)), numbers((3,))),
            (numbers((2, 4)), numbers((1, 4))),
        ],
        ({}, {"dim": -1}),
        dtypes=("float64", "float32"),
    )
    compare(
        name,
        lambda numbers: [(numbers((4, 2)), numbers((4,))), (numbers((4, 2)), numbers((4, 2)))],
        ({"dim": 0},),
        dtypes=("float64",),
    )


@pytest.mark.referee
def test_numeric_gradients():
    from tests.referee_grid import compare

    options = (
        {},
        {"dim": 0},
        {"dim": (0, 1)},
        {"spacing": 2.0},
        {"spacing": [0.5, 3.0]},
        {"edge_order": 2},
        {"edge_order": 3},
        {"dim": (0, 0)},
        {"spacing": [1.0, 2.0, 3.0]},
    )
    compare(
        "gradient",
        lambda numbers: [(numbers((3, 4)),), (numbers((4, 3)).T,), (numbers((2, 2)),), (numbers((1, 3)),)],
        options,
        dtypes=("float64", "float32", "complex64"),
        messages=False,
        forms=("function",),
    )
    import torch

    for order in (1, 2):
        points, samples = np.array([0.0, 1.0, 1.5, 4.0]), np.random.default_rng(0).uniform(-1, 1, (4, 3))
        found = [
            lib.gradient(lib.from_numpy(samples), spacing=(lib.from_numpy(points),), dim=0, edge_order=order)[0].numpy()
            for lib in (mt, torch)
        ]
        np.testing.assert_allclose(*found, rtol=1e-12)


@pytest.mark.referee
@over("call", [
    "m.cumsum(2)", "m.cumprod(-3)", "m.cummax(2)", "c.cummax(0)", "z.logcumsumexp(0)", "b.logcumsumexp(0)",
    "lib.diff(s)", "lib.trapezoid(s)", "lib.trapezoid(b)", "lib.trapezoid(m, lib.ones(2))",
])  # fmt: skip
def test_refusals(call):
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    answers = [outcome(lambda lib=lib: eval(call, {"lib": lib, **operands(lib)})) for lib in (mt, torch)]
    assert answers[1][0] == "error"
    assert_same_outcome(*answers, call)


def operands(lib):
    return {"z": lib.arange(3), "s": lib.tensor(3.0), "b": lib.tensor([True, False]), "c": lib.tensor([1 + 2j, 3 - 1j]),
            "m": lib.arange(6.0).reshape(2, 3)}  # fmt: skip


# ---- pinned --------------------------------------------------------------------------------------------------------
def test_a_running_product_with_zeros_has_the_right_derivatives():
    x = mt.tensor([2.0, 0.0, 3.0, 0.0, 5.0], dtype=mt.float64, requires_grad=True)
    (g,) = mt.autograd.grad(x.cumprod(0).sum(), [x], create_graph=True)
    assert g.tolist() == [1, 8, 0, 0, 0]
    (h,) = mt.autograd.grad((g * g).sum(), [x])
    assert h.tolist() == [64, 8, 32, 576, 0]  # as PyTorch


def test_ties_go_to_the_last_and_nan_stays():
    found = mt.tensor([1.0, 1.0, 3.0, 3.0, 2.0]).cummax(0)
    assert found.indices.tolist() == [0, 1, 2, 3, 3]
    assert mt.tensor([1.0, NAN, 3.0]).cummin(0).indices.tolist() == [0, 1, 1]
    assert repr(mt.tensor([1.0]).cummin(0)) == "torch.return_types.cummin(\nvalues=tensor([1.]),\nindices=tensor([0]))"


def test_long_runs_keep_their_precision():
    assert mt.ones(4096, dtype=mt.float16).cumsum(0)[-1].item() == 4096
    tenth = mt.full((100_000,), 0.1).cumsum(0)[-1].item()
    assert abs(tenth - 10_000) < 0.01  # a float32 accumulator is 3 off by now
    assert mt.full((200,), 100, dtype=mt.int8).cumsum(0)[-1].item() == 20_000


def test_in_place_twins_refuse_another_dtype():
    x = mt.arange(3, dtype=mt.int32)
    x.cumsum_(0)
    assert (x.tolist(), x.dtype) == ([0, 1, 3], mt.int32)
    y = mt.tensor([1.0, 2.0, 3.0], requires_grad=True).clone()
    y.cumprod_(0)
    assert y.tolist() == [1, 2, 6]


def test_a_second_backward_through_a_running_sum():
    x = mt.ones(3, requires_grad=True)
    total = x.cumsum(0)
    total.sum().backward()
    total.sum().backward()
    assert x.grad.tolist() == [6, 4, 2]
