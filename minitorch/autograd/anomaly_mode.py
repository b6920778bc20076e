"""Anomaly mode: a backward that makes nan stops there, and says which line of the forward is to blame.

While it is on, every recorded node notes the line outside the library that made it, as for a picture of the tape, and a
backward looks at each gradient as it is sent to a parent. Both hang on lists that are empty otherwise, so that nothing
is paid while it is off. https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..grad_fn import GradFn
from ..graph.modes import recording, walkers_below, walking
from ..graph.node import FREED, Cotangents
from ..graph.watching import Watched
from ..ops.rows import Rows
from ..tracked import Tracked
from ..viz.recorder import Recorder

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class _State:
    """The switches, of the process as in PyTorch."""

    enabled = False
    check_nan = True


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return _State.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Whether a backward in anomaly mode looks for nan."""
    return _State.check_nan


def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
    """Switch anomaly mode on or off, and whether it looks for nan.

    Raises:
        TypeError: for anything but bools.
    """
    for place, (name, given) in enumerate((("enabled", enabled), ("check_nan", check_nan)), 1):
        if not isinstance(given, bool):
            raise TypeError(
                f"set_anomaly_enabled(): argument '{name}' (position {place}) must be bool, not {type(given).__name__}"
            )
    if enabled and not _State.enabled:
        recording.insert(0, _recorder)  # a recording for a picture goes first: it knows the modules too
        walking.append(_walk)
    elif _State.enabled and not enabled:
        recording.remove(_recorder)
        walking.remove(_walk)
    _State.enabled, _State.check_nan = enabled, check_nan


class detect_anomaly:
    """Within `with detect_anomaly():` a failing backward names its forward line, and one that makes nan fails.

    Args:
        check_nan: whether nan is an error.

    Raises:
        RuntimeError: in a backward whose op returns nan.

    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.prev = _State.enabled
        self.check_nan = check_nan
        self.prev_check_nan = _State.check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.", stacklevel=2)  # fmt: skip

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *_: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


class set_detect_anomaly:
    """Switch anomaly mode on or off now; as a context manager, back again on leaving.

    Args:
        mode: on or off.
        check_nan: whether nan is an error.

    Raises:
        TypeError: for anything but bools.

    https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.prev = _State.enabled
        self.prev_check_nan = _State.check_nan
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


# ---- the backward under watch --------------------------------------------------------------------------------------
_recorder = Recorder()


def _walk(order: list[Any], grads: dict[Any, Any], **how: Any) -> None:
    """The walk below, each gradient looked at on its way; a failure leaves with a warning that names the forward line."""
    watched = _Watched(order, grads)
    try:
        walkers_below(_walk)(order, watched, **how)
    except Exception:
        node = watched.node
        if node is not None and node.op is not None:
            start = f"Error detected in {GradFn(node).name()}. "
            warnings.warn(
                start + "No forward pass information available. Enable detect anomaly during forward pass for more "
                "information." if node.note is None else
                start + f"Traceback of forward call that caused the error:\n  {_line_of(node)}\n",
                stacklevel=5)  # fmt: skip
        raise


class _Watched(Watched):
    """The gradients of a backward, each looked at on its way."""

    def __init__(self, order: list[Any], grads: Any) -> None:
        super().__init__(grads)
        self.order = order
        self.gradients: dict[Any, str] = {}
        if _State.check_nan:
            self.gradients = {node: found for node, g in grads.items() if (found := _unfit(g))}

    def sent(self, parent: Any, g: Any) -> None:
        """Stop at a nan; remember an infinity."""
        if _State.check_nan:
            found = _unfit(g)
            if found == "nan":
                raise RuntimeError(self.report())
            if found:
                self.gradients.setdefault(parent, found)

    def report(self) -> str:
        """PyTorch's sentence, then the line of the call and the first number that was not finite."""
        node = self.node
        text = f"Function '{GradFn(node).name()}' returned nan values in its {self.place}th output."
        if node.note is None:
            text += " Its forward call is not known (hint: enable detect_anomaly during the forward pass too)."
        else:
            text += f" Its forward call is at {_line_of(node)}."
        first = self.first()
        if first is None:
            return text
        origin, what, found = first
        made = "a leaf" if origin.op is None else f"{origin.op.name!r}"
        shape = "" if origin.shape is None else f" of shape {list(origin.shape)}"
        line = f" at {_line_of(origin)}" if origin.note is not None else ""
        return f"{text} Hint: in forward order, {found} is first in the {what} of {made}{shape}{line}."

    def first(self) -> tuple[Any, str, str] | None:
        """The oldest node of which the tape still shows that its value or gradient has nan, or else inf."""
        seen = [(node, "gradient", found) for node, found in self.gradients.items()]
        for node in self.order:
            if node.op is None:
                tensor = node.tensor()
                seen.append((node, "value", _unfit(getattr(tensor, "_data", None))))
                continue
            for origin, value in _saved(node):
                seen.append((origin, "value", _unfit(value)))
        bad = [item for item in seen if item[2]]
        return min(bad, key=lambda item: (item[2] != "nan", item[0].stamp, item[1] != "value"), default=None)


def _saved(node: Any) -> list[tuple[Any, Any]]:
    """What a node has saved, by the node that it is the value of."""
    keeps = getattr(node.op, "keeps", ())
    if node.saved is FREED or not node.saved or not keeps:
        return []
    pairs = []
    for place, value in enumerate(node.saved):
        kind, key, _ = keeps[min(place, len(keeps) - 1)]
        if kind == "out":
            pairs.append((node, value))
        elif kind == "in" and key < len(node.parents) and node.parents[key] is not None:
            pairs.append((node.parents[key], value))
    return pairs


def _unfit(g: Any) -> str:
    """ "nan", "inf" or "", for the numbers of an array, a tensor or rows."""
    if g.__class__ is Rows:
        g = g.values
    raw = g._data if isinstance(g, Tracked) else g
    if g is None or g.__class__ is Cotangents or getattr(raw, "dtype", None) is None or raw.dtype.kind not in "fcV":
        return ""
    with np.errstate(all="ignore"):
        if not bool((raw - raw != 0).any()):
            return ""
        return "nan" if bool((raw != raw).any()) else "inf"


def _line_of(node: Any) -> str:
    """The user's line that made a node, and the module it was made in."""
    module = f" (in {node.note.module})" if node.note.module else ""
    return f"{node.note.source or 'a line that is in no file'}{module}"
