"""An optimiser's state dict: parameters become numbers on the way out, and find their tensors again on the way in.

Parameters are numbered in the order of the groups. Loaded tensors are copied, and take the dtype and device of their
parameter; step counts stay on the host, where every optimiser reads them.
https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.load_state_dict.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from .._tensor import Tensor

Group = dict[str, Any]


def pack(state: dict[Any, Any], groups: list[Group]) -> dict[str, Any]:
    """`{"state": {number: ...}, "param_groups": [...]}`; the tensors in it are the live ones."""
    numbers: dict[int, int] = {}
    packed = []
    for group in groups:
        for param in group["params"]:
            numbers.setdefault(id(param), len(numbers))
        numbered = {key: value for key, value in group.items() if key != "params"}
        numbered["params"] = [numbers[id(param)] for param in group["params"]]
        packed.append(numbered)
    by_number = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in state.items()}
    return {"state": by_number, "param_groups": packed}


def unpack(saved: dict[str, Any], groups: list[Group]) -> tuple[defaultdict[Any, Any], list[Group]]:
    """State and groups with tensors for numbers.

    Raises:
        ValueError: where the groups of the file and of the optimiser differ in number or size.
    """
    given = [{**group, "params": list(group["params"])} for group in saved["param_groups"]]
    if len(groups) != len(given):
        raise ValueError(
            f"loaded state dict has a different number of parameter groups ({len(given)}, and not {len(groups)})"
        )
    for place, (group, numbered) in enumerate(zip(groups, given, strict=True)):
        have, want = len(numbered["params"]), len(group["params"])
        if have != want:
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group "
                f"(group {place}: {have} parameters, and not {want})"
            )
    params = dict(
        zip(
            chain.from_iterable(group["params"] for group in given),
            chain.from_iterable(group["params"] for group in groups),
            strict=True,
        )
    )
    state: defaultdict[Any, Any] = defaultdict(dict)
    for key, value in saved["state"].items():
        if key in params:
            state[params[key]] = _fit(value, params[key])
        else:
            state[key] = value
    merged = []
    for group, numbered in zip(groups, given, strict=True):
        taken = {key: deepcopy(value) for key, value in numbered.items() if key != "params"}
        taken["params"] = group["params"]
        if "param_names" in group:
            taken.setdefault("param_names", group["param_names"])
        merged.append(taken)
    return state, merged


def _fit(value: Any, param: Tensor, key: str = "") -> Any:
    """A copy of a saved value, with every tensor in it in the parameter's dtype and device."""
    if isinstance(value, Tensor):
        value = value.detach()
        if key == "step":
            return value.to("cpu").clone()
        wanted = param.dtype if param.is_floating_point() or param.is_complex() else value.dtype
        return value.to(device=param.device, dtype=wanted, copy=True)
    if isinstance(value, dict):
        return {name: _fit(item, param, name) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return type(value)(_fit(item, param) for item in value)  # type: ignore[call-arg]
    return value
