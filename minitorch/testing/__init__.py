"""Proof that gradients are right, and the tools of tests: comparisons, random tensors, strategies, a pytest plugin.

`gradcheck`, `gradgradcheck` and `check_grads` compare the gradients of a function with differences, `dot_test` forward
mode with reverse, and `check` proves a whole model; each returns a Report. numeric.py is the same in short, for the laws;
close.py holds `assert_close` and making.py `make_tensor`, both PyTorch's; strategies.py draws shapes and tensors with
Hypothesis; plugin.py gives pytest fixtures for devices and seeds.

laws/ says what holds of every op, rows/ with which operands, standin/ is a device without a device. `check_op` holds the laws
for one op, `python -m minitorch.testing` prints the table of all, and `python -m minitorch.testing faults` measures them.
"""

from __future__ import annotations

import importlib
from typing import Any

from .close import assert_allclose, assert_close
from .making import make_tensor

__all__ = ["GradientError", "Report", "assert_allclose", "assert_close", "check", "check_grads", "check_op", "dot_test",
           "gradcheck", "gradgradcheck", "make_tensor"]  # fmt: skip

#: The file that each name is looked up in when it is first asked for.
_FILES = {"GradientError": "report", "Report": "report", "check": "checks", "check_grads": "derivatives", "check_op": "proving",
          "dot_test": "duality", "gradcheck": "derivatives", "gradgradcheck": "derivatives"}  # fmt: skip
#: Submodules that need a further package, imported when first touched.
_SUBMODULES = frozenset(("strategies",))


def __getattr__(name: str) -> Any:
    if name in _FILES:
        found = globals()[name] = getattr(importlib.import_module(f".{_FILES[name]}", __name__), name)
        return found
    if name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_FILES})
