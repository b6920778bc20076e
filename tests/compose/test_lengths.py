"""Norms, distances and renormalised slices: PyTorch's answers for every order p, and 0 where it has no derivative."""

import numpy as np
import pytest

import minitorch as mt

INF = float("inf")
ORDERS = (2, 1, 0, INF, -INF, 3, 0.5, 1.5, -1, 2.5)
over = pytest.mark.parametrize


def reduced(shapes=((2, 3, 4), (), (3,), (4, 1, 2)), layouts=True):
    """Cases of one operand: shapes, then memory orders."""

    def make_inputs(numbers):
        found = [(numbers(shape),) for shape in shapes]
        if layouts:
            cube = numbers((4, 3, 2))
            found += [(cube.transpose(2, 0, 1),), (cube[::2, ::-1],), (np.broadcast_to(numbers((1, 3)), (4, 3)),)]
        return found

    return make_inputs


@pytest.mark.referee
@over("p", ORDERS)
def test_norms_of_every_order(p):
    from tests.referee_grid import compare

    options = ({"p": p}, {"p": p, "dim": 0}, {"p": p, "dim": (0, -1), "keepdim": True}, {"p": p, "dim": -1})
    layouts = p not in (INF, -INF)  # ties of repeated rows: PyTorch's second derivative lacks the shared part
    compare(
        "norm",
        reduced(layouts=layouts),
        options,
        dtypes=("float64", "float32", "float16", "bfloat16"),
        messages=False,
        tolerances={"float16": (4e-3, 4e-3), "bfloat16": (3e-2, 3e-2), "float32": (1e-5, 1e-5)},
    )
    compare("norm", reduced(((2, 3), (4,)), layouts=False), options[:2], dtypes=("complex128", "complex64"),
            grads=("complex128",), second=p in (2, 1, 3), forms=("function",))  # fmt: skip


@pytest.mark.referee
@over("p", ORDERS)
def test_norms_of_nothing(p):
    from tests.referee_grid import compare

    compare(
        "norm",
        reduced(((0,), (2, 0), (0, 2)), layouts=False),
        ({"p": p}, {"p": p, "dim": 0}, {"p": p, "dim": 1}),
        grads=(),
    )


@pytest.mark.referee
def test_how_a_norm_may_be_asked_for():
    from tests.referee_grid import compare

    options = (
        {},
        {"p": "fro"},
        {"p": None},
        {"p": "fro", "dim": 1},
        {"p": "fro", "dim": (0, 1), "keepdim": True},
        {"dim": 5},
        {"dim": (0, 0)},
        {"p": "x"},
        {"dim": ()},
    )
    compare(
        "norm",
        reduced(((2, 3), (4, 3))),
        options,
        dtypes=("float64", "int64", "bool", "complex64"),
        grads=("float64",),
        messages=False,
    )
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    for source in ("float32", "float64", "complex64"):
        for dtype in ("float32", "float64", "complex64", "complex128", "int64"):
            array = np.array([1.0, -2.0]).astype(source)
            found = [
                outcome(lambda lib=lib, x=array, d=dtype: lib.norm(lib.from_numpy(x), dtype=getattr(lib, d)))
                for lib in (mt, torch)
            ]
            assert_same_outcome(*found, f"{source} -> {dtype}")


@pytest.mark.referee
@over("p", [2, 1, 3, 0, INF, -INF, 0.5])
def test_distances(p):
    from tests.referee_grid import compare

    compare(
        "dist",
        lambda numbers: [
            (numbers((2, 3)), numbers((2, 3)), p),
            (numbers((2, 3)), numbers((3,)), p),
            (numbers(()), numbers(()), p),
        ],
        dtypes=("float64", "float32", "int64"),
        second=p not in (INF, -INF),
        messages=False,
        forms=("function", "method"),
        grads=() if p == 0 else ("float64", "float32"),
    )


@pytest.mark.referee
@over("p", [2, 1, 3, 0.5, INF, 0, -1])
def test_renormalised_slices(p):
    from tests.referee_grid import compare

    compare(
        "renorm",
        lambda numbers: [
            (numbers((3, 4)), p, 0, 1.5),
            (numbers((2, 3, 2)), p, -2, 1.0),
            (numbers((3, 4)), p, 1, 100.0),
            (numbers((3,)), p, 0, 1.0),
            (numbers((3, 2)), p, 4, 1.0),
            (numbers((3, 2)), p, 0, -1.0),
        ],
        dtypes=("float64", "float32", "int64"),
        second=p in (2, 3),
        messages=False,
    )


# ---- pinned --------------------------------------------------------------------------------------------------------
@over("p", ORDERS)
def test_where_it_has_no_derivative_a_norm_is_given_zero(p):
    x = mt.zeros(3, dtype=mt.float64, requires_grad=True)
    out = x.norm(p)
    assert out.item() == 0
    if out.requires_grad:
        (g,) = mt.autograd.grad(out, [x], create_graph=True)
        assert g.tolist() == [0, 0, 0]
        if g.requires_grad:
            assert mt.autograd.grad((g * g).sum(), [x])[0].tolist() == [0, 0, 0]


@over("p", [0.5, 1.5, 2.5, 3, -1])
def test_an_element_that_is_zero_gets_none(p):
    x = mt.tensor([0.0, 2.0, -2.0], dtype=mt.float64, requires_grad=True)
    x.norm(p).backward()
    assert x.grad.tolist()[0] == 0
    assert np.isfinite(x.grad.numpy()).all()


def test_the_distance_of_equal_tensors():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    x.dist(mt.tensor([1.0, 2.0])).backward()
    assert x.grad.tolist() == [0, 0]


def test_half_precision_is_squared_in_float32():
    assert mt.full((4096,), 10.0, dtype=mt.float16).norm().item() == 640
    x = mt.full((4,), 300.0, dtype=mt.float16, requires_grad=True)
    out = x.norm()
    assert out.item() == 600
    out.backward()
    assert x.grad.tolist() == [0.5] * 4


def test_a_slice_of_length_zero_stays():
    x = mt.tensor([[3.0, 4.0], [0.0, 0.0], [0.1, 0.1]], requires_grad=True)
    out = x.renorm(2, 0, 1.0)
    np.testing.assert_allclose(out.detach().numpy(), [[0.6, 0.8], [0, 0], [0.1, 0.1]], rtol=1e-6)
    out.sum().backward()
    assert x.grad.tolist()[1:] == [[1, 1], [1, 1]]
