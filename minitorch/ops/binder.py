"""PyTorch's signatures, and how its parser binds a call to one of them.

The fronts (front.py) take the calls that everybody writes by themselves. A call that does not look like one of them --
NumPy's spellings, a number of the wrong kind, an argument too many -- comes here and is bound once more, slowly, by
the rules of PyTorch's own parser over the signatures in `signatures.txt`. Either it fits one of them after all, or it is
refused in PyTorch's words. A line of that file is `name | (Tensor input, int dim) | ...`: a name, and its overloads in
the order in which they are tried; `.name` is a method that is no function's; `!` marks a deprecated overload.
https://github.com/pytorch/pytorch/blob/main/torch/csrc/utils/python_arg_parser.cpp
"""

from __future__ import annotations

import os
import re
import warnings
from functools import cache
from typing import Any

from ..backend import dtype as dt
from ..tracked import Tracked

#: NumPy's names for PyTorch's parameters.
NUMPY_NAMES = {"dim": ("axis",), "keepdim": ("keepdims",), "input": ("x", "a", "x1"), "other": ("x2",)}
PYTORCH_NAMES = {theirs: name for name, several in NUMPY_NAMES.items() for theirs in several}
#: What a parameter's type is called in messages.
SPOKEN = {"Scalar": "Number", "ints": "tuple of ints", "Tensors": "tuple of Tensors", "dtype": "torch.dtype",
          "floats": "tuple of floats", "Scalars": "tuple of Scalars", "memory_format": "torch.memory_format",
          "layout": "torch.layout", "device": "torch.device", "generator": "torch.Generator"}  # fmt: skip
#: Functions that take a number where their signature says Tensor.
TAKE_NUMBERS = frozenset(f"{name}{end}" for name in ("add", "div", "divide", "mul", "multiply", "sub", "subtract",
                         "true_divide", "floor_divide", "copy") for end in ("", "_"))  # fmt: skip
_PYTHON_TYPES = {float: dt.float64, int: dt.int64, bool: dt.bool_, complex: dt.complex128}


class Typed:
    """One parameter of one of PyTorch's signatures."""

    __slots__ = ("default", "keyword", "name", "nullable", "required", "size", "text", "type")

    def __init__(self, text: str, keyword: bool) -> None:
        kind, _, rest = text.partition(" ")
        self.name, _, default = rest.partition("=")
        self.nullable = kind.endswith("?") or default == "None"
        kind, _, size = kind.rstrip("?").partition("[")
        self.type, self.size = kind, int(size[:-1]) if size else 0
        self.keyword, self.required, self.text = keyword, "=" not in rest, text
        self.default = default

    def __str__(self) -> str:
        said = f"{SPOKEN.get(self.type, self.type)} {self.name}"
        return said if self.required else f"{said} = {self.default}"


class Overload:
    """One of PyTorch's signatures."""

    def __init__(self, text: str) -> None:
        self.deprecated = text.endswith("!")
        self.parameters: list[Typed] = []
        keyword = False
        for part in re.split(r", (?![^(]*\))", text.rstrip("!")[1:-1]):
            if part == "*":
                keyword = True
            elif part:
                self.parameters.append(Typed(part, keyword))
        self.most = sum(not p.keyword for p in self.parameters)
        self.least = sum(p.required for p in self.parameters)
        #: `expand(2, 3)` for `expand((2, 3))`: a list of ints as the only positional parameter.
        self.spread = self.most == 1 and self.parameters[0].type == "ints"

    def __str__(self) -> str:
        spelled, keyword = [], False
        for p in self.parameters:
            if p.keyword and not keyword:
                spelled.append("*")
                keyword = True
            spelled.append(str(p))
        return f"({', '.join(spelled)})"

    def method(self) -> Overload | None:
        """The same as a method: without the tensor itself, and without `out`."""
        parts = [p for p in self.parameters if p.name != "out"]
        first = next((p for p in parts if p.name in ("input", "self") and p.type == "Tensor"), None)
        if first is None:
            return None
        spelled, keyword = [], False
        for p in parts:
            if p.keyword and not keyword:
                spelled.append("*")
                keyword = True
            if p is not first:
                spelled.append(p.text)
        return Overload(f"({', '.join(spelled)})" + ("!" if self.deprecated else ""))


@cache
def _lines() -> dict[str, list[str]]:
    with open(os.path.join(os.path.dirname(__file__), "signatures.txt"), encoding="ascii") as file:
        return {name: rest for name, *rest in (line.split(" | ") for line in file.read().splitlines())}


