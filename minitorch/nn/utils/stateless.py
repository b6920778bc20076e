"""A module called with other parameters and buffers than its own.

The given tensors take the places of the module's own for the time of the call; what the call wrote into them (running
statistics, say) goes into the given dict. Tied names that were not given follow the one that was.
https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..._tensor import Tensor
from ..module import Module

__all__ = ["functional_call"]

_MISSING: Any = object()


def functional_call(module: Module, parameters_and_buffers: dict[str, Any], args: Any = None,
                    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True, strict: bool = False) -> Any:  # fmt: skip
    """The older place of `func.functional_call`."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future version of "
        "PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.", FutureWarning, stacklevel=2,
    )  # fmt: skip
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _functional_call(module: Module, parameters_and_buffers: dict[str, Any], args: Any = None,
                     kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True, strict: bool = False) -> Any:  # fmt: skip
    given = () if args is None else args if isinstance(args, tuple) else (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights, strict):
        return module(*given, **(kwargs or {}))


@contextmanager
def _reparametrize_module(module: Module, parameters_and_buffers: dict[str, Any], tie_weights: bool = False,
                          strict: bool = False) -> Iterator[None]:  # fmt: skip
    """Inside, the module has the given tensors.

    Raises:
        RuntimeError: with `strict`, for names that are missing or unknown.
        ValueError: for several values of tied names.
    """
    placed = _with_tied(module, parameters_and_buffers) if tie_weights else parameters_and_buffers
    if strict:
        _check_names(module, placed)
    before: dict[str, Any] = {}
    try:
        for name, tensor in placed.items():
            before[name] = _swap(module, name, tensor)
        yield
    finally:
        after = {name: _swap(module, name, tensor) for name, tensor in reversed(before.items())}
        parameters_and_buffers.update({name: after[name] for name in parameters_and_buffers if name in after})


def _own(module: Module) -> dict[str, Any]:
    return {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers(remove_duplicate=False))}


def _check_names(module: Module, placed: Mapping[str, Any]) -> None:
    own = _own(module)
    both = (("Unexpected", set(placed) - set(own)), ("Missing", set(own) - set(placed)))
    wrong = [f"{what} key(s): {', '.join(map(repr, sorted(names)))}." for what, names in both if names]
    if wrong:
        listed = "\n\t".join(wrong)
        raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t{listed}")


def _with_tied(module: Module, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given tensors, each also under the other names of the tensor whose place it takes."""
    names_of: dict[int, list[str]] = {}
    own = _own(module)
    for name, tensor in own.items():
        names_of.setdefault(id(tensor), []).append(name)
    placed = dict(given)
    for name, tensor in given.items():
        tied = names_of[id(own[name])] if name in own else [name]
        if any(given.get(other, tensor) is not tensor for other in tied):
            raise ValueError(f"functional_call got multiple values for keys {sorted(tied)}, which are tied. Consider using "
                             "tie_weights=False")  # fmt: skip
        placed.update(dict.fromkeys(tied, tensor))
    return placed


def _swap(module: Module, path: str, tensor: Any) -> Any:
    """Put a tensor at a dotted path and return what was there; `_MISSING` stands for nothing.

    Raises:
        TypeError: for what is no tensor, there or here.
        AttributeError, KeyError: for a path that leads nowhere.
    """
    prefix, _, name = path.rpartition(".")
    owner = _submodule(module, prefix)
    if not (tensor is _MISSING or tensor is None or isinstance(tensor, Tensor)):
        raise TypeError(f"{tensor} is not an instance of torch.Tensor")
    if name == "":
        raise KeyError('tensor name can\'t be empty string ""')
    table: Any = next((table for table in (owner._parameters, owner._buffers) if name in table), None)
    if table is not None:
        before = table.pop(name) if tensor is _MISSING else table[name]
        if tensor is not _MISSING:
            table[name] = tensor
        return before
    before = getattr(owner, name, _MISSING)
    if not (before is _MISSING or before is None or isinstance(before, Tensor)):
        raise TypeError(f"attribute `{name}`: {before} is not an instance of torch.Tensor")
    if tensor is not _MISSING:
        setattr(owner, name, tensor)
    elif before is not _MISSING:
        delattr(owner, name)
    return before


def _submodule(module: Module, path: str) -> Module:
    steps = path.split(".") if path else []
    for place, name in enumerate(steps):
        found = getattr(module, name, _MISSING)
        if found is _MISSING:
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        if not isinstance(found, Module):
            raise TypeError(f"submodule `{'.'.join(steps[: place + 1])}`: {found} is not an instance of torch.nn.Module")
        module = found
    return module
