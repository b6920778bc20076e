"""Write the type stubs from the tables: `python -m minitorch._stubgen`.

The package's names and a tensor's methods are made at run time, so type checkers read them here: `__init__.pyi`,
`_methods.pyi` and `nn/functional.pyi` are generated, and a test compares them with what this module would write.
"""

from __future__ import annotations

import pathlib
from typing import Any

from .ops.front import PUBLIC, Entry, parse
from .ops.op import Op

HERE = pathlib.Path(__file__).parent
HEAD = '"""Generated from the tables by `python -m minitorch._stubgen`; do not edit."""\n\n'
#: The types of parameters, by name; what is not here is Any.
TYPES = {"input": "Tensor", "tensor": "Tensor", "mat1": "Tensor", "mat2": "Tensor", "vec": "Tensor", "vec2": "Tensor",
         "src": "Tensor | Number", "index": "Tensor", "mask": "Tensor", "condition": "Tensor", "weight": "Tensor",
         "bias": "Tensor", "target": "Tensor", "query": "Tensor", "key": "Tensor", "value": "Any",
         "other": "Tensor | Number", "exponent": "Tensor | Number", "end": "Tensor", "min": "Tensor | Number",
         "max": "Tensor | Number", "dim": "int | Sequence[int]", "dim0": "int", "dim1": "int", "dim2": "int",
         "keepdim": "bool", "dtype": "dtype", "out": "Any", "alpha": "Number", "beta": "Number", "eps": "float",
         "p": "float", "training": "bool", "inplace": "bool", "reduction": "str", "descending": "bool",
         "stable": "bool", "largest": "bool", "sorted": "bool", "k": "int", "diagonal": "int", "offset": "int",
         "unbiased": "bool", "correction": "Number", "rounding_mode": "str"}  # fmt: skip
NUMBERS = "Number: TypeAlias = int | float | complex\n"
SINGLE_DIM = frozenset(("select", "narrow", "unsqueeze", "gather", "scatter", "index_select", "cumsum", "cumprod"))


def typed(signature: str, method: bool) -> str:
    """A signature string with types."""
    parts: list[str] = []
    starred = False
    for place, p in enumerate(parse(signature)):
        if p.keyword and not starred and not p.star:
            parts.append("*")
            starred = True
        if p.star:
            starred = True
            parts.append(f"*{p.name}: Any")
            continue
        if method and place == 0:
            parts.append("self")
            continue
        kind = "Any" if p.kind == "int" else TYPES.get(p.name, "Any")
        if p.default == "None" and kind != "Any":
            kind += " | None"
        parts.append(f"{p.name}: {kind}" + ("" if p.default is None else " = ..."))
    return f"({', '.join(parts)})"


def returned(entry: Entry) -> str:
    """What an entry returns: a tensor unless its annotation says otherwise."""
    if isinstance(entry.target, Op):
        return "Tensor"
    said = str(entry.target.__annotations__.get("return", "Any"))
    if said.startswith("tuple"):
        return "tuple[Tensor, ...]"
    return said if said in ("bool", "int", "float") else "Tensor" if said == "Any" else "Any"


def declarations(name: str, entry: Entry, method: bool, indent: str) -> list[str]:
    """The stub lines of one name."""
    lines = []
    several = len(entry.signatures) > 1
    for signature in entry.signatures:
        if several:
            lines.append(f"{indent}@overload")
        lines.append(f"{indent}def {name}{typed(signature, method)} -> {returned(entry)}: ...")
    return lines


def methods_stub() -> str:
    """`_methods.pyi`."""
    from . import create

    lines = [HEAD, "from collections.abc import Sequence\n", "from typing import Any, TypeAlias, overload\n\n",
             "from ._tensor import Tensor\n", "from .backend.dtype import dtype\n\n", NUMBERS, "\n",
             "class TensorMethods:\n"]  # fmt: skip
    body: list[str] = []
    for name, entry in sorted(PUBLIC[""].items()):
        if entry.method:
            body += declarations(name, entry, True, "    ")
        if entry.inplace:
            body.append(f"    def {name}_(self, *args: Any, **kwargs: Any) -> Tensor: ...")
    for name in sorted(create.METHODS):
        body.append(f"    def {name}(self, *args: Any, **kwargs: Any) -> Tensor: ...")
    for dunder in ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod", "and", "or", "xor", "lshift", "rshift"):
        body.append(f"    def __{dunder}__(self, other: Any) -> Tensor: ...")
        body.append(f"    def __r{dunder}__(self, other: Any) -> Tensor: ...")
    for dunder in ("lt", "le", "gt", "ge"):
        body.append(f"    def __{dunder}__(self, other: Any) -> Tensor: ...")
    for dunder in ("eq", "ne"):
        body.append(f"    def __{dunder}__(self, other: Any) -> Tensor: ...  # type: ignore[override]")
    for dunder in ("neg", "abs", "invert"):
        body.append(f"    def __{dunder}__(self) -> Tensor: ...")
    return "".join(lines) + "\n".join(body) + "\n"


