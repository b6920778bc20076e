"""Transforms made of others: each for a part of the tensor, or the distribution function of a distribution.

https://docs.pytorch.org/docs/stable/distributions.html#module-torch.distributions.transforms
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..compose.shapes import cat, stack
from . import constraints
from ._transform import Transform
from .utils import lazy_property, sum_rightmost

__all__ = ["CatTransform", "CumulativeDistributionTransform", "StackTransform"]


class _Parts(Transform):
    """Several transforms along `dim`, each for its own part."""

    def __init__(self, tseq: Sequence[Any], dim: int = 0, cache_size: int = 0) -> None:
        if not all(isinstance(part, Transform) for part in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size=cache_size)
        self.transforms = [part.with_cache(cache_size) if cache_size else part for part in tseq]
        self.dim = dim

    bijective = property(lambda self: all(part.bijective for part in self.transforms))

    def _parts(self, value: Any, name: str, long: str = "tensor") -> list[Any]:
        """The parts of a value, for each transform its own."""
        if not -value.dim() <= self.dim < value.dim():
            raise AssertionError(f"dim {self.dim} out of range for {long} with {value.dim()} dimensions")
        count, words = self._extent()
        if value.size(self.dim) != count:
            raise AssertionError(f"{name}.size({self.dim}) = {value.size(self.dim)} must equal {words} {count}")
        return self._cut(value)

    def _extent(self) -> tuple[int, str]:
        raise NotImplementedError

    def _cut(self, value: Any) -> list[Any]:
        raise NotImplementedError

    def _join(self, parts: list[Any]) -> Any:
        raise NotImplementedError

    def _call(self, x: Any) -> Any:
        return self._join([part(x) for part, x in zip(self.transforms, self._parts(x, "x"))])

    def _inverse(self, y: Any) -> Any:
        return self._join([part.inv(y) for part, y in zip(self.transforms, self._parts(y, "y"))])

    def _volumes(self, x: Any, y: Any) -> list[Any]:
        parts = zip(self.transforms, self._parts(x, "x", "x"), self._parts(y, "y", "y"))
        return [part.log_abs_det_jacobian(x, y) for part, x, y in parts]


class CatTransform(_Parts):
    """Each transform for the next `lengths[i]` places along `dim`, put together as by `cat`.

    Args:
        tseq: the transforms.
        dim: where the parts follow each other.
        lengths: how long each is; 1 where not given.
        cache_size: that of the parts too.

    Raises:
        AssertionError: for something else than transforms, or another number of lengths.
    """

    def __init__(self, tseq: Sequence[Any], dim: int = 0, lengths: Sequence[int] | None = None, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})")

    @lazy_property
    def event_dim(self) -> int:
        """The most that any of the transforms maps together."""
        return max(part.event_dim for part in self.transforms)

    @lazy_property
    def length(self) -> int:
        """How long the whole is."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        return self if self._cache_size == cache_size else CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _extent(self) -> tuple[int, str]:
        return self.length, "length"

    def _cut(self, value: Any) -> list[Any]:
        starts = [sum(self.lengths[:place]) for place in range(len(self.lengths))]
        return [value.narrow(self.dim, start, length) for start, length in zip(starts, self.lengths)]

    def _join(self, parts: list[Any]) -> Any:
        return cat(parts, self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        volumes = [sum_rightmost(volume, self.event_dim - part.event_dim)
                   for part, volume in zip(self.transforms, self._volumes(x, y))]  # fmt: skip
        dim = (self.dim - x.dim() if self.dim >= 0 else self.dim) + self.event_dim
        return cat(volumes, dim) if dim < 0 else sum(volumes)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.cat([part.domain for part in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.cat([part.codomain for part in self.transforms], self.dim, self.lengths)


class StackTransform(_Parts):
    """Each transform for one slice along `dim`, put together as by `stack`.

    Args:
        tseq: the transforms.
        dim: where the slices lie.
        cache_size: that of the parts too.

    Raises:
        AssertionError: for something else than transforms.
    """

    def with_cache(self, cache_size: int = 1) -> Any:
        return self if self._cache_size == cache_size else StackTransform(self.transforms, self.dim, cache_size)

    def _extent(self) -> tuple[int, str]:
        return len(self.transforms), "len(transforms)"

    def _cut(self, value: Any) -> list[Any]:
        return [value.select(self.dim, place) for place in range(len(self.transforms))]

    def _join(self, parts: list[Any]) -> Any:
        return stack(parts, self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return stack(self._volumes(x, y), self.dim)

    @constraints.dependent_property
    def domain(self) -> Any:
        return constraints.stack([part.domain for part in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        return constraints.stack([part.codomain for part in self.transforms], self.dim)


class CumulativeDistributionTransform(Transform):
    """y = the probability of a sample of `distribution` at or below x."""

    bijective = True
    codomain = constraints.unit_interval
    sign = +1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return self.distribution.log_prob(x)

    def with_cache(self, cache_size: int = 1) -> Any:
        if self._cache_size == cache_size:
            return self
        return CumulativeDistributionTransform(self.distribution, cache_size=cache_size)
