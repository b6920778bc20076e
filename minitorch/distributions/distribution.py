"""Distribution: what every distribution has; Parametrised: one whose parameters are tensors of the batch's shape.

https://docs.pytorch.org/docs/stable/distributions.html#distribution
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from .._tensor import Tensor
from ..graph.modes import no_grad
from ..size import Size
from . import constraints
from .utils import all_numbers, broadcast_all, lazy_property

__all__ = ["Distribution"]

_SCALAR = Size(())


def _undefined(self: Any) -> Any:
    raise NotImplementedError


class Distribution:
    """Base class of distributions.

    Args:
        batch_shape: shape of the parameters, one distribution per place.
        event_shape: shape of one sample of one of them.
        validate_args: check parameters now, and values given to `log_prob` and the like; None: the default.

    Attributes:
        arg_constraints: constraint of each parameter, by name.
        support: constraint that samples satisfy.
        has_rsample: whether `rsample` hands gradients to the parameters.
        has_enumerate_support: whether `enumerate_support` lists all values.

    Raises:
        ValueError: for a parameter outside its constraint.
    """

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__
    arg_constraints: Any = property(_undefined)
    support: Any = property(_undefined)

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions validate where `validate_args` is not given; at first they do, except under `python -O`."""
        if value not in [True, False]:
            raise ValueError(f"expected True or False, but got {value!r}")
        Distribution._validate_args = value

    def __init__(self, batch_shape: Any = _SCALAR, event_shape: Any = _SCALAR,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        self._batch_shape = batch_shape
        self._event_shape = event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()
        super().__init__()

    def _check_parameters(self) -> None:
        try:
            required = self.arg_constraints
        except NotImplementedError:
            required = {}
            warnings.warn(f"{self.__class__} does not define `arg_constraints`. Please set `arg_constraints = {{}}` or "
                          "initialize the distribution with `validate_args=False` to turn off validation.",
                          stacklevel=3)  # fmt: skip
        for name, constraint in required.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(getattr(type(self), name), lazy_property):
                continue
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """The distribution with its batch broadcast to `batch_shape`; no memory is copied and nothing checked again."""
        raise NotImplementedError

    @property
    def batch_shape(self) -> Size:
        """Shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """Shape of one sample of one distribution of the batch."""
        return self._event_shape

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError

    @property
    def mode(self) -> Tensor:
        """The most likely value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Tensor:
        """The variance of each element."""
        raise NotImplementedError

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of shape `sample_shape + batch_shape + event_shape`, without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of that shape as a differentiable function of the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Tensor:
        """`sample((n,))`; deprecated."""
        warnings.warn("`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning, stacklevel=2)
        return self.sample((n,))

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density, or of the probability, at `value`."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Tensor:
        """The probability of a sample at or below `value`."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Tensor:
        """The inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution along a new first dimension; the others are 1 without `expand`."""
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """The entropy in nats, of the batch's shape."""
        raise NotImplementedError

    def perplexity(self) -> Tensor:
        """exp of the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Sequence[int] = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        """Raise ValueError unless `value` fits the shapes and lies in the support."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        actual, expected = value.size(), Size((*self._batch_shape, *self._event_shape))
        if actual[len(actual) - len(self._event_shape) :] != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {actual} vs {self._event_shape}.")
        for i, j in zip(reversed(actual), reversed(expected)):
            if i != 1 and j != 1 and i != j:
                raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {actual} vs {expected}.")
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(f"{self.__class__} does not define `support` to enable sample validation. Please initialize "
                          "the distribution with `validate_args=False` to turn off validation.",
                          stacklevel=3)  # fmt: skip
            return
        if not support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        if _instance is None and type(self).__init__ != cls.__init__:  # type: ignore[misc]
            raise NotImplementedError(
                f"Subclass {self.__class__.__name__} of {cls.__name__} that defines a custom __init__ method "
                "must also define a custom .expand() method."
            )
        return self.__new__(type(self)) if _instance is None else _instance

    def _finish_expansion(self, new: Any, batch_shape: Sequence[int]) -> Any:
        """Give an expanded instance its shapes and the flag of this one."""
        Distribution.__init__(new, Size(batch_shape), self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def __repr__(self) -> str:
        found = ((name, self.__dict__[name]) for name in self.arg_constraints if name in self.__dict__)
        parts = (f"{name}: {value if value.numel() == 1 else value.size()}" for name, value in found)
        return f"{type(self).__name__}({', '.join(parts)})"


class Parametrised(Distribution):
    """A distribution of single numbers whose parameters, the attributes in `_names`, have the batch's shape."""

    _names: tuple[str, ...] = ()

    def _set_parameters(self, validate_args: bool | None, **given: Any) -> None:
        """Broadcast the parameters against each other, keep them, and check them."""
        values = broadcast_all(*given.values())
        for name, value in zip(given, values):
            setattr(self, name, value)
        Distribution.__init__(self, _SCALAR if all_numbers(*given.values()) else values[0].size(), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        owner = next(cls for cls in type(self).__mro__ if "_names" in cls.__dict__)
        new = self._get_checked_instance(owner, _instance)
        for name in self._names:
            if name in self.__dict__:
                setattr(new, name, self.__dict__[name].expand(tuple(batch_shape)))
        return self._finish_expansion(new, batch_shape)
