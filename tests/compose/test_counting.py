"""Distinct elements, occurrences and histograms against PyTorch; gradients where PyTorch has none."""

import numpy as np
import pytest

import minitorch as mt

INF, NAN = float("inf"), float("nan")
over = pytest.mark.parametrize
FLOATS = ("float64", "float32", "float16", "bfloat16")
WHOLE = ("int64", "int32", "int8", "uint8", "bool")


def agree(call, **more):
    """The same call on both libraries: the same answers or the same refusal."""
    import torch

    from tests.referee_grid import assert_same_outcome, outcome

    def flat(answer):
        """Nested tuples (of bin edges) side by side."""
        if answer[0] == "ok" and isinstance(answer[1], tuple):
            parts = [part for item in answer[1] for part in (item if isinstance(item, tuple) else (item,))]
            return "ok", tuple(parts)
        return answer

    answers = [flat(outcome(lambda lib=lib: eval(call, {"lib": lib, **operands(lib), **more}))) for lib in (mt, torch)]
    assert_same_outcome(*answers, call)


def operands(lib):
    t = lib.tensor
    return {
        "t": t, "nan": NAN, "inf": INF, "z": lib.zeros(0), "e": lib.zeros(2, 0), "m": lib.arange(6.0).reshape(2, 3),
        "i": lib.arange(3), "b": t([True, False]), "c": t([1 + 2j, 3 - 1j]), "s": t(3.0),
        "rows": t([[1, 2], [0, 1], [1, 2], [0, 1]]), "runs": t([1, 1, 2, 2, 2, 1, 3]),
        "points": t([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]),
    }  # fmt: skip


@pytest.mark.referee
@over("call", [
    "m.unique()", "lib.unique(rows)", "lib.unique(rows, return_inverse=True, return_counts=True)",
    "rows.unique(dim=0)", "lib.unique(rows, dim=0, return_inverse=True, return_counts=True)",
    "lib.unique(rows, dim=1, return_inverse=True)", "lib.unique(rows, dim=-1, return_counts=True)",
    "lib.unique(t([nan, nan, 1.0]), return_counts=True)", "lib.unique(t([3, 1, 3]), sorted=False)",
    "lib.unique(z, return_inverse=True, return_counts=True)", "lib.unique(e, dim=1)", "lib.unique(e, dim=0)",
    "lib.unique(lib.zeros(2, 0, 0), dim=0)", "lib.unique(s, return_inverse=True, return_counts=True)",
    "lib.unique(s, dim=0)", "lib.unique(m, dim=2)", "lib.unique(b)", "lib.unique(m.half())",
    "lib.unique(m.to(lib.bfloat16) // 2)", "lib.unique(c)", "lib.unique(rows.reshape(2, 2, 2), dim=1)",
    "lib.unique(-rows.float(), dim=0)", "lib.unique_consecutive(runs)",
    "lib.unique_consecutive(runs, return_inverse=True, return_counts=True)",
    "lib.unique_consecutive(rows.sort(0).values, return_inverse=True, return_counts=True, dim=0)",
    "lib.unique_consecutive(runs.reshape(1, 7), return_inverse=True)",
    "lib.unique_consecutive(z, return_inverse=True)",
    "lib.unique_consecutive(s, return_inverse=True, return_counts=True)", "lib.unique_consecutive(e, dim=0)",
    "runs.unique_consecutive(return_counts=True)",
])  # fmt: skip
def test_distinct_elements(call):
    agree(call)


@pytest.mark.referee
@over("call", [
    "i.bincount()", "lib.bincount(runs)", "lib.bincount(runs, minlength=6)", "lib.bincount(i, weights=t([1, 2, 3]))",
    "lib.bincount(runs, weights=t([1.0, 2, 3, 4, 5, 6, 7]))",
    "lib.bincount(i, weights=t([1.0, 2, 3], dtype=lib.float16))",
    "lib.bincount(i, weights=t([1.0, 2, 3], dtype=lib.float64), minlength=5)",
    "lib.bincount(t([0, 1], dtype=lib.uint8))", "lib.bincount(z.long(), minlength=3)", "lib.bincount(z.long())",
    "lib.bincount(i, weights=t([1.0, 2]))", "lib.bincount(m)", "lib.bincount(t([-1, 2]))",
    "lib.bincount(i, minlength=-1)", "lib.bincount(i.reshape(1, 3))", "lib.bincount(b)",
])  # fmt: skip
def test_occurrences(call):
    agree(call)


