"""At ties and kinks, with cotangents of any memory order, and after a write: minitorch.testing.laws.corners as tests."""

from minitorch.testing.laws import corners
from tests.laws.holding import as_tests

globals().update(as_tests(corners))
