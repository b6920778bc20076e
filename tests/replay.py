"""Random programs over tensors, views and in-place writes, and a plain replay that knows their true derivatives.

A program is a string of bytes, five to a step. `run` interprets it on a tensor library (minitorch, or PyTorch as the
referee) and, beside it, on a replay that has no tape: memory is a flat NumPy array; a tensor is an array of positions
in it; and each group of tensors that share a history carries, per element, its derivatives with respect to every leaf
entry (first order, along one fixed direction, and the two mixed). A write scatters numbers and derivatives. `detach`
and views made under no_grad share the memory, but not the history. At each query the library's gradient, its
Hessian-vector product and its forward-mode tangent must be those of the replay; raising an error is allowed only in the
words listed in REFUSALS.
"""

from __future__ import annotations

import functools
import math
import random
from collections import Counter
from itertools import pairwise

import numpy as np

REFUSALS = (
    "a leaf Variable that requires grad is being used in an in-place operation",
    "a view of a leaf Variable that requires grad is being used in an in-place operation",
    "created in no_grad mode and",
    "Trying to backward through the graph a second time",
    "This view was created inside a custom Function",
    "This view is the output of a function that returns multiple views",
    "more than one element of the written-to tensor refers to a single memory location",
    "one of the variables needed for gradient computation has been modified by an inplace operation",
    "is a view and its base or another view of its base has been modified inplace",
    # PyTorch's only: it refuses to copy between overlapping parts of one memory, and reads of stale views.
    "some elements of the input tensor and the written-to tensor refer to a single memory location",
)
STEP = 5  # bytes
LEAVES = ((2, 3), (3,), (2, 2))
ENTRIES = sum(math.prod(shape) for shape in LEAVES)
WIDTH = 2 * ENTRIES + 1
LIVE = 9


class Mismatch(AssertionError):
    pass


# ---- derivatives ---------------------------------------------------------------------------------------------------
def _parts(tangent):
    return tangent[..., :ENTRIES], tangent[..., ENTRIES : ENTRIES + 1], tangent[..., ENTRIES + 1 :]


def _chain(tangent, first, second):
    """The derivatives of f(x), from those of x and f's first two derivatives there."""
    t, d, td = _parts(tangent)
    first, second = first[..., None], second[..., None]
    return np.concatenate([first * t, first * d, second * d * t + first * td], axis=-1)


def _product(x, dx, y, dy):
    (t1, d1, td1), (t2, d2, td2) = _parts(dx), _parts(dy)
    x, y = x[..., None], y[..., None]
    return np.concatenate([x * t2 + y * t1, x * d2 + y * d1, x * td2 + d1 * t2 + t1 * d2 + y * td1], axis=-1)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _logistic(x):
    s = _sigmoid(x)
    return s, s * (1 - s), s * (1 - s) * (1 - 2 * s)


def _hyperbolic(x):
    t = np.tanh(x)
    return t, 1 - t * t, -2 * t * (1 - t * t)


#: name -> value, first and second derivative
UNARY = {
    "neg": lambda x: (-x, -np.ones_like(x), np.zeros_like(x)),
    "tanh": _hyperbolic,
    "sigmoid": _logistic,
    "sin": lambda x: (np.sin(x), np.cos(x), -np.sin(x)),
    "square": lambda x: (x * x, 2 * x, np.full_like(x, 2.0)),
    "relu": lambda x: (np.maximum(x, 0), (x > 0) * 1.0, np.zeros_like(x)),
    "exp": lambda x: (np.exp(x), np.exp(x), np.exp(x)),
    "abs": lambda x: (np.abs(x), np.sign(x), np.zeros_like(x)),
}
BINARY = ("add", "sub", "mul", "div")


