"""What this library computes with here: `show_config()` prints it, `__config__.show()` returns it."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
from typing import Any

import numpy as np

from . import settings
from .version import __version__

__all__ = ["parallel_info", "show", "show_config"]

#: The sets of vector instructions that matter for products, the later the faster, as NumPy names them.
_VECTORS = ("AVX", "AVX2", "AVX512")
#: OpenBLAS's kernels for x86 in lower case -> the widest of these that each uses. Unknown kernels get no advice.
_KERNELS = dict.fromkeys("prescott core2 penryn dunnington atom nano nehalem athlon opteron barcelona bobcat".split(), 0) | \
    dict.fromkeys("sandybridge bulldozer piledriver steamroller".split(), 1) | \
    dict.fromkeys("haswell zen excavator".split(), 2) | \
    dict.fromkeys("skylakex cooperlake sapphirerapids".split(), 3)  # fmt: skip
_CUPY = ("cupy", "cupy-cuda13x", "cupy-cuda12x", "cupy-cuda11x")


def _version(*distributions: str) -> str:
    for name in distributions:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "not installed"


def _cupy() -> str:
    """Its version, without importing it."""
    if importlib.util.find_spec("cupy") is None:
        return "not installed"
    found = _version(*_CUPY)
    return "installed, version unknown" if found == "not installed" else found


def _blas() -> dict[str, Any]:
    """Name, version, kernel and threads of NumPy's linear algebra, as far as they can be known.

    The kernel that runs and the threads are known to the package threadpoolctl; without it the library is named as
    NumPy was built with it.
    """
    try:
        pools = importlib.import_module("threadpoolctl").threadpool_info()
    except ModuleNotFoundError:
        pools = []
    for pool in pools:
        if pool["user_api"] == "blas" and "numpy" in pool["filepath"]:
            return {"name": pool["internal_api"], "version": pool["version"], "kernel": pool.get("architecture"),
                    "threads": pool["num_threads"]}  # fmt: skip
    built: Any = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"name": built.get("name"), "version": built.get("version"), "kernel": None, "threads": None}


def _machine() -> int:
    """The widest vectors of this processor, as a place in `_VECTORS` counted from 1; 0 for none of them."""
    extensions: Any = np.show_config(mode="dicts")["SIMD Extensions"]
    has = [*extensions.get("baseline", ()), *extensions.get("found", ())]
    if any(name.startswith("AVX512") or name == "X86_V4" for name in has):
        return 3
    return 2 if "AVX2" in has or "X86_V3" in has else 1 if "AVX" in has else 0


def _advice(kernel: str, machine: int) -> str | None:
    """What to say of a kernel that OPENBLAS_CORETYPE asks for on a machine; None where it is as wide as the machine."""
    width = _KERNELS.get(kernel.lower())
    if width is None or width >= machine:
        return None
    used = _VECTORS[width - 1] if width else "SSE"
    return (f"OPENBLAS_CORETYPE={kernel} makes OpenBLAS use {used} where this processor has {_VECTORS[machine - 1]}: "
            "matrix products can take twice as long. Unset it before Python starts.")  # fmt: skip


def show() -> str:
    """Versions, NumPy's linear algebra and its kernel, threads, default dtype and device; and a hint where one is slow."""
    blas = _blas()
    kernel = f", kernel {blas['kernel']}" if blas["kernel"] else ""
    threads = blas["threads"] or "unknown: install threadpoolctl to see it"
    lines = {
        "minitorch": __version__,
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "NumPy": np.__version__,
        "SciPy": _version("scipy"),
        "safetensors": _version("safetensors"),
        "ml_dtypes": _version("ml_dtypes"),
        "CuPy": _cupy(),
        "BLAS": f"{blas['name']} {blas['version']}{kernel}",
        "BLAS threads": f"{threads} (processors: {os.cpu_count()})",
        "default dtype": repr(settings.get_default_dtype()),
        "default device": str(settings.get_default_device()),
    }
    text = "\n".join(f"{name + ':':<16}{value}" for name, value in lines.items())
    hint = _advice(os.environ.get("OPENBLAS_CORETYPE", ""), _machine())
    return text if hint is None else f"{text}\nHint: {hint}"


def show_config() -> None:
    """Print what `__config__.show()` returns: versions, BLAS kernel, threads, defaults."""
    print(show())


def parallel_info() -> str:
    """The threads that are used, and the variables that say how many."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    asked = [f"{name}: {os.environ.get(name, '[not set]')}" for name in names]
    return "\n".join([f"BLAS threads: {_blas()['threads'] or 'unknown'}", *asked])
