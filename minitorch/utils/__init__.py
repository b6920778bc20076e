"""Tools around training: `data` feeds it."""

from __future__ import annotations

import importlib
from typing import Any

#: Submodules, imported when first touched.
_SUBMODULES = frozenset(("benchmark", "checkpoint", "data", "dlpack", "model_zoo", "tensorboard"))


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES})
