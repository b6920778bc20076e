"""From the text of the rules to code: what a call saves, and how a backward runs the rules.

The names of a rule's parameters say what it needs. From them are generated, once per op and on first need, `save`
(pick what to keep when a call is recorded) and `pull` (run one rule per input that needs its gradient). A fused op's
`pull` runs its joint rule on raw gradients, and goes through the definition when gradients are recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.namespace import backend_of
from ..graph.node import Cotangents, Node
from ..tracked import Tracked
from .op import Op


def compile_op(op: Op) -> None:
    """Set `keeps`, `frees`, `save`, `save_one` and `pull` of an op."""
    op.keeps, op.frees, op.save, op.save_one = [], True, _nothing_saved, _nothing_saved_one
    if op.joint is not None:
        compile_joint(op)
    elif op.rules:
        compile_rules(op)
    else:
        op.pull = _no_rule(op)


def _no_rule(op: Op) -> Callable[..., Any]:
    def pull(node: Any, g: Any, parents: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{op.name}' is not implemented.")

    return pull


def _nothing_saved(*_: Any) -> tuple[tuple[()], tuple[()]]:
    return (), ()


def _places(op: Op, users: dict[str, set[Any]]) -> tuple[list[tuple[str, Any, set[Any]]], dict[str, str]]:
    """What to keep (kind, key, for whose sake), and how generated code spells each name a rule may ask for."""
    keeps: list[tuple[str, Any, set[Any]]] = []
    spelled = {name: f"q[{name!r}]" for name in op.param_names}
    for index, name in enumerate(op.inputs):
        for wanted, kind in ((name, "in"), (f"{name}_shape", "shape"), (f"{name}_dtype", "dtype")):
            if wanted in users and wanted != "g":  # g is the cotangent, also where an input is called so
                spelled[wanted] = f"s[{len(keeps)}]"
                keeps.append((kind, index, users[wanted]))
    for index, name in enumerate(op.results):
        if name in users:
            spelled[name] = f"s[{len(keeps)}]"
            keeps.append(("out", index, users[name]))
    for index, name in enumerate(op.hidden):
        if name in users:
            spelled[name] = f"s[{len(keeps)}]"
            keeps.append(("hidden", index, users[name]))
    if op.star and f"{op.star}_shapes" in users:
        spelled[f"{op.star}_shapes"] = f"s[{len(keeps)}]"
        keeps.append(("shapes", None, users[f"{op.star}_shapes"]))
    if op.star and op.star in users:
        spelled[op.star] = f"s[{len(keeps)}:]"
        keeps.append(("star", None, users[op.star]))
    for index, name in enumerate(op.results):
        spelled["g" if len(op.results) == 1 else f"g_{name}"] = "g" if len(op.results) == 1 else f"g.items[{index}]"
    return keeps, spelled


def argument_names(rule: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a rule's parameters."""
    code = rule.__code__
    return code.co_varnames[: code.co_argcount]


def _compile_save(op: Op) -> Callable[..., Any]:
    """`save(args, datas, outs, cells_of_outs, parents)` -> (saved, cells), only what some needed rule names. It is
    called where some parent is wanted: an op that has only starred inputs need not look which."""
    first = len(op.inputs)
    values, cells = [], []
    for kind, key, users in op.keeps:
        needed = " or ".join(
            f"p[{user}] is not None" if user != "*" else f"any(x is not None for x in p[{first}:])" if first else "True"
            for user in sorted(users, key=str)
        )
        value, cell = {
            "in": (f"d[{key}]", f"cell(a[{key}])"),
            "shape": (f"d[{key}].shape" if op.single else f"shape(d[{key}])", "None"),
            "dtype": (f"d[{key}].dtype", "None"),
            "out": (f"o[{key}]", f"v[{key}]"),
            "hidden": (f"o[{len(op.results) + (key or 0)}]", "None"),
            "shapes": (f"tuple([shape(x) for x in d[{first}:]])", "None"),
            "star": (f"*d[{first}:]", f"*[cell(x) for x in a[{first}:]]"),
        }[kind]
        if kind == "star":
            values.append(f"*(d[{first}:] if {needed} else ())")
            cells.append(f"*([cell(x) for x in a[{first}:]] if {needed} else ())")
        else:
            values.append(f"{value} if {needed} else None")
            cells.append(f"{cell} if {needed} else None" if cell != "None" else cell)
    if op.single and not any(kind == "hidden" for kind, *_ in op.keeps):
        op.save_one = _compile_save_one(op)
    joined, cells_joined = "".join(f"{v}, " for v in values), "".join(f"{c}, " for c in cells)
    source = f"lambda a, d, o, v, p: (({joined}), ({cells_joined}))"
    saver: Callable[..., Any] = eval(source, {"cell": version_cell, "shape": _shape})
    return saver


