"""Manners of a backward: nondeterminism, mutation, aliasing, shapes and dtypes, linearity, alone and inside a composite."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import check, gradcheck
from tests.testing.faulty import F64, function, good, square, vector

x = vector(0.5, 2.0, -1.0)
random = np.random.default_rng(0)
buffer = np.zeros(3)
calls = [0]


def right(ctx, g):
    return g * 2 * ctx.saved_tensors[0]


def changed(change):
    """A right backward that does something else besides."""

    def backward(ctx, g):
        found = right(ctx, g)
        return change(ctx, g, found)

    return square(backward)


def drawing_numpy(ctx, g, found):
    return found * (1 + 1e-13 * random.random())


def drawing(ctx, g, found):
    return found * (1 + 1e-13 * mt.rand(1, dtype=F64))


def writing_cotangent(ctx, g, found):
    g._data[...] *= 2
    return found


def writing_saved(ctx, g, found):
    ctx.saved_tensors[0]._data[...] *= 1.5
    return found


def reusing(ctx, g, found):
    buffer[...] = found._data
    return mt.Tensor._wrap(buffer)


def writing_input(ctx, a):
    ctx.save_for_backward(a)
    found = a * a
    a._data[...] += 1
    return found


def counting(ctx, a):
    ctx.save_for_backward(a)
    calls[0] += 1
    return a * a + 1e-12 * calls[0]


def leaving(ctx, a):
    ctx.save_for_backward(a)
    ctx.noise = 1e-12 * random.random()
    return a * a


FAULTS = {
    "a forward that leaves another number for its backward each time": (
        function(leaving, lambda ctx, g: right(ctx, g) * (1 + ctx.noise)).apply, "nondeterministic"),
    "a backward that draws with NumPy": (changed(drawing_numpy), "nondeterministic"),
    "a backward that draws": (changed(drawing), "nondeterministic"),
    "a forward that counts its calls": (function(counting, good).apply, "nondeterministic"),
    "a backward that writes to its cotangent": (changed(writing_cotangent), "mutated"),
    "a backward that writes to what is saved": (changed(writing_saved), "mutated"),
    "a forward that writes to its input": (function(writing_input, good).apply, "mutated"),
    "a backward that keeps its buffer": (changed(reusing), "aliasing"),
    "float32": (changed(lambda ctx, g, found: found.float()), "dtype"),
    "another shape": (changed(lambda ctx, g, found: found[None]), "shape"),
    "too many numbers": (changed(lambda ctx, g, found: mt.stack([found, found * 0])), "shape"),
    "too few numbers": (changed(lambda ctx, g, found: found[:2]), "raised"),
    "the cotangent ignored": (square(lambda ctx, g: 2 * ctx.saved_tensors[0]), "linear"),
    "the cotangent clipped": (square(lambda ctx, g: g.clamp(-1, 1) * 2 * ctx.saved_tensors[0]), "linear"),
}


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a composite"])
@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found(name, inside):
    fn, kind = FAULTS[name]
    whole = (lambda a: (fn(a.exp()) * 3).sum()) if inside else fn
    for report in (gradcheck(whole, x, raise_exception=False), check(whole, x)):
        assert report.outcome == "failed"
        if not (inside and name == "a forward that writes to its input"):  # that is the result of exp: a wrong gradient
            assert kind in [finding.kind for finding in report.findings], str(report)
    if name == "a forward that writes to its input" and not inside:
        assert "the function wrote to its input 'a'" in str(report) or "the function wrote to its input 'x'" in str(report)
    if kind in ("dtype", "shape", "linear"):
        assert "'Square'" in str(report) and ("test_hygiene.py:" in str(report) or "faulty.py:" in str(report))


@pytest.mark.parametrize("fn", [
    lambda a: a + a, lambda a: a.view(3, 1).t(), lambda a: a.expand(2, 3), lambda a: a.relu_() if not a.requires_grad else a.relu(),
    function(lambda ctx, a: a + 1, lambda ctx, g: g).apply,
    function(lambda ctx, a: a.view_as(a) + 0, lambda ctx, g: g.clone()).apply,
    function(lambda ctx, a: (a * 2, a.argmax()), lambda ctx, g, _: g * 2).apply,
    lambda a: mt.cumsum(a, 0).sort().values, lambda a: a.clone().mul_(2), lambda a: mt.nn.functional.batch_norm(a[:, None], None, None, training=True),
])  # fmt: skip
def test_good_manners_pass(fn):
    assert gradcheck(fn, x) and check(fn, x)


def test_two_inputs_with_one_gradient_get_two_buffers():
    def both(ctx, g):
        once = g * 1
        return once, once

    assert gradcheck(function(lambda ctx, a, b: a + b, both).apply, (x, x.clone()))


@pytest.mark.referee
@pytest.mark.parametrize("name", ["float32", "another shape", "a backward that writes to its cotangent"])
def test_pytorch_passes_these(name):
    torch = pytest.importorskip("torch")
    bad = {
        "float32": lambda ctx, g: right(ctx, g).float(),
        "another shape": lambda ctx, g: right(ctx, g)[None],
        "a backward that writes to its cotangent": lambda ctx, g: (right(ctx, g), g.mul_(2))[0],
    }[name]
    given = torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(square(bad, torch), given)
    assert not gradcheck(square(bad), x, raise_exception=False)


def by_layout(ctx, g):
    return right(ctx, g if g.is_contiguous() else 1.5 * g)


def test_another_gradient_for_a_cotangent_in_another_layout_is_told():
    report = gradcheck(square(by_layout), x, raise_exception=False)
    assert [finding.kind for finding in report.findings] == ["layout"] and "cotangent is strided" in str(report)


def test_numbers_kept_outside_of_ctx_are_told():
    class Keeps(mt.autograd.Function):
        kept = None

        @staticmethod
        def forward(ctx, a):
            Keeps.kept = a.detach()
            return a.sin()

        @staticmethod
        def backward(ctx, g):
            return g * Keeps.kept.cos()

    report = gradcheck(Keeps.apply, x, raise_exception=False)
    assert [finding.kind for finding in report.findings] == ["state"]
