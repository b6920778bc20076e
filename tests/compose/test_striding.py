"""Windows on memory: what they refuse, what a write through them leaves, and their gradients to the second order."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.backward import jvp

CALLS = (
    "x.as_strided((2,), (7,))", "x.as_strided((2,), (1,), -1)", "x.as_strided((2,), (-1,))", "x.as_strided((-2,), (1,))",
    "x.as_strided((2,), (1, 2))", "x.as_strided((2, 0), (100, 2))", "x.as_strided((), (), 5)", "x.as_strided((), (), 6)",
    "lib.as_strided(x, (2,), (1,), 1)", "lib.as_strided(x, size=(2, 2), stride=[1, 3])", "x.as_strided(2, 1)",
    "lib.as_strided_copy(x, (2,), (1,), 1)", "lib.as_strided_scatter(x, lib.ones(3), (2,), (1,), 1)",
    "x.as_strided_scatter(lib.ones(2, dtype=lib.float64), (2,), (1,), 1)", "x.as_strided_scatter(lib.ones(2), (2,), (0,), 1)",
    "x.as_strided_scatter(lib.ones(2), (2,), (1,), 9)", "x[2:4].as_strided_scatter(lib.ones(2), (2,), (1,)).clone()",
    "x.as_strided((2, 2), (3, 1), 1).mul_(3)", "x.as_strided((2, 3), (3, 2)).mul_(3)", "x[2:4].as_strided((3,), (1,))",
    "x[2:4].as_strided((3,), (1,), 0)", "x[2:4].detach().as_strided((3,), (1,), 0)", "x[1::2].data.as_strided((5,), (1,))",
    "x[1::2].detach().detach().as_strided((5,), (1,))", "(x.view(2, 3).t() * 2).as_strided((3, 2), (2, 1))",
    "x.view(2, 3).t().as_strided_((2, 2), (2, 1), 1)", "x.as_strided_((2,), (9,))", "lib.zeros(0).set_(x)",
    "lib.zeros(0).set_(x, 2, (2,), (1,))", "lib.zeros(0).set_(x[1:], 1, (2, 2))", "lib.zeros(2).set_()",
    "lib.zeros(0).set_(lib.zeros(3, dtype=lib.int64))", "leaf.set_(x)", "lib.zeros(0).set_(x[::2], 0, (2,))",
    "lib.zeros(0).set_(x[2:]).as_strided((2,), (1,), 0)", "lib.zeros(0).set_(3.0)",
    "lib.empty_strided((2,), (3,)).fill_(1).as_strided((2,), (3,))",
)  # fmt: skip


def answer(lib, call):
    given = {"lib": lib, "x": lib.arange(6.0), "leaf": lib.ones(2, requires_grad=True)}
    try:
        found = eval(call, given)
    except (RuntimeError, TypeError) as error:
        return error
    return found.tolist(), found.storage_offset() if found.numel() else 0, given["x"].tolist()


@pytest.mark.referee
@pytest.mark.parametrize("call", CALLS)
def test_answers_and_refusals(call):
    torch = pytest.importorskip("torch")
    here, there = answer(mt, call), answer(torch, call)
    if isinstance(there, Exception) or isinstance(here, Exception):
        assert type(here) is type(there), (here, there)
        if isinstance(there, RuntimeError) and "dtype" not in call:
            assert str(here).startswith(str(there).split(".")[0].split(", got strides")[0]), (here, there)
        return
    assert here == there


def overlapping(lib, b):
    return (b * b)[2:5].as_strided((2, 2), (1, 1), 2).exp()


def turned(lib, b):
    return ((b * 2).view(2, 3).t() * 1).as_strided((2, 2), (1, 3), 1).square()


def written(lib, b):
    c = (b * b).view(2, 3).t() * 1
    c.as_strided((2, 2), (1, 3), 1).mul_(b[:2])
    return c * c


def written_from_a_view(lib, b):
    c = b * b
    v = c[1:4]
    v.as_strided((2,), (2,), 1).mul_(b[4:])
    return v * c[:3]


def read_after_a_write(lib, b):
    c = b * b
    w = c.as_strided((2, 2), (2, 1), 1)
    c.mul_(b)
    return w * w


def gaps(lib, b):
    d = (b * b)[::2]
    return d.as_strided((2, 2), (2, 2)) ** 3


def repeated(lib, b):
    return b[:3].expand(2, 3).as_strided((3,), (1,)) ** 3


def scattered(lib, b):
    return (b * b).as_strided_scatter(b[:4].view(2, 2).sin(), (2, 2), (2, 3), 0) ** 2


def laid_anew(lib, b):
    c = b * b
    c.as_strided_((2, 2), (2, 1), 1)
    return c**3


def derivatives(lib, f):
    b = lib.tensor([0.5, -1.0, 1.5, 0.75, -0.25, 1.25], dtype=lib.float64).requires_grad_()
    out = f(lib, b)
    (first,) = lib.autograd.grad(out.sum(), b, create_graph=True)
    (second,) = lib.autograd.grad(first.sin().sum(), b)
    return [t.detach().numpy() for t in (out, first, second)]


@pytest.mark.referee
@pytest.mark.parametrize("f", [overlapping, turned, written, written_from_a_view, read_after_a_write, gaps, repeated, laid_anew])
def test_derivatives(f):
    torch = pytest.importorskip("torch")
    for here, there in zip(derivatives(mt, f), derivatives(torch, f), strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-12)


def test_a_replaced_window():
    """PyTorch 2.13 gives the input the gradient of what was replaced, so that this is checked by hand."""
    _, first, _ = derivatives(mt, scattered)
    b = np.array([0.5, -1.0, 1.5, 0.75, -0.25, 1.25])
    kept = np.array([0, 1, 0, 0, 1, 0])  # the window covers 0, 3, 2 and 5
    inner = np.concatenate([2 * np.sin(b[:4]) * np.cos(b[:4]), [0, 0]])
    np.testing.assert_allclose(first, kept * 4 * b**3 + inner, rtol=1e-12)


def test_a_window_beyond_its_view_has_a_gradient():
    """In PyTorch the part outside the view gets none."""
    b = mt.arange(6.0).requires_grad_()
    b[2:4].as_strided((3,), (1,), 1).sum().backward()
    assert b.grad.tolist() == [0, 1, 1, 1, 0, 0]


def test_a_write_beyond_its_view_has_one_too():
    b = mt.tensor([3.0, 5.0, 7.0]).requires_grad_()
    c = b * 1
    c[1:].as_strided((1,), (1,), 0).mul_(b[2:])
    c[0].backward()
    assert b.grad.tolist() == [7, 0, 3]


def test_a_gap_in_the_memory_is_read_and_written_but_has_no_gradient():
    memory = mt.arange(6.0)
    leaf = memory[::2].detach().requires_grad_()
    window = leaf.as_strided((2, 2), (2, 1))
    assert window.tolist() == [[0, 1], [2, 3]]
    (window * window).sum().backward()
    assert leaf.grad.tolist() == [0, 4, 0]
    with mt.no_grad():
        memory.mul_(2)
    assert window.tolist() == [[0, 2], [4, 6]]


def test_a_window_that_overlaps_itself_is_not_written():
    x = mt.arange(6.0)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        x.as_strided((2, 2), (1, 1)).mul_(2)
    assert x.tolist() == [0, 1, 2, 3, 4, 5]


def test_set_needs_no_gradient():
    leaf = mt.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="derivative for 'set_' is not implemented"):
        mt.zeros(2).set_(leaf)
    with mt.no_grad():
        leaf.set_(mt.arange(3.0))
    assert leaf.is_leaf and leaf.shape == (3,)
    leaf.sum().backward()
    assert leaf.grad.tolist() == [1, 1, 1]


def test_a_window_that_reaches_beyond_its_tensor_has_no_derivative_there():
    """What lies before a tangent in memory is not part of it, though it lies as the tensor does that it belongs to."""
    x = mt.arange(6.0, dtype=mt.float64)[1:5].detach().requires_grad_()
    z = x.as_strided((4,), (1,), 0)
    assert z.tolist() == [0, 1, 2, 3]
    around = mt.tensor([99.0, 10, 20, 30, 40, 99], dtype=mt.float64)
    assert jvp(z, [x], [around[1:5]]).tolist() == [0, 10, 20, 30]
    seed = mt.ones(4, dtype=mt.float64).requires_grad_()
    (g,) = mt.autograd.grad(z, x, seed, create_graph=True)
    (back,) = mt.autograd.grad(g, seed, around[1:5])
    assert g.tolist() == [1, 1, 1, 0]
    assert back.tolist() == [0, 10, 20, 30]
