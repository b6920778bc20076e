"""Convolution and pooling in pieces: however a batch is cut, and by whichever of several ways, the numbers are the same."""

import itertools

import numpy as np
import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch.backend.host import HOST
from minitorch.ops import convolution, pooling, sliding

SHAPES = [((5, 4, 7), 8, (3,)), ((5, 4, 6, 5), 4, (3, 2)), ((3, 4, 4, 3, 4), 8, (2, 1, 2)), ((4, 4, 5, 5), 4, (1, 1))]
OPTIONS = [(stride, padding, dilation, groups) for stride, padding, dilation, groups in itertools.product((1, 2), (0, 1), (1, 2), (1, 2, 4))]


def numbers(shape, seed):
    return np.random.default_rng(seed).normal(size=shape)


def direct(x, w, stride, padding, dilation, groups):
    """A convolution by its definition, in one spatial dimension."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    count = (x.shape[2] - dilation * (w.shape[2] - 1) - 1) // stride + 1
    out = np.zeros((x.shape[0], w.shape[0], count))
    for n, o, t, c, k in itertools.product(*map(range, (*out.shape, w.shape[1], w.shape[2]))):
        channel = o // (w.shape[0] // groups) * w.shape[1] + c
        out[n, o, t] += w[o, c, k] * x[n, channel, t * stride + k * dilation]
    return out


@pytest.mark.parametrize("stride,padding,dilation,groups", OPTIONS)
def test_a_convolution_is_its_definition(stride, padding, dilation, groups):
    x, w = numbers((2, 4, 8), 0), numbers((4, 4 // groups, 3), 1)
    found = F.conv1d(mt.from_numpy(x), mt.from_numpy(w), None, stride, padding, dilation, groups).numpy()
    assert np.allclose(found, direct(x, w, stride, padding, dilation, groups))


@pytest.mark.parametrize("stride,padding,dilation,groups", OPTIONS)
@pytest.mark.parametrize("shape,results,kernel", SHAPES, ids=str)
def test_a_batch_in_pieces(shape, results, kernel, stride, padding, dilation, groups, monkeypatch):
    space = len(kernel)
    options = {name: (value,) * space for name, value in (("stride", stride), ("padding", padding), ("dilation", dilation))}
    options["groups"] = groups
    x, w = numbers(shape, 0), numbers((results, shape[1] // groups, *kernel), 1)
    if any(n + 2 * padding < dilation * (k - 1) + 1 for n, k in zip(shape[2:], kernel, strict=True)):
        pytest.skip("no window fits")
    whole = []
    for room in (1 << 30, 1, 3000):
        monkeypatch.setattr(sliding, "ROOM", room)
        y = convolution.conv(x, w, **options)
        g = numbers(y.shape, 2)
        found = [y, convolution.conv_input(g, w, shape=x.shape, **options), convolution.conv_weight(x, g, shape=w.shape, **options)]
        whole = whole or found
        assert all(np.allclose(one, other) for one, other in zip(found, whole, strict=True))
    # each is the gradient of <g, conv(x, w)>: the pairings agree
    total = np.vdot(whole[0], g)
    assert np.allclose([np.vdot(whole[1], x), np.vdot(whole[2], w)], total)
    assert whole[1].flags.c_contiguous


def test_an_expanded_gradient_is_as_good_as_any():
    x, w = mt.randn(2, 3, 5, 5, dtype=mt.float64, requires_grad=True), mt.randn(4, 3, 3, 3, dtype=mt.float64, requires_grad=True)
    F.conv2d(x, w).sum().backward()
    first = x.grad.clone(), w.grad.clone()
    x.grad = w.grad = None
    F.conv2d(x, w).backward(mt.ones(2, 4, 3, 3, dtype=mt.float64))
    assert mt.allclose(x.grad, first[0]) and mt.allclose(w.grad, first[1])


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("kernel,stride,padding,dilation", [(2, 2, 0, 1), (3, 2, 1, 1), (3, 1, 1, 1), (2, 3, 0, 2), ((3, 2), (2, 1), (1, 0), (1, 2))])
def test_a_maximum_in_pieces_and_by_its_position(kernel, stride, padding, dilation, ceil_mode, monkeypatch):
    x = mt.from_numpy(numbers((5, 2, 9, 8), 0)).requires_grad_()
    results = []
    for room in (1 << 30, 1):
        monkeypatch.setattr(sliding, "ROOM", room)
        x.grad = None
        out = F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
        (out * out).sum().backward()
        results.append((out.detach(), x.grad.clone()))
        values, where = F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode, return_indices=True)
        assert mt.equal(values, out) and mt.equal(x.flatten(2).gather(2, where.flatten(2)).reshape(out.shape), out)
    assert all(mt.equal(one, other) for one, other in zip(*results, strict=True))


def test_nothing_but_padding_is_never_the_maximum():
    x = mt.full((1, 1, 3, 3), -float("inf"))
    values, where = F.max_pool2d(x, 3, 1, 1, return_indices=True)
    assert bool((values == -float("inf")).all()) and where.flatten().tolist() == [0, 0, 1, 0, 0, 1, 3, 3, 4]


def test_a_large_kernel_counts_its_places_in_more_than_a_byte():
    x = mt.arange(400.0).reshape(1, 1, 20, 20)
    values, where = F.max_pool2d(x, 20, return_indices=True)
    assert values.item() == 399 and where.item() == 399
    assert pooling._numbers(HOST, (20, 20)).dtype == "int32" and pooling._numbers(HOST, (16, 16)).dtype == "uint8"


def test_sums_over_windows_add_each_element_once_per_window():
    x = mt.from_numpy(numbers((2, 3, 7, 6), 0))
    windows = F.unfold(x, (3, 2), stride=(2, 1)).reshape(2, 3, 6, 3, 5)
    assert mt.allclose(F.avg_pool2d(x, (3, 2), (2, 1)) * 6, windows.sum(2))
