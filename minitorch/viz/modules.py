"""The module calls of a tape: who called whom, what went in and came out, how many ops each left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .document import Entry, ModuleCall

__all__ = ["calls_of", "module_calls", "owners"]


def calls_of(nodes: Iterable[Any], calls: Iterable[Any] | None = None) -> list[Any]:
    """Every call that made one of the nodes (oldest first), and those around it; parents before children.

    `calls`: those of a whole run, which may have left nothing on the tape.
    """
    found: dict[Any, None] = dict.fromkeys(calls or ())
    for node in nodes:
        call = None if node.note is None else node.note.call
        missing = []
        while call is not None and call not in found:
            missing.append(call)
            call = call.parent
        found.update(dict.fromkeys(reversed(missing)))
    return list(found)


def owners(calls: Iterable[Any]) -> list[tuple[str, Any]]:
    """The outermost modules that were called and still live, with what to put before the names of their parameters."""
    found: dict[int, tuple[str, Any]] = {}
    for call in calls:
        module = call.module() if call.parent is None else None
        if module is not None:
            found.setdefault(id(module), (call.path or call.name, module))
    return [("", module) for _, module in found.values()] if len(found) == 1 else list(found.values())


def module_calls(calls: list[Any], entries: list[Entry], collapse: Callable[[Any], bool] | None,
                 prefixes: Mapping[int, str]) -> list[ModuleCall]:  # fmt: skip
    """The calls as plain data, the ids in the order given. Asks `collapse` of each module that still lives.

    `prefixes`: the names of outermost modules, by id, which begin the paths of all that they call.
    """
    numbers = {call: number for number, call in enumerate(calls)}
    seen: dict[tuple[str, str], int] = {}
    modules: list[ModuleCall] = []
    starts: list[str] = []
    for number, call in enumerate(calls):
        module = call.module()
        above = numbers.get(call.parent)
        starts.append(starts[above] if above is not None else prefixes.get(id(module), ""))
        path = ".".join(part for part in (starts[-1], call.path) if part)
        key = (path, call.name)
        modules.append(
            ModuleCall(
                number, path, call.name, above, call.parameters, call.detail,
                tuple(call.inputs), tuple(call.outputs), call=seen.get(key, 0),
                closed=collapse is not None and module is not None and bool(collapse(module)),
            )
        )  # fmt: skip
        seen[key] = seen.get(key, 0) + 1
    for entry in entries:
        if entry.module is not None and entry.made:
            modules[entry.module].ops += entry.family != "port"  # a result of an op is none
    for below in reversed(modules):  # parents come before their children, so each count is complete when it is added
        if below.parent is not None:
            modules[below.parent].ops += below.ops
    return modules
