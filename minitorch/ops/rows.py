"""A gradient that is 0 but for some rows: what a lookup with `sparse=True` sends to its table.

It travels the tape in the place of an array. Two of them join, without adding up rows that they share; with an array it
becomes one. A leaf's `.grad`, a hook and `autograd.grad` get it as a sparse tensor; an op further up gets an array. While
gradients are recorded its values are tracked, and all of this is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..backend.namespace import backend_of
from ..tracked import Tracked
from .lookup import deposit, lookup
from .shape import cat, reshape


class Rows:
    """Rows of a tensor by number, those that are not named being 0.

    Attributes:
        index: raw int64 numbers, (n,), in any order, also several times.
        values: the rows, (n, *), raw or tracked; those of one number add up.
        sizes: the shape of the whole.
    """

    __slots__ = ("index", "sizes", "values")
    __array_ufunc__ = None  # array + rows is for __radd__
    #: Unlike those of any array, so that the walk shows it to `settle`.
    shape = dtype = None
    #: The sparse tensor of these rows, with parts of its own. The tensors' floor says how.
    tensor: ClassVar[Callable[[Any], Any]]

    def __init__(self, index: Any, values: Any, sizes: tuple[int, ...]) -> None:
        self.index, self.values, self.sizes = index, values, sizes

    def __add__(self, other: Any) -> Any:
        if other.__class__ is not Rows:
            return other + self.dense()
        index = backend_of(self.index).concatenate([other.index, self.index])  # the walk finds the last lookup first
        return Rows(index, cat(other.values, self.values, dim=0), self.sizes)

    __radd__ = __add__

    def dense(self) -> Any:
        """The array, or the tracked tensor, of the same numbers."""
        return deposit(self.values, self.index, dim=0, shape=self.sizes)


def rows_of(g: Any, index: Any, sizes: tuple[int, ...], padding: int) -> Rows:
    """The gradient of a table that was looked up at `index`, but for the row `padding`, whose places a device waits for."""
    raw = index._data if isinstance(index, Tracked) else index
    flat = raw.reshape(-1).astype("int64")
    values = reshape(g, shape=(flat.size, *sizes[1:]))
    if padding >= 0:
        kept = backend_of(flat).nonzero(flat != padding)[0]
        flat, values = flat.take(kept), lookup(values, kept, dim=0)
    return Rows(flat, values, sizes)
