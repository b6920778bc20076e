"""Calls made from a row: which shapes, layouts and parameters are tried, and the arrays they are filled with.

The numbers come from a source: `Fixed` always makes the same choices, `Drawn` (drawn.py) asks Hypothesis. Three builders serve
the families: elementwise, reductions, and explicit calls.
"""

from __future__ import annotations

import math

import numpy as np

from ..ops.binder import TAKE_NUMBERS, overloads
from ..ops.op import Op
from .case import Case, laid_out
from .domains import IMAGINARY, MASK, REAL, Literal, Spec, between

LAYOUTS = ("turned", "reversed", "expanded", "strided")



# ---- where numbers and choices come from ---------------------------------------------------------------------------
class Fixed:
    """The same choices every time."""

    def __init__(self, seed, rule, complex=False):
        self.random = np.random.default_rng(seed)
        self.rule, self.complex = rule, complex

    def numbers(self, points, shape, unique=False):
        count = math.prod(shape)
        if count <= len(points):
            return self.random.permutation(points)[:count].reshape(shape)
        return self.random.choice(points, count).reshape(shape)

    def layout(self):
        return "dense"


def layouts(rule):
    """The memory orders to try; repeated rows are ties."""
    if not rule.layouts:
        return ["dense"]
    return [name for name in LAYOUTS if name != "expanded" or not rule.distinct]


def operand(source, domain, shape, place, layout="dense", complex=True):
    """One operand array."""
    points = domain.points(place)
    if source.rule.distinct and domain.kind == "f":
        points = points + 1 / 128  # x and -x differ in size too
    array = np.asarray(source.numbers(points, shape, domain.unique))
    array = np.sort(array) if domain.ascending else array
    if complex and source.complex and domain.kind == "f":
        array = np.asarray(array + 1j * source.numbers(IMAGINARY.points(place + 2), shape))
    return laid_out(array, "dense" if domain.unique or domain.ascending else layout)

# ---- building calls ------------------------------------------------------------------------------------------------
#: Shapes of up to four operands that broadcast together.
SHAPES = (
    ((), (), (), ()),
    ((2, 1), (3,), (), (2, 3)),
    ((0,), (1,), (), (0,)),
    ((2, 0), (1, 1), (1,), ()),
    ((1,), (1,), (1,), (1,)),
    ((3,), (), (1,), (3,)),
    ((), (2,), (2, 1), ()),
    ((2, 1, 2), (3, 1), (2,), ()),
)
#: (shape, dims): what reductions take away.
REDUCED = (
    ((), None), ((3,), None), ((3,), 0), ((1,), 0), ((0,), None), ((2, 0), 1), ((2, 0), 0), ((2, 3), None),
    ((2, 3), -1), ((2, 3), 0), ((2, 3), (0, 1)), ((2, 3, 2), (0, 2)), ((2, 1, 3), 1), ((3, 1), 0),
)  # fmt: skip


def domain_of(subject, name):
    kinds = {"condition": MASK, "mask": MASK}
    return subject.rule.domains.get(name) or kinds.get(name, REAL)


def cycled_params(subject):
    return subject.rule.params or ({},)


def common(domains):
    """Where all of the domains hold."""
    avoid = tuple(a for domain in domains for a in domain.avoid)
    return between(max(domain.low for domain in domains), min(domain.high for domain in domains), avoid)


def elementwise_call(subject, source, shapes, chosen, params, label):
    arrays = [operand(source, domain_of(subject, name), shape, place, layout)
              for place, (name, shape, layout) in enumerate(zip(subject.inputs, shapes, chosen, strict=False))]  # fmt: skip
    text = " ".join(f"{shape} {layout}".replace(" dense", "") for shape, layout in zip(shapes, chosen, strict=False))
    return Case(f"{label}{text} {params or ''}".strip(), tuple(arrays), params)


def elementwise_cases(subject, source):
    count = len(subject.inputs)
    found, shown = [], set()
    every = cycled_params(subject)
    turn = 0

    def add(shapes, chosen, label=""):
        nonlocal turn
        found.append(elementwise_call(subject, source, shapes, chosen, every[turn % len(every)], label))
        turn += 1

    for shapes in SHAPES:
        if shapes[:count] not in shown:
            shown.add(shapes[:count])
            add(shapes[:count], ("dense",) * count)
    allowed = layouts(subject.rule)
    for start in range(len(allowed) if count == 1 else 2):
        add(((2, 3),) * count, [allowed[(start * 2 + i) % len(allowed)] for i in range(count)])
    while turn < len(every):
        add(((3,),) * count, ("dense",) * count)
    floating = [i for i, name in enumerate(subject.inputs) if domain_of(subject, name).kind == "f"]
    if len(floating) > 1 and subject.rule.same:
        model = found[-1]
        shared = operand(source, common([domain_of(subject, subject.inputs[i]) for i in floating]), (3,), 0)
        args = [shared if i in floating else np.resize(a, (3,)) for i, a in enumerate(model.args)]
        found.append(Case("the same tensor twice", tuple(args), model.params))
    promoted = subject.op is not None and subject.op.promotes and not source.complex
    if subject.rule.numbers and takes_numbers(subject) and len(floating) == count == 2 and promoted:
        x, y = (operand(source, domain_of(subject, name), (3,), i) for i, name in enumerate(subject.inputs))
        found += [Case("a number on the right", (x, float(y[0])), {}), Case("a number on the left", (float(x[0]), y), {})]
    return found


