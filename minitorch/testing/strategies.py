"""Hypothesis strategies for tests of tensor code: shapes that fit, dims, indices, dtypes, and tensors on a coarse grid.

    from hypothesis import given
    from minitorch.testing import strategies as some

    @given(some.operands(2, requires_grad=True))
    def test_mine(pair):
        x, y = pair
        ...

Numbers are multiples of 1/16 and the simplest ones come first, so that a failure shrinks to small shapes of 0.0 and 1.0 in
plain memory order. What random search rarely finds (no dimensions, no elements, expanded, transposed and strided memory,
one tensor given twice) stands in `corners`, and `examples` runs a test for it before anything is drawn. Needs Hypothesis.
"""

from importlib.util import find_spec

if find_spec("hypothesis") is None:
    raise ImportError("minitorch.testing.strategies needs Hypothesis: pip install 'minitorch-engine[testing]'")

from .strategies_corners import Corner, corners, examples
from .strategies_indices import indices
from .strategies_shapes import Shapes, broadcastable, dims, dtypes, gufunc, shapes
from .strategies_tensors import numbers, operands, tensors

__all__ = ["Corner", "Shapes", "broadcastable", "corners", "dims", "dtypes", "examples", "gufunc", "indices", "numbers",
           "operands", "shapes", "tensors"]  # fmt: skip
