"""`graph(...)`: from a result, or a model and its inputs, to a picture.

A tensor, a Value or several of them are drawn by the tape that leads to them. A module or a function is run once, under
`record`, and drawn by what it did; when its forward raises, the picture ends in the op that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..graph.node import Node
from ..tracked import Tracked
from .collect import collect
from .naming import Names, is_module
from .picture import Graph
from .running import run

__all__ = ["graph"]

COLOURS = ("family", "gradient", "memory", "time")
MEASURED = {"gradient": ("gradient",), "memory": ("bytes", "saved"), "time": ("time",)}
SHOWN = ("shape", "dtype", "device", "params", "value", "gradient", "bytes", "saved", "time", "source", "module", "rules",
         "constants")  # fmt: skip


def graph(out_or_model: object, *inputs: Any, params: object = None, names: object = None, depth: int | None = None,
          collapse: Callable[[Any], bool] | None = None, show: str | Iterable[str] | None = None, color: str = "family",
          fold: bool = True, max_nodes: int = 300, caption: str | None = None, values: bool | None = None) -> Graph:  # fmt: skip
    """The picture of a tape: of the one that leads to a result, or of what a model does with its inputs.

    Args:
        out_or_model: a tensor, a Value, a list or dict of them (their tape is read); or a module or function, which is
            called once with `inputs` as in a step of training: random numbers are drawn and running statistics move.
        params: names of parameters (`model.named_parameters()`, or the model).
        names: names of anything (`locals()`).
        depth: modules nested deeper are drawn as one box; 0 is the whole model in a box. None opens all.
        collapse: called with each module; True draws it as one box.
        show: what each node tells, of "shape", "dtype", "device", "params", "value", "gradient", "bytes", "saved", "time",
            "source", "module", "rules", "constants" (operands outside the tape, also large ones), or "all". By default
            shape and dtype, parameters, the small operands, the numbers of Values, and what `color` stands for.
        color: what fills mean: "family" of the op, "gradient" (its size, and what is wrong with it), "memory" or "time".
        fold: draw equal siblings, and the steps of a recurrence, once with "x 12"; False draws each.
        max_nodes: above it modules, then runs of ops are drawn as one box until the picture fits; the caption says so.
        caption: a line below the picture.
        values: take statistics of values and gradients. None: unless there are more than 20,000 nodes or 2 GiB of results.

    Gradients are those of the backwards that ran under `record`; where none did and the result is a single number with its
    tape intact, those of a backward of this function's own, which fills no `.grad` and runs no hook (but the
    `backward` of a custom Function, and the forward of a checkpoint; `values=False` leaves all of it).

    When the model raises, no exception leaves: the picture shows the failed op in red, with its operands and the message,
    and the exception is its `.error`.

    Raises:
        TypeError: for something that cannot be on a tape; for inputs that do not fit the model; for an argument of a wrong type.
        ValueError: where nothing was recorded; for an unknown `show` or `color`, a `depth` or `max_nodes` that is none.
    """
    if not isinstance(color, str) or color not in COLOURS:
        raise ValueError(f"color must be one of {', '.join(COLOURS)}, got {color!r}")
    shown = _choices(show, color)
    if not _whole(max_nodes) or max_nodes < 1:
        raise ValueError(f"max_nodes must be a whole number of at least 1, got {max_nodes!r}")
    if depth is not None and (not _whole(depth) or depth < 0):
        raise ValueError(f"depth must be None or a whole number that is not negative, got {depth!r}")
    if collapse is not None and (isinstance(collapse, type) or not callable(collapse)):
        raise TypeError(f"collapse must be a function of a module, such as lambda module: isinstance(module, nn.Linear), "
                        f"got {collapse!r}")  # fmt: skip
    if not isinstance(fold, bool):
        raise TypeError(f"fold must be True or False, got {fold!r}")
    if values not in (None, True, False):
        raise TypeError(f"values must be None, True or False, got {values!r}")
    if not isinstance(caption, str | None):
        raise TypeError(f"caption must be a text, got {caption!r}")
    if isinstance(out_or_model, type):
        raise TypeError(f"graph() takes a module or tensors, and {out_or_model.__name__} is a class: make one of it first")
    table = Names()
    things: object = out_or_model
    origin = error = None
    if _callable(out_or_model):
        table.add_all(params, "parameter")
        things, origin, error = run(out_or_model, inputs, table, values)  # type: ignore[arg-type]
    elif inputs:
        raise TypeError(
            f"graph(): inputs were given, but {type(out_or_model).__name__} is no module and no function "
            "(several results are drawn together as a list)"
        )
    table.add_all(names)
    table.add_all(params, "parameter")
    document = collect(things, table, everything="constants" in shown, values=values, collapse=collapse, origin=origin)
    return Graph(document, caption=caption, depth=depth, fold=fold, show=shown, color=color, max_nodes=max_nodes, error=error)


def _callable(thing: object) -> bool:
    return is_module(thing) or (callable(thing) and not isinstance(thing, Tracked | Node))


def _whole(number: object) -> bool:
    return hasattr(number, "__index__") and not isinstance(number, bool)


def _choices(show: str | Iterable[str] | None, color: str) -> frozenset[str]:
    """What to show, as a set; by default also the numbers that the colours stand for.

    Raises:
        TypeError: for what is no words.
        ValueError: for a word that is none of SHOWN.
    """
    if show is None:
        return frozenset(("shape", "dtype", "params", "numbers", *MEASURED.get(color, ())))
    if not isinstance(show, str | Iterable):
        raise TypeError(f"show must be words out of {', '.join(SHOWN)}, all; got {show!r}")
    words = [show] if isinstance(show, str) else list(show)
    if "all" in words:
        return frozenset((*SHOWN, "numbers"))
    unknown = [word for word in words if word not in SHOWN]
    if unknown:
        raise ValueError(f"show: {unknown[0]!r} is none of {', '.join(SHOWN)}, all")
    return frozenset(words)
