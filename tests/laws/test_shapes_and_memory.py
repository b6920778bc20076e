"""What a gradient is, whatever its value, and what a call leaves alone and does not depend on."""

import warnings

import numpy as np

from minitorch.testing.laws import memory
from tests.laws.holding import as_tests

globals().update(as_tests(memory))


def test_the_nasty_numbers_are_nasty():
    """The law of floating-point warnings can fail: NumPy itself warns at these numbers."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for function in (np.log, np.exp, np.sqrt, np.square):
            function(memory.NASTY)
    assert len({str(found.message).split()[0] for found in caught}) == 3  # divide by zero, overflow, invalid value