def _compile_save_one(op: Op) -> Callable[..., Any]:
    """`save_one(x, data, out, cell_of_out)` -> (saved, cells, mark) of an op with one input and one result."""
    value = {"in": "data", "shape": "data.shape", "dtype": "data.dtype", "out": "out"}
    cell = {"in": "cell", "out": "made"}
    saved = "".join(f"{value[kind]}, " for kind, *_ in op.keeps)
    cells = "".join(f"{cell.get(kind, 'None')}, " for kind, *_ in op.keeps)
    watched = {cell[kind] for kind, *_ in op.keeps if kind in cell}
    source = (
        "def save_one(x, data, out, made):\n"
        + ("    cell = x._cell or version_cell(x)\n" if "cell" in watched else "")
        + f"    return ({saved}), ({cells}), {' + '.join(f'{name}[0]' for name in sorted(watched)) or '0'}\n"
    )
    scope: dict[str, Any] = {"version_cell": version_cell}
    exec(source, scope)
    function: Callable[..., Any] = scope["save_one"]
    return function


def _nothing_saved_one(*_: Any) -> tuple[tuple[()], tuple[()], int]:
    return (), (), 0


def _shape(value: Any) -> Any:
    return getattr(value, "shape", ())


def version_cell(value: Any) -> Any:
    """The version cell to watch for a saved argument.

    Raises:
        RuntimeError: for an inference tensor, which has none.
    """
    if isinstance(value, Tracked):
        if value._cell is None:
            raise RuntimeError(
                "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
                "in computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
                "and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
            )
        return value._cell
    return None


def compile_rules(op: Op) -> None:
    """Generate `op.save` and `op.pull` from the rules' parameter names."""
    users: dict[str, set[Any]] = {}
    for name, rule in op.rules.items():
        if rule is not None:
            for asked in argument_names(rule):
                users.setdefault(asked, set()).add("*" if name == op.star else op.inputs.index(name))
    movable = [name for name in op.inputs if op.rules.get(name) is not None]
    if op.linear and op.family != "elementwise" and len(movable) > 1:
        for name in movable:  # forward mode fills the operands that do not move with zeros
            users.setdefault(f"{name}_shape", set()).update(map(op.inputs.index, movable))
    op.keeps, spelled = _places(op, users)
    op.frees = any(kind not in ("shape", "dtype", "shapes") for kind, *_ in op.keeps)
    if op.keeps:
        op.save = _compile_save(op)
    calls = []
    scope: dict[str, Any] = {}
    for index, name in enumerate(op.inputs):
        rule = op.rules.get(name)
        if rule is None:
            calls.append("None")
            continue
        scope[f"rule_{name}"] = rule
        arguments = ", ".join(spelled[asked] for asked in argument_names(rule))
        calls.append(f"rule_{name}({arguments}) if p[{index}] is not None else None")
    listed = "(" + "".join(f"{call}, " for call in calls) + ")"
    if op.star:
        rule = op.rules.get(op.star)
        if rule is not None:
            scope["rule_star"] = rule
            arguments = ", ".join("i" if asked == "i" else spelled[asked] for asked in argument_names(rule))
            first = len(op.inputs)
            listed = f"[*{listed}, *[rule_star({arguments}) if x is not None else None " \
                     f"for i, x in enumerate(p[{first}:])]]"  # fmt: skip
    uses_saved = "s[" in listed
    uses_params = "q[" in listed
    source = (
        "def pull(n, g, p):\n"
        + ("    s = n.saved\n" if uses_saved else "")
        + ("    q = n.params\n" if uses_params else "")
        + f"    return {listed}\n"
    )
    exec(source, scope)
    op.pull = scope["pull"]


def compile_joint(op: Op) -> None:
    """Generate `op.save` and `op.pull` of a fused op: the joint rule on raw arrays, else the definition."""
    joint = op.joint
    assert joint is not None
    everyone: set[Any] = set(range(len(op.inputs))) | ({"*"} if op.star else set())
    asked = [name for name in argument_names(joint) if name not in ("xp", "needs")]
    users = dict.fromkeys(asked, everyone)
    for name in (*op.inputs, *([op.star] if op.star else [])):
        users[name] = everyone
    op.keeps, spelled = _places(op, users)
    op.save = _compile_save(op)
    spelled |= {"xp": "backend(g if g.__class__ is not Cotangents else [x for x in g.items if x is not None][0])",
                "needs": "[x is not None for x in p]"}  # fmt: skip
    arguments = ", ".join(spelled[name] for name in argument_names(joint))
    from .definition import through_definition

    scope: dict[str, Any] = {"rule": joint, "backend": backend_of, "Cotangents": Cotangents, "Node": Node, "op": op,
             "through": through_definition}  # fmt: skip
    exec(
        "def pull(n, g, p):\n"
        "    if n.__class__ is not Node:\n"
        "        return through(op, n, g, p)\n"
        "    s = n.saved; q = n.params\n"
        f"    return rule({arguments})\n",
        scope,
    )
    op.pull = scope["pull"]
