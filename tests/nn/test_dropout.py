"""Dropout layers: PyTorch's masks from the same seed, and nothing in evaluation."""

import numpy as np
import pytest

import minitorch as mt
from tests.twins import compare, outcome

SHAPES = {"Dropout": (4, 6), "Dropout1d": (3, 4, 5), "Dropout2d": (2, 3, 4, 4), "Dropout3d": (2, 3, 2, 2, 2),
          "AlphaDropout": (4, 6), "FeatureAlphaDropout": (3, 4, 5)}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", SHAPES)
def test_masks_are_pytorchs(name, training):
    x = np.random.default_rng(0).normal(size=SHAPES[name])

    def scenario(lib):
        lib.manual_seed(1)
        layer = getattr(lib.nn, name)(0.4).train(training)
        given = lib.tensor(x, requires_grad=True)
        out = layer(given)
        (out * out).sum().backward()
        return [out, given.grad]

    compare(scenario, tolerance=1e-12)


TURNED = {
    "transposed": lambda x: x.transpose(0, 1), "permuted": lambda x: x.permute(2, 0, 1), "sliced": lambda x: x[:, ::2],
    "channels last": lambda x: x.unsqueeze(0).permute(0, 3, 1, 2), "expanded": lambda x: x[:1].transpose(0, 2).expand(5, 3, 4),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "feature_dropout"])
@pytest.mark.parametrize("layout", TURNED)
def test_masks_are_drawn_in_the_order_of_memory(layout, name):
    def scenario(lib):
        lib.manual_seed(1)
        return getattr(lib, name)(TURNED[layout](lib.ones(4, 3, 5)), 0.4, True)

    compare(scenario, tolerance=1e-6)


@pytest.mark.referee
def test_texts_and_refusals_are_pytorchs():
    def scenario(lib):
        nn = lib.nn
        layers = [nn.Dropout(), nn.Dropout(0.25, inplace=True), nn.Dropout1d(), nn.Dropout2d(0.1), nn.Dropout3d(),
                  nn.AlphaDropout(), nn.FeatureAlphaDropout(0.2)]  # fmt: skip
        return [*map(repr, layers), outcome(nn.Dropout, 1.5), outcome(nn.Dropout, -0.1)]

    compare(scenario)


def test_evaluation_changes_nothing():
    x = mt.ones(5)
    assert mt.nn.Dropout(0.9).eval()(x).tolist() == x.tolist()
