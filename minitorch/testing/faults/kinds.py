"""The table of faults: every op, every place in it where a mistake can sit, and every kind of mistake.

A place is the forward (one for each result), the rule of one operand, an explicit forward-mode rule, the definition of a
fused op, or the edge and the front around it. `faults()` lists what can be planted; `left_out()` what cannot, each with the
reason. spoiling.py says what a kind does to a number, planting.py puts it in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ...ops.generated import argument_names
from ...ops.op import TABLE, Op
from ..examples import takes_complex
from ..subjects import of_op


@dataclass(frozen=True)
class Fault:
    """One mistake: of this kind, at this place of this op.

    Attributes:
        place: "result out", "gradient of x", "tangent of x", "definition", "edge" or "front".
        detail: the array that is written to, or left off the tape, where the kind names one.
    """

    op: str
    kind: str
    place: str
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.op}: {self.kind}, {self.place}{detail}"

    @property
    def family(self) -> str:
        """The family of the op."""
        return TABLE[self.op].family


#: kind -> what is wrong.
KINDS = {
    "factor 1.05": "a constant factor of 1.05",
    "factor 0.999": "a constant factor of 0.999",
    "sign": "the wrong sign; a bool negated",
    "transposed": "the last two axes swapped, or the last one reversed where they are not equally long",
    "ties": "wrong only where two numbers are equal, or one lies on a kink",
    "size 1": "5 % off only where some axis has size 1",
    "layout": "5 % off only where some operand is not contiguous",
    "untracked": "right, but one array is taken off the tape: wrong at the second order",
    "nondeterministic": "the last bits differ from call to call",
    "mutated": "an array that was given is written to",
    "dtype": "the result in half the precision, or in another integer type",
    "broadcast": "the edge takes one slice where it must sum",
    "restoration": "the edge leaves the gradient in the dtype that it has",
    "conjugation": "complex gradients are not conjugated",
    "promotion": "operands of different dtypes are not brought to one",
    "version": "a write to a saved array goes unnoticed",
}
VALUES = ("factor 1.05", "factor 0.999", "sign", "transposed", "ties", "size 1", "layout", "nondeterministic", "dtype")

#: Rules that send back zeros, whatever is given.
FLAT: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(("sign", "floor", "ceil", "trunc", "rint", "round_to", "floor_quotient", "trunc_quotient", "filled"), None),
    "copysign": ("y",), "nextafter": ("y",),
}  # fmt: skip
#: Rules that raise: PyTorch has no such derivative.
RAISING: dict[str, tuple[str, ...] | None] = {"floor_divide": None, "heaviside": None, "zeta": ("x",), "igamma": ("x",),
                                              "igammac": ("x",), "complete_qr": None}  # fmt: skip
#: Rules that only compare some of what they keep (op -> by the rule of which operand -> what): its slope there is zero.
COMPARING = {
    **{name: {"x": "x y", "y": "x y"} for name in ("maximum", "minimum", "fmax", "fmin")},
    "bounded": dict.fromkeys(("x", "low", "high"), "x low high"),
    **{name: {"x": "x"} for name in ("clamp", "hardtanh", "leaky_relu", "prelu", "hardsigmoid", "softshrink", "hardshrink",
                                     "threshold", "xlogy", "xlog1py")},
    **{name: {"x": "x out"} for name in ("amax", "amin", "max", "min", "median", "nanmedian")},
    **{name: {"x": "x src out", "src": "x src out"} for name in ("scatter_extreme",)},
    "nextafter": {"x": "x y"}, "relu": {"x": "out"},
    "gate": {"g": "y"}, "remainder": {"y": "x y"}, "fmod": {"y": "x y"}, "pow": {"y": "y"},
}  # fmt: skip
#: Elementwise ops of one operand that are put together from pieces; where they meet is the kink.
PIECEWISE = frozenset(("sgn", "abs", "sign", "relu", "clamp", "hardtanh", "leaky_relu", "hardswish", "hardsigmoid",
                       "softshrink", "hardshrink", "threshold", "elu", "softplus", "sinc", "angle"))  # fmt: skip
#: Operands of fused ops to which no gradient is sent.
STILL = {("attention", "mask"), ("attention", "drop"), ("alignment", "skip"), ("alignment", "steps"), ("alignment", "ends"),
         ("standardize", "average"), ("standardize", "variance"), ("class_entropy", "weight"),
         ("class_entropy", "target")}  # fmt: skip
#: Ops that are only asked for the one of all elements.
TO_ONE = ("max", "min", "median", "nanmedian")


# ---- what there is in an op ------------------------------------------------------------------------------------------
def floats(op: Op) -> bool:
    """Whether the op's results are floating (of floating operands)."""
    return op.differentiable or op.name in ("full", "packed_qr")