def package_stub() -> str:
    """`__init__.pyi`."""
    import minitorch

    from . import create, create_sparse, create_typed, settings
    from .backend import dtype as dt

    lines = [HEAD, "from collections.abc import Sequence\n", "from typing import Any, TypeAlias, overload\n\n"]
    lines.append("from . import autograd as autograd, func as func, nn as nn, optim as optim\n")
    lines.append("from . import accelerator as accelerator, amp as amp, backends as backends, compiler as compiler\n")
    lines.append("from . import cuda as cuda, distributed as distributed, jit as jit, overrides as overrides\n")
    lines.append("from . import cpu as cpu, mps as mps, types as types, version as version, xpu as xpu\n")
    lines.append("from .autograd.anomaly_mode import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled\n")
    lines.append("from .autograd.anomaly_mode import is_anomaly_enabled as is_anomaly_enabled\n")
    lines.append("from .autograd.anomaly_mode import set_anomaly_enabled as set_anomaly_enabled\n")
    lines.append("from .__config__ import show_config as show_config\n")
    lines.append("from .amp import autocast as autocast, get_autocast_dtype as get_autocast_dtype\n")
    lines.append("from . import random as random, testing as testing, viz as viz\n")
    lines.append("from ._tensor import Tensor as Tensor\n")
    lines.append("from .backend.device import Device as device\n")
    lines.append("from .backend.dtype import dtype as dtype\n")
    modes = ("enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad",
             "set_grad_enabled")  # fmt: skip
    lines.append(f"from .graph.modes import {', '.join(f'{n} as {n}' for n in modes)}\n")
    lines.append("from .size import Size as Size\nfrom .value import Value as Value\n")
    for module in (create, create_sparse, create_typed, settings):
        names = sorted(name for name in module.__all__)
        lines.append(f"from .{module.__name__.rpartition('.')[2]} import (\n")
        lines += [f"    {name} as {name},\n" for name in names]
        lines.append(")\n")
    lines.append("from .layer_table import summary as summary\n")
    lines.append("from .io import load as load, save as save\n")
    lines += ["\n", NUMBERS, "__version__: str\n"]
    lines += [f"{name}: dtype\n" for name in sorted({d.name for d in dt.ALL} | set(dt.ALIASES)) if name not in
              ("bool", "int", "float")]  # fmt: skip
    body: list[str] = []
    taken = {*create.__all__, *create_sparse.__all__, *create_typed.__all__, *settings.__all__, *modes, "Tensor",
             "Size", "Value", "device", "dtype"}  # fmt: skip
    for name, entry in sorted(PUBLIC[""].items()):
        if entry.functional and name not in taken and not name.startswith("_"):
            body += declarations(name, entry, False, "")
    body += ["bool: dtype", "int: dtype", "float: dtype"]
    text = "".join(lines) + "\n".join(body) + "\n"
    assert minitorch.__name__
    # the dtypes called bool, int and float come last and shadow the builtins: spell the builtins in full above them
    return _builtins(text)


def _builtins(text: str) -> str:
    import re

    head, split, tail = text.partition("\n\nNumber: TypeAlias")
    body = split + tail
    for name in ("int", "float", "bool", "complex"):
        body = re.sub(rf"(?<=[\[ :|(]){name}(?=[\] ,)|\n:])(?!: dtype)", f"builtins.{name}", body)
    body = re.sub(r"(?m)^builtins\.(\w+): dtype", r"\1: dtype", body)
    return head.replace("from collections.abc", "import builtins\nfrom collections.abc", 1) + body


def functional_stub() -> str:
    """`nn/functional.pyi`."""
    lines = [HEAD, "from collections.abc import Sequence\n", "from typing import Any, TypeAlias, overload\n\n",
             "from .._tensor import Tensor\n", "from ..backend.dtype import dtype\n\n", NUMBERS]  # fmt: skip
    body: list[str] = []
    for name, entry in sorted(PUBLIC.get("nn.functional", {}).items()):
        body += declarations(name, entry, False, "")
    return "".join(lines) + "\n".join(body) + "\n"


def stubs() -> dict[pathlib.Path, str]:
    """Every generated file and its text."""
    from . import compose, ops  # noqa: F401

    made: dict[pathlib.Path, Any] = {
        HERE / "_methods.pyi": methods_stub(),
        HERE / "__init__.pyi": package_stub(),
        HERE / "nn" / "functional.pyi": functional_stub(),
    }
    return made


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text)
        print(f"wrote {path.relative_to(HERE.parent)} ({len(text.splitlines())} lines)")
