"""Rows for resampling, sampling at places, sliding blocks, and shuffles."""

import warnings

import numpy as np

from ...compose import taps
from ..domains import between, call, literal, rule, spec

TABLES = [taps.linear(3, 5, False, None, np.dtype("float64")), taps.cubic(3, 2, True, None, np.dtype("float64"))]
BLOCKS = {"kernel": (2, 3), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 1)}
#: Places that are no kink of any padding, with the grid of operands.
PLACES = between(-1.5, 1.5, avoid=(-1, 1))


def quietly(f, *args, **params):
    """Without the warning that it has another name now."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f(*args, **params)


def sized(mode, *shapes, **params):
    calls = [call(shape, literal(size), mode=mode, **params) for shape, size in shapes]
    return [*calls, call(shapes[0][0], scale_factor=1.75, mode=mode, **params)]


def sampled(mode, *padding, shape=(2, 2, 4, 3), grid=(2, 3, 2, 2)):
    return [call(shape, spec(grid, PLACES), mode=mode, padding_mode=name, align_corners=align)
            for name in padding for align in (False, True)]  # fmt: skip


ALL = ("zeros", "border", "reflection")
OPS = {
    "blocks": rule(call((2, 2, 3, 4), **BLOCKS), call((0, 1, 3, 3), **BLOCKS), call((1, 1, 4), kernel=(2,), stride=(1,), padding=(0,), dilation=(2,))),
    "unblocks": rule(call((2, 12, 4), **BLOCKS, shape=(2, 2, 3, 4)), call((0, 6, 2), **BLOCKS, shape=(0, 1, 3, 3))),
    "resample": rule(call((2, 3, 2), taps=TABLES[0], dim=1), call((2, 3), taps=TABLES[1], dim=1), call((3, 0), taps=TABLES[0], dim=0), complex=False),
}
PUBLIC = {
    "nn.functional.unfold": rule(
        call((1, 2, 3, 4), literal(2)), call((2, 3, 3), literal((2, 1)), dilation=2, padding=(1, 0), stride=(1, 2)), call((0, 1, 2, 2), literal(2)),
    ),
    "fold": rule(
        call((1, 4, 4), literal((3, 3)), literal(2)), call((6, 6), literal((4, 3)), literal((3, 2)), stride=(2, 1), padding=(1, 1), dilation=(1, 2)),
        call((0, 4, 1), literal(2), literal(2)),
    ),
    "interpolate": rule(
        *sized("nearest", ((1, 2, 3), 5), ((2, 1, 3, 2), (2, 5)), ((1, 1, 2, 3, 2), 3)), *sized("nearest-exact", ((1, 2, 3), 5), ((2, 1, 3, 2), (2, 5))),
        *sized("linear", ((1, 2, 3), 5), ((0, 2, 3), 2)), *sized("bilinear", ((1, 2, 3, 2), (5, 4)), ((1, 1, 4, 3), 2), align_corners=True),
        *sized("bilinear", ((2, 1, 3, 4), (2, 7)), antialias=True), *sized("bicubic", ((1, 2, 3, 2), (5, 4))), *sized("lanczos", ((1, 1, 7, 3), (3, 5)), antialias=True),
        *sized("bicubic", ((1, 1, 5, 4), (2, 6)), antialias=True), *sized("trilinear", ((1, 1, 2, 3, 2), (3, 2, 4))), *sized("area", ((1, 2, 3, 5), (2, 3))),
        call((1, 2, 3), scale_factor=1.75, mode="linear", recompute_scale_factor=True), complex=False, nasty=False, near=1e-11,
    ),
    "upsample": rule(call((1, 2, 3), literal(5)), call((1, 2, 3, 2), None, literal(2.0), literal("bilinear")), complex=False, through=quietly),
    "upsample_nearest": rule(call((1, 2, 3), literal(5)), call((1, 2, 3, 2), scale_factor=2), complex=False, through=quietly),
    "upsample_bilinear": rule(call((1, 2, 3, 2), literal(5)), call((1, 2, 3, 2), scale_factor=2), complex=False, through=quietly, nasty=False),
    "grid_sample": rule(
        *sampled("bilinear", *ALL), *sampled("nearest", *ALL), *sampled("bicubic", *ALL), *sampled("bilinear", *ALL, shape=(1, 2, 2, 3, 3), grid=(1, 1, 2, 2, 3)),
        *sampled("nearest", "zeros", shape=(1, 2, 2, 3, 3), grid=(1, 1, 2, 2, 3)), complex=False, nasty=False, near=1e-10,
    ),
    "affine_grid": rule(
        call((2, 2, 3), literal((2, 1, 3, 2)), align_corners=False), call((1, 2, 3), literal((1, 2, 2, 4)), align_corners=True),
        call((1, 3, 4), literal((1, 1, 2, 3, 2)), align_corners=False), complex=False,
    ),
    "pixel_shuffle": rule(call((1, 8, 2, 3), literal(2)), call((2, 2, 9, 1, 1), literal(3)), call((2, 1, 3), literal(1)), call((0, 4, 2, 2), literal(2))),
    "pixel_unshuffle": rule(call((1, 2, 4, 2), literal(2)), call((2, 1, 3, 3), literal(3)), call((2, 1, 3), literal(1))),
    **{name: rule(call((1, 6, 2), literal(3)), call((2, 4, 1, 2), literal(2)), call((0, 4, 2), literal(2)), call((1, 2, 3), literal(1)))
       for name in ("channel_shuffle", "native_channel_shuffle")},
}  # fmt: skip
