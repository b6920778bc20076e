"""The loss of alignments: against the sum over all paths written out, against PyTorch, and at the third order."""

import itertools

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing.numeric import check_gradients
from tests.twins import compare, outcome

F = mt.nn.functional


def collapsed(path, blank):
    """A path without what stands twice in a row, and without blanks."""
    kept = [label for label, _ in itertools.groupby(path)]
    return [label for label in kept if label != blank]


@pytest.mark.parametrize("labels", [[1, 2], [1, 1], [2], []], ids=str)
@pytest.mark.parametrize("blank", [0, 3])
def test_the_loss_is_the_sum_over_all_paths(labels, blank):
    rng = np.random.default_rng(0)
    labels = [label if label != blank else 0 for label in labels]
    logs = mt.tensor(rng.normal(size=(4, 1, 4))).log_softmax(2)
    every = sum(np.exp(sum(logs[t, 0, c].item() for t, c in enumerate(path)))
                for path in itertools.product(range(4), repeat=4) if collapsed(path, blank) == labels)  # fmt: skip
    targets = mt.tensor([labels], dtype=mt.int64).reshape(1, -1)
    loss = F.ctc_loss(logs, targets, [4], [len(labels)], blank=blank, reduction="sum")
    assert loss.item() == pytest.approx(-np.log(every), rel=1e-12)


def losses(lib, reduction, zero, leaf):
    """The loss and its gradient, with samples of several lengths."""
    rng = np.random.default_rng(0)
    x = lib.tensor(rng.normal(size=(12, 4, 6)), requires_grad=True)
    logs = x.log_softmax(2)
    if leaf:
        x = logs = logs.detach().requires_grad_()
    targets = lib.tensor(rng.integers(1, 6, (4, 4)))
    lengths = [12, 9, 5, 3], [4, 3, 0, 1 if not zero else 4]
    loss = lib.nn.functional.ctc_loss(logs, targets, *lengths, reduction=reduction, zero_infinity=zero)
    loss.sum().backward()
    return [loss, x.grad]


@pytest.mark.referee
@pytest.mark.parametrize("leaf", [False, True])
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_loss_and_its_gradient_are_pytorchs(reduction, zero, leaf):
    compare(losses, reduction, zero, leaf, tolerance=1e-12)


def forms(lib):
    """Lengths as lists, tuples and tensors; labels side by side and in a row; one sample alone."""
    loss = lib.nn.functional.ctc_loss
    x = lib.arange(40.0, dtype=lib.float64).sin().reshape(5, 2, 4).log_softmax(2)
    rows, line = lib.tensor([[1, 2, 9], [3, 9, 9]]), lib.tensor([1, 2, 3])
    lengths = lib.tensor([5, 4]), lib.tensor([2, 1], dtype=lib.int32)
    return [
        loss(x, rows, [5, 4], (2, 1)), loss(x, line, *lengths), loss(x, line.to(lib.int32), *lengths), loss(x, rows.double(), *lengths),
        loss(x[:, 0], line[:2], lib.tensor(5), lib.tensor(2), reduction="none"), loss(x[:, 0], line[:2], (5,), (2,)),
        loss(x, rows, [1, 4], (2, 1), reduction="none"), loss(x, rows, [0, 4], (0, 1), reduction="none"),
        outcome(loss, x, rows, [5, 6], [2, 1]), outcome(loss, x, rows, [5, 5], [2, 4]), outcome(loss, x, rows, [5], [2, 1]),
        outcome(loss, x, line, [5, 5], [2, 2]), outcome(loss, x, rows, [5, 5], [2, 1], blank=4), outcome(loss, x, rows, [5, -1], [2, 1]),
        outcome(loss, x, rows, lib.tensor([5.0, 5.0]), lib.tensor([2, 1])), outcome(loss, x, rows, [5, 5], [2, 1], reduction="all"),
    ]  # fmt: skip


@pytest.mark.referee
def test_the_forms_of_a_call():
    compare(forms, tolerance=1e-12)


def test_the_third_derivative_is_that_of_differences():
    x = mt.tensor(np.random.default_rng(0).normal(size=(4, 2, 3)), requires_grad=True)

    def second(x):
        loss = F.ctc_loss(x.log_softmax(2), mt.tensor([[1, 2], [2, 0]]), [4, 3], [2, 1])
        (slope,) = mt.autograd.grad(loss, x, create_graph=True)
        return mt.autograd.grad(slope.pow(2).sum(), x, create_graph=True)[0]

    check_gradients(second, [x])
