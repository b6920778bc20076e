"""Parameters with some of their numbers held at zero: `<name>` becomes `<name>_orig` times a mask, before every call.

A method says by its `compute_mask` which numbers go. What is pruned again is pruned among what is left; a container keeps
the methods in order. https://docs.pytorch.org/tutorials/intermediate/pruning_tutorial.html
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

from ...create_like import ones_like, zeros_like
from ...create_random import rand, rand_like
from ..module import Module
from ._pruning import BasePruningMethod, PruningContainer
from .convert_parameters import parameters_to_vector


# ---- the methods ---------------------------------------------------------------------------------------------------
class Identity(BasePruningMethod):
    """Prunes nothing; for the names it makes."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return default_mask

    @classmethod
    def apply(cls, module: Module, name: str) -> Any:  # type: ignore[override]
        return super().apply(module, name)


class _Amount(BasePruningMethod):
    """A method with an amount: a number of them, or a fraction."""

    def __init__(self, amount: Any) -> None:
        if not isinstance(amount, numbers.Real):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        whole = isinstance(amount, numbers.Integral)
        if float(amount) < 0 or (not whole and float(amount) > 1.0):
            raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")
        self.amount = amount

    def _count(self, size: int) -> int:
        """How many of `size` go."""
        count = int(self.amount) if isinstance(self.amount, numbers.Integral) else round(float(self.amount) * size)
        if count > size:
            raise ValueError(f"amount={count} should be smaller than the number of parameters to prune={size}")
        return count


class RandomUnstructured(_Amount):
    """Prunes single numbers at random."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        count, mask = self._count(t.nelement()), default_mask.clone()
        if count:
            mask.view(-1)[rand_like(t).view(-1).topk(count).indices] = 0
        return mask

    @classmethod
    def apply(cls, module: Module, name: str, amount: Any) -> Any:  # type: ignore[override]
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Amount):
    """Prunes the single numbers of smallest size."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        count, mask = self._count(t.nelement()), default_mask.clone()
        if count:
            mask.view(-1)[t.detach().abs().reshape(-1).topk(count, largest=False).indices] = 0
        return mask

    @classmethod
    def apply(cls, module: Module, name: str, amount: Any, importance_scores: Any = None) -> Any:  # type: ignore[override]
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class _Channels(_Amount):
    """A method for whole slices of dimension `dim`."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def _channels(self, t: Any) -> tuple[int, int]:
        """How many slices there are and how many go."""
        if t.dim() <= 1:
            raise ValueError("Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
                             f"{t.shape} with {t.dim()} dims")  # fmt: skip
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        size = t.shape[self.dim]
        return size, self._count(size)

    def _kept(self, t: Any, default_mask: Any, key: Any) -> Any:
        mask = zeros_like(t)
        mask.movedim(self.dim, 0)[key] = 1
        return mask.mul_(default_mask.to(mask.dtype))


class RandomStructured(_Channels):
    """Prunes whole slices at random."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        size, count = self._channels(t)
        if not count:
            return default_mask
        drawn = rand(size)
        return self._kept(t.detach(), default_mask, (drawn > drawn.kthvalue(count).values).to(t.device))

    @classmethod
    def apply(cls, module: Module, name: str, amount: Any, dim: int = -1) -> Any:  # type: ignore[override]
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Channels):
    """Prunes the whole slices of smallest norm."""

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        size, count = self._channels(t)
        if not count:
            return default_mask
        dim = range(t.dim())[self.dim]
        t = t.detach()
        length = t.norm(p=self.n, dim=[d for d in range(t.dim()) if d != dim])
        return self._kept(t, default_mask, length.topk(size - count).indices)

    @classmethod
    def apply(cls, module: Module, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None) -> Any:  # type: ignore[override]
        return super().apply(module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores)


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}")
        return default_mask * self.mask.to(default_mask.dtype)

    @classmethod
    def apply(cls, module: Module, name: str, mask: Any) -> Any:  # type: ignore[override]
        return super().apply(module, name, mask=mask)


# ---- functions -----------------------------------------------------------------------------------------------------
def identity(module: Module, name: str) -> Module:
    """Give a parameter the names of a pruned one, with nothing pruned."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune single numbers of a parameter at random: so many, or this fraction."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: Any, importance_scores: Any = None) -> Module:
    """Prune the single numbers of smallest size, or importance: so many, or this fraction."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Any, dim: int) -> Module:
    """Prune whole slices of a dimension at random: so many, or this fraction."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module: Module, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None) -> Module:
    """Prune the whole slices of smallest `n`-norm: so many, or this fraction."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """Prune what a mask says."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any) -> None:
    """Prune single numbers among all those of several parameters.

    Args:
        parameters: pairs of a module and a name.
        pruning_method: the class of an unstructured method; kwargs: its options.
        importance_scores: by such pairs, what to judge by instead of the numbers.

    Raises:
        TypeError: for no pairs, no dict, or a method of another kind.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    pairs = list(parameters)
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    together = parameters_to_vector([scores.get((m, name), getattr(m, name)) for m, name in pairs])
    left = parameters_to_vector([getattr(m, name + "_mask", ones_like(getattr(m, name))) for m, name in pairs])
    container = PruningContainer()
    method = pruning_method(**kwargs)
    container._tensor_name = method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of '
                        f"type {method.PRUNING_TYPE}")  # fmt: skip
    container.add_pruning_method(method)
    mask = container.compute_mask(together, left)
    start = 0
    for module, name in pairs:
        parameter = getattr(module, name)
        end = start + parameter.numel()
        custom_from_mask(module, name, mask=mask[start:end].view_as(parameter))
        start = end


def remove(module: Module, name: str) -> Module:
    """Make the pruned numbers the parameter itself, and let go of it.

    Raises:
        ValueError: for a parameter that is not pruned.
    """
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module: Module) -> bool:
    """Whether a parameter of the module or of one below it is pruned."""
    return any(isinstance(hook, BasePruningMethod) for part in module.modules() for hook in part._forward_pre_hooks.values())
