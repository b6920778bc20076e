"""The names of `torch.backends`: what libraries are used (NumPy's, or CuPy's), and switches that are kept and change nothing.

What is computed here is deterministic on the host, and float32 products are float32, whatever the switches say. The
modules below this one are made from a table. https://docs.pytorch.org/docs/stable/backends.html
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

#: A package as far as `import minitorch.backends.cudnn` is concerned; what there is stands in the table.
__path__: list[str] = []

#: Module -> its switches, as PyTorch has them when it starts.
_SWITCHES: dict[str, dict[str, Any]] = {
    "cpu": {},
    "cuda": {},
    "cudnn": {"enabled": True, "benchmark": False, "benchmark_limit": None, "deterministic": False, "allow_tf32": True,
              "fp32_precision": "none"},
    "mkl": {"VERBOSE_OFF": 0, "VERBOSE_ON": 1},
    "mkldnn": {"enabled": True, "deterministic": False, "allow_tf32": None, "fp32_precision": "none",
               "VERBOSE_OFF": 0, "VERBOSE_ON": 1, "VERBOSE_ON_CREATION": 2},
    "mps": {},
    "nnpack": {},
    "openmp": {},
    "opt_einsum": {"enabled": False, "strategy": None},
}  # fmt: skip
#: What `cuda.matmul` starts with.
_MATMUL = {"allow_tf32": False, "allow_fp16_reduced_precision_reduction": True,
           "allow_bf16_reduced_precision_reduction": True, "allow_fp16_accumulation": False,
           "fp32_precision": "none"}  # fmt: skip
_ATTENTION = ("flash", "mem_efficient", "math", "cudnn")

fp32_precision = "none"


def _no() -> bool:
    """False: the library is not used."""
    return False


def disable_global_flags() -> None:
    """The switches change nothing here, whoever sets them."""


def _blocks(module: ModuleType, defaults: dict[str, Any]) -> Callable[..., Any]:
    """`flags(...)` of a module: a block that sets its switches and puts them back."""

    @contextlib.contextmanager
    def flags(**given: Any) -> Iterator[None]:
        """A block in which these switches are set."""
        unknown = sorted(set(given) - set(defaults))
        if unknown:
            raise TypeError(f"flags() got an unexpected keyword argument '{unknown[0]}'")
        before = {name: vars(module)[name] for name in given}
        vars(module).update(given)
        try:
            yield
        finally:
            vars(module).update(before)

    return flags


def _equip_cuda(cuda: Any) -> None:
    told = dict.fromkeys(_ATTENTION, True)

    def is_built() -> bool:
        """Whether CuPy is installed."""
        return importlib.util.find_spec("cupy") is not None

    def switch(name: str) -> tuple[Any, Any]:
        def enabled() -> bool:
            """What it was told last."""
            return told[name]

        def enable(enabled: bool) -> None:
            """Remembered; there is one attention, whichever of PyTorch's is chosen."""
            told[name] = enabled

        return enabled, enable

    for name in _ATTENTION:
        enabled, enable = switch(name)
        setattr(cuda, f"{name}_sdp_enabled", enabled)
        setattr(cuda, f"enable_{name}_sdp", enable)

    @contextlib.contextmanager
    def sdp_kernel(enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True,
                   enable_cudnn: bool = True) -> Iterator[None]:  # fmt: skip
        """A block in which these are remembered as chosen."""
        before = dict(told)
        told.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
        try:
            yield
        finally:
            told.update(before)

    cuda.is_built, cuda.sdp_kernel, cuda.matmul = is_built, sdp_kernel, SimpleNamespace(**_MATMUL)
    cuda.is_flash_attention_available = _no


def _made(name: str, switches: dict[str, Any]) -> ModuleType:
    module: Any = ModuleType(f"{__name__}.{name}", f"PyTorch's `torch.backends.{name}`: nothing here depends on it.")
    vars(module).update(switches)
    if name != "cuda" and name != "cpu":
        module.is_available = _no
    if name in ("cudnn", "mkldnn", "opt_einsum"):
        module.flags = _blocks(module, switches)
    if name == "cudnn":
        module.version = lambda: None
        module.is_acceptable = lambda tensor: False
    elif name == "mps":
        module.is_built = _no
    elif name == "cpu":
        module.get_cpu_capability = lambda: "DEFAULT"
    elif name == "cuda":
        _equip_cuda(module)
    made: ModuleType = module
    return made


for _name, _switches in _SWITCHES.items():
    # an import of the module finds it here once this one is imported
    sys.modules[f"{__name__}.{_name}"] = globals()[_name] = _made(_name, _switches)
