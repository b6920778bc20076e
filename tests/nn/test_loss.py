"""Losses as layers: numbers, gradients and options beside PyTorch's."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.numeric import check_gradients
from tests.twins import compare, outcome, warned

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


CLASSES = {
    "plain": {}, "sum": {"reduction": "sum"}, "none": {"reduction": "none"}, "ignored": {"ignore_index": 1},
    "weights": {"weight": 1}, "smoothed": {"label_smoothing": 0.3}, "all": {"weight": 1, "ignore_index": 2, "label_smoothing": 0.3},
    "all, none": {"weight": 1, "ignore_index": 0, "label_smoothing": 0.3, "reduction": "none"},
    "nothing left": {"ignore_index": 2},
}  # fmt: skip


def of_classes(lib, options, shape, kind):
    """The cross entropy and the negative log-likelihood, their gradients, and the gradient of the gradient."""
    rng = np.random.default_rng(3)
    x = lib.tensor(rng.normal(size=shape), requires_grad=True)
    target = rng.integers(0, 3, shape[:1] * (len(shape) > 1) + shape[2:])
    target = lib.tensor(np.full_like(target, 2) if options == {"ignore_index": 2} else target).to(getattr(lib, kind))
    options = options | ({"weight": lib.tensor([0.5, 1.0, 2.0], dtype=lib.float64)} if "weight" in options else {})
    found = []
    for name in ("cross_entropy", "nll_loss"):
        options = {key: value for key, value in options.items() if name == "cross_entropy" or key != "label_smoothing"}
        loss = getattr(lib.nn.functional, name)(x, target, **options)
        (slope,) = lib.autograd.grad(loss.sin().sum(), x, create_graph=True)
        found += [loss, slope, lib.autograd.grad(slope.pow(2).sum(), x)[0]]
    return found


@pytest.mark.referee
@pytest.mark.parametrize(("shape", "kind"), [((5, 3), "int64"), ((3,), "int64"), ((2, 3, 4), "int64"), ((700, 3), "int64")], ids=str)
@pytest.mark.parametrize("name", CLASSES)
def test_losses_of_classes(name, shape, kind):
    compare(of_classes, CLASSES[name], shape, kind, tolerance=1e-10)


@pytest.mark.referee
@pytest.mark.parametrize("name", ["plain", "ignored", "weights", "nothing left"])
def test_classes_of_bytes(name):
    compare(of_classes, CLASSES[name], (5, 3), "uint8", tolerance=1e-10)


def test_the_third_derivative_of_the_cross_entropy_is_that_of_differences():
    x = mt.tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    weight, target = mt.tensor([0.5, 1.0, 2.0], dtype=mt.float64), mt.tensor([0, 2, 1, 1])

    def second(x):
        loss = mt.nn.functional.cross_entropy(x, target, weight, ignore_index=2, label_smoothing=0.2)
        (slope,) = mt.autograd.grad(loss, x, create_graph=True)
        return mt.autograd.grad(slope.pow(2).sum(), x, create_graph=True)[0]

    check_gradients(second, [x])


def test_weights_that_are_trained_get_their_gradient():
    """PyTorch refuses; the gradient is that of differences."""
    x = mt.tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    weight = mt.tensor([0.5, 1.0, 2.0], dtype=mt.float64, requires_grad=True)
    check_gradients(lambda x, w: mt.nn.functional.cross_entropy(x, mt.tensor([0, 2, 1, 1]), w, label_smoothing=0.2), [x, weight])


def of_old(lib):
    """The two arguments of long ago, with their warnings, in every functional that has them."""
    F = lib.nn.functional
    x, y, sign = lib.tensor([[0.25, 0.5], [0.75, 0.125]]), lib.tensor([[0.5, 0.25], [0.5, 0.75]]), lib.tensor([1, 0])
    calls = {
        "mse_loss": (x, y), "l1_loss": (x, y), "smooth_l1_loss": (x, y), "kl_div": (x, y), "soft_margin_loss": (x, y),
        "poisson_nll_loss": (x, y), "binary_cross_entropy": (x, y), "binary_cross_entropy_with_logits": (x, y), "nll_loss": (x, sign),
        "cross_entropy": (x, sign), "multi_margin_loss": (x, sign), "multilabel_margin_loss": (x, y.long()),
        "multilabel_soft_margin_loss": (x, y), "hinge_embedding_loss": (x, y), "margin_ranking_loss": (x, y, y),
        "cosine_embedding_loss": (x, y, sign), "triplet_margin_loss": (x, y, x),
    }  # fmt: skip
    return {name: [warned(lambda name=name, given=given, old=old: getattr(F, name)(*given, **old)) for old in LEGACY]
            for name, given in calls.items()}  # fmt: skip


@pytest.mark.referee
def test_the_arguments_of_long_ago():
    compare(of_old, tolerance=1e-6)


def refused(lib):
    """Options that no layer takes, and their texts."""
    nn = lib.nn
    return [outcome(build) for build in (
        lambda: nn.HuberLoss(delta="1"), lambda: nn.MultiMarginLoss(p=3), lambda: nn.MultiMarginLoss(weight=lib.ones(1, 2)),
        lambda: nn.TripletMarginLoss(margin=0), lambda: nn.TripletMarginWithDistanceLoss(margin=-1.0),
        lambda: nn.LinearCrossEntropyLoss(2, 3, label_smoothing=2.0), lambda: nn.LinearCrossEntropyLoss(2, 3, weight=lib.ones(2)),
        lambda: nn.LinearCrossEntropyOptions(acc_policy="x"), lambda: nn.LinearCrossEntropyOptions(chunking_method="aspect_ratio:0"),
        lambda: nn.LinearCrossEntropyOptions(batch_chunk_size=0), lambda: repr(nn.LinearCrossEntropyOptions(batch_chunk_size=4)),
        lambda: nn.functional.mse_loss(lib.ones(2), lib.ones(2), reduction="all"),
        lambda: repr(nn.LinearCrossEntropyLoss(2, 3, out_features=(2,), bias=True, options=nn.LinearCrossEntropyOptions())),
        lambda: repr(warned(nn.NLLLoss2d)), lambda: warned(nn.functional.kl_div, lib.zeros(2), lib.ones(2))[1],
        lambda: nn.functional.cross_entropy(lib.ones(2, 3), lib.ones(2, 3), ignore_index=1),
        lambda: nn.functional.gaussian_nll_loss(lib.ones(2), lib.ones(2), lib.tensor([1.0, -1.0])),
        lambda: nn.functional.gaussian_nll_loss(lib.ones(2), lib.ones(2), lib.ones(3)),
    )]  # fmt: skip


@pytest.mark.referee
def test_what_is_refused():
    compare(refused)


def printed(lib):
    """A loss as it is printed, with what made it."""
    F = lib.nn.functional
    x, y, target = lib.ones(2, 3, requires_grad=True), lib.zeros(2, 3), lib.tensor([0, 2])
    losses = [F.cross_entropy(x, target), F.cross_entropy(x, target, label_smoothing=0.1),
              F.mse_loss(x, y), F.mse_loss(x, y, reduction="none"), F.l1_loss(x, y), F.l1_loss(x, y, reduction="sum"),
              F.smooth_l1_loss(x, y), F.binary_cross_entropy_with_logits(x, y)]  # fmt: skip
    return [repr(loss) for loss in losses]


@pytest.mark.referee
def test_what_is_printed_of_a_loss():
    compare(printed)
