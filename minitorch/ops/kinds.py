"""What kinds of numbers an op takes, and in which of PyTorch's words it refuses the others.

`refuses(...)` makes the `check` of an op: it sees the operands after promotion, when all have one dtype, and looks that
dtype's kind up: b (bool), i (integer), f (real floating), c (complex). An op that needs to look elsewhere (integers
divided by zero) chains a check of its own behind it.
"""

from __future__ import annotations

import functools
from typing import Any

from ..backend.dtype import scalar_type
from ..backend.limits import C_NAMES
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


#: What C++ calls the dtypes, as PyTorch's messages quote it.
NAMES_IN_C = C_NAMES | {"complex64": "c10::complex<float>", "complex128": "c10::complex<double>"}


def dtype_of(x: Any) -> Any:
    """The dtype of a raw array or of a tensor's."""
    return (x._data if isinstance(x, Tracked) else x).dtype


def lacking(kernel: str, kinds: str, *operands: Any) -> None:
    """Refuse the operands (None for none) whose dtype is of these kinds, or is named.

    Args:
        kernel: PyTorch's name of the kernel that lacks them.
        kinds: letters of kinds, or the names of dtypes, in one string.

    Raises:
        NotImplementedError: in PyTorch's words.
    """
    for operand in operands:
        if operand is not None:
            dtype = dtype_of(operand)
            if _among(dtype, kinds):
                raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_type(dtype)}'")


@functools.cache
def _among(dtype: Any, kinds: str) -> bool:
    """Whether a dtype is of these kinds, or is named; remembered, since NumPy spells a dtype's name anew each time."""
    return KINDS[dtype.kind] in kinds.split() or dtype.name in kinds.split()


def agreeing(sentence: str, *operands: Any, name: Any = scalar_type) -> None:
    """Refuse operands of different dtypes.

    Args:
        sentence: what to say, with a {} for each operand's dtype. One that is only given {0} and {1} is said of the
            first operand and the first that differs from it.
        name: how a dtype is called: by PyTorch's name, or by that of C++ (`c_name`).

    Raises:
        RuntimeError: that sentence.
    """
    dtypes = [dtype_of(operand) for operand in operands if operand is not None]
    other = next((dtype for dtype in dtypes if dtype != dtypes[0]), None)
    if other is not None:
        listed = (dtypes[0], other) if "{1}" in sentence else dtypes
        raise RuntimeError(sentence.format(*map(name, listed)))


def c_name(dtype: Any) -> str:
    """A dtype as C++ calls it."""
    return NAMES_IN_C[dtype.name]


#: What most of PyTorch's kernels say of a second operand of another dtype.
EXPECTED = "expected scalar type {0} but found {1}"


def underivable(name):
    """A rule for an op that PyTorch gives no derivative: the forward runs, the backward says so."""

    def rule(g):
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return rule