@pytest.mark.referee
@over("call", [
    "lib.histc(m, 3)", "lib.histc(m, 3, 1, 4)", "m.histc(bins=7, min=-1, max=9)", "lib.histc(t([2.0, 2]), 3)",
    "lib.histc(z, 3)", "lib.histc(t([nan, 1.0]), 3, 0, 2)", "lib.histc(m.double(), 5)", "lib.histc(m, 3, 4, 1)",
    "lib.histc(m, 0)", "lib.histc(m, -1)", "lib.histc(i, 3)", "lib.histc(t([inf, 1.0]), 3)", "lib.histc(c)",
    "lib.histc(m)", "lib.histogram(m, 3)", "lib.histogram(m, 3, range=(0.0, 3.0))",
    "lib.histogram(m, 3, range=(0.0, 3.0), density=True)", "lib.histogram(m, t([0.0, 2, 5]))",
    "lib.histogram(m, t([0.0, 2, 5]), weight=m)", "lib.histogram(m, t([1.0, 2, 4]), density=True)",
    "lib.histogram(m, t([7.0, 8]), density=True)", "lib.histogram(m, 3, range=(3.0, 3.0))", "lib.histogram(z, 3)",
    "m.histogram(4)", "lib.histogram(t([nan, 1.0]), t([0.0, 1.0]))", "lib.histogram(m, t([0.0, 2, 5]), weight=i)",
    "lib.histogram(m, t([0.0, 2, 5]), weight=m[0])", "lib.histogram(i, 3)", "lib.histogram(m, 3, range=(4.0, 3.0))",
    "lib.histogram(m, 3, range=(4.0,))", "lib.histogram(m, 0)", "lib.histogram(m, t([[0.0, 2]]))",
    "lib.histogram(m, t([0, 2]))", "lib.histogram(t([nan]), 3)", "lib.histogramdd(points, [2, 2])",
    "lib.histogramdd(points, [2, 3], range=[0.0, 1.0, 0.0, 1.0])", "lib.histogramdd(points, 2)",
    "lib.histogramdd(points, [t([0.0, 2, 5]), t([0.0, 1, 5])], density=True)",
    "lib.histogramdd(points, [2, 2], weight=t([1.0, 2, 3]))", "lib.histogramdd(m, [2, 2])",
    "lib.histogramdd(t([1.0]), [2])",
])  # fmt: skip
def test_histograms(call):
    agree(call)


@pytest.mark.referee
@over("bins", [1, 3, 10, 64])
def test_bins_of_many_numbers(bins):
    """On which side of an edge a number falls is decided in its own precision, as in PyTorch."""
    import torch

    random = np.random.default_rng(bins)
    for dtype in ("float32", "float64"):
        array = (random.integers(0, 64, 2000) / 64).astype(dtype)
        for call in (
            lambda lib, x: lib.histc(x, bins),
            lambda lib, x: lib.histc(x, bins, 0.1, 0.9),
            lambda lib, x: lib.histogram(x, bins).hist,
            lambda lib, x: lib.histogram(x, bins, range=(0.1, 0.9)).hist,
        ):
            np.testing.assert_array_equal(*(call(lib, lib.from_numpy(array)).numpy() for lib in (mt, torch)))


# ---- pinned --------------------------------------------------------------------------------------------------------
def test_a_distinct_value_comes_from_its_first_place():
    """PyTorch has no derivative here."""
    x = mt.tensor([2.0, 1.0, 2.0, 3.0], requires_grad=True)
    values, places = x.unique(return_inverse=True)
    assert places.tolist() == [1, 0, 1, 2]
    (values * mt.tensor([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [10, 1, 0, 100]


def test_weights_of_a_count_have_a_gradient():
    weights = mt.ones(3, requires_grad=True)
    counts = mt.bincount(mt.tensor([0, 2, 0]), weights)
    assert counts.tolist() == [2, 0, 1]
    (counts * mt.tensor([5.0, 6.0, 7.0])).sum().backward()
    assert weights.grad.tolist() == [5, 7, 5]


def test_named_results():
    found = mt.histogram(mt.tensor([0.0, 1.0, 1.0]), 2)
    assert found.hist.tolist() == [1, 2]
    assert found.bin_edges.tolist() == [0, 0.5, 1]
    assert repr(found).startswith("torch.return_types.histogram(\nhist=tensor([1., 2.]),\nbin_edges=")
