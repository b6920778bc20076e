"""Operands for every op: explicit examples and Hypothesis draws, from the op's family and one short row in table.py.

`cases(subject)` gives the examples that random search rarely finds (0-d, size 0, size 1, broadcast, expanded, strided,
reversed, f(x, x)); `draw(subject, data)` lets Hypothesis choose shapes, layouts, parameters and numbers. Both fill the
same `Case`: a call whose operands are arrays. Numbers lie on a grid of 1/16, shifted by 1/64 for each further operand,
so that no two are ever tied and a failure shrinks to plain numbers; a domain leaves out what is near a kink.
"""

import math
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cache, cached_property
from itertools import product
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops import TABLE
from minitorch.ops.binder import TAKE_NUMBERS, overloads
from minitorch.ops.front import PUBLIC, parse
from minitorch.ops.op import Op

LAYOUTS = ("turned", "reversed", "expanded", "strided")


# ---- what a row says -----------------------------------------------------------------------------------------------
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
        grid = np.arange(math.ceil(self.low * 16), math.floor(self.high * 16)) / 16 + place % 4 / 64
        return np.append(grid[[all(abs(x - a) >= 1 / 16 for a in self.avoid) for x in grid]], self.extra)


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
    if isinstance(like, mt.Tensor):
        return mt.Tensor._wrap(np.asarray(array, dtype=like._data.real.dtype)).to(like.device)
    import torch

    return torch.from_numpy(np.asarray(array))


def seeded(f, x, *args, **params):
    """A random function with the generator set first."""
    if isinstance(x, mt.Tensor):
        mt.manual_seed(0)
    else:
        import torch

        torch.manual_seed(0)
    return f(x, *args, **params)


# ---- what is called ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Subject:
    """An op of the table, or a public function: what is called and how its operands are drawn."""

    name: str
    function: Any
    family: str
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    rule: Rule
    op: Op | None = None

    def __str__(self):
        return self.name if isinstance(self.function, Op) else f"minitorch.{self.name}"

    def run(self, *args, **params):
        """The call that derivatives are taken of."""
        if self.rule.through is not None:
            return self.rule.through(self.function, *args, **params)
        return self.function(*args, **params)

    @property
    def differentiable(self):
        return self.op is None or self.op.differentiable


def of_op(op):
    from .table import OPS

    return Subject(op.name, op, op.family, op.inputs, op.param_names, OPS.get(op.name, Rule()), op)


def of_public(space, name, entry):
    """A public function by its qualified name; one that is the front of an op draws as the op does."""
    from .table import PUBLIC as ROWS

    full = f"{space}.{name}" if space else name
    if isinstance(entry.target, Op):
        subject = of_op(entry.target)
        return replace(subject, name=full, function=entry.function, rule=ROWS.get(full, subject.rule))
    parameters = [p for p in parse(entry.signatures[0]) if p.name != "out"]
    operand = [p.default is None and (i == 0 or p.kind in ("tensor", "operand")) for i, p in enumerate(parameters)]
    count = operand.index(False) if False in operand else len(operand)
    names = tuple(p.name for p in parameters)
    rest = [p for p in parameters[count:] if p.default is None]
    family = "reduction" if count == 1 and names[1:2] == ("dim",) else "elementwise" if not rest else "other"
    bare = ROWS.get(name, Rule())
    bare = bare if space else ROWS.get(f"minitorch.{name}", bare)  # where a namesake orders its arguments otherwise
    return Subject(full, entry.function if entry.functional else getattr(mt.Tensor, name), family, names[:count],
                   names[count:], ROWS.get(full, bare) if space else bare)  # fmt: skip


def all_ops():
    return [of_op(op) for op in TABLE.values()]


def all_public():
    """Every public function once, under its own name; not those that write their operand."""
    return [of_public(space, name, entry) for space, names in PUBLIC.items() for name, entry in names.items()
            if name == entry.name and (entry.functional or entry.method) and not name.endswith("_")]  # fmt: skip


def compositions():
    """The public functions that are no op's front, each once, whatever namespaces it is in."""
    seen = {}
    for subject in all_public():
        space, _, name = subject.name.rpartition(".")
        target = PUBLIC[space][name].target
        if not isinstance(target, Op):
            seen.setdefault(target, subject)
    return list(seen.values())