def binary(name, x, dx, y, dy):
    """Value and derivatives of x op y, broadcast."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = np.broadcast_to(x, shape), np.broadcast_to(y, shape)
    dx, dy = np.broadcast_to(dx, (*shape, WIDTH)), np.broadcast_to(dy, (*shape, WIDTH))
    if name == "add":
        return x + y, dx + dy
    if name == "sub":
        return x - y, dx - dy
    if name == "mul":
        return x * y, _product(x, dx, y, dy)
    return x / y, _product(x, dx, 1 / y, _chain(dy, -1 / y**2, 2 / y**3))


# ---- the replay ----------------------------------------------------------------------------------------------------
class History:
    """The derivatives of one memory, as one family of tensors sees them."""

    def __init__(self, memory, tangent=None):
        self.memory = memory
        self.tangent = np.zeros((memory.size, WIDTH)) if tangent is None else tangent


class Sim:
    """A tensor of the replay: positions in a memory, under a history."""

    #: A view made under no_grad: PyTorch says that it requires grad, minitorch that it does not.
    aside = False

    def __init__(self, history, where):
        self.history, self.where = history, where

    @classmethod
    def fresh(cls, value, tangent=None):
        value = np.asarray(value, dtype=np.float64)
        memory = value.reshape(-1).copy()
        tangent = None if tangent is None else np.array(tangent.reshape(memory.size, WIDTH))
        return cls(History(memory, tangent), np.arange(memory.size).reshape(value.shape))

    @property
    def shape(self):
        return self.where.shape

    @property
    def value(self):
        return self.history.memory[self.where]

    @property
    def tangent(self):
        return self.history.tangent[self.where]

    def cut(self):
        """The same memory with a history of its own, where nothing depends on anything."""
        return Sim(History(self.history.memory), self.where)

    def write(self, where, value, tangent, recorded):
        self.history.memory[where] = value
        if recorded:
            self.history.tangent[where] = tangent


# ---- keys ----------------------------------------------------------------------------------------------------------
def basic_key(rng, shape):
    """A key of ints, slices, None and Ellipsis."""
    key = []
    for size in shape:
        kind = rng.randrange(5)
        if kind == 0 and size:
            key.append(rng.randrange(-size, size))
        elif kind == 1:
            key.append(slice(rng.choice((None, 0, 1)), rng.choice((None, size, -1)), rng.choice((None, 1, 2))))
        else:
            key.append(slice(None))
        if rng.randrange(8) == 0:
            key.append(None)
    while key and key[-1] == slice(None) and rng.randrange(2):
        key.pop()
    if rng.randrange(6) == 0:
        key.append(Ellipsis)
    return tuple(key)


def advanced_key(rng, shape):
    """A key with index arrays or masks, as NumPy takes it; None where the shape has no room for one."""
    if not shape or not math.prod(shape):
        return None
    kind = rng.randrange(5)
    if kind == 0:
        return (np.array([rng.random() < 0.5 for _ in range(math.prod(shape))]).reshape(shape),)
    if kind == 1:
        return (np.array([rng.random() < 0.5 for _ in range(shape[0])]),)
    axis = rng.randrange(len(shape))
    count = rng.randrange(1, 4)
    index = np.array([rng.randrange(-shape[axis], shape[axis]) for _ in range(count)])
    if kind == 2 and len(shape) > 1:
        other = (axis + 1) % len(shape)
        key = [slice(None)] * len(shape)
        key[axis] = index
        key[other] = np.array([rng.randrange(shape[other]) for _ in range(rng.choice((1, count)))])
        return tuple(key)
    key = [slice(None)] * axis + [index]
    if axis and rng.randrange(2):
        key[0] = rng.randrange(shape[0])
    return tuple(key)


def taken(where, key):
    """`where[key]` as PyTorch has it: ints and slices first, then the arrays; NumPy counts an int among the arrays."""
    basic = []
    for part in key:
        if isinstance(part, np.ndarray):
            basic += [slice(None)] * (part.ndim if part.dtype == np.bool_ else 1)
        else:
            basic.append(part)
    arrays = [part if isinstance(part, np.ndarray) else slice(None) for part in key
              if not isinstance(part, int) and part is not Ellipsis]  # fmt: skip
    return where[tuple(basic)][tuple(arrays)]


def spelled(lib, key):
    """The key as the library takes it."""
    return tuple(lib.tensor(part.tolist()) if isinstance(part, np.ndarray) else part for part in key)


# ---- views ---------------------------------------------------------------------------------------------------------
def piece_of(rng, shape):
    """Slices and numbers taken out: as `view_of`."""
    ndim = len(shape)
    axis = rng.randrange(ndim) if ndim else 0
    size = shape[axis] if ndim else 0
    lead = [slice(None)] * axis
    kind = rng.randrange(8)
    if kind < 3 or not ndim:
        key = basic_key(rng, shape)
        return f"[{key}]", lambda x: x[key], lambda w: w[key]
    if kind == 3 and size:
        i = rng.randrange(size)
        return f".select({axis}, {i})", lambda x: x.select(axis, i), lambda w: w[(*lead, i)]
    if kind == 4 and size:
        i = rng.randrange(size)
        return f".unbind({axis})[{i}]", lambda x: x.unbind(axis)[i], lambda w: w[(*lead, i)]
    if kind == 5:
        start = rng.randrange(size) if size else 0
        length = rng.randrange(size - start + 1)
        key = (*lead, slice(start, start + length))
        return f".narrow({axis}, {start}, {length})", lambda x: x.narrow(axis, start, length), lambda w: w[key]
    if kind == 6 and shape[0] > 1:
        return ".split(1)[1]", lambda x: x.split(1)[1], lambda w: w[1:2]
    name = rng.choice(("chunk", "tensor_split", "split", "hsplit", "vsplit", "dsplit", "iteration"))
    if name in ("chunk", "split"):
        part = slice(0, max(-(-size // 2), 1) if name == "chunk" else 1)
        arguments = (2 if name == "chunk" else 1, axis)
        return f".{name}{arguments}[0]", lambda x: getattr(x, name)(*arguments)[0], lambda w: w[(*lead, part)]
    if name == "iteration" and shape[0]:
        return "[*][-1]", lambda x: list(x)[-1], lambda w: w[-1]
    if name == "tensor_split":
        return (f".tensor_split([1], {axis})[1]", lambda x: x.tensor_split([1], axis)[1],
                lambda w: w[(*lead, slice(1, None))])  # fmt: skip
    if name == "iteration":
        return basic_view()
    least = {"hsplit": 1, "vsplit": 2, "dsplit": 3}[name]
    if ndim < least:
        return basic_view()
    where = {"hsplit": 0 if ndim == 1 else 1, "vsplit": 0, "dsplit": 2}[name]
    key = (*[slice(None)] * where, slice(1, None))
    return f".{name}([1])[1]", lambda x: getattr(x, name)([1])[1], lambda w: w[key]


def basic_view():
    return "[...]", lambda x: x[...], lambda w: w[...]


def turned_of(rng, shape):
    """The dimensions in another order."""
    ndim = len(shape)
    order = list(range(ndim))
    rng.shuffle(order)
    a, b = (rng.randrange(ndim), rng.randrange(ndim)) if ndim else (0, 0)
    name = rng.choice(("permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "T", "mT", "mH", "adjoint",
                       "H"))  # fmt: skip
    if name == "t" and ndim <= 2:
        return ".t()", lambda x: x.t(), lambda w: w.T
    if name in ("T", "H") and ndim == 2:
        return f".{name}", lambda x: getattr(x, name), lambda w: w.T
    if name in ("mT", "mH") and ndim >= 2:
        return f".{name}", lambda x: getattr(x, name), lambda w: w.swapaxes(-1, -2)
    if name == "adjoint" and ndim >= 2:
        return ".adjoint()", lambda x: x.adjoint(), lambda w: w.swapaxes(-1, -2)
    if name in ("movedim", "moveaxis") and ndim:
        return f".{name}({a}, {b})", lambda x: getattr(x, name)(a, b), lambda w: np.moveaxis(w, a, b)
    if name in ("transpose", "swapaxes", "swapdims") and ndim >= 2:
        return f".{name}({a}, {b})", lambda x: getattr(x, name)(a, b), lambda w: w.swapaxes(a, b)
    return f".permute({order})", lambda x: x.permute(*order) if order else x[...], lambda w: w.transpose(order)


def shaped_of(rng, shape):
    """The same elements in another shape, or repeated."""
    ndim, size = len(shape), math.prod(shape)
    axis = rng.randrange(ndim + 1)
    name = rng.choice(("reshape", "flatten", "ravel", "halves", "unflatten", "squeeze", "squeeze one", "unsqueeze", "expand",
                       "expand_as", "broadcast_to", "view", "view_as", "reshape_as", "atleast", "first two"))  # fmt: skip
    if name in ("flatten", "ravel"):
        return f".{name}()", lambda x: getattr(x, name)(), lambda w: w.reshape(-1)
    if name == "halves" and size % 2 == 0 and size:
        return ".reshape(2, -1)", lambda x: x.reshape(2, -1), lambda w: w.reshape(2, -1)
    if name == "unflatten" and ndim and size:
        axis = rng.randrange(ndim)
        sizes = (2, shape[axis] // 2) if shape[axis] % 2 == 0 else (shape[axis], 1)
        inner = (*shape[:axis], *sizes, *shape[axis + 1 :])
        return f".unflatten({axis}, {sizes})", lambda x: x.unflatten(axis, sizes), lambda w: w.reshape(inner)
    if name == "first two" and ndim >= 2:
        inner = (shape[0] * shape[1], *shape[2:])
        return ".flatten(0, 1)", lambda x: x.flatten(0, 1), lambda w: w.reshape(inner)
    if name == "squeeze":
        return ".squeeze()", lambda x: x.squeeze(), lambda w: np.squeeze(w)
    if name == "squeeze one" and ndim:
        axis = rng.randrange(ndim)
        inner = tuple(n for i, n in enumerate(shape) if i != axis or n != 1)
        return f".squeeze({axis})", lambda x: x.squeeze(axis), lambda w: w.reshape(inner)
    if name == "unsqueeze" and ndim < 3:
        return f".unsqueeze({axis})", lambda x: x.unsqueeze(axis), lambda w: np.expand_dims(w, axis)
    if name == "atleast" and ndim:
        return ".atleast_2d()", lambda x: library_of(x).atleast_2d(x), np.atleast_2d
    if name in ("expand", "expand_as", "broadcast_to") and ndim < 3:
        n = rng.randrange(1, 3)
        acts = {"expand": lambda x: x.expand(n, *shape), "broadcast_to": lambda x: x.broadcast_to((n, *shape)),
                "expand_as": lambda x: x.expand_as(library_of(x).zeros(n, *shape))}  # fmt: skip
        return f".{name}({n}, ...)", acts[name], lambda w: np.broadcast_to(w, (n, *shape))
    if name in ("view", "view_as", "reshape_as"):
        inner = shape[::-1]
        acts = {"view": lambda x: x.view(inner) if x.is_contiguous() else x.reshape(inner),
                "view_as": lambda x: (x.view_as if x.is_contiguous() else x.reshape_as)(library_of(x).zeros(inner)),
                "reshape_as": lambda x: x.reshape_as(library_of(x).zeros(inner))}  # fmt: skip
        return f".{name}({inner})", acts[name], lambda w: w.reshape(inner)
    return ".reshape(-1)", lambda x: x.reshape(-1) if size else x.reshape(0), lambda w: w.reshape(-1)


def window_of(rng, shape):
    """Diagonals and sliding windows."""
    ndim = len(shape)
    if rng.randrange(2) and ndim >= 2:
        offset, (a, b) = rng.randrange(-1, 2), rng.sample(range(ndim), 2)
        if offset == 0 or (shape[a] > 1 and shape[b] > 1):
            return (f".diagonal({offset}, {a}, {b})", lambda x: x.diagonal(offset, a, b),
                    lambda w: np.diagonal(w, offset, a, b))  # fmt: skip
    axis, step = rng.randrange(ndim) if ndim else 0, rng.randrange(1, 3)
    if ndim and shape[axis] >= 2:
        def windows(w):
            found = np.lib.stride_tricks.sliding_window_view(w, 2, axis=axis)
            return found[(*[slice(None)] * axis, slice(None, None, step))]

        return f".unfold({axis}, 2, {step})", lambda x: x.unfold(axis, 2, step), windows
    return basic_view()


def same_of(rng, shape):
    """What gives back the tensor itself, or a copy where its memory is in another order."""
    name = rng.choice(("contiguous", "real", "conj", "to", "type_as", "double", "resolve_conj", "expand", "pairs", "real part",
                       "imaginary part"))  # fmt: skip
    if name == "real":
        return ".real", lambda x: x.real, lambda w: w
    if name == "to":
        return ".to(float64)", lambda x: x.to(x.dtype), lambda w: w
    if name == "type_as":
        return ".type_as(itself)", lambda x: x.type_as(x), lambda w: w
    if name == "expand":
        return ".expand(shape)", lambda x: x.expand(shape), lambda w: w
    if name in ("pairs", "real part", "imaginary part"):
        if not shape or shape[-1] != 2:
            return basic_view()
        acts = {"pairs": lambda lib, z: lib.view_as_real(z), "real part": lambda lib, z: z.real,
                "imaginary part": lambda lib, z: z.imag}  # fmt: skip
        parts = {"pairs": slice(None), "real part": 0, "imaginary part": 1}

        def paired(x):
            steps = x.stride()
            if steps[-1] != 1 or any(step % 2 for step in (*steps[:-1], x.storage_offset())):
                x = x.clone(memory_format=library_of(x).contiguous_format)
            return acts[name](library_of(x), library_of(x).view_as_complex(x))

        return f".view_as_complex(), its {name}", paired, lambda w: w[..., parts[name]]
    return f".{name}()", lambda x: getattr(x, name)(), lambda w: w


def strided_of(rng, shape, tensor):
    """A window on the memory of a tensor, as far as its own elements lie there: positions that the replay knows."""
    steps = tuple(tensor.stride())
    place = np.zeros(1, dtype=np.int64)
    for size, step in zip(shape, steps, strict=True):
        place = (place[:, None] + np.arange(size) * step).reshape(-1)
    element = {position: i for i, position in reversed(list(enumerate(place.tolist())))}
    first = int(place[rng.randrange(len(place))]) if rng.randrange(2) else 0
    size, stride, found = [], [], np.array([first])
    for _ in range(rng.randrange(3)):
        step = rng.choice((0, 1, 1, 2, 3, *steps))
        n = rng.randrange(1, 5)
        while n > 1 and any(p not in element for p in (found[:, None] + np.arange(n) * step).reshape(-1).tolist()):
            n -= 1
        found = (found[:, None] + np.arange(n) * step).reshape(-1)
        size.append(n)
        stride.append(step)
    size, stride = tuple(size), tuple(stride)
    index = np.array([element[p] for p in found.tolist()]).reshape(size)
    return (f".as_strided({size}, {stride}, own + {first})",
            lambda x: x.as_strided(size, stride, x.storage_offset() + first), lambda w: w.reshape(-1)[index])  # fmt: skip


def library_of(tensor):
    import importlib

    return importlib.import_module(type(tensor).__module__.partition(".")[0])


def view_of(rng, shape, tensor):
    """(text, what to do with a tensor, what to do with an array of positions) for any movement of the table."""
    kind = rng.randrange(16)
    if kind < 5:
        return piece_of(rng, shape)
    if kind < 8:
        return turned_of(rng, shape)
    if kind < 11:
        return shaped_of(rng, shape)
    if kind < 13:
        return window_of(rng, shape)
    if kind == 13:
        return same_of(rng, shape)
    return strided_of(rng, shape, tensor) if math.prod(shape) else basic_view()


# ---- running -------------------------------------------------------------------------------------------------------
@functools.cache
def functions_of(lib):
    """Three custom Functions."""

    class Cube(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    class Tripled(lib.autograd.Function):
        """Says that its derivative is 3, and returns its input as it is: the alias must keep that derivative."""

        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 3

    class Doubled_(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    return Cube, Tripled, Doubled_


class Machine:
    """A program under way: the library's tensors and, beside each, its replay.

    Args:
        lib: minitorch, or torch.
        shares: whether two of its tensors overlap in memory. The replay takes that from the library, which decides on
            memory orders.
        plain: leave out what PyTorch leaves undefined or gets wrong: writing one place twice (through duplicate
            indices or windows), and half-filled `.grad` after a backward that raised.
    """

    def __init__(self, lib, shares, plain=False):
        self.lib, self.shares, self.plain = lib, shares, plain
        rng = random.Random(3)
        self.leaves, self.sims, self.real, self.log = [], [], [], []
        self.outcomes = []
        self.functions = functions_of(lib)
        self.total = np.zeros(ENTRIES)
        self.counts = Counter()
        start = 0
        self.direction = np.array([rng.choice((-1.0, 0.5, 1.0, 2.0)) for _ in range(ENTRIES)])
        for shape in LEAVES:
            size = math.prod(shape)
            value = np.array([rng.randrange(-16, 17) / 16 + 0.03125 for _ in range(size)]).reshape(shape)
            tangent = np.zeros((size, WIDTH))
            tangent[np.arange(size), start + np.arange(size)] = 1
            tangent[:, ENTRIES] = self.direction[start : start + size]
            start += size
            leaf = lib.tensor(value.tolist(), dtype=lib.float64, requires_grad=True)
            self.leaves.append(leaf)
            self.add(leaf, Sim.fresh(value, tangent), f"leaf{list(shape)}")
        self.add(lib.tensor([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]], dtype=lib.float64),
                 Sim.fresh([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5]]), "constant[2, 3]")  # fmt: skip

    def add(self, real, sim, text):
        self.real.append(real)
        self.sims.append(sim)
        name = f"t{sum(' = ' in line for line in self.log)}"
        sim.name = name
        self.log.append(f"{name} = {text}")

    def numbers(self, tensor):
        return np.array((tensor.detach() + 0).tolist(), dtype=np.float64).reshape(tuple(tensor.shape))

    # ---- one step --------------------------------------------------------------------------------------------------
    def step(self, code):
        kind, a, b, c, mode = code
        rng = random.Random(b * 256 + c)
        i = a % len(self.real)
        no_grad = mode % 7 == 6
        action = ACTIONS[kind % len(ACTIONS)]
        if action in WRITES and i < len(LEAVES) < len(self.real) and b % 8:  # mostly to something that may be written
            i = len(LEAVES) + a % (len(self.real) - len(LEAVES))
        if self.plain and action in WRITES and len(np.unique(self.sims[i].where)) < self.sims[i].where.size:
            return
        before = len(self.log)
        try:
            with self.lib.set_grad_enabled(not no_grad):
                action(self, i, rng, no_grad)
            outcome = "done" if len(self.log) > before else "nothing"
        except RuntimeError as error:
            if not any(phrase in str(error) for phrase in REFUSALS):
                raise
            outcome = "refused: " + next(phrase for phrase in REFUSALS if phrase in str(error))
            self.log.append(f"# {action.__name__}(t of {self.sims[i].name}) {outcome}")
        if no_grad and len(self.log) > before:
            self.log[-1] += "   # no_grad"
        self.outcomes.append(outcome)
        self.counts[outcome] += 1
        self.check_values()
        self.compare(".grad", [leaf.grad for leaf in self.leaves], self.total)
        while len(self.real) > LIVE:
            self.drop(3 + a % (len(self.real) - 3))

    def drop(self, place):
        self.log.append(f"del {self.sims[place].name}")
        del self.real[place], self.sims[place]

    def check_values(self):
        for real, sim in zip(self.real, self.sims, strict=True):
            have = self.numbers(real)
            if have.shape != sim.shape or not np.allclose(have, sim.value, rtol=1e-11, atol=1e-11, equal_nan=True):
                raise Mismatch(f"value of {sim.name}: {have.tolist()}, true {sim.value.tolist()}\n{self.text()}")

    def small(self):
        return all(np.all(np.abs(sim.value) < 30) for sim in self.sims)

    def text(self):
        return "\n".join(self.log)

    # ---- actions ---------------------------------------------------------------------------------------------------
    def other(self, rng, shape=None, fit=None):
        """Another tensor that broadcasts with (or to) a shape; None if the draw does not fit."""
        j = rng.randrange(len(self.real))
        try:
            broad = np.broadcast_shapes(self.sims[j].shape, shape)
        except ValueError:
            return None
        if math.prod(broad) > 40 or (fit and broad != tuple(shape)):
            return None
        return j

    def unary(self, i, rng, no_grad):
        name = rng.choice(list(UNARY))
        real = getattr(self.real[i], name)()
        value, first, second = UNARY[name](self.sims[i].value)
        tangent = None if no_grad else _chain(self.sims[i].tangent, first, second)
        self.add(real, Sim.fresh(value, tangent), f"{self.sims[i].name}.{name}()")

    def scalar(self, i, rng, no_grad):
        number = rng.choice((0.5, -1.0, 1.5))
        name = rng.choice(BINARY)
        sim = self.sims[i]
        real = getattr(self.real[i], name)(number)
        value, tangent = binary(name, sim.value, sim.tangent, np.array(number), np.zeros(WIDTH))
        self.add(real, Sim.fresh(value, None if no_grad else tangent), f"{sim.name}.{name}({number})")

    def both(self, i, rng, no_grad):
        sim = self.sims[i]
        j = self.other(rng, sim.shape)
        name = rng.choice(BINARY)
        if j is None or (name == "div" and np.any(np.abs(self.sims[j].value) < 0.3)):
            return
        other = self.sims[j]
        real = getattr(self.real[i], name)(self.real[j])
        value, tangent = binary(name, sim.value, sim.tangent, other.value, other.tangent)
        self.add(real, Sim.fresh(value, None if no_grad else tangent), f"{sim.name}.{name}({other.name})")

    def view(self, i, rng, no_grad):
        sim = self.sims[i]
        text, act, move = view_of(rng, sim.shape, self.real[i])
        real = act(self.real[i])
        if real is self.real[i]:
            return
        where = move(sim.where)
        if where.size > 40:
            return
        # No memory is shared by nothing: an empty view is as good as a copy.
        if where.size and self.shares(real, self.real[i]):
            made = Sim(sim.history, where) if not no_grad else Sim(sim.history, where).cut()
            made.aside = no_grad or sim.aside
        else:
            flat = Sim(sim.history, where)
            made = Sim.fresh(flat.value, None if no_grad else flat.tangent)
        self.add(real, made, f"{sim.name}{text}")

    def detach(self, i, rng, no_grad):
        self.add(self.real[i].detach(), self.sims[i].cut(), f"{self.sims[i].name}.detach()")

    def clone(self, i, rng, no_grad):
        sim = self.sims[i]
        self.add(self.real[i].clone(), Sim.fresh(sim.value, None if no_grad else sim.tangent), f"{sim.name}.clone()")

    def pick(self, i, rng, no_grad):
        sim = self.sims[i]
        key = advanced_key(rng, sim.shape)
        if key is None:
            return
        where = taken(sim.where, key)
        real = self.real[i][spelled(self.lib, key)]
        copy = Sim(sim.history, where)
        self.add(real, Sim.fresh(copy.value, None if no_grad else copy.tangent), f"{sim.name}[{key}]")

    def reduce(self, i, rng, no_grad):
        sim = self.sims[i]
        name = rng.choice(("sum", "mean"))
        if not sim.where.size:
            return
        if sim.shape and rng.randrange(2):
            dim = rng.randrange(len(sim.shape))
            real = getattr(self.real[i], name)(dim)
            value, tangent = getattr(sim.value, name)(dim), getattr(sim.tangent, name)(dim)
            text = f"{sim.name}.{name}({dim})"
        else:
            real = getattr(self.real[i], name)()
            value = getattr(sim.value, name)()
            tangent = getattr(sim.tangent.reshape(-1, WIDTH), name)(0)
            text = f"{sim.name}.{name}()"
        self.add(real, Sim.fresh(value, None if no_grad else tangent), text)

    def join(self, i, rng, no_grad):
        sim = self.sims[i]
        j = rng.randrange(len(self.real))
        other = self.sims[j]
        if not sim.shape or other.shape != sim.shape or sim.where.size > 20:
            return
        real = self.lib.cat([self.real[i], self.real[j]], 0)
        value = np.concatenate([sim.value, other.value])
        tangent = None if no_grad else np.concatenate([sim.tangent, other.tangent])
        self.add(real, Sim.fresh(value, tangent), f"cat([{sim.name}, {other.name}])")

    # ---- in place --------------------------------------------------------------------------------------------------
    def wrote(self, i, value, tangent, no_grad, text):
        sim = self.sims[i]
        sim.write(sim.where, value, tangent, not no_grad)
        self.log.append(text)

    def unary_(self, i, rng, no_grad):
        sim = self.sims[i]
        name = rng.choice(list(UNARY))
        getattr(self.real[i], f"{name}_")()
        value, first, second = UNARY[name](sim.value)
        self.wrote(i, value, _chain(sim.tangent, first, second), no_grad, f"{sim.name}.{name}_()")

    def scalar_(self, i, rng, no_grad):
        sim = self.sims[i]
        number, name = rng.choice((0.5, -1.0, 1.5)), rng.choice(BINARY)
        value, tangent = binary(name, sim.value, sim.tangent, np.array(number), np.zeros(WIDTH))
        getattr(self.real[i], f"{name}_")(number)
        self.wrote(i, value, tangent, no_grad, f"{sim.name}.{name}_({number})")

    def both_(self, i, rng, no_grad):
        sim = self.sims[i]
        j = self.other(rng, sim.shape, fit=True)
        name = rng.choice((*BINARY, "copy"))
        if j is None or (name == "div" and np.any(np.abs(self.sims[j].value) < 0.3)):
            return
        other = self.sims[j]
        if name == "copy":
            value = np.broadcast_to(other.value, sim.shape).copy()
            tangent = np.broadcast_to(other.tangent, (*sim.shape, WIDTH)).copy()
        else:
            value, tangent = binary(name, sim.value, sim.tangent, other.value, other.tangent)
        getattr(self.real[i], f"{name}_")(self.real[j])
        self.wrote(i, value, tangent, no_grad, f"{sim.name}.{name}_({other.name})")

    def constant_(self, i, rng, no_grad):
        sim = self.sims[i]
        number = rng.choice((0.0, 0.0, 0.75))
        if number:
            self.real[i].fill_(number)
        else:
            self.real[i].zero_()
        self.wrote(i, number, np.zeros(WIDTH), no_grad, f"{sim.name}.fill_({number})")

    def assign(self, i, rng, no_grad):
        sim = self.sims[i]
        basic = rng.randrange(2)
        key = basic_key(rng, sim.shape) if basic else advanced_key(rng, sim.shape)
        if key is None:
            return
        where = sim.where[key] if basic else taken(sim.where, key)
        if self.plain and len(np.unique(where)) < where.size:
            return
        if rng.randrange(3):
            j = self.other(rng, where.shape, fit=True)
            if j is None:
                return
            other = self.sims[j]
            value = np.broadcast_to(other.value, where.shape).copy()
            tangent = np.broadcast_to(other.tangent, (*where.shape, WIDTH)).copy()
            self.real[i][spelled(self.lib, key)] = self.real[j]
            text = other.name
        else:
            value, tangent, text = 0.75, np.zeros(WIDTH), "0.75"
            self.real[i][spelled(self.lib, key)] = 0.75
        sim.write(where, value, tangent, not no_grad)
        self.log.append(f"{sim.name}[{key}] = {text}")

    def masked_fill_(self, i, rng, no_grad):
        sim = self.sims[i]
        mask = np.array([rng.random() < 0.5 for _ in range(sim.where.size)], dtype=bool).reshape(sim.shape)
        self.real[i].masked_fill_(self.lib.tensor(mask.tolist(), dtype=self.lib.bool).reshape(sim.shape), 0.5)
        sim.write(sim.where[mask], 0.5, np.zeros(WIDTH), not no_grad)
        self.log.append(f"{sim.name}.masked_fill_({mask.tolist()}, 0.5)")

    def drop_one(self, i, rng, no_grad):
        if i >= len(LEAVES):
            self.drop(i)

    def reshape_(self, i, rng, no_grad):
        """The in-place functions that only lay the memory out anew."""
        sim = self.sims[i]
        ndim = len(sim.shape)
        name = rng.choice(("t_", "transpose_", "unsqueeze_", "squeeze_", "swapaxes_", "as_strided_"))
        if (name == "t_" and ndim > 2) or (name in ("transpose_", "swapaxes_") and ndim < 2) or (
                name == "unsqueeze_" and ndim > 2):  # fmt: skip
            return
        if no_grad and self.real[i].requires_grad and i >= len(LEAVES):
            return  # PyTorch leaves the old grad_fn on the new shape
        if name == "t_":
            where, arguments = sim.where.T, ()
        elif name == "as_strided_":
            if not sim.where.size or (self.plain and self.real[i]._is_view()):
                return  # PyTorch loses the gradient of what lies outside
            _, act, move = strided_of(rng, sim.shape, self.real[i])
            view = act(self.real[i].detach())
            arguments, where = (tuple(view.shape), view.stride(), view.storage_offset()), move(sim.where)
        elif name in ("transpose_", "swapaxes_"):
            arguments = (0, rng.randrange(ndim))
            where = sim.where.swapaxes(*arguments)
        elif name == "unsqueeze_":
            arguments = (rng.randrange(ndim + 1),)
            where = np.expand_dims(sim.where, *arguments)
        else:
            where, arguments = np.squeeze(sim.where), ()
        if i < len(LEAVES):
            return
        getattr(self.real[i], name)(*arguments)
        sim.where = where
        self.log.append(f"{sim.name}.{name}{arguments}")

    def custom(self, i, rng, no_grad):
        """An autograd.Function of the user's: a plain one, one that returns its input, one that writes it."""
        sim = self.sims[i]
        cube, tripled, doubled_ = self.functions
        kind = rng.randrange(3)
        if kind == 0:
            real = cube.apply(self.real[i])
            x = sim.value
            tangent = None if no_grad else _chain(sim.tangent, 3 * x * x, 6 * x)
            self.add(real, Sim.fresh(x * x * x, tangent), f"Cube.apply({sim.name})")
        elif kind == 1:
            real = tripled.apply(self.real[i])
            made = sim.cut()
            if not no_grad:
                made.history.tangent[sim.where] = 3 * sim.tangent
            self.add(real, made, f"Tripled.apply({sim.name})")
        elif i >= len(LEAVES) and sim.shape and self.writable(i):
            doubled_.apply(self.real[i])
            self.wrote(i, 2 * sim.value, 2 * sim.tangent, no_grad, f"Doubled_.apply({sim.name})")

    def writable(self, i):
        """Whether a write would not be refused: a Function that writes is only found out afterwards."""
        try:
            with self.lib.enable_grad():
                self.real[i].mul_(1.0)
        except RuntimeError:
            return False
        self.log.append(f"{self.sims[i].name}.mul_(1.0)")
        return True

    # ---- derivatives -----------------------------------------------------------------------------------------------
    def loss(self, i, rng):
        """A weighted sum of one tensor, or of all, with its true derivatives; None where none is on the tape."""
        chosen = range(len(self.real)) if rng.randrange(3) == 0 else (i,)
        chosen = [k for k in chosen if not self.sims[k].aside and self.real[k].requires_grad]
        if not chosen:
            return None, None
        loss, true = 0.0, np.zeros(WIDTH)
        for k in chosen:
            sim = self.sims[k]
            weight = np.array([rng.choice((1.0, -0.5, 2.0)) for _ in range(sim.where.size)]).reshape(sim.shape)
            loss = loss + (self.real[k] * self.lib.tensor(weight.tolist(), dtype=self.lib.float64).reshape(
                sim.shape)).sum()  # fmt: skip
            true = true + (sim.tangent * weight[..., None]).reshape(-1, WIDTH).sum(0)
        self.log.append(f"# loss of {[self.sims[k].name for k in chosen]}")
        return loss, true

    def backward(self, i, rng, no_grad):
        """backward() into .grad, which adds up; mostly without retain_graph, so that what it freed stays freed."""
        with self.lib.enable_grad():
            loss, true = self.loss(i, rng)
            if loss is None:
                return
            try:
                loss.backward(retain_graph=rng.randrange(3) == 0)
            except RuntimeError:
                if self.plain:
                    self.total[:] = 0
                    for leaf in self.leaves:
                        leaf.grad = None
                raise
        self.total = self.total + true[:ENTRIES]
        self.counts["backwards"] += 1

    def query(self, i, rng, no_grad):
        """grad() of a loss, and sometimes its derivative along the direction, both ways."""
        with self.lib.enable_grad():
            loss, true = self.loss(i, rng)
            if loss is None:
                return
            self.compare("gradient", self.lib.autograd.grad(
                loss, self.leaves, retain_graph=True, allow_unused=True), true[:ENTRIES])  # fmt: skip
            self.counts["gradients"] += 1
            if rng.randrange(3) == 0:
                self.second_order(loss, true)

    def second_order(self, loss, true):
        first = self.lib.autograd.grad(loss, self.leaves, create_graph=True, allow_unused=True)
        self.compare("recorded gradient", first, true[:ENTRIES])
        along, start = 0.0, 0
        for g, leaf in zip(first, self.leaves, strict=True):
            part = self.direction[start : start + leaf.numel()].reshape(tuple(leaf.shape))
            start += leaf.numel()
            if g is not None:
                along = along + (g * self.lib.tensor(part.tolist(), dtype=self.lib.float64)).sum()
        if not isinstance(along, float) and along.requires_grad:
            second = self.lib.autograd.grad(along, self.leaves, retain_graph=True, allow_unused=True)
        else:
            second = [None] * len(self.leaves)
        self.compare("Hessian-vector product", second, true[ENTRIES + 1 :])
        self.counts["second order"] += 1
        if self.lib.__name__ == "minitorch":
            self.forward_mode(loss, true[ENTRIES])

    def forward_mode(self, loss, true):
        from minitorch.ops.backward import jvp

        tangents = []
        for (start, stop), leaf in zip(pairwise((0, *np.cumsum([leaf.numel() for leaf in self.leaves]))), self.leaves,
                                       strict=True):  # fmt: skip
            part = self.direction[start:stop].reshape(tuple(leaf.shape))
            tangents.append(self.lib.tensor(part.tolist(), dtype=self.lib.float64))
        found = jvp(loss, self.leaves, tangents)
        if not np.allclose(found.detach().numpy(), true, rtol=1e-8, atol=1e-8 * (1 + abs(true))):
            raise Mismatch(f"tangent: {found.item()}, true {true}\n{self.text()}")
        self.counts["tangents"] += 1

    def compare(self, what, found, true):
        start = 0
        scale = 1 + np.abs(true).max()
        for number, (g, leaf) in enumerate(zip(found, self.leaves, strict=True)):
            part = true[start : start + leaf.numel()].reshape(tuple(leaf.shape))
            start += leaf.numel()
            have = np.zeros_like(part) if g is None else self.numbers(g)
            if not np.allclose(have, part, rtol=1e-8, atol=1e-9 * scale):
                raise Mismatch(f"{what} of leaf {number}: {have.tolist()}, true {part.tolist()}\n{self.text()}")


