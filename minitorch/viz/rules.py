"""The text of a derivative rule, read from the source of the op that declares it.

A rule is a lambda or a small function in a file of ops; its text is found by parsing that file once. What cannot be
read (a rule typed at the prompt, a missing source file) is named by its function and arguments.
"""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Callable
from typing import Any

__all__ = ["rules_of"]

LONGEST = 120


def rules_of(op: Any) -> tuple[tuple[str, str], ...]:
    """(operand, rule text) for each operand of an op that has a derivative; a starred operand has one rule for all."""
    declared = getattr(op, "base", op)
    try:
        return _rules_of(declared)
    except TypeError:  # an op that cannot be hashed
        return ()


@functools.lru_cache(maxsize=2048)
def _rules_of(op: Any) -> tuple[tuple[str, str], ...]:
    joint = getattr(op, "joint", None)
    rules = getattr(op, "rules", None)
    if rules is None:
        return _pseudo(op)
    if joint is not None:
        return tuple((name, _called(joint)) for name in (*op.inputs, *([op.star] if op.star else [])))
    return tuple((name, text_of(rule)) for name, rule in rules.items() if rule is not None)


def _pseudo(op: Any) -> tuple[tuple[str, str], ...]:
    """What stands for a rule of an op that is not in the table."""
    function = getattr(op, "function", None)
    if function is not None:  # a call of a custom Function
        return (("*", f"{function.__name__}.backward(ctx, g)"),)
    results = getattr(op, "results", ())
    index = getattr(op, "index", None)
    if index is not None and index < len(results):
        return ((op.name, f"g as the gradient of {results[index]}"),)
    return (("input", "g"),)


def text_of(rule: Callable[..., Any]) -> str:
    """The right side of a rule on one line: what a lambda, or a function of one return, gives back."""
    code = getattr(rule, "__code__", None)
    if code is None:
        return _called(rule)
    found = _parsed(code.co_filename, "".join(linecache.getlines(code.co_filename))).get(code.co_firstlineno, [])
    bodies = [body for body, arguments, name in found if arguments == _arguments(code) and name == code.co_name]
    if len(bodies) > 1:  # several lambdas of one line and the same arguments: the one where the code lies
        lines = [(line, column) for line, _, column, _ in code.co_positions() if line is not None and column is not None]
        spots = [spot for spot in lines if spot != (code.co_firstlineno, 0)]
        bodies = [body for body in bodies if all(_begin(body) <= spot <= _end(body) for spot in spots)] or bodies
    if not bodies or bodies[0] is None:
        return _called(rule)
    text = " ".join(ast.unparse(bodies[0]).split())
    return text if len(text) <= LONGEST else _called(rule) if code.co_name != "<lambda>" else text[: LONGEST - 1] + "…"


def _arguments(code: Any) -> tuple[str, ...]:
    return tuple(code.co_varnames[: code.co_argcount])


def _called(rule: Any) -> str:
    """`name(g, x)`."""
    code = getattr(rule, "__code__", None)
    name = getattr(rule, "__name__", "rule").strip("_<>")
    return f"{name}({', '.join(_arguments(code)) if code is not None else 'g'})"


def _begin(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: Any) -> tuple[int, int]:
    return node.end_lineno, node.end_col_offset


@functools.lru_cache(maxsize=128)
def _parsed(file: str, source: str) -> dict[int, list[tuple[Any, tuple[str, ...], str]]]:
    """The lambdas and functions of a file by line: (what it returns or None, its arguments, its name)."""
    try:
        tree = ast.parse(source, file)
    except (SyntaxError, ValueError):
        return {}
    found: dict[int, list[tuple[Any, tuple[str, ...], str]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            body: Any = node.body
            name = "<lambda>"
        elif isinstance(node, ast.FunctionDef):
            statements = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            alone = len(statements) == 1 and isinstance(statements[0], ast.Return)
            body, name = (statements[0].value if alone else None), node.name  # type: ignore[attr-defined]
        else:
            continue
        arguments = tuple(argument.arg for argument in (*node.args.posonlyargs, *node.args.args))
        found.setdefault(node.lineno, []).append((body, arguments, name))
    return found
