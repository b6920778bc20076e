"""The op to blame in a composite: named with its line and its rule's line, whatever kind of op it is."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import gradcheck, gradgradcheck
from minitorch.testing.problem import problem_of
from minitorch.testing.suspects import first_wrong
from minitorch.testing.witness import witnessed
from tests.testing.faulty import F64, function, op, square, vector

x, y = vector(0.5, 2.0, -1.0), vector(1.5, -1.0, 0.25)


def scaled(xp, x, y):
    return x * y


def halves(xp, x):
    return xp.sin(x), xp.cos(x)


def glued(xp, *xs, dim):
    return xp.concatenate(xs, axis=dim)


wrong_in_y = op(scaled, x=lambda g, y: g * y, y=lambda g, x: g * x * 1.5)
add_row = function(lambda ctx, a, b: a + b, lambda ctx, g: (g, g[0])).apply

grown = op(lambda xp, x: xp.exp(x), x=lambda g, out: g * out * (1 + (out > 1.5)))


def written_later(a):
    operand = a * 1
    result = grown(operand)
    operand.zero_()  # where the rule would be right
    return result


COMPOSITES = {
    "an operand that is written to later": (written_later, (x,), ["'<lambda>' by its input 'x'"]),
    "an op": (lambda a, b: wrong_in_y(a.exp(), b).tanh().sum(), (x, y), ["'scaled' by its input 'y'", "a constant factor of 1.5"]),
    "with itself": (lambda a: wrong_in_y(a, a) * a, (x,), ["'scaled' by its input 'y'"]),
    "with a number": (lambda b: 2 - wrong_in_y(mt.tensor(3.0, dtype=F64), b) / 7, (y,), ["'scaled' by its input 'y'"]),
    "a Function": (lambda a, w, b: add_row(a @ w, b).tanh(), (mt.ones(2, 3, dtype=F64) / 3, mt.ones(3, 4, dtype=F64) / 5, mt.zeros(4, dtype=F64)),
                   ["'Square' by its input 'b'", "a broadcast not summed"]),
    "the first of two": (lambda a: square(lambda ctx, g: g)(wrong_in_y(a, a.exp())), (x,), ["'scaled' by its input 'y'"]),
    "behind a view": (lambda a: wrong_in_y(a.reshape(3, 1)[1:], a[:2].reshape(2, 1)).sum(), (x,), ["'scaled'"]),
    "in a module": (mt.nn.Sequential(mt.nn.Tanh(), type("Own", (mt.nn.Module,), {"forward": lambda self, a: wrong_in_y(a, a)})()), (x,),
                    ["'scaled'", "in 1 (Own)"]),
    "a complex one": (lambda a: (square(lambda ctx, g: g * ctx.saved_tensors[0] * 2)(a) * a).abs(), (mt.tensor([0.5 + 1j, 2 - 1j], dtype=mt.complex128),),
                      ["'Square' by its input 'x'"]),
    "after several results": (lambda a: wrong_in_y(*a.sort().values.split([1, 2])), (x,), ["'scaled' by its input 'y'"]),
    "several results": (lambda a: sum(function(lambda ctx, t: (t * 2, t * 3), lambda ctx, g, h: g * 2 + h).apply(a)), (x,), ["'Square' by its input 't'"]),
    "several operands": (lambda a, b: op(glued, "other", xs=lambda g, i: g[3 * i : 3 * i + 3] * (1 + i))(a, b, dim=0), (x, y), ["'glued' by its input 'xs[1]'"]),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPOSITES)
def test_the_wrong_op_is_named(name):
    fn, inputs, said = COMPOSITES[name]
    report = gradcheck(fn, inputs, raise_exception=False)
    suspect = next(finding.suspect for finding in report.findings if finding.kind == "wrong")
    for part in [*said, "called at", "its rule is at"]:
        assert part in suspect, suspect
    if name != "in a module":
        assert "test_suspects.py:" in suspect or "faulty.py:" in suspect


def test_the_lines_are_those_of_the_call_and_of_the_rule():
    def fn(a):
        return wrong_in_y(a, a)

    suspect = first_wrong(problem_of(fn, x))[0]
    assert f"test_suspects.py:{fn.__code__.co_firstlineno + 1}; " in suspect
    assert f"test_suspects.py:{wrong_in_y.rules['y'].__code__.co_firstlineno}; " in suspect


def test_second_order_errors_are_blamed_on_the_op_whose_gradient_is_off_the_tape():
    wrong = square(lambda ctx, g: g * 2 * ctx.saved_tensors[0].detach())
    report = gradgradcheck(lambda a: wrong(a.exp()).sin(), x, raise_exception=False)
    assert "'Square' by its input 'x'" in report.findings[0].suspect


@pytest.mark.parametrize("leave", [lambda a: a.detach(), lambda a: a.data, lambda a: mt.from_numpy(a.detach().numpy()), lambda a: float(a[0])])
def test_a_function_that_leaves_the_tape_is_told_so(leave):
    report = gradcheck(lambda a: leave(a) * a, x, raise_exception=False)
    assert "leaves the tape" in report.findings[0].suspect


def test_right_ops_are_not_blamed():
    for fn in (lambda a: a.exp().softmax(0).cumsum(0).sort().values, lambda a: mt.nn.functional.layer_norm(a, (3,)),
               lambda a: a[[0, 2]].unbind()[1], lambda a: a.clone().mul_(2).add_(a)):  # fmt: skip
        problem = problem_of(fn, x)
        assert first_wrong(problem) == first_wrong(problem_of(lambda a: a, x)) and witnessed(problem)
        assert all(isinstance(node.note.source, str) for node in witnessed(problem))


def test_nothing_is_recorded_afterwards():
    from minitorch.graph.modes import recording

    with pytest.raises(ValueError, match="on purpose"):
        def fails(a):
            raise ValueError("on purpose")
        witnessed(problem_of(fails, np.float64(1) * x))
    assert recording == []
