"""What a row says: where the numbers of an operand come from, and what is called with which operands.

`rule(call((2, 3), literal(1), dim=0), x=POSITIVE)` is a row: explicit calls, a domain per input, parameters to cycle
through, and flags (see `Rule`). An op of a known family needs a row only for its domain and its kinks. Numbers lie on a
grid of 1/16, shifted by 1/64 for each further operand, so that no two are ever tied and a failure shrinks to plain numbers;
a domain leaves out what is near a kink.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend.generator import manual_seed
from .grid import grid


@dataclass(frozen=True)
class Domain:
    """Where an operand's numbers come from: a range without the neighbourhood of some points, or a kind of integer."""

    low: float = -2.0
    high: float = 2.0
    avoid: tuple[float, ...] = ()
    extra: tuple[float, ...] = ()
    kind: str = "f"  # "f", "b" (bool) or "i" (integers in [low, high))
    unique: bool = False
    ascending: bool = False

    def points(self, place):
        if self.kind != "f":
            return np.arange(self.low, self.high).astype("bool" if self.kind == "b" else "int64")
        return np.append(grid(self.low, self.high, self.avoid, shift=place % 4 / 64), self.extra)


def between(low, high, avoid=(), extra=()):
    return Domain(low, high, tuple(avoid), tuple(extra))


def whole(low, high):
    """Integers in [low, high)."""
    return Domain(low, high, kind="i")


REAL = Domain()
NONZERO = between(-2, 2, avoid=(0,))
POSITIVE = between(0.25, 2.5)
UNIT = between(-0.875, 0.875)
MASK = Domain(0, 2, kind="b")
IMAGINARY = between(-1, 1, avoid=(0,))


KINDS = {"f": "float", "i": "int", "b": "bool"}


@dataclass(frozen=True)
class Spec:
    """One operand of an explicit call: its shape and, unless the row's domain for that name does, its numbers."""

    shape: tuple[int, ...]
    domain: Domain | None = None

    def __repr__(self):
        return f"{KINDS[self.domain.kind] if self.domain else ''}{self.shape}"


def spec(shape, domain=None):
    return Spec(tuple(shape), domain)


def index(shape, size):
    """Integers in [0, size)."""
    return Spec(tuple(shape), Domain(0, size, kind="i"))


def positions(shape, size):
    """Different integers in [0, size)."""
    return Spec(tuple(shape), Domain(0, size, kind="i", unique=True))


def mask(shape):
    return Spec(tuple(shape), MASK)


@dataclass(frozen=True)
class Literal:
    """A positional argument that is no operand."""

    value: Any

    def __repr__(self):
        return f"literal({self.value!r})"


@dataclass(frozen=True)
class Call:
    """An explicit call: a tuple is an operand's shape, a list is a list of operands, None an absent one; of the
    keywords only Specs (and lists of them) are operands."""

    args: tuple[Any, ...]
    params: dict[str, Any]

    def __str__(self):
        """As it stands in the row."""
        return ", ".join([*map(str, self.args), *(f"{name}={value}" for name, value in self.params.items())])


def call(*args, **params):
    return Call(args, params)


def literal(value):
    return Literal(value)


@dataclass(frozen=True)
class Rule:
    """A row: how the operands of one op (or public function) are drawn where its family does not say enough."""

    calls: tuple[Call, ...] = ()
    domains: dict[str, Domain] = field(default_factory=dict)
    params: tuple[dict[str, Any], ...] | None = None  # what to cycle through, in place of the family's
    real: bool = True  # takes real numbers
    complex: bool | None = None  # takes complex numbers; None: unless it refuses them
    distinct: bool = False  # numbers of one operand must differ (a tie is a kink)
    nonempty: bool = False  # cannot reduce nothing
    dims: str = ""  # the forms of `dim` that it takes, of "none int tuple"; by default all, or "int" without keepdim
    smooth: bool = True  # differences mean something
    layouts: bool = True  # takes operands in any memory order
    searched: bool = True  # by Hypothesis too: off where a tie of sums is a kink
    same: bool = True  # f(x, x) is worth a check
    keeps: bool = True  # float32 operands give float32 results
    near: float = 1e-12  # how near to PyTorch, which is not everywhere exact
    numbers: bool = True  # takes a Python number for one operand of two
    scalar: bool = True  # its rules serve a Value too
    still: tuple[str, ...] = ()  # operands with respect to which it has no derivative, though they are floating
    nasty: bool = True  # gives an answer for inf and nan
    edges: bool = True  # and PyTorch's is right there
    through: Any = None  # through(f, *args, **params): what to differentiate in place of f itself
    referee: Any = True  # False, or the name by which PyTorch knows it


FLAGS = {f.name for f in fields(Rule)}


def rule(*calls, **said):
    """A row. What is no field of Rule is the domain of the input of that name."""
    domains = {name: value for name, value in said.items() if name not in FLAGS}
    return Rule(calls, domains, **{name: value for name, value in said.items() if name in FLAGS})

# ---- what a row's `through` may call ---------------------------------------------------------------------------------
def constant(like, array):
    """A constant for an expression that runs on minitorch and on PyTorch."""
    if isinstance(like, Tensor):
        return Tensor._wrap(np.asarray(array, dtype=like._data.real.dtype)).to(like.device)
    import torch

    return torch.from_numpy(np.asarray(array)).to(like.real.dtype)


def seeded(f, x, *args, **params):
    """A random function with the generator set first."""
    if isinstance(x, Tensor):
        manual_seed(0)
    else:
        import torch

        torch.manual_seed(0)
    return f(x, *args, **params)

