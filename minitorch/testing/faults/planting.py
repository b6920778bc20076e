"""Putting a fault in its place, and taking it out again.

A function is diverted by giving it other code: whoever holds it already -- a generated `pull`, the short path of an operator, a
front -- runs the spoiled one from then on, and the old code when the fault is taken out. Nothing has to be compiled anew, so
nothing can stay behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any

from ..._tensor import Tensor
from ...graph.node import Node
from ...ops import edge
from ...ops.op import TABLE, Op
from ...ops.reduce import sum_to
from ...ops.rows import Rows
from .kinds import Fault
from .spoiling import PlantingError, Spoiler

#: What diverted functions run instead, by number.
DIVERTED: dict[int, Callable[..., Any]] = {}


# ---- diverting a function ----------------------------------------------------------------------------------------------
def _detour(code: CodeType, number: int) -> CodeType:
    """Code of the same parameters and free variables that calls `DIVERTED[number]` with the arguments it got."""
    count, keyword = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    plain, named = names[:count], names[count : count + keyword]
    rest = names[count + keyword :]
    star = rest[0] if code.co_flags & 0x04 else None
    more = rest[1 if star else 0] if code.co_flags & 0x08 else None
    head = [*plain, *([f"*{star}"] if star else ["*"] if named else []), *named, *([f"**{more}"] if more else [])]
    passed = [*plain, *([f"*{star}"] if star else []), *(f"{n}={n}" for n in named), *([f"**{more}"] if more else [])]
    free = code.co_freevars
    lines = [f"def outer({', '.join(free)}):", f"    def inner({', '.join(head)}):"]
    lines += [f"        {name}" for name in free]
    lines += ["        from minitorch.testing.faults.planting import DIVERTED",
              f"        return DIVERTED[{number}]({', '.join(passed)})", "    return inner"]  # fmt: skip
    scope: dict[str, Any] = {}
    exec("\n".join(lines), scope)
    inner: CodeType = next(c for c in scope["outer"].__code__.co_consts if isinstance(c, CodeType))
    return inner.replace(co_name=code.co_name)


@contextmanager
def diverted(function: Any, replace: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Inside, every call of `function` runs `replace(original)`."""
    if not isinstance(function, FunctionType):
        raise PlantingError(f"{function!r} is no Python function")
    before = function.__code__
    original = FunctionType(before, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    original.__kwdefaults__ = function.__kwdefaults__
    number = max(DIVERTED, default=0) + 1
    DIVERTED[number] = replace(original)
    function.__code__ = _detour(before, number)
    try:
        yield
    finally:
        function.__code__ = before
        del DIVERTED[number]


def _names(function: Callable[..., Any]) -> tuple[tuple[str, ...], str | None]:
    code = function.__code__
    named = code.co_varnames[: code.co_argcount]
    count = code.co_argcount + code.co_kwonlyargcount
    return named, code.co_varnames[count] if code.co_flags & 0x04 else None


def _seen(function: Callable[..., Any], args: tuple[Any, ...], params: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name."""
    named, star = _names(function)
    found = dict(zip(named, args, strict=False)) | params
    if star:
        found[star] = args[len(named) :]
    return found


# ---- the places of an op -------------------------------------------------------------------------------------------------
def _spoiled(spoil: Spoiler, place: Any = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A replacement whose result (of several the one at `place`, or all) is spoiled."""

    def replace(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **params: Any) -> Any:
            seen = _seen(original, args, params)
            if spoil.kind == "untracked":
                return original(*_detached(spoil, original, args), **params)
            out = original(*args, **params)
            if not isinstance(out, tuple | list):
                return spoil(out, seen)
            items = [spoil(item, seen) if item is not None and place in (None, turn) else item for turn, item in enumerate(out)]
            return tuple(items) if isinstance(out, tuple) else items

        return run

    return replace


def _detached(spoil: Spoiler, function: Callable[..., Any], args: tuple[Any, ...]) -> list[Any]:
    """The arguments with the named one off the tape."""
    named, star = _names(function)
    found = []
    for turn, value in enumerate(args):
        name = named[turn] if turn < len(named) else star
        if name == spoil.detail and isinstance(value, Tensor) and value._node is not None:
            spoil.changes += 1
            value = value._wrap(value._data, None, value._cell)
        found.append(value)
    return found


@contextmanager
def planted(fault: Fault, seed: int = 0) -> Iterator[Spoiler]:
    """Inside, the op has the fault; outside, it never had. Yields the spoiler, which counts what it changed.

    Args:
        seed: of a fault that is different at every call.
    """
    op = TABLE[fault.op]
    if fault.place in ("edge", "front"):
        with _around(op, fault.kind) as spoil:
            yield spoil
        return
    spoil = Spoiler(op, fault.kind, fault.detail, seed)
    what, _, name = fault.place.rpartition(" ")
    with ExitStack() as stack:
        if what == "result":
            place = op.results.index(name) if len(op.results) > 1 or op.hidden else None
            for forward in (op.forward, *(fast for backend, fast, _ in op.fast if backend == "cpu")):
                stack.enter_context(diverted(forward, _spoiled(spoil, place)))
        elif what == "gradient of":
            place = (*op.inputs, op.star).index(name) if op.joint is not None else None
            stack.enter_context(diverted(op.rules[name], _spoiled(spoil, place)))
        elif what == "tangent of":
            stack.enter_context(diverted(op.jvps[name], _spoiled(spoil)))
        else:
            stack.enter_context(diverted(op.definition, _spoiled(spoil)))
        yield spoil


# ---- around an op --------------------------------------------------------------------------------------------------------
@contextmanager
def _around(op: Op, kind: str) -> Iterator[Spoiler]:
    """A fault of the edge, while this op's laws are held, or of what the op tells the edge and the front."""
    spoil = Spoiler(op, "sign")  # it only counts
    with ExitStack() as stack:
        if kind == "broadcast":
            stack.enter_context(diverted(edge.settle, lambda settle: _slicing(settle, spoil)))
        elif kind == "restoration":
            stack.enter_context(diverted(edge.settle, lambda settle: _careless(settle, spoil)))
        elif kind == "version":
            stack.enter_context(diverted(Node.__init__, lambda make: _blind(make, op, spoil)))
        else:
            name, value = ("holomorphic", False) if kind == "conjugation" else ("promotes", None)
            spoil.changes = 1
            stack.callback(op.__dict__.__setitem__, name, op.__dict__[name])
            op.__dict__[name] = value
        yield spoil


def _slicing(settle: Callable[..., Any], spoil: Spoiler) -> Callable[..., Any]:
    def run(g: Any, parent: Any) -> Any:
        wide: Any = getattr(getattr(g, "_data", g), "shape", None)
        if g.__class__ is not Rows and parent.shape is not None and wide != parent.shape and 0 not in wide:
            spoil.changes += 1
            lead = len(wide) - len(parent.shape)
            for _ in range(lead):
                g = g[0]
            for axis, (size, own) in enumerate(zip(wide[lead:], parent.shape, strict=True)):
                if size != own:
                    g = g[(slice(None),) * axis + (slice(0, 1),)]
        return settle(g, parent)

    return run


def _careless(settle: Callable[..., Any], spoil: Spoiler) -> Callable[..., Any]:
    def run(g: Any, parent: Any) -> Any:
        if g.__class__ is Rows or parent.shape is None:
            return settle(g, parent)
        if g.shape != parent.shape:
            g = sum_to(g, shape=parent.shape)
        spoil.changes += getattr(g, "_data", g).dtype != parent.dtype
        return g

    return run


def _blind(make: Callable[..., Any], op: Op, spoil: Spoiler) -> Callable[..., Any]:
    def run(node: Any, made_by: Any, params: Any, parents: Any, saved: Any, cells: Any, mark: int, *rest: Any) -> None:
        if getattr(made_by, "base", None) is op and any(cell is not None for cell in cells):
            spoil.changes += 1
            cells, mark = (None,) * len(cells), 0
        make(node, made_by, params, parents, saved, cells, mark, *rest)

    return run
