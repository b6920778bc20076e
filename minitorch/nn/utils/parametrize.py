"""Parameters that are functions of other parameters: `layer.weight` becomes what a module makes of the original.

The module's class is replaced by one of its own, whose attribute is a property that runs the parametrization; the originals
move to `layer.parametrizations.weight`. Assigning to the attribute runs `right_inverse` and fills the originals.
https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.register_parametrization.html
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from ..._tensor import Tensor
from ...graph.modes import no_grad
from ..container import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

__all__ = ["ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
           "transfer_parametrizations_and_params", "type_before_parametrizations"]  # fmt: skip


# ---- the cache -----------------------------------------------------------------------------------------------------
class _Cache:
    depth = 0
    tensors: dict[tuple[int, str], Any] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Inside `with cached():` every parametrized tensor is computed once, when first read."""
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.tensors = {}


# ---- one parametrized tensor ---------------------------------------------------------------------------------------
def _keep(module: Module, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _listed(values: Any) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, Tensor)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor in the order in which they run, and the originals they start from.

    Args:
        modules: the parametrizations.
        original: the tensor as it was; the last `right_inverse` may turn it into several.
        unsafe: do not check that dtype and shape stay.

    Attributes:
        original, or original0, original1, ...: parameters or buffers.
        is_tensor: whether there is a single original; ntensors: how many there are.

    Raises:
        ValueError: for no module, or for one that changes dtype or shape.
    """

    original: Tensor
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new: Any = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        pass
        if not isinstance(new, Tensor) and not _listed(new):
            raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                             f"Got {type(new).__name__}")  # fmt: skip
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            self._keep_one(original, new)
        else:
            self._keep_several(original, new)
        if not unsafe:
            made = self()
            _check_tensor(made)
            for what, before, now in (("dtype", dtype, made.dtype), ("shape", shape, made.shape)):
                if before != now:
                    raise ValueError(
                        f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is enabled."
                        f"\nunparametrized {what}: {before}\nparametrized {what}: {now}"
                    )

    def _keep_one(self, original: Any, new: Any) -> None:
        for what in ("dtype", "device"):
            before, now = getattr(original, what), getattr(new, what)
            if before != now:
                raise ValueError(
                    f"When `right_inverse` outputs one tensor, it may not change the {what}.\noriginal.{what}: {before}\n"
                    f"right_inverse(original).{what}: {now}"
                )
        with no_grad():
            original.set_(new)
        _keep(self, "original", original)

    def _keep_several(self, original: Any, new: Any) -> None:
        for place, one in enumerate(new):
            if not isinstance(one, Tensor):
                raise ValueError("'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                                 f"Got element {place} of the sequence with type {type(one).__name__}.")  # fmt: skip
            made = Parameter(one, original.requires_grad) if isinstance(original, Parameter) else one
            made.requires_grad_(original.requires_grad)
            _keep(self, f"original{place}", made)

    @no_grad()
    def right_inverse(self, value: Any) -> None:
        """Fill the originals so that the parametrizations make `value` of them.

        Raises:
            RuntimeError: where one has no `right_inverse`.
            ValueError: where one returns another number of tensors, or another dtype.
        """
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
            value = module.right_inverse(value)
        if self.is_tensor:
            if not isinstance(value, Tensor):
                raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
            if value.dtype != self.original.dtype:
                raise ValueError(f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                                 f"{self.original.dtype}")  # fmt: skip
            self.original.set_(value)
            return
        if not _listed(value):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}.")
        if len(value) != self.ntensors:
            raise ValueError(f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of "
                             f"length {len(value)}.")  # fmt: skip
        originals = self._originals()
        for place, (one, original) in enumerate(zip(value, originals, strict=True)):
            if not isinstance(one, Tensor):
                raise ValueError(f"'right_inverse' must return a sequence of tensors. Got element {place} of type "
                                 f"{type(one).__name__}.")  # fmt: skip
            if original.dtype != one.dtype:
                raise ValueError(f"Tensor {place} returned by `right_inverse` has dtype {one.dtype} while `original{place}` has "
                                 f"dtype {original.dtype}")  # fmt: skip
        for one, original in zip(value, originals, strict=True):
            original.set_(one)

    def _originals(self) -> list[Any]:
        return [self.original] if self.is_tensor else [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def forward(self) -> Any:
        first, *rest = list(self)
        x = first(*self._originals())
        for module in rest:
            x = module(x)
        return x


def _check_tensor(made: Any) -> None:
    if not isinstance(made, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(made).__name__}.")


# ---- the class of a parametrized module ----------------------------------------------------------------------------
def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    if id(self) in memo:
        return memo[id(self)]
    replica = memo[id(self)] = self.__new__(type(self))
    replica.__dict__ = deepcopy(self.__dict__, memo)
    kind = type(self)  # the copy has a class of its own: removing a parametrization from one leaves the other
    replica.__class__ = type(kind.__name__, kind.__bases__, dict(kind.__dict__))
    for slot in copyreg._slotnames(type(self)):  # type: ignore[attr-defined]
        if hasattr(self, slot):
            setattr(replica, slot, deepcopy(getattr(self, slot), memo))
    return replica


def _getstate(self: Any) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\nhttps://pytorch.org/tutorials/"
        "beginner/saving_loading_models.html#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _inject_class(module: Module) -> None:
    kind = type(module)
    own: dict[str, Any] = {"__getstate__": _getstate, "__module__": kind.__module__}
    if not hasattr(kind, "__deepcopy__"):
        own["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), own)


def _inject_property(module: Module, name: str) -> None:
    if hasattr(module, name):
        raise AssertionError(f"Module already has an attribute named '{name}'")

    def made(self: Any) -> Any:
        parametrization = self.parametrizations[name]
        if not _Cache.depth:
            return parametrization()
        key = (id(self), name)
        if key not in _Cache.tensors:
            _Cache.tensors[key] = parametrization()
        return _Cache.tensors[key]

    def assign(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(made, assign))


# ---- registering and removing --------------------------------------------------------------------------------------
def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Module:
    """Make `module.<tensor_name>` what `parametrization` makes of the original; a second one runs on what the first made.

    Args:
        module: the module; its class becomes `Parametrized<Class>`.
        tensor_name: a parameter or a buffer.
        parametrization: a module; with a method `right_inverse` the value stays what it was, and can be assigned.
        unsafe: do not check that dtype and shape stay.

    Raises:
        ValueError: for a name that is neither, or a parametrization that changes dtype or shape.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_another(module, tensor_name, parametrization)
        found: Any = module.parametrizations[tensor_name]
        found.append(parametrization)
        found.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _inject_class(module)
            module.parametrizations = ModuleDict()
        _inject_property(module, tensor_name)
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
                         f"'{tensor_name}'")  # fmt: skip
    return module