def movable(op: Op) -> tuple[str, ...]:
    """The operands that a gradient is sent to."""
    return tuple(name for name, rule in op.rules.items() if rule is not None and (op.name, name) not in STILL)


def kept(op: Op, rule: Callable[..., Any]) -> list[str]:
    """The arrays of a rule besides the cotangent or tangent."""
    names = {*op.inputs, *op.results, *op.hidden, op.star}
    return [name for name in argument_names(rule) if name in names and name not in ("g", "t")]


def rule_of(op: Op, place: str) -> Callable[..., Any] | None:
    """The rule at a place, if there is one."""
    what, _, name = place.rpartition(" ")
    return op.rules[name] if what == "gradient of" else op.jvps[name] if what == "tangent of" else None


def places(op: Op) -> list[str]:
    """Where a number can be spoiled."""
    found = [f"result {name}" for name in op.results]
    found += [f"gradient of {name}" for name in movable(op)]
    found += [f"tangent of {name}" for name in op.jvps]
    return found + ["definition"] * (op.definition is not None)


# ---- what can be wrong with it ---------------------------------------------------------------------------------------
def _flat(op: Op, place: str) -> str | None:
    """Why a rule cannot be told from a wrong one."""
    for table, reason in ((FLAT, "the derivative is zero everywhere"), (RAISING, "there is no derivative: the rule raises")):
        which = table.get(op.name, ())
        if not place.startswith("result") and (which is None or place.rpartition(" ")[2] in which):
            return reason
    return None


def _value(op: Op, kind: str, place: str) -> str | None:
    """Why a kind that changes numbers says nothing at this place."""
    if reason := _flat(op, place):
        return reason
    if place.startswith("result") and (not floats(op) or (op.name == "lu" and place != "result packed")):
        if kind.startswith("factor"):
            return "the result is no floating number"
        if kind == "dtype" and op.family in ("comparison", "reduction") and not op.name.startswith(("bit", "gcd", "lcm", "exp")):
            return "a bool has one type"
    if kind == "transposed" and op.name in TO_ONE and not place.startswith("gradient"):
        return "the result is one number"
    return _ties(op, place) if kind == "ties" else None


def _ties(op: Op, place: str) -> str | None:
    alone = len(op.inputs) == 1 and not op.star
    if op.family in ("elementwise", "comparison") and alone and op.name not in PIECEWISE:
        return "one operand, each element for itself, and no kink"
    if op.family in ("movement", "creation", "spectral") or op.linear:
        return "numbers are moved or added, whatever they are"
    rule = rule_of(op, place)
    if rule is not None:
        needed = 1 if alone or op.family not in ("elementwise", "comparison") else 2
        if len([name for name in kept(op, rule) if name in op.inputs]) < needed:
            return "the rule does not see what could be tied"
    return None


def _untracked(op: Op) -> Iterator[tuple[str, str, str | None]]:
    for place in places(op):
        if place.startswith("result"):
            continue
        if place == "definition":
            for name in movable(op):
                yield place, name, None
            continue
        rule = rule_of(op, place)
        if rule is None or rule is op.joint:
            continue
        cotangents = {"g", "t", *(f"g_{name}" for name in op.results)}
        moving = [name for name in argument_names(rule) if name in cotangents]
        for name in (*moving, *kept(op, rule)):
            if op.rules.get(name, 1) is not None and (op.name, name) != ("lu", "order"):  # which is no floating number
                compared = COMPARING.get(op.name, {}).get(place.rpartition(" ")[2], "").split()
                yield place, name, "the rule only compares it" if name in compared else _flat(op, place)


