"""What every optimiser shares: parameter groups, state, hooks, saving and loading, and the loop of a step.

A step walks the groups; for each parameter with a gradient it finds (or makes) the parameter's state and calls the
optimiser's own update rule, which writes the raw arrays in place. Afterwards the parameter's version is raised, so
that a backward through a graph from before the step is refused. State dicts are PyTorch's.
https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer
"""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend.namespace import Backend, backend_of
from ..graph.hooks import RemovableHandle
from ..graph.modes import enable_grad, no_grad
from . import _saved
from ._options import on_the_host
from ._recording import record_step

Array = Any
Group = dict[str, Any]
State = dict[str, Any]
Hook = Callable[..., Any]
ParamsT = Iterable[Tensor] | Iterable[Group] | Iterable[tuple[str, Tensor]]

#: Hooks of all optimisers.
EVERY_PRE: OrderedDict[int, Hook] = OrderedDict()
EVERY_POST: OrderedDict[int, Hook] = OrderedDict()
#: What PyTorch calls the numbers of several states.
PLURALS = {"mu_product": "mu_products", "eta": "etas", "mu": "mus"}


class _Required:
    """Stands as a default for an option that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before every step of every optimiser."""
    return _add(EVERY_PRE, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after every step of every optimiser."""
    return _add(EVERY_POST, hook)


def _add(hooks: OrderedDict[int, Hook], hook: Hook, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _between_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A `step` with its hooks before and after; a step that calls its parent's runs them once."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = True
        try:
            for hook in chain(tuple(EVERY_PRE.values()), tuple(self._optimizer_step_pre_hooks.values())):
                replaced = hook(self, (self, *args), kwargs)
                if replaced is not None:
                    if not (isinstance(replaced, tuple) and len(replaced) == 2):
                        raise RuntimeError(
                            f"{step} must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                        )
                    args, kwargs = replaced[0][1:], replaced[1]
            result = step(self, *args, **kwargs)
            for hook in chain(tuple(self._optimizer_step_post_hooks.values()), tuple(EVERY_POST.values())):
                hook(self, (self, *args), kwargs)
            return result
        finally:
            self._stepping = False

    hooked.hooked = True  # type: ignore[attr-defined]
    return hooked


class Optimizer:
    """The base of all optimisers.

    A subclass gives its options as `defaults` and implements `_update`, the rule for one parameter; one that needs more
    than that overrides `step`.

    Args:
        params: tensors, (name, tensor) pairs, or dicts with "params" and options that differ from the defaults.
        defaults: the options of a group that does not give its own.

    Raises:
        TypeError: for parameters that are no tensors, or in no order.
        ValueError: for no parameters, a non-leaf, or a parameter in two groups.
    """

    _stepping = False
    #: The entries of a state that are 0-d tensors on the host.
    _counts: tuple[str, ...] = ()
    #: What to say to a sparse gradient after the refusal.
    _sparse_instead = ""
    #: Whether PyTorch's refusal of `capturable` on the host names xla, without and with foreach.
    _captured_by_xla = (True, False)

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._make_hook_tables()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {params.type()}"
            )
        self.state: defaultdict[Tensor, State] = defaultdict(dict)
        self.param_groups: list[Group] = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__ and not getattr(cls.step, "hooked", False):
            cls.step = _between_hooks(cls.step)  # type: ignore[method-assign]

    # ---- stepping --------------------------------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: recomputes the loss and its gradients before the update.

        Returns:
            what the closure returned, or None.
        """
        if type(self)._update is Optimizer._update:
            raise NotImplementedError(f"{type(self).__name__} implements neither step nor _update")
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with np.errstate(all="ignore"):
            self._step()
        return loss

    def _step(self) -> None:
        recorded = bool(self.defaults.get("differentiable"))
        for group in self.param_groups:
            pairs = [(param, grad) for param in group["params"] if (grad := param.grad) is not None]
            for param, grad in pairs:  # refuse before anything is written
                if grad.__class__ is not Tensor and grad.is_sparse:
                    self._check_sparse(param, grad, group)
            if pairs and group.get("capturable"):
                self._check_capturable(pairs, group)
            if pairs and recorded and group.get("foreach") and self._counts:
                raise AssertionError("_foreach ops don't support autograd")
            for param, grad in pairs:
                state = self.state.get(param) or self._begin(param, group)
                if recorded:
                    record_step(self._update, param, grad, state, group, self._counts)
                elif grad.__class__ is not Tensor and grad.is_sparse:
                    with no_grad():
                        self._update_sparse(param, grad, state, group)
                else:
                    array = param._data
                    self._update(backend_of(array), array, grad._data, state, group)
                    param._bump()
                if state:
                    self.state[param] = state

    def _begin(self, param: Tensor, group: Group) -> State:
        """The state of a parameter before its first step."""
        return {}

    def _update(self, xp: Backend, param: Array, grad: Array, state: State, group: Group) -> None:
        """One step of one parameter: write `param` and the arrays in `state` in place."""
        raise NotImplementedError

    def _check_sparse(self, param: Tensor, grad: Tensor, group: Group) -> None:
        """Raise where a sparse gradient cannot be used."""
        name = next(cls.__name__ for cls in type(self).__mro__ if "_update" in cls.__dict__)
        raise RuntimeError(f"{name} does not support sparse gradients{self._sparse_instead}")

    def _check_capturable(self, pairs: list[tuple[Tensor, Tensor]], group: Group) -> None:
        """Raise where a parameter to be stepped in a captured graph is on the host, in PyTorch's words; like there, after
        the states were made."""
        foreach = bool(group.get("foreach"))
        if group.get("fused"):
            return
        for param, _ in pairs:
            if not self.state.get(param):
                self.state[param] = self._begin(param, group)
        if all(param.device.type != "cpu" for param, _ in pairs):
            return
        told = ["params", *[PLURALS[name] for name in self._counts if name != "step"][::-1], "state_steps"]
        places = ["cuda", "xpu", "hpu", "privateuseone", *(["xla"] if self._captured_by_xla[foreach] else [])]
        comma = "," if len(told) > 2 and (foreach or len(told) > 3) else ""
        raise AssertionError(
            f"If capturable=True, {', '.join(told[:-1])}{comma} and {told[-1]} must be on supported devices: {places}."
        )

    def _update_sparse(self, param: Tensor, grad: Tensor, state: State, group: Group) -> None:
        """One step of one parameter by a sparse gradient, written with tensor operations."""
        raise NotImplementedError

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if set_to_none:
                    param.grad = None
                    continue
                if grad.is_sparse:
                    param.grad = grad.detach() * 0
                    continue
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    # ---- groups ----------------------------------------------------------------------------------------------------
    def add_param_group(self, param_group: Group) -> None:
        """Train further parameters, with options of their own.

        Args:
            param_group: "params" and any options; the others are the defaults. It becomes the group.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _named(param_group["params"])
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}"
                )
            if not (param.is_leaf or param.retains_grad or self.defaults.get("differentiable")):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information (they are counted once)",
                stacklevel=3,
            )
            places = {param: place for place, param in reversed(list(enumerate(params)))}
            kept = sorted(places.values())
            params, names = [params[place] for place in kept], [names[place] for place in kept if names]
        taken: set[Tensor] = set()
        for group in self.param_groups:
            taken.update(group["params"])
            if bool(names) != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{'with names' if names else 'without names'} to the optimizer"
                )
        if not taken.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        self.param_groups.append(param_group)

    # ---- saving and loading ----------------------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """The state by parameter number, and the groups with numbers for parameters; its tensors are the live ones."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        packed = _saved.pack(self.state, self.param_groups)
        for hook in self._optimizer_state_dict_post_hooks.values():
            replaced = hook(self, packed)
            if replaced is not None:
                packed = replaced
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state and the options of an optimiser with groups of the same sizes; tensors are copied.

        Raises:
            ValueError: where the groups do not match.
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        state, groups = _saved.unpack(state_dict, self.param_groups)
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._make_hook_tables()
        for group in self.param_groups:  # files of long ago lack the later options
            for name, default in self.defaults.items():
                group.setdefault(name, default)
        for held in self.state.values():
            on_the_host(held, self._counts)

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for number, group in enumerate(self.param_groups):
            options = "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
            text += f"\nParameter Group {number}\n{options}"
        return text + ")"

    # ---- hooks -----------------------------------------------------------------------------------------------------
    def _make_hook_tables(self) -> None:
        self._optimizer_step_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_step_post_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_state_dict_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_state_dict_post_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: OrderedDict[int, Hook] = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: OrderedDict[int, Hook] = OrderedDict()

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before a step; it may return new (args, kwargs)."""
        return _add(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after a step."""
        return _add(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict`."""
        return _add(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` after `state_dict`; what it returns replaces the dict."""
        return _add(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before `load_state_dict`; what it returns replaces the dict."""
        return _add(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` after `load_state_dict`."""
        return _add(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def _named(given: Any) -> tuple[list[Any], list[str]]:
    """The parameters of a group, and their names if it gives (name, tensor) pairs."""
    if isinstance(given, Tensor):
        return [given], []
    if isinstance(given, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    params = list(given)
    names = [param[0] for param in params if isinstance(param, tuple)]
    if names and len(names) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [param[1] for param in params] if names else params, names


Optimizer.step = _between_hooks(Optimizer.step)  # type: ignore[method-assign]
