"""Size: the shape of a tensor, a tuple with a count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex, overload


class Size(tuple[int, ...]):
    """A tuple of ints; slices and sums of it are sizes too."""

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = (), /) -> Size:
        """The sizes, each an int or what stands for one.

        Raises:
            TypeError: for an item that is no integer.
        """
        made: Size = tuple.__new__(cls, sizes)
        for size in made:
            if size.__class__ is not int:
                return tuple.__new__(cls, map(_as_size, made, range(len(made))))
        return made

    def numel(self) -> int:
        """The product of all sizes."""
        count = 1
        for size in self:
            count *= size
        return count

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Size: ...
    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return tuple.__new__(Size, found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, count: SupportsIndex) -> Size:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Size, (tuple(self),)


def _as_size(value: Any, place: int) -> int:
    if hasattr(value, "__index__") and getattr(value, "ndim", 0) == 0:
        try:
            return int(value.__index__())
        except TypeError:  # a 0-dim tensor that holds no integer
            pass
    raise TypeError(f"torch.Size() takes an iterable of 'int' (item {place} is '{type(value).__name__}')")
