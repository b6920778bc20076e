"""minitorch: automatic differentiation with neural-network layers on top, in PyTorch's words.

The front door. What is written out here is what has no row in a table; every function and dtype that has one is looked
up there when first asked for. Submodules are imported when first touched, optional libraries when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from . import compose, create, ops  # noqa: F401  (filling the tables)
from ._tensor import Tensor
from .backend import dtype as _dtypes
from .backend.device import Device as device
from .backend.dtype import dtype
from .graph.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .operators import equip as _equip
from .operators import equip_operators as _equip_operators
from .ops.binder import is_function as _is_function
from .ops.front import PUBLIC as _PUBLIC
from .size import Size
from .value import Value
from .version import __version__ as __version__

_equip(Tensor, create.METHODS)
_equip_operators(Tensor, Tensor._classes)

_SUBMODULES = frozenset(("__config__", "accelerator", "amp", "autograd", "backends", "compiler", "cpu", "cuda",
                         "distributed", "distributions", "fft", "func", "io", "jit", "linalg", "mps", "nn", "optim",
                         "overrides", "random", "return_types", "signal", "sparse", "special", "testing", "types",
                         "utils", "version", "viz", "xpu"))  # fmt: skip
#: What PyTorch has and this library has not, and why.
_ABSENT = {"hub": "there is no index of models; build the model and load its state dict",
           "onnx": "there is no export to ONNX"}  # fmt: skip
_DTYPES = {d.name: d for d in _dtypes.ALL} | _dtypes.ALIASES
#: Names of a module that is imported only for them.
_LATE = {"summary": "layer_table", "load": "io", "save": "io", "autocast": "amp", "get_autocast_dtype": "amp",
         "show_config": "__config__", "vmap": "batching", "is_anomaly_enabled": "autograd.anomaly_mode",
         "is_anomaly_check_nan_enabled": "autograd.anomaly_mode", "set_anomaly_enabled": "autograd.anomaly_mode"}  # fmt: skip
#: Where names that have no row in a table live: name -> module.
_HOMES: dict[str, str] = {}


def _homes() -> dict[str, str]:
    if not _HOMES:
        for module in ("create", "create_range", "create_sparse", "create_typed", "settings"):
            for name in importlib.import_module(f".{module}", __name__).__all__:
                _HOMES[name] = module
    return _HOMES


def __getattr__(name: str) -> Any:
    entry = _PUBLIC[""].get(name)
    value: Any
    if entry is not None and entry.functional:
        value = entry.named(name)
    elif entry is None and (twin := _PUBLIC[""].get(name[:-1])) and name[-1] == "_" and twin.inplace and _is_function(name):
        value = twin.twin(name[:-1])
    elif name in _DTYPES:
        value = _DTYPES[name]
    elif name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    elif name in _LATE:
        value = getattr(importlib.import_module(f".{_LATE[name]}", __name__), name)
    elif not name.startswith("__") and name in _homes():
        value = getattr(importlib.import_module(f".{_homes()[name]}", __name__), name)
    else:
        why = f": {_ABSENT[name]}" if name in _ABSENT else ""
        raise AttributeError(f"module 'minitorch' has no attribute {name!r}{why}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    public = [name for name, entry in _PUBLIC[""].items() if entry.functional]
    return sorted({*globals(), *public, *_DTYPES, *_SUBMODULES, *_LATE, *_homes()})


__all__ = ["Size", "Tensor", "Value", "device", "dtype", "enable_grad", "inference_mode", "is_grad_enabled",
           "is_inference_mode_enabled", "no_grad", "set_grad_enabled"]  # fmt: skip
