"""When an operand is no dense array: how a function written for dense ones hands over.

A sparse tensor has no array to give (`_data` raises OtherLayout), so nothing written for arrays can go wrong on it in
silence. The front of a public function catches that, and asks ANSWERS for the function's sparse form. Without one the
refusal goes on to the user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Public name -> the same function where an operand is sparse, called with the arguments of its signature. Filled when
#: the first sparse tensor is made.
ANSWERS: dict[str, Callable[..., Any]] = {}


class OtherLayout(NotImplementedError):
    """The array of a tensor that has none was asked for. To the user it is a NotImplementedError and no more."""


OtherLayout.__name__ = OtherLayout.__qualname__ = "NotImplementedError"
OtherLayout.__module__ = "builtins"


def clause(parameters: Any) -> str:
    """A line of a generated front, behind its `try`: the call's arguments once more, for the sparse form."""
    spelled = [f"{p.name}={p.name}" if p.keyword and not p.star else p.name for p in parameters]
    return f"except _OtherLayout as _refusal: return _answer(_refusal, _address, {', '.join(spelled)})"


def answer(refusal: OtherLayout, name: str, *args: Any, out: Any = None, **given: Any) -> Any:
    """The result of the function's sparse form.

    Raises:
        NotImplementedError: the refusal itself, where there is no such form, or `out=` is given.
    """
    function = ANSWERS.get(name.removeprefix("nn.functional."))
    if function is None or out is not None:
        raise refusal from None
    try:
        return function(*args, **given)
    except Exception as reason:  # not "while handling a refusal"
        raise reason from reason.__cause__


#: What the generated line needs.
SCOPE = {"_OtherLayout": OtherLayout, "_answer": answer}
