"""Padding: elements added around (or, where negative, taken from) the last dimensions.

A constant is a slice placed into a larger array; the other modes look up, along one dimension after the other, the
element that belongs at each new position, so that their gradients are the lookup's.
https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
"""

from __future__ import annotations

from typing import Any

from ..backend.dtype import of
from ..backend.namespace import backend_of
from ..ops.front import public
from ..ops.kinds import lacking
from ..ops.lookup import lookup
from ..ops.promotion import real
from ..ops.shape import place, select


def _sides(pad: Any, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """(before, after) for each of the padded dimensions, the first of them first.

    Raises:
        TypeError: for anything but whole numbers.
        RuntimeError: for an odd number of them, or more than the input has room for.
    """
    if not isinstance(pad, tuple | list):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    for place_, item in enumerate(pad):
        if not hasattr(item, "__index__"):
            raise TypeError(
                f"pad(): argument 'pad' (position 2) must be tuple of ints, but found element of type "
                f"{type(item).__name__} at pos {place_}"
            )
    pad = [item.__index__() for item in pad]
    if len(pad) % 2:
        raise RuntimeError(f"Padding length must be divisible by 2, but got {pad}")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {len(shape)}"
        )
    return [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]


def constant(x: Any, sides: list[tuple[int, int]], value: Any) -> Any:
    """x with `value` around its last dimensions."""
    shape = x._data.shape
    first = len(shape) - len(sides)
    inner: list[Any] = [slice(None)] * first
    outer: list[Any] = [slice(None)] * first
    sizes = list(shape[:first])
    for axis, (before, after) in enumerate(sides, first):
        size = shape[axis]
        if size + before + after < 0:
            raise RuntimeError(
                f"The input size {size}, plus negative padding {before} and {after}, resulted in a negative output size, "
                f"which is invalid. Check dimension {axis} of your input: it has shape {list(shape)}."
            )
        taken = size + min(before, 0) + min(after, 0)
        if taken < 0:
            raise RuntimeError(f"narrow(): length must be non-negative. (dimension {axis} of {list(shape)}, {before=}, {after=})")
        inner.append(slice(max(-before, 0), max(-before, 0) + taken))
        outer.append(slice(max(before, 0), max(before, 0) + taken))
        sizes.append(size + before + after)
    if any(before < 0 or after < 0 for before, after in sides):
        x = select(x, key=tuple(inner))
    out = place(x, key=tuple(outer), shape=tuple(sizes))
    if not value:
        return out
    value = real(value, of(x._data.dtype)) if isinstance(value, complex) and x._data.dtype.kind != "c" else value
    xp = backend_of(x._data)
    around = xp.full(tuple(sizes), value, dtype=x._data.dtype)
    around[tuple(outer)] = 0
    return out + x._wrap(around)


def _reflected(xp: Any, size: int, before: int, after: int) -> Any:
    where = xp.abs(xp.arange(-before, size + after))
    return size - 1 - xp.abs(size - 1 - where)


def _replicated(xp: Any, size: int, before: int, after: int) -> Any:
    return xp.clip(xp.arange(-before, size + after), 0, size - 1)


def _wrapped(xp: Any, size: int, before: int, after: int) -> Any:
    # What a negative side takes away is gone before the rest is repeated.
    first, left = max(-before, 0), size + min(before, 0) + min(after, 0)
    return first + xp.arange(-max(before, 0), left + max(after, 0)) % left


POSITIONS = {"reflect": _reflected, "replicate": _replicated, "circular": _wrapped}


def _refuse(mode: str, shape: tuple[int, ...], sides: list[tuple[int, int]]) -> None:
    """What has no element to put at a new position."""
    if any(n == 0 for n in shape[-len(sides) - 1 :]) and mode != "circular":
        kinds = {1: "2D or 3D", 2: "3D or 4D", 3: "4D or 5D"}[len(sides)]
        raise RuntimeError(
            f"Expected {kinds} (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            f"but got: {list(shape)}"
        )
    for axis, (before, after) in enumerate(sides, len(shape) - len(sides)):
        size = shape[axis]
        if mode == "reflect" and (before >= size or after >= size):
            raise RuntimeError(
                f"Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {axis} of input {list(shape)}"
            )
        if mode == "circular" and (before > size or after > size):
            raise RuntimeError(
                f"Padding value causes wrapping around more than once. (padding ({before}, {after}) at dimension {axis} of "
                f"input {list(shape)})"
            )
        if size + before + after < 0 or (mode == "circular" and size + before + after == 0):
            raise RuntimeError(f"Negative padding value is resulting in an empty dimension ({axis} of {list(shape)})")


@public("(input, pad, mode='constant', value=None)", namespace="nn.functional")
def pad(input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Any:
    """The input with elements added around its last dimensions, or taken away where a number is negative.

    Args:
        pad: (before, after) of the last dimension, then of the one before it, and so on.
        mode: "constant" (any number of dimensions), or of the 1, 2 or 3 spatial dimensions "reflect" (without the edge),
            "replicate" (the edge) or "circular".
        value: the constant; 0 by default.
    """
    shape = input._data.shape
    sides = _sides(pad, shape)
    if mode == "constant":
        if isinstance(value, complex):
            raise TypeError("pad(): argument 'value' (position 4) must be float, not complex")
        return constant(input, sides, value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if len(shape) not in (len(sides) + 1, len(sides) + 2) or not 1 <= len(sides) <= 3:
        raise NotImplementedError(f"Padding size {2 * len(sides)} is not supported for {len(shape)}D input tensor.")
    if mode not in POSITIONS:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if mode != "circular":
        lacking(f"{'reflection' if mode == 'reflect' else 'replication'}_pad{len(sides)}d", "b", input)
    _refuse(mode, shape, sides)
    xp = backend_of(input._data)
    for axis, (before, after) in enumerate(sides, len(shape) - len(sides)):
        if before or after:
            input = lookup(input, input._wrap(POSITIONS[mode](xp, shape[axis], before, after)), dim=axis)
    return input


@public("(input, pad, value=0)", method=False)
def constant_pad_nd(input: Any, pad: Any, value: float = 0) -> Any:
    """`nn.functional.pad` with a constant."""
    return constant(input, _sides(pad, input._data.shape), value)
