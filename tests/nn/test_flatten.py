"""Flatten and Unflatten beside PyTorch's."""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome


def layers(lib):
    nn = lib.nn
    x = lib.tensor(np.arange(48.0).reshape(2, 3, 2, 4))
    return [
        nn.Flatten()(x), nn.Flatten(0, 2)(x), nn.Unflatten(3, (2, 2))(x), nn.Unflatten(-1, (-1, 2))(x),
        repr(nn.Flatten()), repr(nn.Flatten(0, 2)), repr(nn.Unflatten(1, (2, 3))),
        outcome(nn.Unflatten, 1, 3), outcome(nn.Unflatten, 1, (2, "x")),
    ]  # fmt: skip


@pytest.mark.referee
def test_flatten_is_pytorchs():
    compare(layers)


def test_unflatten_undoes_flatten():
    x = mt.randn(2, 3, 4)
    model = mt.nn.Sequential(mt.nn.Flatten(), mt.nn.Unflatten(1, (3, 4)))
    assert model(x).tolist() == x.tolist()
