"""From a signature string to a Python function that takes the calls everybody writes, fast.

The function's own parameters are those of the signature, so that Python itself binds them; for every parameter it asks
once whether the value is of a class that PyTorch's signatures name there. What is not -- too many arguments, a missing
one, a number where a tensor belongs, NumPy's spellings -- goes to `binder.py`, which binds or refuses it by PyTorch's
own rules. A TypeError from within is looked at in the same light. Functions that are Python functions in PyTorch have
no entry in its table, and are bound by Python alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..tracked import Tracked
from .binder import TAKE_NUMBERS, bind
from .guards import exclusive, guard, one_tensor, signature_of, spread, without
from .layouts import SCOPE, clause
from .matching import ABSENT, LISTS, Front
from .op import Op

if TYPE_CHECKING:
    from .front import Entry


#: The function that makes a tensor of a number; filled where tensors are made.
FROM_NUMBER: list[Callable[[Any], Any]] = []
#: Where a Python method and the function of its name call a parameter differently.
_AS_METHOD = {("split", "split_size_or_sections"): "split_size"}


# ---- the fast way --------------------------------------------------------------------------------------------------
def compile_front(entry: Entry, name: str, method: bool, spoken: str = "") -> Callable[..., Any]:
    """The public function (or method) of an entry, under one of its names."""
    fronts = [Front(entry, signature, name, method, spoken) for signature in entry.signatures]
    if len(fronts) == 1:
        return compile_one(fronts[0])
    return _chooser(fronts) if fronts[0].candidates else _first_that_binds([compile_one(front) for front in fronts])


def _first_that_binds(functions: list[Callable[..., Any]]) -> Callable[..., Any]:
    """One function for several of Python's, where PyTorch's table has none."""
    import inspect

    def choose(*args: Any, **kwargs: Any) -> Any:
        for function in functions[:-1]:
            try:
                inspect.signature(function).bind(*args, **kwargs)
            except TypeError:
                continue
            return function(*args, **kwargs)
        return functions[-1](*args, **kwargs)

    choose.__name__, choose.__qualname__ = functions[0].__name__, functions[0].__qualname__
    choose.__doc__ = functions[0].__doc__
    return choose


def _chooser(fronts: list[Front]) -> Callable[..., Any]:
    """One function for several signatures. Which of them serves a call is settled once for its classes of arguments."""
    first = fronts[0]
    method, candidates = first.method, first.candidates
    settled: dict[Any, Callable[..., Any]] = {}
    lookup, kind = settled.get, type

    def choose(*args: Any, **kwargs: Any) -> Any:
        key = (*map(kind, args), *kwargs, *map(kind, kwargs.values())) if kwargs else (*map(kind, args),)
        function = lookup(key)
        if function is not None:
            return function(*args, **kwargs)
        overload, bound = bind(first.spoken, candidates, args[method:], kwargs, method)
        front = next(f for f in fronts if f.fits(overload, bound))
        types = {t.name: t.type for t in overload.parameters}
        if not any(isinstance(v, Tracked) and types[k] != "Tensor" for k, v in bound.items()):
            settled[key] = compile_one(front)
        return front.run(overload, bound, args[0] if method else None)

    choose.__name__ = choose.__qualname__ = first.entry.name
    choose.__doc__ = first.entry.doc
    return choose


def compile_one(front: Front) -> Callable[..., Any]:
    """The function of one signature."""
    from .front import address_of, call_of, dressed, into, python_front, tensors_in

    if not front.candidates:
        for p in front.parameters if front.method else ():
            p.name = _AS_METHOD.get((front.name, p.name), p.name)
        return python_front(front.entry, front.parameters, front.name)
    entry, parameters, target = front.entry, front.parameters, front.entry.target
    scope: dict[str, Any] = {"_target": target, "Tracked": Tracked, "_strict": front.strict, "_explain": front.explain,
             "_absent": ABSENT, "_renamed": front.renamed, "_into": into, "_tensors": tensors_in, "_list": LISTS,
             "inf": float("inf"), "_address": address_of(entry), **SCOPE}  # fmt: skip
    lines, filled, spelled = [], [], []
    numbers = front.spoken in TAKE_NUMBERS
    for place, p in enumerate(parameters):
        if p.star:
            lines += spread(front, p.name)
            continue
        if front.method and not place:
            continue
        typed = front.typed(p)
        test = guard(p.name, typed, numbers, scope)
        if p.name in front.loose:
            conditions = without(front, p)
            filled.append(f"if {p.name} is _absent: {p.name} = {p.default}")
            lines.append(f"if {p.name} is _absent:")
            lines.append(f"    if {' or '.join(conditions)}: return _strict(locals())" if conditions else "    pass")
            if test:
                lines.append(f"elif not {test}: return _strict(locals())")
        elif test:
            known = "out is not None and " if p.name == "out" else ""
            lines.append(f"if {known}not {test}: return _strict(locals())")
        elif p.default is None:
            lines.append(f"if {p.name} is _absent: return _strict(locals())")
    if numbers and not front.method:  # `mul(1, 2)` is a tensor too
        first, second = parameters[0].name, parameters[1].name
        lines.append(f"if {first}.__class__ in _plain and {second}.__class__ in _plain: "
                     f"{first}, {second} = map(_made[0], ({first}, {second}))")  # fmt: skip
        scope["_plain"], scope["_made"] = frozenset((int, float, complex, bool)), FROM_NUMBER
    lines += exclusive(front)
    if not front.method and len(parameters) > 1:
        lines += one_tensor(front)
    lines += filled
    keyword = False
    for p in parameters:
        if p.keyword and not p.star and not keyword:
            if front.star is None:
                spelled.append("*_more")
            keyword = True
        default = p.default if p.name not in front.loose and p.default is not None else "_absent"
        spelled.append(f"*{p.name}" if p.star else p.name if front.method and p is parameters[0] else f"{p.name}={default}")
        keyword = keyword or p.star
    if not keyword:
        spelled.append("*_more")
    odd = "_alias" if front.star is not None else "_alias or _more"
    body = [f"if {odd}: return _renamed(locals())", *lines]
    call = call_of(target, parameters)
    has_out = any(p.name == "out" for p in parameters)
    short = target.short if isinstance(target, Op) and not target.param_names else None
    if short is not None and len(target.inputs) <= 2 and len([p for p in parameters if p.name != "out"]) == len(target.inputs):
        scope["_short"], scope["_classes"] = short, target.classes
        inputs = [p.name for p in parameters[: len(target.inputs)]]
        tests = [f"{name}.__class__ in _classes" for name in inputs]
        if len(inputs) == 2 and (numbers or any(t.type == "Scalar" for t in front.typed(parameters[1]))):
            tests[1] = f"({tests[1]} or {inputs[1]}.__class__ is float or {inputs[1]}.__class__ is int)"
        rest = " and not _more" + " and not _alias" + (" and out is None" if has_out else "")
        body.insert(0, f"if {' and '.join(tests)}{rest}: return _short({', '.join(inputs)})")
    body += [f"try: {'_result =' if has_out else 'return'} {call}", clause(parameters)]
    body.append("except (TypeError, AttributeError) as _error:")
    body += ["    _explain(locals(), _error)", "    raise"]
    if has_out:
        body.append("return _result if out is None else _into(out, _result, _tensors(locals()), _address)")
    source = f"def {entry.name}({', '.join([*spelled, '**_alias'])}):\n    " + "\n    ".join(body) + "\n"
    exec(source, scope)
    function: Callable[..., Any] = scope[entry.name]
    function.__signature__ = signature_of(front)  # type: ignore[attr-defined]
    front.own = function
    return dressed(function, entry)