def _check_another(module: Module, name: str, parametrization: Any) -> None:
    before = getattr(module, name)
    made = parametrization(before)
    _check_tensor(made)
    for what in ("dtype", "shape"):
        was, now = getattr(before, what), getattr(made, what)
        if was != now:
            raise ValueError(
                f"Registering a parametrization may not change the {what} of the tensor, unless the `unsafe` flag is enabled.\n"
                f"module.{name}.{what}: {was}\nparametrization(module.{name}).{what}: {now}"
            )
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(made)
    except NotImplementedError:
        return
    if not isinstance(back, Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
    for what in ("dtype", "shape"):
        was, now = getattr(before, what), getattr(back, what)
        if was != now:
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {what} as module.{name}, unless the "
                f"`unsafe` flag is enabled.\nmodule.{name}.{what}: {was}\nreturned {what}: {now}"
            )


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether this tensor of the module, or any of them, is parametrized."""
    found = getattr(module, "parametrizations", None)
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make `module.<tensor_name>` a plain parameter or buffer again, and with the last one the class what it was.

    Args:
        module: the module.
        tensor_name: the parametrized tensor.
        leave_parametrized: keep the value it had; else that of the original, of which there must be a single one.

    Raises:
        ValueError: for a tensor that is not parametrized, or several originals without `leave_parametrized`.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    found: Any = module.parametrizations[tensor_name]
    kept: Any
    if found.is_tensor:
        kept = found.original
        if leave_parametrized:
            with no_grad():
                kept.set_(getattr(module, tensor_name))
    elif leave_parametrized:
        kept = getattr(module, tensor_name)
        kept = Parameter(kept) if kept.requires_grad else kept
    else:
        raise ValueError("Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
                         "sequence of tensors.")  # fmt: skip
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _keep(module, tensor_name, kept)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class of the module as it was."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module: Module, to_module: Module, tensor_name: str | None = None) -> Module:
    """Give another module the same parametrizations and originals, which both share from then on.

    Args:
        from_module, to_module: where they are and where they go; a missing tensor is made.
        tensor_name: only those of this tensor.
    """
    if is_parametrized(from_module):
        for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
            if not hasattr(to_module, name):
                setattr(to_module, name, Parameter(getattr(from_module, name)))
            found: Any = from_module.parametrizations[name]
            for parametrization in list(found):
                register_parametrization(to_module, name, parametrization)
            made = to_module.parametrizations[name]
            for key in ["original"] if found.is_tensor else [f"original{i}" for i in range(found.ntensors)]:
                setattr(made, key, getattr(found, key))
    return to_module
