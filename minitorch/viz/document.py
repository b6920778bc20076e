"""What a picture knows: nodes, module calls and the backward, in words and numbers.

A Document holds strings, numbers and tuples only, so that a picture keeps no tensor and no array alive. `plain()` is the
same as dicts and lists, which `.json()` writes and the HTML page carries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from .stats import Stats

__all__ = ["Document", "Entry", "ModuleCall", "ordinal"]

ON_TAPE = ("op", "failed")


@dataclass(slots=True)
class Entry:
    """One node of the picture; `id` is its place among all of them, and `parents` hold smaller ones.

    `kind`: "op"; "failed" for the op that raised; "leaf", "parameter", "buffer", "input" or "constant" for what no op
    made. `saved` counts the bytes held for backward that no older node has counted. A parent is None where the operand
    is not on the tape and not drawn.
    """

    id: int
    kind: str
    op: str | None = None
    name: str | None = None
    symbol: str = ""
    family: str = ""
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    device: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    parents: tuple[int | None, ...] = ()
    module: int | None = None
    source: str | None = None
    line: str | None = None
    rules: tuple[tuple[str, str], ...] = ()
    bytes: int = 0
    saved: int = 0
    time: float | None = None
    value: Stats | None = None
    gradient: Stats | None = None
    first_bad: bool = False
    error: str | None = None

    @property
    def made(self) -> bool:
        """Whether an op made it, or tried to."""
        return self.kind in ON_TAPE

    @property
    def title(self) -> str:
        """The name and the op: "x = add", "add", "x"; a number for itself."""
        if self.made:
            return f"{self.name} = {self.op}" if self.name else str(self.op)
        if self.name is None and self.kind == "constant" and self.value is not None and not self.shape:
            number = self.value["values"]
            return str(number) if isinstance(number, bool | str) else f"{number:g}"
        return self.name or self.kind

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "id": self.id, "kind": self.kind, "title": self.title, "op": self.op, "name": self.name,
            "symbol": self.symbol, "family": self.family, "shape": None if self.shape is None else list(self.shape),
            "dtype": self.dtype, "device": self.device, "params": [list(pair) for pair in self.params],
            "parents": list(self.parents), "module": self.module, "source": self.source, "line": self.line,
            "rules": [list(pair) for pair in self.rules], "bytes": self.bytes, "saved": self.saved, "time": self.time,
            "value": ordinal(self.value), "gradient": ordinal(self.gradient), "first_bad": self.first_bad,
            "error": self.error,
        }  # fmt: skip


@dataclass(slots=True)
class ModuleCall:
    """One call of a module; `call` counts the calls of the same module, `times` the equal siblings from here on.

    `closed` where the caller of `graph` wants it drawn as one box.
    """

    id: int
    path: str
    name: str
    parent: int | None = None
    parameters: int = 0
    detail: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    ops: int = 0
    times: int = 1
    call: int = 0
    closed: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "id": self.id, "path": self.path, "class": self.name, "parent": self.parent, "parameters": self.parameters,
            "detail": self.detail, "inputs": list(self.inputs), "outputs": list(self.outputs), "ops": self.ops,
            "times": self.times, "call": self.call,
        }  # fmt: skip


@dataclass(slots=True)
class Document:
    """All of it. `backward`: steps in the engine's order, each {"node", "gradient", "sends"}; empty where not known."""

    kind: str = "tensor"
    nodes: list[Entry] = field(default_factory=list)
    modules: list[ModuleCall] = field(default_factory=list)
    backward: list[dict[str, Any]] = field(default_factory=list)

    def plain(self, caption: str | None = None) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "version": 1,
            "caption": caption,
            "kind": self.kind,
            "nodes": [entry.plain() for entry in self.nodes],
            "modules": [module.plain() for module in self.modules],
            "backward": [_step(step) for step in self.backward],
        }


def _step(step: dict[str, Any]) -> dict[str, Any]:
    sends = [send | {"gradient": ordinal(send["gradient"])} for send in step["sends"]]
    return {"node": step["node"], "gradient": ordinal(step["gradient"]), "sends": sends}


def ordinal(thing: Any) -> Any:
    """Numbers that JSON can say: nan and the infinities become strings, also in lists and dicts."""
    if isinstance(thing, float) and not math.isfinite(thing):
        return "nan" if thing != thing else "inf" if thing > 0 else "-inf"
    if isinstance(thing, dict):
        return {key: ordinal(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [ordinal(value) for value in thing]
    return thing
