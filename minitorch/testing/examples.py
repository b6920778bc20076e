"""The explicit examples of an op, from its family and its row: what random search rarely finds.

0-d, size 0, size 1, broadcast, expanded, strided, reversed, f(x, x), and the calls of the row. `draw` (drawn.py) lets
Hypothesis choose shapes, layouts, parameters and numbers; both make a `Case`: a call whose operands are arrays.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..graph.modes import no_grad
from .operands import Fixed, how

#: (subject's name, function, complex) -> (its row, what was made): rows and functions may be declared anew.
_made: dict[Any, Any] = {}
NO_OPERANDS = "no operands can be guessed; add a row to minitorch/testing/rows, or give cases"


def _cases(subject, complex):
    key = (subject.name, subject.function, complex)
    rule, found = _made.get(key, (None, ()))
    if rule is not subject.rule:
        builder = how(subject)
        if builder is None:
            raise LookupError(f"{subject}: {NO_OPERANDS}")
        found = builder(subject, Fixed(sum(map(ord, subject.name)), subject.rule, complex))
        if subject.rule.distinct:
            found = [case for case in found if "expanded" not in case.label and "same" not in case.label]
        _made[key] = (subject.rule, found)
    return found


def takes_complex(subject):
    if subject.rule.complex is not None or subject.family == "comparison":
        return bool(subject.rule.complex)
    key = (subject.name, subject.function)
    if key not in _refuses:
        _refuses[key] = _refuses_complex(subject)
    return not _refuses[key]


_refuses: dict[Any, bool] = {}


def _refuses_complex(subject):
    """Whether the first complex case is refused for being complex."""
    case = _cases(subject, True)[0]
    try:
        with no_grad():
            case.function(subject)(*case.tensors())
    except NotImplementedError:
        return True
    except Exception as error:  # any other error is for the laws to find
        return "complex" in str(error).lower()
    return False


def thorough():
    """Whether Hypothesis is in use with a profile that looks deeper than by default."""
    hypothesis = sys.modules.get("hypothesis")
    return hypothesis is not None and hypothesis.settings.default.max_examples > 100


def cases(subject, kinds="real complex"):
    """The explicit examples, in float64 and, of every third one, in complex128 (of all in the thorough profile)."""
    if subject.given:
        return [case for case in subject.given if ("complex" if case.is_complex else "real") in kinds]
    found: list[Any] = []
    if "real" in kinds and subject.rule.real:
        found += _cases(subject, False)
    if "complex" in kinds and takes_complex(subject):
        every = _cases(subject, True)
        found += every if not subject.rule.real or thorough() else every[::3]
    return found


@contextmanager
def told(subject, case):
    """Say which op and which call an error is about."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{subject}: {case}")
        raise


def finite(function, inputs):
    """Whether all results are finite: the mean of nothing and the variance of one number have no derivative."""
    with no_grad():
        found = function(*inputs)
    listed = found if isinstance(found, tuple | list) else (found,)
    return all(np.isfinite(result._data).all() for result in listed if isinstance(result, Tensor))
