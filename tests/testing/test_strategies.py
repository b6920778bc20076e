"""What the strategies draw is valid, reaches every corner, and shrinks a planted bug to a few plain numbers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import minitorch as mt
from minitorch.testing import gradcheck
from minitorch.testing import strategies as some
from minitorch.testing.grid import fitting, grid, simplest_first

ROOT = Path(__file__).parents[2]
DTYPES = {"f": {"float16", "bfloat16", "float32", "float64"}, "c": {"complex64", "complex128"}, "b": {"bool"},
          "i": {"int8", "int16", "int32", "int64"}, "u": {"uint8", "uint16", "uint32", "uint64"}}  # fmt: skip
quick = settings(max_examples=60, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
deep = settings(max_examples=5000, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def reached(strategy, condition):
    """Something drawn that meets the condition."""
    return find(strategy, condition, settings=settings(deep, phases=[Phase.generate]))


def simplest(strategy, condition):
    """What it shrinks to."""
    return find(strategy, condition, settings=deep)


# ---- shapes --------------------------------------------------------------------------------------------------------
@quick
@given(st.data())
def test_shapes_are_what_was_asked_for(data):
    shape = data.draw(some.shapes(1, 4, 2, 5))
    assert 1 <= len(shape) <= 4 and set(shape) <= {2, 3, 4, 5}
    drawn = data.draw(some.broadcastable(3))
    assert len(drawn) == 3 and np.broadcast_shapes(*drawn) == drawn.result
    a, b = data.draw(some.gufunc("(m,k), (k,n) -> (m,n)"))
    assert a[-1] == b[-2]


def test_shapes_shrink_to_nothing():
    assert simplest(some.shapes(), lambda shape: True) == ()
    assert simplest(some.shapes(min_dims=1, min_side=1), lambda shape: True) == (1,)
    assert simplest(some.broadcastable(2), lambda drawn: True) == ((), ())
    assert simplest(some.gufunc("(m,k),(k,n)->(m,n)", min_side=1), lambda drawn: True) == ((1, 1), (1, 1))
    assert simplest(some.gufunc("(m,k),(k,n)->(m,n)"), lambda drawn: len(drawn.result) == 3 and 0 in drawn.result)


@pytest.mark.parametrize("kinds", ["none int tuple", "none", "int", "tuple", "int tuple"])
def test_dims_can_be_reduced(kinds):
    seen = set()

    @quick
    @given(st.data())
    def holds(data):
        shape = data.draw(some.shapes())
        dim = data.draw(some.dims(shape, kinds))
        mt.ones(shape).sum(dim)
        assert not isinstance(dim, tuple) or len({d % len(shape) for d in dim}) == len(dim)
        seen.add("none" if dim is None else type(dim).__name__)

    holds()
    assert seen == set(kinds.split())


def test_dims_of_no_kind_are_refused():
    with pytest.raises(ValueError, match="kinds must name"):
        some.dims((2,), "axis")


@pytest.mark.parametrize("kinds", ["f", "c", "b", "i", "u", "fciub"])
def test_dtypes(kinds):
    seen = set()

    @settings(quick, max_examples=200)
    @given(some.dtypes(kinds))
    def holds(dtype):
        seen.add(dtype.name)

    holds()
    assert seen == set().union(*(DTYPES[kind] for kind in kinds))
    with pytest.raises(ValueError, match="letters of 'fciub'"):
        some.dtypes(f"{kinds}x")


# ---- indices -------------------------------------------------------------------------------------------------------
@settings(quick, max_examples=150)
@given(st.data())
def test_indices_fit(data):
    shape = data.draw(some.shapes(max_dims=4))
    index = data.draw(some.indices(shape))
    x = mt.zeros(shape)
    x[index]
    x[index] = 1.0


@settings(quick, max_examples=60)
@given(st.data())
def test_basic_indices_give_views(data):
    shape = data.draw(some.shapes(max_dims=4))
    x = mt.zeros(shape)
    assert x[data.draw(some.indices(shape, kinds="basic"))]._is_view()


INDEX_KINDS = {
    "an int": lambda part: isinstance(part, int), "a negative int": lambda part: isinstance(part, int) and part < 0,
    "a slice": lambda part: isinstance(part, slice), "a step": lambda part: isinstance(part, slice) and (part.step or 1) > 1,
    "Ellipsis": lambda part: part is ..., "None": lambda part: part is None, "a list": lambda part: isinstance(part, list),
    "a mask": lambda part: isinstance(part, mt.Tensor) and part.dtype is mt.bool,
    "a wide mask": lambda part: isinstance(part, mt.Tensor) and part.dtype is mt.bool and part.dim() == 2,
    "integers": lambda part: isinstance(part, mt.Tensor) and part.dtype is mt.int64,
    "a table": lambda part: isinstance(part, mt.Tensor) and part.dtype is mt.int64 and part.dim() == 2 and part.numel() > 1,
    "no integers": lambda part: isinstance(part, mt.Tensor) and part.dtype is mt.int64 and part.numel() == 0,
}  # fmt: skip


@pytest.mark.parametrize("kind", INDEX_KINDS)
def test_every_kind_of_index_is_reached(kind):
    reached(some.indices((2, 3, 2)), lambda index: any(map(INDEX_KINDS[kind], index if isinstance(index, tuple) else (index,))))


def test_an_index_alone_and_two_advanced_apart():
    reached(some.indices((2, 3)), lambda index: not isinstance(index, tuple))
    reached(some.indices((2, 3, 2)), lambda index: isinstance(index, tuple) and len(index) > 2 and isinstance(index[0], mt.Tensor)
            and isinstance(index[-1], mt.Tensor) and any(isinstance(part, slice) for part in index))  # fmt: skip
    with pytest.raises(NoSuchExample):
        find(some.indices((2, 3), newaxis=False), lambda index: index is None or (isinstance(index, tuple) and any(p is None for p in index)),
             settings=quick)  # fmt: skip
    with pytest.raises(ValueError, match="kinds must name"):
        find(some.indices((2,), kinds="fancy"), lambda index: True)


# ---- numbers -------------------------------------------------------------------------------------------------------
def test_simple_numbers_come_first():
    points = grid(-2, 2)
    assert points[simplest_first(points)][:9].tolist() == [0, 1, -1, -2, 0.5, 1.5, -0.5, -1.5, 0.25]
    odd = np.array([np.nan, 0.1, -np.inf, np.inf, 3.0])
    assert odd[simplest_first(odd)].tolist()[:4] == [3.0, 0.1, np.inf, -np.inf]
    assert simplest_first(np.array([True, False])).tolist() == [1, 0]


@pytest.mark.parametrize(("low", "high", "fewest"), [(-2, 2, 64), (0.01, 0.02, 16), (0, 1e6, 1000), (-1e308, 1e308, 1000), (1e-300, 2e-300, 16)])
def test_a_range_of_any_width_has_a_grid(low, high, fewest):
    points = fitting(low, high)
    assert len(np.unique(points)) == len(points) >= fewest
    assert ((low <= points) & (points < high)).all()


@pytest.mark.parametrize("dtype", sorted(set().union(*DTYPES.values())))
@pytest.mark.parametrize("options", [
    {}, {"bounds": (0.5, 1.5)}, {"bounds": (1, 100)}, {"avoid": (0, 1)}, {"avoid": (1,), "gap": 0.5}, {"distinct": True, "bounds": (0, 40)},
    {"distinct": True, "gap": 0.25, "bounds": (0, 20)}, {"layout": "strided"},
], ids=str)  # fmt: skip
def test_numbers_keep_what_was_asked_for(dtype, options):
    if dtype == "bool":
        options = {key: value for key, value in options.items() if key == "layout"}

    @settings(quick, max_examples=6)
    @given(some.tensors(some.shapes(max_side=2), dtype, requires_grad=True, **options))
    def holds(x):
        assert x.dtype is getattr(mt, dtype) and x.is_leaf
        assert x.requires_grad == (x.dtype.is_floating_point or x.dtype.is_complex)
        numbers = np.array(x.detach().real.double().tolist() if x.is_complex() else x.detach().double().tolist()).reshape(-1)
        low, high = options.get("bounds", (0, 5) if dtype.startswith("u") or dtype == "bool" else (-2, 2))
        gap = options.get("gap", 1 / 16)
        assert ((low <= numbers) & (numbers < high)).all()
        assert all((np.abs(numbers - point) >= gap).all() for point in options.get("avoid", ()))
        if options.get("distinct"):
            assert (np.diff(np.sort(numbers)) >= options.get("gap", 1e-9)).all()

    holds()


def test_what_cannot_be_is_refused():
    for options in ({"bounds": (2, 1)}, {"bounds": (0, float("inf"))}, {"avoid": (0,), "gap": 5}, {"layout": "upside down"},
                    {"distinct": True, "gap": 1.0, "shape": (9,)}, {"distinct": True, "layout": "expanded"}, {"layout": ()}):  # fmt: skip
        with pytest.raises(ValueError):
            find(some.tensors(**{"shape": (2,), **options}), lambda x: True)
    with pytest.raises(TypeError, match="expected a dtype"):
        find(some.tensors((2,), "float31"), lambda x: True)
    with pytest.raises(TypeError, match="unexpected keyword arguments"):
        some.corners(2, bound=(0, 1))


def test_further_values_and_strategies_of_dtypes():
    x = reached(some.tensors((2,), extra=(float("inf"), float("nan"))), lambda x: bool(x.isnan().any()))
    assert x.shape == (2,)
    assert reached(some.tensors(3, some.dtypes("ci")), lambda x: x.dtype is mt.int8).shape == (3,)


# ---- corners -------------------------------------------------------------------------------------------------------
PLACES = {
    "no dimensions": lambda x, y: x.dim() == y.dim() == 0,
    "no elements": lambda x, y: x.numel() == 0,
    "a size of 1 that broadcasts": lambda x, y: 1 in x.shape and mt.broadcast_shapes(x.shape, y.shape) != x.shape,
    "other numbers of dimensions": lambda x, y: x.dim() != y.dim() and min(x.dim(), y.dim()) > 0,
    "expanded": lambda x, y: x.numel() > 1 and 0 in x.stride(),
    "strided": lambda x, y: x.dim() and x.shape[-1] > 1 and x.stride(-1) == 2,
    "transposed": lambda x, y: x.dim() == 2 and min(x.shape) > 1 and x.stride() == (1, x.shape[0]),
    "reversed": lambda x, y: x.dim() and x.stride(-1) < 0,
    "both laid out": lambda x, y: not x.is_contiguous() and not y.is_contiguous() and x.stride() != y.stride(),
    "one tensor twice": lambda x, y: x is y and x.numel() > 1,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_every_corner_is_offered_and_reached(place):
    assert any(PLACES[place](*corner.tensors()) for corner in some.corners(2))
    shapes = 2 if place in ("no dimensions", "no elements") or "size" in place or "numbers" in place else [(2, 3), (2, 3)]
    reached(some.operands(shapes), lambda pair: PLACES[place](*pair))


def test_plain_memory_and_zeros_are_simplest():
    x, y = simplest(some.operands(2), lambda pair: pair[0].numel() > 1)
    assert x.is_contiguous() and y.is_contiguous() and x is not y
    assert {*x.reshape(-1).tolist(), *y.reshape(-1).tolist()} == {0.0}
    assert simplest(some.tensors((2,)), lambda x: bool((x != 0).all())).tolist() == [1.0, 1.0]


def test_operands_that_may_not_be_tied():
    @quick
    @given(some.operands(3, apart=True))
    def holds(operands):
        sets = [set(x.reshape(-1).tolist()) for x in operands]
        assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])

    holds()
    for corner in some.corners(2, apart=True):
        x, y = corner.tensors()
        assert x is not y and not set(x.reshape(-1).tolist()) & set(y.reshape(-1).tolist())


@pytest.mark.parametrize("signature", ["(m,k),(k,n)->(m,n)", "(n),(n)->()", "(m,m)->(m,m)", "(3),(3)->(3)", "(i,k),(k,j),(j)->(i)"])
def test_corners_of_a_signature(signature):
    found = some.corners(signature, requires_grad=True, bounds=(0.5, 2))
    fits = np.vectorize(lambda *arrays: 0, signature=signature.split("->")[0] + "->()")
    assert len({str(corner) for corner in found}) == len(found)
    for corner in found:
        tensors = corner.tensors()
        if not any(0 in x.shape for x in tensors):
            fits(*(x.detach().numpy() for x in tensors))
        for x, again in zip(tensors, corner.tensors(), strict=True):
            assert x is not again and mt.equal(x, again) and x.requires_grad
            assert not x.numel() or 0.5 <= float(x.detach().min()) <= float(x.detach().max()) < 2
    letters = signature.replace("(", "").replace(")", "").split("->")[0].replace(",", "")
    assert sum(any(0 in x.shape for x in corner.tensors()) for corner in found) == len(set(letters) - {"3"})


def times(**options):
    seen = []

    @settings(quick, max_examples=5)
    @some.examples("x", "y", requires_grad=True, **options)
    @given(some.tensors(), some.tensors())
    def above(x, y):
        seen.append((x, y))

    @settings(quick, max_examples=5)
    @given(x=some.tensors(), y=some.tensors())
    @some.examples("x", "y", requires_grad=True, **options)
    def below(x, y):
        seen.append((x, y))

    return above, below, seen


def test_examples_run_first_and_are_made_anew():
    expected = [corner.label for corner in some.corners(2)]
    above, below, seen = times()
    for test in (above, below):
        for _ in range(2):  # a parametrised test runs several times
            seen.clear()
            test()
            first = seen[: len(expected)]
            assert [(x.shape, y.shape) for x, y in first] == [corner.shapes for corner in some.corners(2)]
            assert all(x.grad is None and x.requires_grad for x, _ in first)
            assert sum(x is y for x, y in first) == 1
            for x, y in first:
                (x * y).sum().backward()


def test_examples_of_a_tuple_and_further_arguments():
    seen = []

    @settings(quick, max_examples=1, phases=[Phase.explicit])
    @given(some.operands("(m,k),(k,n)->(m,n)"), st.booleans())
    @some.examples("pair", fit="(m,k),(k,n)->(m,n)", others={"flag": True})
    def test(pair, flag):
        pair[0] @ pair[1]
        seen.append(flag)

    test()
    assert seen == [True] * len(some.corners("(m,k),(k,n)->(m,n)"))


def test_a_failing_corner_is_named():
    @quick
    @given(x=some.tensors(), y=some.tensors())
    @some.examples("x", "y")
    def test(x, y):
        assert x is not y

    with pytest.raises(AssertionError) as caught:
        test()
    text = "\n".join(caught.value.__notes__)
    assert "operands: (3,), (3,), one tensor" in text
    assert "x=tensor([" in text


# ---- what shrinks --------------------------------------------------------------------------------------------------
class Scale(mt.autograd.Function):
    """x * y whose backward takes, where an operand was broadcast, one part of the gradient in place of the sum."""

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return one_part(grad * y, x.shape), one_part(grad * x, y.shape)


def one_part(grad, shape):
    while grad.dim() > len(shape):
        grad = grad[0] if len(grad) else grad.sum(0)
    for dim, size in enumerate(shape):
        if size == 1:
            grad = grad.narrow(dim, 0, 1) if grad.shape[dim] else grad.sum(dim, keepdim=True)
    return grad


def shrunk(strategy):
    """What Hypothesis reports of the planted bug: the operands it came down to, and the lines of the message."""
    last = []

    @settings(max_examples=100, database=None, deadline=None, derandomize=True, phases=[Phase.generate, Phase.shrink], print_blob=False)
    @given(strategy)
    def test(pair):
        last[:] = pair
        gradcheck(Scale.apply, pair)

    with pytest.raises(AssertionError) as caught:
        test()
    return last, [line for text in [str(caught.value), *caught.value.__notes__] for line in text.splitlines()]


def test_a_planted_bug_shrinks_and_its_message_fits_on_a_screen():
    (x, y), lines = shrunk(some.operands(2, layout="dense", requires_grad=True))
    assert sorted([tuple(x.shape), tuple(y.shape)], key=len) in ([(), (2,)], [(1,), (2,)])
    assert {*x.reshape(-1).tolist(), *y.reshape(-1).tolist()} <= {0.0, 1.0}
    assert len(lines) <= 24 and max(map(len, lines)) <= 100, "\n".join(lines)
    assert any("Scale" in line for line in lines) and any("tensor(" in line for line in lines)


def test_a_bug_of_one_layout_shrinks_to_it_and_is_told():
    @settings(quick, max_examples=200)
    @given(some.tensors())
    def test(x):
        assert x.is_contiguous() or x.stride(-1) != 2

    with pytest.raises(AssertionError) as caught:
        test()
    assert any(note.startswith("memory of (2,): ") and note.endswith(", strides (2,)") for note in caught.value.__notes__)


def test_without_hypothesis_one_line_says_what_to_install():
    program = ("import sys; sys.modules['hypothesis'] = None; import minitorch.testing as t; t.assert_close(1, 1)\n"
               "try: t.strategies\nexcept ImportError as error: print(error)")  # fmt: skip
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "minitorch.testing.strategies needs Hypothesis: pip install 'minitorch-engine[testing]'\n"