def takes_numbers(subject):
    """Whether the second operand may be a Python number: an op's always, a public function's where PyTorch says so."""
    space, _, name = subject.name.rpartition(".")
    found = overloads(space, name, False)
    return isinstance(subject.function, Op) or not found or name in TAKE_NUMBERS or any(
        p.type == "Scalar" for overload in found for p in overload.parameters[1:2])


def reduction_params(subject, dims, keep):
    if dims is None and subject.op is None:
        return {}
    return {"dim": dims} | ({"keepdim": keep} if "keepdim" in subject.params else {})


def takes_dims(subject, dims):
    form = "none" if dims is None else "int" if isinstance(dims, int) else "tuple"
    return form in (subject.rule.dims or ("none int tuple" if "keepdim" in subject.params else "int"))


def reduces_nothing(shape, dims):
    axes = range(len(shape)) if dims is None else [dims] if isinstance(dims, int) else dims
    return any(shape[axis] == 0 for axis in axes if shape)


def reduction_cases(subject, source):
    found = []
    allowed = layouts(subject.rule)
    pairs = [(shape, dims, "dense") for shape, dims in REDUCED]
    pairs += [((2, 3), dims, layout) for layout, dims in zip(allowed, (1, None, 0, 1), strict=False)]
    for turn, (shape, dims, layout) in enumerate(pairs):
        if not takes_dims(subject, dims):
            dims = 0 if takes_dims(subject, 0) else None
        if (subject.rule.nonempty and reduces_nothing(shape, dims)) or (subject.family == "scan" and not shape):
            continue
        array = operand(source, domain_of(subject, subject.inputs[0]), shape, 0, layout)
        extra = cycled_params(subject)[turn % len(cycled_params(subject))]
        params = reduction_params(subject, dims, bool(turn % 2)) | extra
        found.append(Case(f"{shape} {layout} {params}", (array,), params))
    return found


def explicit_call(subject, source, called, layout=None):
    """One of the row's calls, filled."""
    place = -1

    def fill(value, name):
        nonlocal place
        if isinstance(value, list):
            return [fill(item, name) for item in value]
        if isinstance(value, Literal):
            return value.value
        if value is None or isinstance(value, float | int):
            return value
        place += 1
        if isinstance(value, tuple):
            value = Spec(value)
        chosen = layout(place) if layout else source.layout()
        if value.domain is not None:  # weights and the like stay real
            return operand(source, value.domain, value.shape, place, chosen, complex=False)
        return operand(source, domain_of(subject, name), value.shape, place, chosen)

    star = subject.op.star if subject.op is not None else None
    names = [*subject.inputs, *[star or ""] * len(called.args)]
    args = tuple(fill(value, name) for value, name in zip(called.args, names, strict=False))
    params = {
        name: fill(value, name) if isinstance(value, Spec)
        or (isinstance(value, list) and value and isinstance(value[0], Spec)) else value
        for name, value in called.params.items()
    }  # fmt: skip
    return Case(str(called), args, params)


def explicit_cases(subject, source):
    found = [explicit_call(subject, source, chosen) for chosen in subject.rule.calls]
    allowed = layouts(subject.rule)
    if len(allowed) == 1:
        return found
    for turn, chosen in enumerate(subject.rule.calls[:2]):
        case = explicit_call(subject, source, chosen, lambda place, turn=turn: allowed[(place + 2 * turn) % len(allowed)])
        found.append(Case(f"{case.label} other layouts", case.args, case.params))
    return found


def how(subject):
    """Which of the three builders serves it, or None where operands cannot be guessed."""
    if subject.rule.calls:
        return explicit_cases
    if subject.family in ("elementwise", "comparison") or (subject.family == "fused" and len(subject.inputs) == 1):
        return elementwise_cases
    if subject.family in ("reduction", "scan") and "dim" in subject.params and len(subject.inputs) == 1:
        return reduction_cases
    return None
