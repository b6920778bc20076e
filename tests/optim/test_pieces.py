"""Pieces of an update: every element once, real, wide, and in the memory of the arrays themselves."""

import numpy as np
import pytest

from minitorch.backend.host import HOST
from minitorch.optim import _pieces
from minitorch.optim._pieces import pieces


def add(written, read):
    """The update `w += r`, piece by piece; the shapes of the pieces."""
    shapes = []
    for w, r in pieces(HOST, [written], [read]):
        np.add(w, r, out=w)
        shapes.append(w.shape)
    return shapes


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (7,), (40, 30), (3, 1000), (1000, 3), (1, 5000), (10, 10, 50)])
@pytest.mark.parametrize("kind", ["float32", "float64", "complex64", "float16"])
@pytest.mark.parametrize("order", ["C", "F", "K"])
def test_every_element_is_met_once(shape, kind, order, monkeypatch):
    monkeypatch.setattr(_pieces, "BLOCK", 256)
    start = np.ones(shape, dtype=kind, order="F" if order == "F" else "C")
    read = np.full(shape, 2.0, dtype=kind)
    if order == "K" and start.ndim:
        start = np.repeat(start, 2, axis=-1)[..., ::2]
    add(start, read)
    np.testing.assert_array_equal(start, np.full(shape, 3.0, dtype=kind))
    np.testing.assert_array_equal(read, np.full(shape, 2.0, dtype=kind))


def test_large_contiguous_arrays_come_in_blocks():
    size = 2 * _pieces.BLOCK + 5
    assert add(np.zeros(size), np.ones(size)) == [(_pieces.BLOCK,), (_pieces.BLOCK,), (5,)]
    assert add(np.zeros((3, 4)), np.ones((3, 4))) == [(3, 4)]


def test_half_precision_is_rounded_once():
    w, r = np.full(1, 2048.0, np.float16), np.full(1, 0.6, np.float16)
    for w32, r32 in pieces(HOST, [w], [r]):
        assert w32.dtype == np.float32
        w32 += r32
        w32 += r32  # 2049.2 is 2050 in float16, where adding twice would have stayed at 2048
    assert w.item() == 2050.0


def test_a_piece_of_a_single_number_can_be_written():
    w = np.zeros(())
    add(w, np.ones(()))
    assert w == 1.0
