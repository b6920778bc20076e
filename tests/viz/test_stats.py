"""The numbers of an array, also of a large one and of one whose squares leave the range."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch import viz
from minitorch.viz import stats
from minitorch.viz.stats import measure


@pytest.mark.parametrize("size", [1e200, 1e-200, 1.0])
def test_a_norm_does_not_overflow_or_vanish(size):
    found = measure(np.array([3.0, -4.0, 0.0]) * size)
    assert found["norm"] == pytest.approx(5 * size) and found["max"] == 4 * size
    assert found["mean"] == pytest.approx(-size / 3) and found["nan"] == found["inf"] == 0


def test_a_mean_does_not_overflow():
    assert measure(np.full(4, 1e308))["mean"] == pytest.approx(1e308)


@pytest.mark.parametrize("kind", ["float32", "complex64", "int64"])
@pytest.mark.parametrize("layout", ["whole", "strided", "expanded"])
def test_a_large_array_is_measured_piece_by_piece(monkeypatch, kind, layout):
    whole = (np.random.default_rng(0).normal(size=(30, 41)) * 10).astype(kind)
    raw = {"whole": whole, "strided": whole.T[::2], "expanded": np.broadcast_to(whole, (3, 30, 41))}[layout]
    expected = measure(raw)
    monkeypatch.setattr(stats, "PIECE", 100)
    pieces = list(stats._pieces(raw, raw.dtype.kind, stats.backend_of(raw)))
    assert len(pieces) == math.ceil(raw.size / 100) and sum(piece.size for piece in pieces) == raw.size
    found = measure(raw)
    for key in ("norm", "mean", "max", "zeros", "nan", "inf"):
        assert found[key] == pytest.approx(expected[key], rel=1e-12), key


def test_what_is_not_finite_is_counted_in_every_piece(monkeypatch):
    monkeypatch.setattr(stats, "PIECE", 2)
    found = measure(np.array([1.0, np.nan, np.inf, -np.inf, 5.0, np.nan]))
    assert (found["nan"], found["inf"]) == (2, 2) and math.isnan(found["max"])


def test_a_backward_that_would_need_more_memory_than_there_is_use_for_is_not_rehearsed():
    x = mt.ones(1, requires_grad=True)
    graph = viz.graph(x.expand(1_000_000, 1_000)[0, 0] * 2)  # a gradient of 4 GB, of a value of 4 bytes
    assert graph.backward == [] and [node.gradient for node in graph.nodes] == [None] * len(graph.nodes)
    ran = viz.graph(lambda x: x.expand(1_000_000, 1_000)[0, 0] * 2, mt.ones(1))
    assert [node.value for node in ran.nodes if node.op == "expand"] == [None]
