"""The questions that a compiled front asks of its arguments: source text, one line each.

Every test is one look at a class or an identity, so that a usual call passes them in a fraction of a microsecond; what
does not pass is bound once more by the slow rules (matching.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backend.dtype import dtype as dtype_class
from .binder import Typed
from .matching import LISTS, Front, value_of

if TYPE_CHECKING:
    from .front import Parameter

_NUMBER = (int, float, complex, bool)
_CLASSES: dict[str, tuple[type, ...]] = {
    "int": (int,), "bool": (bool,), "float": (float, int), "Scalar": _NUMBER, "str": (str,), "ints": LISTS,
    "floats": LISTS, "Scalars": LISTS, "Tensors": LISTS, "dtype": (dtype_class,),
}  # fmt: skip
_CONSTANTS = frozenset(("None", "True", "False"))


def guard(name: str, typed: list[Typed], numbers: bool, scope: dict[str, Any]) -> str:
    """An expression that is true where a value is of a class that belongs there; empty where anything may come."""
    classes: set[type] = set()
    tensor = False
    for t in typed:
        if t.type == "Tensor":
            tensor = True
            classes.update(_NUMBER if numbers else ())
        elif t.type not in _CLASSES:
            return ""
        classes.update(_CLASSES.get(t.type, ()))
        if t.size and t.type == "ints":
            classes.add(int)
        if t.nullable:
            classes.add(type(None))
    if not typed:
        return ""
    if classes == {bool}:
        return f"({name} is False or {name} is True)"
    if classes == {bool, type(None)}:
        return f"({name} is None or {name} is False or {name} is True)"
    if classes == {int}:
        return f"{name}.__class__ is int"
    scope[f"_of_{name}"] = frozenset(classes)
    if not tensor:
        return f"{name}.__class__ in _of_{name}"
    return f"({name}.__class__ in _of_{name} or isinstance({name}, Tracked))" if classes else f"isinstance({name}, Tracked)"


def spread(front: Front, name: str) -> list[str]:
    """A starred list of ints: given as one list, or, by a method, one by one."""
    one = [f"if len({name}) == 1:", f"    _first = {name}[0]", "    if _first.__class__ is not int:",
           "        if not isinstance(_first, _list): return _strict(locals())", f"        {name} = tuple(_first)"]  # fmt: skip
    if any(o.spread for o in front.candidates):
        return [*one, f"elif not {name}: return _strict(locals())"]
    return [*one, "    else: return _strict(locals())", "else: return _strict(locals())"]


def _is_default(front: Front, p: Parameter, negated: bool) -> str:
    """A test for a parameter that was left out (or was not); empty where it would cost more than a look."""
    default = "_absent" if p.name in front.loose or p.default is None else p.default
    if default.isdigit():
        return f"{'not ' * negated}({p.name}.__class__ is int and {p.name} == {default})"
    return f"{p.name} is {'not ' * negated}{default}" if default in _CONSTANTS or default == "_absent" else ""


def without(front: Front, p: Parameter) -> list[str]:
    """What makes a call unusual when an optional parameter is left out: others that only come with it."""
    names = [{q.name: t.required for t in o.parameters if (q := front.ours(o, t)) is not None} for o in front.candidates]
    possible = [n for n in names if not n.get(p.name, False)]
    if not possible:
        return ["True"]
    needed = set.intersection(*({k for k, r in n.items() if r} for n in possible))
    found = []
    for q in front.parameters[front.method :]:
        if q is p or q.name == "out" or q.default is None or q.star:
            continue
        if q.name in needed:
            found.append(_is_default(front, q, False))
        elif not any(q.name in n for n in possible) and any(q.name in n for n in names):
            found.append(_is_default(front, q, True))
    return [test for test in found if test]


def exclusive(front: Front) -> list[str]:
    """Two optional parameters that no overload has together."""
    names = [{q.name for t in o.parameters if (q := front.ours(o, t)) is not None} for o in front.candidates]
    known = set().union(*names)
    optional = [p for p in front.parameters[front.method :] if p.default is not None and p.name in known and p.name != "out"]
    lines = []
    for place, p in enumerate(optional):
        for q in optional[:place]:
            if not any({p.name, q.name} <= n for n in names):
                tests = [_is_default(front, r, True) for r in (q, p)]
                if all(tests):
                    lines.append(f"if {' and '.join(tests)}: return _strict(locals())")
    return lines


def one_tensor(front: Front) -> list[str]:
    """Two operands that may each be a number, but not both."""
    one, two = front.parameters[0].name, front.parameters[1].name
    kinds = [{t.type for t in front.typed(p)} for p in front.parameters[:2]]
    if "Scalar" in kinds[0] and "Tensor" in kinds[0] and "Tensor" in kinds[1]:
        if any(len(o.parameters) > 1 and "Tensor" not in (o.parameters[0].type, o.parameters[1].type) for o in front.candidates):
            return []
        return [f"if not isinstance({one}, Tracked) and not isinstance({two}, Tracked): return _strict(locals())"]
    return []


def signature_of(front: Front) -> Any:
    """What `inspect.signature` shows."""
    from inspect import Parameter as Shown
    from inspect import Signature

    shown, keyword = [], False
    for p in front.parameters:
        kind = Shown.VAR_POSITIONAL if p.star else Shown.KEYWORD_ONLY if p.keyword or keyword else Shown.POSITIONAL_OR_KEYWORD
        keyword = keyword or p.star
        default = Shown.empty if p.default is None or p.star else value_of(p.default)
        shown.append(Shown(p.name, kind, default=default))
    for place, one in enumerate(shown):  # a required one never follows an optional one there
        if one.kind is Shown.POSITIONAL_OR_KEYWORD and one.default is Shown.empty and any(
                before.default is not Shown.empty for before in shown[:place]):  # fmt: skip
            shown[place] = one.replace(default=None)
    return Signature(shown)
