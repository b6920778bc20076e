"""What the arguments of a call are called, and where a function is defined: for messages."""

from __future__ import annotations

import contextlib
import difflib
import inspect
from collections.abc import Iterable
from typing import Any

from ..autograd.function import Function


def arguments_of(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and the keyword arguments."""
    if isinstance(inputs, dict):
        return (), inputs
    return (tuple(inputs) if isinstance(inputs, tuple | list) and not hasattr(inputs, "_fields") else (inputs,)), {}


def path_name(labels: list[str], path: str) -> str:
    """`[1]['w']` with the label of argument 1 in its first place; `['w']` of a keyword argument is `w`."""
    first, _, rest = path[1:].partition("]")
    if first[:1] in "'\"":
        return first.strip("'\"") + rest
    return (labels[int(first)] if int(first) < len(labels) else f"input {first}") + rest


def argument_names(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], names: Any) -> list[str]:
    """What the positional arguments are called: `names`, else as in the function's signature, else by number."""
    if names is not None:
        given = [names] if isinstance(names, str) else list(names)
        return [*given, *[f"input {place}" for place in range(len(given), len(args))]]
    if not inspect.isroutine(function):
        function = getattr(function, "forward", function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return [f"input {place}" for place in range(len(args))]
    owner = getattr(function, "__self__", None)  # Function.apply is called as its forward is, less ctx
    if inspect.isclass(owner) and issubclass(owner, Function) and getattr(function, "__name__", "") == "apply":
        separate = owner.setup_context is not Function.setup_context
        parameters = list(inspect.signature(owner.forward).parameters.values())[0 if separate else 1 :]
    found: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            found += [f"{parameter.name}[{place}]" for place in range(len(args) - len(found))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            found.append(parameter.name)
    return [*found[: len(args)], *[f"input {place}" for place in range(len(found), len(args))]]


def meant(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'tanh'?)` where something known is spelled almost like this."""
    short = {one.rpartition(".")[2]: one for one in sorted(known, key=len, reverse=True)}
    near = difflib.get_close_matches(name.rpartition(".")[2], short, 3, 0.7)
    return f" (did you mean {' or '.join(repr(short[one]) for one in near)}?)" if near else ""


def described(function: Any) -> tuple[str, str]:
    """A name for a function, and the file and line where it is defined ("" where that is not known)."""
    owner = getattr(function, "__self__", None)
    if inspect.isclass(owner) and hasattr(owner, "apply"):
        function = owner
    label = getattr(function, "__qualname__", None) or getattr(function, "name", None) or type(function).__qualname__
    label = str(label).rpartition("<locals>.")[2]
    for candidate in (function, getattr(function, "forward", None), type(function)):
        code = getattr(inspect.unwrap(candidate) if callable(candidate) else candidate, "__code__", None)
        if code is not None:
            return label, f"{code.co_filename}:{code.co_firstlineno}"
        if inspect.isclass(candidate) and candidate.__module__ not in ("builtins", "functools"):
            with contextlib.suppress(OSError, TypeError):
                return label, f"{inspect.getsourcefile(candidate)}:{inspect.getsourcelines(candidate)[1]}"
    return label, ""
