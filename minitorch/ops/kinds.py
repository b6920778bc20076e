"""What kinds of numbers an op takes, and in which of PyTorch's words it refuses the others.

`refuses(...)` makes the `check` of an op: it sees the operands after promotion, when all have one dtype, and looks that
dtype's kind up: b (bool), i (integer), f (real floating), c (complex). An op that needs to look elsewhere (integers
divided by zero) chains a check of its own behind it.
"""

from __future__ import annotations

from typing import Any

from ..backend.dtype import scalar_type
from ..tracked import Tracked

#: NumPy's letters for kinds, and ours; bfloat16, a registered dtype, is V.
KINDS = {"b": "b", "i": "i", "u": "i", "f": "f", "V": "f", "c": "c"}


def kind_of(x):
    """b, i, f or c: the kind of a raw array, a tensor or a Python number."""
    data = x._data if isinstance(x, Tracked) else x
    dtype = getattr(data, "dtype", None)
    if dtype is not None:
        return KINDS[dtype.kind]
    return {bool: "b", int: "i", complex: "c"}.get(data.__class__, "f")


def refuses(kernel="", kinds="", then=None, **sentences):
    """A check that refuses dtypes by kind.

    Args:
        kernel: PyTorch's name of the kernel that lacks the `kinds`, as in `"gcd_cpu" not implemented for 'Float'`.
        then: a check to run afterwards.
        sentences: for a kind, the words of a refusal, or (exception class, words).
    """
    words = dict.fromkeys(kinds, (NotImplementedError, f"\"{kernel}\" not implemented for '{{}}'"))
    words |= {kind: said if isinstance(said, tuple) else (RuntimeError, said) for kind, said in sentences.items()}

    def check(datas, params):
        for data in datas:
            dtype = getattr(data, "dtype", None)
            if dtype is not None:
                said = words.get(KINDS[dtype.kind])
                if said is not None:
                    raise said[0](said[1].format(scalar_type(dtype)))
                break
        return params if then is None else then(datas, params)

    return marked(check, passes_floats="f" not in words and (then is None or then.passes_floats))


def marked(check: Any, *, passes_floats: bool) -> Any:
    """Say of a check whether the operators' short paths, which carry floating numbers only, may leave it out."""
    check.passes_floats = passes_floats
    return check


def underivable(name):
    """A rule for an op that PyTorch gives no derivative: the forward runs, the backward says so."""

    def rule(g):
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return rule
