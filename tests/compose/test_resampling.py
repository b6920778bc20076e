"""Resampling, sampling at places and sliding blocks against PyTorch, over many sizes and options."""

import itertools

import numpy as np
import pytest

import minitorch as mt
import minitorch.nn.functional as F
from minitorch.compose import taps

SIZES = (1, 2, 3, 5, 8, 13)
DTYPES = {"float64": 1e-12, "float32": 1e-5, "uint8": 0}


def numbers(shape, dtype, seed=0):
    draw = np.random.default_rng(seed)
    return draw.integers(0, 256, shape).astype("uint8") if dtype == "uint8" else draw.normal(size=shape).astype(dtype)


@pytest.mark.referee
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode,options", [
    ("nearest", {}), ("nearest-exact", {}), ("bilinear", {}), ("bilinear", {"align_corners": True}), ("bicubic", {}),
    ("bicubic", {"align_corners": True}), ("bilinear", {"antialias": True}), ("bicubic", {"antialias": True}),
    ("lanczos", {"antialias": True}), ("bicubic", {"antialias": True, "align_corners": True}),
])  # fmt: skip
def test_every_size_is_resampled_to_every_size_as_pytorch_does(mode, options, dtype):
    torch = pytest.importorskip("torch")
    for size, wanted in itertools.product(SIZES, (*SIZES, 4, 10, 21)):
        x = numbers((1, 2, size, 4), dtype, size)
        for asked in ({"size": (wanted, 5)}, {"scale_factor": (wanted / size + 0.01, 1.3)}):
            theirs = torch.nn.functional.interpolate(torch.from_numpy(x), mode=mode, **asked, **options).numpy()
            found = F.interpolate(mt.from_numpy(x), mode=mode, **asked, **options).numpy()
            assert found.dtype == theirs.dtype and found.shape == theirs.shape
            assert np.allclose(found.astype(float), theirs.astype(float), rtol=DTYPES[dtype], atol=DTYPES[dtype]), (size, asked)


@pytest.mark.referee
@pytest.mark.parametrize("size", [(20, 50), (20, 70), (60, 128)], ids=str)
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_small_and_large_images_meet_pytorchs_elements(mode, size):
    torch = pytest.importorskip("torch")
    x = numbers((1, 2, *size), "float32")
    for factors in ((1.009, 1.003), (2.003, 2.002)):
        theirs = torch.nn.functional.interpolate(torch.from_numpy(x), scale_factor=factors, mode=mode).numpy()
        assert np.array_equal(F.interpolate(mt.from_numpy(x), scale_factor=factors, mode=mode).numpy(), theirs)


def test_antialiased_columns_do_not_depend_on_how_many_there_are():
    x = mt.arange(3.0).reshape(1, 1, 3, 1)
    one = F.interpolate(x, (7, 1), mode="bilinear", antialias=True)
    two = F.interpolate(x.expand(1, 1, 3, 2), (7, 2), mode="bilinear", antialias=True)
    assert mt.equal(one[..., 0], two[..., 0])  # PyTorch leaves a single column as it is


@pytest.mark.parametrize("table", [taps.linear(3, 8, False, None, np.dtype("float64")), taps.cubic(7, 3, True, None, np.dtype("float64")),
                                   taps.smooth("lanczos", 9, 4, False, None, np.dtype("float64"))], ids=repr)  # fmt: skip
def test_a_turned_table_is_the_transposed_matrix(table):
    def matrix(t):
        found = np.zeros((t.index.shape[1], t.size))
        np.add.at(found, (np.arange(t.index.shape[1]), t.index), t.weights)
        return found

    assert np.allclose(matrix(table).T, matrix(table.turned))


def test_an_infinity_stays_where_it_is():
    x = mt.zeros(1, 1, 1, 8)
    x[..., 2] = float("inf")
    out = F.interpolate(x, (1, 16), mode="bilinear")
    assert out.isfinite().sum() == 12


@pytest.mark.referee
@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_places_on_the_edges_and_far_outside(mode, padding, align):
    torch = pytest.importorskip("torch")
    x = numbers((1, 2, 4, 5), "float64")
    lines = np.meshgrid([-1, -0.5, 0, 0.25, 1, 1.5, 2, -2, 1.25, -1.2], [-1, -0.6, 0, 1, 0.7, -3, 5, 1.4, -1.25])
    grid = np.stack(lines, -1)[None]
    results = []
    for lib in (torch, mt):
        a, g = lib.tensor(x, requires_grad=True), lib.tensor(grid, requires_grad=True)
        out = lib.nn.functional.grid_sample(a, g, mode, padding, align)
        (out * out).sum().backward()
        results.append([out.detach().numpy(), a.grad.numpy(), g.grad.numpy()])
    for theirs, found in zip(*results, strict=True):
        assert np.allclose(theirs, found, atol=1e-12)


def test_places_that_are_nowhere():
    x = mt.ones(1, 1, 3, 3)
    grid = mt.tensor([[[[float("inf"), 0.0], [1e30, 0.0]]]])
    for padding, expected in (("zeros", [0.0]), ("border", [1.0])):
        assert F.grid_sample(x, grid, "nearest", padding, False)[0, 0, 0].unique().tolist() == expected
    assert F.grid_sample(x, grid * float("nan"), "bilinear", "border", False).isfinite().all()


def test_blocks_added_back_count_how_often_each_element_was_met():
    x = mt.randn(2, 3, 5, 6, dtype=mt.float64)
    options = {"dilation": (1, 2), "padding": (1, 0), "stride": (2, 1)}
    times = F.fold(F.unfold(mt.ones_like(x), (2, 3), **options), (5, 6), (2, 3), **options)
    assert mt.allclose(F.fold(F.unfold(x, (2, 3), **options), (5, 6), (2, 3), **options), times * x)


def test_a_convolution_is_blocks_times_weights():
    x, w = mt.randn(2, 3, 6, 5, dtype=mt.float64), mt.randn(4, 3, 3, 2, dtype=mt.float64)
    assert mt.allclose((w.reshape(4, -1) @ F.unfold(x, (3, 2))).reshape(2, 4, 4, 4), F.conv2d(x, w))


def test_shuffles_are_undone_by_their_inverses_and_are_no_alias():
    x = mt.randn(2, 8, 3, 5)
    assert mt.equal(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), x)
    assert mt.equal(F.channel_shuffle(F.channel_shuffle(x, 2), 4), x)
    for same in (F.pixel_shuffle(x, 1), F.pixel_unshuffle(x, 1), F.channel_shuffle(x, 1)):
        assert mt.equal(same, x) and same.data_ptr() != x.data_ptr()
