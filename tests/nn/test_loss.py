"""Losses as layers: numbers, gradients and options beside PyTorch's."""

import numpy as np
import pytest

from tests.twins import compare, warned

LEGACY = [{"size_average": False}, {"reduce": False}, {"size_average": True}, {"size_average": False, "reduce": True}]
LOSSES = {
    "L1Loss": ("same", lambda nn, w: nn.L1Loss()), "MSELoss": ("same", lambda nn, w: nn.MSELoss()),
    "MSELoss none": ("same", lambda nn, w: nn.MSELoss(reduction="none")),
    "BCEWithLogitsLoss": ("share", lambda nn, w: nn.BCEWithLogitsLoss(pos_weight=w)),
    "BCELoss": ("share of share", lambda nn, w: nn.BCELoss(w)),
    "NLLLoss": ("class", lambda nn, w: nn.NLLLoss(w, ignore_index=1)),
    "CrossEntropyLoss": ("class", lambda nn, w: nn.CrossEntropyLoss(w, label_smoothing=0.1)),
    "CrossEntropyLoss sum": ("class", lambda nn, w: nn.CrossEntropyLoss(reduction="sum", ignore_index=2)),
    "CrossEntropyLoss of shares": ("share", lambda nn, w: nn.CrossEntropyLoss()),
}  # fmt: skip


@pytest.mark.referee
@pytest.mark.parametrize("name", LOSSES)
def test_losses_compute_what_pytorchs_compute(name):
    rng = np.random.default_rng(0)
    kind, build = LOSSES[name]
    x = rng.uniform(size=(5, 3)) if kind == "share of share" else rng.normal(size=(5, 3))
    y = rng.integers(0, 3, size=5) if kind == "class" else rng.uniform(size=(5, 3))

    def scenario(lib):
        loss = build(lib.nn, lib.tensor([0.5, 1.0, 2.0], dtype=lib.float64))
        given = lib.tensor(x, requires_grad=True)
        out = loss(given, lib.tensor(y))
        out.sum().backward()
        return [out, given.grad]

    compare(scenario, tolerance=1e-12)


def attributes(lib):
    nn = lib.nn
    weight = lib.ones(3)
    losses = [nn.NLLLoss(weight, ignore_index=2), nn.CrossEntropyLoss(weight, label_smoothing=0.1, reduction="sum"),
              nn.BCELoss(weight), nn.BCEWithLogitsLoss(pos_weight=weight), nn.MSELoss(), nn.L1Loss()]  # fmt: skip
    return {
        "texts": [repr(loss) for loss in losses],
        "buffers": [list(loss.state_dict()) for loss in losses],
        "reductions": [loss.reduction for loss in losses],
        "legacy": [warned(lambda options=options: nn.MSELoss(**options).reduction) for options in LEGACY],
    }


@pytest.mark.referee
def test_losses_say_what_pytorchs_say():
    compare(attributes)