@cache
def overloads(namespace: str, name: str, method: bool) -> list[Overload]:
    """PyTorch's signatures of a function or a method; none where it is written in Python there."""
    lines = _lines()
    if not method:
        return [Overload(text) for text in lines.get(f"{namespace}.{name}" if namespace else name, ())]
    if f".{name}" in lines:
        return [Overload(text) for text in lines[f".{name}"]]
    found: dict[str, Overload] = {}
    for overload in overloads(namespace, name, False):
        twin = overload.method()
        if twin is not None:
            found.setdefault(str(twin), twin)
    return list(found.values())


def is_function(name: str) -> bool:
    """Whether PyTorch has a function of this name (`add_` is a method only, `relu_` is both)."""
    return name in _lines()


# ---- whether a value is what a parameter takes ---------------------------------------------------------------------
def _is_number(value: Any) -> bool:
    if isinstance(value, int | float | complex):
        return True
    return hasattr(value, "dtype") and not isinstance(value, Tracked) and getattr(value, "ndim", 1) == 0 and hasattr(
        value, "item") and type(value).__name__ != "ndarray"  # fmt: skip


def _is_free_scalar(value: Any) -> bool:
    return isinstance(value, Tracked) and value._data.ndim == 0 and value._node is None


def _is_int(value: Any) -> bool:
    if isinstance(value, Tracked):
        return value._data.size == 1 and value._data.dtype.kind in "iu"
    return hasattr(value, "__index__") and not isinstance(value, bool) and type(value).__name__ != "bool"


def accepts(p: Typed, value: Any, numbers: bool) -> bool | int:
    """Whether a parameter takes this value; for a list with an odd element, its place below -1 (-2 for the first)."""
    kind = p.type
    if kind == "Tensor":
        return isinstance(value, Tracked) or (numbers and _is_number(value))
    if kind == "Scalar":
        return _is_number(value) or _is_free_scalar(value)
    if kind == "float":
        return (_is_number(value) and not isinstance(value, complex)) or _is_free_scalar(value)
    if kind == "int":
        return _is_int(value)
    if kind == "bool":
        return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")
    if kind == "str":
        return isinstance(value, str)
    if kind == "dtype":
        return isinstance(value, dt.dtype) or (isinstance(value, type) and value in _PYTHON_TYPES)
    if kind in ("ints", "floats", "Scalars"):
        if isinstance(value, tuple | list):
            first = value[0] if value else 0
            return (_is_int(first) if kind == "ints" else _is_number(first) or isinstance(first, Tracked)) or -2
        return p.size > 0 and (_is_int(value) if kind == "ints" else _is_number(value))
    if kind == "Tensors":
        return isinstance(value, tuple | list)
    return True


# ---- binding a call ------------------------------------------------------------------------------------------------
def _bind(name: str, overload: Overload, args: tuple[Any, ...], kwargs: dict[str, Any], refuses: bool,
          method: bool) -> dict[str, Any] | None:  # fmt: skip
    """The values by PyTorch's parameter names, or None; with `refuses`, a TypeError that says why not."""
    count, left, place = len(args), dict(kwargs), 0
    bound: dict[str, Any] = {}
    if count > overload.most and not overload.spread:
        if refuses:
            _too_many(name, overload, count)
        return None
    for p in overload.parameters:
        by_name = place >= count
        if by_name:
            key = next((key for key in (p.name, *NUMPY_NAMES.get(p.name, ())) if key in left), None)
            if key is None:
                if not p.required:
                    continue
                if refuses:
                    _missing(name, overload, bound)
                return None
            value = left.pop(key)
        elif p.keyword:
            if refuses:
                _too_many(name, overload, count)
            return None
        else:
            value = args[place]
        numbers = name in TAKE_NUMBERS
        taken = True if value is None and p.nullable else accepts(p, value, numbers)
        if taken is not True and not by_name and not place and overload.spread and accepts(p, args, False) is True:
            value, taken, place = args, True, count
        if taken is not True:
            if refuses:
                if overload.spread and count > 1:
                    _too_many(name, overload, count)
                _refuse(name, p, None if by_name else place + 1, value, taken)
            return None
        if p.type == "Tensors":
            _need_tensors(value, place, "optional" in p.text or p.name == "indices")
        bound[p.name] = value
        place += not by_name
    if place < count:
        if refuses:
            _too_many(name, overload, count)
        return None
    if left:
        if refuses:
            key = next(iter(left))
            known = any(key == p.name for p in overload.parameters)
            raise TypeError(f"{name}() got multiple values for argument '{key}'" if known else
                            f"{name}() got an unexpected keyword argument '{key}'")  # fmt: skip
        return None
    return {p.name: _settled(name, p, bound[p.name]) for p in overload.parameters if p.name in bound}


