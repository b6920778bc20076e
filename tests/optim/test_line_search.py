"""The line search beside PyTorch's own, on bumpy functions of one number, where the bracket has to be narrowed."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.optim._line_search import Point, strong_wolfe

FUNCTIONS = {
    "waves": (lambda t: math.sin(7 * t) + 0.1 * t * t - 2 * t, lambda t: 7 * math.cos(7 * t) + 0.2 * t - 2 - 14),
    "steep": (lambda t: (t - 0.01) ** 2 * 1e4, lambda t: 2e4 * (t - 0.01)),
    "far": (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
    "kink": (lambda t: abs(t - 0.37) + 1e-3 * t, lambda t: math.copysign(1, t - 0.37) + 1e-3),
    "double well": (lambda t: (t * t - 1) ** 2 - 0.3 * t, lambda t: 4 * t * (t * t - 1) - 0.3 - 0.5),
    "wrong slope": (lambda t: math.exp(-t) + 0.2 * math.cos(20 * t), lambda t: -math.exp(-t) - 1),
}


@pytest.mark.referee
@pytest.mark.parametrize("tries", [0, 1, 3, 25])
@pytest.mark.parametrize("first", [1e-3, 0.3, 1.0, 5.0, 40.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_point_and_the_way_to_it_are_pytorchs(name, first, tries):
    torch = pytest.importorskip("torch")
    from torch.optim.lbfgs import _strong_wolfe

    value, slope = FUNCTIONS[name]
    asked, theirs = [], []

    def at(t):
        asked.append(float(t))
        return Point(t, np.float64(value(t)), mt.tensor([slope(t)], dtype=mt.float64), np.float64(slope(t)))

    def their_at(x, t, d):
        theirs.append(float(t))
        return value(float(t)), torch.tensor([slope(float(t))], dtype=torch.float64)

    found, count = strong_wolfe(at, at(0.0), first, 1.0, max_ls=tries)
    along, start = torch.ones(1, dtype=torch.float64), torch.tensor([slope(0.0)], dtype=torch.float64)
    theirs.append(0.0)
    f, g, t, evals = _strong_wolfe(their_at, None, first, along, value(0.0), start, start.dot(along), max_ls=tries)
    np.testing.assert_allclose(asked, theirs, rtol=1e-9)
    assert count == evals
    np.testing.assert_allclose([found.t, found.value, found.slope], [float(t), float(f), g.item()], rtol=1e-9)
