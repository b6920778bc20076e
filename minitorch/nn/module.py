"""Module: a function with parameters, made of other modules.

A subclass makes its parameters and submodules in `__init__` and says what it computes in `forward`; calling the module
runs the hooks around it. Attributes are kept in tables (`_tree`), walked (`_walk`), saved and loaded (`_state`),
converted (`_convert`) and watched (`_hooks`) by one class each; here they come together.
https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Self, TypeVar

from ..graph.modes import recording
from ._convert import Convert
from ._hooks import (
    EVERY_BACKWARD,
    EVERY_BACKWARD_PRE,
    EVERY_FORWARD,
    EVERY_PRE,
    Hooks,
    call_with_hooks,
    register_module_backward_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from ._scope import note_on, recorded_call
from ._state import EXTRA_STATE, State
from ._state import _IncompatibleKeys as _IncompatibleKeys
from ._tree import (
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

#: The tables of a module, by attribute, and how an empty one is made. Hook tables are ordered: hooks may be prepended.
TABLES: dict[str, Callable[[], Any]] = {
    "_parameters": dict,
    "_buffers": dict,
    "_non_persistent_buffers_set": set,
    "_backward_pre_hooks": OrderedDict,
    "_backward_hooks": OrderedDict,
    "_is_full_backward_hook": type(None),
    "_forward_hooks": OrderedDict,
    "_forward_hooks_with_kwargs": dict,
    "_forward_hooks_always_called": dict,
    "_forward_pre_hooks": OrderedDict,
    "_forward_pre_hooks_with_kwargs": dict,
    "_state_dict_hooks": OrderedDict,
    "_state_dict_pre_hooks": OrderedDict,
    "_load_state_dict_pre_hooks": OrderedDict,
    "_load_state_dict_post_hooks": OrderedDict,
    "_modules": dict,
}


def _forward_unimplemented(self: Any, *input: Any) -> None:
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(State, Convert, Hooks):
    """The base of all layers and models.

    Attributes:
        training: whether `train()` or `eval()` was called last; layers such as Dropout read it.
    """

    #: Whether loading a changed class would write patches; it never does.
    dump_patches: bool = False
    #: Set by a class with a further base, whose `__init__` then gets the arguments of this one.
    call_super_init: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        own = self.__dict__
        own["training"] = True
        for name, empty in TABLES.items():
            own[name] = empty()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` between the hooks. An error leaves with a note that names the module it was raised in."""
        try:
            if recording:
                return recorded_call(self, self._call_impl, args, kwargs)
            if (self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
                    or EVERY_FORWARD or EVERY_PRE or EVERY_BACKWARD or EVERY_BACKWARD_PRE):  # fmt: skip
                return call_with_hooks(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            note_on(error, sys._getframe(), _CALL)
            raise

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        return call_with_hooks(self, args, kwargs)

    # ---- modes -----------------------------------------------------------------------------------------------------
    def train(self, mode: bool = True) -> Self:
        """Put this module and those below it into training mode (or evaluation mode)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Put this module and those below it into evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Train or freeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for parameter in self.parameters():
            grad = parameter.grad
            if grad is None:
                continue
            if set_to_none:
                parameter.grad = None
                continue
            if grad.grad_fn is not None:
                grad.detach_()
            else:
                grad.requires_grad_(False)
            grad.zero_()

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call `fn` on every module of the tree, this one last."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: there is no compiler, and a call runs as it always does."""

    # ---- text ------------------------------------------------------------------------------------------------------
    def extra_repr(self) -> str:
        """What stands between the parentheses, beside the submodules."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        below = [f"({name}): {indented(repr(module), 2)}" for name, module in self._modules.items()]
        if len(lines) <= 1 and not below:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + below) + "\n)"

    # ---- pickling --------------------------------------------------------------------------------------------------
    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name, empty in TABLES.items():  # files of long ago lack the later tables
            self.__dict__.setdefault(name, empty())


#: What a call of a module looks like on the call stack.
_CALL = Module.__call__.__code__


#: Names under which PyTorch's file has the same things.
_EXTRA_STATE_KEY_SUFFIX = EXTRA_STATE
_grad_t = tuple[Any, ...] | Any
T_destination = TypeVar("T_destination", bound=dict[str, Any])


def indented(text: str, spaces: int) -> str:
    """The lines after the first, moved right; blank ones left empty."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line if line.strip() else "" for line in rest)])


_addindent = indented