def _mutated(op: Op) -> Iterator[tuple[str, str]]:
    for place in places(op):
        if op.name in RAISING and _flat(op, place):
            continue
        if place == f"result {op.results[0]}":
            for name in (*op.inputs, *([op.star] if op.star else [])):
                yield place, name
        elif not place.startswith("result") and place != "definition":
            rule = rule_of(op, place)
            assert rule is not None
            given = [name for name in kept(op, rule) if name not in op.hidden]
            for name in (*(["t"] if place.startswith("tangent") else ["g"]), *given):
                if not (len(op.results) > 1 and name == "g"):
                    yield place, name


def _edge(op: Op, kind: str) -> str | None:
    """Why a fault around an op cannot show."""
    several = len(op.inputs) - sum(rule is None for rule in op.rules.values()) > 1
    if not op.differentiable and kind != "promotion":
        return "it has no derivative"
    if kind != "promotion" and all(_flat(op, f"gradient of {name}") for name in movable(op)):
        return _flat(op, f"gradient of {movable(op)[0]}")
    if kind == "broadcast" and not (several and op.family == "elementwise"):
        return "its operands do not broadcast, or the op sums for itself"
    if kind == "restoration" and op.name not in UNLIKE:
        return "every gradient comes in its operand's dtype"
    if kind == "conjugation":
        if op.definition is not None:
            return "of complex numbers the definition is recorded"
        if not op.holomorphic:
            return "it gives the conjugated gradient itself"
        if (op.linear and op.family != "spectral") or op.name == "where":
            return "its Jacobian is real"
        if not takes_complex(of_op(op)):
            return "it takes no complex numbers"
    if kind == "promotion":
        if op.promotes is None or (op.promotes == "same" and len(op.inputs) == 1 and not op.star):
            return "operands are not brought to one dtype"
        if op.name.startswith("logical"):
            return "what is true is true in any dtype"
        return UNMIXED.get(op.name)
    if kind == "version":
        arrays = [key for key, _, _ in op.keeps if key in ("in", "out", "star")]
        if not arrays:
            return "it saves no array"
    return None


#: Ops whose gradients come in another dtype than their operands: complex ones of real numbers, mostly.
UNLIKE = frozenset(("real", "eig", "fourier", "half_fourier"))


#: Ops whose operands are of one dtype by the time they could be brought to it.
UNMIXED = {
    **dict.fromkeys(("lerp", "heaviside", "prelu", "bernoulli_entropy"), "operands of different dtypes are refused"),
    "airy_slope": "only the rule of airy_ai calls it, with floating numbers",
    "logit_entropy": "only floating arrays of one shape reach it, of which NumPy makes the same",
}


def _candidates(op: Op) -> Iterator[tuple[Fault, str | None]]:
    """Every fault of an op, and why it cannot be planted (None where it can)."""
    for kind in VALUES:
        for place in places(op):
            yield Fault(op.name, kind, place), _value(op, kind, place)
    for place, name, reason in _untracked(op):
        yield Fault(op.name, "untracked", place, name), reason
    for place, name in _mutated(op):
        yield Fault(op.name, "mutated", place, name), None
    for kind in ("broadcast", "restoration", "conjugation", "version"):
        yield Fault(op.name, kind, "edge"), _edge(op, kind)
    yield Fault(op.name, "promotion", "front"), _edge(op, "promotion")


def faults(kind: str | None = None, op: str | None = None) -> list[Fault]:
    """Every fault that can be planted, of one kind or in one op where that is asked for."""
    chosen = TABLE.values() if op is None else [TABLE[op]]
    return [fault for one in chosen for fault, reason in _candidates(one) if reason is None and kind in (None, fault.kind)]


def left_out() -> dict[Fault, str]:
    """Every fault that cannot be planted, and why not."""
    return {fault: reason for op in TABLE.values() for fault, reason in _candidates(op) if reason is not None}
