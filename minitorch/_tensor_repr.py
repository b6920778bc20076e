"""The text of a tensor, `tensor([1., 2.])`, letter for letter PyTorch's.

The numbers come to the host once. A Formatter looks at those that will be shown and settles one width for all: integers
with a point, a fixed number of digits, or powers of ten where they span more than three decades. The brackets are then
laid out row by row, the middle of a large tensor is left out, and what the numbers do not say (dtype, device, place on
the tape) follows as suffixes. https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .backend import dtype as dt
from .backend.namespace import backend_of

__all__ = ["format_tensor", "get_printoptions", "printoptions", "set_printoptions"]

Array = np.ndarray[Any, Any]
#: The profiles of `set_printoptions`; the first is how things start.
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options: dict[str, Any] = _PROFILES["default"] | {"sci_mode": None}


def set_printoptions(
    precision: int | None = None, threshold: float | None = None, edgeitems: int | None = None,
    linewidth: int | None = None, profile: str | None = None, sci_mode: bool | None = None,
) -> None:  # fmt: skip
    """Change how tensors are printed.

    Args:
        precision: digits after the point.
        threshold: tensors with more elements are summarised.
        edgeitems: how many elements a summary shows at each end of a dimension.
        linewidth: characters in a line.
        profile: `default`, `short` or `full`; the other arguments change single options of it.
        sci_mode: powers of ten always or never; None leaves it to the numbers.
    """
    _options.update(_PROFILES.get(profile or "", {}))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update({name: value for name, value in given.items() if value is not None})
    _options["sci_mode"] = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The options in force, as keyword arguments of `set_printoptions`."""
    return dict(_options)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Change the options of `set_printoptions` inside a `with` block."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


class Formatter:
    """One width and one notation for all the numbers that are shown.

    Args:
        shown: the numbers, real.
    """

    __slots__ = ("floating", "integral", "scientific", "width")

    def __init__(self, shown: Array) -> None:
        self.floating = shown.dtype.kind == "f"
        self.integral, self.scientific, self.width = True, False, 1
        if not self.floating:
            self.width = max((len(str(value)) for value in shown.ravel().tolist()), default=1)
            return
        wide = shown.ravel().astype(np.float64)
        wide = wide[np.isfinite(wide) & (wide != 0)]
        if not wide.size:
            return
        sizes = np.abs(wide)
        smallest, largest = float(sizes.min()), float(sizes.max())
        self.integral = bool((wide == np.ceil(wide)).all())
        if _options["sci_mode"] is None:
            self.scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
        else:
            self.scientific = bool(_options["sci_mode"])
        if self.scientific:
            spelled = [f"{value:.{_options['precision']}e}" for value in wide.tolist()]
        elif self.integral:
            spelled = [f"{value:.0f}." for value in wide.tolist()]
        else:
            spelled = [f"{value:.{_options['precision']}f}" for value in wide.tolist()]
        self.width = max(1, *map(len, spelled))

    def __call__(self, value: Any) -> str:
        if not self.floating:
            text = str(value)
        elif self.scientific:
            text = f"{value:.{_options['precision']}e}"
        elif self.integral:
            text = f"{value:.0f}" + ("." if math.isfinite(value) else "")
        else:
            text = f"{value:.{_options['precision']}f}"
        return text.rjust(self.width)


def _speller(shown: Array) -> tuple[Callable[[Any], str], int]:
    """A function from a number to its text, and the width of such a text."""
    if shown.dtype.kind != "c":
        form = Formatter(shown)
        return form, form.width
    real, imag = Formatter(shown.real), Formatter(shown.imag)

    def both(value: complex) -> str:
        second = (imag(value.imag) + "j").lstrip()
        return real(value.real) + ("" if second[0] in "+-" else "+") + second

    return both, real.width + imag.width + 1


def _edges(array: Array) -> Array:
    """The numbers that a summary shows."""
    edge = _options["edgeitems"]
    if not edge:
        return array if array.ndim == 1 else array[:0]
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            kept = [*range(edge), *range(size - edge, size)]
            array = array.take(kept, axis)
    return array


def _brackets(array: Array, indent: int, summarize: bool, spell: Callable[[Any], str], width: int) -> str:
    """The numbers in their brackets; `indent` is the column of the first one."""
    edge = _options["edgeitems"]
    if array.ndim == 0:
        return spell(array.item())
    cut = summarize and array.shape[0] > 2 * edge
    if array.ndim == 1:
        if summarize and not edge:
            texts = ["..."]
        elif cut:
            texts = [*map(spell, array[:edge].tolist()), " ...", *map(spell, array[-edge:].tolist())]
        else:
            texts = [*map(spell, array.tolist())]
        many = max(1, math.floor((_options["linewidth"] - indent) / (width + 2)))
        lines = [", ".join(texts[start : start + many]) for start in range(0, len(texts), many)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    rows = [*array[:edge], None, *array[len(array) - edge :]] if cut else [*array]
    parts = ["..." if row is None else _brackets(row, indent + 1, summarize, spell, width) for row in rows]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def format_array(array: Array, indent: int) -> str:
    """The numbers of a host array as a tensor shows them, starting in column `indent`."""
    if not array.size:
        return "[]"
    if array.dtype.kind == "V":  # bfloat16, of no kind that NumPy knows
        array = array.astype(np.float32)
    summarize = array.size > _options["threshold"]
    spell, width = _speller(_edges(array) if summarize else array)
    return _brackets(array, indent, summarize, spell, width)


def format_tensor(tensor: Any, contents: str | None = None) -> str:
    """What `repr(tensor)` says: the numbers and, where they do not tell, size, dtype, device and place on the tape.

    Args:
        tensor: a Tensor; the library's own subclasses print as `tensor(...)`, a user's under its own name.
        contents: text to stand for the numbers.
    """
    kind = type(tensor)
    name = "tensor" if kind.__module__.partition(".")[0] == __name__.partition(".")[0] else kind.__name__
    start = f"{name}("
    raw = tensor._data
    backend = backend_of(raw)
    dtype = dt.of(raw.dtype)
    suffixes = []
    if backend.name != "cpu":
        suffixes.append(f"device='{backend.device_of(raw)}'")
    if not raw.size:
        if raw.ndim != 1:
            suffixes.append(f"size={tuple(raw.shape)}")
        told: tuple[dt.dtype, ...] = (dt.default(),)
    else:
        if not _options["edgeitems"]:
            suffixes.append(f"size={tuple(raw.shape)}")
        told = (dt.default(), dt.default().to_complex(), dt.int64, dt.bool_)
    if dtype not in told:
        suffixes.append(f"dtype={dtype}")
    if contents is None:
        contents = format_array(backend.to_host(raw), len(start))
    try:
        grad_fn = tensor.grad_fn
    except RuntimeError:  # a view that was written in two modes: reading its history raises
        suffixes.append("grad_fn=<Invalid>")
    else:
        if grad_fn is not None:
            suffixes.append(f"grad_fn=<{grad_fn.name()}>")
        elif tensor.requires_grad:
            suffixes.append("requires_grad=True")
    return _with_suffixes(start + contents, suffixes, len(start))


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Suffixes go on the last line while there is room, then on lines of their own."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if column + len(suffix) + 2 > _options["linewidth"]:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"
