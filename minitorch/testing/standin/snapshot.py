"""What the real CuPy offers, dumped into api.json: names, parameters, and the dtypes of every ufunc.

It needs the package, not a GPU. After an upgrade of CuPy: `python -m minitorch.testing.standin.snapshot`.
"""

import inspect
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("api.json")


def parameters(thing):
    """The names of a function's parameters, `*` for any more by position and `**` for any by name; None: not known."""
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):  # compiled: the first line of the docstring is the signature
        line = (getattr(thing, "__doc__", None) or "").partition("\n")[0]
        match = re.match(r"[\w.]+\((.*)\)", line)
        if match is None:
            return None
        parts = [part.strip().partition("=")[0].split(" ")[-1] for part in match[1].split(",")]
        return " ".join("*" if part.startswith("*") else part for part in parts if part and part != "self")
    marks: Any = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return " ".join(marks.get(p.kind, p.name) for p in found if p.name != "self")


def functions(module, like):
    """Those functions of a module that the host has too, since only they can be run here."""
    import cupy

    found = {}
    for name in dir(module):
        thing = getattr(module, name)
        if name[0] != "_" and callable(thing) and not isinstance(thing, (type, cupy.ufunc)) and hasattr(like, name):
            found[name] = parameters(thing)
    return found


def loops(module, like):
    """The ufuncs by the dtypes they take and give: `"ff->f dd->d": "add multiply"`."""
    import cupy

    found: dict[str, list[str]] = {}
    for name in dir(module):
        thing = getattr(module, name)
        if isinstance(thing, cupy.ufunc) and hasattr(like, name):
            found.setdefault(" ".join(thing.types), []).append(name)
    return {types: " ".join(names) for types, names in found.items()}


def snapshot():
    """The whole of it, as what the file holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # CuPy warns where it finds no CUDA libraries
        import cupy
        import cupyx.scipy.special
        import scipy.special

        methods = {name: getattr(cupy.ndarray, name) for name in dir(cupy.ndarray) if name[0] != "_"}
        values = [name for name in dir(cupy) if name[0] != "_" and hasattr(np, name) and (
            isinstance(getattr(cupy, name), type | float) or getattr(cupy, name) is None)]  # fmt: skip
        return {
            "version": cupy.__version__,
            "values": " ".join(values),
            "functions": functions(cupy, np),
            "loops": loops(cupy, np),
            "at": " ".join(n for n in dir(cupy) if isinstance(getattr(getattr(cupy, n), "_scatter_op", None), str)),
            "linalg": functions(cupy.linalg, np.linalg),
            "fft": functions(cupy.fft, np.fft),
            "stride_tricks": functions(cupy.lib.stride_tricks, np.lib.stride_tricks),
            "special": functions(cupyx.scipy.special, scipy.special),
            "special_loops": loops(cupyx.scipy.special, scipy.special),
            "methods": {name: parameters(thing) for name, thing in methods.items() if callable(thing)},
            "attributes": " ".join(name for name, thing in methods.items() if not callable(thing)),
        }


if __name__ == "__main__":
    lines = [f'"{key}":{json.dumps(value, separators=(",", ":"))}' for key, value in snapshot().items()]
    FILE.write_text("{" + ",\n".join(lines) + "}\n")