ACTIONS = [
    Machine.unary, Machine.scalar, Machine.both, Machine.both, Machine.view, Machine.view, Machine.view, Machine.view,
    Machine.detach, Machine.clone, Machine.pick, Machine.reduce, Machine.join, Machine.unary_, Machine.unary_,
    Machine.scalar_, Machine.both_, Machine.both_, Machine.both_, Machine.constant_, Machine.assign, Machine.assign,
    Machine.assign, Machine.masked_fill_, Machine.drop_one, Machine.custom, Machine.reshape_, Machine.backward,
    Machine.query, Machine.query,
]  # fmt: skip

WRITES = {Machine.reshape_, Machine.unary_, Machine.scalar_, Machine.both_, Machine.constant_, Machine.assign,
          Machine.masked_fill_}  # fmt: skip


def steps(program):
    return [tuple(program[k : k + STEP]) for k in range(0, len(program) - STEP + 1, STEP)]


def run(lib, shares, program, plain=False):
    """Run a program; raises Mismatch at the first number or derivative that is not the replay's."""
    machine = Machine(lib, shares, plain)
    for code in (*steps(program), (len(ACTIONS) - 1, 4, 0, 0, 0), (len(ACTIONS) - 1, 5, 0, 1, 0)):
        machine.step(code)
        if not machine.small():
            machine.counts["stopped"] += 1
            break
    return machine
