"""One scenario, run on minitorch and on PyTorch, must come to the same plain data.

A scenario is a function of the library (`lib.nn`, `lib.tensor`, ...) that returns strings, numbers, lists and dicts of
them. Tensors in what it returns are compared as arrays; an error as its class and message.
"""

import math
import warnings

import numpy as np
import pytest

import minitorch as mt


def outcome(call, *args, **kwargs):
    """What a call returns, or the class and message of what it raises."""
    try:
        return call(*args, **kwargs)
    except Exception as error:
        return type(error).__name__, str(error)


def warned(call, *args, **kwargs):
    """What a call returns, with the classes and texts of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*args, **kwargs)
    return result, [(found.category.__name__, str(found.message)) for found in caught]


def plain(value):
    """The same with every tensor as an array (with its dtype), whichever library it is of."""
    if hasattr(value, "detach"):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def assert_same(ours, theirs, tolerance=0.0, where="result"):
    """Equal in structure and, up to a relative tolerance, in numbers."""
    if isinstance(theirs, np.ndarray):
        assert isinstance(ours, np.ndarray), where
        assert ours.dtype == theirs.dtype, where
        assert ours.shape == theirs.shape, where
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=where)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            assert_same(ours[key], theirs[key], tolerance, f"{where}[{key!r}]")
    elif isinstance(theirs, list):
        assert isinstance(ours, list), where
        assert len(ours) == len(theirs), f"{where}: {ours} and {theirs}"
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(one, other, tolerance, f"{where}[{place}]")
    elif isinstance(theirs, float) and tolerance:
        assert math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance), where
    else:
        assert ours == theirs, f"{where}: {ours!r} and {theirs!r}"


def compare(scenario, *args, tolerance=0.0):
    """Run the scenario on both libraries and compare; skipped where torch is not installed."""
    torch = pytest.importorskip("torch")
    assert_same(plain(scenario(mt, *args)), plain(scenario(torch, *args)), tolerance)
