"""Hooks around a module's forward: which there are, and the sequence in which a call runs them.

A pre-hook sees, and may replace, the arguments; a forward hook the result; backward hooks the gradients of both. The
hooks of all modules run before a module's own, each kind in the order it was registered. `call_with_hooks` is the whole
sequence; a module without hooks never comes here.
https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.register_forward_hook
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..graph.hooks import RemovableHandle
from ._backward_hooks import BackwardHook
from ._legacy_hooks import attach
from ._walk import Walk

Hook = Callable[..., Any]
Table = OrderedDict[int, Hook]

#: The hooks of all modules.
EVERY_PRE: Table = OrderedDict()
EVERY_FORWARD: Table = OrderedDict()
EVERY_FORWARD_WITH_KWARGS: dict[int, bool] = {}
EVERY_FORWARD_ALWAYS: dict[int, bool] = {}
EVERY_BACKWARD_PRE: Table = OrderedDict()
EVERY_BACKWARD: Table = OrderedDict()
#: Whether the backward hooks of all modules are full ones; None before the first, which decides.
EVERY_IS_FULL: list[bool | None] = [None]


def _add(
    hooks: Table, hook: Hook, prepend: bool = False, *flags: tuple[dict[int, bool], bool]
) -> RemovableHandle:
    """File a hook, first in line if asked, and in the flag tables whose flag is set."""
    handle = RemovableHandle(hooks, *[table for table, _ in flags])
    hooks[handle.id] = hook
    for table, is_set in flags:
        if is_set:
            table[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, args)` before the forward of every module; what it returns replaces the arguments."""
    return _add(EVERY_PRE, hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after the forward of every module; what it returns replaces the output."""
    return _add(EVERY_FORWARD, hook, False, (EVERY_FORWARD_WITH_KWARGS, with_kwargs),
                (EVERY_FORWARD_ALWAYS, always_call))  # fmt: skip


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_output)` when the gradients of any module's outputs are known."""
    return _add(EVERY_BACKWARD_PRE, hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` when the gradients of any module's inputs are known.

    Raises:
        RuntimeError: where such hooks of the old kind were registered.
    """
    EVERY_IS_FULL[0] = _one_kind(EVERY_IS_FULL[0], True, "as a global Module hook")
    return _add(EVERY_BACKWARD, hook)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` with the gradients of the last op of every module: the old kind.

    Raises:
        RuntimeError: where full backward hooks were registered.
    """
    EVERY_IS_FULL[0] = _one_kind(EVERY_IS_FULL[0], False, "as a global Module hook")
    return _add(EVERY_BACKWARD, hook)


def _one_kind(before: bool | None, full: bool, where: str) -> bool:
    if before is not None and before is not full:
        raise RuntimeError(
            f"Cannot use both regular backward hooks and full backward hooks {where}. Please use only one of them."
        )
    return full


class Hooks(Walk):
    """The hooks of one module. Their names are PyTorch's, since code clears or counts them directly."""

    _forward_pre_hooks: Table
    _forward_pre_hooks_with_kwargs: dict[int, bool]
    _forward_hooks: Table
    _forward_hooks_with_kwargs: dict[int, bool]
    _forward_hooks_always_called: dict[int, bool]
    _backward_pre_hooks: Table
    _backward_hooks: Table
    _is_full_backward_hook: bool | None

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns replaces the arguments.

        Args:
            prepend: run before the hooks registered so far.
            with_kwargs: call `hook(module, args, kwargs)`, which returns None or (args, kwargs).
        """
        return _add(self._forward_pre_hooks, hook, prepend, (self._forward_pre_hooks_with_kwargs, with_kwargs))

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; what it returns replaces the output.

        Args:
            prepend: run before the hooks registered so far.
            with_kwargs: call `hook(module, args, kwargs, output)`.
            always_call: also when forward raised; the output is None then.
        """
        return _add(self._forward_hooks, hook, prepend, (self._forward_hooks_with_kwargs, with_kwargs),
                    (self._forward_hooks_always_called, always_call))  # fmt: skip

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the outputs are known; what it returns replaces them.

        Args:
            prepend: run before the hooks registered so far.
        """
        return _add(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known; what it returns
        replaces `grad_input`. Keyword arguments and inputs that are no tensors are not seen (None).

        Args:
            prepend: run before the hooks registered so far.

        Raises:
            RuntimeError: where hooks of the old kind were registered.
        """
        self._is_full_backward_hook = _one_kind(self._is_full_backward_hook, True, "on a single Module")
        return _add(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` with the gradients of the last op of this module: the old kind.

        Raises:
            RuntimeError: where full backward hooks were registered.
        """
        self._is_full_backward_hook = _one_kind(self._is_full_backward_hook, False, "on a single Module")
        return _add(self._backward_hooks, hook)


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a module's forward between its hooks."""
    state = _Call(module, args, kwargs)
    try:
        return state.run()
    except Exception:
        state.run_always_called()
        raise


class _Call:
    """One call under way: what its hooks have made of the arguments and the result so far."""

    def __init__(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.module, self.args, self.kwargs = module, args, kwargs
        self.result: Any = None
        self.ran: set[int] = set()

    def run(self) -> Any:
        module = self.module
        for key, hook in (*EVERY_PRE.items(), *module._forward_pre_hooks.items()):
            self._before(hook, key in module._forward_pre_hooks_with_kwargs)
        backward_hooks: list[Hook] = []
        old_hooks: list[Hook] = []
        for hooks, full in ((EVERY_BACKWARD, EVERY_IS_FULL[0]), (module._backward_hooks, module._is_full_backward_hook)):
            (old_hooks if full is False else backward_hooks).extend(hooks.values())
        backward_pre_hooks = [*EVERY_BACKWARD_PRE.values(), *module._backward_pre_hooks.values()]
        seen = None
        if backward_hooks or backward_pre_hooks:
            seen = BackwardHook(module, backward_hooks, backward_pre_hooks)
            self.args = seen.watch_inputs(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        for key, hook in (*EVERY_FORWARD.items(), *module._forward_hooks.items()):
            self.ran.add(key)
            self._after(key, hook)
        if seen is not None:
            if not isinstance(self.result, Tensor | tuple):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                    f"received {type(self.result)}",
                    stacklevel=4,
                )
            self.result = seen.watch_outputs(self.result)
        if old_hooks:
            attach(module, old_hooks, self.args, self.result)
        return self.result

    def _before(self, hook: Hook, with_kwargs: bool) -> None:
        if not with_kwargs:
            replaced = hook(self.module, self.args)
            if replaced is not None:
                self.args = replaced if isinstance(replaced, tuple) else (replaced,)
            return
        replaced = hook(self.module, self.args, self.kwargs)
        if replaced is None:
            return
        if not (isinstance(replaced, tuple) and len(replaced) == 2):
            raise RuntimeError(
                f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
            )
        self.args, self.kwargs = replaced

    def _after(self, key: int, hook: Hook) -> None:
        if key in self.module._forward_hooks_with_kwargs or key in EVERY_FORWARD_WITH_KWARGS:
            replaced = hook(self.module, self.args, self.kwargs, self.result)
        else:
            replaced = hook(self.module, self.args, self.result)
        if replaced is not None:
            self.result = replaced

    def run_always_called(self) -> None:
        """After an error: the hooks that are always called and have not been. Their own errors become warnings."""
        for which, hooks, flags in (
            ("global module", EVERY_FORWARD, EVERY_FORWARD_ALWAYS),
            ("module", self.module._forward_hooks, self.module._forward_hooks_always_called),
        ):
            for key, hook in tuple(hooks.items()):
                if key in flags and key not in self.ran:
                    try:
                        self._after(key, hook)
                    except Exception as error:
                        warnings.warn(
                            f"{which} forward hook with ``always_call=True`` raised an exception that was silenced as "
                            f"another error was raised in forward: {error}",
                            stacklevel=4,
                        )
