"""Strategies for shapes, for what may be reduced of them, and for dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import permutations
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

from ..backend import dtype as dt

Shape = tuple[int, ...]
#: Enough for every way in which sizes can meet; drawn tensors stay small.
MOST_DIMS, MOST_SIDE = 3, 3
#: Dtypes by NumPy's letter of their kind, the usual one first.
KINDS = {"f": ("float32", "float64", "float16", "bfloat16"), "c": ("complex64", "complex128"),
         "i": ("int64", "int32", "int16", "int8"), "u": ("uint8", "uint16", "uint32", "uint64"), "b": ("bool",)}  # fmt: skip


class Shapes(tuple[Shape, ...]):
    """The shapes of some operands, and in `result` that of what is computed of them."""

    result: Shape

    def __new__(cls, shapes: Sequence[Shape], result: Shape) -> Shapes:
        made = super().__new__(cls, [tuple(shape) for shape in shapes])
        made.result = tuple(result)
        return made


def shapes(min_dims: int = 0, max_dims: int = MOST_DIMS, min_side: int = 0, max_side: int = MOST_SIDE) -> Any:
    """Shapes of min_dims to max_dims sizes from min_side to max_side; shrinks to () and to small sizes."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


@st.composite
def broadcastable(draw: Any, n: int = 2, *, min_dims: int = 0, max_dims: int = MOST_DIMS, min_side: int = 0,
                  max_side: int = MOST_SIDE) -> Shapes:  # fmt: skip
    """`Shapes` of n operands that broadcast together; `.result` is the common shape."""
    found = draw(hnp.mutually_broadcastable_shapes(num_shapes=n, min_dims=min_dims, max_dims=max_dims, min_side=min_side,
                                                   max_side=max_side))  # fmt: skip
    return Shapes(found.input_shapes, found.result_shape)


@st.composite
def gufunc(draw: Any, signature: str, *, min_dims: int = 0, max_dims: int = 2, min_side: int = 0, max_side: int = MOST_SIDE
           ) -> Shapes:  # fmt: skip
    """`Shapes` that fit a signature such as "(m,k),(k,n)->(m,n)", with up to max_dims batch dimensions that broadcast.

    One letter is one size, a number is that size, and `m?` a dimension that may be missing in all operands.
    https://numpy.org/doc/stable/reference/c-api/generalized-ufuncs.html
    """
    found = draw(hnp.mutually_broadcastable_shapes(signature=signature.replace(" ", ""), min_dims=min_dims, max_dims=max_dims,
                                                   min_side=min_side, max_side=max_side))  # fmt: skip
    return Shapes(found.input_shapes, found.result_shape)


def dims(shape: Sequence[int], kinds: str = "none int tuple") -> Any:
    """What a reduction of this shape may be given as `dim`: None, one dimension, or a tuple of different ones.

    Args:
        shape: of the operand; one without dimensions takes 0 and -1, as a vector does.
        kinds: the forms that the function takes, of "none int tuple".
    """
    count = len(shape)
    forms: list[Any] = []
    if "none" in kinds:
        forms.append(st.none())
    if "int" in kinds:
        forms.append(st.sampled_from([*range(count), *range(-1, -count - 1, -1)] or [0, -1]))
    if "tuple" in kinds:
        several = [chosen for length in range(1, count + 1) for chosen in permutations(range(count), length)]
        forms.append(_signed(several or [()], count))
    if not forms:
        raise ValueError(f"kinds must name some of 'none int tuple', but got {kinds!r}")
    return st.one_of(forms)


@st.composite
def _signed(draw: Any, several: Sequence[Shape], count: int) -> Shape:
    """One of several tuples of dimensions, some of them counted from the end."""
    return tuple(draw(st.sampled_from([dim, dim - count])) for dim in draw(st.sampled_from(several)))


def dtypes(kinds: str = "f") -> Any:
    """Dtypes of these kinds: f floating, c complex, i and u signed and unsigned integers, b bool; the usual ones first.

    bfloat16 is among them where the package ml_dtypes is installed.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown or not kinds:
        raise ValueError(f"kinds must be letters of 'fciub', but got {kinds!r}")
    names = [name for kind in kinds for name in KINDS[kind] if name != "bfloat16" or find_spec("ml_dtypes")]
    return st.sampled_from([by_name(name) for name in names])


def by_name(dtype: Any) -> dt.dtype:
    """The dtype itself, or of this name."""
    for known in dt.ALL:
        if dtype is known or dtype == known.name or dtype == str(known):
            return known
    raise TypeError(f"expected a dtype, its name or a strategy of them, but got {dtype!r} of type {type(dtype).__name__}")


def numpy_of(dtype: dt.dtype) -> np.dtype[Any]:
    """NumPy's format of it."""
    found: np.dtype[Any] = np.dtype(dtype.numpy)
    return found
