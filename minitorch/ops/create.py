"""Constants made to match an operand: on its device, in its dtype unless told otherwise."""

from __future__ import annotations

from .families import declare


@declare("creation", (), differentiable=False)
def full(xp, x, *, shape, value, dtype=None):
    """An array of `shape` filled with a number, on the device and in the dtype of x."""
    return xp.full(shape, value, dtype=x.dtype if dtype is None else dtype)
