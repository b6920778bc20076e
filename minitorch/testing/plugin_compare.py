"""What the pytest plugin says of tensors that should have been equal: shapes, dtypes, how many differ, where, by how much.

`assert a == b` of tensors with several elements fails before pytest can ask (their truth is ambiguous), and `assert
equal(a, b)` tells pytest only False. So the failed statement is read from its source, and its operands are looked up in
the frame: names, attributes and constant subscripts, nothing that would have to be called again.
"""

from __future__ import annotations

import ast
from typing import Any

from .._tensor import Tensor
from ..create import as_tensor
from ..graph.modes import no_grad

#: Functions of two tensors whose result is asserted.
COMPARISONS = frozenset(("equal", "allclose", "array_equal"))
MOST_PLACES = 3
NOTHING = object()


def told(left: Any, right: Any) -> list[str] | None:
    """Lines on two things of which one at least is a tensor; None of others."""
    if (not isinstance(left, Tensor) and not isinstance(right, Tensor)) or any(map(callable, (left, right))):
        return None
    try:
        x, y = (value.detach() if isinstance(value, Tensor) else as_tensor(value) for value in (left, right))
        if not isinstance(left, Tensor) and not x.dim():
            x = x.expand(y.shape)  # a number stands for a tensor of it
        if not isinstance(right, Tensor) and not y.dim():
            y = y.expand(x.shape)
        return _differences(x, y)
    except Exception:  # a report of a failure must not fail itself: pytest says what it can
        return None


def _differences(x: Tensor, y: Tensor) -> list[str]:
    lines = [f"{_kind(x)} == {_kind(y)}"]
    for name in ("shape", "dtype", "device", "layout"):
        mine, other = getattr(x, name), getattr(y, name)
        if mine != other:
            mine, other = (tuple(value) if name == "shape" else value for value in (mine, other))
            lines.append(f"{name}s differ: {mine} and {other}")
    x, y = (value.to_dense() if value.is_sparse else value for value in (x.cpu(), y.cpu()))
    with no_grad():
        if x.shape != y.shape:
            return lines
        wrong = (x != y).reshape(-1)
        count, total = int(wrong.sum()), wrong.numel()
        if not count:
            return [*lines, "all elements are equal"]
        lines.append(f"{count} of {total} elements differ{':' if x.dim() else ''}")
        for place in wrong.nonzero().reshape(-1)[:MOST_PLACES].tolist():
            mine, other = x.reshape(-1)[place].item(), y.reshape(-1)[place].item()
            lines.append(f"  {_index(place, x)}{mine} and {other}")
        if count > MOST_PLACES:
            lines.append(f"  and {count - MOST_PLACES} more")
        if x.dtype.is_complex or y.dtype.is_complex:
            difference = (x.cdouble() - y.cdouble()).abs().reshape(-1)
        else:
            difference = (x.double() - y.double()).abs().reshape(-1)
        if difference.isnan().any():
            lines.append(f"{int((x.reshape(-1) != x.reshape(-1)).sum())} NaN on the left, "
                         f"{int((y.reshape(-1) != y.reshape(-1)).sum())} on the right")  # fmt: skip
            difference[difference.isnan()] = 0
        largest, place = difference.max(0)
        where = f" at {_index(int(place), x).removesuffix(': ')}" if x.dim() else ""
        lines.append(f"greatest absolute difference: {largest.item():.6g}{where}")
    return lines


def _kind(x: Tensor) -> str:
    return f"<{x.dtype} {tuple(x.shape)}>"


def _index(place: int, x: Tensor) -> str:
    index: list[int] = []
    for size in reversed(tuple(x.shape)):
        place, last = divmod(place, size)
        index.append(last)
    return f"{index[::-1]}: " if index else ""


def told_by_source(error: Any) -> list[str] | None:
    """Lines on the operands of the `assert` that a test failed in, where pytest has not asked for them itself."""
    asked = issubclass(error.type, AssertionError)
    entry = error.traceback[-1] if asked else _last_of_the_test(error)
    statement = _statement(entry) if entry is not None else None
    if not isinstance(statement, ast.Assert):
        return None
    plain = isinstance(statement.test, ast.Compare)
    for nodes in [] if plain and asked else _operands(statement.test):
        left, right = (_found(node, entry.frame) for node in nodes)
        if left is not NOTHING and right is not NOTHING and (lines := told(left, right)):
            hint = "hint: `==` compares element by element; for one answer: minitorch.equal(a, b), or testing.assert_close(a, b)"
            return [*lines, hint] if plain else lines
    return None


def _operands(test: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """The two sides of `a == b`, of `(a == b).all()`, and of `equal(a, b)` and `a.equal(b)`, as far as they may be meant."""
    if isinstance(test, ast.Compare):
        return [(test.left, test.comparators[0])] if len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq) else []
    if not isinstance(test, ast.Call):
        return []
    owner = test.func.value if isinstance(test.func, ast.Attribute) else None
    name = test.func.attr if isinstance(test.func, ast.Attribute) else getattr(test.func, "id", "")
    if name == "all":
        return [pair for side in (owner, *test.args) if isinstance(side, ast.Compare) for pair in _operands(side)]
    if name not in COMPARISONS:
        return []
    pairs = [(owner, test.args[0])] if owner is not None and test.args else []
    return pairs + ([(test.args[0], test.args[1])] if len(test.args) > 1 else [])


def _last_of_the_test(error: Any) -> Any:
    """The innermost frame outside this library, of an error about the truth of a tensor."""
    if not isinstance(error.value, RuntimeError) or "Boolean value of Tensor" not in str(error.value):
        return None
    outside = [entry for entry in error.traceback if not entry.frame.f_globals.get("__name__", "").startswith("minitorch.")]
    return outside[-1] if outside else None


def _statement(entry: Any) -> ast.stmt | None:
    try:
        return ast.parse(str(entry.statement).strip()).body[0]
    except (SyntaxError, IndexError):
        return None


def _found(node: ast.expr, frame: Any) -> Any:
    """The value of an expression that can be looked up without calling anything of the test's; else NOTHING."""
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id, NOTHING))
    if isinstance(node, ast.Attribute | ast.Subscript):
        value = _found(node.value, frame)
        key = node.attr if isinstance(node, ast.Attribute) else _found(node.slice, frame)
        if value is NOTHING or key is NOTHING:
            return NOTHING
        try:
            return getattr(value, key) if isinstance(node, ast.Attribute) else value[key]
        except Exception:
            return NOTHING
    try:
        return ast.literal_eval(node)
    except ValueError:
        return NOTHING