def _too_many(name: str, overload: Overload, count: int) -> None:
    least, most = overload.least, overload.most
    if least != most:
        raise TypeError(f"{name}() takes from {least} to {most} positional arguments but {count} were given")
    raise TypeError(f"{name}() takes {most} positional argument{'s' * (most != 1)} but {count} "
                    f"{'was' if count == 1 else 'were'} given")  # fmt: skip


def _missing(name: str, overload: Overload, bound: dict[str, Any]) -> None:
    absent = [p.name for p in overload.parameters if p.required and not p.keyword and p.name not in bound]
    if not absent:
        key = next(p.name for p in overload.parameters if p.required and p.name not in bound)
        raise TypeError(f"{name}() missing 1 required keyword-only argument: \"{key}\"")
    listed = ", ".join(f'"{key}"' for key in absent)
    raise TypeError(f"{name}() missing {len(absent)} required positional argument{'s' * (len(absent) == 1)}: {listed}")


def _refuse(name: str, p: Typed, place: int | None, value: Any, taken: bool | int) -> None:
    where = "" if place is None else f" (position {place})"
    said = "Tensor" if p.type == "Tensor" else SPOKEN.get(p.type, p.type)
    if taken is not False:
        at = -2 - taken
        raise TypeError(f"{name}(): argument '{p.name}'{where} must be {said}, but found element of type "
                        f"{type(value[at]).__name__} at pos {at}")  # fmt: skip
    hint = " Hint: wrap it with from_numpy() or tensor()." if p.type == "Tensor" and hasattr(value, "__array__") else ""
    raise TypeError(f"{name}(): argument '{p.name}'{where} must be {said}, not {type(value).__name__}{hint}")


def _need_tensors(values: Any, place: int, optional: bool) -> None:
    for at, value in enumerate(values):
        if not isinstance(value, Tracked) and not (optional and value is None):
            raise TypeError(f"expected Tensor as element {at} in argument {place}, but got {type(value).__name__}")


def _settled(name: str, p: Typed, value: Any) -> Any:
    """A value as our functions take it: NumPy's numbers and one-element tensors as Python's own."""
    if value is None:
        return None
    if p.type in ("Scalar", "float", "bool", "Tensor"):
        return value.item() if hasattr(value, "item") and not (isinstance(value, Tracked) and p.type == "Tensor") else value
    if p.type == "dtype":
        return _PYTHON_TYPES.get(value, value)
    if p.type == "int":
        return _plain_int(value)
    if p.type == "ints" and isinstance(value, tuple | list):
        for at, item in enumerate(value):
            if not _is_int(item):
                raise TypeError(f"{name}(): argument '{p.name}' failed to unpack the object at pos {at + 1} with error "
                                f'"type must be tuple of ints,but got {type(item).__name__}"')  # fmt: skip
        return tuple(map(_plain_int, value))
    return _plain_int(value) if p.type == "ints" else value


def _plain_int(value: Any) -> int:
    return int(value.item()) if hasattr(value, "item") else value.__index__()


def bind(name: str, candidates: list[Overload], args: tuple[Any, ...], kwargs: dict[str, Any],
         method: bool) -> tuple[Overload, dict[str, Any]]:  # fmt: skip
    """The first overload that a call fits, and its values by PyTorch's parameter names.

    Raises:
        TypeError: where it fits none, in PyTorch's words.
    """
    if len(candidates) == 1:
        only = candidates[0]
        if method and not only.parameters and (args or kwargs):
            raise TypeError(f"TensorBase.{name}() takes no " + (f"arguments ({len(args)} given)" if args else
                                                               "keyword arguments"))  # fmt: skip
        return only, _bind(name, only, args, kwargs, True, method) or {}
    for overload in candidates:
        found = _bind(name, overload, args, kwargs, False, method)
        if found is not None:
            if overload.deprecated:
                warnings.warn(f"This overload of {name} is deprecated:\n\t{name}{overload}\nConsider using one of the "
                              f"following signatures instead:\n\t{name}{candidates[-1]}", UserWarning, stacklevel=4)  # fmt: skip
            return overload, found
    given = len(args) + len(kwargs)
    likely = [o for o in candidates if o.least <= given <= len(o.parameters) and not o.deprecated]
    if len(likely) == 1:
        _bind(name, likely[0], args, kwargs, True, method)
    kinds = [type(a).__name__ for a in args] + [f"{k}={type(v).__name__}" for k, v in reversed(kwargs.items())]
    raise TypeError(f"{name}() received an invalid combination of arguments - got ({', '.join(kinds)}), but expected "
                    "one of:\n" + "\n".join(f" * {overload}" for overload in candidates if not overload.deprecated))  # fmt: skip