# ---- one call ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Case:
    """A call with arrays for operands. An array that stands twice is one operand: f(x, x)."""

    label: str
    args: tuple[Any, ...]
    params: dict[str, Any]

    def __str__(self):
        return self.label

    @cached_property
    def arrays(self):
        """The distinct operand arrays, in order."""
        found = []

        def visit(value):
            if isinstance(value, np.ndarray) and not any(value is array for array in found):
                found.append(value)
            return value

        self._walk(visit)
        return found

    def _walk(self, change):
        def visit(value):
            return [change(item) for item in value] if isinstance(value, list) else change(value)

        return tuple(map(visit, self.args)), {name: visit(value) for name, value in self.params.items()}

    def filled(self, values):
        """(args, params) with the operand arrays replaced by `values`, in the order of `arrays`."""
        table = {id(array): value for array, value in zip(self.arrays, values, strict=True)}
        return self._walk(lambda value: table[id(value)] if isinstance(value, np.ndarray) else value)

    def function(self, subject):
        """The call as a function of its operands."""

        def run(*values):
            args, params = self.filled(values)
            return subject.run(*args, **params)

        return run

    def moving(self, subject):
        """Which operands have a derivative: floating, and not declared to have none."""
        names, rules = [*subject.inputs, *[""] * len(self.args)], {}
        if subject.op is not None:
            names, rules = [*subject.op.inputs, *[subject.op.star] * len(self.args)], subject.op.rules
        still = {id(a) for name, a in [*zip(names, self.args, strict=False), *self.params.items()]
                 if name in subject.rule.still or rules.get(name, 1) is None}  # fmt: skip
        return [array.dtype.kind in "fc" and id(array) not in still for array in self.arrays]

    def tensors(self, subject=None):
        """Fresh tensors for the operands, on the arrays themselves; the moving ones require grad."""
        moves = self.moving(subject) if subject is not None else [False] * len(self.arrays)
        made = [mt.Tensor._wrap(array) for array in self.arrays]
        return [tensor.requires_grad_() if move else tensor for tensor, move in zip(made, moves, strict=True)]

    def in_terms_of_the_moving(self, subject):
        """(function of the moving operands only, tensors for them)."""
        tensors = self.tensors(subject)
        places = [i for i, move in enumerate(self.moving(subject)) if move]
        run = self.function(subject)

        def function(*values):
            filled = list(tensors)
            for place, value in zip(places, values, strict=True):
                filled[place] = value
            return run(*filled)

        return function, [tensors[place] for place in places]

    def mapped(self, change, label=""):
        """The same call with every distinct operand array changed."""
        args, params = self.filled([change(array) for array in self.arrays])
        return Case(f"{self.label} {label}".strip(), args, params)

    def of_dtype(self, real):
        """The same call with its floating operands in another precision."""
        partner = {"float16": None, "float32": "complex64", "float64": "complex128"}[np.dtype(real).name]
        kinds = {"f": real, "c": partner}
        return self.mapped(
            lambda a: as_layout_of(a, a.astype(kinds[a.dtype.kind])) if a.dtype.kind in kinds else a, str(real))

    @property
    def is_complex(self):
        return any(array.dtype.kind == "c" for array in self.arrays)


def as_layout_of(model, array):
    """An array of the same strides in elements as the model."""
    if not model.size or 0 in model.strides or min(model.strides, default=1) < 0:
        return array if 0 not in model.strides else np.broadcast_to(array[tuple(
            slice(None, 1) if not s else slice(None) for s in model.strides)], model.shape)  # fmt: skip
    steps = [s // model.itemsize for s in model.strides]
    room = np.zeros(1 + sum((n - 1) * s for n, s in zip(model.shape, steps, strict=True)), array.dtype)
    view = np.lib.stride_tricks.as_strided(room, model.shape, [s * array.itemsize for s in steps])
    view[...] = array
    return view


def laid_out(array, layout):
    """The same numbers in another memory order; `expanded` repeats the first row."""
    if not array.ndim or not array.size or layout == "dense":
        return array
    if layout == "turned":
        return np.array(array, order="F") if array.ndim > 1 else laid_out(array, "strided")
    if layout == "reversed":
        return np.array(array[..., ::-1])[..., ::-1]
    if layout == "expanded":
        return np.broadcast_to(array[:1].copy(), array.shape)
    room = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    room[..., ::2] = array
    return room[..., ::2]


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


class Drawn(Fixed):
    """Hypothesis chooses."""

    def __init__(self, data, rule, complex=False):
        self.data = data
        self.rule, self.complex = rule, complex

    def numbers(self, points, shape, unique=False):
        order = np.argsort(np.abs(points.astype(float)), kind="stable")  # shrink towards 0
        unique = unique or (self.rule.distinct and math.prod(shape) <= len(points))
        places = hnp.arrays(np.int64, shape, elements=st.integers(0, len(points) - 1), unique=unique, fill=st.nothing())
        return points[order][self.data.draw(places)]

    def layout(self):
        return self.data.draw(st.sampled_from(["dense", *layouts(self.rule)]))


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
    ((2, 3), -1), ((2, 3), 0), ((2, 3), (0, 1)), ((2, 3, 2), (0, 2)), ((2, 1, 3), 1),
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
    if subject.rule.numbers and takes_numbers(subject) and len(floating) == count == 2 and subject.op is not None and subject.op.promotes and not source.complex:
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


@cache
def _cases(name, public, complex):
    subject = _subject(name, public)
    source = Fixed(sum(map(ord, name)), subject.rule, complex)
    builder = how(subject)
    if builder is None:
        raise LookupError(f"{name}: no operands; add a row to tests/laws/table.py")
    found = builder(subject, source)
    if subject.rule.distinct:
        found = [case for case in found if "expanded" not in case.label and "same" not in case.label]
    return tuple(found)


@cache
def _subject(name, public):
    if not public:
        return of_op(TABLE[name])
    space, _, last = name.rpartition(".")
    return of_public(space, last, PUBLIC[space][last])


def is_public(subject):
    return not isinstance(subject.function, Op)


def takes_complex(subject):
    if subject.rule.complex is not None or subject.family == "comparison":
        return bool(subject.rule.complex)
    return not _refuses_complex(subject.name, is_public(subject))


@cache
def _refuses_complex(name, public):
    """Whether the first complex case is refused for being complex."""
    subject, case = _subject(name, public), _cases(name, public, True)[0]
    try:
        with mt.no_grad():
            case.function(subject)(*case.tensors())
    except NotImplementedError:
        return True
    except Exception as error:  # any other error is for the laws to find
        return "complex" in str(error).lower()
    return False


def cases(subject, kinds="real complex"):
    """The explicit examples, in float64 and, of every third one, in complex128 (of all in the thorough profile)."""
    found = []
    if "real" in kinds and subject.rule.real:
        found += _cases(subject.name, is_public(subject), False)
    if "complex" in kinds and takes_complex(subject):
        every = _cases(subject.name, is_public(subject), True)
        found += every if not subject.rule.real or settings.default.max_examples > 100 else every[::3]
    return found


def draw(subject, data):
    """A case of Hypothesis's choosing."""
    kinds = [kind for kind, wanted in ((False, subject.rule.real), (True, takes_complex(subject))) if wanted]
    source = Drawn(data, subject.rule, data.draw(st.sampled_from(kinds)))
    params = data.draw(st.sampled_from(cycled_params(subject)))
    builder = how(subject)
    if builder is explicit_cases:
        return explicit_call(subject, source, data.draw(st.sampled_from(subject.rule.calls)))
    if builder is elementwise_cases:
        count = len(subject.inputs)
        shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, min_side=0, max_side=3))
        return elementwise_call(subject, source, shapes.input_shapes, [source.layout() for _ in range(count)], params, "")
    if builder is None:
        raise LookupError(f"{subject.name}: no operands; add a row to tests/laws/table.py")
    fewest = int(subject.family == "scan")
    side = int(subject.rule.nonempty)
    shape = data.draw(hnp.array_shapes(min_dims=fewest, max_dims=3, min_side=side, max_side=3))
    axes = [None, *range(-len(shape), max(len(shape), 1))]
    axes += [pair for pair in product(range(len(shape)), repeat=2) if pair[0] < pair[1]]
    dims = data.draw(st.sampled_from([dims for dims in axes if takes_dims(subject, dims)]))
    array = operand(source, domain_of(subject, subject.inputs[0]), shape, 0, source.layout())
    made = reduction_params(subject, dims, data.draw(st.booleans())) | params
    return Case(f"{shape} {made}", (array,), made)

@contextmanager
def told(subject, case):
    """Say which op and which call an error is about."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{subject}: {case}")
        raise


def for_every_case(law):
    """A test of a subject that holds `law(subject, case)` for each of its cases, and says for which it failed."""

    def test(subject):
        for case in cases(subject):
            with told(subject, case):
                law(subject, case)

    test.__name__, test.__doc__ = law.__name__, law.__doc__
    return test


def finite(function, inputs):
    """Whether all results are finite: the mean of nothing and the variance of one number have no derivative."""
    with mt.no_grad():
        found = function(*inputs)
    listed = found if isinstance(found, tuple | list) else (found,)
    return all(np.isfinite(result._data).all() for result in listed if isinstance(result, mt.Tensor))


def for_every_derivative(law):
    """The same with `law(function, inputs)`, where some operand has a derivative: the call as a function of those."""

    def held(subject, case):
        function, inputs = case.in_terms_of_the_moving(subject)
        if inputs and finite(function, inputs):
            law(function, inputs)

    held.__name__, held.__doc__ = law.__name__, law.__doc__
    return for_every_case(held)
